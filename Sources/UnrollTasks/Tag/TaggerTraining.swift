import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// How a tagger came about.
public struct TaggerSummary: Sendable, Codable, Equatable {
  /// The numbers of sentences and words that it was trained on.
  public var sentences = 0
  public var words = 0
  /// The number of sentences that its epoch was chosen on; 0: none, the last was taken.
  public var validationSentences = 0
  /// The best score on those, from 0 to 1: F₁ of entities, else the share of right tags.
  public var score: Double?
  /// Every epoch of the first member.
  public var history: [EpochReport] = []
  /// Why training ended.
  public var end = ""
  /// SHA-256 of the training file; `nil` of sentences in memory.
  public var dataHash: String?
  /// Seconds of training.
  public var seconds = 0.0
}

extension Tagger {
  /// Trains a tagger.
  ///
  /// The same call gives the same bits, on any number of threads.
  ///
  /// - Parameters:
  ///   - validation: what the best epoch is chosen on; `nil`: a tenth of the sentences, which then are not learned from.
  ///   - settings: `nil`: those for entities where the tags spell entities, else those for tags.
  ///   - journal: keeps checkpoints and logs; what it holds is gone on with.
  ///   - report: takes events as they come.
  ///   - shouldStop: asked often; training ends with the best weights so far when it says yes.
  /// - Throws: `TaggerError` and `DataError` for sentences that nothing can be learned from, `TrainingError` when
  ///   training goes astray.
  public static func train(
    on sentences: [Sentence], validation: [Sentence]? = nil, settings: TaggerSettings? = nil,
    journal: TrainingJournal? = nil, report: @escaping (TaskEvent) -> Void = { _ in },
    shouldStop: @escaping () -> Bool = { false }
  ) throws -> Tagger {
    let corpus = try TaggerCorpus(sentences, name: "the training sentences")
    let judges = try validation.map { try TaggerCorpus($0, name: "the validation sentences") }
    return try train(
      corpus, validation: judges, source: TaggerSource(), settings: settings, journal: journal,
      report: report, shouldStop: shouldStop)
  }

  static func train(
    _ corpus: TaggerCorpus, validation: TaggerCorpus?, validationShare: Double = 0.1, source: TaggerSource,
    settings: TaggerSettings?, journal: TrainingJournal?, report: @escaping (TaskEvent) -> Void,
    shouldStop: @escaping () -> Bool
  ) throws -> Tagger {
    let settings = settings ?? (corpus.scheme == nil ? .tags : .entities)
    try settings.check()
    let run = try TaggerRun(
      corpus, validation: validation, share: validationShare, settings: settings, journal: journal,
      report: report, shouldStop: shouldStop)
    return try run.train(source)
  }
}

/// One training of a tagger, from sentences to model.
private struct TaggerRun {
  let settings: TaggerSettings
  let training: TaggerCorpus
  let validation: TaggerCorpus?
  let tags: TaggerTags
  let lexicon: TaggerLexicon
  let journal: TrainingJournal?
  let report: (TaskEvent) -> Void
  let shouldStop: () -> Bool
  private let dataHash: String?

  init(
    _ corpus: TaggerCorpus, validation: TaggerCorpus?, share: Double, settings: TaggerSettings,
    journal: TrainingJournal?, report: @escaping (TaskEvent) -> Void, shouldStop: @escaping () -> Bool
  ) throws {
    self.settings = settings
    dataHash = corpus.hash
    self.journal = journal
    self.report = report
    self.shouldStop = shouldStop
    guard !corpus.sentences.isEmpty else { throw TaggerError.noWords(source: corpus.name) }
    tags = TaggerTags(corpus.sentences.map(\.tags), scheme: corpus.scheme)
    if tags.names.count < 2 { throw TaggerError.oneTag(source: corpus.name, tag: tags.names.first ?? "") }
    if let validation {
      (training, self.validation) = (corpus, validation)
    } else {
      let split = DataSplit(count: corpus.sentences.count, fraction: share, seed: settings.seed)
      training = corpus.choosing(split.training)
      self.validation = split.validation.isEmpty ? nil : corpus.choosing(split.validation)
    }
    lexicon = TaggerLexicon(training.sentences.map(\.words), settings)
  }

  func train(_ source: TaggerSource) throws -> Tagger {
    let clock = ContinuousClock()
    let start = clock.now
    let pieces = training.pieces
    let words = TaggerWords(pieces.map(\.words), lexicon)
    let labels = pieces.map { tags.encode($0.tags) }
    let judges = validation?.pieces
    let work = TaggerWork(
      settings, words: words, labels: labels, lexicon: lexicon,
      validation: judges.map { (TaggerWords($0.map(\.words), lexicon), $0.map(\.tags)) }, tags: tags)
    var summary = TaggerSummary()
    summary.sentences = training.sentences.count
    summary.words = training.sentences.reduce(0) { $0 + $1.words.count }
    summary.validationSentences = validation?.sentences.count ?? 0
    summary.dataHash = dataHash
    var networks: [TaggerNetwork] = []
    for member in 0..<settings.members where member == 0 || !shouldStop() {
      if settings.members > 1 { report(.phase("member \(member + 1) of \(settings.members)")) }
      let result = try train(work, member)
      networks.append(result.model)
      guard member == 0 else { continue }
      summary.history = result.history
      summary.end = result.end.rawValue
      summary.score = result.best?.validation.map { 1 - $0 }
    }
    summary.seconds = (clock.now - start) / .seconds(1) + (journal?.secondsBefore ?? 0)
    var kept = settings
    kept.members = networks.count
    let tagger = Tagger(
      settings: kept, summary: summary, lexicon: lexicon, tags: tags, source: source, networks: networks)
    guard networks.count > 1, let validation else { return tagger }
    summary.score = try tagger.score(validation).value
    return Tagger(
      settings: kept, summary: summary, lexicon: lexicon, tags: tags, source: source, networks: networks)
  }

  private func train(_ work: TaggerWork, _ member: Int) throws -> TrainingResult<TaggerNetwork> {
    var random = RandomSource(seed: settings.seed &+ UInt64(member) &* 0x9E37_79B9)
    let network = TaggerNetwork(
      settings, lexicon.sizes(tags), constraints: tags.constraints, decision: tags.decision(settings),
      using: &random)
    let words = training.sentences.reduce(0) { $0 + $1.words.count }
    let steps = settings.epochs * max(1, words / settings.batchWords)
    let warmUp = min(100, steps / 10)
    let plan = TrainingPlan(
      epochs: settings.epochs, optimizer: Adam(learningRate: settings.learningRate),
      schedule: .warmUp(
        steps: warmUp, then: .cosine(initial: settings.learningRate, steps: steps - warmUp)),
      clipNorm: 5, patience: settings.patience > 0 ? settings.patience : nil,
      averaging: settings.averaging > 0 ? settings.averaging : nil, seed: random.next())
    var first = work
    var source = RandomSource(seed: plan.seed)
    first.beginEpoch(0, using: &source)
    return try Trainer(first, model: network, plan: plan, shouldStop: shouldStop, journal: journal) {
      report(.training($0))
    }.run()
  }
}

extension TaggerTags {
  /// How tags are decided, where the settings leave it open.
  func decision(_ settings: TaggerSettings) -> TagDecision {
    settings.decision ?? (scheme == nil ? .softmax : .crf)
  }
}

extension TaggerLexicon {
  func sizes(_ tags: TaggerTags) -> TaggerNetwork.Sizes {
    .init(
      words: words.vocabularySize, characters: characters.vocabularySize, features: features.vocabularySize,
      tags: tags.names.count)
  }
}
