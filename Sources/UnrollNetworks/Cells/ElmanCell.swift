import UnrollCore

/// The simple recurrent cell (Elman 1990, "Finding Structure in Time").
///
///     hₜ = f(W xₜ + R hₜ₋₁ + b)        f = tanh or max(0, ·)
///
/// W `[H, I]`, R `[H, H]`, b `[H]`; `x`: `[B, I]`; `h`: `[B, H]`.
public struct ElmanCell: StandardCell {
  /// The function of an Elman cell.
  public enum Activation: String, Sendable, Codable, CaseIterable { case tanh, relu }

  public let inputSize: Int
  public let hiddenSize: Int
  /// f.
  public let activation: Activation
  public var weightInput: Parameter
  public var weightRecurrent: Parameter
  public var bias: Parameter

  /// A cell with tanh.
  public init(inputSize: Int, hiddenSize: Int, using random: inout RandomSource) {
    self.init(inputSize: inputSize, hiddenSize: hiddenSize, activation: .tanh, using: &random)
  }

  /// A cell with the given function.
  public init(
    inputSize: Int, hiddenSize: Int, activation: Activation, using random: inout RandomSource
  ) {
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    self.activation = activation
    weightInput = Parameter([hiddenSize, inputSize]) {
      Initializer.glorot(outputs: hiddenSize, inputs: inputSize, using: &random)
    }
    weightRecurrent = Parameter([hiddenSize, hiddenSize]) {
      Initializer.orthogonal(size: hiddenSize, using: &random)
    }
    bias = .zeros([hiddenSize])
  }

  public func step(_ x: Variable, _ state: HiddenState) throws(ShapeError) -> (
    output: Variable, state: HiddenState
  ) {
    let sum =
      try x.linear(weightInput.variable, bias: bias.variable)
      + state.hidden.linear(weightRecurrent.variable)
    let hidden = activation == .tanh ? sum.tanh() : sum.relu()
    return (hidden, HiddenState(hidden: hidden))
  }

  public func fused(
    _ x: Variable, initial: HiddenState, order: StepOrder
  ) throws(ShapeError) -> (outputs: Variable, final: HiddenState)? {
    let (states, final) = try Variable.fusedElman(
      x, weightInput: weightInput.variable, weightRecurrent: weightRecurrent.variable, bias: bias.variable,
      initial: initial.hidden, activation: activation == .tanh ? .tanh : .relu, order: order)
    return (states, HiddenState(hidden: final))
  }

  public func streaming(batch: Int) -> StreamingStep? {
    StreamingStep(
      .elman(activation == .tanh ? .tanh : .relu), weightInput: weightInput.value,
      weightRecurrent: weightRecurrent.value, bias: bias.value,
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

/// The Elman cell with f = max(0, ·), as a type of its own for stacking.
public struct ReLUElmanCell: StandardCell {
  public var cell: ElmanCell
  public var inputSize: Int { cell.inputSize }
  public var hiddenSize: Int { cell.hiddenSize }

  public init(inputSize: Int, hiddenSize: Int, using random: inout RandomSource) {
    cell = ElmanCell(inputSize: inputSize, hiddenSize: hiddenSize, activation: .relu, using: &random)
  }

  public func step(_ x: Variable, _ state: HiddenState) throws(ShapeError) -> (
    output: Variable, state: HiddenState
  ) { try cell.step(x, state) }

  public func fused(
    _ x: Variable, initial: HiddenState, order: StepOrder
  ) throws(ShapeError) -> (outputs: Variable, final: HiddenState)? {
    try cell.fused(x, initial: initial, order: order)
  }

  public func streaming(batch: Int) -> StreamingStep? { cell.streaming(batch: batch) }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows { try cell.forEachParameter(path, body) }
}
