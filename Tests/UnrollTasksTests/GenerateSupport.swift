import UnrollCore
import UnrollTasks

/// Language models that train in a moment.
enum LanguageToy {
  /// A text in which each token follows from the one before it.
  static let alphabet = String(repeating: "abcdefgh\n", count: 120)
  /// Twelve words in a circle, with punctuation.
  static let words = String(
    repeating: "one two three, four five six: seven eight nine; ten eleven twelve.\n", count: 80)

  static func settings(
    _ tokens: LanguageSettings.Tokens = .characters, change: (inout LanguageSettings) -> Void = { _ in }
  ) -> LanguageSettings {
    var settings = LanguageSettings(tokens: tokens)
    settings.vocabularySize = 300
    (settings.embeddingSize, settings.hiddenSize, settings.layers) = (16, 24, 1)
    (settings.inputDropout, settings.layerDropout) = (0, 0)
    (settings.outputDropout, settings.weightDropout) = (0, 0)
    (settings.steps, settings.streams, settings.epochs) = (20, 4, 12)
    settings.learningRate = 0.02
    change(&settings)
    return settings
  }

  /// A model that has hardly learned.
  static func untrained(
    _ text: String = alphabet, _ tokens: LanguageSettings.Tokens = .characters,
    change: (inout LanguageSettings) -> Void = { _ in }
  ) throws -> LanguageModel {
    try LanguageModel.train(
      on: text,
      settings: settings(tokens) { settings in
        (settings.epochs, settings.steps) = (1, 200)
        change(&settings)
      })
  }

  /// All bits of a model's weights.
  static func bits(_ model: LanguageModel) -> [UInt32] {
    model.parameters.flatMap { $0.value.elements.map(\.bitPattern) }
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
