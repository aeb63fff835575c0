import UnrollCore

/// Where times stand in the cycles of clock and calendar, as numbers for a model.
///
/// A cycle of phase φ in [0, 1) gives sin 2πφ and cos 2πφ, so that its end meets its start. A frequency has the
/// cycles that are longer than a step and move with it:
///
/// | cycle | for steps |
/// |---|---|
/// | second of the minute | shorter than a minute |
/// | minute of the hour | shorter than an hour |
/// | hour of the day | shorter than a day |
/// | day of the week | shorter than a week |
/// | day of the month | of a day or shorter |
/// | day of the year | shorter than a month |
/// | month of the year | of months and quarters |
///
/// Numbered steps and years have none.
public struct CalendarFeatures: Sendable, Equatable {
  /// A cycle of the calendar.
  package enum Cycle: String, Sendable, CaseIterable {
    case minute = "second of minute"
    case hour = "minute of hour"
    case day = "hour of day"
    case week = "day of week"
    case month = "day of month"
    case year = "day of year"
    case months = "month of year"
  }

  package let cycles: [Cycle]

  /// The features that move at a frequency.
  public init(frequency: Frequency) {
    let day = 86_400.0
    let seconds = frequency.seconds ?? .infinity
    let isMonths = frequency.months != nil
    cycles = Cycle.allCases.filter { cycle in
      switch cycle {
      case .minute: seconds < 60
      case .hour: seconds < 3600
      case .day: seconds < day
      case .week: seconds < 7 * day
      case .month: seconds < 2 * day
      case .year: !isMonths && seconds < 300 * day
      case .months: isMonths && seconds < 300 * day
      }
    }
  }

  /// The number of features of a time.
  public var count: Int { cycles.count * 2 }

  /// The features' names, such as `sin hour of day`.
  public var names: [String] { cycles.flatMap { ["sin \($0.rawValue)", "cos \($0.rawValue)"] } }

  /// The features of a time, in the order of `names`; each in [-1, 1].
  public func values(at time: Timestamp) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(count)
    append(time, to: &result)
    return result
  }

  /// Appends the features of a time.
  package func append(_ time: Timestamp, to result: inout [Float]) {
    let date = time.date
    let dayPhase = Double(time.ticksOfDay) / Double(Timestamp.ticksPerDay)
    for cycle in cycles {
      let phase =
        switch cycle {
        case .minute: Double(floorModulo(time.ticks, 60_000_000)) / 60e6
        case .hour: Double(floorModulo(time.ticks, 3_600_000_000)) / 3600e6
        case .day: dayPhase
        case .week: (Double(CivilDate.weekday(daysSinceEpoch: time.day)) + dayPhase) / 7
        case .month: (Double(date.day - 1) + dayPhase) / Double(date.daysInMonth)
        case .year: (Double(date.dayOfYear - 1) + dayPhase) / (date.isLeapYear ? 366 : 365)
        case .months: Double(date.month - 1) / 12
        }
      // sin x = cos (x - π/2)
      result.append(Float(cosine(2 * .pi * (phase - 0.25))))
      result.append(Float(cosine(2 * .pi * phase)))
    }
  }
}
