import UnrollCore
import UnrollNetworks

/// The states of all layers of a language model's streams, by layer and part of the state, each `[B, H]`.
typealias LanguageState = [AnyRecurrentNetwork.State]

/// A language model's layers: a table of token vectors, recurrent layers, and an output.
///
///     xₜ = E[tokenₜ]         hₜ = recurrent layers(xₜ, hₜ₋₁)         p(tokenₜ₊₁) = softmax(W hₜ + b)
///
/// With tied weights W is E, and with an adaptive softmax the output is an `AdaptiveSoftmax`.
struct LanguageNetwork: Module {
  var front: TokenFront
  var encoder: RecurrentEncoder
  var head: NextStepHead

  init(_ settings: LanguageSettings, vocabularySize: Int, using random: inout RandomSource) {
    front = TokenFront(count: vocabularySize, size: settings.embeddingSize, using: &random)
    encoder = RecurrentEncoder(
      settings.cell == .lstm ? .lstm : .gru, inputSize: settings.embeddingSize,
      hiddenSizes: settings.layerSizes,
      noise: [
        RecurrentNoise(inputDropout: settings.inputDropout),
        RecurrentNoise(inputDropout: settings.layerDropout),
      ], outputDropout: settings.outputDropout, weightDropout: settings.weightDropout, using: &random)
    let kind: NextStepHead.Kind =
      settings.softmax == .adaptive ? .adaptive : settings.tiesWeights ? .tied : .full
    head = NextStepHead(kind, features: encoder.outputSize, count: vocabularySize, using: &random)
  }

  /// What the output reads at each step.
  ///
  /// - Parameters:
  ///   - tokens: of each stream.
  ///   - state: before the first step, of streams as they were given; `nil`: zeros.
  ///   - random: randomness for dropout when training.
  /// - Returns: features `[N, H]`, and the state after each stream's last step, cut from the computation that made it.
  func features(
    _ tokens: TokenBatch, state: LanguageState?, random: inout RandomSource?
  ) throws(ShapeError) -> (features: Variable, state: LanguageState) {
    let x = try front(tokens, random: &random)
    let (outputs, final) = try encoder.run(x, state: state, random: &random)
    return (outputs.rows, final.map { $0.map(\.detached) })
  }

  /// Σ −ln p(label) over all rows.
  func loss(_ features: Variable, _ labels: [Int32]) throws(ShapeError) -> LossSum {
    try head.loss(features, labels, table: front.table)
  }

  /// −ln p(label) of each row: the same bits for a row by itself and among others.
  func losses(_ features: Variable, _ labels: [Int32]) throws(ShapeError) -> [Float] {
    try head.losses(features, labels, table: front.table)
  }

  /// What a softmax makes probabilities of, `[N, V]`.
  func logits(_ features: Variable) throws(ShapeError) -> Variable {
    try head.logits(features, table: front.table)
  }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try front.forEachParameter(parameterName(path, "front"), body)
    try encoder.forEachParameter(parameterName(path, "encoder"), body)
    try head.forEachParameter(parameterName(path, "head"), body)
  }
}
