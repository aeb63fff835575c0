/// A page's XML, with the depth in its elements.
struct LayoutXML {
  private var reader: XMLReader
  /// How deep the reader is in elements.
  private(set) var depth = 0
  /// How often a line of the file was asked for, each time counted from its start.
  private var lineCount = 0

  var name: String { reader.name }

  init(_ bytes: [UInt8], name: String) throws(DataError) { reader = try XMLReader(bytes, name: name) }

  /// The next event; `nil` at the end.
  mutating func next() throws(DataError) -> XMLReader.Event? {
    let event = try reader.next()
    switch event {
    case .start: depth += 1
    case .end: depth -= 1
    default: break
    }
    return event
  }

  /// The line that is read; `nil` when it was asked for too often to be told in reasonable time.
  mutating func line() -> Int? {
    lineCount += 1
    return lineCount <= 1000 ? reader.line : nil
  }

  /// The error of XML that is no layout.
  func damaged(_ reason: String) -> DataError {
    DataError(
      .badLayout, file: name, line: reader.line, expected: "a page's layout", found: reason,
      statement: "this is no page's layout: \(reason)")
  }

  /// Passes over the rest of the element that began last.
  mutating func skipElement() throws(DataError) {
    let level = depth
    while depth >= level, try next() != nil {}
  }

  /// The text of the element that began last, without that of others in it, and goes to its end.
  mutating func elementText() throws(DataError) -> String {
    let level = depth
    var result = ""
    while depth >= level, let event = try next() {
      if case .text(let text) = event, depth == level { result += text }
    }
    return result
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
