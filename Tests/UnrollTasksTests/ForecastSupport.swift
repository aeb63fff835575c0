import Testing
import UnrollCore
import UnrollData
import UnrollTasks

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

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
    settings.hiddenSize = 16
    settings.epochs = epochs
    settings.batchSize = 16
    settings.maximumStepsPerEpoch = 12
    settings.dropout = 0
    settings.learningRate = 5e-3
    settings.averaging = 0.9
    change(&settings)
    return settings
  }

  static func train(
    _ data: TimeSeries, epochs: Int = 8, holdOut: HoldOut? = nil,
    change: (inout ForecastSettings) -> Void = { _ in }
  ) throws -> Forecaster {
    try Forecaster.train(on: data, settings: small(data, epochs: epochs, change: change), holdOut: holdOut)
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
