import UnrollData
import UnrollNetworks

/// How a forecaster is built and trained: everything that is not a weight.
///
/// Legend: L look-back, w segment, H horizon, C targets.
public struct ForecastSettings: Sendable, Codable, Equatable {
  /// What is done to values before anything else.
  public enum Transform: String, Sendable, Codable, CaseIterable { case none, log }
  /// What is taken off a window.
  public enum Centre: String, Sendable, Codable, CaseIterable {
    /// Its last value.
    case last
    /// The mean of its last `centreSteps` values.
    case mean
  }
  /// What a window is divided by.
  public enum Scale: String, Sendable, Codable, CaseIterable {
    /// Nothing more than the deviation of the whole series.
    case series
    /// The deviation of the window.
    case window
  }
  /// What training makes small.
  public enum LossKind: String, Sendable, Codable, CaseIterable {
    /// The quantile loss of all levels: needed for intervals.
    case quantile
    /// The squared error of a single output; intervals come from the errors on the validation part.
    case squared
  }

  /// The recurrent cell.
  public var cell = CellKind.gru
  /// Hidden units of the recurrent core.
  public var hiddenSize = 128
  /// Layers of the recurrent core.
  public var layers = 1
  /// The share of features dropped before the head, and between layers.
  public var dropout: Float = 0.2

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
  /// Whether a linear map from the window to the horizon is added, started from the seasonal naive forecast.
  public var skip = true
  /// The number of earlier segments shown where a segment is written: those one, two, … (long) seasons before.
  public var lags = 2
  /// Whether a table of the season's mean pattern is learned and taken off (Lin et al. 2024, "CycleNet").
  public var cycle = false
  /// Whether each target's segments are read together with those of the others.
  public var mixesTargets = false

  public var loss = LossKind.quantile
  /// Step h of the horizon counts h to the power of minus this: 0 for all alike.
  public var horizonDiscount: Float = 0
  /// The quantiles that the network gives, rising; the middle one is the median.
  public var levels: [Float] = [0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975]

  public var epochs = 50
  public var batchSize = 128
  /// The most optimizer steps of an epoch.
  public var maximumStepsPerEpoch = 60
  public var learningRate: Float = 2e-3
  public var weightDecay: Float = 1e-4
  /// The decay of the moving average of the weights.
  public var averaging: Float = 0.998
  /// Epochs without improvement after which training ends; 0: never.
  public var patience = 0
  /// The share above the lowest validation loss that counts as equal to it; later epochs are preferred then.
  public var tolerance = 0.02
  public var seed: UInt64 = 0
  /// Members of the ensemble, each trained from a seed of its own; forecasts are their mean.
  public var members = 1

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
  var segments: Int { lookBack / segment }
  /// The number of segments of a horizon.
  var horizonSegments: Int { (horizon + segment - 1) / segment }
  /// Steps that the network writes: the horizon rounded up to whole segments.
  var writtenSteps: Int { horizonSegments * segment }
  /// The distances of the segments shown where a segment is written.
  var lagSteps: [Int] {
    let season = max(longSeason, season, 1)
    return lags < 1 ? [] : (1...lags).map { $0 * season }.filter { $0 <= lookBack }
  }
  /// The fewest steps that a series needs before a window's end.
  var minimumHistory: Int { max(2, min(lookBack, max(season, segment))) }
  /// The levels of the outputs.
  var outputs: Int { loss == .quantile ? levels.count : 1 }

  static func multiple(of segment: Int, atLeast count: Int) -> Int {
    max(1, (count + segment - 1) / segment) * segment
  }

  /// A season or a whole part of it that is neither so short that the core takes many steps nor so long that
  /// it takes few.
  static func segment(season: Int, horizon: Int) -> Int {
    if season < 4 { return max(1, min(8, horizon)) }
    if season <= 48 { return season }
    for parts in 2...season where season % parts == 0 && season / parts <= 48 { return season / parts }
    return 24
  }
}

extension ForecastSettings {
  /// Settings that suit the data.
  ///
  /// The look-back is fourteen seasons where the series are long enough, so that hourly data shows two weeks;
  /// positive data of several series goes through the logarithm, so that large and small ones weigh alike.
  public static func defaults(
    for data: TimeSeries, horizon: Int? = nil, season: Int? = nil, longSeason: Int? = nil
  ) -> ForecastSettings {
    let season = season ?? data.season
    var settings = ForecastSettings(horizon: horizon ?? data.horizon, season: season)
    let lengths = data.series.map(\.count).sorted()
    let typical = lengths.isEmpty ? 0 : lengths[lengths.count / 2]
    if let long = longSeason ?? guessedLongSeason(data, season: season, typical: typical) {
      settings.longSeason = long
      settings.centreSteps = long
    }
    let affordable = max(2 * season, (typical - settings.horizon) / 2, settings.segment)
    let wanted = min(settings.lookBack, affordable)
    settings.lookBack = max(1, wanted / settings.segment) * settings.segment
    settings.centreSteps = min(settings.centreSteps, settings.lookBack)
    let values = data.series.flatMap { $0.targets.flatMap { $0 } }.filter { !$0.isNaN }
    if !values.isEmpty && values.allSatisfy({ $0 > 0 }) && spread(data) > 3 { settings.transform = .log }
    // Many series are worth a wider network and larger batches.
    if data.series.reduce(0, { $0 + max(0, $1.count - settings.lookBack - settings.horizon) }) > 30_000 {
      settings.hiddenSize = 256
      settings.batchSize = 256
    }
    settings.marksMissing = data.series.contains { $0.targets.contains { $0.contains { $0.isNaN } } }
    settings.calendarFeatures = CalendarFeatures(frequency: data.frequency).count
    return settings
  }

  /// What was chosen, in lines for a person.
  public var notes: [String] {
    let seasons = longSeason > 0 ? "\(season) and \(longSeason)" : season > 1 ? "\(season)" : "none"
    return [
      "model: \(cell.rawValue), \(layers) × \(hiddenSize) units, looks back \(lookBack) steps, seasons \(seasons)"
        + (transform == .log ? ", on a logarithmic scale" : "")
    ]
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
