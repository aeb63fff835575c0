import Testing
import UnrollCore
import UnrollNetworks
import UnrollTraining

/// A number that is none, put in at random places of a training: it is found within a step, named, and never written.
struct TrainerNaNTests {
  enum Kind: CaseIterable { case weight, gradient, backward, moment, input }

  /// Where and when.
  struct Fault: Sendable {
    let kind: Kind
    /// The step, from 1.
    let step: Int
    /// The parameter, by its number, and its element.
    let parameter: Int
    let element: Int
  }

  /// An embedding, an LSTM, a GRU and a head, with as little as each can have.
  struct Network: Module {
    var embedding: Embedding
    var lower: LSTM
    var upper: GRU
    var head: Linear
    init() {
      var random = RandomSource(seed: 4)
      embedding = Embedding(count: 9, size: 3, using: &random)
      lower = LSTM(inputSize: 5, hiddenSize: 7, using: &random)
      upper = GRU(inputSize: 7, hiddenSize: 3, using: &random)
      head = Linear(inputSize: 3, outputSize: 1, using: &random)
    }
    mutating func forEachParameter(
      _ path: String, _ body: (String, inout Parameter) throws -> Void
    ) rethrows {
      try embedding.forEachParameter(parameterName(path, "embedding"), body)
      try lower.forEachParameter(parameterName(path, "lower"), body)
      try upper.forEachParameter(parameterName(path, "upper"), body)
      try head.forEachParameter(parameterName(path, "head"), body)
    }
  }

  /// Sequences of symbols and numbers. Most steps read few rows of the embedding.
  struct Work: TrainingWork {
    let fault: Fault?
    let stepsPerEpoch = 4
    private var epoch = 0
    private var random = RandomSource(seed: 1)

    init(_ fault: Fault?) { self.fault = fault }

    mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
      self.epoch = epoch
      self.random = random.split()
    }

    func loss(
      _ model: Network, step: Int, carry: Never?, random: inout RandomSource?
    ) throws -> (loss: LossSum, carry: Never?) {
      var source = self.random
      for _ in 0..<step { source = source.split() }
      let count = 12
      let symbols = (0..<count).map { _ in Int32(source.below(9)) }
      var numbers = (0..<2 * count).map { _ in source.uniform() }
      let isNow = fault.map { $0.step == (epoch - 1) * stepsPerEpoch + step + 1 } ?? false
      if let fault, isNow, fault.kind == .input { numbers[fault.element % numbers.count] = .nan }
      let x = Variable.concatenated(
        [
          try model.embedding(symbols), Variable(Tensor(numbers, shape: [count, 2])),
        ], axis: -1)
      let (below, _) = try model.lower(SequenceBatch(x.reshaped(to: [6, 2, 5])))
      let (above, _) = try model.upper(below)
      var loss = try Loss.squaredError(
        model.head(above.values), Tensor(symbols.map { Float($0) / 9 }, shape: [6, 2, 1]))
      if let fault, isNow, fault.kind == .backward {
        // √0², of which the value is 0 and the slope is none.
        var index = 0
        var copy = model
        copy.forEachParameter("") { _, parameter in
          if index == fault.parameter {
            loss = loss + (0 * parameter.variable).square().sqrt().sum()
          }
          index += 1
        }
      }
      return (LossSum(loss), nil)
    }

    func validate(_ model: Network) throws -> Double? { nil }
  }

  /// Adam in the hands of somebody who means harm.
  struct Saboteur: Optimizer {
    var inner = Adam(learningRate: 0.01)
    let fault: Fault?
    private var step = 0

    init(_ fault: Fault?) { self.fault = fault }

    var learningRate: Float {
      get { inner.learningRate }
      set { inner.learningRate = newValue }
    }
    var state: OptimizerState { inner.state }
    mutating func restore(_ state: OptimizerState, shapes: [Shape]) throws(ModelFileError) {
      try inner.restore(state, shapes: shapes)
      step = state.steps.first ?? 0
    }
    mutating func update(_ parameter: inout Tensor, gradient: Tensor, at index: Int) {
      update(&parameter, gradient: .dense(gradient), scale: 1, at: index)
    }
    mutating func update(_ parameter: inout Tensor, gradient: Gradient, scale: Float, at index: Int) {
      if index == 0 { step += 1 }
      guard let fault, fault.step == step, fault.parameter == index else {
        return inner.update(&parameter, gradient: gradient, scale: scale, at: index)
      }
      let element = fault.element % parameter.shape.count
      var gradient = gradient.tensor
      if fault.kind == .gradient { gradient[element] = .nan }
      inner.update(&parameter, gradient: .dense(gradient), scale: scale, at: index)
      if fault.kind == .weight { parameter[element] = .nan }
      if fault.kind == .moment {
        var state = inner.state
        let slot = fault.element % 2 == 0 ? "firstMoment" : "secondMoment"
        state.slots[slot]?[index]?[element] = .nan
        // The others are not yet moved in the first step.
        let shapes = Network().parameters.map(\.value.shape)
        do { try inner.restore(state, shapes: shapes) } catch { Issue.record(error) }
      }
    }
  }

  private static func plan(_ fault: Fault?) -> TrainingPlan {
    TrainingPlan(epochs: 5, optimizer: Saboteur(fault), seed: 6)
  }

  private static let whole = Result {
    Outcome(try Trainer(Work(nil), model: Network(), plan: plan(nil)).run())
  }

  /// Twenty places of each kind.
  @Test(arguments: Kind.allCases, 0..<20) func aNumberThatIsNoneIsFound(_ kind: Kind, _ trial: Int) throws {
    var random = RandomSource(seed: UInt64(trial) &+ 1000)
    let names = Network().parameters.map(\.name)
    let fault = Fault(
      kind: kind, step: 1 + random.below(19), parameter: random.below(names.count),
      element: random.below(10_000))
    let folder = try ScratchFolder()
    let journaled = trial % 2 == 0
    let error = #expect(throws: TrainingError.self) {
      let journal = journaled ? try TrainingJournal(folder: folder.path, every: .steps(1)) : nil
      _ = try Trainer(
        Work(fault), model: Network(), plan: Self.plan(fault), journal: journal
      ).run()
    }
    guard case .notFinite(let place, let epoch, let step) = try #require(error) else { return }
    let found = (epoch - 1) * 4 + step
    // What was put into the optimizer's memory at the end of a step does harm in the next, unless it is to be written.
    #expect(found == fault.step || kind == .moment && found == fault.step + 1, "\(fault), found in \(found)")
    #expect(Self.names(place, kind, names[fault.parameter]), "\(fault): \(place)")
    guard journaled else { return }
    // Nothing bad was written, and training goes on from what was.
    let written = folder.names()
    #expect(written.count == min(2, fault.step - 1) || written.count == 3)
    for name in written {
      let snapshot = try TrainingSnapshot(contentsOf: "\(folder.path)/\(name)")
      #expect(snapshot.record.steps < fault.step)
      #expect(snapshot.weights.allSatisfy { $0.tensor.elements.allSatisfy(\.isFinite) })
      #expect(
        snapshot.optimizer.slots.values.joined().allSatisfy { $0?.elements.allSatisfy(\.isFinite) ?? true })
    }
    let resumed = try train(
      Work(nil), Network(), Self.plan(nil), in: folder.path, every: .steps(1), killedAfter: [])
    #expect(Outcome(resumed) == (try Self.whole.get()))
  }

  private static func names(_ place: TrainingError.Place, _ kind: Kind, _ name: String) -> Bool {
    switch (kind, place) {
    case (.weight, .weight(name)): true
    case (.gradient, .weight(name)), (.gradient, .memory(name)): true
    case (.moment, .memory(name)): true
    case (.backward, .gradient(name)): true
    // Data has no name of its own; what it spoils has.
    case (.input, .loss(let gradient)): gradient?.isEmpty == false
    default: false
    }
  }

  /// A weight that no step reads any more is found as well.
  @Test func aWeightThatNobodyReadsIsFound() throws {
    struct Idle: TrainingWork {
      let stepsPerEpoch = 5
      func beginEpoch(_ epoch: Int, using random: inout RandomSource) {}
      func loss(
        _ model: Embedding, step: Int, carry: Never?, random: inout RandomSource?
      ) throws -> (loss: LossSum, carry: Never?) {
        (LossSum(try model([1, 2]).square().sum()), nil)
      }
      func validate(_ model: Embedding) throws -> Double? { nil }
    }
    var random = RandomSource(seed: 1)
    var model = Embedding(count: 40, size: 3, using: &random)
    model.weight.update { $0[100] = .nan }
    let plan = TrainingPlan(
      epochs: 2, optimizer: SGD(learningRate: 0.1), averaging: 0.5)
    let error = #expect(throws: TrainingError.self) {
      _ = try Trainer(Idle(), model: model, plan: plan).run()
    }
    #expect(error == .notFinite(place: .weight("weight"), epoch: 1, step: 1))
  }
}
