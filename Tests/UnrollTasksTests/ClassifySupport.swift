import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTasks

/// Examples whose labels follow a rule, and classifiers that train in a moment.
enum ClassifyToy {
  /// Texts of filling words among which one says what they are: the order of words does not matter.
  static func texts(_ count: Int, seed: UInt64 = 1) -> (texts: [String], labels: [String]) {
    var random = RandomSource(seed: seed)
    let fill = ["the", "film", "was", "a", "play", "of", "two", "hours"]
    let telling = [("good", ["great", "lovely", "fine"]), ("bad", ["awful", "dull", "poor"])]
    var (texts, labels): ([String], [String]) = ([], [])
    for index in 0..<count {
      let (label, words) = telling[index % 2]
      var line = (0..<1 + random.below(6)).map { _ in fill[random.below(fill.count)] }
      line.insert(words[random.below(words.count)], at: random.below(line.count + 1))
      texts.append(line.joined(separator: " "))
      labels.append(label)
    }
    return (texts, labels)
  }

  static func data(_ count: Int = 80, seed: UInt64 = 1) throws -> ClassifyData {
    let (texts, labels) = texts(count, seed: seed)
    return try ClassifyData(texts: texts, labels: labels)
  }

  /// Sequences of two channels of which the first rises or falls, with lengths from `shortest` on.
  static func sequences(
    _ count: Int, seed: UInt64 = 1, shortest: Int = 5
  ) -> (sequences: [[[Float]]], labels: [String]) {
    var random = RandomSource(seed: seed)
    var (all, labels): ([[[Float]]], [String]) = ([], [])
    for index in 0..<count {
      let rises = index % 2 == 0
      let start = 100 + 20 * random.normal()
      let steps = shortest + random.below(12)
      all.append(
        (0..<steps).map { step in
          [start + (rises ? 6 : -6) * Float(step) + random.normal(), 3 + random.normal()]
        })
      labels.append(rises ? "up" : "down")
    }
    return (all, labels)
  }

  /// Settings that train in a moment.
  static func small(_ change: (inout ClassifySettings) -> Void = { _ in }) -> ClassifySettings {
    var settings = ClassifySettings.texts
    settings.network.hiddenSize = 9
    settings.tokens.embeddingSize = 7
    settings.pieces = 50
    settings.learning.epochs = 25
    settings.learning.batchSize = 16
    settings.network.dropout = 0
    settings.tokenDropout = 0
    settings.learning.learningRate = 0.02
    settings.learning.averaging = 0
    settings.learning.patience = 0
    settings.learning.validationShare = 0
    change(&settings)
    return settings
  }

  static func accuracy(_ classifier: Classifier, _ data: ClassifyData) throws -> Double {
    try classifier.evaluate(on: data)[classifier.settings.multiLabel ? "found exactly" : "accuracy"]
  }
}

extension Classification {
  /// Every number of it, for comparisons bit for bit.
  var bits: [UInt64] { probabilities.map(\.probability.bitPattern) }
}
