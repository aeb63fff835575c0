import Testing
import UnrollTasks

@Suite struct PlotNumberTests {
  @Test(arguments: [
    (3.14159, 2, "3.14"), (-0.001, 2, "0.00"), (-3.1, 2, "-3.10"), (0.05, 3, "0.050"), (1234.5, 0, "1235"),
    (999.999, 1, "1000.0"), (0, 0, "0"), (1e30, 2, "1.000e+30"), (.nan, 2, "nan"), (-.infinity, 1, "-inf"),
  ])
  func decimals(_ value: Double, _ places: Int, _ expected: String) {
    #expect(NumberText.decimal(value, places: places) == expected)
  }

  @Test(arguments: [
    (0.001, 1, "1.0e-03"), (9.996, 2, "1.00e+01"), (-12346, 3, "-1.235e+04"), (0, 1, "0.0e+00"),
    (1e-100, 0, "1e-100"), (6.02e23, 2, "6.02e+23"),
  ])
  func scientifics(_ value: Double, _ places: Int, _ expected: String) {
    #expect(NumberText.scientific(value, places: places) == expected)
  }

  @Test(arguments: [
    (1000, 3), (999.999, 2), (1e-5, -5), (0.1, -1), (1, 0), (0, 0), (1e300, 300),
    (.leastNonzeroMagnitude, -307),
  ])
  func exponents(_ value: Double, _ expected: Int) {
    #expect(NumberText.exponent(of: value) == expected)
    #expect(NumberText.exponent(of: -value) == expected)
  }

  @Test func othersAndPadding() {
    #expect(NumberText.compact(0.12345) == "0.1235")
    #expect(NumberText.compact(0.00123) == "1.23e-03")
    #expect(NumberText.compact(12345.67) == "12345.7")
    #expect(NumberText.compact(.nan) == "nan")
    #expect(NumberText.shortest(97.5) == "97.5")
    #expect(NumberText.shortest(80) == "80")
    #expect(NumberText.padded("é", to: 3) == "é  ")
    #expect(NumberText.padded("abc", to: 2, right: true) == "abc")
  }
}
