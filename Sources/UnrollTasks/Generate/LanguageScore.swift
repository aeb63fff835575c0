import UnrollCore
import UnrollData
import UnrollNetworks

/// How surprised a language model is by a text.
public struct TextScore: Sendable {
  /// A token and how surprising it was after those before it.
  public struct Token: Sendable, Equatable {
    public let id: Int32
    /// What it stands for.
    public let text: String
    /// −ln p(token | all before).
    public let nats: Float
  }

  /// Each token in order; empty where only the sum was asked for.
  public internal(set) var tokens: [Token] = []
  /// The number of tokens.
  public internal(set) var tokenCount = 0
  /// How many of them the vocabulary lacks; each counts as one unknown token, whatever it is.
  public internal(set) var unknownCount = 0
  /// The number of characters of the text.
  public internal(set) var characterCount = 0
  /// Σ −ln p over all tokens.
  public internal(set) var totalNats = 0.0

  /// The cross-entropy in nats.
  public var natsPerToken: Double { tokenCount == 0 ? .nan : totalNats / Double(tokenCount) }
  /// e^(nats per token): as if that many tokens were equally likely each time.
  public var perplexity: Double {
    LanguageModelMetrics.perplexity(totalNats: totalNats, tokens: tokenCount)
  }
  /// The cross-entropy in bits by characters, so that models of different tokens compare.
  public var bitsPerCharacter: Double {
    LanguageModelMetrics.bitsPerCharacter(totalNats: totalNats, characters: characterCount)
  }
}

extension LanguageModel {
  /// How surprising each token of a text is after those before it. Of what comes before the text nothing is known.
  ///
  /// The score of a text without tokens has none; its averages are not numbers.
  ///
  /// - Throws: `ShapeError`, never for a model that was trained or loaded.
  public func score(_ text: String) throws -> TextScore {
    var score = TextScore()
    var scorer = LanguageScorer(self)
    try scorer.add(tokenizer.encode(text)) { score.add($0, $1, tokenizer, keeping: true) }
    score.characterCount = CharacterTokenizer.count(text)
    return score
  }

  /// The score of a file of UTF-8 text, read piece by piece, with the state carried over all of it.
  ///
  /// - Parameters:
  ///   - adapting: goes on learning from what was scored; `nil`: the model stays as it is.
  ///   - onToken: takes each token, where they are wanted.
  ///   - shouldStop: asked now and then; what was read by then is scored.
  /// - Throws: `DataError` when the file is no text, `LanguageError.emptyText` when there is no token in it.
  public func score(
    contentsOf path: String, adapting: LanguageAdaptation? = nil, onToken: ((TextScore.Token) -> Void)? = nil,
    shouldStop: () -> Bool = { false }
  ) throws -> TextScore {
    var score = TextScore()
    var scorer = LanguageScorer(self)
    var learner = adapting.map { AdaptingScorer(self, $0) }
    func take(_ id: Int32, _ nats: Float) {
      score.add(id, nats, tokenizer, keeping: false)
      if let onToken { onToken(TextScore.Token(id, nats, tokenizer)) }
    }
    var reader = try TextChunkReader(path: path, chunkSize: 1 << 14)
    while !shouldStop(), let piece = try reader.next() {
      let tokens = tokenizer.encode(piece)
      if learner == nil { try scorer.add(tokens, take) } else { try learner?.add(tokens, take) }
      score.characterCount += CharacterTokenizer.count(piece)
    }
    try learner?.finish(take)
    guard score.tokenCount > 0 else { throw LanguageError.emptyText(place: path) }
    return score
  }
}

extension TextScore {
  /// Counts a token.
  fileprivate mutating func add(_ id: Int32, _ nats: Float, _ tokenizer: any Tokenizer, keeping: Bool) {
    tokenCount += 1
    if id == SpecialToken.unknown.id { unknownCount += 1 }
    totalNats += Double(nats)
    if keeping { tokens.append(Token(id, nats, tokenizer)) }
  }
}

extension TextScore.Token {
  fileprivate init(_ id: Int32, _ nats: Float, _ tokenizer: any Tokenizer) {
    self.init(id: id, text: tokenizer.decode([id]), nats: nats)
  }
}

/// Scores tokens as they come, window by window, with the state carried over.
package struct LanguageScorer {
  private let network: LanguageNetwork
  private var state: LanguageState?
  /// The token that is read next.
  private var last = SpecialToken.begin.id
  /// How many steps are computed together; the bits do not depend on it.
  private let window: Int

  /// - Parameter window: `nil`: 256, or fewer where the scores of a large vocabulary would fill memory.
  package init(_ model: LanguageModel, window: Int? = nil) {
    network = model.network
    self.window = max(1, window ?? min(256, (4 << 20) / model.tokenizer.vocabularySize))
  }

  /// Calls `body` with each token and −ln of its probability.
  package mutating func add(_ tokens: [Int32], _ body: (_ id: Int32, _ nats: Float) -> Void) throws {
    for start in stride(from: 0, to: tokens.count, by: window) {
      let targets = Array(tokens[start..<min(start + window, tokens.count)])
      let inputs = [last] + targets.dropLast()
      var none: RandomSource?
      let (features, next) = try network.features(
        TokenBatch([inputs]), state: state, random: &none)
      state = next
      last = targets[targets.count - 1]
      for (id, nats) in zip(targets, try network.losses(features, targets)) { body(id, nats) }
    }
  }
}
