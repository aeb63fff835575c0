import UnrollCore

/// Exponential smoothing with additive errors: one of six forms, fitted to one series.
///
/// Legend: y value, l level, b slope, s seasonal part, m season, h steps ahead, e error.
///
///     ŷ_t = l + φ·b + s_{t−m}          e_t = y_t − ŷ_t
///     l ← l + φ·b + α·e                b ← φ·b + β·e            s_t = s_{t−m} + γ·e
///     ŷ at h  = l + (φ + … + φ^h)·b + s of that phase
///     variance at h = σ²·(1 + Σ_{j<h} c_j²),   c_j = α + β·(φ + … + φ^j) + γ where j is a whole season
///
/// Source: Hyndman, Koehler, Ord & Snyder 2008, *Forecasting with Exponential Smoothing*, tables 2.1 and 6.2. A missing
/// value (NaN) has an error of zero: the states go on without it.
package struct ExponentialSmoothing: Sendable, Equatable {
  /// What a form has beside its level.
  package struct Form: Sendable, Hashable {
    package enum Trend: String, Sendable, CaseIterable { case none, additive, damped }
    package var trend: Trend
    /// m; 1: no seasonal part.
    package var season: Int
    /// Whether the seasonal part changes; otherwise it stays as it was found.
    package var adaptsSeason: Bool

    package init(trend: Trend, season: Int = 1, adaptsSeason: Bool = true) {
      self.trend = trend
      self.season = max(1, season)
      self.adaptsSeason = adaptsSeason && season > 1
    }
  }

  package struct Weights: Sendable, Equatable {
    package var alpha: Double
    package var beta: Double
    package var gamma: Double
    package var phi: Double

    package init(alpha: Double, beta: Double = 0, gamma: Double = 0, phi: Double = 1) {
      (self.alpha, self.beta, self.gamma, self.phi) = (alpha, beta, gamma, phi)
    }
  }

  /// Level, slope and the seasonal part of the next m steps, the next one first.
  package struct State: Sendable, Equatable {
    package var level: Double
    package var slope: Double
    package var seasonal: [Double]

    package init(level: Double, slope: Double = 0, seasonal: [Double] = [0]) {
      (self.level, self.slope, self.seasonal) = (level, slope, seasonal)
    }
  }

  package let form: Form
  package let weights: Weights
  /// Where it stood before the first value, and where it stands after the last.
  package let start: State
  package let end: State
  /// The sum of squared errors of one step, and their number.
  package let squares: Double
  package let count: Int

  /// Runs over a series with weights and a start that are given.
  package init(_ series: [Double], _ form: Form, _ weights: Weights, start: State) {
    (self.form, self.weights, self.start) = (form, weights, start)
    var run = Run(start)
    for value in series { run.step(value, weights) }
    end = run.state
    (squares, count) = (run.squares, run.count)
  }

  /// Fits a form to a series, by the least sum of squared errors of one step.
  ///
  /// The seasonal part starts from a classical decomposition. Errors are linear in the first level and slope,
  /// whose best values for given weights are found by least squares; weights by Nelder and Mead's method.
  ///
  /// - Returns: nothing for fewer than two values, or fewer than two seasons.
  package init?(fitting series: [Double], _ form: Form) {
    let known = series.count { !$0.isNaN }
    guard known >= (form.trend == .none ? 2 : 4) else { return nil }
    var seasonal = [0.0]
    if form.season > 1 {
      guard let found = Seasonality.additiveParts(of: series, season: form.season) else { return nil }
      seasonal = found
    }
    func start(_ weights: Weights) -> State {
      Self.bestStart(series, form, weights, seasonal: seasonal)
    }
    let axes = [true, form.trend != .none, form.adaptsSeason, form.trend == .damped]
    func weights(_ point: [Double]) -> Weights {
      var values = point[...]
      /// Between 0 and 1, an axis at a time.
      func share(_ axis: Int) -> Double {
        axes[axis] ? 1 / (1 + exponential(-min(max(values.removeFirst(), -30), 30))) : 0
      }
      let alpha = 1e-4 + 0.9998 * share(0)
      return Weights(
        alpha: alpha, beta: alpha * share(1), gamma: (1 - alpha) * share(2),
        phi: form.trend == .damped ? 0.8 + 0.18 * share(3) : 1)
    }
    // α = 0.3, β = 0.1·α, γ = 0.1·(1 − α), φ = 0.92.
    let first = zip([-0.85, -2.2, -2.2, 0.7], axes).filter(\.1).map(\.0)
    let best = NelderMead.minimise(from: first, step: 1.2, evaluations: 40 + 30 * first.count) { point in
      let weights = weights(point)
      return Self(series, form, weights, start: start(weights)).squares
    }
    let found = weights(best.point)
    self.init(series, form, found, start: start(found))
  }

  /// The first level and slope that make the squared errors least.
  private static func bestStart(
    _ series: [Double], _ form: Form, _ weights: Weights, seasonal: [Double]
  ) -> State {
    var run = Run(State(level: 0, seasonal: seasonal))
    var ofLevel = Run(State(level: 1))
    var ofSlope = Run(State(level: 0, slope: 1))
    // Normal equations of e + l·e_l + b·e_b.
    var (ll, lb, bb, le, be) = (0.0, 0.0, 0.0, 0.0, 0.0)
    let hasSlope = form.trend != .none
    for value in series {
      let isMissing = value.isNaN
      let error = run.step(value, weights)
      let byLevel = ofLevel.step(isMissing ? .nan : 0, weights)
      ll += byLevel * byLevel
      le += byLevel * error
      guard hasSlope else { continue }
      let bySlope = ofSlope.step(isMissing ? .nan : 0, weights)
      lb += byLevel * bySlope
      bb += bySlope * bySlope
      be += bySlope * error
    }
    let determinant = ll * bb - lb * lb
    guard hasSlope, determinant > 1e-12 * ll * bb else {
      return State(level: ll > 0 ? -le / ll : 0, seasonal: seasonal)
    }
    return State(
      level: (lb * be - bb * le) / determinant, slope: (lb * le - ll * be) / determinant, seasonal: seasonal)
  }

  /// A walk along a series.
  private struct Run {
    private var level: Double
    private var slope: Double
    private var seasonal: [Double]
    private var phase = 0
    private(set) var squares = 0.0
    private(set) var count = 0

    init(_ start: State) { (level, slope, seasonal) = (start.level, start.slope, start.seasonal) }

    /// Takes a value in, and gives its error.
    @discardableResult mutating func step(_ value: Double, _ weights: Weights) -> Double {
      let before = level + weights.phi * slope
      let error = value.isNaN ? 0 : value - before - seasonal[phase]
      level = before + weights.alpha * error
      slope = weights.phi * slope + weights.beta * error
      seasonal[phase] += weights.gamma * error
      phase = phase + 1 == seasonal.count ? 0 : phase + 1
      if !value.isNaN {
        squares += error * error
        count += 1
      }
      return error
    }

    var state: State {
      State(level: level, slope: slope, seasonal: Array(seasonal[phase...] + seasonal[..<phase]))
    }
  }

  /// The numbers that were fitted: weights, the first states and σ.
  private var parameters: Int {
    let seasonal = form.season > 1 ? form.season - 1 + (form.adaptsSeason ? 1 : 0) : 0
    return 3 + (form.trend == .none ? 0 : 2) + (form.trend == .damped ? 1 : 0) + seasonal
  }

  /// Akaike's criterion for short series; nothing where there are too few values for it.
  ///
  ///     n·ln(SSE/n) + 2k + 2k(k + 1) / (n − k − 1)
  package var criterion: Double? {
    let (n, k) = (Double(count), Double(parameters))
    guard n - k - 1 > 0, squares >= 0 else { return nil }
    return n * naturalLogarithm(max(squares / n, 1e-300)) + 2 * k + 2 * k * (k + 1) / (n - k - 1)
  }

  /// σ of the errors of one step.
  private var deviation: Double {
    let free = count - parameters + 1
    return count < 2 ? .nan : (squares / Double(max(1, free))).squareRoot()
  }

  package func forecast(_ horizon: Int) -> BaselineForecast {
    var result = BaselineForecast(points: [], standardErrors: [])
    var (damping, power, variance) = (0.0, 1.0, 1.0)
    for step in 0..<max(0, horizon) {
      // c_j of the step before, of which `damping` still is the sum.
      if step > 0 {
        let isSeason = form.season > 1 && step % form.season == 0
        let change = weights.alpha + weights.beta * damping + (isSeason ? weights.gamma : 0)
        variance += change * change
      }
      power *= weights.phi
      damping += power
      result.points.append(end.level + damping * end.slope + end.seasonal[step % end.seasonal.count])
      result.standardErrors.append(deviation * variance.squareRoot())
    }
    return result
  }
}
