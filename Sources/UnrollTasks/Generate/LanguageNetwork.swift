import UnrollCore
import UnrollData
import UnrollNetworks

/// The states of all layers of a language model's streams, by layer and part of the state, each `[B, H]`.
typealias LanguageState = [AnyRecurrentNetwork.State]

/// One to many: a table of token vectors, recurrent layers, and an output.
///
///     xₜ = E[tokenₜ]         hₜ = recurrent layers(xₜ, hₜ₋₁)         p(tokenₜ₊₁) = softmax(W hₜ + b)
///
/// With tied weights W is E, and with an adaptive softmax the output is an `AdaptiveSoftmax`.
public struct LanguageNetwork: Module {
  var front: TokenFront
  var encoder: RecurrentEncoder
  var head: NextStepHead

  init(_ settings: GenerateSettings, vocabularySize: Int, using random: inout RandomSource) {
    let network = settings.network
    front = TokenFront(count: vocabularySize, size: settings.tokens.embeddingSize, using: &random)
    encoder = RecurrentEncoder(
      network.cell, inputSize: settings.tokens.embeddingSize, hiddenSizes: settings.layerSizes,
      noise: [
        RecurrentNoise(inputDropout: settings.inputDropout), RecurrentNoise(inputDropout: network.dropout),
      ], outputDropout: network.dropout, weightDropout: network.weightDropout, using: &random)
    let kind: NextStepHead.Kind = settings.softmax == .adaptive ? .adaptive : settings.tied ? .tied : .full
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

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try front.forEachParameter(parameterName(path, "front"), body)
    try encoder.forEachParameter(parameterName(path, "encoder"), body)
    try head.forEachParameter(parameterName(path, "head"), body)
  }
}

/// A language model that reads one token at a time and keeps its state.
///
/// What it says of the next token has the same bits as what the network says of a whole sequence.
package final class LanguageStream {
  private let network: LanguageNetwork
  private let session: AnyStreamingSession
  private var features: Tensor
  private let table: [Float]
  private let width: Int

  /// A stream that has read the token that says that nothing is known of what came before.
  package init(_ model: LanguageModel) throws(ShapeError) {
    network = model.networks[0]
    width = network.front.table.size
    table = network.front.table.weight.value.elements
    session = try network.encoder.network.streaming()
    features = .zeros([1, session.outputSize])
    read(SpecialToken.begin.id)
  }

  /// Reads a token.
  ///
  /// - Parameter id: a token of the model's tokenizer.
  package func read(_ id: Int32) {
    features = Tensor(
      session.step(Array(table[Int(id) * width..<(Int(id) + 1) * width])), shape: features.shape)
  }

  /// What a softmax over all tokens makes probabilities of the next one of.
  func logits() throws(ShapeError) -> Tensor { try network.logits(Variable(features)).value }

  /// −ln p of a token that might come next.
  package func loss(_ id: Int32) throws(ShapeError) -> Float {
    try network.losses(Variable(features), [id])[0]
  }
}
