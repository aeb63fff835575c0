import UnrollData

/// The tokens of one side.
struct TranslationTokenizer: Sendable {
  let kind: TranslationSettings.Tokens
  let tokenizer: any Tokenizer

  var count: Int { tokenizer.vocabularySize }

  /// The ids of a text. Pieces of words know the space before them, so the first word gets one, too.
  func encode(_ text: String) -> [Int32] {
    switch kind {
    case .words, .characters: return tokenizer.encode(text)
    case .subwords:
      let trimmed = text.drop { $0 == " " }
      return trimmed.isEmpty ? [] : tokenizer.encode(" " + trimmed)
    }
  }

  func decode(_ ids: some Sequence<Int32>) -> String {
    let text = tokenizer.decode(ids)
    return kind == .subwords && text.hasPrefix(" ") ? String(text.dropFirst()) : text
  }

  /// Each token's text by itself, as a person reads it.
  func texts(_ ids: some Sequence<Int32>) -> [String] { ids.map { tokenizer.decode([$0]) } }

  /// A text whose tokens for BLEU stand between spaces: words, or characters where there are none.
  func spaced(_ ids: ArraySlice<Int32>) -> String {
    kind == .characters ? texts(ids).joined(separator: " ") : decode(ids)
  }

  /// What stands at each token of a text, unknown ones included; `nil` where that cannot be said.
  func words(of text: String, count: Int) -> [String]? {
    let words: [String]
    switch kind {
    case .words: words = (tokenizer as? WordTokenizer)?.words(in: text) ?? []
    case .characters: words = text.map { String($0) }
    case .subwords: return nil
    }
    return words.count == count ? words : nil
  }
}

/// Learns the tokens of a side from texts that come one after the other.
struct TranslationTokenizerTrainer {
  private let settings: TranslationSettings
  private var words = WordTokenizer.Trainer(splitting: .whitespace)
  private var characters = CharacterTokenizer.Trainer()
  private var pairs = BytePairTokenizer.Trainer()

  init(_ settings: TranslationSettings) { self.settings = settings }

  mutating func add(_ text: String) {
    switch settings.tokens {
    case .words: words.add(text)
    case .characters: characters.add(text)
    case .subwords: pairs.add(" " + text.drop { $0 == " " })
    }
  }

  func finish() -> TranslationTokenizer {
    let (count, size) = (settings.minimumCount, settings.vocabulary)
    let tokenizer: any Tokenizer =
      switch settings.tokens {
      case .words: words.finish(minimumCount: count, maximumSize: size)
      case .characters: characters.finish(minimumCount: count, maximumSize: size)
      case .subwords: pairs.finish(merges: max(0, size - Self.bytes), minimumCount: count)
      }
    return TranslationTokenizer(kind: settings.tokens, tokenizer: tokenizer)
  }

  /// Special tokens and single bytes, which every vocabulary of byte pairs has.
  private static let bytes = 260
}
