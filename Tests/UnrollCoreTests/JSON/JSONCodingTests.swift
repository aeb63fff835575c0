import Foundation
import Testing
import UnrollCore

/// Values written and read again, and held against the coders of Foundation.
@Suite struct JSONCodingTests {
  enum Kind: String, Codable { case plain, odd }
  enum Choice: Codable, Equatable {
    case none
    case pair(Int, name: String)
  }
  struct Inner: Codable, Equatable {
    var size: Int
    var rate: Float
    var note: String?
  }
  struct Outer: Codable, Equatable {
    var name = "a \"quoted\" /path\\ with\n line\u{2028} ends and é😀"
    var kind = Kind.odd
    var flags = [true, false]
    var numbers: [Double] = [
      0, -0.0, 1, 0.1, 1e-7, 1e22, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 123456.789,
    ]
    var singles: [Float] = [0.1, .leastNonzeroMagnitude, 3.4028235e38, 16_777_216, -2.5]
    var whole: [Int64] = [.min, .max, 0]
    var unsigned: [UInt64] = [.max]
    var small: UInt8 = 255
    var inner = Inner(size: 3, rate: 0.002, note: nil)
    var list: [Inner?] = [Inner(size: 1, rate: 1, note: "x"), nil]
    var table: [String: [Int]] = ["b": [1, 2], "a": [], "ü": [3]]
    var choices: [Choice] = [.none, .pair(4, name: "four")]
    var nothing: Int?
    var nested: [[[Int]]] = [[[1], []], []]
    var count: Set<Int> = [7]
  }

  private func bytes(_ value: some Encodable, _ layout: JSONWriter.Layout = .line) throws -> [UInt8] {
    JSONWriter.utf8(try JSONTree(value), layout, sortsKeys: true)
  }

  @Test(arguments: [JSONWriter.Layout.line, .indented]) func whatIsWrittenIsRead(_ layout: JSONWriter.Layout)
    throws
  {
    let value = Outer()
    let text = try bytes(value, layout)
    #expect(try JSONValue(text).decode(Outer.self) == value)
    // Others read it too, and we read theirs.
    #expect(try JSONDecoder().decode(Outer.self, from: Data(text)) == value)
    let theirs = try JSONEncoder().encode(value)
    #expect(try JSONValue(Array(theirs)).decode(Outer.self) == value)
  }

  @Test func equalValuesGiveEqualBytes() throws {
    let text = String(decoding: try bytes(Outer()), as: UTF8.self)
    #expect(try bytes(Outer()) == Array(text.utf8))
    #expect(text.hasPrefix(#"{"choices":[{"none":{}},{"pair":{"_0":4,"name":"four"}}],"count":[7],"flags""#))
    #expect(text.contains(#""numbers":[0,-0.0,1,0.1,1e-07,1e+22,5e-324,1.7976931348623157e+308,123456.789]"#))
    #expect(text.contains(#""singles":[0.1,1e-45,3.4028235e+38,16777216,-2.5]"#))
    #expect(text.contains(#"/path\\ with\n line\u2028 ends and é😀"#))
    #expect(!text.contains("\n"))
  }

  @Test func layouts() throws {
    let tree = JSONTree.members(["b": .array([.integer(1), .null]), "a": .object([]), "c": .array([])])
    #expect(String(decoding: JSONWriter.utf8(tree), as: UTF8.self) == #"{"b":[1,null],"a":{},"c":[]}"#)
    #expect(
      String(decoding: JSONWriter.utf8(tree, .indented, sortsKeys: true), as: UTF8.self) == """
        {
          "a" : {},
          "b" : [
            1,
            null
          ],
          "c" : []
        }
        """)
  }

  @Test func numbersThatJSONHasNot() throws {
    for value in [Double.nan, .infinity, -.infinity] {
      #expect(throws: EncodingError.self) { try JSONTree([value]) }
      #expect(throws: EncodingError.self) { try JSONTree(["x": Float(value)]) }
    }
    let text = JSONWriter.utf8(try JSONTree([Double.nan, .infinity, -.infinity], nonFinite: .text))
    #expect(text == Array(#"["nan","inf","-inf"]"#.utf8))
  }

  @Test func whatDoesNotFitIsNamedWithItsLine() throws {
    struct Settings: Codable {
      struct Layer: Codable { var hidden: Int }
      var layers: [Layer]
    }
    func failure(_ text: String) throws -> (path: String, line: Int) {
      let value = try JSONValue(Array(text.utf8))
      let path: [any CodingKey]
      switch #expect(throws: DecodingError.self, performing: { try value.decode(Settings.self) }) {
      case .keyNotFound(_, let context), .typeMismatch(_, let context), .valueNotFound(_, let context),
        .dataCorrupted(let context):
        path = context.codingPath
      default: path = []
      }
      return (path.map(\.stringValue).joined(separator: "."), value.line(at: path))
    }
    #expect(try failure("{\"layers\":\n[{\"hidden\": 1},\n{\"hidden\": \"2\"}]}") == ("layers.1.hidden", 3))
    #expect(try failure("{\"layers\":\n[{\"hidden\": 1.5}]}") == ("layers.0.hidden", 2))
    #expect(try failure("{\"layers\":\n[{\"hidden\": 99999999999999999999}]}") == ("layers.0.hidden", 2))
    #expect(try failure("{\"layers\":\n\n[{}]}") == ("layers.0", 3))
    #expect(try failure("{\"layers\": null}") == ("layers", 1))
    #expect(try failure("{\"layers\": 3}") == ("layers", 1))
    #expect(try failure("[]").path == "")
  }

  /// Bounds of types: what does not fit is an error, and never another number.
  @Test func numbersFitTheirTypes() throws {
    func decode<Value: Decodable>(_ text: String, _: Value.Type) throws -> Value {
      try JSONValue(Array(text.utf8)).decode(Value.self)
    }
    #expect(try decode("255", UInt8.self) == 255)
    #expect(throws: DecodingError.self) { try decode("256", UInt8.self) }
    #expect(throws: DecodingError.self) { try decode("-1", UInt.self) }
    #expect(throws: DecodingError.self) { try decode("1.0", Int.self) }
    #expect(throws: DecodingError.self) { try decode("1e2", Int.self) }
    #expect(throws: DecodingError.self) { try decode("1e999", Double.self) }
    #expect(throws: DecodingError.self) { try decode("1e39", Float.self) }
    #expect(throws: DecodingError.self) { try decode("true", Int.self) }
    #expect(throws: DecodingError.self) { try decode("1", Bool.self) }
    #expect(try decode("16777217", Float.self) == 16_777_216)
    #expect(try decode("null", Int?.self) == nil)
    #expect(try decode("[null,1]", [Int?].self) == [nil, 1])
  }

  /// Random bytes never crash, and what is accepted, Foundation accepts too.
  @Test func randomTexts() {
    var random = RandomSource(seed: 5)
    let pieces = [
      "{", "}", "[", "]", ":", ",", "\"a\"", "\"\\u00e9\"", "1", "-0.5", "true", "null", " ", "\n", "\"",
      "\\", "0",
      "é", "e",
    ]
    var accepted = 0
    for _ in 0..<20_000 {
      let text = (0..<(1 + random.below(9))).map { _ in pieces[random.below(pieces.count)] }.joined()
      guard (try? JSONValue(Array(text.utf8))) != nil else { continue }
      accepted += 1
      #expect(
        throws: Never.self, "\(text)",
        performing: { try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed) })
    }
    #expect(accepted > 500)
  }
}
