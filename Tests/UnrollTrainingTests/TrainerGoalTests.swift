import Testing
import UnrollCore
import UnrollNetworks
import UnrollTraining

/// Training that ends once it is good enough.
@Suite struct TrainerGoalTests {
  /// One weight whose square is the loss.
  private struct Weight: Module {
    var weight = Parameter(Tensor([1]))
    var square: Variable { weight.variable.square().sum() }

    mutating func forEachParameter(
      _ path: String, _ body: (String, inout Parameter) throws -> Void
    ) rethrows { try body(parameterName(path, "weight"), &weight) }
  }

  private struct Work: TrainingWork {
    let stepsPerEpoch = 1
    let validates: Bool
    mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {}
    func loss(
      _ model: Weight, step: Int, carry: Never?, random: inout RandomSource?
    ) -> (loss: LossSum, carry: Never?) { (LossSum(model.square), nil) }
    func validate(_ model: Weight) -> Double? { validates ? Double(model.square.value.scalar) : nil }
  }

  /// Each step halves the weight: the losses after epochs 1, 2, … are 1/4, 1/16, 1/64, … exactly.
  private func train(goal: Double?, validates: Bool = true) throws -> TrainingResult<Weight> {
    let plan = TrainingPlan(
      epochs: 5, optimizer: SGD(learningRate: 0.25), clipNorm: nil, goal: goal)
    return try Trainer(Work(validates: validates), model: Weight(), plan: plan).run()
  }

  @Test(arguments: [(0.3, 1), (0.25, 1), (0.2, 2), (0.0625, 2), (0.06, 3)])
  func endsAtTheFirstEpochWithinTheGoal(_ goal: Double, _ epochs: Int) throws {
    let result = try train(goal: goal)
    #expect(result.end == .goalReached)
    #expect(result.history.count == epochs)
    #expect(result.best?.epoch == epochs)
    #expect(Double(result.model.square.value.scalar) <= goal)
  }

  @Test func runsOnWithoutAGoalInReach() throws {
    for result in [
      try train(goal: nil), try train(goal: 1e-9), try train(goal: 1, validates: false),
    ] {
      #expect(result.end == .completed)
      #expect(result.history.count == 5)
    }
  }
}
