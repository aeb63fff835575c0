import Testing
import UnrollTasks

private func close(_ a: [Double], _ b: [Double], _ tolerance: Double = 1e-12) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { $0.isNaN && $1.isNaN || abs($0 - $1) <= tolerance }
}

prefix operator √
private prefix func √ (x: Double) -> Double { x.squareRoot() }

@Suite struct MetricsBaselineTests {
  @Test func naiveRepeatsTheLastValue() {
    // Residuals 2, −1: σ² = 5/2.
    let result = Baseline.naive.forecast(history: [1, 3, 2], horizon: 4, season: 12)
    #expect(result.points == [2, 2, 2, 2])
    #expect(close(result.standardErrors, (1...4).map { (2.5 * Double($0)).squareRoot() }))
  }

  @Test func naiveStepsOverGaps() {
    // Changes: 2 over one step, 4 over two: σ² = (4 + 16/2)/2 = 6; the last value lies two steps back.
    let result = Baseline.naive.forecast(history: [1, 3, .nan, 7, .nan], horizon: 2, season: 1)
    #expect(result.points == [7, 7])
    #expect(close(result.standardErrors, [√12.0, √18.0]))
  }

  @Test func seasonalNaiveRepeatsTheSeason() {
    // Season 3, residuals 1, 1, 4: σ² = 6; the second season ahead counts twice.
    let result = Baseline.seasonalNaive.forecast(history: [1, 2, 3, 2, 3, 7], horizon: 7, season: 3)
    #expect(result.points == [2, 3, 7, 2, 3, 7, 2])
    let expected = [1, 1, 1, 2, 2, 2, 3].map { (6.0 * $0).squareRoot() }
    #expect(close(result.standardErrors, expected))
  }

  @Test func seasonalNaiveKeepsItsPhaseWhenTheHistoryEndsMidSeason() {
    let result = Baseline.seasonalNaive.forecast(history: [1, 2, 3, 4, 5], horizon: 3, season: 3)
    #expect(result.points == [3, 4, 5])
    // Phase of the value 4 is missing in the last season: the season before gives it, two seasons away.
    let gap = Baseline.seasonalNaive.forecast(history: [1, 2, 3, .nan, 5], horizon: 3, season: 3)
    #expect(gap.points == [3, 1, 5])
    #expect(close(gap.standardErrors, [3, √18.0, 3]))
  }

  @Test func seasonalNaiveOfAShortHistoryUsesTheLastValue() {
    let result = Baseline.seasonalNaive.forecast(history: [4, 6], horizon: 4, season: 4)
    #expect(result.points == [6, 6, 4, 6])
    #expect(close(result.standardErrors, [.nan, .nan, .nan, .nan]))
  }

  @Test func driftFollowsTheLineThroughTheEnds() {
    // Slope 2; residuals 1, −2, 1 around it: σ² = 6/2; T − 1 = 3.
    let result = Baseline.drift.forecast(history: [0, 3, 3, 6], horizon: 3, season: 1)
    #expect(result.points == [8, 10, 12])
    #expect(close(result.standardErrors, [√4.0, √10.0, √18.0]))
    let gap = Baseline.drift.forecast(history: [.nan, 0, .nan, 4, .nan], horizon: 2, season: 1)
    #expect(gap.points == [8, 10], "the last value lies two steps back")
  }

  @Test func naive2RestoresAMultiplicativeSeason() {
    // A level of 10 times the indices ½, 1, 3/2 (mean 1): adjusted it is constant.
    let indices = [0.5, 1, 1.5]
    let history = (0..<14).map { 10 * indices[$0 % 3] }
    let result = Baseline.naive2.forecast(history: history, horizon: 5, season: 3)
    #expect(close(result.points, [15, 5, 10, 15, 5]))
    #expect(close(result.standardErrors, [0, 0, 0, 0, 0], 1e-9))
  }

  @Test func naive2WithoutASeasonIsNaive() {
    let history: [Double] = [5, 5, 6, 5, 4, 5, 5, 6, 4, 5, 6, 7]
    #expect(
      Baseline.naive2.forecast(history: history, horizon: 3, season: 4)
        == Baseline.naive.forecast(history: history, horizon: 3, season: 4))
  }

  @Test(arguments: Baseline.allCases)
  func hardHistories(_ method: Baseline) {
    for history in [[], [Double.nan, .nan]] as [[Double]] {
      let result = method.forecast(history: history, horizon: 3, season: 2)
      #expect(result.points.map { $0.isNaN } == [true, true, true])
    }
    let one = method.forecast(history: [.nan, 4], horizon: 2, season: 0)
    #expect(one.points == [4, 4])
    let constant = method.forecast(history: Array(repeating: 3, count: 40), horizon: 3, season: 4)
    #expect(constant.points == [3, 3, 3])
    #expect(constant.interval(0.8).lower == [3, 3, 3])
    #expect(method.forecast(history: [1, 2, 3], horizon: 0, season: 2).points.isEmpty)
  }

  @Test func intervalsAreNormal() {
    let forecast = BaselineForecast(points: [10, 20], standardErrors: [1, 2])
    let (lower, upper) = forecast.interval(0.95)
    #expect(close(lower, [10 - 1.959_963_98, 20 - 3.919_927_97], 1e-7))
    #expect(close(upper, [10 + 1.959_963_98, 20 + 3.919_927_97], 1e-7))
    #expect(forecast.quantile(0.5) == [10, 20])
  }
}

@Suite struct MetricsSeasonalityTests {
  @Test func autocorrelationsByHand() {
    // 1 2 3 4: deviations −1.5 −0.5 0.5 1.5, variance sum 5; lag 1: 0.75 − 0.25 + 0.75; lag 2: −0.75 − 0.75.
    #expect(close(Seasonality.autocorrelations([1, 2, 3, 4], lags: 3), [0.25, -0.3, -0.45]))
    #expect(Seasonality.autocorrelations([2, 2, 2], lags: 1)[0].isNaN)
  }

  @Test func needsThreeSeasons() {
    let season: [Double] = [1, 9, 2, 8]
    func repeated(_ count: Int) -> [Double] { (0..<count).map { season[$0 % 4] } }
    #expect(!Seasonality.isPresent(in: repeated(11), season: 4))
    #expect(Seasonality.isPresent(in: repeated(40), season: 4))
    #expect(!Seasonality.isPresent(in: repeated(40), season: 1))
    #expect(!Seasonality.isPresent(in: Array(repeating: 7, count: 40), season: 4))
  }

  /// |r₃| is 1.681 and 1.609 times √((1 + 2(r₁² + r₂²)) / 12): either side of the limit at 1.645.
  @Test func theLimitIsNinetyPercent() {
    #expect(Seasonality.isPresent(in: [9, 7, 8, 1, 0, 2, 8, 6, 8, 6, 8, 4], season: 3))
    #expect(!Seasonality.isPresent(in: [6, 3, 8, 6, 7, 5, 7, 1, 1, 3, 9, 9], season: 3))
  }

  @Test func indicesOfAnEvenSeason() throws {
    let shape = [0.8, 1.2, 0.9, 1.1]
    let series = (0..<17).map { 50 * shape[$0 % 4] }
    let indices = try #require(Seasonality.multiplicativeIndices(of: series, season: 4))
    #expect(close(indices, shape, 1e-12))
    #expect(Seasonality.multiplicativeIndices(of: series.map { $0 - 50 }, season: 4) == nil)
  }
}
