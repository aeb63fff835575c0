import UnrollCore

/// Byte-pair encoding over bytes (Sennrich et al. 2016; bytes as in Radford et al. 2019): pieces of words, and in
/// the end single bytes. Nothing is unknown, and every sequence of bytes comes back from its ids as it was.
///
/// With whole words (``Trainer/finish(merges:minimumCount:wordCount:)``) it is a tokenizer of words whose unknown
/// words fall back to pieces and bytes: a frequent word is one token, and merges apply to the rest.
public struct BytePairTokenizer: Tokenizer {
  /// Special tokens, 256 bytes, merged pieces and then whole words, in the order of their ids.
  let table: TokenTable
  let merges: BytePairMerges
  /// Whether a piece of text that is in the vocabulary is a token, however its parts would merge.
  let takesWholeWords: Bool
  /// The id of each byte.
  private let byteIds: [Int32]
  /// Whether a text is read as if a space stood before it, so that its first word is like any other.
  package var addsPrefixSpace = false
  private let cache = Cache()

  init(_ table: TokenTable, merges: BytePairMerges, takesWholeWords: Bool) {
    self.table = table
    self.merges = merges
    self.takesWholeWords = takesWholeWords
    byteIds = Self.byteIds
  }

  /// Special tokens and bytes have the same ids in every vocabulary.
  static let byteIds: [Int32] = {
    var ids = [Int32](repeating: 0, count: 256)
    for (index, byte) in ByteAlphabet.ordered.enumerated() {
      ids[Int(byte)] = Int32(SpecialToken.allCases.count + index)
    }
    return ids
  }()

  /// A tokenizer whose merges, and whole words if any, are learned from texts; see ``Trainer``.
  public static func train(
    on texts: some Sequence<String>, merges: Int, minimumCount: Int = 2, wordCount: Int = 0
  ) -> BytePairTokenizer {
    var trainer = Trainer()
    for text in texts { trainer.add(text) }
    return trainer.finish(merges: merges, minimumCount: minimumCount, wordCount: wordCount)
  }

  public var vocabularySize: Int { table.count }

  public func encode(_ text: String) -> [Int32] {
    var text = addsPrefixSpace && !text.isEmpty && text.utf8.first != Byte.space ? " " + text : text
    return text.withUTF8 { encode($0) }
  }

  /// The ids of bytes, which need not be UTF-8.
  package func encode(_ bytes: UnsafeBufferPointer<UInt8>) -> [Int32] {
    var ids: [Int32] = []
    ids.reserveCapacity(bytes.count / 3)
    // One encoder at a time uses what earlier texts taught; others learn anew.
    let found: Void? = cache.memory.withLockIfAvailable { encode(bytes, &ids, &$0) }
    if found == nil {
      var memory = Memory()
      encode(bytes, &ids, &memory)
    }
    return ids
  }

  private func encode(_ bytes: UnsafeBufferPointer<UInt8>, _ ids: inout [Int32], _ memory: inout Memory) {
    ByteLevelSplitting.forEachPiece(in: bytes) { range in
      if range.count == 1 {
        ids.append(byteIds[Int(bytes[range.lowerBound])])
        return
      }
      let piece = UnsafeBufferPointer(rebasing: bytes[range])
      if piece.count > Memory.longestPiece {
        ids.append(contentsOf: encode(piece: piece))
      } else {
        memory.appendIds(of: piece, to: &ids) { encode(piece: $0) }
      }
    }
  }

  private func encode(piece: UnsafeBufferPointer<UInt8>) -> [Int32] {
    if takesWholeWords, let id = table.id(piece) { return [id] }
    var ids = piece.map { byteIds[Int($0)] }
    merges.apply(to: &ids)
    return ids
  }

  public func appendText(of id: Int32, isFirst: Bool, to bytes: inout [UInt8]) {
    guard id >= 0, id < table.count, SpecialToken(rawValue: id) == nil else { return }
    bytes.append(contentsOf: table[Int(id)])
  }

  public func tokenizerJSON() -> [UInt8] {
    let special = SpecialToken.allCases.map(\.spelling)
    let texts = special + (special.count..<table.count).map { ByteAlphabet.text(table[$0]) }
    return TokenizerFile.write(
      texts, preTokenizer: addsPrefixSpace ? .byteLevelBehindSpace : .byteLevel,
      decoder: TokenizerFile.byteLevel,
      model: .bytePairs(
        merges.pairs.map { texts[Int($0.left)] + " " + texts[Int($0.right)] }, ignoresMerges: takesWholeWords)
    )
  }
}

extension BytePairTokenizer {
  /// The ids of pieces that occurred before. It changes how fast encoding is and nothing else.
  private final class Cache: Sendable {
    let memory = Guarded(Memory())
  }

  private struct Memory {
    static let longestPiece = 64
    private static let capacity = 1 << 16
    private var pieces = TokenTable()
    private var ids: [Int32] = []
    private var ends: [Int] = []

    mutating func appendIds(
      of piece: UnsafeBufferPointer<UInt8>, to result: inout [Int32],
      _ encode: (UnsafeBufferPointer<UInt8>) -> [Int32]
    ) {
      if let known = pieces.id(piece) {
        let start = known == 0 ? 0 : ends[Int(known) - 1]
        for index in start..<ends[Int(known)] { result.append(ids[index]) }
        return
      }
      let found = encode(piece)
      result.append(contentsOf: found)
      if pieces.count == Self.capacity { self = Memory() }
      pieces.insert(piece)
      ids.append(contentsOf: found)
      ends.append(ids.count)
    }
  }
}
