/// The times of a table's rows, read from one column that is written in one way.
struct TimeColumn: Sendable {
  /// For each row, the ticks of its time.
  var ticks: [Int64]
  /// How the column is written.
  var format: TimeFormat
  /// What had to be guessed about the column, in sentences.
  var notes: [String] = []

  /// Reads all of a column.
  ///
  /// Dates whose year comes last are read in the order that fits every row. When both orders do, the one in
  /// which fewer rows go back in time is taken, then the one whose times have fewer gaps, and of two equal ones
  /// day-month with full stops and month-day with other separators.
  ///
  /// - Parameters:
  ///   - frequency: the distance of the times, if it is known.
  ///   - style: a format seen before, which decides the order of days and months and what integers count.
  static func read(
    _ table: CSVTable, column: Int, frequency: Frequency?, style: TimeFormat?
  ) throws(DataError) -> TimeColumn {
    let isDotted = table.rowCount > 0 && table.bytes[table.field(row: 0, column: column)].contains(Byte.dot)
    var orders: [TimeFormat.Order] = isDotted ? [.dayFirst, .monthFirst] : [.monthFirst, .dayFirst]
    if let order = style?.order, order != .yearFirst { orders = [order] }

    var readings: [TimeColumn] = []
    var failure: DataError?
    for order in orders {
      do throws(DataError) {
        let reading = try read(table, column, order, frequency, style)
        readings.append(reading)
        // Only dates whose year comes last have a second reading.
        if reading.format.order == .yearFirst { break }
      } catch {
        // The reading that went further tells more about what is wrong.
        if failure == nil || (error.line ?? 0) > (failure?.line ?? 0) { failure = error }
      }
    }
    guard var best = readings.first else {
      throw failure ?? DataError(.noRows, file: table.name, statement: "the file has no rows")
    }
    if readings.count == 2, readings[0].ticks != readings[1].ticks {
      let ranks = readings.map { ($0.descents, -$0.density(frequency)) }
      if ranks[1] < ranks[0] { best = readings[1] }
      let order = best.format.order == .dayFirst ? "day, month, year" : "month, day, year"
      best.notes.append(
        "dates: read as \(order) (\(table.text(row: 0, column: column)) could be either)")
    }
    return best
  }

  /// Reads all of a column with dates in a given order.
  private static func read(
    _ table: CSVTable, _ column: Int, _ order: TimeFormat.Order, _ frequency: Frequency?, _ style: TimeFormat?
  ) throws(DataError) -> TimeColumn {
    var ticks: [Int64] = []
    ticks.reserveCapacity(table.rowCount)
    var format: TimeFormat?
    var offsets: [Int16] = []
    for row in 0..<table.rowCount {
      guard let parsed = TimeText.parse(table.bytes, table.field(row: row, column: column), order: order)
      else { throw notATime(table, row, column, after: row > 0 ? format : nil) }
      ticks.append(parsed.ticks)
      if format == nil { format = parsed.format }
      if format?.merge(parsed.format) == false { throw mixed(table, row, column) }
      let first = format?.offsetMinutes ?? 0
      if parsed.format.offsetMinutes != first, offsets.isEmpty {
        offsets = [Int16](repeating: first, count: row)
      }
      if !offsets.isEmpty { offsets.append(parsed.format.offsetMinutes) }
    }
    var result = TimeColumn(ticks: ticks, format: format ?? .step)
    if result.format.resolution == .integer {
      try result.countIntegers(table, column, frequency, style)
    } else if frequency?.unit == .step {
      throw DataError(
        .badRoles, file: table.name, column: table.columns[column],
        expected: "integers that number the steps", found: quoted(table.text(row: 0, column: column)))
    }
    if !offsets.isEmpty { result.unify(offsets) }
    return result
  }

  /// Decides what a column of integers counts and turns it into ticks.
  private mutating func countIntegers(
    _ table: CSVTable, _ column: Int, _ frequency: Frequency?, _ style: TimeFormat?
  ) throws(DataError) {
    var kind = IntegerTimes.kind(of: ticks, allowsEpochs: true)
    if let style, style.isInteger { kind = style.resolution }
    if frequency?.unit == .step { kind = .step }
    format = TimeFormat(kind)
    if let frequency, frequency.unit != .step, kind == .step {
      throw DataError(
        .notATime, file: table.name, line: table.line(row: 0, column: column),
        column: table.columns[column], expected: "times of the calendar (\(frequency))",
        found: quoted(table.text(row: 0, column: column)))
    }
    guard kind != .step else { return }
    for row in ticks.indices {
      guard let time = IntegerTimes.ticks(of: ticks[row], as: kind) else {
        throw Self.notATime(table, row, column, after: format)
      }
      ticks[row] = time
    }
  }

  /// Moves times with changing offsets to universal time, unless all are midnights: those are days.
  private mutating func unify(_ offsets: [Int16]) {
    if ticks.allSatisfy({ floorModulo($0, Timestamp.ticksPerDay) == 0 }) { return }
    for (row, offset) in offsets.enumerated() { ticks[row] -= Int64(offset) * 60_000_000 }
    format.offsetMinutes = 0
    notes.append("times: the offset from universal time changes, so universal time is used")
  }

  /// How many rows are earlier than the row above.
  private var descents: Int { zip(ticks, ticks.dropFirst()).count { $0 > $1 } }

  /// The share of steps, from the first time to the last, that have a row; 0 when two times share a step or one is off the grid.
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

  private static func notATime(
    _ table: CSVTable, _ row: Int, _ column: Int, after format: TimeFormat?
  ) -> DataError {
    let example = format.map { $0.resolution == .integer ? "an integer" : "a time such as \($0.example)" }
    return DataError(
      .notATime, file: table.name, line: table.line(row: row, column: column), column: table.columns[column],
      expected: example ?? "a time such as 2020-01-31, 2020-01, 2020Q1 or 2020-01-31 13:00, or an integer",
      found: quoted(table.text(row: row, column: column)))
  }

  private static func mixed(_ table: CSVTable, _ row: Int, _ column: Int) -> DataError {
    DataError(
      .mixedTimes, file: table.name, line: table.line(row: row, column: column),
      column: table.columns[column],
      expected: "a time written like \(quoted(table.text(row: 0, column: column))) in the first row",
      found: quoted(table.text(row: row, column: column)))
  }
}

extension TimeFormat {
  /// Whether times are bare integers on the page.
  fileprivate var isInteger: Bool {
    switch resolution {
    case .step, .unixSeconds, .unixMilliseconds, .compactDay, .year: true
    default: false
    }
  }
}
