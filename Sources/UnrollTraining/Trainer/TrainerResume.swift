import UnrollCore
import UnrollNetworks

extension Trainer {
  /// This moment, or `nil` when what is carried cannot be written.
  func snapshot(_ position: Position) -> TrainingSnapshot? {
    var carry: [[Tensor]]?
    if let carried = position.carry {
      guard let tensors = work.tensors(of: carried) else { return nil }
      carry = tensors
    }
    let record = TrainingSnapshot.Record(
      epoch: position.epoch, step: position.step, steps: steps, stepsPerEpoch: work.stepsPerEpoch,
      lossSum: position.lossSum, random: random, history: history, bestEpoch: best?.report.epoch,
      elapsed: elapsed, carryGroups: carry?.map(\.count))
    let weights = model.namedWeights()
    return TrainingSnapshot(
      record: record, weights: weights,
      average: average.map { zip(weights, $0).map { ($0.name, $1) } }, best: best?.model.namedWeights(),
      optimizer: plan.optimizer.state, carry: carry)
  }

  /// Goes to where a checkpoint was made.
  ///
  /// - Throws: `ModelFileError` when it is one of another training.
  mutating func resume(_ snapshot: TrainingSnapshot) throws -> Position {
    let record = snapshot.record
    try shuffle(to: record)
    var weights = model
    try weights.takeWeights(snapshot.weights, file: Self.file)
    let shapes = weights.parameters.map(\.value.shape)
    try plan.optimizer.restore(snapshot.optimizer, shapes: shapes)
    if let tensors = snapshot.average {
      var copy = model
      try copy.takeWeights(tensors, file: Self.file)
      average = copy.parameters.map(\.value)
    }
    if let epoch = record.bestEpoch, let tensors = snapshot.best {
      var copy = model
      try copy.takeWeights(tensors, file: Self.file)
      best = (record.history[epoch - 1], copy)
    }
    var position = Position(epoch: record.epoch, step: record.step, lossSum: record.lossSum)
    if let tensors = snapshot.carry {
      guard let carry = work.carry(of: tensors) else { throw Self.misfit("the state that a step hands on") }
      position.carry = carry
    }
    model = weights
    for report in record.history { observe(report.validation, loss: report.loss) }
    history = record.history
    secondsBefore = record.elapsed
    journal?.recordResumption(steps: steps)
    journal?.note(
      record.step == 0
        ? "going on at the beginning of epoch \(record.epoch)"
        : "going on in epoch \(record.epoch), after step \(record.step) of \(record.stepsPerEpoch)")
    return position
  }

  /// Shuffles from the seed to the moment of a checkpoint: the order of the examples may depend on every shuffle before.
  /// The random numbers that come next then prove that this is the training of the checkpoint.
  private mutating func shuffle(to record: TrainingSnapshot.Record) throws {
    guard (1...plan.epochs).contains(record.epoch) else {
      throw Self.misfit("epoch \(record.epoch) of at most \(plan.epochs)")
    }
    for epoch in 1..<record.epoch {
      work.beginEpoch(epoch, using: &random)
      pass(work.stepsPerEpoch)
    }
    if record.step > 0 {
      work.beginEpoch(record.epoch, using: &random)
      guard record.step < work.stepsPerEpoch else {
        throw Self.misfit("step \(record.step) of \(work.stepsPerEpoch)")
      }
      try work.skip(steps: record.step)
      pass(record.step)
    }
    guard work.stepsPerEpoch == record.stepsPerEpoch else {
      throw Self.misfit("\(record.stepsPerEpoch) steps an epoch, not \(work.stepsPerEpoch)")
    }
    guard random == record.random, steps == record.steps else {
      throw Self.misfit("another order of the examples")
    }
  }

  /// Steps that were taken before, as far as random numbers know them.
  private mutating func pass(_ count: Int) {
    for _ in 0..<count { _ = random.split() }
    steps += count
  }

  private static var file: String { "checkpoint" }

  private static func misfit(_ found: String) -> ModelFileError {
    ModelFileError(
      .unsupported, file: file, expected: "one of this training, with the same data, settings and version",
      found: found)
  }
}
