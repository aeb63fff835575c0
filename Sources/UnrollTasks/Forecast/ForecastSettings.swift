import UnrollData
import UnrollNetworks

/// How a forecaster is built and trained: everything that is not a weight.
public struct ForecastSettings: TaskSettings {
  /// What training makes small.
  public enum LossKind: String, Sendable, CaseIterable {
    /// The quantile loss of all levels: needed for intervals.
    case quantile
    /// The squared error of a single output; intervals come from the errors on the validation part.
    case squared
  }

  // MARK: Data
  /// The columns of the data; what is not said is guessed.
  public var time: String?
  public var target: [String] = []
  public var id: String?
  public var known: [String] = []
  /// Fields that mean a missing value, beside the usual ones.
  public var missing: [String] = []
  /// The order of day, month and year; `nil`: found out, and refused where two fit.
  public var dates: DateOrder?
  /// How times are written, such as `%d.%m.%Y`.
  public var timeFormat: String?
  public var decimal: DecimalMark?
  /// Whether times stand in the header, with a row for each series.
  public var wide = false
  /// What is done with several rows of one time; `nil`: they are refused.
  public var repeatedTimes: RepeatedTimes?
  /// Lines of the file, from 1, that are left out: `1-3`.
  public var skipLines: [String] = []
  public var frequency: String?
  public var horizon: Int?
  /// One season, or two.
  public var season: [Int] = []

  // MARK: Network
  public var network = RecurrentSettings(cell: .gru, hiddenSize: 128)
  public var lookBack: Int?
  public var segment: Int?
  public var transform: WindowSettings.Transform?
  /// How windows are cut, decided by the data and what is said above.
  public var window = WindowSettings(horizon: 1)
  /// Whether a linear map from the window to the horizon is added, started from the seasonal naive forecast.
  public var skip = true
  /// Whether a table of the season's mean pattern is learned and taken off (Lin et al. 2024, "CycleNet").
  public var cycle = false
  /// Whether each target's segments are read together with those of the others.
  public var mixesTargets = false
  public var loss = LossKind.quantile
  /// Whether the network is combined with simple methods where that is better on the validation part.
  public var combine = true
  /// What no forecast goes below; `nil`: zero for targets that never were below it.
  public var minimum: Double?
  /// The quantiles that the network gives, rising; the middle one is the median.
  public var levels: [Float] = [0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975]

  // MARK: Training
  /// The most optimizer steps of an epoch.
  public var maximumSteps = 60
  /// Last steps of each series that nothing but the final scores may see; `nil`: a horizon where there is room.
  public var testSteps: Int?
  /// Steps before those that the number of epochs is chosen on.
  public var validationSteps: Int?
  public var learning = LearningSettings()

  public init() {
    learning.epochs = 50
    learning.batchSize = 128
    learning.weightDecay = 1e-4
    learning.averaging = 0.998
    learning.tolerance = 0.02
    learning.refit = true
  }

  /// Settings that suit the data, with its horizon and season.
  public static func defaults(for data: TimeSeries) -> ForecastSettings {
    ForecastSettings().fitted(to: data)
  }

  /// These settings with those of windows decided by the data.
  func fitted(to data: TimeSeries) -> ForecastSettings {
    var settings = ForecastSettings()
    settings.window = WindowSettings(for: data, longSeason: season.count > 1 ? season.max() : nil)
    settings.window.resize(segment: segment, lookBack: lookBack, longest: data.series.map(\.count).max() ?? 1)
    if let transform { settings.window.transform = transform }
    let window = settings.window
    // Where a network learns from much, simple methods of each series add little and take long.
    let values = data.series.reduce(0) { $0 + $1.count * $1.targets.count }
    settings.combine = data.series.count * data.targetNames.count <= 20 && values <= 20_000
    // Many series are worth a wider network and larger batches.
    if data.series.reduce(0, { $0 + max(0, $1.count - window.lookBack - window.horizon) }) > 30_000 {
      settings.network.hiddenSize = 256
      settings.learning.batchSize = 256
    }
    return settings
  }

  public static let fields: [SettingField<ForecastSettings>] =
    dataFields + RecurrentSettings.fields(at: \.network).without("weight-dropout") + networkFields
    + windowFields.map(\.kept)
    + LearningSettings.fields(at: \.learning).without("label-smoothing", "batch-tokens", "validation-share")

  private static let networkFields: [SettingField<ForecastSettings>] = [
    SettingField(\.lookBack, "look-back", 1...10_000_000, .network, "Steps to look back on."),
    SettingField(\.segment, "segment", 1...1_000_000, .network, "Steps read and written at once."),
    SettingField(
      \.transform, "transform", .network, "What is done to values first; decided by the data by default."),
    SettingField(\.skip, "skip", .network, "Add a linear map that starts from the seasonal naive forecast."),
    SettingField(\.cycle, "cycle", .network, "Learn the season's mean pattern as a table (Lin et al. 2024)."),
    SettingField(\.mixesTargets, "mix-targets", .network, "Read each target together with the others."),
    SettingField(\.loss, "loss", .training, "What training makes small."),
    SettingField(
      \.combine, "combine", .training,
      "Combine the network with simple methods, weighed on the validation part; by default for few, short series."
    ),
    SettingField(
      \.minimum, "minimum", -1e300...1e300, .training,
      "What no forecast goes below; by default 0 where no value of the data is below it."),
    SettingField(\.levels, "quantiles", 0.001...0.999, .network, "The quantiles that the network gives."),
    SettingField(
      \.maximumSteps, "maximum-steps", 1...1_000_000, .training, "The most optimizer steps of an epoch."),
    SettingField(
      \.testSteps, "test-steps", 0...100_000_000, .training,
      "Last steps of each series kept for the scores; 0: none."),
    SettingField(
      \.validationSteps, "validation-steps", 0...100_000_000, .training,
      "Steps before those that choose the number of epochs; 0: none."),
  ]

  private static let dataFields: [SettingField<ForecastSettings>] = [
    SettingField(\.time, "time", .data, "The column of times.", valueName: "column"),
    SettingField(\.target, "target", .data, "The columns to forecast.", valueName: "column,…"),
    SettingField(\.id, "id", .data, "The column, or columns, that tell series apart.", valueName: "column,…"),
    SettingField(
      \.known, "known", .data, "Columns that are known ahead, of numbers or words.", valueName: "column,…"),
    SettingField(\.missing, "missing", .data, "Fields that mean a missing value; may be repeated."),
    SettingField(\.dates, "dates", .data, "The order of day, month and year."),
    SettingField(
      \.timeFormat, "time-format", .data, "How times are written, such as %d.%m.%Y or unix seconds.",
      valueName: "format"),
    SettingField(\.decimal, "decimal", .data, "The mark before decimals."),
    SettingField(\.wide, "wide", .data, "Times stand in the header, with a row for each series."),
    SettingField(\.repeatedTimes, "repeated-times", .data, "What is read of several rows of one time."),
    SettingField(
      \.skipLines, "skip-lines", .data, "Lines to leave out, from 1, such as 1-3; may be repeated.",
      valueName: "lines"),
    SettingField(
      \.frequency, "frequency", .data, "The distance of the rows: hourly, daily, monthly, \"15 minutes\", …",
      valueName: "step"),
    SettingField(\.horizon, "horizon", 1...100_000, .data, "Steps to forecast."),
    SettingField(
      \.season, "season", 1...1_000_000, .data,
      "Steps after which the pattern repeats; 1 for none; a second, longer season after a comma."),
  ]

  /// What `config.json` keeps of the decisions that the data makes.
  private static let windowFields: [SettingField<ForecastSettings>] = [
    SettingField(\.window.horizon, "window-horizon", 1...100_000, .network, ""),
    SettingField(\.window.season, "window-season", 1...1_000_000, .network, ""),
    SettingField(\.window.longSeason, "window-long-season", 0...10_000_000, .network, ""),
    SettingField(\.window.lookBack, "window-look-back", 1...10_000_000, .network, ""),
    SettingField(\.window.segment, "window-segment", 1...1_000_000, .network, ""),
    SettingField(\.window.transform, "window-transform", .network, ""),
    SettingField(\.window.centre, "window-centre", .network, ""),
    SettingField(\.window.scale, "window-scale", .network, ""),
    SettingField(\.window.centreSteps, "window-centre-steps", 1...10_000_000, .network, ""),
    SettingField(\.window.lags, "window-lags", 0...1000, .network, ""),
    SettingField(\.window.horizonDiscount, "window-horizon-discount", 0...10, .network, ""),
    SettingField(\.window.marksMissing, "window-marks-missing", .network, ""),
    SettingField(\.window.calendarFeatures, "window-calendar-features", 0...1000, .network, ""),
  ]

  public func check() throws(SettingError) {
    guard window.lookBack % window.segment == 0 else {
      throw SettingError(
        "look-back", expected: "a multiple of the segment, \(window.segment)", found: window.lookBack)
    }
    guard levels.count % 2 == 1, levels == levels.sorted(), levels[levels.count / 2] == 0.5 else {
      throw SettingError(
        "quantiles", expected: "an odd number of rising levels with 0.5 in the middle", found: levels)
    }
    guard season.count <= 2 else {
      throw SettingError("season", expected: "one season, or two", found: season)
    }
    if let frequency, Frequency(frequency) == nil {
      throw SettingError(
        "frequency", expected: "a word such as hourly, daily, monthly or \"15 minutes\"",
        found: "\"\(frequency)\"")
    }
    for (name, steps) in [("test-steps", testSteps), ("validation-steps", validationSteps)] {
      guard let steps, (1..<window.horizon).contains(steps) else { continue }
      throw SettingError(name, expected: "0 or at least the horizon of \(window.horizon) steps", found: steps)
    }
  }

  /// The levels of the outputs.
  var outputs: Int { loss == .quantile ? levels.count : 1 }
  /// How outputs are compared with what came.
  var objective: ValueHead.Objective { loss == .quantile ? .quantiles(levels) : .squared }
}

/// How forecasts are made and shown.
public struct ForecastOptions: SettingSet {
  /// Central intervals, in per cent.
  public var levels: [Float] = [80, 95]
  public var plot: String?
  /// Moments of the past that a backtest forecasts from, and the steps between them; `nil`: the horizon.
  public var windows = 1
  public var stride: Int?
  /// Fewer steps than the model was trained for.
  public var horizon: Int?

  public init() {}

  public static let fields: [SettingField<ForecastOptions>] = [
    SettingField(\.levels, "levels", 0.1...99.9, .output, "Intervals to give, in per cent."),
    SettingField(\.plot, "plot", .output, "Draw history, forecast and intervals.", valueName: "out.svg"),
    SettingField(
      \.horizon, "horizon", 1...100_000, .output, "Steps to forecast, at most those that training was for."),
    SettingField(
      \.windows, "windows", 1...1_000_000, .search, "In a backtest, how many moments to forecast from."),
    SettingField(
      \.stride, "stride", 1...10_000_000, .search, "Steps between these; the horizon by default."),
  ]

  public func check() throws(SettingError) {
    guard let plot, let ending = plot.split(separator: ".").last?.lowercased(),
      ["png", "jpg", "jpeg", "gif", "webp", "bmp", "tiff", "pdf", "eps"].contains(ending)
    else { return }
    throw SettingError(
      "plot", expected: "a file that ends in .svg, the form in which plots are drawn", found: plot)
  }

  /// The intervals in the decimals that were written.
  var intervalLevels: [Double] { levels.map { Double("\($0)") ?? Double($0) } }
}
