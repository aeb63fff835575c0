import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// How surprising a text is to a language model.
public struct TextScore: Sendable, Codable, Equatable {
  /// A token and how surprising it was after those before it.
  public struct Token: Sendable, Codable, Equatable {
    /// What it stands for.
    public let token: String
    /// −ln p(token | all before).
    public let nats: Float

    init(_ id: Int32, _ nats: Float, _ tokenizer: any Tokenizer) {
      token = tokenizer.decode([id])
      self.nats = nats
    }
  }

  /// Each token in order; empty where only the sum was asked for.
  public internal(set) var tokens: [Token] = []
  public internal(set) var tokenCount = 0
  /// How many of them the vocabulary lacks; each counts as one unknown token, whatever it is.
  public internal(set) var unknownCount = 0
  public internal(set) var characterCount = 0
  /// Σ −ln p over all tokens.
  public internal(set) var nats = 0.0

  /// The cross-entropy in nats; NaN of no tokens, as are those that follow.
  public var natsPerToken: Double { tokenCount == 0 ? .nan : nats / Double(tokenCount) }
  /// e^(nats per token): as if that many tokens were equally likely each time.
  public var perplexity: Double { LanguageModelMetrics.perplexity(totalNats: nats, tokens: tokenCount) }
  /// The cross-entropy in bits by characters, so that models of different tokens compare.
  public var bitsPerCharacter: Double {
    LanguageModelMetrics.bitsPerCharacter(totalNats: nats, characters: characterCount)
  }

  private enum CodingKeys: String, CodingKey {
    case tokens, tokenCount, unknownCount, characterCount, nats, natsPerToken, perplexity, bitsPerCharacter
  }

  init() {}

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    tokens = try values.decode([Token].self, forKey: .tokens)
    tokenCount = try values.decode(Int.self, forKey: .tokenCount)
    unknownCount = try values.decode(Int.self, forKey: .unknownCount)
    characterCount = try values.decode(Int.self, forKey: .characterCount)
    nats = try values.decode(Double.self, forKey: .nats)
  }

  /// What follows from the sums stands beside them, where it is a number.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(tokens, forKey: .tokens)
    try values.encode(tokenCount, forKey: .tokenCount)
    try values.encode(unknownCount, forKey: .unknownCount)
    try values.encode(characterCount, forKey: .characterCount)
    try values.encode(nats, forKey: .nats)
    for (key, value) in [
      (CodingKeys.natsPerToken, natsPerToken), (.perplexity, perplexity),
      (.bitsPerCharacter, bitsPerCharacter),
    ] where value.isFinite { try values.encode(value, forKey: key) }
  }

  /// A line for each token, and the mean.
  var shown: String {
    let lines = tokens.map { "\(quoted($0.token))\t\(NumberText.decimal(Double($0.nats), places: 4))" }
    return (lines + ["\(NumberText.decimal(natsPerToken, places: 4)) nats per token"]).joined(separator: "\n")
  }

  mutating func add(_ id: Int32, _ nats: Float) {
    tokenCount += 1
    if id == SpecialToken.unknown.id { unknownCount += 1 }
    self.nats += Double(nats)
  }

  func report(_ kind: TokenKind) -> ScoreReport {
    ScoreReport([
      .init("cross-entropy", natsPerToken, unit: "nats per token"),
      .init("bits per character", bitsPerCharacter), .init("perplexity", perplexity, unit: "per token"),
      .init(
        "tokens", Double(tokenCount), unit: kind.rawValue,
        note: unknownCount > 0 ? "\(unknownCount) of them not in the vocabulary" : nil),
      .init("characters", Double(characterCount)),
    ])
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
    network = model.networks[0]
    self.window = max(1, window ?? min(256, (4 << 20) / model.tokenizer.vocabularySize))
  }

  /// Calls `body` with each token and −ln of its probability.
  package mutating func add(_ tokens: [Int32], _ body: (_ id: Int32, _ nats: Float) -> Void) throws {
    for start in stride(from: 0, to: tokens.count, by: window) {
      let targets = Array(tokens[start..<min(start + window, tokens.count)])
      var none: RandomSource?
      let (features, next) = try network.features(
        TokenBatch([[last] + targets.dropLast()]), state: state, random: &none)
      state = next
      last = targets[targets.count - 1]
      for (id, nats) in zip(targets, try network.losses(features, targets)) { body(id, nats) }
    }
  }
}

/// Dynamic evaluation: a model goes on learning from the text that it scores, each token only after it was scored
/// (Krause et al. 2018, "Dynamic evaluation of neural sequence models", sections 3 and 4).
///
///     θ ← θ − η ∇L(window) + λ (θ₀ − θ)
///
/// θ₀ are the trained weights: what is learned of this text fades with λ. The gradient's norm is bounded by 1.
public struct DynamicEvaluation: Sendable, Equatable {
  /// η, the rate for the mean loss of a window.
  public var rate: Float = 0.5
  /// λ, the share of the way back to the trained weights at each window.
  public var decay = 0.001
  /// The tokens that are scored between two steps.
  public var window = 64

  public init() {}
}

/// Scores tokens window by window, and learns from each window once it is scored.
struct DynamicScorer {
  private var network: LanguageNetwork
  private let trained: [Tensor]
  private var optimizer: SGD
  private let settings: DynamicEvaluation
  private var state: LanguageState?
  private var last = SpecialToken.begin.id
  private var waiting: [Int32] = []

  init(_ model: LanguageModel, _ settings: DynamicEvaluation) {
    network = model.networks[0]
    trained = model.networks[0].parameters.map(\.value)
    optimizer = SGD(learningRate: settings.rate)
    self.settings = settings
  }

  /// Takes tokens; windows that are full are scored. Where texts are cut does not change where windows end.
  mutating func add(_ tokens: [Int32], _ body: (_ id: Int32, _ nats: Float) -> Void) throws {
    waiting += tokens
    var start = 0
    while waiting.count - start >= settings.window {
      try score(Array(waiting[start..<start + settings.window]), body)
      start += settings.window
    }
    waiting.removeFirst(start)
  }

  /// Scores what is left.
  mutating func finish(_ body: (_ id: Int32, _ nats: Float) -> Void) throws {
    if !waiting.isEmpty { try score(waiting, body) }
    waiting = []
  }

  private mutating func score(_ targets: [Int32], _ body: (_ id: Int32, _ nats: Float) -> Void) throws {
    let inputs = [last] + targets.dropLast()
    let before = state
    let result = try valueWithGradient(of: network, inputs: []) { network, _ in
      var none: RandomSource?
      let (features, next) = try network.features(TokenBatch([inputs]), state: before, random: &none)
      let nats = try network.losses(features.detached, targets)
      return (try network.loss(features, targets).mean, (next: next, nats: nats))
    }
    for (id, nats) in zip(targets, result.extra.nats) { body(id, nats) }
    state = result.extra.next
    last = targets[targets.count - 1]
    let norm = GradientClipping.globalNorm(result.gradients)
    // A step that is no number would spoil all that follows: the text is read on without it.
    guard norm.isFinite else { return }
    optimizer.update(&network, result.gradients, scale: GradientClipping.factor(norm: norm, maximum: 1))
    guard settings.decay > 0 else { return }
    let (kept, origin) = (1 - settings.decay, trained)
    var index = 0
    network.forEachParameter("") { _, parameter in
      parameter.update { Kernels.blend(&$0, keeping: kept, with: origin[index]) }
      index += 1
    }
  }
}
