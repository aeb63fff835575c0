import Testing
import UnrollData

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

enum JSON {
  private struct File: Decodable {
    struct Model: Decodable { let merges: [String] }
    let model: Model
  }

  /// The merges of a tokenizer.json.
  static func merges(_ bytes: [UInt8]) throws -> [String] {
    try JSONDecoder().decode(File.self, from: Data(bytes)).model.merges
  }
}

@Suite struct TokenizerFileTests {
  static let words = WordTokenizer.train(on: ["a b \"c\\ \u{1}\u{7F} é ê <s>"], splitting: .whitespace)
  static let pairs = BytePairTokenizer.train(on: ["aa aab aab"], merges: 2)

  static func failure(_ text: String) -> DataError? {
    do throws(DataError) {
      _ = try TokenizerFile.read(Array(text.utf8), name: "tokenizer.json")
      return nil
    } catch { return error }
  }

  @Test func whatIsWrittenIsRead() throws {
    let tokenizers: [any Tokenizer] = TokenizerTests.all + [Self.words, Self.pairs]
    for tokenizer in tokenizers {
      let json = tokenizer.tokenizerJSON()
      let read = try TokenizerFile.read(json, name: "tokenizer.json")
      #expect(read.tokenizerJSON() == json)
      #expect(read.encode(TokenizerTests.prose) == tokenizer.encode(TokenizerTests.prose))
      // The package accepts it in any spacing.
      let tight = json.filter { $0 != UInt8(ascii: "\n") }
      #expect(try TokenizerFile.read(tight, name: "tokenizer.json").tokenizerJSON() == json)
    }
  }

  @Test(arguments: [
    ("\"version\": \"1.0\"", "\"version\": \"2.0\"", "expected \"1.0\" as \"version\", found \"2.0\""),
    ("\"version\": \"1.0\",", "\"version\": \"1.0\", \"version\": \"1.0\",", "expected each key once"),
    ("\"version\": \"1.0\",", "\"version\": \"1.0\", \"more\": 1,", "found \"more\""),
    ("\"truncation\": null,", "", "expected the key \"truncation\""),
    ("\"padding\": null", "\"padding\": {}", "expected null as \"padding\""),
    ("\"added_tokens\": []", "\"added_tokens\": [1]", "an empty list"),
    ("\"normalizer\": {\"type\": \"NFC\"}", "\"normalizer\": {\"type\": \"NFD\"}", "\"normalizer\""),
    ("WhitespaceSplit", "Whitespace", "\"pre_tokenizer\""),
    ("WordLevel", "WordPiece", "\"WordLevel\""),
    ("\"unk_token\": \"<unk>\"", "\"unk_token\": \"a\"", "\"unk_token\""),
    ("\"<pad>\": 0", "\"<pad>\": 4", "each for one token"),
    ("\"<pad>\": 0", "\"<pad>\": 1.0", "each for one token"),
    ("\"<pad>\": 0", "\"<pad>\": -1", "each for one token"),
    ("\"<pad>\": 0", "\"<pad>\": 99999999999999999999", "each for one token"),
    ("\"<pad>\": 0", "\"<pad>\": 00", "leading zeros"),
    ("\"<pad>\": 0,", "\"pad\": 0,", "the special tokens"),
    ("\"a\": 6", "\"\": 6", "each for one token"),
    ("\"a\": 6", "\"b\": 6", "each key once"),
    ("\"a\": 6", "\"\\ud800\": 6", "surrogate"),
    ("\"a\": 6", "\"\\q\": 6", "an escape of JSON"),
    ("\"a\": 6", "\"\n\": 6", "a control character"),
  ])
  func hostileVocabulariesAreRefused(_ old: String, _ new: String, _ message: String) throws {
    let text = String(decoding: Self.words.tokenizerJSON(), as: UTF8.self)
    let changed = text.replacing(old, with: new)
    try #require(changed != text)
    let error = try #require(Self.failure(changed))
    #expect(error.kind == .badTokenizer)
    #expect(error.line != nil)
    #expect(error.description.contains(message), "\(error)")
  }

  @Test(arguments: [
    ("\"a a\"", "\"a\""), ("\"a a\"", "\"a a a\""), ("\"a a\"", "\"a é\""), ("\"a a\"", "\"b a\""),
    ("\"a a\"", "7"), ("\"a a\"", "[\"a\"]"), ("\"a a\"", "\"<pad> a\""), ("\"a a\"", "\"aa b\""),
    ("\"aa\": 260", "\"aa \": 260"), ("\"aa\": 260", "\"aaa\": 260"), ("\"!\": 4", "\"aaaa\": 4"),
    ("\"dropout\": null", "\"dropout\": 1"), ("\"byte_fallback\": false", "\"byte_fallback\": true"),
    ("\"use_regex\": true", "\"use_regex\": false"),
  ])
  func hostileMergesAreRefused(_ old: String, _ new: String) throws {
    let text = String(decoding: Self.pairs.tokenizerJSON(), as: UTF8.self)
    let changed = text.replacing(old, with: new)
    try #require(changed != text)
    #expect(Self.failure(changed)?.kind == .badTokenizer)
  }

  @Test func mergesMayBeLists() throws {
    let text = String(decoding: Self.pairs.tokenizerJSON(), as: UTF8.self)
    let listed = text.replacing("\"a a\"", with: "[\"a\", \"a\"]")
    try #require(listed != text)
    #expect(Self.failure(listed) == nil)
  }

  @Test func deepAndUnfinishedFilesAreRefused() {
    let deep = String(repeating: "[", count: 1 << 20)
    #expect(Self.failure(deep)?.description.contains("levels of nesting") == true)
    #expect(Self.failure(String(repeating: "{\"a\":", count: 1 << 20))?.kind == .badTokenizer)
    for text in [
      "", " ", "[]", "{}", "null", "{\"version\"", "{} x", "nul", "\"", "{\"a\": tru}", "-", "{,}", "[1,]",
    ] {
      #expect(Self.failure(text)?.kind == .badTokenizer, "\(text)")
    }
    #expect(Self.failure("{\"\0\": 1}")?.kind == .notText)
  }

  /// Files with some bytes changed, removed or doubled are read or refused; nothing stops the process.
  @Test(arguments: 0..<4 as Range<UInt64>) func damagedFilesAreReadOrRefused(_ seed: UInt64) {
    var random = Numbers(state: seed)
    let samples = [Self.words.tokenizerJSON(), Self.pairs.tokenizerJSON()]
    var refused = 0
    for _ in 0..<200 {
      var bytes = samples[Int(random.next() % 2)]
      for _ in 0...(random.next() % 3) {
        let place = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 3 {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.remove(at: place)
        default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 9)], at: place)
        }
      }
      do throws(DataError) {
        let tokenizer = try TokenizerFile.read(bytes, name: "tokenizer.json")
        _ = tokenizer.decode(tokenizer.encode(TokenizerTests.prose))
      } catch { refused += 1 }
    }
    #expect(refused > 50)
  }
}
