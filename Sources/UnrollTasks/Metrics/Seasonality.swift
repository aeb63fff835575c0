/// Does a series have a season, and what shape: as the benchmarks of the M4 competition decide it.
///
/// Source: Makridakis, Spiliotis & Assimakopoulos 2020, "The M4 Competition", and the benchmark method Naive2
/// described there; the rules are those of R's `acf` and `decompose` with a multiplicative season.
package enum Seasonality {
  /// r_k = Σ (yₜ − ȳ)(yₜ₊ₖ − ȳ) / Σ (yₜ − ȳ)² for k = 1 … `lags`. Pairs with a NaN are left out; NaN when the
  /// series is constant.
  package static func autocorrelations(_ series: [Double], lags: Int) -> [Double] {
    let mean = ForecastMetrics.mean(series)
    let centred = series.map { $0.isNaN ? 0 : $0 - mean }
    let variance = centred.reduce(0) { $0 + $1 * $1 }
    return (1...max(lags, 1)).map { lag in
      variance == 0 ? .nan : zip(centred, centred.dropFirst(lag)).reduce(0) { $0 + $1.0 * $1.1 } / variance
    }
  }

  /// The 90 % test: |r_m| > 1.645·√((1 + 2 Σ r_k²) / n), the sum over k from 1 to m − 1, n observed values. Never
  /// for fewer than three seasons.
  package static func isPresent(in series: [Double], season: Int) -> Bool {
    let count = series.count { !$0.isNaN }
    guard season > 1, count >= 3 * season else { return false }
    let correlations = autocorrelations(series, lags: season)
    let squares = correlations.dropLast().reduce(0) { $0 + $1 * $1 }
    return abs(correlations[season - 1]) > 1.645 * ((1 + 2 * squares) / Double(count)).squareRoot()
  }

  /// Classical multiplicative decomposition: the mean, per phase, of the series over its centred moving average,
  /// scaled so that the indices have mean 1. Phase 0 is the first entry of the series.
  ///
  /// Nothing where a phase has no usable ratio or an index is not a positive number (a trend through zero).
  package static func multiplicativeIndices(of series: [Double], season: Int) -> [Double]? {
    guard season > 1, series.count >= 2 * season else { return nil }
    let trend = centredMovingAverage(series, season: season)
    let indices = (0..<season).map { phase in
      ForecastMetrics.mean(stride(from: phase, to: series.count, by: season).map { series[$0] / trend[$0] })
    }
    let mean = indices.reduce(0, +) / Double(season)
    let scaled = indices.map { $0 / mean }
    return scaled.allSatisfy { $0 > 0 && $0.isFinite } ? scaled : nil
  }

  /// The part of each phase of a season in a sum of trend, season and rest, by classical decomposition; they sum to zero.
  ///
  /// Missing values are bridged by straight lines. Nothing for fewer than two seasons.
  package static func additiveParts(of series: [Double], season: Int) -> [Double]? {
    guard season > 1, series.count >= 2 * season, series.contains(where: { !$0.isNaN }) else { return nil }
    let bridged = bridged(series)
    let trend = centredMovingAverage(bridged, season: season)
    let parts = (0..<season).map { phase in
      ForecastMetrics.mean(
        stride(from: phase, to: series.count, by: season).map { bridged[$0] - trend[$0] })
    }
    let mean = parts.reduce(0, +) / Double(season)
    let centred = parts.map { $0 - mean }
    return centred.allSatisfy(\.isFinite) ? centred : nil
  }

  /// The series with straight lines across its gaps, its ends going on flat.
  private static func bridged(_ series: [Double]) -> [Double] {
    var result = series
    var last: Int?
    for (step, value) in series.enumerated() where !value.isNaN {
      let from = last.map { series[$0] } ?? value
      let start = (last ?? -1) + 1
      for gap in start..<step {
        let share = last.map { Double(gap - $0) / Double(step - $0) } ?? 1
        result[gap] = from + share * (value - from)
      }
      last = step
    }
    if let last { for step in last + 1..<max(last + 1, series.count) { result[step] = series[last] } }
    return result
  }

  /// The mean of a full season around each entry; an even season takes half of each end. NaN for the half season
  /// at either end and wherever the window holds a NaN.
  static func centredMovingAverage(_ series: [Double], season: Int) -> [Double] {
    let half = season / 2
    var trend = [Double](repeating: .nan, count: series.count)
    guard series.count > 2 * half else { return trend }
    for centre in half..<(series.count - half) {
      var sum = series[(centre - half)...(centre + half)].reduce(0, +)
      if season % 2 == 0 { sum -= (series[centre - half] + series[centre + half]) / 2 }
      trend[centre] = sum / Double(season)
    }
    return trend
  }
}
