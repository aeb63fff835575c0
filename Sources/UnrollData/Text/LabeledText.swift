/// A text and what it is to be classified as.
package struct LabeledText: Sendable, Equatable {
  /// The text; it may be empty.
  package let text: String
  /// Its labels: none where a file without labels is read, several only in formats that allow it.
  package let labels: [String]
  /// The line of the file on which it starts.
  package let line: Int

  package init(text: String, labels: [String], line: Int) {
    self.text = text
    self.labels = labels
    self.line = line
  }
}

/// How a file holds texts and labels.
package enum LabeledTextFormat: Sendable, Equatable {
  /// CSV or TSV with a header: the names of the columns. `separator` stands between several labels of a text.
  case columns(text: String, label: String?, separator: String? = nil)
  /// Tab separated lines without a header: columns by their numbers, from 1. Quotes are ordinary characters.
  case numbered(text: Int, label: Int?)
  /// Lines of fastText: words that start with `__label__` are labels, the rest is the text.
  case fastText
}

/// Reads texts with labels, one at a time.
///
/// An empty text is an example like others. A label that is empty is an error. Blank lines are skipped.
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

  package init(path: String, format: LabeledTextFormat) throws(DataError) {
    try self.init(try ByteSource(path: path), format: format)
  }

  package init(_ source: ByteSource, format: LabeledTextFormat) throws(DataError) {
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
      input = .lines(LineReader(source), text: text - 1, label: label.map { $0 - 1 })
    case .fastText: input = .fastText(LineReader(source))
    }
  }

  /// The next example, or nil at the end. A file without any is an error.
  package mutating func next() throws(DataError) -> LabeledText? {
    let (example, name) = try read()
    if example == nil, isEmpty { throw Self.noExamples(name) }
    isEmpty = false
    return example
  }

  private mutating func read() throws(DataError) -> (LabeledText?, file: String) {
    switch input {
    case .records(var reader, let text, let label, let separator):
      let fields = try reader.next()
      input = .records(reader, text: text, label: label, separator: separator)
      guard let fields else { return (nil, reader.name) }
      var labels: [String] = []
      if let label {
        labels = try Self.labels(
          fields[label], separator, in: reader.name, line: reader.line, column: reader.columns[label])
      }
      return (LabeledText(text: fields[text], labels: labels, line: reader.line), reader.name)
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
      labels = try Self.labels(
        String(decoding: fields[label], as: UTF8.self), nil, in: reader.name, line: reader.line,
        column: "\(label + 1)")
    }
    return LabeledText(
      text: String(decoding: fields[text], as: UTF8.self), labels: labels, line: reader.line)
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
    var parts = [field[...]]
    if let separator, let first = separator.first { parts = field.split(separator: first) }
    var labels: [String] = []
    for part in parts {
      let label = String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
      guard !label.isEmpty else { throw noLabel(file, line, column) }
      if !labels.contains(label) { labels.append(label) }
    }
    // With a separator, an empty field is a text to which no label applies.
    return labels
  }

  private static func nextFilled(_ reader: inout LineReader) throws(DataError) -> [UInt8]? {
    while let line = try reader.next() {
      if !line.allSatisfy({ $0 == Byte.space || $0 == Byte.tab }) { return line }
    }
    return nil
  }

  private static func noLabel(_ file: String, _ line: Int, _ column: String?) -> DataError {
    DataError(.badLabel, file: file, line: line, column: column, expected: "a label", found: "none")
  }

  private static func noExamples(_ file: String) -> DataError {
    DataError(
      .noRows, file: file, expected: "texts", found: "none", statement: "the file holds no texts")
  }
}
