extension Variable {
  /// A long short-term memory over whole sequences, in one operation. Gate order i, f, g, o.
  ///
  /// - Parameters: x `[N, I]` packed, W `[4H, I]`, R `[4H, H]`, b `[4H]`, peephole `[3, H]` (for i, f, o) or
  ///   none, initial h and c `[B, H]` in sorted order.
  /// - Returns: the hidden states `[N, H]`, and the final h and c `[B, H]`.
  /// - Throws: `ShapeError` when an operand does not fit.
  package static func fusedLSTM(
    _ x: Variable, weightInput: Variable, weightRecurrent: Variable, bias: Variable, peephole: Variable?,
    initialHidden: Variable, initialCell: Variable, order: StepOrder
  ) throws(ShapeError) -> (states: Variable, hidden: Variable, cell: Variable) {
    let operands = FusedOperands(
      x: x, weightInput: weightInput, weightRecurrent: weightRecurrent, bias: bias, initial: initialHidden,
      order: order)
    try operands.check("LSTMCell", gates: 4)
    let (kernels, hidden, layout) = (operands.kernels, operands.hidden, operands.layout)
    guard initialCell.shape == initialHidden.shape else {
      throw ShapeError(
        place: "LSTMCell.initialState", expected: "\(initialHidden.shape)", found: initialCell.shape)
    }
    if let peephole, peephole.shape != [3, hidden] {
      throw ShapeError(place: "LSTMCell.peephole", expected: "[3, \(hidden)]", found: peephole.shape)
    }
    let gates = Tensor(uninitialized: [layout.rows, 4 * hidden], precision: operands.precision)
    let cells = Tensor(uninitialized: [layout.rows, hidden], precision: operands.precision)
    let states = Tensor(uninitialized: [layout.rows, hidden], precision: operands.precision)
    operands.projectInput(into: gates, width: 4 * hidden)
    let panels = kernels.panels(weightRecurrent.value, .gates(4))
    operands.sweep(panels: kernels.gatePanels(of: hidden), gates: 4).run { t, _, part in
      order.segments(t, part.rows) { rows, before in
        kernels.lstm(
          StepPart(rows: rows, panels: part.panels), hidden, panels, peephole: peephole?.value.address,
          gates: order.mutableRow(t, gates, 4 * hidden),
          previousHidden: before.map { order.row($0, states, hidden) } ?? initialHidden.value.address,
          previousCell: before.map { order.row($0, cells, hidden) } ?? initialCell.value.address,
          cell: order.mutableRow(t, cells, hidden), hidden: order.mutableRow(t, states, hidden))
      }
    }
    let saved = LSTMRecord(
      operands: operands, peephole: peephole, initialCell: initialCell, gates: gates, cells: cells,
      states: states)
    let finalHidden = order.final(states, initial: initialHidden.value, width: hidden)
    let finalCell = order.final(cells, initial: initialCell.value, width: hidden)
    let inputs = [x, weightInput, weightRecurrent, bias, initialHidden, initialCell]
    let results = record(
      [states, finalHidden, finalCell], from: inputs + (peephole.map { [$0] } ?? [])
    ) { results, gradients in
      saved.backward(results, &gradients)
    }
    return (results[0], results[1], results[2])
  }
}

/// What the gradient of a fused LSTM needs.
private struct LSTMRecord: Sendable {
  let operands: FusedOperands
  let peephole: Variable?
  let initialCell: Variable
  /// The activated gates; their gradients take their place.
  let gates: Tensor
  let cells: Tensor
  let states: Tensor

  func backward(_ results: [Tensor?], _ gradients: inout GradientTable) {
    let (kernels, hidden, order) = (operands.kernels, operands.hidden, operands.order)
    let width = 4 * hidden
    let panels = kernels.panels(operands.weightRecurrent.value, .transposedProduct)
    let carry = operands.writable(results[1])
    let cellCarry = operands.writable(results[2])
    let dout = results[0]
    operands.sweep(panels: kernels.panels(of: hidden), gates: 4).run(backwards: true) { t, _, part in
      order.segments(t, part.rows) { rows, before in
        kernels.lstmGradient(
          StepPart(rows: rows, panels: part.panels), hidden, panels, peephole: peephole?.value.address,
          next: order.after(t).map { order.row($0, gates, width) }, goingOn: order.goingOn(t),
          dout: dout.map { order.row(t, $0, hidden) }, carry: carry.mutableAddress,
          cellCarry: cellCarry.mutableAddress,
          previousCell: before.map { order.row($0, cells, hidden) } ?? initialCell.value.address,
          cell: order.row(t, cells, hidden), gates: order.mutableRow(t, gates, width))
      }
    }
    operands.inputGradients(gates, width: width, pieces: [(0..<width, 0)], &gradients)
    let previous = order.previous(states, initial: operands.initial.value, width: hidden)
    operands.recurrentWeightGradient(
      gates, width: width, column: 0, rows: 0..<width, previous: previous.address, previousStride: hidden,
      &gradients)
    operands.initialGradient(gates, width: width, recurrentRows: 0..<width, carry: carry, &gradients)
    gradients.add(cellCarry, to: initialCell)
    if let peephole { peepholeGradient(peephole, &gradients) }
  }

  /// dp_i = Σ di⊙c₋,  dp_f = Σ df⊙c₋,  dp_o = Σ do⊙c over all rows.
  private func peepholeGradient(_ peephole: Variable, _ gradients: inout GradientTable) {
    guard peephole.tape != nil else { return }
    let hidden = operands.hidden
    let previous = operands.order.previous(cells, initial: initialCell.value, width: hidden)
    let parts = [(0, previous), (1, previous), (3, cells)].map { gate, cell in
      let columns = Variable(gates).columns(gate * hidden..<(gate + 1) * hidden).value
      return Variable(
        Kernels.columnSums(Kernels.binary(.multiply, columns, cell), columns: hidden).reshaped(
          to: [1, hidden]))
    }
    gradients.add(Variable.concatenatedRows(parts).value, to: peephole)
  }
}
