import Testing
import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// A language model scores text.
struct GenerateScoreTests {
  /// −ln p of each token, asked one token at a time.
  private func streamed(_ model: LanguageModel, _ tokens: [Int32]) throws -> [Float] {
    let stream = try LanguageStream(model)
    return try tokens.map { id in
      defer { stream.read(id) }
      return try stream.loss(id)
    }
  }

  private func windowed(_ model: LanguageModel, _ tokens: [Int32], _ window: Int) throws -> [Float] {
    var scorer = LanguageScorer(model, window: window)
    var result: [Float] = []
    // In pieces, as a file gives them.
    try scorer.add(Array(tokens.prefix(40))) { result.append($1) }
    try scorer.add(Array(tokens.dropFirst(40))) { result.append($1) }
    return result
  }

  @Test(
    arguments: [1, 7, 8, 9, 15, 16, 17, 31, 33, 130], CellKind.allCases)
  func streamingAndWholeSequencesGiveTheSameBits(_ size: Int, _ cell: CellKind) throws {
    for head in 0..<3 {
      let model = try LanguageToy.untrained(LanguageToy.manyWords, .words) { settings in
        (settings.network.hiddenSize, settings.tokens.embeddingSize) = (size, max(1, size * 2 / 3))
        (settings.network.layers, settings.network.cell) = (2, cell)
        settings.tied = head == 1
        settings.softmax = head == 2 ? .adaptive : .full
      }
      let tokens = Array(model.tokenizer.encode(LanguageToy.manyWords).prefix(150))
      let expected = try streamed(model, tokens).map(\.bitPattern)
      for window in [1, 7, 33, 256] {
        for threads in [1, 2] {
          let found = try WorkerPool.$limit.withValue(threads) { try windowed(model, tokens, window) }
          #expect(found.map(\.bitPattern) == expected, "head \(head), window \(window), threads \(threads)")
        }
      }
    }
  }

  @Test(arguments: [false, true]) func theProbabilitiesOfAllTokensSumToOne(_ adaptive: Bool) throws {
    let model = try LanguageToy.untrained(LanguageToy.manyWords, .words) { settings in
      settings.softmax = adaptive ? .adaptive : .full
      settings.tied = false
    }
    let stream = try LanguageStream(model)
    for id in model.tokenizer.encode("wab wac") { stream.read(id) }
    var sum = 0.0
    for id in 0..<Int32(model.tokenizer.vocabularySize) {
      sum += exponential(-Double(try stream.loss(id)))
    }
    // Sixty probabilities in single precision.
    #expect(abs(sum - 1) < 1e-5, "\(sum)")
  }

  @Test func scoresAddUp() throws {
    let model = try LanguageToy.untrained()
    let text = "abcé☃abc"
    let score = try model.score(text)
    #expect(score.tokenCount == 8 && score.characterCount == 8 && score.unknownCount == 2)
    #expect(score.tokens.map(\.token).joined() == "abc<unk><unk>abc")
    let total = score.tokens.reduce(0) { $0 + Double($1.nats) }
    #expect(abs(score.nats - total) < 1e-9)
    #expect(abs(score.perplexity - exponential(total / 8)) < 1e-9)
    #expect(abs(score.bitsPerCharacter - total / 8 / naturalLogarithm(2)) < 1e-12)
    let empty = try model.score("")
    #expect(empty.tokens.isEmpty && empty.nats == 0 && empty.natsPerToken.isNaN)
  }

  @Test(arguments: TokenKind.allCases)
  func aFileIsScoredAsItsText(_ tokens: TokenKind) throws {
    let model = try LanguageToy.untrained(LanguageToy.words, tokens)
    let folder = try TestFolder()
    // Longer than the pieces that are read.
    let text = String(repeating: LanguageToy.words, count: 5) + "tail"
    try folder.write(Array(text.utf8), "text")
    let report = try model.evaluate(files: ["\(folder.path)/text"])
    let whole = try model.score(text)
    #expect(report.examples.map(\.truth) == whole.tokens.map(\.token))
    #expect(report.examples.map { Float($0.error) } == whole.tokens.map(\.nats))
    #expect(report["cross-entropy"] == whole.natsPerToken && report["perplexity"] == whole.perplexity)
    #expect(report["tokens"] == Double(whole.tokenCount) && report["characters"] == Double(text.count))
  }

  /// The validation loss is the score of the text's end, but for streams that start within it.
  @Test func theValidationLossIsTheScoreOfTheEnd() throws {
    let settings = LanguageToy.settings { ($0.learning.epochs, $0.learning.validationShare) = (1, 0.3) }
    let data = try GenerateData(LanguageToy.alphabet)
    let model = try LanguageModel.train(on: data, settings: settings)
    let held = try #require(try GenerateTask.split(data, settings, member: 0).validation)
    // A byte a character.
    let count = try #require(Int(held.facts[0].value))
    #expect(count > 200)
    let score = try model.score(String(LanguageToy.alphabet.suffix(count)))
    let judged = try #require(model.record.history[0].validation)
    // Sums of single precision in another order.
    #expect(abs(judged - score.natsPerToken) < 1e-4, "\(judged) \(score.natsPerToken)")
  }

  /// Training by windows sees what scoring sees: the state is carried from window to window.
  @Test func trainingCarriesTheState() throws {
    let text = "abcdefgh"
    let model = try LanguageModel.train(
      on: GenerateData(text),
      settings: LanguageToy.settings { settings in
        (settings.learning.batchSize, settings.sequenceLength, settings.learning.epochs) = (1, 2, 1)
        // So small that the weights stay as they are.
        (settings.learning.learningRate, settings.learning.validationShare) = (1e-8, 0)
      })
    let nats = try model.score(text).tokens.map { Double($0.nats) }
    // The first window also predicts the first token.
    let windows = [0..<3, 3..<5, 5..<7, 7..<8]
    func loss(_ nats: (Range<Int>) throws -> [Double]) rethrows -> Double {
      try windows.reduce(0) { sum, window in
        try sum + nats(window).reduce(0, +) / Double(window.count) / Double(windows.count)
      }
    }
    let carried = loss { Array(nats[$0]) }
    let found = model.record.history[0].loss
    #expect(abs(found - carried) < 1e-5, "\(found) \(carried)")
    // What it would be if each window began anew.
    let letters = Array(text).map(String.init)
    let forgotten = try loss { window in
      let start = max(0, window.lowerBound - 1)
      let score = try model.score(letters[start..<window.upperBound].joined())
      return score.tokens.suffix(window.count).map { Double($0.nats) }
    }
    #expect(abs(found - forgotten) > 1e-4, "\(forgotten)")
  }

  @Test func unknownPromptsAreRead() throws {
    let model = try LanguageToy.untrained()
    #expect(model.unknownTokens(in: "abc日本日") == ["日", "本"])
    #expect(try model.generate(prompt: "日本", length: 5).count == 5)
    let words = try LanguageToy.untrained(LanguageToy.words, .words)
    #expect(words.unknownTokens(in: "one zebra, two zebra") == ["zebra"])
    let pieces = try LanguageToy.untrained(LanguageToy.words, .subwords)
    #expect(pieces.unknownTokens(in: "zebra 日本") == [])
    #expect(try pieces.generate(prompt: "日", length: 5).isEmpty == false)
  }
}
