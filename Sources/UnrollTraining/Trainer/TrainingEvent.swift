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
  /// The norm of all gradients before clipping.
  public let gradientNorm: Double
  /// The learning rate of the step.
  public let learningRate: Float
  /// Seconds since training began.
  public let elapsed: Double
  /// Seconds that are expected to remain.
  public let remaining: Double
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
  /// Whether this is the best epoch so far.
  public let improved: Bool
  /// The learning rate at its end.
  public let learningRate: Float
  /// Seconds since training began.
  public let elapsed: Double
  /// Seconds that are expected to remain.
  public let remaining: Double
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
  /// A loss or a gradient became infinite or not a number.
  ///
  /// - Parameters:
  ///   - place: `loss`, or the name of the parameter whose gradient it is.
  case notFinite(place: String, epoch: Int, step: Int)
  /// There is nothing to train on.
  case noData

  public var description: String {
    switch self {
    case .notFinite(let place, let epoch, let step):
      let what = place == "loss" ? "the loss" : "the gradient of \(place)"
      return
        "epoch \(epoch), step \(step): expected a finite number, found \(what) infinite or not a number; "
        + "a lower learning rate or stronger clipping may help"
    case .noData: return "expected at least one training example, found none"
    }
  }
}
