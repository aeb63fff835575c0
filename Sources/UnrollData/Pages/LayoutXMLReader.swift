import UnrollCore

/// Reads XML 1.0 piece by piece: elements, attributes and text, in UTF-8.
///
/// Strict where it matters for files from strangers: tags must match, attributes are there once, nothing stands beside the
/// one root. There are no declarations of entities, so nothing unpacks to more than the file holds, and no other file is
/// ever asked for: only the five that the standard names and numbers of characters are known. Prefixes of names are cut off.
struct LayoutXMLReader {
  enum Event: Equatable {
    case start(String, attributes: [String: String])
    case end(String)
    /// Text between tags; a long one may come in several pieces.
    case text(String)
  }

  let name: String
  private let bytes: [UInt8]
  private var position = 0
  private var open: [String] = []
  private var hasRoot = false
  /// An element that ends where it begins.
  private var pendingEnd: String?
  private static let deepest = 128
  private static let mostAttributes = 256

  init(_ bytes: [UInt8], name: String) throws(DataError) {
    self.bytes = bytes
    self.name = name
    try TextFile.check(bytes, name: name)
    if bytes.starts(with: TextFile.byteOrderMark) { position = 3 }
    try readDeclaration()
  }

  /// The line of what was read last, from 1. It is counted from the start of the file.
  var line: Int { TextFile.lineNumber(of: position, in: bytes) }

  private var counted = (position: 0, line: 1)

  /// The same, counted from where it was asked for last.
  mutating func countedLine() -> Int {
    for place in counted.position..<position where bytes[place] == Byte.lineFeed { counted.line += 1 }
    counted.position = position
    return counted.line
  }

  /// How deep the reader is in elements.
  var depth: Int { open.count }

  func damaged(_ reason: String) -> DataError {
    DataError(
      .badLayout, file: name, line: line, expected: "well-formed XML", found: reason,
      statement: "this is no well-formed XML: \(reason)")
  }

  /// The next piece; `nil` at the end.
  mutating func next() throws(DataError) -> Event? {
    if let ended = pendingEnd {
      pendingEnd = nil
      open.removeLast()
      return .end(ended)
    }
    while position < bytes.count {
      if bytes[position] != UInt8(ascii: "<") {
        let text = try text(upTo: UInt8(ascii: "<"))
        if !open.isEmpty { return .text(text) }
        guard text.allSatisfy({ $0.isWhitespace }) else { throw damaged("text outside of the root") }
        continue
      }
      if try skip(from: "<!--", to: "-->") { continue }
      if try skip(from: "<?", to: "?>") { continue }
      if starts("<![CDATA[") { return try characterData() }
      if starts("<!DOCTYPE") {
        try skipDocumentType()
        continue
      }
      if starts("</") { return try endTag() }
      return try startTag()
    }
    guard open.isEmpty else { throw damaged("the element \(quoted(open[open.count - 1])) does not end") }
    guard hasRoot else { throw damaged("no element") }
    return nil
  }

  /// Passes over the rest of the element that began last.
  mutating func skipElement() throws(DataError) {
    let level = open.count - 1
    while open.count > level { _ = try next() }
  }

  /// The text of the element that began last, without that of others in it, and goes to its end.
  mutating func elementText() throws(DataError) -> String {
    let level = open.count
    var result = ""
    while let event = try next() {
      switch event {
      case .text(let text): if open.count == level { result += text }
      case .end: if open.count < level { return result }
      case .start: break
      }
    }
    return result
  }

  private func starts(_ text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

  /// Where a text begins next, at or behind a place.
  private func find(_ text: String, from start: Int) -> Int? {
    let wanted = Array(text.utf8)
    var place = start
    while place + wanted.count <= bytes.count {
      guard let first = bytes[place...].firstIndex(of: wanted[0]) else { return nil }
      if bytes[first...].starts(with: wanted) { return first }
      place = first + 1
    }
    return nil
  }

  private mutating func skip(from start: String, to end: String) throws(DataError) -> Bool {
    guard starts(start) else { return false }
    guard let place = find(end, from: position + start.utf8.count) else {
      throw damaged("\(quoted(start)) without \(quoted(end))")
    }
    position = place + end.utf8.count
    return true
  }

  /// The first line, which may name an encoding: it has to be UTF-8.
  private mutating func readDeclaration() throws(DataError) {
    guard starts("<?xml"), let end = find("?>", from: position) else { return }
    let text = String(decoding: bytes[position..<end], as: UTF8.self)
    position = end + 2
    guard let place = text.range(of: "encoding") else { return }
    let value =
      text[place.upperBound...].split(whereSeparator: { $0 == "\"" || $0 == "'" }).dropFirst().first ?? ""
    guard ["utf-8", "utf8", "us-ascii", "ascii"].contains(value.lowercased()) else {
      throw DataError(
        .badLayout, file: name, line: 1, expected: "XML in UTF-8", found: "the encoding \(quoted(value))",
        hint: "save it as UTF-8")
    }
  }

  private mutating func characterData() throws(DataError) -> Event {
    guard let end = find("]]>", from: position), !open.isEmpty else { throw damaged("CDATA without an end") }
    let text = String(decoding: bytes[(position + 9)..<end], as: UTF8.self)
    position = end + 3
    return .text(text)
  }

  private mutating func skipDocumentType() throws(DataError) {
    guard !hasRoot, let end = find(">", from: position) else { throw damaged("a misplaced document type") }
    guard !bytes[position..<end].contains(UInt8(ascii: "[")) else {
      throw damaged("declarations of entities, which are not read")
    }
    position = end + 1
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
  }

  /// A name without its prefix, and as it stands.
  private mutating func readName() throws(DataError) -> (local: String, full: String) {
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      let isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
      let isOther = byte.digit != nil || byte == 0x2D || byte == 0x2E
      guard isLetter || byte == 0x5F || byte == 0x3A || byte >= 0x80 || (isOther && position > start) else {
        break
      }
      position += 1
    }
    guard position > start else { throw damaged("no name where one should be") }
    guard position - start < 1000 else { throw damaged("a name that is too long") }
    let full = String(decoding: bytes[start..<position], as: UTF8.self)
    let local = full.split(separator: ":", omittingEmptySubsequences: false).last.map(String.init) ?? full
    return (local, full)
  }

  private mutating func endTag() throws(DataError) -> Event {
    position += 2
    let (local, full) = try readName()
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: ">") else {
      throw damaged("an unclosed tag")
    }
    guard open.last == full else {
      throw damaged("\(quoted(full)) ends where \(open.last.map { quoted($0) } ?? "nothing") should")
    }
    position += 1
    open.removeLast()
    return .end(local)
  }

  private mutating func startTag() throws(DataError) -> Event {
    position += 1
    let (local, full) = try readName()
    guard !open.isEmpty || !hasRoot else { throw damaged("two roots") }
    guard open.count < Self.deepest else { throw damaged("elements within elements beyond \(Self.deepest)") }
    hasRoot = true
    var attributes: [String: String] = [:]
    var names: Set<String> = []
    while true {
      let before = position
      skipSpace()
      guard position < bytes.count else { throw damaged("an unclosed tag") }
      if bytes[position] == UInt8(ascii: ">") {
        position += 1
        open.append(full)
        return .start(local, attributes: attributes)
      }
      if starts("/>") {
        position += 2
        open.append(full)
        pendingEnd = local
        return .start(local, attributes: attributes)
      }
      guard position > before else { throw damaged("attributes without space between") }
      let (attribute, whole) = try readName()
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: "=") else {
        throw damaged("the attribute \(quoted(whole)) has no value")
      }
      position += 1
      skipSpace()
      guard names.insert(whole).inserted, names.count <= Self.mostAttributes else {
        throw damaged("the attribute \(quoted(whole)) is there twice")
      }
      let value = try readValue()
      // `xsi:type` is another thing than `type`.
      if attribute == whole || attributes[attribute] == nil { attributes[attribute] = value }
    }
  }

  private mutating func readValue() throws(DataError) -> String {
    guard position < bytes.count,
      bytes[position] == UInt8(ascii: "\"") || bytes[position] == UInt8(ascii: "'")
    else {
      throw damaged("a value without quotes")
    }
    let quote = bytes[position]
    position += 1
    let value = try text(upTo: quote)
    guard position < bytes.count else { throw damaged("a value without an end") }
    position += 1
    return value
  }

  /// Text up to a byte, which is not taken, or to the end; references are resolved.
  private mutating func text(upTo end: UInt8) throws(DataError) -> String {
    let stop = bytes[position...].firstIndex(of: end) ?? bytes.count
    let isValue = end != UInt8(ascii: "<")
    var result: [UInt8] = []
    while position < stop {
      let byte = bytes[position]
      if byte == UInt8(ascii: "<"), isValue { throw damaged("a tag within a value") }
      if byte == UInt8(ascii: "&") {
        result += try reference()
      } else {
        result.append(byte)
        position += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static let entities: [String: UInt8] = [
    "amp": UInt8(ascii: "&"), "lt": UInt8(ascii: "<"), "gt": UInt8(ascii: ">"), "quot": UInt8(ascii: "\""),
    "apos": UInt8(ascii: "'"),
  ]

  private mutating func reference() throws(DataError) -> [UInt8] {
    let limit = min(bytes.count, position + 16)
    guard let end = bytes[position..<limit].firstIndex(of: UInt8(ascii: ";")) else {
      throw damaged("\"&\" that begins nothing")
    }
    let body = String(decoding: bytes[(position + 1)..<end], as: UTF8.self)
    position = end + 1
    if let byte = Self.entities[body] { return [byte] }
    guard body.hasPrefix("#") else { throw damaged("the entity \(quoted(body)), which is not declared") }
    let number = body.dropFirst()
    let value = number.hasPrefix("x") ? UInt32(number.dropFirst(), radix: 16) : UInt32(number)
    guard let value, value > 0, let scalar = Unicode.Scalar(value) else {
      throw damaged("the reference \(quoted(body))")
    }
    return Array(String(Character(scalar)).utf8)
  }
}

extension String {
  /// Where a text stands first.
  fileprivate func range(of text: String) -> Range<String.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}

/// Text as it may stand in XML, in elements and in values of attributes.
func escapedForXML(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    case "\t", "\n", "\r": result += "&#\(scalar.value);"
    // XML 1.0 has no place for other control characters.
    case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: result += "\u{FFFD}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}
