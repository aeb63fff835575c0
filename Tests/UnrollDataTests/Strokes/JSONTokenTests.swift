import Testing
import UnrollCore
import UnrollData

@Suite struct JSONTokenTests {
  private func tokens(_ text: String) throws(DataError) -> [JSONTokens.Token] {
    var reader = try JSONTokens(Array(text.utf8), name: "a.json")
    var result: [JSONTokens.Token] = []
    while let token = try reader.next() { result.append(token) }
    return result
  }

  @Test func everyKindOfValue() throws {
    let text = #" {"a" : [1, -2.5e1, 0, true, false, null, "x\n\u00e9\ud83d\ude00"], "b": {}, "c": []} "#
    #expect(
      try tokens(text) == [
        .beginObject, .key("a"), .beginArray, .number(1), .number(-25), .number(0), .bool(true), .bool(false),
        .null, .string("x\né😀"), .endArray, .key("b"), .beginObject, .endObject, .key("c"), .beginArray,
        .endArray, .endObject,
      ])
    #expect(try tokens("3") == [.number(3)])
  }

  @Test(arguments: [
    "", "[", "]", "[1,]", "[,1]", "[1 2]", "{", "{1:2}", "{\"a\"}", "{\"a\":1,}", "{\"a\" 1}", "01", "1.",
    ".5", "+1",
    "1e", "1e999", "nan", "tru", "[1}", "\"\\x\"", "\"\\ud800\"", "\"\\u12g4\"", "\"\\u+123\"", "\"a", "1 2",
    "\"\u{1}\"", "[[1]]]",
  ]) func whatIsNoJSON(_ text: String) {
    #expect { try tokens(text) } throws: { ($0 as? DataError)?.kind == .badJSON }
  }

  @Test func depthIsBounded() {
    #expect { try tokens(String(repeating: "[", count: 100_000)) } throws: {
      ($0 as? DataError)?.expected == "at most 64 levels of nesting in JSON"
    }
  }
}
