import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// A trained model that continues time series.
///
///     let series = try TimeSeries(csv: "sales.csv", time: "date", targets: ["sales"], id: "store")
///     let forecaster = try Forecaster.train(on: series)
///     let (low, high) = try forecaster.forecast().tracks[0].interval(0.80)
public typealias Forecaster = Model<ForecastTask>

/// Values: continues time series, with intervals.
public enum ForecastTask: TaskDefinition {
  public typealias Calibration = ForecastCalibration

  public static let about = TaskAbout(
    "forecast", "Continue time series from a CSV, with intervals.",
    discussion: """
      Only DATA is needed for a well-formed file: what is not said is guessed, and the guesses are printed. Without DATA, \
      the monthly CO2 concentration at Mauna Loa is used.

        unroll train forecast sales.csv -o model
        unroll forecast model --plot next.svg -o next.csv      what comes next
        unroll forecast model newer.csv                        … after newer data of the same columns
        unroll evaluate model newer.csv --windows 8            a backtest beside simple methods

      The last steps of each series are kept for honest scores, from several moments where there is room, and some before \
      them for choosing the number of epochs; then the model is trained again on everything. Few, short series are \
      forecast by network, exponential smoothing, theta and seasonal naive methods together, as those steps weigh them.
      """, files: [TaskFile("DATA", count: 0...1, "A CSV, TSV or similar file with a header.")],
    inputName: "DATA",
    limits:
      "The model knows the past of its series and the calendar, nothing else: it does not foresee what never "
      + "happened before. Intervals tell how far the past was off, and assume that the future is like it.",
    format: .csv)

  public static func read(_ files: [String], _ settings: ForecastSettings, note: (String) -> Void) throws
    -> ForecastData
  {
    let data = try ForecastData(files, settings)
    for line in data.series.notes { note(line) }
    if let line = data.series.note(onKnownStepsOf: data.series.horizon) { note(line) }
    return data
  }

  public static func defaults(for data: ForecastData, _ given: ForecastSettings) -> ForecastSettings {
    given.fitted(to: data.series)
  }

  public static func split(
    _ data: ForecastData, _ settings: ForecastSettings, member: Int
  ) -> DataParts<ForecastData> { data.split(settings) }

  /// Data that was given for validation continues the training data.
  public static func joined(_ data: ForecastData, _ other: ForecastData) -> ForecastData { other }

  public static func prepare(
    _ data: ForecastData, _ settings: inout ForecastSettings
  ) throws -> ForecastPreparation {
    let (series, window) = (data.series, settings.window)
    guard series.series.contains(where: { $0.targets.contains { $0.contains { !$0.isNaN } } }) else {
      throw DataError(
        .notANumber, file: series.source,
        expected: "numbers in \(series.targetNames.joined(separator: ", "))",
        found: "only missing values")
    }
    let longest = series.series.map(\.count).max() ?? 0
    for season in [window.season, window.longSeason] where season > longest {
      throw SettingError(
        "season", expected: "at most the \(longest) steps of the longest series", found: season)
    }
    guard longest >= window.minimumHistory + window.horizon else {
      throw DataError(
        .noRows, file: series.source,
        expected:
          "at least \(window.minimumHistory + window.horizon) rows in a series to train with a horizon of \(window.horizon)",
        found: "\(longest) in the longest")
    }
    // New data is read as this was.
    (settings.time, settings.target, settings.id) = (series.timeName, series.targetNames, series.idName)
    (settings.known, settings.frequency) = (series.knownNames, "\(series.frequency)")
    for (target, name) in series.targetNames.enumerated() {
      guard let minimum = settings.minimum, let least = series.least(of: target), least < minimum else {
        continue
      }
      throw SettingError(
        "minimum", expected: "at most \(DecimalText.text(least)), the least value of \(name)", found: minimum)
    }
    return ForecastPreparation(series, window, minimum: settings.minimum)
  }

  public static func fit(
    _ preparation: ForecastPreparation, to data: ForecastData, _ settings: ForecastSettings, grows: Bool
  ) throws -> ForecastPreparation {
    try preparation.check(data.series)
    return ForecastPreparation(data.series, settings.window, minimum: settings.minimum)
  }

  public static func finish(_ model: inout Forecaster, _ data: ForecastData) {
    model.preparation.series = data.series
  }

  public static func network(
    _ settings: ForecastSettings, _ preparation: ForecastPreparation, using random: inout RandomSource
  ) -> ForecastNetwork {
    let widths = preparation.widths(settings.window)
    return ForecastNetwork(
      settings, targets: preparation.series.targetNames.count, inputWidth: widths.input,
      contextWidth: widths.context,
      known: preparation.series.knownNames.count, using: &random)
  }

  public static func work(
    _ training: ForecastData, validation: ForecastData?, _ settings: ForecastSettings,
    _ preparation: ForecastPreparation
  ) throws -> ForecastWork {
    func windowed(_ data: ForecastData) -> WindowedSeries {
      WindowedSeries(data.series, settings.window, future: 0, scales: preparation.scales)
    }
    return ForecastWork(
      windowed(training), validation: validation.map { (windowed($0), $0.windows(settings.window)) },
      batchSize: settings.learning.batchSize, maximumSteps: settings.maximumSteps)
  }

  public static func calibrate(_ model: Forecaster, on validation: ForecastData) throws
    -> ForecastCalibration?
  {
    let errors = try model.errors(on: validation)
    var calibration = ForecastCalibration()
    switch model.settings.loss {
    case .squared: calibration.residualQuantiles = errors.residualQuantiles(model.settings.levels)
    case .quantile: calibration.factors = errors.factors(model.settings.levels)
    }
    if model.settings.combine {
      var calibrated = model
      calibrated.calibration = calibration
      calibration.weights = try calibrated.combination(on: validation)
    }
    return calibration
  }

  public static func remarks(
    _ parts: DataParts<ForecastData>, _ settings: ForecastSettings, _ preparation: ForecastPreparation
  ) -> [String] {
    let window = settings.window
    let seasons =
      window.longSeason > 0
      ? "\(window.season) and \(window.longSeason)" : window.season > 1 ? "\(window.season)" : "none"
    return [
      "model: \(settings.network.cell.rawValue), \(settings.network.layers) × \(settings.network.hiddenSize) units, looks back \(window.lookBack) steps, seasons \(seasons)"
        + (window.transform == .log ? ", on a logarithmic scale" : "")
    ] + preparation.minimumNotes
  }

  public static func title(_ model: Forecaster) -> String {
    let names = model.preparation.series.targetNames
    let shown = names.count <= 4 ? names : names.prefix(3) + ["and \(names.count - 3) more"]
    return "forecast of \(shown.joined(separator: ", ")), \(model.settings.window.horizon) steps ahead"
  }

  public static func facts(_ model: Forecaster) -> [Fact] {
    let window = model.settings.window
    return [
      Fact("looks back", "\(window.lookBack) steps in \(window.segments) segments of \(window.segment)"),
      Fact("writes", "\(window.horizon) steps in \(window.horizonSegments) segments, all at once"),
      Fact(
        "seasons", window.longSeason > 0 ? "\(window.season) and \(window.longSeason)" : "\(window.season)"),
      Fact(
        "scaling",
        "\(window.transform == .log ? "logarithm, " : "")\(window.centre.rawValue) of \(window.centreSteps) steps taken off"
      ),
    ] + (model.weightsText.map { [Fact("combined", $0)] } ?? [])
  }

  public static func layers(_ model: Forecaster) -> [LayerDescription] {
    let (settings, widths) = (model.settings, model.preparation.widths(model.settings.window))
    let hidden = settings.network.hiddenSize
    return [
      LayerDescription("segments", "[T, B, \(widths.input)]", "[T, B, \(hidden)]", .stepwise),
      LayerDescription(
        "\(settings.network.layers) × \(settings.network.cell.rawValue)", "[T, B, \(hidden)]",
        "[T, B, \(hidden)]", .forward),
      LayerDescription(
        "values", "[T, B, \(hidden)]", "[B, \(settings.window.writtenSteps), \(settings.outputs)]", .pooled),
    ]
  }

  public static func pictures(_ model: Forecaster) throws -> [String: [UInt8]] {
    let forecast = try model.forecast()
    let title = "\(forecast.data.source): the next \(forecast.horizon) steps"
    return ["forecast.svg": Array(forecast.plot(title: title).svg().utf8)]
  }
}
