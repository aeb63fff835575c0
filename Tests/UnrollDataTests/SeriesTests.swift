import Testing
import UnrollData

private let nan = Double.nan

@Suite struct TimeSeriesReaderTests {
  /// Rows of a column of times with the values 1, 2, 3, ….
  private func rows(_ times: [String]) -> String {
    "date,x\n" + times.enumerated().map { "\($1),\($0 + 1)\n" }.joined()
  }

  private func days(_ start: String, _ frequency: Frequency, _ count: Int, format: TimeFormat = .day)
    -> [String]
  {
    (0..<count).map { format.text(frequency.advance(Timestamp(start)!, by: $0)) }
  }

  @Test func everythingIsGuessedAndToldForAPlainFile() throws {
    let series = try series(
      "date,x,comment\n" + days("2015-01-01", .monthly, 60).map { "\($0),5,ok\n" }.joined())
    #expect(series.frequency == .monthly)
    #expect(series.timeName == "date" && series.idName == nil)
    #expect(series.targetNames == ["x"] && series.knownNames.isEmpty)
    #expect(series.season == 12 && series.horizon == 12)
    #expect(
      series.notes == [
        "time: \"date\" (monthly, 2015-01-01 … 2019-12-01)", "target: \"x\"", "not used: \"comment\"",
        "season: 12",
        "horizon: 12",
      ])
    #expect(series.timeText(of: 60, in: series[0]) == "2020-01-01")
  }

  @Test func nothingIsToldThatWasSaid() throws {
    let request = SeriesRequest(
      time: "date", targets: ["x"], frequency: .monthly, season: 6, horizon: 3)
    let series = try series(rows(days("2015-01-01", .monthly, 60)), request)
    #expect(series.notes.isEmpty)
    #expect(series.season == 6 && series.horizon == 3)
  }

  @Test(arguments: [
    (Frequency.daily, 7, 14), (.weekly, 52, 13), (.monthly, 12, 12), (.quarterly, 4, 8), (.yearly, 1, 6),
    (.businessDaily, 5, 10), (.hourly, 24, 48), (Frequency(.minute, every: 15), 96, 96), (.minutely, 60, 60),
    (.secondly, 60, 60), (Frequency(.minute, every: 30), 48, 48), (Frequency(.month, every: 2), 6, 6),
    (Frequency(.hour, every: 7), 1, 6), (Frequency(.day, every: 2), 1, 6), (Frequency(.year, every: 5), 1, 6),
    (Frequency(.week, every: 4), 13, 13), (Frequency(.month, every: 6), 2, 2),
  ]) func frequenciesAreRecognised(_ frequency: Frequency, _ season: Int, _ horizon: Int) throws {
    for start in ["2020-01-01 00:00:00", "2019-12-31 00:00:00"] {
      let times = days(start, frequency, 400, format: .second)
      let series = try series(rows(times))
      #expect(series.frequency == frequency)
      #expect(series.season == season)
      #expect(series.horizon == horizon)
      #expect(series[0].targets[0] == (1...400).map(Double.init))
      // Gaps do not change the guess, and become missing values.
      var lines = rows(times).split(separator: "\n")
      for index in [390, 200, 57, 56] { lines.remove(at: index) }
      let gappy = try self.series(lines.joined(separator: "\n"))
      #expect(gappy.frequency == frequency)
      #expect(gappy[0].targets[0].count == 400)
      #expect(gappy[0].targets[0][55].isNaN && gappy[0].targets[0][56].isNaN && gappy[0].targets[0][57] == 58)
      #expect(gappy.notes.contains("gaps: 4 steps have no row, read as missing"))
    }
  }

  private func series(_ text: String, _ request: SeriesRequest = SeriesRequest()) throws -> TimeSeries {
    try TimeSeries(try table(text), request)
  }

  @Test(
    arguments: [
      (["2020Q1", "2020Q2", "2020Q3"], Frequency.quarterly, "2020Q4"),
      (["2020", "2021", "2022"], .yearly, "2023"),
      (["2020-W51", "2020-W52", "2020-W53"], .weekly, "2021-W01"),
      (["2020-11", "2020-12", "2021-01"], .monthly, "2021-02"),
      (["20200130", "20200131", "20200201"], .daily, "20200202"),
      (["1577836800", "1577840400", "1577844000"], .hourly, "1577847600"),
      (
        ["1577836800000", "1577836800250", "1577836800500"], Frequency(.millisecond, every: 250),
        "1577836800750"
      ),
      (["31.01.2020", "01.02.2020", "02.02.2020"], .daily, "03.02.2020"),
      (["1/30/2020", "1/31/2020", "2/1/2020"], .daily, "2/2/2020"),
      (
        ["2020-01-31", "2020-02-28", "2020-03-31", "2020-04-30", "2020-05-29"],
        Frequency.monthly.on(.lastBusinessDay), "2020-06-30"
      ),
      (["2020-01-31", "2020-02-29"], .monthly, "2020-03-31"),
      (["2020-02-01", "2020-02-29"], Frequency(.week, every: 4), "2020-03-28"),
      (["7", "8", "9"], .step, "10"), (["0", "10", "20"], Frequency(.step, every: 10), "30"),
      (["-1", "0", "1"], .step, "2"),
      (["2020-01-01T00:00:00Z", "2020-01-01T01:00:00Z"], .hourly, "2020-01-01T02:00:00Z"),
      (
        ["2020-03-29T00:00+01:00", "2020-03-29T01:00+01:00", "2020-03-29T03:00+02:00"], .hourly,
        "2020-03-29T02:00+00:00"
      ),
      (
        ["2020-03-28T00:00+01:00", "2020-03-29T00:00+01:00", "2020-03-30T00:00+02:00"], .daily,
        "2020-03-31T00:00+01:00"
      ),
      (
        ["2020-01-01 00:00:00", "2020-01-01 00:00:00.5", "2020-01-01 00:00:01.000"],
        Frequency(.millisecond, every: 500), "2020-01-01 00:00:01.500"
      ),
      (["2020-05-05"], .daily, "2020-05-06"), (["3"], .step, "4"),
      (["2020-05-05 13:00"], .hourly, "2020-05-05 14:00"),
    ] as [([String], Frequency, String)])
  func timesContinueInTheirOwnStyle(_ times: [String], _ frequency: Frequency, _ next: String) throws {
    let series = try series(rows(times))
    #expect(series.frequency == frequency)
    #expect(series.timeText(of: series[0].count, in: series[0]) == next)
    // A changing offset and the shortest fraction are not kept.
    if !times[2 % times.count].hasSuffix("+02:00"), !times[2 % times.count].hasSuffix(".000") {
      #expect(series.timeText(of: 0, in: series[0]) == times[0])
    }
  }

  @Test func dayAndMonthAreToldApartByTheirOrderInTime() throws {
    // Every row reads both ways. One way goes back in time, or has more gaps.
    #expect(try series(rows(["01/02/2020", "08/02/2020", "07/03/2020"])).frequency == .weekly)
    #expect(try series(rows(["01/05/2020", "02/05/2020", "01/08/2020"])).frequency == .daily)
    let both = try series(rows(["01/02/2020", "01/03/2020", "01/04/2020"]))
    #expect(both.frequency == .daily)
    #expect(both.notes.contains("dates: read as month, day, year (01/02/2020 could be either)"))
    let dotted = try series(rows(["01.02.2020", "01.03.2020", "01.04.2020"]))
    #expect(dotted.frequency == .monthly)
    let stated = try series(
      rows(["01/02/2020", "01/03/2020", "01/04/2020"]), SeriesRequest(frequency: .monthly))
    #expect(stated.timeText(of: 3, in: stated[0]) == "01/05/2020")
    let style: TimeFormat = try #require(TimeFormat(example: "31/01/2003"))
    let known = try series(rows(["01/02/2020", "01/03/2020"]), SeriesRequest(timeFormat: style))
    #expect(known.timeText(of: 0, in: known[0]) == "01/02/2020" && known.frequency == .monthly)
  }

  @Test func aStatedFrequencyDecidesWhatIntegersCount() throws {
    let text = rows(["2000", "2001", "2002"])
    #expect(try series(text).frequency == .yearly)
    let steps = try series(text, SeriesRequest(frequency: .step))
    #expect(steps[0].start == Timestamp(step: 2000) && steps.timeFormat == .step)
    #expect(failure(rows(["7", "8"]), SeriesRequest(time: "date", frequency: .daily))?.kind == .notATime)
    #expect(failure(rows(["2020-01-01"]), SeriesRequest(frequency: .step))?.kind == .badRoles)
  }

  @Test func manySeriesOfDifferentStartAndLength() throws {
    let text = """
      store,date,sales,price,open
      b,2020-01-03,3,1.5,1
      a,2020-01-01,10,,1
      b,2020-01-01,1,1.5,0
      a,2020-01-02,NA,2.5,1
      b,2020-01-04,4,1.5,1
      a,2020-01-03,,3.5,0
      """
    let request = SeriesRequest(targets: ["sales"], known: ["price", "open"])
    let series = try series(text, request)
    #expect(series.idName == "store")
    #expect(series.map(\.id) == ["b", "a"])
    #expect(same(series[0].targets[0], [1, nan, 3, 4]))
    #expect(same(series[0].known[0], [1.5, nan, 1.5, 1.5]))
    // The last two rows of a only tell what is known ahead.
    #expect(series[1].targets == [[10]])
    #expect(same(series[1].known[0], [nan, 2.5, 3.5]))
    #expect(series[1].known[1] == [1, 1, 0])
    #expect(series[1].count == 1 && series[1].knownCount == 3)
    #expect(series.notes.contains("rows: not in the order of time, sorted"))
    #expect(series.notes.contains("id: \"store\" (2 series)"))
    // Without covariates the same rows are missing values.
    #expect(same(try self.series(text, SeriesRequest(targets: ["sales"]))[1].targets[0], [10, nan, nan]))
  }

  @Test func severalTargetsAreTakenWhenNoneIsNamed() throws {
    let series = try series(
      ",date,HUFL,OT,note,Unnamed: 0,empty\n0,2016-07-01 00:00:00,5.8,30.5,x,1,\n1,2016-07-01 01:00:00,5.7,27.8,y,2,\n"
    )
    #expect(series.targetNames == ["HUFL", "OT"])
    #expect(series[0].targets == [[5.8, 5.7], [30.5, 27.8]])
  }

  @Test func rowsAreStepsWhereNoTimeIs() throws {
    let one = try series("x\n3\n\n5\n")
    #expect(same(one[0].targets[0], [3, nan, 5]))
    #expect(one.timeName == "step" && one.timeText(of: 3, in: one[0]) == "4")
    #expect(one.notes[0] == "time: no column, rows are the steps (steps, 1 … 3)")
    // What counts upwards is the target when it is all there is.
    #expect(try series("sales\n1\n2\n3\n").targetNames == ["sales"])
    #expect(try series("n,sales\n1,5\n2,5\n3,7\n").timeName == "n")
    let two = try series("g,x\na,1\nb,2\na,3\n", SeriesRequest(id: "g"))
    #expect(two.map { $0.targets[0] } == [[1, 3], [2]])
  }

  @Test(arguments: ["unique_id", "store", "Item ID", "seriesName"]) func integersMayBeIDs(_ name: String)
    throws
  {
    let series = try series("\(name),ds,y\n1,1,5\n1,2,6\n2,1,7\n2,2,8\n")
    #expect(series.idName == name && series.targetNames == ["y"])
    #expect(series.map { $0.targets[0] } == [[5, 6], [7, 8]])
  }

  @Test(
    arguments: [
      (
        "date,x\n2020-01-01,1\n2020-01-02,2\n2020-01-01,3\n", DataError.Kind.duplicateTime, 4,
        "\"2020-01-01\" as on line 2"
      ),
      (
        "id,date,x\na,2020-01-01,1\nb,2020-01-01,1\na,2020-01-01,2\nb,2020-01-02,1\nc,2020-01-01,1\nd,2020-01-01,1\ne,2020-01-01,1\nf,2020-01-01,1\ng,2020-01-01,1\nh,2020-01-01,1\ni,2020-01-01,1\nj,2020-01-01,1\nk,2020-01-01,1\n",
        .duplicateTime, 4, "\"2020-01-01\" as on line 2"
      ),
      ("date,x\n2020-01-01,1\n2020-02-30,2\n2020-01-03,3\n", .notATime, 3, "\"2020-02-30\""),
      ("date,x\n2020-01-01,1\n,2\n2020-01-03,3\n", .notATime, 3, "\"\""),
      ("date,x\n2020-01-01,1\n02.01.2020,2\n2020-01-03,3\n", .mixedTimes, 3, "\"02.01.2020\""),
      ("date,x\n2020-01-01,1\n2020-01-02 00:00,2\n2020-01-03,3\n", .mixedTimes, 3, "\"2020-01-02 00:00\""),
      ("date,x\n2020-01-01,1\n2020-01-08,2\n2020-01-15,3\n2020-01-23,4\n", .offGrid, 5, "\"2020-01-23\""),
      (
        "date,x\n2020-01-01,1\n2020-01-02,2\n2020-01-03,3\n9020-01-03,4\n", .offGrid, 5,
        "\"9020-01-03\", 2556697 steps after the time before it"
      ),
      ("date,x\n31/01/2020,1\n01/31/2020,2\n", .notATime, 3, "\"01/31/2020\""),
      ("date,x\n2020-01-01,inf\n2020-01-02,2\n2020-01-03,3\n", .notANumber, 2, "\"inf\""),
      ("date,x\n2020-01-01,1e999\n2020-01-02,2\n2020-01-03,3\n", .notANumber, 2, "\"1e999\""),
      ("date,x\n2020-01-01,a\n2020-01-02,b\n", .badRoles, nil, "none (columns: date, x)"),
      ("id,t,x\na,1,1\n,2,2\n", .noIdentifier, 3, "an empty field"),
    ] as [(String, DataError.Kind, Int?, String)])
  func wrongRowsAreNamed(_ text: String, _ kind: DataError.Kind, _ line: Int?, _ found: String) {
    let error = failure(text, kind == .noIdentifier ? SeriesRequest(id: "id") : SeriesRequest())
    #expect(error?.kind == kind)
    #expect(error?.line == line)
    #expect(error?.found == found)
  }

  @Test func twoRowsOfOneStepAreNamed() {
    let text = rows(["2020-01-03", "2020-02-03", "2020-03-03", "2020-03-17"])
    let error = failure(text, SeriesRequest(frequency: .monthly))
    #expect(
      error?.description == """
        data.csv, line 5, column "date": expected a whole number of steps (monthly) after "2020-03-03", found \
        "2020-03-17"
                round the times to one grid, or state the frequency if monthly is wrong
        """)
  }

  @Test func partsMustNotOverlap() {
    let text = "date,x,y\n2020-01-01,1,2\n"
    #expect(failure(text, SeriesRequest(time: "x", targets: ["x"]))?.kind == .badRoles)
    #expect(failure(text, SeriesRequest(targets: ["x", "x"]))?.found == "the column twice as target")
    #expect(failure(text, SeriesRequest(targets: ["x"], known: ["z"]))?.kind == .noColumn)
    #expect(failure(text, SeriesRequest(targets: ["date"]))?.kind == .notANumber)
  }

  @Test func missingFieldsAreThoseNamed() throws {
    let text = "t,x\n1,5\n2,n/a\n3,-999\n4,\n5,7\n"
    #expect(failure(text)?.line == 3)
    let request = SeriesRequest(missing: TimeSeries.defaultMissing + ["n/a", "-999"])
    #expect(same(try series(text, request)[0].targets[0], [5, nan, nan, nan, 7]))
    #expect(same(try series(text, SeriesRequest(missing: ["n/a"]))[0].targets[0], [5, nan, -999, nan, 7]))
  }

  @Test func constantShortAndEmptySeriesAreLegal() throws {
    #expect(try series("t,x\n1,5\n").horizon == 1)
    #expect(try series("t,x\n" + (1...100).map { "\($0),5\n" }.joined()).season == 1)
    let leading = try series("t,x\n1,\n2,3\n3,\n", SeriesRequest(targets: ["x"]))
    #expect(same(leading[0].targets[0], [nan, 3, nan]))
    #expect(failure("t,x\n1,\n2,\n")?.kind == .badRoles)
    let future = try series("t,x,p\n1,,2\n", SeriesRequest(targets: ["x"], known: ["p"]))
    #expect(future[0].count == 0 && future[0].knownCount == 1)
  }

  @Test func columnsNearlyEmptyAreStillTargets() throws {
    var text = "t,x\n"
    for step in 1...9000 { text += step == 4321 ? "\(step),5\n" : "\(step),\n" }
    #expect(try series(text)[0].targets[0][4320] == 5)
  }
}

@Suite struct SeasonTests {
  private func season(_ values: [Double]) -> Int { TimeSeries(values: values).season }

  private func noise(_ seed: UInt64, _ count: Int) -> [Double] {
    var random = Numbers(state: seed)
    return (0..<count).map { _ in
      (0..<12).reduce(-6.0) { sum, _ in sum + Double(random.next() >> 11) * 0x1p-53 }
    }
  }

  @Test(arguments: [4, 7, 12, 24, 52], [0.0, 0.5]) func periodsOfNumberedStepsAreFound(
    _ period: Int, _ level: Double
  ) {
    let disturbance = noise(UInt64(period), 600)
    let values = (0..<600).map { step in
      let pattern = Double((step % period) * (step % period) % 11) + (step % period == 1 ? 8 : 0)
      return 100 + 0.1 * Double(step) + pattern + level * disturbance[step]
    }
    #expect(season(values) == period)
  }

  @Test func theDayIsFoundBeforeTheWeek() {
    let day = (0..<24).map { Double(min($0, 24 - $0)) }
    let values = (0..<1000).map { day[$0 % 24] * ($0 / 24 % 7 < 5 ? 1 : 0.8) }
    #expect(season(values) == 24)
  }

  @Test func whatDoesNotRepeatHasNoSeason() {
    for seed in 1...20 as ClosedRange<UInt64> {
      let steps = noise(seed, 500)
      #expect(season(steps) == 1)
      var sum = 0.0
      #expect(
        season(
          steps.map {
            sum += $0
            return sum
          }) == 1)
    }
    #expect(season((0..<300).map { Double($0) * 0.3 }) == 1)
    #expect(season(Array(repeating: 4, count: 300)) == 1)
    #expect(season(Array(repeating: .nan, count: 300)) == 1)
    #expect(season([]) == 1)
    #expect(season([1, 2]) == 1)
  }

  @Test func aSeasonThatNoSeriesShowsTwiceIsNone() {
    let start = Timestamp("2020-01-06")!
    #expect(TimeSeries(values: (0..<103).map(Double.init), start: start, frequency: .weekly).season == 1)
    #expect(TimeSeries(values: (0..<104).map(Double.init), start: start, frequency: .weekly).season == 52)
  }
}

@Suite struct TimeSeriesTests {
  @Test func maunaLoaIsWhole() {
    let series = TimeSeries.maunaLoa
    let values = series[0].targets[0]
    #expect(series.count == 1 && values.count == 820)
    #expect(values[0] == 315.71 && values[819] == 431.44)
    #expect(values.allSatisfy { (310...440).contains($0) })
    #expect(series.timeText(of: 0, in: series[0]) == "1958-03")
    #expect(series.timeText(of: 819, in: series[0]) == "2026-06")
    #expect(series.season == 12 && series.horizon == 24)
    // Summed from the source's column by other means.
    #expect(abs(values.reduce(0, +) - 296181.59) < 1e-6)
  }

  @Test func seriesMadeInMemoryMustFit() throws {
    let start = Timestamp(step: 1)
    let good = TimeSeries.Series(id: "a", start: start, targets: [[1, 2]], known: [[1, 2, 3]])
    let made = try TimeSeries(series: [good], frequency: .step, knownNames: ["p"])
    #expect(made[0].knownCount == 3 && made.idName == nil)
    let bad: [([TimeSeries.Series], [String], [String])] = [
      ([], ["value"], []), ([good], ["value"], []), ([good], ["value", "x"], ["p"]),
      ([good, good], ["value"], ["p"]),
      ([good], ["p"], ["p"]), ([good], [], ["p"]),
      ([TimeSeries.Series(start: start, targets: [[1], [1, 2]])], ["a", "b"], []),
      ([TimeSeries.Series(start: start, targets: [[1, 2]], known: [[1]])], ["a"], ["p"]),
      ([TimeSeries.Series(start: start, targets: [[1, .infinity]])], ["a"], []),
    ]
    for (series, targets, known) in bad {
      #expect {
        try TimeSeries(series: series, frequency: .step, targetNames: targets, knownNames: known)
      } throws: { ($0 as? DataError)?.kind == .badSeries }
    }
  }

  @Test func droppingTheLastStepsKeepsWhatIsKnown() throws {
    let one = TimeSeries.Series(start: Timestamp(step: 1), targets: [[1, 2, 3]], known: [[1, 2, 3]])
    let series = try TimeSeries(series: [one], frequency: .step, knownNames: ["p"])
    let shorter = series.droppingLast(2)
    #expect(shorter[0].targets == [[1]] && shorter[0].known == [[1, 2, 3]])
    #expect(series.droppingLast(9)[0].count == 0 && series.droppingLast(-1)[0].count == 3)
  }
}
