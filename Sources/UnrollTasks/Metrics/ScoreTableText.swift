extension ScoreTable {
  /// The table for a report, a method per row. Numbers of a column share their decimals; "–" stands for a score that could
  /// not be made.
  package var report: ScoreReport.Table {
    let rows = methods.compactMap { method in scores(of: method).map { (method, $0) } }
    var columns = [
      Column("MAE", rows.map(\.1.meanAbsoluteError)),
      Column("RMSE", rows.map(\.1.rootMeanSquaredError)),
      Column("sMAPE", rows.map(\.1.symmetricPercentageError), places: 2, suffix: "%"),
      Column("MASE", rows.map(\.1.meanAbsoluteScaledError), places: 3),
    ]
    for (k, level) in intervalLevels.enumerated() {
      let heading = "in \(NumberText.shortest(level * 100))%"
      let shares = rows.map { $0.1.coverage[k] * 100 }
      columns.append(Column(heading, shares, places: 0, suffix: "%"))
    }
    columns.append(Column("CRPS", rows.map(\.1.continuousRankedProbabilityScore)))

    return ScoreReport.Table(
      "beside simple methods", columns: [""] + columns.map(\.heading),
      rows: rows.indices.map { row in [rows[row].0] + columns.map { $0.cells[row] } })
  }

  /// One column of numbers with the same decimals.
  private struct Column {
    let heading: String
    let cells: [String]

    init(_ heading: String, _ values: [Double], places: Int? = nil, suffix: String = "") {
      self.heading = heading
      let places = places ?? Self.places(for: values)
      cells = values.map { $0.isFinite ? NumberText.decimal($0, places: places) + suffix : "–" }
    }

    /// Enough decimals to show four figures of the smallest number of the column, and none past 10 000.
    private static func places(for values: [Double]) -> Int {
      let smallest = values.filter { $0 > 0 && $0.isFinite }.min() ?? 1
      return min(max(3 - NumberText.exponent(of: smallest), 0), 12)
    }
  }
}
