/// A table of text with named columns, held as the file's bytes and the offsets of its fields.
///
/// Memory: the file, four bytes for each field and four for each row.
package struct CSVTable: Sendable {
  /// The file's name, as it was given.
  package let name: String
  /// What stands between fields: `,`, `;`, tab or `|`.
  package let delimiter: UInt8
  /// The names in the header. An empty name becomes `column N`, counted from 1.
  package let columns: [String]
  /// Which columns have no name of their own in the file.
  package let isUnnamed: [Bool]
  package let bytes: [UInt8]
  private let headerOffset: Int
  private let skippedLines: [ClosedRange<Int>]
  private var rowStarts: [UInt32] = []
  private var fieldEnds: [UInt32] = []

  /// Reads a file of delimited text whose first line holds the columns' names.
  ///
  /// - Parameter skippedLines: lines, from 1, that are left out: a preamble before the header, a line of units.
  package init(path: String, skippingLines skippedLines: [ClosedRange<Int>] = []) throws(DataError) {
    try self.init(bytes: try TextFile.bytes(at: path), name: path, skippingLines: skippedLines)
  }

  /// Reads delimited text whose first line holds the columns' names; `name` is used in errors.
  package init(
    bytes: [UInt8], name: String, skippingLines skippedLines: [ClosedRange<Int>] = []
  ) throws(DataError) {
    self.bytes = bytes
    self.name = name
    self.skippedLines = skippedLines
    guard bytes.count <= TextFile.maximumSize else {
      throw DataError(.tooLarge, file: name, expected: "less than 4 GB of text", found: "more")
    }
    try TextFile.check(bytes, name: name)
    let start = Self.headerStart(bytes, skippedLines)
    headerOffset = start
    guard start < bytes.count else {
      throw DataError(
        .emptyFile, file: name, expected: "a line of column names and rows below it", found: "no text",
        statement: "the file is empty")
    }
    delimiter = RecordScanner.sniffDelimiter(bytes, from: start)
    var scanner = RecordScanner(bytes: bytes, delimiter: delimiter, position: start)
    var ends: [UInt32] = []
    try Self.check(scanner.next(&ends), bytes, name)
    var fields: [String] = []
    var from = start
    for end in ends {
      let field = Array(Self.text(bytes, from, Int(end)).utf8)
      fields.append(String(decoding: field[Self.trimmed(field, field.indices)], as: UTF8.self))
      from = Int(end) + 1
    }
    (columns, isUnnamed) = try Self.header(
      fields, name: name, line: TextFile.lineNumber(of: start, in: bytes))
    try readRows(&scanner)
  }

  private mutating func readRows(_ scanner: inout RecordScanner) throws(DataError) {
    let width = columns.count
    var lines = LineCounter(bytes: bytes)
    while true {
      let start = scanner.position
      let fieldsBefore = fieldEnds.count
      let outcome = scanner.next(&fieldEnds)
      if outcome == .end { break }
      try Self.check(outcome, bytes, name)
      let count = fieldEnds.count - fieldsBefore
      if !skippedLines.isEmpty, skippedLines.contains(where: { $0.contains(lines.line(of: start)) }) {
        fieldEnds.removeLast(count)
        continue
      }
      // In a table of one column, a blank line is a missing value.
      if width > 1, count == 1, isBlank(start, Int(fieldEnds[fieldsBefore])) {
        fieldEnds.removeLast()
        continue
      }
      guard count == width else { throw ragged(start, count) }
      rowStarts.append(UInt32(truncatingIfNeeded: start))
    }
    // Spreadsheets leave rows of bare delimiters at the end of what they save.
    while let last = rowStarts.indices.last, (0..<width).allSatisfy({ isEmpty(row: last, column: $0) }) {
      rowStarts.removeLast()
      fieldEnds.removeLast(width)
    }
    guard !rowStarts.isEmpty else {
      throw DataError(
        .noRows, file: name, expected: "rows below the header", found: "none",
        statement: "the file has a header and no rows")
    }
  }

  private func ragged(_ start: Int, _ count: Int) -> DataError {
    let words = { (n: Int) in n == 1 ? "1 field" : "\(n) fields" }
    return DataError(
      .raggedRow, file: name, line: TextFile.lineNumber(of: start, in: bytes),
      expected: "\(words(columns.count)), one for each name in the header", found: words(count),
      hint: preambleHint
        ?? (rowStarts.isEmpty
          ? "the header may lack a name, or the delimiter \(Self.describe(delimiter)) may be a wrong guess"
          : nil))
  }

  /// The number of rows below the header.
  package var rowCount: Int { rowStarts.count }

  /// Where a field's number or time lies in `bytes`: without its quotes and without blanks.
  package func field(row: Int, column: Int) -> Range<Int> {
    Self.trimmed(bytes, content(row: row, column: column))
  }

  /// Where a field's text lies in `bytes`: between its quotes, where doubled quotes are still doubled, or
  /// without the blanks around it.
  func content(row: Int, column: Int) -> Range<Int> {
    Self.inner(bytes, start(row, column), end(row, column))
  }

  /// A field's text: as it stands between its quotes, or without the blanks around it.
  package func text(row: Int, column: Int) -> String {
    Self.text(bytes, start(row, column), end(row, column))
  }

  /// Whether a field holds nothing.
  package func isEmpty(row: Int, column: Int) -> Bool { field(row: row, column: column).isEmpty }

  /// The line of the file, from 1, on which a field starts.
  package func line(row: Int, column: Int = 0) -> Int {
    TextFile.lineNumber(of: start(row, column), in: bytes)
  }

  /// The position of a column by its name.
  package func column(_ name: String) throws(DataError) -> Int {
    if let index = columns.firstIndex(of: name) {
      guard let other = columns[(index + 1)...].firstIndex(of: name) else { return index }
      throw DataError(
        .badHeader, file: self.name, line: TextFile.lineNumber(of: headerOffset, in: bytes), column: name,
        expected: "different names for all columns that are used",
        found: "the same name for columns \(index + 1) and \(other + 1)")
    }
    throw .noColumn(name, in: self.name, columns: columns)
  }

  private func start(_ row: Int, _ column: Int) -> Int {
    column == 0 ? Int(rowStarts[row]) : Int(fieldEnds[row * columns.count + column - 1]) + 1
  }

  private func end(_ row: Int, _ column: Int) -> Int { Int(fieldEnds[row * columns.count + column]) }

  private func isBlank(_ start: Int, _ end: Int) -> Bool {
    (start..<end).allSatisfy { bytes[$0] == Byte.space || bytes[$0] == Byte.tab }
  }
}

// MARK: - Pieces of the format

extension CSVTable {
  /// Where the header starts: behind a byte-order mark, blank lines and comment lines that start with `#`.
  private static func headerStart(_ bytes: [UInt8], _ skipped: [ClosedRange<Int>]) -> Int {
    var position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    var lines = LineCounter(bytes: bytes)
    while position < bytes.count {
      var end = position
      var isBlank = true
      while end < bytes.count, bytes[end] != Byte.lineFeed, bytes[end] != Byte.carriageReturn {
        if bytes[end] != Byte.space && bytes[end] != Byte.tab { isBlank = false }
        end += 1
      }
      let isSkipped = !skipped.isEmpty && skipped.contains { $0.contains(lines.line(of: position)) }
      guard isBlank || isSkipped || bytes[position] == Byte.hash else { return position }
      position = min(end + 1, bytes.count)
    }
    return position
  }

  /// Names the columns and refuses lines that hold values.
  static func header(
    _ fields: [String], name: String, line: Int
  ) throws(DataError) -> (columns: [String], isUnnamed: [Bool]) {
    let isUnnamed = fields.map { $0.isEmpty }
    guard isUnnamed.contains(false) else {
      throw DataError(
        .badHeader, file: name, line: line, expected: "column names", found: "a line without any")
    }
    let holdsValues = fields.allSatisfy { field in
      let bytes = Array(field.utf8)
      return field.isEmpty || NumberText(bytes, 0..<bytes.count) != nil
        || TimeText.parse(bytes, 0..<bytes.count, order: .monthFirst) != nil
        || TimeText.parse(bytes, 0..<bytes.count, order: .dayFirst) != nil
    }
    if holdsValues {
      throw DataError(
        .badHeader, file: name, line: line, expected: "column names",
        found: fields.prefix(4).map { quoted($0) }.joined(separator: ", "),
        hint: "write the columns' names on the first line, such as date,value")
    }
    return (fields.enumerated().map { $1.isEmpty ? "column \($0 + 1)" : $1 }, isUnnamed)
  }

  /// The names of the columns, and those that several have, with their positions.
  static func names(
    _ fields: [String], name: String, line: Int
  ) throws(DataError) -> (columns: [String], repeated: [String: [Int]]) {
    let columns = try header(fields, name: name, line: line).columns
    let places = Dictionary(grouping: columns.indices, by: { columns[$0] })
    return (columns, places.filter { $0.value.count > 1 })
  }

  static func check(
    _ outcome: RecordScanner.Outcome, _ bytes: [UInt8], _ name: String
  ) throws(DataError) {
    switch outcome {
    case .record, .end: return
    case .unterminated(let offset):
      throw DataError(
        .badQuote, file: name, line: TextFile.lineNumber(of: offset, in: bytes),
        expected: "a closing quote", found: "the end of the file",
        hint: "a field that starts with a quote ends with one; write quotes inside it twice")
    case .stray(let offset):
      let rest = String(decoding: bytes[offset..<min(offset + 40, bytes.count)], as: UTF8.self)
      throw DataError(
        .badQuote, file: name, line: TextFile.lineNumber(of: offset, in: bytes),
        expected: "a delimiter or the line's end after the closing quote",
        found: quoted(rest.prefix { !$0.isNewline }.prefix(20)),
        hint: "write quotes inside a quoted field twice")
    }
  }

  /// The bounds of a field's text: between its quotes, or without the blanks around it.
  private static func inner(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Range<Int> {
    // Blanks may stand behind a closing quote.
    let range = trimmed(bytes, start..<max(start, end))
    let isQuoted =
      start < end && bytes[start] == Byte.quote && range.count >= 2
      && bytes[range.upperBound - 1] == Byte.quote
    return isQuoted ? (start + 1)..<(range.upperBound - 1) : range
  }

  private static func trimmed(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int> {
    Blanks.trimmed(bytes, range)
  }

  static func text(_ bytes: [UInt8], _ start: Int, _ end: Int) -> String {
    let range = inner(bytes, start, end)
    guard start < end, bytes[start] == Byte.quote, bytes[range].contains(Byte.quote) else {
      return String(decoding: bytes[range], as: UTF8.self)
    }
    var unescaped: [UInt8] = []
    var position = range.lowerBound
    while position < range.upperBound {
      let byte = bytes[position]
      unescaped.append(byte)
      let isDoubled =
        byte == Byte.quote && position + 1 < range.upperBound && bytes[position + 1] == Byte.quote
      position += isDoubled ? 2 : 1
    }
    return String(decoding: unescaped, as: UTF8.self)
  }

  static func describe(_ delimiter: UInt8) -> String {
    delimiter == Byte.tab ? "tab" : "\"\(Character(Unicode.Scalar(delimiter)))\""
  }
}
