import UnrollCore
import UnrollTasks

/// Pairs whose rule is known.
enum TranslateToy {
  /// Strings of letters and what they are backwards.
  static func reversals(_ count: Int, lengths: ClosedRange<Int>, letters: String = "abcdef", seed: UInt64)
    -> [TranslationPair]
  {
    var random = RandomSource(seed: seed)
    let all = Array(letters)
    return (0..<count).map { _ in
      let length = lengths.lowerBound + random.below(lengths.count)
      let text = String((0..<length).map { _ in all[random.below(all.count)] })
      return TranslationPair(source: text, target: String(text.reversed()))
    }
  }

  /// Sentences of a small language, word by word, but for the order of two words.
  static func sentences(_ count: Int, seed: UInt64) -> [TranslationPair] {
    var random = RandomSource(seed: seed)
    let nouns = [("hund", "dog"), ("katze", "cat"), ("vogel", "bird"), ("fisch", "fish")]
    let verbs = [("sieht", "sees"), ("sucht", "seeks"), ("mag", "likes")]
    let colours = [("rot", "red"), ("blau", "blue"), ("alt", "old")]
    return (0..<count).map { _ in
      let (a, b) = (nouns[random.below(4)], nouns[random.below(4)])
      let (verb, colour) = (verbs[random.below(3)], colours[random.below(3)])
      return TranslationPair(
        source: "der \(a.0) \(verb.0) den \(b.0) , der \(colour.0) ist .",
        target: "the \(a.1) \(verb.1) the \(colour.1) \(b.1) .")
    }
  }

  /// Settings that train in a moment, without any noise.
  static func settings(
    _ tokens: TranslationSettings.Tokens = .characters, epochs: Int = 1,
    change: (inout TranslationSettings) -> Void = { _ in }
  ) -> TranslationSettings {
    var settings = TranslationSettings()
    settings.tokens = tokens
    settings.vocabulary = 400
    settings.minimumCount = 1
    settings.embeddingSize = 24
    settings.hiddenSize = 32
    settings.epochs = epochs
    settings.batchTokens = 400
    settings.learningRate = 0.01
    settings.averaging = 0.9
    (settings.dropout, settings.wordDropout, settings.weightDropout) = (0, 0, 0)
    settings.labelSmoothing = 0
    change(&settings)
    return settings
  }

  /// All bits of a translator's weights.
  static func bits(_ translator: Translator) -> [[UInt32]] {
    translator.weights.map { $0.value.elements.map(\.bitPattern) }
  }
}
