/// What the fields of a column look like, judged by at most about 2000 of them.
struct ColumnProfile {
  private(set) var looked = 0
  private(set) var present = 0
  private(set) var numbers = 0
  /// Numbers without decimals, marks or signs of currency.
  private(set) var integers = 0
  /// Numbers that may be times: whole ones, and those with a decimal point.
  private(set) var bareNumbers = 0
  private(set) var calendarTimes = 0
  /// Fields that look like times and are none that can be read.
  private(set) var timeLike = 0
  private(set) var clocks = 0
  private(set) var monthNames = 0
  private(set) var least = Int64.max
  private(set) var greatest = Int64.min
  /// The first row that has a value.
  private(set) var firstRow: Int?
  /// Whether neighbouring rows mostly differ by the same positive number.
  private(set) var isCounter = false
  /// Whether rows never go back.
  private(set) var isAscending = false
  /// How many different values the fields looked at have, up to 1000.
  private(set) var distinct = 0

  init(_ table: CSVTable, column: Int, _ missing: MissingFields) {
    let stride = max(1, table.rowCount / 2000)
    var seen = Set<ArraySlice<UInt8>>()
    for row in Swift.stride(from: 0, to: table.rowCount, by: stride) {
      look(table, row, column, missing)
      if seen.count < 1000 { seen.insert(table.bytes[table.field(row: row, column: column)]) }
    }
    distinct = seen.count
    if present == 0 {
      // A column that is nearly empty may have its values anywhere.
      for row in 0..<table.rowCount where present == 0 { look(table, row, column, missing) }
    }
    if isBareNumber { (isCounter, isAscending) = Self.counts(table, column) }
  }

  private mutating func look(_ table: CSVTable, _ row: Int, _ column: Int, _ missing: MissingFields) {
    let range = table.field(row: row, column: column)
    looked += 1
    guard !missing.contains(table.bytes, range) else { return }
    present += 1
    firstRow = firstRow ?? row
    if let number = NumericTimes.number(table.bytes, range) {
      numbers += 1
      bareNumbers += 1
      if number.format.fractionDigits == 0 {
        integers += 1
        least = min(least, number.ticks)
        greatest = max(greatest, number.ticks)
      }
      return
    }
    if let number = NumberText(table.bytes, range), number.evidence != .none { numbers += 1 }
    let candidates = TimeGuess.candidates(table.bytes, range)
    if candidates.contains(where: { TimeText.read(table.bytes, range, as: TimeFormat(fields: $0)) != nil }) {
      calendarTimes += 1
    } else if TimeText.clock(table.bytes, range) != nil {
      clocks += 1
    } else if !candidates.isEmpty || Self.looksLikeTime(table.bytes, range) {
      timeLike += 1
    }
    let name = String(decoding: table.bytes[range.prefix(40)], as: UTF8.self).lowercased()
    if CalendarWords.month(name) != nil { monthNames += 1 }
  }

  /// Two marks between numbers, or a number beside the name of a month.
  private static func looksLikeTime(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
    guard let tokens = TimeTokens(bytes, range) else { return false }
    var (numbers, marks, names) = (0, 0, 0)
    for token in tokens.tokens {
      switch token {
      case .number: numbers += 1
      case .word(let word): names += CalendarWords.month(word) == nil ? 0 : 1
      case .mark(let mark): marks += "-/.:".utf8.contains(mark) ? 1 : 0
      }
    }
    return numbers >= 1 && names >= 1 || numbers >= 3 && marks >= 2 && numbers + marks >= tokens.count - 1
  }

  private static func counts(_ table: CSVTable, _ column: Int) -> (isCounter: Bool, isAscending: Bool) {
    var differences: [Int64: Int] = [:]
    var last: Int64?
    var digits: UInt8?
    var (rows, ascents) = (0, 0)
    for row in 0..<min(table.rowCount, 2000) {
      let number = NumericTimes.number(table.bytes, table.field(row: row, column: column))
      guard let number else { continue }
      rows += 1
      // Different numbers of decimals are compared as they stand in `isAscending` alone.
      if let last, digits == number.format.fractionDigits {
        let (difference, overflows) = number.ticks.subtractingReportingOverflow(last)
        if !overflows { differences[difference, default: 0] += 1 }
        if difference >= 0 { ascents += 1 }
      } else if last != nil {
        ascents += 1
      }
      last = number.ticks
      digits = number.format.fractionDigits
    }
    let isAscending = rows > 1 && ascents == rows - 1
    guard let common = differences.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }) else {
      return (false, isAscending)
    }
    return (common.key > 0 && common.value * 10 >= (rows - 1) * 9, isAscending)
  }

  /// Mostly numbers; the few other fields will be named as errors.
  var isNumeric: Bool { present > 0 && numbers * 2 >= present && !isCalendar }
  /// Mostly times of a calendar; the few other fields will be named as errors.
  var isCalendar: Bool { present > 0 && calendarTimes * 2 >= present && calendarTimes >= bareNumbers }
  var isInteger: Bool { present > 0 && integers == present }
  /// Numbers and words, as the codes of shops and products often are.
  var isMixed: Bool { numbers > 0 && numbers + calendarTimes < present }
  /// Whether every field that was looked at has a value.
  var isWhole: Bool { present == looked }
  /// Numbers that may count something.
  var isBareNumber: Bool { present > 0 && bareNumbers == present }
  var isClock: Bool { present > 0 && clocks * 2 >= present }
  var isMonthName: Bool { present > 0 && monthNames == present }
  var isTimeLike: Bool { present > 0 && timeLike * 2 >= present }
  var isText: Bool { present > 0 && !isNumeric && !isCalendar }

  /// Whether all values may be a part of a time.
  func mayBe(_ part: TimePart) -> Bool {
    switch part {
    case .date: return isCalendar
    case .clock: return isClock
    case .month where isMonthName: return true
    case .quarter where isText: return true
    default:
      guard isInteger, let range = part.numbers else { return false }
      return range.contains(least) && range.contains(greatest)
    }
  }
}
