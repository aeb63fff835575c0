import Foundation
import Testing
import UnrollData

/// Where texts come from: files, pipes, gzip, folders, and files that change meanwhile.
@Suite struct TextSourceTests {
  private func folder(_ body: (String) throws -> Void) throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("unroll-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    try body(url.path)
  }

  private func save(_ text: String, _ path: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
  }

  private func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var sum = CRC32()
    sum.add(bytes, in: 0..<bytes.count)
    func four(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
    return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255] + Deflater.pack(bytes) + four(sum.value)
      + four(UInt32(truncatingIfNeeded: bytes.count))
  }

  private func lines(_ source: ByteSource) throws(DataError) -> [String] {
    var reader = LineReader(source)
    var lines: [String] = []
    while let line = try reader.nextText() { lines.append(line) }
    return lines
  }

  private func lines(at source: TextSource) throws -> [String] { try lines(try ByteSource(source)) }

  /// Runs `body` while another thread writes to a FIFO, some bytes at a time.
  private func withPipe(_ bytes: [UInt8], piece: Int = 3, _ body: (String) throws -> Void) throws {
    try folder { folder in
      let path = folder + "/pipe"
      try #require(mkfifo(path, 0o600) == 0)
      let writer = Thread {
        let file = open(path, O_WRONLY)
        var position = 0
        while position < bytes.count {
          let part = Array(bytes[position..<min(bytes.count, position + piece)])
          position += write(file, part, part.count)
        }
        close(file)
      }
      writer.start()
      try body(path)
    }
  }

  @Test func pipesAreReadOnceAndWhole() throws {
    let text = "\u{FEFF}red dog\nblue cat\n"
    // Who looks at the size first must not take the text from who reads.
    try withPipe(Array(text.utf8)) { path in
      let value1 = try ByteSource(path: path).size
      #expect(value1 == 0)
      let value2 = try lines(at: .file(path))
      #expect(value2 == ["red dog", "blue cat"])
    }
    try withPipe(Array(text.utf8)) { path in
      let settled = try TextSource(path).settled()
      for _ in 0..<2 {
        let again = try lines(at: settled)
        #expect(again == ["red dog", "blue cat"])
      }
    }
    try withPipe(gzip(Array(text.utf8))) { path in
      let value3 = try lines(at: .file(path))
      #expect(value3 == ["red dog", "blue cat"])
    }
    try withPipe(Array("text,label\n\"a\nb\",x\n".utf8)) { path in
      var reader = try LabeledTextReader(path: path, format: .columns(text: "text", label: "label"))
      #expect(try reader.next()?.text == "a\nb")
    }
    #expect(TextSource("-") == .standardInput && TextSource("-").name == "standard input")
    let missing = dataError { () throws(DataError) in _ = try TextSource("/no/such").settled() }
    #expect(missing?.kind == .missingFile)
  }

  @Test(
    arguments: [
      ([0x61, 0x0A, 0x62, 0x00, 0x63], 2, "byte 0x00 at offset 3"),
      ([0xFF, 0xFE, 0x61, 0x00], 1, "byte 0xFF at offset 0"),
      ([0x61, 0x0A, 0xE9, 0x0A], 2, "byte 0xE9 at offset 2"),
      ([0x61, 0x00, 0x62, 0x00], 1, "byte 0x00 at offset 1"),
    ] as [([UInt8], Int, String)])
  func otherEncodingsInPipesAreNamed(_ bytes: [UInt8], _ line: Int, _ found: String) throws {
    try withPipe(bytes, piece: 1) { path in
      let error = dataError { () throws(DataError) in _ = try self.lines(ByteSource(path: path)) }
      #expect(error?.kind == .notText && error?.line == line && error?.found == found)
    }
  }

  @Test func gzipIsReadAsWhatItHolds() throws {
    let table = "date,x\n2020-01-01,5\n2020-01-02,6\n"
    try withFile(gzip(Array(table.utf8))) { path in
      #expect(try TimeSeries(csv: path)[0].targets == [[5, 6]])
      let value4 = try ByteSource(path: path).size
      #expect(value4 == table.utf8.count)
      var reader = try RecordReader(path: path)
      #expect(try reader.next() == ["2020-01-01", "5"])
    }
    let corpus = String(repeating: "the river runs past the mill. ", count: 2000)
    try withFile(gzip(Array(corpus.utf8))) { path in
      let tokenizer = WordTokenizer.train(on: [corpus])
      var batches = try CorpusBatches(path: path, tokenizer: tokenizer, streams: 3, steps: 50)
      var targets = 0
      while let batch = try batches.next() { targets += batch.targets.count { $0 >= 0 } }
      #expect(targets > 10_000)
    }
    // Cut off or damaged.
    let whole = gzip(Array(table.utf8))
    let damaged = whole.enumerated().map { $0 == whole.count - 6 ? $1 ^ 0xFF : $1 }
    for bytes in [Array(whole.dropLast(9)), damaged] {
      try withFile(bytes) { path in
        let error = dataError { () throws(DataError) in _ = try ByteSource(path: path) }
        #expect(error?.kind == .badCompression || error?.kind == .tooLarge, "\(String(describing: error))")
      }
    }
  }

  /// A text that shrinks, grows or is written anew while it is streamed.
  @Test(arguments: ["shrinks", "grows", "is written anew", "is gone"]) func changesAreErrors(_ change: String)
    throws
  {
    let text = String(repeating: "some words of a text\n", count: 40_000)
    try withFile(Array(text.utf8)) { path in
      func alter() throws {
        switch change {
        case "shrinks": truncate(path, 1000)
        case "grows":
          let file = open(path, O_WRONLY | O_APPEND)
          _ = write(file, "more", 4)
          close(file)
        case "is gone": truncate(path, 0)
        default:
          // The time of change has the grain of the kernel's clock.
          usleep(30_000)
          let file = open(path, O_WRONLY)
          _ = write(file, "SOME", 4)
          close(file)
        }
      }
      var reader = try TextChunkReader(path: path)
      _ = try reader.next()
      let source = try ByteSource(path: path)
      let size = source.size
      let tokenizer = WordTokenizer.train(on: [text])
      var batches = try CorpusBatches(
        path: path, tokenizer: tokenizer, streams: 2, steps: 5000, chunkSize: 1 << 12)
      _ = try batches.next()
      try alter()
      let streamed = dataError { () throws(DataError) in while try reader.next() != nil {} }
      #expect(streamed?.kind == .changedWhileRead, "\(String(describing: streamed))")
      let batched = dataError { () throws(DataError) in while try batches.next() != nil {} }
      #expect(batched?.kind == .changedWhileRead, "\(String(describing: batched))")
      // Parts that were found before.
      if size > 2000, change == "shrinks" || change == "is gone" {
        let error = dataError { () throws(DataError) in
          _ = try CorpusBatches(path: path, range: 0..<size, tokenizer: tokenizer, streams: 4, steps: 5)
        }
        #expect(error?.kind == .changedWhileRead, "\(String(describing: error))")
      }
    }
  }

  @Test func foldersGiveTheirFilesInOrder() throws {
    try folder { folder in
      for name in ["pos", "neg", "neg/deep"] {
        try FileManager.default.createDirectory(
          atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
      }
      try save("good film\nreally\n", "\(folder)/pos/2.txt")
      try save("fine", "\(folder)/pos/10.TXT")
      try save("bad", "\(folder)/neg/1.txt")
      try save("x", "\(folder)/neg/.hidden.txt")
      try save("x", "\(folder)/neg/readme.md")
      try Data(gzip(Array("awful".utf8))).write(to: URL(filePath: "\(folder)/neg/deep/3.txt.gz"))
      let found = try InputFiles.list([folder, "-"], suffixes: [".txt"])
      #expect(
        found.map { $0.name.replacing(folder, with: "") } == [
          "/neg/1.txt", "/neg/deep/3.txt.gz", "/pos/10.TXT", "/pos/2.txt", "standard input",
        ])
      var reader = LabeledFilesReader(labeledByFolder: Array(found.dropLast()))
      var texts: [String: [String]] = [:]
      while let (example, _) = try reader.nextExample() {
        texts[example.labels[0], default: []].append(example.text)
      }
      #expect(texts == ["neg": ["bad"], "deep": ["awful"], "pos": ["fine", "good film really"]])
      let none = dataError { () throws(DataError) in _ = try InputFiles.list([folder], suffixes: [".csv"]) }
      #expect(none?.kind == .emptyFile)
    }
  }

  @Test func severalFilesAreReadOneAfterTheOther() throws {
    let sources: [TextSource] = [
      .bytes(Array("text,label\na,x\nb,\n".utf8), name: "one.csv"),
      .bytes(Array("{\"label\": \"y\", \"text\": \"c\"}\n".utf8), name: "two.jsonl"),
    ]
    var reader = LabeledFilesReader(
      sources, format: .columns(text: "text", label: "label"), leavesOutUnlabeled: true)
    var found: [String] = []
    while let (example, file) = try reader.nextExample() {
      found.append("\(file):\(example.line) \(example.text) \(example.labels[0])")
    }
    #expect(found == ["one.csv:2 a x", "two.jsonl:1 c y"] && reader.leftOut == 1)
    var strict = LabeledFilesReader(sources, format: .columns(text: "text", label: "label"))
    let error = dataError { () throws(DataError) in while try strict.nextExample() != nil {} }
    #expect(error?.kind == .badLabel && error?.file == "one.csv" && error?.line == 3)
    #expect(error?.hint?.parameter == .leaveOutUnlabeled)
  }
}

@Suite struct TextCaseTests {
  private func examples(
    _ text: String, _ format: LabeledTextFormat, leavesOut: Bool = false
  ) throws(DataError) -> ([LabeledText], Int) {
    var reader = try LabeledTextReader(
      ByteSource(Array(text.utf8), name: "data", pieceSize: 7), format: format, leavesOutUnlabeled: leavesOut)
    var result: [LabeledText] = []
    while let example = try reader.next() { result.append(example) }
    return (result, reader.leftOut)
  }

  @Test(
    arguments: [
      (
        "{\"text\": \"a b\", \"label\": \"x\"}\n\n{\"label\": 1, \"text\": \"c\\n\\u00e9\"}\n",
        ["a b", "c\né"], [["x"], ["1"]]
      ),
      (
        "{\"text\": \"a\", \"label\": [\"x\", \"y\"], \"more\": {\"deep\": [1, 2.5e3]}}", ["a"], [["x", "y"]]
      ),
      (
        "{\"label\": 1.0, \"text\": [\"one\", \"two\"]}\r\n{\"label\": true, \"text\": null}\r\n",
        ["one two", ""], [["1.0"], ["true"]]
      ),
      ("{\"label\": 12345678901234567890, \"text\": \"t\"}", ["t"], [["12345678901234567890"]]),
      (
        "\u{FEFF}{\"text\": \"a\", \"label\": \"x\"}\n{\"other\": 5, \"label\": \"y\", \"text\": \"b\"}\n",
        ["a", "b"], [["x"], ["y"]]
      ),
    ] as [(String, [String], [[String]])])
  func linesOfJSONAreRead(_ text: String, _ texts: [String], _ labels: [[String]]) throws {
    let (found, _) = try examples(text, .columns(text: "text", label: "label"))
    #expect(found.map(\.text) == texts && found.map(\.labels) == labels)
  }

  @Test func nestedMembersHaveDottedNames() throws {
    let text =
      "{\"translation\": {\"de\": \"Hund\", \"en\": \"dog\"}}\n{\"translation\": {\"en\": \"cat\", \"de\": \"Katze\"}}\n"
    var reader = try PairReader(
      ByteSource(Array(text.utf8), name: "pairs"), source: "translation.de", target: "translation.en")
    #expect(try reader.next() == TextPair(source: "Hund", target: "dog", line: 1))
    #expect(try reader.next() == TextPair(source: "Katze", target: "cat", line: 2))
    #expect(try reader.next() == nil)
    var table = try PairReader(
      ByteSource(Array("id,de,en\n1,\"a, b\",c\n".utf8), name: "pairs"), source: "de", target: "en")
    #expect(try table.next() == TextPair(source: "a, b", target: "c", line: 2))
  }

  @Test(arguments: [
    ("{\"text\": \"a\", \"label\": \"x\"}\n{\"text\": \"a\" \"label\": 1}\n", 2),
    ("{\"text\": \"a\", \"label\": \"x\"}\n[1]\n", 2),
    ("{\"text\": \"a\"\n\"label\": 1}\n", 1), ("{\"text\": \"a\", \"text\": \"b\", \"label\": 1}\n", 1),
    ("{\"text\": tru}", 1),
    ("{\"text\": \"a\", \"label\": 01}", 1), ("{\"text\": \"a\", \"label\": 1.}", 1),
    ("{\"text\": \"a\", \"label\": -}", 1),
    ("{\"text\": \"\\ud800\", \"label\": 1}", 1), ("{" + String(repeating: "\"a\": {", count: 40), 1),
  ]) func brokenLinesOfJSONAreNamed(_ text: String, _ line: Int) {
    let error = dataError { () throws(DataError) in
      _ = try self.examples(text, .columns(text: "text", label: "label"))
    }
    #expect(error?.kind == .badJSON && error?.line == line, "\(String(describing: error))")
  }

  @Test func labelsAreTrimmedAndLookalikesTold() throws {
    let (found, _) = try examples(
      "label,text\nneg,a\npos\t,b\nneg\u{A0} ,c\n\"pos\n\",d\n \u{200B}pos,e\n\u{FEFF}neg,f\n",
      .columns(text: "text", label: "label"))
    #expect(Set(found.flatMap(\.labels)) == ["pos", "neg"])
    let labels = LabelSet(["Pos", "pos", "1", "1.0", "01", "very good", "very_good", "other"])
    #expect(labels.lookalikes == [["01", "1", "1.0"], ["Pos", "pos"], ["very good", "very_good"]])
    #expect(labels.notes.count == 3 && labels.notes[1].text.contains("\"Pos\" (1), \"pos\" (1)"))
    #expect(LabelSet(["a", "b", "10", "1", "1a"]).notes.isEmpty)
    // Two forms of Unicode are one label already.
    #expect(LabelSet(["\u{E9}", "e\u{301}"]).names.count == 1)
  }

  @Test func rowsWithoutALabelAreLeftOutOnRequest() throws {
    let text = "label,text\n,a\npos,b\n \u{200B},c\nneg,d\n"
    let error = dataError { () throws(DataError) in
      _ = try self.examples(text, .columns(text: "text", label: "label"))
    }
    #expect(error?.kind == .badLabel && error?.line == 2 && error?.hint?.parameter == .leaveOutUnlabeled)
    let (found, leftOut) = try examples(text, .columns(text: "text", label: "label"), leavesOut: true)
    #expect(found.map(\.text) == ["b", "d"] && leftOut == 2)
    let (tabbed, gone) = try examples("a\tx\nb\t\nc\ty\n", .numbered(text: 1, label: 2), leavesOut: true)
    #expect(tabbed.map(\.text) == ["a", "c"] && gone == 1)
    let (lists, none) = try examples(
      "{\"text\": \"a\"}\n{\"text\": \"b\", \"label\": \"x\"}\n", .columns(text: "text", label: "label"),
      leavesOut: true)
    #expect(lists.map(\.text) == ["b"] && none == 1)
  }

  @Test func columnsOfEqualNamesMatterWhereTheyAreUsed() throws {
    let text = "id,label,text,id\n0,neg,a,0\n1,pos,b,1\n"
    #expect(try examples(text, .columns(text: "text", label: "label")).0.map(\.text) == ["a", "b"])
    let twice = dataError { () throws(DataError) in
      _ = try self.examples(text, .columns(text: "text", label: "id"))
    }
    #expect(twice?.kind == .badHeader && twice?.found == "columns 1 and 4")
    #expect(try examples(text, .columns(text: "text", label: "4")).0.map(\.labels) == [["0"], ["1"]])
    #expect(try series("date,x,note,note\n2020-01-01,1,a,b\n2020-01-02,2,a,b\n").targetNames == ["x"])
    #expect(failure("date,x,x\n2020-01-01,1,2\n")?.kind == .badHeader)
    #expect(failure("date,x,y,y\n2020-01-01,1,2,3\n", SeriesRequest(targets: ["y"]))?.kind == .badHeader)
  }

  @Test func filesWithoutAHeaderMayHaveCommas() throws {
    let (found, _) = try examples("1,\"good, really\"\n0,bad\n", .numbered(text: 2, label: 1))
    #expect(found.map(\.text) == ["good, really", "bad"] && found.map(\.labels) == [["1"], ["0"]])
    #expect(found.map(\.line) == [1, 2])
    let (semicolons, _) = try examples("a;x\nb;y\n", .numbered(text: 1, label: 2))
    #expect(semicolons.map(\.text) == ["a", "b"])
    let error = dataError { () throws(DataError) in
      _ = try self.examples("1,a\n", .numbered(text: 3, label: 1))
    }
    #expect(error?.kind == .raggedRow)
    // Between tabs a comma is a comma.
    #expect(try examples("a, b\tx\n", .numbered(text: 1, label: 2)).0[0].text == "a, b")
  }

  @Test func listsOfLabelsAreRead() throws {
    let (found, _) = try examples(
      "text,labels\na,x|y\nb,\"['x', 'z']\"\nc,\"[\"\"y\"\"]\"\nd,[]\n",
      .columns(text: "text", label: "labels", separator: "|"))
    #expect(found.map(\.labels) == [["x", "y"], ["x", "z"], ["y"], []])
  }
}
