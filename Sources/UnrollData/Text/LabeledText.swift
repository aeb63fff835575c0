/// A text and what it is to be classified as.
package struct LabeledText: Sendable, Equatable {
  /// The text; it may be empty.
  package let text: String
  /// Its labels: none where a file without labels is read, several only in formats that allow it.
  package let labels: [String]
  /// The line of the file on which it starts.
  package let line: Int
  /// Whether it has no label and is to be passed over.
  fileprivate let isLeftOut: Bool

  package init(text: String, labels: [String], line: Int) {
    self.text = text
    self.labels = labels
    self.line = line
    isLeftOut = false
  }

  /// A row without a label.
  fileprivate init(leftOutOn line: Int) {
    (text, labels, self.line, isLeftOut) = ("", [], line, true)
  }
}

/// How a file holds texts and labels.
package enum LabeledTextFormat: Sendable, Equatable {
  /// CSV or TSV with a header, or a line of JSON for each text: the names of the columns. `separator` stands between
  /// several labels of a text; lists of JSON, and lists written as `['a', 'b']`, need none.
  case columns(text: String, label: String?, separator: String? = nil)
  /// Lines without a header: columns by their numbers, from 1. Quotes are ordinary characters between tabs, and
  /// enclose fields between commas or semicolons.
  case numbered(text: Int, label: Int?)
  /// Lines of fastText: words that start with `__label__` are labels, the rest is the text.
  case fastText
}

/// Reads texts with labels, one at a time.
///
/// An empty text is an example like others. A label that is empty is an error, unless rows without one are to be left
/// out. Blank lines are skipped, and so are white space and invisible characters at the ends of texts and labels.
package struct LabeledTextReader {
  private enum Input {
    case records(RecordReader, text: Int, label: Int?, separator: String?)
    case lines(LineReader, text: Int, label: Int?)
    case fastText(LineReader)
  }

  private var input: Input
  private var fieldCount: Int?
  /// Whether nothing was read so far.
  private var isEmpty = true
  private let leavesOutUnlabeled: Bool
  /// How many examples without a label were left out so far.
  package private(set) var leftOut = 0

  package init(
    path: String, format: LabeledTextFormat, leavesOutUnlabeled: Bool = false
  ) throws(DataError) {
    try self.init(try ByteSource(path: path), format: format, leavesOutUnlabeled: leavesOutUnlabeled)
  }

  /// - Parameter leavesOutUnlabeled: whether rows whose label is empty are passed over and counted.
  package init(
    _ source: ByteSource, format: LabeledTextFormat, leavesOutUnlabeled: Bool = false
  ) throws(DataError) {
    self.leavesOutUnlabeled = leavesOutUnlabeled
    switch format {
    case .columns(let text, let label, let separator):
      let reader = try RecordReader(source)
      let textColumn = try reader.column(text)
      var labelColumn: Int?
      if let label { labelColumn = try reader.column(label) }
      guard textColumn != labelColumn else {
        throw DataError(
          .badRoles, file: source.name, column: text, expected: "different columns for text and label",
          found: "the same for both")
      }
      input = .records(reader, text: textColumn, label: labelColumn, separator: separator)
    case .numbered(let text, let label):
      guard text > 0, label.map({ $0 > 0 && $0 != text }) ?? true else {
        throw DataError(
          .badRoles, file: source.name, expected: "two different columns, counted from 1",
          found: "text in column \(text), label in column \(label.map { "\($0)" } ?? "none")")
      }
      if let reader = try Self.separated(source) {
        for column in [text, label].compactMap({ $0 }) where column > reader.columns.count {
          throw DataError(
            .raggedRow, file: source.name, line: 1, expected: "at least \(counted(column, "field"))",
            found: counted(reader.columns.count, "field"))
        }
        input = .records(reader, text: text - 1, label: label.map { $0 - 1 }, separator: nil)
      } else {
        input = .lines(LineReader(source), text: text - 1, label: label.map { $0 - 1 })
      }
    case .fastText: input = .fastText(LineReader(source))
    }
  }

  /// Rows between commas or semicolons, when that is how a file without a header is written.
  private static func separated(_ source: ByteSource) throws(DataError) -> RecordReader? {
    let start = try source.peek()
    let line = start.prefix { $0 != Byte.lineFeed }
    guard !line.contains(Byte.tab), !TextFile.isWide(start) else { return nil }
    let delimiter = RecordScanner.sniffDelimiter(start, from: 0)
    guard delimiter == Byte.comma || delimiter == Byte.semicolon, line.contains(delimiter) else { return nil }
    return try RecordReader(source, hasHeader: false)
  }

  /// The next example, or nil at the end. A file without any is an error.
  package mutating func next() throws(DataError) -> LabeledText? {
    while true {
      let (example, name) = try read()
      if example == nil, isEmpty { throw Self.noExamples(name) }
      isEmpty = false
      guard let example, example.isLeftOut else { return example }
      leftOut += 1
    }
  }

  /// What was done with the file, for a person.
  package var notes: [DataNote] {
    leftOut == 0 ? [] : [DataNote(.leftOut, "left out: \(counted(leftOut, "row")) without a label")]
  }

  private mutating func read() throws(DataError) -> (LabeledText?, file: String) {
    switch input {
    case .records(var reader, let text, let label, let separator):
      let fields = try reader.next()
      input = .records(reader, text: text, label: label, separator: separator)
      guard let fields else { return (nil, reader.name) }
      var labels: [String] = []
      if let label {
        if leavesOutUnlabeled, Blanks.trimmed(fields[label]).isEmpty {
          return (LabeledText(leftOutOn: reader.line), reader.name)
        }
        labels = try Self.labels(
          fields[label], separator, in: reader.name, line: reader.line, column: reader.columns[label])
      }
      // The pieces of a list of JSON are words.
      let content = fields[text].split(separator: RecordReader.listSeparator).joined(separator: " ")
      return (LabeledText(text: Blanks.visible(content), labels: labels, line: reader.line), reader.name)
    case .lines(var reader, let text, let label):
      let line = try Self.nextFilled(&reader)
      input = .lines(reader, text: text, label: label)
      guard let line else { return (nil, reader.name) }
      return (try numbered(line, reader, text, label), reader.name)
    case .fastText(var reader):
      let line = try Self.nextFilled(&reader)
      input = .fastText(reader)
      guard let line else { return (nil, reader.name) }
      return (try Self.fastText(line, reader), reader.name)
    }
  }

  private mutating func numbered(
    _ line: [UInt8], _ reader: LineReader, _ text: Int, _ label: Int?
  ) throws(DataError) -> LabeledText {
    let fields = line.split(separator: Byte.tab, omittingEmptySubsequences: false)
    let wanted = fieldCount ?? max(text + 1, (label ?? 0) + 1)
    guard fieldCount == nil ? fields.count >= wanted : fields.count == wanted else {
      throw DataError(
        .raggedRow, file: reader.name, line: reader.line,
        expected: fieldCount == nil
          ? "at least \(counted(wanted, "tab separated field"))"
          : "\(counted(wanted, "tab separated field")), as on the lines before",
        found: counted(fields.count, "field"))
    }
    fieldCount = fields.count
    var labels: [String] = []
    if let label {
      if leavesOutUnlabeled, Blanks.trimmed(String(decoding: fields[label], as: UTF8.self)).isEmpty {
        return LabeledText(leftOutOn: reader.line)
      }
      labels = try Self.labels(
        String(decoding: fields[label], as: UTF8.self), nil, in: reader.name, line: reader.line,
        column: "\(label + 1)")
    }
    return LabeledText(
      text: Blanks.visible(String(decoding: fields[text], as: UTF8.self)), labels: labels, line: reader.line)
  }

  private static let prefix = "__label__"

  private static func fastText(_ line: [UInt8], _ reader: LineReader) throws(DataError) -> LabeledText {
    var labels: [String] = []
    var words: [Substring] = []
    for word in String(decoding: line, as: UTF8.self).split(whereSeparator: { $0 == " " || $0 == "\t" }) {
      guard word.hasPrefix(prefix) else {
        words.append(word)
        continue
      }
      let label = String(word.dropFirst(prefix.count))
      guard !label.isEmpty else { throw noLabel(reader.name, reader.line, nil) }
      if !labels.contains(label) { labels.append(label) }
    }
    return LabeledText(text: words.joined(separator: " "), labels: labels, line: reader.line)
  }

  private static func labels(
    _ field: String, _ separator: String?, in file: String, line: Int, column: String
  ) throws(DataError) -> [String] {
    var labels: [String] = []
    for part in parts(of: field, separator) {
      let label = Blanks.trimmed(part)
      guard !label.isEmpty else { throw noLabel(file, line, column) }
      if !labels.contains(label) { labels.append(label) }
    }
    // With a separator, an empty field is a text to which no label applies.
    return labels
  }

  /// The texts of several labels: a list of JSON, a list as Python writes it, or what stands between separators.
  private static func parts(of field: String, _ separator: String?) -> [String] {
    if field.contains(RecordReader.listSeparator) {
      return field.split(separator: RecordReader.listSeparator).map(String.init)
    }
    guard let first = separator?.first else { return [field] }
    let trimmed = Blanks.trimmed(field)
    guard trimmed.first == "[", trimmed.last == "]", trimmed.count >= 2 else {
      return field.split(separator: first).map(String.init)
    }
    return trimmed.dropFirst().dropLast().split { $0 == "," || $0 == first }.map { part in
      let text = Blanks.trimmed(String(part))
      let isQuoted = text.count >= 2 && (text.first == "'" || text.first == "\"") && text.last == text.first
      return isQuoted ? String(text.dropFirst().dropLast()) : text
    }
  }

  private static func nextFilled(_ reader: inout LineReader) throws(DataError) -> [UInt8]? {
    while let line = try reader.next() {
      if !line.allSatisfy({ $0 == Byte.space || $0 == Byte.tab }) { return line }
    }
    return nil
  }

  private static func noLabel(_ file: String, _ line: Int, _ column: String?) -> DataError {
    DataError(
      .badLabel, file: file, line: line, column: column, expected: "a label", found: "none",
      hint: DataHint(.leaveOutUnlabeled, to: "leave out rows without a label"))
  }

  private static func noExamples(_ file: String) -> DataError {
    DataError(
      .noRows, file: file, expected: "texts", found: "none", statement: "the file holds no texts")
  }
}
