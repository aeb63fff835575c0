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
  /// Whether the networks were then trained again on all sentences, those included.
  public var isRefitted = false
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
