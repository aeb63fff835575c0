import UnrollCore
import UnrollNetworks

/// A trained model and how it came about.
public struct TrainingResult<Model: Module>: Sendable {
  /// The weights of the best epoch; of the last when nothing was validated.
  public let model: Model
  /// Every epoch.
  public let history: [EpochReport]
  /// The epoch whose weights these are.
  public let best: EpochReport?
  /// Why training ended.
  public let end: TrainingEnd

  public init(model: Model, history: [EpochReport], best: EpochReport?, end: TrainingEnd) {
    self.model = model
    self.history = history
    self.best = best
    self.end = end
  }
}

/// Trains a model by gradient descent, step by step, and keeps the best weights.
///
/// The same work, plan and model give the same weights, bit for bit, on any number of threads.
public struct Trainer<Work: TrainingWork> {
  var work: Work
  var model: Work.Model
  var plan: TrainingPlan
  private let shouldStop: () -> Bool
  private let tell: (TrainingEvent) -> Void
  let journal: JournalEntry?

  /// The optimizer's learning rate, which the schedule multiplies.
  private let baseRate: Double
  var random: RandomSource
  var stopping: EarlyStopping
  var average: [Tensor]?
  var steps = 0
  var history: [EpochReport] = []
  var best: (report: EpochReport, model: Work.Model)?
  /// Seconds of training in earlier processes.
  var secondsBefore = 0.0
  /// Whether a checkpoint is due that could not be made yet.
  private var owesCheckpoint = false
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant

  /// Where training stands within an epoch.
  struct Position {
    /// The epoch, from 1.
    var epoch = 1
    /// How many of its steps were taken.
    var step = 0
    /// The sum of their losses.
    var lossSum = 0.0
    /// What the last of them handed on.
    var carry: Work.Carry?
  }

  /// A trainer at its beginning.
  ///
  /// - Parameters:
  ///   - shouldStop: asked after each step; training ends with the best weights when it says yes. A cancelled
  ///     task ends training as well.
  ///   - journal: keeps checkpoints and logs. What it holds of this trainer's turn is gone on with.
  ///   - report: takes events as they come.
  public init(
    _ work: Work, model: Work.Model, plan: TrainingPlan, shouldStop: @escaping () -> Bool = { false },
    journal: TrainingJournal? = nil, report: @escaping (TrainingEvent) -> Void = { _ in }
  ) {
    self.work = work
    self.model = model
    self.plan = plan
    self.shouldStop = shouldStop
    tell = report
    self.journal = journal?.begin()
    baseRate = Double(plan.optimizer.learningRate)
    random = RandomSource(seed: plan.seed)
    stopping = EarlyStopping(patience: plan.patience ?? .max)
    start = clock.now
  }

  var elapsed: Double { secondsBefore + (clock.now - start) / .seconds(1) }

  private func report(_ event: TrainingEvent) {
    tell(event)
    journal?.record(event, steps: steps)
  }

  /// Trains until an end is reached.
  ///
  /// - Throws: `TrainingError`; `EnvironmentError`; `ModuleError` when the model does not show all of its parameters; `ModelFileError` when
  ///   the journal cannot be read or written; or what the work throws.
  public consuming func run() throws -> TrainingResult<Work.Model> {
    try ComputeEnvironment.check()
    try plan.check()
    try model.checkParameters()
    try TrainingMemory(
      parameters: model.parameterCount, optimizer: plan.optimizer, averaging: plan.averaging != nil
    ).check(weightsExist: true)
    guard work.stepsPerEpoch > 0 else { throw TrainingError.noData }
    let started = TrainingEvent.started(
      parameters: model.parameterCount, epochs: plan.epochs, stepsPerEpoch: work.stepsPerEpoch)
    if let stored = try journal?.result(model) {
      tell(started)
      tell(.finished(stored.end, best: stored.best))
      return stored
    }
    report(started)
    var position = Position()
    if let snapshot = try journal?.newest() { position = try resume(snapshot) }
    var end = TrainingEnd.completed
    while position.epoch <= plan.epochs {
      if let reason = try runEpoch(&position) {
        end = reason
        break
      }
    }
    let result = TrainingResult(
      model: best?.model ?? judged, history: history, best: best?.report, end: end)
    if end == .interrupted { journal?.interrupt() } else { try journal?.finish(result, elapsed: elapsed) }
    report(.finished(end, best: best?.report))
    return result
  }

  /// The weights that count: their moving average where one is kept.
  private var judged: Work.Model {
    guard let average else { return model }
    var copy = model
    var index = 0
    copy.forEachParameter("") { _, parameter in
      parameter.value = average[index]
      index += 1
    }
    return copy
  }

  /// - Returns: why training must end now, if it must.
  private mutating func runEpoch(_ position: inout Position) throws -> TrainingEnd? {
    let epoch = position.epoch
    if position.step == 0 { work.beginEpoch(epoch, using: &random) }
    var end: TrainingEnd?
    let stepsPerEpoch = work.stepsPerEpoch
    while position.step < stepsPerEpoch && end == nil {
      let (loss, norm) = try takeStep(epoch, position.step, &position.carry)
      position.lossSum += loss
      position.step += 1
      report(
        .step(
          StepReport(
            epoch: epoch, step: position.step, stepsPerEpoch: stepsPerEpoch, epochs: plan.epochs,
            loss: position.lossSum / Double(position.step), stepLoss: loss, gradientNorm: norm,
            learningRate: plan.optimizer.learningRate, elapsed: elapsed,
            remaining: remaining(epoch, position.step))))
      if shouldStop() || Task.isCancelled { end = .interrupted }
      if let limit = plan.timeLimit, elapsed >= limit { end = .timeLimit }
      if position.step < stepsPerEpoch { try keep(position, isLast: end == .interrupted) }
    }
    let loss = position.lossSum / Double(max(1, position.step))
    let verdict = try judge(epoch, loss: loss, step: position.step)
    let isWhole = position.step == stepsPerEpoch
    position = Position(epoch: epoch + 1)
    // An end is stored as a result, not as a moment to go on from.
    if isWhole && verdict == nil && epoch < plan.epochs { try keep(position, isLast: end == .interrupted) }
    return end ?? verdict
  }

  /// Makes a checkpoint when one is due; one that cannot be made here is made at the next step where it can.
  private mutating func keep(_ position: Position, isLast: Bool) throws {
    guard let journal else { return }
    if isLast || journal.isDue(steps: steps) { owesCheckpoint = true }
    guard owesCheckpoint, let snapshot = snapshot(position) else { return }
    try journal.save(snapshot)
    owesCheckpoint = false
  }

  /// - Returns: why the epoch's loss must end training, if it must.
  private mutating func judge(_ epoch: Int, loss: Double, step: Int) throws -> TrainingEnd? {
    let candidate = judged
    func fault(_ place: TrainingError.Place) -> TrainingError {
      .notFinite(place: place, epoch: epoch, step: step)
    }
    // The last step may have thrown the weights away, and no loss would show it.
    if let name = Self.firstNotFinite(candidate.parameters) { throw fault(.weight(name)) }
    let validation = try work.validate(candidate)
    if let validation, !validation.isFinite { throw fault(.validation) }
    let verdict = observe(validation, loss: loss)
    let lowest = Double(stopping.best ?? .infinity)
    let improved = verdict == .improved || (validation ?? 0) <= lowest + plan.tolerance * abs(lowest)
    let entry = EpochReport(
      epoch: epoch, epochs: plan.epochs, loss: loss, validation: validation, improved: improved,
      learningRate: plan.optimizer.learningRate, elapsed: elapsed,
      remaining: remaining(epoch, work.stepsPerEpoch))
    if improved { best = (entry, candidate) }
    history.append(entry)
    report(.epoch(entry))
    if let validation, let goal = plan.goal, validation <= goal { return .goalReached }
    return verdict == .stop ? .stoppedEarly : nil
  }

  /// Tells early stopping and the schedule of an epoch. What they remember is a function of all epochs before.
  @discardableResult
  mutating func observe(_ validation: Double?, loss: Double) -> EarlyStopping.Verdict {
    // Without a validation part every epoch counts as the best: the last weights are kept.
    let verdict = validation.map { stopping.observe(Float($0)) } ?? .improved
    plan.schedule.observe(Float(validation ?? loss))
    return verdict
  }

  private func remaining(_ epoch: Int, _ step: Int) -> Double {
    let all = Double(plan.epochs) * Double(work.stepsPerEpoch)
    let done = Double((epoch - 1) * work.stepsPerEpoch + step)
    let whole = elapsed / max(done, 1) * (all - done)
    return plan.timeLimit.map { min(whole, max(0, $0 - elapsed)) } ?? whole
  }

  private mutating func takeStep(
    _ epoch: Int, _ step: Int, _ carry: inout Work.Carry?
  ) throws -> (loss: Double, norm: Double) {
    var noise: RandomSource? = random.split()
    let handed = carry
    let work = work
    let probe =
      journal?.looks(at: steps + 1, isLast: step + 1 == work.stepsPerEpoch) == true ? GateProbe() : nil
    let result = try GateProbe.$current.withValue(probe) {
      try valueWithGradient(of: model, inputs: [], memory: plan.memory) { model, _ in
        let (loss, next) = try work.loss(model, step: step, carry: handed, random: &noise)
        return (loss.mean, next)
      }
    }
    carry = result.extra
    let loss = Double(result.value.scalar)
    var gradients = result.gradients
    let norm = GradientClipping.globalNorm(gradients)
    guard loss.isFinite && norm.isFinite else {
      let place = Self.fault(loss: loss, gradients, model.parameters)
      throw TrainingError.notFinite(place: place, epoch: epoch, step: step + 1)
    }
    if let probe {
      journal?.record(gradients, probe, parameters: model.parameters, steps: steps + 1)
    }
    // A bound on the norm needs no pass of its own: the update scales on its way, unless values are bounded after.
    var scale = plan.clipNorm.map { GradientClipping.factor(norm: norm, maximum: $0) } ?? 1
    if let limit = plan.clipValue {
      if let maximum = plan.clipNorm { GradientClipping.byGlobalNorm(&gradients, maximum: maximum) }
      GradientClipping.byValue(&gradients, limit: limit)
      scale = 1
    }
    apply(gradients, scale: scale, epoch: epoch)
    // A loss does not show a bad weight that its step did not read, nor one that the update has just made.
    if let place = badWeight() { throw TrainingError.notFinite(place: place, epoch: epoch, step: step + 1) }
    return (loss, norm)
  }

  /// A weight that is no number, and whether the optimizer's memory of it made it so.
  private func badWeight() -> TrainingError.Place? {
    let weights = model.parameters
    guard let index = weights.firstIndex(where: { !Kernels.allFinite($0.value) }) else {
      guard let spoilt = average?.firstIndex(where: { !Kernels.allFinite($0) }) else { return nil }
      return .average(weights[spoilt].name)
    }
    let isRemembered = plan.optimizer.state.slots.values.contains { slot in
      slot.indices.contains(index) && !(slot[index].map { Kernels.allFinite($0) } ?? true)
    }
    return isRemembered ? .memory(weights[index].name) : .weight(weights[index].name)
  }

  /// Where a trouble came from: a weight that is no number spoils the loss, and a loss all gradients.
  private static func fault(
    loss: Double, _ gradients: Gradients, _ weights: [(name: String, value: Tensor)]
  ) -> TrainingError.Place {
    if let name = firstNotFinite(weights) { return .weight(name) }
    let named = zip(gradients.names, gradients.values).map { (name: $0, value: $1.stored) }
    // A bad loss spoils everything. A gradient that went bad on its way back spoils what lies before that place: the
    // last that is bad is nearest to it.
    return loss.isFinite
      ? .gradient(named.last { !Kernels.allFinite($0.value) }?.name ?? "the loss")
      : .loss(gradient: firstNotFinite(named))
  }

  private static func firstNotFinite(_ tensors: [(name: String, value: Tensor)]) -> String? {
    tensors.first { !Kernels.allFinite($0.value) }?.name
  }

  private mutating func apply(_ gradients: Gradients, scale: Float, epoch: Int) {
    plan.optimizer.learningRate = Float(baseRate * plan.schedule.factor(step: steps, epoch: epoch - 1))
    plan.optimizer.update(&model, gradients, scale: scale)
    steps += 1
    updateAverage()
  }

  /// ā ← d·ā + (1 − d)·w, with a shorter memory at the start, when there is little to remember.
  private mutating func updateAverage() {
    guard let decay = plan.averaging else { return }
    let weights = model.parameters.map(\.value)
    guard var sums = average else {
      average = weights
      return
    }
    average = nil
    let d = min(Double(decay), Double(1 + steps) / Double(10 + steps))
    for index in sums.indices {
      var sum = sums[index]
      sums[index] = weights[index]
      Kernels.blend(&sum, keeping: d, with: weights[index])
      sums[index] = sum
    }
    average = sums
  }
}
