import UnrollCore

/// How the learning rate goes over the course of training.
///
/// A schedule is a value that can be saved: with the step and the epoch it is all that a resumed training needs.
/// `step` counts updates and `epoch` passes over the data, both from 0.
public indirect enum Schedule: Sendable, Equatable, Codable {
  /// The same rate throughout.
  case constant(Float)

  /// Multiplied by a factor after every so many epochs: initial · factor^⌊epoch / every⌋.
  case stepDecay(initial: Float, factor: Float, every: Int)

  /// Half a cosine over so many steps, then the minimum (Loshchilov & Hutter 2017, "SGDR", equation 5, without
  /// restarts): minimum + (initial − minimum) · (1 + cos(π step / steps)) / 2.
  case cosine(initial: Float, minimum: Float = 0, steps: Int)

  /// Rises in a line over so many steps to the start of another schedule, whose steps count from there: the
  /// first rate is 1 / steps of it.
  case warmUp(steps: Int, then: Schedule)

  /// Falls when a metric stops improving.
  case reduceOnPlateau(ReduceOnPlateau)

  /// Up and down once (Smith & Topin 2018, "Super-convergence"), both by half a cosine: from maximum / 25 to
  /// the maximum over the first 30 % of the steps, then to maximum / 250 000.
  case oneCycle(maximum: Float, steps: Int)

  /// The learning rate for an update.
  public func rate(step: Int, epoch: Int) -> Float {
    switch self {
    case .constant(let rate): rate
    case .stepDecay(let initial, let factor, let every):
      Float(Double(initial) * power(Double(factor), Double(epoch / max(every, 1))))
    case .cosine(let initial, let minimum, let steps):
      Self.anneal(from: initial, to: minimum, Double(step) / Double(max(steps, 1)))
    case .warmUp(let steps, let next) where step < steps:
      next.rate(step: 0, epoch: epoch) * Float(Double(step + 1) / Double(steps))
    case .warmUp(let steps, let next): next.rate(step: step - max(steps, 0), epoch: epoch)
    case .reduceOnPlateau(let plateau): plateau.rate
    case .oneCycle(let maximum, let steps): Self.oneCycle(maximum, step: step, steps: steps)
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

  /// Half a cosine from one rate to another while `progress` goes from 0 to 1.
  private static func anneal(from start: Float, to end: Float, _ progress: Double) -> Float {
    let fraction = min(max(progress, 0), 1)
    return Float(Double(end) + (Double(start) - Double(end)) * (1 + UnrollCore.cosine(.pi * fraction)) / 2)
  }

  private static func oneCycle(_ maximum: Float, step: Int, steps: Int) -> Float {
    let first = maximum / 25
    let top = 0.3 * Double(steps) - 1
    let last = Double(steps) - 1
    let position = Double(step)
    if top > 0 && position <= top { return anneal(from: first, to: maximum, position / top) }
    return anneal(from: maximum, to: first / 10_000, (position - top) / max(last - top, 1))
  }
}

/// A learning rate that falls by a factor when a metric has not improved for longer than `patience` epochs.
public struct ReduceOnPlateau: Sendable, Equatable, Codable {
  /// The rate now.
  public private(set) var rate: Float
  public let factor: Float
  /// How many epochs without an improvement are borne.
  public let patience: Int
  /// How much lower than the best, as a fraction of its size, a metric must be to count as an improvement.
  public let threshold: Float
  public let minimum: Float
  private var best: Float?
  private var badEpochs = 0

  public init(
    initial: Float, factor: Float = 0.1, patience: Int = 10, threshold: Float = 1e-4, minimum: Float = 0
  ) {
    rate = initial
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
      rate = min(rate, max(rate * factor, minimum))
      badEpochs = 0
    }
  }
}
