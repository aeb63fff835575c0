import UnrollCore
import UnrollData

import UnrollTasks

/// Sentences whose tags follow from rules.
enum TagToy {
  /// `DET NOUN VERB DET NOUN .` of made-up words; `round` is a noun behind a determiner and a verb elsewhere.
  static func grammar(_ count: Int, seed: UInt64 = 1) -> [TagData.Sentence] {
    var random = RandomSource(seed: seed)
    func pick(_ words: [String]) -> String { words[random.below(words.count)] }
    return (0..<count).map { _ in
      let nouns = ["cat", "dog", "house", "bird", "round"]
      return TagData.Sentence(
        words: [
          pick(["The", "A"]), pick(nouns), pick(["sees", "hears", "round"]), pick(["the", "a"]), pick(nouns),
          ".",
        ], tags: ["DET", "NOUN", "VERB", "DET", "NOUN", "PUNCT"])
    }
  }

  /// Names of one or two words in capitals behind `by`, places behind `in`; every name is new.
  static func names(_ count: Int, seed: UInt64 = 1) -> [TagData.Sentence] {
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
      return TagData.Sentence(words: words, tags: tags)
    }
  }

  /// Settings that learn a toy in a moment.
  static func small(entities: Bool = false, epochs: Int = 12) -> TagSettings {
    var settings = entities ? TagSettings.entities : .tags
    settings.embeddingSize = 9
    settings.characterSize = 7
    settings.characterHidden = 8
    settings.featureSize = 3
    settings.network.hiddenSize = 17
    settings.network.dropout = 0.1
    settings.learning.batchTokens = 60
    settings.learning.learningRate = 0.01
    settings.learning.averaging = 0.9
    settings.learning.epochs = epochs
    return settings
  }

  /// Columns as a file holds them.
  static func conll(_ sentences: [TagData.Sentence]) -> String {
    sentences.map { sentence in
      zip(sentence.words, sentence.tags).map { "\($0)\t\($1)\n" }.joined() + "\n"
    }.joined()
  }
}

extension Model where Task == TagTask {
  static func train(
    on sentences: [TagData.Sentence], settings: TagSettings? = nil, validation: [TagData.Sentence]? = nil,
    session: TaskSession = TaskSession()
  ) throws -> Tagger {
    let judges = try validation.map { try TagData($0) }
    return try train(on: TagData(sentences), settings: settings, validation: judges, session: session)
  }

  func score(_ sentences: [TagData.Sentence]) throws -> ScoreReport { try evaluate(on: TagData(sentences)) }

  /// The answers with the probability of each tag.
  func answersWithProbabilities(_ sentences: [[String]]) throws -> [TaggedText] {
    var options = TagOptions()
    options.probabilities = true
    return try answers(sentences.map { TagInput($0) }, options: options)
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
