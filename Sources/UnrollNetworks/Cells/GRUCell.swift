import UnrollCore

/// Gated recurrent unit, the form that resets after the recurrent product (Cho et al. 2014, as cuDNN and
/// PyTorch compute it).
///
///     rₜ = σ(W_r xₜ + R_r hₜ₋₁ + b_r)        zₜ = σ(W_z xₜ + R_z hₜ₋₁ + b_z)
///     nₜ = tanh(W_n xₜ + b_n + rₜ ⊙ (R_n hₜ₋₁ + b_Rn))
///     hₜ = (1 − zₜ) ⊙ nₜ + zₜ ⊙ hₜ₋₁
///
/// Gate order r, z, n: W `[3H, I]`, R `[3H, H]`, b `[3H]`, b_Rn `[H]`. `x`: `[B, I]`; `h`: `[B, H]`.
public struct GRUCell: StandardCell {
  public let inputSize: Int
  public let hiddenSize: Int
  public var weightInput: Parameter
  public var weightRecurrent: Parameter
  public var bias: Parameter
  /// b_Rn, inside of the reset.
  public var recurrentBias: Parameter

  /// A cell with biases of 0 and orthogonal R.
  public init(inputSize: Int, hiddenSize: Int, using random: inout RandomSource) {
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    weightInput = Parameter([3 * hiddenSize, inputSize]) {
      Initializer.glorot(gates: 3, hidden: hiddenSize, inputs: inputSize, using: &random)
    }
    weightRecurrent = Parameter([3 * hiddenSize, hiddenSize]) {
      Initializer.orthogonal(gates: 3, size: hiddenSize, using: &random)
    }
    bias = .zeros([3 * hiddenSize])
    recurrentBias = .zeros([hiddenSize])
  }

  private func activations(
    _ x: Variable, _ state: HiddenState
  ) throws(ShapeError) -> (r: Variable, z: Variable, n: Variable) {
    let fromInput = try x.linear(weightInput.variable, bias: bias.variable)
    let fromState = try state.hidden.linear(weightRecurrent.variable)
    func gate(_ index: Int, _ sum: Variable) -> Variable {
      sum.columns(index * hiddenSize..<(index + 1) * hiddenSize)
    }
    let r = (gate(0, fromInput) + gate(0, fromState)).sigmoid()
    let z = (gate(1, fromInput) + gate(1, fromState)).sigmoid()
    let n = (gate(2, fromInput) + r * (gate(2, fromState) + recurrentBias.variable)).tanh()
    return (r, z, n)
  }

  public func step(_ x: Variable, _ state: HiddenState) throws(ShapeError) -> (
    output: Variable, state: HiddenState
  ) {
    let (_, z, n) = try activations(x, state)
    let hidden = (1 - z) * n + z * state.hidden
    return (hidden, HiddenState(hidden: hidden))
  }

  public func gates(
    _ x: Variable, _ state: HiddenState
  ) throws(ShapeError) -> [(name: String, values: Variable)] {
    let (r, z, _) = try activations(x, state)
    return [("reset", r), ("update", z)]
  }

  public func fused(
    _ x: Variable, initial: HiddenState, order: StepOrder
  ) throws(ShapeError) -> (outputs: Variable, final: HiddenState)? {
    let (states, final) = try Variable.fusedGRU(
      x, weightInput: weightInput.variable, weightRecurrent: weightRecurrent.variable, bias: bias.variable,
      recurrentBias: recurrentBias.variable, initial: initial.hidden, order: order)
    return (states, HiddenState(hidden: final))
  }

  public func streaming(batch: Int) -> StreamingStep? {
    StreamingStep(
      .gru(recurrentBias: recurrentBias.value), weightInput: weightInput.value,
      weightRecurrent: weightRecurrent.value, bias: bias.value,
      batch: batch)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try body(parameterName(path, "weightInput"), &weightInput)
    try body(parameterName(path, "weightRecurrent"), &weightRecurrent)
    try body(parameterName(path, "bias"), &bias)
    try body(parameterName(path, "recurrentBias"), &recurrentBias)
  }
}

/// Gated recurrent unit, the form that resets before the recurrent product (Cho et al. 2014, equation 8).
///
///     rₜ = σ(W_r xₜ + R_r hₜ₋₁ + b_r)        zₜ = σ(W_z xₜ + R_z hₜ₋₁ + b_z)
///     nₜ = tanh(W_n xₜ + R_n (rₜ ⊙ hₜ₋₁) + b_n)
///     hₜ = (1 − zₜ) ⊙ nₜ + zₜ ⊙ hₜ₋₁
///
/// Gate order r, z, n: W `[3H, I]`, R `[3H, H]`, b `[3H]`. `x`: `[B, I]`; `h`: `[B, H]`.
public struct ResetBeforeGRUCell: StandardCell {
  public let inputSize: Int
  public let hiddenSize: Int
  public var weightInput: Parameter
  public var weightRecurrent: Parameter
  public var bias: Parameter

  /// A cell with biases of 0 and orthogonal R.
  public init(inputSize: Int, hiddenSize: Int, using random: inout RandomSource) {
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    weightInput = Parameter([3 * hiddenSize, inputSize]) {
      Initializer.glorot(gates: 3, hidden: hiddenSize, inputs: inputSize, using: &random)
    }
    weightRecurrent = Parameter([3 * hiddenSize, hiddenSize]) {
      Initializer.orthogonal(gates: 3, size: hiddenSize, using: &random)
    }
    bias = .zeros([3 * hiddenSize])
  }

  private func activations(
    _ x: Variable, _ state: HiddenState
  ) throws(ShapeError) -> (r: Variable, z: Variable, n: Variable) {
    let h = hiddenSize
    let fromInput = try x.linear(weightInput.variable, bias: bias.variable)
    let fromState = try state.hidden.linear(weightRecurrent.variable.rows(0..<2 * h))
    let r = (fromInput.columns(0..<h) + fromState.columns(0..<h)).sigmoid()
    let z = (fromInput.columns(h..<2 * h) + fromState.columns(h..<2 * h)).sigmoid()
    let candidate = try (r * state.hidden).linear(weightRecurrent.variable.rows(2 * h..<3 * h))
    let n = (fromInput.columns(2 * h..<3 * h) + candidate).tanh()
    return (r, z, n)
  }

  public func step(_ x: Variable, _ state: HiddenState) throws(ShapeError) -> (
    output: Variable, state: HiddenState
  ) {
    let (_, z, n) = try activations(x, state)
    let hidden = (1 - z) * n + z * state.hidden
    return (hidden, HiddenState(hidden: hidden))
  }

  public func gates(
    _ x: Variable, _ state: HiddenState
  ) throws(ShapeError) -> [(name: String, values: Variable)] {
    let (r, z, _) = try activations(x, state)
    return [("reset", r), ("update", z)]
  }

  public func fused(
    _ x: Variable, initial: HiddenState, order: StepOrder
  ) throws(ShapeError) -> (outputs: Variable, final: HiddenState)? {
    let (states, final) = try Variable.fusedGRU(
      x, weightInput: weightInput.variable, weightRecurrent: weightRecurrent.variable, bias: bias.variable,
      recurrentBias: nil, initial: initial.hidden, order: order)
    return (states, HiddenState(hidden: final))
  }

  public func streaming(batch: Int) -> StreamingStep? {
    StreamingStep(
      .gru(recurrentBias: nil), weightInput: weightInput.value, weightRecurrent: weightRecurrent.value,
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
