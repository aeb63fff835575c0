import Testing
import UnrollCore
import UnrollData
import UnrollTasks
import UnrollTraining

/// What users can get wrong, and what becomes of it.
struct TranslateFaultTests {
  private static func train(
    _ source: String, _ target: String? = nil, _ words: [String] = [], folder: TestFolder,
    session: TaskSession = TaskSession()
  ) throws -> Translator {
    try train(
      bytes: Array(source.utf8), target.map { Array($0.utf8) }, words, folder: folder, session: session)
  }

  private static func train(
    bytes source: [UInt8], _ target: [UInt8]?, _ words: [String] = [], folder: TestFolder,
    session: TaskSession = TaskSession()
  ) throws -> Translator {
    try folder.write(source, "a")
    var files = ["\(folder.path)/a"]
    if let target {
      try folder.write(target, "b")
      files.append("\(folder.path)/b")
    }
    return try Translator.train(
      files: files, words: ["epochs=1", "hidden=8", "embedding=8"] + words, session: session)
  }

  /// The error of an attempt, in words.
  private static func message(_ attempt: () throws -> Void) -> String {
    do {
      try attempt()
      return "no error"
    } catch { return "\(error)" }
  }

  @Test func filesThatDoNotFit() throws {
    let folder = try TestFolder()
    func message(_ source: String, _ target: String?, _ words: [String] = []) -> String {
      Self.message { _ = try Self.train(source, target, words, folder: folder) }
    }
    let unequal = message("a\nb\nc\n", "x\ny\n")
    #expect(unequal.contains("3 lines") && unequal.contains("2 lines"))
    #expect(message("", "").contains("is empty"))
    #expect(
      message("a\tb\nc\n", nil).contains("line 2: expected at least 2 tab separated fields, found 1 field"))
    #expect(
      message("a\tb\n", nil, ["target-column=3"]).contains("expected at least 3 tab separated fields"))
    #expect(message("a\tb\n", nil, ["target-column=1"]).contains("two different columns"))
    let blank = message("\n \na\n", "x\ny\n\n")
    #expect(blank.contains("expected a pair of texts to learn from, found none with two sides"))
    let long = message("a b c\n", "x\n", ["tokens=words", "minimum-count=1", "maximum-length=2"])
    #expect(long.contains("1 with a side that is empty or of more than 2 tokens"))
    // What judges is files of the same form: two of lines, or one of both sides.
    let half = message("a\n", "b\n", ["validation=\(folder.path)/a"])
    #expect(half.contains("/a, line 1: expected at least 2 tab separated fields, found 1 field"))
    #expect(
      message("a\n", "b\n", ["validation=\(folder.path)/c"]).contains("/c: there is no such file"))
    #expect(
      message("a\n", "b\n", ["coverage", "attention=multiplicative"]).contains(
        "coverage: expected additive attention"))
    #expect(message("a\n", "b\n", ["dropout=2"]).contains("dropout: expected a number from 0 to 0.99"))
    let mixed = Self.message {
      _ = try Self.train(bytes: Array("a\nb".utf8) + [0xE4, 0x0A], Array("x\ny\n".utf8), folder: folder)
    }
    #expect(mixed.contains("line 2") && mixed.contains("/a"))
    #expect(message("a\n", "b\n", ["stream"]) == "no error")
  }

  @Test func pairsThatAreLeftOutAreCounted() throws {
    let folder = try TestFolder()
    func notes(_ words: [String]) throws -> [String] {
      var notes: [String] = []
      _ = try Self.train(
        "a b\n\nc d\n", "x\ny\nz\n", ["tokens=characters"] + words, folder: folder,
        session: TaskSession { if case .note(let text) = $0 { notes.append(text) } })
      return notes
    }
    let all = try notes([])
    #expect(all.contains("left out: 1 pairs with an empty side"))
    #expect(all.contains { $0.hasPrefix("2 pairs to learn from, 0 held out") } && all.count == 2)
  }

  /// One pair, one word on each side: nothing to choose by, and yet a model.
  @Test(arguments: TokenKind.allCases) func aVocabularyOfOneWord(
    _ tokens: TokenKind
  ) throws {
    let translator = try Translator.train(
      on: PairData([.init(source: "ja", target: "yes")]), settings: TranslateToy.settings(tokens, epochs: 60))
    #expect(try translator.translate(["ja"])[0].text == "yes")
  }

  @Test func textsThatAreOdd() throws {
    let translator = try Translator.train(
      on: PairData(TranslateToy.sentences(60, seed: 1)),
      settings: TranslateToy.settings(.characters, epochs: 1))
    let texts = ["", " ", "日本語🙂", "\u{0}\u{7F}", "der hund"]
    let found = try translator.translate(texts, search: TranslateToy.told)
    #expect(found.count == 5)
    #expect(found[0].text.isEmpty && found[0].attention == nil)
    #expect(found[2].sourceTokens?.count == 4)
    #expect(try translator.translate([]).isEmpty)
    let words = try Translator.train(
      on: PairData(TranslateToy.sentences(60, seed: 1)), settings: TranslateToy.settings(.words, epochs: 1))
    #expect(try words.translate(["", "   "]).map(\.text) == ["", ""])
    let pieces = try Translator.train(
      on: PairData(TranslateToy.sentences(60, seed: 1)), settings: TranslateToy.settings(.subwords, epochs: 1)
    )
    let spaced = try pieces.translate(["", "   ", "der hund", "  der hund"], search: TranslateToy.told)
    #expect(spaced[0].text.isEmpty && spaced[1].text.isEmpty && spaced[1].attention == nil)
    #expect(spaced[2] == spaced[3] && spaced[2].sourceTokens?.joined() == " der hund")
  }

  /// Of a text beyond what may be read the end is left out, and a person is told.
  @Test func aTextMuchTooLong() throws {
    let pairs = (0..<40).map { PairData.Pair(source: "w\($0 % 5)", target: "v\($0 % 5)") }
    let translator = try Translator.train(
      on: PairData(pairs), settings: TranslateToy.settings(.words, epochs: 30))
    #expect(try translator.translate(["w3"])[0].text == "v3")
    let text = Array(repeating: "w1 w2", count: 500).joined(separator: " ")
    var notes: [String] = []
    let found = try translator.answers(
      [text, "w3"], options: TranslateToy.told, session: AnswerSession(note: { notes.append($0) }))
    #expect(notes == ["1 texts are longer than 256 tokens: their ends were not read"])
    #expect(found[0].sourceTokens?.count == 256 && found[1].text == "v3")
    #expect(found[0].attention?.count == found[0].targetTokens?.count)
    #expect(found[0].attention?.allSatisfy { $0.count == 256 } == true)
    let characters = try Translator.train(
      on: PairData(pairs), settings: TranslateToy.settings(.characters, epochs: 1))
    let long = try characters.translate([String(repeating: "w", count: 5000)], search: TranslateToy.told)
    #expect(long[0].sourceTokens?.count == 256)
  }

  @Test func whatOthersAreGivenDoesNotMatter() throws {
    let translator = try Translator.train(
      on: PairData(TranslateToy.sentences(60, seed: 1)), settings: TranslateToy.settings(.subwords, epochs: 2)
    )
    let texts = TranslateToy.sentences(33, seed: 9).map(\.source)
    let together = try translator.translate(texts, search: TranslateToy.told)
    for (index, text) in texts.enumerated() {
      let alone = try translator.translate([text], search: TranslateToy.told)[0]
      #expect(alone.text == together[index].text)
      #expect(alone.candidates?.isEmpty == false && alone == together[index])
    }
  }

  @Test(
    arguments: [
      "config.json", "model.safetensors", "tokenizer.json", "tokenizer.target.json", "manifest.json",
    ],
    [0, 1, 2])
  func damageIsFound(_ name: String, _ kind: Int) throws {
    let folder = try TestFolder()
    try Self.model.get().save(to: "\(folder.path)/model")
    var bytes = try folder.read("model/\(name)")
    switch kind {
    case 0: bytes.removeLast(bytes.count / 3)
    case 1: bytes[bytes.count / 2] ^= 0x10
    default: bytes = []
    }
    try folder.write(bytes, "model/\(name)")
    #expect(throws: ModelFileError.self) { try Translator(contentsOf: "\(folder.path)/model") }
  }

  private static let model = Result {
    try Translator.train(
      on: PairData(TranslateToy.sentences(30, seed: 1)), settings: TranslateToy.settings(.words))
  }

  /// Files whose checksums are right and whose contents do not fit together.
  @Test(arguments: [
    ("\"hidden\" : 32", "\"hidden\" : 8192"), ("\"embedding\" : 24", "\"embedding\" : 25"),
    ("\"decoder-layers\" : 2", "\"decoder-layers\" : 3"), ("\"layers\" : 1", "\"layers\" : 16"),
    ("\"cell\" : \"gru\"", "\"cell\" : \"lstm\""), ("\"cell\" : \"gru\"", "\"cell\" : \"elman\""),
    ("\"tokens\" : \"words\"", "\"tokens\" : \"subwords\""), ("\"joint\" : false", "\"joint\" : true"),
    ("\"attention\" : \"additive\"", "\"attention\" : \"multiplicative\""),
    ("\"input-feeding\" : false", "\"input-feeding\" : true"), ("\"ratio\" : ", "\"ratio\" : -"),
    ("\"dropout\" : 0", "\"dropout\" : 7"), ("\"longest\" : ", "\"longest\" : -"),
    ("\"longestTarget\" : ", "\"longestTarget\" : -"),
  ]) func sizesThatDoNotFitAreFound(_ from: String, _ to: String) throws {
    let folder = try TestFolder()
    let path = "\(folder.path)/model"
    try Self.model.get().save(to: path)
    let text = String(decoding: try folder.read("model/config.json"), as: UTF8.self)
    let changed = text.replacing(from, with: to)
    #expect(changed != text, "\(text)")
    let manifest = String(decoding: try folder.read("model/manifest.json"), as: UTF8.self)
      .replacing(SHA256.hexadecimal(Array(text.utf8)), with: SHA256.hexadecimal(Array(changed.utf8)))
      .replacing("\"bytes\" : \(text.utf8.count)", with: "\"bytes\" : \(changed.utf8.count)")
    try folder.write(Array(changed.utf8), "model/config.json")
    try folder.write(Array(manifest.utf8), "model/manifest.json")
    #expect {
      try Translator(contentsOf: path)
    } throws: {
      ($0 as? ModelFileError)?.reason == .damaged
    }
  }
}
