import Testing
import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// A language model learns, and writes.
struct GenerateTests {
  @Test(
    arguments: TokenKind.allCases, [CellKind.lstm, .gru])
  func aCircleIsLearnedWhole(_ tokens: TokenKind, _ cell: CellKind) throws {
    let text = tokens == .characters ? LanguageToy.alphabet : LanguageToy.words
    let model = try LanguageModel.train(
      on: GenerateData(text),
      settings: LanguageToy.settings(tokens) { ($0.network.cell, $0.learning.epochs) = (cell, 50) })
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
    #expect(model.record.end == "completed" && model.record.history.count == 50)
  }

  @Test(arguments: [false, true]) func severalLayersAndTiedWeights(_ ties: Bool) throws {
    let settings = LanguageToy.settings { settings in
      (settings.network.layers, settings.tied) = (3, ties)
      (settings.inputDropout, settings.network.dropout, settings.network.weightDropout) = (0.1, 0.1, 0.1)
      settings.learning.averaging = 0.9
      settings.learning.epochs = 25
    }
    let model = try LanguageModel.train(on: GenerateData(LanguageToy.alphabet), settings: settings)
    let names = model.networks[0].parameters.map(\.name)
    #expect(
      names.contains("head.weight") == !ties && names.contains("encoder.layers.2.forward.cell.weightInput"))
    let text = try model.generate(prompt: "fgh\n", length: 9, sampler: TokenSampler(temperature: 0))
    #expect(text == "abcdefgh\n")
  }

  @Test func anAdaptiveSoftmaxLearns() throws {
    let settings = LanguageToy.settings(.words) { settings in
      settings.softmax = .adaptive
      settings.tied = false
      // The second tail reads a sixteenth of these features.
      (settings.network.hiddenSize, settings.learning.epochs) = (128, 40)
    }
    let model = try LanguageModel.train(on: GenerateData(LanguageToy.words), settings: settings)
    #expect(model.networks[0].parameters.contains { $0.name == "head.tail.1.1.weight" })
    #expect(
      try model.generate(prompt: "seven eight", length: 4, sampler: TokenSampler(temperature: 0))
        == " nine ; ten eleven")
  }

  /// What comes before a text is known to be nothing, and a text's start can be learned.
  @Test func theStartOfATextIsLearned() throws {
    let settings = LanguageToy.settings { settings in
      (settings.learning.batchSize, settings.sequenceLength, settings.learning.epochs) = (1, 8, 60)
      settings.learning.validationShare = 0
    }
    let model = try LanguageModel.train(on: GenerateData("abcdefgh\nabcdefgh"), settings: settings)
    #expect(try model.score("abc").tokens[0].nats < 0.5)
    #expect(try model.generate(length: 4, sampler: TokenSampler(temperature: 0)) == "abcd")
  }

  @Test func theSameBitsForAnyThreadsAndTwice() throws {
    let settings = LanguageToy.settings { settings in
      (settings.network.hiddenSize, settings.tokens.embeddingSize, settings.learning.epochs) = (33, 17, 2)
      (settings.inputDropout, settings.network.dropout, settings.network.weightDropout) = (0.2, 0.2, 0.2)
      settings.network.layers = 2
    }
    func train(_ threads: Int, seed: UInt64 = 1) throws -> LanguageModel {
      var settings = settings
      settings.learning.seed = seed
      return try WorkerPool.$limit.withValue(threads) {
        try LanguageModel.train(on: GenerateData(LanguageToy.alphabet), settings: settings)
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
    let model = try LanguageModel.train(on: GenerateData(LanguageToy.alphabet), settings: settings)
    let text = try model.generate(
      prompt: "h\n", length: 30, sampler: TokenSampler(temperature: 0), stop: stop)
    let whole = "abcdefgh\nabcdefgh\nabcdefgh\nabc"
    let expected = [["cd"]: "ab", ["zz", "h\nab"]: "abcdefg", ["", "e"]: "abcd", ["abc"]: ""]
    #expect(text == expected[stop] ?? whole)
  }

  @Test func aStopMayBeginManyTimes() {
    var text = ""
    var other = StopSequences(["aab", "b!"])
    for piece in ["a", "a", "a", "c", "b", "c", "a", "a"] { text += other.push(piece) }
    #expect(text == "aaacbc" && !other.hasStopped)
    #expect(other.finish() == "aa")
    var last = StopSequences(["aab"])
    #expect(last.push("xaaaby") == "xa" && last.hasStopped)
    #expect(last.push("more") == "" && last.finish() == "")
    var accents = StopSequences(["é"])
    #expect(accents.push("cafe\u{301} caf") == "cafe\u{301} caf" && accents.push("é") == "")
  }

  @Test func aCorpusIsReadFromItsFile() throws {
    let folder = try TestFolder()
    try folder.write(Array(LanguageToy.alphabet.utf8), "text")
    let settings = LanguageToy.settings { settings in
      settings.stream = true
      (settings.network.dropout, settings.learning.batchSize) = (0.1, 3)
    }
    let path = "\(folder.path)/text"
    let model = try LanguageToy.train(path, settings)
    #expect(
      try model.generate(prompt: "ab", length: 9, sampler: TokenSampler(temperature: 0)) == "cdefgh\nab")
    var other = settings
    other.stream = false
    let held = try LanguageToy.train(path, other)
    #expect(held.record.dataHash == model.record.dataHash && !held.record.dataHash.isEmpty)
    // The same is held out, and no byte is lost.
    let bytes = try [settings, other].map { settings in
      let parts = try GenerateTask.split(
        GenerateTask.read([path], settings, note: { _ in }), settings, member: 0)
      return [parts.training.facts, parts.validation?.facts ?? []].map { Int($0.first?.value ?? "") ?? 0 }
    }
    #expect(bytes[0] == bytes[1] && bytes[0].reduce(0, +) == LanguageToy.alphabet.utf8.count)
    #expect(bytes[0][0] > 1000 && bytes[0][1] > 0)
  }

  @Test func trainingCanBeEnded() throws {
    var steps = 0
    let model = try LanguageModel.train(
      on: GenerateData(LanguageToy.alphabet), settings: LanguageToy.settings(),
      session: TaskSession(
        report: { if case .training(.step) = $0 { steps += 1 } }, shouldStop: { steps >= 3 }))
    #expect(steps == 3 && model.record.end == "interrupted")
    let short = try LanguageModel.train(
      on: GenerateData(LanguageToy.alphabet),
      settings: LanguageToy.settings { ($0.learning.epochs, $0.learning.timeLimit) = (100_000, 1e-6) })
    #expect(short.record.end == "time limit")
  }
}
