import UnrollNetworks

/// How a classifier is built and trained.
public struct ClassifySettings: TaskSettings {
  /// How much an example counts by its label.
  public enum ClassWeights: String, Sendable, CaseIterable {
    /// All examples alike.
    case equal
    /// All labels alike: an example counts by one over the number of examples of its label.
    case balanced
  }
  /// What decides which epoch's weights are kept.
  public enum Selection: String, Sendable, CaseIterable {
    case loss, accuracy
  }

  // MARK: Data
  /// The columns of a table; with `header` off their numbers, from 1.
  public var text: String?
  public var label: String?
  /// Tells sequences apart, in a table with a row for each time step.
  public var id: String?
  /// The columns of values of a sequence; empty: all others.
  public var features: [String] = []
  public var header = true
  /// What stands between several labels of an example.
  public var separator: String?
  public var multiLabel = false
  /// Whether examples without a label are left out; otherwise they are an error.
  public var leaveOutUnlabeled = false
  /// The steps that are read of an example; what follows is left out.
  public var maximumLength = 1000

  // MARK: Network
  public var network = RecurrentSettings(cell: .lstm, hiddenSize: 64, dropout: 0.4)
  public var tokens = TokenSettings(.words, lowercase: true, embeddingSize: 64)
  public var bidirectional = true
  /// How the steps become one vector; of several ways, the vectors stand side by side.
  public var pooling: [PoolingKind] = [.attention]
  /// Whether the inputs of a step stand beside its outputs when steps are pooled.
  public var poolsInputs = true
  /// The rows of the table that pieces of words share (Bojanowski et al. 2017); 0: words are read as wholes.
  public var pieces = 20_000
  /// Whether the vectors of tokens start with how much more often a token occurs with each label than without.
  public var naiveBayesStart = true
  /// Whether the change since the step before is read beside each value of a sequence.
  public var differences = false
  /// Steps of a sequence that are read at once, as one.
  public var frame = 1
  /// The distance of the first steps of two frames; `nil`: that of a frame's length.
  public var hop: Int?

  // MARK: Regularization
  /// The share of tokens that are read as unknown.
  public var tokenDropout = 0.3
  /// The deviation of what is added to each standardised value of a sequence.
  public var noise: Float = 0
  /// The deviation of the factor that the values of a sequence are multiplied by.
  public var scaling: Float = 0
  /// The share of its length by which a sequence is shifted at most.
  public var shift: Float = 0
  /// ε: the size, relative to an example's inputs, of the step against which it is defended; 0: none.
  public var adversarial = 0.04

  // MARK: Training
  public var learning = LearningSettings()
  public var classWeights = ClassWeights.equal
  public var selection = Selection.loss
  /// The probability from which on a label applies, where there may be several.
  public var threshold = 0.5

  public init() {
    learning.epochs = 10
    learning.weightDecay = 0.01
    learning.labelSmoothing = 0.05
    learning.patience = 3
    learning.averaging = 0.99
  }

  /// Settings for texts.
  public static let texts = ClassifySettings()

  /// Settings for sequences of numbers.
  public static let sequences = ClassifySettings().forSequences

  /// The same with the defaults of sequences of numbers.
  var forSequences: ClassifySettings {
    var settings = self
    settings.network = RecurrentSettings(cell: .gru, hiddenSize: 64, dropout: 0.2)
    settings.pooling = [.max]
    settings.adversarial = 0
    settings.tokens.embeddingSize = 0
    settings.learning.epochs = 100
    settings.learning.batchSize = 16
    settings.learning.patience = 30
    return settings
  }

  public static let variants: [(name: String, settings: ClassifySettings)] = [
    ("texts", .texts), ("sequences", .sequences),
  ]

  public static let fields: [SettingField<ClassifySettings>] =
    [
      SettingField(
        \.text, "text", .data, "The column of texts, or with --no-header its number.", valueName: "column"),
      SettingField(\.label, "label", .data, "The column of labels, likewise.", valueName: "column"),
      SettingField(
        \.id, "id", .data, "The column that tells sequences apart, in a table with a row for each time step.",
        valueName: "column"),
      SettingField(
        \.features, "feature", .data, "The columns of values of a sequence; all others by default.",
        valueName: "column,…"),
      SettingField(\.header, "header", .data, "The first line names the columns."),
      SettingField(\.separator, "separator", .data, "What stands between several labels of an example."),
      SettingField(\.multiLabel, "multi-label", .data, "An example may have several labels, or none."),
      SettingField(\.leaveOutUnlabeled, "leave-out-unlabeled", .data, "Leave out rows without a label."),
      SettingField(
        \.maximumLength, "maximum-length", 1...10_000_000, .data, "The steps that are read of an example."),
    ] + RecurrentSettings.fields(at: \.network) + TokenSettings.fields(at: \.tokens) + [
      SettingField(\.bidirectional, "bidirectional", .network, "Read in both directions."),
      SettingField(
        \.pooling, "pooling", .network, "How the steps become one vector, side by side if several."),
      SettingField(
        \.poolsInputs, "pool-inputs", .network, "Pool what the network reads beside what it makes of it."),
      SettingField(
        \.pieces, "pieces", 0...100_000_000, .network,
        "Rows of the table that pieces of words share; 0: none."),
      SettingField(
        \.naiveBayesStart, "naive-bayes-start", .network,
        "Start the vectors of tokens with the log-count ratios of naive Bayes."),
      SettingField(
        \.differences, "differences", .network, "Read the change of each value since the step before."),
      SettingField(\.frame, "frame", 1...100_000, .network, "Steps of a sequence that are read as one."),
      SettingField(\.hop, "hop", 1...100_000, .network, "The distance of the starts of two frames."),
      SettingField(
        \.tokenDropout, "token-dropout", 0...0.99, .regularization, "The share of tokens read as unknown."),
      SettingField(
        \.noise, "noise", 0...10, .regularization, "The deviation of noise added to standardised values."),
      SettingField(
        \.scaling, "scaling", 0...10, .regularization,
        "The deviation of the factor a sequence is multiplied by."),
      SettingField(
        \.shift, "shift", 0...1, .regularization,
        "The share of its length by which a sequence is shifted at most."),
      SettingField(
        \.adversarial, "adversarial", 0...10, .regularization,
        "The size of the worst step of the inputs that is trained against (Miyato et al. 2017)."),
    ] + LearningSettings.fields(at: \.learning) + [
      SettingField(\.classWeights, "class-weights", .training, "How much an example counts by its label."),
      SettingField(\.selection, "select", .training, "What the best epoch is chosen by."),
      SettingField(
        \.threshold, "threshold", 0...1, .training,
        "The probability from which on a label applies, with --multi-label."),
    ]

  public func check() throws(SettingError) {
    if tokens.embeddingSize > 0 { try tokens.check() }
    guard !pooling.isEmpty, Set(pooling).count == pooling.count else {
      throw SettingError(
        "pooling", expected: "at least one way, each once",
        found: pooling.map(\.rawValue).joined(separator: ","))
    }
    guard (hop ?? 1) <= frame else {
      throw SettingError("hop", expected: "1 to the \(frame) steps of a frame", found: hop ?? 1)
    }
  }
}

/// How answers of a classifier are shown.
public struct ClassifyOptions: SettingSet {
  /// Labels that are shown, likeliest first; `nil`: all.
  public var top: Int?
  /// Whether the probabilities before the first step and after each are shown.
  public var explain = false
  /// The probability from which on a label applies, where there may be several; `nil`: that of training.
  public var threshold: Double?

  public init() {}

  public static let fields: [SettingField<ClassifyOptions>] = [
    SettingField(\.top, "top", 1...1_000_000, .output, "Show the n likeliest labels."),
    SettingField(
      \.explain, "explain", .output, "Show the probabilities before the first step, and after each."),
    SettingField(
      \.threshold, "threshold", 0...1, .output,
      "The probability from which on a label applies, with several labels."),
  ]
}
