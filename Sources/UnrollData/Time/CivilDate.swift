/// A day of the proleptic Gregorian calendar.
struct CivilDate: Hashable, Sendable {
  var year: Int
  var month: Int
  var day: Int

  init(year: Int, month: Int, day: Int) {
    self.year = year
    self.month = month
    self.day = day
  }

  /// The day that lies `days` after 1970-01-01.
  ///
  /// Counts from 1 March of year 0, so that the leap day is the last of its year; eras of 400 years have
  /// 146097 days, and month m of such a year starts on day (153m + 2) / 5.
  init(daysSinceEpoch days: Int) {
    let shifted = days + 719_468
    let era = floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// The days since 1970-01-01.
  var daysSinceEpoch: Int {
    let marchYear = month <= 2 ? year - 1 : year
    let era = floorDivide(marchYear, 400)
    let yearOfEra = marchYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  /// Months since January of year 0.
  var monthIndex: Int { year * 12 + month - 1 }

  /// The first day of a month, counted from January of year 0.
  init(monthIndex: Int) {
    year = floorDivide(monthIndex, 12)
    month = monthIndex - year * 12 + 1
    day = 1
  }

  var isLeapYear: Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  var daysInMonth: Int {
    switch month {
    case 2: isLeapYear ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  var isLastOfMonth: Bool { day == daysInMonth }

  /// The day of the year, from 1.
  var dayOfYear: Int { daysSinceEpoch - CivilDate(year: year, month: 1, day: 1).daysSinceEpoch + 1 }

  /// A day that exists, or nil.
  static func valid(year: Int, month: Int, day: Int) -> CivilDate? {
    guard (1...9999).contains(year), (1...12).contains(month), day >= 1 else { return nil }
    let date = CivilDate(year: year, month: month, day: day)
    return day <= date.daysInMonth ? date : nil
  }

  /// The day of the week, Monday is 0.
  static func weekday(daysSinceEpoch days: Int) -> Int { floorModulo(days + 3, 7) }

  /// The Monday of an ISO 8601 week, or nil when the year has no such week.
  ///
  /// The first week of a year is the one that holds 4 January.
  static func monday(year: Int, week: Int) -> Int? {
    guard (1...9999).contains(year), (1...53).contains(week) else { return nil }
    let fourth = CivilDate(year: year, month: 1, day: 4).daysSinceEpoch
    let monday = fourth - weekday(daysSinceEpoch: fourth) + 7 * (week - 1)
    return isoWeek(daysSinceEpoch: monday).year == year ? monday : nil
  }

  /// The ISO 8601 week of a day, with the year the week belongs to.
  static func isoWeek(daysSinceEpoch days: Int) -> (year: Int, week: Int) {
    let thursday = days - weekday(daysSinceEpoch: days) + 3
    let date = CivilDate(daysSinceEpoch: thursday)
    return (date.year, (date.dayOfYear - 1) / 7 + 1)
  }
}

/// Division that rounds down, for a positive divisor.
func floorDivide<Number: FixedWidthInteger>(_ a: Number, _ b: Number) -> Number {
  let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
  return remainder < 0 ? quotient - 1 : quotient
}

/// The remainder that goes with `floorDivide`: never negative.
func floorModulo<Number: FixedWidthInteger>(_ a: Number, _ b: Number) -> Number {
  let remainder = a % b
  return remainder < 0 ? remainder + b : remainder
}
