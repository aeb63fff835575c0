import UnrollCore

/// Series made ready for the network: transformed, scaled, with gaps filled and covariates standardised.
package struct WindowedSeries: Sendable {
  /// One target of one series.
  package struct Track: Sendable {
    /// Transformed and scaled values with gaps filled from the past.
    package let values: [Float]
    /// Whether a value was observed.
    package let observed: [Bool]
    /// The first step that was observed; what stands before it is made up. `count` when there is none.
    package let firstObserved: Int
    /// What takes values back, before the transform is undone.
    package let scale: SeriesScale
    /// The mean absolute change over a season, in the units of the data: what errors are weighed against.
    package let naiveError: Double
  }

  package struct Entry: Sendable {
    package let tracks: [Track]
    /// `[step · features]`: calendar and known covariates, also of the future.
    package let covariates: [Float]
    package let count: Int
    /// The place of step 0 in the season.
    package let phase: Int
  }

  package let entries: [Entry]
  package let covariateCount: Int
  package let settings: WindowSettings

  /// - Parameters:
  ///   - future: steps after the end of each series whose covariates are needed.
  ///   - fitted: per series, the number of first steps that new scales may be taken from; `nil`: all.
  ///   - scales: the scales of series and covariates that were seen in training.
  package init(
    _ data: TimeSeries, _ settings: WindowSettings, future: Int, fitted: [Int]? = nil,
    scales: SeriesScales
  ) {
    self.settings = settings
    let calendar = settings.calendarFeatures
    covariateCount = calendar + data.knownNames.count
    let season = max(1, settings.longSeason, settings.season)
    entries = data.series.enumerated().map { index, series in
      let known = scales.tracks[series.id]
      let tracks = series.targets.enumerated().map { target, values in
        Self.track(
          values, settings, fitted: min(fitted?[index] ?? values.count, values.count), scale: known?[target])
      }
      return Entry(
        tracks: tracks,
        covariates: Self.covariates(data, series, calendar, series.count + future, scales.covariates),
        count: series.count, phase: Self.phase(data, series, season, from: scales.anchor))
    }
  }

  /// The place of a series' first step in the season, the same for all series that share a calendar.
  private static func phase(
    _ data: TimeSeries, _ series: TimeSeries.Series, _ season: Int, from anchor: Timestamp?
  ) -> Int {
    guard let anchor, let steps = data.frequency.steps(from: anchor, to: series.start) else { return 0 }
    return ((steps % season) + season) % season
  }

  private static func track(
    _ values: [Double], _ settings: WindowSettings, fitted: Int, scale: SeriesScale?
  ) -> Track {
    // Values that the logarithm cannot take count as missing rather than as minus infinity.
    let transformed =
      settings.transform == .log ? values.map { $0 > 0 ? naturalLogarithm($0) : .nan } : values
    let scale = scale ?? SeriesScale(of: transformed.prefix(fitted))
    func scaled(_ value: Double) -> Float { Float((value - scale.mean) / scale.deviation) }
    let season = max(1, settings.season)
    var filled: [Float] = []
    filled.reserveCapacity(values.count)
    let firstObserved = transformed.firstIndex { !$0.isNaN } ?? transformed.count
    let first = firstObserved < transformed.count ? transformed[firstObserved] : scale.mean
    for (step, value) in transformed.enumerated() {
      if !value.isNaN {
        filled.append(scaled(value))
      } else if step >= season {
        filled.append(filled[step - season])
      } else {
        filled.append(filled.last ?? scaled(first))
      }
    }
    let naive = seasonalChange(values.prefix(fitted), season: season)
    return Track(
      values: filled, observed: transformed.map { !$0.isNaN }, firstObserved: firstObserved, scale: scale,
      naiveError: naive)
  }

  /// The mean of |yₜ − yₜ₋ₘ| over pairs that were observed, of one step where that of a season is 0; 0 where nothing
  /// changes.
  private static func seasonalChange(_ values: ArraySlice<Double>, season: Int) -> Double {
    for lag in season > 1 ? [season, 1] : [1] {
      let changes = zip(values.dropFirst(lag), values).map { abs($0 - $1) }.filter { !$0.isNaN }
      let mean = changes.isEmpty ? 0 : changes.reduce(0, +) / Double(changes.count)
      if mean > 0 { return mean }
    }
    return 0
  }

  private static func covariates(
    _ data: TimeSeries, _ series: TimeSeries.Series, _ calendar: Int, _ count: Int,
    _ scales: [SeriesScale]
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

/// The mean and deviation of one target of one series, after the transform.
package struct SeriesScale: Sendable, Codable, Equatable {
  package let mean: Double
  package let deviation: Double

  /// The scale of some values, NaN where missing.
  package init(of values: some Collection<Double>) {
    let known = values.filter { !$0.isNaN }
    // Squares of numbers beyond this would be infinite.
    let largest = known.reduce(0) { max($0, abs($1)) }
    let unit = largest > 1e100 ? largest : 1
    let mean = known.isEmpty ? 0 : known.reduce(0) { $0 + $1 / unit } / Double(known.count)
    let variance =
      known.reduce(0) { $0 + ($1 / unit - mean) * ($1 / unit - mean) } / Double(max(1, known.count))
    self.mean = mean * unit
    // A constant series has no deviation: its values become zeros on any scale.
    deviation = variance > 1e-24 * mean * mean ? variance.squareRoot() * unit : max(1e-12, abs(mean * unit))
  }

  package init(mean: Double, deviation: Double) {
    self.mean = mean
    self.deviation = deviation
  }
}

/// The scales that a model was trained with.
package struct SeriesScales: Sendable, Codable, Equatable {
  /// By the id of a series, one a target; a series that is not here gets its own.
  package var tracks: [String: [SeriesScale]] = [:]
  /// One a known covariate.
  package var covariates: [SeriesScale] = []
  /// The time that places in the season are counted from, whatever data is continued.
  package var anchor: Timestamp?

  /// The covariates' scales over all series, and no tracks yet.
  package init(covariatesOf data: TimeSeries) {
    anchor = data.series.map(\.start).min()
    covariates = data.knownNames.indices.map { index in
      let scale = SeriesScale(of: data.series.flatMap { $0.known[index] })
      return SeriesScale(mean: scale.mean, deviation: scale.deviation > 1e-9 ? scale.deviation : 1)
    }
  }

  /// The same with the tracks of some data.
  package func learning(_ data: WindowedSeries, of series: TimeSeries) -> SeriesScales {
    var copy = self
    for (entry, series) in zip(data.entries, series.series)
    where entry.tracks.allSatisfy({ $0.firstObserved < entry.count }) {
      copy.tracks[series.id] = entry.tracks.map(\.scale)
    }
    return copy
  }
}
