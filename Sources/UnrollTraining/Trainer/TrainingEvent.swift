/// What training reports while it runs.
public enum TrainingEvent: Sendable {
  /// Training begins.
  case started(parameters: Int, epochs: Int, stepsPerEpoch: Int)
  /// A step was taken.
  case step(StepReport)
  /// An epoch ended and was judged.
  case epoch(EpochReport)
  /// Training ended; the best weights are kept.
  case finished(TrainingEnd, best: EpochReport?)
}

/// One optimizer step.
public struct StepReport: Sendable {
  /// The epoch, from 1.
  public let epoch: Int
  /// The step within the epoch, from 1.
  public let step: Int
  /// The number of steps of an epoch.
  public let stepsPerEpoch: Int
  /// The number of epochs asked for.
  public let epochs: Int
  /// The mean loss of the epoch so far.
  public let loss: Double
  /// The loss of this step.
  public let stepLoss: Double
  /// The norm of all gradients before clipping.
  public let gradientNorm: Double
  /// The learning rate of the step.
  public let learningRate: Float
  /// Seconds since training began.
  public let elapsed: Double
  /// Seconds that are expected to remain.
  public let remaining: Double

  /// A report of a training loop of one's own, for the logs.
  public init(
    epoch: Int, step: Int, stepsPerEpoch: Int, epochs: Int, loss: Double, stepLoss: Double,
    gradientNorm: Double, learningRate: Float, elapsed: Double, remaining: Double
  ) {
    self.epoch = epoch
    self.step = step
    self.stepsPerEpoch = stepsPerEpoch
    self.epochs = epochs
    self.loss = loss
    self.stepLoss = stepLoss
    self.gradientNorm = gradientNorm
    self.learningRate = learningRate
    self.elapsed = elapsed
    self.remaining = remaining
  }
}

/// One epoch.
public struct EpochReport: Sendable, Codable, Equatable {
  /// The epoch, from 1.
  public let epoch: Int
  /// The number of epochs asked for.
  public let epochs: Int
  /// The mean loss of its steps.
  public let loss: Double
  /// The loss on the validation part, when there is one.
  public let validation: Double?
  /// Whether its weights are the ones to keep so far.
  public let improved: Bool
  /// The learning rate at its end.
  public let learningRate: Float
  /// Seconds since training began.
  public let elapsed: Double
  /// Seconds that are expected to remain.
  public let remaining: Double

  /// A report of a training loop of one's own, for the logs.
  public init(
    epoch: Int, epochs: Int, loss: Double, validation: Double?, improved: Bool, learningRate: Float,
    elapsed: Double, remaining: Double
  ) {
    self.epoch = epoch
    self.epochs = epochs
    self.loss = loss
    self.validation = validation
    self.improved = improved
    self.learningRate = learningRate
    self.elapsed = elapsed
    self.remaining = remaining
  }
}

/// Why training ended.
public enum TrainingEnd: String, Sendable, Codable {
  /// All epochs were run.
  case completed
  /// The validation loss no longer fell.
  case stoppedEarly = "stopped early"
  /// The validation loss reached the goal.
  case goalReached = "goal reached"
  /// The time was up.
  case timeLimit = "time limit"
  /// Somebody asked to end.
  case interrupted
}

/// Why training cannot go on.
public enum TrainingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What became infinite or not a number.
  public enum Place: Equatable, Sendable {
    /// The loss of a step, and the first parameter whose gradient it spoils.
    case loss(gradient: String?)
    /// The gradient of a parameter, while the loss was still a number.
    case gradient(String)
    /// A parameter itself.
    case weight(String)
    /// The moving average of a parameter.
    case average(String)
    /// What the optimizer remembers of a parameter, and with it the parameter.
    case memory(String)
    /// What a step hands on to the next.
    case carry
    /// The loss on the validation part.
    case validation
  }

  /// A loss, a gradient or a weight became infinite or not a number.
  case notFinite(place: Place, epoch: Int, step: Int)
  /// There is nothing to train on.
  case noData
  /// The memory for the weights, their gradients and what the optimizer remembers is not to be had: bytes that are
  /// needed, and those that there are, where that is known.
  case memory(parameters: Int, needed: Int, available: Int?)
  /// A setting of the plan that no training can have.
  case setting(String, expected: String, found: String)

  public var description: String {
    switch self {
    case .notFinite(let place, let epoch, let step):
      return
        "epoch \(epoch), step \(step): expected finite numbers, found that \(place) is infinite or not a number\n"
        + "try a lower learning rate, and look for huge values in the data"
    case .noData: return "expected at least one training example, found none"
    case .memory(let parameters, let needed, let available):
      let limit = available.map { "at most \(TrainingMemory.text($0))" } ?? "less"
      return
        "the memory to train \(parameters) weights: expected \(TrainingMemory.text(needed)) for them, their gradients and "
        + "what the optimizer remembers, found \(limit)\n"
        + "try fewer units, layers or words, or an optimizer that remembers less"
    case .setting(let name, let expected, let found):
      return "the training plan's \(name): expected \(expected), found \(found)"
    }
  }
}

extension TrainingError.Place: CustomStringConvertible {
  public var description: String {
    switch self {
    case .loss(let gradient): "the loss" + (gradient.map { ", and with it the gradient of \($0)," } ?? "")
    case .gradient(let name): "the gradient of \(name)"
    case .weight(let name): "the weight \(name)"
    case .average(let name): "the moving average of the weight \(name)"
    case .memory(let name): "the optimizer's memory of \(name), and with it the weight,"
    case .carry: "the state that a step hands on to the next"
    case .validation: "the loss on the validation part"
    }
  }
}
