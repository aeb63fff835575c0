import UnrollData
import UnrollNetworks

/// How the tags of a sentence are decided.
public enum TagDecision: String, Sendable, CaseIterable {
  /// Each tag by itself.
  case softmax
  /// All tags of a sentence together, by a linear-chain conditional random field.
  case crf
}

/// What a tagger is made of and how it is trained.
public struct TagSettings: TaskSettings {
  /// How a file holds words and tags.
  public enum Format: String, Sendable, CaseIterable { case auto, conll, conllu }
  /// How tags spell entities.
  public enum Scheme: String, Sendable, CaseIterable {
    /// As the data does.
    case auto
    /// Each tag stands by itself.
    case none
    case iob1 = "IOB1"
    case bio = "BIO"
    case bioes = "BIOES"

    /// `nil` of `auto` and `none`.
    var scheme: TagScheme? { TagScheme(rawValue: rawValue) }
  }

  // MARK: Data
  public var format = Format.auto
  /// The column of the words, from 1.
  public var wordColumn = 1
  /// The column of the tags: its number, or a name of CoNLL-U; `nil`: the last, or UPOS.
  public var tagColumn: String?
  public var scheme = Scheme.auto

  // MARK: Network
  public var network = RecurrentSettings(hiddenSize: 160, dropout: 0.45)
  /// The size of a word's vector.
  public var embeddingSize = 100
  /// Words that occur less often in the training data are unknown.
  public var minimumCount = 1
  /// The size of a character's vector; 0: characters are not read one by one.
  public var characterSize = 32
  /// The units of each direction of the encoder of a word's characters.
  public var characterHidden = 64
  /// The size of the vector of an affix or a shape; 0: neither is looked at.
  public var featureSize = 16
  /// The longest prefix and suffix that are looked at, in characters.
  public var prefixes = 3
  public var suffixes = 4
  /// `nil`: `crf` where tags spell entities, else `softmax`.
  public var decision: TagDecision?

  // MARK: Regularization
  /// The probability of any word to be read as unknown.
  public var tokenDropout: Float = 0.05
  /// α: a word that occurs n times is read as unknown with probability α/(α + n), if that is more (Kiperwasser and
  /// Goldberg 2016, section 3.1).
  public var rareDropout: Float = 0.5
  /// The probability of an affix, a shape and a character to be read as unknown; rare ones are more often.
  public var featureDropout: Float = 0
  public var characterDropout: Float = 0
  /// The probability of an entity of a training sentence to make way for another of its type, anew in each epoch.
  public var mentionReplacement: Float = 0

  public var learning = LearningSettings()

  public init() {
    learning.epochs = 14
    learning.batchSize = 1000
    learning.batchTokens = 400
    learning.averaging = 0.998
    learning.clipNorm = 5
  }

  /// Settings for parts of speech and other tags that stand by themselves.
  public static let tags = TagSettings()

  /// Settings for entities: there are few of them, so words count for little, and what they look like for much.
  public static let entities = TagSettings().forEntities

  var forEntities: TagSettings {
    var settings = self
    settings.network.hiddenSize = 200
    settings.network.dropout = 0.5
    settings.tokenDropout = 0.25
    settings.rareDropout = 1
    settings.characterHidden = 100
    settings.featureSize = 32
    settings.learning.batchTokens = 300
    settings.learning.epochs = 12
    settings.mentionReplacement = 0.5
    return settings
  }

  public static let variants: [(name: String, settings: TagSettings)] = [
    ("tags", .tags), ("entities", .entities),
  ]

  public static let fields: [SettingField<TagSettings>] =
    [
      SettingField(\.format, "file-format", .data, "How files hold words and tags."),
      SettingField(\.wordColumn, "word-column", 1...1000, .data, "The column of the words, counted from 1."),
      SettingField(
        \.tagColumn, "tag-column", .data,
        "The column of the tags: its number, or in CoNLL-U its name. The last one, or UPOS, by default.",
        valueName: "column"),
      SettingField(\.scheme, "scheme", .data, "How tags spell entities; none: each tag stands by itself."),
    ] + RecurrentSettings.fields(at: \.network) + [
      SettingField(\.embeddingSize, "embedding", 1...8192, .network, "Features of the vector of a word."),
      SettingField(
        \.minimumCount, "minimum-count", 1...1_000_000, .network, "Words that are rarer are unknown."),
      SettingField(
        \.characterSize, "character-embedding", 0...1024, .network,
        "Features of the vector of a character; 0: characters are not read."),
      SettingField(
        \.characterHidden, "character-hidden", 1...4096, .network,
        "Units of each direction of the encoder of a word's characters."),
      SettingField(
        \.featureSize, "feature-embedding", 0...1024, .network,
        "Features of the vector of an affix or a word's shape; 0: neither is looked at."),
      SettingField(\.prefixes, "prefixes", 0...8, .network, "The longest prefix looked at."),
      SettingField(\.suffixes, "suffixes", 0...8, .network, "The longest suffix looked at."),
      SettingField(\.decision, "decision", .network, "How tags are decided: crf for entities, else softmax."),
      SettingField(
        \.tokenDropout, "token-dropout", 0...0.99, .regularization, "The share of words read as unknown."),
      SettingField(
        \.rareDropout, "rare-dropout", 0...1000, .regularization,
        "α: a word seen n times is read as unknown with probability α / (α + n)."),
      SettingField(
        \.featureDropout, "feature-dropout", 0...0.99, .regularization,
        "The share of affixes and shapes read as unknown."),
      SettingField(
        \.characterDropout, "character-dropout", 0...0.99, .regularization,
        "The share of characters read as unknown."),
      SettingField(
        \.mentionReplacement, "mention-replacement", 0...1, .regularization,
        "The share of entities whose place another of their type takes, anew in each epoch."),
    ] + LearningSettings.fields(at: \.learning)
}

/// How answers of a tagger are made.
public struct TagOptions: SettingSet {
  /// Whether words are what stands between blanks; otherwise punctuation is split off.
  public var tokenized = false
  /// Whether the probability of each tag is told.
  public var probabilities = false

  public init() {}

  public static let fields: [SettingField<TagOptions>] = [
    SettingField(
      \.tokenized, "tokenized", .data,
      "Words are what stands between blanks; otherwise punctuation is split off."),
    SettingField(\.probabilities, "probabilities", .output, "Tell the probability of each tag."),
  ]
}
