extension SeriesGrid {
  /// The time of a row as it stands in the file, in quotes.
  private func timeText(_ row: Int) -> String {
    quoted(roles.time.map { table.text(row: row, column: $0) }.joined(separator: " "))
  }

  private func line(_ row: Int) -> Int { table.line(row: row, column: roles.time.first ?? 0) }

  /// Two rows of one time: the same row twice, the hour that clocks show twice, or another series' row.
  func duplicate(_ earlier: Int, _ later: Int, series: Int) -> DataError {
    let place = roles.ids.isEmpty ? "" : " in series \(quoted(names[series]))"
    let isSameRow = table.columns.indices.allSatisfy { column in
      table.text(row: earlier, column: column) == table.text(row: later, column: column)
    }
    let ways = RepeatedTimes.allCases.map(\.rawValue)
    let hint: DataHint =
      if isSameRow {
        DataHint(
          .repeatedTimes, ["first"],
          to: "read rows that occur twice once: this one is the same as that before")
      } else if isClockChange(later, series) {
        DataHint(
          .repeatedTimes, ways,
          to: "read the hour that occurs twice when clocks go back, or write times with their offset (+01:00)"
        )
      } else if roles.ids.isEmpty {
        DataHint(.id, to: "name the column that tells series apart")
      } else {
        DataHint(.repeatedTimes, ways, to: "say which of the rows is read")
      }
    return DataError(
      .duplicateTime, file: table.name, line: line(later), column: roles.timeName,
      expected: "a different time on each row\(place)",
      found: "\(timeText(later)) as on line \(line(earlier))", hint: hint)
  }

  /// Whether a time is in an hour that clocks show twice: within the first hours of a Sunday of autumn, while
  /// other hours of the series have one row each.
  private func isClockChange(_ row: Int, _ series: Int) -> Bool {
    guard let times = roles.times, times.format.zone == .none,
      times.format.resolution.rawValue >= TimeFormat.Resolution.hour.rawValue
    else { return false }
    let time = Timestamp(ticks: times.ticks[row])
    let date = time.date
    let isSunday = CivilDate.weekday(daysSinceEpoch: time.day) == 6
    let isAutumn =
      (date.month == 10 && date.day >= 25) || (date.month == 11 && date.day <= 7)
      || (date.month == 4 && date.day <= 7)
    guard isSunday, isAutumn, time.ticksOfDay < 4 * 3_600_000_000 else { return false }
    let ticks = rows[series].map { times.ticks[$0] }.sorted()
    let doubled = zip(ticks, ticks.dropFirst()).filter { $0 == $1 }.map(\.0)
    return doubled.allSatisfy { Timestamp(ticks: $0).ticksOfDay < 4 * 3_600_000_000 }
  }

  func mixed(_ index: Int, _ own: Frequency, _ frequency: Frequency, _ format: TimeFormat) -> DataError {
    let other = times.indices.first { other in
      other != index && Frequency.guess(series: [times[other]], format: format) != own
    }
    let row = rows[index].first ?? 0
    return DataError(
      .mixedFrequencies, file: table.name, line: line(row), column: roles.timeName,
      expected:
        "steps of one length in all series: \(other.map { "series \(quoted(names[$0])) is" } ?? "most are") \(frequency)",
      found: "series \(quoted(names[index])), which is \(own)",
      hint: DataHint(
        .frequency, [frequency.description, own.description],
        to: "read all series with these steps, or read them from files of their own"))
  }

  func offGrid(_ series: Int, _ position: Int, _ frequency: Frequency) -> DataError {
    let row = rows[series][position]
    let format = roles.times?.format ?? .step
    let before = times[series][max(0, position - 1)]
    let place = roles.ids.isEmpty ? "" : " of series \(quoted(names[series]))"
    let expected =
      if frequency.unit == .businessDay, position == 0 {
        "a day from Monday to Friday"
      } else if frequency.slots != nil {
        "a time that occurs (\(frequency))"
      } else {
        "a whole number of steps (\(frequency)) after \(quoted(format.text(Timestamp(ticks: before))))\(place)"
      }
    return DataError(
      .offGrid, file: table.name, line: line(row), column: roles.timeName, expected: expected,
      found: timeText(row),
      hint: DataHint("round the times to one grid, or state the frequency if \(frequency) is wrong"))
  }

  func sparse(_ series: Int, _ steps: [Int], _ frequency: Frequency) -> DataError {
    // The widest gap is the likely slip.
    let widest = zip(steps.indices, steps.indices.dropFirst()).max {
      steps[$0.1] - steps[$0.0] < steps[$1.1] - steps[$1.0]
    }
    let row = rows[series][widest?.1 ?? 0]
    let gap = widest.map { steps[$0.1] - steps[$0.0] } ?? 0
    return DataError(
      .offGrid, file: table.name, line: line(row), column: roles.timeName,
      expected: "times that mostly follow each other (\(frequency))",
      found: "\(timeText(row)), \(gap) steps after the time before it",
      hint: DataHint("correct the time, or state the frequency if \(frequency) is wrong"))
  }
}
