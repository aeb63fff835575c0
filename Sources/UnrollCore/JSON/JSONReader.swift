/// What is wrong with a text of JSON, and where.
package struct JSONError: Error, Equatable, Sendable {
  /// The line, from 1.
  package let line: Int
  /// The byte, from 0.
  package let offset: Int
  package let expected: String
  package let found: String

  package init(line: Int, offset: Int, expected: String, found: String) {
    self.line = line
    self.offset = offset
    self.expected = expected
    self.found = found
  }
}

/// How much a text of JSON may ask for: each bound is met before memory is taken.
package struct JSONLimits: Sendable {
  /// The most arrays and objects within each other.
  package var depth = 32
  /// The most values; an array counts as one, and what is in it as its own.
  package var values = 1 << 20
  /// The most members of an object.
  package var members = 1 << 17
  /// The most bytes of a member's name.
  package var keyLength = 1 << 10
  /// The most bytes of a string.
  package var stringLength = 1 << 24
  /// The most characters of a number.
  package var numberLength = 400

  package init() {}

  /// For files of numbers that are read one by one and not kept.
  package static let streamed: JSONLimits = {
    var limits = JSONLimits()
    limits.depth = 64
    limits.values = .max
    limits.members = .max
    limits.keyLength = 1 << 24
    return limits
  }()
}

/// The one reader of JSON (RFC 8259): strictly, token by token, without holding what was read.
///
/// A text is one value with white space around it, in UTF-8. Escapes are proved where they stand, halves of surrogate
/// pairs refused, and nothing grows but a bit for each open array or object.
package struct JSONReader: Sendable {
  /// Where a string or a number stands; `JSONReader` tells what it says.
  package struct Span: Equatable, Sendable {
    /// Its bytes, without quotes.
    package let range: Range<Int>
    /// Whether a string has escapes, or a number a fraction or an exponent.
    fileprivate let isSpecial: Bool

    package init(range: Range<Int>, isSpecial: Bool) {
      self.range = range
      self.isSpecial = isSpecial
    }

    /// Whether a number is written as a whole one.
    package var isWhole: Bool { !isSpecial }
  }

  package enum Token: Equatable, Sendable {
    case beginArray, endArray, beginObject, endObject
    /// A member's name; its value follows.
    case key(Span)
    case number(Span)
    case string(Span)
    case bool(Bool)
    case null
  }

  private enum State { case value, firstValue, firstKey, colon, next, end }

  private let limits: JSONLimits
  private var cursor: ByteCursor
  /// Whether each array (false) or object (true) that is open is an object.
  private var open: [Bool] = []
  private var state = State.value
  private var values = 0

  package init(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) {
    self.limits = limits
    cursor = ByteCursor(bytes)
  }

  package var bytes: [UInt8] { cursor.bytes }
  /// The line that is read.
  package var line: Int { cursor.line }
  /// The byte that is read next.
  package var position: Int { cursor.position }
  /// How many arrays and objects are open.
  package var depth: Int { open.count }

  /// Goes past some bytes before the text begins.
  package mutating func skip(_ count: Int) { cursor.position += count }

  // MARK: - Tokens

  /// The next token; `nil` behind the value, with nothing but white space after it.
  package mutating func next() throws(JSONError) -> Token? {
    cursor.skipSpace()
    switch state {
    case .end:
      guard cursor.peek == nil else { throw unexpected("the end of the JSON") }
      return nil
    case .next:
      guard let isObject = open.last else {
        state = .end
        return try next()
      }
      if cursor.consume(isObject ? "}" : "]") { return close() }
      guard cursor.consume(",") else { throw unexpected(isObject ? "',' or '}'" : "',' or ']'") }
      cursor.skipSpace()
      if isObject { return try key() }
      state = .value
    case .firstKey:
      if cursor.consume("}") { return close() }
      return try key()
    case .firstValue: if cursor.consume("]") { return close() }
    case .colon:
      guard cursor.consume(":") else { throw unexpected("':'") }
      cursor.skipSpace()
    case .value: break
    }
    return try value()
  }

  private mutating func close() -> Token {
    state = .next
    return open.removeLast() ? .endObject : .endArray
  }

  private mutating func key() throws(JSONError) -> Token {
    guard cursor.consume("\"") else { throw unexpected("a key in quotes") }
    let span = try string()
    guard span.range.count <= limits.keyLength else {
      throw error("keys of at most \(limits.keyLength) bytes", "\(span.range.count) bytes")
    }
    state = .colon
    return .key(span)
  }

  private mutating func value() throws(JSONError) -> Token {
    values += 1
    guard values <= limits.values else { throw error("at most \(limits.values) values in JSON", "more") }
    state = .next
    switch cursor.peek {
    case UInt8(ascii: "["): return try enter(isObject: false)
    case UInt8(ascii: "{"): return try enter(isObject: true)
    case UInt8(ascii: "\""):
      cursor.position += 1
      return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return .number(try number())
    }
  }

  private mutating func enter(isObject: Bool) throws(JSONError) -> Token {
    guard open.count < limits.depth else {
      throw error("at most \(limits.depth) levels of nesting in JSON", "more")
    }
    cursor.position += 1
    open.append(isObject)
    state = isObject ? .firstKey : .firstValue
    return isObject ? .beginObject : .beginArray
  }

  private mutating func word(_ text: String, _ token: Token) throws(JSONError) -> Token {
    guard cursor.rest(text.utf8.count).elementsEqual(text.utf8) else { throw unexpected("a value") }
    cursor.position += text.utf8.count
    return token
  }

  private mutating func number() throws(JSONError) -> Span {
    let start = cursor.position
    _ = cursor.consume("-")
    let isZero = cursor.peek == UInt8(ascii: "0")
    let whole = digits()
    guard whole > 0 else {
      cursor.position = start
      throw unexpected("a value")
    }
    guard !isZero || whole == 1 else { throw error("a number without leading zeros", "one with them") }
    let end = cursor.position
    if cursor.consume("."), digits() == 0 { throw unexpected("a digit") }
    if cursor.consume("e") || cursor.consume("E") {
      if !cursor.consume("+") { _ = cursor.consume("-") }
      if digits() == 0 { throw unexpected("a digit") }
    }
    guard cursor.position - start <= limits.numberLength else {
      throw error("a number of at most \(limits.numberLength) characters", "a longer one")
    }
    return Span(range: start..<cursor.position, isSpecial: cursor.position > end)
  }

  private mutating func digits() -> Int {
    let start = cursor.position
    while let byte = cursor.peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
      cursor.position += 1
    }
    return cursor.position - start
  }

  // MARK: - Strings

  /// The rest of a string behind its first quote, its escapes and its UTF-8 proved.
  private mutating func string() throws(JSONError) -> Span {
    let start = cursor.position
    var (hasEscapes, isASCII) = (false, true)
    while let byte = cursor.peek {
      switch byte {
      case UInt8(ascii: "\""):
        let range = start..<cursor.position
        guard isASCII || String(validating: cursor.bytes[range], as: UTF8.self) != nil else {
          throw error("UTF-8", "a string that is not")
        }
        cursor.position += 1
        return Span(range: range, isSpecial: hasEscapes)
      case 0..<0x20: throw error("a string", "a control character in it")
      case UInt8(ascii: "\\"):
        hasEscapes = true
        cursor.position += 1
        _ = try escape()
      default:
        isASCII = isASCII && byte < 0x80
        cursor.position += 1
      }
      guard cursor.position - start <= limits.stringLength else {
        throw error("strings of at most \(limits.stringLength) bytes", "a longer one")
      }
    }
    throw unexpected("the end of a string")
  }

  /// The character of an escape, behind its backslash.
  private mutating func escape() throws(JSONError) -> Unicode.Scalar {
    guard let byte = cursor.peek else { throw unexpected("an escaped character") }
    cursor.position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default:
      cursor.position -= 1
      throw unexpected("an escape of JSON")
    }
    var value = try codeUnit()
    if (0xd800..<0xdc00).contains(value) {
      guard cursor.consume("\\"), cursor.consume("u") else {
        throw error("the second half of a surrogate pair", "none")
      }
      let low = try codeUnit()
      guard (0xdc00..<0xe000).contains(low) else { throw error("a surrogate pair", "half of one") }
      value = 0x10000 + (value - 0xd800) << 10 + (low - 0xdc00)
    }
    guard let scalar = Unicode.Scalar(value) else { throw error("a surrogate pair", "half of one") }
    return scalar
  }

  private mutating func codeUnit() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = cursor.peek, byte < 0x80, let digit = Character(Unicode.Scalar(byte)).hexDigitValue
      else { throw unexpected("four hexadecimal digits after \\u") }
      value = value << 4 | UInt32(digit)
      cursor.position += 1
    }
    return value
  }

  // MARK: - What spans say

  /// The bytes of a string, its escapes resolved.
  package func utf8(_ span: Span) -> [UInt8] {
    guard span.isSpecial else { return Array(cursor.bytes[span.range]) }
    var walk = self
    walk.cursor.position = span.range.lowerBound
    var result: [UInt8] = []
    result.reserveCapacity(span.range.count)
    while walk.cursor.position < span.range.upperBound {
      let byte = cursor.bytes[walk.cursor.position]
      walk.cursor.position += 1
      guard byte == UInt8(ascii: "\\") else {
        result.append(byte)
        continue
      }
      // It was proved when it was read.
      if let scalar = try? walk.escape() { result.append(contentsOf: UTF8.encode(scalar) ?? .init()) }
    }
    return result
  }

  /// A string, its escapes resolved.
  package func text(_ span: Span) -> String {
    span.isSpecial
      ? String(decoding: utf8(span), as: UTF8.self)
      : String(decoding: cursor.bytes[span.range], as: UTF8.self)
  }

  /// A number that is written as a whole one, if it is one of 64 bits.
  package func integer(_ span: Span) -> Int? {
    span.isWhole ? Int(String(decoding: cursor.bytes[span.range], as: UTF8.self)) : nil
  }

  /// A number, if it is finite.
  package func double(_ span: Span) -> Double? {
    Double(String(decoding: cursor.bytes[span.range], as: UTF8.self)).flatMap { $0.isFinite ? $0 : nil }
  }

  // MARK: - Errors

  /// An error at the place that is read.
  package func error(_ expected: String, _ found: String) -> JSONError {
    JSONError(line: cursor.line, offset: cursor.position, expected: expected, found: found)
  }

  package func unexpected(_ expected: String) -> JSONError {
    let rest = String(decoding: cursor.rest(40), as: UTF8.self).prefix(12)
    return error(expected, rest.isEmpty ? "the end of the file" : "\"\(rest)\"")
  }
}
