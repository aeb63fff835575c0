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
    let work = TranslationWork(settings, data)
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
        result.model, data.validation, settings.budget(data.totals))
    }
    summary.seconds = (clock.now - start) / .seconds(1) + (journal?.secondsBefore ?? 0)
    return Translator(
      settings: settings, source: data.source, target: data.target, network: result.model,
      limits: TranslationLimits(data.totals), summary: summary)
  }

  private static func plan(_ settings: TranslationSettings, stepsPerEpoch: Int, seed: UInt64) -> TrainingPlan
  {
    let steps = settings.epochs * stepsPerEpoch
    let warmUp = min(200, steps / 10)
    return TrainingPlan(
      epochs: settings.epochs,
      optimizer: AdamW(learningRate: settings.learningRate, weightDecay: settings.weightDecay),
      schedule: .warmUp(
        steps: warmUp, then: .cosine(steps: steps - warmUp)),
      patience: settings.patience > 0 ? settings.patience : nil,
      averaging: settings.averaging > 0 ? settings.averaging : nil, seed: seed)
  }
}
