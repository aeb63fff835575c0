import UnrollCore

/// Reads XML 1.0 from the start to the end, tag by tag.
///
/// It knows elements, attributes, text, CDATA, comments, instructions, the five named characters and those by number.
/// Declarations of a document's own are passed over and never followed: what they would stand for is an error, so that
/// no file grows when it is read, and none leads to another.
package struct XMLReader {
  /// What comes next in a file.
  package enum Event: Equatable {
    /// An element's start, by its name without a prefix. `<a/>` gives a start and an end.
    case start(String, attributes: [String: String])
    case end(String)
    /// Text as it stands, with its white space.
    case text(String)
  }

  /// The file's name.
  package let name: String
  private var cursor: ByteCursor
  /// Names of the elements that are open, with their prefixes.
  private var open: [String] = []
  /// The end of an element that has no content.
  private var pendingEnd: String?
  private var hasRoot = false

  static let deepest = 256
  static let mostAttributes = 256

  /// - Throws: When the bytes are no text in UTF-8 or Latin-1.
  package init(_ bytes: [UInt8], name: String) throws(DataError) {
    self.name = name
    guard !TextFile.isWide(bytes) else {
      throw TextFile.notText(bytes[0], at: 0, line: 1, isWide: true, name: name)
    }
    let head = String(decoding: bytes.prefix(200), as: UTF8.self).lowercased()
    if head.contains("encoding=\"iso-8859-1\"") || head.contains("encoding='iso-8859-1'") {
      // Latin-1 is the first 256 characters.
      cursor = ByteCursor(bytes.flatMap { $0 < 0x80 ? [$0] : [0xc0 | $0 >> 6, 0x80 | $0 & 0x3f] })
    } else {
      try TextFile.check(bytes, name: name)
      cursor = ByteCursor(bytes)
    }
    if cursor.bytes.starts(with: TextFile.byteOrderMark) { cursor.position = 3 }
  }

  /// The line that is read.
  package var line: Int { TextFile.lineNumber(of: cursor.position, in: cursor.bytes) }

  /// An error at the place that is read.
  package func wrong(_ expected: String, _ found: String, kind: DataError.Kind = .badXML) -> DataError {
    DataError(kind, file: name, line: line, expected: expected, found: found)
  }

  /// The next event; `nil` at the end, when all elements are closed.
  package mutating func next() throws(DataError) -> Event? {
    if let end = pendingEnd {
      pendingEnd = nil
      return .end(end)
    }
    while cursor.peek != nil {
      if skip(past: "<!--", to: "-->") || skip(past: "<?", to: "?>") { continue }
      if starts(with: "<!--") || starts(with: "<?") {
        throw wrong("the end of a comment or instruction", "the end of the file")
      }
      if starts(with: "<![CDATA["), !open.isEmpty { return .text(try literal()) }
      if starts(with: "<!") {
        try skipDeclaration()
        continue
      }
      if starts(with: "</") { return try endTag() }
      if starts(with: "<") { return try startTag() }
      let text = try self.text(until: UInt8(ascii: "<"))
      if !open.isEmpty { return .text(text) }
      guard text.allSatisfy(\.isWhitespace) else { throw wrong("an element", "text \(quoted(text))") }
    }
    guard open.isEmpty else {
      throw wrong("the end of the element \(quoted(open.last ?? ""))", "the end of the file")
    }
    guard hasRoot else { throw wrong("XML", "no element") }
    return nil
  }

  private func starts(with text: String) -> Bool { cursor.rest(text.utf8.count).elementsEqual(text.utf8) }

  /// Goes past a part with a start and an end, if it comes next and ends.
  private mutating func skip(past start: String, to end: String) -> Bool {
    guard starts(with: start) else { return false }
    let before = cursor.position
    cursor.position += start.utf8.count
    while cursor.peek != nil {
      if starts(with: end) {
        cursor.position += end.utf8.count
        return true
      }
      cursor.position += 1
    }
    cursor.position = before
    return false
  }

  private mutating func literal() throws(DataError) -> String {
    let start = cursor.position + 9
    guard skip(past: "<![CDATA[", to: "]]>") else { throw wrong("\"]]>\"", "the end of the file") }
    return String(decoding: cursor.bytes[start..<(cursor.position - 3)], as: UTF8.self)
  }

  /// `<!DOCTYPE … [ … ]>`: quotes hide what is within them.
  private mutating func skipDeclaration() throws(DataError) {
    guard !hasRoot, starts(with: "<!DOCTYPE") else { throw wrong("an element", "a declaration") }
    var depth = 0
    var quote: UInt8?
    while let byte = cursor.peek {
      cursor.position += 1
      if let open = quote {
        if byte == open { quote = nil }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "'"): quote = byte
      case UInt8(ascii: "["), UInt8(ascii: "<"): depth += 1
      case UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: ">"):
        depth -= 1
        if depth <= 0 { return }
      default: break
      }
    }
    throw wrong("the end of a declaration", "the end of the file")
  }

  private mutating func skipSpace() { cursor.skipSpace() }

  private mutating func tagName() throws(DataError) -> String {
    let start = cursor.position
    while let byte = cursor.peek, byte >= 0x80 || Self.isNameByte(byte) { cursor.position += 1 }
    let name = cursor.bytes[start..<cursor.position]
    guard let first = name.first, first >= 0x80 || first >= UInt8(ascii: "A") || first == UInt8(ascii: ":"),
      name.count <= 256
    else { throw wrong("a name", "\(quoted(String(decoding: cursor.rest(8), as: UTF8.self)))") }
    return String(decoding: name, as: UTF8.self)
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: ":"):
      true
    default: false
    }
  }

  private static func local(_ name: String) -> String {
    name.split(separator: ":").last.map(String.init) ?? name
  }

  private mutating func startTag() throws(DataError) -> Event {
    guard !open.isEmpty || !hasRoot else { throw wrong("the end of the file", "a second root") }
    cursor.position += 1
    let full = try tagName()
    var attributes: [String: String] = [:]
    while true {
      let before = cursor.position
      skipSpace()
      if cursor.consume(">") {
        guard open.count < Self.deepest else {
          throw wrong("at most \(Self.deepest) elements in each other", "more")
        }
        open.append(full)
        break
      }
      if cursor.consume("/") {
        guard cursor.consume(">") else { throw wrong("\">\" behind \"/\"", "something else") }
        pendingEnd = Self.local(full)
        break
      }
      guard cursor.position > before else { throw wrong("white space, \">\" or \"/>\"", "something else") }
      guard attributes.count < Self.mostAttributes else {
        throw wrong("at most \(Self.mostAttributes) attributes", "more")
      }
      let key = try tagName()
      guard attributes.updateValue(try attributeValue(), forKey: key) == nil else {
        throw wrong("the attribute \(quoted(key)) once", "twice")
      }
    }
    hasRoot = true
    return .start(Self.local(full), attributes: attributes)
  }

  private mutating func attributeValue() throws(DataError) -> String {
    skipSpace()
    guard cursor.consume("=") else { throw wrong("\"=\" behind an attribute's name", "something else") }
    skipSpace()
    guard let quote = cursor.peek, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
      throw wrong("a value in quotes", "something else")
    }
    cursor.position += 1
    let value = try text(until: quote)
    guard cursor.peek == quote else { throw wrong("the end of a value", "the end of the file") }
    cursor.position += 1
    return value
  }

  private mutating func endTag() throws(DataError) -> Event {
    cursor.position += 2
    let name = try tagName()
    skipSpace()
    guard cursor.consume(">") else { throw wrong("\">\"", "something else") }
    guard open.popLast() == name else { throw wrong("the end of another element", "\"</\(clipped(name))>\"") }
    return .end(Self.local(name))
  }

  /// Text up to a byte, or to the end, with what `&…;` stands for.
  private mutating func text(until stop: UInt8) throws(DataError) -> String {
    var result: [UInt8] = []
    while let byte = cursor.peek, byte != stop {
      if byte == UInt8(ascii: "&") {
        result += try reference().utf8
      } else if byte == UInt8(ascii: "<") {
        throw wrong("no \"<\" in a value", "one")
      } else {
        result.append(byte)
        cursor.position += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private mutating func reference() throws(DataError) -> String {
    guard let end = cursor.rest(12).firstIndex(of: UInt8(ascii: ";")) else {
      throw wrong("\"&amp;\", or a character by its name or number", "\"&\"")
    }
    let name = String(decoding: cursor.bytes[(cursor.position + 1)..<end], as: UTF8.self)
    let named = ["lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'"]
    var result = named[name]
    if name.hasPrefix("#") {
      let number = name.hasPrefix("#x") ? UInt32(name.dropFirst(2), radix: 16) : UInt32(name.dropFirst())
      if let number, number > 0 { result = Unicode.Scalar(number).map { String(Character($0)) } }
    }
    guard let result else { throw wrong("a character that XML itself names", quoted("&\(name);")) }
    cursor.position = end + 1
    return result
  }
}
