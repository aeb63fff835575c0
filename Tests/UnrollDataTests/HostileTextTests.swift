import Testing
import UnrollData

/// Whatever a file holds, the readers of texts and sequences give examples or throw `DataError`.
@Suite struct HostileTextTests {
  static let samples: [String] = [
    "text,label\n\"a \"\"b\"\"\",x\nc,y\n", "text\tlabel\na\tx\n\"b\"\ty\n", "__label__x a b\n__label__y c\n",
    SequenceReaderTests.header + "1,2,?:a\n3:b\n", "@dimensions 2\n@classLabel true a\n@data\n1,2:3,4:a\n",
    "id,x,label\nA,1,u\nA,2,u\nB,3,v\n", "a B-X\nb I-X\n\nc O\n", "# c\n1-2\tab\t_\tX\tY\t_\t_\t_\t_\t_\n",
    "{\"text\": \"a\\n\\u00e9\", \"label\": [1, 2.5e3]}\n{\"label\": \"x\", \"text\": null}\n",
    "TOKEN\tNE\n# c\na\tB-X\nb\tU-X\nc\t_\n", "2 3\na 1 2 3\nb -1 0.5 2e-3\n", "1,\"a, b\"\n0,c\n",
    "ein\tone\nzwei\ttwo\n", "\u{FEFF}plain text, 河流 👍🏽\r\nand more\n",
  ]

  /// Reads bytes in every way, and counts the errors.
  static func refusals(_ bytes: [UInt8], piece: Int) -> Int {
    let file = { ByteSource(bytes, name: "data", pieceSize: piece) }
    var count = 0
    func attempt(_ body: () throws(DataError) -> Void) {
      if let error = dataError(body) {
        count += 1
        #expect(error.description.utf8.count < 2000)
      }
    }
    for format in [
      LabeledTextFormat.columns(text: "text", label: "label", separator: "|"), .numbered(text: 1, label: 2),
      .fastText,
    ] {
      attempt { () throws(DataError) in
        var reader = try LabeledTextReader(file(), format: format)
        while try reader.next() != nil {}
      }
    }
    for format in [TaggedFormat.conll(), .conll(tag: 0), .conllu(tag: .universalTag)] {
      attempt { () throws(DataError) in
        var reader = try TaggedReader(file(), format: format)
        var finder = TagSchemeFinder(file: "data")
        while let sentence = try reader.next() {
          finder.add(sentence)
          for scheme in TagScheme.allCases { _ = scheme.convert(sentence.tags, to: .bioes) }
        }
        _ = try finder.scheme()
      }
    }
    for tag in [nil, "2", "MISC"] {
      attempt { () throws(DataError) in
        let format = try TaggedFormat.find(bytes, name: "data", tag: tag)
        _ = try TaggedCorpus(file(), format: format, as: .bio)
      }
    }
    attempt { () throws(DataError) in _ = try WordVectors(file()) }
    attempt { () throws(DataError) in
      var reader = try PairReader(file(), source: "text", target: "label")
      while try reader.next() != nil {}
    }
    _ = TreebankSplitter(learning: ["n't", "'s", "a-b"]).words(in: String(decoding: bytes, as: UTF8.self))
    attempt { () throws(DataError) in
      var reader = try SequenceFileReader(file())
      while try reader.next() != nil {}
    }
    attempt { () throws(DataError) in
      var reader = try SequenceTableReader(file(), id: "id", label: "label")
      while try reader.next() != nil {}
    }
    attempt { () throws(DataError) in
      var reader = try PairReader(separated: file())
      while try reader.next() != nil {}
    }
    attempt { () throws(DataError) in
      var reader = PairReader(source: file(), target: file())
      while try reader.next() != nil {}
    }
    attempt { () throws(DataError) in
      var reader = TextChunkReader(file(), chunkSize: 16)
      while let chunk = try reader.next() {
        for tokenizer in TokenizerTests.all { _ = tokenizer.encode(chunk) }
      }
    }
    return count
  }

  @Test(arguments: 0..<8 as Range<UInt64>) func damagedFilesAreReadOrRefused(_ seed: UInt64) {
    var random = Numbers(state: seed)
    let spice: [UInt8] = Array("\",;\t|\n\r0-.:@#?_ BIESO\0é".utf8) + [0xFF, 0x80, 0xE2, 0xF0]
    var refused = 0
    for _ in 0..<120 {
      var bytes = Array(Self.samples[Int(random.next() % UInt64(Self.samples.count))].utf8)
      for _ in 0...(random.next() % 4) where !bytes.isEmpty {
        let place = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 4 {
        case 0: bytes[place] = spice[Int(random.next() % UInt64(spice.count))]
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(spice[Int(random.next() % UInt64(spice.count))], at: place)
        default: bytes.removeLast(bytes.count - place)
        }
      }
      refused += Self.refusals(bytes, piece: 1 + Int(random.next() % 30))
    }
    // Of 16 ways to read a file most are wrong, and some are right.
    #expect(refused > 120 && refused < 120 * 16)
  }

  @Test func oddFilesAreReadOrRefused() {
    let megabyte = String(repeating: "x", count: 1 << 20)
    for text in [
      "", "\n", "\r", "\r\n", "\0", "\u{FEFF}", "\u{FEFF}\n", ",", "\t", "\"", megabyte,
      "text,label\n\"\(megabyte)",
      "text,label\n\(megabyte),x\n", "\(megabyte)\t\(megabyte)\n", "@data", "@data\n", "@data\n:::\n",
      "@data\n,\n",
      "@dimensions 9223372036854775807\n@data\n1\n", "@seriesLength 99999999999999999999\n", "#", "__label__",
      "I-", "a I-\n",
      String(repeating: ":", count: 100_000), String(repeating: "\t", count: 100_000),
      String(repeating: "\n", count: 100_000),
    ] {
      #expect(Self.refusals(Array(text.utf8), piece: 1 << 16) > 0)
    }
    #expect(Self.refusals([0xFF, 0xFE, 0x61, 0x00], piece: 2) == 16)
  }
}
