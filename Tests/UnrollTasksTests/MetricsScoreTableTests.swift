import Testing
import UnrollTasks

@Suite struct MetricsScoreTableTests {
  /// Two windows worked by hand: errors 1, 3 on a scale of 1, and 2, (missing) on a scale of 4.
  private func table() -> ScoreTable {
    var table = ScoreTable(season: 1, quantileLevels: [0.1, 0.5, 0.9])
    let quantile: (Double) -> [Double] = { level in
      // Central 80 % is ±1 around 10, central 95 % is ±2.
      [0.1: -1, 0.9: 1, 0.025: -2, 0.975: 2][(level * 1000).rounded() / 1000].map { [10 + $0, 10 + $0] } ?? [
        10, 10,
      ]
    }
    table.add("model", points: [10, 10], actual: [11, 13], history: [0, 1, 2], quantile: quantile)
    table.add("model", points: [10, 10], actual: [8, .nan], history: [0, 4, 8], quantile: quantile)
    return table
  }

  @Test func poolsOverSteps() throws {
    let scores = try #require(table().scores(of: "model"))
    #expect(scores.steps == 3)
    #expect(scores.meanAbsoluteError == 2)
    #expect(abs(scores.rootMeanSquaredError - (14.0 / 3).squareRoot()) < 1e-12)
    #expect(abs(scores.symmetricPercentageError - (200.0 / 21 + 600.0 / 23 + 400.0 / 18) / 3) < 1e-12)
    #expect(abs(scores.meanAbsoluteScaledError - (1 + 3 + 0.5) / 3) < 1e-12)
    #expect(abs(scores.coverage[0] - 1.0 / 3) < 1e-12)
    #expect(abs(scores.coverage[1] - 2.0 / 3) < 1e-12)
    // Losses at 0.1, 0.5, 0.9 — step 11: 0.2, 0.5, 0; step 13: 0.4, 1.5, 1.8; step 8: 0.9, 1, 0.3.
    #expect(abs(scores.continuousRankedProbabilityScore - 2 * (0.7 + 3.7 + 2.2) / 9) < 1e-12)
  }

  @Test func sharesDecimalsInAColumn() {
    var table = table()
    table.add("flat", points: [10, 10], actual: [10, 10], history: [3, 3])
    let report = table.report
    #expect(report.columns == ["", "MAE", "RMSE", "sMAPE", "MASE", "in 80%", "in 95%", "CRPS"])
    #expect(
      report.rows == [
        ["model", "2.000", "2.160", "19.28%", "1.500", "33%", "67%", "1.467"],
        ["flat", "0.000", "0.000", "0.00%", "–", "–", "–", "–"],
      ])
    #expect(ScoreTable(season: 1).report.rows.isEmpty)
  }

  @Test func comparesByOverallWeightedAverage() throws {
    var table = ScoreTable(season: 1)
    table.add("a", points: [2], actual: [1], history: [0, 1])
    table.add("b", points: [4], actual: [1], history: [0, 1])
    // sMAPE 200/3 and 600/5, MASE 1 and 3.
    let average = try #require(table.overallWeightedAverage(of: "a", against: "b"))
    #expect(abs(average - (200.0 / 3 / 120 + 1.0 / 3) / 2) < 1e-12)
    #expect(table.overallWeightedAverage(of: "a", against: "c") == nil)
  }
}
