import Testing
import UnrollCore
import UnrollData
import UnrollTasks
import UnrollTraining

struct ROUGETests {
  /// F1 that the Python package `rouge-score` 0.1.2 gives: ROUGE-1, 2, L, Lsum.
  @Test(arguments: [
    (
      "Meeting moved to three tomorrow", "Tomorrow's meeting moved", [66.6667, 28.5714, 44.4444, 44.4444],
      false
    ),
    (
      "the cat sat on the mat\nand the dog ran", "a cat was sitting on a mat\nthe dogs were running away",
      [36.3636, 0, 36.3636, 36.3636], false
    ),
    (
      "the cat sat on the mat\nand the dog ran", "a cat was sitting on a mat\nthe dogs were running away",
      [45.4545, 10, 45.4545, 45.4545], true
    ),
    ("", "nothing", [0, 0, 0, 0], true),
    (
      "ponies and skies; relationally hopefulness", "pony sky relational hopeful",
      [88.8889, 57.1429, 88.8889, 88.8889],
      true
    ),
    ("ponies and skies; relationally hopefulness", "pony sky relational hopeful", [0, 0, 0, 0], false),
    ("Ä für 10/30/01 — x", "fur 10 30 01", [60, 50, 60, 60], false),
  ])
  func agreesWithPython(_ summary: String, _ reference: String, _ expected: [Double], _ stems: Bool) {
    let rouge = ROUGE(summary, reference, stems: stems)
    for (found, wanted) in zip([rouge.rouge1, rouge.rouge2, rouge.rougeL, rouge.rougeLsum], expected) {
      #expect(abs(found - wanted) < 1e-3)
    }
  }
}

struct SummarizeTests {
  /// Texts whose summary is the name in them, one that is never in a vocabulary, and the thing.
  private static func pairs(_ count: Int) -> [PairData.Pair] {
    let things = ["report", "meeting", "invoice", "contract"]
    return (0..<count).map { index in
      let (name, thing) = ("name\(index)", things[index * 7 % 4])
      return PairData.Pair(
        source: "hello , please send the \(thing) to \(name) before friday . thanks",
        target: "\(thing) for \(name)")
    }
  }

  /// A model that copies names which it has never seen, and never says that a word is unknown.
  @Test func copiesUnknownWords() throws {
    var settings = SummarizeSettings()
    settings.pairs.network = RecurrentSettings(cell: .gru, hiddenSize: 32, dropout: 0, weightDropout: 0)
    settings.pairs.tokens.embeddingSize = 24
    settings.pairs.tokenDropout = 0
    settings.learning.epochs = 30
    settings.learning.batchTokens = 400
    settings.learning.seed = 3
    let model = try Summarizer.train(on: PairData(Self.pairs(240)), settings: settings)
    var search = SummarySearch()
    search.search.explain = true
    let found = try model.summarize(
      ["hello , please send the invoice to Quux before friday . thanks", ""], search: search)
    #expect(found[0].text == "invoice for Quux")
    #expect(found[0].words?.last?.text != "<unk>")
    let word = try #require(found[0].words?.first { $0.text == "Quux" })
    #expect(word.source == "Quux" && word.place == 7)
    #expect(found[1].text == "")
    let scores = try model.evaluate(on: PairData(Self.pairs(300).suffix(60).map { $0 }))
    let rows = scores.tables[0].rows.map { $0[0] }
    #expect(rows == ["this model", "first sentence", "first two sentences"])
    #expect(scores["ROUGE-1"] > 90)
    let folder = try TestFolder()
    try model.save(to: "\(folder.path)/m")
    let loaded = try Summarizer(contentsOf: "\(folder.path)/m")
    let text = [Self.pairs(1)[0].source]
    #expect(try loaded.summarize(text) == model.summarize(text))
  }
}
