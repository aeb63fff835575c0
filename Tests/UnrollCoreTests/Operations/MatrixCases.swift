import UnrollCore

extension OperationFamily {
  private static let productSizes: [(rows: Int, inner: Int, columns: Int)] = [
    (0, 3, 4), (3, 0, 4), (1, 1, 1), (5, 1, 7), (7, 5, 8), (3, 9, 17), (8, 16, 31), (2, 33, 15), (16, 8, 9),
    (67, 71, 93),
  ]

  private static func product(_ a: Grid, _ b: (Int, Int) -> Double, columns: Int, shape: Shape) -> Grid {
    var values: [Double] = []
    for row in 0..<a.rows {
      for column in 0..<columns {
        var sum = 0.0
        for index in 0..<a.columns { sum += a[row, index] * b(index, column) }
        values.append(sum)
      }
    }
    return Grid(shape, values)
  }

  /// Products; single precision rounds once a term, and terms are summed in blocks.
  static let products: [OperationFamily] = [
    OperationFamily(
      "linear",
      productSizes.map { n, i, o in
        OperationCase(
          name: "linear [\(n), \(i)] → \(o)", operands: [.init([n, i]), .init([o, i])],
          apply: { try $0[0].linear($0[1]) },
          reference: { x in product(x[0], { x[1][$1, $0] }, columns: o, shape: [n, o]) })
      }),
    OperationFamily(
      "linear with bias",
      productSizes.map { n, i, o in
        OperationCase(
          name: "linear [\(n), 2, \(i)] → \(o) with bias",
          operands: [.init([n, 2, i]), .init([o, i]), .init([o])],
          apply: { try $0[0].linear($0[1], bias: $0[2]) },
          reference: { x in
            product(x[0], { x[1][$1, $0] }, columns: o, shape: [n, 2, o]).mapRows { row in
              zip(row, x[2].values).map { $0 + $1 }
            }
          })
      }),
    OperationFamily(
      "matmul",
      productSizes.map { m, k, n in
        OperationCase(
          name: "[\(m), \(k)] · [\(k), \(n)]", operands: [.init([m, k]), .init([k, n])],
          apply: { try $0[0].matmul($0[1]) },
          reference: { x in product(x[0], { x[1][$0, $1] }, columns: n, shape: [m, n]) })
      }),
    OperationFamily(
      "linearCrossEntropy",
      // The last two have several blocks of words, and several chunks.
      (productSizes + [(17, 5, 401), (35, 7, 1601)]).flatMap { n, i, words in
        [false, true].map { hasBias in
          OperationCase(
            name: "linear cross-entropy [\(n), \(i)] → \(words)\(hasBias ? " with bias" : "")",
            operands: [.init([n, i]), .init([words, i])] + (hasBias ? [.init([words])] : []),
            apply: {
              try $0[0].linearCrossEntropy(
                $0[1], bias: hasBias ? $0[2] : nil, labels: labels(n, of: words))
            },
            reference: { x in
              let scores = product(x[0], { x[1][$1, $0] }, columns: words, shape: [n, words])
              let values = labels(n, of: words).enumerated().map { row, label in
                let all = scores.row(row).enumerated().map { $1 + (hasBias ? x[2].values[$0] : 0) }
                let most = all.max() ?? 0
                let sum = all.reduce(0) { $0 + exponential($1 - most) }
                return label < 0 ? 0 : most + naturalLogarithm(sum) - all[Int(label)]
              }
              return Grid([n], values)
            })
        }
      }),
  ]

  /// A word a row, the first and the last among them, and rows that do not count.
  private static func labels(_ rows: Int, of words: Int) -> [Int32] {
    (0..<rows).map { $0 % 5 == 2 ? -1 : Int32(($0 * 7 + 1) * (words - 1) % words) }
  }

  private static func range(_ form: Int, of count: Int) -> Range<Int> {
    [0..<count, 0..<(count + 1) / 2, count / 3..<count, count / 2..<count / 2][form]
  }

  private static func gathered(_ rows: Int) -> [Int32] {
    rows == 0 ? [-1, -1] : (0..<2 * rows + 1).map { $0 % 4 == 3 ? -1 : Int32(($0 * 5 + 1) % rows) }
  }

  /// Movements of elements: exact in every precision.
  static let shapes: [OperationFamily] = [
    moving(
      "reshaped", of: { r, c in [[r, c]] },
      apply: { r, c in { x in x[0].reshaped(to: [c, r, 1]) } },
      reference: { r, c in { Grid([c, r, 1], $0[0].values) } }),
    OperationFamily("rows", (0..<4).flatMap(rows)),
    OperationFamily("columns", (0..<4).flatMap(columns)),
    moving(
      "concatenatedRows", of: { r, c in [[r, c], [0, c], [2, c], [r, c]] },
      apply: { r, c in { .concatenated([$0[0], $0[1], $0[2], $0[3], $0[0]], axis: 0) } },
      reference: { r, c in
        { x in
          Grid([3 * r + 2, c], x[0].values + x[1].values + x[2].values + x[3].values + x[0].values)
        }
      }),
    moving(
      "concatenatedColumns", of: { r, c in [[r, c], [r, 3], [r, 0]] },
      apply: { r, c in { .concatenated([$0[0], $0[1], $0[2]], axis: -1) } },
      reference: { r, c in { x in Grid([r, c + 3], (0..<r).flatMap { x[0].row($0) + x[1].row($0) }) } }),
    moving(
      "gather", of: { r, c in [[r, c]] },
      apply: { r, c in { $0[0].gather(gathered(r)) } },
      reference: { r, c in
        { x in
          let rows = gathered(r).map { $0 < 0 ? Array(repeating: 0, count: c) : x[0].row(Int($0)) }
          return Grid([rows.count, c], rows.flatMap { $0 })
        }
      }),
  ]

  private static func rows(_ form: Int) -> [OperationCase] {
    moving(
      "rows", of: { r, c in [[r, 2, c]] }, apply: { r, c in { $0[0].rows(range(form, of: r)) } },
      reference: { r, c in
        { x in
          let range = range(form, of: r)
          let values = x[0].values[range.lowerBound * 2 * c..<range.upperBound * 2 * c]
          return Grid([range.count, 2, c], Array(values))
        }
      }
    ).cases
  }

  private static func columns(_ form: Int) -> [OperationCase] {
    moving(
      "columns", of: { r, c in [[r, 2, c]] }, apply: { r, c in { $0[0].columns(range(form, of: c)) } },
      reference: { r, c in
        { x in x[0].mapRows(width: range(form, of: c).count) { Array($0[range(form, of: c)]) } }
      }
    ).cases
  }

  private static func moving(
    _ name: String, of operands: (Int, Int) -> [Shape],
    apply: (Int, Int) -> @Sendable ([Variable]) -> Variable,
    reference: (Int, Int) -> @Sendable ([Grid]) -> Grid
  ) -> OperationFamily {
    OperationFamily(
      name,
      Awkward.matrices.map { rows, columns in
        OperationCase(
          name: "\(name) \(operands(rows, columns))",
          operands: operands(rows, columns).map { .init($0) }, tolerance: 0,
          apply: apply(rows, columns), reference: reference(rows, columns))
      })
  }
}
