/// One piece of a written time, in the order of the page.
package enum TimeField: Hashable, Sendable {
  /// A byte that stands as it is; a space stands for any number of blanks.
  case literal(UInt8)
  /// Four digits of a year, two digits of one, and the year of an ISO 8601 week.
  case year, shortYear, weekYear
  /// A number from 1 to 12, and the name of one.
  case month, monthName
  case day
  /// `st`, `nd`, `rd` or `th` behind a day.
  case ordinal
  case dayOfYear
  /// The name of a day of the week, and its number from Monday as 1.
  case weekdayName, weekday
  case quarter, half
  /// A week of ISO 8601, of two digits or of as few as it takes.
  case week
  /// Hours from 0 to 23, and hours of a clock with AM and PM.
  case hour, hour12
  case meridiem
  case minute
  /// Seconds; a fraction may follow them.
  case second
  /// The difference to universal time, or the name of a zone.
  case zone
}

/// What the pieces of one written time say.
struct TimeParts {
  var year: Int?
  var month = 1
  var day = 1
  var weekday: Int?
  var week: Int?
  var dayOfYear: Int?
  var hour = 0
  var isAfternoon: Bool?
  var minute = 0
  var second = 0
  var micros = 0

  /// Microseconds since 1970-01-01 on the written clock, or nil when there is no such moment.
  var ticks: Int64? {
    guard let day = dayNumber, let clock = ticksOfDay else { return nil }
    return Timestamp(day: day, ticksOfDay: clock).ticks
  }

  /// Microseconds since midnight; an hour of a clock with AM and PM counts from 12.
  var ticksOfDay: Int64? {
    var hour = hour
    if let isAfternoon {
      guard (1...12).contains(hour) else { return nil }
      hour = hour % 12 + (isAfternoon ? 12 : 0)
    }
    guard hour < 24, minute < 60, second < 60 else { return nil }
    return (Int64(hour) * 3600 + Int64(minute) * 60 + Int64(second)) * 1_000_000 + Int64(micros)
  }

  private var dayNumber: Int? {
    guard let year, (1...9999).contains(year) else { return nil }
    if let week {
      guard let monday = CivilDate.monday(year: year, week: week) else { return nil }
      return monday + (weekday ?? 0)
    }
    if let dayOfYear {
      let first = CivilDate(year: year, month: 1, day: 1)
      guard (1...(first.isLeapYear ? 366 : 365)).contains(dayOfYear) else { return nil }
      return first.daysSinceEpoch + dayOfYear - 1
    }
    guard let date = CivilDate.valid(year: year, month: month, day: day) else { return nil }
    let number = date.daysSinceEpoch
    // A day of the week that contradicts its date is a slip, or another order of day and month.
    if let weekday, CivilDate.weekday(daysSinceEpoch: number) != weekday { return nil }
    return number
  }
}

extension TimeParts {
  /// The century of a year of two digits: 1930 to 2029, as spreadsheets have it.
  static func year(ofTwoDigits digits: Int) -> Int { digits < 30 ? 2000 + digits : 1900 + digits }
}
