/// One token for each word; words outside the vocabulary are unknown.
///
/// Decoding joins words with a space. Use ``BytePairTokenizer`` where nothing may be unknown.
public struct WordTokenizer: Tokenizer {
  let table: TokenTable
  /// How words are found.
  public let splitting: WordSplitting
  /// Whether letters lose their case, each by its own mapping of Unicode.
  public let lowercases: Bool
  /// Whether texts are read in normalization form C, in which texts that look alike are the same; only tokenizers of
  /// older files are without.
  public let normalizes: Bool

  init(_ table: TokenTable, splitting: WordSplitting, lowercases: Bool, normalizes: Bool = true) {
    self.table = table
    self.splitting = splitting
    self.lowercases = lowercases
    self.normalizes = normalizes
  }

  /// A tokenizer of the words of texts, most frequent first.
  ///
  /// - Parameters:
  ///   - minimumCount: words that are rarer are unknown.
  ///   - maximumSize: the largest vocabulary, special tokens included; at most 262144.
  ///   - normalizes: whether texts are read in normalization form C.
  public static func train(
    on texts: some Sequence<String>, splitting: WordSplitting = .words, lowercases: Bool = false,
    minimumCount: Int = 1, maximumSize: Int = .max, normalizes: Bool = true
  ) -> WordTokenizer {
    var trainer = Trainer(splitting: splitting, lowercases: lowercases, normalizes: normalizes)
    for text in texts { trainer.add(text) }
    return trainer.finish(minimumCount: minimumCount, maximumSize: maximumSize)
  }

  /// Counts words of texts that come one after the other.
  public struct Trainer: Sendable {
    private var counts = TokenCounts()
    private let splitting: WordSplitting
    private let lowercases: Bool
    private let normalizes: Bool

    public init(splitting: WordSplitting = .words, lowercases: Bool = false, normalizes: Bool = true) {
      self.splitting = splitting
      self.lowercases = lowercases
      self.normalizes = normalizes
    }

    /// Counts the words of a text.
    public mutating func add(_ text: String) {
      withText(text, lowercases, normalizes: normalizes) { bytes in
        splitting.forEachWord(in: bytes) { counts.add(UnsafeBufferPointer(rebasing: bytes[$0])) }
      }
    }

    /// Counts a word that was found already.
    public mutating func add(word: String) {
      withText(word, lowercases, normalizes: normalizes) { counts.add($0) }
    }

    /// The tokenizer of what was counted; see ``WordTokenizer/train(on:splitting:lowercases:minimumCount:maximumSize:)``.
    public func finish(minimumCount: Int = 1, maximumSize: Int = .max) -> WordTokenizer {
      let words = counts.ranked(minimumCount: minimumCount).map(\.key)
      return WordTokenizer(
        TokenTable(special: words, maximumSize: maximumSize), splitting: splitting, lowercases: lowercases,
        normalizes: normalizes)
    }
  }

  public var vocabularySize: Int { table.count }

  public func encode(_ text: String) -> [Int32] {
    withText(text, lowercases, normalizes: normalizes) { bytes in
      var ids: [Int32] = []
      splitting.forEachWord(in: bytes) {
        ids.append(table.id(UnsafeBufferPointer(rebasing: bytes[$0])) ?? SpecialToken.unknown.id)
      }
      return ids
    }
  }

  /// The ids of words that were found already: one for each.
  public func encode(words: some Sequence<String>) -> [Int32] {
    words.map { word in
      withText(word, lowercases, normalizes: normalizes) { table.id($0) ?? SpecialToken.unknown.id }
    }
  }

  /// The words of a text, as they are written there but for their case and their form of Unicode.
  public func words(in text: String) -> [String] {
    withText(text, lowercases, normalizes: normalizes) { bytes in
      var words: [String] = []
      splitting.forEachWord(in: bytes) { words.append(String(decoding: bytes[$0], as: UTF8.self)) }
      return words
    }
  }

  public func appendText(of id: Int32, isFirst: Bool, to bytes: inout [UInt8]) {
    guard let text = table.visibleText(id) else { return }
    if !isFirst { bytes.append(Byte.space) }
    bytes.append(contentsOf: text)
  }

  public func tokenizerJSON() -> [UInt8] {
    TokenizerFile.write(
      table.texts, normalizer: TokenizerFile.Normalizer(normalizes, lowercases),
      preTokenizer: splitting == .words ? .words : .whitespace,
      decoder: nil, model: .wordLevel)
  }
}

/// Calls `body` with a text's bytes, in form C and then in lower case if asked for.
func withText<R>(
  _ text: String, _ lowercases: Bool, normalizes: Bool = false, _ body: (UnsafeBufferPointer<UInt8>) -> R
) -> R {
  var text = normalizes ? CanonicalComposition.normalized(text) : text
  if lowercases { text = lowercased(text) }
  return text.withUTF8(body)
}

/// Each scalar in lower case, without regard to its neighbours (a final sigma stays a sigma).
private func lowercased(_ text: String) -> String {
  var bytes = Array(text.utf8)
  if let first = bytes.firstIndex(where: { $0 >= 0x80 }) {
    var result = Array(bytes[..<first])
    for scalar in String(decoding: bytes[first...], as: UTF8.self).unicodeScalars {
      if scalar.isASCII {
        result.append(UInt8(scalar.value))
      } else {
        result.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
      }
    }
    bytes = result
  }
  // After the mapping: ASCII that it produced is in lower case already.
  for index in bytes.indices where (0x41...0x5A).contains(bytes[index]) { bytes[index] |= 0x20 }
  return String(decoding: bytes, as: UTF8.self)
}
