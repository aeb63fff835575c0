import UnrollData
import UnrollNetworks

/// The settings of tasks that read text off the steps of a sequence: how texts are written, how the network is built
/// that reads them, and what is learned of the language from the texts.
public struct CTCSettings: SettingSet, Equatable {
  /// What the best epoch is chosen by.
  public enum Selection: String, Sendable, CaseIterable {
    /// Character error rate of best-path decoding.
    case cer
    /// Word error rate.
    case wer
    /// −ln p a character.
    case loss
  }

  public var network = RecurrentSettings(hiddenSize: 192, layers: 2, dropout: 0.3)
  /// Whether steps are read in both directions.
  public var bidirectional = true
  public var lowercase = false
  /// The form that texts are brought to.
  public var normalization = TextNormalization.nfc
  /// The tokens of the longest sequences of the model of characters; 0: none is learned.
  public var characterOrder = 6
  /// The words of the longest sequences of the model of words; 0: none is learned.
  public var wordOrder = 3
  public var selection = Selection.cer

  public init() {}

  public static let fields: [SettingField<CTCSettings>] =
    [
      SettingField(\.lowercase, "lowercase", .data, "Write texts in small letters."),
      SettingField(
        \.normalization, "normalize", .data,
        "The normalization form of texts: letters with their marks (nfc), apart from them (nfd), or as they are."
      ),
    ] + RecurrentSettings.fields(at: \.network) + [
      SettingField(\.bidirectional, "bidirectional", .network, "Read steps in both directions."),
      SettingField(
        \.characterOrder, "character-order", 0...16, .training,
        "Characters of the n-grams that are learned from the texts; 0: none."),
      SettingField(
        \.wordOrder, "word-order", 0...8, .training,
        "Words of the n-grams that are learned from the texts; 0: none."),
      SettingField(\.selection, "select", .training, "What the best epoch is chosen by."),
    ]
}

/// How texts are looked for in what a network says of the steps.
public struct CTCSearch: SettingSet, Equatable {
  /// What is known of the language.
  public enum Language: String, Sendable, CaseIterable {
    /// Nothing: the network alone decides.
    case none
    /// Which character follows which: any word may be written.
    case characters
    /// Which word follows which: words of the lexicon alone are written.
    case words
  }

  public var language = Language.none
  /// Prefixes that are followed at a time; 1: the likeliest class of each step. `nil`: 1 without a language, else 64.
  public var beam: Int?
  /// An ARPA file of words, in place of the model that was learned from the texts.
  public var languageModel: String?
  /// A file of words, one a line, beside those of the model.
  public var lexicon: String?
  /// What ln p of the language is multiplied by; `nil`: what was best on the validation part, else 0.5.
  public var languageWeight: Double?
  /// What each word, or each character, adds; `nil`: what was best on the validation part, else 0.
  public var lengthBonus: Double?

  public init() {}

  public init(_ language: Language, beam: Int? = nil) {
    self.language = language
    self.beam = beam
  }

  public static let fields: [SettingField<CTCSearch>] = [
    SettingField(
      \.language, "language", .search,
      "What is known of the language: nothing, its characters, or its words, which alone are written then."),
    SettingField(
      \.beam, "beam", 1...10_000, .search,
      "Texts that are followed at a time; 1 without a language, else 64."),
    SettingField(
      \.languageModel, "language-model", .search,
      "An ARPA file of words, in place of the model that was learned from the texts.", valueName: "file.arpa"),
    SettingField(
      \.lexicon, "lexicon", .search, "Words that may be written, one a line, beside those of the model.",
      valueName: "file"),
    SettingField(
      \.languageWeight, "language-weight", 0...100, .search,
      "What the language's ln p is multiplied by; found on the validation part."),
    SettingField(
      \.lengthBonus, "length-bonus", -100...100, .search,
      "What each word or character of the language adds; found on the validation part."),
  ]

  public func check() throws(SettingError) {
    for (name, file) in [("language-model", languageModel), ("lexicon", lexicon)] {
      guard file != nil, language != .words else { continue }
      throw SettingError("language", expected: "words, beside \(name)", found: language.rawValue)
    }
    if language != .none, beam == 1 {
      throw SettingError("beam", expected: "at least 2 with a language", found: 1)
    }
  }

  var width: Int { beam ?? (language == .none ? 1 : 64) }
}
