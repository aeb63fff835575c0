import UnrollCore

/// The loss of labels that are generated or copied, against its definition.
extension OperationFamily {
  /// −ln(g·e^(−l)·[known] + (1 − g)·m).
  private static func pointerLoss(_ l: Double, _ s: Double, _ m: Double, _ isKnown: Bool) -> Double {
    // 1 − g as 1/(1 + eˢ): a difference would lose the digits of a gate that is open.
    let (g, rest) = (1 / (1 + exponential(-s)), 1 / (1 + exponential(s)))
    return -naturalLogarithm((isKnown ? g * exponential(-l) : 0) + rest * m)
  }

  static let pointers: [OperationFamily] = [
    OperationFamily(
      "pointer loss",
      [1, 2, 7, 8, 9, 33].flatMap { rows in
        [1.0, 12].map { spread in
          // Every third label is out of the vocabulary; a wide spread shuts gates and makes losses large.
          let isKnown = (0..<rows).map { $0 % 3 != 2 }
          return OperationCase(
            name: "pointer loss \(rows) spread \(spread)",
            operands: [.init([rows], .positive), .init([rows]), .init([rows], .positive)],
            apply: { x in
              try .pointerLoss(
                losses: x[0].affine(times: spread, plus: 0), isKnown: isKnown,
                gate: x[1].affine(times: spread, plus: 0), copied: x[2].affine(times: 0.3, plus: 0))
            },
            reference: { x in
              Grid(
                [rows],
                (0..<rows).map { row in
                  pointerLoss(
                    spread * x[0].values[row], spread * x[1].values[row], 0.3 * x[2].values[row],
                    isKnown[row])
                })
            })
        }
      })
  ]
}
