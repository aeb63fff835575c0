import Testing
import UnrollCore
import UnrollData
import UnrollTasks

/// Random numbers and curves for series whose truth is known.
struct Curve {
  var random: RandomSource

  init(_ seed: UInt64) { random = RandomSource(seed: seed) }

  /// level + slope·t + height·sin(2πt/season), with normal noise.
  mutating func wave(
    _ count: Int, season: Int = 12, level: Double = 10, slope: Double = 0.05, height: Double = 2,
    noise: Double = 0
  ) -> [Double] {
    (0..<count).map { t in
      level + slope * Double(t) + height * cosine(2 * .pi * Double(t) / Double(season))
        + noise * Double(random.normal())
    }
  }
}

enum Example {
  static let month = Timestamp("2000-01")!

  static func series(
    _ values: [[Double]], ids: [String] = [], known: [[[Double]]] = [], targets: [String] = ["value"],
    knownNames: [String] = [], season: Int = 12, horizon: Int = 6
  ) throws -> TimeSeries {
    let perSeries = targets.count
    let count = values.count / perSeries
    return try TimeSeries(
      series: (0..<count).map { index in
        TimeSeries.Series(
          id: ids.isEmpty ? "" : ids[index], start: month,
          targets: Array(values[index * perSeries..<(index + 1) * perSeries]),
          known: known.isEmpty ? [] : known[index])
      }, frequency: .monthly, targetNames: targets, knownNames: knownNames, timeName: "date",
      idName: ids.isEmpty ? nil : "shop", season: season, horizon: horizon, source: "test")
  }

  /// Settings that train in a moment.
  static func small(
    _ data: TimeSeries, epochs: Int = 8, change: (inout ForecastSettings) -> Void = { _ in }
  ) -> ForecastSettings {
    var settings = ForecastSettings.defaults(for: data)
    settings.network.hiddenSize = 16
    settings.learning.epochs = epochs
    settings.learning.batchSize = 16
    settings.maximumSteps = 12
    settings.network.dropout = 0
    settings.learning.learningRate = 5e-3
    settings.learning.averaging = 0.9
    // What is asked of the network must not be answered by another method.
    settings.combine = false
    change(&settings)
    return settings
  }

  static func train(
    _ data: TimeSeries, epochs: Int = 8, session: TaskSession = TaskSession(),
    change: (inout ForecastSettings) -> Void = { _ in }
  ) throws -> Forecaster {
    try Forecaster.train(
      on: data, settings: small(data, epochs: epochs, change: change), session: session)
  }
}

extension ForecastSettings {
  /// Says what is held out.
  mutating func holdOut(test: Int, validation: Int, refits: Bool = true) {
    (testSteps, validationSteps, learning.refit) = (test, validation, refits)
  }
}

extension Model where Task == ForecastTask {
  /// A backtest.
  func backtest(_ series: TimeSeries, windows: Int = 1, stride: Int? = nil) throws -> ScoreReport {
    var options = ForecastOptions()
    (options.windows, options.stride) = (windows, stride)
    return try evaluate(on: ForecastData(series), options: options)
  }
}

extension ScoreReport {
  /// The methods of its table, and what it holds of one.
  var methods: [String] { tables.first?.rows.map { $0[0] } ?? [] }

  func cell(_ method: String, _ column: String) -> Double? {
    guard let table = tables.first, let place = table.columns.firstIndex(of: column) else { return nil }
    return table.rows.first { $0[0] == method }.flatMap { Double($0[place]) }
  }
}

extension Forecast {
  /// Every number of it, for comparisons bit for bit; NaN is equal to NaN.
  var bits: [UInt64] {
    tracks.flatMap { track in
      ([track.median] + [0.025, 0.1, 0.33, 0.5, 0.9].map(track.quantile)).flatMap { $0.map(\.bitPattern) }
    }
  }
}

func meanError(_ a: [Double], _ b: [Double]) -> Double {
  zip(a, b).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(max(1, min(a.count, b.count)))
}
