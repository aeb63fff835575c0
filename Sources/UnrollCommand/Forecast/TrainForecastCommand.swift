import ArgumentParser
import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// `unroll train forecast`.
struct TrainForecastCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forecast",
    abstract: "Train a forecaster on a CSV of time series.",
    discussion: """
      Only DATA is needed for a well-formed file: what is not said is guessed, and the guesses are printed. \
      Without DATA, the monthly CO2 concentration at Mauna Loa is used.

      One horizon at the end of each series is kept for honest scores and one before it for choosing the number \
      of epochs; then the model is trained again on everything. Ctrl-C ends training and saves the best model \
      so far.
      """)

  @Argument(help: "A CSV, TSV or similar file with a header.")
  var data: String?

  @OptionGroup(title: "What the columns are") var columns: ColumnOptions
  @OptionGroup(title: "The model") var model: ModelOptions
  @OptionGroup(title: "Training") var training: TrainingOptions

  @Option(name: .shortAndLong, help: ArgumentHelp("The folder to save the model in.", valueName: "MODEL"))
  var output: String

  @OptionGroup(title: "Checkpoints and logs") var recording: RunOptions.Arguments
  @OptionGroup var compute: ComputeOptions

  func validate() throws {
    if data == nil, columns.namesColumns {
      throw ValidationError("--time, --target, --id, --known, --missing and --frequency need DATA")
    }
  }

  func run() throws { try train(resumed: nil) }

  /// Goes on with a run.
  static func resume(_ run: ResumedRun, threads: Int?) throws {
    var command = try parse(run.record.words)
    if let threads { command.compute.threads = threads }
    try command.train(resumed: run)
  }

  private func train(resumed: ResumedRun?) throws {
    try compute.run {
      // Found out before training, not after.
      try Forecaster.checkWritable(output)
      let series = try columns.read(data)
      let seasons = try columns.seasons()
      let settings = try model.settings(
        for: series, longSeason: seasons.count > 1 ? seasons[1] : nil, training)
      let screen = TerminalStream.standardError
      for line in series.notes { screen.write(line + "\n") }
      for line in settings.notes { screen.write(line + "\n") }
      let options = try RunOptions(recording)
      let run =
        try resumed.map { try RecordedRun(goingOnWith: $0, options, screen: screen) }
        ?? RecordedRun(
          options, task: Forecaster.task, words: Self.words, files: data.map { [$0] } ?? [], output: output,
          screen: screen)
      Interrupt.listen()
      let reporter = TrainingReporter(screen)
      defer { reporter.finish() }
      let forecaster = try Forecaster.train(
        on: series, settings: settings, holdOut: training.holdOut(settings, series),
        timeLimit: training.timeLimit?.inSeconds, journal: run.journal, report: { reporter.report($0) },
        shouldStop: { Interrupt.isRequested })
      reporter.finish()
      let forecast = try forecaster.forecast()
      let plot = forecast.plot(title: "\(series.source): the next \(settings.horizon) steps")
      try forecaster.save(to: output, otherFiles: ["forecast.svg": Array(plot.svg().utf8)])
      // Only now: a Ctrl-C that comes late must not cost the model.
      Interrupt.stopListening()
      screen.write("\n" + forecast.sparklines(width: screen.columns()))
      for note in forecast.notes { screen.write(note + "\n") }
      screen.write("\nsaved \(output) (plot: \(output)/forecast.svg)\n")
      try run.end()
    }
  }

  /// The words of this process after those that name the command.
  private static var words: [String] {
    let all = CommandLine.arguments
    let name = configuration.commandName ?? ""
    guard let train = all.firstIndex(of: "train"), let own = all[train...].firstIndex(of: name) else {
      return []
    }
    return Array(all[(own + 1)...])
  }
}

/// What the columns of the data are.
struct ColumnOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The column of times.", valueName: "column"))
  var time: String?
  @Option(help: ArgumentHelp("The columns to forecast, separated by commas.", valueName: "column,…"))
  var target: String?
  @Option(help: ArgumentHelp("The column that tells series apart.", valueName: "column"))
  var id: String?
  @Option(help: ArgumentHelp("Columns of numbers that are known ahead.", valueName: "column,…"))
  var known: String?
  @Option(help: ArgumentHelp("A field that means a missing value; may be repeated.", valueName: "text"))
  var missing: [String] = []
  @Option(
    help: ArgumentHelp(
      "The distance of the rows: hourly, daily, monthly, \"15 minutes\", …", valueName: "step"))
  var frequency: String?
  @Option(help: ArgumentHelp("Steps to forecast.", valueName: "n"))
  var horizon: Int?
  @Option(
    help: ArgumentHelp(
      "Steps after which the pattern repeats; 1 for none; a second, longer season after a comma.",
      valueName: "n[,n]"))
  var season: String?

  /// Whether anything was said that makes sense only for a file.
  var namesColumns: Bool {
    [time, target, id, known, frequency].contains { $0 != nil } || !missing.isEmpty
  }

  private static func list(_ text: String?) -> [String] {
    (text ?? "").split(separator: ",").map { String($0.drop { $0 == " " }) }
  }

  /// The seasons given, the shorter first.
  func seasons() throws -> [Int] {
    let parts = Self.list(season)
    let numbers = parts.compactMap { Int($0) }
    guard numbers.count == parts.count, numbers.count <= 2, numbers.allSatisfy({ $0 >= 1 && $0 <= 1_000_000 })
    else {
      throw ValidationError("--season: expected one or two numbers of steps, found \"\(season ?? "")\"")
    }
    return numbers.sorted()
  }

  func validate() throws {
    _ = try seasons()
    if let horizon, horizon < 1 || horizon > 100_000 {
      throw ValidationError("--horizon: expected 1 to 100000 steps, found \(horizon)")
    }
    if let frequency, Frequency(frequency) == nil {
      throw ValidationError(
        "--frequency: expected a word such as hourly, daily, monthly or \"15 minutes\", found \"\(frequency)\""
      )
    }
  }

  func read(_ path: String?) throws -> TimeSeries {
    guard let path else {
      return TimeSeries.maunaLoa.with(season: try seasons().first, horizon: horizon)
    }
    return try TimeSeries(
      csv: path, time: time, targets: Self.list(target), id: id, known: Self.list(known),
      missing: TimeSeries.defaultMissing + missing, frequency: frequency.flatMap { Frequency($0) },
      season: try seasons().first, horizon: horizon)
  }
}

/// How the model is built.
struct ModelOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The recurrent cell.", valueName: "name"))
  var cell: CellKind?
  @Option(help: ArgumentHelp("Hidden units of a layer.", valueName: "n"))
  var hidden: Int?
  @Option(help: ArgumentHelp("Recurrent layers.", valueName: "n"))
  var layers: Int?
  @Option(help: ArgumentHelp("The share of features dropped while training.", valueName: "share"))
  var dropout: Float?
  @Option(help: ArgumentHelp("Steps to look back on.", valueName: "n"))
  var lookBack: Int?
  @Option(help: ArgumentHelp("Steps read and written at once.", valueName: "n"))
  var segment: Int?
  @Option(help: ArgumentHelp("Networks whose mean is the forecast.", valueName: "n"))
  var members: Int?
  @Option(help: ArgumentHelp("What is done to values first: none or log.", valueName: "name"))
  var transform: ForecastSettings.Transform?

  func validate() throws {
    try Self.demand(hidden, 1...8192, "--hidden", "units")
    try Self.demand(layers, 1...32, "--layers", "layers")
    try Self.demand(lookBack, 1...10_000_000, "--look-back", "steps")
    try Self.demand(segment, 1...1_000_000, "--segment", "steps")
    try Self.demand(members, 1...64, "--members", "networks")
    if let dropout, !(0..<1).contains(dropout) {
      throw ValidationError("--dropout: expected 0 or more and less than 1, found \(dropout)")
    }
  }

  static func demand(_ value: Int?, _ range: ClosedRange<Int>, _ name: String, _ unit: String) throws {
    guard let value, !range.contains(value) else { return }
    throw ValidationError(
      "\(name): expected \(range.lowerBound) to \(range.upperBound) \(unit), found \(value)")
  }

  func settings(
    for data: TimeSeries, longSeason: Int?, _ training: TrainingOptions
  ) throws -> ForecastSettings {
    var settings = ForecastSettings.defaults(for: data, longSeason: longSeason)
    if let cell { settings.cell = cell }
    if let hidden { settings.hiddenSize = hidden }
    if let layers { settings.layers = layers }
    if let dropout { settings.dropout = dropout }
    if let segment { settings.segment = segment }
    if let lookBack { settings.lookBack = lookBack }
    if segment != nil || lookBack != nil {
      // More than there is would be padding.
      let longest = data.series.map(\.count).max() ?? 1
      let whole = min(settings.lookBack, longest) / max(1, settings.segment)
      settings.lookBack = max(1, whole) * max(1, settings.segment)
      settings.centreSteps = min(settings.centreSteps, settings.lookBack)
    }
    if let members { settings.members = members }
    if let transform { settings.transform = transform }
    training.apply(to: &settings)
    return settings
  }
}

/// How the model is trained.
struct TrainingOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The most passes over the data.", valueName: "n"))
  var epochs: Int?
  @Option(help: ArgumentHelp("Windows of a step.", valueName: "n"))
  var batch: Int?
  @Option(help: ArgumentHelp("The learning rate.", valueName: "rate"))
  var rate: Float?
  @Option(
    help: ArgumentHelp("Time for all of training, such as 90s, 10m or 1h30m.", valueName: "time"),
    transform: { try DurationText.parse($0) })
  var timeLimit: Duration?
  @Option(help: ArgumentHelp("The seed of all random numbers.", valueName: "n"))
  var seed: UInt64 = 0
  @Option(help: ArgumentHelp("Last steps kept for the scores; 0 for none.", valueName: "n"))
  var test: Int?
  @Option(
    help: ArgumentHelp("Steps before those, for choosing the number of epochs; 0 for none.", valueName: "n"))
  var validation: Int?
  @Flag(help: "Do not train again on everything after the scores are known.")
  var noRefit = false

  func validate() throws {
    if let test, test < 0 { throw ValidationError("--test: expected 0 or more steps, found \(test)") }
    try ModelOptions.demand(epochs, 1...1_000_000, "--epochs", "epochs")
    try ModelOptions.demand(batch, 1...1_000_000, "--batch", "windows")
    if let rate, !(rate > 0 && rate.isFinite) {
      throw ValidationError("--rate: expected a number above 0, found \(rate)")
    }
    if let validation, validation < 0 {
      throw ValidationError("--validation: expected 0 or more steps, found \(validation)")
    }
  }

  func apply(to settings: inout ForecastSettings) {
    if let epochs { settings.epochs = epochs }
    if let batch { settings.batchSize = batch }
    if let rate { settings.learningRate = rate }
    settings.seed = seed
  }

  func holdOut(_ settings: ForecastSettings, _ data: TimeSeries) -> HoldOut {
    var holdOut = Forecaster.standardHoldOut(data, settings)
    if let test { holdOut.test = test }
    if let validation {
      holdOut.validation = validation
      holdOut.validationStride = max(1, min(settings.horizon, validation / 8))
    }
    holdOut.refits = !noRefit
    return holdOut
  }
}

extension CellKind: ExpressibleByArgument {}
extension ForecastSettings.Transform: ExpressibleByArgument {}
