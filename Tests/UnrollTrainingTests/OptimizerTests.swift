import Testing
import UnrollCore
import UnrollTraining

@Suite struct OptimizerTests {
  /// The bowl Σ a (θ − b)² / 2 with steep and flat sides: its gradient is a (θ − b).
  private static func bowl(_ theta: [Double]) -> [Double] {
    theta.enumerated().map { i, x in (0.2 + 0.13 * Double(i % 7)) * (x - Double(i % 5) + 2) }
  }

  private static func start(_ count: Int) -> [Double] { (0..<count).map { Double($0 % 11) * 0.25 - 1 } }

  @Test(arguments: OptimizerCase.all, [0, 1, 7, 8, 9, 31, 33])
  func stepsFollowTheEquations(_ example: OptimizerCase, _ count: Int) {
    var optimizer = example.optimizer
    var reference = example.reference
    var theta = Self.start(count)
    var parameter = Tensor(theta.map(Float.init))
    for step in 1...20 {
      optimizer.update(
        &parameter, gradient: Tensor(Self.bowl(parameter.doubles).map(Float.init)), at: 0)
      reference.update(&theta, Self.bowl(theta))
      let worst = zip(parameter.doubles, theta).map { abs($0 - $1) }.max() ?? 0
      // Twenty steps of single precision on numbers of size 1.
      #expect(worst < 1e-5, "step \(step): off by \(worst)")
    }
  }

  /// Gradients of any size give Adam's first step the size η: true for a corrected mean over a corrected root
  /// with ε outside of it, and for nothing else.
  @Test(arguments: [1e-6, 1e-3, 1, 1e3, -1e3] as [Float])
  func theFirstStepOfAdamHasTheSizeOfTheRate(_ gradient: Float) {
    var optimizer = Adam(learningRate: 0.5)
    var parameter = Tensor([2])
    optimizer.update(&parameter, gradient: Tensor([gradient]), at: 0)
    let expected = 2 - 0.5 * gradient / (abs(gradient) + 1e-8)
    #expect(abs(parameter[0] - expected) < 1e-6)
  }

  @Test func decayWithoutGradientIsGeometric() {
    var sgd = SGD(learningRate: 0.1, weightDecay: 0.5)
    var adamW = AdamW(learningRate: 0.1, weightDecay: 0.5)
    var (a, b) = (Tensor([1]), Tensor([1]))
    for _ in 0..<10 {
      sgd.update(&a, gradient: Tensor([0]), at: 0)
      adamW.update(&b, gradient: Tensor([0]), at: 0)
    }
    #expect(abs(a[0] - 0.598_736_94) < 1e-6, "0.95¹⁰")
    #expect(abs(b[0] - 0.598_736_94) < 1e-6, "0.95¹⁰")
  }

  @Test(arguments: OptimizerCase.all) func theRateMayChangeBetweenSteps(_ example: OptimizerCase) {
    var optimizer = example.optimizer
    var reference = example.reference
    var theta = Self.start(5)
    var parameter = Tensor(theta.map(Float.init))
    for rate in [0.1, 0.01, 0, 0.05] {
      optimizer.learningRate = Float(rate)
      reference.rate = rate
      optimizer.update(
        &parameter, gradient: Tensor(Self.bowl(parameter.doubles).map(Float.init)), at: 0)
      reference.update(&theta, Self.bowl(theta))
    }
    for (found, expected) in zip(parameter.doubles, theta) { #expect(abs(found - expected) < 1e-5) }
  }

  @Test(arguments: OptimizerCase.all) func theBottomOfTheBowlIsAFixedPoint(_ example: OptimizerCase) {
    guard example.reference.decay == 0 else { return }
    var optimizer = example.optimizer
    var parameter = Tensor([4, -3])
    for step in 0..<6000 {
      optimizer.learningRate = step < 4000 ? 0.02 : 0.0002
      optimizer.update(&parameter, gradient: Tensor([parameter[0] - 1, 3 * (parameter[1] - 2)]), at: 0)
    }
    #expect(abs(parameter[0] - 1) < 1e-3 && abs(parameter[1] - 2) < 1e-3)
  }

  /// A parameter that joins late starts with its own first step.
  @Test(arguments: OptimizerCase.all) func parametersAreIndependent(_ example: OptimizerCase) {
    var both = example.optimizer
    var alone = example.optimizer
    var parameters = [Tensor([1, 2]), Tensor([3, 4, 5])]
    var single = Tensor([3, 4, 5])
    let gradient = Tensor([0.5, -0.25, 2])
    for step in 0..<6 {
      both.update(&parameters[0], gradient: Tensor([0.1, 0.2]), at: 0)
      if step >= 3 {
        both.update(&parameters[1], gradient: gradient, at: 1)
        alone.update(&single, gradient: gradient, at: 0)
      }
    }
    #expect(parameters[1] == single)
    #expect(both.state.steps == [6, 3])
  }

  @Test(arguments: OptimizerCase.all) func numbersAreChangedInPlace(_ example: OptimizerCase) {
    var optimizer = example.optimizer
    var parameters = [Tensor([1, 2]), Tensor([3])]
    let gradients = [Tensor([1, 1]), Tensor([1])]
    let before = parameters.map { $0.storage.address }
    optimizer.update(&parameters, gradients: gradients)
    let kept = optimizer.state.slots.mapValues { $0.map { $0?.storage.address } }
    optimizer.update(&parameters, gradients: gradients)
    #expect(parameters.map { $0.storage.address } == before)
    #expect(optimizer.state.slots.mapValues { $0.map { $0?.storage.address } } == kept)
    #expect(gradients == [Tensor([1, 1]), Tensor([1])])
  }

  @Test(arguments: OptimizerCase.all) func aCopyOfAParameterStaysAsItWas(_ example: OptimizerCase) {
    var optimizer = example.optimizer
    var parameter = Tensor([1, 2])
    let copy = parameter
    optimizer.update(&parameter, gradient: Tensor([1, 1]), at: 0)
    let saved = optimizer.state
    let slots = saved.slots.mapValues { $0.map { $0?.elements } }
    optimizer.update(&parameter, gradient: Tensor([1, 1]), at: 0)
    #expect(copy == Tensor([1, 2]))
    #expect(saved.slots.mapValues { $0.map { $0?.elements } } == slots)
  }
}

@Suite struct OptimizerStateTests {
  private let shapes: [Shape] = [[2, 3], [], [0], [4]]

  private func train(_ optimizer: inout any Optimizer, _ parameters: inout [Tensor], steps: Range<Int>) {
    for step in steps {
      for index in parameters.indices where index != 1 || step > 7 {
        let gradient = Tensor(
          parameters[index].elements.map { $0 * 0.3 - Float(step) * 0.01 }, shape: parameters[index].shape)
        optimizer.update(&parameters[index], gradient: gradient, at: index)
      }
    }
  }

  /// Training that is stopped, saved, loaded and resumed gives the same bits as training that is not.
  @Test(arguments: OptimizerCase.all, [0, 1, 5, 9]) func resumingGivesTheSameBits(
    _ example: OptimizerCase, _ pause: Int
  ) throws {
    var straight = example.optimizer
    var parameters = shapes.map { Tensor(repeating: 0.7, shape: $0) }
    var resumedParameters = parameters
    train(&straight, &parameters, steps: 0..<12)
    var first = example.optimizer
    train(&first, &resumedParameters, steps: 0..<pause)
    let bytes = try first.state.encoded(file: "memory")
    let loaded = try OptimizerState(decoding: bytes, file: "memory")
    #expect(loaded == first.state)
    var second = example.optimizer
    try second.restore(loaded, shapes: shapes)
    train(&second, &resumedParameters, steps: pause..<12)
    #expect(resumedParameters == parameters)
    #expect(second.state == straight.state)
  }

  @Test func statesThatDoNotFitAreRefused() throws {
    var optimizer: any Optimizer = Adam()
    var parameters = shapes.map { Tensor(repeating: 0.7, shape: $0) }
    train(&optimizer, &parameters, steps: 0..<3)
    let good = optimizer.state
    func change(_ edit: (inout OptimizerState) -> Void) -> OptimizerState {
      var state = good
      edit(&state)
      return state
    }
    let wrong: [(String, OptimizerState)] = [
      ("another rule", RMSProp().state),
      ("the other Adam", OptimizerState(rule: "adamw", steps: good.steps, slots: good.slots)),
      ("a slot is missing", change { $0.slots["firstMoment"] = nil }),
      ("a slot too many", change { $0.slots["third"] = [] }),
      ("a short slot", change { $0.slots["firstMoment"]?.removeLast() }),
      ("a tensor is missing", change { $0.slots["firstMoment"]?[0] = Tensor?.none }),
      ("a tensor too many", change { $0.slots["firstMoment"]?[1] = Tensor(1) }),
      ("another shape", change { $0.slots["secondMoment"]?[0] = Tensor([1, 2, 3, 4, 5, 6]) }),
      ("a negative count", change { $0.steps[0] = -1 }),
      ("a count that would overflow", change { $0.steps[0] = .max }),
    ]
    for (name, state) in wrong {
      let error = modelFileError { () throws(ModelFileError) in try optimizer.restore(state, shapes: shapes) }
      #expect(error?.reason == .unsupported, "\(name)")
      #expect(optimizer.state == good, "\(name): nothing was changed")
    }
    let fewer = modelFileError { () throws(ModelFileError) in
      try optimizer.restore(good, shapes: Array(shapes.dropLast()))
    }
    #expect(fewer?.place == "steps")
    let momentum = SGD(learningRate: 1, momentum: 0.9)
    #expect(throws: ModelFileError.self) {
      var plain = SGD(learningRate: 1)
      try plain.restore(momentum.state, shapes: [])
    }
  }

  @Test(arguments: [
    ["rule": "adam", "slots": "a"], ["rule": "adam", "steps": "1"], ["steps": "1", "slots": "a"],
    ["rule": "adam", "slots": "a", "steps": "x"], ["rule": "adam", "slots": "a", "steps": "-1"],
    ["rule": "adam", "slots": "b", "steps": "1"], ["rule": "adam", "slots": "a", "steps": ""],
  ]) func damagedStatesAreRefused(_ metadata: [String: String]) throws {
    let bytes = try Safetensors.encode([("a.0", Tensor([1]))], metadata: metadata, file: "f")
    let error = modelFileError { () throws(ModelFileError) in
      _ = try OptimizerState(decoding: bytes, file: "the state")
    }
    #expect(error?.file == "the state")
    #expect(error?.reason == .damaged)
  }

  @Test(arguments: ["a", "a.", "a.-1", "a.1", "a.x", ".0"]) func damagedNamesAreRefused(_ name: String) throws
  {
    let bytes = try Safetensors.encode(
      [(name, Tensor([1]))], metadata: ["rule": "r", "slots": "a", "steps": "1"], file: "f")
    #expect(throws: ModelFileError.self) { try OptimizerState(decoding: bytes, file: "f") }
  }
}
