import CUnrollKernels
import Foundation
import Testing

@Suite struct SoftmaxTests {
  static let shapes: [(rows: Int, columns: Int)] =
    [(0, 7), (2, 1)] + awkwardSizes.filter { $0 > 0 }.map { (3, $0) } + [(1, 5000)]
  static let tolerance = Tolerance(
    64,
    because:
      "x − max is rounded relative to max |x| = 8, the exponentials and their sum by a few roundings more")

  static func softmax(_ x: [Double]) -> [Double] {
    let most = x.max() ?? 0
    let e = x.map { exp($0 - most) }
    let sum = e.reduce(0, +)
    return e.map { $0 / sum }
  }

  @Test(arguments: KernelTarget.available)
  func valuesAndGradients(_ target: KernelTarget) {
    var numbers = Numbers(21)
    for (rows, columns) in Self.shapes {
      let n = rows * columns
      let x = numbers.input(target, n, -8...8)
      let dy = numbers.input(target, n)
      let soft = Elements(target, count: n)
      let logarithm = Elements(copying: x)
      target.table.softmax(x.raw, soft.raw, rows, columns)
      target.table.log_softmax(logarithm.raw, logarithm.raw, rows, columns)
      let inPlace = Elements(copying: x)
      target.table.softmax(inPlace.raw, inPlace.raw, rows, columns)
      expectSameBits("softmax in place", soft, inPlace)
      let softGradient = Elements(target, count: n)
      let logGradient = Elements(copying: dy)
      target.table.softmax_gradient(dy.raw, soft.raw, softGradient.raw, rows, columns)
      target.table.log_softmax_gradient(logGradient.raw, logarithm.raw, logGradient.raw, rows, columns)

      var want: (soft: [Double], log: [Double], ds: [Double], dl: [Double]) = ([], [], [], [])
      for r in 0..<rows {
        let range = r * columns..<(r + 1) * columns
        let p = Self.softmax(range.map { x[$0] })
        let d = range.map { dy[$0] }
        let (mean, sum) = (zip(p, d).reduce(0) { $0 + $1.0 * $1.1 }, d.reduce(0, +))
        want.soft += p
        want.log += p.map(log)
        want.ds += zip(p, d).map { $0 * ($1 - mean) }
        want.dl += zip(p, d).map { $1 - $0 * sum }
      }
      let ones = [Double](repeating: 1, count: n)
      let eights = [Double](repeating: 16, count: n)
      expectClose("softmax", soft, want.soft, Self.tolerance)
      expectClose(
        "log softmax", logarithm, want.log, magnitudes: eights, Tolerance(4, because: "two differences"))
      expectClose("softmax gradient", softGradient, want.ds, magnitudes: ones, Self.tolerance)
      expectClose(
        "log softmax gradient", logGradient, want.dl, magnitudes: ones,
        Tolerance(64 + Double(columns), because: "y is relative to Σ|dy| ≤ columns"))
      expectIntact(x, dy, soft, logarithm, inPlace, softGradient, logGradient)
    }
  }

  @Test(arguments: KernelTarget.available)
  func largeValuesDoNotOverflow(_ target: KernelTarget) {
    let x = Elements(target, [1e4, 1e4, -1e4, -.infinity])
    target.table.softmax(x.raw, x.raw, 1, 4)
    #expect(x.values == [0.5, 0.5, 0, 0])
  }

  @Test(arguments: KernelTarget.available)
  func crossEntropy(_ target: KernelTarget) {
    var numbers = Numbers(22)
    for (rows, columns) in Self.shapes {
      let n = rows * columns
      let x = numbers.input(target, n, -8...8)
      let labels = (0..<rows).map { Int32($0 == 1 ? -1 : (($0 + 1) * columns - 1) % columns) }
      let weight = numbers.input(target, rows)
      let loss = Elements(target, count: rows)
      let lse = Elements(target, count: rows)
      let dx = Elements(target, count: n)
      let inPlace = Elements(copying: x)
      labels.withUnsafeBufferPointer {
        target.table.cross_entropy(x.raw, $0.baseAddress, rows, columns, loss.raw, lse.raw)
        target.table.cross_entropy_gradient(x.raw, $0.baseAddress, lse.raw, weight.raw, dx.raw, rows, columns)
        target.table.cross_entropy_gradient(
          inPlace.raw, $0.baseAddress, lse.raw, weight.raw, inPlace.raw, rows, columns)
      }
      expectSameBits("cross entropy gradient in place", dx, inPlace)
      var want: (loss: [Double], lse: [Double], dx: [Double]) = ([], [], [])
      for r in 0..<rows {
        let row = (0..<columns).map { x[r * columns + $0] }
        let label = Int(labels[r])
        let all = log(row.reduce(0) { $0 + exp($1) })
        let p = row.map { exp($0 - all) }
        want.lse.append(all)
        want.loss.append(label < 0 ? 0 : all - row[label])
        want.dx += p.enumerated().map { label < 0 ? 0 : weight[r] * ($1 - ($0 == label ? 1 : 0)) }
      }
      let sixteens = [Double](repeating: 16, count: rows)
      let few = Tolerance(2, because: "computed in double from a sum of exponentials")
      expectClose("loss", loss, want.loss, magnitudes: sixteens, few)
      expectClose("log-sum-exp", lse, want.lse, magnitudes: sixteens, few)
      let ones = [Double](repeating: 1, count: n)
      expectClose("gradient", dx, want.dx, magnitudes: ones, Self.tolerance)
      expectIntact(x, weight, loss, lse, dx, inPlace)
    }
  }

  @Test(arguments: KernelTarget.available)
  func aLabelBeyondTheColumnsIsNotRead(_ target: KernelTarget) {
    let x = Elements(target, [1, 2, 3])
    let loss = Elements(target, count: 1)
    let lse = Elements(target, count: 1)
    withUnsafePointer(to: Int32(3)) { target.table.cross_entropy(x.raw, $0, 1, 3, loss.raw, lse.raw) }
    #expect(loss[0].isNaN)
  }
}
