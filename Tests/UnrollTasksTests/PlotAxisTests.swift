import Testing
import UnrollTasks

private func labels(_ values: [Double], _ scale: AxisScale = .linear, count: Int = 5) -> [String] {
  Axis(holding: values, scale: scale, count: count, tight: true).ticks.map { $0.label + ($0.raised ?? "") }
}

@Suite struct PlotAxisTests {
  @Test(arguments: [
    ([0, 10], ["0", "2", "4", "6", "8", "10"]),
    ([0, 1], ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ([-3, 7], ["−2", "0", "2", "4", "6"]),
    ([0, 12], ["0.0", "2.5", "5.0", "7.5", "10.0"]),
    (
      [24_000, 33_000], ["24\u{2009}000", "26\u{2009}000", "28\u{2009}000", "30\u{2009}000", "32\u{2009}000"]
    ),
    ([400, 430], ["400", "410", "420", "430"]),
    ([0.012, 0.013], ["0.0120", "0.0122", "0.0124", "0.0126", "0.0128", "0.0130"]),
  ])
  func linearTicksAreRound(_ values: [Double], _ expected: [String]) {
    #expect(labels(values) == expected)
  }

  @Test func sizeIsTakenOutOfLargeAndSmallNumbers() {
    let huge = Axis(holding: [0, 5e12], count: 5, tight: true)
    #expect(huge.factor == 12)
    #expect(huge.ticks.map(\.label) == ["0", "1", "2", "3", "4", "5"])
    let tiny = Axis(holding: [0, 2e-7], count: 4, tight: true)
    #expect(tiny.factor == -9)
    #expect(tiny.ticks.map(\.label) == ["0", "50", "100", "150", "200"])
    let offset = Axis(holding: [1e9, 1e9 + 2], count: 2, tight: true)
    #expect(offset.factor == 0)
    #expect(offset.ticks[0].label == "1\u{2009}000\u{2009}000\u{2009}000")
  }

  @Test func logarithmicTicksArePowersOfTen() {
    #expect(
      labels([1e-4, 100], .logarithmic, count: 9) == ["10−4", "10−3", "10−2", "10−1", "1", "10", "100"])
    #expect(labels([1e-8, 1], .logarithmic, count: 4) == ["10−8", "10−6", "10−4", "10−2", "1"])
    #expect(labels([1, 10], .logarithmic) == ["1", "2", "5", "10"])
    #expect(labels([0.3, 0.6], .logarithmic, count: 6) == ["0.3", "0.4", "0.5", "0.6"])
    #expect(labels([100, 101], .logarithmic) == ["100.0", "100.2", "100.4", "100.6", "100.8", "101.0"])
  }

  @Test func placesFollowTheScale() throws {
    let linear = Axis(holding: [0, 4], count: 4, tight: true)
    #expect(linear.fraction(of: 1) == 0.25)
    #expect(linear.fraction(of: .nan) == nil)
    let logarithmic = Axis(holding: [0.01, 100, -5, 0], scale: .logarithmic, count: 4, tight: true)
    #expect(abs(try #require(logarithmic.fraction(of: 1)) - 0.5) < 1e-12)
    #expect(logarithmic.fraction(of: 0) == nil)
  }

  @Test(arguments: [
    [], [.nan], [7], [0, 0], [-3, -3], [1e308, -1e308], [.infinity, 2], [1e15, 1e15 + 0.125],
  ])
  func anyNumbersGiveAUsableAxis(_ values: [Double]) {
    for scale in [AxisScale.linear, .logarithmic] {
      let axis = Axis(holding: values, scale: scale, count: 5)
      #expect(axis.lower.isFinite && axis.upper.isFinite && axis.lower < axis.upper)
      for value in values where value.isFinite && abs(value) < 1e300 && (value > 0 || scale == .linear) {
        let fraction = axis.fraction(of: value) ?? -1
        #expect(fraction >= 0 && fraction <= 1)
      }
      #expect(axis.ticks.allSatisfy { (axis.fraction(of: $0.value) ?? 0.5) > -1e-6 })
    }
  }
}

@Suite struct PlotTimeTicksTests {
  private func marks(_ labels: [String], room: Double = 600) -> [String] {
    TimeTicks.marks(for: labels, room: room).map { "\($0.step):\($0.label)" }
  }

  @Test func yearsAreMarkedWhereTheyBegin() {
    let labels = (0..<40).map { index in
      let month = (index + 6) % 12 + 1
      return "\(2019 + (index + 6) / 12)-\(month < 10 ? "0" : "")\(month)"
    }
    #expect(marks(labels, room: 300) == ["6:2020", "18:2021", "30:2022"])
    #expect(marks(Array(labels.prefix(8)), room: 600) == (0..<8).map { "\($0):\(labels[$0])" })
  }

  @Test func manyYearsAreThinned() {
    let labels = (0..<60).map { "\(1963 + $0)" }
    #expect(marks(labels, room: 300) == ["7:1970", "17:1980", "27:1990", "37:2000", "47:2010", "57:2020"])
  }

  @Test func daysShowTheirYearOnce() {
    let labels = ["2020-12-30", "2020-12-31", "2021-01-01", "2021-01-02"]
    #expect(marks(labels) == ["0:2020-12-30", "1:12-31", "2:2021-01-01", "3:01-02"])
  }

  @Test func unitsThatNeverChangeAreNotWritten() {
    #expect(marks(["2020-11-01", "2020-12-01", "2021-01-01"]) == ["0:2020-11", "1:2020-12", "2:2021-01"])
    #expect(marks(["2020-01-01 00:00", "2021-01-01 00:00"]) == ["0:2020", "1:2021"])
  }

  @Test func hoursShowTheDateAtMidnight() {
    let labels = (0..<30).map { hour in
      "2021-03-0\(4 + (hour + 20) / 24) \((hour + 20) % 24 < 10 ? "0" : "")\((hour + 20) % 24):00:00"
    }
    #expect(marks(labels, room: 350) == ["4:2021-03-05", "10:06:00", "16:12:00", "22:18:00", "28:03-06"])
  }

  @Test func zonesDoNotMatter() {
    let labels = (0..<3).map { "2021-03-04T0\($0):00:00Z" }
    #expect(marks(labels) == ["0:2021-03-04", "1:01:00", "2:02:00"])
  }

  @Test func otherTextsAreMarkedAtEvenSteps() {
    #expect(marks((0..<30).map { "week \($0)" }, room: 250) == ["0:week 0", "10:week 10", "20:week 20"])
    #expect(marks(["", "x"]) == ["0:", "1:x"])
    #expect(marks([]) == [])
    #expect(marks(["2021-13-1", "2021-1", "99"]).count == 3)
  }

  @Test func stepsCountFromTheLastObservation() {
    let marks = TimeTicks.marks(steps: 25, origin: 19, room: 300)
    #expect(marks.map(\.label) == ["−15", "−10", "−5", "0", "+5"])
    #expect(marks.map(\.step) == [4, 9, 14, 19, 24])
    #expect(TimeTicks.marks(steps: 0, origin: -1, room: 0).isEmpty)
  }
}
