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
  private let batch: Int
  private let inputs: Int
  private let hidden: Int
  /// The weights, kept alive as long as their addresses are used.
  private let tensors: [Tensor]
  private let inputPanels: [TensorStorage]
  private let recurrentPanels: [TensorStorage]
  private let bias: UnsafeRawPointer
  private let saved: Tensor
  /// Each state twice: the one before and the one after, changing places.
  private var states: [(now: Tensor, next: Tensor)]
  /// The hidden units in pieces, visited from first to last and, at the next step, from last to first: of weights
  /// that are larger than a core's own cache, those that were used last are there still.
  private let parts: [StepPart]
  private var visitsBackwards = false

  /// - Parameters: W `[G·H, I]`, R `[G·H, H]`, b `[G·H]`.
  package init(_ form: Form, weightInput: Tensor, weightRecurrent: Tensor, bias: Tensor, batch: Int) {
    self.form = form
    self.batch = batch
    inputs = weightInput.shape.columns
    let hidden = weightRecurrent.shape.columns
    let kernels = Kernels.serving(.single)
    self.hidden = hidden
    self.kernels = kernels
    tensors = [weightInput, weightRecurrent, bias]
    func panels(_ weight: Tensor) -> [TensorStorage] {
      guard case .gru(.none) = form else { return [kernels.panels(weight, .gates(form.gates))] }
      return [
        kernels.panels(weight, .gates(2), rows: 0..<2 * hidden),
        kernels.panels(weight, .gates(1), rows: 2 * hidden..<3 * hidden),
      ]
    }
    inputPanels = panels(weightInput)
    recurrentPanels = panels(weightRecurrent)
    self.bias = bias.address
    saved = Tensor.zeros([form.needsSaved ? batch : 0, 4 * hidden])
    let shape: Shape = [batch, hidden]
    states = (0..<form.parts).map { _ in (Tensor.zeros(shape), Tensor.zeros(shape)) }
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
  package var output: UnsafePointer<Float> { UnsafePointer(states[0].now.storage.floats) }

  /// The state after the last step, copied.
  package var state: [Tensor] {
    get { states.map { Tensor($0.now.elements, shape: $0.now.shape) } }
    set {
      precondition(
        newValue.count == states.count && newValue.allSatisfy { $0.shape == states[0].now.shape },
        "\(states.count) tensors of \(states[0].now.shape) were expected, found \(newValue.map(\.shape))")
      for (index, tensor) in newValue.enumerated() {
        states[index].now.copy(tensor, from: 0, to: 0, count: tensor.shape.count)
      }
    }
  }

  /// One step of x `[B, I]`.
  package func step(_ x: UnsafePointer<Float>) {
    func input(_ index: Int, gate: Int = 0) -> StepInput {
      .direct(
        DirectInput(
          panels: inputPanels[index].address, bias: bias + gate * hidden * kernels.stride, x: x,
          inputs: inputs, x_row: inputs))
    }
    let (now, next) = (states[0].now.address, states[0].next.mutableAddress)
    switch form {
    case .elman(let activation):
      forEachPart { part in
        kernels.elman(
          part, hidden, activation, recurrentPanels[0], input: input(0), previous: now, state: next)
      }
    case .lstm(let peephole):
      forEachPart { part in
        kernels.lstm(
          part, hidden, recurrentPanels[0], peephole: peephole?.address, input: input(0), gates: nil,
          previousHidden: now, previousCell: states[1].now.address, cell: states[1].next.mutableAddress,
          hidden: next)
      }
    case .gru(.some(let recurrentBias)):
      forEachPart { part in
        kernels.gruResetAfter(
          part, hidden, recurrentPanels[0], bias: recurrentBias.address, input: input(0), saved: nil,
          previous: now, state: next)
      }
    case .gru(.none):
      forEachPart { part in
        kernels.gruResetBeforeGates(
          part, hidden, recurrentPanels[0], input: input(0), saved: saved.mutableAddress, previous: now)
      }
      forEachPart { part in
        kernels.gruResetBeforeState(
          part, hidden, recurrentPanels[1], input: input(1, gate: 2), saved: saved.mutableAddress,
          previous: now, state: next)
      }
    }
    visitsBackwards.toggle()
    for index in states.indices { states[index] = (states[index].next, states[index].now) }
  }

  private func forEachPart(_ body: (StepPart) -> Void) {
    for index in parts.indices { body(parts[visitsBackwards ? parts.count - 1 - index : index]) }
  }
}
