import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// Training a translation network on pairs.
struct TranslationWork: TrainingWork {
  private let settings: TranslationSettings
  private let data: TranslationData
  private var validation: TokenPairs { data.validation }
  /// Texts of the validation part's targets, to compare greedy translations with; empty: loss alone.
  private let references: [String]
  private var batches: [[Int]] = []
  private let lengths: [Int]
  private var sampling: Float = 0

  init(_ settings: TranslationSettings, _ data: TranslationData) {
    self.settings = settings
    self.data = data
    lengths = (0..<data.training.count).map(data.training.length)
    references =
      settings.selection == .bleu
      ? (0..<min(data.validation.count, Self.judged)).map { data.target.spaced(data.validation.target($0)) }
      : []
    var random = RandomSource(seed: settings.seed)
    batches = epoch(&random)
  }

  /// The most pairs that are translated after an epoch.
  private static let judged = 1000

  private func epoch(_ random: inout RandomSource) -> [[Int]] {
    LengthBatcher<Int>.epoch(
      lengths: lengths, settings.budget(data.totals), random: &random)
  }

  var stepsPerEpoch: Int { data.stream?.batchCount ?? batches.count }

  mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
    if let stream = data.stream { stream.restart(random.split()) } else { batches = self.epoch(&random) }
    let progress = 2 * Float(epoch - 1) / Float(max(1, settings.epochs))
    sampling = settings.scheduledSampling * min(1, progress)
  }

  func loss(
    _ model: TranslationNetwork, step: Int, carry: Never?, random: inout RandomSource?
  ) throws -> (loss: Variable, carry: Never?) {
    let batch =
      try data.stream.map { TranslationBatch(try $0.nextBatch()) }
      ?? TranslationBatch(data.training, batches[step])
    let noisy = model.droppingWeights(rate: settings.weightDropout, random: &random)
    let loss = try noisy.loss(
      batch, smoothing: settings.labelSmoothing, sampling: sampling, random: &random)
    return (loss.mean, nil)
  }

  func validate(_ model: TranslationNetwork) throws -> Double? {
    guard validation.count > 0 else { return nil }
    switch settings.selection {
    case .loss: return try Self.loss(model, validation, settings.budget(data.totals))
    case .bleu: return try 1 - bleu(model) / 100
    }
  }

  /// Cross-entropy in nats a token, the end token included.
  static func loss(_ model: TranslationNetwork, _ pairs: TokenPairs, _ budget: BatchBudget) throws -> Double {
    var batcher = LengthBatcher<Int>(budget, random: nil)
    var batches: [[Int]] = []
    for index in 0..<pairs.count { batches += batcher.add(index, length: pairs.length(index)) }
    batches += batcher.finish()
    var total = 0.0
    var none: RandomSource?
    for indices in batches {
      let batch = TranslationBatch(pairs, indices)
      total += Double(
        try model.loss(batch, smoothing: 0, sampling: 0, random: &none).sum.value.scalar)
    }
    return total / Double(max(1, pairs.totals.targetTokens))
  }

  private func bleu(_ model: TranslationNetwork) throws -> Double {
    let decoder = TranslationDecoder(
      networks: [model], limits: TranslationLimits(data.totals), bansUnknown: settings.tokens == .subwords)
    let sources = references.indices.map { [Array(validation.source($0))] }
    let found = try decoder(sources, BeamSearch(width: 1))
    let texts = found.map { data.target.spaced($0.first?.sequence.tokens[...] ?? []) }
    return BLEU(hypotheses: texts, references: references.map { [$0] }, tokenizer: .none).score
  }
}
