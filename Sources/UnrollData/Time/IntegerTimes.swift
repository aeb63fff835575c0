/// Times that are written as bare integers: what a whole column of them counts.
enum IntegerTimes {
  /// Years from 1500 to 2200, days as `20200131`, seconds or milliseconds since 1970, or steps.
  ///
  /// - Parameter allowsEpochs: whether numbers may be seconds or milliseconds since 1970.
  static func kind(of values: some Collection<Int64>, allowsEpochs: Bool) -> TimeFormat.Resolution {
    guard let least = values.min(), let greatest = values.max() else { return .step }
    if least >= 1500, greatest <= 2200 { return .year }
    if least >= 1500_01_01, greatest <= 2200_12_31, values.allSatisfy({ compactDay($0) != nil }) {
      return .compactDay
    }
    guard allowsEpochs else { return .step }
    if least >= 100_000_000, greatest < 10_000_000_000 { return .unixSeconds }
    if least >= 100_000_000_000, greatest < 10_000_000_000_000 { return .unixMilliseconds }
    return .step
  }

  /// The ticks of an integer that counts what `kind` says; nil when it is no such time.
  static func ticks(of value: Int64, as kind: TimeFormat.Resolution) -> Int64? {
    switch kind {
    case .year:
      guard let date = CivilDate.valid(year: Int(clamping: value), month: 1, day: 1) else { return nil }
      return Timestamp(day: date.daysSinceEpoch).ticks
    case .compactDay: return compactDay(value).map { Timestamp(day: $0.daysSinceEpoch).ticks }
    // As far as the calendar's last year, so that differences of ticks fit too.
    case .unixSeconds: return value.magnitude < 253_402_300_800 ? value * 1_000_000 : nil
    case .unixMilliseconds: return value.magnitude < 253_402_300_800_000 ? value * 1000 : nil
    default: return value
    }
  }

  private static func compactDay(_ value: Int64) -> CivilDate? {
    guard (1000_00_00...9999_99_99).contains(value) else { return nil }
    let number = Int(value)
    return .valid(year: number / 10_000, month: number / 100 % 100, day: number % 100)
  }
}
