import ArgumentParser
import UnrollData
import UnrollTasks
import UnrollTraining

/// `unroll forecast`.
struct ForecastCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forecast", abstract: "Say what comes next, with intervals.",
    discussion: """
      Prints a table, or writes it with -o. It has the id and time columns of the data, then `forecast` and the \
      bounds of each interval.
      """)

  @Argument(help: "The folder of the model.")
  var model: String

  @Argument(help: "The data to continue; the training data when absent.")
  var history: String?

  @Option(help: ArgumentHelp("Percentages of central intervals.", valueName: "80,95"))
  var levels = "80,95"

  @Option(name: .shortAndLong, help: ArgumentHelp("Write the table to this file.", valueName: "out.csv"))
  var output: String?

  @Option(help: ArgumentHelp("Draw history, forecast and intervals.", valueName: "out.svg"))
  var plot: String?

  @Option(help: ArgumentHelp("A field that means a missing value; may be repeated.", valueName: "text"))
  var missing: [String] = []

  @OptionGroup var compute: ComputeOptions

  private func percentages() throws -> [Double] {
    try levels.split(separator: ",").map { part in
      let text = part.filter { $0 != " " && $0 != "%" }
      guard let value = Double(text), value > 0, value < 100 else {
        throw ValidationError("--levels: expected percentages between 0 and 100, found \"\(part)\"")
      }
      return value
    }
  }

  func validate() throws { _ = try percentages() }

  func run() throws {
    try compute.run {
      let levels = try percentages()
      let forecaster = try Forecaster(contentsOf: model)
      let data = try history.map { try forecaster.read($0, missing: missing) }
      let forecast = try forecaster.forecast(data)
      let table = forecast.csv(levels: levels)
      if let plot {
        let title = "\(forecast.data.source): the next \(forecast.horizon) steps"
        try AtomicFile.write(Array(forecast.plot(title: title, levels: levels).svg().utf8), to: plot)
      }
      if let output {
        try AtomicFile.write(table, to: output)
      } else {
        TerminalStream.standardOutput.write(String(decoding: table, as: UTF8.self))
      }
      let screen = TerminalStream.standardError
      for note in forecast.notes { screen.write(note + "\n") }
      if screen.isTerminal || output != nil { screen.write(forecast.sparklines(width: screen.columns())) }
    }
  }
}

extension Forecaster {
  /// Reads data of the model's columns.
  func read(_ path: String, missing: [String]) throws -> TimeSeries {
    try TimeSeries(
      CSVTable(path: path),
      SeriesRequest(
        time: data.timeName, targets: data.targetNames, id: data.idName, known: data.knownNames,
        missing: TimeSeries.defaultMissing + missing, frequency: data.frequency, season: data.season,
        horizon: data.horizon, timeFormat: data.timeFormat))
  }
}

extension Forecast {
  /// A line of block characters for each of the first few tracks.
  func sparklines(width: Int) -> String {
    let shown = tracks.prefix(6)
    let names = shown.map { track in
      [
        data.idName == nil ? "" : track.id,
        data.targetNames.count > 1 || data.idName == nil ? track.target : "",
      ]
      .filter { !$0.isEmpty }.joined(separator: " · ")
    }
    let nameWidth = names.map(\.count).max() ?? 0
    var lines = zip(names, shown).map { name, track in
      let series = data.series.first { $0.id == track.id }
      let values = series?.targets[data.targetNames.firstIndex(of: track.target) ?? 0] ?? []
      let past = Array(values.suffix(max(2 * data.season, 2 * horizon, 24)))
      let padded = name + String(repeating: " ", count: nameWidth - name.count)
      return "\(padded)  "
        + Sparkline.text(
          history: past, forecast: track.median, width: max(10, min(width, 100) - nameWidth - 3))
    }
    if tracks.count > shown.count { lines.append("and \(tracks.count - shown.count) more") }
    return lines.joined(separator: "\n") + "\n"
  }
}
