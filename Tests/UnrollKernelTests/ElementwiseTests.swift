import CUnrollKernels
import Testing

@Suite struct ElementwiseTests {
  @Test(arguments: KernelTarget.available, UnaryCase.all)
  func unaryIsTheFunctionAtEverySize(_ target: KernelTarget, _ function: UnaryCase) {
    var numbers = Numbers(1)
    for n in awkwardSizes {
      let x = numbers.input(target, n, function.range)
      let y = Elements(target, count: n)
      target.table.unary(function.operation, x.raw, y.raw, n)
      let want = x.values.map(function.function)
      expectClose(
        function.name, y, want,
        Tolerance(2 * function.tolerance.roundings, because: "an ulp is up to two roundings"))
      let inPlace = Elements(copying: x)
      target.table.unary(function.operation, inPlace.raw, inPlace.raw, n)
      expectSameBits("\(function.name) in place", y, inPlace)
      expectIntact(x, y, inPlace)
    }
  }

  @Test(arguments: KernelTarget.available, UnaryCase.all)
  func unaryGradientIsTheSlope(_ target: KernelTarget, _ function: UnaryCase) {
    var numbers = Numbers(2)
    for n in awkwardSizes {
      let x = numbers.input(target, n, function.range)
      let y = Elements(target, count: n)
      target.table.unary(function.operation, x.raw, y.raw, n)
      let saved = (function.savesResult ? y : x).freeze()
      let dy = numbers.input(target, n)
      let dx = Elements(target, count: n)
      let added = numbers.elements(target, n)
      let before = added.values
      target.table.unary_gradient(function.operation, dy.raw, saved.raw, dx.raw, n, false)
      target.table.unary_gradient(function.operation, dy.raw, saved.raw, added.raw, n, true)
      let want = (0..<n).map { dy[$0] * function.slope(x[$0]) }
      let reason = "1 − y² and y·(1 − y) lose what y was rounded by, relative to 1 and not to the slope"
      let sizes = (0..<n).map { max(abs(want[$0]), abs(dy[$0]) * (function.savesResult ? abs(y[$0]) : 0)) }
      expectClose(function.name, dx, want, magnitudes: sizes, Tolerance(24, because: reason))
      expectClose(
        function.name, added, (0..<n).map { before[$0] + want[$0] },
        magnitudes: (0..<n).map { sizes[$0] + abs(before[$0]) }, Tolerance(24, because: reason))
      expectIntact(x, y, dy, dx, added, saved)
    }
  }

  static let binaries: [(unroll_binary, @Sendable (Double, Double) -> Double)] = [
    (UNROLL_ADD, { $0 + $1 }), (UNROLL_SUB, { $0 - $1 }), (UNROLL_MUL, { $0 * $1 }),
    (UNROLL_DIV, { $0 / $1 }),
    (UNROLL_MAX, { max($0, $1) }), (UNROLL_MIN, { min($0, $1) }),
  ]
  static let rounded = Tolerance(1, because: "one correctly rounded operation")

  @Test(arguments: KernelTarget.available)
  func binaryIsTheOperation(_ target: KernelTarget) {
    var numbers = Numbers(3)
    for (operation, function) in Self.binaries {
      for n in awkwardSizes {
        let a = numbers.input(target, n)
        let b = numbers.input(target, n, 0.5...2)
        let y = Elements(target, count: n)
        let overA = Elements(copying: a)
        let overB = Elements(copying: b)
        target.table.binary(operation, a.raw, b.raw, y.raw, n)
        target.table.binary(operation, overA.raw, b.raw, overA.raw, n)
        target.table.binary(operation, a.raw, overB.raw, overB.raw, n)
        expectClose("binary \(operation.rawValue)", y, (0..<n).map { function(a[$0], b[$0]) }, Self.rounded)
        expectSameBits("over a", y, overA)
        expectSameBits("over b", y, overB)
        expectIntact(a, b, y, overA, overB)
      }
    }
  }

  @Test(arguments: KernelTarget.available)
  func theLargerOfNotANumberIsNotANumber(_ target: KernelTarget) {
    let a = Elements(target, [.nan, 1, .nan])
    let b = Elements(target, [1, .nan, .nan])
    for operation in [UNROLL_MAX, UNROLL_MIN] {
      let y = Elements(target, count: 3)
      target.table.binary(operation, a.raw, b.raw, y.raw, 3)
      #expect(y.values.filter(\.isNaN).count == 3)
    }
  }

  /// Rows stand apart from one another, and what lies between them stays.
  @Test(arguments: KernelTarget.available)
  func rowAndColumnOperationsKeepTheGaps(_ target: KernelTarget) {
    var numbers = Numbers(4)
    for (operation, function) in Self.binaries {
      for columns in awkwardSizes {
        for rows in [0, 1, 3, 8] {
          let (xRow, yRow) = (columns + 3, columns + 5)
          let x = numbers.input(target, rows == 0 ? 0 : (rows - 1) * xRow + columns)
          let row = numbers.input(target, columns, 0.5...2)
          let column = numbers.input(target, rows, 0.5...2)
          let size = rows == 0 ? 0 : (rows - 1) * yRow + columns
          for byRow in [true, false] {
            let y = Elements(target, [Double](repeating: 77, count: size))
            var want = y.values
            for r in 0..<rows {
              for c in 0..<columns {
                want[r * yRow + c] = function(x[r * xRow + c], byRow ? row[c] : column[r])
              }
            }
            if byRow {
              target.table.binary_row(operation, x.raw, xRow, row.raw, y.raw, yRow, rows, columns)
            } else {
              target.table.binary_column(operation, x.raw, xRow, column.raw, y.raw, yRow, rows, columns)
            }
            expectClose(byRow ? "by row" : "by column", y, want, Self.rounded)
            expectIntact(x, row, column, y)
          }
        }
      }
    }
  }

  @Test(arguments: KernelTarget.available)
  func scaledSums(_ target: KernelTarget) {
    var numbers = Numbers(5)
    let twice = Tolerance(2, because: "a product and a sum, each rounded")
    for n in awkwardSizes {
      let a = numbers.input(target, n)
      let b = numbers.input(target, n)
      let before = numbers.input(target, n)
      let sizes = (0..<n).map { abs(a[$0]) + abs(b[$0]) + abs(before[$0]) + 1 }
      let y = Elements(target, count: n)
      target.table.affine(0.75, -0.5, a.raw, y.raw, n)
      expectClose("affine", y, (0..<n).map { 0.75 * a[$0] - 0.5 }, magnitudes: sizes, twice)
      let scaled = Elements(copying: before)
      target.table.add_scaled(0.75, a.raw, scaled.raw, n)
      expectClose("add scaled", scaled, (0..<n).map { before[$0] + 0.75 * a[$0] }, magnitudes: sizes, twice)
      let product = Elements(copying: before)
      target.table.add_product(a.raw, b.raw, product.raw, n)
      expectClose(
        "add product", product, (0..<n).map { before[$0] + a[$0] * b[$0] }, magnitudes: sizes, twice)
      expectIntact(a, b, before, y, scaled, product)
    }
  }
}
