/// The texts that the times of a table are read from: a column, several columns together, or the header.
struct TimeFields {
  let bytes: [UInt8]
  private let ranges: [Range<Int>]?
  /// A column of the table, when `ranges` is nil.
  private let table: CSVTable?
  private let column: Int
  let count: Int
  /// The file's name.
  let file: String
  /// The name of the column or the columns, for errors.
  let name: String
  private let lines: (Int) -> Int?

  /// One column of a table.
  init(_ table: CSVTable, column: Int) {
    (bytes, self.table, self.column) = (table.bytes, table, column)
    ranges = nil
    count = table.rowCount
    file = table.name
    name = table.columns[column]
    lines = { table.line(row: $0, column: column) }
  }

  /// Texts that were put together, with the lines that they came from.
  init(_ texts: [String], file: String, name: String, line: @escaping (Int) -> Int?) {
    var bytes: [UInt8] = []
    var ranges: [Range<Int>] = []
    ranges.reserveCapacity(texts.count)
    for text in texts {
      let start = bytes.count
      bytes.append(contentsOf: text.utf8)
      ranges.append(start..<bytes.count)
    }
    (self.bytes, self.ranges, self.file, self.name, lines) = (bytes, ranges, file, name, line)
    (table, column) = (nil, 0)
    count = texts.count
  }

  /// Where a time lies in `bytes`, without blanks around it.
  func range(_ row: Int) -> Range<Int> { ranges?[row] ?? table?.field(row: row, column: column) ?? 0..<0 }

  func text(_ row: Int) -> String {
    if let table { return table.text(row: row, column: column) }
    return String(decoding: bytes[range(row)], as: UTF8.self)
  }

  func line(_ row: Int) -> Int? { lines(row) }

  /// Advice about a row that is likely no data.
  func rowHint(_ row: Int) -> DataHint? { table?.rowHint(row) }

  func error(
    _ kind: DataError.Kind, _ row: Int, expected: String, hint: DataHint? = nil
  ) -> DataError {
    DataError(
      kind, file: file, line: line(row), column: name, expected: expected, found: quoted(text(row)),
      hint: hint)
  }
}

/// What a caller says about the way times are written.
struct TimeStyle {
  /// The order of day, month and year, where it was stated.
  var dates: DateOrder?
  /// How times were written before, or, when `isStated`, must be.
  var format: TimeFormat?
  var frequency: Frequency?
  /// Whether the table has marks of a country that writes the day first.
  var prefersDayFirst = false
  /// Whether the column's name speaks of a date.
  var isNamedDate = false
}

/// The order of day, month and year in dates that are written with numbers.
public enum DateOrder: String, Sendable, CaseIterable, Codable {
  /// Day, month, year: 31/01/2020.
  case dmy
  /// Month, day, year: 01/31/2020.
  case mdy
  /// Year, month, day: 20-01-31.
  case ymd

  var order: TimeFormat.Order {
    switch self {
    case .dmy: .dayFirst
    case .mdy: .monthFirst
    case .ymd: .yearFirst
    }
  }

  init(_ order: TimeFormat.Order) {
    self = order == .dayFirst ? .dmy : order == .monthFirst ? .mdy : .ymd
  }

  var words: String {
    switch self {
    case .dmy: "day, month, year"
    case .mdy: "month, day, year"
    case .ymd: "year, month, day"
    }
  }
}
