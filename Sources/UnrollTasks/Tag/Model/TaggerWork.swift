import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// Training a tagger's network on sentences.
struct TaggerWork: TrainingWork {
  private let settings: TaggerSettings
  private let words: TaggerWords
  private let labels: [[Int32]]
  private let validation: (words: TaggerWords, tags: [[String]])?
  private let tags: TaggerTags
  /// Takes words and features for unknown by chance, rare ones more often.
  private let noise: TokenNoise
  private let mentions: TaggerMentions
  /// The sentences of an epoch, some of their entities exchanged, their labels, and the steps that they make.
  private var epochWords: TaggerWords
  private var epochLabels: [[Int32]]
  private var batches: [[Int]] = []

  init(
    _ settings: TaggerSettings, words: TaggerWords, labels: [[Int32]], lexicon: TaggerLexicon,
    validation: (words: TaggerWords, tags: [[String]])?, tags: TaggerTags
  ) {
    self.settings = settings
    self.words = words
    self.labels = labels
    self.validation = validation
    self.tags = tags
    mentions = TaggerMentions(words.sentences, labels, tags, chance: settings.exchange)
    (epochWords, epochLabels) = (words, labels)
    var wordCounts = [Int](repeating: 0, count: lexicon.words.vocabularySize)
    var featureCounts = [Int](repeating: 0, count: lexicon.features.vocabularySize)
    for place in words.sentences.joined() {
      wordCounts[Int(words.ids[Int(place)])] += 1
      for feature in words.forms.features[Int(place)] { featureCounts[Int(feature)] += 1 }
    }
    let alpha = settings.rareDropout
    func chance(_ count: Int) -> Float { alpha > 0 ? alpha / (alpha + Float(count)) : 0 }
    noise = TokenNoise(
      tokens: .byID(wordCounts.map { max(settings.wordDropout, chance($0)) }),
      features: settings.featureSize > 0
        ? .byID(featureCounts.map { max(settings.featureDropout, chance($0)) }) : .uniform(0),
      characters: .uniform(settings.characterSize > 0 ? settings.characterDropout : 0),
      replacement: SpecialToken.unknown.id)
  }

  private var budget: BatchBudget { BatchBudget(tokens: settings.batchWords) }

  /// To within a few, for batches are cut anew for each epoch.
  var stepsPerEpoch: Int { batches.count }

  mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
    for index in labels.indices {
      (epochWords.sentences[index], epochLabels[index]) = mentions.exchanging(
        index, words.sentences[index], labels[index], using: &random)
    }
    batches = LengthBatcher<Int>.epoch(
      lengths: epochWords.sentences.map(\.count), budget, pool: 16, random: &random)
  }

  func loss(
    _ model: TaggerNetwork, step: Int, carry: Never?, random: inout RandomSource?
  ) throws -> (loss: Variable, carry: Never?) {
    var model = model
    model.front.noise = noise
    let emissions = try model.emissions(epochWords.batch(batches[step]), random: &random)
    let truth = batches[step].map { epochLabels[$0] }
    return (try model.head.loss(emissions, truth, smoothing: settings.smoothing).mean, nil)
  }

  /// What is missing to a perfect score: of entities F₁ with the best of the thresholds, else the share of right tags.
  func validate(_ model: TaggerNetwork) throws -> Double? {
    try validation.map { 1 - (try Threshold(TaggerDecoder([model]), $0.words, $0.tags, tags)).score }
  }

  /// How much entities are best favoured: they are rare, and who learns to be right about words leaves too many of
  /// them out. What counts is F₁, so the choice is by that.
  ///
  /// Where tags are decided together, each entity is given a bonus at its beginning; where they are decided one by one,
  /// each word of an entity is, by lowering the score of `O`.
  struct Threshold {
    /// What is added to the score of each tag; empty where tags spell no entities.
    private(set) var bonus: [Float] = []
    /// F₁ of entities, else the share of right tags.
    private(set) var score = 0.0

    init() {}

    private static let steps: [Float] = (0...12).map { Float($0) * 0.25 }

    init(
      _ decoder: TaggerDecoder, _ words: TaggerWords, _ truth: [[String]], _ tags: TaggerTags
    ) throws {
      guard tags.scheme != nil else {
        let found = try decoder.answers(words).map { tags.decode($0.tags) }
        score = EntityScore(actual: truth, predicted: found).accuracy
        return
      }
      let unit: [Float] = tags.names.map { name in
        if decoder.decidesTogether { return name.hasPrefix("B-") || name.hasPrefix("S-") ? 1 : 0 }
        return name == "O" ? -1 : 0
      }
      bonus = unit.map { _ in 0 }
      for (step, found) in zip(Self.steps, try decoder.tags(words, adding: unit, times: Self.steps)) {
        let f1 = EntityScore(actual: truth, predicted: found.map(tags.decode)).overall.f1
        if f1 > score { (bonus, score) = (unit.map { $0 * step }, f1) }
      }
    }
  }
}
