import UnrollCore
import UnrollData
import UnrollExchange
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// Small models of every task, made in a moment: sound folders that are bent in tests and by fuzzing.
package enum SampleModels {
  /// The kinds of models: the tasks, and a second form where a task has two.
  package enum Kind: String, CaseIterable, Sendable {
    case forecast, classify, sequences, tag, generate, translate, network, graph
  }

  /// Trains a model and saves it.
  package static func save(_ kind: Kind, to path: String) throws {
    let model: any TaskModel =
      switch kind {
      case .forecast: try forecaster()
      case .classify: try texts()
      case .sequences: try sequences()
      case .tag: try tagger()
      case .generate: try languageModel()
      case .translate: try translator()
      case .network: try network()
      case .graph: try GraphModel(try network().onnx(), file: "network")
      }
    try model.save(to: path)
  }

  private static func forecaster() throws -> Forecaster {
    let values = (0..<40).map { Double($0 % 4) + 0.1 * Double($0) }
    let data = try TimeSeries(
      series: [.init(id: "", start: Timestamp("2000-01")!, targets: [values])], frequency: .monthly,
      targetNames: ["value"], timeName: "date", season: 4, horizon: 3, source: "sample")
    var settings = ForecastSettings.defaults(for: data)
    (settings.hiddenSize, settings.epochs, settings.batchSize) = (3, 1, 8)
    settings.maximumStepsPerEpoch = 2
    return try Forecaster.train(on: data, settings: settings, holdOut: HoldOut(test: 0, validation: 0))
  }

  private static func small(_ settings: ClassifierSettings) -> ClassifierSettings {
    var settings = settings
    (settings.hiddenSize, settings.embeddingSize, settings.pieces) = (3, 2, 5)
    (settings.epochs, settings.validationShare) = (1, 0)
    return settings
  }

  private static func texts() throws -> Classifier {
    let data = try ClassifierData(
      texts: ["a good film", "a bad film", "good", "bad"], labels: ["good", "bad", "good", "bad"])
    return try Classifier.train(on: data, settings: small(.texts))
  }

  private static func sequences() throws -> Classifier {
    let all: [[[Float]]] = (0..<6).map { index in
      (0..<5).map { [Float($0) * (index % 2 == 0 ? 1 : -1), 1] }
    }
    let data = try ClassifierData(sequences: all, labels: ["up", "down", "up", "down", "up", "down"])
    return try Classifier.train(on: data, settings: small(.sequences))
  }

  private static func tagger() throws -> Tagger {
    let sentences = (0..<6).map { index in
      Tagger.Sentence(words: ["Ann", index % 2 == 0 ? "sees" : "hears", "Bob"], tags: ["B-p", "O", "B-p"])
    }
    var settings = TaggerSettings.entities
    (settings.wordSize, settings.characterSize, settings.characterHidden) = (3, 2, 2)
    (settings.featureSize, settings.hiddenSize, settings.epochs) = (2, 3, 1)
    return try Tagger.train(on: sentences, settings: settings)
  }

  private static func languageModel() throws -> LanguageModel {
    var settings = LanguageSettings(tokens: .characters)
    (settings.embeddingSize, settings.hiddenSize, settings.layers) = (3, 4, 1)
    (settings.steps, settings.streams, settings.epochs) = (8, 2, 1)
    return try LanguageModel.train(on: String(repeating: "abcd\n", count: 30), settings: settings)
  }

  private static func translator() throws -> Translator {
    let pairs = ["ein hund", "eine katze", "zwei hunde", "ein vogel"].map {
      TranslationPair(source: $0, target: $0.uppercased())
    }
    var settings = TranslationSettings()
    (settings.tokens, settings.vocabulary, settings.minimumCount) = (.characters, 100, 1)
    (settings.embeddingSize, settings.hiddenSize, settings.epochs) = (3, 4, 1)
    (settings.batchTokens, settings.selection) = (100, .loss)
    return try Translator.train(on: pairs, validation: pairs, settings: settings)
  }

  package static func network() throws -> NetworkModel {
    var random = RandomSource(seed: 5)
    let settings = NetworkSettings(layers: [
      NetworkLayer(.embedding, name: "table", inputs: 5, outputs: 3),
      NetworkLayer(.recurrent, name: "core", inputs: 3, outputs: 4, cell: .gru, bidirectional: true),
      NetworkLayer(.linear, name: "head", inputs: 8, outputs: 2),
    ])
    let weights = try settings.check(file: "sample").map { name, extents in
      (name: name, tensor: Tensor.normal(deviation: 0.5, shape: Shape(extents), using: &random))
    }
    return try NetworkModel(settings, weights: weights)
  }

  /// Tokenizers of every kind, as their files.
  package static func tokenizers() -> [[UInt8]] {
    let text = "the cat sat on the mat\nand the dog, too. é 河流"
    let all: [any Tokenizer] = [
      CharacterTokenizer.train(on: [text]), WordTokenizer.train(on: [text], splitting: .words),
      WordTokenizer.train(on: [text], splitting: .whitespace), BytePairTokenizer.train(on: [text], merges: 6),
    ]
    return all.map { $0.tokenizerJSON() }
  }
}
