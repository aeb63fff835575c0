import Testing
import UnrollCore
import UnrollData
import UnrollTasks
import UnrollTraining

/// Input that is wrong gives an error that says what and where; input that is odd gives a defined result.
struct ClassifyInputTests {
  /// What a person says and has in a file, and the words that the error must have.
  struct Bad: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let file: String
    let bytes: [UInt8]
    var options: [String]
    let words: [String]

    init(_ name: String, _ file: String, _ text: String, _ options: String, _ words: String...) {
      (testDescription, self.file, bytes, self.words) = (name, file, Array(text.utf8), words)
      self.options = options.split(separator: " ").map(String.init)
    }

    init(_ name: String, _ file: String, bytes: [UInt8], _ options: String, _ words: String...) {
      (testDescription, self.file, self.bytes, self.words) = (name, file, bytes, words)
      self.options = options.split(separator: " ").map(String.init)
    }
  }

  static let table = "text,kind\ngood film,a\nbad film,b\n"
  static let bad: [Bad] = [
    Bad("wrong text column", "x.csv", table, "text=txt label=kind", "\"txt\"", "did you mean \"text\"?"),
    Bad("wrong label column", "x.csv", table, "text=text label=knd", "\"knd\"", "did you mean \"kind\"?"),
    Bad("the same column", "x.csv", table, "text=kind label=kind", "different columns"),
    Bad("no label asked for", "x.csv", table, "text=text", "x.csv", "labels", "column of labels"),
    Bad("a label and no text", "x.csv", table, "label=kind", "label", "text"),
    Bad("text and id", "x.csv", table, "text=text id=kind", "id"),
    Bad("an empty label", "x.csv", table + "so,\n", "text=text label=kind", "line 4", "\"kind\"", "label"),
    Bad("a short row", "x.csv", table + "so\n", "text=text label=kind", "line 4"),
    Bad("one label", "x.csv", "text,kind\na,x\nb,x\n", "text=text label=kind", "two labels", "\"x\""),
    Bad("empty", "x.csv", "", "text=text label=kind", "empty"),
    Bad("header alone", "x.csv", "text,kind\n", "text=text label=kind", "x.csv", "no texts"),
    Bad("no labels in fastText", "x.txt", "good film\nbad film\n", "", "x.txt", "__label__"),
    Bad("some without label", "x.txt", "__label__a good\n__label__b bad\nso\n", "", "line 3", "found none"),
    Bad(
      "several labels", "x.txt", "__label__a __label__b good\n__label__b bad\n", "", "line 1", "one label"
    ),
    Bad("an empty fastText label", "x.txt", "__label__ good\n", "", "line 1", "label"),
    Bad(
      "a column by name without header", "x.tsv", "a\tgood\n", "text=x label=1 no-header", "from 1", "x"),
    Bad("no such numbered column", "x.tsv", "a\tgood\n", "text=5 label=1 no-header", "line 1", "5"),
    Bad(
      "mixed encodings", "x.csv", bytes: Array((table + "caf").utf8) + [0xE9] + Array(",a\n".utf8),
      "text=text label=kind", "line 4", "UTF-8"),
    Bad("UTF-16", "x.csv", bytes: [0xFF, 0xFE, 0x61, 0, 0x2C, 0], "text=text label=kind", "x.csv", "UTF-16"),
    Bad("no header in .ts", "x.ts", "1,2,3:a\n", "", "line 1", "@"),
    Bad("no labels in .ts", "x.ts", "@classLabel false\n@data\n1,2\n3,4\n", "", "labels"),
    Bad(
      "an unknown label in .ts", "x.ts", "@classLabel true a b\n@data\n1,2:a\n3,4:c\n", "", "line 4", "\"c\""),
    Bad("no number in .ts", "x.ts", "@classLabel true a b\n@data\n1,x:a\n", "", "line 3", "\"x\""),
    Bad("only empty sequences", "x.ts", "@classLabel true a b\n@dimensions 1\n@data\n:a\n:b\n", "", "empty"),
    Bad("a wrong id", "x.csv", "n,kind,v\n1,a,2\n", "id=m label=kind", "\"m\""),
    Bad(
      "no number in a table", "x.csv", "n,kind,v\n1,a,?\n2,b,z\n", "id=n label=kind", "line 3", "\"v\"",
      "\"z\""),
    Bad(
      "two labels of a sequence", "x.csv", "n,kind,v\n1,a,2\n1,b,3\n", "id=n label=kind", "line 3", "\"b\""),
    Bad("a sequence in two places", "x.csv", "n,kind,v\n1,a,2\n2,b,3\n1,a,4\n", "id=n label=kind", "line 4"),
    Bad("a wrong feature", "x.csv", "n,kind,v\n1,a,2\n2,b,3\n", "id=n label=kind feature=w", "\"w\""),
    Bad("a hop beyond the frame", "x.ts", "@classLabel true a b\n@data\n1:a\n2:b\n", "frame=2 hop=3", "hop"),
    Bad("pooling of another kind", "x.csv", table, "text=text label=kind pooling=sum", "pooling", "\"sum\""),
    Bad(
      "a missing validation file", "x.csv", table, "text=text label=kind validation=none.csv", "none.csv"),
  ]

  static func train(_ folder: TestFolder, _ file: String, _ words: String) throws -> Classifier {
    let quick = "epochs=2 hidden=8 embedding=4 pieces=20 validation-share=0".split(separator: " ").map(
      String.init)
    return try Classifier.train(
      files: ["\(folder.path)/\(file)"], words: quick + words.split(separator: " ").map(String.init))
  }

  @Test(arguments: bad) func saysWhatIsWrong(_ bad: Bad) throws {
    let folder = try TestFolder()
    try folder.write(bad.bytes, bad.file)
    #expect {
      _ = try Self.train(folder, bad.file, bad.options.joined(separator: " "))
    } throws: { error in
      let isKnown = error is DataError || error is SettingError
      let missing = bad.words.filter { !"\(error)".contains($0) }
      if !missing.isEmpty { Issue.record("\(missing) not in: \(error)") }
      return isKnown && missing.isEmpty
    }
  }

  @Test func aLabelSeenOnceIsLearnedFrom() throws {
    let (texts, labels) = ClassifyToy.texts(30)
    let data = try ClassifyData(texts: texts + ["quite odd"], labels: labels + ["once"])
    var notes: [String] = []
    let classifier = try Classifier.train(
      on: data, settings: ClassifyToy.small { $0.learning.validationShare = 0.3 },
      session: TaskSession(report: { if case .note(let text) = $0 { notes.append(text) } }))
    #expect(notes.contains { $0.contains("\"once\"") && $0.contains("single example") })
    #expect(try classifier.classify(["quite odd"])[0].label == "once")
  }

  @Test func aVocabularyOfOneWord() throws {
    let data = try ClassifyData(
      texts: ["yes", "yes yes", "yes", "yes yes"], labels: ["one", "two", "one", "two"])
    let classifier = try Classifier.train(on: data, settings: ClassifyToy.small { $0.learning.epochs = 80 })
    #expect(try classifier.classify(["yes", "yes yes"]).map(\.label) == ["one", "two"])
    // Words that were never seen are unknown, and still give an answer.
    #expect(
      try classifier.classify(["no \u{1F600} \u{0} \u{FFFD}"])[0].probabilities.allSatisfy {
        $0.probability.isFinite
      })
  }

  @Test func linesOfAMegabyte() throws {
    let folder = try TestFolder()
    let long = String(repeating: "word ", count: 200_000)
    let endless = String(repeating: "w", count: 1_000_000)
    try folder.write(Array("text,kind\n\(long),a\n\(endless),b\nso,a\nno,b\n".utf8), "x.csv")
    let classifier = try Self.train(folder, "x.csv", "text=text label=kind maximum-length=50")
    let answers = try classifier.classify([long, endless])
    #expect(answers.count == 2)
    // What is beyond the length is not read.
    #expect(try classifier.classify([String(repeating: "word ", count: 50)])[0].bits == answers[0].bits)
    #expect(try classifier.classify([String(repeating: "word ", count: 49)])[0].bits != answers[0].bits)
    var options = ClassifyOptions()
    options.explain = true
    #expect(try classifier.classify([long], options: options)[0].steps?.count == 51)
  }

  @Test func evaluationKnowsItsLabels() throws {
    let classifier = try Classifier.train(
      on: ClassifyToy.data(20), settings: ClassifyToy.small { $0.learning.epochs = 1 })
    let other = try ClassifyData(texts: ["a", "b"], labels: ["good", "ugly"])
    #expect {
      try classifier.evaluate(on: other)
    } throws: {
      "\($0)".contains("line 2") && "\($0)".contains("\"ugly\"") && "\($0)".contains("\"good\"")
    }
    let none = try ClassifyData(texts: [], labels: [])
    #expect(throws: DataError.self) { try classifier.evaluate(on: none) }
    #expect(none.examples.isEmpty)
  }

  @Test func textsAreNoSequences() throws {
    let texts = try Classifier.train(
      on: ClassifyToy.data(20), settings: ClassifyToy.small { $0.learning.epochs = 1 })
    let (sequences, labels) = ClassifyToy.sequences(20)
    let numbers = try Classifier.train(
      on: ClassifyData(sequences: sequences, labels: labels),
      settings: ClassifyToy.small { $0.learning.epochs = 1 })
    #expect(throws: DataError.self) { try texts.classify(sequences: sequences) }
    #expect(throws: DataError.self) { try numbers.classify(["a text"]) }
    #expect(throws: DataError.self) {
      try numbers.classify(sequences: [[[1, 2, 3]]])
    }
    #expect(throws: DataError.self) { try numbers.classify(sequences: [[[1, 2], [1]]]) }
    #expect(throws: DataError.self) {
      try ClassifyData(texts: ["a"], labels: ["x", "y"])
    }
    // Sequences without steps, and without any number.
    let odd = try numbers.classify(sequences: [[], [[.nan, .nan], [.nan, .nan]], [[.infinity, 1]]])
    #expect(odd.count == 3 && odd[0].probabilities.allSatisfy { $0.probability.isFinite })
  }

  @Test func everyFormatIsRead() throws {
    let folder = try TestFolder()
    func expect(_ name: String, _ text: String, _ options: String, labels: [String]) throws {
      try folder.write(Array(text.utf8), name)
      let classifier = try Self.train(folder, name, options)
      #expect(classifier.labels == labels)
    }
    try expect("a.csv", Self.table, "text=text label=kind", labels: ["a", "b"])
    try expect("a.tsv", "kind\ttext\na\t\"so\nb\tno\"\n", "text=text label=kind", labels: ["a", "b"])
    try expect("b.tsv", "a\tgood\nb\tbad\n", "text=2 label=1 no-header", labels: ["a", "b"])
    try expect("a.txt", "__label__b good film\n__label__a bad\n", "", labels: ["a", "b"])
    try expect("m.txt", "__label__b __label__c good film\nbad\n", "multi-label", labels: ["b", "c"])
    try expect(
      "m.csv", "text,kind\nx,a|b\ny,\nz,b\n", "text=text label=kind multi-label separator=|",
      labels: ["a", "b"])
    try expect("a.ts", "@classLabel true u d\n@data\n1,2,?:u\n3,1:d\n", "", labels: ["d", "u"])
    try expect("s.csv", "n,kind,v,w\n1,u,2,\n1,u,3,1\n2,d,3,1\n", "id=n label=kind", labels: ["d", "u"])
  }
}
