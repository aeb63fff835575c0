import UnrollData

/// What is expected of the steps after a series.
public struct Forecast: Sendable {
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
  }

  /// All targets of all series, in the order of the data.
  public let tracks: [Track]
  /// The data that was continued.
  public let data: TimeSeries
  /// The number of steps.
  public let horizon: Int
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
}

extension Forecast {
  /// What a person should know before trusting the forecast, in lines.
  package var notes: [String] {
    var notes: [String] = []
    let lacking = data.series.filter { $0.knownCount < $0.count + horizon }
    if !data.knownNames.isEmpty, !lacking.isEmpty {
      let whose = data.series.count > 1 ? " of \(lacking.count) series" : ""
      let names = data.knownNames.joined(separator: ", ")
      notes.append("known: \(names)\(whose) ends before the \(horizon) steps ahead do; its mean stands in")
      notes.append("       (add rows for those steps that leave the targets empty)")
    }
    let empty = tracks.filter { $0.median.allSatisfy(\.isNaN) }
    if let first = empty.first {
      let name = first.id.isEmpty ? first.target : first.id
      let more = empty.count > 1 ? " and \(empty.count - 1) more" : ""
      notes.append("no forecast: \(name)\(more), with too few values to continue")
    }
    return notes
  }

  /// The text of the time of a step of a track.
  public func timeText(_ track: Track, step: Int) -> String {
    data.timeText(of: track.origin + step, in: data.series[track.series])
  }

  /// The forecast as a table: the id and time columns of the input, the target where there are several, then
  /// `forecast` and the bounds of each level, one row a step.
  ///
  /// - Parameter levels: percentages of central intervals, such as 80 and 95.
  public func csv(levels: [Double] = [80, 95]) -> [UInt8] {
    var writer = CSVWriter()
    var header: [String] = []
    if let id = data.idName { header.append(id) }
    header.append(data.timeName)
    if data.targetNames.count > 1 { header.append("target") }
    header.append("forecast")
    for level in levels { header += ["lo\(DecimalText.text(level))", "hi\(DecimalText.text(level))"] }
    writer.write(header)
    for track in tracks {
      let bounds = levels.map { track.interval($0 / 100) }
      for step in 0..<horizon {
        var row: [String] = []
        if data.idName != nil { row.append(track.id) }
        row.append(timeText(track, step: step))
        if data.targetNames.count > 1 { row.append(track.target) }
        row.append(Self.text(track.median[step]))
        for bound in bounds { row += [Self.text(bound.lower[step]), Self.text(bound.upper[step])] }
        writer.write(row)
      }
    }
    return writer.bytes
  }

  /// Seven digits: what single precision holds.
  private static func text(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return DecimalText.text(value) }
    return DecimalText.text(Double(Float(value).description) ?? value)
  }

  /// A picture: history, forecast and shaded intervals, one panel a target of a series.
  public func plot(title: String, levels: [Double] = [80, 95], actual: [[Double]] = []) -> ForecastPlot {
    let panels = tracks.enumerated().map { index, track in
      let history = Array(data.series[track.series].targets[target(track)].prefix(track.origin))
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

  private func target(_ track: Track) -> Int { data.targetNames.firstIndex(of: track.target) ?? 0 }

  private func name(_ track: Track) -> String {
    switch (data.idName != nil, data.targetNames.count > 1) {
    case (true, true): "\(track.id) · \(track.target)"
    case (true, false): track.id
    default: track.target
    }
  }
}
