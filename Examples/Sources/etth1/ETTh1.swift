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
    settings.seed = option("seed").flatMap { UInt64($0) } ?? 0
    settings.members = option("members").flatMap { Int($0) } ?? settings.members
    settings.cell = option("cell").flatMap { CellKind(rawValue: $0) } ?? settings.cell
    settings.hiddenSize = option("hidden").flatMap { Int($0) } ?? settings.hiddenSize
    settings.epochs = option("epochs").flatMap { Int($0) } ?? settings.epochs
    settings.learningRate = option("rate").flatMap { Float($0) } ?? settings.learningRate
    settings.averaging = option("averaging").flatMap { Float($0) } ?? settings.averaging
    settings.dropout = option("dropout").flatMap { Float($0) } ?? settings.dropout
    let isFinal = option("test") != "no"
    guard let path = arguments.first else {
      print("usage: etth1 ETTh1.csv [--seed 0] [--members 3] [--cell gru] [--hidden 256] [--epochs 4]")
      return
    }
    let data = try standardised(path)
    let forecaster = try Forecaster.train(
      on: data, settings: settings,
      holdOut: HoldOut(test: test, validation: validation, validationStride: 4, refits: false)
    ) { event in
      if case .training(.epoch(let epoch)) = event {
        print(
          "epoch \(epoch.epoch): training \(epoch.loss), validation \(epoch.validation ?? .nan), "
            + "\(Int(epoch.elapsed)) s")
      }
    }
    print("\(forecaster.parameterCount) parameters, \(Int(forecaster.summary.seconds)) s of training")
    let windows = validation - settings.horizon + 1
    report(
      "validation",
      try forecaster.evaluate(
        data.droppingLast(test), windows: windows, stride: 1, baselines: []))
    if isFinal {
      report(
        "test",
        try forecaster.evaluate(
          data, windows: windows, stride: 1, baselines: [Baseline.naive, Baseline.seasonalNaive]))
    }
  }

  private static func report(_ part: String, _ table: ScoreTable) {
    for method in table.methods {
      guard let scores = table.scores(of: method) else { continue }
      let squared = scores.rootMeanSquaredError * scores.rootMeanSquaredError
      print("\(part), \(method): MSE \(squared), MAE \(scores.meanAbsoluteError)")
    }
  }

  /// What the validation part chose.
  static func recipe() -> ForecastSettings {
    var settings = ForecastSettings(horizon: 96, season: 24)
    settings.members = 3
    settings.cell = .gru
    settings.hiddenSize = 256
    settings.lookBack = 96
    settings.segment = 24
    settings.centre = .last
    settings.scale = .series
    settings.skip = false
    settings.lags = 0
    settings.calendarFeatures = 0
    settings.cycle = true
    settings.mixesTargets = true
    settings.dropout = 0.5
    settings.levels = [0.5]
    settings.horizonDiscount = 0.5
    settings.epochs = 4
    settings.maximumStepsPerEpoch = 1000
    settings.batchSize = 128 * 7
    settings.learningRate = 2e-3
    settings.weightDecay = 0
    settings.averaging = 0.995
    settings.patience = 100
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
