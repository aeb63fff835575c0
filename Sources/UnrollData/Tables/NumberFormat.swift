/// The mark between whole numbers and decimals.
public enum DecimalMark: String, Sendable, CaseIterable, Codable {
  case point = "."
  case comma = ","

  var byte: UInt8 { self == .point ? Byte.dot : Byte.comma }
  var other: DecimalMark { self == .point ? .comma : .point }
}

/// How the numbers of a column are written, worked out from all of its fields.
struct NumberFormat: Sendable {
  var decimal: DecimalMark = .point
  var notes: [DataNote] = []

  /// The number that a field holds.
  func value(_ bytes: [UInt8], _ range: Range<Int>) -> Double? {
    // Most fields are digits with a decimal point and can be read as they stand.
    if decimal == .point, let value = DecimalText.value(bytes, range) { return value }
    return NumberText(bytes, range)?.value(decimal: decimal.byte)
  }
}

/// What the fields of one column, or of a whole table, show about its numbers.
struct NumberEvidence {
  /// A place for each mark: the column times the number of rows, plus the row.
  struct Rows {
    private var point: Int?
    private var comma: Int?

    subscript(mark: DecimalMark) -> Int? {
      get { mark == .point ? point : comma }
      set { if mark == .point { point = newValue } else { comma = newValue } }
    }

    var isEmpty: Bool { point == nil && comma == nil }
    /// The mark whose row comes first.
    var first: DecimalMark? {
      guard let point else { return comma == nil ? nil : .comma }
      return point <= comma ?? .max ? .point : .comma
    }
  }

  /// For each decimal mark, the first row that proves it.
  private(set) var decimal = Rows()
  /// For each mark, the first row that proves that it parts thousands.
  private(set) var thousands = Rows()
  /// For each mark, the first row in which it may be either.
  private(set) var open = Rows()
  /// Whether an open field ends in 0: no program that writes decimals as short as it can does that.
  private(set) var opensEndInZero = false
  private(set) var shorts = 0
  /// Whole numbers of four digits and more without a mark.
  private(set) var longs = 0
  private(set) var firstPercent: Int?
  private(set) var firstBare: Int?
  private(set) var scales: Set<String> = []
  private(set) var currencies: [String: Int] = [:]

  mutating func add(_ bytes: [UInt8], _ range: Range<Int>, row: Int) {
    if addPlain(bytes, range, row) { return }
    guard let number = NumberText(bytes, range) else { return }
    switch number.evidence {
    case .short: shorts += 1
    case .long: longs += 1
    case .decimal(let mark, let parting):
      note(&decimal, mark, row)
      if let parting { note(&thousands, parting, row) }
    case .thousands(let mark): note(&thousands, mark, row)
    case .open(let mark):
      note(&open, mark, row)
      if number.body.last == Byte.zero { opensEndInZero = true }
    case .none: break
    }
    if number.isPercent {
      firstPercent = firstPercent ?? row
    } else if number.body.contains(where: { $0.digit != nil && $0 != Byte.zero }) {
      firstBare = firstBare ?? row
    }
    if !number.scale.isEmpty { scales.insert(number.scale) }
    if !number.currency.isEmpty { currencies[number.currency] = currencies[number.currency] ?? row }
  }

  /// Digits with a decimal point or without, which most fields are; false for all others.
  private mutating func addPlain(_ bytes: [UInt8], _ range: Range<Int>, _ row: Int) -> Bool {
    var position = range.lowerBound
    if position < range.upperBound, bytes[position] == Byte.minus { position += 1 }
    let start = position
    while position < range.upperBound, bytes[position].digit != nil { position += 1 }
    let whole = position - start
    guard whole > 0 else { return false }
    var decimals: Int?
    if position < range.upperBound, bytes[position] == Byte.dot {
      let point = position
      position += 1
      while position < range.upperBound, bytes[position].digit != nil { position += 1 }
      decimals = position - point - 1
    }
    guard position == range.upperBound else { return false }
    if firstBare == nil, bytes[range].contains(where: { $0.digit ?? 0 > 0 }) { firstBare = row }
    if decimals == nil {
      if whole < 4 { shorts += 1 } else { longs += 1 }
    } else if decimals == 3, whole <= 3, bytes[start] != Byte.zero {
      if open[.point] == nil { open[.point] = row }
      if bytes[position - 1] == Byte.zero { opensEndInZero = true }
    } else if decimal[.point] == nil {
      decimal[.point] = row
    }
    return true
  }

  private func note(_ places: inout Rows, _ mark: UInt8, _ row: Int) {
    guard let mark = DecimalMark.allCases.first(where: { $0.byte == mark }) else { return }
    places[mark] = places[mark] ?? row
  }
}

extension CSVTable {
  /// How a column's numbers are written.
  ///
  /// A mark that stands before other than three digits, once, is the decimal one; a mark that stands twice, or
  /// before another mark, parts thousands. Where the column leaves it open (`891` and `1.135`):
  /// 1. whole numbers of four digits without a mark show that thousands are not parted;
  /// 2. `891` beside `1.130` shows that they are: nobody writes decimals with a zero at the end in some rows
  ///    and without any in others;
  /// 3. the other columns decide, then the marks of the country that a file has (semicolons between fields,
  ///    full stops in dates);
  /// 4. where every number has the mark, it is a decimal point, or, with the marks of such a country, a decimal
  ///    comma: the other reading differs by a factor of a thousand alone;
  /// 5. what is then still open is refused.
  ///
  /// - Parameters:
  ///   - columns: one column, or several whose numbers are written alike.
  ///   - stated: the decimal mark, where it is stated.
  ///   - file: what all columns together show; asked for only where it decides.
  func numberFormat(
    columns: [Int], missing: MissingFields, stated: DecimalMark?, file: () -> NumberEvidence
  ) throws(DataError) -> NumberFormat {
    var evidence = NumberEvidence()
    for column in columns {
      for row in 0..<rowCount {
        let range = field(row: row, column: column)
        if !missing.contains(bytes, range) { evidence.add(bytes, range, row: column * rowCount + row) }
      }
    }
    let column = columns.first ?? 0
    var format = NumberFormat()
    format.decimal = try decimalMark(evidence, column, stated, file, &format.notes)
    try tell(evidence, column, &format.notes)
    return format
  }

  private func decimalMark(
    _ evidence: NumberEvidence, _ column: Int, _ stated: DecimalMark?, _ file: () -> NumberEvidence,
    _ notes: inout [DataNote]
  ) throws(DataError) -> DecimalMark {
    if let stated { return stated }
    let byDecimal = DecimalMark.allCases.filter { evidence.decimal[$0] != nil }
    let byThousands = DecimalMark.allCases.filter { evidence.thousands[$0] != nil }.map(\.other)
    let proven = Set(byDecimal + byThousands)
    if proven.count == 2 { throw contradiction(evidence, column) }
    if let mark = proven.first {
      // A point is what everybody expects; the rest is told.
      let open = evidence.open[mark.other]
      if mark == .comma || open != nil || !byThousands.isEmpty {
        notes.append(
          numberNote(
            column, mark, evidence, row: open ?? evidence.decimal[mark] ?? evidence.thousands[mark.other]))
      }
      return mark
    }
    guard let openMark = evidence.open.first, let row = evidence.open[openMark] else { return .point }
    guard let mark = try decide(openMark, evidence, column, file) else {
      throw ambiguous(column, row, openMark, evidence)
    }
    if mark != .point || evidence.shorts > 0 || evidence.longs > 0 || openMark != .point || hasCommaCountry {
      notes.append(numberNote(column, mark, evidence, row: row))
    }
    return mark
  }

  /// The decimal mark of a column whose marks all stand before three digits; nil when nothing tells.
  private func decide(
    _ mark: DecimalMark, _ evidence: NumberEvidence, _ column: Int, _ file: () -> NumberEvidence
  ) throws(DataError) -> DecimalMark? {
    if evidence.open[mark.other] != nil { return nil }
    if evidence.longs > 0 { return evidence.opensEndInZero && evidence.shorts > 0 ? nil : mark }
    if evidence.opensEndInZero, evidence.shorts > 0 { return mark.other }
    let file = file()
    let proven = Set(
      DecimalMark.allCases.filter { file.decimal[$0] != nil }
        + DecimalMark.allCases.filter { file.thousands[$0] != nil }.map(\.other))
    if proven.count == 1, let known = proven.first { return known }
    if evidence.shorts > 0 { return hasCommaCountry ? .comma : nil }
    // Every number has the mark: the two readings differ by a factor of a thousand alone.
    return mark == .comma && hasCommaCountry ? .comma : .point
  }

  /// Whether the file has the marks of countries that write decimals with a comma: semicolons between fields,
  /// or dates such as 31.01.2020.
  var hasCommaCountry: Bool {
    if delimiter == Byte.semicolon { return true }
    guard rowCount > 0 else { return false }
    return columns.indices.prefix(50).contains { column in
      let text = bytes[field(row: 0, column: column)]
      return text.count { $0 == Byte.dot } == 2 && (8...10).contains(text.prefix { $0 != Byte.space }.count)
        && text.prefix { $0 != Byte.space }.allSatisfy { $0 == Byte.dot || $0.digit != nil }
    }
  }

  /// What all columns of numbers show.
  func numberEvidence(missing: MissingFields) -> NumberEvidence {
    var evidence = NumberEvidence()
    let stride = max(1, rowCount / 5000)
    for column in columns.indices {
      let isTime = TimeGuess.candidates(bytes, field(row: 0, column: column)).isEmpty == false
      guard !isTime else { continue }
      for row in Swift.stride(from: 0, to: rowCount, by: stride) {
        let range = field(row: row, column: column)
        if !missing.contains(bytes, range) { evidence.add(bytes, range, row: row) }
      }
    }
    return evidence
  }
}

// MARK: - Telling

extension CSVTable {
  /// The text and the line of a place of `NumberEvidence`.
  private func text(at place: Int) -> String { text(row: place % rowCount, column: place / rowCount) }
  private func line(at place: Int) -> Int { line(row: place % rowCount, column: place / rowCount) }

  private func numberNote(
    _ column: Int, _ mark: DecimalMark, _ evidence: NumberEvidence, row: Int?
  ) -> DataNote {
    let place = row ?? column * rowCount
    let found = text(at: place)
    let value = NumberText(bytes, field(row: place % rowCount, column: place / rowCount))?.value(
      decimal: mark.byte)
    let shown = value.map { DecimalText.text($0) } ?? "?"
    let name = mark == .point ? "a decimal point" : "a decimal comma"
    return DataNote(
      .numbers, "numbers: \(quoted(columns[column])) is read with \(name): \(found) is \(shown)",
      hint: DataHint(.decimal, [mark.other.rawValue], to: "read it otherwise"))
  }

  private func ambiguous(
    _ column: Int, _ row: Int, _ mark: DecimalMark, _ evidence: NumberEvidence
  ) -> DataError {
    let found = text(at: row)
    return DataError(
      .ambiguous, file: name, line: line(at: row), column: columns[row / rowCount],
      expected: "numbers that show which mark is the decimal one", found: quoted(found),
      statement:
        "\(quoted(found)) may be a number with three decimals, or a number above a thousand: nothing in the file tells",
      hint: DataHint(
        .decimal, [DecimalMark.point.rawValue, DecimalMark.comma.rawValue],
        to: "say which mark is the decimal one"))
  }

  private func contradiction(_ evidence: NumberEvidence, _ column: Int) -> DataError {
    func row(_ mark: DecimalMark) -> Int {
      min(evidence.decimal[mark] ?? .max, evidence.thousands[mark.other] ?? .max)
    }
    let (first, second) = row(.point) < row(.comma) ? (row(.point), row(.comma)) : (row(.comma), row(.point))
    return DataError(
      .ambiguous, file: name, line: line(at: second), column: columns[second / rowCount],
      expected:
        "a number with the same decimal mark as \(quoted(text(at: first))) on line \(line(at: first))",
      found: quoted(text(at: second)))
  }

  /// Tells what stood beside the digits, and refuses what cannot be compared.
  private func tell(
    _ evidence: NumberEvidence, _ column: Int, _ notes: inout [DataNote]
  ) throws(DataError) {
    let name = quoted(columns[column])
    let currencies = evidence.currencies.sorted { $0.value < $1.value }
    if currencies.count > 1 {
      throw DataError(
        .notANumber, file: self.name, line: line(at: currencies[1].value),
        column: columns[currencies[1].value / rowCount],
        expected: "one currency in a column, \(currencies[0].key) as on the lines above",
        found: quoted(text(at: currencies[1].value)))
    }
    if let percent = evidence.firstPercent {
      if let bare = evidence.firstBare {
        throw DataError(
          .notANumber, file: self.name, line: line(at: max(bare, percent)),
          column: columns[max(bare, percent) / rowCount],
          expected: "percent signs on all numbers of a column or on none",
          found: quoted(text(at: max(bare, percent))))
      }
      notes.append(DataNote(.numbers, "numbers: \(name) is in percent, 5 % is read as 5"))
    }
    if let currency = currencies.first?.key {
      notes.append(DataNote(.numbers, "numbers: \(name) is in \(currency), which is left out"))
    }
    if !evidence.scales.isEmpty {
      let letters = evidence.scales.sorted().joined(separator: ", ")
      notes.append(
        DataNote(.numbers, "numbers: \(letters) in \(name) are read as thousands, millions or billions"))
    }
  }
}
