import UnrollCore
import UnrollData

/// Series made ready for the network: transformed, scaled, with gaps filled and covariates standardised.
struct ForecastData: Sendable {
  /// One target of one series.
  struct Track: Sendable {
    /// Transformed and scaled values with gaps filled from the past.
    let values: [Float]
    /// Whether a value was observed.
    let observed: [Bool]
    /// What takes values back: value · deviation + mean, before the transform is undone.
    let mean: Double
    let deviation: Double
    /// The mean absolute change over a season, in the units of the data: what errors are weighed against.
    let naiveError: Double
  }

  struct Entry: Sendable {
    let tracks: [Track]
    /// `[step · features]`: calendar and known covariates, also of the future.
    let covariates: [Float]
    let count: Int
    /// The place of step 0 in the season.
    let phase: Int
  }

  let entries: [Entry]
  let covariateCount: Int
  let settings: ForecastSettings

  /// - Parameters:
  ///   - future: steps after the end of each series whose covariates are needed.
  ///   - fitted: per series, the number of first steps that scales may be taken from; `nil`: all.
  ///   - covariateScales: mean and deviation of each known covariate, as in training.
  init(
    _ data: TimeSeries, _ settings: ForecastSettings, future: Int, fitted: Int? = nil,
    covariateScales: [CovariateScale]
  ) {
    self.settings = settings
    let calendar = settings.calendarFeatures
    covariateCount = calendar + data.knownNames.count
    let season = max(1, settings.longSeason, settings.season)
    entries = data.series.map { series in
      let tracks = series.targets.map { values in
        Self.track(values, settings, fitted: min(fitted ?? values.count, values.count))
      }
      return Entry(
        tracks: tracks,
        covariates: Self.covariates(data, series, calendar, series.count + future, covariateScales),
        count: series.count, phase: Self.phase(data, series, season))
    }
  }

  /// The place of a series' first step in the season, the same for all series that share a calendar.
  private static func phase(_ data: TimeSeries, _ series: TimeSeries.Series, _ season: Int) -> Int {
    guard let first = data.series.map(\.start).min(),
      let steps = data.frequency.steps(from: first, to: series.start)
    else { return 0 }
    return steps % season
  }

  private static func track(_ values: [Double], _ settings: ForecastSettings, fitted: Int) -> Track {
    // Values that the logarithm cannot take count as missing rather than as minus infinity.
    let transformed = settings.transform == .log ? values.map { $0 > 0 ? naturalLogarithm($0) : .nan } : values
    let known = transformed.prefix(fitted).filter { !$0.isNaN }
    let mean = known.isEmpty ? 0 : known.reduce(0, +) / Double(known.count)
    let variance = known.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, known.count))
    // A constant series has no deviation: its values become zeros on any scale.
    let deviation = variance > 1e-24 * mean * mean ? variance.squareRoot() : max(1e-12, abs(mean))
    let season = max(1, settings.season)
    var filled: [Float] = []
    filled.reserveCapacity(values.count)
    let first = transformed.first { !$0.isNaN } ?? mean
    for (step, value) in transformed.enumerated() {
      if !value.isNaN {
        filled.append(Float((value - mean) / deviation))
      } else if step >= season {
        filled.append(filled[step - season])
      } else {
        filled.append(filled.last ?? Float((first - mean) / deviation))
      }
    }
    let history = Array(values.prefix(fitted))
    let naive = ForecastMetrics.scale(history: history, season: season)
    return Track(
      values: filled, observed: transformed.map { !$0.isNaN }, mean: mean, deviation: deviation,
      naiveError: naive.isNaN ? 0 : naive)
  }

  private static func covariates(
    _ data: TimeSeries, _ series: TimeSeries.Series, _ calendar: Int, _ count: Int,
    _ scales: [CovariateScale]
  ) -> [Float] {
    guard calendar + scales.count > 0 else { return [] }
    let features = calendar > 0 ? data.calendarFeatures(of: 0..<count, in: series) : []
    var result: [Float] = []
    result.reserveCapacity(count * (calendar + scales.count))
    for step in 0..<count {
      result.append(contentsOf: features[step * calendar..<(step + 1) * calendar])
      for (index, scale) in scales.enumerated() {
        let values = series.known[index]
        // Beyond what is known, the mean is as good a guess as any.
        let value = step < values.count ? values[step] : .nan
        result.append(value.isNaN ? 0 : Float((value - scale.mean) / scale.deviation))
      }
    }
    return result
  }
}

/// The mean and deviation of a known covariate over the training data.
struct CovariateScale: Sendable, Codable, Equatable {
  let mean: Double
  let deviation: Double

  /// The scales of all known covariates of some data.
  static func all(_ data: TimeSeries) -> [CovariateScale] {
    data.knownNames.indices.map { index in
      let values = data.series.flatMap { $0.known[index] }.filter { !$0.isNaN }
      let mean = values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, values.count))
      return CovariateScale(mean: mean, deviation: variance > 0 ? variance.squareRoot() : 1)
    }
  }
}
