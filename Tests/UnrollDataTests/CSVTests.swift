import Testing
import UnrollData

@Suite struct CSVTableTests {
  private func cells(_ table: CSVTable) -> [[String]] {
    (0..<table.rowCount).map { row in table.columns.indices.map { table.text(row: row, column: $0) } }
  }

  @Test(arguments: ["\n", "\r\n", "\r"], [",", ";", "\t", "|"])
  func linesAndDelimitersOfAllKinds(_ line: String, _ delimiter: String) throws {
    let rows = [["date", "name", "x"], ["2020-01-01", "a b", "1"], ["2020-01-02", "", "2"]]
    for ending in ["", line, line + line] {
      let text = rows.map { $0.joined(separator: delimiter) }.joined(separator: line) + ending
      for mark in ["", "\u{FEFF}"] {
        let table = try table(mark + text)
        #expect(table.columns == rows[0])
        #expect(cells(table) == Array(rows.dropFirst()))
        #expect(table.line(row: 1, column: 2) == 3)
      }
    }
  }

  @Test func quotedFieldsHoldAnything() throws {
    let table = try table(
      "\"na,me\",x\r\n\"a \"\"b\"\" c\",1\r\n\"two\nlines\r\nthree\",\"2\"\r\n\"\",\"\"\"\"\r\n 5\" pipe , \" \"\n"
    )
    #expect(table.columns == ["na,me", "x"])
    #expect(
      cells(table) == [
        ["a \"b\" c", "1"], ["two\nlines\r\nthree", "2"], ["", "\""], ["5\" pipe", "\" \""],
      ])
    #expect((0..<4).map { table.line(row: $0) } == [2, 3, 6, 7])
  }

  @Test func blankLinesAndCommentsAboveAreNoRows() throws {
    let table = try table("# from a station\n\n# second\n  \na,b\n\n1,2\n \t \n3,4\n,\n,\n")
    #expect(cells(table) == [["1", "2"], ["3", "4"]])
    #expect(table.line(row: 1) == 9)
  }

  @Test func blankLinesInOneColumnAreMissing() throws {
    #expect(cells(try table("x\n1\n\n3\n\n\n")) == [["1"], [""], ["3"]])
  }

  @Test func namelessColumnsAreNumbered() throws {
    let table = try table(",a,\n0,1,2\n")
    #expect(table.columns == ["column 1", "a", "column 3"])
    #expect(table.isUnnamed == [true, false, true])
  }

  @Test func semicolonsAllowDecimalCommas() throws {
    let series = try series("zeit;wert\n01.02.2020;1,5\n02.02.2020;2,25\n03.02.2020;-0,5\n")
    #expect(series[0].targets == [[1.5, 2.25, -0.5]])
    let quoted = try UnrollDataTests.series("t,x\n1,\"1,5\"\n2,3\n3,4\n")
    #expect(quoted[0].targets == [[1.5, 3, 4]])
    #expect(quoted.dataNotes.contains { $0.kind == .numbers && $0.hint?.parameter == .decimal })
  }

  @Test(
    arguments: [
      ("", DataError.Kind.emptyFile, nil), ("\n\n\r\n  \n", .emptyFile, nil), ("\u{FEFF}", .emptyFile, nil),
      ("a,b", .noRows, nil), ("a,b\n\n\n", .noRows, nil), ("a,b\n,\n,\n", .noRows, nil),
      ("a,b\n1,2\n3\n", .raggedRow, 3), ("a,b\n1,2,3\n", .raggedRow, 2),
      ("a,b\n\"x\ny\",1\n1\n", .raggedRow, 4),
      ("a,b\n\"", .badQuote, 2), ("a,b\n1,2\n3,\"4\n5,6\n", .badQuote, 3), ("a,b\n\"x\"y,2\n", .badQuote, 2),
      ("a,a\n1,2\n", .badHeader, 1), (",\n1,2\n", .badHeader, 1),
      ("2020-01-01,5\n2020-01-02,6\n", .badHeader, 1),
      ("a,b\n1,\0\n", .notText, 2), ("column 2,\n1,2\n", .badHeader, 1),
    ] as [(String, DataError.Kind, Int?)])
  func brokenTablesAreNamed(_ text: String, _ kind: DataError.Kind, _ line: Int?) {
    let error = failure(text)
    #expect(error?.kind == kind)
    #expect(error?.line == line)
  }

  @Test func raggedRowsCountFields() {
    #expect(
      failure("a,b,c\n1,2,3\n1,2,3,4,5\n")?.description
        == "data.csv, line 3: expected 3 fields, one for each name in the header, found 5 fields")
    // The header of a well-known file lacks a name.
    let text = "Date,Decimal Date,Average\n1958-03,1958.2027,315.71,314.44\n1958-04,1958.2877,317.45,315.16\n"
    #expect(
      failure(text)?.description == """
        data.csv, line 2: expected 3 fields, one for each name in the header, found 4 fields
                the header may lack a name, or the delimiter "," may be a wrong guess
        """)
  }

  @Test(
    arguments: [
      ([0x61, 0x0A, 0xE9, 0x0A], 2, 2), ([0x61, 0x0A, 0x31, 0x0A, 0xC3], 4, 3), ([0xC0, 0x80], 0, 1),
      ([0xED, 0xA0, 0x80], 0, 1), ([0xF4, 0x90, 0x80, 0x80], 0, 1), ([0xE2, 0x82], 0, 1), ([0xF8], 0, 1),
      ([0xE0, 0x80, 0x80], 0, 1), ([0xF0, 0x80, 0x80, 0x80], 0, 1), ([0x61, 0xE2, 0x82, 0x41], 1, 1),
    ] as [([UInt8], Int, Int)])
  func otherEncodingsAreRefusedWithTheirPlace(_ bytes: [UInt8], _ offset: Int, _ line: Int) {
    let error = failure(bytes)
    #expect(error?.kind == .notText)
    #expect(error?.found?.hasSuffix("at offset \(offset)") == true)
    #expect(error?.line == line)
  }

  @Test func wideEncodingsAreRecognised() {
    let text = "date,x\n2020-01-01,1\n"
    var little: [UInt8] = [0xFF, 0xFE]
    for unit in text.utf16 { little += [UInt8(unit & 0xFF), UInt8(unit >> 8)] }
    #expect(failure(little)?.hint?.description == "the file looks like UTF-16; save it as UTF-8")
    #expect(failure(Array(little.dropFirst(2)))?.kind == .notText)
  }

  @Test func allOfUnicodePasses() throws {
    let name = "µ€漢😀é\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}"
    #expect(try table("\(name),x\n1,2\n").columns[0] == name)
  }
}

@Suite struct CSVWriterTests {
  @Test func quotesOnlyWhereNeeded() {
    var writer = CSVWriter()
    writer.write(["a", "b,c", "d\"e", "f\ng", " h", "", "é"])
    writer.write([""])
    #expect(writer.text == "a,\"b,c\",\"d\"\"e\",\"f\ng\",\" h\",,é\n\"\"\n")
  }

  @Test func readsBackWhatWasWritten() throws {
    let rows = [
      ["name", "x;y"], ["a", "1"], ["b \"q\"", "2"], ["c\r\nd", "-3"], ["c\rd", "4"], ["", ";"],
      [",|\t", "\""], ["e", ""],
    ]
    for delimiter in [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t"), UInt8(ascii: "|")] {
      var writer = CSVWriter(delimiter: delimiter)
      for row in rows { writer.write(row) }
      let table = try CSVTable(bytes: writer.bytes, name: "written")
      #expect(table.columns == rows[0])
      for (index, row) in rows.dropFirst().enumerated() {
        #expect((0..<2).map { table.text(row: index, column: $0) } == row)
      }
    }
  }
}

@Suite struct DecimalTests {
  private func value(_ text: String, comma: Bool = false) -> Double? {
    let bytes = Array(text.utf8)
    return DecimalText.value(bytes, 0..<bytes.count, decimalComma: comma)
  }

  @Test func agreesWithTheStandardLibrary() {
    var random = Numbers(state: 7)
    for _ in 0..<20_000 {
      let number = Double(bitPattern: random.next())
      if number.isFinite {
        let text = "\(number)"
        #expect(value(text) == number, "\(text)")
      }
      let digits = String(random.next() % 1_000_000_000_000)
      let short = "\(digits).\(random.next() % 100_000)e\(Int(random.next() % 40) - 20)"
      #expect(value(short) == Double(short), "\(short)")
    }
  }

  @Test(arguments: [
    "0", "-0", "1", "+1", ".5", "5.", "-.5", "1e5", "1E-5", "1e+5", "9007199254740993", "0.1", "1e22", "1e23",
    "123456789012345678", "1234567890123456789012345678901234567890", "0.000000000000000000000000000001",
    "2.2250738585072011e-308", "4.9e-324", "1e-400", "00001.50", "17976931348623157e292",
  ]) func numbersAreRead(_ text: String) {
    #expect(value(text) == Double(text))
  }

  @Test(arguments: [
    "", "-", "+", ".", "e5", "1e", "1e+", "1.2.3", "1,5", "nan", "NaN", "inf", "-inf", "infinity", "0x10",
    "1e999",
    "1 2", "12%", "$3", "1_000", "--1", "1-", "١",
  ]) func otherTextIsNoNumber(_ text: String) {
    #expect(value(text) == nil)
  }

  @Test func commasCountOnlyWhereAllowed() {
    #expect(value("1,5", comma: true) == 1.5)
    #expect(value("1.5", comma: true) == 1.5)
    #expect(value("1.234,5", comma: true) == nil)
    #expect(value("12345678901234567890,5", comma: true) == 12345678901234567890.5)
  }

  @Test func aMegabyteOfDigitsIsRead() {
    #expect(value("0." + String(repeating: "0", count: 1_000_000) + "1") == 0)
    #expect(value(String(repeating: "9", count: 1_000_000)) == nil)
  }

  @Test func shortestTextReadsBack() {
    #expect(DecimalText.text(Float(100)) == "100")
    #expect(DecimalText.text(Float(0.1)) == "0.1")
    #expect(DecimalText.text(Float(-2.5)) == "-2.5")
    #expect(DecimalText.text(Double.nan) == "")
    var random = Numbers(state: 1)
    for _ in 0..<5000 {
      let number = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
      if number.isFinite { #expect(Float(DecimalText.text(number)) == number) }
    }
  }
}

/// A small source of numbers that are the same on every run.
struct Numbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
