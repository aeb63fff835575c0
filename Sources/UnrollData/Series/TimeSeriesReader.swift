extension TimeSeries {
  /// Reads series from delimited text with a header (`,`, `;`, tab or `|`; UTF-8), one row for each time and
  /// series.
  ///
  /// What is not given is guessed, and each guess is a line of `notes`:
  /// - the column of times, its frequency (the most common distance), the season and the horizon;
  /// - the column that tells series apart, when times repeat;
  /// - the targets: all other named columns of numbers.
  ///
  /// Rows may come in any order. Steps without a row are missing values. With known covariates, rows at a
  /// series' end whose targets are all missing are its future: the covariates reach past the targets.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - time: the column of times.
  ///   - targets: the columns to forecast.
  ///   - id: the column that tells series apart.
  ///   - known: columns of numbers that are known ahead.
  ///   - missing: fields that mean "no value"; the empty field always does.
  ///   - frequency: the distance between steps.
  ///   - season: steps after which the pattern repeats.
  ///   - horizon: steps to forecast when nothing else is said.
  ///   - timeFormat: how times are written, see `TimeFormat.init(pattern:)`.
  ///   - dates: the order of day, month and year.
  ///   - decimal: the mark before decimals.
  /// - Throws: `DataError`, which names the line and the column.
  public init(
    csv path: String, time: String? = nil, targets: [String] = [], id: String? = nil, known: [String] = [],
    missing: [String] = TimeSeries.defaultMissing, frequency: Frequency? = nil, season: Int? = nil,
    horizon: Int? = nil, timeFormat: TimeFormat? = nil, dates: DateOrder? = nil, decimal: DecimalMark? = nil
  ) throws(DataError) {
    try self.init(
      try CSVTable(path: path),
      SeriesRequest(
        time: time, targets: targets, id: id, known: known, missing: missing, frequency: frequency,
        season: season, horizon: horizon, timeFormat: timeFormat, dates: dates, decimal: decimal))
  }

  /// Reads series from a table.
  package init(_ table: CSVTable, _ request: SeriesRequest) throws(DataError) {
    let missing = MissingFields(request.missing)
    let roles = try ColumnRoles.find(table, request, missing)
    var targets: [[Double]] = []
    var notes: [DataNote] = []
    let evidence = { table.numberEvidence(missing: missing) }
    func numbers(_ column: Int) throws(DataError) -> [Double] {
      let format = try table.numberFormat(
        column: column, missing: missing, stated: request.decimal, file: evidence)
      notes += format.notes
      return try table.numbers(column: column, missing: missing, format: format)
    }
    for column in roles.targets { targets.append(try numbers(column)) }
    var known: [[Double]] = []
    for column in roles.known { known.append(try numbers(column)) }

    var grid = SeriesGrid(table, roles)
    try grid.sortRows()
    let frequency = request.frequency ?? grid.guessFrequency()
    let plans = try grid.plan(frequency)
    let series = plans.map { $0.series(targets: targets, known: known) }

    let names = { (columns: [Int]) in columns.map { table.columns[$0] } }
    self.init(
      unchecked: series, frequency: frequency, targetNames: names(roles.targets),
      knownNames: names(roles.known), timeName: roles.timeName ?? "step",
      idName: roles.ids.isEmpty ? nil : request.id ?? names(roles.ids).joined(separator: ","),
      timeFormat: roles.times?.format ?? .step,
      season: request.season, horizon: request.horizon, source: table.name,
      notes: Self.notes(table, roles, request, grid, frequency, plans, notes) + Self.emptyEnd(series, request)
    )
  }

  /// Rows for the future are nothing but gaps while nobody says what is known of it.
  private static func emptyEnd(_ series: [Series], _ request: SeriesRequest) -> [DataNote] {
    let count = series.count { one in one.count > 0 && one.targets.allSatisfy { $0[one.count - 1].isNaN } }
    guard count > 0, request.known.isEmpty else { return [] }
    let whose = series.count > 1 ? "the last rows of \(count) series have" : "the last rows have"
    return [
      DataNote(
        .missing, "missing: \(whose) no target",
        hint: DataHint(.known, to: "read the columns that tell what is known ahead"))
    ]
  }

  private static func notes(
    _ table: CSVTable, _ roles: ColumnRoles, _ request: SeriesRequest, _ grid: SeriesGrid,
    _ frequency: Frequency, _ plans: [SeriesPlan], _ numberNotes: [DataNote]
  ) -> [DataNote] {
    var notes: [DataNote] = []
    let format = roles.times?.format ?? .step
    if roles.isTimeGuessed || request.frequency == nil {
      let first = plans.map(\.start).min().map { format.text($0) } ?? ""
      let last =
        plans.map { frequency.advance($0.start, by: $0.count - 1) }.max().map { format.text($0) } ?? ""
      let name = roles.timeName.map { quoted($0) } ?? "no column, rows are the steps"
      let word = frequency == .step ? "steps" : frequency.unit == .step ? "each \(frequency)" : "\(frequency)"
      notes.append(DataNote(.time, "time: \(name) (\(word), \(first) … \(last))"))
    }
    notes += roles.times?.notes ?? []
    if roles.isIDGuessed {
      let names = roles.ids.map { quoted(table.columns[$0]) }.joined(separator: ", ")
      notes.append(DataNote(.id, "id: \(names) (\(plans.count) series)"))
    }
    if roles.areTargetsGuessed {
      let names = roles.targets.prefix(12).map { quoted(table.columns[$0]) }.joined(separator: ", ")
      let more = roles.targets.count > 12 ? ", and \(roles.targets.count - 12) more" : ""
      notes.append(DataNote(.target, (roles.targets.count == 1 ? "target: " : "targets: ") + names + more))
      let used = Set(roles.targets + roles.known + roles.time + roles.ids)
      let unused = table.columns.indices.filter { !used.contains($0) }
      if !unused.isEmpty {
        let names = unused.prefix(12).map { quoted(table.columns[$0]) }.joined(separator: ", ")
        notes.append(
          DataNote(.unused, "not used: \(names)\(unused.count > 12 ? ", and \(unused.count - 12) more" : "")")
        )
      }
    }
    notes += numberNotes
    if grid.wasUnsorted { notes.append(DataNote(.order, "rows: not in the order of time, sorted")) }
    let gaps = plans.reduce(0) { $0 + $1.count - $1.rows.count }
    if gaps > 0 {
      notes.append(
        DataNote(.gaps, "gaps: \(gaps) \(gaps == 1 ? "step has" : "steps have") no row, read as missing"))
    }
    return notes
  }
}

/// Where the rows of one series stand on its grid.
struct SeriesPlan {
  let id: String
  let start: Timestamp
  /// Rows of the table in the order of time.
  let rows: [Int]
  /// For each of `rows`, its step.
  let steps: [Int]
  /// The number of steps, gaps included.
  let count: Int

  /// Gathers the columns' values of the series' rows; gaps are NaN.
  func series(targets: [[Double]], known: [[Double]]) -> TimeSeries.Series {
    func gather(_ column: [Double], _ count: Int) -> [Double] {
      var values = [Double](repeating: .nan, count: count)
      for (row, step) in zip(rows, steps) where step < count { values[step] = column[row] }
      return values
    }
    var observed = count
    if !known.isEmpty {
      // Rows that only tell what is known ahead lie in the future.
      let last = rows.indices.last { index in targets.contains { !$0[rows[index]].isNaN } }
      observed = last.map { steps[$0] + 1 } ?? 0
    }
    return TimeSeries.Series(
      id: id, start: start, targets: targets.map { gather($0, observed) },
      known: known.map { gather($0, count) })
  }
}

/// The rows of a table, parted into series and put in the order of time.
struct SeriesGrid {
  private let table: CSVTable
  private let roles: ColumnRoles
  private let names: [String]
  /// For each series, its rows.
  private var rows: [[Int]]
  /// For each series, its rows' times in the same order.
  private var times: [[Int64]] = []
  private(set) var wasUnsorted = false

  init(_ table: CSVTable, _ roles: ColumnRoles) {
    self.table = table
    self.roles = roles
    guard !roles.ids.isEmpty else {
      names = [""]
      rows = [Array(0..<table.rowCount)]
      return
    }
    let groups = table.groups(columns: roles.ids)
    names = groups.names
    var sizes = [Int](repeating: 0, count: names.count)
    for group in groups.ofRow { sizes[group] += 1 }
    rows = sizes.map { size in
      var list: [Int] = []
      list.reserveCapacity(size)
      return list
    }
    for (row, group) in groups.ofRow.enumerated() { rows[group].append(row) }
  }

  /// Puts each series' rows in the order of time.
  mutating func sortRows() throws(DataError) {
    for (index, name) in names.enumerated() where name.isEmpty {
      if let id = roles.ids.first, let row = rows[index].first {
        throw DataError(
          .noIdentifier, file: table.name, line: table.line(row: row, column: id), column: table.columns[id],
          expected: "the name of a series", found: "an empty field")
      }
    }
    guard let ticks = roles.times?.ticks else {
      times = rows.map { $0.indices.map { Int64($0 + 1) } }
      return
    }
    for index in rows.indices {
      var sorted = rows[index]
      if !zip(sorted, sorted.dropFirst()).allSatisfy({ ticks[$0] <= ticks[$1] }) {
        wasUnsorted = true
        // Equal times keep the order of rows, so that an error names the later line.
        sorted.sort { (ticks[$0], $0) < (ticks[$1], $1) }
        rows[index] = sorted
      }
      for (earlier, later) in zip(sorted, sorted.dropFirst()) where ticks[earlier] == ticks[later] {
        throw duplicate(earlier, later, series: names[index])
      }
      times.append(sorted.map { ticks[$0] })
    }
  }

  private func duplicate(_ earlier: Int, _ later: Int, series: String) -> DataError {
    let time = roles.time.first ?? 0
    let place = roles.ids.isEmpty ? "" : " in series \(quoted(series))"
    return DataError(
      .duplicateTime, file: table.name, line: table.line(row: later, column: time),
      column: roles.timeName, expected: "a different time on each row\(place)",
      found: "\(timeText(later)) as on line \(table.line(row: earlier, column: time))",
      hint: roles.ids.isEmpty ? DataHint(.id, to: "name the column that tells series apart") : nil)
  }

  /// The time of a row as it stands in the file, in quotes.
  private func timeText(_ row: Int) -> String {
    quoted(roles.time.map { table.text(row: row, column: $0) }.joined(separator: " "))
  }

  func guessFrequency() -> Frequency {
    Frequency.guess(series: times, format: roles.times?.format ?? .step)
  }

  /// Gives each row its step.
  func plan(_ frequency: Frequency) throws(DataError) -> [SeriesPlan] {
    var plans: [SeriesPlan] = []
    var total = 0
    for index in rows.indices {
      guard let first = times[index].first else { continue }
      let start = Timestamp(ticks: first)
      var steps: [Int] = []
      steps.reserveCapacity(rows[index].count)
      for (position, time) in times[index].enumerated() {
        guard let step = frequency.steps(from: start, to: Timestamp(ticks: time)),
          step > (steps.last ?? -1)
        else { throw offGrid(index, position, frequency) }
        steps.append(step)
      }
      let count = (steps.last ?? 0) + 1
      total += min(count, 1 << 40)
      // More holes than this are a mistyped time or a wrong frequency, and would fill the memory.
      if count > 10_000 + 100 * rows[index].count || total > 5_000_000 + 50 * table.rowCount {
        throw sparse(index, steps, frequency)
      }
      plans.append(
        SeriesPlan(id: names[index], start: start, rows: rows[index], steps: steps, count: count))
    }
    return plans
  }

  private func offGrid(_ series: Int, _ position: Int, _ frequency: Frequency) -> DataError {
    let time = roles.time.first ?? 0
    let row = rows[series][position]
    let format = roles.times?.format ?? .step
    let before = times[series][max(0, position - 1)]
    let place = roles.ids.isEmpty ? "" : " of series \(quoted(names[series]))"
    return DataError(
      .offGrid, file: table.name, line: table.line(row: row, column: time), column: roles.timeName,
      expected: frequency.unit == .businessDay && position == 0
        ? "a day from Monday to Friday"
        : "a whole number of steps (\(frequency)) after \(quoted(format.text(Timestamp(ticks: before))))\(place)",
      found: timeText(row),
      hint: "round the times to one grid, or state the frequency if \(frequency) is wrong")
  }

  private func sparse(_ series: Int, _ steps: [Int], _ frequency: Frequency) -> DataError {
    let time = roles.time.first ?? 0
    // The widest gap is the likely slip.
    let widest = zip(steps.indices, steps.indices.dropFirst()).max {
      steps[$0.1] - steps[$0.0] < steps[$1.1] - steps[$1.0]
    }
    let row = rows[series][widest?.1 ?? 0]
    let gap = widest.map { steps[$0.1] - steps[$0.0] } ?? 0
    return DataError(
      .offGrid, file: table.name, line: table.line(row: row, column: time), column: roles.timeName,
      expected: "times that mostly follow each other (\(frequency))",
      found: "\(timeText(row)), \(gap) steps after the time before it",
      hint: "correct the time, or state the frequency if \(frequency) is wrong")
  }
}
