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
    case forecast, classify, sequences, tag, generate, translate, summarize, network, graph
  }

  /// Trains a model and saves it.
  package static func save(_ kind: Kind, to path: String) throws {
    let model: any SavedModel =
      switch kind {
      case .forecast: try forecaster()
      case .classify: try texts()
      case .sequences: try sequences()
      case .tag: try tagger()
      case .generate: try languageModel()
      case .translate: try translator()
      case .summarize: try summarizer()
      case .network: try network()
      case .graph: try GraphModel(try network().onnx(), file: "network")
      }
    try model.save(to: path)
  }

  private static func forecaster() throws -> Forecaster {
    let values = (0..<40).map { Double($0 % 4) + 0.1 * Double($0) }
    let series = try TimeSeries(
      series: [.init(id: "", start: Timestamp("2000-01")!, targets: [values])], frequency: .monthly,
      targetNames: ["value"], timeName: "date", season: 4, horizon: 3, source: "sample")
    let data = ForecastData(series)
    var settings = ForecastTask.defaults(for: data, ForecastSettings())
    (settings.network.hiddenSize, settings.maximumSteps) = (3, 2)
    (settings.learning.epochs, settings.learning.batchSize, settings.learning.refit) = (1, 8, false)
    (settings.testSteps, settings.validationSteps) = (0, 0)
    return try Forecaster.train(on: data, settings: settings)
  }

  private static func small(_ settings: ClassifySettings) -> ClassifySettings {
    var settings = settings
    (settings.network.hiddenSize, settings.tokens.embeddingSize, settings.pieces) = (3, 2, 5)
    (settings.learning.epochs, settings.learning.validationShare) = (1, 0)
    return settings
  }

  private static func texts() throws -> Classifier {
    let data = try ClassifyData(
      texts: ["a good film", "a bad film", "good", "bad"], labels: ["good", "bad", "good", "bad"])
    return try Classifier.train(on: data, settings: small(.texts))
  }

  private static func sequences() throws -> Classifier {
    let all: [[[Float]]] = (0..<6).map { index in
      (0..<5).map { [Float($0) * (index % 2 == 0 ? 1 : -1), 1] }
    }
    let data = try ClassifyData(sequences: all, labels: ["up", "down", "up", "down", "up", "down"])
    return try Classifier.train(on: data, settings: small(.sequences))
  }

  private static func tagger() throws -> Tagger {
    let sentences = (0..<6).map { index in
      TagData.Sentence(words: ["Ann", index % 2 == 0 ? "sees" : "hears", "Bob"], tags: ["B-p", "O", "B-p"])
    }
    var settings = TagSettings()
    (settings.embeddingSize, settings.characterSize, settings.characterHidden) = (3, 2, 2)
    (settings.featureSize, settings.network.hiddenSize, settings.learning.epochs) = (2, 3, 1)
    return try Tagger.train(on: TagData(sentences), settings: settings)
  }

  private static func languageModel() throws -> LanguageModel {
    var settings = GenerateSettings()
    (settings.tokens.embeddingSize, settings.network.hiddenSize, settings.network.layers) = (3, 4, 1)
    (settings.sequenceLength, settings.learning.batchSize, settings.learning.epochs) = (8, 2, 1)
    return try LanguageModel.train(
      on: GenerateData(String(repeating: "abcd\n", count: 30)), settings: settings)
  }

  private static func small(_ settings: inout PairSettings) {
    settings.tokens = TokenSettings(.characters, vocabularySize: 100, embeddingSize: 3)
    settings.network.hiddenSize = 4
  }

  private static let pairs = ["ein hund", "eine katze", "zwei hunde", "ein vogel"].map {
    PairData.Pair(source: $0, target: $0.uppercased())
  }

  private static func translator() throws -> Translator {
    var settings = TranslateSettings()
    small(&settings.pairs)
    (settings.selection, settings.learning.epochs, settings.learning.batchTokens) = (.loss, 1, 100)
    return try Translator.train(on: PairData(pairs), settings: settings)
  }

  private static func summarizer() throws -> Summarizer {
    var settings = SummarizeSettings()
    small(&settings.pairs)
    (settings.selection, settings.learning.epochs, settings.learning.batchTokens) = (.loss, 1, 100)
    return try Summarizer.train(on: PairData(pairs), settings: settings)
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
