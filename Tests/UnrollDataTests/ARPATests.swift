import Testing
import UnrollData

@Suite struct ARPATests {
  static let sample = """
    made by hand
    \\data\\
    ngram 1=5
    ngram  2 = 3
    ngram 3=1

    \\1-grams:
    -99\t<s>\t-0.25
    -1.5\t</s>
    -2 <unk>
    -0.75\tcat\t-0.5
    -inf  été\t0.125

    \\2-grams:
    -0.5\t<s> cat\t-0.0625
    -1e-1\tcat </s>
    -0.2\tété cat\t

    \\3-grams:
    -0.1\t<s> cat </s>

    \\end\\

    """

  static func read(_ text: String, piece: Int = 1 << 18) throws(DataError) -> ARPAModel {
    try ARPAModel(ByteSource(Array(text.utf8), name: "a.arpa", pieceSize: piece))
  }

  @Test(arguments: [1, 7, 1 << 18]) func theFormatIsRead(_ piece: Int) throws {
    let model = try Self.read(Self.sample, piece: piece)
    #expect(model.words == ["<s>", "</s>", "<unk>", "cat", "été"])
    #expect(model.orders.map(\.count) == [5, 3, 1] && model.orders.map(\.length) == [1, 2, 3])
    #expect(model.orders[0].logProbabilities == [-.infinity, -1.5, -2, -0.75, -.infinity])
    #expect(model.orders[0].backOffs == [-0.25, 0, 0, -0.5, 0.125])
    #expect(Array(model.orders[1].words(2)) == [4, 3] && model.orders[1].backOffs == [-0.0625, 0, 0])
    #expect(model.orders[2].words == [0, 3, 1] && model.orders[2].logProbabilities == [-0.1])
  }

  @Test func whatIsWrittenIsRead() throws {
    var model = try Self.read(Self.sample)
    #expect(try ARPAModel(ByteSource(model.bytes, name: "again")) == model)
    // Of many lines, in pieces; every number comes back.
    var grams = ARPAModel.Grams(length: 1)
    model.words = (0..<5000).map { "w\($0)" }
    for word in 0..<5000 {
      grams.append([Int32(word)], logProbability: -Double(word + 1) / 7, backOff: Double(word % 3) / 3)
    }
    var pairs = ARPAModel.Grams(length: 2)
    for word in 0..<4000 {
      pairs.append([Int32(word), Int32(word + 1)], logProbability: -1 / Double(word + 3), backOff: 0)
    }
    model.orders = [grams, pairs]
    var pieces = 0
    model.write { _ in pieces += 1 }
    #expect(pieces > 1)
    let again = try ARPAModel(ByteSource(model.bytes, name: "again"))
    #expect(again.words == model.words && again.orders[1] == model.orders[1])
    for (found, expected) in zip(again.orders[0].logProbabilities, grams.logProbabilities) {
      #expect(found == (expected > -99 ? expected : -.infinity))
    }
    #expect(try withFile(model.bytes) { try ARPAModel(path: $0) } == again)
  }

  @Test(arguments: [
    ("", 1, "\\data\\"), ("nothing here\n", 1, "\\data\\"), ("\\data\\\n\\1-grams:\n", 2, "ngram 1"),
    ("\\data\\\nngram 2=1\n", 2, "ngram 1"), ("\\data\\\nngram 1=-1\n", 2, "ngram 1"),
    ("\\data\\\nngram 1=x\n", 2, "ngram 1"), ("\\data\\\nngram 1=99999999999999999999\n", 2, "ngram 1"),
    ("\\data\\\nngram 1=1\n\\2-grams:\n", 3, "\\1-grams:"),
    ("\\data\\\nngram 1=2\n\\1-grams:\n-1 a\n\\end\\\n", 5, "2 sequences"),
    ("\\data\\\nngram 1=2\n\\1-grams:\n-1 a\n", 4, "2 sequences"),
    ("\\data\\\nngram 1=1\n\\1-grams:\n-1 a\n-1 b\n\\end\\\n", 5, "\\end\\"),
    ("\\data\\\nngram 1=1\n\\1-grams:\n0.5 a\n", 4, "a probability"),
    ("\\data\\\nngram 1=1\n\\1-grams:\nnan a\n", 4, "a probability"),
    ("\\data\\\nngram 1=1\n\\1-grams:\n-1 a inf\n", 4, "back-off"),
    ("\\data\\\nngram 1=1\n\\1-grams:\n-1\n", 4, "words"),
    ("\\data\\\nngram 1=1\n\\1-grams:\n-1 a -1 -1\n", 4, "words"),
    ("\\data\\\nngram 1=2\n\\1-grams:\n-1 a\n-1 a\n", 5, "each word once"),
    ("\\data\\\nngram 1=1\nngram 2=1\n\\1-grams:\n-1 a\n\\2-grams:\n-1 a b\n", 7, "a word of"),
    ("\\data\\\nngram 1=1\n\\1-grams:\n-1 a\n", 4, "\\end\\"),
  ])
  func whatIsWrongIsSaid(_ text: String, _ line: Int, _ expected: String) {
    do {
      _ = try Self.read(text)
      Issue.record("\(text) was read")
    } catch {
      #expect(error.kind == .badLanguageModel && error.line == line, "\(error)")
      #expect(error.expected?.contains(expected) == true, "\(error)")
      #expect(error.description.utf8.count < 500)
    }
  }

  /// Announced numbers make nothing: a head of a thousand million lines is refused at its end.
  @Test func whatIsAnnouncedIsNotBelieved() {
    let head = "\\data\\\nngram 1=\(Int.max)\n\\1-grams:\n-1 a\n"
    #expect(throws: DataError.self) { try Self.read(head) }
    let long = "\\data\\\n" + (1...40).map { "ngram \($0)=1\n" }.joined()
    #expect(throws: DataError.self) { try Self.read(long) }
  }

  /// Cut anywhere, and with bytes changed anywhere, it is read or refused with a line.
  @Test func damageIsRefused() {
    let bytes = Array(Self.sample.utf8)
    for end in 0..<bytes.count - 7 {
      #expect(throws: DataError.self) { try ARPAModel(ByteSource(Array(bytes[..<end]), name: "cut")) }
    }
    for place in bytes.indices {
      for byte in [0x00, 0x0A, 0x20, 0x30, 0x5C, 0x7F, 0xFF] as [UInt8] {
        var damaged = bytes
        damaged[place] = byte
        do throws(DataError) {
          _ = try ARPAModel(ByteSource(damaged, name: "damaged"))
        } catch {
          #expect(error.line ?? 0 > 0)
        }
      }
    }
  }
}
