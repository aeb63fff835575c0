/// What is done with several rows of one series and time.
public enum RepeatedTimes: String, Sendable, CaseIterable, Codable {
  /// The first or the last of them is read.
  case first, last
  /// Their mean or their sum is; missing values are left out.
  case mean, sum
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
  /// The steps that have no row.
  let gaps: Int

  /// Gathers a column's values of the series' rows; gaps are NaN.
  func values(_ column: [Double], _ repeated: RepeatedTimes?, count: Int) -> [Double] {
    var values = [Double](repeating: .nan, count: count)
    var counts = repeated == .mean ? [Int](repeating: 0, count: count) : []
    for (row, step) in zip(rows, steps) where step < count {
      let value = column[row]
      switch repeated {
      case nil, .last: values[step] = value
      case .first: if values[step].isNaN { values[step] = value }
      case .mean, .sum:
        guard !value.isNaN else { continue }
        values[step] = values[step].isNaN ? value : values[step] + value
        if repeated == .mean { counts[step] += 1 }
      }
    }
    for step in counts.indices where counts[step] > 1 { values[step] /= Double(counts[step]) }
    return values
  }

  /// The last row that has a target, or nil.
  func lastObserved(_ targets: [[Double]]) -> Int? {
    rows.indices.last { index in targets.contains { !$0[rows[index]].isNaN } }
  }
}

/// The rows of a table, parted into series and put in the order of time.
struct SeriesGrid {
  let table: CSVTable
  let roles: ColumnRoles
  let names: [String]
  let repeated: RepeatedTimes?
  /// For each series, its rows.
  private(set) var rows: [[Int]]
  /// For each series, its rows' times in the same order.
  private(set) var times: [[Int64]] = []
  private(set) var notes: [DataNote] = []

  init(_ table: CSVTable, _ roles: ColumnRoles, repeated: RepeatedTimes?) {
    self.table = table
    self.roles = roles
    self.repeated = repeated
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
    for (index, name) in names.enumerated() where name.allSatisfy({ $0 == "/" }) {
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
    var (wasUnsorted, doubled) = (false, 0)
    for index in rows.indices {
      var sorted = rows[index]
      if !zip(sorted, sorted.dropFirst()).allSatisfy({ ticks[$0] <= ticks[$1] }) {
        wasUnsorted = true
        // Equal times keep the order of rows, so that an error names the later line.
        sorted.sort { (ticks[$0], $0) < (ticks[$1], $1) }
        rows[index] = sorted
      }
      for (earlier, later) in zip(sorted, sorted.dropFirst()) where ticks[earlier] == ticks[later] {
        guard repeated != nil else { throw duplicate(earlier, later, series: index) }
        doubled += 1
      }
      times.append(sorted.map { ticks[$0] })
    }
    if wasUnsorted { notes.append(DataNote(.order, "rows: not in the order of time, sorted")) }
    if let repeated, doubled > 0 {
      let what =
        repeated == .first || repeated == .last
        ? "the \(repeated.rawValue) is read" : "their \(repeated.rawValue) is read"
      notes.append(DataNote(.order, "rows: \(doubled) have the time of the row before, \(what)"))
    }
  }

  /// The distance of steps: as stated, or as the times show; times near the steps of a clock are moved there.
  mutating func findFrequency(_ stated: Frequency?) throws(DataError) -> Frequency {
    let format = roles.times?.format ?? .step
    let frequency = stated ?? Frequency.guess(series: times, format: format)
    if stated == nil { try checkMixed(frequency, format) }
    guard format.isFinerThanDay, let ticks = frequency.ticks, ticks <= Timestamp.ticksPerDay,
      frequency.slots == nil,
      repeated == nil, !isOnGrid(frequency), let grid = JitteredTimes.grid(times, stated: stated)
    else { return frequency }
    times = grid.series
    notes.append(
      DataNote(
        .time,
        "times: moved to steps of \(grid.frequency.every), by at most \(JitteredTimes.text(grid.farthest))"))
    return grid.frequency
  }

  private func isOnGrid(_ frequency: Frequency) -> Bool {
    times.allSatisfy { list in
      guard let first = list.first else { return true }
      return list.allSatisfy {
        frequency.steps(from: Timestamp(ticks: first), to: Timestamp(ticks: $0)) != nil
      }
    }
  }

  /// Refuses series that clearly have steps of their own length.
  private func checkMixed(_ frequency: Frequency, _ format: TimeFormat) throws(DataError) {
    guard times.count > 1, let seconds = frequency.seconds else { return }
    for index in times.indices where times[index].count >= 4 {
      let own = Frequency.guess(series: [times[index]], format: format)
      guard let ownSeconds = own.seconds, ownSeconds / seconds > 1.9 || ownSeconds / seconds < 0.55,
        Frequency.isRegular(times[index], own)
      else { continue }
      throw mixed(index, own, frequency, format)
    }
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
      var repeats = 0
      for (position, time) in times[index].enumerated() {
        guard let step = frequency.steps(from: start, to: Timestamp(ticks: time)),
          step > (steps.last ?? -1) || (repeated != nil && step == steps.last)
        else { throw offGrid(index, position, frequency) }
        if step == steps.last { repeats += 1 }
        steps.append(step)
      }
      let count = (steps.last ?? 0) + 1
      total += min(count, 1 << 40)
      // More holes than this are a mistyped time or a wrong frequency, and would fill the memory.
      if count > 10_000 + 100 * rows[index].count || total > 5_000_000 + 50 * table.rowCount {
        throw sparse(index, steps, frequency)
      }
      plans.append(
        SeriesPlan(
          id: names[index], start: start, rows: rows[index], steps: steps, count: count,
          gaps: count - (rows[index].count - repeats)))
    }
    return plans
  }
}

extension TimeFormat {
  /// Whether times tell the time of day.
  fileprivate var isFinerThanDay: Bool {
    switch resolution {
    case .hour, .minute, .second, .fraction, .unixSeconds, .unixMilliseconds, .unixMicroseconds,
      .unixNanoseconds,
      .excelDays:
      true
    default: false
    }
  }
}

extension Frequency {
  /// Whether neighbours are mostly one step apart.
  static func isRegular(_ times: [Int64], _ frequency: Frequency) -> Bool {
    let pairs = zip(times, times.dropFirst())
    let single = pairs.count { frequency.steps(from: Timestamp(ticks: $0), to: Timestamp(ticks: $1)) == 1 }
    return single * 10 >= (times.count - 1) * 8
  }

  /// The length of a step, for a sentence: `1 hour`, `15 minutes`.
  var every: String { count == 1 ? "1 \(unit.rawValue)" : description }
}
