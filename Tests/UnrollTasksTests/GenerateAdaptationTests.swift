import Testing
import UnrollCore
import UnrollData
import UnrollTasks

/// A language model goes on learning from what it scores.
struct GenerateAdaptationTests {
  private func scores(
    _ model: LanguageModel, _ text: String, _ adaptation: DynamicEvaluation?
  ) throws -> [Float] {
    let folder = try TestFolder()
    try folder.write(Array(text.utf8), "text")
    var options = GenerateOptions()
    if let adaptation { (options.adapt, options.adaptation) = (true, adaptation) }
    let report = try model.evaluate(files: ["\(folder.path)/text"], options: options)
    let found = report.examples.map { Float($0.error) }
    #expect(report["tokens"] == Double(found.count) && report["characters"] == Double(text.count))
    return found
  }

  private func adapting(rate: Float = 0.5, decay: Double = 0.001, window: Int = 64) -> DynamicEvaluation {
    var adaptation = DynamicEvaluation()
    (adaptation.rate, adaptation.decay, adaptation.window) = (rate, decay, window)
    return adaptation
  }

  @Test(arguments: [1, 7, 64, 1000])
  func aRateOfZeroChangesNoBit(_ window: Int) throws {
    let model = try LanguageToy.untrained(LanguageToy.words)
    let still = try scores(model, LanguageToy.words, nil)
    let idle = try scores(
      model, LanguageToy.words, adapting(rate: 0, decay: 0, window: window))
    #expect(idle.map(\.bitPattern) == still.map(\.bitPattern))
  }

  @Test func whatRepeatsIsLearned() throws {
    let model = try LanguageToy.untrained(LanguageToy.words)
    let text = String(repeating: "net of ten tufts\n", count: 60)
    let still = try scores(model, text, nil).reduce(0, +)
    let learned = try scores(model, text, adapting(window: 16)).reduce(0, +)
    #expect(learned < 0.8 * still)
    // The model itself is as it was.
    #expect(try scores(model, text, nil).reduce(0, +) == still)
  }

  /// Whoever saw a token before it is scored would beat the entropy of letters drawn at random.
  @Test func noTokenIsSeenBeforeItIsScored() throws {
    var random = RandomSource(seed: 3)
    let letters = Array("abcdefgh")
    let text = String((0..<4000).map { _ in letters[random.below(8)] })
    let model = try LanguageToy.untrained()
    let found = try scores(model, text, adapting(window: 8))
    let mean = Double(found.reduce(0, +)) / Double(found.count)
    // ln 8 = 2.079, less five deviations of what 4000 draws give a predictor without knowledge.
    #expect(mean > 2.04)
  }

  @Test func theFirstWindowIsScoredByTheTrainedWeights() throws {
    let model = try LanguageToy.untrained(LanguageToy.words)
    let still = try scores(model, LanguageToy.words, nil)
    let moved = try scores(model, LanguageToy.words, adapting(window: 32))
    #expect(moved.prefix(32).elementsEqual(still.prefix(32)))
    #expect(!moved.dropFirst(32).elementsEqual(still.dropFirst(32)))
  }

  @Test func threadsChangeNoBit() throws {
    let model = try LanguageToy.untrained(LanguageToy.words) { $0.network.hiddenSize = 33 }
    let found = try [1, 2].map { threads in
      try WorkerPool.$limit.withValue(threads) {
        try scores(model, LanguageToy.words, adapting()).map(\.bitPattern)
      }
    }
    #expect(found[0] == found[1])
  }
}
