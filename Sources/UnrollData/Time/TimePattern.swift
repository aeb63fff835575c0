/// Formats stated as a pattern, in the manner of `strptime`.
///
/// | piece | stands for |
/// |---|---|
/// | `%Y`, `%y` | a year of four digits, of two (1930 to 2029) |
/// | `%m`, `%b`, `%B` | a month as a number, as a short name, as a whole one (names of several languages) |
/// | `%d`, `%j` | the day of the month, of the year |
/// | `%H`, `%I`, `%p` | hours from 0 to 23, of a clock with AM and PM, and `AM` or `PM` |
/// | `%M`, `%S` | minutes, seconds |
/// | `.%f`, `.%3f` | behind `%S`: a fraction of a second of up to nine digits |
/// | `%z`, `%Z` | a difference to universal time (`+02:00`, `+0200`, `+02`, `Z`), the name of a zone |
/// | `%a`, `%A`, `%u` | the day of the week as a short name, a whole one, a number from Monday as 1 |
/// | `%G`, `%V` | the year and the number of an ISO 8601 week |
/// | `%q`, `%O` | the quarter, the half of the year |
/// | `%F`, `%T`, `%R` | `%Y-%m-%d`, `%H:%M:%S`, `%H:%M` |
/// | `%-d`, `%-m`, `%-H`, … | the same number, written without a leading zero |
/// | `%%` | a percent sign |
///
/// A space stands for any number of blanks, every other character for itself. Numbers are read with and
/// without leading zeros. Instead of a pattern, words say what bare numbers count: `step`, `unix seconds`,
/// `unix milliseconds`, `unix microseconds`, `unix nanoseconds`, `excel days`, `decimal year`; ` .3` behind
/// them says how many digits are written behind the point.
extension TimeFormat {
  /// Reads a pattern; only what it describes is then read as a time.
  ///
  /// - Throws: `TimePatternError`, which says which piece is unknown or missing.
  public init(pattern: String) throws(TimePatternError) {
    if let words = TimeFormat(words: pattern) {
      self = words
      isStated = true
      return
    }
    var reader = PatternReader(pattern: Array(pattern.utf8))
    try reader.readAll()
    self = reader.format
    isStated = true
    try check(pattern)
  }

  /// The pattern that stands for this format.
  public var pattern: String {
    if let number { return Self.words(number) + numberSuffix }
    var bytes: [UInt8] = []
    for field in fields {
      if case .literal(let byte) = field, byte >= 0x80 {
        bytes.append(byte)
      } else {
        bytes += patternPiece(field).utf8
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private var numberSuffix: String {
    guard fractionDigits > 0 else { return "" }
    return " .\(fractionDigits)" + (phase == 0 ? "" : " \(phase)")
  }

  private func patternPiece(_ field: TimeField) -> String {
    func number(_ letter: String, _ padding: Padding) -> String { (padding == .none ? "%-" : "%") + letter }
    return switch field {
    case .literal(let byte): byte == UInt8(ascii: "%") ? "%%" : String(decoding: [byte], as: UTF8.self)
    case .year: "%Y"
    case .shortYear: "%y"
    case .weekYear: "%G"
    case .month: number("m", monthPadding == .unknown ? dayPadding : monthPadding)
    case .monthName: monthStyle.length == .long ? "%B" : "%b"
    case .day: number("d", likelyDayPadding)
    case .ordinal: "%~"
    case .dayOfYear: "%j"
    case .weekdayName: weekdayStyle.length == .long ? "%A" : "%a"
    case .weekday: "%u"
    case .quarter: "%q"
    case .half: "%O"
    case .week: number("V", dayPadding)
    case .hour: number("H", hourPadding)
    case .hour12: number("I", hourPadding)
    case .meridiem: "%p"
    case .minute: "%M"
    case .second:
      fractionDigits == 0
        ? "%S" : "%S" + String(decoding: [fractionMark], as: UTF8.self) + "%\(fractionDigits)f"
    case .zone: zone == .name ? "%Z" : "%z"
    }
  }

  /// A pattern must say which year it is, and say nothing twice.
  private func check(_ pattern: String) throws(TimePatternError) {
    let pieces = fields.filter { if case .literal = $0 { false } else { true } }
    if Set(pieces).count < pieces.count {
      throw TimePatternError(pattern: pattern, statement: "a piece occurs twice")
    }
    let hasYear = pieces.contains { $0 == .year || $0 == .shortYear || $0 == .weekYear }
    guard hasYear else {
      throw TimePatternError(pattern: pattern, statement: "the year is missing (%Y or %y)")
    }
    let hasMonth = pieces.contains(.month) || pieces.contains(.monthName)
    if pieces.contains(.day), !hasMonth {
      throw TimePatternError(pattern: pattern, statement: "the month is missing beside the day (%m or %b)")
    }
    if pieces.contains(.hour12), !pieces.contains(.meridiem) {
      throw TimePatternError(pattern: pattern, statement: "%I needs %p beside it; hours from 0 to 23 are %H")
    }
    if pieces.contains(.meridiem), !pieces.contains(.hour12) {
      throw TimePatternError(pattern: pattern, statement: "%p needs %I beside it")
    }
  }
}

/// What is wrong with the pattern of a time.
public struct TimePatternError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The pattern as it was given.
  public let pattern: String
  let statement: String

  public var description: String {
    "the pattern of times \(quoted(pattern)): \(statement); expected pieces such as %Y-%m-%d, %d.%m.%y or %b %Y"
  }
}

/// Turns a pattern into pieces.
private struct PatternReader {
  let pattern: [UInt8]
  var position = 0
  var format = TimeFormat(fields: [])

  mutating func readAll() throws(TimePatternError) {
    guard pattern.count <= 200 else { throw error("it is longer than 200 bytes") }
    while position < pattern.count {
      let byte = pattern[position]
      position += 1
      if byte == UInt8(ascii: "%") {
        try directive()
      } else if byte == Byte.space || byte == Byte.tab {
        if format.fields.last != .literal(Byte.space) { format.fields.append(.literal(Byte.space)) }
      } else {
        format.fields.append(.literal(byte))
      }
    }
  }

  private func error(_ statement: String) -> TimePatternError {
    TimePatternError(pattern: String(decoding: pattern, as: UTF8.self), statement: statement)
  }

  private mutating func directive() throws(TimePatternError) {
    var isBare = false
    if position < pattern.count, pattern[position] == Byte.minus {
      isBare = true
      position += 1
    }
    var digits: Int?
    if position < pattern.count, let digit = pattern[position].digit {
      digits = digit
      position += 1
    }
    guard position < pattern.count else { throw error("it ends behind %") }
    let letter = pattern[position]
    position += 1
    if letter == UInt8(ascii: "f") { return try fraction(digits ?? 6) }
    guard digits == nil, let fields = Self.fields(letter) else {
      throw error("%\(letter < 0x80 ? String(decoding: [letter], as: UTF8.self) : "…") is no piece of a time")
    }
    for field in fields { format.fields.append(field) }
    note(letter, isBare)
  }

  /// A fraction belongs to its seconds.
  private mutating func fraction(_ digits: Int) throws(TimePatternError) {
    guard format.fields.count >= 2, format.fields[format.fields.count - 2] == .second,
      case .literal(let mark)? = format.fields.last, mark == Byte.dot || mark == Byte.comma, digits >= 1
    else { throw error("%f stands behind %S and a point or a comma") }
    format.fields.removeLast()
    format.fractionMark = mark
    format.fractionDigits = UInt8(digits)
  }

  private mutating func note(_ letter: UInt8, _ isBare: Bool) {
    let padding: TimeFormat.Padding = isBare ? .none : .zeros
    switch letter {
    case UInt8(ascii: "m"): format.monthPadding = padding
    case UInt8(ascii: "d"), UInt8(ascii: "V"): format.dayPadding = padding
    case UInt8(ascii: "H"), UInt8(ascii: "I"): format.hourPadding = padding
    case UInt8(ascii: "b"): format.monthStyle.length = .short
    case UInt8(ascii: "B"): format.monthStyle.length = .long
    case UInt8(ascii: "a"): format.weekdayStyle.length = .short
    case UInt8(ascii: "A"): format.weekdayStyle.length = .long
    case UInt8(ascii: "z"): format.zone = .hoursColonMinutes
    case UInt8(ascii: "Z"): format.zone = .name
    default: break
    }
  }

  private static func fields(_ letter: UInt8) -> [TimeField]? {
    let dash = TimeField.literal(Byte.minus)
    let colon = TimeField.literal(Byte.colon)
    return switch letter {
    case UInt8(ascii: "Y"): [.year]
    case UInt8(ascii: "y"): [.shortYear]
    case UInt8(ascii: "G"): [.weekYear]
    case UInt8(ascii: "m"): [.month]
    case UInt8(ascii: "b"), UInt8(ascii: "B"), UInt8(ascii: "h"): [.monthName]
    case UInt8(ascii: "d"), UInt8(ascii: "e"): [.day]
    case UInt8(ascii: "~"): [.ordinal]
    case UInt8(ascii: "j"): [.dayOfYear]
    case UInt8(ascii: "a"), UInt8(ascii: "A"): [.weekdayName]
    case UInt8(ascii: "u"): [.weekday]
    case UInt8(ascii: "q"): [.quarter]
    case UInt8(ascii: "O"): [.half]
    case UInt8(ascii: "V"): [.week]
    case UInt8(ascii: "H"), UInt8(ascii: "k"): [.hour]
    case UInt8(ascii: "I"), UInt8(ascii: "l"): [.hour12]
    case UInt8(ascii: "p"): [.meridiem]
    case UInt8(ascii: "M"): [.minute]
    case UInt8(ascii: "S"): [.second]
    case UInt8(ascii: "z"), UInt8(ascii: "Z"): [.zone]
    case UInt8(ascii: "F"): [.year, dash, .month, dash, .day]
    case UInt8(ascii: "T"): [.hour, colon, .minute, colon, .second]
    case UInt8(ascii: "R"): [.hour, colon, .minute]
    case UInt8(ascii: "%"): [.literal(UInt8(ascii: "%"))]
    default: nil
    }
  }
}

// MARK: - Words for bare numbers, and saving

extension TimeFormat {
  private static let words: [(Resolution, String)] = [
    (.step, "step"), (.unixSeconds, "unix seconds"), (.unixMilliseconds, "unix milliseconds"),
    (.unixMicroseconds, "unix microseconds"), (.unixNanoseconds, "unix nanoseconds"),
    (.excelDays, "excel days"), (.decimalYear, "decimal year"),
  ]

  private static func words(_ number: Resolution) -> String {
    words.first { $0.0 == number }?.1 ?? "step"
  }

  /// The format of a bare number: its words, and perhaps digits behind the point and a phase.
  private init?(words text: String) {
    guard let (number, name) = Self.words.first(where: { text == $0.1 || text.hasPrefix($0.1 + " .") })
    else { return nil }
    self.init(number: number)
    let rest = text.dropFirst(name.count).split(separator: " ")
    guard rest.count <= 2 else { return nil }
    if let digits = rest.first {
      guard let count = UInt8(digits.dropFirst()), (1...15).contains(count) else { return nil }
      fractionDigits = count
    }
    if rest.count == 2 {
      guard let phase = Int16(rest[1]) else { return nil }
      self.phase = phase
    }
  }

  /// 2003-01-31 09:05:07: a day that cannot be a month, and parts that show their padding.
  private static let exampleTime = Timestamp(
    day: CivilDate(year: 2003, month: 1, day: 31).daysSinceEpoch,
    ticksOfDay: (9 * 3600 + 5 * 60 + 7) * 1_000_000)

  /// The last day of January 2003 at 09:05:07, written in the format, for people.
  package var example: String { number == nil ? text(Self.exampleTime) : Self.words(number ?? .step) }

  /// The format of a pattern, of words, or of the example that older models hold.
  package init?(example: String) {
    if let words = TimeFormat(words: example) {
      self = words
      return
    }
    if example.contains("%") {
      guard var format = try? TimeFormat(pattern: example) else { return nil }
      format.isStated = false
      self = format
      return
    }
    let olderWords: [(String, TimeFormat)] = [
      ("20030131", TimeFormat(fields: [.year, .month, .day])), ("2003", .year),
    ]
    if let known = olderWords.first(where: { $0.0 == example }) {
      self = known.1
      return
    }
    let bytes = Array(example.utf8)
    let parsed =
      TimeText.parse(bytes, 0..<bytes.count, order: .monthFirst)
      ?? TimeText.parse(bytes, 0..<bytes.count, order: .dayFirst)
    guard let parsed, parsed.format.resolution != .integer else { return nil }
    self = parsed.format
  }
}

extension TimeFormat: Codable {
  private static let languageCodes = ["en", "de", "fr", "es", "it", "pt", "nl"]

  /// The pattern; where that does not tell all, an example, the language of names and whether it was stated,
  /// with tabs between, which no pattern holds.
  private var saved: String {
    guard number == nil else { return isStated ? "\(pattern)\t\t\texactly" : pattern }
    let hasNames = fields.contains(.monthName) || fields.contains(.weekdayName)
    guard hasNames || isStated || zone != .none || fields.contains(.meridiem) else { return pattern }
    let language = hasNames ? Self.languageCodes[monthStyle.languages.first] : ""
    return "\(pattern)\t\(example)\t\(language)\t\(isStated ? "exactly" : "")"
  }

  private init?(saved: String) {
    let parts = saved.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 4 else {
      guard parts.count == 1, let format = TimeFormat(example: saved) else { return nil }
      self = format
      return
    }
    guard var format = TimeFormat(example: parts[0]) else { return nil }
    let example = Array(parts[1].utf8)
    if format.number == nil, let time = TimeText.read(example, 0..<example.count, as: format) {
      // The example shows how the pieces are written.
      let pattern = format
      format = time.format
      format.monthStyle.length = pattern.monthStyle.length
      format.weekdayStyle.length = pattern.weekdayStyle.length
      format.fractionDigits = pattern.fractionDigits
      format.dayPadding = pattern.dayPadding
      format.monthPadding = pattern.monthPadding
      format.hourPadding = pattern.hourPadding
    }
    if let language = Self.languageCodes.firstIndex(of: parts[2]) {
      format.monthStyle.languages = CalendarWords.Languages(index: language)
      format.weekdayStyle.languages = CalendarWords.Languages(index: language)
    }
    format.isStated = parts[3] == "exactly"
    self = format
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let format = TimeFormat(saved: text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "\(quoted(text)) is no format of a time")
    }
    self = format
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(saved)
  }
}
