/// How times are written, so that a forecast's times are written like the input's.
///
/// It is saved as the pattern of its pieces (`%Y-%m-%d %H:%M`), see `init(pattern:)`, or as words for times
/// that are numbers: `step`, `unix seconds`, `excel days`.
public struct TimeFormat: Hashable, Sendable {
  /// What the text tells, from coarse to fine; the kinds of bare numbers are told apart by a whole column.
  package enum Resolution: UInt8, Sendable {
    case integer, step, unixSeconds, unixMilliseconds, unixMicroseconds, unixNanoseconds, excelDays
    case decimalYear, year, half, quarter, month, week, day, hour, minute, second, fraction
  }

  /// The order of a date's parts.
  package enum Order: UInt8, Sendable { case yearFirst, dayFirst, monthFirst }

  /// Whether numbers below ten have a leading zero; unknown when none was seen.
  package enum Padding: UInt8, Sendable { case unknown, zeros, none }

  /// How the difference to universal time is written.
  package enum Zone: UInt8, Sendable { case none, z, hoursColonMinutes, hoursMinutes, hours, name }

  /// What a bare number counts; nil for times that are made of pieces.
  package var number: Resolution?
  /// The pieces of a time, in the order of the page; empty for bare numbers.
  package var fields: [TimeField] = []
  /// Whether a person stated the pieces: nothing else is read then.
  package var isStated = false

  package var dayPadding: Padding = .unknown
  package var monthPadding: Padding = .unknown
  package var hourPadding: Padding = .unknown
  /// Digits behind the point of seconds, of numbered steps or of another bare number.
  package var fractionDigits: UInt8 = 0
  /// What stands before a fraction of a second.
  package var fractionMark: UInt8 = Byte.dot
  package var zone: Zone = .none
  /// The name of the time zone as it was written first.
  package var zoneName = ""
  /// Minutes ahead of universal time, when a zone is written.
  package var offsetMinutes: Int16 = 0
  /// Where in a month of a decimal year the values lie, in ten thousandths of a year.
  package var phase: Int16 = 0
  var monthStyle = NameStyle()
  var weekdayStyle = NameStyle()
  /// How AM and PM are written: `AM`, `am`, `a.m.`, `A`.
  var meridiemStyle = MeridiemStyle()

  /// A format of pieces.
  package init(fields: [TimeField]) { self.fields = fields }

  /// A bare number of a kind.
  package init(number: Resolution) { self.number = number }

  /// Numbered steps.
  public static let step = TimeFormat(number: .step)
  /// `2020-01-31`
  public static let day = TimeFormat.dashed([])
  /// `2020-01`
  public static let month = TimeFormat(fields: [.year, .literal(Byte.minus), .month])
  /// `2020-01-31 13:00`
  public static let minute = TimeFormat.dashed([.literal(Byte.space), .hour, .literal(Byte.colon), .minute])
  /// `2020-01-31 13:00:00`
  public static let second = TimeFormat.dashed([
    .literal(Byte.space), .hour, .literal(Byte.colon), .minute, .literal(Byte.colon), .second,
  ])
  /// `2020`
  static let year = TimeFormat(fields: [.year])
  /// `2020Q1`
  static let quarter = TimeFormat(fields: [.year, .literal(UInt8(ascii: "Q")), .quarter])

  private static func dashed(_ clock: [TimeField]) -> TimeFormat {
    TimeFormat(fields: [.year, .literal(Byte.minus), .month, .literal(Byte.minus), .day] + clock)
  }

  /// Whether the times are moments of a calendar, not numbers of steps.
  package var isCalendar: Bool { resolution != .step && resolution != .integer }

  /// Whether times are bare numbers on the page.
  package var isNumber: Bool {
    number != nil
      || fields.allSatisfy { field in
        if case .literal = field { return false }
        return field != .monthName && field != .weekdayName && field != .zone && field != .meridiem
      }
  }

  /// The finest thing that the text tells.
  package var resolution: Resolution {
    if let number { return number }
    if fields.contains(.second) { return fractionDigits > 0 ? .fraction : .second }
    if fields.contains(.minute) { return .minute }
    if fields.contains(.hour) || fields.contains(.hour12) { return .hour }
    if fields.contains(.day) || fields.contains(.dayOfYear) || fields.contains(.weekday) { return .day }
    if fields.contains(.week) { return .week }
    if fields.contains(.month) || fields.contains(.monthName) { return .month }
    if fields.contains(.quarter) { return .quarter }
    return fields.contains(.half) ? .half : .year
  }

  /// The order of year, month and day.
  package var order: Order {
    let parts = fields.compactMap { field -> Order? in
      switch field {
      case .year, .shortYear, .weekYear: .yearFirst
      case .month, .monthName, .quarter, .half, .week: .monthFirst
      case .day: .dayFirst
      default: nil
      }
    }
    return parts.first ?? .yearFirst
  }

  /// The format that times of a frequency are written in when there is no example.
  package static func standard(for frequency: Frequency) -> TimeFormat {
    switch frequency.unit {
    case .step: .step
    case .millisecond:
      {
        var format = TimeFormat.second
        format.fractionDigits = 3
        return format
      }()
    case .second: .second
    case .minute, .hour: .minute
    case .day, .businessDay, .week: .day
    case .month: .month
    case .quarter: .quarter
    case .year: .year
    }
  }

  /// Takes in what another time of the same pieces shows about the way they are written.
  mutating func learn(_ other: TimeFormat) {
    if self == other { return }
    fractionDigits = max(fractionDigits, other.fractionDigits)
    dayPadding = dayPadding.combined(other.dayPadding)
    monthPadding = monthPadding.combined(other.monthPadding)
    hourPadding = hourPadding.combined(other.hourPadding)
    monthStyle.merge(other.monthStyle)
    weekdayStyle.merge(other.weekdayStyle)
  }
}

extension TimeFormat.Padding {
  /// What two numbers show together: a bare digit anywhere means that zeros are not written.
  func combined(_ other: TimeFormat.Padding) -> TimeFormat.Padding {
    TimeFormat.Padding(rawValue: Swift.max(rawValue, other.rawValue)) ?? .unknown
  }
}

/// How AM and PM are written.
struct MeridiemStyle: Hashable, Sendable {
  var isUpper = true
  var hasDots = false
  var isOneLetter = false
  /// Whether `field` holds AM or PM at a position, in which style, and where it ends.
  static func read(
    _ bytes: [UInt8], _ position: Int, _ end: Int
  ) -> (isAfternoon: Bool, style: MeridiemStyle, next: Int)? {
    guard position < end else { return nil }
    let letter = bytes[position]
    guard letter | 0x20 == UInt8(ascii: "a") || letter | 0x20 == UInt8(ascii: "p") else { return nil }
    var style = MeridiemStyle(isUpper: letter & 0x20 == 0)
    var next = position + 1
    if next < end, bytes[next] == Byte.dot {
      style.hasDots = true
      next += 1
    }
    if next < end, bytes[next] | 0x20 == UInt8(ascii: "m") {
      next += 1
      if style.hasDots, next < end, bytes[next] == Byte.dot { next += 1 }
    } else {
      style.isOneLetter = true
    }
    if next < end, bytes[next].isLetter { return nil }
    return (letter | 0x20 == UInt8(ascii: "p"), style, next)
  }

  func text(isAfternoon: Bool) -> String {
    let first = isAfternoon ? "p" : "a"
    let word = isOneLetter ? first + (hasDots ? "." : "") : hasDots ? first + ".m." : first + "m"
    return isUpper ? word.uppercased() : word
  }
}

extension UInt8 {
  /// A letter of ASCII, or a byte of a character beyond it.
  var isLetter: Bool { (0x61...0x7A).contains(self | 0x20) && self < 0x80 || self >= 0x80 }
}
