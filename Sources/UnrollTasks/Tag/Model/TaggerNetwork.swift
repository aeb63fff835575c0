import UnrollCore
import UnrollNetworks

/// Reads a sentence in both directions and scores every tag for each of its words.
///
///     c = [forward's last; backward's first] of a bidirectional encoder over the word's characters
///     f = [F[prefix 1]; … ; F[suffix 1]; … ; F[shape]]
///     x = [W[word]; c; f]                      for each word
///     h = bidirectional encoder over x₁ … x_T
///     E = h Aᵀ + b                             the score of each tag
///
/// (Ling et al. 2015, "Finding function in form"; Lample et al. 2016, "Neural architectures for named entity
/// recognition", sections 2 and 4.) Characters and features are worked out once for each different word of a batch. One
/// mask a sentence drops inputs, and another outputs, of the encoder (Gal and Ghahramani 2016).
struct TaggerNetwork: Module {
  /// The numbers of different words, characters, features and tags.
  struct Sizes: Sendable, Equatable {
    let words: Int
    let characters: Int
    let features: Int
    let tags: Int
  }

  /// W `[words, wordSize]`.
  var words: Embedding
  var characters: CharacterEncoder?
  /// F `[features, featureSize]`.
  var features: Embedding?
  var encoder: AnyRecurrentNetwork
  /// A and b.
  var head: Linear
  /// `nil`: each tag is decided by itself.
  var field: ConditionalRandomField?
  let dropout: Float

  init(
    _ settings: TaggerSettings, _ sizes: Sizes, constraints: TagConstraints?, decision: TagDecision,
    using random: inout RandomSource
  ) {
    words = Embedding(count: sizes.words, size: settings.wordSize, using: &random)
    characters =
      settings.characterSize > 0 ? CharacterEncoder(settings, count: sizes.characters, using: &random) : nil
    let slots = settings.prefixes + settings.suffixes + 1
    features =
      settings.featureSize > 0
      ? Embedding(count: sizes.features, size: settings.featureSize, using: &random) : nil
    let width =
      settings.wordSize + (settings.characterSize > 0 ? 2 * settings.characterHidden : 0)
      + slots * settings.featureSize
    encoder = AnyRecurrentNetwork(
      settings.cell, inputSize: width, hiddenSize: settings.hiddenSize, layers: settings.layers,
      bidirectional: true, noise: RecurrentNoise(inputDropout: settings.dropout), using: &random)
    head = Linear(inputSize: 2 * settings.hiddenSize, outputSize: sizes.tags, using: &random)
    field =
      decision == .crf
      ? ConditionalRandomField(tagCount: sizes.tags, constraints: constraints, using: &random) : nil
    dropout = settings.dropout
  }

  /// The score of each tag for each word, packed as the batch is: `[N, tags]`.
  func emissions(_ batch: TaggerBatch, random: inout RandomSource?) throws(ShapeError) -> PackedSequence {
    var looks: [Variable] = []
    if let characters { looks.append(try characters(batch.forms.map(\.characters), random: &random)) }
    if let features {
      let rows = try features(batch.forms.flatMap(\.features))
      looks.append(rows.reshaped(to: [batch.forms.count, rows.shape.count / max(1, batch.forms.count)]))
    }
    var parts = [try words(batch.words)]
    if !looks.isEmpty { parts.append(Variable.concatenated(looks, axis: -1).gather(batch.places)) }
    let x = PackedSequence(rows: .concatenated(parts, axis: -1), layout: batch.layout)
    let (outputs, _) = try encoder(x, random: &random)
    return PackedSequence(
      rows: try head(dropped(outputs, random: &random)), layout: batch.layout)
  }

  /// One mask a sentence, the same for all of its words.
  private func dropped(_ x: PackedSequence, random: inout RandomSource?) -> Variable {
    guard dropout > 0, random != nil else { return x.rows }
    let mask = Dropout.mask(
      [x.layout.batch, x.rows.shape.columns], rate: dropout, precision: x.rows.value.precision,
      using: &random!)
    return x.rows * mask.gather(x.layout.counts.flatMap { (0..<Int32($0)) })
  }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try words.forEachParameter(parameterName(path, "words"), body)
    try characters?.forEachParameter(parameterName(path, "characters"), body)
    try features?.forEachParameter(parameterName(path, "features"), body)
    try encoder.forEachParameter(parameterName(path, "encoder"), body)
    try head.forEachParameter(parameterName(path, "head"), body)
    try field?.forEachParameter(parameterName(path, "field"), body)
  }
}

/// A vector for a word from its characters: the states of two directions where each has read all of them.
struct CharacterEncoder: Module {
  var table: Embedding
  var encoder: AnyRecurrentNetwork
  private let pooling: SequencePooling
  private let dropout: Dropout

  init(_ settings: TaggerSettings, count: Int, using random: inout RandomSource) {
    table = Embedding(count: count, size: settings.characterSize, using: &random)
    encoder = AnyRecurrentNetwork(
      settings.cell, inputSize: settings.characterSize, hiddenSize: settings.characterHidden,
      bidirectional: true, using: &random)
    pooling = SequencePooling(
      .last, features: 2 * settings.characterHidden, bidirectional: true, using: &random)
    // The vector of a word is dropped from again where it enters the sentence.
    dropout = Dropout(rate: settings.dropout / 3)
  }

  /// - Parameter words: the ids of each word's characters; none give zeros.
  /// - Returns: `[words, 2 · characterHidden]`.
  func callAsFunction(_ words: [[Int32]], random: inout RandomSource?) throws(ShapeError) -> Variable {
    let batch = TokenBatch(words)
    let x = try batch.embedded(by: table)
    let (outputs, _) = try encoder(
      PackedSequence(rows: dropout(x.rows, random: &random), layout: x.layout), random: &random)
    return try pooling(outputs)
  }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try table.forEachParameter(parameterName(path, "table"), body)
    try encoder.forEachParameter(parameterName(path, "encoder"), body)
  }
}
