import UnrollCore

/// Which column of a table plays which part.
struct ColumnRoles {
  /// Nil when there is no column of times: the rows are the steps.
  var time: Int?
  /// The times of the rows; nil when the rows are the steps.
  var times: TimeColumn?
  var id: Int?
  var targets: [Int] = []
  var known: [Int] = []
  /// Whether the part was guessed.
  var isTimeGuessed = false
  var isIDGuessed = false
  var areTargetsGuessed = false

  /// Gives the named columns their parts and guesses those that were not named.
  ///
  /// - Times: the first column whose values are times of a calendar, one named like a time before others; then
  ///   a column of integers that is named like a time; then one that counts steps, if numbers are left for a
  ///   target; otherwise the order of rows.
  /// - Id: only when times repeat, the first column of text that tells equal times apart; also a column of
  ///   integers when it is named like an id.
  /// - Targets: all other columns of numbers that have a name.
  static func find(
    _ table: CSVTable, _ request: SeriesRequest, _ missing: MissingFields
  ) throws(DataError) -> ColumnRoles {
    var roles = ColumnRoles()
    try roles.take(request, table)
    let profiles = table.columns.indices.map { ColumnProfile(table, column: $0, missing) }
    if roles.time == nil {
      roles.time = roles.guessTime(
        table, profiles, mayCount: request.frequency.map { $0.unit == .step } ?? true)
      roles.isTimeGuessed = true
    }
    if let time = roles.time {
      roles.times = try TimeColumn.read(
        table, column: time, frequency: request.frequency, style: request.timeFormat)
    } else if let frequency = request.frequency, frequency.unit != .step {
      throw DataError(
        .badRoles, file: table.name, expected: "a column of times (\(frequency))", found: "none")
    }
    if roles.id == nil, let times = roles.times {
      roles.id = roles.guessID(table, profiles, times)
      roles.isIDGuessed = roles.id != nil
    }
    if roles.targets.isEmpty {
      roles.targets = roles.guessTargets(table, profiles)
      roles.areTargetsGuessed = true
    }
    guard !roles.targets.isEmpty else {
      throw DataError(
        .badRoles, file: table.name, expected: "a column of numbers to forecast",
        found: "none (columns: \(table.columns.prefix(12).map { clipped($0) }.joined(separator: ", ")))")
    }
    return roles
  }

  private mutating func take(_ request: SeriesRequest, _ table: CSVTable) throws(DataError) {
    var parts: [Int: String] = [:]
    func column(_ name: String, _ part: String) throws(DataError) -> Int {
      let column = try table.column(name)
      if let other = parts[column] {
        throw DataError(
          .badRoles, file: table.name, column: name, expected: "one part for each column",
          found: part == other ? "the column twice as \(part)" : "the column as \(other) and as \(part)")
      }
      parts[column] = part
      return column
    }
    if let name = request.time { time = try column(name, "time") }
    if let name = request.id { id = try column(name, "id") }
    for name in request.targets { targets.append(try column(name, "target")) }
    for name in request.known { known.append(try column(name, "known covariate")) }
  }

  private func isFree(_ column: Int) -> Bool {
    column != time && column != id && !targets.contains(column) && !known.contains(column)
  }

  private func guessTime(_ table: CSVTable, _ profiles: [ColumnProfile], mayCount: Bool) -> Int? {
    let free = table.columns.indices.filter(isFree)
    let isNamed = { (column: Int) in ColumnNames.suggestTime(table.columns[column]) }
    let calendar = free.filter { profiles[$0].isCalendar }
    if let column = calendar.first(where: isNamed) ?? calendar.first { return column }
    let integers = free.filter { profiles[$0].isInteger }
    if let column = integers.first(where: isNamed) { return column }
    guard mayCount else { return nil }
    // The only numbers of a table are what is to be forecast, even if they count upwards.
    return integers.first { column in
      profiles[column].isCounter
        && (!targets.isEmpty
          || free.contains { $0 != column && profiles[$0].isNumeric && !table.isUnnamed[$0] })
    }
  }

  private func guessID(_ table: CSVTable, _ profiles: [ColumnProfile], _ times: TimeColumn) -> Int? {
    let repeats = times.ticks.count - Set(times.ticks).count
    guard repeats > 0 else { return nil }
    let free = table.columns.indices.filter(isFree)
    let isNamed = { (column: Int) in ColumnNames.suggestID(table.columns[column]) }
    let texts = free.filter { profiles[$0].isText }
    let named = free.filter { (profiles[$0].isText || profiles[$0].isInteger) && isNamed($0) }
    var best: (column: Int, repeats: Int)?
    for column in named + texts.filter({ !isNamed($0) }) {
      var seen = Set<RowKey>()
      seen.reserveCapacity(table.rowCount)
      var left = 0
      for (row, group) in table.groups(column: column).ofRow.enumerated() {
        if !seen.insert(RowKey(group: group, ticks: times.ticks[row])).inserted { left += 1 }
      }
      if left == 0 { return column }
      if left < best?.repeats ?? .max { best = (column, left) }
    }
    // A column that parts nearly all rows is the id of data with a few doubled rows: those are the error.
    return best.flatMap { $0.repeats * 10 <= repeats ? $0.column : nil }
  }

  private func guessTargets(_ table: CSVTable, _ profiles: [ColumnProfile]) -> [Int] {
    table.columns.indices.filter { column in
      isFree(column) && profiles[column].isNumeric && !table.isUnnamed[column]
        && !ColumnNames.areRowNumbers(table.columns[column])
    }
  }
}

/// What must be different for all rows.
private struct RowKey: Hashable {
  let group: Int
  let ticks: Int64
}

/// What the fields of a column look like, judged by at most about 2000 of them.
struct ColumnProfile {
  private(set) var present = 0
  private(set) var numbers = 0
  private(set) var integers = 0
  private(set) var calendarTimes = 0
  /// Whether neighbouring rows mostly differ by the same positive number.
  private(set) var isCounter = false

  init(_ table: CSVTable, column: Int, _ missing: MissingFields) {
    let stride = max(1, table.rowCount / 2000)
    for row in Swift.stride(from: 0, to: table.rowCount, by: stride) { look(table, row, column, missing) }
    if present == 0 {
      // A column that is nearly empty may have its values anywhere.
      for row in 0..<table.rowCount where present == 0 { look(table, row, column, missing) }
    }
    if isInteger { isCounter = Self.counts(table, column) }
  }

  private mutating func look(_ table: CSVTable, _ row: Int, _ column: Int, _ missing: MissingFields) {
    let range = table.field(row: row, column: column)
    guard !missing.contains(table.bytes, range) else { return }
    present += 1
    if table.number(range) != nil { numbers += 1 }
    let time =
      TimeText.parse(table.bytes, range, order: .monthFirst)
      ?? TimeText.parse(table.bytes, range, order: .dayFirst)
    switch time?.format.resolution {
    case nil: break
    case .integer: integers += 1
    default: calendarTimes += 1
    }
  }

  private static func counts(_ table: CSVTable, _ column: Int) -> Bool {
    var differences: [Int64: Int] = [:]
    var last: Int64?
    let rows = min(table.rowCount, 2000)
    for row in 0..<rows {
      let value = TimeText.parse(table.bytes, table.field(row: row, column: column), order: .monthFirst)?
        .ticks
      if let value, let last { differences[value - last, default: 0] += 1 }
      last = value
    }
    guard let common = differences.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }) else { return false }
    return common.key > 0 && common.value * 10 >= (rows - 1) * 9
  }

  /// Mostly numbers; the few other fields will be named as errors.
  var isNumeric: Bool { present > 0 && numbers * 2 >= present }
  /// Mostly times of a calendar; the few other fields will be named as errors.
  var isCalendar: Bool { present > 0 && calendarTimes * 2 >= present }
  var isInteger: Bool { present > 0 && integers == present }
  var isText: Bool { present > 0 && !isNumeric && !isCalendar }
}

/// What columns are usually called.
enum ColumnNames {
  private static let timeWords: Set<String> = [
    "date", "datetime", "time", "timestamp", "ds", "day", "week", "month", "quarter", "year", "period", "t",
    "step", "index", "hour", "when",
  ]
  private static let idWords: Set<String> = [
    "id", "ids", "uid", "series", "store", "shop", "item", "sku", "product", "symbol", "ticker", "key",
    "entity", "region", "country", "group", "name", "sensor", "station", "customer", "dept", "department",
  ]

  static func suggestTime(_ name: String) -> Bool { words(name).contains { timeWords.contains($0) } }
  static func suggestID(_ name: String) -> Bool { words(name).contains { idWords.contains($0) } }

  /// Columns that number the rows, such as those that data frames write.
  static func areRowNumbers(_ name: String) -> Bool {
    let lower = name.lowercased()
    return ["id", "index", "row", "rownames"].contains(lower) || lower.hasPrefix("unnamed:")
  }

  /// The words of a name: `unique_id`, `Order Date`, `orderDate`.
  private static func words(_ name: String) -> [String] {
    var words: [String] = [""]
    var wasLower = false
    for character in name.prefix(200) {
      if !character.isLetter {
        words.append("")
      } else {
        if character.isUppercase, wasLower { words.append("") }
        words[words.count - 1] += character.lowercased()
      }
      wasLower = character.isLowercase
    }
    return words
  }
}
