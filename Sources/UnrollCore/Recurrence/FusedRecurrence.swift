/// A cell run over whole sequences as one operation: forwards chunk by chunk, and back the same way.
///
/// What the gradient needs of a chunk is kept while the computation's memory allows, and else found again on the
/// way back from the states before the chunk (Chen et al. 2016, "Training deep nets with sublinear memory cost").
/// Where chunks are cut does not depend on the memory, so the gradients have the same bits either way.
struct FusedRecurrence<Form: FusedForm>: Sendable {
  let operands: FusedOperands
  let form: Form
  let initialCell: Variable?

  init(_ operands: FusedOperands, _ form: Form, initialCell: Variable?) {
    self.operands = operands
    self.form = form
    self.initialCell = initialCell
  }

  var kernels: Kernels { operands.kernels }
  var order: StepOrder { operands.order }
  var hidden: Int { operands.hidden }
  /// Elements of a row of W x + b.
  var width: Int { form.gates * hidden }

  func tensor(_ rows: Int, _ columns: Int) -> Tensor {
    Tensor(uninitialized: [rows, columns], precision: operands.precision)
  }

  /// Runs the recurrence and records it.
  ///
  /// - Parameters:
  ///   - name: the name of the recurrence.
  ///   - others: variables beside those of `operands` that take part.
  ///   - extra: adds the gradients of those, a chunk at a time.
  /// - Returns: the states `[N, H]`, the final h and, where there is a cell state, the final c, both `[B, H]`.
  func run(
    as name: RecurrentForm, others: [Variable],
    extra: @escaping @Sendable (ChunkGradients, inout GradientTable) -> Void = { _, _ in }
  ) -> [Variable] {
    let inputs =
      [operands.x, operands.weightInput, operands.weightRecurrent, operands.bias, operands.initial]
      + (initialCell.map { [$0] } ?? []) + others
    let tape = inputs.lazy.compactMap(\.tape).first
    let states = tensor(operands.layout.rows, hidden)
    var cell = initialCell?.value
    let kept = tape.map { forward(states, &cell, $0) }
    if kept == nil { infer(states, &cell) }
    let final = order.final(states, initial: operands.initial.value, width: hidden)
    return Variable.record(
      [states, final] + (cell.map { [$0] } ?? []), from: inputs, as: .recurrence(name, order)
    ) { results, gradients in
      guard let kept else { return }
      var way = BackwardPass(self, states: states, results: results)
      way.run(kept, &gradients, extra)
    }
  }

  /// The forward pass of a computation that will be differentiated.
  ///
  /// - Parameter cell: the cell state before; after it.
  private func forward(_ states: Tensor, _ cell: inout Tensor?, _ tape: Tape) -> KeptChunks {
    let chunks = order.chunks(rows: chunkRows)
    let step = ForwardSteps(self, direct: usesDirectInput)
    let bytes = (form.savedWidth + (form.hasCell ? hidden : 0)) * kernels.stride
    let kept = chunks.map { chunk in
      let keeps = bytes == 0 || tape.reserve(bytes * chunk.rows.count)
      var memory = KeptChunk(chunk: chunk, cellBefore: cell)
      memory.saved = keeps || form.needsSaved ? savedTensor(chunk) : nil
      memory.cells = cell.map { _ in tensor(chunk.rows.count, hidden) }
      step.run(memory, states: states, into: states)
      if let cells = memory.cells { chunk.copyEndings(of: cells, width: hidden, into: &cell) }
      if !keeps { (memory.saved, memory.cells) = (nil, nil) }
      memory.isKept = keeps
      return memory
    }
    return KeptChunks(kept)
  }

  /// The forward pass of a computation of which no gradient will be asked: nothing is kept.
  private func infer(_ states: Tensor, _ cell: inout Tensor?) {
    let direct = usesDirectInput
    // With its input found within the steps a pass needs no memory of its own, and is one chunk.
    let rows = direct && !form.needsSaved ? Int.max : max(192, min(chunkRows, (1 << 18) / max(1, width)))
    let step = ForwardSteps(self, direct: direct)
    cell?.makeUnique()
    for chunk in order.chunks(rows: rows) {
      var memory = KeptChunk(chunk: chunk, cellBefore: cell)
      memory.saved = form.needsSaved ? savedTensor(chunk) : nil
      step.run(memory, states: states, into: states)
    }
  }

  /// Finds again what a chunk would have kept.
  func recompute(_ kept: KeptChunk, states: Tensor) -> KeptChunk {
    var memory = kept
    memory.saved = savedTensor(kept.chunk)
    memory.cells = kept.cellBefore.map { _ in tensor(kept.chunk.rows.count, hidden) }
    ForwardSteps(self, direct: usesDirectInput).run(
      memory, states: states, into: tensor(kept.chunk.rows.count, hidden), isScratch: true)
    return memory
  }

  private func savedTensor(_ chunk: StepChunk) -> Tensor? {
    form.savedWidth == 0 ? nil : tensor(chunk.rows.count, form.savedWidth)
  }

  /// Rows of a chunk: a few megabytes of gates, in whole blocks of the sums over rows.
  private var chunkRows: Int { max(1, (1 << 20) / max(1, width) / 384) * 384 }

  /// Whether steps multiply their input by W themselves, which saves the way of W x through memory: where the
  /// weights of both stay near, or a step has rows enough to make up for the way of W.
  private var usesDirectInput: Bool {
    let layout = operands.layout
    guard layout.timeSteps > 0 else { return false }
    let rows = layout.rows / layout.timeSteps
    if rows < 4 { return false }
    let weights = (operands.inputs + hidden) * width * kernels.stride
    return weights <= Sweep.privateCache || rows >= 32
  }

  func sweep(panels: Int, unitsPerPanel: Int) -> Sweep {
    Sweep(
      order: order, panels: panels, unitsPerPanel: unitsPerPanel, hidden: hidden,
      workPerRow: width * hidden, weightBytes: width * hidden * kernels.stride)
  }
}

/// What is kept of a chunk between the way forward and the way back.
struct KeptChunk: Sendable {
  let chunk: StepChunk
  /// c before the chunk, `[B, H]`: the initial one for sequences that have not begun.
  let cellBefore: Tensor?
  /// What the form keeps, `[rows, savedWidth]`.
  var saved: Tensor?
  /// c of each row, `[rows, H]`; where it is missing, `cellBefore` is brought on in place.
  var cells: Tensor?
  var isKept = true

  init(chunk: StepChunk, cellBefore: Tensor?) {
    self.chunk = chunk
    self.cellBefore = cellBefore
  }
}

/// The chunks of a recurrence, given away one by one on the way back so that their memory is free at once.
final class KeptChunks: Sendable {
  private let chunks: Guarded<[KeptChunk]>

  init(_ chunks: [KeptChunk]) { self.chunks = Guarded(chunks) }

  func takeLast() -> KeptChunk? { chunks.withLock { $0.popLast() } }
}

/// The steps of a chunk on the way forward.
private struct ForwardSteps<Form: FusedForm> {
  let recurrence: FusedRecurrence<Form>
  let direct: Bool
  let kernel: (StepPlace, Int, StepPart) -> Void

  init(_ recurrence: FusedRecurrence<Form>, direct: Bool) {
    self.recurrence = recurrence
    self.direct = direct
    kernel = recurrence.form.forward(direct: direct)
  }

  /// - Parameters:
  ///   - states: h of all steps.
  ///   - target: where h goes: the same, or memory of the chunk's rows alone.
  func run(_ memory: KeptChunk, states: Tensor, into target: Tensor, isScratch: Bool = false) {
    let (chunk, order, operands) = (memory.chunk, recurrence.order, recurrence.operands)
    let (hidden, width, stride) = (recurrence.hidden, recurrence.width, recurrence.kernels.stride)
    let projected = direct ? nil : project(chunk)
    let savedWidth = recurrence.form.savedWidth
    let offsets = operands.layout.offsets
    let initialCell = recurrence.initialCell?.value.address
    let sweep = recurrence.sweep(
      panels: recurrence.kernels.gatePanels(of: hidden), unitsPerPanel: recurrence.kernels.lanes)
    sweep.run(chunk.visited, phases: recurrence.form.phases) { t, phase, part in
      let row = chunk.offset(t)
      order.segments(t, part.rows) { rows, before in
        let place = StepPlace(
          projected: projected.map { $0.address + row * width * stride },
          x: operands.x.value.address + offsets[t] * operands.inputs * stride,
          saved: memory.saved.map { $0.mutableAddress + row * savedWidth * stride },
          hiddenBefore: before.map { states.address + offsets[$0] * hidden * stride }
            ?? operands.initial.value.address,
          hidden: target.mutableAddress + (isScratch ? row : offsets[t]) * hidden * stride,
          cellBefore: memory.cellBefore(t, before, hidden, initialCell),
          cell: memory.cells.map { $0.mutableAddress + row * hidden * stride }
            ?? memory.cellBefore?.mutableAddress)
        kernel(place, phase, StepPart(rows: rows, panels: part.panels))
      }
    }
  }

  /// W x + b of a chunk.
  private func project(_ chunk: StepChunk) -> Tensor {
    let (operands, kernels) = (recurrence.operands, recurrence.kernels)
    let y = recurrence.tensor(chunk.rows.count, recurrence.width)
    kernels.linear(
      operands.x.value.address + chunk.rows.lowerBound * operands.inputs * kernels.stride,
      rowStride: operands.inputs, rows: chunk.rows.count, operands.weightInput.value,
      bias: operands.bias.value.address, into: y.mutableAddress, yStride: recurrence.width)
    return y
  }
}

extension KeptChunk {
  /// Where c before step t is, from the step's first row on.
  func cellBefore(
    _ t: Int, _ before: Int?, _ hidden: Int, _ initial: UnsafeRawPointer?
  ) -> UnsafeRawPointer? {
    guard let cellBefore else { return nil }
    guard let cells, t != chunk.first else { return cellBefore.address }
    guard let before else { return initial }
    return cells.address + chunk.offset(before) * hidden * cells.precision.stride
  }
}

extension StepChunk {
  /// Copies the rows of sequences that end in this chunk, and those of its last step, to their places in `state`.
  func copyEndings(of rows: Tensor, width: Int, into state: inout Tensor?) {
    guard var result = state else { return }
    state = nil
    result.makeUnique()
    for t in visited {
      let isLast = order.after(t).map { !steps.contains($0) } ?? true
      let ending = (isLast ? 0 : order.goingOn(t))..<order.layout.counts[t]
      if !ending.isEmpty {
        result.copy(
          rows, from: (offset(t) + ending.lowerBound) * width, to: ending.lowerBound * width,
          count: ending.count * width)
      }
    }
    state = result
  }
}

extension StepOrder {
  /// The state after the last step of each sequence, in sorted order.
  func final(_ states: Tensor, initial: Tensor, width: Int) -> Tensor {
    let result = Tensor(uninitialized: [layout.batch, width], precision: states.precision)
    let last =
      reversed ? (0..<layout.batch).map { layout.counts.first ?? 0 > $0 ? Int32($0) : -1 } : layout.lastRows
    for (place, row) in last.enumerated() {
      if row >= 0 {
        result.copy(states, from: Int(row) * width, to: place * width, count: width)
      } else {
        result.copy(initial, from: place * width, to: place * width, count: width)
      }
    }
    return result
  }
}
