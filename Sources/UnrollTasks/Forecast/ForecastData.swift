import UnrollCore
import UnrollData
import UnrollTraining

/// Time series, and which of their steps are forecast.
public struct ForecastData: TaskData {
  public let series: TimeSeries
  /// The last steps of each series that windows are scored on; 0: windows may lie anywhere.
  var scoredSteps = 0
  /// The distance of those windows.
  var stride = 1
  public private(set) var hash = ""

  public init(_ series: TimeSeries) { self.series = series }

  init(_ series: TimeSeries, scored: Int, stride: Int) {
    self.series = series
    (scoredSteps, self.stride) = (scored, stride)
  }

  /// Reads a file as settings say; without one, the monthly CO₂ concentration at Mauna Loa.
  init(_ files: [String], _ settings: ForecastSettings) throws {
    let season = settings.season.min()
    guard let path = files.first else {
      for (name, value) in [
        ("target", settings.target.first), ("time", settings.time), ("id", settings.id),
        ("known", settings.known.first),
      ] {
        guard let value else { continue }
        throw SettingError(name, expected: "a file, DATA, that has this column", found: value)
      }
      series = TimeSeries.maunaLoa.with(season: season, horizon: settings.horizon)
      return
    }
    let bytes = try TextFile.bytes(at: path)
    series = try TimeSeries(
      CSVTable(bytes: bytes, name: path, skippingLines: settings.skippedLines()),
      SeriesRequest(
        time: settings.time, targets: settings.target, id: settings.id, known: settings.known,
        missing: TimeSeries.defaultMissing + settings.missing,
        frequency: settings.frequency.flatMap { Frequency($0) }, season: season, horizon: settings.horizon,
        timeFormat: settings.statedTimeFormat(), dates: settings.dates, decimal: settings.decimal,
        wide: settings.wide ? true : nil, repeatedTimes: settings.repeatedTimes))
    hash = SHA256.hexadecimal(bytes)
  }

  public var source: String { series.source }

  public var facts: [Fact] {
    func list(_ names: [String]) -> String {
      names.count <= 4
        ? names.joined(separator: ", ")
        : names.prefix(3).joined(separator: ", ") + " and \(names.count - 3) more"
    }
    return [
      Fact("series", "\(series.series.count), \(series.series.reduce(0) { $0 + $1.count }) rows in all"),
      Fact("frequency", series.frequency), Fact("targets", list(series.targetNames)),
    ] + (series.knownNames.isEmpty ? [] : [Fact("known ahead", list(series.knownNames))])
  }

  /// The data with its ends held out: one part to choose the number of epochs by, and one for the scores.
  func split(_ settings: ForecastSettings) -> DataParts<ForecastData> {
    let (horizon, longest) = (settings.window.horizon, series.series.map(\.count).max() ?? 0)
    let spare = longest - settings.window.minimumHistory - horizon - 1
    var (test, validation, stride, testStride) = (0, 0, horizon, horizon)
    // One window of each of many series is enough to choose and to score by; a few series need several, which overlap.
    if series.series.count < 20 && spare >= 8 * horizon {
      (test, validation, stride) = (
        (spare >= 16 * horizon ? 3 : 2) * horizon, 3 * horizon, max(1, horizon / 4)
      )
      testStride = max(1, (horizon + 1) / 2)
    } else if spare >= 2 * horizon {
      (test, validation) = (horizon, horizon)
    } else if spare >= horizon {
      test = horizon
    }
    if let steps = settings.testSteps {
      (test, testStride) = (min(steps, longest) / horizon * horizon, horizon)
    }
    if let steps = settings.validationSteps {
      (validation, stride) = (min(steps, longest), max(1, min(horizon, steps / 8)))
    }
    let visible = series.droppingLast(test)
    return DataParts(
      training: ForecastData(visible.droppingLast(validation)),
      validation: validation > 0 ? ForecastData(visible, scored: validation, stride: stride) : nil,
      test: test > 0 ? ForecastData(series, scored: test, stride: testStride) : nil)
  }

  /// The windows within the steps that are scored, oldest first.
  func windows(_ settings: WindowSettings) -> [SeriesWindow] {
    series.series.indices.flatMap { index -> [SeriesWindow] in
      let count = series.series[index].count
      let (first, last) = (max(0, count - scoredSteps), count - settings.horizon)
      guard first < count, first >= settings.minimumHistory, last >= first else { return [] }
      return Swift.stride(from: last, through: first, by: -stride).map {
        SeriesWindow(series: index, origin: $0)
      }
    }
  }
}

/// What a forecaster keeps beside its weights: the data that it continues, and its scales.
public struct ForecastPreparation: ModelPart {
  /// What stands in `config.json`.
  public struct Stored: Codable, Sendable {
    var targets: [String]
    var known: [String]
    var time: String
    var id: String?
    var timeFormat: TimeFormat
    var frequency: Frequency
    var season: Int
    var horizon: Int
    var source: String
    var scales: SeriesScales
    var minimums: [Double?]?
  }

  /// What `forecast()` continues.
  var series: TimeSeries
  let scales: SeriesScales
  /// What no forecast of a target goes below.
  package let minimums: [Double?]

  private static let historyFile = "history.csv"

  /// Learns the scales of some data.
  init(_ series: TimeSeries, _ settings: WindowSettings, minimum: Double?) {
    self.series = series
    minimums = series.targetNames.indices.map { minimum ?? ((series.least(of: $0) ?? -1) >= 0 ? 0 : nil) }
    let scales = SeriesScales(covariatesOf: series)
    self.scales = scales.learning(
      WindowedSeries(series, settings, future: 0, scales: scales), of: series)
  }

  public var stored: Stored {
    Stored(
      targets: series.targetNames, known: series.knownNames, time: series.timeName, id: series.idName,
      timeFormat: series.timeFormat, frequency: series.frequency, season: series.season,
      horizon: series.horizon,
      source: series.source, scales: scales, minimums: minimums)
  }

  /// The data as a table.
  public var files: [String: [UInt8]] {
    var writer = CSVWriter()
    writer.write(
      series.idNames + [series.timeName] + series.targetNames + series.knownNames)
    for one in series.series {
      for step in 0..<one.knownCount {
        let targets = one.targets.map { step < $0.count ? DecimalText.text($0[step]) : "" }
        let known = one.known.map { DecimalText.text($0[step]) }
        writer.write(
          series.idParts(of: one) + [series.timeText(of: step, in: one)] + targets + known)
      }
    }
    return [Self.historyFile: writer.bytes]
  }

  public init(_ stored: Stored, _ files: ModelFiles) throws {
    series = try TimeSeries(
      CSVTable(bytes: try files.bytes(Self.historyFile), name: stored.source),
      SeriesRequest(
        time: stored.time, targets: stored.targets, id: stored.id, known: stored.known,
        frequency: stored.frequency,
        season: stored.season, horizon: stored.horizon, timeFormat: stored.timeFormat))
    scales = stored.scales
    minimums = stored.minimums ?? stored.targets.map { _ in nil }
    guard minimums.count == stored.targets.count else {
      throw files.damaged("minimums", expected: "one for each target", found: "\(minimums.count)")
    }
    guard scales.covariates.count == stored.known.count,
      scales.tracks.values.allSatisfy({ $0.count == stored.targets.count })
    else { throw files.damaged("scales", expected: "a scale for each column", found: "another number") }
  }

  /// Whether some data has the model's columns and frequency.
  ///
  /// - Throws: `DataError`.
  func check(_ other: TimeSeries) throws(DataError) {
    let (expected, found) = (series.targetNames + series.knownNames, other.targetNames + other.knownNames)
    guard expected == found else {
      throw DataError(
        .badRoles, file: other.source,
        expected: "the columns \(expected.joined(separator: ", ")) that the model was trained on",
        found: found.joined(separator: ", "))
    }
    guard series.frequency == other.frequency || other.series.allSatisfy({ $0.count < 2 }) else {
      throw DataError(
        .mixedTimes, file: other.source, expected: "\(series.frequency) data, as the model was trained on",
        found: "\(other.frequency)")
    }
  }

  /// The widths of what a network reads.
  func widths(_ settings: WindowSettings) -> (input: Int, context: Int) {
    let known = series.knownNames.count
    return (
      WindowBatch.inputWidth(settings, known: known), WindowBatch.contextWidth(settings, known: known)
    )
  }
}

extension TimeSeries {
  /// The least value of a target; nothing where none was observed.
  func least(of target: Int) -> Double? {
    series.lazy.compactMap { $0.targets[target].lazy.filter { !$0.isNaN }.min() }.min()
  }
}

extension ForecastSettings {
  /// - Throws: `SettingError` when the format is none.
  fileprivate func statedTimeFormat() throws(SettingError) -> TimeFormat? {
    guard let timeFormat else { return nil }
    do { return try TimeFormat(pattern: timeFormat) } catch {
      throw SettingError(
        "time-format", expected: "pieces such as %Y-%m-%d %H:%M", found: "\"\(timeFormat)\" (\(error))")
    }
  }

  /// - Throws: `SettingError` when a range is none.
  fileprivate func skippedLines() throws(SettingError) -> [ClosedRange<Int>] {
    var ranges: [ClosedRange<Int>] = []
    for text in skipLines {
      let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first >= 1,
        last >= first
      else {
        throw SettingError("skip-lines", expected: "lines from 1 on, such as 2 or 1-3", found: "\"\(text)\"")
      }
      ranges.append(first...last)
    }
    return ranges.sorted { $0.lowerBound < $1.lowerBound }
  }
}
