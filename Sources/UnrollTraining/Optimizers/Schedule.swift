import UnrollCore

/// How the learning rate goes over the course of training: what the optimizer's own rate is multiplied by.
///
/// A schedule is a value that can be saved: with the step and the epoch it is all that a resumed training needs.
/// `step` counts updates and `epoch` passes over the data, both from 0.
public indirect enum Schedule: Sendable, Equatable, Codable {
  /// The optimizer's rate throughout.
  case constant

  /// Multiplied by a factor after every so many epochs: factor^⌊epoch / every⌋.
  case stepDecay(factor: Float, every: Int)

  /// Half a cosine from 1 to the minimum over so many steps, then the minimum (Loshchilov & Hutter 2017, "SGDR",
  /// equation 5, without restarts): minimum + (1 − minimum) · (1 + cos(π step / steps)) / 2.
  case cosine(minimum: Float = 0, steps: Int)

  /// Rises in a line over so many steps to the start of another schedule, whose steps count from there: the
  /// first factor is 1 / steps of it.
  case warmUp(steps: Int, then: Schedule = .constant)

  /// Falls when a metric stops improving.
  case reduceOnPlateau(ReduceOnPlateau)

  /// Up and down once (Smith & Topin 2018, "Super-convergence"), both by half a cosine: from 1 / 25 to 1 over the first
  /// 30 % of the steps, then to 1 / 250 000. The optimizer's rate is the greatest.
  case oneCycle(steps: Int)

  /// What the optimizer's learning rate is multiplied by for an update.
  public func factor(step: Int, epoch: Int) -> Double {
    switch self {
    case .constant: 1
    case .stepDecay(let factor, let every): power(Double(factor), Double(epoch / max(every, 1)))
    case .cosine(let minimum, let steps):
      Self.anneal(from: 1, to: Double(minimum), Double(step) / Double(max(steps, 1)))
    case .warmUp(let steps, let next) where step < steps:
      next.factor(step: 0, epoch: epoch) * Double(step + 1) / Double(steps)
    case .warmUp(let steps, let next): next.factor(step: step - max(steps, 0), epoch: epoch)
    case .reduceOnPlateau(let plateau): plateau.scale
    case .oneCycle(let steps): Self.oneCycle(step: step, steps: steps)
    }
  }

  /// What of it no training can have.
  var fault: (expected: String, found: String)? {
    func unless(_ isRight: Bool, _ expected: String, _ found: some Any) -> (expected: String, found: String)?
    {
      isRight ? nil : (expected, "\(found)")
    }
    return switch self {
    case .constant, .oneCycle: nil
    case .stepDecay(let factor, let every):
      unless(every >= 1, "a decay every 1 epoch or more", every)
        ?? unless(factor.isFinite && factor >= 0, "a factor of 0 or more", factor)
    case .cosine(let minimum, _): unless(minimum.isFinite && minimum >= 0, "a minimum of 0 or more", minimum)
    case .warmUp(_, let next): next.fault
    case .reduceOnPlateau(let plateau):
      unless(plateau.factor.isFinite && plateau.factor >= 0, "a factor of 0 or more", plateau.factor)
    }
  }

  /// Takes in the metric of an epoch, such as the loss on the validation data; lower is better. Only
  /// ``reduceOnPlateau(_:)`` minds it, also within a warm-up.
  public mutating func observe(_ metric: Float) {
    switch self {
    case .reduceOnPlateau(var plateau):
      plateau.observe(metric)
      self = .reduceOnPlateau(plateau)
    case .warmUp(let steps, var next):
      next.observe(metric)
      self = .warmUp(steps: steps, then: next)
    case .constant, .stepDecay, .cosine, .oneCycle: break
    }
  }

  /// Half a cosine from one factor to another while `progress` goes from 0 to 1.
  private static func anneal(from start: Double, to end: Double, _ progress: Double) -> Double {
    let fraction = min(max(progress, 0), 1)
    return end + (start - end) * (1 + UnrollCore.cosine(.pi * fraction)) / 2
  }

  private static func oneCycle(step: Int, steps: Int) -> Double {
    let first = 1.0 / 25
    let top = 0.3 * Double(steps) - 1
    let last = Double(steps) - 1
    let position = Double(step)
    if top > 0 && position <= top { return anneal(from: first, to: 1, position / top) }
    return anneal(from: 1, to: first / 10_000, (position - top) / max(last - top, 1))
  }
}

/// A learning rate that falls by a factor when a metric has not improved for longer than `patience` epochs.
public struct ReduceOnPlateau: Sendable, Equatable, Codable {
  /// What the optimizer's rate is multiplied by now; 1 at first.
  public private(set) var scale = 1.0
  public let factor: Float
  /// How many epochs without an improvement are borne.
  public let patience: Int
  /// How much lower than the best, as a fraction of its size, a metric must be to count as an improvement.
  public let threshold: Float
  /// The least scale.
  public let minimum: Float
  private var best: Float?
  private var badEpochs = 0

  public init(factor: Float = 0.1, patience: Int = 10, threshold: Float = 1e-4, minimum: Float = 0) {
    self.factor = factor
    self.patience = patience
    self.threshold = threshold
    self.minimum = minimum
  }

  /// Takes in the metric of an epoch; `NaN` is no improvement.
  public mutating func observe(_ metric: Float) {
    if metric.isFinite, best.map({ metric < $0 - threshold * abs($0) }) ?? true {
      best = metric
      badEpochs = 0
      return
    }
    badEpochs += 1
    if badEpochs > patience {
      scale = min(scale, max(scale * Double(factor), Double(minimum)))
      badEpochs = 0
    }
  }
}
