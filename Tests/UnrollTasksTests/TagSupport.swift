import UnrollCore
import UnrollTasks

/// Sentences whose tags follow from rules.
enum TagToy {
  /// `DET NOUN VERB DET NOUN .` of made-up words; `round` is a noun behind a determiner and a verb elsewhere.
  static func grammar(_ count: Int, seed: UInt64 = 1) -> [Tagger.Sentence] {
    var random = RandomSource(seed: seed)
    func pick(_ words: [String]) -> String { words[random.below(words.count)] }
    return (0..<count).map { _ in
      let nouns = ["cat", "dog", "house", "bird", "round"]
      return Tagger.Sentence(
        words: [
          pick(["The", "A"]), pick(nouns), pick(["sees", "hears", "round"]), pick(["the", "a"]), pick(nouns),
          ".",
        ], tags: ["DET", "NOUN", "VERB", "DET", "NOUN", "PUNCT"])
    }
  }

  /// Names of one or two words in capitals behind `by`, places behind `in`; every name is new.
  static func names(_ count: Int, seed: UInt64 = 1) -> [Tagger.Sentence] {
    var random = RandomSource(seed: seed)
    func name() -> String {
      let letters = Array("abcdefghiklmnoprstuw")
      return String((0..<5).map { _ in letters[random.below(letters.count)] }).capitalizedFirst
    }
    return (0..<count).map { _ in
      var (words, tags) = (["seen", "by"], ["O", "O"])
      let long = random.below(2) == 1
      words += long ? [name(), name()] : [name()]
      tags += long ? ["B-person", "I-person"] : ["B-person"]
      words += ["in", name(), "today"]
      tags += ["O", "B-place", "O"]
      return Tagger.Sentence(words: words, tags: tags)
    }
  }

  /// Settings that learn a toy in a moment.
  static func small(entities: Bool = false, epochs: Int = 12) -> TaggerSettings {
    var settings = entities ? TaggerSettings.entities : .tags
    settings.wordSize = 9
    settings.characterSize = 7
    settings.characterHidden = 8
    settings.featureSize = 3
    settings.hiddenSize = 17
    settings.dropout = 0.1
    settings.batchWords = 60
    settings.learningRate = 0.01
    settings.averaging = 0.9
    settings.epochs = epochs
    return settings
  }

  /// Columns as a file holds them.
  static func conll(_ sentences: [Tagger.Sentence]) -> String {
    sentences.map { sentence in
      zip(sentence.words, sentence.tags).map { "\($0)\t\($1)\n" }.joined() + "\n"
    }.joined()
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
