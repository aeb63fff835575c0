import UnrollNetworks

/// What a language model is made of, and how it is trained.
public struct GenerateSettings: TaskSettings {
  /// How states become probabilities of tokens.
  public enum Softmax: String, Sendable, CaseIterable {
    /// Over all tokens at once.
    case full
    /// Less work for rare tokens (Grave et al. 2017).
    case adaptive
  }

  /// Whether the text is read from its file anew in each epoch and never held in memory; always so above 64 MB.
  public var stream = false

  /// Where weights are tied, the last layer has as many units as a token's vector has features.
  public var network = RecurrentSettings(hiddenSize: 512, dropout: 0.45, weightDropout: 0.4)
  public var tokens = TokenSettings(.characters, vocabularySize: 10_000, embeddingSize: 128)
  /// Whether the table of token vectors is also the output's matrix (Inan et al. 2017, Press and Wolf 2017).
  public var tied = false
  /// `nil`: adaptive from twenty thousand words on.
  public var softmax: Softmax?

  /// The share of a token's vector that is dropped, by one mask for all steps of a window (Gal and Ghahramani 2016).
  public var inputDropout: Float = 0.1
  /// T, the steps of a window of truncated backpropagation through time; the state is carried from window to window.
  public var sequenceLength = 100
  public var learning = LearningSettings()

  public init() { self.init(tokens: .characters) }

  /// What suits texts of some megabytes.
  public init(tokens kind: TokenKind) {
    switch kind {
    case .characters: break
    case .subwords:
      tokens = TokenSettings(.subwords, vocabularySize: 4_000, minimumCount: 2, embeddingSize: 256)
      network = RecurrentSettings(hiddenSize: 512, dropout: 0.4, weightDropout: 0.3)
      (tied, inputDropout, sequenceLength) = (true, 0.3, 70)
    case .words:
      tokens = TokenSettings(.words, vocabularySize: 50_000, minimumCount: 2, embeddingSize: 256)
      network = RecurrentSettings(hiddenSize: 512, dropout: 0.4, weightDropout: 0.4)
      (tied, inputDropout, sequenceLength) = (true, 0.4, 35)
    }
    learning.epochs = kind == .characters ? 15 : 20
    learning.learningRate = 0.003
    learning.warmUp = 200
    learning.weightDecay = 0.05
    learning.validationShare = 0.05
  }

  /// The same for a text of so many tokens: a small one must give some hundreds of optimizer steps, too.
  func scaled(to count: Int) -> GenerateSettings {
    var settings = self
    settings.sequenceLength = min(sequenceLength, max(20, count / 400))
    let most = count / (settings.sequenceLength * Self.leastSteps)
    settings.learning.batchSize = min(learning.batchSize, max(1, most))
    let steps = max(1, count / (settings.sequenceLength * settings.learning.batchSize))
    settings.learning.epochs = min(100, max(learning.epochs, Self.leastInAll / steps))
    return settings
  }

  private static let leastSteps = 25
  private static let leastInAll = 600

  public static let variants: [(name: String, settings: GenerateSettings)] = TokenKind.allCases.map {
    ($0.rawValue, GenerateSettings(tokens: $0))
  }

  public static let fields: [SettingField<GenerateSettings>] =
    [
      SettingField(
        \.stream, "stream", .data, "Read the text from its file in each epoch, and never hold all of it.")
    ] + RecurrentSettings.fields(at: \.network) + TokenSettings.fields(at: \.tokens) + [
      SettingField(\.tied, "tied", .network, "Let the table of token vectors be the output's matrix, too."),
      SettingField(\.softmax, "softmax", .network, "The output; adaptive from 20000 words on by default."),
      SettingField(
        \.inputDropout, "input-dropout", 0...0.95, .regularization,
        "The share of features of token vectors dropped."),
      SettingField(
        \.sequenceLength, "sequence-length", 1...100_000, .training,
        "Tokens of a window of truncated backpropagation through time."),
    ] + LearningSettings.fields(at: \.learning).without("label-smoothing", "batch-tokens", "members")

  /// The units of each recurrent layer.
  var layerSizes: [Int] {
    (0..<network.layers).map { $0 == network.layers - 1 && tied ? tokens.embeddingSize : network.hiddenSize }
  }

  public func check() throws(SettingError) {
    try tokens.check()
    if tokens.embeddingSize < 1 { throw SettingError("embedding", expected: "at least 1", found: 0) }
    guard softmax == .adaptive else { return }
    if tied { throw SettingError("tied", expected: "no beside an adaptive softmax", found: "yes") }
    if tokens.tokens == .subwords {
      throw SettingError(
        "softmax", expected: "full with subwords, whose ids are not from frequent to rare", found: "adaptive")
    }
  }
}

/// How text is written and scored.
public struct GenerateOptions: SettingSet {
  /// What the text starts with, where no input is given.
  public var prompt: String?
  /// The most tokens to write.
  public var length = 500
  /// Texts that end the continuation, which does not hold them.
  public var stop: [String] = []
  /// Whether inputs are scored instead of continued.
  public var score = false
  /// Lower is surer, higher more varied; 0: always the likeliest token.
  public var temperature = 1.0
  public var topK: Int?
  public var topP: Double?
  public var seed: UInt64 = 0
  /// Whether the model goes on learning from the text that it scores; see `DynamicEvaluation`.
  public var adapt = false
  public var adaptation = DynamicEvaluation()

  public init() {}

  public static let fields: [SettingField<GenerateOptions>] = [
    SettingField(\.prompt, "prompt", .data, "What the text starts with, where no input is given."),
    SettingField(\.length, "length", 0...Int.max, .output, "The most tokens to write."),
    SettingField(\.stop, "stop", .output, "Ends the text where this would be written; may be repeated."),
    SettingField(
      \.score, "score", .output, "Write nothing new: say how surprising each token of the input is."),
    SettingField(
      \.temperature, "temperature", 0...1000, .search, "Lower is surer; 0: always the likeliest token."),
    SettingField(\.topK, "top-k", 1...Int.max, .search, "Draw from the k likeliest tokens alone."),
    SettingField(
      \.topP, "top-p", 0...1, .search, "Draw from the likeliest tokens that together have this probability."),
    SettingField(\.seed, "seed", .search, "Equal seeds give equal texts."),
    SettingField(\.adapt, "adapt", .search, "Go on learning from the text, each token once it was scored."),
    SettingField(\.adaptation.rate, "adapt-rate", 0...1000, .search, "The learning rate of that."),
    SettingField(
      \.adaptation.decay, "adapt-decay", 0...1, .search,
      "The share of the way back to the trained weights at each step."),
    SettingField(\.adaptation.window, "adapt-window", 1...65_536, .search, "Tokens of a step."),
  ]

  var sampler: TokenSampler { TokenSampler(temperature: temperature, topK: topK, topP: topP) }
}
