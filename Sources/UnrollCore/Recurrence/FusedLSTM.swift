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
    let precision = weightInput.value.precision
    let operands = FusedOperands(
      x: x.promoted(to: precision), weightInput: weightInput, weightRecurrent: weightRecurrent, bias: bias,
      initial: initialHidden.promoted(to: precision),
      order: order)
    try operands.check("LSTMCell", gates: 4)
    guard initialCell.shape == initialHidden.shape else {
      throw ShapeError(
        place: "LSTMCell.initialState", expected: "\(initialHidden.shape)", found: initialCell.shape)
    }
    if let peephole, peephole.shape != [3, operands.hidden] {
      throw ShapeError(
        place: "LSTMCell.peephole", expected: "[3, \(operands.hidden)]", found: peephole.shape)
    }
    let recurrence = FusedRecurrence(
      operands, LSTMForm(operands: operands, peephole: peephole),
      initialCell: initialCell.promoted(to: precision))
    let results = recurrence.run(
      as: peephole == nil ? .lstm : .peepholeLSTM, others: peephole.map { [$0] } ?? []
    ) { chunk, gradients in
      if let peephole { peepholeGradient(peephole, chunk, &gradients) }
    }
    return (results[0], results[1], results[2])
  }

  /// dp_i = Σ di⊙c₋,  dp_f = Σ df⊙c₋,  dp_o = Σ do⊙c over the rows of a chunk.
  private static func peepholeGradient(
    _ peephole: Variable, _ chunk: ChunkGradients, _ gradients: inout GradientTable
  ) {
    guard peephole.tape != nil, let cells = chunk.cells, let before = chunk.cellsBefore() else { return }
    let hidden = peephole.shape.columns
    let parts = [(0, before), (1, before), (3, cells)].map { gate, cell in
      let columns = Variable(chunk.gates).columns(gate * hidden..<(gate + 1) * hidden).value
      return Variable(
        Kernels.columnSums(Kernels.binary(.multiply, columns, cell), columns: hidden).reshaped(
          to: [1, hidden]))
    }
    gradients.add(Variable.concatenated(parts, axis: 0).value, to: peephole)
  }
}

private struct LSTMForm: FusedForm {
  let operands: FusedOperands
  let peephole: Variable?

  let gates = 4
  var savedWidth: Int { 4 * operands.hidden }
  let needsSaved = false
  let hasCell = true
  let phases = 1
  var pieces: [GradientPiece] {
    [GradientPiece(columns: 0..<4 * operands.hidden, inputRow: 0, recurrentRow: 0)]
  }

  func forward(direct: Bool) -> (StepPlace, Int, StepPart) -> Void {
    let (kernels, hidden) = (operands.kernels, operands.hidden)
    let panels = kernels.panels(operands.weightRecurrent.value, .gates(4))
    let inputPanels = direct ? kernels.panels(operands.weightInput.value, .gates(4)) : nil
    return { [operands, peephole] place, _, part in
      guard let cellBefore = place.cellBefore, let cell = place.cell else { return }
      kernels.lstm(
        part, hidden, panels, peephole: peephole?.value.address, input: operands.input(place, inputPanels),
        gates: place.saved, previousHidden: place.hiddenBefore, previousCell: cellBefore, cell: cell,
        hidden: place.hidden)
    }
  }

  func backward() -> (GradientPlace, Int, StepPart) -> Void {
    let (kernels, hidden) = (operands.kernels, operands.hidden)
    let panels = kernels.panels(operands.weightRecurrent.value, .transposedProduct)
    return { [peephole] place, _, part in
      guard let cellBefore = place.cellBefore, let cell = place.cell, let cellCarry = place.cellCarry
      else { return }
      kernels.lstmGradient(
        part, hidden, panels, peephole: peephole?.value.address, next: place.next, goingOn: place.goingOn,
        dout: place.dout, carry: place.carry, cellCarry: cellCarry, previousCell: cellBefore, cell: cell,
        gates: place.gates)
    }
  }
}
