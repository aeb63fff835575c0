/// Pieces of UTF-8 (Unicode 15, table 3-7).
package enum UTF8Text {
  /// The number of bytes at the end that begin a scalar and do not finish it: 0 … 3.
  static func unfinished(in bytes: some RandomAccessCollection<UInt8>) -> Int {
    var back = 1
    for byte in bytes.suffix(3).reversed() {
      if byte < 0x80 { return 0 }
      if byte >= 0xC0 {
        // A lead byte: unfinished when it announces more bytes than follow and those that follow fit it.
        let rest = bytes.suffix(back)
        return length(lead: byte) > back && isPrefix(rest) ? back : 0
      }
      back += 1
    }
    return 0
  }

  /// The length of a scalar by its first byte; 1 for bytes that begin none.
  @inline(__always) static func length(lead: UInt8) -> Int {
    lead < 0xC2 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 1
  }

  /// Whether the second byte, if there is one, is allowed after the first.
  private static func isPrefix(_ bytes: some Collection<UInt8>) -> Bool {
    guard let lead = bytes.first, let second = bytes.dropFirst().first else { return true }
    switch lead {
    case 0xE0: return second >= 0xA0
    case 0xED: return second < 0xA0
    case 0xF0: return second >= 0x90
    case 0xF4: return second < 0x90
    default: return true
    }
  }

  /// The scalar that starts at a position, and its length; U+FFFD and 1 where none does.
  @inline(__always) static func scalar(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> (
    value: UInt32, length: Int
  ) {
    let lead = bytes[position]
    if lead < 0x80 { return (UInt32(lead), 1) }
    let length = length(lead: lead)
    guard length > 1, position + length <= bytes.count else { return (0xFFFD, 1) }
    var value = UInt32(lead) & (0x7F >> UInt32(length))
    for offset in 1..<length {
      let byte = bytes[position + offset]
      guard byte & 0xC0 == 0x80 else { return (0xFFFD, 1) }
      value = value << 6 | UInt32(byte & 0x3F)
    }
    return (value, length)
  }
}
