import Testing
import UnrollCore
import UnrollTraining

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

private func isClose(_ a: some BinaryFloatingPoint, _ b: Double, _ tolerance: Double = 1e-6) -> Bool {
  abs(Double(a) - b) <= tolerance * max(abs(b), 1e-3)
}

@Suite struct ScheduleTests {
  @Test func constantStays() {
    #expect(Schedule.constant.factor(step: 1_000_000, epoch: 99) == 1)
  }

  @Test func stepsDecayByEpochs() {
    let schedule = Schedule.stepDecay(factor: 0.5, every: 3)
    let rates = (0..<10).map { schedule.factor(step: 1000 * $0, epoch: $0) }
    #expect(rates == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125])
  }

  @Test func cosineFallsAndStays() {
    let schedule = Schedule.cosine(minimum: 0.2, steps: 8)
    #expect(schedule.factor(step: 0, epoch: 0) == 1)
    #expect(isClose(schedule.factor(step: 2, epoch: 0), 0.6 + 0.4 * 0.5.squareRoot()))
    #expect(isClose(schedule.factor(step: 4, epoch: 0), 0.6))
    #expect(isClose(schedule.factor(step: 8, epoch: 0), 0.2))
    #expect(isClose(schedule.factor(step: 800, epoch: 0), 0.2))
  }

  @Test func warmUpRisesToTheStartOfTheNext() {
    let schedule = Schedule.warmUp(steps: 4, then: .cosine(steps: 10))
    let rates = (0..<4).map { schedule.factor(step: $0, epoch: 0) }
    #expect(rates == [0.25, 0.5, 0.75, 1])
    #expect(schedule.factor(step: 4, epoch: 0) == 1)
    #expect(isClose(schedule.factor(step: 9, epoch: 0), 0.5))
    #expect(isClose(schedule.factor(step: 14, epoch: 0), 0))
    #expect(Schedule.warmUp(steps: 0, then: .constant).factor(step: 0, epoch: 0) == 1)
    #expect(Schedule.warmUp(steps: -3, then: .cosine(steps: 4)).factor(step: 0, epoch: 0) == 1)
  }

  /// Corners of the definition: start, top and end.
  @Test func oneCycleGoesUpAndDown() {
    let schedule = Schedule.oneCycle(steps: 100)
    #expect(isClose(schedule.factor(step: 0, epoch: 0), 0.04))
    #expect(isClose(schedule.factor(step: 10, epoch: 0), 2 * 0.147_581_974), "as PyTorch gives it")
    #expect(isClose(schedule.factor(step: 29, epoch: 0), 1))
    #expect(isClose(schedule.factor(step: 64, epoch: 0), (1 + 4e-6) / 2))
    #expect(isClose(schedule.factor(step: 90, epoch: 0), 2 * 0.020_119_976), "as PyTorch gives it")
    #expect(isClose(schedule.factor(step: 99, epoch: 0), 4e-6, 1e-3))
    #expect(isClose(schedule.factor(step: 500, epoch: 0), 4e-6, 1e-3))
    let rates = (0..<100).map { schedule.factor(step: $0, epoch: 0) }
    #expect(zip(rates[..<29], rates[1...29]).allSatisfy { $0 < $1 })
    #expect(zip(rates[29..<99], rates[30...]).allSatisfy { $0 > $1 })
  }

  /// Settings that make no sense give some rate, never a crash: they may come from a file.
  @Test(arguments: [-5, 0, 1, 2, 3]) func senselessSettingsGiveAFiniteRate(_ count: Int) {
    let schedules: [Schedule] = [
      .stepDecay(factor: 0.5, every: count), .cosine(steps: count), .oneCycle(steps: count),
      .warmUp(steps: count, then: .oneCycle(steps: count)), .reduceOnPlateau(.init(patience: count)),
    ]
    for schedule in schedules {
      for step in 0..<8 { #expect(schedule.factor(step: step, epoch: step).isFinite) }
    }
  }

  @Test func plateauReducesAfterPatienceIsSpent() {
    var schedule = Schedule.warmUp(
      steps: 0,
      then: .reduceOnPlateau(.init(factor: 0.5, patience: 2, threshold: 0.01, minimum: 0.3)))
    var rates: [Double] = []
    for metric in [5, 4, 3.99, 4.5, .nan, 2, 2, 2, 2, 2, 2, 2, .infinity, 2, 2] as [Float] {
      schedule.observe(metric)
      rates.append(schedule.factor(step: 0, epoch: 0))
    }
    // 3.99 is within 1 % of 4, so the third bad epoch is the NaN.
    #expect(rates.map { Float($0) } == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3])
  }

  @Test func plateauTakesNegativeMetrics() {
    var plateau = ReduceOnPlateau(factor: 0.5, patience: 0)
    for metric in [-1, -2, -3] as [Float] { plateau.observe(metric) }
    #expect(plateau.scale == 1)
    plateau.observe(-3)
    #expect(plateau.scale == 0.5)
  }

  @Test func schedulesAreSavedWithTheirMemory() throws {
    var schedule = Schedule.warmUp(steps: 3, then: .reduceOnPlateau(.init(patience: 1)))
    schedule.observe(1)
    schedule.observe(2)
    var loaded = try JSONDecoder().decode(Schedule.self, from: try JSONEncoder().encode(schedule))
    #expect(loaded == schedule)
    loaded.observe(2)
    #expect(isClose(loaded.factor(step: 3, epoch: 0), 0.1))
  }
}

@Suite struct GradientClippingTests {
  @Test(arguments: [0, 1, 2, 3, 4, 5, 7, 8, 33]) func theNormIsThatOfAllTogether(_ count: Int) {
    let a = (0..<count).map { Float($0 % 5) - 1.5 }
    let b: [Float] = [3, -4]
    let expected = (a + b).reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    #expect(abs(GradientClipping.globalNorm([Tensor(a), Tensor(b)]) - expected) < 1e-12)
    var gradients = [Tensor(a), Tensor(b)]
    #expect(abs(GradientClipping.byGlobalNorm(&gradients, maximum: 2) - Float(expected)) < 1e-5)
    #expect(abs(GradientClipping.globalNorm(gradients) - 2) < 1e-5)
    #expect(abs(Double(gradients[1][0]) - 3 * 2 / expected) < 1e-5, "the direction stays")
  }

  @Test func smallGradientsStayAsTheyAre() {
    var gradients = [Tensor([0.3]), Tensor([-0.4])]
    #expect(GradientClipping.byGlobalNorm(&gradients, maximum: 1) == 0.5)
    #expect(gradients == [Tensor([0.3]), Tensor([-0.4])])
    var none: [Tensor] = []
    #expect(GradientClipping.byGlobalNorm(&none, maximum: 1) == 0)
  }

  @Test func hugeGradientsAreSummedInDouble() {
    var gradients = [Tensor([3e30, 4e30])]
    #expect(GradientClipping.byGlobalNorm(&gradients, maximum: 1) == 5e30)
    #expect(isClose(gradients[0][0], 0.6) && isClose(gradients[0][1], 0.8))
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity]) func badGradientsAreReportedAndLeft(_ bad: Float) {
    var gradients = [Tensor([2]), Tensor([bad])]
    #expect(!GradientClipping.byGlobalNorm(&gradients, maximum: 1).isFinite)
    #expect(gradients[0][0] == 2)
    #expect(gradients[1][0].bitPattern == bad.bitPattern)
  }

  @Test func valuesAreMovedIntoTheRange() {
    var gradients = [Tensor([-3, -1, -0.5, 0, 0.5, 1, 3, .infinity, -.infinity, .nan]), Tensor([])]
    GradientClipping.byValue(&gradients, limit: 1)
    #expect(gradients[0].elements.dropLast() == [-1, -1, -0.5, 0, 0.5, 1, 1, 1, -1])
    #expect(gradients[0][9].isNaN)
  }
}

@Suite struct EarlyStoppingTests {
  @Test func stopsWhenPatienceIsSpent() {
    var stopping = EarlyStopping(patience: 3, minimumImprovement: 0.1)
    let metrics: [Float] = [5, 4, 3.95, 3.8, 3.9, .nan, 3.75]
    let verdicts = metrics.map { stopping.observe($0) }
    #expect(verdicts == [.improved, .improved, .continue, .improved, .continue, .continue, .stop])
    #expect(stopping.best == 3.8)
    #expect(stopping.observe(1) == .improved, "whoever goes on may improve again")
  }

  @Test func equalIsNoImprovement() {
    var stopping = EarlyStopping(patience: 1)
    #expect(stopping.observe(2) == .improved)
    #expect(stopping.observe(2) == .stop)
  }

  @Test func aBadStartIsNoBest() {
    var stopping = EarlyStopping(patience: 2)
    #expect(stopping.observe(.nan) == .continue)
    #expect(stopping.best == nil)
    #expect(stopping.observe(9) == .improved)
  }

  @Test func itIsSavedWithItsMemory() throws {
    var stopping = EarlyStopping(patience: 2)
    _ = stopping.observe(1)
    _ = stopping.observe(2)
    var loaded = try JSONDecoder().decode(EarlyStopping.self, from: try JSONEncoder().encode(stopping))
    #expect(loaded == stopping)
    #expect(loaded.observe(2) == .stop)
  }
}
