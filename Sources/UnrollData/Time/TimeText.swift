/// Reads single times.
package enum TimeText {
  /// A time and the way it was written.
  package struct Parsed: Equatable, Sendable {
    /// Microseconds since 1970-01-01 00:00 on the written clock; the number itself when it is an integer.
    package var ticks: Int64
    package var format: TimeFormat
  }

  /// Reads a time of any known form; nil when the text is none.
  ///
  /// `2020`, `-12`, `2020Q1`, `2020-W05`, `2020-01`, `2020-01-31`, `31.01.2020`, `01/31/2020`, and dates with a
  /// time of day: ` 13:00`, `T13:00:00.250Z`, ` 13:00:00+02:00`. A bare number stays an integer: what it counts
  /// is decided for the whole column.
  ///
  /// - Parameter order: how to read dates whose year comes last.
  package static func parse(_ bytes: [UInt8], _ range: Range<Int>, order: TimeFormat.Order) -> Parsed? {
    var cursor = Cursor(bytes: bytes, position: range.lowerBound, end: range.upperBound)
    if let number = cursor.wholeInteger() { return Parsed(ticks: number, format: TimeFormat(.integer)) }
    guard let first = cursor.number(1...4) else { return nil }
    return first.digits == 4
      ? parseYearFirst(first.value, &cursor) : parseYearLast(first, &cursor, order: order)
  }

  private static func parseYearFirst(_ year: Int, _ cursor: inout Cursor) -> Parsed? {
    let separator = cursor.take { $0 == Byte.minus || $0 == Byte.slash || $0 == Byte.dot || $0 == Byte.space }
    if cursor.take({ $0 | 0x20 == UInt8(ascii: "q") }) != nil {
      guard let quarter = cursor.number(1...1)?.value, cursor.isAtEnd, (1...4).contains(quarter),
        let date = CivilDate.valid(year: year, month: quarter * 3 - 2, day: 1)
      else { return nil }
      return parsed(date, .quarter, separator)
    }
    if cursor.take({ $0 | 0x20 == UInt8(ascii: "w") }) != nil {
      guard let week = cursor.number(2...2)?.value, cursor.isAtEnd,
        let monday = CivilDate.monday(year: year, week: week)
      else { return nil }
      return parsed(CivilDate(daysSinceEpoch: monday), .week, separator)
    }
    guard let separator, separator != Byte.space, let month = cursor.number(1...2) else { return nil }
    if cursor.isAtEnd {
      // 2020.01 is a decimal number.
      guard separator != Byte.dot, let date = CivilDate.valid(year: year, month: month.value, day: 1) else {
        return nil
      }
      var result = parsed(date, .month, separator)
      result.format.datePadding = month.padding
      return result
    }
    guard cursor.take({ $0 == separator }) != nil, let day = cursor.number(1...2),
      let date = CivilDate.valid(year: year, month: month.value, day: day.value)
    else { return nil }
    var result = parsed(date, .day, separator)
    result.format.datePadding = month.padding.combined(day.padding)
    return parseClock(&result, &cursor) ? result : nil
  }

  private static func parseYearLast(
    _ first: Cursor.Number, _ cursor: inout Cursor, order: TimeFormat.Order
  ) -> Parsed? {
    guard first.digits <= 2,
      let separator = cursor.take({ $0 == Byte.minus || $0 == Byte.slash || $0 == Byte.dot }),
      let second = cursor.number(1...2), cursor.take({ $0 == separator }) != nil,
      let year = cursor.number(4...4)
    else { return nil }
    let isDayFirst = order == .dayFirst
    let (day, month) = isDayFirst ? (first, second) : (second, first)
    guard let date = CivilDate.valid(year: year.value, month: month.value, day: day.value) else { return nil }
    var result = parsed(date, .day, separator)
    result.format.order = isDayFirst ? .dayFirst : .monthFirst
    result.format.datePadding = first.padding.combined(second.padding)
    return parseClock(&result, &cursor) ? result : nil
  }

  private static func parsed(
    _ date: CivilDate, _ resolution: TimeFormat.Resolution, _ separator: UInt8?
  ) -> Parsed {
    var format = TimeFormat(resolution)
    format.separator = separator ?? 0
    return Parsed(ticks: Timestamp(day: date.daysSinceEpoch).ticks, format: format)
  }

  /// Reads the time of day behind a date, if there is one; false when something else stands there.
  private static func parseClock(_ result: inout Parsed, _ cursor: inout Cursor) -> Bool {
    if cursor.isAtEnd { return true }
    guard let middle = cursor.take({ $0 == Byte.space || $0 | 0x20 == UInt8(ascii: "t") }),
      let hour = cursor.number(1...2), hour.value < 24, cursor.take({ $0 == Byte.colon }) != nil,
      let minute = cursor.number(2...2)?.value, minute < 60
    else { return false }
    result.format.resolution = .minute
    result.format.middle = middle
    result.format.hourPadding = hour.padding
    var seconds = hour.value * 3600 + minute * 60
    if cursor.take({ $0 == Byte.colon }) != nil {
      guard let second = cursor.number(2...2)?.value, second < 60 else { return false }
      seconds += second
      result.format.resolution = .second
      if cursor.take({ $0 == Byte.dot || $0 == Byte.comma }) != nil {
        guard let fraction = cursor.fraction() else { return false }
        result.format.resolution = .fraction
        result.format.fractionDigits = UInt8(fraction.digits)
        result.ticks += Int64(fraction.micros)
      }
    }
    result.ticks += Int64(seconds) * 1_000_000
    return parseZone(&result.format, &cursor)
  }

  private static func parseZone(_ format: inout TimeFormat, _ cursor: inout Cursor) -> Bool {
    if cursor.isAtEnd { return true }
    if cursor.take({ $0 | 0x20 == UInt8(ascii: "z") }) != nil {
      format.zone = .z
      return cursor.isAtEnd
    }
    guard let sign = cursor.take({ $0 == Byte.plus || $0 == Byte.minus }),
      let hours = cursor.pair(), hours <= 18
    else { return false }
    var minutes = 0
    format.zone = .hours
    if !cursor.isAtEnd {
      format.zone = cursor.take({ $0 == Byte.colon }) != nil ? .hoursColonMinutes : .hoursMinutes
      guard let number = cursor.number(2...2)?.value, number < 60 else { return false }
      minutes = number
    }
    format.offsetMinutes = Int16((hours * 60 + minutes) * (sign == Byte.minus ? -1 : 1))
    return cursor.isAtEnd
  }
}

/// A place in a field.
private struct Cursor {
  let bytes: [UInt8]
  var position: Int
  let end: Int

  struct Number {
    let value: Int
    let digits: Int
    /// What the number shows about leading zeros.
    var padding: TimeFormat.Padding { digits == 1 ? .none : value < 10 ? .zeros : .unknown }
  }

  var isAtEnd: Bool { position >= end }

  mutating func take(_ isWanted: (UInt8) -> Bool) -> UInt8? {
    guard position < end, isWanted(bytes[position]) else { return nil }
    position += 1
    return bytes[position - 1]
  }

  /// All digits that follow; nil when their number is out of range.
  mutating func number(_ allowed: ClosedRange<Int>) -> Number? {
    var (value, digits) = (0, 0)
    while position < end, digits <= allowed.upperBound, let digit = bytes[position].digit {
      value = value * 10 + digit
      digits += 1
      position += 1
    }
    return allowed.contains(digits) ? Number(value: value, digits: digits) : nil
  }

  /// Two digits, whatever follows.
  mutating func pair() -> Int? {
    guard position + 2 <= end, let tens = bytes[position].digit, let ones = bytes[position + 1].digit else {
      return nil
    }
    position += 2
    return tens * 10 + ones
  }

  /// Up to nine digits of a fraction of a second; digits behind the sixth are read and dropped.
  mutating func fraction() -> (micros: Int, digits: Int)? {
    guard let number = number(1...9) else { return nil }
    var micros = number.value
    for _ in number.digits..<max(6, number.digits) { micros *= 10 }
    for _ in min(6, number.digits)..<number.digits { micros /= 10 }
    return (micros, number.digits)
  }

  /// The integer that the whole field is, or nil; the cursor stays where it is.
  func wholeInteger() -> Int64? {
    var index = position
    let isNegative = index < end && bytes[index] == Byte.minus
    if isNegative { index += 1 }
    // Eighteen digits fit in 64 bits and leave room for differences.
    guard index < end, end - index <= 18 else { return nil }
    var value: Int64 = 0
    while index < end {
      guard let digit = bytes[index].digit else { return nil }
      value = value * 10 + Int64(digit)
      index += 1
    }
    return isNegative ? -value : value
  }
}

extension TimeFormat.Padding {
  /// What two numbers of one date show together: a bare digit anywhere means that zeros are not written.
  fileprivate func combined(_ other: TimeFormat.Padding) -> TimeFormat.Padding {
    TimeFormat.Padding(rawValue: Swift.max(rawValue, other.rawValue)) ?? .unknown
  }
}
