import CUnrollKernels
import Foundation
import Testing

/// Steps of optimizers, rows of tables and dropout, on every target, at awkward sizes and split anywhere.
@Suite struct UpdateTests {
  static let few = Tolerance(
    12, because: "a handful of roundings, a quotient and a root, relative to the largest term")

  /// Calls `body` for the whole and for its parts, which must give the same bits.
  private static func inParts(_ n: Int, _ body: (_ start: Int, _ count: Int) -> Void) {
    let cut = n / 3 / 16 * 16
    body(0, cut)
    body(cut, n - cut)
  }

  @Test(arguments: KernelTarget.available, [0.0, 0.3])
  func gradientDescent(_ target: KernelTarget, _ decay: Double) {
    var numbers = Numbers(31)
    for n in awkwardSizes {
      for (momentum, nesterov) in [(0.0, false), (0.75, false), (0.75, true)] {
        let g = numbers.input(target, n)
        let (p, v) = (numbers.elements(target, n), numbers.elements(target, n))
        let (whole, wholeVelocity) = (Elements(copying: p), Elements(copying: v))
        var (wanted, velocities) = (p.values, v.values)
        for i in 0..<n {
          let slope = g[i] * 0.5 + decay * wanted[i]
          velocities[i] = momentum == 0 ? velocities[i] : momentum * velocities[i] + slope
          let direction = momentum == 0 ? slope : nesterov ? slope + momentum * velocities[i] : velocities[i]
          wanted[i] -= 0.25 * direction
        }
        func step(_ p: Elements, _ v: Elements, _ start: Int, _ count: Int) {
          let at = start * target.elementBytes
          if momentum == 0 {
            target.table.sgd(0.25, 0.5, decay, g.raw + at, p.raw + at, count)
          } else {
            target.table.sgd_momentum(
              0.25, 0.5, decay, momentum, nesterov, g.raw + at, v.raw + at, p.raw + at, count)
          }
        }
        step(whole, wholeVelocity, 0, n)
        Self.inParts(n) { step(p, v, $0, $1) }
        let ones = [Double](repeating: 1, count: n)
        expectClose("parameter", whole, wanted, magnitudes: ones, Self.few)
        expectClose("velocity", wholeVelocity, velocities, magnitudes: ones, Self.few)
        expectSameBits("parameter", whole, p)
        expectSameBits("velocity", wholeVelocity, v)
        expectIntact(g, p, v, whole, wholeVelocity)
      }
    }
  }

  @Test(arguments: KernelTarget.available)
  func adam(_ target: KernelTarget) {
    var numbers = Numbers(32)
    var a = unroll_adam(
      scale: 0.5, decay: 0.25, kept: 0.875, step: 0.25, root_scale: 1.5, epsilon: 0.125, keep_first: 0.75,
      take_first: 0.25, keep_second: 0.875, take_second: 0.125)
    for n in awkwardSizes {
      let g = numbers.input(target, n)
      let (m, s) = (numbers.elements(target, n), numbers.elements(target, n, 0...1))
      let p = numbers.elements(target, n)
      let before = [m, s, p].map { Elements(copying: $0) }
      var wanted: (m: [Double], s: [Double], p: [Double]) = ([], [], [])
      for i in 0..<n {
        let slope = 0.5 * g[i] + 0.25 * p[i]
        wanted.m.append(0.75 * m[i] + 0.25 * slope)
        wanted.s.append(0.875 * s[i] + 0.125 * slope * slope)
        wanted.p.append(0.875 * p[i] - 0.25 * wanted.m[i] / (wanted.s[i].squareRoot() * 1.5 + 0.125))
      }
      target.table.adam(&a, g.raw, m.raw, s.raw, p.raw, n)
      let ones = [Double](repeating: 1, count: n)
      expectClose("first moment", m, wanted.m, magnitudes: ones, Self.few)
      expectClose("second moment", s, wanted.s, magnitudes: ones, Self.few)
      expectClose("parameter", p, wanted.p, magnitudes: ones, Self.few)
      Self.inParts(n) { start, count in
        let at = start * target.elementBytes
        target.table.adam(
          &a, g.raw + at, before[0].raw + at, before[1].raw + at, before[2].raw + at, count)
      }
      for (whole, part) in zip([m, s, p], before) { expectSameBits("adam", whole, part) }
      expectIntact(g, m, s, p, before[0], before[1], before[2])
    }
  }

  @Test(arguments: KernelTarget.available, [0.0, 0.5])
  func rmsprop(_ target: KernelTarget, _ momentum: Double) {
    var numbers = Numbers(33)
    var a = unroll_rmsprop(
      rate: 0.25, scale: 0.5, decay: 0.25, keep: 0.875, take: 0.125, epsilon: 0.125, momentum: momentum)
    for n in awkwardSizes {
      let g = numbers.input(target, n)
      let (s, v) = (numbers.elements(target, n, 0...1), numbers.elements(target, n))
      let p = numbers.elements(target, n)
      var wanted: (s: [Double], v: [Double], p: [Double]) = ([], v.values, [])
      for i in 0..<n {
        let slope = 0.5 * g[i] + 0.25 * p[i]
        wanted.s.append(0.875 * s[i] + 0.125 * slope * slope)
        var direction = slope / (wanted.s[i].squareRoot() + 0.125)
        if momentum != 0 {
          direction += momentum * v[i]
          wanted.v[i] = direction
        }
        wanted.p.append(p[i] - 0.25 * direction)
      }
      target.table.rmsprop(&a, g.raw, s.raw, momentum == 0 ? nil : v.raw, p.raw, n)
      // Quotients by as little as 0.125 reach 8.
      let eights = [Double](repeating: 8, count: n)
      expectClose("mean square", s, wanted.s, magnitudes: eights, Self.few)
      expectClose("velocity", v, wanted.v, magnitudes: eights, Self.few)
      expectClose("parameter", p, wanted.p, magnitudes: eights, Self.few)
      expectIntact(g, s, v, p)
    }
  }

  /// Without decay an infinite parameter stays infinite; 0·∞ would make it no number.
  @Test(arguments: KernelTarget.available)
  func noDecayIsNoProduct(_ target: KernelTarget) {
    let (g, p) = (Elements(target, [1, 1]), Elements(target, [.infinity, 1]))
    target.table.sgd(0.5, 1, 0, g.raw, p.raw, 2)
    #expect(p.values == [.infinity, 0.5])
  }

  @Test(arguments: KernelTarget.available)
  func rowsAreGatheredAndSummed(_ target: KernelTarget) {
    var numbers = Numbers(34)
    let indices: [Int32] = [3, -1, 0, 3, 3]
    for width in awkwardSizes {
      let x = numbers.input(target, 4 * width)
      let y = Elements(target, count: 5 * width)
      indices.withUnsafeBufferPointer { target.table.gather_rows(x.raw, $0.baseAddress, 5, width, y.raw) }
      #expect(
        y.values == indices.flatMap { row in (0..<width).map { row < 0 ? 0 : x[Int(row) * width + $0] } })

      let dy = numbers.input(target, 5 * width)
      let (order, starts, places): ([Int32], [Int32], [Int32]) = ([2, 0, 3, 4], [0, 1, 4], [0, 3])
      let merged = Elements(target, count: 2 * width)
      let whole = numbers.elements(target, 4 * width)
      let before = whole.values
      order.withUnsafeBufferPointer { order in
        starts.withUnsafeBufferPointer { starts in
          places.withUnsafeBufferPointer { places in
            let (o, s) = (order.baseAddress, starts.baseAddress)
            for row in 0..<2 {
              target.table.sum_rows(dy.raw, o, s, row, row + 1, width, nil, merged.raw, false)
            }
            target.table.sum_rows(dy.raw, o, s, 0, 2, width, places.baseAddress, whole.raw, true)
          }
        }
      }
      let sums = (0..<width).map { dy[2 * width + $0] }
      let threes = (0..<width).map { dy[$0] + dy[3 * width + $0] + dy[4 * width + $0] }
      let size = [Double](repeating: 3, count: 4 * width)
      expectClose(
        "merged rows", merged, sums + threes, magnitudes: Array(size.prefix(2 * width)),
        Tolerance(3, because: "three sums"))
      var wanted = before
      for c in 0..<width {
        wanted[c] += sums[c]
        wanted[3 * width + c] += threes[c]
      }
      expectClose("added rows", whole, wanted, magnitudes: size, Tolerance(4, because: "four sums"))
      expectIntact(x, y, dy, merged, whole)
    }
  }

  @Test(arguments: KernelTarget.available)
  func squaresNeitherOverflowNorVanish(_ target: KernelTarget) {
    for n in awkwardSizes where n > 0 {
      for size in [1e30, 1e-30] {
        let x = Elements(target, [Double](repeating: size, count: n))
        let want = Double(n) * x[0] * x[0]
        #expect(abs(target.table.sum_of_squares(x.raw, n) - want) <= 1e-12 * want)
      }
    }
  }
}

@Suite struct DropoutKernelTests {
  /// The definition, one element at a time.
  private static func bits(_ seed: UInt64, _ index: UInt64) -> UInt32 {
    func mixed(_ x: UInt32) -> UInt32 {
      var x = x
      x ^= x >> 16
      x &*= 0x7feb_352d
      x ^= x >> 15
      x &*= 0x846c_a68b
      return x ^ (x >> 16)
    }
    let low = UInt32(truncatingIfNeeded: seed) ^ (UInt32(truncatingIfNeeded: index >> 32) &* 0x9e37_79b9)
    return mixed(mixed(UInt32(truncatingIfNeeded: index) ^ low) &+ UInt32(truncatingIfNeeded: seed >> 32))
  }

  @Test(arguments: KernelTarget.available)
  func everyTargetLeavesOutTheSame(_ target: KernelTarget) {
    var numbers = Numbers(35)
    let seed: UInt64 = 0x0123_4567_89ab_cdef
    let threshold: UInt64 = 1 << 30
    for n in awkwardSizes {
      for start in [0, 16, 1 << 32 - 16, 1 << 32] as [UInt64] {
        let x = numbers.input(target, n)
        let y = Elements(target, count: n)
        let mask = Elements(target, count: n)
        target.table.dropout(seed, threshold, 2, start, x.raw, y.raw, n)
        target.table.dropout(seed, threshold, 2, start, nil, mask.raw, n)
        for i in 0..<n {
          let kept = UInt64(Self.bits(seed, start + UInt64(i))) >= threshold
          #expect(y[i] == (kept ? 2 * x[i] : 0), "element \(i) from \(start)")
          #expect(mask[i] == (kept ? 2 : 0), "element \(i) from \(start)")
        }
        expectIntact(x, y, mask)
      }
    }
  }

  @Test(arguments: KernelTarget.available)
  func allOrNothing(_ target: KernelTarget) {
    let x = Elements(target, [1, .nan, .infinity, 4])
    let y = Elements(target, count: 4)
    target.table.dropout(1, 1 << 32, 2, 0, x.raw, y.raw, 4)
    #expect(y.values == [0, 0, 0, 0])
    target.table.dropout(1, 0, 1, 0, x.raw, y.raw, 4)
    #expect(y[0] == 1 && y[1].isNaN && y[2] == .infinity && y[3] == 4)
  }
}
