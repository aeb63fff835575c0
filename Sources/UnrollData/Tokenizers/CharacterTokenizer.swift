/// One token for each character, as a reader sees characters: an extended grapheme cluster.
///
/// An é of one scalar and an é of two are different tokens, and so are a line feed and CR LF: decoding gives
/// back the very bytes, but for characters outside the vocabulary, which read `<unk>`.
/// Consonants joined by a virama are separate tokens.
public struct CharacterTokenizer: Tokenizer {
  let table: TokenTable
  /// Ids of the characters of ASCII.
  private let ascii: [Int32]

  init(_ table: TokenTable) {
    self.table = table
    ascii = (0..<128).map { table.id(CollectionOfOne(UInt8($0))) ?? SpecialToken.unknown.id }
  }

  /// A tokenizer of the characters of texts, most frequent first.
  ///
  /// - Parameters:
  ///   - minimumCount: characters that are rarer are unknown.
  ///   - maximumSize: the largest vocabulary, special tokens included; at most 262144.
  public static func train(
    on texts: some Sequence<String>, minimumCount: Int = 1, maximumSize: Int = .max
  ) -> CharacterTokenizer {
    var trainer = Trainer()
    for text in texts { trainer.add(text) }
    return trainer.finish(minimumCount: minimumCount, maximumSize: maximumSize)
  }

  /// Counts characters of texts that come one after the other.
  public struct Trainer: Sendable {
    private var counts = TokenCounts()

    public init() {}

    /// Counts the characters of a text.
    public mutating func add(_ text: String) {
      var text = text
      text.withUTF8 { bytes in
        var position = 0
        while position < bytes.count {
          let end = Clusters.end(of: position, in: bytes)
          counts.add(UnsafeBufferPointer(rebasing: bytes[position..<end]))
          position = end
        }
      }
    }

    /// The tokenizer of what was counted; see ``CharacterTokenizer/train(on:minimumCount:maximumSize:)``.
    public func finish(minimumCount: Int = 1, maximumSize: Int = .max) -> CharacterTokenizer {
      CharacterTokenizer(
        TokenTable(special: counts.ranked(minimumCount: minimumCount).map(\.key), maximumSize: maximumSize))
    }
  }

  public var vocabularySize: Int { table.count }

  public func encode(_ text: String) -> [Int32] {
    var text = text
    return text.withUTF8 { bytes in
      var ids: [Int32] = []
      ids.reserveCapacity(bytes.count)
      var position = 0
      while position < bytes.count {
        let end = Clusters.end(of: position, in: bytes)
        if end == position + 1, bytes[position] < 0x80 {
          ids.append(ascii[Int(bytes[position])])
        } else {
          ids.append(
            table.id(UnsafeBufferPointer(rebasing: bytes[position..<end])) ?? SpecialToken.unknown.id)
        }
        position = end
      }
      return ids
    }
  }

  /// The number of characters of a text, as a reader counts them.
  package static func count(_ text: String) -> Int {
    var text = text
    return text.withUTF8 { bytes in
      var (position, count) = (0, 0)
      while position < bytes.count {
        position = Clusters.end(of: position, in: bytes)
        count += 1
      }
      return count
    }
  }

  public func appendText(of id: Int32, isFirst: Bool, to bytes: inout [UInt8]) {
    if let text = table.visibleText(id) { bytes.append(contentsOf: text) }
  }

  public func tokenizerJSON() -> [UInt8] {
    TokenizerFile.write(
      table.texts, preTokenizer: .clusters, decoder: TokenizerFile.fuse, model: .wordLevel)
  }
}

extension TokenTable {
  /// The largest vocabulary, half of it with merges: its file can be read.
  static let maximumCount = 1 << 18

  /// The special tokens, and then keys up to a size.
  init(special keys: some Sequence<ArraySlice<UInt8>>, maximumSize: Int) {
    self.init()
    for token in SpecialToken.allCases { insert(token.spelling.utf8) }
    for key in keys {
      guard count < min(maximumSize, Self.maximumCount) else { break }
      insert(key)
    }
  }

  /// What a token shows: nil for padding, begin, end and ids that do not exist.
  func visibleText(_ id: Int32) -> ArraySlice<UInt8>? {
    guard id >= 0, id < count else { return nil }
    guard let special = SpecialToken(rawValue: id) else { return self[Int(id)] }
    return special == .unknown ? self[Int(id)] : nil
  }

  /// All keys as texts.
  var texts: [String] { (0..<count).map { String(decoding: self[$0], as: UTF8.self) } }
}
