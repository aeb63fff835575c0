import CUnrollKernels
import Foundation
import Testing

@Suite struct ReductionTests {
  static let sizes = awkwardSizes + [4095, 4097, 20_000]
  /// Each of the four chains of a block adds at most 256 terms, and the blocks are added in double.
  static let blocked = Tolerance(
    80, because: "partial sums of up to 64 terms and a vector's lanes, relative to Σ|x|")

  @Test(arguments: KernelTarget.available)
  func sumsOfAllElements(_ target: KernelTarget) {
    var numbers = Numbers(11)
    for n in Self.sizes {
      let a = numbers.input(target, n)
      let b = numbers.input(target, n)
      let (x, y) = (a.values, b.values)
      let unit = target.roundoff * Self.blocked.roundings
      #expect(abs(target.table.sum(a.raw, n) - x.reduce(0, +)) <= unit * x.reduce(0) { $0 + abs($1) })
      let squares = x.reduce(0) { $0 + $1 * $1 }
      #expect(abs(target.table.sum_of_squares(a.raw, n) - squares) <= unit * squares)
      let products = zip(x, y).map { $0 * $1 }
      let size = products.reduce(0) { $0 + abs($1) }
      #expect(abs(target.table.dot(a.raw, b.raw, n) - products.reduce(0, +)) <= unit * size)
      expectIntact(a, b)
    }
  }

  /// A single chain in float would be off by thousands of roundings at this length.
  @Test(arguments: KernelTarget.available.filter { $0 != .double })
  func longSumsDoNotDrift(_ target: KernelTarget) {
    let n = 400_000
    let x = Elements(target, [Double](repeating: 0.1, count: n))
    let want = Double(n) * x[0]
    #expect(abs(target.table.sum(x.raw, n) - want) <= want * target.roundoff * 64)
  }

  @Test(arguments: KernelTarget.available)
  func maximumFindsTheLargestAtEveryPlace(_ target: KernelTarget) {
    var numbers = Numbers(12)
    #expect(target.table.maximum(Elements(target, count: 0).raw, 0) == -.infinity)
    for n in awkwardSizes where n > 0 {
      for place in Set([0, n / 2, n - 1]) {
        let x = numbers.elements(target, n, -5...(-1))
        x[place] = -0.5
        #expect(target.table.maximum(x.raw, n) == -0.5)
        x[place] = .nan
        #expect(target.table.maximum(x.raw, n).isNaN)
      }
    }
  }

  @Test(arguments: KernelTarget.available)
  func finitenessIsSeenAtEveryPlace(_ target: KernelTarget) {
    var numbers = Numbers(13)
    for n in awkwardSizes + [5000] {
      let x = numbers.elements(target, n, -1e30...1e30)
      #expect(target.table.all_finite(x.raw, n))
      guard n > 0 else { continue }
      for (place, bad) in [(0, Double.nan), (n / 2, .infinity), (n - 1, -.infinity)] {
        let y = Elements(copying: x)
        y[place] = bad
        #expect(!target.table.all_finite(y.raw, n))
      }
    }
  }

  @Test(arguments: KernelTarget.available)
  func columnSumsDoNotDependOnTheSplit(_ target: KernelTarget) {
    var numbers = Numbers(14)
    for columns in awkwardSizes {
      for rows in [0, 1, 3, 129, 300] {
        let pitch = columns + 2
        let x = numbers.input(target, rows == 0 ? 0 : (rows - 1) * pitch + columns)
        let y = numbers.elements(target, columns)
        let before = y.values
        var want = [Double](repeating: 0, count: columns)
        var sizes = before.map(abs)
        for r in 0..<rows {
          for c in 0..<columns {
            want[c] += x[r * pitch + c]
            sizes[c] += abs(x[r * pitch + c])
          }
        }
        let fresh = Elements(target, count: columns)
        target.table.column_sums(x.raw, pitch, rows, 0, columns, fresh.raw, false)
        expectClose("column sums", fresh, want, magnitudes: sizes, Self.blocked)
        let split = Elements(copying: y)
        target.table.column_sums(x.raw, pitch, rows, 0, columns, y.raw, true)
        let added = zip(before, want).map { $0 + $1 }
        expectClose("added column sums", y, added, magnitudes: sizes, Self.blocked)
        for (from, to) in [(0, columns / 3), (columns / 3, columns / 2), (columns / 2, columns)] {
          target.table.column_sums(x.raw, pitch, rows, from, to, split.raw, true)
        }
        expectSameBits("column sums", y, split)
        expectIntact(x, y, fresh, split)
      }
    }
  }

  @Test(arguments: KernelTarget.available)
  func rowSums(_ target: KernelTarget) {
    var numbers = Numbers(15)
    for columns in awkwardSizes {
      for rows in [0, 1, 5] {
        let (aRow, bRow) = (columns + 1, columns + 4)
        let a = numbers.input(target, rows == 0 ? 0 : (rows - 1) * aRow + columns)
        let b = numbers.input(target, rows == 0 ? 0 : (rows - 1) * bRow + columns)
        let y = Elements(target, count: rows)
        let z = Elements(target, count: rows)
        target.table.row_sums(a.raw, aRow, b.raw, bRow, rows, columns, y.raw)
        target.table.row_sums(a.raw, aRow, nil, 0, rows, columns, z.raw)
        let products = (0..<rows).map { r in
          (0..<columns).reduce(0.0) { $0 + a[r * aRow + $1] * b[r * bRow + $1] }
        }
        let sums = (0..<rows).map { r in (0..<columns).reduce(0.0) { $0 + a[r * aRow + $1] } }
        let sizes = [Double](repeating: Double(columns), count: rows)
        expectClose("row products", y, products, magnitudes: sizes, Self.blocked)
        expectClose("row sums", z, sums, magnitudes: sizes, Self.blocked)
        expectIntact(a, b, y, z)
      }
    }
  }
}
