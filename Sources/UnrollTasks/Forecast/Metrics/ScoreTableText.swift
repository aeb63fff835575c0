extension ScoreTable {
  /// The table as aligned lines of plain text, a method per row, for example
  ///
  ///                        MAE    RMSE   sMAPE    MASE  in 80%  in 95%    CRPS
  ///     model            0.412   0.520   0.10%   0.282     81%     96%   0.291
  ///     seasonal naive   2.613   2.702   0.62%   1.788     70%     94%   1.660
  ///
  /// Numbers of a column share their decimals; "–" stands for a score that could not be made.
  /// - Parameter emphasise: wraps the best cell of each column once it has its full width, for instance in the
  ///   terminal's code for bold; it must not change the visible width.
  public func text(emphasise: (String) -> String = { $0 }) -> String {
    let rows = methods.compactMap { method in scores(of: method).map { (method, $0) } }
    guard !rows.isEmpty else { return "" }
    var columns = [
      Column("MAE", rows.map(\.1.meanAbsoluteError)),
      Column("RMSE", rows.map(\.1.rootMeanSquaredError)),
      Column("sMAPE", rows.map(\.1.symmetricPercentageError), places: 2, suffix: "%"),
      Column("MASE", rows.map(\.1.meanAbsoluteScaledError), places: 3),
    ]
    for (k, level) in intervalLevels.enumerated() {
      let heading = "in \(NumberText.shortest(level * 100))%"
      let shares = rows.map { $0.1.coverage[k] * 100 }
      columns.append(Column(heading, shares, places: 0, suffix: "%", target: level * 100))
    }
    columns.append(Column("CRPS", rows.map(\.1.continuousRankedProbabilityScore)))

    let names = rows.map(\.0)
    let nameWidth = names.map(\.count).max() ?? 0
    var lines = [NumberText.padded("", to: nameWidth) + columns.map { "  " + $0.heading }.joined()]
    for (row, name) in names.enumerated() {
      let cells = columns.map { column in
        "  " + (column.best == row && names.count > 1 ? emphasise(column.cells[row]) : column.cells[row])
      }
      lines.append(NumberText.padded(name, to: nameWidth) + cells.joined())
    }
    return lines.joined(separator: "\n")
  }

  /// One column, its cells padded to one width.
  private struct Column {
    let heading: String
    let cells: [String]
    /// The row with the smallest value, or the one nearest to the target; nothing when no row has a value.
    let best: Int?

    init(_ heading: String, _ values: [Double], places: Int? = nil, suffix: String = "", target: Double = 0) {
      let places = places ?? Self.places(for: values)
      let plain = values.map { $0.isFinite ? NumberText.decimal($0, places: places) + suffix : "–" }
      let width = max(heading.count, plain.map(\.count).max() ?? 0, 6)
      self.heading = NumberText.padded(heading, to: width, right: true)
      cells = plain.map { NumberText.padded($0, to: width, right: true) }
      best = values.indices.filter { values[$0].isFinite }.min {
        abs(values[$0] - target) < abs(values[$1] - target)
      }
    }

    /// Enough decimals to show four figures of the smallest number of the column, and none past 10 000.
    private static func places(for values: [Double]) -> Int {
      let smallest = values.filter { $0 > 0 && $0.isFinite }.min() ?? 1
      return min(max(3 - NumberText.exponent(of: smallest), 0), 12)
    }
  }
}
