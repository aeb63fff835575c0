import Testing
import UnrollCore
import UnrollData
import UnrollTasks
import UnrollTraining

/// What comes in from people and files: strange, long, empty or wrong.
struct TagInputTests {
  private static let tagger = Result {
    try Tagger.train(on: TagToy.names(80), settings: TagToy.small(entities: true, epochs: 6))
  }

  private static func train(
    _ text: String, _ words: [String] = [], session: TaskSession = TaskSession()
  ) throws -> Tagger {
    let folder = try TestFolder()
    try folder.write(Array(text.utf8), "data.txt")
    return try Tagger.train(
      files: ["\(folder.path)/data.txt"], words: ["epochs=1", "hidden=8"] + words, session: session)
  }

  /// What is answered to words and lines, as JSON.
  private static func json(
    _ tagger: Tagger, _ words: [String] = [], lines: [String] = [], options: TagOptions = TagOptions()
  ) throws -> [String] {
    var waiting = Array(lines.reversed())
    var writer = AnswerWriter<TaggedText>(.json)
    var written: [String] = []
    try InputReader(tagger, options, readLine: { waiting.popLast() }).forEach(words) { inputs in
      for (input, answer) in zip(inputs, try tagger.answers(inputs.map(\.input), options: options)) {
        written.append(try writer.text(answer, id: input.id, line: input.line))
      }
    }
    return written
  }

  // MARK: - Sentences

  @Test func emptySentencesHaveNoTags() throws {
    let tagger = try Self.tagger.get()
    #expect(try tagger.tag([]).isEmpty)
    #expect(try tagger.tag([[], ["today"], []]).map(\.count) == [0, 1, 0])
    #expect(try tagger.score([])["accuracy"].isNaN)
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
    #expect(tagger.record.end == "completed" && tagger.record.history.count == 1)
  }

  @Test func aVocabularyOfOneWord() throws {
    let sentences = (0..<10).map { _ in TagData.Sentence(words: ["la", "la"], tags: ["A", "B"]) }
    let tagger = try Tagger.train(on: sentences, settings: TagToy.small())
    #expect(try tagger.tag([["la", "la"], ["le"]]).map(\.count) == [2, 1])
  }

  @Test(
    arguments: [
      ([], "found no words"), ([.init(words: [], tags: [])], "found no words"),
      ([.init(words: ["a", "b"], tags: ["O", "O"])], "found \"O\" alone"),
      ([.init(words: ["a"], tags: ["A"]), .init(words: ["b"], tags: ["B", "C"])], "line 2"),
    ] as [([TagData.Sentence], String)])
  func whatNothingCanBeLearnedFrom(_ sentences: [TagData.Sentence], _ words: String) {
    #expect {
      try Tagger.train(on: sentences)
    } throws: {
      $0 is DataError && "\($0)".contains(words)
    }
  }

  @Test(arguments: [
    (\TagSettings.embeddingSize, 0), (\.characterSize, -1), (\.network.hiddenSize, 0), (\.network.layers, 0),
    (\.learning.epochs, 0), (\.learning.batchSize, 0), (\.learning.members, 0), (\.prefixes, 9),
    (\.suffixes, -1), (\.minimumCount, 0), (\.characterHidden, 0), (\.featureSize, 5000),
  ]) func settingsThatMakeNoNetwork(_ path: WritableKeyPath<TagSettings, Int> & Sendable, _ value: Int)
    throws
  {
    var settings = TagToy.small()
    settings[keyPath: path] = value
    #expect {
      try Tagger.train(on: TagToy.grammar(10), settings: settings)
    } throws: {
      ($0 as? SettingError)?.found == "\(value)"
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
    #expect {
      try Self.train(text, text.hasPrefix("1\t") ? ["file-format=conllu"] : [])
    } throws: {
      let message = "\($0)"
      return $0 is DataError && message.contains(place) && message.contains(words)
    }
  }

  @Test func bytesThatAreNoText() throws {
    let folder = try TestFolder()
    try folder.write(Array("a\tX\n".utf8) + [0x63, 0xE9, 0x09, 0x58, 0x0A], "data.txt")
    for (name, words) in [("data.txt", "line 2"), ("none.txt", "none.txt")] {
      #expect {
        try Tagger.train(files: ["\(folder.path)/\(name)"])
      } throws: {
        $0 is DataError && "\($0)".contains(words)
      }
    }
  }

  @Test(arguments: [
    ("tag-column=9", "column"), ("tag-column=UPOS", "number of a column"),
    ("tag-column=0", "number of a column"), ("tag-column=1", "different columns"),
    ("word-column=3", "column"), ("scheme=BIOES", "as in BIOES"), ("scheme=IOB1", "as in IOB1"),
    ("file-format=conllu", "10 columns"), ("validation=/nowhere/x", "/nowhere/x"),
  ]) func settingsThatDoNotFitTheFile(_ value: String, _ words: String) throws {
    #expect {
      try Self.train(TagToy.conll(TagToy.names(10)), [value])
    } throws: {
      "\($0)".contains(words)
    }
  }

  @Test(arguments: [
    ("scheme", "BILOU"), ("cell", "tape"), ("epochs", "0"), ("dropout", "1"), ("members", "x"),
    ("batch-tokens", "0"), ("decision", "dice"),
  ])
  func settingsThatAreNone(_ name: String, _ value: String) {
    #expect {
      var given = SettingValues()
      try given.set(name, value, among: TagSettings.descriptions())
    } throws: {
      ($0 as? SettingError)?.name == name
    }
  }

  @Test func remarksTellWhatTheDataLacks() throws {
    let folder = try TestFolder()
    try folder.write(Array("a\tX\nb\tZ\n".utf8), "dev.txt")
    var notes: [String] = []
    _ = try Self.train(
      "a\tX\nb\tY\n\na\tX\n", ["validation=\(folder.path)/dev.txt"],
      session: TaskSession(report: { if case .note(let text) = $0 { notes.append(text) } }))
    #expect(notes.contains { $0.contains("seen once") && $0.contains("\"Y\"") })
    #expect(notes.contains { $0.contains("never right") && $0.contains("\"Z\"") })
  }

  @Test func aSchemeIsTakenAtItsWord() throws {
    let text = TagToy.conll(TagToy.names(10))
    let none = try Self.train(text, ["scheme=none"])
    #expect(none.preparation.tags.scheme == nil && none.settings.decision == .softmax)
    #expect(try none.answers([TagInput(["in"])])[0].entities == nil)
    for scheme in ["BIO", "auto"] {
      let bio = try Self.train(text, ["scheme=\(scheme)"])
      #expect(bio.preparation.tags.scheme == .bio && bio.settings.decision == .crf)
      #expect(try bio.answers([TagInput(["in"])])[0].entities != nil)
    }
  }

  @Test func universalDependencies() throws {
    let line = { (id: String, word: String, tag: String) in
      "\(id)\t\(word)\t_\t\(tag)\t\(tag)X\t_\t0\t_\t_\t_\n"
    }
    let sentence =
      "# text = du lac\n" + line("1-2", "du", "_") + line("1", "de", "ADP") + line("2", "le", "DET")
      + line("3", "lac", "NOUN") + "\n"
    let text = String(repeating: sentence, count: 12)
    let longer = ["epochs=60", "learning-rate=0.02"]
    let tagger = try Self.train(text, longer)
    #expect(try tagger.tag([["de", "le", "lac"]]) == [["ADP", "DET", "NOUN"]])
    let other = try Self.train(text, longer + ["tag-column=xpos"])
    #expect(try other.tag([["de", "le", "lac"]]) == [["ADPX", "DETX", "NOUNX"]])
    // Tags that the file has are not looked at, and ranges are no words.
    let folder = try TestFolder()
    let untagged = sentence.replacing("\tADP\t", with: "\t_\t").replacing("\tDET\t", with: "\t_\t")
    try folder.write(Array(untagged.utf8), "new.conllu")
    let answers = try Self.json(tagger, ["\(folder.path)/new.conllu"])
    #expect(answers == [#"{"line":3,"tags":["ADP","DET","NOUN"],"words":["de","le","lac"]}"# + "\n"])
  }

  // MARK: - Use

  @Test func linesOfText() throws {
    let lines = try Self.json(try Self.tagger.get(), lines: ["seen by Marta, in Rome.", "", "don't"])
    #expect(lines.count == 3)
    #expect(lines[0].contains(#""words":["seen","by","Marta",",","in","Rome","."]"#))
    #expect(lines[1] == #"{"entities":[],"line":2,"tags":[],"words":[]}"# + "\n")
    #expect(lines[2].contains(#"["don't"]"#))
  }

  @Test func wordsBetweenBlanks() throws {
    var options = TagOptions()
    (options.tokenized, options.probabilities) = (true, true)
    let lines = try Self.json(try Self.tagger.get(), ["seen by Marta, in Rome."], options: options)
    #expect(lines.count == 1 && lines[0].contains(#""words":["seen","by","Marta,","in","Rome."]"#))
    #expect(lines[0].contains(#""probabilities":["#))
  }

  /// A file of columns is read for its words, whatever stands beside them.
  @Test func columnsAreReadForTheirWords() throws {
    let text = ["# a remark of many words", "seen X 1", "by X 2", "# X 3", "Marta X 4", "", " ", "in X 5"]
    let folder = try TestFolder()
    let path = "\(folder.path)/new.conll"
    try folder.write(Array(text.joined(separator: "\n").utf8), "new.conll")
    let tagger = try Self.tagger.get()
    let inputs = try #require(
      try TagTask.inputs(contentsOf: path, tagger, TagOptions(), note: { _ in }))
    #expect(inputs.map(\.input.words) == [["seen", "by", "#", "Marta"], ["in"]])
    #expect(inputs.map(\.line) == [2, 8])
    // A person is shown a word a line, with its tag.
    let answer = try tagger.answers([inputs[0].input])[0]
    #expect(answer.shown == zip(answer.words, answer.tags).map { "\($0)\t\($1)\n" }.joined() + "\n")
    #expect(answer.rows.map { $0[0] } == ["seen", "by", "#", "Marta"])
  }

  @Test func theReportAgreesWithTheTags() throws {
    let folder = try TestFolder()
    let tests = TagToy.names(20, seed: 5)
    try folder.write(Array(TagToy.conll(tests).utf8), "test.txt")
    let tagger = try Self.tagger.get()
    let report = try tagger.evaluate(files: ["\(folder.path)/test.txt"])
    #expect(try tagger.score(tests).scores == report.scores)
    #expect(report.source == "\(folder.path)/test.txt")
    let found = try tagger.tag(tests.map(\.words))
    let score = EntityScore(actual: tests.map(\.tags), predicted: found)
    #expect(report["F1 of entities"] == score.overall.f1 && report["accuracy"] == score.accuracy)
    let text = report.text()
    let hundredths = Int((score.overall.f1 * 10_000).rounded())
    let all = try #require(text.split(separator: "\n").first { $0.hasPrefix("all ") })
    #expect(all.contains("\(hundredths / 100)."))
    #expect(text.contains("unseen words") && text.contains("person"))
  }
}
