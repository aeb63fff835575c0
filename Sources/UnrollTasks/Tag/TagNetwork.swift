import UnrollCore
import UnrollNetworks

/// Reads a sentence in both directions and scores every tag for each of its words.
///
///     x = [W[word]; characters; affixes and shape]      for each word: `TokenFront`
///     h = bidirectional encoder over x₁ … x_T
///     e = h Aᵀ + b                                      the score of each tag: `StepHead`
///
/// (Lample et al. 2016, "Neural architectures for named entity recognition", sections 2 and 4.) One mask a sentence drops
/// inputs, and another outputs, of the encoder (Gal and Ghahramani 2016).
public struct TagNetwork: Module {
  /// The numbers of different words, characters, features and tags.
  struct Sizes: Sendable, Equatable {
    let words: Int
    let characters: Int
    let features: Int
    let tags: Int
  }

  var front: TokenFront
  var encoder: RecurrentEncoder
  var head: StepHead

  init(
    _ settings: TagSettings, _ sizes: Sizes, constraints: TagConstraints?, decision: TagDecision,
    using random: inout RandomSource
  ) {
    let network = settings.network
    front = TokenFront(
      count: sizes.words, size: settings.embeddingSize,
      characters: settings.characterSize > 0
        ? CharacterEncoder.Sizes(
          count: sizes.characters, size: settings.characterSize, hidden: settings.characterHidden,
          // The vector of a word is dropped from again where it enters the sentence.
          cell: network.cell, dropout: network.dropout / 3) : nil,
      features: settings.featureSize > 0
        ? TokenFront.FeatureSizes(
          count: sizes.features, size: settings.featureSize,
          perForm: settings.prefixes + settings.suffixes + 1) : nil,
      using: &random)
    encoder = RecurrentEncoder(
      network.cell, inputSize: front.outputSize,
      hiddenSizes: Array(repeating: network.hiddenSize, count: network.layers), bidirectional: true,
      noise: [RecurrentNoise(inputDropout: network.dropout)], outputDropout: network.dropout,
      weightDropout: network.weightDropout, using: &random)
    switch decision {
    case .crf:
      head = StepHead(
        features: encoder.outputSize, labels: sizes.tags, constraints: constraints, using: &random)
    case .softmax: head = StepHead(features: encoder.outputSize, labels: sizes.tags, using: &random)
    }
  }

  /// The score of each tag for each word, packed as the batch is: `[N, tags]`.
  func emissions(_ batch: TokenBatch, random: inout RandomSource?) throws(ShapeError) -> PackedSequence {
    try head(encoder(front(batch, random: &random), random: &random))
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try front.forEachParameter(parameterName(path, "front"), body)
    try encoder.forEachParameter(parameterName(path, "encoder"), body)
    try head.forEachParameter(parameterName(path, "head"), body)
  }
}
