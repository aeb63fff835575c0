import Testing
import UnrollData

/// Ways of writing numbers, as people's tables have them.
@Suite struct NumberCaseTests {
  /// The fields of a column and the numbers they are.
  struct Case: CustomTestStringConvertible, Sendable {
    let fields: [String]
    let values: [Double]
    var delimiter = ","
    var others: [String] = []
    var request = SeriesRequest()
    /// Words of a note that must be told.
    var told: String?
    var testDescription: String {
      fields.joined(separator: " | ") + (others.isEmpty ? "" : " beside \(others[0])")
    }

    init(
      _ fields: [String], _ values: [Double], told: String? = nil, delimiter: String = ",",
      beside others: [String] = [],
      _ request: SeriesRequest = SeriesRequest()
    ) {
      (self.fields, self.values, self.told, self.delimiter) = (fields, values, told, delimiter)
      (self.others, self.request) = (others, request)
    }

    var text: String {
      let header = ["day", "x"] + (others.isEmpty ? [] : ["y"])
      let rows = fields.indices.map { row in
        (["\(row + 1)", fields[row]] + (others.isEmpty ? [] : [others[row % others.count]])).map {
          "\"\($0)\""
        }
      }
      return ([header] + rows).map { $0.joined(separator: delimiter) }.joined(separator: "\n") + "\n"
    }
  }

  static let cases: [Case] = [
    // Thousands and decimals.
    Case(["1.234,56", "7,5", "1.000"], [1234.56, 7.5, 1000], told: "1.000 is 1000"),
    Case(["1,234.56", "7.5", "1,000"], [1234.56, 7.5, 1000], told: "1,000 is 1000"),
    Case(["992,324", "1,172,709"], [992324, 1_172_709], told: "decimal point"),
    Case(["1.172.709", "992.324"], [1_172_709, 992324], told: "decimal comma"),
    Case(["891", "1.130", "999"], [891, 1130, 999], told: "1.130 is 1130"),
    Case(["891", "1.108", "999"], [891, 1108, 999], told: "decimal comma", delimiter: ";"),
    Case(["891", "1.108"], [891, 1108], told: "decimal comma", beside: ["99,23", "9,5"]),
    Case(["891", "1,108"], [891, 1108], told: "decimal point", beside: ["99.23", "9.5"]),
    Case(["1.108", "2.234"], [1.108, 2.234], beside: ["99.23", "9.5"]),
    Case(["1.108", "2.234"], [1.108, 2.234]),
    Case(["3.234", "240.157"], [3.234, 240.157], told: "3.234 is 3.234", delimiter: ";"),
    Case(["3,234", "240,157"], [3.234, 240.157], told: "decimal comma", delimiter: ";"),
    Case(["1.108", "2345"], [1.108, 2345], told: "decimal point"),
    Case(["0.125", "891"], [0.125, 891]),
    Case(["891", "1.135"], [891, 1135], SeriesRequest(decimal: .comma)),
    Case(["891", "1.135"], [891, 1.135], SeriesRequest(decimal: .point)),
    Case(["1 234,5", "12 345 678"], [1234.5, 12_345_678], delimiter: ";"),
    Case(["1\u{A0}234", "999"], [1234, 999]),
    Case(["1\u{202F}234,5", "7"], [1234.5, 7]),
    Case(["1'234.50", "12’345"], [1234.5, 12345]),
    Case(["12,34,567.5", "1,00,000"], [1234567.5, 100000]),
    Case(["+5", "-0,5"], [5, -0.5]),
    // Signs.
    Case(["−20.77", "–2.5", "3"], [-20.77, -2.5, 3]),
    Case(["(1,234)", "(5)", "7,000,000"], [-1234, -5, 7_000_000]),
    Case(["123-", "1.234,50-"], [-123, -1234.5]),
    Case(["($5.25)", "-$3", "$-2", "$1"], [-5.25, -3, -2, 1], told: "$"),
    // Currencies, percents, scales.
    Case(["$9,923.24", "$5"], [9923.24, 5], told: "left out"),
    Case(["5 €", "1.234,50 €"], [5, 1234.5], told: "€"),
    Case(["€5", "€6.5"], [5, 6.5]),
    Case(["EUR 5", "eur 6"], [5, 6], told: "EUR"),
    Case(["CHF 1'234.50", "CHF 5"], [1234.5, 5]),
    Case(["R$ 5,50", "R$ 1.234,00"], [5.5, 1234]),
    Case(["12.5%", "7 %", "-3%"], [12.5, 7, -3], told: "percent"),
    Case(["12K", "3.4M", "1.25B", "7"], [12000, 3.4e6, 1.25e9, 7], told: "thousands, millions"),
    Case(["$1.5M", "$200K"], [1.5e6, 2e5]),
    Case(["3,4 Mio.", "1,2 Mrd"], [3.4e6, 1.2e9], delimiter: ";"),
    // As programs write them.
    Case(["1e3", "1E-2", "5"], [1000, 0.01, 5]),
    Case(["1,5E+03", "2,25"], [1500, 2.25], delimiter: ";"),
    Case([".5", "5.", "1."], [0.5, 5, 1]),
    Case(["9007199254740993", "0.1"], [9_007_199_254_740_992, 0.1]),
    Case(["1000000000099.23", "1000000000000"], [1000000000099.23, 1e12]),
    Case([" 5 ", "\u{FEFF}6", "7\u{200B}"], [5, 6, 7]),
  ]

  @Test(arguments: cases) func numbersAreRead(_ one: Case) throws {
    var request = one.request
    request.time = "day"
    request.targets = ["x"]
    let series = try series(one.text, request)
    #expect(series[0].targets[0] == one.values)
    let notes = series.dataNotes.filter { $0.kind == .numbers }.map(\.text).joined(separator: "; ")
    if let told = one.told {
      #expect(notes.contains(told), "\(notes)")
    } else if one.request.decimal != nil {
      #expect(notes.isEmpty)
    }
    // The column is found to be one of numbers.
    request.targets = []
    #expect(try UnrollDataTests.series(one.text, request).targetNames.contains("x"))
  }

  @Test(
    arguments: [
      (["891", "1.135"], DataError.Kind.ambiguous, 3, DataHint.Parameter.decimal),
      (["12", "1,234", "27"], .ambiguous, 3, .decimal),
      (["1.234", "2,345"], .ambiguous, 2, .decimal),
      (["1.5", "2,5"], .ambiguous, 3, nil), (["1.234,5", "1,234.5"], .ambiguous, 3, nil),
      (["5%", "0.05"], .notANumber, 3, nil), (["$5", "€5"], .notANumber, 3, nil),
      (["5", "1.23.4"], .notANumber, 3, nil), (["5", "1,23,4.5"], .notANumber, 3, nil),
      (["5", "5 m"], .notANumber, 3, nil), (["5", "300 K"], .notANumber, 3, nil),
      (["5", "5 kg"], .notANumber, 3, nil), (["5", "--5"], .notANumber, 3, nil),
      (["5", "(5"], .notANumber, 3, nil),
      (["5", "1 2"], .notANumber, 3, nil), (["5", "$"], .notANumber, 3, nil),
      (["5", "0x10"], .notANumber, 3, nil),
      (["5", "?"], .notANumber, 3, .missing), (["5", "-"], .notANumber, 3, .missing),
      (["5", "#DIV/0!"], .notANumber, 3, .missing), (["5", "Not Available"], .notANumber, 3, .missing),
      (["5", "n/a"], .notANumber, 3, .missing), (["5", ".."], .notANumber, 3, .missing),
      (["5", "\\N"], .notANumber, 3, .missing), (["5", "#VALUE!"], .notANumber, 3, .missing),
      // To read these as missing would erase data.
      (["5", "FALSE"], .notANumber, 3, nil), (["5", "Sunday"], .notANumber, 3, nil),
      (["5", "closed"], .notANumber, 3, nil),
    ] as [([String], DataError.Kind, Int, DataHint.Parameter?)])
  func refusals(_ fields: [String], _ kind: DataError.Kind, _ line: Int, _ hint: DataHint.Parameter?) {
    let error = failure(Case(fields, []).text, SeriesRequest(time: "day", targets: ["x"]))
    #expect(error?.kind == kind && error?.line == line, "\(String(describing: error))")
    #expect(error?.hint?.parameter == hint, "\(String(describing: error))")
    #expect(error?.description.contains(fields[line - 2]) == true)
  }

  @Test func allMarksOfAColumnAreOfferedAtOnce() throws {
    let text = "t,x\n1,5\n2,?\n3,-\n4,?\n5,n/a\n6,7\n"
    let error = failure(text, SeriesRequest(targets: ["x"]))
    #expect(error?.hint?.values == ["?", "-", "n/a"])
    #expect(error?.hint?.description == "use `missing: \"?\", \"-\", \"n/a\"` to read them as missing values")
    let request = SeriesRequest(
      targets: ["x"], missing: TimeSeries.defaultMissing + (error?.hint?.values ?? []))
    #expect(same(try series(text, request)[0].targets[0], [5, .nan, .nan, .nan, .nan, 7]))
  }

  @Test func aTableWithoutNumbersShowsItsFirstField() {
    let error = failure("date,x\n2020-01-01,5 apples\n2020-01-02,6 pears\n")
    #expect(error?.kind == .badRoles)
    #expect(error?.hint?.description == "column \"x\" starts with \"5 apples\" on line 2")
  }

  @Test func linesThatAreNoDataAreNamed() throws {
    let units = "date,temp\nday,°C\n2020-01-01,5\n2020-01-02,6\n2020-01-03,6\n"
    let error = failure(units)
    #expect(error?.line == 2 && error?.hint?.parameter == .skipLines && error?.hint?.values == ["2"])
    let read = try TimeSeries(
      CSVTable(bytes: Array(units.utf8), name: "data.csv", skippingLines: [2...2]), SeriesRequest())
    #expect(read[0].targets == [[5, 6, 6]])

    let total = "date,x\n2020-01-01,5\n2020-01-02,6\n2020-01-03,6\nTotal,17\n"
    #expect(failure(total)?.line == 5 && failure(total)?.hint?.values == ["5"])
    let two = "Price,Close\nTicker,AAPL\nDate,\n2020-01-01,5\n2020-01-02,6\n2020-01-03,6\n2020-01-04,6\n"
    #expect(failure(two)?.hint?.values == ["2-3"])

    let preamble =
      "Source,World Bank\n\nUpdated,2021-01-01\n\ndate,country,x\n"
      + (1...6).map { "2020-01-0\($0),a,\($0)\n" }.joined()
    let refused = failure(preamble)
    #expect(refused?.kind == .raggedRow && refused?.hint?.values == ["1-4"])
    let table = try CSVTable(bytes: Array(preamble.utf8), name: "data.csv", skippingLines: [1...4])
    #expect(try TimeSeries(table, SeriesRequest())[0].targets == [[1, 2, 3, 4, 5, 6]])
  }
}
