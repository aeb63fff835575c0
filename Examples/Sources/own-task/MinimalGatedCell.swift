import Unroll

/// A cell of one's own: the minimal gated unit (Zhou, Wu, Zhang and Zhou 2016).
///
///     f  = σ(W_f x + R_f h + b_f)
///     h̃  = tanh(W x + R (f ⊙ h) + b)
///     h' = (1 − f) ⊙ h + f ⊙ h̃
///
/// All W `[H, I]`, all R `[H, H]`, all b `[H]`; x `[B, I]`, h `[B, H]`.
struct MinimalGatedCell: StandardCell {
  let inputSize: Int
  let hiddenSize: Int
  /// W_f with b_f, and W with b.
  var inputGate: Linear
  var inputCandidate: Linear
  /// R_f and R.
  var recurrentGate: Parameter
  var recurrentCandidate: Parameter

  init(inputSize: Int, hiddenSize: Int, using random: inout RandomSource) {
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    inputGate = Linear(inputSize: inputSize, outputSize: hiddenSize, using: &random)
    inputCandidate = Linear(inputSize: inputSize, outputSize: hiddenSize, using: &random)
    let shape: Shape = [hiddenSize, hiddenSize]
    recurrentGate = Parameter(shape) { Initializer.orthogonal(size: hiddenSize, using: &random) }
    recurrentCandidate = Parameter(shape) { Initializer.orthogonal(size: hiddenSize, using: &random) }
  }

  func step(
    _ x: Variable, _ state: HiddenState
  ) throws(ShapeError) -> (output: Variable, state: HiddenState) {
    let before = state.hidden
    let gate = try (inputGate(x) + before.linear(recurrentGate.variable)).sigmoid()
    let candidate = try (inputCandidate(x) + (gate * before).linear(recurrentCandidate.variable)).tanh()
    let hidden = before + gate * (candidate - before)
    return (hidden, HiddenState(hidden: hidden))
  }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try inputGate.forEachParameter(parameterName(path, "inputGate"), body)
    try inputCandidate.forEachParameter(parameterName(path, "inputCandidate"), body)
    try body(parameterName(path, "recurrentGate"), &recurrentGate)
    try body(parameterName(path, "recurrentCandidate"), &recurrentCandidate)
  }
}
