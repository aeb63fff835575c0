/// A value of JSON, with the line on which it begins: a view of a text that was read whole.
///
/// The text is held as it is, with twenty bytes for each of its values; strings and numbers are made of it when they are
/// asked for. An object has each of its keys once.
package struct JSONValue: Sendable {
  package enum Value: Sendable {
    case null
    case bool(Bool)
    /// A number that is written as a whole one, of 64 bits.
    case integer(Int)
    /// Any other number; not finite where it is too large for a `Double`.
    case number(Double)
    case string(String)
    case array([JSONValue])
    /// The members in the order of the text.
    case object([(key: String, value: JSONValue)])
  }

  fileprivate let document: JSONDocument
  fileprivate let index: Int

  /// Reads a text that is one value.
  ///
  /// - Parameter keysDifferAsText: whether two keys that are equal as text, such as a composed and a decomposed é, are
  ///   one key; otherwise their bytes decide.
  package init(
    _ bytes: [UInt8], limits: JSONLimits = JSONLimits(), keysDifferAsText: Bool = true
  ) throws(JSONError) {
    document = try JSONDocument(bytes, limits, keysDifferAsText: keysDifferAsText)
    index = 0
  }

  fileprivate init(_ document: JSONDocument, _ index: Int) {
    self.document = document
    self.index = index
  }

  private var node: JSONDocument.Node { document.nodes[index] }

  /// The line on which it begins, from 1.
  package var line: Int { Int(node.line) }
  /// The byte at which it begins, from 0.
  package var offset: Int { Int(node.start) }

  package var value: Value {
    switch node.kind {
    case .null: .null
    case .true: .bool(true)
    case .false: .bool(false)
    case .number: integer.map { .integer($0) } ?? .number(Double(numberText) ?? .nan)
    case .string: .string(text)
    case .array: .array(elements)
    case .object: .object(members)
    }
  }

  package var isNull: Bool { node.kind == .null }
  package var bool: Bool? { node.kind == .true ? true : node.kind == .false ? false : nil }
  package var string: String? { node.kind == .string ? text : nil }

  /// A number as it is written; `nil` for anything else.
  package var number: String? { node.kind == .number ? numberText : nil }

  /// A number that is written as a whole one, of 64 bits.
  package var integer: Int? { node.kind == .number ? document.reader.integer(node.span) : nil }

  private var text: String { document.reader.text(node.span) }
  private var numberText: String {
    String(decoding: document.reader.bytes[node.span.range], as: UTF8.self)
  }

  /// The elements of an array, none of anything else.
  package var elements: [JSONValue] {
    guard node.kind == .array else { return [] }
    var result: [JSONValue] = []
    var next = index + 1
    while next < node.next {
      result.append(JSONValue(document, next))
      next = Int(document.nodes[next].next)
    }
    return result
  }

  /// The members of an object in the order of the text, none of anything else.
  package var members: [(key: String, value: JSONValue)] {
    guard node.kind == .object else { return [] }
    var result: [(key: String, value: JSONValue)] = []
    var next = index + 1
    while next < node.next {
      let value = JSONValue(document, next + 1)
      result.append((JSONValue(document, next).text, value))
      next = Int(document.nodes[next + 1].next)
    }
    return result
  }

  package var isArray: Bool { node.kind == .array }
  package var isObject: Bool { node.kind == .object }

  /// An error at this value.
  package func error(_ expected: String, _ found: String) -> JSONError {
    JSONError(line: line, offset: offset, expected: expected, found: found)
  }

  /// The value in a few words, for messages.
  package var summary: String {
    switch node.kind {
    case .null: "null"
    case .true: "true"
    case .false: "false"
    case .number: clipped(numberText)
    case .string: "\"\(clipped(text))\""
    case .array: "a list of \(elements.count)"
    case .object: "an object of \(members.count)"
    }
  }
}

/// A text with the places of its values.
private final class JSONDocument: Sendable {
  enum Kind: UInt8 { case null, `true`, `false`, number, string, array, object }

  struct Node {
    let kind: Kind
    /// Of a string: whether it has escapes; of a number: whether it is not whole.
    let isSpecial: Bool
    let start: UInt32
    let end: UInt32
    let line: UInt32
    /// The node behind this one and all within it.
    var next: UInt32

    var span: JSONReader.Span { JSONReader.Span(range: Int(start)..<Int(end), isSpecial: isSpecial) }
  }

  let reader: JSONReader
  let nodes: [Node]

  init(_ bytes: [UInt8], _ limits: JSONLimits, keysDifferAsText: Bool) throws(JSONError) {
    var walk = JSONReader(bytes, limits: limits)
    guard bytes.count < UInt32.max else { throw walk.error("at most 4 GiB of JSON", "\(bytes.count) bytes") }
    var nodes: [Node] = []
    var open: [(index: Int, keys: KeySet?)] = []
    while let token = try walk.next() {
      func add(_ kind: Kind, _ span: JSONReader.Span? = nil) {
        let range = span?.range ?? walk.position..<walk.position
        nodes.append(
          Node(
            kind: kind, isSpecial: !(span?.isWhole ?? true), start: UInt32(range.lowerBound),
            end: UInt32(range.upperBound), line: UInt32(walk.line), next: UInt32(nodes.count + 1)))
      }
      switch token {
      case .null: add(.null)
      case .bool(let flag): add(flag ? .true : .false)
      case .number(let span): add(.number, span)
      case .string(let span): add(.string, span)
      case .key(let span):
        guard try open[open.count - 1].keys?.insert(span, walk, limits) ?? true else {
          throw walk.error("each key once", "\"\(clipped(walk.text(span)))\" twice")
        }
        add(.string, span)
      case .beginArray:
        open.append((nodes.count, nil))
        add(.array)
      case .beginObject:
        open.append((nodes.count, KeySet(asText: keysDifferAsText)))
        add(.object)
      case .endArray, .endObject: nodes[open.removeLast().index].next = UInt32(nodes.count)
      }
    }
    self.nodes = nodes
    reader = walk
  }

  /// The keys of an object that was begun.
  private struct KeySet {
    private let asText: Bool
    private var texts = Set<String>()
    private var bytes = Set<[UInt8]>()

    init(asText: Bool) { self.asText = asText }

    /// - Returns: whether the key is new.
    mutating func insert(
      _ span: JSONReader.Span, _ reader: JSONReader, _ limits: JSONLimits
    ) throws(JSONError) -> Bool {
      guard texts.count + bytes.count < limits.members else {
        throw reader.error("at most \(limits.members) keys in an object", "more")
      }
      return asText ? texts.insert(reader.text(span)).inserted : bytes.insert(reader.utf8(span)).inserted
    }
  }
}
