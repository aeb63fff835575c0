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
    let operands = FusedOperands(
      x: x, weightInput: weightInput, weightRecurrent: weightRecurrent, bias: bias, initial: initial,
      order: order)
    try operands.check("ElmanCell", gates: 1)
    let (kernels, hidden) = (operands.kernels, operands.hidden)
    let gates = Tensor(uninitialized: [operands.layout.rows, hidden], precision: operands.precision)
    let states = Tensor(uninitialized: [operands.layout.rows, hidden], precision: operands.precision)
    operands.projectInput(into: gates, width: hidden)
    let panels = kernels.panels(weightRecurrent.value, .gates(1))
    operands.sweep(panels: kernels.gatePanels(of: hidden), gates: 1).run { t, _, part in
      order.segments(t, part.rows) { rows, before in
        kernels.elman(
          StepPart(rows: rows, panels: part.panels), hidden, activation, panels,
          gates: order.row(t, gates, hidden),
          previous: before.map { order.row($0, states, hidden) } ?? initial.value.address,
          state: order.mutableRow(t, states, hidden))
      }
    }
    let final = order.final(states, initial: initial.value, width: hidden)
    let results = record(
      [states, final], from: [x, weightInput, weightRecurrent, bias, initial]
    ) { results, gradients in
      elmanGradient(operands, activation, states: states, dgates: gates, results, &gradients)
    }
    return (results[0], results[1])
  }

  private static func elmanGradient(
    _ operands: FusedOperands, _ activation: ElmanActivation, states: Tensor, dgates: Tensor,
    _ results: [Tensor?], _ gradients: inout GradientTable
  ) {
    let (kernels, hidden, order) = (operands.kernels, operands.hidden, operands.order)
    let panels = kernels.panels(operands.weightRecurrent.value, .transposedProduct)
    let carry = operands.writable(results[1])
    let dout = results[0]
    operands.sweep(panels: kernels.panels(of: hidden), gates: 1).run(backwards: true) { t, _, part in
      kernels.elmanGradient(
        part, hidden, activation, panels, next: order.after(t).map { order.row($0, dgates, hidden) },
        goingOn: order.goingOn(t), dout: dout.map { order.row(t, $0, hidden) },
        carry: carry.mutableAddress, state: order.row(t, states, hidden),
        dgates: order.mutableRow(t, dgates, hidden))
    }
    operands.inputGradients(dgates, width: hidden, pieces: [(0..<hidden, 0)], &gradients)
    let previous = order.previous(states, initial: operands.initial.value, width: hidden)
    operands.recurrentWeightGradient(
      dgates, width: hidden, column: 0, rows: 0..<hidden, previous: previous.address,
      previousStride: hidden, &gradients)
    operands.initialGradient(dgates, width: hidden, recurrentRows: 0..<hidden, carry: carry, &gradients)
  }
}
