import Testing
import UnrollData

/// What a reader gives until its end, or the error that it throws.
func everything<Item>(
  _ next: () throws(DataError) -> Item?
) throws(DataError) -> [Item] {
  var items: [Item] = []
  while let item = try next() { items.append(item) }
  return items
}

/// The error of `body`, or nil.
func dataError(_ body: () throws(DataError) -> Void) -> DataError? {
  do throws(DataError) {
    try body()
    return nil
  } catch { return error }
}

func source(_ text: String, name: String = "data.txt", piece: Int = 7) -> ByteSource {
  ByteSource(Array(text.utf8), name: name, pieceSize: piece)
}

@Suite struct TextReaderTests {
  static func lines(_ bytes: [UInt8], piece: Int) throws(DataError) -> [String] {
    var reader = LineReader(ByteSource(bytes, name: "data.txt", pieceSize: piece))
    return try everything { () throws(DataError) in try reader.nextText() }
  }

  @Test(arguments: [1, 2, 3, 7, 8, 9, 1 << 18]) func linesEndWithLineFeeds(_ piece: Int) throws {
    let text = "\u{FEFF}one\r\ntwo\n\nthr\ree 河\r\n\r\nlast\r"
    #expect(
      try Self.lines(Array(text.utf8), piece: piece) == ["one", "two", "", "thr\ree 河", "", "last\r"])
    #expect(try Self.lines([], piece: piece) == [])
    #expect(try Self.lines([10], piece: piece) == [""])
    #expect(try Self.lines(Array("\u{FEFF}".utf8), piece: piece) == [""])
  }

  @Test func bytesThatAreNotTextAreNamedWithTheirPlace() {
    let bytes = Array("good\nbad ".utf8) + [0xE9, 0x20] + Array("\n".utf8)
    let error = dataError { () throws(DataError) in _ = try Self.lines(bytes, piece: 3) }
    #expect(error?.kind == .notText)
    #expect(error?.line == 2)
    #expect(error?.found == "byte 0xE9 at offset 9")
    let wide = dataError { () throws(DataError) in _ = try Self.lines([0xFF, 0xFE, 0x61, 0], piece: 4) }
    #expect(wide?.description.contains("UTF-16") == true)
  }

  @Test func aLineOfAMegabyteIsRead() throws {
    let long = String(repeating: "word ", count: 1 << 18)
    #expect(try Self.lines(Array("a\n\(long)\nb".utf8), piece: 1 << 12) == ["a", long, "b"])
  }

  @Test(arguments: [1, 5, 1 << 18]) func namedColumnsGiveTextAndLabel(_ piece: Int) throws {
    let text =
      "\u{FEFF}id,label,text\r\n1,good,\"a \"\"fine\"\"\r\nfilm, really\"\r\n\r\n2,bad,\r\n3, good ,x\r\n"
    var reader = try LabeledTextReader(
      source(text, piece: piece), format: .columns(text: "text", label: "label"))
    let examples = try everything { () throws(DataError) in try reader.next() }
    #expect(examples.map(\.text) == ["a \"fine\"\r\nfilm, really", "", "x"])
    #expect(examples.map(\.labels) == [["good"], ["bad"], ["good"]])
    #expect(examples.map(\.line) == [2, 5, 6])
  }

  /// Rows that lie across what is read at once, a field of half a megabyte among them.
  @Test(arguments: [",", "\t"]) func tablesLongerThanWhatIsReadAtOnceAreReadWhole(_ delimiter: String) throws
  {
    let long = String(repeating: "text, \"\"quoted\"\" and long; ", count: 20_000)
    var text = ["text", "label"].joined(separator: delimiter) + "\r\n"
    var expected: [String] = []
    for number in 0..<40_000 {
      expected.append(number == 20_000 ? long.replacing("\"\"", with: "\"") : "row \(number)")
      text += (number == 20_000 ? "\"\(long)\"" : "row \(number)") + delimiter + "label\(number % 3)\r\n"
    }
    var reader = try LabeledTextReader(
      source(text, piece: 1000), format: .columns(text: "text", label: "label"))
    let examples = try everything { () throws(DataError) in try reader.next() }
    #expect(examples.map(\.text) == expected)
    #expect(examples.map(\.line) == Array(2...40_001))
    // Errors behind the first piece name their place in the file.
    var bytes = Array(text.utf8)
    bytes[bytes.count - 12] = 0xFF
    let error = dataError { () throws(DataError) in
      var reader = try LabeledTextReader(
        ByteSource(bytes, name: "data.txt"), format: .columns(text: "text", label: "label"))
      while try reader.next() != nil {}
    }
    #expect(error?.line == 40_001)
    #expect(error?.found == "byte 0xFF at offset \(bytes.count - 12)")
  }

  @Test func quotesInTabSeparatedFilesAreOrdinaryUnlessTheyEncloseAField() throws {
    let text = "text\tlabel\n\"Wow\" he said\tpos\n\"open\tneg\n\"a \"\"b\"\"\"\tpos\n"
    var reader = try LabeledTextReader(source(text), format: .columns(text: "text", label: "label"))
    let examples = try everything { () throws(DataError) in try reader.next() }
    #expect(examples.map(\.text) == ["\"Wow\" he said", "\"open", "a \"b\""])
  }

  @Test func wrongColumnsSuggestTheNearest() {
    let error = dataError { () throws(DataError) in
      _ = try LabeledTextReader(
        source("review,sentiment\na,b\n"), format: .columns(text: "reviw", label: "sentiment"))
    }
    #expect(error?.kind == .noColumn)
    #expect(
      error?.description
        == "no column \"reviw\" in data.txt (columns: review, sentiment); did you mean \"review\"?")
  }

  @Test func severalLabelsHaveASeparator() throws {
    var reader = try LabeledTextReader(
      source("text,tags\na,x|y\nb,\nc,x|x\n"), format: .columns(text: "text", label: "tags", separator: "|"))
    let examples = try everything { () throws(DataError) in try reader.next() }
    #expect(examples.map(\.labels) == [["x", "y"], [], ["x"]])
  }

  @Test func linesWithoutAHeaderHaveNumberedColumns() throws {
    var reader = try LabeledTextReader(
      source("ham\tHi \"you\r\nspam\t\n\nham\tBye\n"), format: .numbered(text: 2, label: 1))
    let examples = try everything { () throws(DataError) in try reader.next() }
    #expect(examples.map(\.text) == ["Hi \"you", "", "Bye"])
    #expect(examples.map(\.labels) == [["ham"], ["spam"], ["ham"]])
    #expect(examples.map(\.line) == [1, 2, 4])
  }

  @Test func fastTextLinesHaveAnyNumberOfLabels() throws {
    var reader = try LabeledTextReader(
      source("__label__a __label__b some text\nno label  here\n__label__c\n"), format: .fastText)
    let examples = try everything { () throws(DataError) in try reader.next() }
    #expect(examples.map(\.labels) == [["a", "b"], [], ["c"]])
    #expect(examples.map(\.text) == ["some text", "no label here", ""])
  }

  @Test(arguments: [
    ("text,label\na,b,c\n", DataError.Kind.raggedRow, 2), ("text,label\nx,y\nz,\n", .badLabel, 3),
    ("text,label\n\"x,y\n", .badQuote, 2), ("text,label\na,b\n\"x\"y,z\n", .badQuote, 3),
    ("text,label\n", .noRows, 0), ("", .emptyFile, 0), ("\n\n", .emptyFile, 0),
    ("text,text\na,b\n", .badHeader, 1),
  ])
  func brokenTablesAreRefused(_ text: String, _ kind: DataError.Kind, _ line: Int) {
    for piece in [1, 1 << 18] {
      let error = dataError { () throws(DataError) in
        var reader = try LabeledTextReader(
          source(text, piece: piece), format: .columns(text: "text", label: "label"))
        while try reader.next() != nil {}
      }
      #expect(error?.kind == kind)
      #expect((error?.line ?? 0) == line)
    }
  }

  @Test func brokenLinesAreRefused() {
    for (text, kind, line) in [
      ("a\tb\nc\n", DataError.Kind.raggedRow, 2), ("a\n", .raggedRow, 1), ("x\t\n", .badLabel, 1),
      ("\n", .noRows, 0),
      ("a\tb\nc\td\te\n", .raggedRow, 2),
    ] {
      let error = dataError { () throws(DataError) in
        var reader = try LabeledTextReader(source(text), format: .numbered(text: 1, label: 2))
        while try reader.next() != nil {}
      }
      #expect(error?.kind == kind && (error?.line ?? 0) == line, "\(text)")
    }
    let same = dataError { () throws(DataError) in
      _ = try LabeledTextReader(source("a"), format: .numbered(text: 1, label: 1))
    }
    #expect(same?.kind == .badRoles)
  }

  @Test func labelsAreSortedAndSingletonsNamed() {
    let labels = LabelSet(["pos", "neg", "pos", "Ärger"])
    #expect(labels.names == ["neg", "pos", "Ärger"])
    #expect(labels.counts == [1, 2, 1])
    #expect(labels.singletons == ["neg", "Ärger"])
    #expect(labels.names.map { labels.id($0) } == [0, 1, 2])
    #expect(labels.id("neutral") == nil && LabelSet([]).id("") == nil)
  }

  @Test func pairsKeepTheirLines() throws {
    var reader = PairReader(source: source("ein\n\ndrei\n"), target: source("one\ntwo\nthree"))
    let pairs = try everything { () throws(DataError) in try reader.next() }
    #expect(pairs.map(\.source) == ["ein", "", "drei"])
    #expect(pairs.map(\.target) == ["one", "two", "three"])
    #expect(pairs.map(\.isIncomplete) == [false, true, false])
    var separated = try PairReader(separated: source("1\tein\tone\r\n\n2\t\ttwo\n"), source: 2, target: 3)
    let more = try everything { () throws(DataError) in try separated.next() }
    #expect(more.map(\.target) == ["one", "two"])
    #expect(more.map(\.line) == [1, 3])
  }

  @Test func unequalLineCountsAreNamed() {
    for (left, right) in [("a\nb\nc\n", "x\n"), ("a\n", "x\ny\n"), ("", "x")] {
      let error = dataError { () throws(DataError) in
        var reader = PairReader(source: source(left, name: "l.de"), target: source(right, name: "r.en"))
        while try reader.next() != nil {}
      }
      #expect(error?.kind == .unequalLines)
      let count = { (text: String) in text.split(separator: "\n").count }
      #expect(error?.expected == "\(count(left)) line\(count(left) == 1 ? "" : "s"), as in l.de")
      #expect(error?.found == "\(count(right)) line\(count(right) == 1 ? "" : "s")")
    }
    let empty = dataError { () throws(DataError) in
      var reader = PairReader(source: source(""), target: source(""))
      _ = try reader.next()
    }
    #expect(empty?.kind == .emptyFile)
    let short = dataError { () throws(DataError) in
      var reader = try PairReader(separated: source("a\tb\nc\n"))
      while try reader.next() != nil {}
    }
    #expect(short?.kind == .raggedRow && short?.line == 2)
  }
}

@Suite struct TextChunkTests {
  static let text =
    (1...400).map { "Line \($0) of the corpus,\ttwo  spaces, 河流 é e\u{301} 👨‍👩‍👧 don't\r\n" }.joined() + "end"

  @Test(arguments: [31, 33, 100, 1000, 1 << 20]) func chunksEncodeLikeTheWhole(_ size: Int) throws {
    for tokenizer in TokenizerTests.all {
      var reader = TextChunkReader(source(Self.text, piece: 13), chunkSize: size)
      let chunks = try everything { () throws(DataError) in try reader.next() }
      #expect(chunks.joined() == Self.text)
      #expect(chunks.flatMap { tokenizer.encode($0) } == tokenizer.encode(Self.text))
      #expect(chunks.allSatisfy { $0.utf8.count <= size })
    }
  }

  @Test func scalarsAreWholeWhereNoWhiteSpaceOccurs() throws {
    let text = String(repeating: "河👍", count: 5000)
    for size in [16, 17, 33, 1000] {
      var reader = TextChunkReader(source(text, piece: 5), chunkSize: size)
      let chunks = try everything { () throws(DataError) in try reader.next() }
      #expect(chunks.joined() == text)
      #expect(chunks.allSatisfy { !$0.unicodeScalars.contains("\u{FFFD}") })
    }
  }

  @Test func brokenBytesAreNamedWithTheirOffsetInTheFile() {
    var bytes = Array(String(repeating: "some words here\n", count: 1000).utf8)
    bytes[12_345] = 0xC3
    let error = dataError { () throws(DataError) in
      var reader = TextChunkReader(ByteSource(bytes, name: "corpus.txt", pieceSize: 100), chunkSize: 1000)
      while try reader.next() != nil {}
    }
    #expect(error?.kind == .notText)
    #expect(error?.found == "byte 0xC3 at offset 12345")
    #expect(error?.line == 12_345 / 16 + 1)
    // A scalar that the file's end cuts off.
    let cut = dataError { () throws(DataError) in
      var reader = TextChunkReader(ByteSource([0x61, 0xE6, 0xB2], name: "corpus.txt"))
      while try reader.next() != nil {}
    }
    #expect(cut?.found == "byte 0xE6 at offset 1")
    let empty = dataError { () throws(DataError) in
      var reader = TextChunkReader(source("\u{FEFF}"))
      _ = try reader.next()
    }
    #expect(empty?.kind == .emptyFile)
  }
}
