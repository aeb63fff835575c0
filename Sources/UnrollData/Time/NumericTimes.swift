/// Times that are written as bare numbers: what a whole column of them counts.
enum NumericTimes {
  /// Days from day 0 of spreadsheets (1899-12-30) to 1970-01-01.
  static let excelEpoch = 25_569

  /// 10 to a power, at most 10^18.
  static func power(_ exponent: Int) -> Int64 {
    var result: Int64 = 1
    for _ in 0..<min(max(exponent, 0), 18) { result *= 10 }
    return result
  }

  /// A bare number: its digits as an integer, and in `fractionDigits` how many of them stand behind the point.
  ///
  /// Also `1.5778368e+09`, where it is exact. Nil for what is no number or needs more than 18 digits (19 below
  /// 2^63).
  static func number(_ bytes: [UInt8], _ range: Range<Int>) -> TimeText.Parsed? {
    var index = range.lowerBound
    let end = range.upperBound
    let isNegative = index < end && bytes[index] == Byte.minus
    if isNegative { index += 1 }
    guard index < end, bytes[index].digit != nil, end - index <= 30 else { return nil }
    var value: Int64 = 0
    var (digits, decimals) = (0, 0)
    var seenPoint = false
    while index < end {
      if let digit = bytes[index].digit {
        // Digits behind the ninth decimal are less than a nanosecond.
        if decimals < 9 {
          let (product, overflows) = value.multipliedReportingOverflow(by: 10)
          let (sum, sumOverflows) = product.addingReportingOverflow(Int64(digit))
          if overflows || sumOverflows { return nil }
          value = sum
          digits += 1
          if seenPoint { decimals += 1 }
        }
      } else if bytes[index] == Byte.dot, !seenPoint, index + 1 < end, bytes[index + 1].digit != nil {
        seenPoint = true
      } else if bytes[index] | 0x20 == UInt8(ascii: "e") {
        return exact(DecimalText.value(bytes, range))
      } else {
        return nil
      }
      index += 1
    }
    var format = TimeFormat(number: .integer)
    format.fractionDigits = UInt8(decimals)
    return TimeText.Parsed(ticks: isNegative ? -value : value, format: format)
  }

  /// The integer that a number in powers of ten is, if it is one.
  private static func exact(_ value: Double?) -> TimeText.Parsed? {
    guard let value, value == value.rounded(), value.magnitude < 9e15 else { return nil }
    return TimeText.Parsed(ticks: Int64(value), format: TimeFormat(number: .integer))
  }

  static func isYear(_ value: Int64) -> Bool { (1500...2200).contains(value) }

  /// The ticks of a single whole number that is a year or a day of eight digits.
  static func ticks(_ number: TimeText.Parsed) -> Int64? {
    guard isYear(number.ticks) || (1500_01_01...2200_12_31).contains(number.ticks) else { return nil }
    return asDigits([number.ticks], weeks: nil)?.ticks[0]
  }

  /// A kind of number, and its ticks.
  struct Reading {
    var format: TimeFormat
    /// Nil where a number is none of the kind.
    var ticks: [Int64?]
    /// What had to be guessed, in a sentence.
    var note: String?
  }
}

// MARK: - Kinds

extension NumericTimes {
  /// What a column of numbers counts.
  ///
  /// In this order: years from 1500 to 2200; days, months, hours, minutes and seconds as digits (`20200131`,
  /// `202001`, …); weeks where the last two digits of six go beyond 12; seconds, milliseconds, microseconds or
  /// nanoseconds since 1970; decimal years a month, a quarter or a year apart; days of a spreadsheet, where the
  /// column's name or the frequency speaks of dates; steps.
  ///
  /// - Parameters:
  ///   - values: the numbers' digits, and how many of them stand behind the point.
  ///   - isDate: whether the column's name or a stated frequency says that it holds dates.
  ///   - weeks: whether six digits are weeks (true), months (false) or as the numbers say.
  static func kind(_ column: NumberColumn, isDate: Bool, weeks: Bool? = nil) -> Reading {
    if column.digits == 0, let reading = asDigits(column.values, weeks: weeks) { return reading }
    let scale = Double(power(column.digits))
    let least = Double(column.values.min() ?? 0) / scale
    let greatest = Double(column.values.max() ?? 0) / scale
    for (kind, range) in epochs where range.contains(least) && range.contains(greatest) {
      return column.reading(kind)
    }
    if least >= 1500, greatest < 2200, column.digits > 0, let reading = column.decimalYears { return reading }
    if isDate, least >= 10_000, greatest < 80_000 {
      var reading = column.reading(.excelDays)
      reading.note = "the numbers are read as days of a spreadsheet, counted from 1899-12-30"
      return reading
    }
    return column.reading(.step)
  }

  /// Seconds to nanoseconds since 1970, from 1973 to 2286.
  private static let epochs: [(TimeFormat.Resolution, Range<Double>)] = [
    (.unixSeconds, 1e8..<1e10), (.unixMilliseconds, 1e11..<1e13), (.unixMicroseconds, 1e14..<1e16),
    (.unixNanoseconds, 1e17..<9.2e18),
  ]

  private static func asDigits(_ values: [Int64], weeks: Bool?) -> Reading? {
    guard let least = values.min(), let greatest = values.max() else { return nil }
    if isYear(least), isYear(greatest) { return digits(values, [.year]) }
    // Most must be what all should be; the others are then named by their lines.
    func fits(_ fields: [TimeField], _ length: Int, years: ClosedRange<Int64>) -> Reading? {
      let unit = power(length - 4)
      guard years.contains(least / unit), years.contains(greatest / unit) else { return nil }
      let reading = digits(values, fields)
      let good = reading.ticks.count { $0 != nil }
      return good * 10 >= values.count * 9 ? reading : nil
    }
    let years: ClosedRange<Int64> = 1500...2200
    if let reading = fits([.year, .month, .day], 8, years: years) { return reading }
    let near: ClosedRange<Int64> = 1900...2100
    if let reading = fits([.year, .month, .day, .hour], 10, years: near) { return reading }
    if let reading = fits([.year, .month, .day, .hour, .minute], 12, years: near) { return reading }
    if let reading = fits([.year, .month, .day, .hour, .minute, .second], 14, years: years) {
      return reading
    }
    return sixDigits(values, years, weeks)
  }

  /// Months, or weeks where some numbers end in 14 to 53, or in 13 without being the sum of a year.
  private static func sixDigits(_ values: [Int64], _ years: ClosedRange<Int64>, _ weeks: Bool?) -> Reading? {
    guard values.allSatisfy({ years.contains($0 / 100) }) else { return nil }
    let ends = values.map { $0 % 100 }
    guard let greatest = ends.max(), greatest <= 53, ends.count(where: { $0 >= 1 }) * 10 >= ends.count * 9
    else { return nil }
    if weeks ?? (greatest > 13) {
      var reading = digits(values, [.weekYear, .week])
      if weeks == nil { reading.note = "six digits are read as a year and a week, since some end beyond 12" }
      return reading
    }
    return digits(values, [.year, .month])
  }

  private static func digits(_ values: [Int64], _ fields: [TimeField]) -> Reading {
    let format = TimeFormat(fields: fields)
    return Reading(
      format: format,
      ticks: values.map { value in
        let text = Array(String(value).utf8)
        return TimeText.read(text, text.indices, as: format)?.ticks
      })
  }
}

/// A column of bare numbers.
struct NumberColumn {
  /// The numbers times 10^digits.
  let values: [Int64]
  /// Digits behind the point.
  let digits: Int

  /// The numbers as ticks of a kind; nil where the calendar does not reach.
  func reading(_ kind: TimeFormat.Resolution) -> NumericTimes.Reading {
    var format = TimeFormat(number: kind)
    format.fractionDigits = UInt8(min(digits, kind == .unixMicroseconds || kind == .unixNanoseconds ? 0 : 15))
    return NumericTimes.Reading(format: format, ticks: values.map { ticks($0, kind) })
  }

  /// As far as the calendar's last year, so that differences of ticks fit too.
  private static let limit = Double(253_402_300_800) * 1e6

  private func ticks(_ value: Int64, _ kind: TimeFormat.Resolution) -> Int64? {
    switch kind {
    case .unixSeconds: return scaled(value, 1_000_000)
    case .unixMilliseconds: return scaled(value, 1000)
    case .unixMicroseconds: return scaled(value, 1)
    case .unixNanoseconds: return floorDivide(value, 1000)
    case .excelDays:
      return scaled(value, Timestamp.ticksPerDay).map {
        $0 - Int64(NumericTimes.excelEpoch) * Timestamp.ticksPerDay
      }
    // Differences of steps fit in 64 bits.
    default: return value.magnitude < 1 << 60 ? value : nil
    }
  }

  /// value · unit / 10^digits, rounded down, where it stays within the calendar.
  private func scaled(_ value: Int64, _ unit: Int64) -> Int64? {
    let scale = NumericTimes.power(digits)
    guard Double(value) / Double(scale) * Double(unit) < Self.limit,
      Double(value) / Double(scale) * Double(unit) > -Self.limit
    else { return nil }
    let product = floorModulo(value, scale).multipliedFullWidth(by: unit)
    let (part, rest) = scale.dividingFullWidth((product.high, product.low))
    return floorDivide(value, scale) * unit + part + (rest * 2 >= scale && scale > 1 ? 1 : 0)
  }

  /// Years with decimals whose distance is a month, a quarter or a year.
  ///
  /// The values may lie anywhere in their month, as long as it is the same place in each: 1949.083 and
  /// 1958.2027 are both written so.
  var decimalYears: NumericTimes.Reading? {
    let scale = Double(NumericTimes.power(digits))
    let years = values.map { Double($0) / scale }
    let sorted = Array(Set(years)).sorted()
    let steps = zip(sorted, sorted.dropFirst()).map { ($1 - $0) * 12 }
    // Half a unit of the last digit, twice, and the differing lengths of months.
    let isWholeYears = steps.allSatisfy { abs($0 / 12 - ($0 / 12).rounded()) < 1e-6 }
    let slack = isWholeYears ? 0.12 : max(12 / scale * 1.01, 0.12)
    guard let first = sorted.first, !steps.isEmpty, slack < 0.45,
      steps.allSatisfy({ abs($0 - $0.rounded()) <= slack && $0 > 0.5 })
    else { return nil }
    let start = (first - first.rounded(.down)) * 12
    // Just below a whole month is the month, rounded.
    let base =
      start.rounded() - start >= 0 && start.rounded() - start <= slack
      ? start.rounded() : start.rounded(.down)
    let phase = start - base
    var format = TimeFormat(number: .decimalYear)
    format.fractionDigits = UInt8(min(digits, 9))
    format.phase = phase <= slack ? 0 : Int16((phase / 12 * 10_000).rounded())
    let place = Double(format.phase) / 10_000 * 12
    return NumericTimes.Reading(
      format: format, ticks: years.map { Self.month($0, place) },
      note: "numbers with decimals are read as years")
  }

  /// Years with decimals that lie in their months where a phase, in ten thousandths of a year, says; nil for those that
  /// do not.
  func decimalYears(phase: Int16) -> NumericTimes.Reading {
    let scale = Double(NumericTimes.power(digits))
    var format = TimeFormat(number: .decimalYear)
    format.fractionDigits = UInt8(min(digits, 9))
    format.phase = phase
    let place = Double(phase) / 10_000 * 12
    let ticks = values.map { value -> Int64? in
      let year = Double(value) / scale
      let months = year * 12 - place
      guard (1500..<2200).contains(year), abs(months - months.rounded()) < 0.3 else { return nil }
      return Self.month(year, place)
    }
    return NumericTimes.Reading(format: format, ticks: ticks)
  }

  /// The first day of the month of a year with decimals.
  private static func month(_ year: Double, _ place: Double) -> Int64 {
    let months = (year.rounded(.down) * 12 + ((year - year.rounded(.down)) * 12 - place).rounded())
    return Timestamp(day: CivilDate(monthIndex: Int(months)).daysSinceEpoch).ticks
  }
}
