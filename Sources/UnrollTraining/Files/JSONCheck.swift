import UnrollCore

/// Looks through JSON (RFC 8259) before it is decoded.
///
/// Decoders at large take a key twice, other encodings than UTF-8, and a few bytes for hundreds of theirs. This walk makes
/// next to nothing: it proves the grammar, refuses duplicate keys, and bounds the depth and the number of values.
struct JSONCheck {
  static let maximumDepth = 32
  static let maximumValues = 1 << 20
  /// The most keys of one object: a decoder makes a dictionary of them.
  static let maximumKeys = 1 << 17
  /// The most bytes of a key, which may come back in an error.
  static let maximumKeyLength = 1 << 10
  /// The most digits of a number: a decoder takes time for each.
  private static let maximumNumberLength = 400

  private let file: String
  private var cursor: ByteCursor
  private var values = 0

  /// - Throws: `ModelFileError` with the line of what is wrong.
  static func check(_ bytes: [UInt8], file: String) throws(ModelFileError) {
    var walk = JSONCheck(bytes: bytes, file: file)
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw walk.damaged("JSON in UTF-8", "other bytes")
    }
    try walk.value(depth: 0)
    walk.cursor.skipSpace()
    guard walk.cursor.position == bytes.count else { throw walk.unexpected("the end of the JSON") }
  }

  private init(bytes: [UInt8], file: String) {
    self.file = file
    cursor = ByteCursor(bytes)
  }

  private mutating func value(depth: Int) throws(ModelFileError) {
    values += 1
    guard values <= Self.maximumValues else {
      throw damaged("at most \(Self.maximumValues) values in JSON", "more")
    }
    cursor.skipSpace()
    switch cursor.peek {
    case UInt8(ascii: "{"): try object(depth: depth + 1)
    case UInt8(ascii: "["): try array(depth: depth + 1)
    case UInt8(ascii: "\""): _ = try string()
    case UInt8(ascii: "t"): try word("true")
    case UInt8(ascii: "f"): try word("false")
    case UInt8(ascii: "n"): try word("null")
    default: try number()
    }
  }

  private mutating func object(depth: Int) throws(ModelFileError) {
    try enter(depth)
    if cursor.consume("}") { return }
    var keys = Set<String>()
    repeat {
      cursor.skipSpace()
      let range = try string()
      guard range.count <= Self.maximumKeyLength else {
        throw damaged("keys of at most \(Self.maximumKeyLength) bytes in JSON", "\(range.count) bytes")
      }
      let key = try text(range)
      guard keys.insert(key).inserted else { throw damaged("each key once", "\"\(key)\" twice") }
      guard keys.count <= Self.maximumKeys else {
        throw damaged("at most \(Self.maximumKeys) keys in an object", "more")
      }
      cursor.skipSpace()
      guard cursor.consume(":") else { throw unexpected("':'") }
      try value(depth: depth)
      cursor.skipSpace()
    } while cursor.consume(",")
    guard cursor.consume("}") else { throw unexpected("',' or '}'") }
  }

  private mutating func array(depth: Int) throws(ModelFileError) {
    try enter(depth)
    if cursor.consume("]") { return }
    repeat {
      try value(depth: depth)
      cursor.skipSpace()
    } while cursor.consume(",")
    guard cursor.consume("]") else { throw unexpected("',' or ']'") }
  }

  private mutating func enter(_ depth: Int) throws(ModelFileError) {
    guard depth <= Self.maximumDepth else {
      throw damaged("at most \(Self.maximumDepth) levels of nesting in JSON", "more")
    }
    cursor.position += 1
    cursor.skipSpace()
  }

  private mutating func word(_ word: String) throws(ModelFileError) {
    guard cursor.bytes[cursor.position...].starts(with: word.utf8) else { throw unexpected("a value") }
    cursor.position += word.utf8.count
  }

  private mutating func number() throws(ModelFileError) {
    let start = cursor.position
    _ = cursor.consume("-")
    let isZero = cursor.peek == UInt8(ascii: "0")
    let whole = digits()
    guard whole > 0 else { throw unexpected("a value") }
    guard !isZero || whole == 1 else { throw damaged("a number without leading zeros", "one with them") }
    if cursor.consume("."), digits() == 0 { throw unexpected("a digit") }
    if cursor.consume("e") || cursor.consume("E") {
      if !cursor.consume("+") { _ = cursor.consume("-") }
      if digits() == 0 { throw unexpected("a digit") }
    }
    guard cursor.position - start <= Self.maximumNumberLength else {
      throw damaged("a number of at most \(Self.maximumNumberLength) characters", "a longer one")
    }
  }

  private mutating func digits() -> Int {
    let start = cursor.position
    while let byte = cursor.peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
      cursor.position += 1
    }
    return cursor.position - start
  }

  /// The bytes between quotes. Their escapes are proved where they are resolved.
  private mutating func string() throws(ModelFileError) -> Range<Int> {
    guard cursor.consume("\"") else { throw unexpected("a key in quotes") }
    let start = cursor.position
    while let byte = cursor.peek, byte >= 0x20 {
      cursor.position += 1
      if byte == UInt8(ascii: "\"") { return start..<cursor.position - 1 }
      if byte == UInt8(ascii: "\\"), cursor.position < cursor.bytes.count { cursor.position += 1 }
    }
    throw unexpected("the end of a string")
  }

  /// The text of a key, its escapes resolved: two spellings of a key are one key.
  private func text(_ range: Range<Int>) throws(ModelFileError) -> String {
    guard cursor.bytes[range].contains(UInt8(ascii: "\\")) else {
      return String(decoding: cursor.bytes[range], as: UTF8.self)
    }
    let quoted = range.lowerBound - 1..<range.upperBound + 1
    let result = cursor.bytes[quoted].withUnsafeBytes { raw in
      Result { () throws(ModelFileError) in
        var scanner = StrictScanner(raw, file: file)
        return try scanner.string("a key")
      }
    }
    return try result.get()
  }

  private func unexpected(_ expected: String) -> ModelFileError {
    let rest = cursor.rest(12)
    return damaged(
      expected, rest.isEmpty ? "the end of the file" : "\"\(String(decoding: rest, as: UTF8.self))\"")
  }

  private func damaged(_ expected: String, _ found: String) -> ModelFileError {
    ModelFileError(
      .damaged, file: file, place: "line \(cursor.line)", expected: expected, found: found)
  }
}
