import CUnrollKernels
import Testing

@Suite struct LayerNormTests {
  static let tolerance = Tolerance(
    64, because: "x − μ is rounded relative to |μ|, up to three deviations here")

  @Test(arguments: KernelTarget.available, [true, false])
  func valuesAndGradient(_ target: KernelTarget, biased: Bool) {
    var numbers = Numbers(31)
    let epsilon = 1e-5
    for columns in awkwardSizes where columns > 1 {
      for rows in [0, 1, 3] {
        let n = rows * columns
        let x = numbers.input(target, n, 1...3)
        let gain = numbers.input(target, columns)
        let bias = numbers.input(target, columns)
        let dy = numbers.input(target, n)
        let y = Elements(target, count: n)
        let normalized = Elements(target, count: n)
        let inverse = Elements(target, count: rows)
        let dx = Elements(target, count: n)
        target.table.layer_norm(
          x.raw, gain.raw, biased ? bias.raw : nil, epsilon, y.raw, normalized.raw, inverse.raw, rows, columns
        )
        target.table.layer_norm_gradient(dy.raw, gain.raw, normalized.raw, inverse.raw, dx.raw, rows, columns)

        var want: (y: [Double], unit: [Double], inverse: [Double], dx: [Double]) = ([], [], [], [])
        for r in 0..<rows {
          let row = (0..<columns).map { x[r * columns + $0] }
          let count = Double(columns)
          let mean = row.reduce(0, +) / count
          let deviation = (row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count + epsilon).squareRoot()
          let unit = row.map { ($0 - mean) / deviation }
          let u = (0..<columns).map { dy[r * columns + $0] * gain[$0] }
          let (meanU, along) = (u.reduce(0, +) / count, zip(u, unit).reduce(0) { $0 + $1.0 * $1.1 } / count)
          want.unit += unit
          want.inverse.append(1 / deviation)
          want.y += (0..<columns).map { unit[$0] * gain[$0] + (biased ? bias[$0] : 0) }
          want.dx += (0..<columns).map { (u[$0] - meanU - unit[$0] * along) / deviation }
        }
        let deviations = want.inverse.flatMap { [Double](repeating: $0 * 3, count: columns) }
        expectClose("normalized", normalized, want.unit, magnitudes: deviations, Self.tolerance)
        expectClose("y", y, want.y, magnitudes: deviations, Self.tolerance)
        // The deviation's own relative error is that of x − μ relative to the deviation.
        let widths = want.inverse.map { $0 * max(1, $0 * 3) }
        expectClose("inverse deviation", inverse, want.inverse, magnitudes: widths, Self.tolerance)
        let steep = want.inverse.flatMap { [Double](repeating: $0 * max(1, $0 * 3) * 4, count: columns) }
        expectClose("dx", dx, want.dx, magnitudes: steep, Self.tolerance)
        expectIntact(x, gain, bias, dy, y, normalized, inverse, dx)
      }
    }
  }
}
