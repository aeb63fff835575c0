/// Writes rows of delimited text (RFC 4180, lines end with LF).
///
/// A field is quoted when it holds the delimiter, a quote, a line break or blanks at its ends.
package struct CSVWriter: Sendable {
  /// What has been written, in UTF-8.
  package private(set) var bytes: [UInt8] = []
  private let delimiter: UInt8

  package init(delimiter: UInt8 = UInt8(ascii: ",")) { self.delimiter = delimiter }

  /// What has been written.
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Adds a row.
  package mutating func write(_ fields: some Sequence<String>) {
    var count = 0
    let start = bytes.count
    for field in fields {
      if count > 0 { bytes.append(delimiter) }
      append(field)
      count += 1
    }
    // A row of one empty field would read as a blank line, which is no row.
    if count == 1, bytes.count == start { bytes.append(contentsOf: [Byte.quote, Byte.quote]) }
    bytes.append(Byte.lineFeed)
  }

  private mutating func append(_ field: String) {
    let utf8 = field.utf8
    let isBlank = { (byte: UInt8?) in byte == Byte.space || byte == Byte.tab }
    let needsQuotes =
      isBlank(utf8.first) || isBlank(utf8.last)
      || utf8.contains {
        $0 == delimiter || $0 == Byte.quote || $0 == Byte.lineFeed || $0 == Byte.carriageReturn
      }
    guard needsQuotes else {
      bytes.append(contentsOf: utf8)
      return
    }
    bytes.append(Byte.quote)
    for byte in utf8 {
      if byte == Byte.quote { bytes.append(Byte.quote) }
      bytes.append(byte)
    }
    bytes.append(Byte.quote)
  }
}
