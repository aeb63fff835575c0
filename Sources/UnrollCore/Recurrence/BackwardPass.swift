/// The way back of a fused recurrence: the steps of each chunk from its last to its first, then the gradients of
/// the weights and of the input that the chunk adds.
struct BackwardPass<Form: FusedForm> {
  private let recurrence: FusedRecurrence<Form>
  private let states: Tensor
  /// The gradient of the states.
  private let dout: Tensor?
  /// What reaches h and c of the step at hand from behind.
  private let carry: Tensor
  private let cellCarry: Tensor?
  private let kernel: (GradientPlace, Int, StepPart) -> Void
  /// The gate gradients of the chunk visited before this one.
  private var following: (chunk: StepChunk, gates: Tensor)?
  /// The gradient of the input, where one is asked for.
  private let dx: Tensor?

  /// - Parameter results: the gradients of the states, of the final h and of the final c.
  init(_ recurrence: FusedRecurrence<Form>, states: Tensor, results: [Tensor?]) {
    self.recurrence = recurrence
    self.states = states
    let operands = recurrence.operands
    func writable(_ gradient: Tensor?) -> Tensor {
      let shape: Shape = [operands.layout.batch, operands.hidden]
      let result = Tensor(repeating: 0, shape: shape, precision: operands.precision)
      if let gradient { result.copy(gradient, from: 0, to: 0, count: shape.count) }
      return result
    }
    dout = results[0]
    carry = writable(results[1])
    cellCarry = recurrence.form.hasCell ? writable(results[2]) : nil
    kernel = recurrence.form.backward()
    dx =
      operands.x.tape == nil
      ? nil : Tensor(uninitialized: operands.x.shape, precision: operands.precision)
  }

  mutating func run(
    _ kept: KeptChunks, _ gradients: inout GradientTable,
    _ extra: (ChunkGradients, inout GradientTable) -> Void
  ) {
    while let chunk = kept.takeLast() {
      let memory = chunk.isKept ? chunk : recurrence.recompute(chunk, states: states)
      let gates = memory.saved ?? recurrence.tensor(chunk.chunk.rows.count, recurrence.width)
      sweep(memory, gates)
      let found = ChunkGradients(
        chunk: chunk.chunk, gates: gates, cells: memory.cells, cellBefore: chunk.cellBefore,
        initialCell: recurrence.initialCell?.value)
      addWeightGradients(found, &gradients)
      addInitialGradient(found)
      extra(found, &gradients)
      following = (chunk.chunk, gates)
    }
    if let dx { gradients.add(dx, to: recurrence.operands.x) }
    gradients.add(carry, to: recurrence.operands.initial)
    if let cellCarry, let initialCell = recurrence.initialCell { gradients.add(cellCarry, to: initialCell) }
  }

  /// Elements of a row of gate gradients.
  private var gateWidth: Int {
    recurrence.form.savedWidth == 0 ? recurrence.width : recurrence.form.savedWidth
  }

  private func sweep(_ memory: KeptChunk, _ gates: Tensor) {
    let (chunk, order, operands) = (memory.chunk, recurrence.order, recurrence.operands)
    let (hidden, kernels, width) = (recurrence.hidden, recurrence.kernels, gateWidth)
    let stride = kernels.stride
    let offsets = operands.layout.offsets
    let initialCell = recurrence.initialCell?.value.address
    let sweep = recurrence.sweep(panels: kernels.panels(of: hidden), unitsPerPanel: kernels.panelColumns)
    sweep.run(chunk.visited.reversed(), phases: recurrence.form.phases) { t, phase, part in
      let row = chunk.offset(t)
      let next = order.after(t).flatMap { after in
        let (place, tensor) = chunk.steps.contains(after) ? (chunk, gates) : following ?? (chunk, gates)
        return tensor.address + place.offset(after) * width * stride
      }
      order.segments(t, part.rows) { rows, before in
        let place = GradientPlace(
          next: next, goingOn: order.goingOn(t),
          dout: dout.map { $0.address + offsets[t] * hidden * stride },
          carry: carry.mutableAddress, cellCarry: cellCarry?.mutableAddress,
          hiddenBefore: before.map { states.address + offsets[$0] * hidden * stride }
            ?? operands.initial.value.address,
          hidden: states.address + offsets[t] * hidden * stride,
          cellBefore: memory.cellBefore(t, before, hidden, initialCell),
          cell: memory.cells.map { $0.address + row * hidden * stride },
          gates: gates.mutableAddress + row * width * stride)
        kernel(place, phase, StepPart(rows: rows, panels: part.panels))
      }
    }
  }

  /// Adds dW = dgatesᵀ·x, dR = dgatesᵀ·h₋ and db = Σ dgates over the chunk's rows, and finds dx = dgates·W there.
  private func addWeightGradients(_ found: ChunkGradients, _ gradients: inout GradientTable) {
    let (operands, kernels, rows) = (recurrence.operands, recurrence.kernels, found.chunk.rows)
    let (inputs, hidden, width) = (operands.inputs, recurrence.hidden, gateWidth)
    let x = operands.x.value.address + rows.lowerBound * inputs * kernels.stride
    let wantsInput = operands.weightInput.tape != nil
    let wantsRecurrent = operands.weightRecurrent.tape != nil
    let xPanels =
      wantsInput ? kernels.right(x, columns: inputs, inner: rows.count, rowStride: inputs) : nil
    var hiddenPanels: TensorStorage?
    var addsToInput = false
    for piece in recurrence.form.pieces {
      let source = found.gates.address + piece.columns.lowerBound * kernels.stride
      let left =
        wantsInput || wantsRecurrent
        ? kernels.leftTransposed(source, rowStride: width, rows: piece.columns.count, inner: rows.count) : nil
      if let row = piece.inputRow {
        if let left, let xPanels {
          gradients.update(operands.weightInput) { sum in
            kernels.product(
              left, rows: piece.columns.count, inner: rows.count, xPanels, columns: inputs,
              into: sum.mutableAddress + row * inputs * kernels.stride, rowStride: inputs, accumulate: true)
          }
        }
        gradients.update(operands.bias) { sum in
          kernels.columnSums(
            source, rowStride: width, rows: rows.count, columns: piece.columns.count,
            into: sum.mutableAddress + row * kernels.stride, accumulate: true)
        }
        if let dx {
          kernels.linearInputGradient(
            source, rowStride: width, rows: rows.count, operands.weightInput.value,
            weightRows: row..<row + piece.columns.count,
            into: dx.mutableAddress + rows.lowerBound * inputs * kernels.stride, accumulate: addsToInput)
          addsToInput = true
        }
      }
      if let row = piece.recurrentRow, let left, wantsRecurrent {
        let panels: TensorStorage
        if let column = piece.recurrentSource {
          panels = kernels.right(
            found.gates.address + column * kernels.stride, columns: hidden, inner: rows.count,
            rowStride: width)
        } else {
          panels = hiddenPanels ?? hiddenBefore(found.chunk)
          hiddenPanels = panels
        }
        gradients.update(operands.weightRecurrent) { sum in
          kernels.product(
            left, rows: piece.columns.count, inner: rows.count, panels, columns: hidden,
            into: sum.mutableAddress + row * hidden * kernels.stride, rowStride: hidden, accumulate: true)
        }
      }
    }
  }

  /// h₋ of the chunk's rows, packed for the right side of a product.
  private func hiddenBefore(_ chunk: StepChunk) -> TensorStorage {
    let (operands, kernels, hidden) = (recurrence.operands, recurrence.kernels, recurrence.hidden)
    // Where all rows of the chunk go on from the step before, h₋ lies in memory as it is.
    let lower = chunk.steps.lowerBound - 1
    let source: UnsafeRawPointer
    let owner: Tensor
    if operands.layout.isUniform, recurrence.order.before(chunk.first) != nil {
      let start = operands.layout.offsets[recurrence.order.reversed ? lower + 2 : lower]
      source = states.address + start * hidden * kernels.stride
      owner = states
    } else {
      owner = chunk.previous(of: states, isWhole: true, initial: operands.initial.value, width: hidden)
      source = owner.address
    }
    defer { withExtendedLifetime(owner) {} }
    return kernels.right(source, columns: hidden, inner: chunk.rows.count, rowStride: hidden)
  }

  /// Adds to `carry` what reaches the initial state of sequences that start in this chunk.
  private func addInitialGradient(_ found: ChunkGradients) {
    let (operands, kernels, hidden) = (recurrence.operands, recurrence.kernels, recurrence.hidden)
    guard operands.initial.tape != nil else { return }
    for t in found.chunk.steps {
      let starting = recurrence.order.continuing(t)..<operands.layout.counts[t]
      for piece in recurrence.form.pieces where !starting.isEmpty && piece.recurrentSource == nil {
        guard let row = piece.recurrentRow else { continue }
        let place = (found.chunk.offset(t) + starting.lowerBound) * gateWidth + piece.columns.lowerBound
        kernels.linearInputGradient(
          found.gates.address + place * kernels.stride, rowStride: gateWidth, rows: starting.count,
          operands.weightRecurrent.value, weightRows: row..<row + piece.columns.count,
          into: carry.mutableAddress + starting.lowerBound * hidden * kernels.stride, accumulate: true)
      }
    }
  }
}

/// The gate gradients of a chunk, and what a form needs to make its own weights' gradients of them.
struct ChunkGradients {
  let chunk: StepChunk
  /// `[rows, gates]`.
  let gates: Tensor
  /// c of each row.
  let cells: Tensor?
  let cellBefore: Tensor?
  let initialCell: Tensor?

  /// c₋ of each row.
  func cellsBefore() -> Tensor? {
    guard let cells, let cellBefore, let initialCell else { return nil }
    return chunk.previous(
      of: cells, isWhole: false, initial: initialCell, before: cellBefore, width: cells.shape.columns)
  }
}

extension StepChunk {
  /// The state before each row of the chunk.
  ///
  /// - Parameters:
  ///   - isWhole: whether `states` holds all rows of the layout, or those of the chunk alone.
  ///   - before: the state before the chunk's first step; `nil`: `states` has it.
  func previous(
    of states: Tensor, isWhole: Bool, initial: Tensor, before boundary: Tensor? = nil, width: Int
  ) -> Tensor {
    let result = Tensor(uninitialized: [rows.count, width], precision: states.precision)
    for t in steps {
      order.segments(t, 0..<order.layout.counts[t]) { range, before in
        let to = (offset(t) + range.lowerBound) * width
        var source = states
        var from = range.lowerBound * width
        if let boundary, t == first {
          source = boundary
        } else if let before {
          from += (isWhole ? order.layout.offsets[before] : offset(before)) * width
        } else {
          source = initial
        }
        result.copy(source, from: from, to: to, count: range.count * width)
      }
    }
    return result
  }
}
