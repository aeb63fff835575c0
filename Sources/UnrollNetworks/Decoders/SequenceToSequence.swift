import UnrollCore

/// From tokens to tokens (Sutskever, Vinyals and Le 2014; with attention Bahdanau, Cho and Bengio 2015):
///
///     v = front(source)        x = encoder(v)        p(target) = decoder over the memory x, with v as its lexicon
///
/// Both sides may share one table of vectors: then the source is read through the decoder's front.
public struct SequenceToSequence: Module {
  /// `nil`: the decoder's.
  public var source: TokenFront?
  public var encoder: RecurrentEncoder
  public var decoder: AttentionDecoder

  /// - Parameters:
  ///   - source: `nil`: the decoder's front reads the source, too.
  ///   - encoder: reads what the front gives.
  ///   - decoder: its memory is what the encoder gives; its lexicon, if it has one, what the front gives.
  public init(source: TokenFront?, encoder: RecurrentEncoder, decoder: AttentionDecoder) {
    self.source = source
    self.encoder = encoder
    self.decoder = decoder
  }

  /// Reads sources.
  ///
  /// - Parameter copying: with a decoder that copies: the numbers of the sources' tokens.
  /// - Throws: `ShapeError` when a token is not in the table.
  public func memory(
    _ tokens: TokenBatch, copying: CopySource? = nil, random: inout RandomSource?
  ) throws(ShapeError) -> DecoderMemory {
    let vectors = try (source ?? decoder.front)(tokens, random: &random)
    let encoded = try encoder(vectors, random: &random)
    return try decoder.memory(
      encoded, vectors: decoder.configuration.lexiconSize == nil ? nil : vectors, source: copying,
      random: &random)
  }

  /// Σ over the tokens of targets of −ln p; see `AttentionDecoder.loss`.
  ///
  /// - Throws: `ShapeError` when there are not as many targets as sources.
  public func loss(
    _ tokens: TokenBatch, _ targets: DecoderTargets, copying: CopySource? = nil,
    _ options: AttentionDecoder.LossOptions = .init(), random: inout RandomSource?
  ) throws(ShapeError) -> LossSum {
    let memory = try memory(tokens, copying: copying, random: &random)
    return try decoder.loss(targets, memory, options, random: &random)
  }

  /// What a search runs on: a row for each source.
  ///
  /// - Throws: `ShapeError` when a token is not in the table.
  public func stepDecoder(
    _ tokens: TokenBatch, copying: CopySource? = nil
  ) throws(ShapeError) -> AttentionStepDecoder {
    var none: RandomSource?
    return AttentionStepDecoder(decoder, try memory(tokens, copying: copying, random: &none))
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try source?.forEachParameter(parameterName(path, "source"), body)
    try encoder.forEachParameter(parameterName(path, "encoder"), body)
    try decoder.forEachParameter(parameterName(path, "decoder"), body)
  }
}
