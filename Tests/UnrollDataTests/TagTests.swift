import Testing
import UnrollData

@Suite struct TagTests {
  static func read(_ text: String, _ format: TaggedFormat = .conll()) throws(DataError) -> [TaggedSentence] {
    var reader = try TaggedReader(source(text, name: "tags.conll"), format: format)
    return try everything { () throws(DataError) in try reader.next() }
  }

  @Test func blankLinesStandBetweenSentences() throws {
    let text =
      "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n\n \nPeter NNP B-NP B-PER\r\n"
    let sentences = try Self.read(text)
    #expect(sentences.map(\.words) == [["EU", "rejects"], ["Peter"]])
    #expect(sentences.map(\.tags) == [["B-ORG", "O"], ["B-PER"]])
    #expect(sentences.map(\.lines) == [[3, 4], [8]])
    #expect(
      try Self.read(text.split(separator: "\n").dropFirst().joined(separator: "\n"), .conll(tag: 2)).first?
        .tags.first == "NNP")
    #expect(
      try Self.read("a\nb\n", .conll(tag: 0)).first
        == TaggedSentence(words: ["a", "b"], tags: [], lines: [1, 2]))
  }

  @Test func numberSignsMayBeWords() throws {
    let text = "# a comment of five words\n#tag\tO\n#\tO\na b\tO\n# another\n"
    let sentences = try Self.read(text)
    #expect(sentences.map(\.words) == [["#tag", "#", "a b"]])
    #expect(try Self.read("x O\n# O\n# no word\n").map(\.words) == [["x", "#"]])
  }

  @Test func universalDependenciesHaveTenColumns() throws {
    let row = { (id: String, form: String, tag: String) in
      "\(id)\t\(form)\tl\t\(tag)\tX\tA=B\t0\troot\t_\t_\n"
    }
    let text =
      "# sent_id = 1\n# text = vámonos\n" + row("1-2", "vámonos", "_") + row("1", "vamos", "VERB")
      + row("2", "nos", "PRON") + row("2.1", "ghost", "NOUN") + "\n" + row("1", "#", "SYM")
    let sentences = try Self.read(text, .conllu(tag: .universalTag))
    #expect(sentences.map(\.words) == [["vamos", "nos"], ["#"]])
    #expect(sentences.map(\.tags) == [["VERB", "PRON"], ["SYM"]])
    #expect(try Self.read(text, .conllu(tag: .features)).first?.tags == ["A=B", "A=B"])
    #expect(try UniversalColumn.named("upos", file: "x") == .universalTag)
    let wrong = dataError { () throws(DataError) in _ = try UniversalColumn.named("UPO", file: "x.conllu") }
    #expect(wrong?.description.contains("did you mean \"UPOS\"?") == true)
  }

  @Test(arguments: [
    ("a O\nb\n", TaggedFormat.conll(), DataError.Kind.raggedRow, 2), ("a\n", .conll(), .raggedRow, 1),
    ("a\tO\n\tO\n", .conll(), .badTags, 2), ("a\tO\nb\t\t\n", .conll(), .raggedRow, 2),
    ("\n\n", .conll(), .noRows, 0),
    ("", .conll(), .noRows, 0), ("a O\n", .conll(tag: 3), .raggedRow, 1),
    ("a O\n", .conll(tag: 1), .badRoles, 0),
    ("1\ta\n", .conllu(tag: .universalTag), .raggedRow, 1),
    ("x\ta\t_\t_\t_\t_\t_\t_\t_\t_\n", .conllu(tag: nil), .badTags, 1),
  ])
  func brokenFilesAreRefused(_ text: String, _ format: TaggedFormat, _ kind: DataError.Kind, _ line: Int) {
    let error = dataError { () throws(DataError) in _ = try Self.read(text, format) }
    #expect(error?.kind == kind)
    #expect((error?.line ?? 0) == line)
  }

  static let spans = [
    TagSpan(0..<1, "PER"), TagSpan(1..<3, "PER"), TagSpan(4..<7, "LOC"), TagSpan(7..<8, "ORG"),
  ]
  static let spellings: [(TagScheme, String)] = [
    (.iob1, "I-PER B-PER I-PER O I-LOC I-LOC I-LOC I-ORG"),
    (.bio, "B-PER B-PER I-PER O B-LOC I-LOC I-LOC B-ORG"),
    (.bioes, "S-PER B-PER E-PER O B-LOC I-LOC E-LOC S-ORG"),
  ]

  @Test func schemesSpellTheSameEntities() throws {
    for (scheme, text) in Self.spellings {
      let tags = text.split(separator: " ").map(String.init)
      #expect(scheme.spans(tags) == Self.spans)
      #expect(scheme.tags(Self.spans, count: 8) == tags)
      #expect(scheme.firstBreak(in: tags) == nil)
      for (other, spelling) in Self.spellings {
        #expect(scheme.convert(tags, to: other) == spelling.split(separator: " ").map(String.init))
      }
      var finder = TagSchemeFinder(file: "x")
      finder.add(TaggedSentence(words: tags, tags: tags, lines: Array(1...8)))
      #expect(try finder.scheme() == scheme)
    }
    #expect(TagScheme.bio.spans([]) == [] && TagScheme.bio.tags([], count: 0) == [])
  }

  /// All tag sequences of four words over two types: a scheme accepts exactly what it writes.
  @Test(arguments: TagScheme.allCases) func schemesAcceptExactlyWhatTheyWrite(_ scheme: TagScheme) {
    let letters = scheme == .bioes ? ["B", "I", "E", "S"] : ["B", "I"]
    let tags = ["O"] + letters.flatMap { letter in ["X", "Y"].map { "\(letter)-\($0)" } }
    var accepted = 0
    for number in 0..<(tags.count * tags.count * tags.count * tags.count) {
      let sentence = (0..<4).map { place in
        tags[
          number / [1, tags.count, tags.count * tags.count, tags.count * tags.count * tags.count][place]
            % tags.count]
      }
      let isWritten = scheme.tags(scheme.spans(sentence), count: 4) == sentence
      #expect((scheme.firstBreak(in: sentence) == nil) == isWritten, "\(sentence)")
      if isWritten { accepted += 1 }
    }
    // Cuts of four words into entities of two types and words outside: a(n) = a(n−1) + 2 Σ a(k).
    #expect(accepted == 153)
  }

  static func scheme(_ sentences: [String]) throws(DataError) -> TagScheme? {
    var finder = TagSchemeFinder(file: "tags.conll")
    var line = 1
    for sentence in sentences {
      let tags = sentence.split(separator: " ").map(String.init)
      finder.add(TaggedSentence(words: tags, tags: tags, lines: Array(line..<(line + tags.count))))
      line += tags.count + 1
    }
    return try finder.scheme()
  }

  @Test func tagsWithoutEntitiesHaveNoScheme() throws {
    #expect(try Self.scheme(["NOUN VERB", "DET NOUN"]) == nil)
    #expect(try Self.scheme(["O O"]) == nil)
    #expect(try Self.scheme(["-LRB- NN HYPH"]) == nil)
    #expect(try Self.scheme([]) == nil)
  }

  @Test func brokenSchemesNameTheirLine() {
    for (sentences, line, found) in [
      (["B-X I-X O", "O I-X B-X B-Y"], 6, "\"I-X\""), (["B-X E-X S-Y", "O B-X O"], 7, "\"O\""),
      (["B-X E-X", "B-X"], 4, "the end of the sentence"), (["O U-PER", "B-X L-X"], 2, "\"U-PER\""),
      (["O B-X", "O PER"], 5, "\"PER\""),
    ] {
      let error = dataError { () throws(DataError) in _ = try Self.scheme(sentences) }
      #expect(error?.kind == .badTags)
      #expect(error?.line == line, "\(sentences)")
      #expect(error?.found == found, "\(sentences)")
    }
  }
}
