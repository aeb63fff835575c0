/// Pairs of texts from files of any of their forms: two files of lines that belong together, tab separated columns by
/// number, or CSV, TSV and JSON lines with named columns.
package struct PairRecordReader {
  private enum Input {
    case pairs(PairReader)
    case records(RecordReader, source: Int, target: Int)
    case objects(LineReader, source: String, target: String)
  }

  private var input: Input
  private var isEmpty = true

  /// - Parameters:
  ///   - source: the column of what is read: its name, or in tab separated lines its number from 1.
  ///   - target: the column of what it becomes.
  /// - Throws: `DataError` when there is no such column.
  package init(_ files: [String], source: String?, target: String?) throws(DataError) {
    guard files.count == 1 else {
      input = .pairs(try PairReader(source: files[0], target: files[1]))
      return
    }
    let path = files[0]
    let name = path.lowercased()
    let numbers = (Int(source ?? "1"), Int(target ?? "2"))
    if name.hasSuffix(".jsonl") || name.hasSuffix(".ndjson") {
      input = .objects(
        try LineReader(path: path), source: source ?? "source", target: target ?? "target")
    } else if let from = numbers.0, let to = numbers.1, !name.hasSuffix(".csv") {
      input = .pairs(try PairReader(separated: path, source: from, target: to))
    } else {
      let reader = try RecordReader(path: path)
      guard let source, let target else {
        throw DataError(
          .badRoles, file: path,
          expected: "the names of two columns among \(reader.columns.prefix(12).joined(separator: ", "))",
          found: "none", hint: "say which column is read, and which one it becomes")
      }
      input = .records(reader, source: try reader.column(source), target: try reader.column(target))
    }
  }

  /// The next pair, or nil at the end. A file without any is an error.
  package mutating func next() throws(DataError) -> TextPair? {
    switch input {
    case .pairs(var reader):
      defer { input = .pairs(reader) }
      return try reader.next()
    case .records(var reader, let source, let target):
      let fields = try reader.next()
      input = .records(reader, source: source, target: target)
      return try checked(
        fields.map { TextPair(source: $0[source], target: $0[target], line: reader.line) }, reader.name)
    case .objects(var reader, let source, let target):
      var pair: TextPair?
      while pair == nil, let line = try reader.next() {
        if line.allSatisfy({ $0 <= 0x20 }) { continue }
        let record = try JSONRecord(line, file: reader.name, line: reader.line)
        pair = TextPair(
          source: try record.text(source), target: try record.text(target), line: reader.line)
      }
      input = .objects(reader, source: source, target: target)
      return try checked(pair, reader.name)
    }
  }

  private mutating func checked(_ pair: TextPair?, _ name: String) throws(DataError) -> TextPair? {
    if pair == nil, isEmpty {
      throw DataError(
        .emptyFile, file: name, expected: "pairs of texts", found: "none",
        statement: "there are no pairs in it")
    }
    isEmpty = false
    return pair
  }
}
