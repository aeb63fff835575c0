import UnrollCore

/// How windows of series are cut and scaled.
///
/// Legend: L look-back, w segment, H horizon.
public struct WindowSettings: Sendable, Equatable {
  /// What is done to values before anything else.
  public enum Transform: String, Sendable, CaseIterable { case none, log }
  /// What is taken off a window.
  public enum Centre: String, Sendable, CaseIterable {
    /// Its last value.
    case last
    /// The mean of its last `centreSteps` values.
    case mean
  }
  /// What a window is divided by.
  public enum Scale: String, Sendable, CaseIterable {
    /// Nothing more than the deviation of the whole series.
    case series
    /// The deviation of the window.
    case window
  }

  /// H, the number of steps to forecast.
  public var horizon: Int
  /// The number of steps after which the pattern repeats; 1: none.
  public var season: Int
  /// A second, longer season, such as the week of hourly data; 0: none.
  public var longSeason = 0
  /// L, the number of steps that a forecast looks back on; a multiple of the segment.
  public var lookBack: Int
  /// w, the number of steps that the recurrent core reads and writes at once.
  public var segment: Int

  public var transform = Transform.none
  public var centre = Centre.mean
  public var scale = Scale.window
  /// The number of last steps whose mean is taken off.
  public var centreSteps: Int
  /// The number of earlier segments shown where a segment is written: those one, two, … (long) seasons before.
  public var lags = 2
  /// Step h of the horizon counts h to the power of minus this: 0 for all alike.
  public var horizonDiscount: Float = 0
  /// Whether the network is told which values were missing.
  public var marksMissing = false
  /// The number of calendar features of a step.
  public var calendarFeatures = 0

  /// Settings for a horizon, with the other sizes as `defaults(for:)` would choose them for long hourly data.
  public init(horizon: Int, season: Int = 1) {
    self.horizon = max(1, horizon)
    self.season = max(1, season)
    segment = Self.segment(season: max(1, season), horizon: max(1, horizon))
    centreSteps = max(1, season)
    lookBack = Self.multiple(of: segment, atLeast: max(14 * max(1, season), 2 * horizon, 16))
  }

  /// The number of segments of a window.
  package var segments: Int { lookBack / segment }
  /// The number of segments of a horizon.
  package var horizonSegments: Int { (horizon + segment - 1) / segment }
  /// Steps that the network writes: the horizon rounded up to whole segments.
  package var writtenSteps: Int { horizonSegments * segment }
  /// The distances of the segments shown where a segment is written.
  package var lagSteps: [Int] {
    let season = max(longSeason, season, 1)
    return lags < 1 ? [] : (1...lags).map { $0 * season }.filter { $0 <= lookBack }
  }
  /// The fewest steps that a series needs before a window's end.
  package var minimumHistory: Int { max(2, min(lookBack, max(season, segment))) }

  private static func multiple(of segment: Int, atLeast count: Int) -> Int {
    max(1, (count + segment - 1) / segment) * segment
  }

  /// A season or a whole part of it that is neither so short that the core takes many steps nor so long that
  /// it takes few.
  private static func segment(season: Int, horizon: Int) -> Int {
    if season < 4 { return max(1, min(8, horizon)) }
    if season <= 48 { return season }
    for parts in 2...season where season % parts == 0 && season / parts <= 48 { return season / parts }
    return 24
  }
}

extension WindowSettings {
  /// Settings that suit the data.
  ///
  /// The look-back is fourteen seasons where the series are long enough, so that hourly data shows two weeks;
  /// positive data of several series goes through the logarithm, so that large and small ones weigh alike.
  ///
  /// - Parameter longSeason: guessed when `nil`.
  package init(for data: TimeSeries, longSeason: Int? = nil) {
    let season = data.season
    self.init(horizon: data.horizon, season: season)
    let lengths = data.series.map(\.count).sorted()
    let typical = lengths.isEmpty ? 0 : lengths[lengths.count / 2]
    if let long = longSeason ?? Self.guessedLongSeason(data, season: season, typical: typical) {
      self.longSeason = long
      centreSteps = long
    }
    let affordable = max(2 * season, (typical - horizon) / 2, segment)
    lookBack = max(1, min(lookBack, affordable) / segment) * segment
    centreSteps = min(centreSteps, lookBack)
    let values = data.series.lazy.flatMap { $0.targets.joined() }.filter { !$0.isNaN }
    if !values.isEmpty && values.allSatisfy({ $0 > 0 }) && Self.spread(data) > 3 { transform = .log }
    marksMissing = data.series.contains { $0.targets.contains { $0.contains { $0.isNaN } } }
    calendarFeatures = CalendarFeatures(frequency: data.frequency).count
  }

  /// Takes another segment and look-back, as far as the data has steps for them: more would be padding.
  package mutating func resize(segment: Int?, lookBack: Int?, longest: Int) {
    guard segment != nil || lookBack != nil else { return }
    self.segment = segment ?? self.segment
    self.lookBack = max(1, min(lookBack ?? self.lookBack, longest) / self.segment) * self.segment
    centreSteps = min(centreSteps, self.lookBack)
  }

  /// How many times the largest series' mean exceeds the smallest's.
  private static func spread(_ data: TimeSeries) -> Double {
    let means = data.series.flatMap { $0.targets.map { mean($0.filter { !$0.isNaN }) } }.filter { $0 > 0 }
    return (means.max() ?? 1) / (means.min() ?? 1)
  }

  private static func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }

  /// Seven seasons, such as the week of hourly data, where at least a tenth of the series are nearer to
  /// themselves after seven seasons than after one: the network finds out which.
  private static func guessedLongSeason(_ data: TimeSeries, season: Int, typical: Int) -> Int? {
    let long = 7 * season
    guard season >= 12, season <= 300, typical >= 4 * long else { return nil }
    func change(_ values: [Double], _ lag: Int) -> Double {
      mean(zip(values.dropFirst(lag), values).map { abs($0 - $1) }.filter { !$0.isNaN })
    }
    let nearer = data.series.flatMap(\.targets).filter { $0.count > 2 * long }.map { values in
      change(Array(values.dropFirst(long - season)), season) > 1.02 * change(values, long)
    }
    return nearer.count { $0 } * 10 >= max(1, nearer.count) ? long : nil
  }
}
