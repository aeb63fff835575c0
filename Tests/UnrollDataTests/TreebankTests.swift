import Foundation
import Testing
import UnrollData

@Suite struct TreebankSplitterTests {
  private let penn = TreebankSplitter(
    learning: """
      He does n't live in the U.S.A. any more , said Mr. Smith 's well-known friend ; it cost $ 3.50 and 1,200 more ... `` I 'll \
      go , '' Inc. and/or they 've gone -- at 10:30 a.m. ( o'clock ) we can not go . Yahoo! 50 % :-) #1
      """.split(separator: " ").map(String.init))

  private func words(_ text: String, _ splitter: TreebankSplitter) -> [String] {
    splitter.words(in: text).map(\.text)
  }

  @Test(arguments: [
    ("He doesn't live in the U.S.A. any more.", "He does n't live in the U.S.A. any more ."),
    ("It cost $3.50, or 1,200 :-)", "It cost $ 3.50 , or 1,200 :-)"), ("It costs 4.75.", "It costs 4.75 ."),
    ("Mr. Jones's dog, isn't it?", "Mr. Jones 's dog , is n't it ?"),
    ("(U.N.) said \"no\"...", "( U.N. ) said \" no \" ..."),
    ("They’ve said I'll go.", "They ’ve said I 'll go ."),
    ("a well-known and/or new", "a well-known and/or new"),
    ("five o'clock at Yahoo! Inc.", "five o'clock at Yahoo! Inc."), ("50% at 11:45", "50 % at 11:45"),
    ("see http://a.org/b?c=d, or www.x.org.", "see http://a.org/b?c=d , or www.x.org ."),
    ("write to a.b@c.org!", "write to a.b@c.org !"), ("no--yes", "no -- yes"),
    ("I cannot go;) ok", "I can not go ;) ok"),
    ("wait,what?!", "wait , what ?!"), ("", ""), ("   ", ""), ("...", "..."), ("--", "--"), ("'", "'"),
    ("''", "''"),
  ]) func pennIsFollowed(_ text: String, _ expected: String) {
    let found = words(text, penn)
    let wanted = expected.split(separator: " ").map(String.init)
    // Two marks of a kind may be one word or two.
    #expect(found == wanted || found.joined() == wanted.joined() && text.contains("?!"), "\(found)")
  }

  @Test func otherTreebanksCutOtherwise() {
    let french = TreebankSplitter(learning: [
      "l'", "homme", "qu'", "il", "d'", "aujourd'hui", ",", "c'", "est",
    ])
    #expect(
      words("L'homme qu'il est, aujourd'hui c’est", french) == [
        "L'", "homme", "qu'", "il", "est", ",", "aujourd'hui", "c’", "est",
      ])
    let whole = TreebankSplitter(learning: ["don't", "it's", "-", "well", "known", "-", "."])
    #expect(words("I don't. It's well-known", whole) == ["I", "don't", ".", "It's", "well", "-", "known"])
  }

  @Test func everyWordOfTheTrainingStaysWhole() {
    let training = [
      "a.m.", "Yahoo!", "o'clock", "n't", "'s", "...", ":-)", "``", "''", "3.50", "and/or", "C++", ".NET",
      "AT&T", "$", "-", "U.S.", "-3.5", "(", "@you", "#tag",
    ]
    let splitter = TreebankSplitter(learning: training)
    for word in training { #expect(words(word, splitter) == [word]) }
    #expect(words("(AT&T), .NET", splitter) == ["(", "AT&T", ")", ",", ".NET"])
  }

  @Test func offsetsAreThoseOfTheText() throws {
    let text = "  Größe doesn't\u{A0}matter 👩🏽‍🚀, U.S.A.\n"
    let bytes = Array(text.utf8)
    let scalars = Array(text.unicodeScalars)
    let found = penn.words(in: text)
    #expect(found.map(\.text) == ["Größe", "does", "n't", "matter", "👩🏽‍🚀", ",", "U.S.A."])
    for word in found {
      #expect(String(decoding: bytes[word.bytes], as: UTF8.self) == word.text)
      var view = String.UnicodeScalarView()
      view.append(contentsOf: scalars[word.characters])
      #expect(String(view) == word.text)
    }
    let saved = try JSONEncoder().encode(penn)
    #expect(try JSONDecoder().decode(TreebankSplitter.self, from: saved) == penn)
  }

  /// Nothing but white space is lost, whatever the text.
  @Test func allOfTheTextIsInWords() {
    var random = Numbers(state: 21)
    let pieces = [
      "a", "U.S.", ".", "'", "n't", "n’t", "-", "3", ",", "50", "%", " ", "\n", "é", "👍", ":-)", "http://",
      "@", "cannot", "(", "…", "s", "don't",
    ]
    for _ in 0..<3000 {
      let text = (0..<Int(random.next() % 12)).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }
        .joined()
      let found = penn.words(in: text)
      #expect(found.map(\.text).joined() == String(text.filter { !$0.isWhitespace }))
      #expect(zip(found, found.dropFirst()).allSatisfy { $0.bytes.upperBound <= $1.bytes.lowerBound })
    }
    let long = String(repeating: "don't,", count: 20_000)
    #expect(penn.words(in: long).count >= 40_000)
  }
}

@Suite struct WordVectorTests {
  private func read(_ text: String, keeping: ((String) -> Bool)? = nil) throws(DataError) -> WordVectors {
    try WordVectors(ByteSource(Array(text.utf8), name: "v.vec", pieceSize: 5), keeping: keeping)
  }

  @Test(arguments: [
    "2 3\na 1 2 3\nb -1 0.5 2e-3\n", "a 1 2 3\nb -1 0.5 2e-3\n", "2 3\na 1 2 3 \nb -1 0.5 2e-3 \r\n",
    "a 1 2 3\n\na 9 9 9\nb -1 0.5 2e-3", "\u{FEFF}a 1 2 3\nb -1 .5 0.002\n",
  ]) func bothFormsAreRead(_ text: String) throws {
    let vectors = try read(text)
    #expect(vectors.dimensions == 3 && vectors.words == ["a", "b"])
    #expect(
      vectors.vector("a") == [1, 2, 3] && vectors.vector("b") == [-1, 0.5, 0.002]
        && vectors.vector("c") == nil)
  }

  @Test func wordsMayHoldSpacesAndMarks() throws {
    let vectors = try read("3 2\n. . . 1 2\ncafe\u{301} 3 4\n7 5 6\n", keeping: { $0 != "7" })
    #expect(vectors.words == [". . .", "café"] && vectors.count == 3)
    #expect(vectors.vector("caf\u{E9}") == [3, 4] && vectors.vector("cafe\u{301}") == [3, 4])
    // Two numbers are a header, a word that is a number and one dimension only where a line follows that fits.
    #expect(try read("a 5\nb 6\n").dimensions == 1)
  }

  @Test(
    arguments: [
      ("", DataError.Kind.emptyFile, nil), ("2 3\n", .emptyFile, nil), ("a\n", .badVectors, 1),
      ("a 1 2\nb 1\n", .badVectors, 2),
      ("1 3\na 1 x 3\n", .badVectors, 2), ("a 1 nan\n", .badVectors, 1), ("a 1 1e99\n", .badVectors, 1),
      ("5 0\na 1\n", .badVectors, 1), ("5 99999999\na 1\n", .badVectors, 1),
      ("2 3\na 1 2 3\nb 1 2\n", .badVectors, 3),
      ("2 2\na \u{0}\u{1}\u{2}\u{3}", .badVectors, 2),
    ] as [(String, DataError.Kind, Int?)])
  func damagedFilesAreNamed(_ text: String, _ kind: DataError.Kind, _ line: Int?) {
    let error = dataError { () throws(DataError) in _ = try self.read(text) }
    #expect(error?.kind == kind && error?.line == line, "\(String(describing: error))")
  }
}
