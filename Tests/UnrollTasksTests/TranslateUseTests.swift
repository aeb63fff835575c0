import Testing
import UnrollTasks

/// What a person gets to see.
struct TranslateUseTests {
  private static let model = Result {
    try Translator.train(
      on: PairData(TranslateToy.sentences(300, seed: 1)),
      settings: TranslateToy.settings(.words, epochs: 12) { $0.learning.batchTokens = 300 })
  }

  private static let example = "der hund sieht den vogel , der alt ist ."

  /// What using the model writes.
  private static func use(
    _ inputs: [String], _ options: PairSearch = PairSearch(), lines: [String] = []
  ) throws -> String {
    let model = try model.get()
    var rest = lines[...]
    var writer = AnswerWriter<PairAnswer>(.text)
    var output = ""
    try InputReader(model, options, readLine: { rest.popFirst() }).forEach(inputs) { inputs in
      for answer in try model.answers(inputs.map(\.input), options: options) {
        output += try writer.text(answer, id: nil, line: nil)
      }
    }
    return output
  }

  @Test func wordsOrLines() throws {
    let said = "the dog sees the old bird .\n"
    #expect(try Self.use([Self.example]) == said)
    #expect(try Self.use([Self.example, Self.example]) == said + said)
    #expect(try Self.use([], lines: [Self.example, "", Self.example]) == said + "\n" + said)
    #expect(try Self.use([], lines: []) == "")
  }

  @Test func theBestFew() throws {
    let lines = try Self.use([Self.example], PairSearch(beam: 5, top: 3)).split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[0].hasSuffix("\tthe dog sees the old bird ."))
    let scores = lines.compactMap { Double($0.split(separator: "\t")[0]) }
    #expect(scores.count == 3 && scores == scores.sorted(by: >))
  }

  @Test func attentionAsMatrixAndPicture() throws {
    let folder = try TestFolder()
    let path = "\(folder.path)/a.svg"
    var options = PairSearch()
    (options.explain, options.plot) = (true, path)
    let lines = try Self.use([Self.example, Self.example], options)
      .split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[0] == "the dog sees the old bird .")
    #expect(lines[1] == "\t" + Self.example.split(separator: " ").joined(separator: "\t"))
    let rows = lines[2..<10].map { $0.split(separator: "\t") }
    #expect(rows.map { $0[0] } == ["the", "dog", "sees", "the", "old", "bird", ".", "</s>"])
    // Words are found where they stand: dog at hund, bird at vogel.
    let weights = rows.map { $0.dropFirst().compactMap { Double($0) } }
    for row in weights {
      #expect(row.count == 10)
      #expect(abs(row.reduce(0, +) - 1) < 0.01)  // ten numbers of three decimals
    }
    let svg = String(decoding: try folder.read("a.svg"), as: UTF8.self)
    #expect(svg.hasPrefix("<?xml") && svg.hasSuffix("</svg>\n"))
    #expect(svg.split(separator: "<rect").count - 1 == 1 + 80)
    #expect(svg.contains(">hund</text>") && svg.contains(">dog</text>") && svg.contains(">&lt;/s&gt;</text>"))
    #expect(try folder.read("a-2.svg").count == svg.utf8.count)
  }

  @Test func thePictureOfHostileTokens() {
    let plot = AlignmentPlot(
      source: ["<b>\t", " ", ""], target: ["\n&", String(repeating: "x", count: 500)],
      attention: [[0.25, 0.75, 0], [.nan, -1, 2]])
    let svg = plot.svg()
    #expect(!svg.contains("<b>") && svg.contains("&lt;b&gt;") && svg.contains("&amp;"))
    #expect(!svg.contains(String(repeating: "x", count: 100)))
    #expect(plot.text.split(separator: "\n").count == 3)
    #expect(AlignmentPlot(source: [], target: [], attention: []).svg().hasSuffix("</svg>\n"))
  }

  @Test func scores() throws {
    let folder = try TestFolder()
    let pairs = TranslateToy.sentences(30, seed: 9)
    try folder.write(Array(pairs.map(\.source).joined(separator: "\n").utf8), "a")
    try folder.write(Array(pairs.map(\.target).joined(separator: "\n").utf8), "b")
    let report = try Self.model.get().evaluate(files: ["\(folder.path)/a", "\(folder.path)/b"])
    for name in ["BLEU", "BLEU 13a", "chrF2"] { #expect(abs(report[name] - 100) < 1e-9, "\(name)") }
    #expect(report["exact matches"] == 1 && report["pairs"] == 30)
    #expect(report.examples.map(\.answer) == pairs.map(\.target))
    #expect(report.examples.map(\.place) == (1...30).map { "\($0)" })
  }
}
