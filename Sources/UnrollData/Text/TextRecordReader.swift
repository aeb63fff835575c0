/// Texts of a file, one at a time: a line each, or in CSV, TSV and JSON lines the field of a column of each record.
package struct TextRecordReader {
  /// A text and where it stands.
  package struct Record: Sendable, Equatable {
    package let text: String
    /// What the column of ids holds.
    package let id: String?
    package let line: Int
  }

  private enum Input {
    case lines(LineReader)
    case records(RecordReader, text: Int, id: Int?)
    case objects(LineReader, text: String, id: String?)
  }

  private var input: Input

  /// - Parameters:
  ///   - column: the column of the texts; may be left out where a table has one column.
  ///   - usual: the column where none is said and a table has one of this name.
  ///   - id: a column of ids.
  /// - Throws: `DataError` when a table has no such column, or several and none was said.
  package init(path: String, column: String?, usual: String? = nil, id: String? = nil) throws(DataError) {
    let name = path.lowercased()
    if name.hasSuffix(".csv") || name.hasSuffix(".tsv") {
      let reader = try RecordReader(path: path)
      let usual = usual.flatMap { reader.columns.contains($0) ? $0 : nil }
      guard let column = column ?? usual ?? (reader.columns.count == 1 ? reader.columns[0] : nil) else {
        throw DataError(
          .badRoles, file: path,
          expected:
            "the name of the column of texts, one of \(reader.columns.prefix(12).joined(separator: ", "))",
          found: "none", hint: "use --column NAME")
      }
      var idColumn: Int?
      if let id { idColumn = try reader.column(id) }
      input = .records(reader, text: try reader.column(column), id: idColumn)
    } else if name.hasSuffix(".jsonl") || name.hasSuffix(".ndjson") {
      input = .objects(try LineReader(path: path), text: column ?? usual ?? "text", id: id)
    } else if let column {
      throw DataError(
        .badRoles, file: path, expected: "a CSV, TSV or JSON lines file beside --column \(column)",
        found: "a file of another name")
    } else {
      input = .lines(try LineReader(path: path))
    }
  }

  /// The next text, or nil at the end.
  package mutating func next() throws(DataError) -> Record? {
    switch input {
    case .lines(var reader):
      defer { input = .lines(reader) }
      return try reader.nextText().map { Record(text: $0, id: nil, line: reader.line) }
    case .records(var reader, let text, let id):
      defer { input = .records(reader, text: text, id: id) }
      guard let fields = try reader.next() else { return nil }
      return Record(text: fields[text], id: id.map { fields[$0] }, line: reader.line)
    case .objects(var reader, let text, let id):
      defer { input = .objects(reader, text: text, id: id) }
      while let line = try reader.next() {
        if line.allSatisfy({ $0 <= 0x20 }) { continue }
        let record = try JSONRecord(line, file: reader.name, line: reader.line)
        return Record(
          text: try record.text(text), id: try id.map { key throws(DataError) in try record.text(key) },
          line: reader.line)
      }
      return nil
    }
  }
}

/// An object of a line of JSON.
package struct JSONRecord {
  private let members: [String: StrictJSON]
  private let file: String
  private let line: Int

  /// - Throws: `DataError` when the line is no object of JSON.
  package init(_ bytes: [UInt8], file: String, line: Int) throws(DataError) {
    (self.file, self.line) = (file, line)
    let json = try StrictJSON(data: bytes, name: file, line: line)
    guard case .object(let members) = json.value else {
      throw DataError(
        .badJSON, file: file, line: line, expected: "an object, such as {\"text\": \"…\"}",
        found: json.summary)
    }
    self.members = Dictionary(members.map { ($0.key, $0.value) }) { first, _ in first }
  }

  /// The names of the members.
  package var names: [String] { members.keys.sorted() }

  /// A member as text: numbers and truth values as they are written.
  ///
  /// - Throws: `DataError` when there is none of this name, or it is a list or an object.
  package func text(_ name: String) throws(DataError) -> String {
    switch members[name]?.value {
    case .string(let text), .decimal(let text): return text
    case .integer(let number): return "\(number)"
    case .bool(let flag): return "\(flag)"
    case .array, .object, .null:
      throw DataError(
        .badRoles, file: file, line: line, column: name, expected: "a text",
        found: "a list, an object or null")
    case nil: throw .noColumn(name, in: file, columns: names)
    }
  }
}
