import UnrollCore
import UnrollData

/// What is expected of the steps after series.
public struct Forecast: TaskAnswer {
  /// One target of one series.
  public struct Track: Sendable {
    /// The series' id.
    public let id: String
    /// The target's name.
    public let target: String
    /// The position of the series in the data, and the step that the first forecast is for.
    let series: Int
    let origin: Int
    /// The median of each step, `[horizon]`; NaN where the series is too short to forecast.
    public let median: [Double]
    /// Quantiles, `[level][horizon]`, rising with the level.
    let quantiles: [[Double]]
    let levels: [Double]
    /// The size of the smallest difference that the network can tell; 0: seven digits of the value itself.
    let resolution: Double
  }

  /// All targets of all series, in the order of the data.
  public let tracks: [Track]
  /// The data that was continued.
  public let data: TimeSeries
  /// The number of steps.
  public let horizon: Int
  /// Percentages of the central intervals that are shown.
  public var levels: [Double] = [80, 95]

  init(tracks: [Track], data: TimeSeries, horizon: Int) {
    self.tracks = tracks
    self.data = data
    self.horizon = horizon
  }
}

extension Forecast.Track {
  /// The quantile of a level between 0 and 1 at each step.
  ///
  /// Between the levels of the network it is interpolated along the normal distribution's quantiles, which is
  /// exact for normal forecasts; beyond them the outermost slope goes on.
  public func quantile(_ level: Double) -> [Double] {
    guard levels.count > 1 else { return median }
    if let index = levels.firstIndex(where: { abs($0 - level) < 1e-9 }) { return quantiles[index] }
    let z = StandardNormal.quantile(min(max(level, 1e-6), 1 - 1e-6))
    let grid = levels.map(StandardNormal.quantile)
    let upper = min(max(grid.firstIndex { $0 > z } ?? grid.count - 1, 1), grid.count - 1)
    let share = (z - grid[upper - 1]) / (grid[upper] - grid[upper - 1])
    return zip(quantiles[upper - 1], quantiles[upper]).map { $0 + share * ($1 - $0) }
  }

  /// The central interval that should hold the value with probability `level`, such as 0.8.
  public func interval(_ level: Double) -> (lower: [Double], upper: [Double]) {
    (quantile((1 - level) / 2), quantile((1 + level) / 2))
  }

  /// A value with the digits that mean something: those of the value where only it is known, else as fine as the network
  /// tells values apart.
  func rounded(_ value: Double) -> Double {
    guard value.isFinite, value != 0 else { return value }
    guard resolution > 0 else { return Double(Float(value).description) ?? value }
    let unit = NumberText.tenTo(NumberText.exponent(of: resolution))
    // Divided by a whole number where the unit is a fraction: tenths have no exact form.
    return unit < 1 ? (value / unit).rounded() / (1 / unit).rounded() : (value / unit).rounded() * unit
  }
}

extension Forecast {
  /// The text of the time of a step of a track.
  public func timeText(_ track: Track, step: Int) -> String {
    data.timeText(of: track.origin + step, in: data.series[track.series])
  }

  /// The id and time columns of the input, the target where there are several, then `forecast` and the bounds of each level.
  public var columns: [String] {
    data.idNames + [data.timeName] + (data.targetNames.count > 1 ? ["target"] : [])
      + ["forecast"] + levels.flatMap { ["lo\(DecimalText.text($0))", "hi\(DecimalText.text($0))"] }
  }

  /// One row a step.
  public var rows: [[String]] {
    tracks.flatMap { track in
      let bounds = levels.map { track.interval($0 / 100) }
      func text(_ value: Double) -> String { DecimalText.text(track.rounded(value)) }
      let names: [String] = data.idParts(of: data.series[track.series])
      let target: [String] = data.targetNames.count > 1 ? [track.target] : []
      return (0..<horizon).map { step -> [String] in
        let start: [String] = names + [timeText(track, step: step)] + target + [text(track.median[step])]
        return start + bounds.flatMap { [text($0.lower[step]), text($0.upper[step])] }
      }
    }
  }

  public var shown: String { ScoreReport.aligned([columns] + rows) }

  /// The forecast as a table in CSV.
  public func csv() -> [UInt8] {
    var writer = CSVWriter()
    for row in [columns] + rows { writer.write(row) }
    return writer.bytes
  }

  /// The same forecast of fewer steps.
  func prefix(_ steps: Int) -> Forecast {
    let shorter = tracks.map { track in
      Track(
        id: track.id, target: track.target, series: track.series, origin: track.origin,
        median: Array(track.median.prefix(steps)), quantiles: track.quantiles.map { Array($0.prefix(steps)) },
        levels: track.levels, resolution: track.resolution)
    }
    var copy = Forecast(tracks: shorter, data: data, horizon: min(steps, horizon))
    copy.levels = levels
    return copy
  }

  /// What a person should know before trusting the forecast, in lines.
  package var notes: [String] {
    var notes: [String] = []
    if let note = data.note(onKnownStepsOf: horizon) { notes.append(note) }
    let empty = tracks.filter { $0.median.allSatisfy(\.isNaN) }
    if let first = empty.first {
      let more = empty.count > 1 ? " and \(empty.count - 1) more" : ""
      notes.append(
        "no forecast: \(first.id.isEmpty ? first.target : first.id)\(more), with too few values to continue")
    }
    return notes
  }

  /// A picture: history, forecast and shaded intervals, one panel a target of a series.
  public func plot(title: String, actual: [[Double]] = []) -> ForecastPlot {
    let panels = tracks.enumerated().map { index, track in
      let target = data.targetNames.firstIndex(of: track.target) ?? 0
      let history = Array(data.series[track.series].targets[target].prefix(track.origin))
      let start = track.origin - history.count
      let times = (0..<history.count + horizon).map {
        data.timeText(of: start + $0, in: data.series[track.series])
      }
      return ForecastPlot.Panel(
        title: tracks.count == 1 ? "" : name(track), history: history, forecast: track.median,
        bands: levels.sorted(by: >).map {
          let bounds = track.interval($0 / 100)
          return ForecastPlot.Band(level: $0 / 100, lower: bounds.lower, upper: bounds.upper)
        },
        actual: index < actual.count ? actual[index] : [], times: times)
    }
    return ForecastPlot(
      title: title, panels: panels, valueLabel: data.targetNames.count == 1 ? data.targetNames[0] : "",
      shownHistory: max(4 * horizon, 3 * data.season))
  }

  private func name(_ track: Track) -> String {
    switch (data.idName != nil, data.targetNames.count > 1) {
    case (true, true): "\(track.id) · \(track.target)"
    case (true, false): track.id
    default: track.target
    }
  }
}

extension Forecast: Codable {
  private struct Line: Codable {
    var id: String?
    var target: String
    var time: [String]
    var forecast: [Double?]
    var intervals: [String: [[Double?]]]
  }
  private enum Key: String, CodingKey { case series }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    let lines = tracks.map { track in
      func numbers(_ values: [Double]) -> [Double?] { values.map { $0.isFinite ? track.rounded($0) : nil } }
      let intervals = levels.map { level in
        let bounds = track.interval(level / 100)
        return (DecimalText.text(level), zip(numbers(bounds.lower), numbers(bounds.upper)).map { [$0, $1] })
      }
      return Line(
        id: data.idName == nil ? nil : track.id, target: track.target,
        time: (0..<horizon).map { timeText(track, step: $0) }, forecast: numbers(track.median),
        intervals: Dictionary(intervals) { first, _ in first })
    }
    try container.encode(lines, forKey: .series)
  }

  /// A forecast is made of its data, which a line of JSON does not hold.
  public init(from decoder: any Decoder) throws {
    throw DecodingError.dataCorrupted(
      .init(codingPath: decoder.codingPath, debugDescription: "a forecast is written, not read"))
  }
}

extension TimeSeries {
  /// What a person should know where columns that are known ahead end too early; `nil`: they do not.
  func note(onKnownStepsOf horizon: Int) -> String? {
    let lacking = series.filter { $0.knownCount < $0.count + horizon }
    guard !knownNames.isEmpty, !lacking.isEmpty else { return nil }
    let whose = series.count > 1 ? " of \(lacking.count) series" : ""
    return
      "\(knownNames.joined(separator: ", "))\(whose) ends before the \(horizon) steps ahead do; its mean stands in "
      + "(add rows for those steps that leave the targets empty)"
  }
}
