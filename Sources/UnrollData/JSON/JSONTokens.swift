import UnrollCore

/// Reads JSON (RFC 8259) value by value, without holding what was read: for files of many numbers.
///
/// Depth is bounded; numbers are doubles; texts stand in errors and keys alone. Whoever reads checks the form.
package struct JSONTokens {
  /// What comes next in a file.
  package enum Token: Equatable {
    case beginArray
    case endArray
    case beginObject
    case endObject
    /// A member's name; its value follows.
    case key(String)
    case number(Double)
    case string(String)
    case bool(Bool)
    case null
  }

  /// The file's name.
  package let name: String
  private var cursor: ByteCursor
  /// Whether each array (false) or object (true) that is open is an object.
  private var open: [Bool] = []
  private var state = State.value
  private enum State { case value, firstValue, firstKey, colon, next, end }

  static let deepest = 64

  package init(_ bytes: [UInt8], name: String) throws(DataError) {
    self.name = name
    try TextFile.check(bytes, name: name)
    cursor = ByteCursor(bytes)
    if bytes.starts(with: TextFile.byteOrderMark) { cursor.position = 3 }
  }

  /// How many arrays and objects are open.
  package var depth: Int { open.count }

  /// An error at the line that is read.
  package func wrong(_ expected: String, _ found: String) -> DataError {
    DataError(.badJSON, file: name, line: cursor.line, expected: expected, found: found)
  }

  /// The next token; `nil` behind the value that fills the file.
  package mutating func next() throws(DataError) -> Token? {
    cursor.skipSpace()
    if state == .end {
      guard cursor.peek == nil else { throw unexpected("the end of the file") }
      return nil
    }
    if state == .next {
      guard let isObject = open.last else {
        state = .end
        return try next()
      }
      if cursor.consume(isObject ? "}" : "]") { return close() }
      guard cursor.consume(",") else { throw unexpected("\",\" or the end of a list") }
      cursor.skipSpace()
      if isObject { return try key() }
      state = .value
    } else if state == .firstKey {
      if cursor.consume("}") { return close() }
      return try key()
    } else if state == .firstValue, cursor.consume("]") {
      return close()
    } else if state == .colon {
      guard cursor.consume(":") else { throw unexpected("\":\"") }
      cursor.skipSpace()
    }
    return try value()
  }

  private mutating func close() -> Token {
    state = .next
    return open.removeLast() ? .endObject : .endArray
  }

  private func unexpected(_ expected: String) -> DataError {
    let rest = String(decoding: cursor.rest(12), as: UTF8.self)
    return wrong(expected, rest.isEmpty ? "the end of the file" : quoted(rest))
  }

  private mutating func key() throws(DataError) -> Token {
    guard cursor.peek == Byte.quote else { throw unexpected("a name in quotes") }
    state = .colon
    return .key(try string())
  }

  private mutating func value() throws(DataError) -> Token {
    guard let byte = cursor.peek else { throw unexpected("a value") }
    state = .next
    switch byte {
    case UInt8(ascii: "["), UInt8(ascii: "{"):
      guard open.count < Self.deepest else {
        throw wrong("at most \(Self.deepest) lists in each other", "more")
      }
      cursor.position += 1
      let isObject = byte == UInt8(ascii: "{")
      open.append(isObject)
      state = isObject ? .firstKey : .firstValue
      return isObject ? .beginObject : .beginArray
    case Byte.quote: return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return .number(try number())
    }
  }

  private mutating func word(_ text: String, _ token: Token) throws(DataError) -> Token {
    guard cursor.rest(text.utf8.count).elementsEqual(text.utf8) else { throw unexpected("a value") }
    cursor.position += text.utf8.count
    return token
  }

  private mutating func number() throws(DataError) -> Double {
    let start = cursor.position
    func digits(_ cursor: inout ByteCursor) -> Int {
      let first = cursor.position
      while let byte = cursor.peek, byte.digit != nil { cursor.position += 1 }
      return cursor.position - first
    }
    _ = cursor.consume("-")
    let startsWithZero = cursor.peek == Byte.zero
    let whole = digits(&cursor)
    guard whole == 1 || whole > 1 && !startsWithZero else {
      cursor.position = start
      throw unexpected("a value")
    }
    var isRight = true
    if cursor.consume(".") { isRight = digits(&cursor) > 0 }
    if isRight, cursor.consume("e") || cursor.consume("E") {
      if !cursor.consume("+") { _ = cursor.consume("-") }
      isRight = digits(&cursor) > 0
    }
    guard isRight, let value = DecimalText.value(cursor.bytes, start..<cursor.position) else {
      cursor.position = start
      throw unexpected("a number that is finite")
    }
    return value
  }

  private mutating func string() throws(DataError) -> String {
    cursor.position += 1
    var text: [UInt8] = []
    while let byte = cursor.peek {
      cursor.position += 1
      switch byte {
      case Byte.quote: return String(decoding: text, as: UTF8.self)
      case 0..<0x20: throw wrong("a text in quotes", "a control character in it")
      case UInt8(ascii: "\\"): text += try escape().utf8
      default: text.append(byte)
      }
    }
    throw unexpected("the end of a text in quotes")
  }

  private mutating func escape() throws(DataError) -> String {
    guard let byte = cursor.peek else { throw unexpected("a character behind \"\\\"") }
    cursor.position += 1
    switch byte {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case Byte.quote, Byte.slash, UInt8(ascii: "\\"): return String(Character(Unicode.Scalar(byte)))
    case UInt8(ascii: "u"):
      var unit = try hexadecimal()
      if 0xd800..<0xdc00 ~= unit, cursor.consume("\\"), cursor.consume("u") {
        let low = try hexadecimal()
        if 0xdc00..<0xe000 ~= low { unit = 0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00) }
      }
      guard let scalar = Unicode.Scalar(unit) else { throw wrong("a character", "half a pair of surrogates") }
      return String(Character(scalar))
    default: throw wrong("a character behind \"\\\"", "another one")
    }
  }

  private mutating func hexadecimal() throws(DataError) -> UInt32 {
    guard cursor.rest(4).count == 4,
      let value = UInt32(String(decoding: cursor.rest(4), as: UTF8.self), radix: 16),
      cursor.peek != Byte.plus,
      cursor.peek != Byte.minus
    else { throw unexpected("four hexadecimal digits") }
    cursor.position += 4
    return value
  }
}
