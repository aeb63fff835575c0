import CUnrollKernels
import Foundation
import Testing

/// A function of one number: its operation, the real function and the error it may have in single precision.
struct UnaryCase: Sendable, CustomTestStringConvertible {
  let operation: unroll_unary
  let name: String
  let tolerance: Tolerance
  /// Where its tests draw x from.
  let range: ClosedRange<Double>
  let function: @Sendable (Double) -> Double
  /// dx for dy = 1, from x.
  let slope: @Sendable (Double) -> Double
  /// Whether the gradient is taken from y rather than x.
  let savesResult: Bool
  var testDescription: String { name }

  static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
  static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

  /// The five that are approximated.
  static let approximated: [UnaryCase] = [
    UnaryCase(
      operation: UNROLL_EXP, name: "exp",
      tolerance: Tolerance(2, because: "one rounding of the argument's rest and one of the result"),
      range: -20...20, function: { exp($0) }, slope: { exp($0) }, savesResult: true),
    UnaryCase(
      operation: UNROLL_LOG, name: "log", tolerance: Tolerance(3, because: "the contract of log"),
      range: 1e-3...50, function: { log($0) }, slope: { 1 / $0 }, savesResult: false),
    UnaryCase(
      operation: UNROLL_TANH, name: "tanh", tolerance: Tolerance(5, because: "the contract of activations"),
      range: -10...10, function: { tanh($0) }, slope: { 1 - tanh($0) * tanh($0) }, savesResult: true),
    UnaryCase(
      operation: UNROLL_SIGMOID, name: "sigmoid",
      tolerance: Tolerance(5, because: "the contract of activations"),
      range: -20...20, function: sigmoid, slope: { sigmoid($0) * sigmoid(-$0) }, savesResult: true),
    UnaryCase(
      operation: UNROLL_SOFTPLUS, name: "softplus",
      tolerance: Tolerance(5, because: "the contract of activations"),
      range: -20...20, function: softplus, slope: sigmoid, savesResult: false),
  ]

  private static let rounded = Tolerance(1, because: "one correctly rounded operation")
  static let all: [UnaryCase] =
    approximated + [
      UnaryCase(
        operation: UNROLL_RELU, name: "relu", tolerance: rounded, range: -2...2, function: { max($0, 0) },
        slope: { $0 > 0 ? 1 : 0 }, savesResult: true),
      UnaryCase(
        operation: UNROLL_ABS, name: "abs", tolerance: rounded, range: -2...2, function: { abs($0) },
        slope: { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }, savesResult: false),
      UnaryCase(
        operation: UNROLL_SQUARE, name: "square", tolerance: rounded, range: -2...2, function: { $0 * $0 },
        slope: { 2 * $0 }, savesResult: false),
      UnaryCase(
        operation: UNROLL_SQRT, name: "sqrt", tolerance: rounded, range: 1e-3...2,
        function: { $0.squareRoot() },
        slope: { 0.5 / $0.squareRoot() }, savesResult: true),
    ]
}

@Suite struct AccuracyTests {
  /// Every 4099th of all 2³² floats, NaNs and infinities among them: about a million points, evenly in each binade.
  static let sweep: [Float] = stride(from: UInt64(0), to: 1 << 32, by: 4099).map {
    Float(bitPattern: UInt32($0))
  }

  @Test(arguments: KernelTarget.available, UnaryCase.approximated)
  func errorsStayWithinUnitsInTheLastPlace(_ target: KernelTarget, _ function: UnaryCase) {
    let n = Self.sweep.count
    let x = Elements(target, count: n)
    for i in 0..<n { x[i] = Double(Self.sweep[i]) }
    let y = Elements(target, count: n)
    target.table.unary(function.operation, x.raw, y.raw, n)
    var worst = 0.0
    var place = Double.nan
    for i in 0..<n {
      let want = function.function(x[i])
      let error = unitsInTheLastPlace(y[i], want, target)
      if !(error <= worst) { (worst, place) = (error, x[i]) }
    }
    let limit = target == .double ? 2 : function.tolerance.roundings
    #expect(worst <= limit, "\(function.name) on \(target) is off by \(worst) ulp at \(place)")
  }

  /// The distance in the spacing of the target's numbers at `want`; nothing is asked of results below the normal
  /// numbers but that they are below them too.
  func unitsInTheLastPlace(_ got: Double, _ want: Double, _ target: KernelTarget) -> Double {
    if want.isNaN { return got.isNaN ? 0 : .infinity }
    let single = target.elementBytes == 4
    let least = single ? Double(Float.leastNormalMagnitude) : Double.leastNormalMagnitude
    let nearest = single ? Double(Float(want)) : want
    if got == nearest { return 0 }
    if nearest.isInfinite { return .infinity }
    if abs(want) < least { return abs(got) <= least ? 0 : .infinity }
    return abs(got - want) / (single ? Double(Float(abs(want)).ulp) : abs(want).ulp)
  }

  struct Special: Sendable, CustomTestStringConvertible {
    let operation: unroll_unary
    let x: Double
    let y: Double
    var testDescription: String { "\(operation.rawValue)(\(x))" }
    init(_ operation: unroll_unary, _ x: Double, _ y: Double) {
      (self.operation, self.x, self.y) = (operation, x, y)
    }
  }

  static let specials: [Special] = [
    Special(UNROLL_EXP, 0, 1), Special(UNROLL_EXP, -0.0, 1), Special(UNROLL_EXP, .infinity, .infinity),
    Special(UNROLL_EXP, -.infinity, 0), Special(UNROLL_EXP, 1000, .infinity), Special(UNROLL_EXP, -1000, 0),
    Special(UNROLL_LOG, 0, -.infinity), Special(UNROLL_LOG, -0.0, -.infinity), Special(UNROLL_LOG, 1, 0),
    Special(UNROLL_LOG, .infinity, .infinity), Special(UNROLL_LOG, -1, .nan),
    Special(UNROLL_LOG, -.infinity, .nan),
    Special(UNROLL_TANH, 0, 0), Special(UNROLL_TANH, -0.0, -0.0), Special(UNROLL_TANH, .infinity, 1),
    Special(UNROLL_TANH, -.infinity, -1), Special(UNROLL_TANH, 30, 1), Special(UNROLL_TANH, -30, -1),
    Special(UNROLL_SIGMOID, 0, 0.5), Special(UNROLL_SIGMOID, .infinity, 1),
    Special(UNROLL_SIGMOID, -.infinity, 0),
    Special(UNROLL_SIGMOID, 1000, 1), Special(UNROLL_SIGMOID, -1000, 0),
    Special(UNROLL_RELU, -.infinity, 0), Special(UNROLL_RELU, .infinity, .infinity),
    Special(UNROLL_SOFTPLUS, .infinity, .infinity), Special(UNROLL_SOFTPLUS, -.infinity, 0),
    Special(UNROLL_SOFTPLUS, 200, 200), Special(UNROLL_SOFTPLUS, -1000, 0),
    Special(UNROLL_ABS, -.infinity, .infinity), Special(UNROLL_SQRT, -1, .nan), Special(UNROLL_SQRT, 0, 0),
    Special(UNROLL_SQUARE, -.infinity, .infinity),
  ]

  /// At every place of a vector and in the remainder behind it.
  @Test(arguments: KernelTarget.available, specials)
  func specialValuesAreExact(_ target: KernelTarget, _ special: Special) {
    let x = Elements(target, [Double](repeating: special.x, count: 21))
    let y = Elements(target, count: 21)
    target.table.unary(special.operation, x.raw, y.raw, 21)
    for value in y.values {
      let same = special.y.isNaN ? value.isNaN : value == special.y && value.sign == special.y.sign
      #expect(same, "f(\(special.x)) = \(value), expected \(special.y)")
    }
  }

  @Test(arguments: KernelTarget.available, UnaryCase.all)
  func notANumberStaysSo(_ target: KernelTarget, _ function: UnaryCase) {
    let x = Elements(target, [Double](repeating: .nan, count: 21))
    target.table.unary(function.operation, x.raw, x.raw, 21)
    #expect(x.values.filter(\.isNaN).count == 21)
  }

  /// Where tanh, sigmoid and exp flatten or end, no step goes the wrong way and no bound is passed.
  @Test(arguments: KernelTarget.available)
  func saturationIsMonotone(_ target: KernelTarget) {
    let bounds: [(unroll_unary, Double, Double, ClosedRange<Double>)] = [
      (UNROLL_TANH, 8.9, 9.3, -1...1), (UNROLL_TANH, -9.3, -8.9, -1...1), (UNROLL_SIGMOID, 16.5, 18, 0...1),
      (UNROLL_SIGMOID, -90, -80, 0...1), (UNROLL_EXP, -110, -80, 0...1),
    ]
    for (operation, from, to, range) in bounds {
      let n = 100_001
      let x = Elements(target, (0..<n).map { from + (to - from) * Double($0) / Double(n - 1) })
      let y = Elements(target, count: n)
      target.table.unary(operation, x.raw, y.raw, n)
      let values = y.values
      let bounded = values.allSatisfy { range.contains($0) }
      #expect(bounded)
      // Between saturated neighbours a value may waver by its last bits, never by more.
      let waver = 8 * target.roundoff
      let rising = zip(values, values.dropFirst()).allSatisfy { $1 >= $0 - waver * abs($0) }
      #expect(rising)
    }
    let edges = Elements(
      target, [9.02, 9.1, 20, 1e30, -9.02, -9.1, -20, -1e30].map { target == .double ? $0 * 3 : $0 * 1.0001 })
    target.table.unary(UNROLL_TANH, edges.raw, edges.raw, 8)
    #expect(edges.values == [1, 1, 1, 1, -1, -1, -1, -1])
  }
}
