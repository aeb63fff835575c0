extension Frequency {
  /// The frequency of series of times: the most common distance of neighbours, seen through the calendar.
  ///
  /// - Days that come one for each month (or each third, sixth, …) are months, quarters or years, whatever day
  ///   of the month they bear.
  /// - Days without weekends, with Fridays followed by Mondays, are business days.
  /// - Otherwise the distance itself: weeks, days, hours, minutes, seconds or milliseconds.
  ///
  /// Of equally common distances the shortest wins. A single time tells its frequency by its format alone.
  ///
  /// - Parameter series: for each series its times in ascending order.
  static func guess(series: [[Int64]], format: TimeFormat) -> Frequency {
    let plain = plain(series: series, format: format)
    if plain.months != nil { return withAnchor(plain, series, format) }
    guard let slots = WeekSlots.guess(series, base: plain) else { return plain }
    return Frequency(slots.unit.0, every: slots.unit.1).on(slots)
  }

  /// - Days that are each the last or the first of business of their month stay that, and so do the 28th of all
  ///   months and the 30th.
  private static func withAnchor(_ plain: Frequency, _ series: [[Int64]], _ format: TimeFormat) -> Frequency {
    guard
      [.day, .hour, .minute, .second, .fraction, .excelDays, .unixSeconds, .unixMilliseconds]
        .contains(format.resolution)
    else { return plain }
    let dates = series.joined().lazy.map { Timestamp(ticks: $0).date }
    guard let first = dates.first, dates.count > 2 else { return plain }
    if dates.allSatisfy(\.isLastOfMonth) || dates.allSatisfy({ $0.day == 1 }) { return plain }
    if dates.allSatisfy({ $0.day == day(of: $0, .lastBusinessDay) }) { return plain.on(.lastBusinessDay) }
    if dates.allSatisfy({ $0.day == day(of: $0, .firstBusinessDay) }) { return plain.on(.firstBusinessDay) }
    let greatest = dates.map(\.day).max() ?? 31
    let isOneDay = dates.allSatisfy { $0.day == min(greatest, $0.daysInMonth) }
    // The first date tells by itself, unless it is the last of a shorter month.
    return isOneDay && (first.day != greatest || first.isLastOfMonth) ? plain.on(.day(greatest)) : plain
  }

  private static func plain(series: [[Int64]], format: TimeFormat) -> Frequency {
    switch format.resolution {
    case .integer, .step: return Frequency(.step, every: Int(commonest(series) { $1 - $0 }?.value ?? 1))
    case .year, .half, .quarter, .month, .decimalYear:
      return monthly(series) ?? Frequency(format.unitOfOneTime)
    case .week:
      guard let days = commonest(series, { $1 - $0 })?.value else { return .weekly }
      return Frequency(.week, every: Int(days / (7 * Timestamp.ticksPerDay)))
    default: break
    }
    guard let common = commonest(series, { $1 - $0 }) else { return Frequency(format.unitOfOneTime) }
    let first = series.first { !$0.isEmpty }?.first ?? 0
    let timeOfDay = floorModulo(first, Timestamp.ticksPerDay)
    let isDaily = series.allSatisfy { $0.allSatisfy { floorModulo($0, Timestamp.ticksPerDay) == timeOfDay } }
    return isDaily ? ofDays(series, common) : ofClock(common.value)
  }

  /// The most common distance and the share of neighbours that have it.
  private static func commonest(
    _ series: [[Int64]], _ distance: (Int64, Int64) -> Int64
  ) -> (value: Int64, share: Double)? {
    var counts: [Int64: Int] = [:]
    var total = 0
    for times in series {
      for (earlier, later) in zip(times, times.dropFirst()) where later > earlier {
        counts[distance(earlier, later), default: 0] += 1
        total += 1
      }
    }
    let best = counts.filter { $0.key > 0 }.max { ($0.value, $1.key) < ($1.value, $0.key) }
    return best.map { ($0.key, Double($0.value) / Double(total)) }
  }

  private static func monthDistance(_ earlier: Int64, _ later: Int64) -> Int64 {
    Int64(Timestamp(ticks: later).date.monthIndex - Timestamp(ticks: earlier).date.monthIndex)
  }

  private static func monthly(_ series: [[Int64]]) -> Frequency? {
    guard let months = commonest(series, monthDistance)?.value else { return nil }
    return ofMonths(Int(months))
  }

  private static func ofMonths(_ months: Int) -> Frequency {
    if months % 12 == 0 { return Frequency(.year, every: months / 12) }
    return months == 3 ? .quarterly : Frequency(.month, every: months)
  }

  /// Distances between times that share their time of day.
  private static func ofDays(_ series: [[Int64]], _ common: (value: Int64, share: Double)) -> Frequency {
    let days = Int(common.value / Timestamp.ticksPerDay)
    if days >= 28, let months = commonest(series, monthDistance) {
      // Four weeks, or a month of February only: the day of the month tells.
      if months.share > common.share || (months.share == common.share && keepsDayOfMonth(series)) {
        return ofMonths(Int(months.value))
      }
    }
    if days % 7 == 0 { return Frequency(.week, every: days / 7) }
    if days == 1, isBusinessDaily(series) { return .businessDaily }
    return Frequency(.day, every: days)
  }

  private static func keepsDayOfMonth(_ series: [[Int64]]) -> Bool {
    let dates = series.joined().lazy.map { Timestamp(ticks: $0).date }
    guard let first = dates.first else { return false }
    return dates.allSatisfy { $0.day == first.day } || dates.allSatisfy { $0.isLastOfMonth }
  }

  private static func isBusinessDaily(_ series: [[Int64]]) -> Bool {
    var crossesWeekend = false
    for times in series {
      for time in times where isWeekend(Timestamp(ticks: time).day) { return false }
      for (earlier, later) in zip(times, times.dropFirst()) where later - earlier == 3 * Timestamp.ticksPerDay
      {
        crossesWeekend = true
      }
    }
    return crossesWeekend
  }

  /// A distance that is no whole number of days, or is one with a changing time of day.
  private static func ofClock(_ ticks: Int64) -> Frequency {
    let units: [(Unit, Int64)] = [(.hour, 3_600_000_000), (.minute, 60_000_000), (.second, 1_000_000)]
    for (unit, size) in units where ticks % size == 0 { return Frequency(unit, every: Int(ticks / size)) }
    return Frequency(.millisecond, every: Int(max(1, ticks / 1000)))
  }
}

extension TimeFormat {
  /// The unit that a single time of this format suggests.
  fileprivate var unitOfOneTime: Frequency.Unit {
    switch resolution {
    case .integer, .step: .step
    case .unixMilliseconds, .unixMicroseconds, .unixNanoseconds, .fraction: .second
    case .unixSeconds, .second, .minute, .hour: .hour
    case .excelDays, .day: .day
    case .week: .week
    case .month, .half: .month
    case .quarter: .quarter
    case .year, .decimalYear: .year
    }
  }
}
