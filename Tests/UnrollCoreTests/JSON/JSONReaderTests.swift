import Foundation
import Testing
import UnrollCore

@Suite struct JSONReaderTests {
  private func tokens(_ text: String, _ limits: JSONLimits = JSONLimits()) throws(JSONError) -> [String] {
    var reader = JSONReader(Array(text.utf8), limits: limits)
    var result: [String] = []
    while let token = try reader.next() {
      switch token {
      case .key(let span): result.append("key \(reader.text(span))")
      case .string(let span): result.append("string \(reader.text(span))")
      case .number(let span):
        result.append("number \(reader.integer(span).map { "\($0)" } ?? "\(reader.double(span) ?? .nan)")")
      default: result.append("\(token)")
      }
    }
    return result
  }

  @Test func everyKindOfToken() throws {
    let text =
      #" {"a\u0062" : [1, -2.5e1, 0, true, false, null, "x\n\u00e9\ud83d\ude00\/"], "b": {}, "c": []} "#
    #expect(
      try tokens(text) == [
        "beginObject", "key ab", "beginArray", "number 1", "number -25.0", "number 0", "bool(true)",
        "bool(false)", "null", "string x\né😀/", "endArray", "key b", "beginObject", "endObject", "key c",
        "beginArray", "endArray", "endObject",
      ])
    #expect(try tokens("3") == ["number 3"])
    #expect(try tokens("9223372036854775807") == ["number 9223372036854775807"])
    #expect(try tokens("9223372036854775808") == ["number 9.223372036854776e+18"])
  }

  static let wrong: [(text: String, expected: String)] = [
    ("", "a value"), ("[", "a value"), ("]", "a value"), ("[1,]", "a value"), ("[,1]", "a value"),
    ("[1 2]", "','"), ("{", "a key"), ("{1:2}", "a key"), ("{\"a\"}", "':'"), ("{\"a\":1,}", "a key"),
    ("{\"a\" 1}", "':'"), ("01", "leading zeros"), ("-", "a value"), ("1.", "a digit"), (".5", "a value"),
    ("+1", "a value"), ("1e", "a digit"), ("1e+", "a digit"), ("nan", "a value"), ("tru", "a value"),
    ("[1}", "','"), ("\"\\x\"", "an escape"), ("\"\\ud800\"", "surrogate"),
    ("\"\\ud800\\u0041\"", "surrogate"),
    ("\"\\udc00\"", "surrogate"), ("\"\\u12g4\"", "hexadecimal"), ("\"\\u+123\"", "hexadecimal"),
    ("\"\\u12", "hexadecimal"), ("\"a", "the end of a string"), ("\"\\", "an escaped"),
    ("1 2", "the end of the JSON"),
    ("\"\u{1}\"", "a string"), ("[[1]]]", "the end of the JSON"), ("// x\n1", "a value"), ("'a'", "a value"),
    ("\u{feff}1", "a value"), ("1\u{0}", "the end of the JSON"), ("Infinity", "a value"),
  ]

  @Test(arguments: wrong) func whatIsNoJSON(_ text: String, _ expected: String) {
    #expect { try tokens(text) } throws: { error in
      (error as? JSONError)?.expected.contains(expected) == true
    }
    #expect(throws: JSONError.self) { try JSONValue(Array(text.utf8)) }
  }

  @Test func errorsHaveLines() {
    #expect { try tokens("{\n\"a\": 1,\n\"b\": x}") } throws: {
      let error = $0 as? JSONError
      return error?.line == 3 && error?.found == "\"x}\"" && error?.offset == 15
    }
  }

  @Test func bytesThatAreNoUTF8AreRefused() {
    for bytes in [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]] as [[UInt8]] {
      #expect(throws: JSONError.self) { try JSONValue([0x22] + bytes + [0x22]) }
      #expect(throws: JSONError.self) { try JSONValue(bytes) }
    }
    #expect(throws: Never.self) { try JSONValue(Array("\"é😀\"".utf8)) }
  }

  @Test func boundsAreMetBeforeMemoryIsTaken() {
    var limits = JSONLimits()
    (limits.depth, limits.values, limits.members, limits.keyLength) = (3, 10, 2, 4)
    (limits.stringLength, limits.numberLength) = (8, 6)
    func refuses(_ text: String, _ word: String) {
      #expect {
        try JSONValue(Array(text.utf8), limits: limits)
      } throws: { ($0 as? JSONError)?.expected.contains(word) == true }
    }
    refuses("[[[[1]]]]", "3 levels")
    refuses("[1,1,1,1,1,1,1,1,1,1]", "10 values")
    refuses("{\"a\":1,\"b\":2,\"c\":3}", "2 keys")
    refuses("{\"abcde\":1}", "4 bytes")
    refuses("\"123456789\"", "8 bytes")
    refuses("1234567", "6 characters")
    #expect(throws: Never.self) { try JSONValue(Array("[[[1]]]".utf8), limits: limits) }
    // Any depth in the bytes, without a stack.
    for unit in ["[", "{\"a\":"] {
      #expect(throws: JSONError.self) { try JSONValue(Array(String(repeating: unit, count: 300_000).utf8)) }
    }
  }

  @Test func keysStandOnce() throws {
    #expect(throws: JSONError.self) { try JSONValue(Array(#"{"a":1,"a":2}"#.utf8)) }
    #expect(throws: JSONError.self) { try JSONValue(Array(#"{"a":1,"\u0061":2}"#.utf8)) }
    #expect(throws: JSONError.self) { try JSONValue(Array(#"{"x":{"b":1,"b":2}}"#.utf8)) }
    #expect(throws: Never.self) { try JSONValue(Array(#"[{"a":1},{"a":1}]"#.utf8)) }
    // A composed and a decomposed é: one key as text, two as bytes.
    let both = Array("{\"\u{e9}\":1,\"e\u{301}\":2}".utf8)
    #expect(throws: JSONError.self) { try JSONValue(both) }
    #expect(try JSONValue(both, keysDifferAsText: false).members.count == 2)
  }

  @Test func valuesAreViews() throws {
    let value = try JSONValue(
      Array("{\n\"list\": [1, {\"x\": \"y\"}, []],\n\"none\": null, \"n\": 1.50}".utf8))
    #expect(value.members.map(\.key) == ["list", "none", "n"])
    let list = value.members[0].value
    #expect(list.line == 2 && list.elements.count == 3 && list.elements[0].integer == 1)
    #expect(list.elements[1].members[0].value.string == "y")
    #expect(list.elements[2].isArray && list.elements[2].elements.isEmpty)
    #expect(value.members[1].value.isNull && value.members[2].value.number == "1.50")
    #expect(value.summary == "an object of 3" && list.summary == "a list of 3")
  }
}
