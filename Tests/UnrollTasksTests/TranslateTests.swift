import Testing
import UnrollCore
import UnrollTasks
import UnrollTraining

/// Translation from pairs to texts.
struct TranslateTests {
  /// Short strings, for a test takes seconds; `Examples/copy-and-reversal` has those of twenty letters.
  @Test func learnsToReverse() throws {
    let pairs = TranslateToy.reversals(4000, lengths: 1...6, seed: 1)
    let translator = try Translator.train(
      on: PairData(pairs),
      settings: TranslateToy.settings(epochs: 10) {
        $0.pairs.network.hiddenSize = 48
        $0.selection = .loss
      }, validation: PairData(TranslateToy.reversals(50, lengths: 1...6, seed: 2)))
    let others = TranslateToy.reversals(100, lengths: 1...6, seed: 3)
    let found = try translator.translate(others.map(\.source)).map(\.text)
    let right = zip(found, others).count { $0 == $1.target }
    #expect(right == 100)
  }

  @Test(arguments: [TokenKind.words, .subwords]) func learnsALanguage(
    _ tokens: TokenKind
  ) throws {
    let translator = try Translator.train(
      on: PairData(TranslateToy.sentences(300, seed: 1)),
      settings: TranslateToy.settings(tokens, epochs: 12) { $0.learning.batchTokens = 300 })
    let others = TranslateToy.sentences(50, seed: 9)
    let found = try translator.translate(others.map(\.source), search: TranslateToy.told)
    #expect(found.map(\.text) == others.map(\.target))
    // The noun that stands behind its colour was read before it.
    for translation in found {
      let attention = try #require(translation.attention)
      #expect(attention.count == translation.targetTokens?.count)
      #expect(translation.targetTokens?.last == "</s>")
      for row in attention {
        #expect(row.count == translation.sourceTokens?.count)
        #expect(abs(row.reduce(0, +) - 1) < 1e-5)
      }
    }
  }

  /// Rare words have no place in the vocabulary; where they go is learned, and what they are is read off.
  @Test func copiesUnknownWords() throws {
    var random = RandomSource(seed: 4)
    let pairs = (0..<400).map { index in
      let name = "name\(index)"
      let (verb, said) = random.below(2) == 0 ? ("kommt", "comes") : ("geht", "goes")
      return random.below(2) == 0
        ? PairData.Pair(source: "heute \(verb) \(name)", target: "\(name) \(said) today")
        : PairData.Pair(source: "\(name) \(verb)", target: "\(name) \(said)")
    }
    let translator = try Translator.train(
      on: PairData(pairs),
      settings: TranslateToy.settings(.words, epochs: 12) {
        $0.pairs.tokens.minimumCount = 2
        $0.learning.batchTokens = 200
      })
    let found = try translator.translate(["heute geht zaphod", "ford kommt", "heute kommt <unk>"])
    #expect(found.map(\.text) == ["zaphod goes today", "ford comes", "<unk> comes today"])
  }

  @Test func sameBitsOnAnyNumberOfThreadsAndTwice() throws {
    let pairs = TranslateToy.sentences(60, seed: 1)
    func run(_ threads: Int, _ change: (inout TranslateSettings) -> Void = { _ in }) throws -> [[UInt32]] {
      try WorkerPool.$limit.withValue(threads) {
        let translator = try Translator.train(
          on: PairData(pairs),
          settings: TranslateToy.settings(.words, epochs: 2) {
            $0.pairs.network.dropout = 0.3
            $0.pairs.tokenDropout = 0.1
            $0.pairs.network.weightDropout = 0.2
            $0.learning.labelSmoothing = 0.1
            change(&$0)
          })
        return TranslateToy.bits(translator)
      }
    }
    let first = try run(1)
    #expect(try run(1) == first)
    #expect(try run(2) == first)
    #expect(try run(1) { $0.learning.seed = 2 } != first)
    let streamed = try run(1) { $0.pairs.stream = true }
    #expect(try run(2) { $0.pairs.stream = true } == streamed)
    #expect(streamed != first)
  }

  /// What is read anew in each epoch is the same pairs: the same number of steps, and as good a model.
  @Test func learnsFromAStream() throws {
    let pairs = TranslateToy.sentences(300, seed: 1)
    var steps: [Int] = []
    for streams in [false, true] {
      let translator = try Translator.train(
        on: PairData(pairs),
        settings: TranslateToy.settings(.words, epochs: 12) {
          $0.pairs.stream = streams
          $0.learning.batchTokens = 300
        },
        session: TaskSession { if case .training(.started(_, _, let count)) = $0 { steps.append(count) } })
      let others = TranslateToy.sentences(20, seed: 9)
      #expect(try translator.translate(others.map(\.source)).map(\.text) == others.map(\.target))
    }
    #expect(abs(steps[0] - steps[1]) <= 2 && steps[0] > 5)
  }

  @Test(arguments: [0, 1, 2, 3]) func learnsWithWhatIsSlower(_ which: Int) throws {
    let translator = try Translator.train(
      on: PairData(TranslateToy.sentences(200, seed: 1)),
      settings: TranslateToy.settings(.words, epochs: 10) {
        $0.learning.batchTokens = 300
        $0.pairs.attention = which == 1 ? .additive : .multiplicative
        $0.pairs.inputFeeding = which == 0
        $0.pairs.coverage = which == 1
        $0.pairs.scheduledSampling = which == 2 ? 0.3 : 0
        $0.selection = .loss
        $0.pairs.network.cell = which == 3 ? .lstm : .gru
        $0.pairs.joint = which == 3
      })
    let others = TranslateToy.sentences(30, seed: 9)
    let found = try translator.translate(others.map(\.source)).map(\.text)
    #expect(zip(found, others).count { $0 == $1.target } >= 28)
  }

  @Test func searchFindsAtLeastWhatGreedFinds() throws {
    let translator = try Translator.train(
      on: PairData(TranslateToy.sentences(100, seed: 1)),
      settings: TranslateToy.settings(.subwords, epochs: 3))
    let texts = TranslateToy.sentences(20, seed: 9).map(\.source)
    let writer = PairWriter(translator.networks, translator.preparation, translator.settings.pairs)
    let sources = texts.map { translator.preparation.source.encode($0) }
    func sum(_ beam: Int) throws -> Double {
      try writer.write(sources, PairSearch(beam: beam, lengthPenalty: 0).search)
        .reduce(0) { $0 + ($1.first?.sequence.logProbability ?? -.infinity) }
    }
    #expect(try sum(8) >= sum(1))
    let best = try translator.translate(texts, search: PairSearch(beam: 4, top: 3))
    for translation in best {
      let scores = translation.candidates?.map(\.score) ?? []
      #expect(scores.count == 3 && scores == scores.sorted(by: >))
    }
  }

  @Test func anEnsembleOfEqualsIsTheOne() throws {
    let data = PairData(TranslateToy.sentences(100, seed: 1))
    let one = try Translator.train(on: data, settings: TranslateToy.settings(.words, epochs: 2))
    let two = try Translator.train(
      on: data, settings: TranslateToy.settings(.words, epochs: 2) { $0.learning.members = 2 })
    // The first member of two is the only one of one.
    #expect(TranslateToy.bits(two).starts(with: TranslateToy.bits(one)))
    #expect(two.parameterCount == 2 * one.parameterCount)
    let texts = TranslateToy.sentences(10, seed: 9).map(\.source)
    let alone = try one.translate(texts, search: TranslateToy.told)
    var twins = one
    twins.networks += one.networks
    #expect(try twins.translate(texts).map(\.text) == one.translate(texts).map(\.text))
    let both = try two.translate(texts, search: TranslateToy.told)
    #expect(both.count == texts.count)
    #expect(zip(both, alone).contains { $0.candidates?[0].score != $1.candidates?[0].score })
  }

  @Test func comesBackFromItsFolderBitForBit() throws {
    for joint in [false, true] {
      let translator = try Translator.train(
        on: PairData(TranslateToy.sentences(60, seed: 1)),
        settings: TranslateToy.settings(.subwords, epochs: 2) { $0.pairs.joint = joint })
      let folder = try TestFolder()
      try translator.save(to: "\(folder.path)/model")
      let again = try Translator(contentsOf: "\(folder.path)/model")
      #expect(TranslateToy.bits(again) == TranslateToy.bits(translator))
      #expect(again.settings == translator.settings)
      let texts = TranslateToy.sentences(10, seed: 9).map(\.source)
      let (a, b) = (
        try translator.translate(texts, search: TranslateToy.told),
        try again.translate(texts, search: TranslateToy.told)
      )
      #expect(a.map(\.text) == b.map(\.text))
      #expect(a.map(\.candidates?.first?.score) == b.map(\.candidates?.first?.score))
      #expect(try TaskRegistry.load("\(folder.path)/model") is Translator)
      let card = String(decoding: try folder.read("model/README.md"), as: UTF8.self)
      for words in ["# translation of subwords", "| parameters | \(translator.parameterCount) |", "Limits"] {
        #expect(card.contains(words))
      }
    }
  }
}
