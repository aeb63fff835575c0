import UnrollCore
import UnrollData
import UnrollNetworks

/// A recurrent network that reads steps in both directions and gives one label, or some, to all of them.
///
///     x_t = w[token] + mean of p[pieces of the token]         of texts: `TokenFront`
///     x_t = frame, or tanh(W_e frame + b_e)                    of sequences: `FrameFront`
///     h_t = encoder(x_1 … x_T)_t                               in both directions: 2H features
///     y   = W_o · pooled over t of [h_t, x_t] + b_o            logits: `PooledHead`
struct ClassifyNetwork: Module {
  /// What a step is.
  enum Reader {
    case tokens(TokenFront)
    case frames(FrameFront)
  }

  let settings: ClassifierSettings
  var front: Reader
  var encoder: RecurrentEncoder
  var head: PooledHead

  /// What a network reads: ids below a bound, or frames of a width.
  enum Input: Equatable {
    case tokens(vocabulary: Int, pieces: Int)
    case frames(width: Int)
  }

  init(_ settings: ClassifierSettings, _ input: Input, labels: Int, using random: inout RandomSource) {
    self.settings = settings
    let features: Int
    switch input {
    case .tokens(let vocabulary, let pieces):
      let tokens = TokenFront(
        count: vocabulary, size: max(1, settings.embeddingSize), pieces: pieces,
        noise: TokenNoise(
          tokens: .uniform(Float(settings.tokenDropout)), replacement: SpecialToken.unknown.id,
          dropsForms: true),
        dropout: settings.dropout, using: &random)
      features = tokens.outputSize
      front = .tokens(tokens)
    case .frames(let width):
      let frames = FrameFront(
        inputSize: width, outputSize: settings.embeddingSize > 0 ? settings.embeddingSize : nil,
        dropout: settings.dropout, using: &random)
      features = frames.outputSize
      front = .frames(frames)
    }
    encoder = RecurrentEncoder(
      settings.cell, inputSize: features,
      hiddenSizes: Array(repeating: settings.hiddenSize, count: settings.layers),
      bidirectional: settings.bidirectional, dropout: settings.dropout,
      weightDropout: settings.weightDropout, using: &random)
    head = PooledHead(
      settings.pooling, features: encoder.outputSize,
      inputFeatures: settings.poolsInputs ? features : nil, outputs: labels,
      bidirectional: settings.bidirectional, dropout: settings.dropout, using: &random)
  }

  /// - Returns: `[B, C]`, in the order in which the examples were given.
  /// - Throws: `ShapeError` when the batch was made for another network.
  func callAsFunction(_ batch: ClassifyBatch, random: inout RandomSource?) throws(ShapeError) -> Variable {
    try logits(read(batch, random: &random), random: &random)
  }

  /// x, `[N, E]`.
  func read(_ batch: ClassifyBatch, random: inout RandomSource?) throws(ShapeError) -> PackedSequence {
    switch (front, batch) {
    case (.tokens(let front), .tokens(let tokens)): return try front(tokens, random: &random)
    case (.frames(let front), .frames(let frames)): return try front(frames, random: &random)
    case (.tokens, .frames(let frames)):
      throw ShapeError(place: "ClassifyNetwork", expected: "tokens", found: frames.rows.shape)
    case (.frames, .tokens(let tokens)):
      throw ShapeError(place: "ClassifyNetwork", expected: "frames", found: [tokens.ids.count])
    }
  }

  /// y of x.
  func logits(_ x: PackedSequence, random: inout RandomSource?) throws(ShapeError) -> Variable {
    try head(encoder(x, random: &random), inputs: settings.poolsInputs ? x : nil, random: &random)
  }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    switch front {
    case .tokens(var tokens):
      try tokens.forEachParameter(parameterName(path, "front"), body)
      front = .tokens(tokens)
    case .frames(var frames):
      try frames.forEachParameter(parameterName(path, "front"), body)
      front = .frames(frames)
    }
    try encoder.forEachParameter(parameterName(path, "encoder"), body)
    try head.forEachParameter(parameterName(path, "head"), body)
  }
}
