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
    let precision = weightInput.value.precision
    let operands = FusedOperands(
      x: x.promoted(to: precision), weightInput: weightInput, weightRecurrent: weightRecurrent, bias: bias,
      initial: initial.promoted(to: precision),
      order: order)
    try operands.check("GRUCell", gates: 3)
    let hidden = operands.hidden
    guard let recurrentBias else {
      let results = FusedRecurrence(operands, ResetBeforeForm(operands: operands), initialCell: nil)
        .run(as: .resetBeforeGRU, others: [])
      return (results[0], results[1])
    }
    guard recurrentBias.shape == [hidden] else {
      throw ShapeError(place: "GRUCell.recurrentBias", expected: "[\(hidden)]", found: recurrentBias.shape)
    }
    let form = ResetAfterForm(operands: operands, recurrentBias: recurrentBias.value)
    let results = FusedRecurrence(operands, form, initialCell: nil).run(as: .gru, others: [recurrentBias]) {
      chunk, gradients in
      let kernels = operands.kernels
      gradients.update(recurrentBias) { sum in
        kernels.columnSums(
          chunk.gates.address + 2 * hidden * kernels.stride, rowStride: 4 * hidden,
          rows: chunk.chunk.rows.count, columns: hidden, into: sum.mutableAddress, accumulate: true)
      }
    }
    return (results[0], results[1])
  }
}

/// Keeps r, z, q = R_n h₋ + b_n and n; their gradients dr, dz, dq, dn come in their place.
private struct ResetAfterForm: FusedForm {
  let operands: FusedOperands
  let recurrentBias: Tensor

  let gates = 3
  var savedWidth: Int { 4 * operands.hidden }
  let needsSaved = false
  let hasCell = false
  let phases = 1
  var pieces: [GradientPiece] {
    let hidden = operands.hidden
    return [
      GradientPiece(columns: 0..<2 * hidden, inputRow: 0, recurrentRow: 0),
      GradientPiece(columns: 2 * hidden..<3 * hidden, recurrentRow: 2 * hidden),
      GradientPiece(columns: 3 * hidden..<4 * hidden, inputRow: 2 * hidden),
    ]
  }

  func forward(direct: Bool) -> (StepPlace, Int, StepPart) -> Void {
    let (kernels, hidden) = (operands.kernels, operands.hidden)
    let panels = kernels.panels(operands.weightRecurrent.value, .gates(3))
    let inputPanels = direct ? kernels.panels(operands.weightInput.value, .gates(3)) : nil
    return { [operands, recurrentBias] place, _, part in
      kernels.gruResetAfter(
        part, hidden, panels, bias: recurrentBias.address, input: operands.input(place, inputPanels),
        saved: place.saved, previous: place.hiddenBefore, state: place.hidden)
    }
  }

  func backward() -> (GradientPlace, Int, StepPart) -> Void {
    let (kernels, hidden) = (operands.kernels, operands.hidden)
    let panels = kernels.panels(operands.weightRecurrent.value, .transposedProduct)
    return { place, _, part in
      kernels.gruResetAfterGradient(
        part, hidden, panels, next: place.next, goingOn: place.goingOn, dout: place.dout, carry: place.carry,
        previous: place.hiddenBefore, saved: place.gates)
    }
  }
}

/// Keeps r, z, r⊙h₋ and n; dr, dz, r⊙h₋ still, and dn come in their place.
private struct ResetBeforeForm: FusedForm {
  let operands: FusedOperands

  let gates = 3
  var savedWidth: Int { 4 * operands.hidden }
  let needsSaved = true
  let hasCell = false
  let phases = 2
  var pieces: [GradientPiece] {
    let hidden = operands.hidden
    return [
      GradientPiece(columns: 0..<2 * hidden, inputRow: 0, recurrentRow: 0),
      GradientPiece(
        columns: 3 * hidden..<4 * hidden, inputRow: 2 * hidden, recurrentRow: 2 * hidden,
        recurrentSource: 2 * hidden),
    ]
  }

  /// Panels of the gates r and z, and of n.
  private func halves(_ weight: Tensor) -> (gates: TensorStorage, state: TensorStorage) {
    let hidden = operands.hidden
    return (
      operands.kernels.panels(weight, .gates(2), rows: 0..<2 * hidden),
      operands.kernels.panels(weight, .gates(1), rows: 2 * hidden..<3 * hidden)
    )
  }

  func forward(direct: Bool) -> (StepPlace, Int, StepPart) -> Void {
    let (kernels, hidden) = (operands.kernels, operands.hidden)
    let panels = halves(operands.weightRecurrent.value)
    let inputPanels = direct ? halves(operands.weightInput.value) : nil
    return { [operands] place, phase, part in
      guard let saved = place.saved else { return }
      if phase == 0 {
        kernels.gruResetBeforeGates(
          part, hidden, panels.gates, input: operands.input(place, inputPanels?.gates), saved: saved,
          previous: place.hiddenBefore)
      } else {
        kernels.gruResetBeforeState(
          part, hidden, panels.state, input: operands.input(place, inputPanels?.state, gate: 2),
          saved: saved, previous: place.hiddenBefore, state: place.hidden)
      }
    }
  }

  func backward() -> (GradientPlace, Int, StepPart) -> Void {
    let (kernels, hidden) = (operands.kernels, operands.hidden)
    let recurrent = operands.weightRecurrent.value
    let gatePanels = kernels.panels(recurrent, .transposedProduct, rows: 0..<2 * hidden)
    let statePanels = kernels.panels(recurrent, .transposedProduct, rows: 2 * hidden..<3 * hidden)
    return { place, phase, part in
      if phase == 0 {
        kernels.gruResetBeforeStateGradient(
          part, hidden, gatePanels, next: place.next, goingOn: place.goingOn, dout: place.dout,
          carry: place.carry, previous: place.hiddenBefore, saved: place.gates)
      } else {
        kernels.gruResetBeforeGatesGradient(
          part, hidden, statePanels, carry: place.carry, previous: place.hiddenBefore, saved: place.gates)
      }
    }
  }
}
