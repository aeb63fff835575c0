/// The times of a table's rows, read from fields that are written in one way.
struct TimeColumn: Sendable {
  /// For each row, the ticks of its time.
  var ticks: [Int64]
  /// How the column is written.
  var format: TimeFormat
  /// What had to be guessed about the column.
  var notes: [DataNote] = []
  /// For each row, minutes ahead of universal time; empty where they are all alike.
  private var offsets: [Int16] = []

  init(ticks: [Int64], format: TimeFormat) {
    self.ticks = ticks
    self.format = format
  }

  /// Reads all of a column.
  ///
  /// A stated format is the only one that is read. Otherwise each way in which the first field may be written
  /// is tried on all rows. Of several that read every row, the stated order of dates is taken, or that in
  /// which fewer rows go back in time, then the one whose times have fewer gaps, then the one that says more
  /// usual things (days of all months before the same day of each), and of equal ones day-month where the
  /// file has the marks of a country that writes so, month-day otherwise.
  static func read(_ fields: TimeFields, _ style: TimeStyle) throws(DataError) -> TimeColumn {
    guard fields.count > 0 else {
      throw DataError(.noRows, file: fields.file, statement: "the file has no rows")
    }
    if let stated = style.format, stated.isStated {
      return try finish(readStated(fields, stated), fields, style)
    }
    if let known = style.format, known.number == nil, case .success(let column) = read(fields, known) {
      return try finish(column, fields, style)
    }
    if let numbers = try numbers(fields, style) { return numbers }
    return try finish(readGuessed(fields, style), fields, style)
  }

  private static func readStated(_ fields: TimeFields, _ format: TimeFormat) throws(DataError) -> TimeColumn {
    if let number = format.number {
      let column = try numberColumn(fields)
      guard number != .step || format.fractionDigits >= UInt8(column.digits) || format.fractionDigits == 0
      else {
        throw fields.error(
          .notATime, 0, expected: "steps with \(format.fractionDigits) digits behind the point")
      }
      var reading = number == .decimalYear ? column.decimalYears(phase: format.phase) : column.reading(number)
      reading.format.isStated = true
      return try TimeColumn(reading, fields)
    }
    switch read(fields, format) {
    case .success(let column): return column
    case .failure(let row, _):
      throw fields.error(.notATime, row, expected: "a time written as \(format.pattern)")
    }
  }

  private static func readGuessed(_ fields: TimeFields, _ style: TimeStyle) throws(DataError) -> TimeColumn {
    let candidates = TimeGuess.candidates(fields.bytes, fields.range(0))
    guard !candidates.isEmpty else { throw fields.notATime(0) }
    var readings: [TimeColumn] = []
    var furthest: (row: Int, format: TimeFormat)?
    for candidate in candidates {
      if let dates = style.dates, TimeGuess.isOpen(candidate),
        TimeFormat(fields: candidate).order != dates.order
      {
        continue
      }
      switch read(fields, TimeFormat(fields: candidate)) {
      case .success(let column): readings.append(column)
      // The reading that went further tells more about what is wrong.
      case .failure(let row, let format): if row > furthest?.row ?? -1 { furthest = (row, format) }
      }
    }
    guard !readings.isEmpty else { throw fields.wrong(furthest?.row ?? 0, after: furthest?.format, style) }
    return try choose(readings, fields, style)
  }

  /// The likeliest of several readings.
  private static func choose(
    _ readings: [TimeColumn], _ fields: TimeFields, _ style: TimeStyle
  ) throws(DataError) -> TimeColumn {
    if let column = readings.first, column.lacksYears {
      throw fields.error(
        .ambiguous, 0, expected: "dates with a year",
        hint: DataHint(
          .timeFormat, ["%b-%y"],
          to: "read the numbers as years of two digits, or write the year into the dates"))
    }
    var best = readings[0]
    guard readings.contains(where: { $0.ticks != best.ticks }) else { return best }
    let preferred: TimeFormat.Order? = style.prefersDayFirst ? .dayFirst : nil
    let ranks = readings.map { reading in
      Rank(
        descents: reading.descents, gaps: -reading.density(style.frequency), oddness: reading.oddness,
        preference: preferred == nil || reading.format.order == preferred ? 0 : 1)
    }
    for index in readings.indices.dropFirst() where ranks[index] < ranks[readings.firstIndex(of: best) ?? 0] {
      best = readings[index]
    }
    let others = Set(readings.map { DateOrder($0.format.order) }).subtracting([DateOrder(best.format.order)])
    guard !others.isEmpty else {
      best.notes.append(
        DataNote(
          .dates, "dates: \(fields.text(0)) is read as \(best.format.pattern)",
          hint: DataHint(
            .timeFormat, readings.filter { $0 != best }.map(\.format.pattern), to: "read it otherwise")))
      return best
    }
    best.notes.append(
      DataNote(
        .dates, "dates: read as \(DateOrder(best.format.order).words) (\(fields.text(0)) could be either)",
        hint: DataHint(
          .dates, others.map(\.rawValue).sorted(), to: "read them in another order")))
    return best
  }

  /// What is compared between readings, the more important first.
  private struct Rank: Comparable {
    let descents: Int
    let gaps: Double
    let oddness: Int
    let preference: Int

    static func < (a: Rank, b: Rank) -> Bool {
      (a.descents, a.gaps, a.oddness, a.preference) < (b.descents, b.gaps, b.oddness, b.preference)
    }
  }
}

extension TimeColumn: Equatable {
  static func == (a: TimeColumn, b: TimeColumn) -> Bool { a.ticks == b.ticks && a.format == b.format }
}

// MARK: - Reading rows

extension TimeColumn {
  private enum Outcome {
    case success(TimeColumn)
    /// The first row that has another form, and what was learned of the format until then.
    case failure(row: Int, format: TimeFormat)
  }

  private static func read(_ fields: TimeFields, _ pattern: TimeFormat) -> Outcome {
    var column = TimeColumn(ticks: [], format: pattern)
    column.ticks.reserveCapacity(fields.count)
    var isFirst = true
    for row in 0..<fields.count {
      guard let parsed = TimeText.read(fields.bytes, fields.range(row), as: pattern) else {
        return .failure(row: row, format: column.format)
      }
      column.ticks.append(parsed.ticks)
      if isFirst {
        column.format = parsed.format
        isFirst = false
      } else {
        column.format.learn(parsed.format)
      }
      let first = column.format.offsetMinutes
      if parsed.format.offsetMinutes != first, column.offsets.isEmpty {
        column.offsets = [Int16](repeating: first, count: row)
      }
      if !column.offsets.isEmpty { column.offsets.append(parsed.format.offsetMinutes) }
    }
    return .success(column)
  }

  /// What is done with times of pieces when all are read.
  private static func finish(
    _ read: TimeColumn, _ fields: TimeFields, _ style: TimeStyle
  ) throws(DataError) -> TimeColumn {
    var column = read
    if style.frequency?.unit == .step, column.format.isCalendar {
      throw DataError(
        .badRoles, file: fields.file, column: fields.name, expected: "integers that number the steps",
        found: quoted(fields.text(0)))
    }
    if column.format.fields.contains(.shortYear) { column.fixCentury() }
    column.unify(style.format)
    return column
  }

  /// Moves times with changing offsets to universal time, unless all are midnights: those are days. Times that
  /// continue others take their offset.
  private mutating func unify(_ known: TimeFormat?) {
    guard format.zone != .none else { return }
    let isDays = ticks.allSatisfy { floorModulo($0, Timestamp.ticksPerDay) == 0 }
    if let known, known.zone != .none, !isDays {
      for row in ticks.indices {
        let offset = offsets.isEmpty ? format.offsetMinutes : offsets[row]
        ticks[row] += (Int64(known.offsetMinutes) - Int64(offset)) * 60_000_000
      }
      (format.offsetMinutes, format.zone, format.zoneName) = (known.offsetMinutes, known.zone, known.zoneName)
      return
    }
    guard !offsets.isEmpty, !isDays else { return }
    for (row, offset) in offsets.enumerated() { ticks[row] -= Int64(offset) * 60_000_000 }
    format.offsetMinutes = 0
    if format.zone == .name { format.zoneName = "UTC" }
    notes.append(
      DataNote(.time, "times: the offset from universal time changes, so universal time is used"))
  }

  /// Years of two digits are 1930 to 2029, unless the times then fall apart into two centuries.
  private mutating func fixCentury() {
    let years = ticks.map { Timestamp(ticks: $0).date.year }
    // 2028, 2029, 1930: the series goes on past 2029. A series from 1928 to 1931 is not told apart from it.
    let isSplit =
      years.contains { (2020...2029).contains($0) } && years.contains { (1930...1945).contains($0) }
    guard isSplit, !years.contains(where: { (1946...1999).contains($0) }) else {
      notes.append(DataNote(.dates, "years: of two digits, read as 1930 to 2029"))
      return
    }
    for row in ticks.indices where years[row] < 1946 {
      ticks[row] = Frequency(.year).advance(Timestamp(ticks: ticks[row]), by: 100).ticks
    }
    notes.append(DataNote(.dates, "years: of two digits, read as 1946 to 2045"))
  }
}

// MARK: - Bare numbers

extension TimeColumn {
  private init(_ reading: NumericTimes.Reading, _ fields: TimeFields) throws(DataError) {
    var ticks: [Int64] = []
    ticks.reserveCapacity(reading.ticks.count)
    for (row, tick) in reading.ticks.enumerated() {
      guard let tick else { throw fields.notATime(row, after: reading.format) }
      ticks.append(tick)
    }
    self.init(ticks: ticks, format: reading.format)
    if let note = reading.note { notes.append(DataNote(.time, "times: \(note)")) }
  }

  /// The fields as numbers; nil where the first is none.
  private static func numbers(_ fields: TimeFields, _ style: TimeStyle) throws(DataError) -> TimeColumn? {
    guard NumericTimes.number(fields.bytes, fields.range(0)) != nil else { return nil }
    if let column = monthsBehindPoint(fields) { return column }
    let column = try numberColumn(fields)
    if let known = style.format?.number {
      var reading =
        known == .decimalYear ? column.decimalYears(phase: style.format?.phase ?? 0) : column.reading(known)
      if known == .step, let digits = style.format?.fractionDigits, Int(digits) > column.digits {
        let scale = NumericTimes.power(Int(digits) - column.digits)
        reading.ticks = reading.ticks.map { tick in
          tick.flatMap { $0.multipliedReportingOverflow(by: scale) }.flatMap {
            $0.overflow || $0.partialValue.magnitude >= 1 << 60 ? nil : $0.partialValue
          }
        }
        reading.format.fractionDigits = digits
      }
      return try TimeColumn(reading, fields)
    }
    if style.frequency?.unit == .step { return try TimeColumn(column.reading(.step), fields) }
    let weeks = style.frequency.flatMap { $0.unit == .week ? true : $0.months == nil ? nil : false }
    let isCalendar = style.frequency != nil
    let reading = NumericTimes.kind(column, isDate: style.isNamedDate || isCalendar, weeks: weeks)
    if let frequency = style.frequency, reading.format.number == .step {
      throw fields.error(.notATime, 0, expected: "times of the calendar (\(frequency))")
    }
    return try TimeColumn(reading, fields)
  }

  private static func numberColumn(_ fields: TimeFields) throws(DataError) -> NumberColumn {
    var numbers: [TimeText.Parsed] = []
    numbers.reserveCapacity(fields.count)
    for row in 0..<fields.count {
      guard let number = NumericTimes.number(fields.bytes, fields.range(row)) else {
        throw fields.notATime(row, after: TimeFormat(number: .integer))
      }
      numbers.append(number)
    }
    let digits = numbers.map { Int($0.format.fractionDigits) }.max() ?? 0
    var values: [Int64] = []
    values.reserveCapacity(numbers.count)
    for (row, number) in numbers.enumerated() {
      let scale = NumericTimes.power(digits - Int(number.format.fractionDigits))
      let (value, overflows) = number.ticks.multipliedReportingOverflow(by: scale)
      if overflows { throw fields.notATime(row, after: TimeFormat(number: .integer)) }
      values.append(value)
    }
    return NumberColumn(values: values, digits: digits)
  }

  /// `01.2020`, and `2020.01` where all decimals are months with their zeros.
  static func monthsBehindPoint(_ fields: TimeFields) -> TimeColumn? {
    guard fields.count > 0 else { return nil }
    let first = fields.bytes[fields.range(0)]
    guard first.count == 7, first.contains(Byte.dot) else { return nil }
    for pieces in [[TimeField.month, .literal(Byte.dot), .year], [.year, .literal(Byte.dot), .month]] {
      if case .success(let column) = read(fields, TimeFormat(fields: pieces)),
        column.format.monthPadding != .none,
        column.ticks.allSatisfy({ (1500...2200).contains(Timestamp(ticks: $0).date.year) })
      {
        return column
      }
    }
    return nil
  }
}

// MARK: - Judging readings

extension TimeColumn {
  /// How many rows are earlier than the row above.
  private var descents: Int { zip(ticks, ticks.dropFirst()).count { $0 > $1 } }

  /// The share of steps, from the first time to the last, that have a row; 0 when two times share a step or
  /// one is off the grid.
  private func density(_ frequency: Frequency?) -> Double {
    let sorted = Array(Set(ticks)).sorted()
    guard let first = sorted.first else { return 0 }
    let frequency = frequency ?? Frequency.guess(series: [sorted], format: format)
    var last = -1
    for time in sorted {
      let step = frequency.steps(from: Timestamp(ticks: first), to: Timestamp(ticks: time))
      guard let step, step > last else { return 0 }
      last = step
    }
    return Double(sorted.count) / (Double(last) + 1)
  }

  /// 1 where every date is the same day of its month, neither the first nor the last: values for months are
  /// rarely dated so, and days read in the wrong order always are.
  private var oddness: Int {
    let dates = ticks.prefix(1000).map { Timestamp(ticks: $0).date }
    guard let first = dates.first, dates.count > 1, first.day != 1 else { return 0 }
    let isSameDay = dates.allSatisfy { $0.day == first.day } && Set(dates.map(\.monthIndex)).count > 1
    return isSameDay && !dates.allSatisfy(\.isLastOfMonth) ? 1 : 0
  }

  /// Whether `Jan-05, Jan-06, …` are likely days whose year is left out: the months do not go on as years of
  /// two digits would have them.
  private var lacksYears: Bool {
    guard format.fields.contains(.shortYear), format.fields.contains(.monthName),
      !format.fields.contains(.day),
      ticks.count > 2
    else { return false }
    let dates = ticks.map { Timestamp(ticks: $0).date }
    guard dates.allSatisfy({ (1...31).contains($0.year % 100) }) else { return false }
    let asDays = dates.map { $0.month * 31 + $0.year % 100 }
    let steps = zip(asDays, asDays.dropFirst()).count { (1...4).contains($1 - $0) }
    let months = zip(dates, dates.dropFirst()).count { abs($1.monthIndex - $0.monthIndex) <= 6 }
    return steps * 10 >= (ticks.count - 1) * 9 && months * 2 < ticks.count
  }
}

extension TimeFields {
  func notATime(_ row: Int, after format: TimeFormat? = nil) -> DataError {
    let example = format.map { format in
      format.resolution == .integer || format.number != nil
        ? "a number"
        : format.fields == [.year, .month]
          ? "a year and a month from 01 to 12" : "a time such as \(format.example)"
    }
    return error(
      .notATime, row,
      expected: example
        ?? "a time such as 2020-01-31, 31.01.2020, Jan-20, 2020Q1 or 2020-01-31 13:00, or a number",
      hint: rowHint(row) ?? monthHint(row, format)
        ?? (example == nil ? DataHint(.timeFormat, to: "say how times are written, such as %d.%m.%Y") : nil))
  }

  /// A month 13 or 00 is how some tables write the sum of a year.
  private func monthHint(_ row: Int, _ format: TimeFormat?) -> DataHint? {
    guard format?.fields == [.year, .month], let last = bytes[range(row)].suffix(2).map({ $0 }) as [UInt8]?,
      last == Array("13".utf8) || last == Array("00".utf8)
    else { return nil }
    return DataHint(
      .frequency, ["weekly"], to: "read years and weeks; rows for whole years, as month 13, must be left out")
  }

  /// The error for a row that is written in another way than those above, or in no way at all.
  func wrong(_ row: Int, after format: TimeFormat?, _ style: TimeStyle) -> DataError {
    let isOther =
      row > 0
      && (NumericTimes.number(bytes, range(row)) != nil
        || TimeGuess.candidates(bytes, range(row)).contains { pieces in
          pieces != format?.fields && TimeText.read(bytes, range(row), as: TimeFormat(fields: pieces)) != nil
            && format.map { !Self.areSame($0.fields, pieces) } ?? true
        })
    guard isOther else { return notATime(row, after: row > 0 ? format : nil) }
    return error(.mixedTimes, row, expected: "a time written like \(quoted(text(0))) in the first row")
  }

  /// Whether two lists differ in the order of day and month alone: then a field is no time of the first order.
  private static func areSame(_ a: [TimeField], _ b: [TimeField]) -> Bool {
    a.count == b.count && Set(a) == Set(b)
  }
}
