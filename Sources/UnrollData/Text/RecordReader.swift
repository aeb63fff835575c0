/// The rows of delimited text with named columns, one after the other, in memory that does not grow with the file.
///
/// Also lines that each hold an object of JSON, see ``JSONLines``: the columns are the names that occur in the first
/// 256 kB.
///
/// Blank lines and the white space and invisible characters at the ends of fields that stand without quotes are passed
/// over. The form is that of ``CSVTable``, but for tab separated files: there a row is always a line, and a quote that
/// does not open and close a whole field is an ordinary character, as in most corpora that are written this way.
package struct RecordReader {
  private let source: ByteSource
  /// The names in the header. An empty name becomes `column N`, counted from 1.
  package private(set) var columns: [String] = []
  private var delimiter = Byte.comma
  private var buffer: [UInt8] = []
  private var position = 0
  private var base = 0
  private var isAtEnd = false
  private var nextLine = 1
  private var json: JSONLines?
  /// The first row of a file without a header.
  private var first: [String]?
  /// Which names occur several times; a column that is asked for must not be among them.
  private var repeated: [String: [Int]] = [:]
  /// Between the values of a list of JSON.
  package static let listSeparator = "\u{1F}"
  /// The line on which the row that was read last starts.
  package private(set) var line = 0

  package init(path: String) throws(DataError) { try self.init(try ByteSource(path: path)) }

  /// - Parameter hasHeader: whether the first row holds the columns' names; otherwise they are `1`, `2`, ….
  package init(_ source: ByteSource, hasHeader: Bool = true) throws(DataError) {
    self.source = source
    while buffer.count < 1 << 18, !isAtEnd { isAtEnd = !(try source.read(into: &buffer)) }
    if TextFile.isWide(buffer) {
      throw TextFile.notText(buffer[0], at: 0, line: 1, isWide: true, name: name)
    }
    if buffer.starts(with: TextFile.byteOrderMark) { position = 3 }
    try skipBlankLines()
    if JSONLines.isJSON(buffer[position...]) {
      try learnJSON()
      return
    }
    delimiter = RecordScanner.sniffDelimiter(buffer, from: position)
    guard let header = try record() else {
      throw DataError(
        .emptyFile, file: name, expected: "a line of column names and rows below it", found: "no text",
        statement: "the file is empty")
    }
    let names = header.map { Blanks.trimmed($0) }
    guard hasHeader else {
      first = header
      columns = header.indices.map { "\($0 + 1)" }
      return
    }
    (columns, repeated) = try CSVTable.names(names, name: name, line: line)
  }

  package var name: String { source.name }

  /// The fields of the next row, or nil at the end. Blank lines are skipped in tables of several columns.
  package mutating func next() throws(DataError) -> [String]? {
    if let row = first {
      first = nil
      return row
    }
    if let json { return try nextJSON(json) }
    while let fields = try record() {
      if fields.count == 1, columns.count > 1, Blanks.trimmed(fields[0]).isEmpty { continue }
      guard fields.count == columns.count else {
        throw DataError(
          .raggedRow, file: name, line: line,
          expected: "\(counted(columns.count, "field")), one for each name in the header",
          found: counted(fields.count, "field"))
      }
      return fields
    }
    return nil
  }

  /// The position of a column by its name.
  package func column(_ name: String) throws(DataError) -> Int {
    if let places = repeated[name], places.count > 1 {
      throw DataError(
        .badHeader, file: self.name, line: 1, column: name, expected: "one column with this name",
        found: "columns \(places.map { "\($0 + 1)" }.joined(separator: " and "))",
        hint: "name the column by its number")
    }
    if columns.firstIndex(of: name) == nil, let number = Int(name), columns.indices.contains(number - 1) {
      return number - 1
    }
    if let index = columns.firstIndex(of: name) { return index }
    throw .noColumn(name, in: self.name, columns: columns)
  }

  /// Learns the names of the members of the whole lines of the buffer.
  private mutating func learnJSON() throws(DataError) {
    var lines = JSONLines()
    var (start, number) = (position, nextLine)
    repeat {
      var end = buffer[start...].firstIndex(of: Byte.lineFeed)
      // A first line that is longer than the buffer is read to its end.
      while end == nil, start == position, !isAtEnd {
        isAtEnd = !(try source.read(into: &buffer))
        end = buffer[start...].firstIndex(of: Byte.lineFeed)
        guard buffer.count <= LineReader.longestLine else { break }
      }
      guard let stop = end ?? (isAtEnd ? buffer.count : nil) else { break }
      let line = Array(buffer[start..<stop])
      if line.contains(where: { $0 > Byte.space }) {
        if let offset = TextFile.firstNotText(in: line) {
          throw TextFile.notText(line[offset], at: start + offset, line: number, isWide: false, name: name)
        }
        try lines.learn(line, name: name, number: number)
      }
      (start, number) = (min(stop + 1, buffer.count), number + 1)
    } while start < buffer.count
    json = lines
    columns = lines.columns
    delimiter = Byte.tab
  }

  private mutating func nextJSON(_ json: JSONLines) throws(DataError) -> [String]? {
    while true {
      guard let end = buffer[position...].firstIndex(of: Byte.lineFeed) ?? (isAtEnd ? buffer.count : nil)
      else {
        try refill()
        continue
      }
      guard position < buffer.count else { return nil }
      let bytes = Array(buffer[position..<end])
      line = nextLine
      if let offset = TextFile.firstNotText(in: bytes) {
        throw TextFile.notText(
          bytes[offset], at: base + position + offset, line: line, isWide: false, name: name)
      }
      nextLine += 1
      position = min(end + 1, buffer.count)
      if bytes.contains(where: { $0 > Byte.space }) {
        return try json.fields(bytes, name: name, number: line)
      }
      if position == buffer.count, isAtEnd { return nil }
    }
  }

  /// Whether the lines are objects of JSON.
  package var isJSON: Bool { json != nil }

  private mutating func skipBlankLines() throws(DataError) {
    while position < buffer.count {
      guard let end = buffer[position...].firstIndex(of: Byte.lineFeed) else { return }
      let isBlank = buffer[position..<end].allSatisfy { $0 == Byte.space || $0 == Byte.carriageReturn }
      guard isBlank || buffer[position] == Byte.hash else { return }
      position = end + 1
      nextLine += 1
    }
  }

  private mutating func record() throws(DataError) -> [String]? {
    while true {
      var ends: [UInt32] = []
      let (outcome, end) = scan(&ends)
      // What touches the end of the buffer may go on behind it.
      let isWhole = isAtEnd || (end < buffer.count && outcome == .record)
      guard isWhole || isStray(outcome) else {
        try refill()
        continue
      }
      guard outcome != .end else { return nil }
      line = nextLine
      try check(outcome, upTo: end)
      var fields: [String] = []
      var start = position
      for fieldEnd in ends {
        fields.append(CSVTable.text(buffer, start, Int(fieldEnd)))
        start = Int(fieldEnd) + 1
      }
      nextLine += buffer[position..<end].count { $0 == Byte.lineFeed }
      position = end
      return fields
    }
  }

  private func isStray(_ outcome: RecordScanner.Outcome) -> Bool {
    if case .stray = outcome { true } else { false }
  }

  private func scan(_ ends: inout [UInt32]) -> (RecordScanner.Outcome, end: Int) {
    guard delimiter == Byte.tab else {
      var scanner = RecordScanner(bytes: buffer, delimiter: delimiter, position: position)
      return (scanner.next(&ends), scanner.position)
    }
    guard position < buffer.count else { return (.end, position) }
    let end = buffer[position...].firstIndex(of: Byte.lineFeed)
    var last = end ?? buffer.count
    if last > position, buffer[last - 1] == Byte.carriageReturn { last -= 1 }
    for place in position..<last where buffer[place] == Byte.tab { ends.append(UInt32(place)) }
    ends.append(UInt32(last))
    return (.record, end.map { $0 + 1 } ?? buffer.count)
  }

  /// Doubles what is looked at, so that a long record is not scanned again and again.
  private mutating func refill() throws(DataError) {
    buffer.removeFirst(position)
    base += position
    position = 0
    let wanted = max(1 << 18, buffer.count * 2)
    guard buffer.count <= LineReader.longestLine else {
      throw DataError(
        .tooLarge, file: name, line: nextLine, expected: "rows of less than 256 MB", found: "a longer one",
        hint: "a field that starts with a quote ends with one; write quotes inside it twice")
    }
    while buffer.count < wanted, !isAtEnd { isAtEnd = !(try source.read(into: &buffer)) }
  }

  private func check(_ outcome: RecordScanner.Outcome, upTo end: Int) throws(DataError) {
    let record = Array(buffer[position..<end])
    if let offset = TextFile.firstNotText(in: record) {
      let line = nextLine + record[..<offset].count { $0 == Byte.lineFeed }
      throw TextFile.notText(
        record[offset], at: base + position + offset, line: line, isWide: false, name: name)
    }
    switch outcome {
    case .record, .end: return
    case .unterminated(let offset):
      let line = nextLine + buffer[position..<offset].count { $0 == Byte.lineFeed }
      throw DataError(
        .badQuote, file: name, line: line, expected: "a closing quote", found: "the end of the file",
        hint: "a field that starts with a quote ends with one; write quotes inside it twice")
    case .stray(let offset):
      let line = nextLine + buffer[position..<offset].count { $0 == Byte.lineFeed }
      let rest = String(decoding: buffer[offset..<min(offset + 40, buffer.count)], as: UTF8.self)
      throw DataError(
        .badQuote, file: name, line: line,
        expected: "a delimiter or the line's end after the closing quote",
        found: quoted(rest.prefix { !$0.isNewline }.prefix(20)),
        hint: "write quotes inside a quoted field twice")
    }
  }
}

/// A number and a noun: `1 field`, `2 fields`.
func counted(_ count: Int, _ noun: String) -> String { count == 1 ? "1 \(noun)" : "\(count) \(noun)s" }
