import UnrollCore

/// Long short-term memory whose output is a projection of its units (Sak, Senior and Beaufays 2014, section 2.2).
///
///     iₜ = σ(W_i xₜ + R_i hₜ₋₁ + b_i)        fₜ = σ(W_f xₜ + R_f hₜ₋₁ + b_f)
///     gₜ = tanh(W_g xₜ + R_g hₜ₋₁ + b_g)     oₜ = σ(W_o xₜ + R_o hₜ₋₁ + b_o)
///     cₜ = fₜ ⊙ cₜ₋₁ + iₜ ⊙ gₜ               hₜ = P (oₜ ⊙ tanh(cₜ))
///
/// Gate order i, f, g, o: W `[4C, I]`, R `[4C, H]`, b `[4C]`; P `[H, C]`. `x`: `[B, I]`; `h`: `[B, H]`;
/// `c`: `[B, C]`.
public struct ProjectedLSTMCell: RecurrentCell {
  public let inputSize: Int
  /// H, the number of features of an output: those of the projection.
  public let hiddenSize: Int
  /// C, the number of units with a memory.
  public let cellSize: Int
  public var weightInput: Parameter
  public var weightRecurrent: Parameter
  public var bias: Parameter
  /// P.
  public var projection: Parameter

  /// A cell with a forget-gate bias of 1.
  public init(inputSize: Int, hiddenSize: Int, cellSize: Int, using random: inout RandomSource) {
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    self.cellSize = cellSize
    weightInput = Parameter([4 * cellSize, inputSize]) {
      Initializer.glorot(gates: 4, hidden: cellSize, inputs: inputSize, using: &random)
    }
    weightRecurrent = Parameter([4 * cellSize, hiddenSize]) {
      Initializer.glorot(gates: 4, hidden: cellSize, inputs: hiddenSize, using: &random)
    }
    bias = Parameter([4 * cellSize]) { LSTMCell.initialBias(cellSize) }
    projection = Parameter([hiddenSize, cellSize]) {
      Initializer.glorot(outputs: hiddenSize, inputs: cellSize, using: &random)
    }
  }

  public func initialState(batch: Int) -> LSTMState {
    LSTMState(
      hidden: Variable(.zeros([batch, hiddenSize])), cell: Variable(.zeros([batch, cellSize])))
  }

  public func step(_ x: Variable, _ state: LSTMState) throws(ShapeError) -> (
    output: Variable, state: LSTMState
  ) {
    let gates =
      try x.linear(weightInput.variable, bias: bias.variable)
      + state.hidden.linear(weightRecurrent.variable)
    func gate(_ index: Int) -> Variable { gates.columns(index * cellSize..<(index + 1) * cellSize) }
    let (i, f, g, o) = (gate(0).sigmoid(), gate(1).sigmoid(), gate(2).tanh(), gate(3).sigmoid())
    let cell = f * state.cell + i * g
    let hidden = try (o * cell.tanh()).linear(projection.variable)
    return (hidden, LSTMState(hidden: hidden, cell: cell))
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try body(parameterName(path, "weightInput"), &weightInput)
    try body(parameterName(path, "weightRecurrent"), &weightRecurrent)
    try body(parameterName(path, "bias"), &bias)
    try body(parameterName(path, "projection"), &projection)
  }
}
