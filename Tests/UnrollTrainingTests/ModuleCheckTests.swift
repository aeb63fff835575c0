import Testing
import UnrollCore
import UnrollNetworks
import UnrollTraining

/// Mistakes in `forEachParameter`, each found before training begins.
@Suite struct ModuleCheckTests {
  private struct Forgetful: Module {
    var weight = Parameter(Tensor([1, 2]))
    var gate = Parameter(Tensor([1, 2, 3]))
    mutating func forEachParameter(
      _ path: String, _ body: (String, inout Parameter) throws -> Void
    ) rethrows { try body(parameterName(path, "weight"), &weight) }
  }

  /// One layer of three is left out, deep within optionals, arrays and tuples.
  private struct Nested: Module {
    var layers: [(name: String, layer: Linear?)]
    var visited: Set<Int>

    init(visited: Set<Int>) {
      var random = RandomSource(seed: 1)
      layers = (0..<3).map { ("layer \($0)", Linear(inputSize: 2, outputSize: 2, using: &random)) }
      self.visited = visited
    }

    mutating func forEachParameter(
      _ path: String, _ body: (String, inout Parameter) throws -> Void
    ) rethrows {
      for index in layers.indices where visited.contains(index) {
        try layers[index].layer?.forEachParameter(parameterName(path, "layers.\(index)"), body)
      }
    }
  }

  private struct SameNames: Module {
    var first = Parameter(Tensor([1]))
    var second = Parameter(Tensor([1]))
    mutating func forEachParameter(
      _ path: String, _ body: (String, inout Parameter) throws -> Void
    ) rethrows {
      try body(parameterName(path, "weight"), &first)
      try body(parameterName(path, "weight"), &second)
    }
  }

  /// Two parameters that share memory until they are trained, and one of them forgotten.
  private struct Sharing: Module {
    var first: Parameter
    var second: Parameter
    init() {
      let value = Tensor([1, 2, 3])
      (first, second) = (Parameter(value), Parameter(value))
    }
    mutating func forEachParameter(
      _ path: String, _ body: (String, inout Parameter) throws -> Void
    ) rethrows { try body(parameterName(path, "first"), &first) }
  }

  @Test func aForgottenMemberIsNamed() {
    #expect(throws: ModuleError.forgotten(member: "gate", shape: [3], module: "Forgetful")) {
      try Forgetful().checkParameters()
    }
    #expect(throws: ModuleError.forgotten(member: "layers.1.layer.weight", shape: [2, 2], module: "Nested")) {
      try Nested(visited: [0, 2]).checkParameters()
    }
    #expect(throws: ModuleError.forgotten(member: "second", shape: [3], module: "Sharing")) {
      try Sharing().checkParameters()
    }
  }

  @Test func twoParametersOfOneNameAreRefused() {
    #expect(throws: ModuleError.duplicate(name: "weight", module: "SameNames")) {
      try SameNames().checkParameters()
    }
  }

  /// The layers of this library show all of their parameters, and the check leaves them as they are.
  @Test func layersOfTheLibraryPass() throws {
    var random = RandomSource(seed: 2)
    let network = AnyRecurrentNetwork(
      .lstm, inputSize: 3, hiddenSize: 4, layers: 2, bidirectional: true, learnsInitialState: true,
      using: &random)
    let before = network.parameters.map(\.value)
    try network.checkParameters()
    #expect(network.parameters.map(\.value) == before)
    try Nested(visited: [0, 1, 2]).checkParameters()
    try AdaptiveSoftmax(inputSize: 5, classCount: 9, cutoffs: [2, 4], using: &random).checkParameters()
    try SequencePooling(.attention, features: 4, using: &random).checkParameters()
    try ConditionalRandomField(tagCount: 3, using: &random).checkParameters()
  }

  /// A long list that holds no parameters costs no walk through all of it.
  @Test func longListsAreNotWalked() throws {
    struct Vocabulary: Module {
      var words = (0..<2_000_000).map { Int32($0) }
      var table = Parameter(Tensor([1]))
      mutating func forEachParameter(
        _ path: String, _ body: (String, inout Parameter) throws -> Void
      ) rethrows { try body(parameterName(path, "table"), &table) }
    }
    let module = Vocabulary()
    let time = try ContinuousClock().measure { try module.checkParameters() }
    #expect(time < .milliseconds(200))
  }

  private struct Work<Model: Module>: TrainingWork {
    let stepsPerEpoch = 1
    mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {}
    func loss(
      _ model: Model, step: Int, carry: Never?, random: inout RandomSource?
    ) throws -> (loss: LossSum, carry: Never?) {
      Issue.record("training began")
      return (LossSum(Variable(Tensor(0))), nil)
    }
    func validate(_ model: Model) throws -> Double? { nil }
  }

  @Test func trainersAskBeforeTheyBegin() {
    let plan = TrainingPlan(epochs: 1, optimizer: SGD(learningRate: 0.1))
    #expect(throws: ModuleError.self) { try Trainer(Work(), model: Forgetful(), plan: plan).run() }
    #expect(throws: ModuleError.self) { try Trainer(Work(), model: SameNames(), plan: plan).run() }
  }
}
