#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Files of text, as bytes that are known to be UTF-8.
package enum TextFile {
  /// Reads a whole file. Pipes work too.
  package static func bytes(at path: String) throws(DataError) -> [UInt8] {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw missing(path) }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { throw missing(path) }
      throw unreadable(path, errno)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unreadable(path, errno) }
    if status.st_mode & S_IFMT == S_IFDIR { throw unreadable(path, EISDIR) }

    var bytes: [UInt8] = []
    // One byte more than the size, so that the end is found without growing.
    bytes.reserveCapacity(Int(clamping: status.st_size) + 1)
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw unreadable(path, errno)
      }
      if count == 0 { return bytes }
      bytes.append(contentsOf: chunk[..<count])
      if bytes.count >= maximumSize {
        throw DataError(
          .tooLarge, file: path, expected: "a file of less than 4 GB", found: "more",
          hint: "split it by series")
      }
    }
  }

  /// Offsets of fields are held in 32 bits.
  static let maximumSize = Int(UInt32.max) - 1

  private static func missing(_ path: String) -> DataError {
    DataError(
      .missingFile, file: path, expected: "a file", found: "none", statement: "there is no such file")
  }

  private static func unreadable(_ path: String, _ code: Int32) -> DataError {
    let reason =
      switch code {
      case EISDIR: "it is a folder"
      case EACCES, EPERM: "permission was refused"
      default: "system error \(code)"
      }
    return DataError(
      .unreadableFile, file: path, expected: "a file that can be read", found: reason,
      statement: "the file cannot be read: \(reason)")
  }

  /// Checks that bytes are UTF-8 text without NUL bytes; `name` is used in the error.
  package static func check(_ bytes: [UInt8], name: String) throws(DataError) {
    let wide = bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
    guard wide || !bytes.isEmpty else { return }
    guard let offset = wide ? 0 : firstNotText(in: bytes) else { return }
    let byte = bytes[offset]
    let digits = String(byte, radix: 16, uppercase: true)
    let hint: String? =
      if wide {
        "the file looks like UTF-16; save it as UTF-8"
      } else if byte == 0 {
        "the file is not text, or it is UTF-16; save it as UTF-8"
      } else {
        "the file may be in an older encoding such as Latin-1 or Windows-1252; save it as UTF-8"
      }
    let found = "byte 0x\(byte < 16 ? "0" : "")\(digits) at offset \(offset)"
    throw DataError(
      .notText, file: name, line: lineNumber(of: offset, in: bytes), expected: "UTF-8 text",
      found: found, hint: hint)
  }

  /// The offset of the first byte that is NUL or not part of well-formed UTF-8 (Unicode 15, table 3-7).
  static func firstNotText(in bytes: [UInt8]) -> Int? {
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
