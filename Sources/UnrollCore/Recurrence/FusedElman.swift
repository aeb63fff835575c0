extension Variable {
  /// hₜ = f(W xₜ + R hₜ₋₁ + b) over whole sequences, in one operation.
  ///
  /// - Parameters: x `[N, I]` packed, W `[H, I]`, R `[H, H]`, b `[H]`, initial `[B, H]` in sorted order.
  /// - Returns: the states `[N, H]` and the final state `[B, H]`.
  /// - Throws: `ShapeError` when an operand does not fit.
  package static func fusedElman(
    _ x: Variable, weightInput: Variable, weightRecurrent: Variable, bias: Variable, initial: Variable,
    activation: ElmanActivation, order: StepOrder
  ) throws(ShapeError) -> (states: Variable, final: Variable) {
    let precision = weightInput.value.precision
    let operands = FusedOperands(
      x: x.promoted(to: precision), weightInput: weightInput, weightRecurrent: weightRecurrent, bias: bias,
      initial: initial.promoted(to: precision),
      order: order)
    try operands.check("ElmanCell", gates: 1)
    let results = FusedRecurrence(
      operands, ElmanForm(operands: operands, activation: activation), initialCell: nil
    ).run(as: .elman(activation), others: [])
    return (results[0], results[1])
  }
}

private struct ElmanForm: FusedForm {
  let operands: FusedOperands
  let activation: ElmanActivation

  let gates = 1
  // The gradient needs the state alone.
  let savedWidth = 0
  let needsSaved = false
  let hasCell = false
  let phases = 1
  var pieces: [GradientPiece] {
    [GradientPiece(columns: 0..<operands.hidden, inputRow: 0, recurrentRow: 0)]
  }

  func forward(direct: Bool) -> (StepPlace, Int, StepPart) -> Void {
    let (kernels, hidden) = (operands.kernels, operands.hidden)
    let panels = kernels.panels(operands.weightRecurrent.value, .gates(1))
    let inputPanels = direct ? kernels.panels(operands.weightInput.value, .gates(1)) : nil
    return { [operands, activation] place, _, part in
      kernels.elman(
        part, hidden, activation, panels, input: operands.input(place, inputPanels),
        previous: place.hiddenBefore, state: place.hidden)
    }
  }

  func backward() -> (GradientPlace, Int, StepPart) -> Void {
    let (kernels, hidden) = (operands.kernels, operands.hidden)
    let panels = kernels.panels(operands.weightRecurrent.value, .transposedProduct)
    return { [activation] place, _, part in
      kernels.elmanGradient(
        part, hidden, activation, panels, next: place.next, goingOn: place.goingOn, dout: place.dout,
        carry: place.carry, state: place.hidden, dgates: place.gates)
    }
  }
}
