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
  /// The chance of each word id, and of each feature id, to be taken for unknown.
  private let wordDropout: [Float]
  private let featureDropout: [Float]
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
    var wordCounts = [Int](repeating: 0, count: lexicon.words.vocabularySize)
    var featureCounts = [Int](repeating: 0, count: lexicon.features.vocabularySize)
    for place in words.sentences.joined() {
      let form = words.forms[Int(place)]
      wordCounts[Int(form.word)] += 1
      for feature in form.features { featureCounts[Int(feature)] += 1 }
    }
    let alpha = settings.rareDropout
    func chance(_ count: Int) -> Float { alpha > 0 ? alpha / (alpha + Float(count)) : 0 }
    wordDropout = wordCounts.map { max(settings.wordDropout, chance($0)) }
    featureDropout = featureCounts.map(chance)
  }

  private var budget: BatchBudget { BatchBudget(tokens: settings.batchWords) }

  /// How many steps an epoch has, to within a few: batches are cut anew for each.
  var stepsPerEpoch: Int { batches.count }

  /// The work with the batches of its first epoch, whose number is that of all.
  mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
    batches = LengthBatcher<Int>.epoch(
      lengths: words.sentences.map(\.count), budget, pool: 16, random: &random)
  }

  func loss(
    _ model: TaggerNetwork, step: Int, carry: Never?, random: inout RandomSource?
  ) throws -> (loss: Variable, carry: Never?) {
    var batch = TaggerBatch(batches[step], of: words)
    drop(&batch, &random)
    let emissions = try model.emissions(batch, random: &random)
    let truth = batches[step].map { labels[$0] }
    let count = Double(max(1, batch.layout.rows))
    let total: Variable
    if let field = model.field {
      total = try field.negativeLogLikelihood(emissions, truth).sum()
    } else {
      total = try Loss.crossEntropy(
        emissions.rows, batch.layout.packing(truth), smoothing: settings.smoothing)
    }
    return (total.affine(times: 1 / count, plus: 0), nil)
  }

  /// Takes words and features for unknown by chance, so that the network learns what to do about unknown ones.
  private func drop(_ batch: inout TaggerBatch, _ random: inout RandomSource?) {
    guard random != nil else { return }
    for index in batch.words.indices where random!.uniform() < wordDropout[Int(batch.words[index])] {
      batch.words[index] = SpecialToken.unknown.id
    }
    guard settings.featureSize > 0 else { return }
    for index in batch.forms.indices {
      batch.forms[index].features = batch.forms[index].features.map {
        random!.uniform() < featureDropout[Int($0)] ? SpecialToken.unknown.id : $0
      }
    }
  }

  /// What is missing to a perfect score: of entities F₁, else the share of right tags.
  func validate(_ model: TaggerNetwork) throws -> Double? {
    guard let validation else { return nil }
    let found = try TaggerDecoder([model]).answers(validation.words).map { tags.decode($0.tags) }
    let score = EntityScore(actual: validation.tags, predicted: found)
    return 1 - (tags.scheme == nil ? score.accuracy : score.overall.f1)
  }
}
