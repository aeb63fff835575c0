/// A point on the axis of a series: a moment by the clock of the data, or the number of a step.
///
/// Moments are counted in microseconds from 1970-01-01 00:00 on the clock that the data was written by; no
/// time zone is applied. Which of the two a value is, its `Frequency` says.
public struct Timestamp: Hashable, Comparable, Sendable, Codable {
  /// Microseconds since 1970-01-01 00:00, or the number of the step.
  public let ticks: Int64

  package init(ticks: Int64) { self.ticks = ticks }

  /// The step with a number.
  public init(step: Int) { ticks = Int64(step) }

  /// Reads a time such as `2020-01-31 13:00`, `31-Jan-2020`, `2020-01`, `2020Q1` or `2020-W05`; a whole number
  /// from 1500 to 2200 is a year, one of eight digits may be a day (20200131), any other is a step.
  ///
  /// Days and months are taken in the order month, day when both orders are possible and the separator is no
  /// full stop.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    let parsed =
      TimeText.parse(bytes, 0..<bytes.count, order: .monthFirst)
      ?? TimeText.parse(bytes, 0..<bytes.count, order: .dayFirst)
    guard let parsed else { return nil }
    if parsed.format.number == nil {
      ticks = parsed.ticks
    } else {
      guard parsed.format.fractionDigits == 0 else { return nil }
      ticks = NumericTimes.ticks(parsed) ?? parsed.ticks
    }
  }

  public static func < (a: Timestamp, b: Timestamp) -> Bool { a.ticks < b.ticks }

  static let ticksPerDay: Int64 = 86_400_000_000

  init(day: Int, ticksOfDay: Int64 = 0) {
    let (start, overflows) = Int64(day).multipliedReportingOverflow(by: Self.ticksPerDay)
    let (sum, sumOverflows) = start.addingReportingOverflow(ticksOfDay)
    ticks = overflows || sumOverflows ? (day < 0 ? .min : .max) : sum
  }

  /// Days since 1970-01-01.
  var day: Int { Int(floorDivide(ticks, Self.ticksPerDay)) }

  /// Microseconds since the day's start.
  var ticksOfDay: Int64 { floorModulo(ticks, Self.ticksPerDay) }

  var date: CivilDate { CivilDate(daysSinceEpoch: day) }
}
