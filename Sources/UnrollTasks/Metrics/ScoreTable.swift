/// Scores of several methods over the same windows of a backtest, gathered window by window and shown as a table.
///
/// Every mean is over steps: windows with more observed steps weigh more. RMSE is the root of the mean over all
/// steps; MASE divides each window's errors by the scale of that window's own history, and a window without a
/// scale is left out of it. Sharing the levels keeps CRPS comparable between methods.
public struct ScoreTable: Sendable {
  /// What one method scores so far. NaN where nothing could be scored.
  public struct Scores: Sendable, Equatable {
    public var meanAbsoluteError: Double
    public var rootMeanSquaredError: Double
    /// In percent, 0 to 200.
    public var symmetricPercentageError: Double
    public var meanAbsoluteScaledError: Double
    /// The share inside the central interval of each of the table's levels, 0 to 1.
    public var coverage: [Double]
    public var continuousRankedProbabilityScore: Double
    /// How many steps had both an actual value and a forecast.
    public var steps: Int
  }

  /// The season that scales MASE, in steps.
  public let season: Int
  /// The central intervals whose coverage is counted.
  public let intervalLevels: [Double]
  /// The levels that CRPS is a mean over; spread evenly it is nearest to the integral.
  public let quantileLevels: [Double]
  /// The methods, in the order in which they were first added.
  public private(set) var methods: [String] = []
  private var sums: [String: Sums] = [:]

  public init(
    season: Int, intervalLevels: [Double] = [0.80, 0.95],
    quantileLevels: [Double] = (1...19).map { Double($0) / 20 }
  ) {
    self.season = season
    self.intervalLevels = intervalLevels
    self.quantileLevels = quantileLevels
  }

  /// Adds one window of one method.
  /// - Parameters:
  ///   - points: the point forecast, `[horizon]`.
  ///   - history: everything before the window, for the scale of MASE.
  ///   - quantile: the forecast's quantile of a level, `[horizon]`; asked for the table's levels and for both ends
  ///     of its intervals. Without it, coverage and CRPS stay NaN.
  public mutating func add(
    _ method: String, points: [Double], actual: [Double], history: [Double],
    quantile: ((_ level: Double) -> [Double])? = nil
  ) {
    if sums[method] == nil {
      methods.append(method)
      sums[method] = Sums(coverage: intervalLevels.map { _ in Mean() })
    }
    let scale = ForecastMetrics.scale(history: history, season: season)
    sums[method]?.addPoints(points, actual, scale: scale)
    guard let quantile else { return }
    let curves = quantileLevels.map(quantile)
    let intervals = intervalLevels.map { (quantile((1 - $0) / 2), quantile((1 + $0) / 2)) }
    sums[method]?.addQuantiles(curves, quantileLevels, intervals, actual)
  }

  /// Adds one window of a baseline under its own name.
  public mutating func add(_ baseline: Baseline, actual: [Double], history: [Double]) {
    let forecast = baseline.forecast(history: history, horizon: actual.count, season: season)
    add(baseline, forecast, actual: actual, history: history)
  }

  /// Adds what a baseline said of one window.
  mutating func add(_ baseline: Baseline, _ forecast: BaselineForecast, actual: [Double], history: [Double]) {
    add(
      baseline.rawValue, points: forecast.points, actual: actual, history: history,
      quantile: forecast.quantile)
  }

  /// The scores of a method; nothing for one that was never added.
  public func scores(of method: String) -> Scores? { sums[method]?.scores }

  /// OWA of M4 of one method against another, which for M4 is Naive2.
  public func overallWeightedAverage(of method: String, against reference: String) -> Double? {
    guard let own = scores(of: method), let other = scores(of: reference) else { return nil }
    return ForecastMetrics.overallWeightedAverage(
      symmetricPercentageError: own.symmetricPercentageError,
      meanAbsoluteScaledError: own.meanAbsoluteScaledError,
      referencePercentageError: other.symmetricPercentageError,
      referenceScaledError: other.meanAbsoluteScaledError)
  }
}

/// A mean that is added to; NaN is passed over.
private struct Mean: Sendable {
  var sum = 0.0
  var count = 0

  mutating func add(_ value: Double) {
    guard !value.isNaN else { return }
    sum += value
    count += 1
  }

  var value: Double { count == 0 ? .nan : sum / Double(count) }
}

/// The running means of one method.
private struct Sums: Sendable {
  var absolute = Mean()
  var squared = Mean()
  var percentage = Mean()
  var scaled = Mean()
  var ranked = Mean()
  var coverage: [Mean]

  mutating func addPoints(_ points: [Double], _ actual: [Double], scale: Double) {
    for (y, f) in zip(actual, points) {
      absolute.add(abs(y - f))
      squared.add((y - f) * (y - f))
      percentage.add(ForecastMetrics.symmetricPercentageTerm(actual: y, forecast: f))
      scaled.add(abs(y - f) / scale)
    }
  }

  mutating func addQuantiles(
    _ curves: [[Double]], _ levels: [Double], _ intervals: [([Double], [Double])], _ actual: [Double]
  ) {
    for (step, y) in actual.enumerated() {
      let losses = zip(curves, levels).map { curve, level in
        step < curve.count ? ForecastMetrics.pinball(actual: y, quantile: curve[step], level: level) : .nan
      }
      ranked.add(2 * losses.reduce(0, +) / Double(losses.count))
      for (k, (lower, upper)) in intervals.enumerated() where step < lower.count && step < upper.count {
        let y = [y]
        coverage[k].add(ForecastMetrics.coverage(actual: y, lower: [lower[step]], upper: [upper[step]]))
      }
    }
  }

  var scores: ScoreTable.Scores {
    ScoreTable.Scores(
      meanAbsoluteError: absolute.value, rootMeanSquaredError: squared.value.squareRoot(),
      symmetricPercentageError: percentage.value, meanAbsoluteScaledError: scaled.value,
      coverage: coverage.map(\.value), continuousRankedProbabilityScore: ranked.value,
      steps: absolute.count)
  }
}
