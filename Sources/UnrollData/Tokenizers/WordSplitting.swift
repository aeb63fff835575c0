/// How a ``WordTokenizer`` finds words.
public enum WordSplitting: String, Sendable, CaseIterable {
  /// A word is a run of letters, digits and combining marks, with apostrophes between them (`don't`); every other
  /// character that is not white space is a word of its own (`.`, `$`, an emoji).
  case words
  /// A word is a run of anything but white space: for text that is already split into words.
  case whitespace
}

extension WordSplitting {
  /// The rule of `words`, as the regular expression that a `tokenizer.json` states it with.
  static let pattern =
    #"[\p{L}\p{N}][\p{L}\p{M}\p{N}\x{200C}\x{200D}]*(?:['’][\p{L}\p{N}][\p{L}\p{M}\p{N}\x{200C}\x{200D}]*)*|\X"#

  /// Calls `body` with the range of each word.
  func forEachWord(in bytes: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void) {
    var position = 0
    while position < bytes.count {
      let (kind, length) = Self.kind(bytes, position)
      if kind == .space {
        position += length
        continue
      }
      let chunk = Self.chunkEnd(bytes, position)
      if self == .whitespace {
        body(position..<chunk)
        position = chunk
        continue
      }
      // Clusters end where white space begins, even after a scalar that would join it.
      let piece = UnsafeBufferPointer(rebasing: bytes[..<chunk])
      while position < chunk {
        let end = Self.wordEnd(piece, position) ?? Clusters.end(of: position, in: piece)
        body(position..<end)
        position = end
      }
    }
  }

  private static func chunkEnd(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    var end = start
    while end < bytes.count {
      let (kind, length) = kind(bytes, end)
      if kind == .space { break }
      end += length
    }
    return end
  }

  /// Where the word that starts at a position ends; nil when none starts there.
  private static func wordEnd(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int? {
    var (kind, length) = kind(bytes, start)
    guard kind == .letter || kind == .number else { return nil }
    var end = start
    while true {
      repeat {
        end += length
        guard end < bytes.count else { return end }
        (kind, length) = Self.kind(bytes, end)
      } while kind == .letter || kind == .number || kind == .mark || isJoiner(bytes, end)
      // An apostrophe belongs to the word when a letter or a digit follows it.
      let apostrophe = apostropheLength(bytes, end)
      guard apostrophe > 0, end + apostrophe < bytes.count else { return end }
      (kind, length) = Self.kind(bytes, end + apostrophe)
      guard kind == .letter || kind == .number else { return end }
      end += apostrophe
    }
  }

  @inline(__always) static func kind(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> (
    kind: ScalarClass.Kind, length: Int
  ) {
    let (value, length) = UTF8Text.scalar(bytes, position)
    return (ScalarClass.of(value).kind, length)
  }

  /// Whether U+200C or U+200D starts at a position.
  private static func isJoiner(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> Bool {
    bytes[position] == 0xE2 && position + 2 < bytes.count && bytes[position + 1] == 0x80
      && (bytes[position + 2] == 0x8C || bytes[position + 2] == 0x8D)
  }

  /// The length of `'` or `’` at a position, or 0.
  private static func apostropheLength(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> Int {
    if bytes[position] == UInt8(ascii: "'") { return 1 }
    let isCurled =
      bytes[position] == 0xE2 && position + 2 < bytes.count && bytes[position + 1] == 0x80
      && bytes[position + 2] == 0x99
    return isCurled ? 3 : 0
  }
}
