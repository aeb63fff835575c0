import UnrollCore

/// How a model is trained.
public struct TrainingPlan: Sendable {
  /// The most epochs to run, 1 or more.
  public var epochs: Int
  /// How weights move, and the learning rate that the schedule multiplies.
  public var optimizer: any Optimizer
  /// How the learning rate changes: the optimizer's own times the schedule's factor.
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
    epochs: Int, optimizer: any Optimizer, schedule: Schedule = .constant, clipNorm: Float? = 1,
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

  /// Refuses settings that no training can have.
  func check() throws(TrainingError) {
    func refuse(_ name: String, _ expected: String, _ found: some Any) -> TrainingError {
      .setting(name, expected: expected, found: "\(found)")
    }
    guard epochs >= 1 else { throw refuse("epochs", "1 or more", epochs) }
    let rate = optimizer.learningRate
    guard rate.isFinite && rate >= 0 else {
      throw refuse("optimizer.learningRate", "a finite number, not negative", rate)
    }
    if let clipNorm, !(clipNorm > 0) { throw refuse("clipNorm", "a number above 0, or none", clipNorm) }
    if let clipValue, !(clipValue > 0) { throw refuse("clipValue", "a number above 0, or none", clipValue) }
    if let patience, patience < 1 { throw refuse("patience", "1 or more, or none", patience) }
    if let averaging, !(averaging >= 0 && averaging < 1) {
      throw refuse("averaging", "0 ≤ decay < 1, or none", averaging)
    }
    if let timeLimit, !(timeLimit > 0) { throw refuse("timeLimit", "seconds above 0, or none", timeLimit) }
    guard tolerance >= 0 else { throw refuse("tolerance", "0 or more", tolerance) }
    if let memory, memory < 0 { throw refuse("memory", "bytes, 0 or more, or none", memory) }
    if let wrong = schedule.fault { throw refuse("schedule", wrong.expected, wrong.found) }
  }
}
