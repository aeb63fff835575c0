import UnrollCore
import UnrollNetworks

/// The weights of one direction of a recurrent node, with the gates in this library's order.
struct RecurrentNodeWeights: Sendable {
  /// W `[G·H, I]`.
  let input: Variable
  /// R `[G·H, H]`.
  let recurrent: Variable
  /// Wb `[G·H]`.
  let inputBias: Variable
  /// Rb `[G·H]`.
  let recurrentBias: Variable
  /// p `[3, H]` for i, f, o.
  let peephole: Variable?

  var hiddenSize: Int { recurrent.shape[1] }
  var inputSize: Int { input.shape[1] }
  var bias: Variable { inputBias + recurrentBias }
}

/// A cell of ONNX whose functions are free. It runs and does not train: it has no parameters.
protocol GeneralCell: RecurrentCell {
  var weights: RecurrentNodeWeights { get }
}

extension GeneralCell {
  var inputSize: Int { weights.inputSize }
  var hiddenSize: Int { weights.hiddenSize }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {}

  /// The columns of a gate.
  func gate(_ index: Int, _ sum: Variable) -> Variable {
    sum.columns(index * hiddenSize..<(index + 1) * hiddenSize)
  }
}

/// The RNN of ONNX with any function and a bound before it.
///
///     hₜ = f(clip(W xₜ + R hₜ₋₁ + Wb + Rb))
struct GeneralElmanCell: GeneralCell {
  let weights: RecurrentNodeWeights
  let function: ONNXActivation
  let clip: GateClip

  func step(_ x: Variable, _ state: HiddenState) throws(ShapeError) -> (output: Variable, state: HiddenState)
  {
    let sum = try x.linear(weights.input, bias: weights.bias) + state.hidden.linear(weights.recurrent)
    let hidden = function(clip(sum))
    return (hidden, HiddenState(hidden: hidden))
  }
}

/// The GRU of ONNX with any functions and a bound before each.
///
///     rₜ = f(clip(W_r xₜ + R_r hₜ₋₁ + Wb_r + Rb_r))        zₜ = f(clip(W_z xₜ + R_z hₜ₋₁ + Wb_z + Rb_z))
///     nₜ = g(clip(W_n xₜ + R_n (rₜ ⊙ hₜ₋₁) + Rb_n + Wb_n))              resetting before the product
///     nₜ = g(clip(W_n xₜ + rₜ ⊙ (R_n hₜ₋₁ + Rb_n) + Wb_n))              resetting after it
///     hₜ = (1 − zₜ) ⊙ nₜ + zₜ ⊙ hₜ₋₁
///
/// Gate order r, z, n.
struct GeneralGRUCell: GeneralCell {
  let weights: RecurrentNodeWeights
  /// f and g.
  let functions: [ONNXActivation]
  let clip: GateClip
  let resetsAfter: Bool

  func step(_ x: Variable, _ state: HiddenState) throws(ShapeError) -> (output: Variable, state: HiddenState)
  {
    let h = hiddenSize
    let fromInput = try x.linear(weights.input, bias: weights.inputBias)
    let fromState = try state.hidden.linear(
      weights.recurrent.rows(0..<2 * h),
      bias: weights.recurrentBias.reshaped(to: [1, 3 * h]).columns(0..<2 * h))
    let r = functions[0](clip(gate(0, fromInput) + gate(0, fromState)))
    let z = functions[0](clip(gate(1, fromInput) + gate(1, fromState)))
    let recurrent = weights.recurrent.rows(2 * h..<3 * h)
    let bias = weights.recurrentBias.reshaped(to: [1, 3 * h]).columns(2 * h..<3 * h)
    let candidate =
      resetsAfter
      ? r * (try state.hidden.linear(recurrent, bias: bias))
      : try (r * state.hidden).linear(recurrent, bias: bias)
    let n = functions[1](clip(gate(2, fromInput) + candidate))
    let hidden = (1 - z) * n + z * state.hidden
    return (hidden, HiddenState(hidden: hidden))
  }
}

/// The LSTM of ONNX with any functions and a bound before those of the gates.
///
///     iₜ = f(clip(W_i xₜ + R_i hₜ₋₁ + p_i ⊙ cₜ₋₁ + Wb_i + Rb_i))
///     fₜ = f(clip(W_f xₜ + R_f hₜ₋₁ + p_f ⊙ cₜ₋₁ + Wb_f + Rb_f)), or 1 − iₜ where the two are coupled
///     cₜ = fₜ ⊙ cₜ₋₁ + iₜ ⊙ g(clip(W_g xₜ + R_g hₜ₋₁ + Wb_g + Rb_g))
///     oₜ = f(clip(W_o xₜ + R_o hₜ₋₁ + p_o ⊙ cₜ + Wb_o + Rb_o))
///     hₜ = oₜ ⊙ h(cₜ)
///
/// Gate order i, f, g, o. The memory is not bounded before h: ONNX Runtime computes it so.
struct GeneralLSTMCell: GeneralCell {
  let weights: RecurrentNodeWeights
  /// f, g and h.
  let functions: [ONNXActivation]
  let clip: GateClip
  let couplesForget: Bool

  func step(_ x: Variable, _ state: LSTMState) throws(ShapeError) -> (output: Variable, state: LSTMState) {
    let sum = try x.linear(weights.input, bias: weights.bias) + state.hidden.linear(weights.recurrent)
    func seen(_ index: Int, _ cell: Variable, peephole: Int) -> Variable {
      guard let weights = weights.peephole else { return gate(index, sum) }
      return gate(index, sum) + cell * weights.rows(peephole..<peephole + 1).reshaped(to: [hiddenSize])
    }
    let i = functions[0](clip(seen(0, state.cell, peephole: 0)))
    let f = couplesForget ? 1 - i : functions[0](clip(seen(1, state.cell, peephole: 1)))
    let cell = f * state.cell + i * functions[1](clip(gate(2, sum)))
    let o = functions[0](clip(seen(3, cell, peephole: 2)))
    let hidden = o * functions[2](cell)
    return (hidden, LSTMState(hidden: hidden, cell: cell))
  }
}
