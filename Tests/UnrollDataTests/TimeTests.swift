import Testing
import UnrollData

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

private func ticks(
  _ year: Int, _ month: Int = 1, _ day: Int = 1, _ hour: Int = 0, _ minute: Int = 0, _ second: Int = 0,
  micros: Int = 0
) -> Int64 {
  var calendar = Calendar(identifier: .gregorian)
  calendar.timeZone = TimeZone(secondsFromGMT: 0) ?? calendar.timeZone
  let parts = DateComponents(
    year: year, month: month, day: day, hour: hour, minute: minute, second: second)
  let seconds = calendar.date(from: parts)?.timeIntervalSince1970 ?? .nan
  return Int64(seconds) * 1_000_000 + Int64(micros)
}

private func parse(_ text: String, order: TimeFormat.Order = .monthFirst) -> TimeText.Parsed? {
  let bytes = Array(text.utf8)
  return TimeText.parse(bytes, 0..<bytes.count, order: order)
}

@Suite struct TimeTextTests {
  @Test(
    arguments: [
      ("2020-01-31", ticks(2020, 1, 31)), ("2020/01/31", ticks(2020, 1, 31)),
      ("2020.1.31", ticks(2020, 1, 31)),
      ("2020-02", ticks(2020, 2)), ("2020/2", ticks(2020, 2)), ("2020Q1", ticks(2020)),
      ("2020-Q4", ticks(2020, 10)),
      ("2020 q2", ticks(2020, 4)), ("2020-W01", ticks(2019, 12, 30)), ("2020W53", ticks(2020, 12, 28)),
      ("2021-W01", ticks(2021, 1, 4)), ("2020-01-31 13:00", ticks(2020, 1, 31, 13)),
      ("2020-01-31T13:05:09", ticks(2020, 1, 31, 13, 5, 9)), ("2020-01-31 3:05", ticks(2020, 1, 31, 3, 5)),
      ("2020-01-31T13:05:09.5", ticks(2020, 1, 31, 13, 5, 9, micros: 500_000)),
      ("2020-01-31T13:05:09,123456789Z", ticks(2020, 1, 31, 13, 5, 9, micros: 123_456)),
      ("2020-01-31T13:00:00+02:00", ticks(2020, 1, 31, 13)),
      ("2020-01-31 13:00-0330", ticks(2020, 1, 31, 13)),
      ("01/31/2020", ticks(2020, 1, 31)), ("1/31/2020 0:00", ticks(2020, 1, 31)),
      ("2000-02-29", ticks(2000, 2, 29)),
      ("1969-12-31 23:59:59", ticks(1969, 12, 31, 23, 59, 59)), ("1871-01-01", ticks(1871, 1, 1)),
    ])
  func timesAreRead(_ text: String, _ expected: Int64) {
    #expect(parse(text)?.ticks == expected)
  }

  @Test func dayAndMonthFollowTheOrder() {
    #expect(parse("31.01.2020", order: .dayFirst)?.ticks == ticks(2020, 1, 31))
    #expect(parse("31.01.2020", order: .monthFirst) == nil)
    #expect(parse("02/03/2020", order: .dayFirst)?.ticks == ticks(2020, 3, 2))
    #expect(parse("02/03/2020", order: .monthFirst)?.ticks == ticks(2020, 2, 3))
  }

  @Test(arguments: [
    "", " ", "-", "2020-", "2020-13", "2020-00", "2020-02-30", "2100-02-29", "0000-01-01", "0000",
    "2020-01-31 24:00",
    "2020-01-31 12:60", "2020-01-31 12:00:60", "2020-01-31T", "2020-01-31 12:00:00.",
    "2020Q5", "2020Q0",
    "2019-W53", "2020-W54", "2020-01-31X", "12020-01-01", "2020.5x", "3120.12.", "2020-01-31 13:00 PM",
    "0:30 AM", "2020-01-31 12:00+2", "2020-01-31 12:00+19:00", "2020-01-31 12:00Zx",
    "99999999999999999999", "1.5.", "abc", "Smarch 2020", "Jan 2020 12", "13M2020", "2020H3",
    "Tue 2020-01-31", "２０２０-01-01",
  ]) func otherTextIsNoTime(_ text: String) {
    let parsed = parse(text) ?? parse(text, order: .dayFirst)
    // A bare 0000 is a number, of a step.
    #expect(parsed == nil || (text == "0000" && parsed?.format.resolution == .integer))
  }

  @Test(arguments: [
    "2020-01-31", "2020/01/31", "2020-1-5", "2020-02", "2020/2", "2020Q1", "2020-Q4", "2020 Q2", "2020-W01",
    "2020W53",
    "2020-01-31 13:00", "2020-01-31T13:05:09", "2020-01-31 3:05", "2020-01-31T13:05:09.250Z",
    "2020-01-31 13:00:00+02:00",
    "2020-01-31 13:00-0330", "2020-01-31 13:00+02", "31.01.2020", "01/31/2020", "1/5/2020 0:00", "31-12-1999",
    "0999-01-01",
  ]) func timesAreWrittenAsTheyWere(_ text: String) throws {
    let order: TimeFormat.Order = text.hasPrefix("31") ? .dayFirst : .monthFirst
    let parsed = try #require(parse(text, order: order))
    let time = try #require(Timestamp(text))
    #expect(parsed.format.text(time) == text)
    let saved = try JSONEncoder().encode([parsed.format])
    let restored = try JSONDecoder().decode([TimeFormat].self, from: saved)
    #expect(restored[0].text(time) == text)
  }

  @Test func damagedFormatsAreRefused() {
    for text in ["[\"\"]", "[\"soon\"]", "[\"17\"]", "[3]"] {
      #expect(throws: DecodingError.self) {
        try JSONDecoder().decode([TimeFormat].self, from: Data(text.utf8))
      }
    }
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([Frequency].self, from: Data("[\"soon\"]".utf8))
    }
  }

  @Test func everyDayAgreesWithTheCalendar() {
    // 400 years are a whole cycle; the calendar of the system is the judge at each seventeenth day.
    let start = Timestamp("1850-01-01")!
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = TimeZone(secondsFromGMT: 0) ?? calendar.timeZone
    var last = ""
    for day in 0..<146_097 {
      let time = Frequency.daily.advance(start, by: day)
      let text = TimeFormat.day.text(time)
      // Days that exist, each later than the one before.
      #expect(Timestamp(text) == time && text > last)
      last = text
      guard day % 17 == 0 else { continue }
      let date = Date(timeIntervalSince1970: Double(time.ticks) / 1e6)
      let parts = calendar.dateComponents([.year, .month, .day], from: date)
      let numbers = text.split(separator: "-").compactMap { Int($0) }
      #expect(numbers == [parts.year, parts.month, parts.day])
    }
  }
}

@Suite struct FrequencyTests {
  @Test(
    arguments: [
      (Frequency.daily, "2020-02-28", 2, "2020-03-01"), (.daily, "2020-03-01", -1, "2020-02-29"),
      (.weekly, "2020-12-28", 1, "2021-01-04"), (.monthly, "2020-01-15", 13, "2021-02-15"),
      (.monthly, "2020-01-31", 1, "2020-02-29"), (.monthly, "2020-02-29", 1, "2020-03-31"),
      (.monthly, "2020-01-30", 1, "2020-02-29"), (.monthly, "2021-01-30", 2, "2021-03-30"),
      (.quarterly, "2020-12-31", 1, "2021-03-31"), (.quarterly, "2020-01-01", -1, "2019-10-01"),
      (.yearly, "2020-02-29", 1, "2021-02-28"), (.businessDaily, "2020-01-31", 1, "2020-02-03"),
      (.businessDaily, "2020-01-31", -5, "2020-01-24"), (.businessDaily, "1970-01-01", -4, "1969-12-26"),
      (.businessDaily, "2020-02-01", 1, "2020-02-03"),
      (Frequency(.businessDay, every: 2), "2020-01-30", 1, "2020-02-03"),
      (Frequency(.hour, every: 12), "2020-01-01", 3, "2020-01-02"),
      (.yearly, "1999-07-01", -100, "1899-07-01"),
    ] as [(Frequency, String, Int, String)])
  func stepsFollowTheCalendar(_ frequency: Frequency, _ from: String, _ steps: Int, _ expected: String) throws
  {
    let start = try #require(Timestamp(from))
    #expect(TimeFormat.day.text(frequency.advance(start, by: steps)) == expected)
  }

  @Test(arguments: Frequency.Unit.allCases, [1, 2, 3, 15])
  func positionsAreTheInverseOfSteps(_ unit: Frequency.Unit, _ count: Int) throws {
    let frequency = Frequency(unit, every: count)
    for text in ["2020-01-31", "1968-02-29", "1970-01-01", "2021-06-11 13:30:00"] {
      let start = try #require(Timestamp(text))
      for steps in [-1000, -7, -1, 0, 1, 2, 5, 6, 12, 999] {
        #expect(frequency.steps(from: start, to: frequency.advance(start, by: steps)) == steps)
      }
    }
  }

  @Test func timesBetweenStepsHaveNoPosition() throws {
    let start = try #require(Timestamp("2020-01-31"))
    let time = { (text: String) in Timestamp(text)! }
    #expect(Frequency.hourly.steps(from: start, to: time("2020-01-31 00:30")) == nil)
    #expect(Frequency.weekly.steps(from: start, to: time("2020-02-08")) == nil)
    #expect(Frequency.businessDaily.steps(from: start, to: time("2020-02-02")) == nil)
    #expect(Frequency.businessDaily.steps(from: start, to: time("2020-02-03 12:00")) == nil)
    #expect(Frequency.quarterly.steps(from: start, to: time("2020-05-31")) == nil)
    #expect(Frequency.monthly.steps(from: start, to: time("2020-05-03")) == 4)
  }

  @Test(arguments: Frequency.Unit.allCases) func nothingTrapsAtTheEndsOfTime(_ unit: Frequency.Unit) {
    for count in [Int.min, -1, 0, 1, 1_000_000, Int.max] {
      let frequency = Frequency(unit, every: count)
      for time in [Timestamp(step: .min), Timestamp(step: .max), Timestamp(step: 0)] {
        for steps in [Int.min, -1, 1, Int.max] {
          let moved = frequency.advance(time, by: steps)
          _ = frequency.steps(from: time, to: moved)
          _ = TimeFormat.second.text(moved)
          _ = CalendarFeatures(frequency: frequency).values(at: moved)
        }
      }
      #expect(frequency.count >= 1)
    }
  }

  @Test(arguments: Frequency.Unit.allCases, [1, 2, 15])
  func textReadsBack(_ unit: Frequency.Unit, _ count: Int) throws {
    let frequency = Frequency(unit, every: count)
    #expect(Frequency(frequency.description) == frequency)
    let saved = try JSONEncoder().encode([frequency])
    #expect(try JSONDecoder().decode([Frequency].self, from: saved) == [frequency])
  }

  @Test func textIsReadLeniently() {
    #expect(Frequency("15min") == Frequency(.minute, every: 15))
    #expect(Frequency("Monthly") == .monthly)
    #expect(Frequency("2 H") == Frequency(.hour, every: 2))
    #expect(Frequency("week") == .weekly)
    for text in ["", "0 days", "-1 day", "soon", "99999999999999999999 days", "1.5 hours"] {
      #expect(Frequency(text) == nil)
    }
  }
}

@Suite struct CalendarFeatureTests {
  @Test(
    arguments: [
      (Frequency.step, []), (.yearly, []), (.quarterly, ["month of year"]), (.monthly, ["month of year"]),
      (.weekly, ["day of year"]), (.daily, ["day of week", "day of month", "day of year"]),
      (.businessDaily, ["day of week", "day of month", "day of year"]),
      (.hourly, ["hour of day", "day of week", "day of month", "day of year"]),
      (
        Frequency(.minute, every: 15),
        ["minute of hour", "hour of day", "day of week", "day of month", "day of year"]
      ),
      (Frequency(.hour, every: 24), ["day of week", "day of month", "day of year"]),
    ] as [(Frequency, [String])])
  func onlyWhatMovesIsAFeature(_ frequency: Frequency, _ cycles: [String]) {
    let features = CalendarFeatures(frequency: frequency)
    #expect(features.names == cycles.flatMap { ["sin \($0)", "cos \($0)"] })
    #expect(features.values(at: Timestamp(step: 5)).count == features.count)
  }

  @Test func valuesGoRoundTheCircle() throws {
    let monthly = CalendarFeatures(frequency: .monthly)
    for (month, sine, cosine) in [(1, 0, 1), (4, 1, 0), (7, 0, -1), (10, -1, 0)] as [(Int, Float, Float)] {
      let values = monthly.values(at: try #require(Timestamp("2020-\(month)-20")))
      #expect(abs(values[0] - sine) < 1e-6 && abs(values[1] - cosine) < 1e-6)
    }
    let hourly = CalendarFeatures(frequency: .hourly)
    // 1970-01-05 was a Monday.
    let monday = hourly.values(at: try #require(Timestamp("1970-01-05 06:00")))
    #expect(abs(monday[0] - 1) < 1e-6)
    let week = Float(0.25 / 7 * 2 * 3.14159265)
    #expect(abs(monday[2] - week) < 2e-3 && monday[3] > 0.97)
  }

  @Test func stepsOfASeriesReachIntoTheFuture() {
    let series = TimeSeries.maunaLoa
    let features = series.calendarFeatures(of: 0..<1000, in: series[0])
    #expect(features.count == 2000)
    #expect(features[0] == features[24])
    #expect(features.allSatisfy { abs($0) <= 1 })
    let july = CalendarFeatures(frequency: .monthly).values(at: Timestamp("2026-07-01")!)
    #expect(Array(features[1640..<1642]) == july)
  }
}
