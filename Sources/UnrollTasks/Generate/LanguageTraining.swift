import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

extension LanguageModel {
  /// Trains a model on a file of UTF-8 text.
  ///
  /// The last part of the text judges each epoch, and the best weights are kept. The same call with the same seed
  /// gives the same bits unless a time limit cuts it short.
  ///
  /// - Parameters:
  ///   - timeLimit: seconds; the best weights by then are kept.
  ///   - journal: keeps checkpoints and logs; what it holds is gone on with.
  ///   - report: takes events as they come.
  ///   - shouldStop: asked often; training ends with the best weights so far when it says yes.
  /// - Throws: `DataError` when the file is no text, `LanguageError` when it is too short or a setting makes no
  ///   sense, `TrainingError` when training goes astray.
  public static func train(
    contentsOf path: String, settings: LanguageSettings = LanguageSettings(), timeLimit: Double? = nil,
    journal: TrainingJournal? = nil, report: @escaping (TaskEvent) -> Void = { _ in },
    shouldStop: @escaping () -> Bool = { false }
  ) throws -> LanguageModel {
    try settings.check()
    let corpus = try LanguageCorpus(
      path: path, validationShare: settings.validationShare, memoryLimit: settings.memoryLimit)
    return try train(on: corpus, settings, timeLimit, journal, report, shouldStop)
  }

  /// Trains a model on a text in memory; see ``train(contentsOf:settings:timeLimit:journal:report:shouldStop:)``.
  public static func train(
    on text: String, settings: LanguageSettings = LanguageSettings(), timeLimit: Double? = nil,
    journal: TrainingJournal? = nil, report: @escaping (TaskEvent) -> Void = { _ in },
    shouldStop: @escaping () -> Bool = { false }
  ) throws -> LanguageModel {
    try settings.check()
    let corpus = try LanguageCorpus(
      bytes: Array(text.utf8), name: "the text", validationShare: settings.validationShare)
    return try train(on: corpus, settings, timeLimit, journal, report, shouldStop)
  }

  private static func train(
    on corpus: LanguageCorpus, _ settings: LanguageSettings, _ timeLimit: Double?,
    _ journal: TrainingJournal?, _ report: @escaping (TaskEvent) -> Void, _ shouldStop: @escaping () -> Bool
  ) throws -> LanguageModel {
    let clock = ContinuousClock()
    let start = clock.now
    report(.phase("reading"))
    let hash = try corpus.hash()
    let tokenizer = try corpus.tokenizer(settings)
    let settings = try resolved(settings, tokenizer, corpus)
    let validation = try corpus.tokens(of: corpus.validation, tokenizer)
    let (work, count) = try work(corpus, settings, tokenizer, validation)
    report(
      .note(
        "\(count) tokens to learn from, \(validation.count) to judge by, "
          + "\(tokenizer.vocabularySize) in the vocabulary"))
    report(.phase("training"))
    let result = try fit(work, settings, tokenizer, timeLimit, journal, report, shouldStop)
    var summary = LanguageSummary(
      source: corpus.name, textHash: hash, trainingTokens: count, validationTokens: validation.count)
    summary.history = result.history
    summary.end = result.end.rawValue
    summary.seconds = (clock.now - start) / .seconds(1) + (journal?.secondsBefore ?? 0)
    return LanguageModel(settings: settings, tokenizer: tokenizer, summary: summary, network: result.model)
  }

  /// The settings with what was left open decided by the vocabulary.
  private static func resolved(
    _ settings: LanguageSettings, _ tokenizer: any Tokenizer, _ corpus: LanguageCorpus
  ) throws(LanguageError) -> LanguageSettings {
    let special = SpecialToken.allCases.count
    let own = tokenizer.vocabularySize - special
    guard own >= 2 else {
      let found = (special..<tokenizer.vocabularySize).map { quoted(tokenizer.decode([Int32($0)])) }
      throw .smallVocabulary(file: corpus.name, found: found)
    }
    var settings = settings
    if settings.softmax == nil {
      settings.softmax =
        settings.tokens == .words && tokenizer.vocabularySize >= 20_000 ? .adaptive : .full
      if settings.softmax == .adaptive { settings.tiesWeights = false }
    }
    return settings
  }

  private static func work(
    _ corpus: LanguageCorpus, _ settings: LanguageSettings, _ tokenizer: any Tokenizer,
    _ validation: [Int32]
  ) throws -> (work: LanguageWork, tokens: Int) {
    if corpus.isStreamed {
      let reading = try CorpusReading(
        path: corpus.name, range: corpus.training, tokenizer: tokenizer, streams: settings.streams,
        steps: settings.steps)
      return (LanguageWork(reading, validation: validation), reading.tokens)
    }
    let training = try corpus.tokens(of: corpus.training, tokenizer)
    guard training.count >= 2 else {
      throw LanguageError.tooShort(file: corpus.name, tokens: training.count, needed: 2)
    }
    let work = LanguageWork(
      training: training, validation: validation, streams: settings.streams, steps: settings.steps)
    return (work, training.count)
  }

  private static func fit(
    _ work: LanguageWork, _ settings: LanguageSettings, _ tokenizer: any Tokenizer, _ timeLimit: Double?,
    _ journal: TrainingJournal?, _ report: @escaping (TaskEvent) -> Void, _ shouldStop: @escaping () -> Bool
  ) throws -> TrainingResult<LanguageNetwork> {
    var random = RandomSource(seed: settings.seed)
    let network = LanguageNetwork(settings, vocabularySize: tokenizer.vocabularySize, using: &random)
    let steps = settings.epochs * work.stepsPerEpoch
    let warmUp = min(200, steps / 10)
    let plan = TrainingPlan(
      epochs: settings.epochs,
      optimizer: AdamW(learningRate: settings.learningRate, weightDecay: settings.weightDecay),
      schedule: .warmUp(
        steps: warmUp, then: .cosine(steps: steps - warmUp)),
      clipNorm: settings.clipNorm, averaging: settings.averaging > 0 ? settings.averaging : nil,
      timeLimit: timeLimit, seed: random.next())
    return try Trainer(work, model: network, plan: plan, shouldStop: shouldStop, journal: journal) {
      report(.training($0))
    }.run()
  }
}
