import UnrollCore

/// Smoothing methods that choose their form by themselves.
extension Baseline {
  /// More of a history says little of the next steps and costs time.
  private static let longest = 2000
  /// Seasons that are longer are taken off as they are found, rather than followed.
  private static let longestFollowed = 24

  /// Exponential smoothing in the form of the least AICc, of the values or of their logarithms.
  ///
  /// Logarithms are tried where all values are positive; what they give is compared by the density of the values
  /// themselves, which adds 2·Σ ln y to the criterion. Medians come back as the exponentials of the
  /// logarithms' means.
  static func smoothing(_ history: [Double], _ horizon: Int, season: Int) -> BaselineForecast {
    guard let scaled = Scaled(history, longest: max(longest, 3 * season)) else {
      return naive.forecast(history: history, horizon: horizon, season: 1)
    }
    let values = scaled.values
    var best: (criterion: Double, model: ExponentialSmoothing, isLogarithmic: Bool)?
    for isLogarithmic in [false, true] {
      if isLogarithmic && values.contains(where: { $0 <= 0 }) { continue }
      let series = isLogarithmic ? values.map { $0.isNaN ? .nan : naturalLogarithm($0) } : values
      let shift = isLogarithmic ? 2 * series.filter { !$0.isNaN }.reduce(0, +) : 0
      for form in forms(series, season: season) {
        guard let model = ExponentialSmoothing(fitting: series, form), let criterion = model.criterion,
          criterion + shift < best?.criterion ?? .infinity
        else { continue }
        best = (criterion + shift, model, isLogarithmic)
      }
    }
    guard let best else { return naive.forecast(history: history, horizon: horizon, season: 1) }
    var result = best.model.forecast(horizon)
    if best.isLogarithmic {
      result.points = result.points.map { exponential(min($0, 300)) }
      result.errorsAreLogarithmic = true
    }
    return scaled.restored(result)
  }

  private static func forms(_ series: [Double], season: Int) -> [ExponentialSmoothing.Form] {
    var seasons = [(season: 1, adapts: false)]
    if season > 1 && season <= longestFollowed && series.count >= 2 * season {
      seasons.append((season, true))
    } else if Seasonality.isPresent(in: series, season: season) {
      seasons = [(season, false)]
    }
    return seasons.flatMap { season, adapts in
      ExponentialSmoothing.Form.Trend.allCases.map {
        ExponentialSmoothing.Form(trend: $0, season: season, adaptsSeason: adapts)
      }
    }
  }

  /// The standard theta method: the mean of the line through the seasonally adjusted series and of the simple
  /// exponential smoothing of twice the series less that line, times the seasonal index.
  ///
  /// Source: Assimakopoulos & Nikolopoulos 2000, "The theta model", with the seasonal adjustment of the M4
  /// competition's benchmarks. It is simple exponential smoothing with a drift of half the line's slope (Hyndman &
  /// Billah 2003), from which its standard errors are: σ·√(1 + (h − 1)·α²).
  static func theta(_ history: [Double], _ horizon: Int, season: Int) -> BaselineForecast {
    guard let scaled = Scaled(history, longest: max(longest, 3 * season)) else {
      return naive.forecast(history: history, horizon: horizon, season: 1)
    }
    var values = scaled.values
    let count = values.count
    let indices =
      Seasonality.isPresent(in: values, season: season)
      ? Seasonality.multiplicativeIndices(of: values, season: season) : nil
    if let indices { values = values.enumerated().map { $1 / indices[$0 % season] } }
    let (intercept, slope) = line(values)
    let bent = values.enumerated().map { 2 * $1 - intercept - slope * Double($0) }
    guard let model = ExponentialSmoothing(fitting: bent, ExponentialSmoothing.Form(trend: .none)) else {
      return naive.forecast(history: history, horizon: horizon, season: 1)
    }
    // An error of the bent series is twice one of the forecast.
    let deviation = (model.squares / Double(max(1, model.count - 2))).squareRoot() / 2
    var result = BaselineForecast(points: [], standardErrors: [])
    for step in 0..<max(0, horizon) {
      let index = indices?[(count + step) % season] ?? 1
      let along = intercept + slope * Double(count + step)
      result.points.append(index * (along + model.end.level) / 2)
      let spread = 1 + Double(step) * model.weights.alpha * model.weights.alpha
      result.standardErrors.append(index * deviation * spread.squareRoot())
    }
    return scaled.restored(result)
  }

  /// The least squares line through what was observed, from step 0.
  private static func line(_ values: [Double]) -> (intercept: Double, slope: Double) {
    let observed = values.enumerated().filter { !$1.isNaN }
    let count = Double(observed.count)
    let middle = observed.reduce(0) { $0 + Double($1.offset) } / count
    let mean = observed.reduce(0) { $0 + $1.element } / count
    var (across, along) = (0.0, 0.0)
    for (step, value) in observed {
      along += (Double(step) - middle) * (value - mean)
      across += (Double(step) - middle) * (Double(step) - middle)
    }
    let slope = across > 0 ? along / across : 0
    return (mean - slope * middle, slope)
  }
}

/// A history from its first observed value on, in units of its greatest: squares of huge numbers are infinite.
private struct Scaled {
  let values: [Double]
  private let unit: Double

  /// Nothing where fewer than two values differ.
  init?(_ history: [Double], longest: Int) {
    let observed = history.lazy.filter { !$0.isNaN }
    guard let first = history.firstIndex(where: { !$0.isNaN }), let least = observed.min(),
      let greatest = observed.max(), least < greatest
    else { return nil }
    unit = max(abs(least), abs(greatest))
    let unit = unit
    values = history[max(first, history.count - longest)...].map { $0 / unit }
  }

  func restored(_ forecast: BaselineForecast) -> BaselineForecast {
    var copy = forecast
    copy.points = copy.points.map { $0 * unit }
    if !copy.errorsAreLogarithmic { copy.standardErrors = copy.standardErrors.map { $0 * unit } }
    return copy
  }
}
