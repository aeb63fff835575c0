import UnrollCore

/// Runs two forms of one graph on an input made up for it, and holds their numbers against each other.
struct ONNXProbe {
  /// Extents for some inputs, where those made up would not fit the graph.
  let shapes: [String: [Int]]
  /// The size of the file.
  let size: Int

  /// The most elements of all inputs that are made up, and of each whose shape is given.
  private static let (madeUpElements, givenElements) = (1 << 20, 1 << 26)

  /// As much memory as the file takes, and a little. Who gives shapes knows what they ask for.
  private var limits: RunLimits {
    RunLimits(bytes: shapes.isEmpty ? size + 16 << 20 : 1 << 33, work: 1 << 32 + 64 * size)
  }

  /// Sizes that free axes may have, one after the other; what the last axis of an input has, if not those; and what
  /// whole numbers may be.
  private struct Attempt {
    let sizes: [Int]
    var last: Int?
    let number: Int64
  }

  /// Short sequences first, then ones that leave room for windows, pictures and blocks of sound.
  private static let attempts: [Attempt] =
    [
      Attempt(sizes: [2, 3, 4], number: 1), Attempt(sizes: [2, 3, 4], number: 0),
      Attempt(sizes: [1, 3, 2], number: 1), Attempt(sizes: [1, 1, 1], number: 0),
      Attempt(sizes: [3, 2, 5], number: 1), Attempt(sizes: [2, 40, 3], number: 1),
      Attempt(sizes: [1, 512, 1], number: 1), Attempt(sizes: [1, 3, 64, 64], number: 1),
    ] + [64, 128, 256, 288, 512, 576, 4096].map { Attempt(sizes: [1], last: $0, number: 1) }

  /// - Throws: `ExchangeError` when no made-up input runs, or the two forms differ.
  func compare(_ model: ONNXModel, with definition: ONNXModel) throws(ExchangeError) {
    var failure: ExchangeError?
    // All attempts together do no more work than one may.
    let limits = self.limits
    for attempt in Self.attempts {
      let values = try inputs(model, attempt)
      let expected: [String: ONNXTensor]
      do throws(ExchangeError) {
        expected = try definition.run(values, limits: limits)
      } catch {
        guard error.reason == .input else { throw error }
        failure = failure ?? error
        continue
      }
      let found = try model.run(values, limits: limits)
      for output in model.outputs {
        try compare(found[output.name], expected[output.name], output.name, model.file)
      }
      return
    }
    let hint = "; give shapes for the inputs that fit it"
    throw failure.map {
      ExchangeError($0.reason, file: $0.file, place: $0.place, expected: $0.expected + hint, found: $0.found)
    } ?? ExchangeError(.input, file: model.file, expected: "a probe that runs", found: "none")
  }

  private func inputs(
    _ model: ONNXModel, _ attempt: Attempt
  ) throws(ExchangeError) -> [String: ONNXTensor] {
    var random = RandomSource(seed: 11)
    let sizes = attempt.sizes
    var named: [String: Int] = [:]
    var values: [String: ONNXTensor] = [:]
    var left = Self.madeUpElements
    for port in model.inputs {
      var extents: [Int] = []
      for (axis, extent) in (port.extents ?? []).enumerated() {
        let last = axis > 0 && axis == (port.extents?.count ?? 0) - 1 ? attempt.last : nil
        switch extent {
        case .fixed(let size): extents.append(size)
        case .named(let name):
          let size = named[name] ?? last ?? sizes[named.count % sizes.count]
          named[name] = size
          extents.append(size)
        case .free: extents.append(last ?? sizes[axis % sizes.count])
        }
      }
      let given = shapes[port.name]
      let wanted = given ?? extents
      let limit = given == nil ? left : Self.givenElements
      guard let shape = CheckedShape.make(wanted, maximumElements: limit) else {
        let hint = given == nil ? "; give a shape for it" : ""
        throw ExchangeError(
          .input, file: model.file, place: "input \"\(port.name)\"",
          expected: "at most \(limit) elements for a probe\(hint)", found: "\(wanted.prefix(9))")
      }
      if given == nil { left -= shape.count }
      if port.type.isFloating {
        values[port.name] = ONNXTensor(.normal(deviation: 1, shape: shape, using: &random), type: port.type)
      } else {
        let all = Array(repeating: attempt.number, count: shape.count)
        values[port.name] = ONNXTensor(integers: all, shape: shape, type: port.type)
      }
    }
    return values
  }

  private func compare(
    _ found: ONNXTensor?, _ expected: ONNXTensor?, _ name: String, _ file: String
  ) throws(ExchangeError) {
    guard let found, let expected, found.shape == expected.shape else {
      throw ExchangeError(
        .mismatch, file: file, place: "output \"\(name)\"",
        expected: "shape \(expected.map { "\($0.shape)" } ?? "of none")",
        found: found.map { "\($0.shape)" } ?? "none")
    }
    for (index, (a, b)) in zip(found.tensor.elements, expected.tensor.elements).enumerated() {
      // Single precision in another order of sums.
      guard a == b || abs(a - b) <= 1e-4 * max(1, abs(b)) || a.isNaN && b.isNaN else {
        throw ExchangeError(
          .mismatch, file: file, place: "output \"\(name)\", element \(index)",
          expected: "\(b), as the nodes' own equations give", found: "\(a)")
      }
    }
  }
}
