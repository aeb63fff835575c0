/// A text and its counterpart.
package struct TextPair: Sendable, Equatable {
  package let source: String
  package let target: String
  /// The line on which both stand.
  package let line: Int

  package init(source: String, target: String, line: Int) {
    self.source = source
    self.target = target
    self.line = line
  }

  /// Whether a side has no text: nothing can be learned from the pair.
  package var isIncomplete: Bool {
    let isBlank = { (text: String) in text.utf8.allSatisfy { $0 == Byte.space || $0 == Byte.tab } }
    return isBlank(source) || isBlank(target)
  }
}

/// Reads pairs of texts, one at a time: two files with a line each, or one tab separated file.
///
/// An empty line of an aligned file is an empty text, and its pair is given like the others (see
/// ``TextPair/isIncomplete``), so that the pairs' numbers stay those of the lines. In a tab separated file a line
/// without any text is skipped.
package struct PairReader {
  private enum Input {
    case aligned(LineReader, LineReader)
    case separated(LineReader, source: Int, target: Int)
    case records(RecordReader, source: Int, target: Int)
  }

  private var input: Input
  private var isEmpty = true

  /// Two files whose lines belong together.
  package init(source: String, target: String) throws(DataError) {
    self.init(source: try ByteSource(path: source), target: try ByteSource(path: target))
  }

  package init(source: ByteSource, target: ByteSource) {
    input = .aligned(LineReader(source), LineReader(target))
  }

  /// A tab separated file without a header: the numbers of the columns, from 1.
  package init(separated path: String, source: Int = 1, target: Int = 2) throws(DataError) {
    try self.init(separated: try ByteSource(path: path), source: source, target: target)
  }

  package init(separated file: ByteSource, source: Int = 1, target: Int = 2) throws(DataError) {
    guard source > 0, target > 0, source != target else {
      throw DataError(
        .badRoles, file: file.name, expected: "two different columns, counted from 1",
        found: "\(source) and \(target)")
    }
    input = .separated(LineReader(file), source: source - 1, target: target - 1)
  }

  /// A table with a header, or a line of JSON for each pair: the names of the columns.
  package init(_ file: ByteSource, source: String, target: String) throws(DataError) {
    let reader = try RecordReader(file)
    let (left, right) = (try reader.column(source), try reader.column(target))
    guard left != right else {
      throw DataError(
        .badRoles, file: file.name, column: source, expected: "different columns for source and target",
        found: "the same for both")
    }
    input = .records(reader, source: left, target: right)
  }

  /// The next pair, or nil at the end.
  package mutating func next() throws(DataError) -> TextPair? {
    switch input {
    case .aligned(var left, var right):
      let (source, target) = (try left.nextText(), try right.nextText())
      input = .aligned(left, right)
      if let source, let target {
        isEmpty = false
        return TextPair(source: Blanks.visible(source), target: Blanks.visible(target), line: left.line)
      }
      guard source == nil, target == nil else { throw try Self.unequal(left, right) }
      guard !isEmpty else { throw Self.noPairs(left.name) }
      return nil
    case .records(var reader, let source, let target):
      let fields = try reader.next()
      input = .records(reader, source: source, target: target)
      guard let fields else {
        if isEmpty { throw Self.noPairs(reader.name) }
        return nil
      }
      isEmpty = false
      return TextPair(
        source: Blanks.visible(fields[source]), target: Blanks.visible(fields[target]), line: reader.line)
    case .separated(var reader, let source, let target):
      let pair = try Self.separated(&reader, source, target)
      input = .separated(reader, source: source, target: target)
      if pair == nil, isEmpty { throw Self.noPairs(reader.name) }
      isEmpty = false
      return pair
    }
  }

  private static func separated(
    _ reader: inout LineReader, _ source: Int, _ target: Int
  ) throws(DataError) -> TextPair? {
    while let line = try reader.next() {
      if line.allSatisfy({ $0 == Byte.space || $0 == Byte.tab }) { continue }
      let fields = line.split(separator: Byte.tab, omittingEmptySubsequences: false)
      guard fields.count > max(source, target) else {
        throw DataError(
          .raggedRow, file: reader.name, line: reader.line,
          expected: "at least \(counted(max(source, target) + 1, "tab separated field"))",
          found: counted(fields.count, "field"))
      }
      return TextPair(
        source: Blanks.visible(String(decoding: fields[source], as: UTF8.self)),
        target: Blanks.visible(String(decoding: fields[target], as: UTF8.self)), line: reader.line)
    }
    return nil
  }

  private static func unequal(_ left: LineReader, _ right: LineReader) throws(DataError) -> DataError {
    var (left, right) = (left, right)
    while try left.next() != nil {}
    while try right.next() != nil {}
    return DataError(
      .unequalLines, file: right.name, expected: "\(counted(left.line, "line")), as in \(left.name)",
      found: counted(right.line, "line"), hint: "line n of one file is the counterpart of line n of the other"
    )
  }

  private static func noPairs(_ file: String) -> DataError {
    DataError(.emptyFile, file: file, expected: "lines", found: "none", statement: "the file is empty")
  }
}
