// What the fused recurrences share: addresses of steps, previous and final states, weight gradients.

extension StepOrder {
  /// The first row of step t in packed memory of `width` columns.
  func row(_ t: Int, _ tensor: Tensor, _ width: Int) -> UnsafeRawPointer {
    tensor.address + layout.offsets[t] * width * tensor.precision.stride
  }
  func mutableRow(_ t: Int, _ tensor: Tensor, _ width: Int) -> UnsafeMutableRawPointer {
    tensor.mutableAddress + layout.offsets[t] * width * tensor.precision.stride
  }

  /// Calls `body` with the rows of a part that continue, and the state they continue from, then with those
  /// that start, and the initial state.
  func segments(
    _ t: Int, _ rows: Range<Int>, _ body: (_ rows: Range<Int>, _ previous: Int?) -> Void
  ) {
    let continuing = continuing(t)
    let first = rows.clamped(to: 0..<continuing)
    if !first.isEmpty { body(first, before(t)) }
    let starting = rows.clamped(to: continuing..<layout.counts[t])
    if !starting.isEmpty { body(starting, nil) }
  }

  /// The state before each row: `states` moved by one step, with the initial state where a sequence starts.
  func previous(_ states: Tensor, initial: Tensor, width: Int) -> Tensor {
    let result = Tensor(uninitialized: [layout.rows, width], precision: states.precision)
    for t in 0..<layout.timeSteps {
      segments(t, 0..<layout.counts[t]) { rows, before in
        let to = (layout.offsets[t] + rows.lowerBound) * width
        if let before {
          result.copy(
            states, from: (layout.offsets[before] + rows.lowerBound) * width, to: to,
            count: rows.count * width)
        } else {
          result.copy(initial, from: rows.lowerBound * width, to: to, count: rows.count * width)
        }
      }
    }
    return result
  }

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

  /// Calls `body` with runs of rows that start from the initial state: their step and their range within it.
  func starts(_ body: (_ t: Int, _ rows: Range<Int>) -> Void) {
    for t in 0..<layout.timeSteps {
      let rows = continuing(t)..<layout.counts[t]
      if !rows.isEmpty { body(t, rows) }
    }
  }
}

/// The operands that every fused recurrence has.
struct FusedOperands {
  let x: Variable
  let weightInput: Variable
  let weightRecurrent: Variable
  let bias: Variable
  let initial: Variable
  let order: StepOrder
  /// Asked for once: members of a team do not see the choice of the task that they work for.
  let kernels: Kernels

  init(
    x: Variable, weightInput: Variable, weightRecurrent: Variable, bias: Variable, initial: Variable,
    order: StepOrder
  ) {
    self.x = x
    self.weightInput = weightInput
    self.weightRecurrent = weightRecurrent
    self.bias = bias
    self.initial = initial
    self.order = order
    kernels = Kernels.serving(x.value.precision)
  }

  var layout: SequenceLayout { order.layout }
  var hidden: Int { initial.shape.columns }
  var precision: Precision { x.value.precision }

  /// - Throws: `ShapeError` when an operand does not fit the others.
  func check(_ place: String, gates: Int) throws(ShapeError) {
    let inputs = x.shape.columns
    func demand(_ name: String, _ variable: Variable, _ expected: Shape) throws(ShapeError) {
      guard variable.shape == expected else {
        throw ShapeError(place: "\(place).\(name)", expected: "\(expected)", found: variable.shape)
      }
    }
    try demand("input", x, [layout.rows, inputs])
    try demand("initialState", initial, [layout.batch, hidden])
    try demand("weightInput", weightInput, [gates * hidden, inputs])
    try demand("weightRecurrent", weightRecurrent, [gates * hidden, hidden])
    try demand("bias", bias, [gates * hidden])
  }

  /// x·Wᵀ + b, into rows of `width` elements.
  func projectInput(into y: Tensor, width: Int) {
    kernels.linear(
      x.value.address, rowStride: x.shape.columns, rows: layout.rows, weightInput.value,
      bias: bias.value.address, into: y.mutableAddress, yStride: width)
  }

  func sweep(panels: Int, gates: Int) -> Sweep {
    Sweep(
      order: order, kernels: kernels, panels: panels, workPerRow: gates * hidden * hidden,
      weightBytes: gates * hidden * hidden * kernels.stride)
  }

  /// Adds the gradients of W, b and x from those of the projected input: some rows of W at a time, since the
  /// gates of a cell may be apart in memory.
  ///
  /// - Parameter pieces: the rows of W and the column of `dgates` (rows of `width`) where their gradients begin.
  func inputGradients(
    _ dgates: Tensor, width: Int, pieces: [(rows: Range<Int>, column: Int)], _ gradients: inout GradientTable
  ) {
    let (stride, rows) = (kernels.stride, layout.rows)
    let inputs = x.shape.columns
    for (range, column) in pieces {
      let source = dgates.address + column * stride
      gradients.update(weightInput) { sum in
        kernels.linearWeightGradient(
          source, rowStride: width, outputs: range.count, x.value.address, xStride: inputs, inputs: inputs,
          rows: rows, into: sum.mutableAddress + range.lowerBound * inputs * stride, accumulate: true)
      }
      gradients.update(bias) { sum in
        kernels.columnSums(
          source, rowStride: width, rows: rows, columns: range.count,
          into: sum.mutableAddress + range.lowerBound * stride, accumulate: true)
      }
    }
    guard x.tape != nil else { return }
    let dx = Tensor(uninitialized: x.shape, precision: precision)
    for (index, piece) in pieces.enumerated() {
      kernels.linearInputGradient(
        dgates.address + piece.column * stride, rowStride: width, rows: rows, weightInput.value,
        weightRows: piece.rows, into: dx.mutableAddress, accumulate: index > 0)
    }
    gradients.add(dx, to: x)
  }

  /// Adds dR = dgatesᵀ·h₋ for some rows of R.
  func recurrentWeightGradient(
    _ dgates: Tensor, width: Int, column: Int, rows: Range<Int>, previous: UnsafeRawPointer,
    previousStride: Int, _ gradients: inout GradientTable
  ) {
    gradients.update(weightRecurrent) { sum in
      kernels.linearWeightGradient(
        dgates.address + column * kernels.stride, rowStride: width, outputs: rows.count, previous,
        xStride: previousStride, inputs: hidden, rows: layout.rows,
        into: sum.mutableAddress + rows.lowerBound * hidden * kernels.stride, accumulate: true)
    }
  }

  /// Adds what reaches the initial state through the first step of each sequence to what `carry` holds.
  func initialGradient(
    _ dgates: Tensor, width: Int, recurrentRows: Range<Int>, carry: Tensor, _ gradients: inout GradientTable
  ) {
    guard initial.tape != nil else { return }
    order.starts { t, rows in
      kernels.linearInputGradient(
        order.row(t, dgates, width) + rows.lowerBound * width * kernels.stride, rowStride: width,
        rows: rows.count, weightRecurrent.value, weightRows: recurrentRows,
        into: carry.mutableAddress + rows.lowerBound * hidden * kernels.stride, accumulate: true)
    }
    gradients.add(carry, to: initial)
  }

  /// A gradient that the sweep may write, copied from one that may be shared; zeros when there is none.
  func writable(_ gradient: Tensor?) -> Tensor {
    let result = Tensor(repeating: 0, shape: [layout.batch, hidden], precision: precision)
    if let gradient { result.copy(gradient, from: 0, to: 0, count: gradient.shape.count) }
    return result
  }
}
