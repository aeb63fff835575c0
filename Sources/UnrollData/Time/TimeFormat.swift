/// How times are written, so that a forecast's times are written like the input's.
///
/// It is saved as an example: the last day of January 2003 at 09:05:07, written in the format.
public struct TimeFormat: Hashable, Sendable {
  /// What the text tells, from coarse to fine; the integer kinds are told apart by a whole column.
  package enum Resolution: UInt8, Sendable {
    case integer, step, unixSeconds, unixMilliseconds, compactDay
    case year, quarter, month, week, day, minute, second, fraction
  }

  /// The order of a date's parts.
  package enum Order: UInt8, Sendable { case yearFirst, dayFirst, monthFirst }

  /// Whether numbers below ten have a leading zero; unknown when none was seen.
  package enum Padding: UInt8, Sendable { case unknown, zeros, none }

  /// How the difference to universal time is written.
  package enum Zone: UInt8, Sendable { case none, z, hoursColonMinutes, hoursMinutes, hours }

  package var resolution: Resolution
  package var order: Order = .yearFirst
  /// Between a date's parts; 0 when there is nothing between.
  package var separator: UInt8 = 0
  /// Between date and time of day.
  package var middle: UInt8 = UInt8(ascii: " ")
  package var datePadding: Padding = .unknown
  package var hourPadding: Padding = .unknown
  package var fractionDigits: UInt8 = 0
  package var zone: Zone = .none
  /// Minutes ahead of universal time, when a zone is written.
  package var offsetMinutes: Int16 = 0

  package init(_ resolution: Resolution) { self.resolution = resolution }

  /// Numbered steps.
  public static let step = TimeFormat(.step)
  /// `2020-01-31`
  public static let day = TimeFormat.dashed(.day)
  /// `2020-01`
  public static let month = TimeFormat.dashed(.month)
  /// `2020-01-31 13:00`
  public static let minute = TimeFormat.dashed(.minute)
  /// `2020-01-31 13:00:00`
  public static let second = TimeFormat.dashed(.second)

  private static func dashed(_ resolution: Resolution) -> TimeFormat {
    var format = TimeFormat(resolution)
    format.separator = Byte.minus
    return format
  }

  /// Whether the times are moments of a calendar, not numbers of steps.
  package var isCalendar: Bool { resolution != .step && resolution != .integer }

  /// The format that times of a frequency are written in when there is no example.
  package static func standard(for frequency: Frequency) -> TimeFormat {
    switch frequency.unit {
    case .step: .step
    case .millisecond:
      {
        var format = TimeFormat.dashed(.fraction)
        format.fractionDigits = 3
        return format
      }()
    case .second: .second
    case .minute, .hour: .minute
    case .day, .businessDay, .week: .day
    case .month: .month
    case .quarter: TimeFormat(.quarter)
    case .year: TimeFormat(.year)
    }
  }

  /// Takes in what another value of the same column shows; false when it is written in another way.
  ///
  /// Fractions may have different lengths, numbers may show or not show their padding, and offsets from
  /// universal time may change; `offsetMinutes` keeps the first.
  mutating func merge(_ other: TimeFormat) -> Bool {
    if self == other { return true }
    var (mine, theirs) = (self, other)
    mine.normalise()
    theirs.normalise()
    guard mine == theirs else { return false }
    fractionDigits = max(fractionDigits, other.fractionDigits)
    if other.datePadding.rawValue > datePadding.rawValue { datePadding = other.datePadding }
    if other.hourPadding.rawValue > hourPadding.rawValue { hourPadding = other.hourPadding }
    if resolution == .second { resolution = other.resolution }
    return true
  }

  private mutating func normalise() {
    fractionDigits = 0
    datePadding = .unknown
    hourPadding = .unknown
    offsetMinutes = 0
    if resolution == .fraction { resolution = .second }
  }
}

// MARK: - Writing

extension TimeFormat {
  /// A time, written in this format.
  public func text(_ time: Timestamp) -> String {
    let date = time.date
    switch resolution {
    case .integer, .step: return String(time.ticks)
    case .unixSeconds: return String(floorDivide(time.ticks, 1_000_000))
    case .unixMilliseconds: return String(floorDivide(time.ticks, 1000))
    case .compactDay: return padded(date.year, 4) + padded(date.month, 2) + padded(date.day, 2)
    case .year: return padded(date.year, 4)
    case .quarter: return padded(date.year, 4) + separatorText + "Q\((date.month - 1) / 3 + 1)"
    case .week:
      let week = CivilDate.isoWeek(daysSinceEpoch: time.day)
      return padded(week.year, 4) + separatorText + "W" + padded(week.week, 2)
    case .month: return padded(date.year, 4) + separatorText + padded(date.month, datePadding)
    case .day: return dateText(date)
    case .minute, .second, .fraction:
      return dateText(date) + String(Unicode.Scalar(middle)) + clockText(time.ticksOfDay) + zoneText
    }
  }

  private var separatorText: String { separator == 0 ? "" : String(Unicode.Scalar(separator)) }

  private func dateText(_ date: CivilDate) -> String {
    let year = padded(date.year, 4)
    let month = padded(date.month, datePadding)
    let day = padded(date.day, datePadding)
    let parts =
      switch order {
      case .yearFirst: [year, month, day]
      case .dayFirst: [day, month, year]
      case .monthFirst: [month, day, year]
      }
    return parts.joined(separator: separatorText)
  }

  private func clockText(_ ticks: Int64) -> String {
    let seconds = Int(ticks / 1_000_000)
    var text = padded(seconds / 3600, hourPadding) + ":" + padded(seconds / 60 % 60, 2)
    if resolution == .minute { return text }
    text += ":" + padded(seconds % 60, 2)
    if resolution == .fraction, fractionDigits > 0 {
      let micros = padded(Int(ticks % 1_000_000), 6)
      let digits = Int(fractionDigits)
      text += "." + micros.prefix(digits) + String(repeating: "0", count: max(0, digits - 6))
    }
    return text
  }

  private var zoneText: String {
    let size = abs(Int(offsetMinutes))
    let hours = (offsetMinutes < 0 ? "-" : "+") + padded(size / 60, 2)
    return switch zone {
    case .none: ""
    case .z: "Z"
    case .hoursColonMinutes: hours + ":" + padded(size % 60, 2)
    case .hoursMinutes: hours + padded(size % 60, 2)
    case .hours: hours
    }
  }

  private func padded(_ number: Int, _ padding: Padding) -> String {
    padding == .none ? String(number) : padded(number, 2)
  }

  private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number.magnitude)
    let zeros = String(repeating: "0", count: max(0, width - digits.count))
    return (number < 0 ? "-" : "") + zeros + digits
  }
}

// MARK: - Saving

extension TimeFormat: Codable {
  private static let words: [(Resolution, String)] = [
    (.step, "step"), (.unixSeconds, "unix seconds"), (.unixMilliseconds, "unix milliseconds"),
    (.compactDay, "20030131"), (.year, "2003"),
  ]

  /// 2003-01-31 09:05:07: a day that cannot be a month, and parts that show their padding.
  private static let exampleTime = Timestamp(
    day: CivilDate(year: 2003, month: 1, day: 31).daysSinceEpoch,
    ticksOfDay: (9 * 3600 + 5 * 60 + 7) * 1_000_000)

  /// The example that stands for this format.
  package var example: String {
    Self.words.first { $0.0 == resolution }?.1 ?? text(Self.exampleTime)
  }

  /// The format of an example made by `example`.
  package init?(example: String) {
    if let known = Self.words.first(where: { $0.1 == example }) {
      self.init(known.0)
      return
    }
    let bytes = Array(example.utf8)
    let parsed =
      TimeText.parse(bytes, 0..<bytes.count, order: .monthFirst)
      ?? TimeText.parse(bytes, 0..<bytes.count, order: .dayFirst)
    guard let parsed, parsed.format.resolution != .integer else { return nil }
    self = parsed.format
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let example = try container.decode(String.self)
    guard let format = TimeFormat(example: example) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "\(quoted(example)) is no example of a time's format")
    }
    self = format
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(example)
  }
}
