extension Variable {
  /// A gated recurrent unit over whole sequences, in one operation. Gate order r, z, n.
  ///
  /// - Parameters: x `[N, I]` packed, W `[3H, I]`, R `[3H, H]`, b `[3H]`, initial `[B, H]` in sorted order;
  ///   recurrentBias `[H]`: the bias within the reset of the reset-after form, or none for the reset-before form.
  /// - Returns: the states `[N, H]` and the final state `[B, H]`.
  /// - Throws: `ShapeError` when an operand does not fit.
  package static func fusedGRU(
    _ x: Variable, weightInput: Variable, weightRecurrent: Variable, bias: Variable,
    recurrentBias: Variable?, initial: Variable, order: StepOrder
  ) throws(ShapeError) -> (states: Variable, final: Variable) {
    let operands = FusedOperands(
      x: x, weightInput: weightInput, weightRecurrent: weightRecurrent, bias: bias, initial: initial,
      order: order)
    try operands.check("GRUCell", gates: 3)
    let (hidden, layout) = (operands.hidden, operands.layout)
    if let recurrentBias, recurrentBias.shape != [hidden] {
      throw ShapeError(place: "GRUCell.recurrentBias", expected: "[\(hidden)]", found: recurrentBias.shape)
    }
    let saved = GRURecord(
      operands: operands, recurrentBias: recurrentBias,
      gates: Tensor(uninitialized: [layout.rows, 4 * hidden], precision: operands.precision),
      states: Tensor(uninitialized: [layout.rows, hidden], precision: operands.precision))
    let projected = Tensor(uninitialized: [layout.rows, 3 * hidden], precision: operands.precision)
    operands.projectInput(into: projected, width: 3 * hidden)
    if let recurrentBias {
      saved.resetAfter(projected, recurrentBias.value)
    } else {
      saved.resetBefore(projected)
    }
    let final = order.final(saved.states, initial: initial.value, width: hidden)
    let inputs = [x, weightInput, weightRecurrent, bias, initial]
    let results = record(
      [saved.states, final], from: inputs + (recurrentBias.map { [$0] } ?? [])
    ) { results, gradients in
      if saved.recurrentBias != nil {
        saved.resetAfterGradient(results, &gradients)
      } else {
        saved.resetBeforeGradient(results, &gradients)
      }
    }
    return (results[0], results[1])
  }
}

/// What the gradient of a fused GRU needs, and both forms of the unit.
private struct GRURecord: Sendable {
  let operands: FusedOperands
  let recurrentBias: Variable?
  /// r, z, then q = R_n h₋ + b_n or r⊙h₋, then n; gradients take their place.
  let gates: Tensor
  let states: Tensor

  private var hidden: Int { operands.hidden }
  private var kernels: Kernels { operands.kernels }
  private var order: StepOrder { operands.order }
  private var recurrent: Tensor { operands.weightRecurrent.value }

  private func previous(_ before: Int?) -> UnsafeRawPointer {
    before.map { order.row($0, states, hidden) } ?? operands.initial.value.address
  }

  func resetAfter(_ projected: Tensor, _ recurrentBias: Tensor) {
    let panels = kernels.panels(recurrent, .gates(3))
    operands.sweep(panels: kernels.gatePanels(of: hidden), gates: 3).run { t, _, part in
      order.segments(t, part.rows) { rows, before in
        kernels.gruResetAfter(
          StepPart(rows: rows, panels: part.panels), hidden, panels, bias: recurrentBias.address,
          x: order.row(t, projected, 3 * hidden), saved: order.mutableRow(t, gates, 4 * hidden),
          previous: previous(before), state: order.mutableRow(t, states, hidden))
      }
    }
  }

  func resetBefore(_ projected: Tensor) {
    let gatePanels = kernels.panels(recurrent, .gates(2), rows: 0..<2 * hidden)
    let statePanels = kernels.panels(recurrent, .gates(1), rows: 2 * hidden..<3 * hidden)
    operands.sweep(panels: kernels.gatePanels(of: hidden), gates: 3).run(phases: 2) { t, phase, part in
      order.segments(t, part.rows) { rows, before in
        let part = StepPart(rows: rows, panels: part.panels)
        let x = order.row(t, projected, 3 * hidden)
        let saved = order.mutableRow(t, gates, 4 * hidden)
        if phase == 0 {
          kernels.gruResetBeforeGates(
            part, hidden, gatePanels, x: x, saved: saved, previous: previous(before))
        } else {
          kernels.gruResetBeforeState(
            part, hidden, statePanels, x: x, saved: saved, previous: previous(before),
            state: order.mutableRow(t, states, hidden))
        }
      }
    }
  }

  func resetAfterGradient(_ results: [Tensor?], _ gradients: inout GradientTable) {
    let width = 4 * hidden
    let panels = kernels.panels(recurrent, .transposedProduct)
    let carry = operands.writable(results[1])
    operands.sweep(panels: kernels.panels(of: hidden), gates: 3).run(backwards: true) { t, _, part in
      order.segments(t, part.rows) { rows, before in
        kernels.gruResetAfterGradient(
          StepPart(rows: rows, panels: part.panels), hidden, panels,
          next: order.after(t).map { order.row($0, gates, width) }, goingOn: order.goingOn(t),
          dout: results[0].map { order.row(t, $0, hidden) }, carry: carry.mutableAddress,
          previous: previous(before), saved: order.mutableRow(t, gates, width))
      }
    }
    operands.inputGradients(
      gates, width: width, pieces: [(0..<2 * hidden, 0), (2 * hidden..<3 * hidden, 3 * hidden)], &gradients)
    let previousStates = order.previous(states, initial: operands.initial.value, width: hidden)
    operands.recurrentWeightGradient(
      gates, width: width, column: 0, rows: 0..<3 * hidden, previous: previousStates.address,
      previousStride: hidden, &gradients)
    if let recurrentBias {
      gradients.update(recurrentBias) { sum in
        kernels.columnSums(
          gates.address + 2 * hidden * kernels.stride, rowStride: width, rows: operands.layout.rows,
          columns: hidden, into: sum.mutableAddress, accumulate: true)
      }
    }
    operands.initialGradient(
      gates, width: width, recurrentRows: 0..<3 * hidden, carry: carry, &gradients)
  }

  func resetBeforeGradient(_ results: [Tensor?], _ gradients: inout GradientTable) {
    let width = 4 * hidden
    let gatePanels = kernels.panels(recurrent, .transposedProduct, rows: 0..<2 * hidden)
    let statePanels = kernels.panels(recurrent, .transposedProduct, rows: 2 * hidden..<3 * hidden)
    let carry = operands.writable(results[1])
    operands.sweep(panels: kernels.panels(of: hidden), gates: 3).run(backwards: true, phases: 2) {
      t, phase, part in
      order.segments(t, part.rows) { rows, before in
        let part = StepPart(rows: rows, panels: part.panels)
        if phase == 0 {
          kernels.gruResetBeforeStateGradient(
            part, hidden, gatePanels, next: order.after(t).map { order.row($0, gates, width) },
            goingOn: order.goingOn(t), dout: results[0].map { order.row(t, $0, hidden) },
            carry: carry.mutableAddress, previous: previous(before), saved: order.mutableRow(t, gates, width))
        } else {
          kernels.gruResetBeforeGatesGradient(
            part, hidden, statePanels, carry: carry.mutableAddress, previous: previous(before),
            saved: order.mutableRow(t, gates, width))
        }
      }
    }
    operands.inputGradients(
      gates, width: width, pieces: [(0..<2 * hidden, 0), (2 * hidden..<3 * hidden, 3 * hidden)], &gradients)
    let previousStates = order.previous(states, initial: operands.initial.value, width: hidden)
    operands.recurrentWeightGradient(
      gates, width: width, column: 0, rows: 0..<2 * hidden, previous: previousStates.address,
      previousStride: hidden, &gradients)
    operands.recurrentWeightGradient(
      gates, width: width, column: 3 * hidden, rows: 2 * hidden..<3 * hidden,
      previous: gates.address + 2 * hidden * kernels.stride, previousStride: width, &gradients)
    operands.initialGradient(
      gates, width: width, recurrentRows: 0..<2 * hidden, carry: carry, &gradients)
  }
}
