import UnrollNetworks

/// How a classifier is built and trained.
public struct ClassifierSettings: Sendable, Codable, Equatable {
  /// What a text is cut into.
  public enum TokenKind: String, Sendable, Codable, CaseIterable {
    case words, characters
    /// Byte-pair encoding trained on the texts.
    case subwords
  }
  /// How much an example counts by its label.
  public enum ClassWeights: String, Sendable, Codable, CaseIterable {
    /// All examples alike.
    case equal
    /// All labels alike: an example counts by one over the number of examples of its label.
    case balanced
  }
  /// What decides which epoch's weights are kept.
  public enum Choice: String, Sendable, Codable, CaseIterable {
    case loss, accuracy
  }

  // The network.
  public var cell: CellKind = .lstm
  /// H, the units of each direction of each layer.
  public var hiddenSize = 64
  public var layers = 1
  public var bidirectional = true
  /// How the steps become one vector; of several ways, the vectors stand side by side.
  public var pooling: [PoolingKind] = [.attention]
  /// Whether the inputs of a step stand beside its outputs when steps are pooled.
  public var poolsInputs = true
  /// The number of networks whose probabilities are averaged.
  public var members = 1

  // Texts.
  public var tokens: TokenKind = .words
  public var lowercases = true
  /// E, the size of the vector of a token; of sequences, that of a step before the recurrence: 0 for the values
  /// themselves.
  public var embeddingSize = 64
  /// Tokens that are rarer are unknown.
  public var minimumCount = 1
  /// The largest vocabulary.
  public var vocabularySize = 50_000
  /// The rows of the table that pieces of words share (Bojanowski et al. 2017); 0: words are read as wholes.
  public var pieces = 20_000
  /// The steps that are read of a text or a sequence; what follows is left out.
  public var maximumLength = 1000

  /// Whether the vectors of tokens start with how much more often a token occurs with each label than without.
  public var informed = true

  // Sequences.
  /// Whether the change since the step before is read beside each value.
  public var differences = false
  /// Steps that are read at once, as one.
  public var frame = 1
  /// The distance of the first steps of two frames.
  public var hop = 1

  // Noise while training.
  /// The share of tokens that are read as unknown.
  public var tokenDropout = 0.3
  /// The share of features dropped before, between and after the recurrent layers.
  public var dropout: Float = 0.4
  /// The share of recurrent weights that are dropped.
  public var weightDropout: Float = 0
  /// The deviation of what is added to each standardised value of a sequence.
  public var noise: Float = 0
  /// The deviation of the factor that the values of a sequence are multiplied by.
  public var scaling: Float = 0
  /// The share of its length by which a sequence is shifted at most.
  public var shift: Float = 0

  /// ε: the size, relative to an example's inputs, of the step against which it is defended; 0: none.
  public var adversarial = 0.04

  // Learning.
  public var isMultiLabel = false
  /// The probability from which on a label is said to apply, where there may be several.
  public var threshold = 0.5
  public var classWeights = ClassWeights.equal
  /// ε: the share of a target that is spread over all labels.
  public var smoothing = 0.05
  public var epochs = 10
  public var batchSize = 32
  public var learningRate: Float = 0.002
  public var weightDecay: Float = 0.01
  /// Epochs without a better validation before training ends; 0: never.
  public var patience = 3
  public var choice = Choice.loss
  /// The decay of the moving average of the weights; 0: none is kept.
  public var averaging: Float = 0.99
  /// The share of the examples that is held back to choose the epoch, another share for each member.
  public var validationShare = 0.1
  public var seed: UInt64 = 0

  public init() {}

  /// Settings for texts.
  public static let texts = ClassifierSettings()

  /// Settings for sequences of numbers.
  public static let sequences: ClassifierSettings = {
    var settings = ClassifierSettings()
    settings.cell = .gru
    settings.pooling = [.max]
    settings.adversarial = 0
    settings.embeddingSize = 0
    settings.dropout = 0.2
    settings.epochs = 100
    settings.batchSize = 16
    settings.patience = 30
    return settings
  }()

  /// - Throws: `ClassifierError.setting`, for settings that make no network.
  func check() throws(ClassifierError) {
    func demand(_ holds: Bool, _ name: String, _ expected: String, _ found: some Any) throws(ClassifierError)
    {
      if !holds { throw .setting(name: name, expected: expected, found: "\(found)") }
    }
    try demand((1...8192).contains(hiddenSize), "hidden", "1 to 8192 units", hiddenSize)
    try demand((1...32).contains(layers), "layers", "1 to 32 layers", layers)
    try demand(
      !pooling.isEmpty && Set(pooling).count == pooling.count, "pooling", "at least one, each once",
      pooling.map(\.rawValue).joined(separator: ", "))
    try demand((1...64).contains(members), "members", "1 to 64", members)
    try demand((0...8192).contains(embeddingSize), "embedding", "0 to 8192", embeddingSize)
    try demand(minimumCount >= 1, "minimum-count", "at least 1", minimumCount)
    try demand((8...262_144).contains(vocabularySize), "vocabulary", "8 to 262144", vocabularySize)
    try demand((0...100_000_000).contains(pieces), "pieces", "0 to 100000000", pieces)
    try demand((1...10_000_000).contains(maximumLength), "length", "1 to 10000000 steps", maximumLength)
    try demand((1...100_000).contains(frame), "frame", "1 to 100000 steps", frame)
    try demand((1...frame).contains(hop), "hop", "1 to the \(frame) steps of a frame", hop)
    for (name, share) in [
      ("token-dropout", tokenDropout), ("dropout", Double(dropout)),
      ("weight-dropout", Double(weightDropout)),
      ("smoothing", smoothing), ("averaging", Double(averaging)), ("validation-share", validationShare),
    ] { try demand((0..<1).contains(share), name, "0 to less than 1", share) }
    for (name, size) in [("noise", noise), ("scaling", scaling), ("shift", shift)] {
      try demand((0...10).contains(size), name, "0 to 10", size)
    }
    try demand((0...10).contains(adversarial), "adversarial", "0 to 10", adversarial)
    try demand((0...1).contains(threshold), "threshold", "0 to 1", threshold)
    try demand((1...1_000_000).contains(epochs), "epochs", "1 to 1000000", epochs)
    try demand((1...1_000_000).contains(batchSize), "batch", "1 to 1000000", batchSize)
    try demand(learningRate > 0 && learningRate.isFinite, "rate", "more than 0", learningRate)
    try demand((0...10).contains(weightDecay), "weight-decay", "0 to 10", weightDecay)
    try demand(patience >= 0, "patience", "at least 0", patience)
  }
}
