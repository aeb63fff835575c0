import CUnrollKernels
import Testing

/// How the left side of a product lies in memory.
enum LeftSide: String, CaseIterable, Sendable {
  case rows, columns, packedRows, packedColumns
}

/// A product C = A·B with a reference, and everything that the kernel needs for it.
struct ProductCase {
  let target: KernelTarget
  let m, n, k: Int
  let a, b, bias, panels: Elements
  let left: Elements
  let (aTile, aRow, aColumn): (Int, Int, Int)

  var tiles: Int { (m + target.table.tile_rows - 1) / target.table.tile_rows }
  var panelCount: Int { (n + target.table.panel_columns - 1) / target.table.panel_columns }

  init(_ target: KernelTarget, m: Int, n: Int, k: Int, left side: LeftSide, seed: UInt64) {
    var numbers = Numbers(seed)
    let table = target.table
    (self.target, self.m, self.n, self.k) = (target, m, n, k)
    a = numbers.input(target, m * k)
    b = numbers.input(target, k * n)
    bias = numbers.input(target, n)
    let width = table.panel_columns
    let count = (n + width - 1) / width
    let packed = Elements(target, count: count * k * width)
    table.pack(width, 0, count, n, k, b.raw, n, 1, packed.raw)
    panels = packed.freeze()

    let turned = Elements(target, count: m * k)
    for i in 0..<m { for p in 0..<k { turned[p * m + i] = a[i * k + p] } }
    let rows = table.tile_rows
    let groups = (m + rows - 1) / rows
    let grouped = Elements(target, count: groups * k * rows)
    switch side {
    case .rows:
      left = a
      (aTile, aRow, aColumn) = (rows * k, k, 1)
    case .columns:
      left = turned.freeze()
      (aTile, aRow, aColumn) = (rows, 1, m)
    case .packedRows:
      table.pack(rows, 0, groups, m, k, a.raw, 1, k, grouped.raw)
      left = grouped.freeze()
      (aTile, aRow, aColumn) = (rows * k, 1, rows)
    case .packedColumns:
      table.pack(rows, 0, groups, m, k, turned.raw, m, 1, grouped.raw)
      left = grouped.freeze()
      (aTile, aRow, aColumn) = (rows * k, 1, rows)
    }
  }

  func run(
    tiles: Range<Int>, panels range: Range<Int>, biased: Bool, into c: Elements, pitch: Int, adding: Bool
  ) {
    target.table.product(
      tiles.lowerBound, tiles.upperBound, range.lowerBound, range.upperBound, m, n, k, left.raw, aTile, aRow,
      aColumn,
      panels.raw, biased ? bias.raw : nil, c.raw, pitch, adding)
  }
}

@Suite struct ProductTests {
  static let rows = [1, 2, 5, 7, 8, 13, 17, 33, 100]
  static let columns = [1, 7, 16, 17, 33, 64, 65, 100]
  static let lengths = [0, 1, 7, 33, 100, 385, 800]

  static func tolerance(_ k: Int) -> Tolerance {
    Tolerance(
      8 + Double(min(k, 400)).squareRoot() * 4,
      because: "a chain of k roundings walks about √k, relative to √k terms")
  }

  @Test(arguments: KernelTarget.available, LeftSide.allCases)
  func equalsTheDefinition(_ target: KernelTarget, _ side: LeftSide) {
    for m in Self.rows {
      for n in side == .rows ? Self.columns : [7, 65] {
        for k in m * n < 300 || (m, n) == (13, 65) ? Self.lengths : [33] {
          check(ProductCase(target, m: m, n: n, k: k, left: side, seed: UInt64(m * 10_000 + n * 100 + k)))
        }
      }
    }
  }

  private func check(_ x: ProductCase) {
    let (m, n, k) = (x.m, x.n, x.k)
    let a = x.a.values
    let b = x.b.values
    var sums = [Double](repeating: 0, count: m * n)
    for i in 0..<m {
      for p in 0..<k {
        let factor = a[i * k + p]
        for j in 0..<n { sums[i * n + j] += factor * b[p * n + j] }
      }
    }
    let pitch = n + 3
    for (biased, adding) in [(false, false), (true, false), (true, true), (false, true)] {
      let before = Elements(x.target, [Double](repeating: 0.625, count: (m - 1) * pitch + n))
      let whole = Elements(copying: before)
      x.run(
        tiles: 0..<x.tiles, panels: 0..<x.panelCount, biased: biased, into: whole, pitch: pitch,
        adding: adding)
      var want = before.values
      for i in 0..<m {
        for j in 0..<n {
          want[i * pitch + j] = sums[i * n + j] + (biased ? x.bias[j] : 0) + (adding ? 0.625 : 0)
        }
      }
      let sizes = [Double](repeating: 1 + Double(k).squareRoot() / 3, count: want.count)
      expectClose("C \(m)×\(n)×\(k)", whole, want, magnitudes: sizes, Self.tolerance(k))
      // Between the rows nothing was written: those values are exact.
      for i in 0..<(m - 1) {
        for j in n..<pitch where whole[i * pitch + j] != 0.625 { Issue.record("gap \(i), \(j)") }
      }

      let split = Elements(copying: before)
      for tile in 0..<x.tiles {
        for panel in 0..<x.panelCount {
          x.run(
            tiles: tile..<tile + 1, panels: panel..<panel + 1, biased: biased, into: split, pitch: pitch,
            adding: adding)
        }
      }
      expectSameBits("product \(m)×\(n)×\(k)", whole, split)
      expectIntact(x.a, x.b, x.bias, x.left, x.panels, whole, split)
    }
  }

  /// A row gives the same bits alone as among others: any number of rows takes the same sums.
  @Test(arguments: KernelTarget.available)
  func aRowDoesNotDependOnItsNeighbours(_ target: KernelTarget) {
    let (m, n, k) = (14, 150, 450)
    let all = ProductCase(target, m: m, n: n, k: k, left: .rows, seed: 77)
    let c = Elements(target, count: m * n)
    all.run(tiles: 0..<all.tiles, panels: 0..<all.panelCount, biased: true, into: c, pitch: n, adding: false)
    for i in 0..<m {
      let row = Elements(target, count: n)
      target.table.product(
        0, 1, 0, all.panelCount, 1, n, k, all.a.raw + i * k * target.elementBytes, 0, k, 1, all.panels.raw,
        all.bias.raw,
        row.raw, n, false)
      #expect(row.values == Array(c.values[i * n..<(i + 1) * n]))
    }
  }

  @Test(arguments: KernelTarget.available)
  func packingIsItsLayout(_ target: KernelTarget) {
    var numbers = Numbers(41)
    for n in awkwardSizes {
      for k in [0, 1, 4, 7, 17] {
        for width in [1, 4, target.table.panel_columns, target.table.tile_rows] {
          let matrix = numbers.input(target, n * k)
          let count = (n + width - 1) / width
          for (stepK, stepN) in [(n, 1), (1, k)] {
            let packed = Elements(target, count: count * k * width)
            // In two calls, of which the second comes first.
            target.table.pack(width, count / 2, count, n, k, matrix.raw, stepK, stepN, packed.raw)
            target.table.pack(width, 0, count / 2, n, k, matrix.raw, stepK, stepN, packed.raw)
            var want = [Double](repeating: 0, count: packed.count)
            for j in 0..<n {
              for p in 0..<k { want[(j / width * k + p) * width + j % width] = matrix[p * stepK + j * stepN] }
            }
            #expect(packed.values == want)
            expectIntact(matrix, packed)
          }
        }
      }
    }
  }

  @Test(arguments: KernelTarget.available)
  func gatePackingIsItsLayout(_ target: KernelTarget) {
    var numbers = Numbers(42)
    let lanes = target.table.lanes
    for hidden in awkwardSizes {
      for (gates, k) in [(1, 0), (1, 5), (2, 7), (3, 4), (4, 17)] {
        let pitch = k + 2
        let rows = gates * hidden
        let w = numbers.input(target, rows == 0 ? 0 : (rows - 1) * pitch + k)
        let count = (hidden + lanes - 1) / lanes
        let packed = Elements(target, count: count * k * gates * lanes)
        let panels = (hidden + target.table.lanes - 1) / target.table.lanes
        // In two pieces, the later first.
        for range in [panels / 2..<panels, 0..<panels / 2] {
          target.table.pack_gates(
            range.lowerBound, range.upperBound, gates, hidden, k, w.raw, pitch, packed.raw)
        }
        var want = [Double](repeating: 0, count: packed.count)
        for g in 0..<gates {
          for unit in 0..<hidden {
            for p in 0..<k {
              let (panel, lane) = (unit / lanes, unit % lanes)
              want[((panel * k + p) * gates + g) * lanes + lane] = w[(g * hidden + unit) * pitch + p]
            }
          }
        }
        #expect(packed.values == want)
        expectIntact(w, packed)
      }
    }
  }
}
