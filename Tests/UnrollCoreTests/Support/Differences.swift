import Testing
import UnrollCore

/// Nothing to train: what is differentiated are the inputs.
struct NoParameters: Module {
  mutating func forEachParameter(_ path: String, _ body: (String, inout Parameter) throws -> Void) rethrows {}
}

/// df/dx at 0 by the central difference of fourth order.
///
/// Its own error is h⁴/30 · f⁗′ plus the rounding of f divided by h: at h = 10⁻³ both lie far below the
/// 10⁻⁶ that is asked for, as long as f has no kink within 2h.
func centralDifference(step h: Double = 1e-3, _ f: (Double) throws -> Double) rethrows -> Double {
  let inner = try f(h) - f(-h)
  let outer = try f(2 * h) - f(-2 * h)
  return (8 * inner - outer) / (12 * h)
}

/// The largest difference between two lists, and where it is, in units of what is allowed.
func worst(_ found: [Double], _ expected: [Double], allowed: (Double) -> Double) -> (
  ratio: Double, index: Int
) {
  var result = (ratio: 0.0, index: -1)
  for index in expected.indices {
    let error = abs(found[index] - expected[index])
    let ratio = error.isNaN ? .infinity : error / allowed(expected[index])
    if ratio > result.ratio || result.index < 0 { result = (ratio, index) }
  }
  return result
}

/// Expects two lists to agree within `tolerance`, relative to the larger of one and the largest expected element.
func expectClose(
  _ found: [Double], _ expected: [Double], _ tolerance: Double, _ name: @autoclosure () -> String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard found.count == expected.count else {
    Issue.record(
      "\(name()): \(expected.count) numbers expected, found \(found.count)", sourceLocation: sourceLocation)
    return
  }
  let scale = expected.reduce(1) { max($0, abs($1)) }
  let (ratio, index) = worst(found, expected) { _ in tolerance * scale }
  if ratio > 1 {
    Issue.record(
      "\(name())[\(index)]: expected \(expected[index]), found \(found[index]), allowed ±\(tolerance * scale)",
      sourceLocation: sourceLocation)
  }
}
