import UnrollCore

/// Vectors of tokens, from their ids and, on request, from how they are written:
///
///     x = k · [E[token] + mean of P[pieces]; c; f]
///     c = [forward's last; backward's first] of a bidirectional encoder over the token's characters
///     f = [F[feature 1]; F[feature 2]; …]
///
/// E `[count, size]`, P `[pieces, size]` (Bojanowski et al. 2017, "Enriching word vectors with subword information"),
/// characters after Ling et al. 2015 ("Finding function in form"), F `[features, featureSize]`. What is written of a token
/// is worked out once for each different form of a batch. While training, `noise` takes tokens for unknown and `dropout`
/// drops features of x.
public struct TokenFront: Front {
  /// E.
  public var table: Embedding
  /// P.
  public var pieces: Embedding?
  public var characters: CharacterEncoder?
  /// F, with the number of features of a form.
  public var features: Embedding?
  /// How many features each form has.
  public let featuresPerForm: Int
  /// k.
  public var scale: Double
  public var noise: TokenNoise
  public var dropout: Dropout

  /// Affixes, shapes and the like.
  public struct FeatureSizes: Sendable, Equatable {
    /// The number of different features.
    public var count: Int
    /// The number of numbers of one.
    public var size: Int
    /// How many each form has.
    public var perForm: Int

    public init(count: Int, size: Int, perForm: Int) {
      self.count = count
      self.size = size
      self.perForm = perForm
    }
  }

  /// A front with random tables.
  ///
  /// - Parameters:
  ///   - count: the number of different tokens.
  ///   - size: E's columns.
  ///   - deviation: of the numbers of E and P.
  ///   - pieces: the rows of P; 0: tokens are read as wholes.
  ///   - characters: the sizes of an encoder of characters; `nil`: none.
  ///   - features: `nil`: none.
  public init(
    count: Int, size: Int, deviation: Float = 0.1, pieces: Int = 0,
    characters: CharacterEncoder.Sizes? = nil, features: FeatureSizes? = nil, scale: Double = 1,
    noise: TokenNoise = .none, dropout: Float = 0, using random: inout RandomSource
  ) {
    table = Embedding(count: count, size: size, deviation: deviation, using: &random)
    self.pieces =
      pieces > 0 ? Embedding(count: pieces, size: size, deviation: deviation, using: &random) : nil
    self.characters = characters.map { CharacterEncoder($0, using: &random) }
    self.features = features.map { Embedding(count: $0.count, size: $0.size, using: &random) }
    featuresPerForm = features?.perForm ?? 0
    self.scale = scale
    self.noise = noise
    self.dropout = Dropout(rate: dropout)
  }

  public var outputSize: Int {
    table.size + (characters?.outputSize ?? 0) + featuresPerForm * (features?.size ?? 0)
  }

  public func callAsFunction(
    _ input: TokenBatch, random: inout RandomSource?
  ) throws(ShapeError) -> PackedSequence {
    let batch = noise(input, random: &random)
    var x = try table(batch.ids)
    if let pieces, !batch.forms.pieces.isEmpty {
      let layout = SequenceLayout(of: batch.forms.pieces)
      let mean = try pieces(layout.packing(batch.forms.pieces)).meanOverSteps(layout)
      x = x + mean.gather(batch.places)
    }
    if let looks = try looks(batch, random: &random) { x = .concatenated([x, looks], axis: -1) }
    if scale != 1 { x = x.affine(times: scale, plus: 0) }
    return PackedSequence(rows: dropout(x, random: &random), layout: batch.layout)
  }

  /// c and f of each token.
  private func looks(_ batch: TokenBatch, random: inout RandomSource?) throws(ShapeError) -> Variable? {
    guard characters != nil || features != nil else { return nil }
    guard batch.places.count == batch.ids.count else {
      throw ShapeError(
        place: "TokenFront", expected: "a form for each of \(batch.ids.count) tokens",
        found: [batch.places.count])
    }
    var parts: [Variable] = []
    if let characters { parts.append(try characters(batch.forms.characters, random: &random)) }
    if let features {
      let lists = batch.forms.features
      if let other = lists.first(where: { $0.count != featuresPerForm }) {
        throw ShapeError(
          place: "TokenFront.features", expected: "\(featuresPerForm) features of each form",
          found: [other.count])
      }
      let rows = try features(SequenceLayout.flattened(lists))
      parts.append(rows.reshaped(to: [lists.count, featuresPerForm * features.size]))
    }
    return Variable.concatenated(parts, axis: -1).gather(batch.places)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try table.forEachParameter(parameterName(path, "table"), body)
    try pieces?.forEachParameter(parameterName(path, "pieces"), body)
    try characters?.forEachParameter(parameterName(path, "characters"), body)
    try features?.forEachParameter(parameterName(path, "features"), body)
  }
}

/// A vector of a token from its characters: the states of two directions where each has read all of them.
public struct CharacterEncoder: Module {
  /// What an encoder is made of.
  public struct Sizes: Sendable, Equatable {
    /// The number of different characters.
    public var count: Int
    /// The numbers of a character's vector.
    public var size: Int
    /// H, the units of each direction.
    public var hidden: Int
    public var cell: CellKind
    /// Of the characters' vectors while training.
    public var dropout: Float

    public init(count: Int, size: Int, hidden: Int, cell: CellKind = .lstm, dropout: Float = 0) {
      self.count = count
      self.size = size
      self.hidden = hidden
      self.cell = cell
      self.dropout = dropout
    }
  }

  public var table: Embedding
  public var encoder: RecurrentEncoder
  private let pooling: SequencePooling
  public var dropout: Dropout

  public init(_ sizes: Sizes, using random: inout RandomSource) {
    table = Embedding(count: sizes.count, size: sizes.size, using: &random)
    encoder = RecurrentEncoder(
      sizes.cell, inputSize: sizes.size, hiddenSizes: [sizes.hidden], bidirectional: true, using: &random)
    pooling = SequencePooling(.last, features: 2 * sizes.hidden, bidirectional: true, using: &random)
    dropout = Dropout(rate: sizes.dropout)
  }

  /// 2H.
  public var outputSize: Int { encoder.outputSize }

  /// - Parameter forms: the ids of each form's characters; none give zeros.
  /// - Returns: `[forms, 2H]`.
  /// - Throws: `ShapeError` when an id is not in the table.
  public func callAsFunction(
    _ forms: [[Int32]], random: inout RandomSource?
  ) throws(ShapeError) -> Variable {
    let batch = TokenBatch(forms)
    let x = dropout(try table(batch.ids), random: &random)
    return try pooling(encoder(PackedSequence(rows: x, layout: batch.layout), random: &random))
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try table.forEachParameter(parameterName(path, "table"), body)
    try encoder.forEachParameter(parameterName(path, "encoder"), body)
  }
}
