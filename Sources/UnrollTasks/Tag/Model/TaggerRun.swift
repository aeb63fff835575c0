import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// One training of a tagger, from sentences to model.
struct TaggerRun {
  private let settings: TaggerSettings
  private let training: TaggerCorpus
  private let validation: TaggerCorpus?
  private let tags: TaggerTags
  private let journal: TrainingJournal?
  private let report: (TaskEvent) -> Void
  private let shouldStop: () -> Bool
  private let dataHash: String?

  /// What a training on some of the sentences gave.
  private struct Fit {
    let lexicon: TaggerLexicon
    let networks: [TaggerNetwork]
    /// Of the first member.
    let history: [EpochReport]
    let end: TrainingEnd
  }

  /// - Parameters:
  ///   - validation: what the best epoch is chosen on; `nil`: a share of the corpus, which then is not learned from.
  /// - Throws: `TaggerError` when there is nothing to learn.
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
    let judged = validation?.written(in: corpus.scheme)
    // Who learns from the validation sentences in the end must know their tags.
    let known = corpus.sentences + (settings.refits ? judged?.sentences ?? [] : [])
    tags = TaggerTags(known.map(\.tags), scheme: corpus.scheme)
    if tags.names.count < 2 { throw TaggerError.oneTag(source: corpus.name, tag: tags.names.first ?? "") }
    if let judged {
      (training, self.validation) = (corpus, judged)
    } else {
      let split = DataSplit(count: corpus.sentences.count, fraction: share, seed: settings.seed)
      training = corpus.choosing(split.training)
      self.validation = split.validation.isEmpty ? nil : corpus.choosing(split.validation)
    }
  }

  func train(_ source: TaggerSource) throws -> Tagger {
    let clock = ContinuousClock()
    let start = clock.now
    var summary = TaggerSummary()
    summary.validationSentences = validation?.sentences.count ?? 0
    summary.dataHash = dataHash
    var fit = try fit(on: training, judging: validation)
    var threshold = TaggerWork.Threshold()
    if let validation {
      threshold = try judge(fit, validation)
      summary.score = threshold.score
    }
    summary.history = fit.history
    summary.end = fit.end.rawValue
    var learned = training
    if let validation, settings.refits, fit.end != .interrupted {
      report(.phase("training on all sentences"))
      let all = training.joined(with: validation)
      let whole = try self.fit(on: all, judging: nil)
      // Cut short, it is worth less than the one before, which was not.
      if whole.end == .completed, whole.networks.count == fit.networks.count {
        (fit, learned) = (whole, all)
        summary.isRefitted = true
      }
    }
    summary.sentences = learned.sentences.count
    summary.words = learned.wordCount
    summary.seconds = (clock.now - start) / .seconds(1) + (journal?.secondsBefore ?? 0)
    var kept = settings
    kept.members = fit.networks.count
    let networks = fit.networks.map { network in
      var network = network
      for (tag, bonus) in threshold.bonus.enumerated() { network.head.output.bias?.value[tag] += bonus }
      return network
    }
    return Tagger(
      settings: kept, summary: summary, lexicon: fit.lexicon, tags: tags, source: source, networks: networks)
  }

  private func judge(_ fit: Fit, _ validation: TaggerCorpus) throws -> TaggerWork.Threshold {
    let pieces = validation.pieces
    return try TaggerWork.Threshold(
      TaggerDecoder(fit.networks), TaggerWords(pieces.map(\.words), fit.lexicon), pieces.map(\.tags), tags)
  }

  private func fit(on corpus: TaggerCorpus, judging validation: TaggerCorpus?) throws -> Fit {
    let lexicon = TaggerLexicon(corpus.sentences.map(\.words), settings)
    let pieces = corpus.pieces
    let judges = validation?.pieces
    let work = TaggerWork(
      settings, words: TaggerWords(pieces.map(\.words), lexicon), labels: pieces.map { tags.encode($0.tags) },
      lexicon: lexicon,
      validation: judges.map { (TaggerWords($0.map(\.words), lexicon), $0.map(\.tags)) }, tags: tags)
    var results: [TrainingResult<TaggerNetwork>] = []
    for member in 0..<settings.members where member == 0 || !shouldStop() {
      if settings.members > 1 { report(.phase("member \(member + 1) of \(settings.members)")) }
      results.append(try train(work, member, lexicon, words: corpus.wordCount))
    }
    let end = results.map(\.end).first { $0 == .interrupted } ?? results[0].end
    return Fit(lexicon: lexicon, networks: results.map(\.model), history: results[0].history, end: end)
  }

  private func train(
    _ work: TaggerWork, _ member: Int, _ lexicon: TaggerLexicon, words: Int
  ) throws -> TrainingResult<TaggerNetwork> {
    var random = RandomSource(seed: settings.seed &+ UInt64(member) &* 0x9E37_79B9)
    let network = TaggerNetwork(
      settings, lexicon.sizes(tags), constraints: tags.constraints, decision: tags.decision(settings),
      using: &random)
    let steps = settings.epochs * max(1, words / settings.batchWords)
    let warmUp = min(100, steps / 10)
    let plan = TrainingPlan(
      epochs: settings.epochs, optimizer: Adam(learningRate: settings.learningRate),
      schedule: .warmUp(
        steps: warmUp, then: .cosine(initial: settings.learningRate, steps: steps - warmUp)),
      clipNorm: 5, patience: settings.patience > 0 ? settings.patience : nil,
      averaging: settings.averaging > 0 ? settings.averaging : nil, seed: random.next())
    var first = work
    // The trainer asks for the number of steps before it begins an epoch.
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
