import UnrollTraining

/// How a model came about.
public struct TrainingRecord: Sendable, Codable, Equatable {
  /// Where the data came from.
  public var source = ""
  /// SHA-256 of the data; empty where it was made in memory.
  public var dataHash = ""
  /// How much of what there was.
  public var facts: [Fact] = []
  /// Every epoch of the first member's training.
  public var history: [EpochReport] = []
  /// Why training ended.
  public var end = ""
  /// Seconds of training in all.
  public var seconds = 0.0
  /// The scores on what was held out.
  public var scores: [ScoreReport.Score] = []
  /// What was held out for those scores: `validation`, `test`, or nothing.
  public var scoredOn: String?
  /// Whether the networks were then trained again on all data.
  public var isRefit = false
  /// How often training went on from this model with more data.
  public var continuations = 0
}
