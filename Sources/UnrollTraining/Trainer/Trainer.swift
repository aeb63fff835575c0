import UnrollCore
import UnrollNetworks

/// Something to train a model on: how a step's loss is computed, and how an epoch is judged.
public protocol TrainingWork {
  associatedtype Model: Module
  /// What is carried from one step to the next, such as the hidden states of truncated backpropagation through
  /// time: detached, so that no gradient flows across. `Never?` when nothing is.
  associatedtype Carry: Sendable

  /// The number of optimizer steps of an epoch.
  var stepsPerEpoch: Int { get }

  /// Shuffles, when there is something to shuffle.
  mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource)

  /// The loss of one step.
  ///
  /// - Parameters:
  ///   - carry: what the step before handed on; `nil` at the start of an epoch.
  ///   - random: randomness for dropout and noise.
  func loss(
    _ model: Model, step: Int, carry: Carry?, random: inout RandomSource?
  ) throws -> (loss: Variable, carry: Carry?)

  /// The loss on the validation part, or `nil` when there is none.
  func validate(_ model: Model) throws -> Double?
}

/// How a model is trained.
public struct TrainingPlan: Sendable {
  /// The most epochs to run.
  public var epochs: Int
  /// How weights move.
  public var optimizer: any Optimizer
  /// How the learning rate changes.
  public var schedule: Schedule
  /// Gradients of a greater global norm are shortened to this one; `nil`: never.
  public var clipNorm: Float?
  /// Each element of a gradient is held within ± this; `nil`: never.
  public var clipValue: Float?
  /// Training ends after this many epochs without a better validation loss; `nil`: never.
  public var patience: Int?
  /// The last epoch whose validation loss is at most this share above the lowest is kept: 0.02 says that two
  /// per cent are within the noise of the validation part, and that later weights, of a lower rate, are the
  /// better guess then.
  public var tolerance: Double = 0
  /// Training ends once the validation loss is no greater than this: good enough; `nil`: never.
  public var goal: Double?
  /// Weights are judged and kept as a moving average with this decay a step (Polyak and Juditsky 1992);
  /// `nil`: as they are.
  public var averaging: Float?
  /// Training ends after this many seconds; `nil`: never.
  public var timeLimit: Double?
  /// The bytes that recurrences may keep of a step's forward pass for its gradient; what exceeds them is computed
  /// again, with the same bits. `nil`: keep everything.
  public var memory: Int?
  /// The seed of shuffling, dropout and noise.
  public var seed: UInt64

  public init(
    epochs: Int, optimizer: any Optimizer, schedule: Schedule, clipNorm: Float? = 1,
    clipValue: Float? = nil, patience: Int? = nil, goal: Double? = nil, averaging: Float? = nil,
    timeLimit: Double? = nil, seed: UInt64 = 0
  ) {
    self.epochs = epochs
    self.optimizer = optimizer
    self.schedule = schedule
    self.clipNorm = clipNorm
    self.clipValue = clipValue
    self.patience = patience
    self.goal = goal
    self.averaging = averaging
    self.timeLimit = timeLimit
    self.seed = seed
  }
}

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
}

/// Trains a model by gradient descent, step by step, and keeps the best weights.
///
/// The same work, plan and model give the same weights, bit for bit, on any number of threads.
public struct Trainer<Work: TrainingWork> {
  private var work: Work
  private var model: Work.Model
  private var plan: TrainingPlan
  private let shouldStop: () -> Bool
  private let report: (TrainingEvent) -> Void

  private var random: RandomSource
  private var stopping: EarlyStopping
  private var average: [Tensor]?
  private var steps = 0
  private var history: [EpochReport] = []
  private var best: (report: EpochReport, model: Work.Model)?
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant

  /// A trainer at its beginning.
  ///
  /// - Parameters:
  ///   - shouldStop: asked after each step; training ends with the best weights when it says yes. A cancelled
  ///     task ends training as well.
  ///   - report: takes events as they come.
  public init(
    _ work: Work, model: Work.Model, plan: TrainingPlan, shouldStop: @escaping () -> Bool = { false },
    report: @escaping (TrainingEvent) -> Void = { _ in }
  ) {
    self.work = work
    self.model = model
    self.plan = plan
    self.shouldStop = shouldStop
    self.report = report
    random = RandomSource(seed: plan.seed)
    stopping = EarlyStopping(patience: plan.patience ?? .max)
    start = clock.now
  }

  private var elapsed: Double { (clock.now - start) / .seconds(1) }

  /// Trains until an end is reached.
  ///
  /// - Throws: `TrainingError`, or what the work throws.
  public consuming func run() throws -> TrainingResult<Work.Model> {
    guard work.stepsPerEpoch > 0 else { throw TrainingError.noData }
    report(
      .started(
        parameters: model.parameterCount, epochs: plan.epochs, stepsPerEpoch: work.stepsPerEpoch))
    var end = TrainingEnd.completed
    for epoch in 1...max(1, plan.epochs) {
      if let reason = try runEpoch(epoch) {
        end = reason
        break
      }
    }
    report(.finished(end, best: best?.report))
    return TrainingResult(
      model: best?.model ?? judged, history: history, best: best?.report, end: end)
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
  private mutating func runEpoch(_ epoch: Int) throws -> TrainingEnd? {
    work.beginEpoch(epoch, using: &random)
    var carry: Work.Carry?
    var total = 0.0
    var end: TrainingEnd?
    var done = 0
    let stepsPerEpoch = work.stepsPerEpoch
    while done < stepsPerEpoch && end == nil {
      let (loss, norm) = try takeStep(epoch, done, &carry)
      total += loss
      done += 1
      report(
        .step(
          StepReport(
            epoch: epoch, step: done, stepsPerEpoch: stepsPerEpoch, epochs: plan.epochs,
            loss: total / Double(done), gradientNorm: norm, learningRate: plan.optimizer.learningRate,
            elapsed: elapsed, remaining: remaining(epoch, done))))
      if shouldStop() || Task.isCancelled { end = .interrupted }
      if let limit = plan.timeLimit, elapsed >= limit { end = .timeLimit }
    }
    let verdict = try judge(epoch, loss: total / Double(max(1, done)), step: done)
    return end ?? verdict
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
    // Without a validation part every epoch counts as the best: the last weights are kept.
    let verdict = validation.map { stopping.observe(Float($0)) } ?? .improved
    let lowest = Double(stopping.best ?? .infinity)
    let improved = verdict == .improved || (validation ?? 0) <= lowest + plan.tolerance * abs(lowest)
    let entry = EpochReport(
      epoch: epoch, epochs: plan.epochs, loss: loss, validation: validation, improved: improved,
      learningRate: plan.optimizer.learningRate, elapsed: elapsed,
      remaining: remaining(epoch, work.stepsPerEpoch))
    if improved { best = (entry, candidate) }
    plan.schedule.observe(Float(validation ?? loss))
    history.append(entry)
    report(.epoch(entry))
    if let validation, let goal = plan.goal, validation <= goal { return .goalReached }
    return verdict == .stop ? .stoppedEarly : nil
  }

  private func remaining(_ epoch: Int, _ step: Int) -> Double {
    let all = Double(max(1, plan.epochs) * work.stepsPerEpoch)
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
    let result = try valueWithGradient(of: model, inputs: [], memory: plan.memory) { model, _ in
      let (loss, next) = try work.loss(model, step: step, carry: handed, random: &noise)
      return (loss, next)
    }
    carry = result.extra
    let loss = Double(result.value.scalar)
    var gradients = result.gradients
    let norm = GradientClipping.globalNorm(gradients)
    guard loss.isFinite && norm.isFinite else {
      let place = Self.fault(loss: loss, gradients, model.parameters)
      throw TrainingError.notFinite(place: place, epoch: epoch, step: step + 1)
    }
    // A bound on the norm needs no pass of its own: the update scales on its way, unless values are bounded after.
    var scale = plan.clipNorm.map { GradientClipping.factor(norm: norm, maximum: $0) } ?? 1
    if let limit = plan.clipValue {
      if let maximum = plan.clipNorm { GradientClipping.byGlobalNorm(&gradients, maximum: maximum) }
      GradientClipping.byValue(&gradients, limit: limit)
      scale = 1
    }
    apply(gradients, scale: scale, epoch: epoch)
    return (loss, norm)
  }

  /// Where a trouble came from: a weight that is no number spoils the loss, and a loss all gradients.
  private static func fault(
    loss: Double, _ gradients: Gradients, _ weights: [(name: String, value: Tensor)]
  ) -> TrainingError.Place {
    if let name = firstNotFinite(weights) { return .weight(name) }
    let gradient = firstNotFinite(zip(gradients.names, gradients.values).map { ($0, $1.stored) })
    return loss.isFinite ? .gradient(gradient ?? "the loss") : .loss(gradient: gradient)
  }

  private static func firstNotFinite(_ tensors: [(name: String, value: Tensor)]) -> String? {
    tensors.first { !Kernels.allFinite($0.value) }?.name
  }

  private mutating func apply(_ gradients: Gradients, scale: Float, epoch: Int) {
    plan.optimizer.learningRate = plan.schedule.rate(step: steps, epoch: epoch - 1)
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
