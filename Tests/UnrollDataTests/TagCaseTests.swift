import Testing
import UnrollData

@Suite struct TagCaseTests {
  private func corpus(
    _ text: String, tag: String? = nil, name: String = "tags.conll", as expected: TagScheme? = nil
  ) throws(DataError) -> TaggedCorpus {
    let bytes = Array(text.utf8)
    let format = try TaggedFormat.find(bytes, name: name, tag: tag)
    return try TaggedCorpus(ByteSource(bytes, name: name), format: format, as: expected)
  }

  private func failure(_ text: String, tag: String? = nil, name: String = "tags.conll") -> DataError? {
    do throws(DataError) {
      _ = try corpus(text, tag: tag, name: name)
      return nil
    } catch { return error }
  }

  private let spans = [TagSpan(0..<1, "PER"), TagSpan(2..<4, "LOC")]

  @Test(
    arguments: [
      ("Anna U-PER\nin O\nNew B-LOC\nYork L-LOC\n", TagScheme.bioes, "BILOU is read as BIOES"),
      ("Anna U-PER\nin O\nNew B-LOC\nYork L-LOC\nCity O\n", .bioes, "BILOU"),
      ("Anna W-PER\nin O\nNew B-LOC\nYork E-LOC\n", .bioes, "BMEWO is read as BIOES"),
      ("Anna B-PER\nin 0\nNew B-LOC\nYork I-LOC\n", .bio, "1 times 0 is read as O"),
      ("Anna B-PER\nin o\nNew B-LOC\nYork I-LOC\n", .bio, "1 times o is read as O"),
      ("Anna B-PER\nin _\nNew B-LOC\nYork I-LOC\n", .bio, "1 word without a tag (_) is read as O"),
      (
        "Anna B-PER\nin O\nNew I-LOC\nYork I-LOC\n", .bio,
        "1 I- that follows no entity of its type is read as B-, the first on line 3"
      ),
      ("Anna I-PER\nin O\nNew B-LOC\nYork I-LOC\n", .bio, "the first on line 1"),
      ("Anna I-PER\nin O\nNew I-LOC\nYork I-LOC\n", .iob1, nil),
      ("Anna S-PER\nin O\nNew B-LOC\nYork E-LOC\n", .bioes, nil),
      ("Anna\u{200B} B-PER\u{A0}\nin O\nNew B-LOC\n\u{FEFF}York I-LOC\n", .bio, nil),
    ] as [(String, TagScheme, String?)])
  func schemesAreMended(_ text: String, _ scheme: TagScheme, _ told: String?) throws {
    let read = try corpus(text)
    #expect(read.scheme == scheme)
    #expect(read.sentences[0].words.prefix(4) == ["Anna", "in", "New", "York"])
    #expect(scheme.spans(read.sentences[0].tags) == spans)
    if let told {
      #expect(read.notes.contains { $0.kind == .tags && $0.text.contains(told) }, "\(read.notes)")
    } else {
      #expect(read.notes.isEmpty, "\(read.notes)")
    }
    // For a model of another scheme.
    for other in TagScheme.allCases {
      let converted = try corpus(text, as: other)
      #expect(converted.scheme == other && other.spans(converted.sentences[0].tags) == spans)
      #expect(other.firstBreak(in: converted.sentences[0].tags) == nil)
    }
  }

  @Test func aTypeThatChangesIsAStray() throws {
    let read = try corpus("a B-PER\nb I-LOC\nc I-LOC\n\nd I-LOC\ne B-LOC\n")
    #expect(read.sentences.map(\.tags) == [["B-PER", "B-LOC", "I-LOC"], ["B-LOC", "B-LOC"]])
    #expect(read.notes.first?.text.hasPrefix("tags: 2 I- that follow no entity") == true)
  }

  @Test func otherTagsStayAsTheyAre() throws {
    // Parts of speech may look like tags of entities, and 0, _ and o may be tags.
    let speech = try corpus("a NN\nb 0\nc _\nd U-X\ne o\nf VB\n")
    #expect(speech.scheme == nil && speech.sentences[0].tags == ["NN", "0", "_", "U-X", "o", "VB"])
    #expect(failure("a B-PER\nb X-PER\nc O\n")?.kind == .badTags)
    #expect(failure("a B-PER\nb E-PER\nc I-PER\nd S-LOC\n")?.line != nil)
  }

  @Test func headerRowsAreSkippedAndNameColumns() throws {
    let hipe =
      "TOKEN\tNE-COARSE-LIT\tNE-FINE\tMISC\n# document_id = x\n12\tO\tO\t_\nAnna\tB-pers\tB-pers.ind\t_\nwent\tO\tO\t_\n"
    let read = try corpus(hipe, name: "hipe.tsv")
    #expect(
      read.sentences[0].words == ["12", "Anna", "went"] && read.sentences[0].tags == ["O", "B-pers", "O"])
    #expect(read.sentences[0].lines == [3, 4, 5])
    #expect(read.notes.contains { $0.text.contains("line 1 names the columns") })
    #expect(try corpus(hipe, tag: "NE-FINE").sentences[0].tags == ["O", "B-pers.ind", "O"])
    #expect(try corpus(hipe, tag: "3").sentences[0].tags == ["O", "B-pers.ind", "O"])
    #expect(failure(hipe, tag: "NE-NONE")?.kind == .noColumn)
    let spaced = try corpus("word pos ner\nAnna NNP B-PER\nran VBD O\n")
    #expect(spaced.sentences[0].words == ["Anna", "ran"])
    // A first word that is spelled like a name of a column.
    #expect(try corpus("Text NN O\nruns VBZ O\n").sentences[0].words == ["Text", "runs"])
  }

  @Test func tenColumnsAreNotAlwaysUniversal() throws {
    let table = (0..<3).map { "\($0 * 7)\t" + ["O", "B-PER", "O"][$0] + "\t_\t_\t_\t_\t_\t_\t_\tx\n" }
      .joined()
    let read = try corpus(table, tag: "2", name: "table.tsv")
    #expect(read.sentences[0].words == ["0", "7", "14"] && read.sentences[0].tags == ["O", "B-PER", "O"])
    let words = ["Anna", "in", "Paris"]
    func universal(_ misc: [String]) -> String {
      words.indices.map {
        "\($0 + 1)\t\(words[$0])\tlemma\tNOUN\tNN\tNumber=Sing\t\($0)\tdep\t_\t\(misc[$0])\n"
      }.joined() + "\n"
    }
    let text = "# text = x\n" + universal(["NER=B-PER|SpaceAfter=No", "_", "SpaceAfter=No|NER=B-LOC"])
    #expect(try corpus(text).sentences[0].tags == ["NOUN", "NOUN", "NOUN"])
    for column in ["MISC", "misc:NER", "10"] {
      let read = try corpus(text, tag: column)
      #expect(read.sentences[0].tags == ["B-PER", "O", "B-LOC"] && read.scheme == .bio)
    }
    #expect(try corpus(text, tag: "DEPREL").sentences[0].tags == ["dep", "dep", "dep"])
    #expect(try corpus(text, tag: "5").sentences[0].tags == ["NN", "NN", "NN"])
    #expect(try corpus(text, tag: "MISC:SpaceAfter").sentences[0].tags == ["No", "O", "No"])
    #expect(failure(text, tag: "11")?.kind == .noColumn)
    #expect(failure(text, tag: "NERD")?.kind == .noColumn)
  }

  @Test(arguments: [
    ("Sentence #,Word,POS,Tag\nSentence: 0,Anna,NNP,B-PER\n,went,VBD,O\n,home,NN,O\n", "a table with commas"),
    ("word;tag\nAnna;B-PER\nwent;O\nhome;O\n", "a table with semicolons"),
    ("{\"tokens\": [\"Anna\"], \"tags\": [\"B-PER\"]}\n", "JSON"),
    ("[{\"tokens\": [\"Anna\"]}]\n", "JSON"),
  ]) func otherFilesAreNamed(_ text: String, _ found: String) {
    let error = failure(text)
    #expect(error?.kind == .badTags && error?.found?.contains(found) == true, "\(String(describing: error))")
  }

  @Test func bracesAndCommasMayBeWords() throws {
    #expect(try corpus("{ O\n} O\n").sentences[0].words == ["{", "}"])
    #expect(try corpus(", O\n, O\n, O\n").sentences[0].words == [",", ",", ","])
  }

  /// Nothing that is read is lost or invented, whatever the tags.
  @Test func mendingKeepsWordsAndNeverTraps() {
    var random = Numbers(state: 9)
    let tags = [
      "O", "B-X", "I-X", "I-Y", "E-X", "S-Y", "U-X", "L-Y", "M-X", "W-Y", "0", "_", "o", "NN", "B-", "-",
      "X-Z", "é-A",
    ]
    var mended = 0
    for _ in 0..<2000 {
      let picks = (0..<Int(random.next() % 8 + 1)).map { _ in tags[Int(random.next() % UInt64(tags.count))] }
      let text = picks.enumerated().map { "w\($0) \($1)\n" }.joined()
      if let read = try? corpus(text) {
        #expect(read.sentences[0].words == picks.indices.map { "w\($0)" })
        if let scheme = read.scheme { #expect(scheme.firstBreak(in: read.sentences[0].tags) == nil) }
        mended += 1
      }
    }
    #expect(mended > 100)
  }
}
