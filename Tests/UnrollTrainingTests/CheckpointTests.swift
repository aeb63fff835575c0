import Testing
import UnrollCore
import UnrollNetworks
import UnrollTraining

/// A training whose process is killed goes on from its checkpoints and ends with the same bits.
struct CheckpointTests {
  /// A combination of what a training remembers.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let plan: TrainingPlan
    var verdicts: [Double?] = []

    init(
      _ name: String, _ optimizer: any Optimizer, _ schedule: Schedule = .constant,
      verdicts: [Double?] = [], _ change: (inout TrainingPlan) -> Void = { _ in }
    ) {
      testDescription = name
      self.verdicts = verdicts
      var plan = TrainingPlan(epochs: 5, optimizer: optimizer, schedule: schedule, seed: 11)
      change(&plan)
      self.plan = plan
    }
  }

  static let cases = [
    Case("SGD", SGD(learningRate: 0.1), .cosine(steps: 20)),
    Case("momentum", SGD(learningRate: 0.1, momentum: 0.9), .stepDecay(factor: 0.3, every: 2)),
    Case("RMSProp", RMSProp(learningRate: 0.02), .oneCycle(steps: 20)),
    Case("Adam", Adam(learningRate: 0.02), .warmUp(steps: 6)),
    Case("AdamW averaged", AdamW(learningRate: 0.02)) { $0.averaging = 0.9 },
    Case(
      "plateau", Adam(learningRate: 0.1),
      .reduceOnPlateau(ReduceOnPlateau(factor: 0.3, patience: 0)),
      verdicts: [3, 3.3, 2, 2.5, 0.1]),
    Case("early stopping", Adam(learningRate: 0.02), verdicts: [0.3, 0.1, 0.2, 0.7, 0.05]) {
      $0.patience = 2
    },
    Case("tolerance", Adam(learningRate: 0.02), verdicts: [0.3, 0.1, 0.101, 0.2, 0.11]) {
      $0.tolerance = 0.02
      $0.averaging = 0.5
    },
    Case("goal", Adam(learningRate: 0.02), verdicts: [1 / 3, 0.1, 0.05]) { $0.goal = 0.07 },
  ]

  private static func work(_ verdicts: [Double?]) -> CurveWork {
    var work = CurveWork()
    work.dropout = 0.1
    work.verdicts = verdicts
    return work
  }

  /// Killed after each number of steps that there is, between them.
  @Test(arguments: cases, [1, 3, 8]) func everyKillResumes(_ example: Case, _ interval: Int) throws {
    let work = Self.work(example.verdicts)
    let whole = Outcome(try Trainer(work, model: SmallNetwork(), plan: example.plan).run())
    for life in stride(from: interval % 3, through: 20, by: 3) {
      let folder = try ScratchFolder()
      let result = try train(
        work, SmallNetwork(), example.plan, in: folder.path + "/run", every: .steps(interval),
        killedAfter: [life])
      #expect(Outcome(result) == whole, "killed after \(life) steps")
      #expect(folder.names("run") == ["training-1-result"])
    }
  }

  @Test func manyKillsResume() throws {
    let work = Self.work([0.5, 0.4, 0.45, 0.3, 0.31])
    let plan = Self.cases[4].plan
    let whole = Outcome(try Trainer(work, model: SmallNetwork(), plan: plan).run())
    let folder = try ScratchFolder()
    let result = try train(
      work, SmallNetwork(), plan, in: folder.path + "/run", every: .steps(2),
      killedAfter: [3, 2, 5, 0, 1, 3, 2, 4])
    #expect(Outcome(result) == whole)
  }

  /// States carried by truncated backpropagation through time are part of a checkpoint.
  @Test(arguments: 0...15) func carriedStatesResume(_ life: Int) throws {
    func check<Work: TrainingWork>(_ work: Work, _ model: Work.Model) throws {
      let plan = TrainingPlan(epochs: 3, optimizer: Adam(learningRate: 0.01))
      let whole = Outcome(try Trainer(work, model: model, plan: plan).run())
      let folder = try ScratchFolder()
      let result = try train(
        work, model, plan, in: folder.path + "/run", every: .steps(1), killedAfter: [life])
      #expect(Outcome(result) == whole)
    }
    try check(StreamWork<HiddenState, GRUCell>(), .init())
    try check(StreamWork<LSTMState, LSTMCell>(), .init())
  }

  /// Work that reads its examples one after the other is told how many to pass by.
  @Test(arguments: 0...9) func examplesInTurnResume(_ life: Int) throws {
    final class Reader: Sendable {
      private let place = Guarded(0)
      func restart() { place.withLock { $0 = 0 } }
      func next() -> Int {
        place.withLock {
          $0 += 1
          return $0 - 1
        }
      }
    }
    struct Reading: TrainingWork {
      var inner = CurveWork()
      let reader = Reader()
      let stepsPerEpoch = 4
      mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
        inner.beginEpoch(epoch, using: &random)
        reader.restart()
      }
      func skip(steps: Int) { for _ in 0..<steps { _ = reader.next() } }
      func loss(
        _ model: SmallNetwork, step: Int, carry: Never?, random: inout RandomSource?
      ) throws -> (loss: LossSum, carry: Never?) {
        try inner.loss(model, step: reader.next(), carry: nil, random: &random)
      }
      func validate(_ model: SmallNetwork) throws -> Double? { nil }
    }
    let plan = TrainingPlan(epochs: 3, optimizer: Adam(learningRate: 0.01))
    let whole = Outcome(try Trainer(Reading(), model: SmallNetwork(), plan: plan).run())
    let folder = try ScratchFolder()
    let result = try train(
      Reading(), SmallNetwork(), plan, in: folder.path, every: .steps(1), killedAfter: [life])
    #expect(Outcome(result) == whole)
  }

  /// A state that nobody can write makes a checkpoint wait for the end of the epoch.
  @Test func unwritableStatesWaitForTheEndOfTheEpoch() throws {
    struct Secretive: TrainingWork {
      let stepsPerEpoch = 4
      func beginEpoch(_ epoch: Int, using random: inout RandomSource) {}
      func loss(
        _ model: SmallNetwork, step: Int, carry: Float?, random: inout RandomSource?
      ) throws -> (loss: LossSum, carry: Float?) {
        let sum = (carry ?? 0) + 1
        return (LossSum(sum * model.hidden.weight.variable.square().sum()), sum)
      }
      func validate(_ model: SmallNetwork) throws -> Double? { nil }
    }
    let plan = TrainingPlan(epochs: 3, optimizer: Adam(learningRate: 0.01))
    let whole = Outcome(try Trainer(Secretive(), model: SmallNetwork(), plan: plan).run())
    for life in 0...12 {
      let folder = try ScratchFolder()
      #expect(throws: Killed.self) {
        _ = try Trainer(
          Mortal(work: Secretive(), life: Life(steps: min(life, 11))), model: SmallNetwork(), plan: plan,
          journal: TrainingJournal(folder: folder.path, every: .steps(3))
        ).run()
      }
      #expect(folder.names().allSatisfy { $0.hasSuffix("4") || $0.hasSuffix("8") }, "\(folder.names())")
      let result = try train(
        Secretive(), SmallNetwork(), plan, in: folder.path, every: .steps(3), killedAfter: [])
      #expect(Outcome(result) == whole)
    }
  }

  @Test func theLastTwoAndTheBestAreKept() throws {
    let folder = try ScratchFolder()
    let work = Self.work([0.3, 0.1, 0.2, 0.4, 0.5])
    #expect(throws: Killed.self) {
      _ = try Trainer(
        Mortal(work: work, life: Life(steps: 19)), model: SmallNetwork(), plan: Self.cases[3].plan,
        journal: TrainingJournal(folder: folder.path, every: .steps(2))
      ).run()
    }
    // The second epoch, which ends with step 8, is the best.
    #expect(
      folder.names() == ["08", "16", "18"].map { "training-1-step-00000000" + $0 }, "\(folder.names())")
  }

  @Test func timeMakesCheckpoints() throws {
    let folder = try ScratchFolder()
    var work = Self.work([])
    work.pause = .milliseconds(5)
    #expect(throws: Killed.self) {
      _ = try Trainer(
        Mortal(work: work, life: Life(steps: 9)), model: SmallNetwork(), plan: Self.cases[3].plan,
        journal: TrainingJournal(folder: folder.path, every: .seconds(0.001))
      ).run()
    }
    #expect(folder.names().contains("training-1-step-0000000009"))
    let idle = try ScratchFolder()
    _ = try? Trainer(
      Mortal(work: work, life: Life(steps: 9)), model: SmallNetwork(), plan: Self.cases[3].plan,
      journal: TrainingJournal(folder: idle.path, every: .seconds(1000))
    ).run()
    #expect(idle.names().isEmpty)
  }

  /// Trainers that share a journal: what had ended returns at once, what had not goes on.
  @Test func trainersInTurnResume() throws {
    func task(_ folder: String?, _ life: Life?) throws -> [Outcome] {
      let journal = try folder.map { try TrainingJournal(folder: $0, every: .steps(3)) }
      var model = SmallNetwork()
      var outcomes: [Outcome] = []
      for turn in 0..<3 {
        var plan = Self.cases[turn].plan
        plan.epochs = 2
        let work = Mortal(work: Self.work([]), life: life ?? Life(steps: .max))
        let result = try Trainer(work, model: model, plan: plan, journal: journal).run()
        // The next begins with what this one ended with.
        model = result.model
        outcomes.append(Outcome(result))
      }
      return outcomes
    }
    let whole = try task(nil, nil)
    for life in 0...24 {
      let folder = try ScratchFolder()
      _ = try? task(folder.path + "/run", Life(steps: life))
      #expect(try task(folder.path + "/run", nil) == whole, "killed after \(life) steps")
      let journal = try TrainingJournal(folder: folder.path + "/run")
      try folder.write([1], "run/mine")
      try journal.remove()
      #expect(folder.names("run") == ["mine"])
      try folder.remove("run/mine")
      try journal.remove()
      #expect(folder.names().isEmpty)
    }
  }

  /// An interrupted training keeps its best weights and can be gone on with from the very step.
  @Test(arguments: [1, 3, 4, 9]) func interruptedTrainingsGoOn(_ step: Int) throws {
    let folder = try ScratchFolder()
    let (work, plan) = (Self.work([0.3, 0.1, 0.2, 0.4, 0.5]), Self.cases[3].plan)
    let whole = Outcome(try Trainer(work, model: SmallNetwork(), plan: plan).run())
    var steps = 0
    let journal = try TrainingJournal(folder: folder.path, every: .steps(1000))
    let result = try Trainer(
      work, model: SmallNetwork(), plan: plan, shouldStop: { steps == step }, journal: journal
    ) { if case .step = $0 { steps += 1 } }.run()
    #expect(result.end == .interrupted && journal.isInterrupted)
    #expect(folder.names() == ["training-1-step-000000000\(step)"])
    #expect(
      Outcome(try train(work, SmallNetwork(), plan, in: folder.path, every: .steps(1000), killedAfter: []))
        == whole)
  }

  @Test func timeGoesOnCounting() throws {
    let folder = try ScratchFolder()
    var work = Self.work([])
    work.pause = .milliseconds(10)
    var plan = Self.cases[3].plan
    plan.timeLimit = 0.15
    var lives = 0
    while lives < 20 {
      lives += 1
      let journal = try TrainingJournal(folder: folder.path, every: .steps(1))
      let result = try? Trainer(
        Mortal(work: work, life: Life(steps: 4)), model: SmallNetwork(), plan: plan, journal: journal
      ).run()
      if let result {
        #expect(result.end == .timeLimit)
        break
      }
    }
    // Without the time before, no life would reach the limit.
    #expect(lives < 6)
  }
}
