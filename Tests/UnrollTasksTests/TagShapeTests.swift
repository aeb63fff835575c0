import Testing
import UnrollData

/// What a word looks like.
struct TagShapeTests {
  @Test(arguments: [
    ("", ""), ("McDonald's", "XxXxx'x"), ("1984", "dd"), ("#NLP", "#XX"), ("iPhone7", "xXxxd"), ("Éa", "Xx"),
    ("http://t.co/x", "xx://x.xx/x"), ("----", "--"), ("日本", "xx"), ("aAaAaAaAaAaAaAaA", "xXxXxXxXxXxX"),
  ]) func shapes(_ word: String, _ shape: String) { #expect(WordShape.shape(word) == shape) }

  @Test func asManyFeaturesForEveryWord() {
    for word in ["", "a", "Running", "日本語", String(repeating: "é", count: 100_000)] {
      #expect(WordShape.features(word, prefixes: 3, suffixes: 4).count == 8)
    }
    #expect(
      WordShape.features("Runs", prefixes: 2, suffixes: 2) == ["r-", "ru-", "-s", "-ns", "shape Xxx"])
    #expect(WordShape.features("x", prefixes: 0, suffixes: 0) == ["shape x"])
    #expect(WordShape.features("ab", prefixes: 3, suffixes: 0) == ["a-", "ab-", "ab-", "shape xx"])
  }
}
