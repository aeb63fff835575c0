/// What a caller says about a table of series; what is left out is guessed.
package struct SeriesRequest: Sendable {
  /// The column of times, or several that hold parts of it, with commas between their names.
  package var time: String?
  package var targets: [String]
  /// The column that tells series apart, or several that do so together, with commas between their names.
  package var id: String?
  /// Columns that are known ahead; those of words become a column for each word, `column=word`.
  package var known: [String]
  /// Columns that are known of the past alone.
  package var past: [String]
  /// Columns that are the same in all rows of a series.
  package var statics: [String]
  /// Fields that mean "no value"; the empty field always does.
  package var missing: [String]
  package var frequency: Frequency?
  package var season: Int?
  package var horizon: Int?
  /// How times are written: stated (`TimeFormat(pattern:)`), or as in data that this table continues; then it
  /// decides what a bare number counts and the order of day and month.
  package var timeFormat: TimeFormat?
  /// The order of day, month and year, where it was stated.
  package var dates: DateOrder?
  /// The mark before decimals, where it was stated.
  package var decimal: DecimalMark?
  /// Whether dates stand in the header, with a row for each series; nil refuses such a table.
  package var wide: Bool?
  /// What is done with several rows of one time; nil refuses them.
  package var repeatedTimes: RepeatedTimes?

  package init(
    time: String? = nil, targets: [String] = [], id: String? = nil, known: [String] = [],
    past: [String] = [], statics: [String] = [], missing: [String] = TimeSeries.defaultMissing,
    frequency: Frequency? = nil, season: Int? = nil,
    horizon: Int? = nil, timeFormat: TimeFormat? = nil, dates: DateOrder? = nil, decimal: DecimalMark? = nil,
    wide: Bool? = nil, repeatedTimes: RepeatedTimes? = nil
  ) {
    self.time = time
    self.targets = targets
    self.id = id
    self.known = known
    self.past = past
    self.statics = statics
    self.missing = missing
    self.frequency = frequency
    self.season = season
    self.horizon = horizon
    self.timeFormat = timeFormat
    self.dates = dates
    self.decimal = decimal
    self.wide = wide
    self.repeatedTimes = repeatedTimes
  }
}

/// The fields that mean "no value".
struct MissingFields: Sendable {
  private let words: [[UInt8]]
  /// For each byte, whether a word starts with it: most fields are decided by their first byte.
  private let starts: [Bool]

  init(_ words: [String]) {
    self.words = words.map { Array($0.utf8) }.filter { !$0.isEmpty }
    var starts = [Bool](repeating: false, count: 256)
    for word in self.words { starts[Int(word[0])] = true }
    self.starts = starts
  }

  /// Whether a field, without the blanks around it, means "no value".
  func contains(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
    guard let first = range.first else { return true }
    guard starts[Int(bytes[first])] else { return false }
    return words.contains { $0.count == range.count && $0.elementsEqual(bytes[range]) }
  }
}

/// What people write where there is no value.
enum MissingMarks {
  /// In lower case.
  private static let marks: Set<String> = [
    "?", "-", "--", "---", "–", "—", ".", "..", "...", "…", ":", "*", "**", "/", "n/a", "n.a.", "n.a", "na.",
    "na",
    "nan", "null", "(null)", "none", "nil", "nul", "\\n", "missing", "(missing)", "unknown", "not available",
    "not applicable", "no data", "nodata", "n.d.", "nd", "#n/a", "#na", "#div/0!", "#value!", "#ref!",
    "#name?",
    "#num!", "#null!", "#error", "#error!", "undefined", "undef", "void", "k.a.", "k. a.", "keine angabe",
    "s.o.",
    "n.v.", "<na>", "<null>", "nat", "(na)",
  ]

  static func contains(_ text: String) -> Bool { marks.contains(text.lowercased()) }
}

extension CSVTable {
  /// A column's numbers, NaN where the field means "no value".
  func numbers(column: Int, missing: MissingFields, format: NumberFormat) throws(DataError) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(rowCount)
    for row in 0..<rowCount {
      let range = field(row: row, column: column)
      if missing.contains(bytes, range) {
        result.append(.nan)
      } else if let value = format.value(bytes, range) {
        result.append(value)
      } else {
        throw notANumber(row, column, missing, format)
      }
    }
    return result
  }

  private func notANumber(_ row: Int, _ column: Int, _ missing: MissingFields, _ format: NumberFormat)
    -> DataError
  {
    let found = text(row: row, column: column)
    // All marks of the column at once, so that nobody has to come back for the next.
    var marks: [String] = []
    var others = 0
    for row in row..<rowCount where others < 20 && marks.count < 8 {
      let range = field(row: row, column: column)
      guard !missing.contains(bytes, range), format.value(bytes, range) == nil else { continue }
      let text = Blanks.trimmed(text(row: row, column: column))
      guard MissingMarks.contains(text) else {
        others += 1
        continue
      }
      if !marks.contains(text) { marks.append(text) }
    }
    let isMark = MissingMarks.contains(Blanks.trimmed(found))
    let hint: DataHint? =
      if isMark, marks.count == 1 {
        DataHint(.missing, marks, to: "read it as a missing value")
      } else if isMark {
        DataHint(.missing, marks, to: "read them as missing values")
      } else {
        rowHint(row)
      }
    return DataError(
      .notANumber, file: name, line: line(row: row, column: column), column: columns[column],
      expected: "a number", found: quoted(found), hint: hint)
  }

  /// For each row, the position of its columns' texts among the different ones in order of appearance.
  ///
  /// The texts of several columns are joined by `/`; a slash or backslash in them has a backslash before it.
  func groups(columns: [Int]) -> (ofRow: [Int], names: [String]) {
    var names: [String] = []
    var positions: [String: Int] = [:]
    var result: [Int] = []
    result.reserveCapacity(rowCount)
    var last: [Range<Int>] = []
    for row in 0..<rowCount {
      let ranges = columns.map { content(row: row, column: $0) }
      if let group = result.last, zip(last, ranges).allSatisfy({ bytes[$0].elementsEqual(bytes[$1]) }) {
        result.append(group)
        continue
      }
      last = ranges
      let text = groupName(row, columns)
      if let known = positions[text] {
        result.append(known)
      } else {
        positions[text] = names.count
        result.append(names.count)
        names.append(text)
      }
    }
    return (result, names)
  }

  private func groupName(_ row: Int, _ columns: [Int]) -> String {
    let texts = columns.map { Blanks.trimmed(text(row: row, column: $0)) }
    guard texts.count > 1 else { return texts.first ?? "" }
    return TimeSeries.joinedID(texts)
  }
}

extension TimeSeries {
  /// The one id of several: their texts with `/` between; `\` stands before `/` and `\` in them.
  package static func joinedID(_ parts: [String]) -> String {
    parts.map { part in
      part.contains { $0 == "/" || $0 == "\\" }
        ? String(part.flatMap { $0 == "/" || $0 == "\\" ? ["\\", $0] : [$0] }) : part
    }.joined(separator: "/")
  }

  /// The parts of an id that `joinedID` made.
  package static func idParts(_ id: String) -> [String] {
    var parts = [""]
    var isEscaped = false
    for character in id {
      if isEscaped || (character != "/" && character != "\\") {
        parts[parts.count - 1].append(character)
        isEscaped = false
      } else if character == "/" {
        parts.append("")
      } else {
        isEscaped = true
      }
    }
    return parts
  }
}
