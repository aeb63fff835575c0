import UnrollCore

/// The state of a long short-term memory.
public struct LSTMState: RecurrentState {
  /// h `[B, H]`, the last output.
  public var hidden: Variable
  /// c `[B, H]`, the memory.
  public var cell: Variable

  public init(hidden: Variable, cell: Variable) {
    self.hidden = hidden
    self.cell = cell
  }
  public init(parts: [Variable]) { self.init(hidden: parts[0], cell: parts[1]) }
  public var parts: [Variable] { [hidden, cell] }
}

extension RecurrentCell where State == LSTMState {
  public func initialState(batch: Int) -> LSTMState {
    let zeros = Variable(Tensor.zeros([batch, hiddenSize]))
    return LSTMState(hidden: zeros, cell: zeros)
  }
}

/// Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000).
///
///     iₜ = σ(W_i xₜ + R_i hₜ₋₁ + b_i)        fₜ = σ(W_f xₜ + R_f hₜ₋₁ + b_f)
///     gₜ = tanh(W_g xₜ + R_g hₜ₋₁ + b_g)     oₜ = σ(W_o xₜ + R_o hₜ₋₁ + b_o)
///     cₜ = fₜ ⊙ cₜ₋₁ + iₜ ⊙ gₜ               hₜ = oₜ ⊙ tanh(cₜ)
///
/// Gate order i, f, g, o: W `[4H, I]`, R `[4H, H]`, b `[4H]`. `x`: `[B, I]`; `h`, `c`: `[B, H]`.
public struct LSTMCell: StandardCell {
  public let inputSize: Int
  public let hiddenSize: Int
  public var weightInput: Parameter
  public var weightRecurrent: Parameter
  public var bias: Parameter

  /// A cell with a forget-gate bias of 1 (Jozefowicz et al. 2015, section 3.2) and orthogonal R.
  public init(inputSize: Int, hiddenSize: Int, using random: inout RandomSource) {
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    weightInput = Parameter([4 * hiddenSize, inputSize]) {
      Initializer.glorot(gates: 4, hidden: hiddenSize, inputs: inputSize, using: &random)
    }
    weightRecurrent = Parameter([4 * hiddenSize, hiddenSize]) {
      Initializer.orthogonal(gates: 4, size: hiddenSize, using: &random)
    }
    bias = Parameter([4 * hiddenSize]) { Self.initialBias(hiddenSize) }
  }

  /// Zeros, but ones for the forget gate.
  static func initialBias(_ hiddenSize: Int) -> Tensor {
    Tensor((0..<4 * hiddenSize).map { $0 / max(1, hiddenSize) == 1 ? 1 : 0 })
  }

  private func activations(
    _ x: Variable, _ state: LSTMState
  ) throws(ShapeError) -> (i: Variable, f: Variable, g: Variable, o: Variable) {
    let gates =
      try x.linear(weightInput.variable, bias: bias.variable)
      + state.hidden.linear(weightRecurrent.variable)
    func gate(_ index: Int) -> Variable {
      gates.columns(index * hiddenSize..<(index + 1) * hiddenSize)
    }
    return (gate(0).sigmoid(), gate(1).sigmoid(), gate(2).tanh(), gate(3).sigmoid())
  }

  public func step(_ x: Variable, _ state: LSTMState) throws(ShapeError) -> (
    output: Variable, state: LSTMState
  ) {
    let (i, f, g, o) = try activations(x, state)
    let cell = f * state.cell + i * g
    let hidden = o * cell.tanh()
    return (hidden, LSTMState(hidden: hidden, cell: cell))
  }

  public func gates(
    _ x: Variable, _ state: LSTMState
  ) throws(ShapeError) -> [(name: String, values: Variable)] {
    let (i, f, _, o) = try activations(x, state)
    return [("input", i), ("forget", f), ("output", o)]
  }

  public func fused(
    _ x: Variable, initial: LSTMState, order: StepOrder
  ) throws(ShapeError) -> (outputs: Variable, final: LSTMState)? {
    let (states, hidden, cell) = try Variable.fusedLSTM(
      x, weightInput: weightInput.variable, weightRecurrent: weightRecurrent.variable, bias: bias.variable,
      peephole: nil, initialHidden: initial.hidden, initialCell: initial.cell, order: order)
    return (states, LSTMState(hidden: hidden, cell: cell))
  }

  public func streaming(batch: Int) -> StreamingStep? {
    StreamingStep(
      .lstm(peephole: nil), weightInput: weightInput.value, weightRecurrent: weightRecurrent.value,
      bias: bias.value,
      batch: batch)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try body(parameterName(path, "weightInput"), &weightInput)
    try body(parameterName(path, "weightRecurrent"), &weightRecurrent)
    try body(parameterName(path, "bias"), &bias)
  }
}

/// Long short-term memory whose gates see the memory (Gers, Schraudolph and Schmidhuber 2002).
///
///     iₜ = σ(W_i xₜ + R_i hₜ₋₁ + p_i ⊙ cₜ₋₁ + b_i)    fₜ = σ(W_f xₜ + R_f hₜ₋₁ + p_f ⊙ cₜ₋₁ + b_f)
///     gₜ = tanh(W_g xₜ + R_g hₜ₋₁ + b_g)              cₜ = fₜ ⊙ cₜ₋₁ + iₜ ⊙ gₜ
///     oₜ = σ(W_o xₜ + R_o hₜ₋₁ + p_o ⊙ cₜ + b_o)      hₜ = oₜ ⊙ tanh(cₜ)
///
/// Gate order i, f, g, o: W `[4H, I]`, R `[4H, H]`, b `[4H]`; p `[3, H]` for i, f, o.
public struct PeepholeLSTMCell: StandardCell {
  public let inputSize: Int
  public let hiddenSize: Int
  public var weightInput: Parameter
  public var weightRecurrent: Parameter
  public var peephole: Parameter
  public var bias: Parameter

  /// A cell with a forget-gate bias of 1, orthogonal R and peepholes of ±1/√H.
  public init(inputSize: Int, hiddenSize: Int, using random: inout RandomSource) {
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    weightInput = Parameter([4 * hiddenSize, inputSize]) {
      Initializer.glorot(gates: 4, hidden: hiddenSize, inputs: inputSize, using: &random)
    }
    weightRecurrent = Parameter([4 * hiddenSize, hiddenSize]) {
      Initializer.orthogonal(gates: 4, size: hiddenSize, using: &random)
    }
    let bound = 1 / Float(max(1, hiddenSize)).squareRoot()
    peephole = Parameter([3, hiddenSize]) {
      .uniform(-bound...bound, shape: [3, hiddenSize], using: &random)
    }
    bias = Parameter([4 * hiddenSize]) { LSTMCell.initialBias(hiddenSize) }
  }

  private func activations(
    _ x: Variable, _ state: LSTMState
  ) throws(ShapeError) -> (i: Variable, f: Variable, o: Variable, cell: Variable) {
    let gates =
      try x.linear(weightInput.variable, bias: bias.variable)
      + state.hidden.linear(weightRecurrent.variable)
    func gate(_ index: Int) -> Variable {
      gates.columns(index * hiddenSize..<(index + 1) * hiddenSize)
    }
    func seen(_ cell: Variable, _ index: Int) -> Variable {
      cell * peephole.variable.rows(index..<index + 1).reshaped(to: [hiddenSize])
    }
    let i = (gate(0) + seen(state.cell, 0)).sigmoid()
    let f = (gate(1) + seen(state.cell, 1)).sigmoid()
    let cell = f * state.cell + i * gate(2).tanh()
    return (i, f, (gate(3) + seen(cell, 2)).sigmoid(), cell)
  }

  public func step(_ x: Variable, _ state: LSTMState) throws(ShapeError) -> (
    output: Variable, state: LSTMState
  ) {
    let (_, _, o, cell) = try activations(x, state)
    let hidden = o * cell.tanh()
    return (hidden, LSTMState(hidden: hidden, cell: cell))
  }

  public func gates(
    _ x: Variable, _ state: LSTMState
  ) throws(ShapeError) -> [(name: String, values: Variable)] {
    let (i, f, o, _) = try activations(x, state)
    return [("input", i), ("forget", f), ("output", o)]
  }

  public func fused(
    _ x: Variable, initial: LSTMState, order: StepOrder
  ) throws(ShapeError) -> (outputs: Variable, final: LSTMState)? {
    let (states, hidden, cell) = try Variable.fusedLSTM(
      x, weightInput: weightInput.variable, weightRecurrent: weightRecurrent.variable, bias: bias.variable,
      peephole: peephole.variable, initialHidden: initial.hidden, initialCell: initial.cell, order: order)
    return (states, LSTMState(hidden: hidden, cell: cell))
  }

  public func streaming(batch: Int) -> StreamingStep? {
    StreamingStep(
      .lstm(peephole: peephole.value), weightInput: weightInput.value, weightRecurrent: weightRecurrent.value,
      bias: bias.value,
      batch: batch)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try body(parameterName(path, "weightInput"), &weightInput)
    try body(parameterName(path, "weightRecurrent"), &weightRecurrent)
    try body(parameterName(path, "peephole"), &peephole)
    try body(parameterName(path, "bias"), &bias)
  }
}
