import UnrollCore

/// Which column of a table plays which part.
struct ColumnRoles {
  /// The columns of the time; empty when the rows are the steps.
  var time: [Int] = []
  /// The name of the time, as a request names it.
  var timeName: String?
  /// The times of the rows; nil when the rows are the steps.
  var times: TimeColumn?
  /// The columns that together tell series apart.
  var ids: [Int] = []
  var targets: [Int] = []
  var known: [CovariateColumn] = []
  var past: [CovariateColumn] = []
  var statics: [CovariateColumn] = []
  /// Whether the part was guessed.
  var isTimeGuessed = false
  var isIDGuessed = false
  var areTargetsGuessed = false

  /// Gives the named columns their parts and guesses those that were not named.
  ///
  /// - Times: the first column whose values are times of a calendar, one named like a time before others, and
  ///   with it a column of hours where dates repeat; then columns of years, months, … that are named so; then
  ///   a column of numbers that is named like a time; then one that counts steps, if numbers are left for a
  ///   target; otherwise the order of rows, unless a column that was left unread could be the time or an id.
  /// - Id: only when times repeat, the first column of text that tells equal times apart; also a column of
  ///   integers when it is named like an id; then two or three such columns together.
  /// - Targets: all other columns of numbers that have a name.
  static func find(
    _ table: CSVTable, _ request: SeriesRequest, _ missing: MissingFields
  ) throws(DataError) -> ColumnRoles {
    var roles = ColumnRoles()
    try roles.take(request, table)
    let profiles = table.columns.indices.map { ColumnProfile(table, column: $0, missing) }
    try roles.findTimes(table, profiles, request)
    if roles.ids.isEmpty, let times = roles.times {
      roles.ids = roles.guessID(table, profiles, times)
      roles.isIDGuessed = !roles.ids.isEmpty
    }
    if roles.targets.isEmpty {
      roles.targets = roles.guessTargets(table, profiles)
      roles.areTargetsGuessed = true
    }
    guard !roles.targets.isEmpty else { throw roles.noTarget(table, profiles) }
    // Columns of equal names are refused where they are used.
    let covariates = (roles.known + roles.past + roles.statics).map(\.column)
    for column in roles.targets + roles.time + roles.ids + covariates {
      _ = try table.column(table.columns[column])
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
    if let name = request.time {
      for part in table.columns(named: name) { time.append(try column(part, "time")) }
      timeName = name
    }
    if let name = request.id {
      for part in table.columns(named: name) { ids.append(try column(part, "id")) }
    }
    for name in request.targets { targets.append(try column(name, "target")) }
    func covariates(_ names: [String], _ part: String) throws(DataError) -> [CovariateColumn] {
      var result: [CovariateColumn] = []
      for name in names {
        let found = try CovariateColumn.find(name, table)
        // Several words of one column are several covariates.
        if found.word == nil || !result.contains(where: { $0.column == found.column }) {
          _ = try column(table.columns[found.column], part)
        }
        result.append(found)
      }
      return result
    }
    known = try covariates(request.known, "known covariate")
    past = try covariates(request.past, "past covariate")
    statics = try covariates(request.statics, "static covariate")
  }

  private func isFree(_ column: Int) -> Bool {
    !time.contains(column) && !ids.contains(column) && !targets.contains(column)
      && !(known + past + statics).contains { $0.column == column }
  }

  // MARK: Times

  private mutating func findTimes(
    _ table: CSVTable, _ profiles: [ColumnProfile], _ request: SeriesRequest
  ) throws(DataError) {
    var style = TimeStyle()
    style.dates = request.dates
    style.format = request.timeFormat
    style.frequency = request.frequency
    style.prefersDayFirst = table.hasCommaCountry
    let free = table.columns.indices.filter(isFree)
    var spread: SpreadTime?
    if time.isEmpty {
      isTimeGuessed = true
      let stated =
        request.timeFormat?.isStated == true ? Self.column(table, free, fitting: request.timeFormat) : nil
      if let column = stated ?? guessCalendar(table, profiles, free) {
        time = [column]
        spread = stated == nil ? SpreadTime.guess(beside: column, table, profiles, free: free) : nil
      } else {
        spread = SpreadTime.guess(table, profiles, free: free)
      }
      if spread == nil, time.isEmpty {
        let mayCount = request.frequency.map { $0.unit == .step } ?? true
        time = guessNumbers(table, profiles, free, mayCount: mayCount).map { [$0] } ?? []
      }
    } else if time.count > 1 {
      spread = try SpreadTime(time, table, profiles)
    } else {
      style.isNamedDate = true
    }
    if let spread {
      time = spread.columns
      timeName = timeName ?? spread.name(table)
      times = try spread.read(table, style)
    } else if let column = time.first {
      timeName = timeName ?? table.columns[column]
      if isTimeGuessed { style.isNamedDate = ColumnNames.suggestDate(table.columns[column]) }
      times = try TimeColumn.read(TimeFields(table, column: column), style)
    } else if let frequency = request.frequency, frequency.unit != .step {
      throw unread(table, profiles, free)
        ?? DataError(.badRoles, file: table.name, expected: "a column of times (\(frequency))", found: "none")
    } else if request.frequency == nil, let error = unread(table, profiles, free) {
      throw error
    }
  }

  /// The column that a stated format fits.
  private static func column(_ table: CSVTable, _ free: [Int], fitting format: TimeFormat?) -> Int? {
    guard let format, format.number == nil else { return nil }
    return free.first { column in
      TimeText.read(table.bytes, table.field(row: 0, column: column), as: format) != nil
    }
  }

  private func guessCalendar(_ table: CSVTable, _ profiles: [ColumnProfile], _ free: [Int]) -> Int? {
    let calendar = free.filter { profiles[$0].isCalendar }
    return calendar.first { ColumnNames.suggestTime(table.columns[$0]) } ?? calendar.first
  }

  private func guessNumbers(
    _ table: CSVTable, _ profiles: [ColumnProfile], _ free: [Int], mayCount: Bool
  ) -> Int? {
    let isNamed = { (column: Int) in ColumnNames.suggestTime(table.columns[column]) }
    if let column = free.first(where: { profiles[$0].isInteger && isNamed($0) }) { return column }
    // Numbers with decimals may as well be what was measured, such as a time that something took.
    let decimals = free.filter { profiles[$0].isBareNumber && !profiles[$0].isInteger }
    if let column = decimals.first(where: { column in
      isNamed(column)
        && (profiles[column].isAscending
          || TimeColumn.monthsBehindPoint(TimeFields(table, column: column)) != nil)
    }) {
      return column
    }
    guard mayCount else { return nil }
    // The only numbers of a table are what is to be forecast, even if they count upwards.
    return free.first { column in
      profiles[column].isInteger && profiles[column].isCounter && profiles[column].isWhole
        && (!targets.isEmpty
          || free.contains { $0 != column && profiles[$0].isNumeric && !table.isUnnamed[$0] })
    }
  }

  /// The error for a column that could be the time or the id of a table whose time was not found: to take the
  /// rows for steps would lose the order of rows, the series and the dates.
  private func unread(_ table: CSVTable, _ profiles: [ColumnProfile], _ free: [Int]) -> DataError? {
    let unread = free.filter { profiles[$0].isText }
    let time =
      unread.first { ColumnNames.suggestTime(table.columns[$0]) } ?? unread.first { profiles[$0].isTimeLike }
    if let column = time {
      let fields = TimeFields(table, column: column)
      let row = profiles[column].firstRow ?? 0
      // The reader says best what it could not read.
      do throws(DataError) {
        _ = try TimeColumn.read(fields, TimeStyle())
      } catch { return error }
      return fields.notATime(row)
    }
    guard ids.isEmpty else { return nil }
    let repeats = unread.first { column in
      profiles[column].present >= 4
        && profiles[column].present == min(table.rowCount, profiles[column].present)
        && (profiles[column].distinct * 2 <= profiles[column].present)
        && (ColumnNames.suggestID(table.columns[column])
          || profiles[column].distinct * 4 <= profiles[column].present)
    }
    guard let column = repeats else { return nil }
    let row = profiles[column].firstRow ?? 0
    return DataError(
      .badRoles, file: table.name, line: table.line(row: row, column: column), column: table.columns[column],
      expected: "a column of times beside \(quoted(table.columns[column])), which may tell series apart",
      found: "none, and \(quoted(table.text(row: row, column: column))) here",
      hint: DataHint(
        .id, [table.columns[column]], to: "read a series for each of its values, each row a step"))
  }

  // MARK: Ids

  private func guessID(_ table: CSVTable, _ profiles: [ColumnProfile], _ times: TimeColumn) -> [Int] {
    let repeats = times.ticks.count - Set(times.ticks).count
    guard repeats > 0 else { return [] }
    let free = table.columns.indices.filter(isFree)
    let isNamed = { (column: Int) in ColumnNames.suggestID(table.columns[column]) }
    let texts = free.filter { profiles[$0].isText }
    let named = free.filter {
      (profiles[$0].isText || profiles[$0].isInteger || profiles[$0].isMixed) && isNamed($0)
        && !(profiles[$0].isInteger && ColumnNames.areRowNumbers(table.columns[$0]) && profiles[$0].isCounter)
    }
    let candidates = named + texts.filter { !isNamed($0) }
    var best: (columns: [Int], repeats: Int)?
    func look(_ columns: [Int]) -> Bool {
      var seen = Set<RowKey>()
      seen.reserveCapacity(table.rowCount)
      var left = 0
      for (row, group) in table.groups(columns: columns).ofRow.enumerated() {
        if !seen.insert(RowKey(group: group, ticks: times.ticks[row])).inserted { left += 1 }
      }
      if left < best?.repeats ?? .max { best = (columns, left) }
      return left == 0
    }
    for column in candidates where look([column]) { return [column] }
    // Two or three together, as store and item are.
    let few = candidates.prefix(6)
    for first in few {
      for second in few where second > first || !named.contains(first) {
        if second != first, look([first, second]) { return [first, second] }
      }
    }
    if few.count == 3, look(Array(few)) { return Array(few) }
    // A column that parts nearly all rows is the id of data with a few doubled rows: those are the error.
    return best.flatMap { $0.repeats * 10 <= repeats ? $0.columns : nil } ?? []
  }

  // MARK: Targets

  private func guessTargets(_ table: CSVTable, _ profiles: [ColumnProfile]) -> [Int] {
    table.columns.indices.filter { column in
      isFree(column) && profiles[column].isNumeric && !table.isUnnamed[column]
        && !ColumnNames.areRowNumbers(table.columns[column]) && !isPartOfTime(table, column, profiles[column])
    }
  }

  /// Whether a column repeats the year, the month or another part of the times.
  private func isPartOfTime(_ table: CSVTable, _ column: Int, _ profile: ColumnProfile) -> Bool {
    guard profile.isInteger, let times, times.format.isCalendar,
      let part = TimePart.allCases.first(where: { $0.numbers != nil && $0.isNamed(table.columns[column]) })
    else { return false }
    for row in 0..<table.rowCount {
      let time = Timestamp(ticks: times.ticks[row])
      let own: Int =
        switch part {
        case .year: time.date.year
        case .quarter: (time.date.month - 1) / 3 + 1
        case .month: time.date.month
        case .week: CivilDate.isoWeek(daysSinceEpoch: time.day).week
        case .dayOfYear: time.date.dayOfYear
        case .day: time.date.day
        case .hour: Int(time.ticksOfDay / 3_600_000_000)
        case .minute: Int(time.ticksOfDay / 60_000_000) % 60
        default: -1
        }
      let number = NumericTimes.number(table.bytes, table.field(row: row, column: column))?.ticks
      if number != Int64(own) { return false }
    }
    return true
  }

  private func noTarget(_ table: CSVTable, _ profiles: [ColumnProfile]) -> DataError {
    // The first column that is left shows why it is none of numbers.
    let column = table.columns.indices.first { isFree($0) && profiles[$0].present > 0 }
    let why = column.map { column -> DataHint in
      let row = profiles[column].firstRow ?? 0
      return DataHint(
        "column \(quoted(table.columns[column])) starts with \(quoted(table.text(row: row, column: column))) on line \(table.line(row: row, column: column))"
      )
    }
    return DataError(
      .badRoles, file: table.name, expected: "a column of numbers to forecast",
      found: "none (columns: \(table.columns.prefix(12).map { clipped($0) }.joined(separator: ", ")))",
      hint: why)
  }
}

/// What must be different for all rows.
private struct RowKey: Hashable {
  let group: Int
  let ticks: Int64
}

extension CSVTable {
  /// The columns that a name stands for: that of the name itself, or those of its parts between commas.
  func columns(named name: String) -> [String] {
    if columns.contains(name) || !name.contains(",") { return [name] }
    return name.split(separator: ",").map { Blanks.trimmed(String($0)) }
  }
}
