import Testing
import UnrollData

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

private let nan = Double.nan

/// Lines of a table whose times step by a frequency.
private func rows(_ start: String, _ frequency: Frequency, _ count: Int, _ line: (Int, String) -> String)
  -> String
{
  let format = TimeFormat.standard(for: frequency)
  return (0..<count).map { line($0, format.text(frequency.advance(Timestamp(start)!, by: $0))) + "\n" }
    .joined()
}

@Suite struct RolesTests {
  @Test func severalColumnsTellSeriesApart() throws {
    var text = "date,store,item,sales\n"
    for (store, item) in [("1", "1"), ("1", "2"), ("2", "1"), ("2", "a/b")] {
      text += rows("2020-01-01", .daily, 5) { "\($1),\(store),\(item),\($0)" }
    }
    for request in [SeriesRequest(id: "store,item"), SeriesRequest()] {
      let series = try series(text, request)
      #expect(series.map(\.id) == ["1/1", "1/2", "2/1", "2/a\\/b"])
      #expect(series.idName == "store,item" && series.idNames == ["store", "item"])
      #expect(series.idParts(of: series[3]) == ["2", "a/b"])
      #expect(series.targetNames == ["sales"] && series.allSatisfy { $0.count == 5 })
    }
    // A column that is named so goes first, as in a model's own history.
    let history = "\"store,item\",date,sales\n1/1,2020-01-01,5\n1/2,2020-01-01,5\n"
    #expect(try UnrollDataTests.series(history, SeriesRequest(id: "store,item")).count == 2)
    #expect(failure(text, SeriesRequest(id: "store,thing"))?.kind == .noColumn)
    #expect(failure(text, SeriesRequest(id: "store,store"))?.kind == .badRoles)
  }

  @Test func wordsBecomeCovariates() throws {
    let text =
      "date,sales,holiday,promo,price\n2020-01-01,1,,TRUE,1.5\n2020-01-02,2,Sunday,FALSE,2\n2020-01-03,3,Easter,true,\n2020-01-04,,Sunday,no,2\n"
    let series = try series(text, SeriesRequest(targets: ["sales"], known: ["holiday", "promo", "price"]))
    #expect(series.knownNames == ["holiday=Easter", "holiday=Sunday", "promo", "price"])
    #expect(series[0].known[0] == [0, 0, 1, 0] && series[0].known[1] == [0, 1, 0, 1])
    #expect(series[0].known[2] == [1, 0, 1, 0] && same(series[0].known[3], [1.5, 2, nan, 2]))
    #expect(series[0].count == 3 && series[0].knownCount == 4)
    // A model's names find the same columns again, and new words are told.
    let later = "date,sales,holiday,promo,price\n2020-01-05,4,Pentecost,TRUE,1.5\n2020-01-06,5,Easter,y,1\n"
    let again = try UnrollDataTests.series(
      later, SeriesRequest(targets: ["sales"], known: series.knownNames, frequency: .daily))
    #expect(again.knownNames == series.knownNames)
    #expect(again[0].known == [[0, 1], [0, 0], [1, 1], [1.5, 1]])
    #expect(again.dataNotes.contains { $0.kind == .known && $0.text.contains("\"Pentecost\"") })
    let many = "date,x,k\n" + rows("2020-01-01", .daily, 70) { "\($1),1,word\($0)" }
    #expect(failure(many, SeriesRequest(targets: ["x"], known: ["k"]))?.column == "k")
  }

  @Test func thePastAndWhatStaysAreKeptApart() throws {
    let text =
      "id,date,x,weather,region,size\na,2020-01-01,1,5,north,10\na,2020-01-02,2,6,north,10\nb,2020-01-01,3,7,south,20\nb,2020-01-02,4,,south,\n"
    let series = try series(
      text, SeriesRequest(targets: ["x"], past: ["weather"], statics: ["region", "size"]))
    #expect(
      series.pastNames == ["weather"] && series.staticNames == ["region=north", "region=south", "size"])
    #expect(series[0].past == [[5, 6]] && same(series[1].past[0], [7, nan]))
    #expect(series[0].statics == [1, 0, 10] && series[1].statics == [0, 1, 20])
    #expect(series.droppingLast(1)[0].past == [[5]])
    let error = failure(text, SeriesRequest(targets: ["x"], statics: ["weather"]))
    #expect(error?.kind == .badRoles && error?.line == 3 && error?.hint?.parameter == .known)
    #expect(
      failure(text, SeriesRequest(targets: ["x"], known: ["weather"], past: ["weather"]))?.kind == .badRoles)
  }

  @Test func rowsForTheFutureAskWhatIsKnown() throws {
    let text =
      "date,sales,price,holiday\n"
      + rows("2020-01-01", .daily, 30) { "\($1),\($0 < 25 ? "\($0)" : ""),\($0 % 3),\($0 % 2)" }
    let error = failure(text)
    #expect(error?.kind == .badRoles && error?.column == "sales" && error?.line == 26)
    #expect(error?.found == "the last value here, 5 rows before \"price\", \"holiday\"")
    #expect(
      error?.hint
        == DataHint(.known, ["price", "holiday"], to: "read what is known ahead, or name the targets"))
    let known = try series(text, SeriesRequest(known: ["price", "holiday"]))
    #expect(known[0].count == 25 && known[0].knownCount == 30 && known.targetNames == ["sales"])
    let stated = try series(text, SeriesRequest(targets: ["sales"]))
    #expect(stated.dataNotes.last { $0.kind == .missing }?.hint?.values == ["price", "holiday"])
    // Ragged ends of a few series are missing values.
    let ragged =
      "id,date,x,y\n"
      + ["a", "b", "c"].map { id in
        rows("2020-01-01", .daily, 5) { "\(id),\($1),\(id == "a" && $0 > 3 ? "" : "1"),2" }
      }.joined()
    #expect(try series(ragged).targetNames == ["x", "y"])
  }
}

@Suite struct WideTableTests {
  private let dates =
    "Province,Country,Lat,1/30/20,1/31/20,2/1/20,2/2/20\n,Chile,1.5,1,2,3,4\nHubei,China,2,5,6,,8\nBeijing,China,3,,,9,10\n"

  @Test func datesInTheHeaderAreRefusedUntilAskedFor() throws {
    let error = failure(dates)
    #expect(error?.kind == .wideTable && error?.hint?.parameter == .wide)
    let series = try series(dates, SeriesRequest(wide: true))
    #expect(series.map(\.id) == ["/Chile", "Hubei/China", "Beijing/China"])
    #expect(
      series.idNames == ["Province", "Country"] && series.timeName == "date" && series.frequency == .daily)
    #expect(series[0].targets == [[1, 2, 3, 4]] && same(series[1].targets[0], [5, 6, nan, 8]))
    // A series starts with its first value.
    #expect(series[2].targets == [[9, 10]] && series.timeText(of: 0, in: series[2]) == "2/1/20")
    #expect(series.timeText(of: 4, in: series[0]) == "2/3/20")
    // Later data for a model of such a table.
    let request = SeriesRequest(
      time: series.timeName, targets: series.targetNames, id: series.idName, frequency: series.frequency,
      timeFormat: series.timeFormat)
    #expect(try UnrollDataTests.series(dates, request).count == 3)
    #expect(
      try UnrollDataTests.series(dates, SeriesRequest(targets: ["1/30/20"], frequency: .step, wide: false))
        .count == 1)
  }

  @Test(
    arguments: [
      // World Bank: years, codes, and a delimiter at the end.
      (
        "Country Name,Country Code,Indicator Name,2018,2019,2020,\nAruba,ABW,GDP,1,2,3,\nChile,CHL,GDP,4,5,\"1,234,567\",\n",
        ["Aruba", "Chile"], Frequency.yearly, [[1, 2, 3], [4, 5, 1_234_567]], "2021"
      ),
      (
        "Country,Series,2018 [YR2018],2019 [YR2019],2020 [YR2020]\nA,x,1,2,3\nA,y,4,5,6\n", ["x", "y"],
        .yearly, [[1, 2, 3], [4, 5, 6]], "2021"
      ),
      ("item,X2020.01.31,X2020.02.29,X2020.03.31\np,1,2,3\n", [""], .monthly, [[1, 2, 3]], "2020.04.30"),
      (
        "sku;Jan 2020;Feb 2020;Mrz 2020\na;1,5;2;3\nb;1;2;3\n", ["a", "b"], .monthly,
        [[1.5, 2, 3], [1, 2, 3]], "Apr 2020"
      ),
      (
        "region,202011,202012,202101\nn,1,2,3\ns,1,2,3\n", ["n", "s"], .monthly, [[1, 2, 3], [1, 2, 3]],
        "202102"
      ),
      (
        "region,2020Q3,2020Q4,2021Q1\nn,1,2,3\ns,1,2,3\n", ["n", "s"], .quarterly, [[1, 2, 3], [1, 2, 3]],
        "2021Q2"
      ),
      (
        "store_id,2020-W52,2020-W53,2021-W01\n1,1,2,3\n2,1,2,3\n", ["1", "2"], .weekly,
        [[1, 2, 3], [1, 2, 3]], "2021-W02"
      ),
      // Newest first.
      (
        "k,2020-01-03,2020-01-02,2020-01-01\na,3,2,1\nb,6,5,4\n", ["a", "b"], .daily,
        [[1, 2, 3], [4, 5, 6]], "2020-01-04"
      ),
      // Years by months.
      (
        "Year,Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec,Annual\n2019,1,2,3,4,5,6,7,8,9,10,11,12,78\n2020,13,14,15,,,,,,,,,,42\n",
        [""], .monthly, [(1...15).map(Double.init)], "2020-Apr"
      ),
      (
        "year,q1,q2,q3,q4\n2019,1,2,3,4\n2020,5,6,7,8\n", [""], .quarterly, [[1, 2, 3, 4, 5, 6, 7, 8]],
        "2021Q1"
      ),
    ] as [(String, [String], Frequency, [[Double]], String)])
  func formsAreRead(
    _ text: String, _ ids: [String], _ frequency: Frequency, _ values: [[Double]], _ next: String
  ) throws {
    #expect(failure(text)?.kind == .wideTable)
    let series = try series(text, SeriesRequest(wide: true))
    #expect(series.map(\.id) == ids && series.frequency == frequency)
    #expect(series.map { $0.targets[0] } == values)
    #expect(series.timeText(of: series[0].count, in: series[0]) == next)
  }

  @Test func hoursInTheHeaderAreRead() throws {
    let header = "date," + (1...24).map { "HE\($0)" }.joined(separator: ",")
    let text =
      "\(header)\n"
      + (1...2).map { day in
        "2020-01-0\(day)," + (1...24).map { "\(day * 100 + $0)" }.joined(separator: ",") + "\n"
      }.joined()
    #expect(failure(text)?.kind == .wideTable)
    let series = try series(text, SeriesRequest(wide: true))
    #expect(series.frequency == .hourly && series[0].count == 48 && series[0].targets[0][24] == 201)
    #expect(series.timeText(of: 0, in: series[0]) == "2020-01-01 00:00")
  }

  @Test func otherTablesAreNotWide() throws {
    let text = "date,x\n2020-01-01,1\n"
    #expect(failure(text, SeriesRequest(wide: true))?.kind == .badRoles)
    #expect(try series(text)[0].count == 1)
    let twice = "k,2018,2019,2020\na,1,2,3\na,4,5,6\n"
    let error = failure(twice, SeriesRequest(id: "k", wide: true))
    #expect(error?.kind == .duplicateTime && error?.line == 3)
    #expect(failure("k,2018,2019,2020\na,,,\n", SeriesRequest(wide: true))?.kind != nil)
  }
}

@Suite struct CalendarHabitTests {
  @Test(
    arguments: [
      (
        ["2010-01-29", "2010-02-26", "2010-03-31", "2010-04-30"], Frequency.monthly.on(.lastBusinessDay),
        "2010-05-31"
      ),
      (
        ["2019-10-31", "2019-11-29", "2019-12-31", "2020-01-31"], .monthly.on(.lastBusinessDay), "2020-02-28"
      ),
      (["2020-02-03", "2020-03-02", "2020-04-01"], .monthly.on(.firstBusinessDay), "2020-05-01"),
      (["2010-02-28", "2010-03-28", "2010-04-28"], .monthly.on(.day(28)), "2010-05-28"),
      (["2010-02-28", "2010-03-30", "2010-04-30"], .monthly.on(.day(30)), "2010-05-30"),
      (["2010-01-31", "2010-02-28", "2010-03-31"], .monthly, "2010-04-30"),
      (["2010-01-15", "2010-02-15", "2010-03-15"], .monthly, "2010-04-15"),
      (["2009-12-31", "2010-03-31", "2010-06-30", "2010-09-30"], .quarterly, "2010-12-31"),
      (
        [
          "2009-09-30", "2009-12-31", "2010-03-31", "2010-06-30", "2010-09-30", "2010-12-31", "2011-03-31",
          "2012-03-30",
        ],
        .quarterly.on(.lastBusinessDay), "2012-06-29"
      ),
      (["2015-12-31", "2016-12-30", "2017-12-29"], .yearly.on(.lastBusinessDay), "2018-12-31"),
    ] as [([String], Frequency, String)])
  func theDayOfTheMonthStays(_ times: [String], _ frequency: Frequency, _ next: String) throws {
    let text = "date,x\n" + times.map { "\($0),1\n" }.joined()
    let series = try series(text)
    #expect(series.frequency == frequency)
    #expect(series.timeText(of: series[0].count, in: series[0]) == next)
    #expect(Frequency(series.frequency.description) == series.frequency)
  }

  /// Rows of those steps of `frequency` that `isOpen` takes.
  private func table(_ start: String, _ frequency: Frequency, _ count: Int, _ isOpen: (Int, Int) -> Bool)
    -> String
  {
    var text = "time,x\n"
    for step in 0..<count {
      let time = frequency.advance(Timestamp(start)!, by: step)
      let minutes = Int(time.ticks / 60_000_000)
      // 1970-01-01 was a Thursday.
      let (weekday, hour) = ((minutes / 1440 + 3) % 7, minutes / 60 % 24)
      if isOpen(weekday, hour) { text += "\(TimeFormat.standard(for: frequency).text(time)),\(step)\n" }
    }
    return text
  }

  @Test func stepsThatNeverOccurAreSkipped() throws {
    let shop = try series(table("2020-01-01", .daily, 60) { day, _ in day != 6 })
    #expect(shop.frequency.description == "daily on Mon-Sat" && shop.season == 6 && shop.horizon == 12)
    #expect(shop.dataNotes.contains { $0.kind == .slots } && !shop.dataNotes.contains { $0.kind == .gaps })
    // 60 days end on Saturday the 29th of February; Sunday is skipped.
    #expect(shop.timeText(of: shop[0].count, in: shop[0]) == "2020-03-02")
    let course = try series(table("2020-01-01", .daily, 60) { day, _ in [0, 2, 4].contains(day) })
    #expect(course.frequency.description == "daily on Mon, Wed, Fri" && course.season == 3)
    let office = try series(
      table("2020-01-06 00:00", .hourly, 24 * 28) { day, hour in day < 5 && (8...17).contains(hour) })
    #expect(office.frequency.description == "hourly on Mon-Fri 08:00-17:00")
    #expect(office.season == 10 && office.timeText(of: office[0].count, in: office[0]) == "2020-02-03 08:00")
    let market = try series(
      table("2020-01-06 00:00", Frequency(.minute, every: 15), 96 * 28) { day, hour in
        day < 6 && (day == 5 ? 9...11 : 9...16).contains(hour)
      })
    #expect(market.frequency.description == "15 minutes on Mon-Fri 09:00-16:45, Sat 09:00-11:45")
    #expect(market.season == 172)
    let doses = try series(
      table("2020-01-06 00:00", .hourly, 24 * 28) { _, hour in [9, 12, 17].contains(hour) })
    #expect(doses.frequency.slots?.countOfDay == 3 && doses.season == 3)
    for one in [shop, course, office, market, doses] {
      #expect(Frequency(one.frequency.description) == one.frequency)
      #expect(one[0].targets[0].allSatisfy { !$0.isNaN })
      let data = try JSONEncoder().encode([one.frequency])
      #expect(try JSONDecoder().decode([Frequency].self, from: data) == [one.frequency])
      for step in [-100, -1, 0, 1, 7, 1000] {
        let time = one.frequency.advance(one[0].start, by: step)
        #expect(one.frequency.steps(from: one[0].start, to: time) == step)
      }
    }
    let sunday = failure("time,x\n2020-03-02,1\n2020-03-08,1\n", SeriesRequest(frequency: shop.frequency))
    #expect(sunday?.kind == .offGrid && sunday?.line == 3)
    // A frequency that was stated has all its steps.
    let text = table("2020-01-01", .daily, 60) { day, _ in day != 6 }
    #expect(try series(text, SeriesRequest(frequency: .daily)).season == 7)
  }

  @Test func gapsByChanceAreNoHabit() throws {
    let short = try series(table("2020-01-01", .daily, 16) { day, _ in day != 6 })
    #expect(short.frequency == .daily)
    var random = Numbers(state: 5)
    let sparse = try series(
      table("2020-01-01", .daily, 300) { _, _ in random.next() % 5 == 0 }, SeriesRequest(time: "time"))
    #expect(sparse.frequency.slots == nil)
    #expect(
      try series(table("2020-01-01", Frequency(.day, every: 2), 60) { _, _ in true }).frequency
        == Frequency(.day, every: 2))
    #expect(try series(table("2020-01-01", .daily, 60) { day, _ in day < 5 }).frequency == .businessDaily)
  }

  @Test func seriesOfOtherStepsAreNamed() throws {
    let text =
      "item,date,y\n" + rows("2020-01-01", .daily, 50) { "A,\($1),\($0)" }
      + rows("2020-01-01", .weekly, 20) { "B,\($1),\($0)" }
    let error = failure(text)
    #expect(error?.kind == .mixedFrequencies && error?.line == 52)
    #expect(error?.found == "series \"B\", which is weekly")
    #expect(try series(text, SeriesRequest(frequency: .daily)).count == 2)
    let months =
      "id,date,y\n" + rows("2020-01-01", .monthly, 20) { "m,\($1),1" }
      + rows("2020-01-01", Frequency(.month, every: 3), 8) { "q,\($1),1" }
    #expect(failure(months)?.found == "series \"q\", which is quarterly")
    // Items that are sold now and then have no steps of their own.
    var random = Numbers(state: 3)
    let rare =
      "item,date,y\n" + rows("2020-01-01", .daily, 90) { "A,\($1),\($0)" }
      + rows("2020-01-01", .daily, 90) { "B,\($1),\($0)" }.split(separator: "\n").filter { _ in
        random.next() % 4 == 0
      }.map { $0 + "\n" }.joined()
    #expect(try series(rare).frequency == .daily)
  }

  @Test func timesNearAGridAreMovedThere() throws {
    let seconds = [3, 2, 5, 0, 1, 4, 2, 3, 1, 0, 5, 2]
    let text =
      "time,x\n"
      + seconds.enumerated().map {
        "2020-01-01 0\($0 / 4):\(["00", "15", "30", "45"][$0 % 4]):0\($1),\($0)\n"
      }.joined()
    let jittered = try series(text)
    #expect(jittered.frequency == Frequency(.minute, every: 15) && jittered[0].count == 12)
    #expect(jittered.timeText(of: 0, in: jittered[0]) == "2020-01-01 00:00:00")
    #expect(jittered.notes.contains("times: moved to steps of 15 minutes, by at most 5 seconds"))
    let daily = try series(
      "time,x\n2020-01-01 08:03,1\n2020-01-02 07:55,2\n2020-01-03 08:01,3\n2020-01-05 08:00,4\n2020-01-04 08:10,5\n"
    )
    #expect(daily.frequency == .daily && daily[0].targets == [[1, 2, 3, 5, 4]])
    let days = try series(
      "datetime,x\n43831.00,1\n43831.04,2\n43831.08,3\n43831.13,4\n43831.17,5\n43831.21,6\n43831.25,7\n")
    #expect(days.frequency == .hourly && days[0].count == 7)
    // One time that is off among many is a slip.
    let slip =
      "time,x\n"
      + rows("2020-01-01 00:00", .hourly, 30) {
        "\($0 == 17 ? $1.replacingOccurrences(of: ":00", with: ":07") : $1),1"
      }
    #expect(failure(slip)?.kind == .offGrid && failure(slip)?.line == 19)
    // Two that would share a step are an error.
    #expect(
      failure(
        "time,x\n2020-01-01 00:01,1\n2020-01-01 01:02,1\n2020-01-01 01:04,2\n2020-01-01 02:03,1\n2020-01-01 03:01,1\n"
      ) != nil)
  }

  @Test func rowsOfOneTimeAreExplained() throws {
    var lines = rows("2021-10-30 20:00", .hourly, 12) { "\($1),\($0)" }.split(separator: "\n").map(
      String.init)
    lines.insert("2021-10-31 02:00,99", at: 7)
    let autumn = "time,load\n" + lines.joined(separator: "\n") + "\n"
    let error = failure(autumn)
    #expect(error?.kind == .duplicateTime && error?.line == 9)
    #expect(
      error?.hint?.parameter == .repeatedTimes && error?.hint?.effect.contains("clocks go back") == true)
    let policies: [(RepeatedTimes, Double)] = [(.first, 6), (.last, 99), (.mean, 52.5), (.sum, 105)]
    for (policy, value) in policies {
      let read = try series(autumn, SeriesRequest(repeatedTimes: policy))
      #expect(read[0].count == 12 && read[0].targets[0][6] == value)
      #expect(read.dataNotes.contains { $0.kind == .order && $0.text.contains("1 have the time") })
    }
    let twice = "t,id,x\n1,a,5\n2,a,6\n2,a,6\n1,b,5\n2,b,1\n3,b,1\n"
    let doubled = failure(twice, SeriesRequest(id: "id"))
    #expect(doubled?.line == 4 && doubled?.hint?.values == ["first"])
    #expect(failure("t,x\n1,5\n1,6\n")?.hint?.parameter == .id)
    let ids = failure("t,id,x\n1,a,5\n1,a,6\n", SeriesRequest(id: "id"))
    #expect(ids?.hint?.parameter == .repeatedTimes && ids?.hint?.values.count == 4)
  }
}
