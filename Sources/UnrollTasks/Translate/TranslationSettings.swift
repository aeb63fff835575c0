import UnrollData
import UnrollNetworks

/// How a translator is built and trained.
public struct TranslationSettings: Sendable, Codable, Equatable {
  /// What a token is.
  public enum Tokens: String, Sendable, Codable, CaseIterable {
    /// What stands between white space; rare ones are unknown.
    case words
    /// Pieces of words, by byte pairs; nothing is unknown.
    case subwords
    /// Characters as readers see them.
    case characters
  }

  /// How a decoder's state looks at the source.
  public enum AttentionKind: String, Sendable, Codable, CaseIterable {
    /// v·tanh(W q + U x) (Bahdanau et al. 2015); learns faster from little data.
    case additive
    /// q·W x (Luong et al. 2015, "general"); a step takes less time.
    case multiplicative
  }

  /// What the best epoch is chosen by.
  public enum Selection: String, Sendable, Codable, CaseIterable {
    /// Cross-entropy in nats a token.
    case loss
    /// BLEU of greedy translations.
    case bleu
  }

  public var tokens = Tokens.subwords
  /// Whether both sides have one vocabulary and one table of vectors.
  public var isJoint = false
  /// The largest vocabulary of a side.
  public var vocabulary = 4000
  /// How often a word, a character or a pair must occur to be in the vocabulary.
  public var minimumCount = 2

  public var cell = CellKind.gru
  /// E, the features of a token's vector, and of what the output is read from.
  public var embeddingSize = 256
  /// H, the units of a layer of the decoder, and of a direction of a layer of the encoder.
  public var hiddenSize = 256
  public var encoderLayers = 1
  /// The first layer asks the attention; the others read what it found, too.
  public var decoderLayers = 2
  public var attention = AttentionKind.additive
  /// Whether a step reads what the step before said beside its token (Luong et al. 2015, section 3.3). Training
  /// takes several times as long: steps can no longer be run together.
  public var inputFeeding = false
  /// Whether attention knows what was read before, and pays for reading it again (See et al. 2017). Training takes
  /// several times as long. Additive attention alone.
  public var coverage = false

  /// The share of features dropped: of vectors, between layers, and before the output.
  public var dropout: Float = 0.3
  /// The share of tokens whose vectors are dropped, on both sides.
  public var wordDropout: Float = 0.1
  /// The share of recurrent weights dropped.
  public var weightDropout: Float = 0.2
  /// ε of label smoothing.
  public var labelSmoothing = 0.1
  /// The share of target tokens that training replaces by the network's own guesses (Bengio et al. 2015), reached in
  /// a line over the first half of training; 0: teacher forcing. Training takes several times as long.
  public var scheduledSampling: Float = 0

  public var epochs = 20
  /// Tokens of a batch, both sides together; `nil`: 250 batches an epoch, of 500 to 3000 tokens.
  public var batchTokens: Int?
  public var learningRate: Float = 0.002
  public var weightDecay: Float = 0
  /// The decay a step of the moving average that is judged and kept; 0: none.
  public var averaging: Float = 0.998
  /// Training ends after this many epochs that were no better; 0: never.
  public var patience = 0
  public var selection = Selection.bleu
  /// Pairs with a side of more tokens are left out of training.
  public var maximumLength = 256
  /// Whether pairs are read anew in each epoch instead of being held: for more of them than memory holds. Their order
  /// is drawn among the pairs of a few dozen batches then, not among all.
  public var streams = false
  public var seed: UInt64 = 1

  public init() {}

  /// Small batches for little data: a few large ones an epoch would end before the network has learned.
  func budget(_ totals: TokenTotals) -> BatchBudget {
    let all = totals.sourceTokens + totals.targetTokens
    return BatchBudget(tokens: batchTokens ?? min(3000, max(500, all / 250)))
  }

  /// - Throws: `TranslationError.setting`, for settings that make no network.
  func check() throws(TranslationError) {
    func demand(_ holds: Bool, _ name: String, _ expected: String, _ found: some Any) throws(TranslationError)
    {
      if !holds { throw .setting(name: name, expected: expected, found: "\(found)") }
    }
    try demand((5...262_144).contains(vocabulary), "vocabulary", "5 to 262144", vocabulary)
    try demand(minimumCount >= 1, "minimum-count", "at least 1", minimumCount)
    try demand([.gru, .lstm].contains(cell), "cell", "gru or lstm", cell.rawValue)
    try demand((1...8192).contains(embeddingSize), "embedding", "1 to 8192", embeddingSize)
    try demand((1...8192).contains(hiddenSize), "hidden", "1 to 8192", hiddenSize)
    try demand((1...16).contains(encoderLayers), "encoder-layers", "1 to 16", encoderLayers)
    try demand((1...16).contains(decoderLayers), "decoder-layers", "1 to 16", decoderLayers)
    try demand(!coverage || attention == .additive, "coverage", "additive attention", attention.rawValue)
    for (name, rate) in [
      ("dropout", dropout), ("word-dropout", wordDropout), ("weight-dropout", weightDropout),
    ] {
      try demand((0..<1).contains(rate), name, "0 to less than 1", rate)
    }
    try demand((0..<1).contains(labelSmoothing), "label-smoothing", "0 to less than 1", labelSmoothing)
    try demand((0...1).contains(scheduledSampling), "scheduled-sampling", "0 to 1", scheduledSampling)
    try demand((1...1_000_000).contains(epochs), "epochs", "1 to 1000000", epochs)
    try demand(batchTokens ?? 1 >= 1, "batch-tokens", "at least 1", batchTokens ?? 1)
    try demand(learningRate > 0 && learningRate.isFinite, "rate", "more than 0", learningRate)
    try demand(weightDecay >= 0 && weightDecay.isFinite, "weight-decay", "at least 0", weightDecay)
    try demand((0..<1).contains(averaging), "averaging", "0 to less than 1", averaging)
    try demand((1...100_000).contains(maximumLength), "maximum-length", "1 to 100000", maximumLength)
  }
}

/// Why a translator cannot do what it was asked.
public enum TranslationError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A setting is outside of what makes sense.
  case setting(name: String, expected: String, found: String)
  /// No pair of texts is left to learn from.
  case noPairs(file: String, empty: Int, long: Int, maximumLength: Int)
  /// No pair of texts is left to judge by.
  case noValidationPairs(file: String)
  /// A model of an ensemble has another vocabulary on the target side.
  case otherVocabulary(expected: Int, found: Int)

  public var description: String {
    switch self {
    case .setting(let name, let expected, let found): return "\(name): expected \(expected), found \(found)"
    case .noPairs(let file, let empty, let long, let maximumLength):
      return
        "\(file): expected a pair of texts to learn from, found \(empty) with an empty side and \(long) of more "
        + "than \(maximumLength) tokens"
    case .noValidationPairs(let file): return "\(file): expected a pair of texts to judge by, found none"
    case .otherVocabulary(let expected, let found):
      return
        "expected models of one target vocabulary in an ensemble (\(expected) tokens), found another (\(found) "
        + "tokens)\n        train them on the same data with other values of --seed"
    }
  }
}
