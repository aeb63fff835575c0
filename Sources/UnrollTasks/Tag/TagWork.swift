import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// Training a tagger's network on sentences.
public struct TagWork: TrainingWork {
  private let settings: TagSettings
  private let words: TagWords
  private let labels: [[Int32]]
  private let validation: (words: TagWords, tags: [[String]])?
  private let tags: TagSet
  /// Takes words and features for unknown by chance, rare ones more often.
  private let noise: TokenNoise
  private let mentions: MentionReplacement
  /// The sentences of an epoch, some of their entities replaced, their labels, and the steps that they make.
  private var epochWords: TagWords
  private var epochLabels: [[Int32]]
  private var batches: [[Int]] = []

  init(
    _ settings: TagSettings, words: TagWords, labels: [[Int32]], lexicon: TagLexicon,
    validation: (words: TagWords, tags: [[String]])?, tags: TagSet
  ) {
    self.settings = settings
    self.words = words
    self.labels = labels
    self.validation = validation
    self.tags = tags
    mentions = MentionReplacement(words.sentences, labels, tags, rate: settings.mentionReplacement)
    (epochWords, epochLabels) = (words, labels)
    var wordCounts = [Int](repeating: 0, count: lexicon.words.vocabularySize)
    var featureCounts = [Int](repeating: 0, count: lexicon.features.vocabularySize)
    for place in words.sentences.joined() {
      wordCounts[Int(words.ids[Int(place)])] += 1
      for feature in words.forms.features[Int(place)] { featureCounts[Int(feature)] += 1 }
    }
    let alpha = settings.rareDropout
    func rate(_ count: Int) -> Float { alpha > 0 ? alpha / (alpha + Float(count)) : 0 }
    noise = TokenNoise(
      tokens: .byID(wordCounts.map { max(settings.tokenDropout, rate($0)) }),
      features: settings.featureSize > 0
        ? .byID(featureCounts.map { max(settings.featureDropout, rate($0)) }) : .uniform(0),
      characters: .uniform(settings.characterSize > 0 ? settings.characterDropout : 0),
      replacement: SpecialToken.unknown.id)
    // The trainer asks for the number of steps before it begins an epoch.
    var random = RandomSource(seed: settings.learning.seed)
    beginEpoch(0, using: &random)
  }

  private var budget: BatchBudget {
    BatchBudget(tokens: settings.learning.batchTokens ?? .max, examples: settings.learning.batchSize)
  }

  /// To within a few, for batches are cut anew for each epoch.
  public var stepsPerEpoch: Int { batches.count }

  public mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
    for index in labels.indices {
      (epochWords.sentences[index], epochLabels[index]) = mentions.replacing(
        index, words.sentences[index], labels[index], using: &random)
    }
    batches = LengthBatcher<Int>.epoch(
      lengths: epochWords.sentences.map(\.count), budget, pool: 16, random: &random)
  }

  public func loss(
    _ model: TagNetwork, step: Int, carry: Never?, random: inout RandomSource?
  ) throws -> (loss: LossSum, carry: Never?) {
    var model = model
    model.front.noise = noise
    let emissions = try model.emissions(epochWords.batch(batches[step]), random: &random)
    let truth = batches[step].map { epochLabels[$0] }
    return (try model.head.loss(emissions, truth, smoothing: settings.learning.labelSmoothing), nil)
  }

  /// What is missing to a perfect score: of entities F₁ with the best of the thresholds, else the share of right tags.
  public func validate(_ model: TagNetwork) throws -> Double? {
    try validation.map { 1 - (try EntityBonus(TagDecoder([model]), $0.words, $0.tags, tags)).score }
  }
}
