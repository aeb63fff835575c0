/// The distance between the steps of a series.
///
/// Written as `daily`, `monthly`, `15 minutes`, `business days`, `step`, `monthly on the last business day`,
/// `hourly on Mon-Fri 08:00-17:00`; saved as that text.
public struct Frequency: Hashable, Sendable {
  /// What the steps are counted in.
  public enum Unit: String, Sendable, CaseIterable {
    /// Numbers without a calendar.
    case step
    case millisecond, second, minute, hour, day
    /// Monday to Friday.
    case businessDay
    case week, month, quarter, year
  }

  /// What the steps are counted in.
  public let unit: Unit
  /// How many units lie between neighbouring steps; at least 1.
  public let count: Int
  /// On which day steps of months, quarters and years fall; nil for the day of the first step.
  public let anchor: Anchor?
  /// The steps of a week that occur; nil when all do.
  public let slots: WeekSlots?

  /// A day of the month.
  public enum Anchor: Hashable, Sendable {
    /// The last or the first day of the month from Monday to Friday.
    case lastBusinessDay, firstBusinessDay
    /// The day with a number, or the last in shorter months.
    case day(Int)
  }

  /// A frequency of one step each `count` units; a count below 1 is taken as 1.
  public init(_ unit: Unit, every count: Int = 1) { self.init(unit, every: count, anchor: nil, slots: nil) }

  /// The same frequency with steps on another day of the month.
  public func on(_ anchor: Anchor) -> Frequency {
    months == nil ? self : Frequency(unit, every: count, anchor: anchor, slots: nil)
  }

  /// The same frequency with those steps of a week alone.
  func on(_ slots: WeekSlots) -> Frequency { Frequency(unit, every: count, anchor: nil, slots: slots) }

  private init(_ unit: Unit, every count: Int, anchor: Anchor?, slots: WeekSlots?) {
    self.unit = unit
    self.anchor = anchor
    self.slots = slots
    // The largest count keeps a step within what 64-bit microseconds can hold.
    self.count = min(max(1, count), unit == .step ? .max : 1_000_000_000)
  }

  /// Steps numbered 1, 2, 3, ….
  public static let step = Frequency(.step)
  public static let secondly = Frequency(.second)
  public static let minutely = Frequency(.minute)
  public static let hourly = Frequency(.hour)
  public static let daily = Frequency(.day)
  /// Monday to Friday.
  public static let businessDaily = Frequency(.businessDay)
  public static let weekly = Frequency(.week)
  public static let monthly = Frequency(.month)
  public static let quarterly = Frequency(.quarter)
  public static let yearly = Frequency(.year)

  /// Months in a step, for units that are made of months.
  var months: Int? {
    switch unit {
    case .month: count
    case .quarter: count * 3
    case .year: count * 12
    default: nil
    }
  }

  /// Ticks of `Timestamp` in a step, for units that always last equally long.
  var ticks: Int64? {
    let unitTicks: Int64
    switch unit {
    case .step: unitTicks = 1
    case .millisecond: unitTicks = 1000
    case .second: unitTicks = 1_000_000
    case .minute: unitTicks = 60_000_000
    case .hour: unitTicks = 3_600_000_000
    case .day: unitTicks = Timestamp.ticksPerDay
    case .week: unitTicks = 7 * Timestamp.ticksPerDay
    case .businessDay, .month, .quarter, .year: return nil
    }
    let (product, overflows) = unitTicks.multipliedReportingOverflow(by: Int64(count))
    return overflows ? .max : product
  }

  /// The length of a step in seconds, on average; nil for numbered steps.
  package var seconds: Double? {
    let day = 86_400.0
    return switch unit {
    case .step: nil
    case .businessDay: Double(count) * day * 7 / 5
    case .month, .quarter, .year: Double(months ?? 1) * 365.2425 * day / 12
    default: ticks.map { Double($0) / 1e6 }
    }
  }
}

// MARK: - Text

extension Frequency: LosslessStringConvertible {
  private static let adverbs: [(Unit, String)] = [
    (.step, "step"), (.second, "secondly"), (.minute, "minutely"), (.hour, "hourly"), (.day, "daily"),
    (.businessDay, "business-daily"), (.week, "weekly"), (.month, "monthly"), (.quarter, "quarterly"),
    (.year, "yearly"),
  ]

  private static let nouns: [(Unit, [String])] = [
    (.step, ["step", "steps"]), (.millisecond, ["millisecond", "milliseconds", "ms"]),
    (.second, ["second", "seconds", "sec", "s"]), (.minute, ["minute", "minutes", "min"]),
    (.hour, ["hour", "hours", "h"]), (.day, ["day", "days", "d"]),
    (.businessDay, ["business-day", "business-days", "weekday", "weekdays", "b"]),
    (.week, ["week", "weeks", "w"]), (.month, ["month", "months", "m"]),
    (.quarter, ["quarter", "quarters", "q"]), (.year, ["year", "years", "y"]),
  ]

  public var description: String { plain + (anchorText ?? slots.map { " on \($0)" } ?? "") }

  private var anchorText: String? {
    switch anchor {
    case nil: nil
    case .lastBusinessDay: " on the last business day"
    case .firstBusinessDay: " on the first business day"
    case .day(let day): " on day \(day)"
    }
  }

  private var plain: String {
    if count == 1, let adverb = Self.adverbs.first(where: { $0.0 == unit }) { return adverb.1 }
    let names = Self.nouns.first { $0.0 == unit }?.1 ?? [unit.rawValue]
    return "\(count) \(names[min(count == 1 ? 0 : 1, names.count - 1)])"
  }

  /// Reads `monthly`, `15 minutes`, `15min`, `2h`, `week`, `business-daily`; letter case does not matter.
  public init?(_ description: String) {
    let text = description.lowercased()
    if let on = text.firstRange(of: " on ") {
      guard let plain = Frequency(String(text[..<on.lowerBound])),
        let whole = plain.on(text: String(text[on.upperBound...]))
      else { return nil }
      self = whole
      return
    }
    if let known = Self.adverbs.first(where: { $0.1 == text }) {
      self.init(known.0)
      return
    }
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let noun = text.dropFirst(digits.count).drop { $0 == " " }
    guard let count = digits.isEmpty ? 1 : Int(digits), count >= 1,
      let unit = Self.nouns.first(where: { $0.1.contains(String(noun)) })?.0
    else { return nil }
    self.init(unit, every: count)
  }
}

extension Frequency {
  /// This frequency on what stands behind `on`.
  private func on(text: String) -> Frequency? {
    switch text {
    case "the last business day": return months == nil ? nil : on(.lastBusinessDay)
    case "the first business day": return months == nil ? nil : on(.firstBusinessDay)
    default: break
    }
    if text.hasPrefix("day ") {
      guard months != nil, let day = Int(text.dropFirst(4)), (1...31).contains(day) else { return nil }
      return on(.day(day))
    }
    guard let ticks, let slots = WeekSlots(text, ticks: ticks) else { return nil }
    return on(slots)
  }
}

extension Frequency: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let frequency = Frequency(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "\(quoted(text)) is no frequency")
    }
    self = frequency
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
