/// What a caller says about a table of series; what is left out is guessed.
package struct SeriesRequest: Sendable {
  package var time: String?
  package var targets: [String]
  package var id: String?
  package var known: [String]
  /// Fields that mean "no value"; the empty field always does.
  package var missing: [String]
  package var frequency: Frequency?
  package var season: Int?
  package var horizon: Int?
  /// How times were written in data that this table continues: decides what a bare number counts and the
  /// order of day and month.
  package var timeFormat: TimeFormat?

  package init(
    time: String? = nil, targets: [String] = [], id: String? = nil, known: [String] = [],
    missing: [String] = TimeSeries.defaultMissing, frequency: Frequency? = nil, season: Int? = nil,
    horizon: Int? = nil, timeFormat: TimeFormat? = nil
  ) {
    self.time = time
    self.targets = targets
    self.id = id
    self.known = known
    self.missing = missing
    self.frequency = frequency
    self.season = season
    self.horizon = horizon
    self.timeFormat = timeFormat
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

  func contains(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
    guard let first = range.first else { return true }
    guard starts[Int(bytes[first])] else { return false }
    return words.contains { $0.count == range.count && $0.elementsEqual(bytes[range]) }
  }
}

extension CSVTable {
  /// A column's numbers, NaN where the field means "no value".
  func numbers(column: Int, missing: MissingFields) throws(DataError) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(rowCount)
    for row in 0..<rowCount {
      let range = field(row: row, column: column)
      if missing.contains(bytes, range) {
        result.append(.nan)
      } else if let value = number(range) {
        result.append(value)
      } else {
        throw notANumber(row, column)
      }
    }
    return result
  }

  /// The number that a field holds; `3,25` is one when semicolons stand between fields.
  func number(_ range: Range<Int>) -> Double? {
    DecimalText.value(bytes, range, decimalComma: delimiter == Byte.semicolon)
  }

  private func notANumber(_ row: Int, _ column: Int) -> DataError {
    let found = text(row: row, column: column)
    // A word that a shell and a person can read is worth an advice; anything else is likely a slip.
    let isWord = found.count <= 12 && found.allSatisfy { $0.isASCII && !$0.isNewline && $0 != "\"" }
    let isPlain = !found.contains { $0.isNumber || $0 == " " || "'\\$&|;<>()*?`!#~".contains($0) }
    let hint: String? =
      if isWord, isPlain {
        "use --missing \(found) to read it as a missing value"
      } else if found.contains(","), delimiter != Byte.semicolon, found.contains(where: \.isNumber) {
        "write numbers with a decimal point and without separators of thousands"
      } else {
        nil
      }
    return DataError(
      .notANumber, file: name, line: line(row: row, column: column), column: columns[column],
      expected: "a number", found: quoted(found), hint: hint)
  }

  /// For each row, the position of a column's text among the texts in order of appearance.
  func groups(column: Int) -> (ofRow: [Int], names: [String]) {
    var names: [String] = []
    var positions: [String: Int] = [:]
    var result: [Int] = []
    result.reserveCapacity(rowCount)
    var last: Range<Int>?
    for row in 0..<rowCount {
      let range = content(row: row, column: column)
      if let last, last.count == range.count, bytes[last].elementsEqual(bytes[range]), let group = result.last
      {
        result.append(group)
        continue
      }
      last = range
      let text = text(row: row, column: column)
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
}
