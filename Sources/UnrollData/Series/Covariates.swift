/// Columns beside the targets, as numbers: what is known ahead, what is known of the past alone, and what is
/// known of a series once and for all.
///
/// A column of numbers stays one. Words for yes and no are 1 and 0. Other words become a column for each, 1
/// where the word stands and 0 elsewhere, named `column=word`; an empty field is none of them. Such a name may
/// be asked for itself, so that a model's columns are found again in later data.
struct Covariates {
  /// The names of the columns that were made.
  private(set) var names: [String] = []
  /// For each of them, its values by row of the table.
  private(set) var values: [[Double]] = []
  private(set) var notes: [DataNote] = []

  /// More words than these are names or remarks, and no categories.
  private static let mostCategories = 64

  private static let truths: [String: Double] = [
    "true": 1, "false": 0, "yes": 1, "no": 0, "t": 1, "f": 0, "y": 1, "n": 0, "ja": 1, "nein": 0, "oui": 1,
    "non": 0, "si": 1, "sí": 1, "wahr": 1, "falsch": 0, "on": 1, "off": 0,
  ]

  /// - Parameter empty: the value of rows without a word: 0, or NaN where another row of the series tells.
  init(
    _ columns: [CovariateColumn], _ table: CSVTable, _ missing: MissingFields, empty: Double = 0,
    numbers: (Int) throws(DataError) -> ([Double], [DataNote])
  ) throws(DataError) {
    var wanted: [Int: [String]] = [:]
    for column in columns {
      guard let word = column.word else {
        try add(column.column, table, missing, empty, numbers)
        continue
      }
      names.append("\(table.columns[column.column])=\(word)")
      values.append(
        (0..<table.rowCount).map { row in
          Self.word(table, row, column.column, missing).map { $0 == word ? 1 : 0 } ?? empty
        })
      wanted[column.column, default: []].append(word)
    }
    for (column, words) in wanted.sorted(by: { $0.key < $1.key }) {
      let others = Self.words(table, column, missing).filter { !words.contains($0) }
      guard let first = others.first else { continue }
      notes.append(
        DataNote(
          .known,
          "known: \(quoted(table.columns[column])) has \(quoted(first))\(others.count > 1 ? " and \(counted(others.count - 1, "other value"))" : ""), which the model does not know; read as none"
        ))
    }
  }

  private mutating func add(
    _ column: Int, _ table: CSVTable, _ missing: MissingFields, _ empty: Double,
    _ numbers: (Int) throws(DataError) -> ([Double], [DataNote])
  ) throws(DataError) {
    let profile = ColumnProfile(table, column: column, missing)
    let name = table.columns[column]
    if profile.isNumeric || profile.present == 0 {
      let (read, told) = try numbers(column)
      (names, values, notes) = (names + [name], values + [read], notes + told)
      return
    }
    let words = Self.words(table, column, missing)
    if words.allSatisfy({ Self.truths[$0.lowercased()] != nil }) {
      names.append(name)
      values.append(
        (0..<table.rowCount).map { row in
          Self.word(table, row, column, missing).flatMap { Self.truths[$0.lowercased()] } ?? .nan
        })
      return
    }
    guard words.count <= Self.mostCategories else {
      let row = profile.firstRow ?? 0
      throw DataError(
        .badRoles, file: table.name, line: table.line(row: row, column: column), column: name,
        expected: "numbers, or at most \(Self.mostCategories) different words",
        found: "\(words.count) words, such as \(quoted(table.text(row: row, column: column)))")
    }
    var positions: [String: Int] = [:]
    for word in words {
      positions[word] = values.count
      names.append("\(name)=\(word)")
      values.append([Double](repeating: 0, count: table.rowCount))
    }
    for row in 0..<table.rowCount {
      if let word = Self.word(table, row, column, missing) {
        if let place = positions[word] { values[place][row] = 1 }
      } else if empty.isNaN {
        for place in positions.values { values[place][row] = .nan }
      }
    }
    notes.append(
      DataNote(
        .known,
        "known: \(quoted(name)) is read as \(words.prefix(6).map { quoted($0) }.joined(separator: ", "))\(words.count > 6 ? ", and \(words.count - 6) more" : ""), 1 where it stands"
      ))
  }

  /// The word of a row, or nil where there is none.
  private static func word(_ table: CSVTable, _ row: Int, _ column: Int, _ missing: MissingFields) -> String?
  {
    if missing.contains(table.bytes, table.field(row: row, column: column)) { return nil }
    let text = Blanks.trimmed(table.text(row: row, column: column))
    return text.isEmpty ? nil : text
  }

  /// The different words of a column, in the order of their bytes.
  private static func words(_ table: CSVTable, _ column: Int, _ missing: MissingFields) -> [String] {
    let groups = table.groups(columns: [column])
    let rows = Dictionary(groups.ofRow.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let words = rows.values.compactMap { word(table, $0, column, missing) }
    return Set(words).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

/// A column of a table, or the rows of it that hold one word.
struct CovariateColumn: Hashable {
  let column: Int
  var word: String?

  /// The column of a name, or of what stands before a `=` in it.
  static func find(_ name: String, _ table: CSVTable) throws(DataError) -> CovariateColumn {
    if let column = table.columns.firstIndex(of: name) { return CovariateColumn(column: column) }
    for split in name.indices where name[split] == "=" {
      if let column = table.columns.firstIndex(of: String(name[..<split])) {
        return CovariateColumn(column: column, word: String(name[name.index(after: split)...]))
      }
    }
    return CovariateColumn(column: try table.column(name))
  }
}

extension Covariates {
  /// For each series its values of columns that must not change within a series; empty fields are passed over.
  func constants(_ plans: [SeriesPlan], _ table: CSVTable) throws(DataError) -> [[Double]] {
    var result: [[Double]] = []
    for plan in plans {
      var own: [Double] = []
      for (name, column) in zip(names, values) {
        var value = Double.nan
        for row in plan.rows where !column[row].isNaN {
          if value.isNaN { value = column[row] }
          guard value == column[row] else {
            throw DataError(
              .badRoles, file: table.name, line: table.line(row: row), column: name,
              expected:
                "one value for all rows of series \(quoted(plan.id)), \(DecimalText.text(value)) as in its first",
              found: DecimalText.text(column[row]),
              hint: DataHint(.known, [name], to: "read it as a covariate that changes with time"))
          }
        }
        own.append(value)
      }
      result.append(own)
    }
    return result
  }
}
