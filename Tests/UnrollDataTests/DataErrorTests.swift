import Testing
import UnrollData

@Suite struct DataErrorTests {
  @Test func aWrongNumberIsNamedWithItsPlaceAndAWayOut() {
    let text = "date,store,sales\n" + (1...410).map { "\($0),a,\($0 * $0 % 7)\n" }.joined() + "411,a,n/a\n"
    let error = failure(text, SeriesRequest(time: "date", targets: ["sales"]))
    #expect(
      error?.description == """
        data.csv, line 412, column "sales": expected a number, found "n/a"
                use `missing: "n/a"` to read it as a missing value
        """)
    #expect(error?.kind == .notANumber)
    #expect(error?.line == 412)
    #expect(error?.column == "sales")
    #expect(error?.expected == "a number")
  }

  @Test func aWrongColumnSuggestsTheNearest() {
    let error = failure("date,store,sales\n2020-01-01,a,1\n", SeriesRequest(time: "dat"))
    #expect(
      error?.description
        == "no column \"dat\" in data.csv (columns: date, store, sales); did you mean \"date\"?")
    #expect(error?.kind == .noColumn)
    let far = failure("date,store,sales\n2020-01-01,a,1\n", SeriesRequest(time: "velocity"))
    #expect(far?.description == "no column \"velocity\" in data.csv (columns: date, store, sales)")
  }

  @Test func longListsOfColumnsAreCutShort() {
    let names = (1...100).map { "c\($0)" }
    let error = failure(names.joined(separator: ",") + "\n", SeriesRequest(targets: ["nothing"]))
    #expect(error?.kind == .noRows)
    let row = names.map { _ in "1" }.joined(separator: ",")
    let missing = failure(names.joined(separator: ",") + "\n\(row)\n", SeriesRequest(targets: ["nothing"]))
    #expect(missing?.description.contains("c12, and 88 more)") == true)
  }

  @Test func theFileIsNamedAsItWasGiven() throws {
    let path = "no/such/../file.csv"
    #expect {
      try TimeSeries(csv: path)
    } throws: { error in
      (error as? DataError)?.kind == .missingFile
        && (error as? DataError)?.description == "no/such/../file.csv: there is no such file"
    }
  }

  @Test(arguments: ["", "/dev/null/x.csv", "a\0b"]) func badPathsAreMissingFiles(_ path: String) {
    #expect { try TimeSeries(csv: path) } throws: { ($0 as? DataError)?.kind == .missingFile }
  }

  @Test func aFolderIsNotRead() {
    #expect {
      try TimeSeries(csv: "/")
    } throws: { error in
      (error as? DataError)?.description == "/: the file cannot be read: it is a folder"
    }
  }

  @Test func aFileIsReadWhole() throws {
    let rows = (1...200_000).map { "\($0),\($0 % 13)\n" }.joined()
    try withFile(Array("t,x\n\(rows)".utf8)) { path in
      let series = try TimeSeries(csv: path)
      #expect(series.source == path)
      #expect(series[0].targets[0].count == 200_000)
      #expect(series[0].targets[0].last == Double(200_000 % 13))
    }
  }

  @Test func textFromFilesCannotDriveATerminal() {
    let error = failure("date,x\n2020-01-01,\u{1B}[31mred\t\n2020-01-02,1\n2020-01-03,1\n")
    #expect(error?.found == "\"\\u{1b}[31mred\"")
    let long = failure(
      "date,x\n2020-01-01,\(String(repeating: "x", count: 500))\n2020-01-02,1\n2020-01-03,1\n")
    #expect(long?.found == "\"" + String(repeating: "x", count: 40) + "…\"")
    #expect(long?.hint == nil)
  }
}

@Suite struct NearestTests {
  @Test(arguments: [
    ("dat", "date"), ("DATE", "date"), ("tiem", "time"), ("slaes", "sales"), ("horizn", "horizon"),
    ("hid", "hidden"), ("stores", "store"),
  ]) func findsTheNameThatWasMeant(_ name: String, _ expected: String) {
    #expect(nearest(name, in: ["sales", "date", "store", "time", "horizon", "hidden"]) == expected)
  }

  @Test func suggestsNothingFarAway() {
    #expect(nearest("zebra", in: ["date", "sales"]) == nil)
    #expect(nearest("", in: ["date"]) == nil)
    #expect(nearest("x", in: []) == nil)
    #expect(nearest("q", in: ["a", "b"]) == nil)
    #expect(nearest(String(repeating: "date", count: 1000), in: ["date"]) == nil)
  }

  @Test(arguments: [
    ("", "abc", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("kitten", "sitting", 3), ("a", "b", 1),
    ("ca", "abc", 3),
  ]) func distancesAreThoseOfOptimalStringAlignment(_ a: String, _ b: String, _ distance: Int) {
    #expect(editDistance(Array(a), Array(b)) == distance)
    #expect(editDistance(Array(b), Array(a)) == distance)
  }
}
