extension TimeSeries {
  /// Reads series from delimited text with a header (`,`, `;`, tab or `|`; UTF-8), one row for each time and
  /// series.
  ///
  /// What is not given is guessed, and each guess is one of `dataNotes`:
  /// - the column of times, its frequency (the most common distance), the season and the horizon;
  /// - the column that tells series apart, when times repeat;
  /// - the targets: all other named columns of numbers;
  /// - how times and numbers are written. What can be read in two ways, and matters, is an error.
  ///
  /// Rows may come in any order. Steps without a row are missing values; steps of a week that never have one, such
  /// as Sundays or nights, are none. With known covariates, rows at a series' end whose targets are all missing are
  /// its future: the covariates reach past the targets.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - time: the column of times, or columns of its parts with commas between: `year,month`.
  ///   - targets: the columns to forecast.
  ///   - id: the column that tells series apart, or several with commas between: `store,item`.
  ///   - known: columns that are known ahead: numbers, words for yes and no, or categories.
  ///   - past: columns that are known of the past alone.
  ///   - statics: columns that are the same in all rows of a series.
  ///   - missing: fields that mean "no value"; the empty field always does.
  ///   - frequency: the distance between steps.
  ///   - season: steps after which the pattern repeats.
  ///   - horizon: steps to forecast when nothing else is said.
  ///   - timeFormat: how times are written, see `TimeFormat.init(pattern:)`.
  ///   - dates: the order of day, month and year.
  ///   - decimal: the mark before decimals.
  ///   - wide: whether dates stand in the header, with a row for each series; nil refuses such a table.
  ///   - repeatedTimes: what is done with several rows of one time; nil refuses them.
  ///   - skipLines: lines of the file, from 1, that are left out.
  /// - Throws: `DataError`, which names the line and the column.
  public init(
    csv path: String, time: String? = nil, targets: [String] = [], id: String? = nil, known: [String] = [],
    past: [String] = [], statics: [String] = [], missing: [String] = TimeSeries.defaultMissing,
    frequency: Frequency? = nil, season: Int? = nil, horizon: Int? = nil, timeFormat: TimeFormat? = nil,
    dates: DateOrder? = nil, decimal: DecimalMark? = nil, wide: Bool? = nil,
    repeatedTimes: RepeatedTimes? = nil, skipLines: [ClosedRange<Int>] = []
  ) throws(DataError) {
    try self.init(
      try CSVTable(path: path, skippingLines: skipLines),
      SeriesRequest(
        time: time, targets: targets, id: id, known: known, past: past, statics: statics, missing: missing,
        frequency: frequency, season: season, horizon: horizon, timeFormat: timeFormat, dates: dates,
        decimal: decimal, wide: wide, repeatedTimes: repeatedTimes))
  }

  /// Reads series from a table.
  package init(_ table: CSVTable, _ request: SeriesRequest) throws(DataError) {
    let missing = MissingFields(request.missing)
    if let wide = try WideTable.find(table, request, missing) {
      self = try wide.series(table, request, missing)
      return
    }
    let roles = try ColumnRoles.find(table, request, missing)
    let columns = SeriesColumns(table, request, missing)
    var targets: [[Double]] = []
    var notes: [DataNote] = []
    for column in roles.targets {
      let (values, told) = try columns.numbers(column)
      targets.append(values)
      notes += told
    }
    let known = try Covariates(roles.known, table, missing, numbers: columns.numbers)
    let past = try Covariates(roles.past, table, missing, numbers: columns.numbers)
    let statics = try Covariates(roles.statics, table, missing, empty: .nan, numbers: columns.numbers)

    var grid = SeriesGrid(table, roles, repeated: request.repeatedTimes)
    try grid.sortRows()
    let frequency = try grid.findFrequency(request.frequency)
    let plans = try grid.plan(frequency)
    try FutureRows.check(table, roles, targets, plans)
    let constants = try statics.constants(plans, table)
    let repeated = request.repeatedTimes
    let series = plans.enumerated().map { index, plan in
      // Rows that only tell what is known ahead lie in the future.
      let observed =
        known.names.isEmpty ? plan.count : plan.lastObserved(targets).map { plan.steps[$0] + 1 } ?? 0
      return Series(
        id: plan.id, start: plan.start, targets: targets.map { plan.values($0, repeated, count: observed) },
        // Prices and holidays of several rows are not summed.
        known: known.values.map { plan.values($0, repeated == .sum ? .last : repeated, count: plan.count) },
        past: past.values.map { plan.values($0, repeated, count: observed) }, statics: constants[index])
    }
    notes += known.notes + past.notes + statics.notes + grid.notes
    let names = { (columns: [Int]) in columns.map { table.columns[$0] } }
    self.init(
      unchecked: series, frequency: frequency, targetNames: names(roles.targets), knownNames: known.names,
      pastNames: past.names, staticNames: statics.names, timeName: roles.timeName ?? "step",
      idName: roles.ids.isEmpty ? nil : request.id ?? names(roles.ids).joined(separator: ","),
      timeFormat: roles.times?.format ?? .step, season: request.season, horizon: request.horizon,
      source: table.name,
      notes: Self.notes(table, roles, request, frequency, plans, notes)
        + FutureRows.notes(table, roles, series, request))
  }

  private static func notes(
    _ table: CSVTable, _ roles: ColumnRoles, _ request: SeriesRequest, _ frequency: Frequency,
    _ plans: [SeriesPlan], _ others: [DataNote]
  ) -> [DataNote] {
    var notes: [DataNote] = []
    let format = roles.times?.format ?? .step
    if roles.isTimeGuessed || request.frequency == nil {
      let name = roles.timeName.map { quoted($0) } ?? "no column, rows are the steps"
      notes.append(timeNote(name, plans.map { ($0.start, $0.count) }, frequency, format))
    }
    notes += roles.times?.notes ?? []
    if request.frequency == nil, let slots = frequency.slots {
      notes.append(
        DataNote(
          .slots, "slots: other times than \(slots) never occur and are skipped",
          hint: DataHint(.frequency, [frequency.withoutSlots.description], to: "read them as missing values"))
      )
    }
    if roles.isIDGuessed {
      let names = roles.ids.map { quoted(table.columns[$0]) }.joined(separator: ", ")
      notes.append(DataNote(.id, "id: \(names) (\(plans.count) series)"))
    }
    if roles.areTargetsGuessed {
      notes.append(
        DataNote(.target, (roles.targets.count == 1 ? "target: " : "targets: ") + list(roles.targets, table)))
      let used = Set(
        roles.targets + (roles.known + roles.past + roles.statics).map(\.column) + roles.time + roles.ids)
      let unused = table.columns.indices.filter { !used.contains($0) }
      if !unused.isEmpty { notes.append(DataNote(.unused, "not used: \(list(unused, table))")) }
    }
    notes += others
    let gaps = plans.reduce(0) { $0 + $1.gaps }
    if gaps > 0 {
      notes.append(
        DataNote(.gaps, "gaps: \(gaps) \(gaps == 1 ? "step has" : "steps have") no row, read as missing"))
    }
    return notes
  }

  private static func list(_ columns: [Int], _ table: CSVTable) -> String {
    let names = columns.prefix(12).map { quoted(table.columns[$0]) }.joined(separator: ", ")
    return names + (columns.count > 12 ? ", and \(columns.count - 12) more" : "")
  }

  static func timeNote(
    _ name: String, _ series: [(start: Timestamp, count: Int)], _ frequency: Frequency, _ format: TimeFormat
  ) -> DataNote {
    let first = series.map(\.start).min().map { format.text($0) } ?? ""
    let last =
      series.map { frequency.advance($0.start, by: Swift.max(0, $0.count - 1)) }.max().map { format.text($0) }
      ?? ""
    let word = frequency == .step ? "steps" : frequency.unit == .step ? "each \(frequency)" : "\(frequency)"
    return DataNote(.time, "time: \(name) (\(word), \(first) … \(last))")
  }
}

/// The numbers of a table's columns.
struct SeriesColumns {
  private let table: CSVTable
  private let request: SeriesRequest
  private let missing: MissingFields

  init(_ table: CSVTable, _ request: SeriesRequest, _ missing: MissingFields) {
    (self.table, self.request, self.missing) = (table, request, missing)
  }

  func numbers(_ column: Int) throws(DataError) -> ([Double], [DataNote]) {
    let format = try table.numberFormat(
      columns: [column], missing: missing, stated: request.decimal,
      file: { table.numberEvidence(missing: missing) })
    return (try table.numbers(column: column, missing: missing, format: format), format.notes)
  }
}

/// Rows at the end that tell what lies ahead, while nobody said which columns do.
enum FutureRows {
  /// Refuses a table of which some guessed targets end before others: the others are likely known ahead, and
  /// a forecast would start at the wrong time.
  static func check(
    _ table: CSVTable, _ roles: ColumnRoles, _ targets: [[Double]], _ plans: [SeriesPlan]
  ) throws(DataError) {
    guard roles.areTargetsGuessed, roles.known.isEmpty, targets.count > 1, !plans.isEmpty else { return }
    // For each target, in how many series it ends before the last row that has any.
    var early = [Int](repeating: 0, count: targets.count)
    var rowsEarly = [Int](repeating: 0, count: targets.count)
    for plan in plans {
      let ends = targets.map { target in
        plan.rows.lastIndex { !target[$0].isNaN }.map {
          plan.rows.distance(from: plan.rows.startIndex, to: $0)
        } ?? -1
      }
      guard let last = ends.max(), last >= 0 else { continue }
      for index in ends.indices where ends[index] < last {
        early[index] += 1
        rowsEarly[index] = max(rowsEarly[index], last - ends[index])
      }
    }
    let short = early.indices.filter { early[$0] * 2 > plans.count }
    guard let first = short.first, short.count < targets.count else { return }
    let others = targets.indices.filter { early[$0] == 0 }.map { table.columns[roles.targets[$0]] }
    guard !others.isEmpty, let plan = plans.first else { return }
    let column = roles.targets[first]
    let row = plan.rows.last { !targets[first][$0].isNaN } ?? plan.rows[0]
    throw DataError(
      .badRoles, file: table.name, line: table.line(row: row, column: column), column: table.columns[column],
      expected: "targets that end together",
      found:
        "the last value here, \(counted(rowsEarly[first], "row")) before \(others.prefix(6).map { quoted($0) }.joined(separator: ", "))",
      hint: DataHint(.known, others, to: "read what is known ahead, or name the targets"))
  }

  /// Rows for the future are nothing but gaps while nobody says what is known of it.
  static func notes(
    _ table: CSVTable, _ roles: ColumnRoles, _ series: [TimeSeries.Series], _ request: SeriesRequest
  ) -> [DataNote] {
    let count = series.count { one in one.count > 0 && one.targets.allSatisfy { $0[one.count - 1].isNaN } }
    guard count > 0, request.known.isEmpty else { return [] }
    let whose = series.count > 1 ? "the last rows of \(count) series have" : "the last rows have"
    let used = Set(roles.time + roles.ids + roles.targets)
    let filled = table.columns.indices.filter { column in
      !used.contains(column) && !table.isUnnamed[column]
        && !table.isEmpty(row: table.rowCount - 1, column: column)
    }
    return [
      DataNote(
        .missing, "missing: \(whose) no target",
        hint: DataHint(
          .known, filled.map { table.columns[$0] }, to: "read the columns that tell what is known ahead"))
    ]
  }
}

extension Frequency {
  /// The same steps without any that are skipped.
  var withoutSlots: Frequency { Frequency(unit, every: count) }
}
