/// A table whose header holds times.
///
/// | form | rows | header |
/// |---|---|---|
/// | dates | series | dates, months, years; columns beside them tell series apart |
/// | months | years | the twelve months or the four quarters |
/// | hours | days | the 24 hours |
struct WideTable {
  private enum Form {
    case dates
    case partsOfYear(year: Int)
    case hours(date: Int)
  }

  private let form: Form
  /// The columns of values.
  private let columns: [Int]
  /// What the header says of them, as times of the form.
  private let texts: [String]

  // MARK: Finding

  /// The form of a table that is to be read so; nil for one that has a row for each time.
  ///
  /// - Throws: `DataError` of kind `wideTable` when the table is wide and nobody said that it should be read so.
  static func find(
    _ table: CSVTable, _ request: SeriesRequest, _ missing: MissingFields
  ) throws(DataError) -> WideTable? {
    if request.wide == false { return nil }
    // Later data for a model that learned from a wide table.
    let continues = request.timeFormat.map { !$0.isStated } ?? false
    let namesTime = request.time.map { table.columns(named: $0).allSatisfy(table.columns.contains) } ?? false
    if request.wide == nil, namesTime || (!request.targets.isEmpty && !continues) { return nil }
    guard let found = dates(table, request) ?? partsOfYear(table, missing) ?? hours(table, missing) else {
      guard request.wide == true else { return nil }
      throw DataError(
        .badRoles, file: table.name, expected: "dates as names of at least three columns", found: "none",
        hint: DataHint("a table with a column of times needs nothing said"))
    }
    if request.wide == true || (continues && !namesTime) { return found }
    throw DataError(
      .wideTable, file: table.name, line: 1, expected: "a column of times, and a row for each of them",
      found:
        "times as names of columns: \(found.columns.prefix(3).map { quoted(table.columns[$0]) }.joined(separator: ", ")), …",
      hint: DataHint(.wide, to: "read a table with its times in the header"))
  }

  /// What names a time in a header: `1960 [YR1960]` and `X1960` name 1960.
  private static func plain(_ name: String) -> String {
    var text = Substring(name)
    if let bracket = text.firstIndex(of: "["), text[..<bracket].last == " " {
      text = text[..<bracket].dropLast()
    }
    if text.first == "X" || text.first == "x", text.dropFirst().first?.isNumber == true {
      text = text.dropFirst()
    }
    return String(text)
  }

  private static func dates(_ table: CSVTable, _ request: SeriesRequest) -> WideTable? {
    var columns: [Int] = []
    var texts: [String] = []
    for column in table.columns.indices where !table.isUnnamed[column] {
      let text = plain(table.columns[column])
      let bytes = Array(text.utf8)
      let isStated = request.timeFormat.map { TimeText.read(bytes, bytes.indices, as: $0) != nil } ?? false
      let number = NumericTimes.number(bytes, bytes.indices)
      let isTime =
        isStated
        || number.map { $0.format.fractionDigits == 0 && NumericTimes.ticks($0) != nil || isMonth($0.ticks) }
          ?? TimeGuess.candidates(bytes, bytes.indices).contains {
            TimeText.read(bytes, bytes.indices, as: TimeFormat(fields: $0)) != nil
          }
      guard isTime else { continue }
      columns.append(column)
      texts.append(text)
    }
    let named = table.isUnnamed.count { !$0 }
    guard columns.count >= 3, columns.count * 2 >= named else { return nil }
    return WideTable(form: .dates, columns: columns, texts: texts)
  }

  private static func isMonth(_ number: Int64) -> Bool {
    (1900...2100).contains(number / 100) && (1...12).contains(number % 100)
  }

  private static func partsOfYear(_ table: CSVTable, _ missing: MissingFields) -> WideTable? {
    guard
      let year = table.columns.indices.first(where: { column in
        TimePart.year.isNamed(table.columns[column])
          && ColumnProfile(table, column: column, missing).mayBe(.year)
      })
    else { return nil }
    var months: [(Int, String)] = []
    var quarters: [(Int, String)] = []
    for column in table.columns.indices where column != year {
      let name = table.columns[column].lowercased()
      if CalendarWords.month(name.hasSuffix(".") ? String(name.dropLast()) : name) != nil {
        months.append((column, "-" + table.columns[column].prefix { $0 != "." }))
      } else if let number = Int(name.hasPrefix("m") ? String(name.dropFirst()) : name),
        (1...12).contains(number)
      {
        months.append((column, number < 10 ? "-0\(number)" : "-\(number)"))
      } else if name.count == 2, name.first == "q", let quarter = Int(name.dropFirst()),
        (1...4).contains(quarter)
      {
        quarters.append((column, "Q\(quarter)"))
      }
    }
    let found = months.count == 12 ? months : quarters.count == 4 ? quarters : []
    guard !found.isEmpty, Set(found.map(\.1)).count == found.count else { return nil }
    return WideTable(form: .partsOfYear(year: year), columns: found.map(\.0), texts: found.map(\.1))
  }

  private static func hours(_ table: CSVTable, _ missing: MissingFields) -> WideTable? {
    guard table.columns.count >= 25 else { return nil }
    var hours: [(Int, Int)] = []
    for column in table.columns.indices {
      var name = Substring(table.columns[column].lowercased())
      for prefix in ["hour", "he", "hr", "h"] where name.hasPrefix(prefix) {
        name = name.dropFirst(prefix.count)
        break
      }
      while let first = name.first, first == " " || first == "_" { name = name.dropFirst() }
      if name.hasSuffix(":00") { name = name.dropLast(3) }
      if let hour = Int(name), (0...24).contains(hour) { hours.append((column, hour)) }
    }
    let numbers = hours.map(\.1)
    guard hours.count == 24, numbers == Array(0...23) || numbers == Array(1...24),
      let date = table.columns.indices.first(where: { column in
        !hours.contains { $0.0 == column } && ColumnProfile(table, column: column, missing).isCalendar
      })
    else { return nil }
    // Hours from 1 to 24 are the first to the last of the day.
    let first = numbers[0]
    return WideTable(
      form: .hours(date: date), columns: hours.map(\.0),
      texts: hours.map { $0.1 - first < 10 ? "0\($0.1 - first):00" : "\($0.1 - first):00" })
  }

  // MARK: Reading

  func series(_ table: CSVTable, _ request: SeriesRequest, _ missing: MissingFields) throws(DataError)
    -> TimeSeries
  {
    var style = TimeStyle()
    style.dates = request.dates
    style.format = request.timeFormat
    style.frequency = request.frequency
    style.prefersDayFirst = table.hasCommaCountry
    let format = try table.numberFormat(
      columns: columns, missing: missing, stated: request.decimal,
      file: { table.numberEvidence(missing: missing) })
    var values: [[Double]] = []
    for column in columns {
      values.append(try table.numbers(column: column, missing: missing, format: format))
    }
    let cells = try cells(table, style)
    let ids = try idColumns(table, request, missing)
    let long = try LongTable(table, ids, cells, values)
    let frequency = request.frequency ?? Frequency.guess(series: long.times, format: cells.format)
    let (series, empty) = try long.series(frequency, cells)
    let name = request.targets.first ?? "value"
    let timeName = timeName(table, request)
    var notes = [
      DataNote(
        .wide, "wide: the header holds \(columns.count) times, from \(quoted(table.columns[columns[0]])) on"),
      TimeSeries.timeNote(quoted(timeName), series.map { ($0.start, $0.count) }, frequency, cells.format),
    ]
    notes += cells.notes
    if request.id == nil, !ids.isEmpty {
      let names = ids.map { quoted(table.columns[$0]) }.joined(separator: ", ")
      notes.append(DataNote(.id, "id: \(names) (\(series.count) series)"))
    }
    let used = Set(columns + ids + formColumns)
    let unused = table.columns.indices.filter { !used.contains($0) && !table.isUnnamed[$0] }
    if !unused.isEmpty {
      notes.append(
        DataNote(
          .unused, "not used: \(unused.prefix(12).map { quoted(table.columns[$0]) }.joined(separator: ", "))")
      )
    }
    notes += format.notes
    if empty > 0 { notes.append(DataNote(.leftOut, "left out: \(empty) series without any value")) }
    return TimeSeries(
      unchecked: series, frequency: frequency, targetNames: [name], knownNames: [], timeName: timeName,
      idName: ids.isEmpty ? nil : request.id ?? ids.map { table.columns[$0] }.joined(separator: ","),
      timeFormat: cells.format, season: request.season, horizon: request.horizon, source: table.name,
      notes: notes)
  }

  private var formColumns: [Int] {
    switch form {
    case .dates: []
    case .partsOfYear(let year): [year]
    case .hours(let date): [date]
    }
  }

  /// `date`, or the name of the column that holds the rest of the time.
  private func timeName(_ table: CSVTable, _ request: SeriesRequest) -> String {
    request.time ?? formColumns.first.map { table.columns[$0] } ?? "date"
  }

  /// The time of each value: by column for dates, by row and column for the other forms.
  private func cells(_ table: CSVTable, _ style: TimeStyle) throws(DataError) -> TimeColumn {
    let line = { (_: Int) -> Int? in 1 }
    switch form {
    case .dates:
      var style = style
      style.isNamedDate = true
      return try TimeColumn.read(TimeFields(texts, file: table.name, name: "the header", line: line), style)
    case .partsOfYear(let column), .hours(let column):
      var all: [String] = []
      all.reserveCapacity(table.rowCount * columns.count)
      let joint = if case .hours = form { " " } else { "" }
      for row in 0..<table.rowCount {
        let start = String(decoding: table.bytes[table.field(row: row, column: column)], as: UTF8.self)
        for text in texts { all.append(start + joint + text) }
      }
      let width = columns.count
      return try TimeColumn.read(
        TimeFields(all, file: table.name, name: table.columns[column]) {
          table.line(row: $0 / width, column: column)
        }, style)
    }
  }

  /// The columns that tell rows apart: as named, the first of words that does so alone, or as many as it takes.
  private func idColumns(
    _ table: CSVTable, _ request: SeriesRequest, _ missing: MissingFields
  ) throws(DataError) -> [Int] {
    if let name = request.id {
      var result: [Int] = []
      for part in table.columns(named: name) { result.append(try table.column(part)) }
      return result
    }
    let fixed = Set(columns + formColumns)
    let free = table.columns.indices.filter { !fixed.contains($0) && !table.isUnnamed[$0] }
    let profiles = free.map { ColumnProfile(table, column: $0, missing) }
    let words = zip(free, profiles).filter { $1.isText }.map(\.0)
    let named = zip(free, profiles).filter { $1.isInteger && ColumnNames.suggestID(table.columns[$0]) }.map(
      \.0)
    var rows = table.rowCount
    if case .partsOfYear(let year) = form { rows = table.groups(columns: [year]).ofRow.count }
    let candidates = words + named
    func parts(_ columns: [Int]) -> Bool { table.groups(columns: columns + formColumns).names.count == rows }
    if parts([]), !formColumns.isEmpty || table.rowCount == 1 { return [] }
    // A series needs a name, of which a part may be empty.
    func isFilled(_ column: Int) -> Bool {
      !(0..<table.rowCount).contains { table.isEmpty(row: $0, column: column) }
    }
    if let one = candidates.first(where: { parts([$0]) && isFilled($0) }) { return [one] }
    for count in 2...max(2, candidates.count) where count <= candidates.count {
      if parts(Array(candidates.prefix(count))) { return Array(candidates.prefix(count)) }
    }
    return candidates
  }
}

/// The values of a wide table, in the order of time for each series.
private struct LongTable {
  private let table: CSVTable
  private var names: [String] = []
  /// For each series, its values' times and values.
  private var entries: [[(time: Int64, value: Double, row: Int)]] = []

  init(_ table: CSVTable, _ ids: [Int], _ cells: TimeColumn, _ values: [[Double]]) throws(DataError) {
    self.table = table
    let groups =
      ids.isEmpty
      ? (ofRow: [Int](repeating: 0, count: table.rowCount), names: [""]) : table.groups(columns: ids)
    names = groups.names
    entries = Array(repeating: [], count: names.count)
    let width = values.count
    let isByColumn = cells.ticks.count == width && !(table.rowCount == 1 && width == 0)
    for row in 0..<table.rowCount {
      for column in 0..<width {
        let time = cells.ticks[isByColumn ? column : row * width + column]
        entries[groups.ofRow[row]].append((time, values[column][row], row))
      }
    }
    for index in entries.indices {
      entries[index].sort { $0.time < $1.time }
      for (a, b) in zip(entries[index], entries[index].dropFirst()) where a.time == b.time {
        throw DataError(
          .duplicateTime, file: table.name, line: table.line(row: b.row, column: 0),
          expected:
            "one row for each series\(names[index].isEmpty ? "" : ", and no second one of \(quoted(names[index]))")",
          found: "the times of line \(table.line(row: a.row, column: 0)) again",
          hint: DataHint(.id, to: "name the columns that tell the rows apart"))
      }
    }
  }

  var times: [[Int64]] { entries.map { $0.map(\.time) } }

  /// The series from their first value to their last, and how many have none.
  func series(
    _ frequency: Frequency, _ cells: TimeColumn
  ) throws(DataError) -> (series: [TimeSeries.Series], empty: Int) {
    var result: [TimeSeries.Series] = []
    var empty = 0
    for (name, list) in zip(names, entries) {
      guard let first = list.firstIndex(where: { !$0.value.isNaN }),
        let last = list.lastIndex(where: { !$0.value.isNaN })
      else {
        empty += 1
        continue
      }
      let start = Timestamp(ticks: list[first].time)
      var values: [Double] = []
      for entry in list[first...last] {
        guard let step = frequency.steps(from: start, to: Timestamp(ticks: entry.time)), step >= values.count,
          step < 100 * list.count + 10_000
        else {
          throw DataError(
            .offGrid, file: table.name, line: 1,
            expected: "times a whole number of steps apart (\(frequency))",
            found: quoted(cells.format.text(Timestamp(ticks: entry.time))))
        }
        values += [Double](repeating: .nan, count: step - values.count)
        values.append(entry.value)
      }
      result.append(TimeSeries.Series(id: name, start: start, targets: [values]))
    }
    guard !result.isEmpty else {
      throw DataError(.badRoles, file: table.name, expected: "numbers below the times", found: "none")
    }
    return (result, empty)
  }
}
