import UnrollNetworks

/// How the tags of a sentence are decided.
public enum TagDecision: String, Sendable, Codable, CaseIterable {
  /// Each tag by itself.
  case softmax
  /// All tags of a sentence together, by a linear-chain conditional random field.
  case crf
}

/// What a tagger is made of and how it is trained.
public struct TaggerSettings: Sendable, Codable, Equatable {
  // MARK: Words

  /// The size of a word's vector.
  public var wordSize = 100
  /// Words that occur less often in the training data are unknown.
  public var minimumCount = 1
  /// The size of a character's vector; 0: characters are not read one by one.
  public var characterSize = 32
  /// The units of each direction of the encoder of a word's characters.
  public var characterHidden = 64
  /// The size of the vector of an affix or a shape; 0: neither is looked at.
  public var featureSize = 16
  /// The longest prefix that is looked at, in characters.
  public var prefixes = 3
  /// The longest suffix that is looked at, in characters.
  public var suffixes = 4

  // MARK: Sentences

  /// The cell of both recurrent encoders.
  public var cell = CellKind.lstm
  /// The units of each direction of the encoder of a sentence.
  public var hiddenSize = 160
  public var layers = 1
  /// How tags are decided; `nil`: `crf` where tags spell entities, else `softmax`.
  public var decision: TagDecision?

  // MARK: Noise

  /// The share of features dropped before and behind the encoder of a sentence, by one mask for all steps of a sentence.
  public var dropout: Float = 0.45
  /// The chance of any word to be taken for an unknown one.
  public var wordDropout: Float = 0.05
  /// α: a word that occurs n times is taken for an unknown one by chance α/(α + n), if that is more
  /// (Kiperwasser and Goldberg 2016, section 3.1).
  public var rareDropout: Float = 0.5

  /// The chance of any affix or shape to be taken for an unknown one; rare ones are, as words are, more often.
  public var featureDropout: Float = 0
  /// The chance of a character to be taken for an unknown one.
  public var characterDropout: Float = 0
  /// The chance of an entity of a training sentence to make way for another of its type, anew in each epoch.
  public var exchange: Float = 0

  // MARK: Training

  public var epochs = 14
  /// Words of a step.
  public var batchWords = 400
  public var learningRate: Float = 0.002
  /// The decay a step of the moving average of weights that is judged and kept; 0: none.
  public var averaging: Float = 0.998
  /// The share of probability that is spread over all tags, with `softmax`.
  public var smoothing: Double = 0
  /// Epochs without a better score after which training ends; 0: never.
  public var patience = 0
  /// Networks that are trained from different random numbers and decide together.
  public var members = 1
  /// Whether, once epoch and threshold are chosen, networks are trained again on all sentences, those included that were
  /// held back for the choice. No score of data that was not learned from is left then but that of a test part.
  public var refits = false
  public var seed: UInt64 = 1

  public init() {}

  /// Settings for parts of speech and other tags that stand by themselves.
  public static let tags = TaggerSettings()

  /// Settings for entities: there are few of them, so words count for little, and what they look like for much.
  public static let entities: TaggerSettings = {
    var settings = TaggerSettings()
    settings.decision = .crf
    settings.wordDropout = 0.25
    settings.rareDropout = 1
    settings.dropout = 0.5
    settings.hiddenSize = 200
    settings.characterHidden = 100
    settings.featureSize = 32
    settings.batchWords = 300
    settings.epochs = 12
    settings.exchange = 0.5
    return settings
  }()

  /// - Throws: `TaggerError.setting`, for settings that make no network.
  func check() throws(TaggerError) {
    func demand(_ holds: Bool, _ name: String, _ expected: String, _ found: some Any) throws(TaggerError) {
      if !holds { throw .setting(name: name, expected: expected, found: "\(found)") }
    }
    try demand((1...4096).contains(wordSize), "word size", "1 to 4096", wordSize)
    try demand((1...1_000_000).contains(minimumCount), "minimum count", "1 to 1000000", minimumCount)
    try demand((0...1024).contains(characterSize), "character size", "0 to 1024", characterSize)
    try demand((1...4096).contains(characterHidden), "character units", "1 to 4096", characterHidden)
    try demand((0...1024).contains(featureSize), "feature size", "0 to 1024", featureSize)
    try demand((0...8).contains(prefixes), "prefixes", "0 to 8 characters", prefixes)
    try demand((0...8).contains(suffixes), "suffixes", "0 to 8 characters", suffixes)
    try demand((1...8192).contains(hiddenSize), "hidden", "1 to 8192 units", hiddenSize)
    try demand((1...16).contains(layers), "layers", "1 to 16 layers", layers)
    let rates = [
      ("dropout", dropout), ("word dropout", wordDropout), ("feature dropout", featureDropout),
      ("character dropout", characterDropout),
    ]
    for (name, rate) in rates {
      try demand(rate >= 0 && rate < 1, name, "0 to less than 1", rate)
    }
    try demand(rareDropout >= 0 && rareDropout.isFinite, "rare dropout", "at least 0", rareDropout)
    try demand((0...1).contains(exchange), "exchange", "0 to 1", exchange)
    try demand((1...1_000_000).contains(epochs), "epochs", "1 to 1000000", epochs)
    try demand(batchWords >= 1, "batch", "at least 1 word", batchWords)
    try demand(learningRate > 0 && learningRate.isFinite, "rate", "more than 0", learningRate)
    try demand(averaging >= 0 && averaging < 1, "averaging", "0 to less than 1", averaging)
    try demand(smoothing >= 0 && smoothing < 1, "smoothing", "0 to less than 1", smoothing)
    try demand((1...64).contains(members), "members", "1 to 64", members)
  }
}

/// Why a tagger cannot do what it was asked.
public enum TaggerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A setting is outside of what makes sense.
  case setting(name: String, expected: String, found: String)
  /// A sentence has another number of tags than words.
  case unequal(sentence: Int, words: Int, tags: Int)
  /// All words have the same tag: there is nothing to learn.
  case oneTag(source: String, tag: String)
  /// There is no word to learn from.
  case noWords(source: String)

  public var description: String {
    switch self {
    case .setting(let name, let expected, let found): "\(name): expected \(expected), found \(found)"
    case .unequal(let sentence, let words, let tags):
      "sentence \(sentence + 1): expected \(words) tags, one for each word, found \(tags)"
    case .oneTag(let source, let tag):
      "\(source): expected at least two different tags to learn, found \"\(tag)\" alone"
    case .noWords(let source): "\(source): expected words with tags to learn from, found none"
    }
  }
}
