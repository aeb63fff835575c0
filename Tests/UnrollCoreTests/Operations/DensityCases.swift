import UnrollCore

extension OperationFamily {
  /// −ln Σ π N of a point, by the formulas as they stand.
  private static func mixtureLoss(_ row: [Double], _ x: Double, _ y: Double, least: Double) -> Double {
    let count = row.count / 6
    func part(_ index: Int, _ m: Int) -> Double { row[index * count + m] }
    let weights = (0..<count).map { exponential(part(0, $0)) }
    let total = weights.reduce(0, +)
    let density = (0..<count).reduce(0.0) { sum, m in
      let (sx, sy) = (least + exponential(part(3, m)), least + exponential(part(4, m)))
      let rho = 0.999 * hyperbolicTangent(part(5, m))
      let (zx, zy) = ((x - part(1, m)) / sx, (y - part(2, m)) / sy)
      let z = zx * zx + zy * zy - 2 * rho * zx * zy
      let norm = 2 * Double.pi * sx * sy * (1 - rho * rho).squareRoot()
      return sum + weights[m] / total * exponential(-z / (2 * (1 - rho * rho))) / norm
    }
    return -naturalLogarithm(density)
  }

  private static func mixtureCase(_ rows: Int, _ count: Int, masked: Bool) -> OperationCase {
    let least = 0.25
    let counts = masked ? (0..<rows).map { $0 % 3 != 1 } : nil
    var random = RandomSource(seed: UInt64(rows * 100 + count))
    let points = Tensor.normal(shape: [rows, 2], using: &random)
    return OperationCase(
      name: "mixtureDensity [\(rows), 6·\(count)]", operands: [.init([rows, 6 * count])],
      apply: {
        try $0[0].mixtureDensity(
          MixtureDensity(count: count, leastDeviation: least), points: points, counts: counts)
      },
      reference: { x in
        Grid(
          [rows],
          (0..<rows).map { row in
            counts?[row] ?? true
              ? mixtureLoss(x[0].row(row), points.doubles[2 * row], points.doubles[2 * row + 1], least: least)
              : 0
          })
      })
  }

  /// −ln p of some bits, bit by bit.
  private static func bitsLoss(
    _ bias: [Double], _ hidden: [Double], _ into: Grid, _ outOf: Grid, _ set: [Int32]
  )
    -> Double
  {
    var (sums, loss) = (hidden, 0.0)
    for bit in bias.indices {
      let h = sums.map { 1 / (1 + exponential(-$0)) }
      let logit = zip(outOf.row(bit), h).reduce(bias[bit]) { $0 + $1.0 * $1.1 }
      let p = 1 / (1 + exponential(-logit))
      if set.contains(Int32(bit)) {
        loss -= naturalLogarithm(p)
        sums = zip(sums, into.row(bit)).map(+)
      } else {
        loss -= naturalLogarithm(1 - p)
      }
    }
    return loss
  }

  private static func bitsCase(_ rows: Int, bits: Int, hidden: Int) -> OperationCase {
    let set = (0..<rows).map { row in
      // None, the first, the last, all of them, and a few.
      (0..<bits).filter { bit in
        switch row % 5 {
        case 0: false
        case 1: bit == 0
        case 2: bit == bits - 1
        case 3: true
        default: (bit * 7 + row) % 4 == 0
        }
      }.map(Int32.init)
    }
    return OperationCase(
      name: "autoregressiveBits [\(rows), \(bits)] by \(hidden)",
      operands: [
        .init([rows, bits]), .init([rows, hidden]), .init([bits, hidden]), .init([bits, hidden]),
      ],
      apply: { try $0[0].autoregressiveBits(hidden: $0[1], into: $0[2], outOf: $0[3], bits: set) },
      reference: { x in
        Grid([rows], (0..<rows).map { bitsLoss(x[0].row($0), x[1].row($0), x[2], x[3], set[$0]) })
      })
  }

  static let densities: [OperationFamily] = [
    OperationFamily(
      "mixtureDensity",
      [(0, 3), (1, 1), (6, 1), (3, 7), (8, 2), (33, 3), (70, 20)].map {
        mixtureCase($0.0, $0.1, masked: false)
      }
        + [mixtureCase(9, 5, masked: true)]),
    OperationFamily(
      "autoregressiveBits",
      [(0, 3, 2), (1, 1, 1), (5, 7, 3), (6, 8, 9), (7, 9, 16), (10, 17, 15), (31, 88, 33)].map {
        bitsCase($0.0, bits: $0.1, hidden: $0.2)
      }),
  ]
}
