/// JSON to be written. Objects keep the order of their members.
package indirect enum JSONTree: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int)
  /// A number as it is to be written.
  case number(String)
  case string(String)
  case array([JSONTree])
  case object([Member])

  package struct Member: Sendable, Equatable {
    package var key: String
    package var value: JSONTree

    package init(_ key: String, _ value: JSONTree) {
      self.key = key
      self.value = value
    }
  }

  package static func members(_ members: KeyValuePairs<String, JSONTree>) -> JSONTree {
    .object(members.map { Member($0.key, $0.value) })
  }
}

/// The one writer of JSON. Equal values give equal bytes, on every machine: numbers are the shortest that are read back
/// as the same, and keys stand in the order of the tree, or sorted.
package enum JSONWriter {
  /// How values are set.
  package enum Layout: Sendable {
    /// On one line, without spaces.
    case line
    /// An element or member a line, indented by two spaces.
    case indented
  }

  /// A value as text in UTF-8, without a line's end.
  package static func utf8(_ tree: JSONTree, _ layout: Layout = .line, sortsKeys: Bool = false) -> [UInt8] {
    var output: [UInt8] = []
    write(tree, layout, sortsKeys, depth: 0, &output)
    return output
  }

  private static func write(
    _ tree: JSONTree, _ layout: Layout, _ sortsKeys: Bool, depth: Int, _ output: inout [UInt8]
  ) {
    switch tree {
    case .null: output += Array("null".utf8)
    case .bool(let flag): output += Array((flag ? "true" : "false").utf8)
    case .integer(let number): output += Array("\(number)".utf8)
    case .number(let text): output += Array(text.utf8)
    case .string(let text): output += Array(quoted(text).utf8)
    case .array(let elements):
      list(elements, "[", "]", layout, depth, &output) { element, output in
        write(element, layout, sortsKeys, depth: depth + 1, &output)
      }
    case .object(let members):
      let ordered =
        sortsKeys ? members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) } : members
      list(ordered, "{", "}", layout, depth, &output) { member, output in
        output += Array(quoted(member.key).utf8)
        output += Array((layout == .line ? ":" : " : ").utf8)
        write(member.value, layout, sortsKeys, depth: depth + 1, &output)
      }
    }
  }

  private static func list<Element>(
    _ elements: [Element], _ begin: String, _ end: String, _ layout: Layout, _ depth: Int,
    _ output: inout [UInt8], _ body: (Element, inout [UInt8]) -> Void
  ) {
    output += Array(begin.utf8)
    for (index, element) in elements.enumerated() {
      if index > 0 { output.append(UInt8(ascii: ",")) }
      if layout == .indented { output += Array("\n".utf8) + spaces(depth + 1) }
      body(element, &output)
    }
    if layout == .indented && !elements.isEmpty { output += Array("\n".utf8) + spaces(depth) }
    output += Array(end.utf8)
  }

  private static func spaces(_ depth: Int) -> [UInt8] {
    Array(repeating: UInt8(ascii: " "), count: 2 * depth)
  }

  /// A string in quotes. What would end a line anywhere is escaped, for files that are read line by line.
  package static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x2028 || scalar.value == 0x2029:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// A number: the shortest text that is read back as the same, whole ones without a fraction; `nil` when not finite.
  package static func number<Number: BinaryFloatingPoint & LosslessStringConvertible>(
    _ value: Number
  ) -> String? {
    guard value.isFinite else { return nil }
    let text = value.description
    // 2.0 is 2; −0.0 and numbers with an exponent stay as they are.
    return text.hasSuffix(".0") && text != "-0.0" ? String(text.dropLast(2)) : text
  }
}
