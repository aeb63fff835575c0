import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// A trained model that continues time series.
///
///     let series = try TimeSeries(csv: "sales.csv", time: "date", targets: ["sales"], id: "store")
///     let forecaster = try Forecaster.train(on: series) { event in print(event) }
///     let next = try forecaster.forecast()
///     let (low, high) = next.tracks[0].interval(0.80)
public struct Forecaster: Sendable {
  /// How the model is built.
  public let settings: ForecastSettings
  /// The data that `forecast()` continues: what the model was trained on.
  public let data: TimeSeries
  /// How training went.
  public internal(set) var summary: ForecastSummary
  let scales: ForecastScales
  let networks: [ForecastNetwork]

  /// The number of numbers that training could change.
  public var parameterCount: Int { networks.reduce(0) { $0 + $1.parameterCount } }

  /// Forecasts the steps after the training data, or after other data of the same columns.
  ///
  /// - Throws: `ForecastError` when the data does not fit the model.
  public func forecast(_ history: TimeSeries? = nil) throws -> Forecast {
    let history = history ?? data
    try check(history)
    let longest = history.series.map(\.count).max() ?? 0
    guard longest >= settings.minimumHistory else {
      throw ForecastError.tooShort(
        file: history.source, longest: longest, needed: settings.minimumHistory, purpose: "to forecast")
    }
    let windows = history.series.indices.filter { history.series[$0].count >= settings.minimumHistory }
      .map { ForecastWindow(series: $0, origin: history.series[$0].count) }
    let quantiles = try predict(windows, of: history)
    var tracks: [Forecast.Track] = []
    var place = 0
    for (index, series) in history.series.enumerated() {
      let isLong = series.count >= settings.minimumHistory
      for (target, name) in history.targetNames.enumerated() {
        let hasPast = isLong && series.targets[target].contains { !$0.isNaN }
        tracks.append(
          track(
            hasPast ? quantiles[place * history.targetNames.count + target] : nil, id: series.id,
            target: name, series: index, origin: series.count))
      }
      if isLong { place += 1 }
    }
    guard tracks.contains(where: { !$0.median[0].isNaN }) else {
      throw ForecastError.noValues(file: history.source, targets: history.targetNames)
    }
    return Forecast(tracks: tracks, data: history, horizon: settings.horizon)
  }

  func track(
    _ quantiles: [[Double]]?, id: String, target: String, series: Int, origin: Int
  ) -> Forecast.Track {
    let empty = Array(repeating: Double.nan, count: settings.horizon)
    let levels = summary.levels(settings)
    let all = quantiles ?? Array(repeating: empty, count: levels.count)
    return Forecast.Track(
      id: id, target: target, series: series, origin: origin, median: all[all.count / 2], quantiles: all,
      levels: levels)
  }

  /// Whether some data has the model's columns and frequency.
  ///
  /// - Throws: `ForecastError`.
  func check(_ history: TimeSeries) throws(ForecastError) {
    let (expected, found) = (data.targetNames + data.knownNames, history.targetNames + history.knownNames)
    guard expected == found else {
      throw .otherColumns(file: history.source, expected: expected, found: found)
    }
    guard data.frequency == history.frequency || history.series.allSatisfy({ $0.count < 2 }) else {
      throw .otherFrequency(
        file: history.source, expected: "\(data.frequency)", found: "\(history.frequency)")
    }
  }

  /// The quantiles of each target of each window, `[window · target][level][horizon]`, in the units of the data.
  ///
  /// - Parameter fitted: per series, the number of first steps that a new series' scale is taken from; `nil`: all.
  func predict(
    _ windows: [ForecastWindow], of history: TimeSeries, fitted: [Int]? = nil
  ) throws -> [[[Double]]] {
    let prepared = ForecastData(
      history, settings, future: settings.horizon, fitted: fitted, scales: scales)
    let perBatch = max(1, 512 / max(1, history.targetNames.count))
    var result: [[[Double]]] = []
    result.reserveCapacity(windows.count * history.targetNames.count)
    for start in stride(from: 0, to: windows.count, by: perBatch) {
      let some = Array(windows[start..<min(start + perBatch, windows.count)])
      let batch = ForecastBatch(some, of: prepared)
      let outputs = try meanOutputs(batch)
      for row in 0..<batch.rows {
        let window = some[row / history.targetNames.count]
        let track = prepared.entries[window.series].tracks[row % history.targetNames.count]
        result.append(restore(outputs, row, batch, track))
      }
    }
    return result
  }

  /// The mean of the ensemble's outputs, `[B, m·w, Q]`.
  func meanOutputs(_ batch: ForecastBatch) throws -> [Float] {
    var none: RandomSource?
    var sum: [Float] = []
    for network in networks {
      let outputs = try network(batch, random: &none).value.elements
      sum = sum.isEmpty ? outputs : zip(sum, outputs).map(+)
    }
    let count = Float(networks.count)
    return count == 1 ? sum : sum.map { $0 / count }
  }

  /// One row's outputs on the scale of the data, `[level][horizon]`, rising with the level.
  private func restore(
    _ outputs: [Float], _ row: Int, _ batch: ForecastBatch, _ track: ForecastData.Track
  ) -> [[Double]] {
    let width = settings.outputs
    let spread = Double(batch.scale[row])
    let residuals = summary.residualQuantiles
    let levels = summary.levels(settings).count
    var result = Array(repeating: Array(repeating: 0.0, count: settings.horizon), count: levels)
    for step in 0..<settings.horizon {
      let start = (row * settings.writtenSteps + step) * width
      var values = outputs[start..<start + width].map { Double($0) }
      if settings.loss == .squared, !residuals.isEmpty { values = residuals[step].map { values[0] + $0 } }
      // Quantiles of separate outputs may cross; sorting them only makes them better (Chernozhukov et al. 2010).
      values.sort()
      if summary.calibration.count == values.count {
        let median = values[values.count / 2]
        values = zip(values, summary.calibration).map { median + ($0 - median) * $1 }.sorted()
      }
      for (level, value) in values.enumerated() {
        let scaled = (value * spread + Double(batch.centre[row])) * track.scale.deviation + track.scale.mean
        result[level][step] = settings.transform == .log ? exponential(min(scaled, 700)) : scaled
      }
    }
    return result
  }
}

/// How a forecaster's training went.
public struct ForecastSummary: Sendable, Codable, Equatable {
  /// Every epoch of the first member's training.
  public var history: [EpochReport] = []
  /// Why training ended.
  public var end: String = ""
  /// Seconds of training in all.
  public var seconds: Double = 0
  /// The number of windows that training could choose from.
  public var windows: Int = 0
  /// Scores on the last steps of the data, which neither training nor the choice of epochs had seen.
  public var scores: [MethodScores] = []
  /// The number of those steps.
  public var testSteps: Int = 0
  /// Whether the weights were then trained again on all data.
  public var isRefitted = false
  /// For models without quantile outputs: quantiles of the errors on the validation part, `[step][level]`, on
  /// the scale of the window.
  public var residualQuantiles: [[Double]] = []
  /// For models with quantile outputs: what the distance of each level from the median is multiplied by, found
  /// on the validation part.
  public var calibration: [Double] = []

  /// One method's scores.
  public struct MethodScores: Sendable, Codable, Equatable {
    public let method: String
    public let meanAbsoluteError: Double
    public let rootMeanSquaredError: Double
    public let symmetricPercentageError: Double
    public let meanAbsoluteScaledError: Double
    public let coverage: [Double]
    public let continuousRankedProbabilityScore: Double
  }

  /// The levels of a model's quantiles.
  func levels(_ settings: ForecastSettings) -> [Double] {
    settings.loss == .squared && residualQuantiles.isEmpty ? [0.5] : settings.levels.map(Double.init)
  }
}

/// A score that could not be made, such as the scaled error of a constant series, is NaN here and null in a file.
extension ForecastSummary.MethodScores {
  private enum CodingKeys: String, CodingKey {
    case method, meanAbsoluteError, rootMeanSquaredError, symmetricPercentageError, meanAbsoluteScaledError
    case coverage, continuousRankedProbabilityScore
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func number(_ key: CodingKeys) throws -> Double {
      try values.decodeIfPresent(Double.self, forKey: key) ?? .nan
    }
    method = try values.decode(String.self, forKey: .method)
    meanAbsoluteError = try number(.meanAbsoluteError)
    rootMeanSquaredError = try number(.rootMeanSquaredError)
    symmetricPercentageError = try number(.symmetricPercentageError)
    meanAbsoluteScaledError = try number(.meanAbsoluteScaledError)
    coverage = try values.decode([Double?].self, forKey: .coverage).map { $0 ?? .nan }
    continuousRankedProbabilityScore = try number(.continuousRankedProbabilityScore)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    func store(_ number: Double, _ key: CodingKeys) throws {
      if number.isFinite { try values.encode(number, forKey: key) } else { try values.encodeNil(forKey: key) }
    }
    try values.encode(method, forKey: .method)
    try store(meanAbsoluteError, .meanAbsoluteError)
    try store(rootMeanSquaredError, .rootMeanSquaredError)
    try store(symmetricPercentageError, .symmetricPercentageError)
    try store(meanAbsoluteScaledError, .meanAbsoluteScaledError)
    try values.encode(coverage.map { $0.isFinite ? $0 : nil }, forKey: .coverage)
    try store(continuousRankedProbabilityScore, .continuousRankedProbabilityScore)
  }
}
