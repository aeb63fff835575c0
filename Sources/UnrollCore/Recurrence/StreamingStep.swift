/// One layer of a recurrence, one step at a time, with everything it needs made beforehand.
///
/// A step allocates nothing, takes no lock and runs on the caller's thread. It gives the same bits as the fused
/// recurrence over the whole sequence, since both run the same kernels on the same panels.
public final class StreamingStep {
  /// The recurrence and its weights.
  package enum Form {
    case elman(ElmanActivation)
    case lstm(peephole: Tensor?)
    /// recurrentBias: the reset-after form; none: the reset-before form.
    case gru(recurrentBias: Tensor?)

    var gates: Int {
      switch self {
      case .elman: 1
      case .lstm: 4
      case .gru: 3
      }
    }
    /// State tensors: h, and c for an LSTM.
    var parts: Int { if case .lstm = self { 2 } else { 1 } }
    /// Whether a step needs memory between its halves.
    var needsSaved: Bool { if case .gru(.none) = self { true } else { false } }
  }

  private let form: Form
  private let kernels: Kernels
  private let hidden: Int
  /// The weights, kept alive as long as their addresses are used.
  private let tensors: [Tensor]
  /// Panels of W and of R; the reset-before form has them in halves, of which the second is the new state's.
  private let inputPanels: [TensorStorage]
  private let recurrent: TensorStorage
  private let recurrentOfState: TensorStorage
  /// How a step finds what its input adds; x is put in at each step.
  private let input: DirectInput
  private let inputOfState: DirectInput
  private let peephole: UnsafeRawPointer?
  private let recurrentBias: UnsafeRawPointer?
  private let saved: Tensor
  /// Each state twice, the one before and the one after, changing places.
  private let states: [(Tensor, Tensor)]
  private let hiddens: (UnsafeMutableRawPointer, UnsafeMutableRawPointer)
  private let cells: (UnsafeMutableRawPointer, UnsafeMutableRawPointer)
  /// Whether the second of each two is the state now.
  private var isSecond = false
  /// The hidden units in pieces, visited from first to last and, at the next step, from last to first: of weights
  /// that are larger than a core's own cache, those that were used last are there still.
  private let parts: [StepPart]
  private var visitsBackwards = false

  /// - Parameters: W `[G·H, I]`, R `[G·H, H]`, b `[G·H]`.
  package init(_ form: Form, weightInput: Tensor, weightRecurrent: Tensor, bias: Tensor, batch: Int) {
    self.form = form
    let inputs = weightInput.shape.columns
    let hidden = weightRecurrent.shape.columns
    let kernels = Kernels.serving(.single)
    self.hidden = hidden
    self.kernels = kernels
    func panels(_ weight: Tensor) -> [TensorStorage] {
      guard case .gru(.none) = form else { return [kernels.panels(weight, .gates(form.gates))] }
      return [
        kernels.panels(weight, .gates(2), rows: 0..<2 * hidden),
        kernels.panels(weight, .gates(1), rows: 2 * hidden..<3 * hidden),
      ]
    }
    let (inputPanels, recurrentPanels) = (panels(weightInput), panels(weightRecurrent))
    self.inputPanels = inputPanels
    (recurrent, recurrentOfState) = (recurrentPanels[0], recurrentPanels[recurrentPanels.count - 1])
    func input(_ panels: TensorStorage, gate: Int) -> DirectInput {
      DirectInput(
        panels: panels.address, bias: bias.address + gate * hidden * kernels.stride, x: bias.address,
        inputs: inputs, x_row: inputs)
    }
    self.input = input(inputPanels[0], gate: 0)
    inputOfState = input(inputPanels[inputPanels.count - 1], gate: inputPanels.count > 1 ? 2 : 0)
    var (seen, within): (Tensor?, Tensor?) = (nil, nil)
    switch form {
    case .lstm(let peephole): seen = peephole
    case .gru(let recurrentBias): within = recurrentBias
    case .elman: break
    }
    (peephole, recurrentBias) = (seen?.address, within?.address)
    tensors = [weightInput, weightRecurrent, bias] + [seen, within].compactMap { $0 }
    saved = Tensor.zeros([form.needsSaved ? batch : 0, 4 * hidden])
    let shape: Shape = [batch, hidden]
    let states = (0..<form.parts).map { _ in (Tensor.zeros(shape), Tensor.zeros(shape)) }
    self.states = states
    func places(_ state: (Tensor, Tensor)) -> (UnsafeMutableRawPointer, UnsafeMutableRawPointer) {
      (state.0.mutableAddress, state.1.mutableAddress)
    }
    (hiddens, cells) = (places(states[0]), places(states[states.count - 1]))
    let panels = kernels.gatePanels(of: hidden)
    let bytes = form.gates * hidden * (inputs + hidden) * kernels.stride
    let cache = Sweep.privateCache
    // Larger ones gain less than the cuts cost.
    let each = bytes > cache / 2 && bytes <= 4 * cache ? Self.panelsOfPart : max(1, panels)
    parts = stride(from: 0, to: panels, by: each).map {
      StepPart(rows: 0..<batch, panels: $0..<min(panels, $0 + each))
    }
  }

  /// Panels that a step of one row takes side by side.
  private static let panelsOfPart = 4

  /// h after the last step, `[B, H]`; valid until the step after the next.
  package var output: UnsafePointer<Float> {
    UnsafePointer((isSecond ? hiddens.1 : hiddens.0).assumingMemoryBound(to: Float.self))
  }

  /// The state after the last step, copied.
  package var state: [Tensor] {
    get {
      states.map { pair in
        let now = isSecond ? pair.1 : pair.0
        return Tensor(now.elements, shape: now.shape)
      }
    }
    set {
      let shape = states[0].0.shape
      require(
        newValue.count == states.count && newValue.allSatisfy { $0.shape == shape },
        "StreamingSession.state: \(states.count) tensors of \(shape) were expected, found \(newValue.map(\.shape))"
      )
      for (pair, tensor) in zip(states, newValue) {
        (isSecond ? pair.1 : pair.0).copy(tensor, from: 0, to: 0, count: tensor.shape.count)
      }
    }
  }

  /// One step of x `[B, I]`.
  package func step(_ x: UnsafePointer<Float>) {
    let (now, next) = isSecond ? (hiddens.1, hiddens.0) : hiddens
    let (cell, nextCell) = isSecond ? (cells.1, cells.0) : cells
    for index in parts.indices {
      let part = parts[visitsBackwards ? parts.count - 1 - index : index]
      run(part, x, now, next, cell, nextCell)
    }
    if form.needsSaved {
      for index in parts.indices {
        kernels.gruResetBeforeState(
          parts[index], hidden, recurrentOfState, input: direct(inputOfState, x),
          saved: saved.mutableAddress, previous: now, state: next)
      }
    }
    visitsBackwards.toggle()
    isSecond.toggle()
  }

  private func direct(_ input: DirectInput, _ x: UnsafePointer<Float>) -> StepInput {
    var input = input
    input.x = UnsafeRawPointer(x)
    return .direct(input)
  }

  /// A part of a step, or of its first half.
  private func run(
    _ part: StepPart, _ x: UnsafePointer<Float>, _ now: UnsafeMutableRawPointer,
    _ next: UnsafeMutableRawPointer, _ cell: UnsafeMutableRawPointer, _ nextCell: UnsafeMutableRawPointer
  ) {
    let input = direct(input, x)
    switch form {
    case .elman(let activation):
      kernels.elman(part, hidden, activation, recurrent, input: input, previous: now, state: next)
    case .lstm:
      kernels.lstm(
        part, hidden, recurrent, peephole: peephole, input: input, gates: nil, previousHidden: now,
        previousCell: cell, cell: nextCell, hidden: next)
    case .gru:
      if let recurrentBias {
        kernels.gruResetAfter(
          part, hidden, recurrent, bias: recurrentBias, input: input, saved: nil, previous: now, state: next)
      } else {
        kernels.gruResetBeforeGates(
          part, hidden, recurrent, input: input, saved: saved.mutableAddress, previous: now)
      }
    }
  }
}

/// Layers of streaming steps, each fed by the one before.
package final class StreamingStack {
  private let steps: [StreamingStep]

  package init(_ steps: [StreamingStep]) { self.steps = steps }

  /// One step of all layers.
  ///
  /// - Returns: the outputs of the last, valid until the step after the next.
  package func step(_ x: UnsafePointer<Float>) -> UnsafePointer<Float> {
    Kernels.flushingDenormals {
      var current = x
      for step in steps {
        step.step(current)
        current = step.output
      }
      return current
    }
  }
}
