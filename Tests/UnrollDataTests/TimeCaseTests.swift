import Testing
import UnrollData

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Ways of writing times, as people's tables have them.
@Suite struct TimeCaseTests {
  /// The first times of a column, what the steps are, and the time of the step behind them.
  struct Case: CustomTestStringConvertible, Sendable {
    let times: [String]
    let frequency: Frequency
    let next: String
    var request = SeriesRequest()
    var name = "date"
    var testDescription: String { "\(name): \(times.joined(separator: " | "))" }

    init(
      _ times: [String], _ frequency: Frequency, _ next: String, name: String = "date",
      _ request: SeriesRequest = SeriesRequest()
    ) {
      (self.times, self.frequency, self.next, self.request, self.name) = (
        times, frequency, next, request, name
      )
    }
  }

  static let cases: [Case] = [
    // Names of months.
    Case(["Jan-10", "Feb-10", "Mar-10"], .monthly, "Apr-10"),
    Case(["Nov-19", "Dec-19", "Jan-20"], .monthly, "Feb-20"),
    Case(["JAN 2010", "FEB 2010", "MAR 2010"], .monthly, "APR 2010"),
    Case(["January 2021", "February 2021"], .monthly, "March 2021"),
    Case(["2010 Jan", "2010 Feb", "2010 Mar"], .monthly, "2010 Apr"),
    Case(["10-Jan", "10-Feb", "10-Mar", "10-Apr", "10-May"], .monthly, "10-Jun"),
    Case(["Jan'21", "Feb'21", "Mar'21"], .monthly, "Apr'21"),
    Case(["Jan2021", "Feb2021", "Mar2021"], .monthly, "Apr2021"),
    Case(["01-Jan-2020", "02-Jan-2020", "03-Jan-2020"], .daily, "04-Jan-2020"),
    Case(["1-jan-2020", "2-jan-2020", "3-jan-2020"], .daily, "4-jan-2020"),
    Case(["30-Dec-19", "31-Dec-19", "01-Jan-20"], .daily, "02-Jan-20"),
    Case(["May 29, 2020", "May 30, 2020", "May 31, 2020"], .daily, "Jun 01, 2020"),
    Case(["January 30, 2020", "January 31, 2020"], .daily, "February 1, 2020"),
    Case(["30 January 2020", "31 January 2020"], .daily, "1 February 2020"),
    Case(["Wed, 01 Jan 2020", "Thu, 02 Jan 2020", "Fri, 03 Jan 2020"], .daily, "Sat, 04 Jan 2020"),
    Case(["Wednesday, January 1, 2020", "Thursday, January 2, 2020"], .daily, "Friday, January 3, 2020"),
    Case(["1st January 2020", "2nd January 2020"], .daily, "3rd January 2020"),
    Case(["2020-Jan-01", "2020-Jan-02"], .daily, "2020-Jan-03"),
    Case(["2020Jan30", "2020Jan31"], .daily, "2020Feb01"),
    Case(["Okt 2019", "Nov 2019", "Dez 2019"], .monthly, "Jan 2020"),
    Case(["1. März 2020", "2. März 2020"], .daily, "3. März 2020"),
    Case(["janv. 2020", "févr. 2020", "mars 2020"], .monthly, "avr. 2020"),
    Case(["1 de enero de 2020", "2 de enero de 2020"], .daily, "3 de enero de 2020"),
    Case(["Jan. 30, 2020", "Jan. 31, 2020", "Feb. 1, 2020"], .daily, "Feb. 2, 2020"),
    Case(["01/Jan/2020:00:00:00", "01/Jan/2020:01:00:00"], .hourly, "01/Jan/2020:02:00:00"),
    // Months and quarters as numbers.
    Case(["01/2010", "02/2010", "03/2010"], .monthly, "04/2010"),
    Case(["1/2010", "2/2010", "3/2010"], .monthly, "4/2010"),
    Case(["11-2019", "12-2019", "01-2020"], .monthly, "02-2020"),
    Case(["01.2010", "02.2010", "03.2010"], .monthly, "04.2010"),
    Case(["2010.01", "2010.02", "2010.03"], .monthly, "2010.04"),
    Case(["2010M01", "2010M02", "2010M03"], .monthly, "2010M04"),
    Case(["2010-M01", "2010-M02"], .monthly, "2010-M03"),
    Case(["2010M9", "2010M10", "2010M11"], .monthly, "2010M12"),
    Case(["2010-Q1", "2010-Q2", "2010-Q3"], .quarterly, "2010-Q4"),
    Case(["Q1 2000", "Q2 2000", "Q3 2000"], .quarterly, "Q4 2000"),
    Case(["Q3-99", "Q4-99", "Q1-00"], .quarterly, "Q2-00"),
    Case(["1Q20", "2Q20", "3Q20"], .quarterly, "4Q20"),
    Case(["1947:1", "1947:2", "1947:3", "1947:4", "1948:1"], .quarterly, "1948:2"),
    Case(["1947:01", "1947:02", "1947:03"], .monthly, "1947:04"),
    Case(["2020H1", "2020H2", "2021H1"], Frequency(.month, every: 6), "2021H2"),
    Case(["2020T1", "2020T2", "2020T3"], .quarterly, "2020T4"),
    Case(["2020年1月", "2020年2月", "2020年3月"], .monthly, "2020年4月"),
    Case(["2020年1月30日", "2020年1月31日"], .daily, "2020年2月1日"),
    Case(["201001", "201002", "201003"], .monthly, "201004", name: "month"),
    Case(["202011", "202012", "202101"], .monthly, "202102", name: "period"),
    Case(["201850", "201851", "201852", "201901"], .weekly, "201902", name: "week"),
    Case(["201801", "201802", "201803"], .weekly, "201804", SeriesRequest(frequency: .weekly)),
    Case(["2018-W51", "2018-W52"], .weekly, "2019-W01"),
    Case(["2020w5", "2020w6"], .weekly, "2020w7"),
    Case(["Week 51 2018", "Week 52 2018"], .weekly, "Week 01 2019"),
    Case(["2020-001", "2020-002", "2020-003"], .daily, "2020-004"),
    Case(["2020-W01-1", "2020-W01-2"], .daily, "2020-W01-3"),
    // Years of two digits.
    Case(["01/30/20", "01/31/20", "02/01/20"], .daily, "02/02/20"),
    Case(["30/01/20", "31/01/20", "01/02/20"], .daily, "02/02/20"),
    Case(["30.01.20", "31.01.20", "01.02.20"], .daily, "02.02.20"),
    Case(["1/30/99", "1/31/99", "2/1/99"], .daily, "2/2/99"),
    Case(["20-01-30", "20-01-31", "20-02-01"], .daily, "20-02-02"),
    Case(["Jan-49", "Feb-49", "Mar-49"], .monthly, "Apr-49"),
    Case(["01/12/28", "01/12/29", "01/12/30", "01/12/31"], .yearly, "01/12/32", SeriesRequest(dates: .dmy)),
    // Clocks.
    Case(
      ["01/01/2020 11:00 PM", "01/02/2020 12:00 AM", "01/02/2020 1:00 AM"], .hourly, "01/02/2020 2:00 AM"),
    Case(["2020-01-01 11:00am", "2020-01-01 12:00pm", "2020-01-01 1:00pm"], .hourly, "2020-01-01 2:00pm"),
    Case(["1/1/20 9 a.m.", "1/1/20 10 a.m.", "1/1/20 11 a.m.", "1/1/20 12 p.m."], .hourly, "1/1/20 1 p.m."),
    Case(["2020-01-01 00", "2020-01-01 01", "2020-01-01 02"], .hourly, "2020-01-01 03"),
    Case(["20200101 00:00", "20200101 01:00"], .hourly, "20200101 02:00"),
    Case(["20200101T000000Z", "20200101T010000Z"], .hourly, "20200101T020000Z"),
    Case(["2020010100", "2020010101", "2020010102"], .hourly, "2020010103"),
    Case(["202001010000", "202001010015", "202001010030"], Frequency(.minute, every: 15), "202001010045"),
    Case(["20200101000000", "20200101000001"], .secondly, "20200101000002"),
    Case(["13h00 01/02/2020", "14h00 01/02/2020"], .hourly, "15h00 01/02/2020"),
    Case(["Wed Jan 1 00:00:00 2020", "Wed Jan 1 01:00:00 2020"], .hourly, "Wed Jan 1 02:00:00 2020"),
    Case(["2020-01-01, 00:00", "2020-01-01, 01:00"], .hourly, "2020-01-01, 02:00"),
    // Time zones.
    Case(["2020-01-01 00:00 UTC", "2020-01-01 01:00 UTC"], .hourly, "2020-01-01 02:00 UTC"),
    Case(
      ["2020-10-25 02:00 CEST", "2020-10-25 02:00 CET", "2020-10-25 03:00 CET"], .hourly,
      "2020-10-25 03:00 UTC"),
    Case(["2020-01-01 00:00:00 +0100", "2020-01-01 01:00:00 +0100"], .hourly, "2020-01-01 02:00:00 +0100"),
    Case(
      ["2020-01-01T00:00:00.000+01", "2020-01-01T01:00:00.000+01"], .hourly, "2020-01-01T02:00:00.000+01"),
    Case(
      ["Wed Jan 01 2020 00:00:00 GMT+0100", "Wed Jan 01 2020 01:00:00 GMT+0100"], .hourly,
      "Wed Jan 01 2020 02:00:00 GMT+0100"),
    // Numbers.
    Case(["43831", "43832", "43833"], .daily, "43834", name: "Date"),
    Case(["43831.0", "43831.25", "43831.5"], Frequency(.hour, every: 6), "43831.75", name: "datetime"),
    Case(["43831", "43862", "43891"], .monthly, "43922", SeriesRequest(time: "date", frequency: .monthly)),
    Case(
      ["1577836800.200", "1577836800.400", "1577836800.600"], Frequency(.millisecond, every: 200),
      "1577836800.800", name: "ts"),
    Case(["1577836800.0", "1577840400.0"], .hourly, "1577844000.0", name: "timestamp"),
    Case(["1577836800000.5", "1577836801000.5"], .secondly, "1577836802000.5", name: "time"),
    Case(
      ["1577836800000000", "1577836800250000"], Frequency(.millisecond, every: 250), "1577836800500000",
      name: "time"),
    Case(["1577836800000000000", "1577840400000000000"], .hourly, "1577844000000000000", name: "time"),
    Case(["0.0", "0.1", "0.2"], .step, "0.3", name: "t"),
    Case(["0", "0.25", "0.5"], Frequency(.step, every: 25), "0.75", name: "time"),
    Case(["-0.50", "0.00", "0.50"], Frequency(.step, every: 50), "1.00", name: "t"),
    Case(["1949.000", "1949.083", "1949.167", "1949.250"], .monthly, "1949.333", name: "time"),
    Case(["1949", "1949.08333333333", "1949.16666666667"], .monthly, "1949.250000000", name: "time"),
    Case(["1958.2027", "1958.2877", "1958.3699"], .monthly, "1958.4527", name: "year"),
    Case(["1947.00", "1947.25", "1947.50"], .quarterly, "1947.75", name: "date"),
    Case(["1700.5", "1701.5", "1702.5"], .yearly, "1703.5", name: "year"),
    // Said.
    Case(["01/02/20", "01/03/20"], .monthly, "01/04/20", SeriesRequest(dates: .dmy)),
    Case(["01/02/03", "01/02/04"], .daily, "01/02/05", SeriesRequest(dates: .ymd)),
    Case(
      ["3|2020|1", "3|2020|2"], .daily, "3|2020|3",
      SeriesRequest(timeFormat: try! TimeFormat(pattern: "%-m|%Y|%-d"))),
    Case(
      ["1-01", "1-02", "1-03"], .monthly, "01-04",
      SeriesRequest(timeFormat: try! TimeFormat(pattern: "%y-%m"))),
  ]

  @Test(arguments: cases) func timesAreReadAndGoOn(_ one: Case) throws {
    let text = "\(one.name),x\n" + one.times.enumerated().map { "\"\($1)\",\($0 * 7 % 5 + 1)\n" }.joined()
    let series = try series(text, one.request)
    #expect(series.timeName == one.name)
    #expect(series.frequency == one.frequency)
    #expect(series[0].count == one.times.count)
    #expect(series.timeText(of: series[0].count, in: series[0]) == one.next)
    // Saved with a model and read again, later data are read and written alike.
    let saved = try JSONEncoder().encode([series.timeFormat])
    let format = try JSONDecoder().decode([TimeFormat].self, from: saved)[0]
    #expect(format.text(series.time(of: one.times.count, in: series[0])) == one.next)
    var later = SeriesRequest(time: one.name, targets: ["x"], frequency: series.frequency, timeFormat: format)
    if series.frequency.unit != .step { later.season = 1 }
    let again = try UnrollDataTests.series(text + "\"\(one.next)\",9\n", later)
    #expect(again[0].count == one.times.count + 1 && again[0].start == series[0].start)
    #expect(again.timeText(of: one.times.count, in: again[0]) == one.next)
  }
}

/// Columns that hold no times, or not for certain.
@Suite struct RefusedTimeTests {
  @Test(
    arguments: [
      // A month 13 is never one: the sum of a year, or a week.
      (
        "month,x\n201011,1\n201012,2\n201013,3\n201101,4\n201102,1\n", DataError.Kind.notATime, 4,
        "\"201013\""
      ),
      (
        "month,x\n200500,1\n200501,2\n200502,3\n200503,3\n200504,3\n200505,3\n200506,3\n200507,3\n200508,3\n200509,3\n",
        .notATime, 2, "\"200500\""
      ),
      ("date,x\n2020-13-01,1\n2020-14-01,2\n", .notATime, 2, "\"2020-13-01\""),
      ("when,x\nyesterday,1\ntoday,2\n", .notATime, 2, "\"yesterday\""),
      ("x,stamp\n1,Smarch 5 2020\n2,Jan 41 2020\n3,Feb 99 2020\n", .notATime, 2, "\"Smarch 5 2020\""),
      ("date,x\nJan 5,1\nJan 6,2\nJan 7,3\nJan 8,4\n", .notATime, 2, "\"Jan 5\""),
      ("date,x\nJan-05,1\nJan-06,2\nJan-07,3\nJan-08,4\n", .ambiguous, 2, "\"Jan-05\""),
      ("date,x\nThu 2020-01-01,1\nFri 2020-01-02,2\n", .notATime, 2, "\"Thu 2020-01-01\""),
      ("date,x\n01-Jan-2020,1\n2020-01-02,2\n03-Jan-2020,2\n", .mixedTimes, 3, "\"2020-01-02\""),
      ("date,x\n2020-01-01 13:00 PM,1\n2020-01-01 14:00 PM,2\n", .notATime, 2, "\"2020-01-01 13:00 PM\""),
      // Rows of several series would run into one.
      ("store,x\na,1\nb,2\na,3\nb,4\na,5\nb,6\na,7\nb,8\n", .badRoles, 2, "none, and \"a\" here"),
    ] as [(String, DataError.Kind, Int?, String)])
  func refusals(_ text: String, _ kind: DataError.Kind, _ line: Int?, _ found: String) {
    let error = failure(text)
    #expect(error?.kind == kind, "\(String(describing: error))")
    #expect(error?.line == line && error?.found == found, "\(String(describing: error))")
  }

  @Test func rowsAreStepsWhenThatIsSaid() throws {
    let text = "store,x\na,1\nb,2\na,3\nb,4\na,5\nb,6\na,7\nb,8\n"
    #expect(try series(text, SeriesRequest(frequency: .step))[0].targets == [[1, 2, 3, 4, 5, 6, 7, 8]])
    #expect(
      try series(text, SeriesRequest(id: "store")).map { $0.targets[0] } == [[1, 3, 5, 7], [2, 4, 6, 8]])
    // Words that hardly repeat are remarks.
    #expect(try series("x,note\n1,cold\n2,rain\n3,sun\n4,hail\n")[0].count == 4)
  }

  @Test func statedOrdersDecideAndAreObeyed() throws {
    let text = "date,x\n01/04/2020,1\n02/04/2020,2\n03/04/2020,3\n"
    // The fourth day of each month is a rare habit.
    let guessed = try series(text)
    #expect(guessed.frequency == .daily)
    let note = try #require(guessed.dataNotes.first { $0.kind == .dates })
    #expect(note.hint?.parameter == .dates && note.hint?.values == ["mdy"])
    #expect(try series(text, SeriesRequest(dates: .mdy)).frequency == .monthly)
    #expect(failure("date,x\n13/04/2020,1\n14/04/2020,2\n", SeriesRequest(dates: .mdy))?.kind == .notATime)
    // Files of countries that write the day first.
    #expect(try series("date;x\n01/02/2020;1\n01/03/2020;2\n01/04/2020;3\n").frequency == .monthly)
    let stated = try TimeFormat(pattern: "%d/%m/%Y")
    #expect(try series(text, SeriesRequest(timeFormat: stated)).frequency == .daily)
    let error = failure("date,x\n2020-01-01,1\n", SeriesRequest(time: "date", timeFormat: stated))
    #expect(error?.kind == .notATime && error?.expected == "a time written as %d/%m/%Y")
  }
}

@Suite struct TimePatternTests {
  @Test(
    arguments: [
      ("%Y-%m-%dT%H:%M:%S", "2003-01-31T09:05:07"), ("%d.%m.%y", "31.01.03"), ("%b %-d, %Y", "Jan 31, 2003"),
      ("%A %d %B %Y", "Friday 31 January 2003"), ("%a %d/%m", nil), ("%-I:%M %p %F", "9:05 AM 2003-01-31"),
      ("%H:%M", nil), ("%Y%m%d%H%M%S", "20030131090507"), ("%Y-%j", "2003-031"), ("%G-W%V-%u", "2003-W05-5"),
      ("%YQ%q", "2003Q1"), ("%F %T.%3f", "2003-01-31 09:05:07.000"), ("%f", nil), ("%Y-%d", nil),
      ("%Y %Y", nil),
      ("%I %F", nil), ("%", nil), ("%K", nil), ("%é", nil), ("", nil), ("%Y%%%m", "2003%01"),
      ("unix seconds", "1044003907"),
      ("excel days .2", "37652.38"), ("unix seconds .99", nil), ("%F %R%z", "2003-01-31 09:05+00:00"),
      ("%Y年%m月", "2003年01月"),
    ] as [(String, String?)]) func patternsReadAndWrite(_ pattern: String, _ example: String?) throws
  {
    guard let example else {
      #expect(throws: TimePatternError.self) { try TimeFormat(pattern: pattern) }
      return
    }
    let format = try TimeFormat(pattern: pattern)
    let time = try #require(Timestamp("2003-01-31 09:05:07"))
    #expect(format.text(time) == example)
    if format.fields.isEmpty { return }
    let bytes = Array(example.utf8)
    let read = try #require(TimeText.read(bytes, bytes.indices, as: format))
    #expect(format.text(Timestamp(ticks: read.ticks)) == example)
    let saved = try JSONEncoder().encode([format])
    #expect(try JSONDecoder().decode([TimeFormat].self, from: saved)[0].isStated)
    #expect(try JSONDecoder().decode([TimeFormat].self, from: saved)[0].text(time) == example)
  }
}

/// Times in several columns.
@Suite struct SpreadTimeTests {
  @Test(
    arguments: [
      ("year,month,x\n2010,11,1\n2010,12,2\n2011,1,3\n", "year,month", Frequency.monthly, "2011-02"),
      ("Year;Month;x\n2010;Jan;1\n2010;Feb;2\n2010;Mar;3\n", "Year,Month", .monthly, "2010-Apr"),
      ("year,quarter,x\n2010,3,1\n2010,4,2\n2011,1,3\n", "year,quarter", .quarterly, "2011Q2"),
      ("yr,qtr,x\n2010,Q3,1\n2010,Q4,2\n2011,Q1,3\n", "yr,qtr", .quarterly, "2011Q2"),
      ("year,week,x\n2018,51,1\n2018,52,2\n2019,1,3\n", "year,week", .weekly, "2019-W02"),
      (
        "No,year,month,day,hour,x\n1,2010,1,1,22,5\n2,2010,1,1,23,6\n3,2010,1,2,0,7\n", "year,month,day,hour",
        .hourly,
        "2010-01-02 01:00"
      ),
      ("year,doy,x\n2010,364,5\n2010,365,6\n2011,1,7\n", "year,doy", .daily, "2011-002"),
      (
        "Date;Time;x\n16/12/2016;22:00:00;1\n16/12/2016;23:00:00;2\n17/12/2016;00:00:00;3\n17/12/2016;01:00:00;3\n",
        "Date,Time", .hourly, "17/12/2016 02:00:00"
      ),
      // Hours that end at 24, and hours with their minutes.
      (
        "date,hour,x\n2020-01-01,23,1\n2020-01-01,24,2\n2020-01-02,1,3\n2020-01-02,2,3\n", "date,hour",
        .hourly,
        "2020-01-02 03:00"
      ),
      (
        "date,hour,x\n2020-01-01,2330,1\n2020-01-01,2400,2\n2020-01-02,30,3\n2020-01-02,100,3\n", "date,hour",
        Frequency(.minute, every: 30), "2020-01-02 01:30"
      ),
      (
        "day,time,x\nJan 1 2020,11:00 PM,1\nJan 2 2020,12:00 AM,2\nJan 2 2020,1:00 AM,3\n", "day,time",
        .hourly,
        "Jan 2 2020 2:00 AM"
      ),
      (
        "date,clock,x\n2020-01-01 00:00:00,22:00,1\n2020-01-01 00:00:00,23:00,2\n", "date,clock", .hourly,
        "2020-01-02 00:00"
      ),
    ] as [(String, String, Frequency, String)])
  func partsAreJoined(_ text: String, _ name: String, _ frequency: Frequency, _ next: String) throws {
    for request in [SeriesRequest(), SeriesRequest(time: name)] {
      let series = try series(text, request)
      #expect(series.timeName == name && series.frequency == frequency && series.targetNames == ["x"])
      #expect(series.timeText(of: series[0].count, in: series[0]) == next)
    }
  }

  @Test func partsOfAnotherColumnAreNoTargets() throws {
    let series = try series("date,year,month,x\n2020-01-01,2020,1,5\n2020-02-01,2020,2,6\n")
    #expect(series.targetNames == ["x"])
    #expect(
      try UnrollDataTests.series("date,year,x\n2020-01-01,2021,5\n2020-02-01,2021,6\n").targetNames == [
        "year", "x",
      ])
  }

  @Test func wrongPartsAreNamed() {
    let text = "year,month,x\n2010,1,1\n2010,2,2\n2010,13,3\n"
    #expect(failure(text, SeriesRequest(time: "year,month"))?.line == 4)
    #expect(failure("a,b,x\nq,1,1\n", SeriesRequest(time: "a,b"))?.column == "a")
    #expect(
      failure("m,d,x\n1,1,1\n", SeriesRequest(time: "m,d"))?.expected
        == "a column of dates or of years among the columns of the time")
    #expect(
      failure("date,hour,x\n2020-01-01,25,1\n2020-01-01,26,2\n", SeriesRequest(time: "date,hour"))?.line == 2)
  }
}
