import Testing
import UnrollTasks

private func close(_ a: Double, _ b: Double, _ tolerance: Double = 1e-12) -> Bool {
  a.isNaN && b.isNaN || abs(a - b) <= tolerance
}

@Suite struct MetricsTests {
  /// Worked by hand: errors −1, 2, (missing), 0.
  let actual: [Double] = [1, 4, .nan, 2]
  let forecast: [Double] = [2, 2, 7, 2]

  @Test func pointErrors() {
    #expect(close(ForecastMetrics.meanAbsoluteError(actual: actual, forecast: forecast), 1))
    let square = ForecastMetrics.rootMeanSquaredError(actual: actual, forecast: forecast)
    #expect(close(square, (5.0 / 3).squareRoot()))
    let percentage = ForecastMetrics.symmetricPercentageError(actual: actual, forecast: forecast)
    #expect(close(percentage, (200.0 / 3 + 400.0 / 6 + 0) / 3))
  }

  @Test func percentageErrorOfNothingIsNothing() {
    #expect(ForecastMetrics.symmetricPercentageError(actual: [0], forecast: [0]) == 0)
    #expect(ForecastMetrics.symmetricPercentageError(actual: [0, 3], forecast: [5, -3]) == 200)
    #expect(ForecastMetrics.symmetricPercentageError(actual: [.nan], forecast: [1]).isNaN)
    #expect(ForecastMetrics.meanAbsoluteError(actual: [], forecast: []).isNaN)
  }

  @Test func scaleIsSeasonalNaivesError() {
    // Lag 2: |3−1|, |2−2|, (missing), |5−2|; mean of 2, 0, 3.
    let history: [Double] = [1, 2, 3, 2, .nan, 5]
    #expect(close(ForecastMetrics.scale(history: history, season: 2), 5.0 / 3))
    #expect(close(ForecastMetrics.scale(history: [1, 2, 1, 2], season: 2), 1), "zero falls back to lag 1")
    #expect(close(ForecastMetrics.scale(history: [1, 4], season: 12), 3), "too short falls back to lag 1")
    #expect(ForecastMetrics.scale(history: [6, 6, 6, 6], season: 2).isNaN)
    #expect(ForecastMetrics.scale(history: [], season: 0).isNaN)
    let scaled = ForecastMetrics.meanAbsoluteScaledError(
      actual: actual, forecast: forecast, history: history, season: 2)
    #expect(close(scaled, 0.6))
  }

  @Test func intervals() {
    let y: [Double] = [1, 2, 3, .nan, 5]
    let lower: [Double] = [1, 0, 4, 0, .nan]
    let upper: [Double] = [2, 1, 6, 9, 9]
    #expect(close(ForecastMetrics.coverage(actual: y, lower: lower, upper: upper), 1.0 / 3))
    #expect(close(ForecastMetrics.meanIntervalWidth(lower: lower, upper: upper), (1.0 + 1 + 2 + 9) / 4))
    // Widths 1, 1, 2; misses 0, 1 above, 1 below; α = 0.2, so a miss costs 10; scale 2.
    let score = ForecastMetrics.meanScaledIntervalScore(
      actual: y, lower: lower, upper: upper, level: 0.8, history: [0, 2, 4], season: 1)
    #expect(close(score, (1.0 + 11 + 12) / 3 / 2))
  }

  @Test func quantileLosses() {
    #expect(close(ForecastMetrics.pinball(actual: 5, quantile: 3, level: 0.9), 1.8))
    #expect(close(ForecastMetrics.pinball(actual: 3, quantile: 5, level: 0.9), 0.2))
    // Level 0.1: 0.1·2, 0.9·1. Level 0.5: 0.5·1, 0.5·0. Level 0.9: 0.1·1, 0.1·2. Third step is missing.
    let y: [Double] = [4, 2, .nan]
    let quantiles: [[Double]] = [[2, 3, 0], [3, 2, 0], [5, 4, 0]]
    let levels = [0.1, 0.5, 0.9]
    #expect(close(ForecastMetrics.quantileLoss(actual: y, quantile: quantiles[0], level: 0.1), 0.55))
    let ranked = ForecastMetrics.continuousRankedProbabilityScore(
      actual: y, quantiles: quantiles, levels: levels)
    #expect(close(ranked, 2 * (0.55 + 0.25 + 0.15) / 3))
    let weighted = ForecastMetrics.meanWeightedQuantileLoss(actual: y, quantiles: quantiles, levels: levels)
    #expect(close(weighted, 2 * (1.1 + 0.5 + 0.3) / 6 / 3))
  }

  @Test func rankedScoreOfOneNumberIsAbsoluteError() {
    let levels = (1...9).map { Double($0) / 10 }
    let ranked = ForecastMetrics.continuousRankedProbabilityScore(
      actual: [7], quantiles: levels.map { _ in [4] }, levels: levels)
    #expect(close(ranked, 3))
  }

  @Test func rankedScoreApproachesTheNormalsClosedForm() {
    // CRPS of N(0, 1) at y = 0 is 2φ(0) − 1/√π = 0.2336950.
    let levels = (0..<1000).map { (Double($0) + 0.5) / 1000 }
    let ranked = ForecastMetrics.continuousRankedProbabilityScore(
      actual: [0], quantiles: levels.map { [StandardNormal.quantile($0)] }, levels: levels)
    #expect(close(ranked, 0.233_695, 1e-4))
  }

  @Test(arguments: [
    (0.5, 0), (0.9, 1.281_551_565_544_600_4), (0.975, 1.959_963_984_540_054), (0.025, -1.959_963_984_540_054),
    (0.999_999, 4.753_424_308_822_899),
  ])
  func normalQuantiles(_ level: Double, _ expected: Double) {
    #expect(close(StandardNormal.quantile(level), expected, 1e-8))
    #expect(close(StandardNormal.cumulative(expected), level, 1e-12))
  }

  @Test func normalQuantilesAtTheEnds() {
    #expect(StandardNormal.quantile(0) == -.infinity)
    #expect(StandardNormal.quantile(1) == .infinity)
    #expect(StandardNormal.quantile(1.1).isNaN)
    #expect(StandardNormal.quantile(.nan).isNaN)
  }
}
