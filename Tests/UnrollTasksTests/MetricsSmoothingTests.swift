import Foundation
import Testing
import UnrollTasks

/// Numbers of statsmodels, written by `scripts/goldens/make-smoothing`.
private struct SmoothingGoldens: Decodable {
  struct Weights: Decodable { let alpha, beta, gamma, phi: Double }
  struct Start: Decodable {
    let level, slope: Double
    let seasonal: [Double]
  }
  struct Case: Decodable {
    let series, trend: String
    let season: Int
    let weights: Weights
    let start: Start
    let squares: Double
    let ahead, variance: [Double]
    let least: Double
  }
  struct Theta: Decodable {
    let series: String
    let ahead: [Double]
  }
  let series: [String: [Double]]
  let cases: [Case]
  let thetas: [Theta]

  static func read() throws -> SmoothingGoldens {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    return try JSONDecoder().decode(
      SmoothingGoldens.self, from: Data(contentsOf: folder.appending(path: "Goldens/smoothing.json")))
  }
}

@Suite struct MetricsSmoothingTests {
  private func form(_ one: SmoothingGoldens.Case) throws -> ExponentialSmoothing.Form {
    ExponentialSmoothing.Form(
      trend: try #require(ExponentialSmoothing.Form.Trend(rawValue: one.trend)), season: one.season)
  }

  /// Twelve digits: both run the same sums in double precision.
  @Test func statesAndForecastsAreThoseOfStatsmodels() throws {
    let goldens = try SmoothingGoldens.read()
    #expect(goldens.cases.count == 18)
    for one in goldens.cases {
      let values = try #require(goldens.series[one.series])
      let form = try form(one)
      let weights = ExponentialSmoothing.Weights(
        alpha: one.weights.alpha, beta: form.trend == .none ? 0 : one.weights.beta,
        gamma: form.season > 1 ? one.weights.gamma : 0, phi: one.weights.phi)
      let start = ExponentialSmoothing.State(
        level: one.start.level, slope: form.trend == .none ? 0 : one.start.slope,
        seasonal: form.season > 1 ? one.start.seasonal : [0])
      let model = ExponentialSmoothing(values, form, weights, start: start)
      #expect(abs(model.squares - one.squares) < 1e-9 * one.squares, "\(one.series) \(form)")
      let ahead = model.forecast(one.ahead.count)
      for (step, expected) in one.ahead.enumerated() {
        #expect(abs(ahead.points[step] - expected) < 1e-9 * abs(expected), "\(one.series) \(form) \(step)")
        // Only how variances grow is compared: they are of one step's at first.
        let share = ahead.standardErrors[step] / ahead.standardErrors[0]
        let grown = one.variance[step] / one.variance[0]
        #expect(abs(share * share - grown) < 1e-9 * grown, "\(one.series) \(form) \(step)")
      }
    }
  }

  /// statsmodels also fits the first seasonal states, which are six numbers of the sixty and more.
  @Test func fitsAreNearlyTheBest() throws {
    let goldens = try SmoothingGoldens.read()
    for one in goldens.cases {
      let values = try #require(goldens.series[one.series])
      let model = try #require(try ExponentialSmoothing(fitting: values, form(one)))
      let limit = one.season == 1 ? 1.01 : 1.2
      #expect(
        model.squares < limit * one.least,
        "\(one.series) \(one.trend) \(one.season): \(model.squares / one.least)")
    }
  }

  /// statsmodels estimates α on the series, and here on the one bent away from its line: the same to a few per cent.
  @Test func thetaIsThatOfStatsmodels() throws {
    let goldens = try SmoothingGoldens.read()
    for one in goldens.thetas {
      let values = try #require(goldens.series[one.series])
      let found = Baseline.theta.forecast(history: values, horizon: one.ahead.count, season: 1).points
      for (point, expected) in zip(found, one.ahead) {
        #expect(abs(point - expected) < 0.02 * abs(expected), "\(one.series)")
      }
    }
  }

  /// The line itself is 65, 67, 69, and its last value 63: the mean of both, with half the slope.
  @Test func thetaOfALineHasHalfItsSlope() {
    let found = Baseline.theta.forecast(history: (0..<30).map { 5 + 2 * Double($0) }, horizon: 3, season: 1)
    let expected: [Double] = [64, 65, 66]
    for (point, value) in zip(found.points, expected) { #expect(abs(point - value) < 0.01) }
  }

  @Test func aTrendAndASeasonAreFound() {
    let shape = [3.0, -1, 4, -6]
    let values = (0..<48).map { 10 + 0.5 * Double($0) + shape[$0 % 4] }
    let found = Baseline.smoothing.forecast(history: values, horizon: 6, season: 4).points
    for (step, point) in found.enumerated() {
      let expected = 10 + 0.5 * Double(48 + step) + shape[(48 + step) % 4]
      #expect(abs(point - expected) < 0.05, "\(step): \(point), \(expected)")
    }
  }

  /// A season that grows with the level goes through logarithms, and its upper bounds reach farther than the lower.
  @Test func aSeasonThatGrowsGoesThroughLogarithms() {
    let shape: [Double] = [0.8, 1.2, 1.1, 0.9]
    func truth(_ step: Int) -> Double { 20 * (1 + 0.05 * Double(step)) * shape[step % 4] }
    let values: [Double] = (0..<60).map { step in
      let noise = Double((step * 7919) % 13 - 6) / 6
      return truth(step) * (1 + 0.03 * noise)
    }
    let found = Baseline.smoothing.forecast(history: values, horizon: 4, season: 4)
    #expect(found.errorsAreLogarithmic)
    let (lower, upper) = found.interval(0.95)
    for (step, point) in found.points.enumerated() {
      #expect(abs(point - truth(60 + step)) < 0.05 * truth(60 + step))
      #expect(lower[step] > 0 && upper[step] - point > point - lower[step])
    }
  }

  @Test(arguments: [Baseline.smoothing, .theta]) func gapsAndHugeNumbers(_ method: Baseline) {
    let shape: [Double] = [2, -2, 1, -1]
    var values: [Double] = (0..<40).map { step in 30 + 0.4 * Double(step) + shape[step % 4] }
    let whole: [Double] = method.forecast(history: values, horizon: 4, season: 4).points
    for step in [0, 1, 7, 8, 20, 39] { values[step] = .nan }
    let found = method.forecast(history: values, horizon: 4, season: 4)
    for (point, other) in zip(found.points, whole) { #expect(abs(point - other) < 2) }
    #expect(found.standardErrors.allSatisfy { $0.isFinite && $0 >= 0 })
    let huge: [Double] = method.forecast(history: values.map { $0 * 1e200 }, horizon: 4, season: 4).points
    for (point, other) in zip(huge, found.points) { #expect(abs(point / 1e200 - other) < 1e-6 * other) }
    let fewValues: [[Double]] = [[1, 2], [1, 2, 4], [0, 0, 0, 5], [-1, .nan, .nan, 3]]
    for short in fewValues {
      let few = method.forecast(history: short, horizon: 2, season: 12)
      #expect(few.points.allSatisfy { $0.isFinite }, "\(short)")
    }
  }

  /// Longer seasons than are followed are taken off.
  @Test func longSeasons() {
    func truth(_ step: Int) -> Double { 10 + 5 * sin(2 * Double.pi * Double(step) / 48) }
    let values: [Double] = (0..<480).map { step in truth(step) + 0.2 * Double((step * 31) % 7 - 3) }
    let found: [Double] = Baseline.smoothing.forecast(history: values, horizon: 48, season: 48).points
    for (step, point) in found.enumerated() { #expect(abs(point - truth(480 + step)) < 1) }
  }
}

@Suite struct MethodWeightTests {
  private func weights(_ errors: [(String, Double)]) -> [MethodWeight] {
    var weighing = MethodWeighing(levels: [0.5])
    for window in 0..<6 {
      let actual = (0..<4).map { 10 + Double($0 * window) }
      let found = errors.map { name, error in (name, [actual.map { $0 + error }]) }
      weighing.add(found, actual: actual, scale: 2)
    }
    return weighing.weights()
  }

  @Test func theBetterWeighsMore() {
    #expect(weights([("a", 1), ("b", 10)]) == [MethodWeight("a", 1)])
    let both = weights([("a", 1), ("b", 1.2)])
    #expect(both.map(\.method) == ["a", "b"] && both[0].weight > both[1].weight)
  }

  @Test func errorsThatCancelAreWeighedToCancel() {
    let found = weights([("high", 1), ("low", -1)])
    #expect(found == [MethodWeight("high", 0.5), MethodWeight("low", 0.5)])
  }

  @Test func whatNobodyKnowsSaysNothing() {
    var weighing = MethodWeighing(levels: [0.5])
    #expect(weighing.weights().isEmpty)
    weighing.add([("a", [[1, .nan]]), ("b", [[.nan, 2]])], actual: [1, 2], scale: 1)
    weighing.add([("a", [[1, 1]])], actual: [1, 2], scale: .nan)
    #expect(weighing.weights().isEmpty)
    weighing.add([("a", [[1, 1]]), ("b", [[2, 3]])], actual: [1, 1], scale: 1)
    #expect(weighing.weights() == [MethodWeight("a", 1)])
  }
}
