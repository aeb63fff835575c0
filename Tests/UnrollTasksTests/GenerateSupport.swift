import UnrollCore
import UnrollNetworks
import UnrollTasks

/// Language models that train in a moment.
enum LanguageToy {
  /// A text in which each token follows from the one before it.
  static let alphabet = String(repeating: "abcdefgh\n", count: 120)
  /// Twelve words in a circle, with punctuation.
  static let words = String(
    repeating: "one two three, four five six: seven eight nine; ten eleven twelve.\n", count: 80)

  static func settings(
    _ tokens: TokenKind = .characters, change: (inout GenerateSettings) -> Void = { _ in }
  ) -> GenerateSettings {
    var settings = GenerateSettings(tokens: tokens)
    settings.tokens.vocabularySize = 300
    settings.tokens.embeddingSize = 16
    settings.network = RecurrentSettings(hiddenSize: 24, dropout: 0)
    settings.inputDropout = 0
    (settings.sequenceLength, settings.learning.batchSize, settings.learning.epochs) = (20, 4, 12)
    settings.learning.learningRate = 0.02
    settings.learning.seed = 1
    change(&settings)
    return settings
  }

  /// A model that has hardly learned.
  static func untrained(
    _ text: String = alphabet, _ tokens: TokenKind = .characters,
    change: (inout GenerateSettings) -> Void = { _ in }
  ) throws -> LanguageModel {
    try LanguageModel.train(
      on: GenerateData(text),
      settings: settings(tokens) { settings in
        (settings.learning.epochs, settings.sequenceLength) = (1, 200)
        change(&settings)
      })
  }

  /// A model of a file's text, by these settings and no others.
  static func train(_ path: String, _ settings: GenerateSettings) throws -> LanguageModel {
    try LanguageModel.train(on: GenerateTask.read([path], settings, note: { _ in }), settings: settings)
  }

  /// All bits of a model's weights.
  static func bits(_ model: LanguageModel) -> [UInt32] {
    model.networks[0].parameters.flatMap { $0.value.elements.map(\.bitPattern) }
  }

  /// Words of which some are frequent and most are rare: the nth occurs about 40 / n times.
  static let manyWords: String = {
    var random = RandomSource(seed: 5)
    var words: [String] = []
    for rank in 1...60 {
      // Letters alone: digits would be words of their own.
      let letters = "abcdefghij".map(String.init)
      let word = "w" + letters[rank / 10 % 10] + letters[rank % 10]
      words += Array(repeating: word, count: max(2, 40 / rank))
    }
    return words.shuffled(using: &random).joined(separator: " ")
  }()
}
