/// A place in a text that is read byte by byte, and the line that it is on.
package struct ByteCursor {
  package let bytes: [UInt8]
  package var position = 0
  /// From 1. Lines end where `skipSpace` passes them.
  package private(set) var line = 1

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The next byte; `nil` at the end.
  package var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// At most so many of the bytes to come.
  package func rest(_ count: Int) -> ArraySlice<UInt8> {
    let start = min(position, bytes.count)
    return bytes[start..<min(start + count, bytes.count)]
  }

  /// Goes past a character, if it comes next.
  package mutating func consume(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  /// Goes past what JSON takes for white space.
  package mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      if byte == 0x0a { line += 1 }
      position += 1
    }
  }
}
