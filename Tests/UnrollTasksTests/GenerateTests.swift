import Testing
import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// A language model learns, and writes.
struct GenerateTests {
  @Test(
    arguments: LanguageSettings.Tokens.allCases, LanguageSettings.Cell.allCases)
  func aCircleIsLearnedWhole(_ tokens: LanguageSettings.Tokens, _ cell: LanguageSettings.Cell) throws {
    let text = tokens == .characters ? LanguageToy.alphabet : LanguageToy.words
    let model = try LanguageModel.train(
      on: text, settings: LanguageToy.settings(tokens) { ($0.cell, $0.epochs) = (cell, 50) })
    let start = tokens == .characters ? "abc" : "one two three, four five six:"
    let greedy = TokenSampler(temperature: 0)
    let next = try model.generate(prompt: start, length: 30, sampler: greedy)
    switch tokens {
    case .characters: #expect(next == "defgh\nabcdefgh\nabcdefgh\nabcdef")
    case .subwords: #expect(LanguageToy.words.contains(start + next) && next.count > 30)
    case .words:
      // Words are joined by a space, and line feeds are no words.
      #expect(next.hasPrefix(" seven eight nine ; ten eleven twelve . one two three , four"))
    }
    let score = try model.score(String(text.prefix(400)))
    // Of the first token nothing can be known, and the second tells all.
    #expect(score.tokens.dropFirst(8).allSatisfy { $0.nats < 0.1 }, "\(score.tokens.map(\.nats).max() ?? 0)")
    #expect(model.summary.end == "completed" && model.summary.history.count == 50)
  }

  @Test(arguments: [false, true]) func severalLayersAndTiedWeights(_ ties: Bool) throws {
    let settings = LanguageToy.settings { settings in
      (settings.layers, settings.tiesWeights) = (3, ties)
      (settings.inputDropout, settings.layerDropout) = (0.1, 0.1)
      (settings.outputDropout, settings.weightDropout) = (0.1, 0.1)
      settings.averaging = 0.9
      settings.epochs = 25
    }
    let model = try LanguageModel.train(on: LanguageToy.alphabet, settings: settings)
    let names = model.parameters.map(\.name)
    #expect(
      names.contains("head.weight") == !ties && names.contains("encoder.layers.2.forward.cell.weightInput"))
    let text = try model.generate(prompt: "fgh\n", length: 9, sampler: TokenSampler(temperature: 0))
    #expect(text == "abcdefgh\n")
  }

  @Test func anAdaptiveSoftmaxLearns() throws {
    let settings = LanguageToy.settings(.words) { settings in
      settings.softmax = .adaptive
      settings.tiesWeights = false
      // The second tail reads a sixteenth of these features.
      (settings.hiddenSize, settings.epochs) = (128, 40)
    }
    let model = try LanguageModel.train(on: LanguageToy.words, settings: settings)
    #expect(model.parameters.contains { $0.name == "head.tail.1.1.weight" })
    #expect(
      try model.generate(prompt: "seven eight", length: 4, sampler: TokenSampler(temperature: 0))
        == " nine ; ten eleven")
  }

  /// What comes before a text is known to be nothing, and a text's start can be learned.
  @Test func theStartOfATextIsLearned() throws {
    let settings = LanguageToy.settings { settings in
      (settings.streams, settings.steps, settings.epochs) = (1, 8, 60)
      settings.validationShare = 0
    }
    let model = try LanguageModel.train(on: String("abcdefgh\nabcdefgh"), settings: settings)
    #expect(try model.score("abc").tokens[0].nats < 0.5)
    #expect(try model.generate(length: 4, sampler: TokenSampler(temperature: 0)) == "abcd")
  }

  @Test func theSameBitsForAnyThreadsAndTwice() throws {
    let settings = LanguageToy.settings { settings in
      (settings.hiddenSize, settings.embeddingSize, settings.epochs) = (33, 17, 2)
      (settings.inputDropout, settings.layerDropout) = (0.2, 0.2)
      (settings.outputDropout, settings.weightDropout) = (0.2, 0.2)
      settings.layers = 2
    }
    func train(_ threads: Int, seed: UInt64 = 1) throws -> LanguageModel {
      var settings = settings
      settings.seed = seed
      return try WorkerPool.$limit.withValue(threads) {
        try LanguageModel.train(on: LanguageToy.alphabet, settings: settings)
      }
    }
    let model = try train(1)
    let other = try train(2)
    #expect(LanguageToy.bits(model) == LanguageToy.bits(other))
    #expect(LanguageToy.bits(model) == LanguageToy.bits(try train(1)))
    #expect(LanguageToy.bits(model) != LanguageToy.bits(try train(1, seed: 2)))
    let text = try WorkerPool.$limit.withValue(1) { try model.generate(prompt: "a", length: 60, seed: 3) }
    let again = try WorkerPool.$limit.withValue(2) { try other.generate(prompt: "a", length: 60, seed: 3) }
    #expect(text == again && text.count == 60)
    #expect(try model.generate(prompt: "a", length: 60, seed: 4) != text)
  }

  @Test func aTextIsStreamedAsItIsProduced() throws {
    let model = try LanguageToy.untrained(LanguageToy.words, .subwords)
    var pieces: [String] = []
    let text = try model.generate(prompt: "one", length: 40, seed: 2) { piece in
      pieces.append(piece)
      return true
    }
    #expect(pieces.joined() == text && pieces.count > 10)
    var count = 0
    let cut = try model.generate(prompt: "one", length: 40, seed: 2) { _ in
      count += 1
      return count < 3
    }
    #expect(count == 3 && cut == pieces.prefix(3).joined())
    #expect(try model.generate(prompt: "one", length: 0) == "")
  }

  @Test func samplersCut() throws {
    let model = try LanguageToy.untrained()
    let greedy = try model.generate(prompt: "a", length: 30, sampler: TokenSampler(temperature: 0))
    #expect(
      try model.generate(prompt: "a", length: 30, sampler: TokenSampler(temperature: 5, topK: 1), seed: 9)
        == greedy)
    #expect(
      try model.generate(prompt: "a", length: 30, sampler: TokenSampler(topP: 0), seed: 9) == greedy)
    // At a high temperature everything is drawn but what stands for no text.
    let wild = try model.generate(length: 300, sampler: TokenSampler(temperature: 1000))
    #expect(wild.count == 300 && Set(wild) == Set("abcdefgh\n"))
  }

  @Test(arguments: [["cd"], ["zz", "h\nab"], ["", "e"], ["abc"], ["xyz"]])
  func aStopEndsTheText(_ stop: [String]) throws {
    let settings = LanguageToy.settings()
    let model = try LanguageModel.train(on: LanguageToy.alphabet, settings: settings)
    let text = try model.generate(
      prompt: "h\n", length: 30, sampler: TokenSampler(temperature: 0), stop: stop)
    let whole = "abcdefgh\nabcdefgh\nabcdefgh\nabc"
    let expected = [["cd"]: "ab", ["zz", "h\nab"]: "abcdefg", ["", "e"]: "abcd", ["abc"]: ""]
    #expect(text == expected[stop] ?? whole)
  }

  @Test func aStopMayBeginManyTimes() {
    var text = ""
    var other = StopWatch(["aab", "b!"])
    for piece in ["a", "a", "a", "c", "b", "c", "a", "a"] { text += other.push(piece) }
    #expect(text == "aaacbc" && !other.hasStopped)
    #expect(other.finish() == "aa")
    var last = StopWatch(["aab"])
    #expect(last.push("xaaaby") == "xa" && last.hasStopped)
    #expect(last.push("more") == "" && last.finish() == "")
    var accents = StopWatch(["é"])
    #expect(accents.push("cafe\u{301} caf") == "cafe\u{301} caf" && accents.push("é") == "")
  }

  @Test func aCorpusIsReadFromItsFile() throws {
    let folder = try TestFolder()
    try folder.write(Array(LanguageToy.alphabet.utf8), "text")
    let settings = LanguageToy.settings { settings in
      settings.memoryLimit = 0
      (settings.outputDropout, settings.streams) = (0.1, 3)
    }
    let model = try LanguageModel.train(contentsOf: "\(folder.path)/text", settings: settings)
    // The streams' ends have nothing after them; every other token was to be predicted.
    #expect(model.summary.trainingTokens > 1000)
    #expect(model.summary.trainingTokens + model.summary.validationTokens <= LanguageToy.alphabet.count)
    #expect(
      try model.generate(prompt: "ab", length: 9, sampler: TokenSampler(temperature: 0)) == "cdefgh\nab")
    var other = settings
    other.memoryLimit = 1 << 20
    let held = try LanguageModel.train(contentsOf: "\(folder.path)/text", settings: other)
    #expect(held.summary.textHash == model.summary.textHash)
    #expect(held.summary.validationTokens == model.summary.validationTokens)
  }

  @Test func trainingCanBeEnded() throws {
    var steps = 0
    let model = try LanguageModel.train(
      on: LanguageToy.alphabet, settings: LanguageToy.settings(),
      report: { if case .training(.step) = $0 { steps += 1 } }, shouldStop: { steps >= 3 })
    #expect(steps == 3 && model.summary.end == "interrupted")
    let short = try LanguageModel.train(
      on: LanguageToy.alphabet, settings: LanguageToy.settings(), timeLimit: 1e-6)
    #expect(short.summary.end == "time limit")
  }
}
