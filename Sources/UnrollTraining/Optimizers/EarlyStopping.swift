/// The memory of the best metric so far, and the end of training when it is not beaten for long (Prechelt
/// 1998, "Early stopping — but when?").
///
/// The caller keeps the weights of each improvement; this value remembers only how long ago it was.
public struct EarlyStopping: Sendable, Equatable, Codable {
  /// What a metric means for the training.
  public enum Verdict: Sendable, Equatable {
    /// The best so far: keep these weights.
    case improved
    /// Not the best; go on.
    case `continue`
    /// Not improved for `patience` observations: stop and go back to the best weights.
    case stop
  }

  /// How many observations in a row without an improvement end the training.
  public let patience: Int
  /// How much lower than the best a metric must be to count as an improvement.
  public let minimumImprovement: Float
  /// The best metric so far; `nil` before the first.
  public private(set) var best: Float?
  /// The number of observations since the best.
  public private(set) var observationsWithoutImprovement = 0

  public init(patience: Int, minimumImprovement: Float = 0) {
    self.patience = patience
    self.minimumImprovement = minimumImprovement
  }

  /// Takes in a metric, lower being better. One that is not finite is no improvement.
  public mutating func observe(_ metric: Float) -> Verdict {
    if metric.isFinite, best.map({ metric < $0 - minimumImprovement }) ?? true {
      best = metric
      observationsWithoutImprovement = 0
      return .improved
    }
    observationsWithoutImprovement += 1
    return observationsWithoutImprovement >= patience ? .stop : .continue
  }
}
