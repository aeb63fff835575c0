import UnrollCore
import UnrollData

/// Where pairs come from: gone through several times, never held as a whole.
struct PairSource {
  let name: String
  /// Begins anew; what it returns gives a pair at each call, and `nil` at the end.
  let open: () throws -> () throws -> TranslationPair?

  /// A tab separated file, or two files of lines that belong together.
  init(files: [String], sourceColumn: Int = 1, targetColumn: Int = 2) {
    name = files.joined(separator: " and ")
    open = {
      var reader =
        files.count == 2
        ? try PairReader(source: files[0], target: files[1])
        : try PairReader(separated: files[0], source: sourceColumn, target: targetColumn)
      return { try reader.next().map { TranslationPair(source: $0.source, target: $0.target) } }
    }
  }

  init(_ pairs: [TranslationPair]) {
    name = "the pairs"
    open = {
      var rest = pairs[...]
      return { rest.popFirst() }
    }
  }

  /// Calls `body` with each pair.
  func visit(_ body: (TranslationPair) throws -> Void) throws {
    let next = try open()
    while let pair = try next() { try body(pair) }
  }
}

/// Pairs made into tokens, and the tokenizers that were learned from them.
struct TranslationData {
  let source: TranslationTokenizer
  let target: TranslationTokenizer
  /// What is learned from, unless it is read anew in each epoch.
  private(set) var training = TokenPairs()
  private(set) var stream: TranslationStream?
  private(set) var validation = TokenPairs()
  /// Of what is learned from.
  private(set) var totals = TokenTotals()
  private(set) var summary = TranslationSummary()

  /// - Throws: what is wrong with the files, or `TranslationError` when nothing is left of them.
  init(_ pairs: PairSource, validation given: PairSource?, _ settings: TranslationSettings) throws {
    var count = 0
    // This finds faults of the files before any work.
    try pairs.visit { _ in count += 1 }
    let share = given == nil && count >= 20 ? min(0.05, 1000 / Double(count)) : 0
    let chosen = PairChoice(share: share, seed: settings.seed)
    (source, target) = try Self.tokenizers(pairs, settings, chosen)
    summary.source = pairs.name
    let stream = TranslationStream(pairs, source, target, chosen, settings)
    var index = 0
    try pairs.visit { pair in
      let isValidation = chosen.judges(index)
      index += 1
      guard let (from, to) = tokens(of: pair, settings.maximumLength) else { return }
      if isValidation { return validation.append(source: from, target: to) }
      totals.add(source: from.count, target: to.count)
      if !settings.streams { training.append(source: from, target: to) }
    }
    try given?.visit { pair in
      if let (from, to) = tokens(of: pair, settings.maximumLength) {
        validation.append(source: from, target: to)
      }
    }
    if settings.streams {
      try stream.count(totals)
      self.stream = stream
    }
    summary.pairs = totals.count
    summary.sourceTokens = totals.sourceTokens
    summary.targetTokens = totals.targetTokens
    summary.validationPairs = validation.count
    guard totals.count > 0 else {
      throw TranslationError.noPairs(
        file: pairs.name, empty: summary.empty, long: summary.long, maximumLength: settings.maximumLength)
    }
    if let given, validation.count == 0 { throw TranslationError.noValidationPairs(file: given.name) }
  }

  private static func tokenizers(
    _ pairs: PairSource, _ settings: TranslationSettings, _ chosen: PairChoice
  ) throws -> (TranslationTokenizer, TranslationTokenizer) {
    var left = TranslationTokenizerTrainer(settings)
    var right = left
    var index = 0
    try pairs.visit { pair in
      defer { index += 1 }
      guard !chosen.judges(index) else { return }
      left.add(pair.source)
      if settings.isJoint { left.add(pair.target) } else { right.add(pair.target) }
    }
    let source = left.finish()
    return (source, settings.isJoint ? source : right.finish())
  }

  /// The tokens of a pair that can be used.
  private mutating func tokens(of pair: TranslationPair, _ maximum: Int) -> ([Int32], [Int32])? {
    let (from, to) = (source.encode(pair.source), target.encode(pair.target))
    if from.isEmpty || to.isEmpty {
      summary.empty += 1
      return nil
    }
    if from.count > maximum || to.count > maximum {
      summary.long += 1
      return nil
    }
    return (from, to)
  }

  /// What a person should know of the data.
  var remarks: [String] {
    var remarks = [
      "\(totals.count) pairs to learn from (\(totals.sourceTokens) and \(totals.targetTokens) tokens of "
        + "\(source.count) and \(target.count)), \(validation.count) to judge by"
    ]
    if summary.empty > 0 { remarks.append("left out: \(summary.empty) pairs with an empty side") }
    if summary.long > 0 { remarks.append("left out: \(summary.long) pairs with a side that is too long") }
    return remarks
  }
}

/// Which pairs of a stream judge.
struct PairChoice: Sendable {
  let share: Double
  let seed: UInt64

  func judges(_ index: Int) -> Bool {
    share > 0 && DataSplit.isValidation(index, fraction: share, seed: seed)
  }
}

/// Batches of pairs that are read anew in each epoch: for more pairs than memory holds. What is held are the pairs of a
/// few dozen batches, among which lengths are sorted and the order is drawn.
final class TranslationStream {
  private typealias Example = (source: [Int32], target: [Int32])

  private let pairs: PairSource
  private let source: TranslationTokenizer
  private let target: TranslationTokenizer
  private let chosen: PairChoice
  private let settings: TranslationSettings
  /// Batches of an epoch: the same in each, for pools begin at the same pairs and only equals change places.
  private(set) var batchCount = 0

  private var budget = BatchBudget(tokens: 1)
  private var batcher: LengthBatcher<Example>
  private var next: (() throws -> TranslationPair?)?
  private var waiting: [[Example]] = []
  private var index = 0

  init(
    _ pairs: PairSource, _ source: TranslationTokenizer, _ target: TranslationTokenizer,
    _ chosen: PairChoice, _ settings: TranslationSettings
  ) {
    self.pairs = pairs
    self.source = source
    self.target = target
    self.chosen = chosen
    self.settings = settings
    batcher = LengthBatcher(BatchBudget(tokens: 1), random: nil)
  }

  /// Counts the batches of an epoch of so much.
  func count(_ totals: TokenTotals) throws {
    budget = settings.budget(totals)
    restart(nil)
    while try nextBatch().count > 0 { batchCount += 1 }
  }

  /// Begins an epoch.
  func restart(_ random: RandomSource?) {
    batcher = LengthBatcher(budget, random: random)
    next = nil
    waiting = []
    index = 0
  }

  /// The next batch; an empty one where the files have become shorter.
  func nextBatch() throws -> TokenPairs {
    let next = try self.next ?? pairs.open()
    self.next = next
    while waiting.isEmpty {
      guard let pair = try next() else {
        waiting = batcher.finish()
        break
      }
      defer { index += 1 }
      guard !chosen.judges(index) else { continue }
      let example = (source: source.encode(pair.source), target: target.encode(pair.target))
      let sizes = 1...settings.maximumLength
      guard sizes.contains(example.source.count), sizes.contains(example.target.count) else { continue }
      waiting = batcher.add(example, length: example.source.count + example.target.count + 1)
    }
    var batch = TokenPairs()
    for example in waiting.popLast() ?? [] { batch.append(source: example.source, target: example.target) }
    return batch
  }
}
