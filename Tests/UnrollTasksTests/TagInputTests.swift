import Testing
import UnrollCore
import UnrollData
import UnrollTasks
import UnrollTraining

/// What comes in from people and files: strange, long, empty or wrong.
@Suite struct TagInputTests {
  private static let tagger = Result {
    try Tagger.train(on: TagToy.names(80), settings: TagToy.small(entities: true, epochs: 6))
  }

  /// A session that hears lines and keeps what is written.
  private final class Talk {
    var lines: [String] = []
    var written = ""
    var notes: [String] = []

    init(_ lines: [String] = []) { self.lines = lines.reversed() }

    var session: TaskSession {
      TaskSession(
        report: { if case .note(let text) = $0 { self.notes.append(text) } }, write: { self.written += $0 },
        readLine: { self.lines.popLast() })
    }
  }

  private static func arguments(_ options: [TaskOption], _ values: [String: String?]) throws -> TaskArguments
  {
    var arguments = TaskArguments(options)
    for (name, value) in values { try arguments.set(name, value) }
    return arguments
  }

  private static func train(
    _ text: String, _ values: [String: String?] = [:], talk: Talk = Talk()
  ) throws -> Tagger {
    let folder = try TestFolder()
    try folder.write(Array(text.utf8), "data.txt")
    var values = values
    values["epochs"] = values["epochs"] ?? "1"
    values["hidden"] = "8"
    return try Tagger.train(
      on: ["\(folder.path)/data.txt"], arguments(Tagger.trainingOptions, values), talk.session)
  }

  // MARK: - Sentences

  @Test func emptySentencesHaveNoTags() throws {
    let tagger = try Self.tagger.get()
    #expect(try tagger.tag([]) == [])
    #expect(try tagger.tag([[], ["today"], []]).map(\.count) == [0, 1, 0])
    #expect(try tagger.score([]).accuracy.isNaN)
  }

  @Test(arguments: [1, 7, 8, 9, 15, 16, 17, 31, 33, 511, 512, 513, 1100]) func anyLength(_ count: Int) throws
  {
    let tagger = try Self.tagger.get()
    let words = (0..<count).map { ["seen", "by", "Marta", "in", "Rome", "today"][$0 % 6] }
    #expect(try tagger.tag([words])[0].count == count)
  }

  @Test func aSentenceIsTaggedAlikeInAnyCompany() throws {
    let tagger = try Self.tagger.get()
    let sentences = TagToy.names(33, seed: 4).map(\.words) + [["in"], []]
    #expect(try tagger.tag(sentences) == sentences.flatMap { try tagger.tag([$0]) })
  }

  @Test(arguments: [
    "", "\u{0}", "\u{FFFD}\u{FFFD}", "日本語", "👩‍👩‍👧", "e\u{301}", "<unk>", "<pad>", "</s>",
  ]) func strangeWords(_ word: String) throws {
    let tagger = try Self.tagger.get()
    #expect(try tagger.tag([["seen", "by", word, "today"]])[0].count == 4)
  }

  @Test func aWordOfAMegabyte() throws {
    let word = String(repeating: "x", count: 1_000_000)
    #expect(try Self.tagger.get().tag([["seen", "by", word, "today"]])[0].count == 4)
  }

  @Test func strangeWordsAreLearned() throws {
    var sentences = TagToy.names(20)
    sentences.append(
      .init(words: ["", "<unk>", String(repeating: "é", count: 200_000)], tags: ["O", "B-place", "O"]))
    sentences.append(.init(words: [], tags: []))
    sentences.append(
      .init(
        words: Array(repeating: "in", count: 1500),
        tags: ["B-place"] + Array(repeating: "I-place", count: 1499)))
    let tagger = try Tagger.train(on: sentences, settings: TagToy.small(entities: true, epochs: 1))
    #expect(tagger.settings.members == 1)
  }

  @Test func aVocabularyOfOneWord() throws {
    let sentences = (0..<10).map { _ in Tagger.Sentence(words: ["la", "la"], tags: ["A", "B"]) }
    let tagger = try Tagger.train(on: sentences, settings: TagToy.small())
    #expect(try tagger.tag([["la", "la"], ["le"]]).map(\.count) == [2, 1])
  }

  @Test func whatNothingCanBeLearnedFrom() throws {
    #expect(throws: TaggerError.noWords(source: "the training sentences")) { try Tagger.train(on: []) }
    #expect(throws: TaggerError.oneTag(source: "the training sentences", tag: "O")) {
      try Tagger.train(on: [.init(words: ["a", "b"], tags: ["O", "O"])])
    }
    #expect(throws: TaggerError.unequal(sentence: 1, words: 1, tags: 2)) {
      try Tagger.train(on: [.init(words: ["a"], tags: ["A"]), .init(words: ["b"], tags: ["B", "C"])])
    }
  }

  @Test(arguments: [
    (\TaggerSettings.wordSize, 0), (\.characterSize, -1), (\.hiddenSize, 0), (\.layers, 0), (\.epochs, 0),
    (\.batchWords, 0), (\.members, 0), (\.prefixes, 9), (\.suffixes, -1), (\.minimumCount, 0),
    (\.characterHidden, 0), (\.featureSize, 5000),
  ]) func settingsThatMakeNoNetwork(_ path: WritableKeyPath<TaggerSettings, Int> & Sendable, _ value: Int)
    throws
  {
    var settings = TagToy.small()
    settings[keyPath: path] = value
    #expect {
      try Tagger.train(on: TagToy.grammar(10), settings: settings)
    } throws: {
      if case .setting(_, _, let found)? = $0 as? TaggerError { return found == "\(value)" }
      return false
    }
  }

  // MARK: - Files

  @Test(arguments: [
    ("a\tX\nb\n", "line 2", "2 columns"),
    ("a b c\nd e\n", "line 2", "3 columns"),
    ("", "data.txt", "no words"),
    ("\n\n", "data.txt", "no words"),
    ("a\tB-x\nb\tQ-x\nc\tO\n", "line 2", "known schemes"),
    ("a\tO\nb\tE-x\n", "line 2", "\"E-x\""),
    ("1\ta\t_\tX\n", "line 1", "10 columns"),
  ]) func filesThatAreWrong(_ text: String, _ place: String, _ words: String) throws {
    let values: [String: String?] = text.hasPrefix("1\t") ? ["format": "conllu"] : [:]
    #expect {
      try Self.train(text, values)
    } throws: {
      let message = "\($0)"
      return $0 is DataError && message.contains(place) && message.contains(words)
    }
  }

  @Test func bytesThatAreNoText() throws {
    let folder = try TestFolder()
    try folder.write(Array("a\tX\n".utf8) + [0x63, 0xE9, 0x09, 0x58, 0x0A], "data.txt")
    #expect {
      try Tagger.train(
        on: ["\(folder.path)/data.txt"], Self.arguments(Tagger.trainingOptions, [:]), TaskSession())
    } throws: {
      $0 is DataError && "\($0)".contains("line 2")
    }
    #expect {
      try Tagger.train(
        on: ["\(folder.path)/none.txt"], Self.arguments(Tagger.trainingOptions, [:]), TaskSession())
    } throws: {
      "\($0)".contains("none.txt")
    }
  }

  @Test(
    arguments: [
      (["tag-column": "9"], "column"), (["tag-column": "UPOS"], "number of a column"),
      (["tag-column": "0"], "number of a column"), (["tag-column": "1"], "different columns"),
      (["word-column": "3"], "column"), (["scheme": "BIOES"], "as in BIOES"),
      (["format": "conllu"], "10 columns"), (["validation": "/nowhere/x"], "/nowhere/x"),
    ] as [([String: String?], String)]) func optionsThatDoNotFitTheFile(
      _ values: [String: String?], _ words: String
    ) throws
  {
    #expect {
      try Self.train(TagToy.conll(TagToy.names(10)), values)
    } throws: {
      "\($0)".contains(words)
    }
  }

  @Test(arguments: [
    ("scheme", "BILOU"), ("cell", "tape"), ("epochs", "0"), ("dropout", "1"), ("members", "x"),
  ])
  func optionsThatAreNone(_ name: String, _ value: String) {
    #expect(throws: TaskArgumentError.self) {
      try Self.arguments(Tagger.trainingOptions, [name: value])
    }
  }

  @Test func remarksTellWhatTheDataLacks() throws {
    let folder = try TestFolder()
    try folder.write(Array("a\tX\nb\tZ\n".utf8), "dev.txt")
    let talk = Talk()
    _ = try Self.train(
      "a\tX\nb\tY\n\na\tX\n", ["validation": "\(folder.path)/dev.txt"], talk: talk)
    #expect(talk.notes.contains { $0.contains("seen once") && $0.contains("\"Y\"") })
    #expect(talk.notes.contains { $0.contains("never right") && $0.contains("\"Z\"") })
  }

  @Test func aSchemeIsTakenAtItsWord() throws {
    // By themselves: IO tags that fit no scheme with B.
    let text = TagToy.conll(TagToy.names(10))
    #expect(try Self.train(text, ["scheme": "none"]).entities(["B-place"]) == [])
    #expect(try Self.train(text, ["scheme": "BIO"]).entities(["B-place"]).count == 1)
  }

  @Test func universalDependencies() throws {
    let line = { (id: String, word: String, tag: String) in
      "\(id)\t\(word)\t_\t\(tag)\t\(tag)X\t_\t0\t_\t_\t_\n"
    }
    let sentence =
      "# text = du lac\n" + line("1-2", "du", "_") + line("1", "de", "ADP") + line("2", "le", "DET")
      + line("3", "lac", "NOUN") + "\n"
    let text = String(repeating: sentence, count: 12)
    let tagger = try Self.train(text, ["epochs": "60", "rate": "0.02"])
    #expect(try tagger.tag([["de", "le", "lac"]]) == [["ADP", "DET", "NOUN"]])
    let other = try Self.train(text, ["epochs": "60", "rate": "0.02", "tag-column": "xpos"])
    #expect(try other.tag([["de", "le", "lac"]]) == [["ADPX", "DETX", "NOUNX"]])
    // Lines that hold no word come through as they are.
    let untagged = sentence.replacing("\tADP\t", with: "\t_\t").replacing("\tDET\t", with: "\t_\t")
    let talk = Talk(
      untagged.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).dropLast())
    try tagger.use([], Self.arguments(Tagger.useOptions, ["format": "conll"]), talk.session)
    #expect(talk.written == sentence)
  }

  // MARK: - Use

  @Test func linesOfText() throws {
    let talk = Talk(["seen by Marta, in Rome.", "", "don't"])
    try Self.tagger.get().use([], Self.arguments(Tagger.useOptions, [:]), talk.session)
    let lines = talk.written.split(separator: "\n").map(String.init)
    #expect(lines.count == 3)
    #expect(lines[0].contains(#""words":["seen","by","Marta",",","in","Rome","."]"#))
    #expect(lines[1] == #"{"entities":[],"tags":[],"words":[]}"#)
    #expect(lines[2].contains(#"["don't"]"#))
  }

  @Test func wordsBetweenBlanks() throws {
    let talk = Talk()
    try Self.tagger.get().use(
      ["seen by Marta, in Rome."], Self.arguments(Tagger.useOptions, ["tokenized": nil, "chances": nil]),
      talk.session)
    #expect(talk.written.contains(#""words":["seen","by","Marta,","in","Rome."]"#))
    #expect(talk.written.contains(#""chances":["#))
  }

  @Test func columnsComeThroughWithATag() throws {
    let text = ["# a remark of many words", "seen X 1", "by X 2", "# X 3", "Marta X 4", "", " ", "in X 5"]
    let talk = Talk(text)
    try Self.tagger.get().use([], Self.arguments(Tagger.useOptions, ["format": "conll"]), talk.session)
    let lines = talk.written.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(
      String.init)
    #expect(lines.count == text.count)
    for (line, given) in zip(lines, text) {
      let isWord = given.contains("X")
      #expect(line.hasPrefix(given) && (line != given) == isWord, "\(line)")
      if isWord { #expect(line.split(separator: " ").count == 4) }
    }
  }

  @Test func theReportAgreesWithTheScores() throws {
    let folder = try TestFolder()
    let tests = TagToy.names(20, seed: 5)
    try folder.write(Array(TagToy.conll(tests).utf8), "test.txt")
    let talk = Talk()
    let tagger = try Self.tagger.get()
    try tagger.evaluate(
      on: ["\(folder.path)/test.txt"], Self.arguments(Tagger.evaluationOptions, [:]), talk.session)
    let score = try tagger.score(tests)
    let f1 = try #require(score.entities?.overall.f1)
    let hundredths = Int((f1 * 10_000).rounded())
    let all = try #require(talk.written.split(separator: "\n").first { $0.hasPrefix("all ") })
    #expect(all.contains("\(hundredths / 100)."))
    #expect(talk.written.contains("unseen words") && talk.written.contains("person"))
  }
}
