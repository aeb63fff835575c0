import Testing
import UnrollCore

/// How far two results may be apart, and why.
struct Tolerance: Sendable {
  let value: Double
  let reason: String

  init(_ value: Double, because reason: String) {
    self.value = value
    self.reason = reason
  }
}

/// Tensors by name: outputs, states and gradients of a run.
typealias Outcome = [(name: String, value: Tensor)]

/// Expects equal names and shapes, and elements that agree within the tolerance of their kind, relative to the
/// larger of 1 and the largest expected element of the tensor.
func expectClose(
  _ found: Outcome, _ expected: Outcome, values: Tolerance, gradients: Tolerance, _ place: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard found.map(\.name) == expected.map(\.name) else {
    Issue.record(
      "\(place): found \(found.map(\.name)), expected \(expected.map(\.name))", sourceLocation: sourceLocation
    )
    return
  }
  for (found, expected) in zip(found, expected) {
    let tolerance = found.name.hasPrefix("∂") ? gradients : values
    expectClose(
      found.value, expected.value, tolerance, "\(place), \(found.name)", sourceLocation: sourceLocation)
  }
}

func expectClose(
  _ found: Tensor, _ expected: Tensor, _ tolerance: Tolerance, _ place: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard found.shape == expected.shape else {
    Issue.record(
      "\(place): expected shape \(expected.shape), found \(found.shape)", sourceLocation: sourceLocation)
    return
  }
  let (left, right) = (found.doubles, expected.doubles)
  let allowed = tolerance.value * right.reduce(1) { max($0, abs($1)) }
  for index in right.indices where !(abs(left[index] - right[index]) <= allowed) {
    Issue.record(
      "\(place)[\(index)]: expected \(right[index]), found \(left[index]), allowed ±\(allowed) (\(tolerance.reason))",
      sourceLocation: sourceLocation)
    return
  }
}

/// Expects the very same bits.
func expectSameBits(
  _ found: Outcome, _ expected: Outcome, _ place: String, sourceLocation: SourceLocation = #_sourceLocation
) {
  for (found, expected) in zip(found, expected) {
    let same =
      found.value.shape == expected.value.shape
      && found.value.elements.map(\.bitPattern) == expected.value.elements.map(\.bitPattern)
    #expect(same, "\(place), \(found.name)", sourceLocation: sourceLocation)
  }
}

/// df/dx at 0 by the central difference of fourth order: its own error is h⁴/30 · f⁗′ plus rounding over h.
func centralDifference(step h: Double, _ f: (Double) throws -> Double) rethrows -> Double {
  let inner = try f(h) - f(-h)
  let outer = try f(2 * h) - f(-2 * h)
  return (8 * inner - outer) / (12 * h)
}
