import Testing
import UnrollCore
import UnrollNetworks
import UnrollTraining

/// A training that meets numbers that are none.
struct TrainerFaultTests {
  private static let plan = TrainingPlan(
    epochs: 5, optimizer: SGD(learningRate: 0.01))

  private func fault<Work: TrainingWork>(
    _ work: Work, _ model: Work.Model, plan: TrainingPlan = plan, _ reports: Reports = Reports()
  ) -> TrainingError? {
    #expect(throws: TrainingError.self) {
      try Trainer(work, model: model, plan: plan, report: reports.take).run()
    }
  }

  /// One weight anywhere, before the first step.
  @Test(arguments: 0..<12) func aBadWeightIsNamed(_ trial: Int) throws {
    var random = RandomSource(seed: UInt64(trial))
    var model = SmallNetwork()
    let names = model.parameters.map(\.name)
    let chosen = trial % names.count
    let bad: Float = trial % 3 == 0 ? .infinity : .nan
    var index = 0
    model.forEachParameter("") { _, parameter in
      if index == chosen {
        parameter.update {
          let place = random.below($0.shape.count)
          $0.withUnsafeMutableElements { $0[place] = bad }
        }
      }
      index += 1
    }
    let error = try #require(fault(CurveWork(), model))
    guard case .notFinite(let place, let epoch, let step) = error else {
      Issue.record("\(error)")
      return
    }
    // An infinity may hide behind a tanh, but not beyond the end of the epoch.
    #expect(epoch == 1 && (bad.isNaN ? step == 1 : step <= 4))
    #expect(place == .weight(names[chosen]))
    #expect("\(error)".contains("epoch 1, step \(step)") && "\(error)".contains(names[chosen]))
  }

  /// One number of the data: the step that reads it is named.
  @Test(arguments: 0..<6) func badDataStopsTheStepThatReadsIt(_ trial: Int) throws {
    var work = CurveWork()
    var random = RandomSource(seed: UInt64(trial))
    let row = random.below(64)
    if trial % 2 == 0 { work.inputs[3 * row + trial % 3] = .nan } else { work.targets[row] = .nan }
    // Shuffled as the training will.
    var order = Array(0..<64)
    var shuffling = RandomSource(seed: Self.plan.seed)
    order.shuffle(using: &shuffling)
    let step = try #require(order.firstIndex(of: row)) / 16 + 1
    let reports = Reports()
    let error = try #require(fault(work, SmallNetwork(), reports))
    guard case .notFinite(.loss(let gradient), 1, step) = error else {
      Issue.record("\(error), expected step \(step)")
      return
    }
    #expect(gradient?.isEmpty == false)
    #expect("\(error)".contains("step \(step)") && "\(error)".contains("loss"))
    // No step was taken with it.
    #expect(reports.steps.count == step - 1)
  }

  /// The loss is √(a·a) + Σ(b − 1)²: at a = 0 it is finite and its slope in a is not.
  private struct Corner: TrainingWork {
    struct Model: Module {
      var calm = Parameter(Tensor([0.5, 0.5]))
      var steep = Parameter(Tensor([0.25, 0.25]))
      mutating func forEachParameter(
        _ path: String, _ body: (String, inout Parameter) throws -> Void
      ) rethrows {
        try body(parameterName(path, "calm"), &calm)
        try body(parameterName(path, "steep"), &steep)
      }
    }
    let stepsPerEpoch = 6
    let trouble: Int
    mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {}
    func validate(_ model: Model) throws -> Double? { nil }
    func loss(
      _ model: Model, step: Int, carry: Never?, random: inout RandomSource?
    ) throws -> (loss: LossSum, carry: Never?) {
      let scale: Float = step == trouble ? 0 : 1
      let slope = (scale * model.steep.variable).square().sqrt().sum()
      return (LossSum(slope + (model.calm.variable - 1).square().sum()), nil)
    }
  }

  @Test(arguments: [0, 3, 5]) func aGradientThatIsNoneIsNamed(step: Int) throws {
    let reports = Reports()
    let error = try #require(fault(Corner(trouble: step), Corner.Model(), reports))
    #expect(error == .notFinite(place: .gradient("steep"), epoch: 1, step: step + 1))
    #expect("\(error)".contains("gradient of steep"))
    #expect(reports.steps.count == step)
  }

  @Test func aStepThatThrowsTheWeightsAwayIsFoundInItsEpoch() throws {
    let plan = TrainingPlan(
      epochs: 1, optimizer: SGD(learningRate: 3e38), clipNorm: nil)
    var work = CurveWork()
    work.stepsPerEpoch = 1
    for index in work.targets.indices { work.targets[index] *= 1000 }
    let error = try #require(fault(work, SmallNetwork(), plan: plan))
    guard case .notFinite(.weight, 1, 1) = error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test func aValidationLossThatIsNoneStops() throws {
    var work = CurveWork()
    work.verdicts = [1, .nan]
    let error = try #require(fault(work, SmallNetwork()))
    #expect(error == .notFinite(place: .validation, epoch: 2, step: 4))
    #expect("\(error)".contains("validation"))
  }
}
