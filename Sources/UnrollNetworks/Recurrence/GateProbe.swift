import UnrollCore

/// Looks at the gates of recurrent layers while a network runs.
///
///     let probe = GateProbe()
///     let outputs = try GateProbe.$current.withValue(probe) { try network(x) }
///
/// Each layer runs a few of its sequences once more, step by step: what the network computes keeps its bits, and it
/// costs nothing where no probe is set.
package final class GateProbe: Sendable {
  @TaskLocal package static var current: GateProbe?

  /// The gates of a layer, from all steps that were looked at.
  package struct Layer: Sendable {
    /// The memory of the first parameter of its cell, by which the layer is known.
    package let weights: ObjectIdentifier?
    package var gates: [(name: String, values: [Float])]
  }

  private let found = Guarded<[Layer]>([])
  let sequences: Int
  let steps: Int

  /// - Parameters:
  ///   - sequences: how many of the longest sequences are looked at.
  ///   - steps: how many of the first steps of each.
  package init(sequences: Int = 8, steps: Int = 64) {
    self.sequences = sequences
    self.steps = steps
  }

  /// The layers in the order in which they first ran.
  package var layers: [Layer] { found.withLock { $0 } }

  fileprivate func knows(_ weights: ObjectIdentifier?) -> Bool {
    found.withLock { $0.contains { $0.weights == weights } }
  }

  fileprivate func add(_ layer: Layer) { found.withLock { $0.append(layer) } }
}

extension Recurrent {
  /// Shows a probe the gates of the first steps of some sequences.
  func show(
    _ rows: Variable, initial: Cell.State, order: StepOrder, mask: Variable?, to probe: GateProbe
  ) throws(ShapeError) {
    // Apart from the tape: nothing of this may be differentiated.
    var apart = cell
    apart.forEachParameter("") { _, parameter in parameter.value = parameter.value }
    let weights = apart.parameters.first.map { ObjectIdentifier($0.value.storage) }
    let layout = order.layout
    guard !probe.knows(weights), layout.rows > 0 else { return }
    let batch = min(probe.sequences, layout.batch)
    let start = initial.rows(0..<batch).detached
    let x = rows.detached
    var state = start.rows(0..<0)
    var layer = GateProbe.Layer(weights: weights, gates: [])
    for t in order.steps.prefix(probe.steps) {
      let count = min(batch, layout.counts[t])
      let running = state.parts[0].shape[0]
      if running < count {
        state = .concatenated([state, start.rows(running..<count)])
      } else if running > count {
        state = state.rows(0..<count)
      }
      var seen = state
      if let mask {
        var parts = seen.parts
        parts[0] = parts[0] * mask.detached.rows(0..<count)
        seen = Cell.State(parts: parts)
      }
      let input = x.rows(layout.offsets[t]..<layout.offsets[t] + count)
      let gates = try apart.gates(input, seen)
      if gates.isEmpty { return }
      if layer.gates.isEmpty { layer.gates = gates.map { ($0.name, []) } }
      for (index, gate) in gates.enumerated() { layer.gates[index].values += gate.values.value.elements }
      state = try apart.step(input, seen).state
    }
    probe.add(layer)
  }
}
