import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

extension SequenceToSequence {
  /// The network that settings ask for: an encoder in both directions, and a decoder whose lexicon is the source's vectors.
  ///
  /// Vectors are multiplied by √E / 2, since a table of small vectors serves the output and larger ones the cells.
  static func make(
    _ settings: PairSettings, _ preparation: PairPreparation, using random: inout RandomSource
  ) -> SequenceToSequence {
    let (network, e) = (settings.network, settings.tokens.embeddingSize)
    func front(_ count: Int) -> TokenFront {
      // The table is the output as well: vectors of about unit length keep the first logits small.
      TokenFront(
        count: count, size: e, deviation: 1 / Float(e).squareRoot(), scale: 0.5 * Double(e).squareRoot(),
        noise: TokenNoise(tokens: .uniform(settings.tokenDropout)), dropout: network.dropout, using: &random)
    }
    let source = front(preparation.source.count)
    let target = settings.joint ? source : front(preparation.target.count)
    let encoder = RecurrentEncoder(
      network.cell, inputSize: e, hiddenSizes: Array(repeating: network.hiddenSize, count: network.layers),
      bidirectional: true, dropout: network.dropout, using: &random)
    var configuration = AttentionDecoder.Configuration(
      hiddenSize: network.hiddenSize, memorySize: encoder.outputSize)
    configuration.cell = network.cell
    configuration.layers = settings.decoderLayers
    configuration.attention = settings.attention
    configuration.inputFeeding = settings.inputFeeding
    configuration.coverage = settings.coverage
    configuration.copies = settings.copy
    configuration.lexiconSize = e
    configuration.dropout = network.dropout
    configuration.unknown = SpecialToken.unknown.id
    return SequenceToSequence(
      source: settings.joint ? nil : source, encoder: encoder,
      decoder: AttentionDecoder(configuration, front: target, using: &random))
  }
}

/// How a network of pairs learns.
public struct PairWork: TrainingWork {
  /// How the texts that a network writes are compared with those wanted, from 0 to 1; `nil`: by the loss alone.
  typealias Metric = @Sendable (_ found: [String], _ wanted: [String]) -> Double

  private let settings: PairSettings
  private let learning: LearningSettings
  private let preparation: PairPreparation
  private var training = TokenPairs()
  private let stream: PairStream?
  private var validation = TokenPairs()
  private let metric: Metric?
  private var batches: [[Int]] = []
  private let lengths: [Int]
  private let budget: BatchBudget
  private var sampling: Float = 0

  init(
    _ training: PairData, validation: PairData?, _ settings: PairSettings, _ learning: LearningSettings,
    _ preparation: PairPreparation, metric: Metric?
  ) throws {
    (self.settings, self.learning, self.preparation, self.metric) = (settings, learning, preparation, metric)
    var (tokens, left, held, compared) = (0, 0, TokenPairs(), TokenPairs())
    try training.visit { pair in
      guard let found = preparation.tokens(of: pair, settings) else {
        left += 1
        return
      }
      tokens += found.source.count + found.target.count + 1
      if !settings.stream { held.append(found) }
    }
    guard tokens > 0 else {
      throw DataError(
        .emptyFile, file: training.source, expected: "a pair of texts to learn from",
        found: "\(left) with a side that is empty or of more than \(settings.maximumLength) tokens")
    }
    try validation?.visit { pair in
      if let found = preparation.tokens(of: pair, settings) { compared.append(found) }
    }
    if let validation, compared.count == 0 {
      throw DataError(
        .emptyFile, file: validation.source,
        expected: "pairs of two texts that are not too long, to choose the epoch by",
        found: "none")
    }
    (self.training, self.validation) = (held, compared)
    // Small batches for little data: a few large ones an epoch would end before the network has learned.
    budget = BatchBudget(
      tokens: learning.batchTokens ?? min(3000, max(500, tokens / 250)), examples: learning.batchSize)
    stream = settings.stream ? try PairStream(training, preparation, settings, budget) : nil
    lengths = (0..<held.count).map(held.length)
    var random = RandomSource(seed: learning.seed)
    batches = LengthBatcher<Int>.epoch(lengths: lengths, budget, random: &random)
  }

  /// The most pairs that are written after an epoch.
  private static let mostWritten = 1000

  public var stepsPerEpoch: Int { stream?.batchCount ?? batches.count }

  public mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
    if let stream {
      stream.restart(random.split())
    } else {
      batches = LengthBatcher<Int>.epoch(lengths: lengths, budget, random: &random)
    }
    let progress = 2 * Float(epoch - 1) / Float(max(1, learning.epochs))
    sampling = settings.scheduledSampling * min(1, progress)
  }

  /// Pairs that come one after the other are read past.
  public mutating func skip(steps: Int) throws {
    guard let stream else { return }
    for _ in 0..<steps { _ = try stream.next() }
  }

  public func loss(
    _ model: SequenceToSequence, step: Int, carry: Never?, random: inout RandomSource?
  ) throws -> (loss: LossSum, carry: Never?) {
    let noisy = model.droppingWeights(rate: settings.network.weightDropout, random: &random)
    let options = AttentionDecoder.LossOptions(smoothing: learning.labelSmoothing, sampling: sampling)
    if let stream {
      let pairs = try stream.next()
      return (try loss(noisy, pairs, Array(0..<pairs.count), options, &random), nil)
    }
    return (try loss(noisy, training, batches[step], options, &random), nil)
  }

  private func loss(
    _ model: SequenceToSequence, _ pairs: TokenPairs, _ places: [Int],
    _ options: AttentionDecoder.LossOptions,
    _ random: inout RandomSource?
  ) throws -> LossSum {
    let sources = places.map { pairs.source($0) }
    let size = preparation.target.count
    let targets = DecoderTargets(
      places.map { pairs.target($0) }, begin: SpecialToken.begin.id, end: SpecialToken.end.id,
      vocabularySize: size,
      unknown: SpecialToken.unknown.id)
    let copying = settings.copy ? CopySource(sources, vocabularySize: size) : nil
    return try model.loss(
      TokenBatch(sources.map { $0.inVocabulary(preparation.source.count) }), targets, copying: copying,
      options,
      random: &random)
  }

  public func validate(_ model: SequenceToSequence) throws -> Double? {
    guard validation.count > 0 else { return nil }
    guard let metric else { return try nats(model) }
    let count = min(validation.count, Self.mostWritten)
    let writer = PairWriter([model], preparation, settings)
    let found = try writer.write((0..<count).map { validation.source($0) }, BeamSearch(width: 1))
    return 1
      - metric(
        found.map { preparation.target.compared($0[0].sequence.tokens) },
        (0..<count).map { preparation.target.compared(validation.target($0)) })
  }

  /// Cross-entropy in nats a token of the target, the end token included.
  private func nats(_ model: SequenceToSequence) throws -> Double {
    var batcher = LengthBatcher<Int>(budget, random: nil)
    var cut: [[Int]] = []
    for index in 0..<validation.count { cut += batcher.add(index, length: validation.length(index)) }
    cut += batcher.finish()
    var total = LossTotal()
    var none: RandomSource?
    for places in cut { total.add(try loss(model, validation, places, .init(), &none)) }
    return total.mean
  }
}

/// The sums of losses that are numbers already.
struct LossTotal {
  private var sum = 0.0
  private var weight = 0.0

  mutating func add(_ loss: LossSum) {
    sum += Double(loss.sum.value.scalar)
    weight += loss.weight
  }

  var mean: Double { sum / max(weight, 1e-9) }
}

extension [Int32] {
  /// The ids with those beyond a vocabulary as unknown.
  func inVocabulary(_ size: Int) -> [Int32] { map { Int($0) < size ? $0 : SpecialToken.unknown.id } }
}

/// Batches of pairs that are read anew in each epoch: for more pairs than memory holds. What is held are the pairs of a
/// few dozen batches, among which lengths are sorted and the order is drawn.
final class PairStream {
  private typealias Example = (source: [Int32], target: [Int32])

  private let data: PairData
  private let preparation: PairPreparation
  private let settings: PairSettings
  private let budget: BatchBudget
  /// Batches of an epoch: the same in each, for pools begin at the same pairs and only equals change places.
  private(set) var batchCount = 0
  private var batcher: LengthBatcher<Example>
  private var open: (() throws -> PairData.Pair?)?
  private var waiting: [[Example]] = []

  init(_ data: PairData, _ preparation: PairPreparation, _ settings: PairSettings, _ budget: BatchBudget)
    throws
  {
    (self.data, self.preparation, self.settings, self.budget) = (data, preparation, settings, budget)
    batcher = LengthBatcher(budget, random: nil)
    while try next().count > 0 { batchCount += 1 }
  }

  /// Begins an epoch.
  func restart(_ random: RandomSource?) {
    batcher = LengthBatcher(budget, random: random)
    open = nil
    waiting = []
  }

  /// The next batch; an empty one where the files have become shorter.
  func next() throws -> TokenPairs {
    let next = try open ?? data.open()
    open = next
    while waiting.isEmpty {
      guard let pair = try next() else {
        waiting = batcher.finish()
        break
      }
      guard let example = preparation.tokens(of: pair, settings) else { continue }
      waiting = batcher.add(example, length: example.source.count + example.target.count + 1)
    }
    var batch = TokenPairs()
    for example in waiting.popLast() ?? [] { batch.append(example) }
    return batch
  }
}
