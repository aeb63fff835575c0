import UnrollCore
import UnrollNetworks

/// What a language model is made of, and how it is trained.
public struct LanguageSettings: Sendable, Codable, Equatable {
  /// What a text is cut into.
  public enum Tokens: String, Sendable, Codable, CaseIterable {
    /// Characters as a reader sees them.
    case characters
    /// Pieces of words by byte-pair encoding: nothing is unknown.
    case subwords
    /// Words and punctuation; rare ones are unknown.
    case words
  }

  /// The cell of the recurrent layers.
  public enum Cell: String, Sendable, Codable, CaseIterable {
    case lstm, gru

    /// The number of gates.
    var gates: Int { self == .lstm ? 4 : 3 }
  }

  /// How states become probabilities of tokens.
  public enum Softmax: String, Sendable, Codable, CaseIterable {
    /// Over all tokens at once.
    case full
    /// Less work for rare tokens (Grave et al. 2017).
    case adaptive
  }

  public var tokens: Tokens
  /// The largest vocabulary, with the four special tokens; for subwords with the 256 bytes too.
  public var vocabularySize: Int
  /// Characters and words that are rarer in the training part are unknown; pairs that are rarer do not merge.
  public var minimumCount: Int
  public var cell: Cell = .lstm
  /// E, the size of a token's vector.
  public var embeddingSize: Int
  /// H, the units of a recurrent layer. Where weights are tied, the last layer has E.
  public var hiddenSize: Int
  public var layers: Int
  /// Whether the table of token vectors is also the output's matrix (Inan et al. 2017, Press and Wolf 2017).
  public var tiesWeights: Bool
  /// `nil`: adaptive from twenty thousand words on.
  public var softmax: Softmax?

  /// The share of a token's vector that is dropped, by one mask for all steps of a window (Gal and Ghahramani 2016).
  public var inputDropout: Float
  /// The same between recurrent layers.
  public var layerDropout: Float
  /// The same for what the output reads.
  public var outputDropout: Float
  /// The share of recurrent weights that is dropped, by one mask for a window (Merity, Keskar and Socher 2018).
  public var weightDropout: Float

  /// T, the steps of a window of truncated backpropagation through time; the state is carried from window to window.
  public var steps: Int
  /// B, the places of the text that are read side by side.
  public var streams: Int
  public var epochs: Int
  /// The highest learning rate: it rises over the first steps and falls to zero by half a cosine.
  public var learningRate: Float
  public var weightDecay: Float = 0.05
  /// Gradients of a greater norm are shortened to this one.
  public var clipNorm: Float = 1
  /// The decay a step of a moving average of the weights, which is what is judged and kept; 0: none.
  public var averaging: Float = 0
  /// The share of the text, cut from its end, on which epochs are judged; at most four megabytes.
  public var validationShare: Double = 0.05
  /// Texts of more bytes are read from the file anew in each epoch and never held in memory.
  public var memoryLimit: Int = 64 << 20
  public var seed: UInt64 = 1

  /// What suits texts of some megabytes.
  public init(tokens: Tokens = .characters) {
    self.tokens = tokens
    switch tokens {
    case .characters:
      (vocabularySize, minimumCount) = (10_000, 1)
      (embeddingSize, hiddenSize, layers, tiesWeights) = (128, 512, 1, false)
      (inputDropout, layerDropout, outputDropout, weightDropout) = (0.1, 0.3, 0.45, 0.4)
      (steps, streams, epochs, learningRate) = (100, 32, 15, 0.003)
    case .subwords:
      (vocabularySize, minimumCount) = (4_000, 2)
      (embeddingSize, hiddenSize, layers, tiesWeights) = (256, 512, 1, true)
      (inputDropout, layerDropout, outputDropout, weightDropout) = (0.3, 0.3, 0.4, 0.3)
      (steps, streams, epochs, learningRate) = (70, 32, 20, 0.003)
    case .words:
      (vocabularySize, minimumCount) = (50_000, 2)
      (embeddingSize, hiddenSize, layers, tiesWeights) = (256, 512, 1, true)
      (inputDropout, layerDropout, outputDropout, weightDropout) = (0.4, 0.3, 0.4, 0.4)
      (steps, streams, epochs, learningRate) = (35, 32, 20, 0.003)
    }
  }

  /// The units of each recurrent layer.
  var layerSizes: [Int] {
    (0..<layers).map { $0 == layers - 1 && tiesWeights ? embeddingSize : hiddenSize }
  }

  /// - Throws: `LanguageError.setting`, for settings that make no model.
  func check() throws(LanguageError) {
    func demand(_ holds: Bool, _ name: String, _ expected: String, _ found: some Any) throws(LanguageError) {
      if !holds { throw .setting(name: name, expected: expected, found: "\(found)") }
    }
    let least = tokens == .subwords ? 260 : 5
    try demand(
      (least...262_144).contains(vocabularySize), "vocabulary", "\(least) to 262144 tokens",
      vocabularySize)
    try demand(minimumCount >= 1, "minimum-count", "at least 1", minimumCount)
    try demand((1...8192).contains(embeddingSize), "embedding", "1 to 8192", embeddingSize)
    try demand((1...8192).contains(hiddenSize), "hidden", "1 to 8192 units", hiddenSize)
    try demand((1...32).contains(layers), "layers", "1 to 32 layers", layers)
    try demand(
      !(tiesWeights && softmax == .adaptive), "tied", "a full softmax with tied weights", "an adaptive one")
    try demand(
      !(tokens == .subwords && softmax == .adaptive), "softmax",
      "a full softmax with subwords, whose ids are not from frequent to rare", "an adaptive one")
    let rates = [
      ("input-dropout", inputDropout), ("layer-dropout", layerDropout), ("output-dropout", outputDropout),
      ("weight-dropout", weightDropout), ("averaging", averaging),
    ]
    for (name, rate) in rates { try demand((0..<1).contains(rate), name, "0 to less than 1", rate) }
    try demand((1...100_000).contains(steps), "steps", "1 to 100000 steps", steps)
    try demand((1...100_000).contains(streams), "streams", "1 to 100000", streams)
    try demand((1...1_000_000).contains(epochs), "epochs", "1 to 1000000", epochs)
    try demand(learningRate > 0 && learningRate.isFinite, "rate", "more than 0", learningRate)
    try demand(weightDecay >= 0 && weightDecay.isFinite, "weight-decay", "0 or more", weightDecay)
    try demand(clipNorm > 0 && !clipNorm.isNaN, "clip", "more than 0", clipNorm)
    try demand((0...0.5).contains(validationShare), "validation-share", "0 to 0.5", validationShare)
  }
}

/// Why a language model cannot do what it was asked.
public enum LanguageError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A setting is outside of what makes sense.
  case setting(name: String, expected: String, found: String)
  /// The text has too few tokens to learn from.
  case tooShort(file: String, tokens: Int, needed: Int)
  /// The text gives a vocabulary in which nothing could be told apart.
  case smallVocabulary(file: String, found: [String])
  /// There is nothing to score.
  case emptyText(place: String)

  public var description: String {
    switch self {
    case .setting(let name, let expected, let found): "\(name): expected \(expected), found \(found)"
    case .tooShort(let file, let tokens, let needed):
      "\(file): expected at least \(needed) tokens to learn from, found \(tokens)"
    case .smallVocabulary(let file, let found):
      "\(file): expected at least 2 different tokens, found "
        + (found.isEmpty ? "none" : "only " + found.joined(separator: ", "))
    case .emptyText(let place): "\(place): expected text to score, found none"
    }
  }
}
