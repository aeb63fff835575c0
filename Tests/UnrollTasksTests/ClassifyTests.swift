import Testing
import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// What classifiers learn, and that nothing but the seed decides what they are.
struct ClassifyTests {
  @Test(arguments: PoolingKind.allCases, [CellKind.lstm, .gru, .elman])
  func learnsAToy(_ pooling: PoolingKind, _ cell: CellKind) throws {
    let classifier = try Classifier.train(
      on: ClassifyToy.data(),
      settings: ClassifyToy.small {
        $0.pooling = [pooling]
        $0.network.cell = cell
      })
    // New texts of the same words: only the words count.
    #expect(try ClassifyToy.accuracy(classifier, ClassifyToy.data(60, seed: 2)) == 1)
  }

  @Test(arguments: TokenKind.allCases) func learnsFromTokens(
    _ tokens: TokenKind
  ) throws {
    let classifier = try Classifier.train(
      on: ClassifyToy.data(),
      settings: ClassifyToy.small {
        $0.tokens.tokens = tokens
        $0.tokens.vocabularySize = 300
        $0.learning.epochs = 40
      })
    #expect(try ClassifyToy.accuracy(classifier, ClassifyToy.data(60, seed: 2)) == 1)
  }

  @Test(arguments: [1, 3]) func learnsSequences(_ frame: Int) throws {
    let (sequences, labels) = ClassifyToy.sequences(60)
    let data = try ClassifyData(sequences: sequences, labels: labels)
    var settings = ClassifyToy.small {
      $0.tokens.embeddingSize = frame == 1 ? 0 : 5
      $0.frame = frame
      $0.hop = (frame + 1) / 2
      $0.differences = true
    }
    settings.network.dropout = 0.1
    let classifier = try Classifier.train(on: data, settings: settings)
    let (others, truth) = ClassifyToy.sequences(40, seed: 2)
    let answers = try classifier.classify(sequences: others)
    #expect(answers.map(\.label) == truth)
    #expect(answers.allSatisfy { abs($0.probabilities.reduce(0) { $0 + $1.probability } - 1) < 1e-5 })
  }

  /// Which word comes first decides: no bag of words can tell.
  @Test func readsTheOrder() throws {
    var random = RandomSource(seed: 5)
    var (texts, labels): ([String], [String]) = ([], [])
    for index in 0..<120 {
      var words = (0..<2 + random.below(4)).map { _ in "x" }
      let first = random.below(words.count + 1)
      words.insert(index % 2 == 0 ? "a" : "b", at: first)
      words.insert(index % 2 == 0 ? "b" : "a", at: first + 1 + random.below(words.count - first))
      texts.append(words.joined(separator: " "))
      labels.append(index % 2 == 0 ? "ab" : "ba")
    }
    let data = try ClassifyData(texts: texts, labels: labels)
    let classifier = try Classifier.train(on: data, settings: ClassifyToy.small { $0.learning.epochs = 60 })
    #expect(try ClassifyToy.accuracy(classifier, data) == 1)
  }

  @Test func learnsSeveralLabels() throws {
    var random = RandomSource(seed: 3)
    let words = ["sport": "ball", "money": "coin", "food": "bread"]
    let names = words.keys.sorted()
    var (texts, labels): ([String], [[String]]) = ([], [])
    for _ in 0..<120 {
      let own = names.filter { _ in random.uniform() < 0.4 }
      texts.append(
        (own.compactMap { words[$0] } + ["and", "so", "on"]).shuffled(using: &random).joined(separator: " "))
      labels.append(own)
    }
    let data = try ClassifyData(texts: texts, labelSets: labels)
    for weights in ClassifySettings.ClassWeights.allCases {
      let classifier = try Classifier.train(
        on: data,
        settings: ClassifyToy.small {
          $0.multiLabel = true
          $0.classWeights = weights
          $0.learning.epochs = 40
        })
      let scores = try classifier.evaluate(on: data)
      #expect(scores["found exactly"] == 1 && scores["accuracy"].isNaN && scores["micro F1"] == 1)
      #expect(scores.tables[0].rows.count == 4)
      let answer = try classifier.classify(["so on", "ball bread"])
      #expect(answer[0].labels == [] && answer[1].labels == ["food", "sport"])
    }
  }

  /// Where texts tell nothing, equal weights follow the counts and balanced ones do not.
  @Test func classWeightsBalance() throws {
    let texts = Array(repeating: "the same", count: 50)
    let labels = (0..<50).map { $0 < 40 ? "often" : "seldom" }
    let data = try ClassifyData(texts: texts, labels: labels)
    func chance(_ weights: ClassifySettings.ClassWeights) throws -> Double {
      let classifier = try Classifier.train(
        on: data,
        settings: ClassifyToy.small {
          $0.classWeights = weights
          $0.learning.labelSmoothing = 0
          $0.learning.batchSize = 50
          $0.learning.epochs = 200
        })
      return try #require(classifier.classify(["the same"])[0]["seldom"])
    }
    // The minimum of the loss is the (weighted) share itself; training comes near it.
    #expect(abs(try chance(.equal) - 0.2) < 0.02)
    #expect(abs(try chance(.balanced) - 0.5) < 0.02)
  }

  @Test func sameBitsOnAnyThreadsAndTwice() throws {
    let data = try ClassifyToy.data(50)
    var settings = ClassifyToy.small {
      $0.network.dropout = 0.3
      $0.tokenDropout = 0.2
      $0.network.weightDropout = 0.2
      $0.learning.averaging = 0.9
      $0.learning.members = 2
      $0.learning.epochs = 3
      $0.learning.validationShare = 0.2
      $0.network.hiddenSize = 33
    }
    func bits(_ threads: Int) throws -> [UInt64] {
      try WorkerPool.$limit.withValue(threads) {
        try Classifier.train(on: data, settings: settings).classify(ClassifyToy.texts(17, seed: 4).texts)
          .flatMap(
            \.bits)
      }
    }
    let one = try bits(1)
    #expect(try bits(2) == one)
    #expect(try bits(1) == one)
    settings.learning.seed = 1
    #expect(try bits(1) != one)
  }

  /// An answer does not depend on what else is asked.
  @Test func answersStandAlone() throws {
    let classifier = try Classifier.train(
      on: ClassifyToy.data(), settings: ClassifyToy.small { $0.learning.epochs = 2 })
    let texts = ClassifyToy.texts(33, seed: 8).texts + [""]
    let together = try classifier.classify(texts)
    for (text, answer) in zip(texts, together) {
      #expect(try classifier.classify([text])[0].bits == answer.bits)
    }
    #expect(try classifier.classify([] as [String]).isEmpty)
  }

  @Test func emptyTextsAreJudgedByTheBiasAlone() throws {
    let (texts, labels) = ClassifyToy.texts(40)
    let data = try ClassifyData(texts: texts + ["", "", "  "], labels: labels + ["bad", "bad", "bad"])
    for pooling in PoolingKind.allCases {
      let classifier = try Classifier.train(on: data, settings: ClassifyToy.small { $0.pooling = [pooling] })
      let answers = try classifier.classify(["", " \n", "\u{3000}"])
      #expect(answers[0].label == "bad" && Set(answers.map(\.bits)).count == 1)
    }
  }

  @Test func probabilitiesMoveWordByWord() throws {
    let classifier = try Classifier.train(on: ClassifyToy.data(), settings: ClassifyToy.small())
    var options = ClassifyOptions()
    options.explain = true
    let steps = try #require(classifier.classify(["The film was awful"], options: options)[0].steps)
    #expect(steps.map(\.token) == ["", "the", "film", "was", "awful"])
    let (texts, answers) = (["", "the", "the film was awful"], [steps[0], steps[1], steps[4]])
    for (text, step) in zip(texts, answers) {
      #expect(try classifier.classify([text])[0].probabilities == step.probabilities)
    }
    func bad(_ step: Int) -> Double {
      steps[step].probabilities.first { $0.label == "bad" }?.probability ?? 0
    }
    #expect(bad(4) > 0.9 && bad(3) < 0.9)
  }

  /// Nothing tells the labels apart, so the loss on the validation part only gets worse from some epoch on.
  @Test func keepsTheBestEpoch() throws {
    var random = RandomSource(seed: 9)
    func noise(_ count: Int) throws -> ClassifyData {
      try ClassifyData(
        texts: (0..<count).map { _ in (0..<6).map { _ in "w\(random.below(40))" }.joined(separator: " ") },
        labels: (0..<count).map { _ in random.below(2) == 0 ? "x" : "y" })
    }
    let (training, validation) = (try noise(60), try noise(60))
    let settings = ClassifyToy.small {
      $0.learning.patience = 5
      $0.learning.epochs = 60
    }
    let classifier = try Classifier.train(on: training, settings: settings, validation: validation)
    let history = classifier.record.history
    let losses = history.compactMap(\.validation)
    let best = try #require(losses.min())
    #expect(history.count < 60 && classifier.record.end == "stopped early")
    // Of the kept weights, not of the last ones; single precision through files and means.
    let kept: Double = try classifier.evaluate(on: validation)["cross-entropy"]
    #expect(abs(kept - best) < 1e-5 && kept < losses[losses.count - 1])
    #expect(classifier.record.scoredOn == "validation")
  }

  @Test func interruptedTrainingKeepsWhatThereIs() throws {
    let classifier = try Classifier.train(
      on: ClassifyToy.data(), settings: ClassifyToy.small { $0.learning.members = 3 },
      session: .stopping(after: 7))
    #expect(classifier.record.end == "interrupted" && classifier.record.history.count <= 2)
    #expect(try classifier.classify(["a film"]).count == 1)
  }

  /// Batches are bounded by their steps too, and their number changes from epoch to epoch.
  @Test func longInputsTrain() throws {
    var random = RandomSource(seed: 2)
    let sequences = (0..<90).map { index in
      (0..<50 + random.below(3000)).map { _ in [Float(index % 2) + 0.1 * random.normal()] }
    }
    let data = try ClassifyData(sequences: sequences, labels: (0..<90).map { $0 % 2 == 0 ? "low" : "high" })
    let classifier = try Classifier.train(
      on: data,
      settings: ClassifyToy.small {
        $0.maximumLength = 4000
        $0.network.cell = .elman
        $0.network.hiddenSize = 2
        $0.tokens.embeddingSize = 0
        $0.learning.batchSize = 4
        $0.learning.epochs = 4
        $0.adversarial = 0
      })
    #expect(try ClassifyToy.accuracy(classifier, data) == 1)
  }
}
