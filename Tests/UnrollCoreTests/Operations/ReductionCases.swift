import UnrollCore

extension OperationFamily {
  private static func overRows(
    _ name: String, tolerance: Double = 1e-6, operands: @escaping (Int, Int) -> [OperationCase.Operand],
    apply: @escaping @Sendable (_ rows: Int, [Variable]) throws -> Variable,
    reference: @escaping @Sendable ([Grid]) -> Grid
  ) -> OperationFamily {
    OperationFamily(
      name,
      Awkward.matrices.map { rows, columns in
        OperationCase(
          name: "\(name) [\(rows), \(columns)]", operands: operands(rows, columns), tolerance: tolerance,
          apply: { try apply(rows, $0) }, reference: reference)
      })
  }

  private static func plain(_ rows: Int, _ columns: Int) -> [OperationCase.Operand] {
    [.init([rows, columns])]
  }

  private static func logSoftmax(_ row: [Double]) -> [Double] {
    let top = row.max() ?? 0
    let sum = row.reduce(0) { $0 + exponential($1 - top) }
    return row.map { $0 - top - naturalLogarithm(sum) }
  }

  private static func normalized(_ row: [Double], _ epsilon: Double = 1e-5) -> [Double] {
    let mean = row.reduce(0, +) / Double(row.count)
    let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
    return row.map { ($0 - mean) / (variance + epsilon).squareRoot() }
  }

  /// A label a row, some of them left out.
  private static func labels(_ rows: Int, _ columns: Int) -> [Int32] {
    (0..<rows).map { $0 % 5 == 2 ? -1 : Int32(($0 * 3 + 1) % columns) }
  }

  /// Sums, softmax and normalisation over rows.
  static let reductions: [OperationFamily] = [
    // 35 000 terms of either sign cancel: what is lost is small beside the sum of their magnitudes.
    overRows(
      "sum", tolerance: 1e-5, operands: plain, apply: { $1[0].sum() },
      reference: { Grid([], [$0[0].values.reduce(0, +)]) }),
    overRows(
      "mean", operands: plain, apply: { $1[0].mean() },
      reference: { Grid([], [$0[0].values.reduce(0, +) / Double(max(1, $0[0].values.count))]) }),
    overRows(
      "rowSums", operands: plain, apply: { $1[0].sum(axis: -1, keepingAxis: true) },
      reference: { x in x[0].mapRows(width: 1) { [$0.reduce(0, +)] } }),
    overRows(
      "softmax", operands: plain, apply: { $1[0].softmax() },
      reference: { x in x[0].mapRows { logSoftmax($0).map(exponential) } }),
    overRows(
      "logSoftmax", operands: plain, apply: { $1[0].logSoftmax() },
      reference: { x in x[0].mapRows(logSoftmax) }),
    overRows(
      "crossEntropy", operands: plain,
      apply: { rows, x in try x[0].crossEntropy(labels: labels(rows, x[0].shape[1])) },
      reference: { x in
        let labels = labels(x[0].rows, x[0].columns)
        let losses = labels.enumerated().map { $1 < 0 ? 0 : -logSoftmax(x[0].row($0))[Int($1)] }
        return Grid([labels.count], losses)
      }),
    // A row of one element has no variance: ε alone is under the root, and 1/√ε magnifies rounding 316 times.
    overRows(
      "layerNorm", tolerance: 5e-5, operands: { [.init([$0, $1]), .init([$1])] },
      apply: { try $1[0].layerNorm(gain: $1[1]) },
      reference: { x in x[0].mapRows { row in zip(normalized(row), x[1].values).map { $0 * $1 } } }),
    overRows(
      "layerNorm with bias", tolerance: 1e-5, operands: { [.init([2, $0, $1]), .init([$1]), .init([$1])] },
      apply: { try $1[0].layerNorm(gain: $1[1], bias: $1[2], epsilon: 1e-3) },
      reference: { x in
        x[0].mapRows { row in
          zip(zip(normalized(row, 1e-3), x[1].values), x[2].values).map { $0.0 * $0.1 + $1 }
        }
      }),
  ]
}
