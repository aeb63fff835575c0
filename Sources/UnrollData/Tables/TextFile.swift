/// Files of text, as bytes that are known to be UTF-8.
package enum TextFile {
  /// Reads a whole file, unpacked if it is gzip. Pipes work too, and `-` is standard input.
  package static func bytes(at path: String) throws(DataError) -> [UInt8] {
    try ByteSource(path: path).readAll()
  }

  /// Whether there is a file of this name, of any kind but a folder.
  package static func exists(_ path: String) -> Bool {
    path.utf8.count < 4096 && InputFiles.isFile(path)
  }

  /// Offsets of fields are held in 32 bits.
  static let maximumSize = Int(UInt32.max) - 1

  /// Checks that bytes are UTF-8 text without NUL bytes; `name` is used in the error.
  package static func check(_ bytes: [UInt8], name: String) throws(DataError) {
    let wide = isWide(bytes)
    guard wide || !bytes.isEmpty else { return }
    guard let offset = wide ? 0 : firstNotText(in: bytes) else { return }
    throw notText(
      bytes[offset], at: offset, line: lineNumber(of: offset, in: bytes), isWide: wide, name: name)
  }

  /// What some programs put before UTF-8.
  static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// Whether bytes start with the byte-order mark of UTF-16.
  static func isWide(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
  }

  /// The error for a byte that is not text.
  static func notText(_ byte: UInt8, at offset: Int, line: Int, isWide: Bool, name: String) -> DataError {
    let digits = String(byte, radix: 16, uppercase: true)
    let hint: String? =
      if isWide {
        "the file looks like UTF-16; save it as UTF-8"
      } else if byte == 0 {
        "the file is not text, or it is UTF-16; save it as UTF-8"
      } else {
        "the file may be in an older encoding such as Latin-1 or Windows-1252; save it as UTF-8"
      }
    let found = "byte 0x\(byte < 16 ? "0" : "")\(digits) at offset \(offset)"
    return DataError(
      .notText, file: name, line: line, expected: "UTF-8 text", found: found, hint: hint)
  }

  /// The offset of the first byte that is NUL or not part of well-formed UTF-8 (Unicode 15, table 3-7).
  static func firstNotText(in bytes: [UInt8]) -> Int? {
    bytes.withUnsafeBufferPointer { firstNotText(in: $0) }
  }

  private static func firstNotText(in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    var position = 0
    while position < bytes.count {
      let lead = bytes[position]
      if lead < 0x80 {
        if lead == 0 { return position }
        position += 1
        continue
      }
      let length: Int
      var first: ClosedRange<UInt8> = 0x80...0xBF
      switch lead {
      case 0xC2...0xDF: length = 2
      case 0xE0...0xEF:
        length = 3
        if lead == 0xE0 { first = 0xA0...0xBF }
        if lead == 0xED { first = 0x80...0x9F }
      case 0xF0...0xF4:
        length = 4
        if lead == 0xF0 { first = 0x90...0xBF }
        if lead == 0xF4 { first = 0x80...0x8F }
      default: return position
      }
      guard position + length <= bytes.count, first.contains(bytes[position + 1]) else { return position }
      for next in 2..<max(2, length) where bytes[position + next] & 0xC0 != 0x80 { return position }
      position += length
    }
    return nil
  }

  /// The line, from 1, that holds an offset. Lines end with LF, CR LF or CR.
  package static func lineNumber(of offset: Int, in bytes: [UInt8]) -> Int {
    var line = 1
    for position in 0..<min(offset, bytes.count) {
      let byte = bytes[position]
      if byte == Byte.lineFeed {
        line += 1
      } else if byte == Byte.carriageReturn, position + 1 < bytes.count,
        bytes[position + 1] != Byte.lineFeed
      {
        line += 1
      }
    }
    return line
  }
}

/// The bytes that mean something in a table or a time.
enum Byte {
  static let tab = UInt8(ascii: "\t")
  static let lineFeed = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
  static let space = UInt8(ascii: " ")
  static let quote = UInt8(ascii: "\"")
  static let comma = UInt8(ascii: ",")
  static let semicolon = UInt8(ascii: ";")
  static let bar = UInt8(ascii: "|")
  static let hash = UInt8(ascii: "#")
  static let plus = UInt8(ascii: "+")
  static let minus = UInt8(ascii: "-")
  static let dot = UInt8(ascii: ".")
  static let slash = UInt8(ascii: "/")
  static let colon = UInt8(ascii: ":")
  static let zero = UInt8(ascii: "0")
}

extension UInt8 {
  /// The digit's value, or nil when the byte is no digit.
  var digit: Int? {
    let value = self &- Byte.zero
    return value < 10 ? Int(value) : nil
  }
}
