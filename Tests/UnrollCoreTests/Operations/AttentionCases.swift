import UnrollCore

/// Attention and pooling over ragged sequences, against plain loops over each sequence.
extension OperationFamily {
  /// Lengths and features: empty and single steps, widths around those of vectors, and one worth two threads.
  private static let sizes: [(lengths: [Int], features: Int, depth: Int)] = [
    ([0], 3, 2), ([1], 1, 1), ([2, 0, 5], 7, 8), ([3, 3], 8, 9), ([0, 7, 1, 4], 9, 15), ([9, 2], 15, 16),
    ([1, 8], 16, 17), ([5, 6, 0], 17, 31), ([4, 2], 31, 33), ([3, 16], 33, 7),
    ([31, 17, 33, 9, 0, 15], 64, 67),
  ]

  private static func softmax(_ scores: [Double]) -> [Double] {
    let top = scores.max() ?? 0
    let powers = scores.map { exponential($0 - top) }
    return powers.map { $0 / powers.reduce(0, +) }
  }

  /// context and weights side by side, for scores of a reader, a row of keys and a step.
  private static func attended(
    _ lengths: [Int], _ values: Grid, _ score: (_ reader: Int, _ row: Int, _ step: Int) -> Double
  ) -> Grid {
    let width = lengths.max() ?? 0
    var (start, result): (Int, [Double]) = (0, [])
    for (reader, length) in lengths.enumerated() {
      let weights = softmax((0..<length).map { score(reader, start + $0, $0) })
      result += (0..<values.columns).map { column in
        (0..<length).reduce(0) { $0 + weights[$1] * values[start + $1, column] }
      }
      result += weights + Array(repeating: 0, count: width - length)
      start += length
    }
    return Grid([lengths.count, values.columns + width], result)
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

  private static func attend(
    _ x: [Variable], _ values: Variable, _ lengths: [Int], _ score: AttentionScore
  ) throws -> Variable {
    let (context, weights) = try Variable.attention(
      query: x[0], keys: x[1], values: values, score: score, segments: RowSegments(lengths: lengths))
    return .concatenated([context, weights], axis: -1)
  }

  /// Steps of attention: query `[B, A]`, keys `[N, A]`, values `[N, V]`.
  static let attention: [OperationFamily] = [
    OperationFamily(
      "dot attention",
      sizes.map { lengths, features, depth in
        let rows = lengths.reduce(0, +)
        return OperationCase(
          name: "dot attention \(lengths) \(features) \(depth)",
          operands: [.init([lengths.count, features]), .init([rows, features]), .init([rows, depth])],
          apply: { try attend($0, $0[2], lengths, .dot(scale: 0.5)) },
          reference: { x in
            attended(lengths, x[2]) { reader, row, _ in 0.5 * dot(x[0].row(reader), x[1].row(row)) }
          })
      }),
    OperationFamily(
      "dot attention to its own keys",
      sizes.map { lengths, features, _ in
        let rows = lengths.reduce(0, +)
        return OperationCase(
          name: "dot attention to its own keys \(lengths) \(features)",
          operands: [.init([lengths.count, features]), .init([rows, features])],
          // Scores of many terms reach 30 here: what they miss is magnified by the softmax.
          tolerance: 5e-5,
          apply: { try attend($0, $0[1], lengths, .dot(scale: 1)) },
          reference: { x in
            attended(lengths, x[1]) { reader, row, _ in dot(x[0].row(reader), x[1].row(row)) }
          })
      }),
    OperationFamily(
      "additive attention",
      sizes.map { lengths, features, depth in
        let rows = lengths.reduce(0, +)
        return OperationCase(
          name: "additive attention \(lengths) \(features) \(depth)",
          operands: [
            .init([lengths.count, features]), .init([rows, features]), .init([rows, depth]),
            .init([features]),
          ],
          apply: { x in
            try attend(x, x[2], lengths, .additive(weight: x[3], covered: nil, slope: nil))
          },
          reference: { x in
            attended(lengths, x[2]) { reader, row, _ in
              dot(x[3].values, zip(x[0].row(reader), x[1].row(row)).map { hyperbolicTangent($0 + $1) })
            }
          })
      }),
    OperationFamily(
      "additive attention with coverage",
      sizes.map { lengths, features, depth in
        let rows = lengths.reduce(0, +)
        let width = lengths.max() ?? 0
        return OperationCase(
          name: "additive attention with coverage \(lengths) \(features) \(depth)",
          operands: [
            .init([lengths.count, features]), .init([rows, features]), .init([rows, depth]),
            .init([features]),
            .init([lengths.count, width], .positive), .init([features]),
          ],
          apply: { x in
            try attend(x, x[2], lengths, .additive(weight: x[3], covered: x[4], slope: x[5]))
          },
          reference: { x in
            attended(lengths, x[2]) { reader, row, step in
              let sums = zip(zip(x[0].row(reader), x[1].row(row)), x[5].values).map {
                $0.0 + $0.1 + x[4][reader, step] * $1
              }
              return dot(x[3].values, sums.map(hyperbolicTangent))
            }
          })
      }),
    OperationFamily(
      "attention of several readers to one sequence",
      sizes.map { lengths, features, depth in
        let rows = lengths.reduce(0, +)
        let readers = lengths.indices.flatMap { [$0, lengths.count - 1 - $0] }
        let starts = lengths.indices.map { lengths[..<$0].reduce(0, +) }
        return OperationCase(
          name: "attention of several readers to one sequence \(lengths) \(features) \(depth)",
          operands: [
            .init([readers.count, features]), .init([rows, features]), .init([rows, depth]),
            .init([features]),
          ],
          apply: { x in
            let (context, weights) = try Variable.attention(
              query: x[0], keys: x[1], values: x[2], score: .additive(weight: x[3], covered: nil, slope: nil),
              segments: RowSegments(lengths: lengths).selecting(readers))
            return .concatenated([context, weights], axis: -1)
          },
          reference: { x in
            // The same as if each reader had a copy of its sequence.
            func copied(_ grid: Grid) -> Grid {
              let all = readers.flatMap { reader in
                (0..<lengths[reader]).flatMap { grid.row(starts[reader] + $0) }
              }
              return Grid([grid.columns == 0 ? 0 : all.count / grid.columns, grid.columns], all)
            }
            let (keys, values) = (copied(x[1]), copied(x[2]))
            return attended(readers.map { lengths[$0] }, values) { reader, row, _ in
              dot(x[3].values, zip(x[0].row(reader), keys.row(row)).map { hyperbolicTangent($0 + $1) })
            }
          })
      }),
  ]

  /// For each sequence as given, a function of its steps' rows; zeros where there are none.
  private static func pooled(_ x: Grid, _ lengths: [Int], _ f: ([[Double]]) -> [Double]) -> Grid {
    let layout = SequenceLayout(lengths: lengths)
    let rows = layout.sequenceMajorRows
    var (start, result): (Int, [Double]) = (0, [])
    for length in lengths {
      let steps = rows[start..<start + length].map { x.row(Int($0)) }
      result += steps.isEmpty ? Array(repeating: 0, count: x.columns) : f(steps)
      start += length
    }
    return Grid([lengths.count, x.columns], result)
  }

  /// Pooling of packed rows `[N, F]`.
  static let pooling: [OperationFamily] = [
    OperationFamily(
      "meanOverSteps",
      sizes.map { lengths, features, _ in
        OperationCase(
          name: "meanOverSteps \(lengths) \(features)", operands: [.init([lengths.reduce(0, +), features])],
          tolerance: 1e-6, apply: { try $0[0].meanOverSteps(SequenceLayout(lengths: lengths)) },
          reference: { x in
            pooled(x[0], lengths) { steps in
              (0..<features).map { column in steps.reduce(0) { $0 + $1[column] } / Double(steps.count) }
            }
          })
      }),
    OperationFamily(
      "maximumOverSteps",
      sizes.map { lengths, features, _ in
        OperationCase(
          name: "maximumOverSteps \(lengths) \(features)",
          operands: [.init([lengths.reduce(0, +), features])],
          tolerance: 0, apply: { try $0[0].maximumOverSteps(SequenceLayout(lengths: lengths)) },
          reference: { x in
            pooled(x[0], lengths) { steps in
              (0..<features).map { column in steps.map { $0[column] }.max() ?? 0 }
            }
          })
      }),
  ]
}
