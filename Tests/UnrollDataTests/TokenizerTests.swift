import Testing
import UnrollData

@Suite struct TokenizerTests {
  static let prose = """
    The mill, the river and the mill's wheel; the river's water. 河流经过磨坊 é e\u{301} 👨‍👩‍👧 🇩🇪
    the the the then there these wheel wheels wheeling
    """

  static let all: [any Tokenizer] = [
    CharacterTokenizer.train(on: [prose]), WordTokenizer.train(on: [prose]),
    BytePairTokenizer.train(on: [prose], merges: 30),
    BytePairTokenizer.train(on: [prose], merges: 10, wordCount: 12),
  ]

  @Test(arguments: all) func specialTokensHaveTheirIdsAndShowNothing(_ tokenizer: any Tokenizer) {
    #expect(SpecialToken.allCases.map(\.id) == [0, 1, 2, 3])
    #expect(tokenizer.decode([0, 2, 3, -1, Int32(tokenizer.vocabularySize), .max, .min]) == "")
    #expect(!tokenizer.encode(Self.prose + "<pad><unk><s></s>").contains { $0 == 0 || $0 == 2 || $0 == 3 })
    #expect(tokenizer.encode("") == [])
  }

  @Test(arguments: all) func streamsGiveTheWholeText(_ tokenizer: any Tokenizer) {
    var random = Numbers(state: 3)
    let text = Self.prose + " unseen ☃ žluťoučký kůň 🏴‍☠️"
    let noise = (0..<500).map { _ in
      Int32.random(in: -2..<Int32(tokenizer.vocabularySize + 2), using: &random)
    }
    for ids in [tokenizer.encode(text), noise] {
      var stream = StreamingDecoder(tokenizer)
      var joined = ""
      for id in ids {
        let piece = stream.push(id)
        // What is shown is never the beginning of a scalar: noise has U+FFFD of its own.
        if ids != noise { #expect(!piece.unicodeScalars.contains("\u{FFFD}")) }
        joined += piece
      }
      joined += stream.finish()
      #expect(Array(joined.utf8) == Array(tokenizer.decode(ids).utf8))
    }
  }

  @Test func everySequenceOfBytesComesBack() {
    let tokenizer = BytePairTokenizer.train(on: [Self.prose], merges: 60)
    let whole = BytePairTokenizer.train(on: [Self.prose], merges: 5, wordCount: 20)
    var random = Numbers(state: 1)
    for count in [0, 1, 7, 8, 9, 15, 16, 17, 31, 33, 255, 1000] {
      for _ in 0..<20 {
        // Bytes of all kinds, and bytes that are nearly UTF-8.
        let kind = random.next() % 3
        let bytes = (0..<count).map { _ -> UInt8 in
          let byte = UInt8(truncatingIfNeeded: random.next())
          return kind == 0
            ? byte : kind == 1 ? byte & 0x7F : [0xE2, 0x80, 0x99, 0x20, 0x61, 0xF0][Int(byte % 6)]
        }
        for tokenizer in [tokenizer, whole] {
          let ids = bytes.withUnsafeBufferPointer { tokenizer.encode($0) }
          #expect(tokenizer.bytes(of: ids) == bytes)
        }
      }
    }
  }

  /// The definition of byte-pair encoding, in quadratic time, against the search and the heap.
  @Test func longPiecesMergeAsTheDefinitionSays() throws {
    var random = Numbers(state: 9)
    let letters = Array("aabbbc".unicodeScalars)
    let text = { (count: Int, random: inout Numbers) in
      var text = ""
      for _ in 0..<count { text.unicodeScalars.append(letters[Int(random.next() % 6)]) }
      return text
    }
    let tokenizer = BytePairTokenizer.train(
      on: (0..<40).map { _ in text(30, &random) }, merges: 120, minimumCount: 1)
    let file = try JSON.merges(tokenizer.tokenizerJSON())
    for count in [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 46, 47, 48, 49, 50, 51, 64, 65, 66, 200] {
      for _ in 0..<10 {
        let word = text(count, &random)
        var parts = word.map(String.init)
        while let best = zip(parts, parts.dropFirst()).enumerated().compactMap({ place, pair in
          file.firstIndex(of: "\(pair.0) \(pair.1)").map { (rank: $0, place: place) }
        }).min(by: { ($0.rank, $0.place) < ($1.rank, $1.place) }) {
          parts.replaceSubrange(
            best.place...(best.place + 1), with: [parts[best.place] + parts[best.place + 1]])
        }
        #expect(tokenizer.encode(word).map { tokenizer.decode([$0]) } == parts)
      }
    }
  }

  @Test func aMegabyteWithoutWhiteSpaceIsEncoded() {
    let tokenizer = BytePairTokenizer.train(on: ["aaaa aaaaaaaa 河河河河"], merges: 10)
    for text in [String(repeating: "a", count: 1 << 20), String(repeating: "河", count: 1 << 18)] {
      #expect(tokenizer.decode(tokenizer.encode(text)) == text)
    }
    let marks = "e" + String(repeating: "\u{301}", count: 1 << 19)
    #expect(CharacterTokenizer.train(on: [marks]).encode(marks) == [4])
    #expect(WordTokenizer.train(on: [marks]).encode(marks) == [4])
  }

  @Test func canonicalEquivalentsAreOneWordAndDifferentCharacters() throws {
    let texts = ["\u{E9}", "e\u{301}"]
    let characters = CharacterTokenizer.train(on: texts)
    let ids = texts.map { characters.encode($0) }
    #expect(ids[0] != ids[1])
    #expect(zip(texts, ids).allSatisfy { Array(characters.decode($1).utf8) == Array($0.utf8) })
    for lowercases in [false, true] {
      let words = WordTokenizer.train(on: texts, lowercases: lowercases)
      #expect(words.vocabularySize == 5 && texts.allSatisfy { words.encode($0) == [4] })
      #expect(words.encode(words: texts) == [4, 4])
      #expect(words.words(in: texts[1]).map { Array($0.utf8) } == [Array(texts[0].utf8)])
      let read = try TokenizerFile.read(words.tokenizerJSON(), name: "tokenizer.json")
      #expect(texts.allSatisfy { read.encode($0) == [4] })
    }
    // Files that older versions wrote state no form, and keep their ids.
    let older = String(decoding: WordTokenizer.train(on: ["\u{E9}"]).tokenizerJSON(), as: UTF8.self)
      .replacingOccurrences(of: #"{"type": "NFC"}"#, with: "null")
    let read = try TokenizerFile.read(Array(older.utf8), name: "tokenizer.json")
    #expect(texts.map { read.encode($0) } == [[4], [1]])
    #expect(String(decoding: read.tokenizerJSON(), as: UTF8.self) == older)
  }

  @Test func rareTokensAreUnknownAndFrequentOnesComeFirst() {
    let words = WordTokenizer.train(on: ["b b b a a c"], minimumCount: 2)
    #expect(words.encode("b a c d") == [4, 5, 1, 1])
    #expect(words.decode([4, 1, 5]) == "b <unk> a")
    #expect(words.vocabularySize == 6)
    #expect(WordTokenizer.train(on: ["b b b a a c"], maximumSize: 5).encode("b a") == [4, 1])
    #expect(CharacterTokenizer.train(on: ["bbbaac"], minimumCount: 2).encode("abcx") == [5, 4, 1, 1])
    #expect(CharacterTokenizer.train(on: ["bbbaac"], maximumSize: 0).encode("a") == [1])
    // Equally frequent: in the order of their bytes.
    #expect(WordTokenizer.train(on: ["z y é"]).encode("y z é") == [4, 5, 6])
  }

  @Test func vocabulariesOfNothingAndOfOneWordWork() throws {
    for tokenizer in [
      CharacterTokenizer.train(on: []) as any Tokenizer, WordTokenizer.train(on: ["word"]),
      WordTokenizer.train(on: []), BytePairTokenizer.train(on: [], merges: 10),
      BytePairTokenizer.train(on: ["x"], merges: 0, wordCount: 5),
    ] {
      let read = try TokenizerFile.read(tokenizer.tokenizerJSON(), name: "tokenizer.json")
      #expect(read.encode("word by word") == tokenizer.encode("word by word"))
      #expect(read.vocabularySize == tokenizer.vocabularySize)
    }
  }

  @Test func wordsAreFoundByTheStatedRule() {
    let rule = WordTokenizer.train(on: [])
    #expect(
      rule.words(in: "Don't stop, it's $3.50!") == ["Don't", "stop", ",", "it's", "$", "3", ".", "50", "!"])
    #expect(rule.words(in: "rock'n'roll' 'x") == ["rock'n'roll", "'", "'", "x"])
    #expect(rule.words(in: "great👍🏽👍🏽 🇩🇪🇫🇷") == ["great", "👍🏽", "👍🏽", "🇩🇪", "🇫🇷"])
    let white = WordTokenizer.train(on: [], splitting: .whitespace)
    #expect(white.words(in: " a,b \u{3000}c\r\n") == ["a,b", "c"])
    let lower = WordTokenizer.train(on: ["GROSSE ΟΔΟΣ É"], lowercases: true)
    #expect(lower.encode("grosse οδοσ é") == lower.encode("GROSSE ΟΔΟΣ É"))
    #expect(!lower.encode("Grosse").contains(1))
  }

  @Test func knownWordsAreEncodedOneToOne() {
    let tokenizer = WordTokenizer.train(on: ["new york"], lowercases: true)
    #expect(tokenizer.encode(words: ["New", "a b", "York", ""]) == [4, 1, 5, 1])
    var trainer = WordTokenizer.Trainer()
    trainer.add(word: "10 000")
    #expect(trainer.finish().encode(words: ["10 000"]) == [4])
  }

  @Test func frequentWordsAreWholeAndOthersFallBack() {
    let tokenizer = BytePairTokenizer.train(on: [Self.prose], merges: 0, wordCount: 2)
    #expect(tokenizer.encode(" the").count == 1)
    #expect(tokenizer.encode(" thé").count == 5)
    #expect(tokenizer.decode(tokenizer.encode(" thé then")) == " thé then")
    #expect(tokenizer.vocabularySize == 4 + 256 + 2)
  }

  @Test func encodersSideBySideAgree() async {
    let tokenizer = BytePairTokenizer.train(on: [Self.prose], merges: 40)
    let text = String(repeating: Self.prose, count: 20)
    let expected = BytePairTokenizer.train(on: [Self.prose], merges: 40).encode(text)
    await withTaskGroup(of: [Int32].self) { group in
      for _ in 0..<16 { group.addTask { tokenizer.encode(text) } }
      for await ids in group { #expect(ids == expected) }
    }
  }
}
