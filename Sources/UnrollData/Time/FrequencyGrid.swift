extension Frequency {
  /// The time `steps` steps after a time, or before it when `steps` is negative.
  ///
  /// Months, quarters and years keep the day of the month as far as the month reaches; the last day of a month
  /// goes to the last day; an anchor says otherwise. Steps that never occur are skipped. Business days skip Saturdays and Sundays, and count a weekend as its Friday.
  /// Times beyond the calendar stop at its end.
  public func advance(_ time: Timestamp, by steps: Int) -> Timestamp {
    if steps == 0 { return time }
    if let slots { return slots.advance(time, by: steps) }
    if let ticks {
      let (distance, overflows) = ticks.multipliedReportingOverflow(by: Int64(steps))
      let (sum, sumOverflows) = time.ticks.addingReportingOverflow(distance)
      return Timestamp(ticks: overflows || sumOverflows ? (steps < 0 ? .min : .max) : sum)
    }
    let (distance, overflows) = (months ?? count).multipliedReportingOverflow(by: steps)
    // Ten million years, which microseconds in 64 bits do not reach.
    let limit = 120_000_000
    let bounded = overflows ? (steps < 0 ? -limit : limit) : min(max(distance, -limit), limit)
    let ticksOfDay = time.ticksOfDay
    if months == nil {
      return Timestamp(
        day: Self.day(businessIndex: Self.businessIndex(time.day) + bounded), ticksOfDay: ticksOfDay)
    }
    let date = time.date
    var moved = CivilDate(monthIndex: date.monthIndex + bounded)
    moved.day =
      Self.day(of: moved, anchor)
      ?? (date.isLastOfMonth ? moved.daysInMonth : min(date.day, moved.daysInMonth))
    return Timestamp(day: moved.daysSinceEpoch, ticksOfDay: ticksOfDay)
  }

  /// How many steps lie from one time to another, negative when it is earlier; nil when it falls between two
  /// steps.
  ///
  /// Within months, quarters and years the day does not matter: a value for each month may bear the month's
  /// first day, its last, or its last day of business.
  public func steps(from start: Timestamp, to time: Timestamp) -> Int? {
    if let slots { return slots.steps(from: start, to: time) }
    let distance: Int
    let width: Int
    if let ticks {
      let (difference, overflows) = time.ticks.subtractingReportingOverflow(start.ticks)
      if overflows { return nil }
      (distance, width) = (Int(difference), Int(ticks))
    } else if let months {
      (distance, width) = (time.date.monthIndex - start.date.monthIndex, months)
    } else {
      guard !Self.isWeekend(time.day), time.ticksOfDay == start.ticksOfDay else { return nil }
      (distance, width) = (Self.businessIndex(time.day) - Self.businessIndex(start.day), count)
    }
    return distance % width == 0 ? distance / width : nil
  }

  /// The day of an anchor in a month; nil without one.
  static func day(of month: CivilDate, _ anchor: Anchor?) -> Int? {
    let last = month.daysInMonth
    func weekday(_ day: Int) -> Int {
      CivilDate.weekday(
        daysSinceEpoch: CivilDate(year: month.year, month: month.month, day: day).daysSinceEpoch)
    }
    return switch anchor {
    case nil: nil
    case .day(let day): min(day, last)
    case .lastBusinessDay: last - max(0, weekday(last) - 4)
    case .firstBusinessDay: weekday(1) < 5 ? 1 : 8 - weekday(1)
    }
  }

  static func isWeekend(_ day: Int) -> Bool { CivilDate.weekday(daysSinceEpoch: day) >= 5 }

  /// The number of business days before a day, from the Monday of the week that holds 1970-01-01.
  private static func businessIndex(_ day: Int) -> Int {
    floorDivide(day + 3, 7) * 5 + min(CivilDate.weekday(daysSinceEpoch: day), 4)
  }

  private static func day(businessIndex index: Int) -> Int {
    floorDivide(index, 5) * 7 + floorModulo(index, 5) - 3
  }
}
