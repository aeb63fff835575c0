/// Reads sequences from a table with a row for each time step, a sequence at a time.
///
/// The rows of a sequence stand together and in the order of time. A field that is empty, `?` or `NaN` is a
/// missing value. Memory: the longest sequence, and the identifiers.
package struct SequenceTableReader {
  private var reader: RecordReader
  private let id: Int
  private let label: Int?
  private let featureColumns: [Int]
  /// The first row of the next sequence.
  private var pending: (fields: [String], line: Int)?
  private var finished: [String: Int] = [:]
  private var isEmpty = true

  /// - Parameters:
  ///   - id: the column that tells sequences apart.
  ///   - label: the column of the label, which all rows of a sequence repeat.
  ///   - features: the columns of the values; nil stands for all others.
  package init(path: String, id: String, label: String?, features: [String]? = nil) throws(DataError) {
    try self.init(try ByteSource(path: path), id: id, label: label, features: features)
  }

  package init(
    _ source: ByteSource, id: String, label: String?, features: [String]? = nil
  ) throws(DataError) {
    reader = try RecordReader(source)
    self.id = try reader.column(id)
    var labelColumn: Int?
    if let label { labelColumn = try reader.column(label) }
    self.label = labelColumn
    var columns: [Int] = []
    if let features {
      for feature in features { columns.append(try reader.column(feature)) }
    } else {
      let idColumn = self.id
      columns = reader.columns.indices.filter { $0 != idColumn && $0 != labelColumn }
    }
    featureColumns = columns
    let roles = columns + [self.id] + (labelColumn.map { [$0] } ?? [])
    guard !columns.isEmpty, Set(roles).count == roles.count else {
      throw DataError(
        .badRoles, file: source.name, expected: "different columns for id, label and at least one feature",
        found: columns.isEmpty ? "no feature" : "a column in two roles")
    }
  }

  /// The names of the features, in the order of the values.
  package var features: [String] { featureColumns.map { reader.columns[$0] } }

  /// The next sequence, or nil at the end. A table without any is an error.
  package mutating func next() throws(DataError) -> NumericSequence? {
    var next = pending
    if next == nil { next = try row() }
    guard let first = next else {
      guard !isEmpty else {
        throw DataError(
          .noRows, file: reader.name, expected: "rows below the header", found: "none",
          statement: "the file has a header and no rows")
      }
      return nil
    }
    isEmpty = false
    let name = first.fields[id]
    try checkIdentifier(name, first.line)
    let label = try self.label(of: first)
    var values: [Float] = []
    var steps = 0
    var current: (fields: [String], line: Int)? = first
    while let row = current, row.fields[id] == name {
      let found = try self.label(of: row)
      guard found == label else {
        throw DataError(
          .badLabel, file: reader.name, line: row.line, column: self.label.map { reader.columns[$0] },
          expected: "\(quoted(label ?? "")), the label of \(quoted(name)) from line \(first.line) on",
          found: quoted(found ?? ""))
      }
      for column in featureColumns { values.append(try value(row, column)) }
      steps += 1
      current = try self.row()
    }
    pending = current
    finished[name] = first.line
    return NumericSequence(values: values, steps: steps, label: label, id: name, line: first.line)
  }

  private mutating func row() throws(DataError) -> (fields: [String], line: Int)? {
    guard var fields = try reader.next() else { return nil }
    for column in [id, label].compactMap({ $0 }) { fields[column] = Blanks.trimmed(fields[column]) }
    return (fields, reader.line)
  }

  private func checkIdentifier(_ name: String, _ line: Int) throws(DataError) {
    guard !name.isEmpty else {
      throw DataError(
        .noIdentifier, file: reader.name, line: line, column: reader.columns[id], expected: "an identifier",
        found: "none")
    }
    if let before = finished[name] {
      throw DataError(
        .badSequence, file: reader.name, line: line, column: reader.columns[id],
        expected: "all rows of a sequence together",
        found: "\(quoted(name)) again, which started on line \(before)",
        hint: "sort the rows by \(quoted(reader.columns[id])) and by time")
    }
  }

  private func label(of row: (fields: [String], line: Int)) throws(DataError) -> String? {
    guard let label else { return nil }
    guard !row.fields[label].isEmpty else {
      throw DataError(
        .badLabel, file: reader.name, line: row.line, column: reader.columns[label], expected: "a label",
        found: "none")
    }
    return row.fields[label]
  }

  private func value(_ row: (fields: [String], line: Int), _ column: Int) throws(DataError) -> Float {
    let field = Blanks.trimmed(row.fields[column])
    if field.isEmpty { return .nan }
    let bytes = Array(field.utf8)
    guard let value = SequenceNumber.value(bytes, 0..<bytes.count) else {
      throw DataError(
        .notANumber, file: reader.name, line: row.line, column: reader.columns[column], expected: "a number",
        found: quoted(field))
    }
    return value
  }
}
