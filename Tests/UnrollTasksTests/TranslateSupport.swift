import UnrollCore
import UnrollNetworks
import UnrollTasks

/// Pairs whose rule is known.
enum TranslateToy {
  /// Strings of letters and what they are backwards.
  static func reversals(_ count: Int, lengths: ClosedRange<Int>, letters: String = "abcdef", seed: UInt64)
    -> [PairData.Pair]
  {
    var random = RandomSource(seed: seed)
    let all = Array(letters)
    return (0..<count).map { _ in
      let length = lengths.lowerBound + random.below(lengths.count)
      let text = String((0..<length).map { _ in all[random.below(all.count)] })
      return PairData.Pair(source: text, target: String(text.reversed()))
    }
  }

  /// Sentences of a small language, word by word, but for the order of two words.
  static func sentences(_ count: Int, seed: UInt64) -> [PairData.Pair] {
    var random = RandomSource(seed: seed)
    let nouns = [("hund", "dog"), ("katze", "cat"), ("vogel", "bird"), ("fisch", "fish")]
    let verbs = [("sieht", "sees"), ("sucht", "seeks"), ("mag", "likes")]
    let colours = [("rot", "red"), ("blau", "blue"), ("alt", "old")]
    return (0..<count).map { _ in
      let (a, b) = (nouns[random.below(4)], nouns[random.below(4)])
      let (verb, colour) = (verbs[random.below(3)], colours[random.below(3)])
      return PairData.Pair(
        source: "der \(a.0) \(verb.0) den \(b.0) , der \(colour.0) ist .",
        target: "the \(a.1) \(verb.1) the \(colour.1) \(b.1) .")
    }
  }

  /// Settings that train in a moment, without any noise.
  static func settings(
    _ tokens: TokenKind = .characters, epochs: Int = 1,
    change: (inout TranslateSettings) -> Void = { _ in }
  ) -> TranslateSettings {
    var settings = TranslateSettings()
    settings.pairs.tokens = TokenSettings(tokens, vocabularySize: 400, embeddingSize: 24)
    settings.pairs.network = RecurrentSettings(cell: .gru, hiddenSize: 32, dropout: 0)
    settings.pairs.tokenDropout = 0
    settings.learning.epochs = epochs
    settings.learning.batchTokens = 400
    settings.learning.learningRate = 0.01
    settings.learning.averaging = 0.9
    settings.learning.labelSmoothing = 0
    settings.learning.validationShare = 0.05
    settings.learning.seed = 1
    change(&settings)
    return settings
  }

  /// A way to search that gives scores, and tells what was looked at.
  static var told: PairSearch {
    var search = PairSearch()
    (search.top, search.explain) = (2, true)
    return search
  }

  /// All bits of a translator's weights.
  static func bits(_ translator: Translator) -> [[UInt32]] {
    translator.weights.map { $0.value.elements.map(\.bitPattern) }
  }
}
