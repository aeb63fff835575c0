import Testing
import UnrollTasks

@Suite struct ForecastCalibrationTests {
  /// Actual values spread evenly over ±`reach`, and quantiles that say ±1 for the levels 0.1 and 0.9.
  private func errors(reach: Double, count: Int) -> ValidationErrors {
    let pairs = (0..<count).map { index in
      (outputs: [-1.0, 0, 1], actual: reach * (2 * (Double(index) + 0.5) / Double(count) - 1))
    }
    return ValidationErrors(steps: [pairs])
  }

  @Test func intervalsThatAreTooNarrowAreWidened() {
    let factors = errors(reach: 2.5, count: 1000).factors([0.1, 0.5, 0.9])
    // Nine tenths of ±2.5 lie below 0.8 · 2.5 = 2.
    #expect(abs(factors[0] - 2) < 0.01)
    #expect(factors[1] == 1)
    #expect(abs(factors[2] - 2) < 0.01)
  }

  @Test func easyWindowsDoNotNarrow() {
    #expect(errors(reach: 0.5, count: 1000).factors([0.1, 0.5, 0.9]) == [1, 1, 1])
  }

  @Test func tooLittleSaysNothing() {
    #expect(errors(reach: 3, count: 19).factors([0.1, 0.5, 0.9]) == [1, 1, 1])
  }
}
