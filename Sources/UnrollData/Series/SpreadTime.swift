/// A time whose parts stand in several columns: year and month, date and time of day, date and hour.
struct SpreadTime {
  /// The parts and their columns.
  private let parts: [TimePart: Int]

  /// The columns, from the coarse part to the fine one.
  var columns: [Int] { TimePart.allCases.compactMap { parts[$0] } }

  /// The columns' names, joined as a request names them.
  func name(_ table: CSVTable) -> String { columns.map { table.columns[$0] }.joined(separator: ",") }

  private init(parts: [TimePart: Int]) { self.parts = parts }

  // MARK: Finding

  /// Year and a part of the year in columns that are named so.
  static func guess(_ table: CSVTable, _ profiles: [ColumnProfile], free: [Int]) -> SpreadTime? {
    func column(_ part: TimePart) -> Int? {
      free.first { part.isNamed(table.columns[$0]) && profiles[$0].mayBe(part) }
    }
    guard let year = column(.year) else { return nil }
    var parts: [TimePart: Int] = [.year: year]
    guard let part = [TimePart.month, .dayOfYear, .week, .quarter, .half].first(where: { column($0) != nil })
    else { return nil }
    parts[part] = column(part)
    if part == .month || part == .week { parts[.day] = part == .month ? column(.day) : nil }
    if parts[.day] != nil || part == .dayOfYear { addClock(&parts, column) }
    return SpreadTime(parts: parts)
  }

  private static func addClock(_ parts: inout [TimePart: Int], _ column: (TimePart) -> Int?) {
    if let clock = column(.clock) {
      parts[.clock] = clock
      return
    }
    for part in [TimePart.hour, .minute, .second] {
      guard let found = column(part) else { return }
      parts[part] = found
    }
  }

  /// A time of day, or an hour, for a column of dates that occur several times.
  static func guess(
    beside date: Int, _ table: CSVTable, _ profiles: [ColumnProfile], free: [Int]
  ) -> SpreadTime? {
    guard profiles[date].distinct * 3 <= min(profiles[date].present, 1000) * 2 else { return nil }
    func column(_ part: TimePart) -> Int? {
      free.first {
        $0 != date && profiles[$0].mayBe(part) && (part == .clock || part.isNamed(table.columns[$0]))
          && profiles[$0].distinct > 1
      }
    }
    var parts: [TimePart: Int] = [.date: date]
    addClock(&parts, column)
    return parts.count > 1 ? SpreadTime(parts: parts) : nil
  }

  /// Columns that a request names; each must be one part.
  init(
    _ columns: [Int], _ table: CSVTable, _ profiles: [ColumnProfile]
  ) throws(DataError) {
    var parts: [TimePart: Int] = [:]
    for column in columns {
      let name = table.columns[column]
      let open = TimePart.allCases.filter { parts[$0] == nil }
      let fitting = open.filter { profiles[column].mayBe($0) }
      // A name decides even where a value does not fit: the reader then says which.
      let named =
        fitting.first { $0.isNamed(name) }
        ?? open.first { $0.isNamed(name) && $0.numbers != nil && profiles[column].isInteger }
      let plain = fitting.first { !profiles[column].isText || $0 == .clock || $0 == .month }
      guard let part = named ?? plain else {
        let row = profiles[column].firstRow ?? 0
        throw DataError(
          .badRoles, file: table.name, line: table.line(row: row, column: column), column: name,
          expected: "a part of a time: a date, a time of day, or a number for year, month, day, hour, …",
          found: quoted(table.text(row: row, column: column)))
      }
      parts[part] = column
    }
    guard parts[.date] != nil || parts[.year] != nil else {
      throw DataError(
        .badRoles, file: table.name, column: columns.map { table.columns[$0] }.joined(separator: ","),
        expected: "a column of dates or of years among the columns of the time", found: "none")
    }
    self.parts = parts
  }

  // MARK: Reading

  func read(_ table: CSVTable, _ style: TimeStyle) throws(DataError) -> TimeColumn {
    let name = name(table)
    var column: TimeColumn
    var dayStyle = style
    if style.format?.isStated != true { dayStyle.format = nil }
    if let date = parts[.date] {
      let fields = TimeFields(table, column: date)
      column = try TimeColumn.read(fields, dayStyle)
      guard column.ticks.allSatisfy({ floorModulo($0, Timestamp.ticksPerDay) == 0 }), column.format.isCalendar
      else {
        throw fields.error(
          .notATime, 0, expected: "a date without a time of day beside column \(quoted(name))")
      }
    } else {
      let texts = (0..<table.rowCount).map { dayText(table, $0) }
      column = try TimeColumn.read(
        TimeFields(texts, file: table.name, name: name) { table.line(row: $0, column: columns.first ?? 0) },
        dayStyle)
    }
    try addClock(&column, table)
    return column
  }

  /// The date of a row, written with four digits of the year first.
  private func dayText(_ table: CSVTable, _ row: Int) -> String {
    func text(_ part: TimePart) -> String? {
      guard let column = parts[part] else { return nil }
      let range = table.field(row: row, column: column)
      let bytes = table.bytes
      guard let number = NumericTimes.number(bytes, range), number.format.fractionDigits == 0 else {
        return String(decoding: bytes[range], as: UTF8.self)
      }
      return number.ticks < 10 && part != .quarter && part != .half ? "0\(number.ticks)" : "\(number.ticks)"
    }
    var result = text(.year) ?? ""
    if let quarter = text(.quarter), parts[.month] == nil {
      result += quarter.count == 1 ? "Q" + quarter : quarter
    }
    if let half = text(.half), parts[.month] == nil { result += "H" + half }
    if let month = text(.month) { result += "-" + month }
    if let week = text(.week), parts[.month] == nil { result += "-W" + week }
    if let day = text(.dayOfYear) {
      result += "-" + String(repeating: "0", count: max(0, 3 - day.count)) + day
    }
    if let day = text(.day) { result += "-" + day }
    return result
  }

  private func addClock(_ column: inout TimeColumn, _ table: CSVTable) throws(DataError) {
    let space = TimeField.literal(Byte.space)
    // What stands for midnight beside the date goes.
    if parts[.clock] != nil || parts[.hour] != nil, column.format.resolution != .day { column.format = .day }
    if let clock = parts[.clock] {
      let fields = TimeFields(table, column: clock)
      var format: TimeFormat?
      for row in 0..<table.rowCount {
        guard let time = TimeText.clock(fields.bytes, fields.range(row)) else {
          throw fields.error(.notATime, row, expected: "a time of day such as 13:00")
        }
        column.ticks[row] += time.ticks
        if format == nil { format = time.format } else { format?.learn(time.format) }
      }
      guard let format else { return }
      column.format.fields += [space] + format.fields
      column.format.hourPadding = format.hourPadding
      column.format.fractionDigits = format.fractionDigits
      column.format.meridiemStyle = format.meridiemStyle
      return
    }
    guard let hour = parts[.hour] else { return }
    let hours = try numbers(hour, table)
    // 100, 130, … 2400 are hours with their minutes; 1 to 24 name the end of each hour.
    let hasMinutes = (hours.max() ?? 0) >= 100
    column.format.fields += [space, .hour, .literal(Byte.colon), .minute]
    let minutes = try parts[.minute].map { column throws(DataError) in try numbers(column, table) }
    let seconds = try parts[.second].map { column throws(DataError) in try numbers(column, table) }
    if seconds != nil { column.format.fields += [.literal(Byte.colon), .second] }
    for row in hours.indices {
      let (h, m) = hasMinutes ? (hours[row] / 100, hours[row] % 100) : (hours[row], minutes?[row] ?? 0)
      guard (0...24).contains(h), (0...59).contains(m) else {
        throw TimeFields(table, column: hour).error(.notATime, row, expected: "an hour from 0 to 24")
      }
      column.ticks[row] += (h * 3600 + m * 60 + (seconds?[row] ?? 0)) * 1_000_000
    }
  }

  private func numbers(_ column: Int, _ table: CSVTable) throws(DataError) -> [Int64] {
    let fields = TimeFields(table, column: column)
    var result: [Int64] = []
    result.reserveCapacity(table.rowCount)
    for row in 0..<table.rowCount {
      guard let number = NumericTimes.number(fields.bytes, fields.range(row)),
        number.format.fractionDigits == 0,
        (0...2400).contains(number.ticks)
      else { throw fields.error(.notATime, row, expected: "a whole number") }
      result.append(number.ticks)
    }
    return result
  }
}
