import UnrollCore

/// A value of JSON (RFC 8259), with the line on which it starts.
///
/// Decoders at large accept a key twice, and follow any depth of nesting until the stack ends. This reader
/// refuses duplicate keys, nesting beyond 16 levels, more than `maximumValues` values, numbers that are not integers of
/// 53 bits, lone surrogates and text behind the value.
package struct StrictJSON: Sendable {
  /// The most values of a file, which take many times the two bytes that they may have in it.
  static let maximumValues = 1 << 18 + 1 << 10

  package enum Value: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    /// Any other number, as it is written; of files of data alone.
    case decimal(String)
    case string(String)
    case array([StrictJSON])
    /// The members in the order of the file.
    case object([(key: String, value: StrictJSON)])
  }

  package let value: Value
  package let line: Int

  /// Reads a value that fills `bytes`; `name` is used in errors.
  package init(_ bytes: [UInt8], name: String) throws(DataError) {
    try TextFile.check(bytes, name: name)
    var reader = JSONReader(bytes: bytes, name: name)
    self = try reader.document()
  }

  /// Reads a line of a file of data, which is known to be UTF-8: numbers may have decimals.
  init(data bytes: [UInt8], name: String, line: Int) throws(DataError) {
    var reader = JSONReader(bytes: bytes, name: name, dataLine: line)
    self = try reader.document()
  }

  fileprivate init(_ value: Value, _ line: Int) {
    self.value = value
    self.line = line
  }

  /// The value in a few words, for messages.
  package var summary: String {
    switch value {
    case .null: "null"
    case .bool(let flag): flag ? "true" : "false"
    case .integer(let number): "\(number)"
    case .decimal(let text): text
    case .string(let text): quoted(text)
    case .array(let values): "a list of \(values.count)"
    case .object(let members): "an object of \(members.count)"
    }
  }
}

private struct JSONReader {
  let name: String
  private var cursor: ByteCursor
  private var values = 0
  private static let deepest = 16
  /// The line of a file of data that is read; nil for a file of ours.
  private let dataLine: Int?

  init(bytes: [UInt8], name: String, dataLine: Int? = nil) {
    self.name = name
    self.dataLine = dataLine
    cursor = ByteCursor(bytes)
  }

  private var kind: DataError.Kind { dataLine == nil ? .badTokenizer : .badJSON }
  private var line: Int { dataLine ?? cursor.line }

  mutating func document() throws(DataError) -> StrictJSON {
    let result = try value(depth: 0)
    cursor.skipSpace()
    guard cursor.position == cursor.bytes.count else { throw unexpected("the end of the file") }
    return result
  }

  private mutating func value(depth: Int) throws(DataError) -> StrictJSON {
    values += 1
    guard values <= StrictJSON.maximumValues else {
      throw DataError(
        kind, file: name, line: line, expected: "at most \(StrictJSON.maximumValues) values",
        found: "more")
    }
    cursor.skipSpace()
    let start = cursor.line
    switch cursor.peek {
    case UInt8(ascii: "{"): return StrictJSON(.object(try object(depth: depth + 1)), start)
    case UInt8(ascii: "["): return StrictJSON(.array(try array(depth: depth + 1)), start)
    case UInt8(ascii: "\""): return StrictJSON(.string(try string()), start)
    case UInt8(ascii: "t"): return StrictJSON(.bool(try word("true", true)), start)
    case UInt8(ascii: "f"): return StrictJSON(.bool(try word("false", false)), start)
    case UInt8(ascii: "n"):
      _ = try word("null", true)
      return StrictJSON(.null, start)
    default:
      if dataLine != nil { return StrictJSON(try number(), start) }
      return StrictJSON(.integer(try integer()), start)
    }
  }

  private mutating func object(depth: Int) throws(DataError) -> [(key: String, value: StrictJSON)] {
    try enter(depth)
    var members: [(key: String, value: StrictJSON)] = []
    // Keys by their bytes: equality of strings would take a composed and a decomposed é for the same.
    var keys = TokenTable()
    cursor.skipSpace()
    if cursor.consume("}") { return members }
    repeat {
      cursor.skipSpace()
      guard cursor.peek == UInt8(ascii: "\"") else { throw unexpected("a key") }
      let at = cursor.line
      let key = try string()
      guard Int(keys.insert(key.utf8)) == members.count else {
        throw DataError(
          kind, file: name, line: dataLine ?? at, expected: "each key once", found: "\(quoted(key)) again")
      }
      cursor.skipSpace()
      guard cursor.consume(":") else { throw unexpected("':'") }
      members.append((key, try value(depth: depth)))
      cursor.skipSpace()
    } while cursor.consume(",")
    guard cursor.consume("}") else { throw unexpected("',' or '}'") }
    return members
  }

  private mutating func array(depth: Int) throws(DataError) -> [StrictJSON] {
    try enter(depth)
    var values: [StrictJSON] = []
    cursor.skipSpace()
    if cursor.consume("]") { return values }
    repeat {
      values.append(try value(depth: depth))
      cursor.skipSpace()
    } while cursor.consume(",")
    guard cursor.consume("]") else { throw unexpected("',' or ']'") }
    return values
  }

  private mutating func enter(_ depth: Int) throws(DataError) {
    guard depth <= Self.deepest else {
      throw DataError(
        kind, file: name, line: line, expected: "at most \(Self.deepest) levels of nesting",
        found: "more")
    }
    cursor.position += 1
  }

  private mutating func word(_ text: String, _ value: Bool) throws(DataError) -> Bool {
    let end = cursor.position + text.utf8.count
    guard end <= cursor.bytes.count, cursor.bytes[cursor.position..<end].elementsEqual(text.utf8) else {
      throw unexpected("a value")
    }
    cursor.position = end
    return value
  }

  private mutating func integer() throws(DataError) -> Int {
    let isNegative = cursor.consume("-")
    let start = cursor.position
    var value = 0
    while let digit = cursor.peek?.digit {
      value = value * 10 + digit
      guard value < 1 << 53 else { throw unexpected("an integer of at most 53 bits") }
      cursor.position += 1
    }
    guard cursor.position > start else { throw unexpected("a value") }
    let leadsWithZero = cursor.bytes[start] == Byte.zero && cursor.position > start + 1
    let isFraction = cursor.peek == Byte.dot || cursor.peek.map { $0 | 0x20 } == UInt8(ascii: "e")
    guard !leadsWithZero, !isFraction else { throw unexpected("an integer") }
    return isNegative ? -value : value
  }

  /// A number as it is written (RFC 8259, section 6).
  private mutating func number() throws(DataError) -> StrictJSON.Value {
    let start = cursor.position
    _ = cursor.consume("-")
    let first = cursor.position
    func digits(_ cursor: inout ByteCursor) -> Int {
      let from = cursor.position
      while cursor.peek?.digit != nil { cursor.position += 1 }
      return cursor.position - from
    }
    let whole = digits(&cursor)
    guard whole > 0, whole == 1 || cursor.bytes[first] != Byte.zero else { throw unexpected("a value") }
    var isInteger = true
    if cursor.peek == Byte.dot {
      cursor.position += 1
      isInteger = false
      guard digits(&cursor) > 0 else { throw unexpected("digits behind the point") }
    }
    if let letter = cursor.peek, letter | 0x20 == UInt8(ascii: "e") {
      cursor.position += 1
      isInteger = false
      if cursor.peek == Byte.plus || cursor.peek == Byte.minus { cursor.position += 1 }
      guard digits(&cursor) > 0 else { throw unexpected("digits of an exponent") }
    }
    let text = String(decoding: cursor.bytes[start..<cursor.position], as: UTF8.self)
    if isInteger, whole <= 15, let value = Int(text) { return .integer(value) }
    return .decimal(text)
  }

  private mutating func string() throws(DataError) -> String {
    cursor.position += 1
    var content: [UInt8] = []
    while let byte = cursor.peek, byte >= 0x20 {
      cursor.position += 1
      switch byte {
      // The file is UTF-8 as a whole, and escapes are whole scalars.
      case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
      case UInt8(ascii: "\\"): content.append(contentsOf: try escape())
      default: content.append(byte)
      }
    }
    throw unexpected("the end of a string")
  }

  private mutating func escape() throws(DataError) -> [UInt8] {
    guard let byte = cursor.peek else { throw unexpected("an escaped character") }
    cursor.position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"): break
    default: throw unexpected("an escape of JSON")
    }
    var value = try codeUnit()
    if (0xD800..<0xDC00).contains(value), cursor.consume("\\"), cursor.consume("u") {
      let low = try codeUnit()
      guard (0xDC00..<0xE000).contains(low) else { throw unexpected("the second half of a surrogate pair") }
      value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(value) else { throw unexpected("both halves of a surrogate pair") }
    return Array(String(scalar).utf8)
  }

  private mutating func codeUnit() throws(DataError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = cursor.peek, byte < 0x80, let digit = Character(Unicode.Scalar(byte)).hexDigitValue
      else {
        throw unexpected("four hexadecimal digits after \\u")
      }
      value = value << 4 | UInt32(digit)
      cursor.position += 1
    }
    return value
  }

  private func unexpected(_ expected: String) -> DataError {
    let rest = cursor.rest(40)
    let found =
      rest.isEmpty ? "the end of the file" : quoted(String(decoding: rest, as: UTF8.self).prefix(12))
    return DataError(kind, file: name, line: line, expected: expected, found: found)
  }
}
