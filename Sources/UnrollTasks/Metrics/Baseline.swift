import UnrollCore

/// The simple methods that a forecast must beat to be worth anything.
///
/// Point forecasts and interval growth follow Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*,
/// 3rd edition, sections 5.2 and 5.5. Legend: T history length, h step ahead from 1, m season, σ standard
/// deviation of the residuals of one step.
///
/// | method | ŷ at h | standard error at h |
/// |---|---|---|
/// | naive | y_T | σ·√h |
/// | seasonal naive | the last value of the same phase | σ·√k, k = ⌊(h−1)/m⌋ + 1 |
/// | drift | y_T + h·(y_T − y_1)/(T−1) | σ·√(h·(1 + h/(T−1))) |
/// | naive2 | naive on the seasonally adjusted series, times the seasonal index | σ·√h·index |
/// | ETS | exponential smoothing of the form that AICc prefers | see `ExponentialSmoothing` |
/// | theta | half a line, half exponential smoothing, times the seasonal index | σ·√(1 + (h−1)·α²)·index |
///
/// Missing values (NaN) are stepped over: "last" means last observed, a gap of g steps widens h by g, and a
/// residual across a gap of g steps is divided by √g, as a random walk would have it.
public enum Baseline: String, CaseIterable, Sendable {
  case naive
  case seasonalNaive = "seasonal naive"
  case drift
  case naive2
  case smoothing = "ETS"
  case theta

  /// A forecast of `horizon` steps after the last entry of `history`. NaN throughout when nothing was observed;
  /// standard errors are NaN when there is no residual to learn them from.
  public func forecast(history: [Double], horizon: Int, season: Int) -> BaselineForecast {
    switch self {
    case .naive: Self.seasonalNaive(history, horizon, season: 1)
    case .seasonalNaive: Self.seasonalNaive(history, horizon, season: max(season, 1))
    case .drift: Self.drift(history, horizon)
    case .naive2: Self.naive2(history, horizon, season: max(season, 1))
    case .smoothing: Self.smoothing(history, horizon, season: max(season, 1))
    case .theta: Self.theta(history, horizon, season: max(season, 1))
    }
  }

  /// Naive is seasonal naive with a season of one step. A phase that was never observed repeats the last value
  /// observed at all, with the standard error of its distance in seasons.
  private static func seasonalNaive(_ history: [Double], _ horizon: Int, season: Int) -> BaselineForecast {
    guard horizon > 0, let last = history.lastIndex(where: { !$0.isNaN }) else { return .missing(horizon) }
    var lastOfPhase = [Int: Int]()
    var squares = 0.0
    var count = 0
    for (index, value) in history.enumerated() where !value.isNaN {
      if let previous = lastOfPhase[index % season] {
        let change = value - history[previous]
        squares += change * change / Double((index - previous) / season)
        count += 1
      }
      lastOfPhase[index % season] = index
    }
    let deviation = count == 0 ? Double.nan : (squares / Double(count)).squareRoot()
    var result = BaselineForecast(points: [], standardErrors: [])
    for step in history.count..<(history.count + horizon) {
      let source = lastOfPhase[step % season] ?? last
      let seasons = (step - source + season - 1) / season
      result.points.append(history[source])
      result.standardErrors.append(deviation * Double(seasons).squareRoot())
    }
    return result
  }

  /// The line through the first and the last observed value. One parameter is fitted, so σ² divides by one less.
  private static func drift(_ history: [Double], _ horizon: Int) -> BaselineForecast {
    guard horizon > 0, let first = history.firstIndex(where: { !$0.isNaN }),
      let last = history.lastIndex(where: { !$0.isNaN }), first < last
    else { return seasonalNaive(history, horizon, season: 1) }
    let length = Double(last - first)
    let slope = (history[last] - history[first]) / length
    var squares = 0.0
    var count = 0
    var previous = first
    for index in (first + 1)...last where !history[index].isNaN {
      let gap = Double(index - previous)
      let residual = history[index] - history[previous] - slope * gap
      squares += residual * residual / gap
      count += 1
      previous = index
    }
    let deviation = count < 2 ? Double.nan : (squares / Double(count - 1)).squareRoot()
    let steps = (0..<horizon).map { Double(history.count - last + $0) }
    return BaselineForecast(
      points: steps.map { history[last] + slope * $0 },
      standardErrors: steps.map { deviation * ($0 * (1 + $0 / length)).squareRoot() })
  }

  /// The reference method of the M3 and M4 competitions: naive on the seasonally adjusted series when the test
  /// of `Seasonality` finds a season, else naive.
  private static func naive2(_ history: [Double], _ horizon: Int, season: Int) -> BaselineForecast {
    guard Seasonality.isPresent(in: history, season: season),
      let indices = Seasonality.multiplicativeIndices(of: history, season: season)
    else { return seasonalNaive(history, horizon, season: 1) }
    let adjusted = history.enumerated().map { $1 / indices[$0 % season] }
    var result = seasonalNaive(adjusted, horizon, season: 1)
    for step in result.points.indices {
      let index = indices[(history.count + step) % season]
      result.points[step] *= index
      result.standardErrors[step] *= index
    }
    return result
  }
}

/// What a baseline says: one normal distribution per step ahead.
public struct BaselineForecast: Sendable, Equatable {
  /// The mean and median at each step, in the units of the series.
  public var points: [Double]
  /// The standard deviation of each step's distribution, in the units of the series.
  public var standardErrors: [Double]
  /// Whether it is the logarithms that are normal, points then being medians and errors those of the logarithms.
  public var errorsAreLogarithmic = false

  public init(points: [Double], standardErrors: [Double]) {
    self.points = points
    self.standardErrors = standardErrors
  }

  static func missing(_ horizon: Int) -> BaselineForecast {
    let nothing = [Double](repeating: .nan, count: max(horizon, 0))
    return BaselineForecast(points: nothing, standardErrors: nothing)
  }

  /// The quantile of a level between 0 and 1 at each step.
  public func quantile(_ level: Double) -> [Double] {
    let deviations = StandardNormal.quantile(level)
    return zip(points, standardErrors).map { point, error in
      if error == 0 || deviations == 0 { return point }
      return errorsAreLogarithmic ? point * exponential(deviations * error) : point + deviations * error
    }
  }

  /// The central interval that should hold the actual value with probability `level`, such as 0.8.
  public func interval(_ level: Double) -> (lower: [Double], upper: [Double]) {
    (quantile((1 - level) / 2), quantile((1 + level) / 2))
  }
}
