/// White space, and characters that show nothing, in UTF-8.
///
/// Besides the white space of Unicode these are what editors, spreadsheets and web pages leave at the ends of
/// texts: byte-order marks (U+FEFF), zero-width spaces and joiners (U+200B to U+200F), word joiners and
/// invisible operators (U+2060 to U+2064), marks of direction (U+202A to U+202E, U+2066 to U+2069), and the
/// Mongolian vowel separator (U+180E).
package enum Blanks {
  /// The number of bytes of the white space at a position, or nil when there is none.
  static func length(_ bytes: [UInt8], _ position: Int, _ end: Int) -> Int? {
    guard position < end else { return nil }
    let byte = bytes[position]
    if byte < 0x80 { return byte == 0x20 || (0x09...0x0D).contains(byte) ? 1 : nil }
    if byte == 0xC2 {
      guard position + 1 < end else { return nil }
      return bytes[position + 1] == 0xA0 || bytes[position + 1] == 0x85 ? 2 : nil
    }
    guard byte == 0xE1 || byte == 0xE2 || byte == 0xE3, position + 2 < end else { return nil }
    return isSpace(byte, bytes[position + 1], bytes[position + 2]) ? 3 : nil
  }

  /// U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F, U+3000.
  private static func isSpace(_ a: UInt8, _ b: UInt8, _ c: UInt8) -> Bool {
    switch (a, b) {
    case (0xE1, 0x9A): c == 0x80
    case (0xE2, 0x80): c <= 0x8A || c == 0xA8 || c == 0xA9 || c == 0xAF
    case (0xE2, 0x81): c == 0x9F
    case (0xE3, 0x80): c == 0x80
    default: false
    }
  }

  private static func showsNothing(_ a: UInt8, _ b: UInt8, _ c: UInt8) -> Bool {
    switch (a, b) {
    case (0xE1, 0xA0): c == 0x8E
    case (0xE2, 0x80): (0x8B...0x8F).contains(c) || (0xAA...0xAE).contains(c)
    case (0xE2, 0x81): (0xA0...0xA4).contains(c) || (0xA6...0xA9).contains(c)
    case (0xEF, 0xBB): c == 0xBF
    default: false
    }
  }

  /// A range without the white space and the invisible characters at its ends.
  package static func trimmed(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end {
      if let length = length(bytes, start, end) {
        start += length
      } else if start + 2 < end, bytes[start] >= 0xE1,
        showsNothing(bytes[start], bytes[start + 1], bytes[start + 2])
      {
        start += 3
      } else {
        break
      }
    }
    while start < end, let length = lengthBefore(bytes, start, end) { end -= length }
    return start..<end
  }

  /// The number of bytes of the blank that ends just before a position.
  private static func lengthBefore(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int? {
    let last = bytes[end - 1]
    if last < 0x80 { return last == 0x20 || (0x09...0x0D).contains(last) ? 1 : nil }
    if end - start >= 2, bytes[end - 2] == 0xC2 { return last == 0xA0 || last == 0x85 ? 2 : nil }
    guard end - start >= 3 else { return nil }
    let (a, b, c) = (bytes[end - 3], bytes[end - 2], last)
    return isSpace(a, b, c) || showsNothing(a, b, c) ? 3 : nil
  }

  /// A text without the invisible characters at its ends; white space stays where there are none.
  package static func visible(_ text: String) -> String {
    let bytes = Array(text.utf8)
    let range = trimmed(bytes, bytes.indices)
    func isSpace(_ part: Range<Int>) -> Bool {
      var position = part.lowerBound
      while let length = length(bytes, position, part.upperBound) { position += length }
      return position == part.upperBound
    }
    let start = isSpace(0..<range.lowerBound) ? 0 : range.lowerBound
    let end = isSpace(range.upperBound..<bytes.count) ? bytes.count : range.upperBound
    return start == 0 && end == bytes.count
      ? text : String(decoding: bytes[start..<max(start, end)], as: UTF8.self)
  }

  /// A text without the white space and the invisible characters at its ends.
  package static func trimmed(_ text: String) -> String {
    let bytes = Array(text.utf8)
    let range = trimmed(bytes, bytes.indices)
    return range.count == bytes.count ? text : String(decoding: bytes[range], as: UTF8.self)
  }
}
