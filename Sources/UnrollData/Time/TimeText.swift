/// Reads single times.
package enum TimeText {
  /// A time and the way it was written.
  package struct Parsed: Equatable, Sendable {
    /// Microseconds since 1970-01-01 00:00 on the written clock; the digits of a bare number, see `format`'s
    /// `fractionDigits`.
    package var ticks: Int64
    package var format: TimeFormat
  }

  /// Reads a time of any known form; nil when the text is none.
  ///
  /// `2020`, `-12`, `0.25`, `2020Q1`, `Q1 2020`, `2020-W05`, `2020M01`, `2020-01`, `01/2020`, `Jan-20`,
  /// `2020-01-31`, `31.01.2020`, `01/31/20`, `31-Jan-2020`, `January 31, 2020`, and dates with a time of day:
  /// ` 13:00`, `T13:00:00.250Z`, ` 1:00 PM`, ` 13:00:00+02:00`. A bare number stays one: what it counts is
  /// decided for the whole column.
  ///
  /// - Parameter order: how to read dates whose order is open.
  package static func parse(_ bytes: [UInt8], _ range: Range<Int>, order: TimeFormat.Order) -> Parsed? {
    if let number = NumericTimes.number(bytes, range) { return number }
    for fields in TimeGuess.candidates(bytes, range) {
      guard let parsed = read(bytes, range, as: TimeFormat(fields: fields)) else { continue }
      // The year may stand first or last; day and month are open where both are numbers.
      if TimeGuess.isOpen(fields), TimeFormat(fields: fields).order != order, order != .yearFirst { continue }
      return parsed
    }
    return nil
  }

  /// Reads a time of a given form; nil when the text has another.
  ///
  /// Leading zeros, the length of fractions and of names and the offset from universal time may differ; the
  /// format of the result says what they are.
  package static func read(_ bytes: [UInt8], _ range: Range<Int>, as format: TimeFormat) -> Parsed? {
    var reader = TimeReader(bytes: bytes, position: range.lowerBound, end: range.upperBound, format: format)
    guard reader.readAll(), let ticks = reader.parts.ticks else { return nil }
    return Parsed(ticks: ticks, format: reader.format)
  }

  /// Microseconds since midnight of a time of day, such as `17:00`, `5:00 PM` or `17:00:00.25`.
  static func clock(_ bytes: [UInt8], _ range: Range<Int>) -> (ticks: Int64, format: TimeFormat)? {
    for fields in TimeGuess.clockCandidates(bytes, range) {
      var reader = TimeReader(
        bytes: bytes, position: range.lowerBound, end: range.upperBound, format: TimeFormat(fields: fields))
      if reader.readAll(), let ticks = reader.parts.ticksOfDay { return (ticks, reader.format) }
    }
    return nil
  }
}

/// Reads the pieces of a time one after the other.
struct TimeReader {
  let bytes: [UInt8]
  var position: Int
  let end: Int
  /// The pieces to read, and what was seen of the way they are written.
  var format: TimeFormat
  var parts = TimeParts()

  init(bytes: [UInt8], position: Int, end: Int, format: TimeFormat) {
    (self.bytes, self.position, self.end) = (bytes, position, end)
    self.format = format
    // What this one time shows; a stated format also says how times are to be written.
    if !format.isStated {
      self.format.dayPadding = .unknown
      self.format.monthPadding = .unknown
      self.format.hourPadding = .unknown
      self.format.fractionDigits = 0
      self.format.monthStyle = NameStyle()
      self.format.weekdayStyle = NameStyle()
    }
  }

  mutating func readAll() -> Bool {
    for index in format.fields.indices { guard read(format.fields[index]) else { return false } }
    return position == end
  }

  private mutating func read(_ field: TimeField) -> Bool {
    switch field {
    case .literal(let byte): return literal(byte)
    case .year, .weekYear: return set(number(4, exactly: true)?.value) { $0.year = $1 }
    case .shortYear:
      return set(number(2, exactly: !format.isStated)?.value) { $0.year = TimeParts.year(ofTwoDigits: $1) }
    case .month:
      guard let month = number(2) else { return false }
      if !format.isStated { format.monthPadding = month.padding }
      parts.month = month.value
      return (1...12).contains(month.value)
    case .monthName: return monthName()
    case .day:
      guard let day = number(2) else { return false }
      if !format.isStated { format.dayPadding = day.padding }
      parts.day = day.value
      return true
    case .ordinal: return ordinal()
    case .dayOfYear: return set(number(3, exactly: true)?.value) { $0.dayOfYear = $1 }
    case .weekdayName: return weekdayName()
    case .weekday:
      guard let day = number(1)?.value, (1...7).contains(day) else { return false }
      parts.weekday = day - 1
      return true
    case .quarter:
      guard let quarter = number(1)?.value, (1...4).contains(quarter) else { return false }
      parts.month = quarter * 3 - 2
      return true
    case .half:
      guard let half = number(1)?.value, (1...2).contains(half) else { return false }
      parts.month = half * 6 - 5
      return true
    case .week:
      guard let week = number(2) else { return false }
      if !format.isStated { format.dayPadding = week.padding }
      parts.week = week.value
      return true
    case .hour, .hour12:
      guard let hour = number(2) else { return false }
      if !format.isStated { format.hourPadding = hour.padding }
      parts.hour = hour.value
      return true
    case .minute: return set(number(2, exactly: true)?.value) { $0.minute = $1 }
    case .second: return second()
    case .meridiem: return meridiem()
    case .zone: return zone()
    }
  }

  private mutating func set(_ value: Int?, _ body: (inout TimeParts, Int) -> Void) -> Bool {
    guard let value else { return false }
    body(&parts, value)
    return true
  }

  private mutating func literal(_ byte: UInt8) -> Bool {
    if byte == Byte.space {
      let start = position
      while let length = Blanks.length(bytes, position, end) { position += length }
      return position > start
    }
    guard position < end else { return false }
    // Letters between numbers, such as T and Q, may have either case.
    let isSame =
      bytes[position] == byte
      || (!format.isStated && byte < 0x80 && byte.isLetter && bytes[position] ^ byte == 0x20)
    if isSame { position += 1 }
    return isSame
  }

  struct Number {
    let value: Int
    let digits: Int
    /// What the number shows about leading zeros.
    var padding: TimeFormat.Padding { digits == 1 ? .none : value < 10 ? .zeros : .unknown }
  }

  /// As many digits as follow, at most `limit`.
  private mutating func number(_ limit: Int, exactly: Bool = false) -> Number? {
    var (value, digits) = (0, 0)
    while position < end, digits < limit, let digit = bytes[position].digit {
      value = value * 10 + digit
      digits += 1
      position += 1
    }
    return digits == 0 || (exactly && digits < limit) ? nil : Number(value: value, digits: digits)
  }

  private mutating func second() -> Bool {
    guard let second = number(2, exactly: true)?.value else { return false }
    parts.second = second
    let allowsFraction = !format.isStated || format.fractionDigits > 0
    guard allowsFraction, position + 1 < end, bytes[position] == Byte.dot || bytes[position] == Byte.comma,
      bytes[position + 1].digit != nil
    else { return true }
    if !format.isStated { format.fractionMark = bytes[position] }
    position += 1
    // Up to nine digits; those behind the sixth are read and dropped.
    guard let fraction = number(9) else { return false }
    var micros = fraction.value
    for _ in fraction.digits..<max(6, fraction.digits) { micros *= 10 }
    for _ in min(6, fraction.digits)..<fraction.digits { micros /= 10 }
    parts.micros = micros
    if !format.isStated { format.fractionDigits = UInt8(fraction.digits) }
    return true
  }

  /// The word that starts here, in lower case.
  private func word() -> (text: String, end: Int)? {
    var next = position
    while next < end, next - position < 40, bytes[next].isLetter { next += 1 }
    guard next > position else { return nil }
    return (String(decoding: bytes[position..<next], as: UTF8.self).lowercased(), next)
  }

  private mutating func monthName() -> Bool {
    guard let (text, next) = word(), let name = CalendarWords.month(text) else { return false }
    var style = NameStyle(name, written: bytes[position..<next])
    parts.month = name.number
    position = next
    // `Jan. 5`, but not `01.Jan.2020`.
    if !format.isStated, position < end, bytes[position] == Byte.dot,
      position + 1 == end || bytes[position + 1] == Byte.comma
        || Blanks.length(bytes, position + 1, end) != nil
    {
      style.hasDot = true
      position += 1
    }
    if format.isStated { format.monthStyle.merge(style) } else { format.monthStyle = style }
    return true
  }

  private mutating func weekdayName() -> Bool {
    guard let (text, next) = word(), let name = CalendarWords.weekday(text) else { return false }
    let style = NameStyle(name, written: bytes[position..<next])
    if format.isStated { format.weekdayStyle.merge(style) } else { format.weekdayStyle = style }
    parts.weekday = name.number
    position = next
    return true
  }

  private mutating func ordinal() -> Bool {
    guard let (text, next) = word(), ["st", "nd", "rd", "th"].contains(text) else { return false }
    position = next
    return true
  }

  private mutating func meridiem() -> Bool {
    guard let (isAfternoon, style, next) = MeridiemStyle.read(bytes, position, end) else { return false }
    parts.isAfternoon = isAfternoon
    format.meridiemStyle = style
    position = next
    return true
  }

  /// `Z`, `+02:00`, `+0200`, `+02`, `UTC`, `CET`.
  private mutating func zone() -> Bool {
    guard position < end else { return false }
    if let (text, next) = word() {
      guard let offset = text == "z" ? 0 : ZoneNames.offset(text) else { return false }
      format.zone = text == "z" ? .z : .name
      format.zoneName = String(decoding: bytes[position..<next], as: UTF8.self)
      format.offsetMinutes = Int16(offset)
      position = next
      return true
    }
    let sign = bytes[position]
    guard sign == Byte.plus || sign == Byte.minus else { return false }
    position += 1
    guard let hours = number(2, exactly: true)?.value, hours <= 18 else { return false }
    var minutes = 0
    format.zone = .hours
    if position < end, bytes[position] == Byte.colon || bytes[position].digit != nil {
      format.zone = bytes[position] == Byte.colon ? .hoursColonMinutes : .hoursMinutes
      if bytes[position] == Byte.colon { position += 1 }
      guard let number = number(2, exactly: true)?.value, number < 60 else { return false }
      minutes = number
    }
    format.offsetMinutes = Int16((hours * 60 + minutes) * (sign == Byte.minus ? -1 : 1))
    return true
  }
}
