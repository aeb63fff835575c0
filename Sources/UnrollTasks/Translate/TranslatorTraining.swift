import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// How a translator came about.
struct TranslationSummary: Sendable, Codable, Equatable {
  var source = ""
  var pairs = 0
  var sourceTokens = 0
  var targetTokens = 0
  var validationPairs = 0
  /// Pairs that were left out: with an empty side, and too long.
  var empty = 0
  var long = 0
  var history: [EpochReport] = []
  var end = ""
  var seconds = 0.0
  /// Nats a token on the validation part.
  var validationLoss: Double?
}

/// Where pairs come from: gone through several times, never held as a whole.
struct PairSource {
  let name: String
  /// Calls its argument with each pair.
  let forEach: ((_ source: String, _ target: String) throws -> Void) throws -> Void

  /// A tab separated file, or two files of lines that belong together.
  init(files: [String], sourceColumn: Int = 1, targetColumn: Int = 2) {
    name = files.joined(separator: " and ")
    forEach = { body in
      var reader =
        files.count == 2
        ? try PairReader(source: files[0], target: files[1])
        : try PairReader(separated: files[0], source: sourceColumn, target: targetColumn)
      while let pair = try reader.next() { try body(pair.source, pair.target) }
    }
  }

  init(_ pairs: [TranslationPair]) {
    name = "the pairs"
    forEach = { body in for pair in pairs { try body(pair.source, pair.target) } }
  }
}

/// A text and what it is to become.
public struct TranslationPair: Sendable, Equatable {
  public let source: String
  public let target: String

  public init(source: String, target: String) {
    self.source = source
    self.target = target
  }
}

extension Translator {
  /// Trains a translator.
  ///
  /// The epoch that is best on the validation part is kept. The same call with the same seed gives the same bits, on
  /// any number of threads.
  ///
  /// - Parameters:
  ///   - validation: pairs that the best epoch is chosen by; `nil`: one in twenty of the pairs, at most 1000, which are
  ///     not learned from then.
  ///   - journal: keeps checkpoints and logs; what it holds is gone on with.
  ///   - report: takes events as they come.
  ///   - shouldStop: asked often; training ends with the best weights so far when it says yes.
  /// - Throws: `TranslationError` when there is nothing to learn from, `TrainingError` when training goes astray.
  public static func train(
    on pairs: [TranslationPair], validation: [TranslationPair]? = nil,
    settings: TranslationSettings = .init(), journal: TrainingJournal? = nil,
    report: @escaping (TaskEvent) -> Void = { _ in }, shouldStop: @escaping () -> Bool = { false }
  ) throws -> Translator {
    try train(
      on: PairSource(pairs), validation: validation.map(PairSource.init), settings: settings,
      journal: journal, report: report, shouldStop: shouldStop)
  }

  static func train(
    on source: PairSource, validation: PairSource?, settings: TranslationSettings,
    journal: TrainingJournal?, report: @escaping (TaskEvent) -> Void, shouldStop: @escaping () -> Bool
  ) throws -> Translator {
    try settings.check()
    let clock = ContinuousClock()
    let start = clock.now
    report(.phase("reading"))
    let data = try TranslationData(source, validation: validation, settings)
    var summary = data.summary
    for remark in data.remarks { report(.note(remark)) }
    report(.phase("training"))
    let work = TranslationWork(
      settings, data.training, validation: data.validation, target: data.target)
    var random = RandomSource(seed: settings.seed)
    let network = TranslationNetwork(
      settings, sourceCount: data.source.count, targetCount: data.target.count, using: &random)
    let plan = plan(settings, stepsPerEpoch: work.stepsPerEpoch, seed: random.next())
    let result = try Trainer(work, model: network, plan: plan, shouldStop: shouldStop, journal: journal) {
      report(.training($0))
    }.run()
    summary.history = result.history
    summary.end = result.end.rawValue
    if data.validation.count > 0 {
      summary.validationLoss = try TranslationWork.loss(
        result.model, data.validation, batchTokens: settings.batchTokens)
    }
    summary.seconds = (clock.now - start) / .seconds(1) + (journal?.secondsBefore ?? 0)
    return Translator(
      settings: settings, source: data.source, target: data.target, network: result.model,
      limits: TranslationLimits(data.training), summary: summary)
  }

  private static func plan(_ settings: TranslationSettings, stepsPerEpoch: Int, seed: UInt64) -> TrainingPlan
  {
    let steps = settings.epochs * stepsPerEpoch
    let warmUp = min(200, steps / 10)
    return TrainingPlan(
      epochs: settings.epochs,
      optimizer: AdamW(learningRate: settings.learningRate, weightDecay: settings.weightDecay),
      schedule: .warmUp(
        steps: warmUp, then: .cosine(initial: settings.learningRate, steps: steps - warmUp)),
      patience: settings.patience > 0 ? settings.patience : nil,
      averaging: settings.averaging > 0 ? settings.averaging : nil, seed: seed)
  }
}

/// Pairs made into tokens, and the tokenizers that were learned from them.
struct TranslationData {
  let source: TranslationTokenizer
  let target: TranslationTokenizer
  private(set) var training = TokenPairs()
  private(set) var validation = TokenPairs()
  private(set) var summary = TranslationSummary()

  /// - Throws: what is wrong with the files, or `TranslationError` when nothing is left of them.
  init(_ pairs: PairSource, validation given: PairSource?, _ settings: TranslationSettings) throws {
    var count = 0
    try pairs.forEach { _, _ in count += 1 }
    let share = given == nil && count >= 20 ? min(0.05, 1000 / Double(count)) : 0
    func judges(_ index: Int) -> Bool {
      share > 0 && DataSplit.isValidation(index, fraction: share, seed: settings.seed)
    }
    (source, target) = try Self.tokenizers(pairs, settings) { judges($0) }
    summary.source = pairs.name
    var index = 0
    try pairs.forEach { left, right in
      let isValidation = judges(index)
      index += 1
      add(left, right, maximum: settings.maximumLength, validation: isValidation)
    }
    try given?.forEach { add($0, $1, maximum: settings.maximumLength, validation: true) }
    summary.pairs = training.count
    summary.sourceTokens = training.sourceTokens
    summary.targetTokens = training.targetTokens
    summary.validationPairs = validation.count
    guard training.count > 0 else {
      throw TranslationError.noPairs(
        file: pairs.name, empty: summary.empty, long: summary.long, maximumLength: settings.maximumLength)
    }
    if let given, validation.count == 0 { throw TranslationError.noValidationPairs(file: given.name) }
  }

  private static func tokenizers(
    _ pairs: PairSource, _ settings: TranslationSettings, judges: (Int) -> Bool
  ) throws -> (TranslationTokenizer, TranslationTokenizer) {
    var left = TranslationTokenizerTrainer(settings)
    var right = left
    var index = 0
    try pairs.forEach { source, target in
      defer { index += 1 }
      guard !judges(index) else { return }
      left.add(source)
      if settings.isJoint { left.add(target) } else { right.add(target) }
    }
    let source = left.finish()
    return (source, settings.isJoint ? source : right.finish())
  }

  private mutating func add(_ left: String, _ right: String, maximum: Int, validation isValidation: Bool) {
    let (from, to) = (source.encode(left), target.encode(right))
    guard !from.isEmpty, !to.isEmpty else {
      summary.empty += 1
      return
    }
    if isValidation {
      validation.append(source: from, target: to)
    } else if from.count > maximum || to.count > maximum {
      summary.long += 1
    } else {
      training.append(source: from, target: to)
    }
  }

  /// What a person should know of the data.
  var remarks: [String] {
    var remarks = [
      "\(training.count) pairs to learn from (\(training.sourceTokens) and \(training.targetTokens) tokens of "
        + "\(source.count) and \(target.count)), \(validation.count) to judge by"
    ]
    if summary.empty > 0 { remarks.append("left out: \(summary.empty) pairs with an empty side") }
    if summary.long > 0 { remarks.append("left out: \(summary.long) pairs with a side that is too long") }
    return remarks
  }
}
