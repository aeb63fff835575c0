import UnrollCore

/// A model that gives one token after another, for several rows at once: what greedy, beam and sampling search run on.
///
/// A decoder is in the middle of its rows: `step` reads one more token of each, and `select` says which rows go on. A
/// translator's rows are hypotheses of sources; a language model's are texts.
public protocol StepDecoder {
  /// Goes on with other rows: row r continues what row `rows[r]` read. Rows may be left out, repeated and reordered.
  mutating func select(_ rows: [Int])

  /// Reads a token a row and scores what comes next.
  ///
  /// - Throws: `ShapeError` when there are not as many tokens as rows.
  mutating func step(_ tokens: [Int32]) throws(ShapeError) -> DecoderStep
}

/// What a decoder gives at a step.
public struct DecoderStep: Sendable {
  /// For each row and token what a softmax makes probabilities of, `[rows, V]`, or log-probabilities already; V may go
  /// beyond the vocabulary by tokens that are copied.
  public let scores: Tensor
  /// Whether scores are log-probabilities.
  public let isNormalized: Bool
  /// The share of attention that each step of a row's source got, `[rows, S]`, where there is attention.
  public let attention: Tensor?

  public init(scores: Tensor, isNormalized: Bool = false, attention: Tensor? = nil) {
    self.scores = scores
    self.isNormalized = isNormalized
    self.attention = attention
  }

  /// ln p, `[rows, V]`.
  public var logProbabilities: Tensor {
    (isNormalized ? scores : Variable(scores).logSoftmax().value).converted(to: .single)
  }

  /// p, `[rows, V]`.
  var probabilities: Variable { isNormalized ? Variable(scores).exp() : Variable(scores).softmax() }
}

/// What a search never chooses.
public struct DecodingConstraints: Sendable, Equatable, Codable {
  /// Tokens that are never chosen.
  public var banned: [Int32]
  /// n: no n tokens occur in a row twice; 0: they may.
  public var noRepeat: Int

  public init(banned: [Int32] = [], noRepeat: Int = 0) {
    self.banned = banned
    self.noRepeat = noRepeat
  }

  /// Everything may be chosen.
  public static let none = DecodingConstraints()

  /// Calls `body` with each token that must not follow.
  func forEachForbidden(after tokens: [Int32], _ body: (Int32) -> Void) {
    banned.forEach(body)
    let n = noRepeat
    guard n > 0, tokens.count >= n else { return }
    let last = tokens[(tokens.count - n + 1)...]
    for start in 0...(tokens.count - n) where tokens[start..<start + n - 1].elementsEqual(last) {
      body(tokens[start + n - 1])
    }
  }

  /// Sets the scores of what must not follow the tokens of each row to −∞.
  func apply(to scores: inout Tensor, after rows: [[Int32]]) {
    guard !banned.isEmpty || noRepeat > 0 else { return }
    let columns = scores.shape.columns
    scores.withUnsafeMutableElements { elements in
      for (row, tokens) in rows.enumerated() {
        forEachForbidden(after: tokens) { token in
          if token >= 0, token < columns { elements[row * columns + Int(token)] = -.infinity }
        }
      }
    }
  }
}

/// Several decoders as one: the mean of their probabilities at each step. Attention is the first's.
public struct EnsembleDecoder<Member: StepDecoder>: StepDecoder {
  public private(set) var members: [Member]

  /// - Parameter members: of one vocabulary and the same rows; at least one.
  public init(_ members: [Member]) {
    precondition(!members.isEmpty, "an ensemble has at least one member")
    self.members = members
  }

  public mutating func select(_ rows: [Int]) { for index in members.indices { members[index].select(rows) } }

  public mutating func step(_ tokens: [Int32]) throws(ShapeError) -> DecoderStep {
    let first = try members[0].step(tokens)
    guard members.count > 1 else { return first }
    var sum = first.probabilities
    for index in members.indices.dropFirst() {
      let other = try members[index].step(tokens)
      guard other.scores.shape == first.scores.shape else {
        throw ShapeError(
          place: "EnsembleDecoder", expected: "\(first.scores.shape) scores of each member",
          found: other.scores.shape)
      }
      sum = sum + other.probabilities
    }
    let mean = sum.affine(times: 1 / Double(members.count), plus: 0)
    return DecoderStep(scores: mean.log().value, isNormalized: true, attention: first.attention)
  }
}

extension TokenSampler {
  /// Draws tokens one after another from a decoder of one row; with a temperature of 0, the likeliest each time.
  ///
  /// - Parameters:
  ///   - decoder: has read what comes before `first`.
  ///   - first: the token to go on after, which was not read yet.
  ///   - end: a token that ends the sequence, which does not hold it; `nil`: none does.
  ///   - limit: the most tokens to draw.
  ///   - before: tokens that were read before `first`, where `constraints` shall know of them.
  ///   - onToken: takes each token as it is drawn, and says whether to go on.
  /// - Throws: `ShapeError` when the decoder has other rows than one.
  @discardableResult
  public func callAsFunction<Decoder: StepDecoder>(
    _ decoder: inout Decoder, after first: Int32, end: Int32? = nil, limit: Int,
    constraints: DecodingConstraints = .none, before: [Int32] = [], using random: inout RandomSource,
    onToken: (Int32) -> Bool = { _ in true }
  ) throws(ShapeError) -> [Int32] {
    var tokens: [Int32] = []
    var last = first
    for _ in 0..<max(0, limit) {
      var scores = try decoder.step([last]).scores.converted(to: .single)
      let read = constraints.noRepeat > 0 ? before + [first] + tokens : []
      constraints.apply(to: &scores, after: [read])
      last = Int32(scores.withUnsafeElements { self($0, using: &random) })
      if last == end { break }
      tokens.append(last)
      guard onToken(last) else { break }
    }
    return tokens
  }
}
