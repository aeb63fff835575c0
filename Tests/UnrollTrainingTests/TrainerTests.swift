import Testing
import UnrollCore
import UnrollNetworks
import UnrollTraining

struct TrainerTests {
  private func plan(_ epochs: Int, rate: Float = 0.02) -> TrainingPlan {
    TrainingPlan(epochs: epochs, optimizer: Adam(learningRate: rate))
  }

  private func plainDescent(_ epochs: Int, rate: Float) -> TrainingPlan {
    TrainingPlan(
      epochs: epochs, optimizer: SGD(learningRate: rate), clipNorm: nil)
  }

  @Test func learnsACurve() throws {
    let result = try Trainer(CurveWork(), model: SmallNetwork(), plan: plan(120)).run()
    let losses = result.history.map(\.loss)
    #expect(losses.count == 120)
    #expect(losses[0] > 0.3)
    #expect(losses[119] < 0.02)
    #expect(result.end == .completed)
  }

  @Test func reportsEachStepAndEpochInOrder() throws {
    let reports = Reports()
    _ = try Trainer(CurveWork(), model: SmallNetwork(), plan: plan(3), report: reports.take).run()
    #expect(reports.order == "<ssssesssses" + "ssse>")
    #expect(reports.started[0] == (3 * 8 + 8 + 8 + 1, 3, 4))
    #expect(reports.steps.map(\.step) == [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4])
    #expect(reports.steps.map(\.epoch) == [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3])
    #expect(reports.steps.last?.remaining == 0)
    // The loss of an epoch is the mean of its steps', which its last step has reported.
    #expect(reports.epochs.map(\.loss) == [3, 7, 11].map { reports.steps[$0].loss })
    #expect(zip(reports.steps, reports.steps.dropFirst()).allSatisfy { $0.elapsed <= $1.elapsed })
  }

  @Test func keepsTheWeightsOfTheBestEpoch() throws {
    var work = CurveWork()
    work.verdicts = [3, 1, 2, 4]
    let result = try Trainer(work, model: SmallNetwork(), plan: plan(4)).run()
    #expect(result.best?.epoch == 2)
    #expect(result.history.map(\.improved) == [true, true, false, false])
    #expect(result.end == .completed)
    let two = try Trainer(CurveWork(), model: SmallNetwork(), plan: plan(2)).run()
    #expect(result.model.weights == two.model.weights)
    let four = try Trainer(CurveWork(), model: SmallNetwork(), plan: plan(4)).run()
    #expect(result.model.weights != four.model.weights)
  }

  /// Within the tolerance above the lowest loss the later weights are the ones to keep.
  @Test(arguments: [(0.0, 2), (0.02, 4), (0.3, 5)]) func prefersLaterEpochsWithinTheNoise(
    _ tolerance: Double, _ kept: Int
  ) throws {
    var work = CurveWork()
    work.verdicts = [0.6, 0.5, 0.55, 0.505, 0.64, 0.7]
    var plan = plan(6)
    plan.tolerance = tolerance
    let result = try Trainer(work, model: SmallNetwork(), plan: plan).run()
    #expect(result.best?.epoch == kept)
  }

  @Test func stopsWhenValidationNoLongerImproves() throws {
    var work = CurveWork()
    work.verdicts = [5, 4, 4.5, 4.2, 4.1, 1]
    var plan = plan(6)
    plan.patience = 3
    let reports = Reports()
    let result = try Trainer(work, model: SmallNetwork(), plan: plan, report: reports.take).run()
    #expect(result.end == .stoppedEarly)
    #expect(result.history.count == 5)
    #expect(result.best?.epoch == 2)
    #expect(reports.ends == [.stoppedEarly])
  }

  @Test func withoutValidationThereIsNothingToWaitFor() throws {
    var plan = plan(9)
    plan.patience = 1
    let result = try Trainer(CurveWork(), model: SmallNetwork(), plan: plan).run()
    #expect(result.history.count == 9)
    #expect(result.best?.epoch == 9)
  }

  @Test func endsWhenTheTimeIsUp() throws {
    var work = CurveWork()
    work.pause = .milliseconds(5)
    var plan = plan(1_000_000)
    plan.timeLimit = 0.06
    let reports = Reports()
    let clock = ContinuousClock()
    let start = clock.now
    let result = try Trainer(work, model: SmallNetwork(), plan: plan, report: reports.take).run()
    #expect(result.end == .timeLimit)
    #expect(clock.now - start < .seconds(5))
    #expect(reports.steps.count >= 2)
    #expect(reports.steps.allSatisfy { $0.remaining <= 0.06 })
    // The step that went over the limit is the last.
    #expect(reports.steps.dropLast().allSatisfy { $0.elapsed < 0.06 + 0.05 })
    #expect(result.model.weights != SmallNetwork().weights)
  }

  @Test(arguments: [1, 4, 6]) func endsWhenAsked(after steps: Int) throws {
    var asked = 0
    let reports = Reports()
    let result = try Trainer(
      CurveWork(), model: SmallNetwork(), plan: plan(100),
      shouldStop: {
        asked += 1
        return asked == steps
      }, report: reports.take
    ).run()
    #expect(result.end == .interrupted)
    #expect(reports.steps.count == steps)
    // The begun epoch was judged, so that its weights may count.
    #expect(result.history.count == (steps + 3) / 4)
    #expect(result.best != nil)
  }

  @Test func anInterruptedEpochCountsOnlyIfItIsBetter() throws {
    var work = CurveWork()
    work.verdicts = [1, 2]
    var asked = 0
    let result = try Trainer(
      work, model: SmallNetwork(), plan: plan(100),
      shouldStop: {
        asked += 1
        return asked == 6
      }
    ).run()
    #expect(result.best?.epoch == 1)
    let one = try Trainer(CurveWork(), model: SmallNetwork(), plan: plan(1)).run()
    #expect(result.model.weights == one.model.weights)
  }

  @Test func aCancelledTaskEndsTraining() async throws {
    let steps = try await Task {
      withUnsafeCurrentTask { $0?.cancel() }
      let reports = Reports()
      let result = try Trainer(CurveWork(), model: SmallNetwork(), plan: plan(100), report: reports.take)
        .run()
      return result.end == .interrupted ? reports.steps.count : -1
    }.value
    #expect(steps == 1)
  }

  @Test func nothingToTrainOnIsAnError() {
    var work = CurveWork()
    work.stepsPerEpoch = 0
    #expect(throws: TrainingError.noData) {
      try Trainer(work, model: SmallNetwork(), plan: plan(1)).run()
    }
  }

  /// Settings that no training can have are refused before anything is done.
  @Test func senselessSettingsAreRefused() {
    let changes: [(setting: String, change: (inout TrainingPlan) -> Void)] = [
      ("epochs", { $0.epochs = 0 }), ("epochs", { $0.epochs = -1 }),
      ("optimizer.learningRate", { $0.optimizer.learningRate = .nan }),
      ("optimizer.learningRate", { $0.optimizer.learningRate = -0.1 }), ("clipNorm", { $0.clipNorm = 0 }),
      ("clipValue", { $0.clipValue = .nan }), ("patience", { $0.patience = 0 }),
      ("averaging", { $0.averaging = 1 }), ("timeLimit", { $0.timeLimit = -3 }),
      ("tolerance", { $0.tolerance = -1 }), ("memory", { $0.memory = -1 }),
      ("schedule", { $0.schedule = .warmUp(steps: 3, then: .stepDecay(factor: .nan, every: 1)) }),
      ("schedule", { $0.schedule = .stepDecay(factor: 0.5, every: 0) }),
    ]
    for (setting, change) in changes {
      var plan = plan(2)
      change(&plan)
      let reports = Reports()
      #expect {
        try Trainer(CurveWork(), model: SmallNetwork(), plan: plan, report: reports.take).run()
      } throws: { error in
        guard case .setting(setting, _, _) = error as? TrainingError else { return false }
        return "\(error)".contains("the training plan's \(setting): expected")
      }
      #expect(reports.steps.isEmpty, "\(setting)")
    }
  }

  /// Without a schedule, the optimizer's own rate is the one that is used.
  @Test func takesTheRateOfTheOptimizer() throws {
    let reports = Reports()
    let plan = TrainingPlan(epochs: 2, optimizer: SGD(learningRate: 0.07))
    _ = try Trainer(CurveWork(), model: SmallNetwork(), plan: plan, report: reports.take).run()
    #expect(reports.steps.allSatisfy { $0.learningRate == 0.07 })
  }

  @Test func takesTheRateOfTheSchedule() throws {
    var plan = plan(3)
    plan.optimizer.learningRate = 0.1
    plan.schedule = .warmUp(steps: 4, then: .stepDecay(factor: 0.5, every: 1))
    let reports = Reports()
    _ = try Trainer(CurveWork(), model: SmallNetwork(), plan: plan, report: reports.take).run()
    let expected: [Float] = [
      0.025, 0.05, 0.075, 0.1, 0.05, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025, 0.025,
    ]
    #expect(zip(reports.steps.map(\.learningRate), expected).allSatisfy { abs($0 - $1) < 1e-7 })
  }

  @Test func theRateFallsOnAPlateauOfTheValidation() throws {
    var work = CurveWork()
    work.verdicts = [1, 1, 1, 1]
    var plan = plan(4)
    plan.optimizer.learningRate = 0.1
    plan.schedule = .reduceOnPlateau(ReduceOnPlateau(factor: 0.5, patience: 1))
    let reports = Reports()
    _ = try Trainer(work, model: SmallNetwork(), plan: plan, report: reports.take).run()
    #expect(reports.epochs.map(\.learningRate) == [0.1, 0.1, 0.1, 0.05])
  }

  // MARK: - Averages and bounds

  /// ā₁ = w₁, āₖ = dₖ·āₖ₋₁ + (1 − dₖ)·wₖ with dₖ = min(decay, (1 + k)/(10 + k)), in double precision.
  @Test(arguments: [Float(0.9), 0.3]) func averagesTheWeights(_ decay: Float) throws {
    var work = CurveWork()
    let notes = Notes()
    work.notes = notes
    _ = try Trainer(work, model: SmallNetwork(), plan: plainDescent(6, rate: 0.2)).run()
    // The weights after step k are those that step k + 1 starts from.
    let weights = Array(notes.weights.dropFirst().prefix(20))
    var average = weights[0].map { $0.elements.map(Double.init) }
    for (index, tensors) in weights.enumerated().dropFirst() {
      let step = Double(index + 1)
      let d = min(Double(decay), (1 + step) / (10 + step))
      for (place, tensor) in tensors.enumerated() {
        average[place] = zip(average[place], tensor.elements).map { d * $0 + (1 - d) * Double($1) }
      }
    }

    var plan = plainDescent(5, rate: 0.2)
    plan.averaging = decay
    let averaged = try Trainer(CurveWork(), model: SmallNetwork(), plan: plan).run().model
    for (found, expected) in zip(averaged.weights, average) {
      #expect(zip(found, expected).allSatisfy { abs(Double($0) - $1) < 2e-6 })
    }
    // It is not the last weights that are kept.
    #expect(averaged.weights != weights[19].map(\.elements))
  }

  @Test func averagingDoesNotChangeTheCourse() throws {
    let (plain, averaged) = (Reports(), Reports())
    _ = try Trainer(CurveWork(), model: SmallNetwork(), plan: plan(3), report: plain.take).run()
    var plan = plan(3)
    plan.averaging = 0.9
    _ = try Trainer(CurveWork(), model: SmallNetwork(), plan: plan, report: averaged.take).run()
    #expect(plain.steps.map(\.loss) == averaged.steps.map(\.loss))
  }

  @Test func boundsTheNormOfAllGradients() throws {
    let norms = try [Float?.none, 0.01, 1000].map { limit -> (moved: Double, reported: Double) in
      var plan = plainDescent(1, rate: 1)
      plan.clipNorm = limit
      var work = CurveWork()
      work.stepsPerEpoch = 1
      let reports = Reports()
      let after = try Trainer(work, model: SmallNetwork(), plan: plan, report: reports.take).run().model
      return (distance(after, SmallNetwork()), reports.steps[0].gradientNorm)
    }
    // A step of rate 1 moves the weights by the gradient.
    #expect(abs(norms[0].moved - norms[0].reported) < 1e-5)
    #expect(norms[0].moved > 0.1)
    #expect(abs(norms[1].moved - 0.01) < 1e-5)
    #expect(norms[1].reported == norms[0].reported)
    #expect(norms[2].moved == norms[0].moved)
  }

  @Test func boundsEachElementOfAGradient() throws {
    func moves(_ limit: Float?) throws -> [Float] {
      var plan = plainDescent(1, rate: 1)
      plan.clipValue = limit
      var work = CurveWork()
      work.stepsPerEpoch = 1
      let after = try Trainer(work, model: SmallNetwork(), plan: plan).run().model
      return zip(after.weights.joined(), SmallNetwork().weights.joined()).map { $0 - $1 }
    }
    let (free, held) = (try moves(nil), try moves(0.02))
    #expect(free.contains { abs($0) > 0.05 })
    #expect(free.contains { abs($0) < 0.015 && $0 != 0 })
    #expect(zip(free, held).allSatisfy { abs(max(-0.02, min(0.02, $0)) - $1) < 1e-6 })
  }

  private func distance(_ a: SmallNetwork, _ b: SmallNetwork) -> Double {
    zip(a.weights.joined(), b.weights.joined())
      .reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot()
  }

  // MARK: - The same bits again

  @Test func theSeedDecidesEverything() throws {
    func train(_ seed: UInt64) throws -> [[Float]] {
      var work = CurveWork()
      work.dropout = 0.3
      var plan = plan(4)
      plan.seed = seed
      return try Trainer(work, model: SmallNetwork(), plan: plan).run().model.weights
    }
    let first = try train(11)
    #expect(try train(11) == first)
    #expect(try train(12) != first)
  }
}
