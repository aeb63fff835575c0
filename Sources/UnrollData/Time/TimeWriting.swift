extension TimeFormat {
  /// A time, written in this format.
  public func text(_ time: Timestamp) -> String {
    if let number { return numberText(time.ticks, number) }
    let date = time.date
    // Characters beyond ASCII are several literals.
    var bytes: [UInt8] = []
    for field in fields {
      if case .literal(let byte) = field {
        bytes.append(byte)
      } else {
        bytes += piece(field, time, date).utf8
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func piece(_ field: TimeField, _ time: Timestamp, _ date: CivilDate) -> String {
    let seconds = Int(time.ticksOfDay / 1_000_000)
    return switch field {
    case .literal(let byte): String(decoding: [byte], as: UTF8.self)
    case .year: padded(date.year, 4)
    case .shortYear: padded(floorModulo(date.year, 100), 2)
    case .weekYear: padded(CivilDate.isoWeek(daysSinceEpoch: time.day).year, 4)
    case .month: padded(date.month, monthPadding == .unknown ? dayPadding : monthPadding)
    case .monthName: monthStyle.month(date.month)
    case .day: padded(date.day, likelyDayPadding)
    case .ordinal: Self.ordinal(date.day)
    case .dayOfYear: padded(date.dayOfYear, 3)
    case .weekdayName: weekdayStyle.weekday(CivilDate.weekday(daysSinceEpoch: time.day))
    case .weekday: String(CivilDate.weekday(daysSinceEpoch: time.day) + 1)
    case .quarter: String((date.month - 1) / 3 + 1)
    case .half: String((date.month - 1) / 6 + 1)
    case .week: padded(CivilDate.isoWeek(daysSinceEpoch: time.day).week, dayPadding)
    case .hour: padded(seconds / 3600, hourPadding)
    case .hour12: padded((seconds / 3600 + 11) % 12 + 1, hourPadding)
    case .meridiem: meridiemStyle.text(isAfternoon: seconds >= 43_200)
    case .minute: padded(seconds / 60 % 60, 2)
    case .second: padded(seconds % 60, 2) + fractionText(time.ticksOfDay)
    case .zone: zoneText
    }
  }

  /// Where no day below ten was seen: as the months are written, and bare beside whole names.
  var likelyDayPadding: Padding {
    if dayPadding != .unknown { return dayPadding }
    if fields.contains(.month) { return monthPadding }
    return monthStyle.length == .long ? .none : .zeros
  }

  private func fractionText(_ ticksOfDay: Int64) -> String {
    guard fractionDigits > 0 else { return "" }
    let digits = Int(fractionDigits)
    let micros = padded(Int(ticksOfDay % 1_000_000), 6)
    let mark = String(decoding: [fractionMark], as: UTF8.self)
    return mark + micros.prefix(digits) + String(repeating: "0", count: max(0, digits - 6))
  }

  private var zoneText: String {
    let size = abs(Int(offsetMinutes))
    let hours = (offsetMinutes < 0 ? "-" : "+") + padded(size / 60, 2)
    return switch zone {
    case .none: ""
    case .z: "Z"
    case .name: zoneName
    case .hoursColonMinutes: hours + ":" + padded(size % 60, 2)
    case .hoursMinutes: hours + padded(size % 60, 2)
    case .hours: hours
    }
  }

  private static func ordinal(_ day: Int) -> String {
    if (11...13).contains(day) { return "th" }
    return switch day % 10 {
    case 1: "st"
    case 2: "nd"
    case 3: "rd"
    default: "th"
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

// MARK: - Times that are numbers

extension TimeFormat {
  private func numberText(_ ticks: Int64, _ number: Resolution) -> String {
    switch number {
    case .unixSeconds: return Self.decimal(ticks, unit: 1_000_000, digits: Int(fractionDigits))
    case .unixMilliseconds: return Self.decimal(ticks, unit: 1000, digits: Int(fractionDigits))
    case .unixMicroseconds: return String(ticks)
    case .unixNanoseconds:
      let (product, overflows) = ticks.multipliedReportingOverflow(by: 1000)
      return String(overflows ? (ticks < 0 ? .min : .max) : product)
    case .excelDays:
      let (shifted, overflows) = ticks.addingReportingOverflow(
        Int64(NumericTimes.excelEpoch) * Timestamp.ticksPerDay)
      return Self.decimal(
        overflows ? ticks : shifted, unit: Timestamp.ticksPerDay, digits: Int(fractionDigits))
    case .decimalYear:
      let date = Timestamp(ticks: ticks).date
      let tenThousandths = Double(date.month - 1) / 12 + Double(phase) / 10_000
      return Self.decimal(Double(date.year) + tenThousandths, digits: Int(fractionDigits))
    default:
      guard fractionDigits > 0 else { return String(ticks) }
      return Self.decimal(ticks, unit: NumericTimes.power(Int(fractionDigits)), digits: Int(fractionDigits))
    }
  }

  /// ticks / unit with a number of digits behind the point, rounded to the nearest.
  private static func decimal(_ ticks: Int64, unit: Int64, digits: Int) -> String {
    var whole = floorDivide(ticks, unit)
    let rest = floorModulo(ticks, unit)
    guard digits > 0 else { return String(whole) }
    let scale = NumericTimes.power(min(digits, 15))
    // At most 10^15 · 86400·10^6, which takes more than 64 bits.
    let (high, low) = rest.multipliedFullWidth(by: scale)
    var (part, remainder) = unit.dividingFullWidth((high, low))
    if remainder * 2 >= unit { part += 1 }
    if part == scale { (whole, part) = (whole + 1, 0) }
    // Below zero the fraction counts from the number above.
    if whole < 0, part > 0 {
      let text = String(scale - part)
      return "-\((whole + 1).magnitude)." + String(repeating: "0", count: digits - text.count) + text
    }
    let text = String(part)
    return "\(whole)." + String(repeating: "0", count: max(0, min(digits, 15) - text.count)) + text
  }

  private static func decimal(_ value: Double, digits: Int) -> String {
    let scale = NumericTimes.power(min(digits, 9))
    return decimal(Int64((value * Double(scale)).rounded()), unit: scale, digits: min(digits, 9))
  }
}
