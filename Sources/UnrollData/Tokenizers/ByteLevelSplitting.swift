/// Cuts text into the pieces that byte-pair encoding never merges across (Radford et al. 2019, GPT-2).
///
/// The rule as a regular expression:
///
///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
///
/// A word thus takes one space before it along. Bytes that are no UTF-8 count as characters that are neither
/// letters nor digits nor white space.
enum ByteLevelSplitting {
  private enum Run { case letters, numbers, others, space }

  /// Calls `body` with the range of each piece; the pieces cover all bytes.
  static func forEachPiece(in bytes: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void) {
    var position = 0
    while position < bytes.count {
      let end = pieceEnd(bytes, position)
      body(position..<end)
      position = end
    }
  }

  private static func pieceEnd(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    let count = bytes.count
    if bytes[start] == UInt8(ascii: "'"), let end = contractionEnd(bytes, start) { return end }
    var (run, length) = run(bytes, start)
    var end = start + length
    if bytes[start] == Byte.space, end < count {
      let (next, nextLength) = Self.run(bytes, end)
      if next != .space {
        run = next
        end += nextLength
      }
    }
    // White space leaves its last character to the word behind it, unless that would take all.
    var last = start
    while end < count {
      let (next, length) = Self.run(bytes, end)
      guard next == run else { return run == .space && last > start ? last : end }
      last = end
      end += length
    }
    return end
  }

  @inline(__always) private static func run(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> (
    Run, length: Int
  ) {
    let byte = bytes[position]
    if byte < 0x80 {
      let folded = byte | 0x20
      if folded >= UInt8(ascii: "a"), folded <= UInt8(ascii: "z") { return (.letters, 1) }
      if byte.digit != nil { return (.numbers, 1) }
      return (byte == Byte.space || (byte >= 9 && byte <= 13) ? .space : .others, 1)
    }
    let (value, length) = UTF8Text.scalar(bytes, position)
    switch ScalarClass.of(value).kind {
    case .letter: return (.letters, length)
    case .number: return (.numbers, length)
    case .space: return (.space, length)
    default: return (.others, length)
    }
  }

  private static func contractionEnd(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int? {
    guard start + 1 < bytes.count else { return nil }
    switch bytes[start + 1] {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
    case UInt8(ascii: "r"), UInt8(ascii: "v"):
      return start + 2 < bytes.count && bytes[start + 2] == UInt8(ascii: "e") ? start + 3 : nil
    case UInt8(ascii: "l"):
      return start + 2 < bytes.count && bytes[start + 2] == UInt8(ascii: "l") ? start + 3 : nil
    default: return nil
    }
  }
}
