// One step of each recurrent cell, and its gradient.

extension Kernels {
  private func part(_ part: StepPart, _ hidden: Int) -> StepExtents {
    StepExtents(
      row0: part.rows.lowerBound, row1: part.rows.upperBound, panel0: part.panels.lowerBound,
      panel1: part.panels.upperBound, hidden: hidden)
  }

  func elman(
    _ step: StepPart, _ hidden: Int, _ activation: ElmanActivation, _ panels: TensorStorage,
    input: StepInput, previous: UnsafeRawPointer, state: UnsafeMutableRawPointer
  ) {
    input.withForms { x, direct in
      table.pointee.elman(part(step, hidden), activation, direct, panels.address, x, previous, state)
    }
  }

  func elmanGradient(
    _ step: StepPart, _ hidden: Int, _ activation: ElmanActivation, _ panels: TensorStorage,
    next: UnsafeRawPointer?, goingOn: Int, dout: UnsafeRawPointer?, carry: UnsafeMutableRawPointer,
    state: UnsafeRawPointer, dgates: UnsafeMutableRawPointer
  ) {
    table.pointee.elman_gradient(
      part(step, hidden), activation, panels.address, next ?? state, goingOn, dout, carry, state, dgates)
  }

  func lstm(
    _ step: StepPart, _ hidden: Int, _ panels: TensorStorage, peephole: UnsafeRawPointer?, input: StepInput,
    gates: UnsafeMutableRawPointer?, previousHidden: UnsafeRawPointer, previousCell: UnsafeRawPointer,
    cell: UnsafeMutableRawPointer, hidden state: UnsafeMutableRawPointer
  ) {
    input.withForms { x, direct in
      table.pointee.lstm(
        part(step, hidden), direct, panels.address, peephole, x, gates, previousHidden, previousCell, cell,
        state)
    }
  }

  func lstmGradient(
    _ step: StepPart, _ hidden: Int, _ panels: TensorStorage, peephole: UnsafeRawPointer?,
    next: UnsafeRawPointer?, goingOn: Int, dout: UnsafeRawPointer?, carry: UnsafeMutableRawPointer,
    cellCarry: UnsafeMutableRawPointer, previousCell: UnsafeRawPointer, cell: UnsafeRawPointer,
    gates: UnsafeMutableRawPointer
  ) {
    table.pointee.lstm_gradient(
      part(step, hidden), panels.address, peephole, next ?? cell, goingOn, dout, carry, cellCarry,
      previousCell, cell, gates)
  }

  func gruResetAfter(
    _ step: StepPart, _ hidden: Int, _ panels: TensorStorage, bias: UnsafeRawPointer, input: StepInput,
    saved: UnsafeMutableRawPointer?, previous: UnsafeRawPointer, state: UnsafeMutableRawPointer
  ) {
    input.withForms { x, direct in
      table.pointee.gru_reset_after(
        part(step, hidden), direct, panels.address, bias, x, saved, previous, state)
    }
  }

  func gruResetAfterGradient(
    _ step: StepPart, _ hidden: Int, _ panels: TensorStorage, next: UnsafeRawPointer?, goingOn: Int,
    dout: UnsafeRawPointer?, carry: UnsafeMutableRawPointer, previous: UnsafeRawPointer,
    saved: UnsafeMutableRawPointer
  ) {
    table.pointee.gru_reset_after_gradient(
      part(step, hidden), panels.address, next ?? previous, goingOn, dout, carry, previous, saved)
  }

  func gruResetBeforeGates(
    _ step: StepPart, _ hidden: Int, _ panels: TensorStorage, input: StepInput,
    saved: UnsafeMutableRawPointer, previous: UnsafeRawPointer
  ) {
    input.withForms { x, direct in
      table.pointee.gru_reset_before_gates(part(step, hidden), direct, panels.address, x, saved, previous)
    }
  }

  func gruResetBeforeState(
    _ step: StepPart, _ hidden: Int, _ panels: TensorStorage, input: StepInput,
    saved: UnsafeMutableRawPointer, previous: UnsafeRawPointer, state: UnsafeMutableRawPointer
  ) {
    input.withForms { x, direct in
      table.pointee.gru_reset_before_state(
        part(step, hidden), direct, panels.address, x, saved, previous, state)
    }
  }

  func gruResetBeforeStateGradient(
    _ step: StepPart, _ hidden: Int, _ panels: TensorStorage, next: UnsafeRawPointer?, goingOn: Int,
    dout: UnsafeRawPointer?, carry: UnsafeMutableRawPointer, previous: UnsafeRawPointer,
    saved: UnsafeMutableRawPointer
  ) {
    table.pointee.gru_reset_before_state_gradient(
      part(step, hidden), panels.address, next ?? previous, goingOn, dout, carry, previous, saved)
  }

  func gruResetBeforeGatesGradient(
    _ step: StepPart, _ hidden: Int, _ panels: TensorStorage, carry: UnsafeMutableRawPointer,
    previous: UnsafeRawPointer, saved: UnsafeMutableRawPointer
  ) {
    table.pointee.gru_reset_before_gates_gradient(
      part(step, hidden), panels.address, carry, previous, saved)
  }
}

/// What the input adds to the gates of a step, in one of two forms that give the same bits.
enum StepInput {
  /// W x + b, found beforehand: the row of the step's first sequence.
  case projected(UnsafeRawPointer)
  /// x itself, multiplied by its weights within the step.
  case direct(DirectInput)

  fileprivate func withForms(_ body: (_ x: UnsafeRawPointer?, _ direct: UnsafePointer<DirectInput>?) -> Void) {
    switch self {
    case .projected(let x): body(x, nil)
    case .direct(let input): withUnsafePointer(to: input) { body(nil, $0) }
    }
  }
}
