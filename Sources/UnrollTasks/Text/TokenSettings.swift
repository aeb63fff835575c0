import UnrollData

/// What a text is cut into.
public enum TokenKind: String, Sendable, CaseIterable {
  /// Words and punctuation; rare ones are unknown.
  case words
  /// Characters as readers see them.
  case characters
  /// Pieces of words by byte-pair encoding; nothing is unknown.
  case subwords
}

/// The settings of tokens that every task of texts has.
public struct TokenSettings: SettingSet, Equatable {
  public var tokens = TokenKind.words
  /// The largest vocabulary, with the four special tokens; of subwords with the 256 bytes too.
  public var vocabularySize = 50_000
  /// Words and characters that are rarer are unknown; pairs that are rarer do not merge.
  public var minimumCount = 1
  public var lowercase = false
  /// E, the features of a token's vector.
  public var embeddingSize = 64

  public init() {}

  public init(
    _ tokens: TokenKind, vocabularySize: Int = 50_000, minimumCount: Int = 1, lowercase: Bool = false,
    embeddingSize: Int
  ) {
    self.tokens = tokens
    self.vocabularySize = vocabularySize
    self.minimumCount = minimumCount
    self.lowercase = lowercase
    self.embeddingSize = embeddingSize
  }

  public static let fields: [SettingField<TokenSettings>] = [
    SettingField(\.tokens, "tokens", .network, "What a text is cut into."),
    SettingField(\.vocabularySize, "vocabulary", 5...262_144, .network, "The largest vocabulary."),
    SettingField(
      \.minimumCount, "minimum-count", 1...1_000_000, .network, "Tokens that are rarer are unknown."),
    SettingField(\.lowercase, "lowercase", .network, "Read capital letters as small ones, with words."),
    SettingField(\.embeddingSize, "embedding", 0...8192, .network, "Features of the vector of a token."),
  ]

  /// Whether what was asked for can be: subwords need their bytes.
  public func check() throws(SettingError) {
    let least = tokens == .subwords ? Self.bytes : 5
    guard vocabularySize >= least else {
      throw SettingError(
        "vocabulary", expected: "at least \(least) \(tokens.rawValue)", found: vocabularySize)
    }
  }

  /// Special tokens and single bytes, which every vocabulary of byte pairs has.
  static let bytes = 260
}

/// Learns a tokenizer from texts that come one after the other.
struct TokenizerTrainer {
  private let settings: TokenSettings
  private var words: WordTokenizer.Trainer
  private var characters = CharacterTokenizer.Trainer()
  private var pairs = BytePairTokenizer.Trainer()

  /// - Parameter splitting: how words are told apart.
  init(_ settings: TokenSettings, splitting: WordSplitting = .words) {
    self.settings = settings
    words = WordTokenizer.Trainer(splitting: splitting, lowercases: settings.lowercase)
  }

  mutating func add(_ text: String) {
    switch settings.tokens {
    case .words: words.add(text)
    case .characters: characters.add(text)
    case .subwords: pairs.add(text)
    }
  }

  func finish() -> any Tokenizer {
    let (count, size) = (settings.minimumCount, settings.vocabularySize)
    switch settings.tokens {
    case .words: return words.finish(minimumCount: count, maximumSize: size)
    case .characters: return characters.finish(minimumCount: count, maximumSize: size)
    case .subwords: return pairs.finish(merges: max(0, size - TokenSettings.bytes), minimumCount: count)
    }
  }
}

extension ModelFiles {
  /// The tokenizer that settings ask for.
  ///
  /// - Throws: `ModelFileError`, also when it is of another kind than the settings'.
  func tokenizer(_ name: String, kind: TokenKind) throws -> any Tokenizer {
    switch kind {
    case .words: try tokenizer(name, as: WordTokenizer.self)
    case .characters: try tokenizer(name, as: CharacterTokenizer.self)
    case .subwords: try tokenizer(name, as: BytePairTokenizer.self)
    }
  }
}
