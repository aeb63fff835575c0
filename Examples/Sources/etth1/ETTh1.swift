import Unroll

/// The benchmark ETTh1 by the literature's protocol: all seven variables of an electricity transformer from all
/// seven, 96 hours ahead from 96 hours back.
///
/// The first 8640 rows train, the next 2880 choose, the next 2880 test; all are standardised by the mean and
/// deviation of the training rows. Every window of the test part counts: 2785 of them.
///
///     etth1 ETTh1.csv [--seed 0] [--members 3] [--cell gru] [--hidden 256] [--epochs 4]
@main
struct ETTh1 {
  static let (training, validation, test) = (8640, 2880, 2880)

  static func main() throws {
    var arguments = Array(CommandLine.arguments.dropFirst())
    func option(_ name: String) -> String? {
      guard let place = arguments.firstIndex(of: "--" + name), place + 1 < arguments.count else { return nil }
      defer { arguments.removeSubrange(place...place + 1) }
      return arguments[place + 1]
    }
    var settings = recipe()
    settings.learning.seed = option("seed").flatMap { UInt64($0) } ?? 0
    settings.learning.members = option("members").flatMap { Int($0) } ?? settings.learning.members
    settings.network.cell = option("cell").flatMap { CellKind(rawValue: $0) } ?? settings.network.cell
    settings.network.hiddenSize = option("hidden").flatMap { Int($0) } ?? settings.network.hiddenSize
    settings.learning.epochs = option("epochs").flatMap { Int($0) } ?? settings.learning.epochs
    settings.learning.learningRate = option("rate").flatMap { Float($0) } ?? settings.learning.learningRate
    settings.learning.averaging = option("averaging").flatMap { Float($0) } ?? settings.learning.averaging
    settings.network.dropout = option("dropout").flatMap { Float($0) } ?? settings.network.dropout
    let isFinal = option("test") != "no"
    guard let path = arguments.first else {
      print("usage: etth1 ETTh1.csv [--seed 0] [--members 3] [--cell gru] [--hidden 256] [--epochs 4]")
      return
    }
    settings.testSteps = test
    settings.validationSteps = validation
    settings.learning.refit = false
    let data = try standardised(path)
    let forecaster = try Forecaster.train(
      on: ForecastData(data), settings: settings,
      session: TaskSession(report: { event in
        if case .training(.epoch(let epoch)) = event {
          print(
            "epoch \(epoch.epoch): training \(epoch.loss), validation \(epoch.validation ?? .nan), "
              + "\(Int(epoch.elapsed)) s")
        }
      }))
    print("\(forecaster.parameterCount) parameters, \(Int(forecaster.record.seconds)) s of training")
    var every = ForecastOptions()
    (every.windows, every.stride) = (validation - settings.window.horizon + 1, 1)
    try report("validation", forecaster.evaluate(on: ForecastData(data.droppingLast(test)), options: every))
    if isFinal { try report("test", forecaster.evaluate(on: ForecastData(data), options: every)) }
  }

  private static func report(_ part: String, _ report: ScoreReport) {
    func score(_ name: String) -> Double { report.scores.first { $0.name == name }?.value ?? .nan }
    print("\(part): MSE \(score("RMSE") * score("RMSE")), MAE \(score("MAE"))")
  }

  /// What the validation part chose.
  static func recipe() -> ForecastSettings {
    var settings = ForecastSettings()
    (settings.horizon, settings.season) = (96, [24])
    settings.window = WindowSettings(horizon: 96, season: 24)
    settings.learning.members = 3
    settings.network.cell = .gru
    settings.network.hiddenSize = 256
    settings.window.lookBack = 96
    settings.window.segment = 24
    settings.window.centre = .last
    settings.window.scale = .series
    settings.skip = false
    settings.window.lags = 0
    settings.window.calendarFeatures = 0
    settings.cycle = true
    settings.mixesTargets = true
    settings.network.dropout = 0.5
    settings.levels = [0.5]
    settings.window.horizonDiscount = 0.5
    settings.learning.epochs = 4
    settings.maximumSteps = 1000
    settings.learning.batchSize = 128 * 7
    settings.learning.learningRate = 2e-3
    settings.learning.weightDecay = 0
    settings.learning.averaging = 0.995
    settings.learning.patience = 100
    return settings
  }

  private static func standardised(_ path: String) throws -> TimeSeries {
    let raw = try TimeSeries(csv: path)
    let whole = raw[0]
    let rows = training + validation + test
    let targets = whole.targets.map { values in
      let known = values.prefix(training)
      let mean = known.reduce(0, +) / Double(training)
      let variance = known.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(training)
      return values.prefix(rows).map { ($0 - mean) / variance.squareRoot() }
    }
    return try TimeSeries(
      series: [TimeSeries.Series(start: whole.start, targets: targets)], frequency: raw.frequency,
      targetNames: raw.targetNames, timeName: raw.timeName, timeFormat: raw.timeFormat, season: 24,
      source: path)
  }
}
