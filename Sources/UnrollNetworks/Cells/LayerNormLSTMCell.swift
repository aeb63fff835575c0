import UnrollCore

/// Long short-term memory with layer normalisation (Ba, Kiros and Hinton 2016, equations 20 to 22).
///
///     (i, f, g, o) = LN(W xₜ; γ_x) + LN(R hₜ₋₁; γ_h) + b
///     cₜ = σ(f) ⊙ cₜ₋₁ + σ(i) ⊙ tanh(g)       hₜ = σ(o) ⊙ tanh(LN(cₜ; γ_c) + β_c)
///
/// Both products are normalised over all 4H gates together. Gate order i, f, g, o: W `[4H, I]`, R `[4H, H]`,
/// b, γ_x, γ_h `[4H]`, γ_c, β_c `[H]`.
public struct LayerNormLSTMCell: StandardCell {
  public let inputSize: Int
  public let hiddenSize: Int
  public var weightInput: Parameter
  public var weightRecurrent: Parameter
  public var bias: Parameter
  public var gainInput: Parameter
  public var gainRecurrent: Parameter
  public var gainCell: Parameter
  public var biasCell: Parameter

  /// A cell with gains of 1, a forget-gate bias of 1 and orthogonal R.
  public init(inputSize: Int, hiddenSize: Int, using random: inout RandomSource) {
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    weightInput = Parameter([4 * hiddenSize, inputSize]) {
      Initializer.glorot(gates: 4, hidden: hiddenSize, inputs: inputSize, using: &random)
    }
    weightRecurrent = Parameter([4 * hiddenSize, hiddenSize]) {
      Initializer.orthogonal(gates: 4, size: hiddenSize, using: &random)
    }
    bias = Parameter([4 * hiddenSize]) { LSTMCell.initialBias(hiddenSize) }
    gainInput = .ones([4 * hiddenSize])
    gainRecurrent = .ones([4 * hiddenSize])
    gainCell = .ones([hiddenSize])
    biasCell = .zeros([hiddenSize])
  }

  private func activations(
    _ x: Variable, _ state: LSTMState
  ) throws(ShapeError) -> (i: Variable, f: Variable, g: Variable, o: Variable) {
    let fromInput = try x.linear(weightInput.variable).layerNorm(gain: gainInput.variable)
    let fromState = try state.hidden.linear(weightRecurrent.variable).layerNorm(
      gain: gainRecurrent.variable)
    let gates = fromInput + fromState + bias.variable
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
    let shown = try cell.layerNorm(gain: gainCell.variable, bias: biasCell.variable)
    let hidden = o * shown.tanh()
    return (hidden, LSTMState(hidden: hidden, cell: cell))
  }

  public func gates(
    _ x: Variable, _ state: LSTMState
  ) throws(ShapeError) -> [(name: String, values: Variable)] {
    let (i, f, _, o) = try activations(x, state)
    return [("input", i), ("forget", f), ("output", o)]
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try body(parameterName(path, "weightInput"), &weightInput)
    try body(parameterName(path, "weightRecurrent"), &weightRecurrent)
    try body(parameterName(path, "bias"), &bias)
    try body(parameterName(path, "gainInput"), &gainInput)
    try body(parameterName(path, "gainRecurrent"), &gainRecurrent)
    try body(parameterName(path, "gainCell"), &gainCell)
    try body(parameterName(path, "biasCell"), &biasCell)
  }
}
