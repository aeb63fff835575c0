import UnrollCore
import UnrollData

/// What happens in a clip.
public struct WatchAnswer: TaskAnswer, Equatable {
  /// A label and how probable it is.
  public struct Probability: Codable, Sendable, Equatable {
    public let label: String
    public let probability: Double
  }

  /// The clip's label, and the probabilities of labels, the likeliest first; `nil` where segments are found.
  public let label: String?
  public let probabilities: [Probability]?
  /// In the order of time, without those in which nothing happens; `nil` where a clip has one label.
  public let segments: [TimedSegment]?
  private var isWebVTT = false

  private enum CodingKeys: String, CodingKey { case label, probabilities, segments }

  init(_ values: [Float], labels: [String], top: Int?) {
    let order = labels.indices.sorted { (values[$1], $0) < (values[$0], $1) }
    label = labels[order[0]]
    probabilities = order.prefix(top ?? labels.count).map {
      // Six digits are what single precision knows.
      Probability(
        label: labels[$0], probability: (Double(min(max(values[$0], 0), 1)) * 1e6).rounded() / 1e6)
    }
    segments = nil
  }

  init(_ segments: [TimedSegment], isWebVTT: Bool) {
    (label, probabilities) = (nil, nil)
    self.segments = segments
    self.isWebVTT = isWebVTT
  }

  public var shown: String {
    guard let segments else {
      let list = (probabilities ?? []).prefix(5).map {
        "\($0.label) \(NumberText.decimal($0.probability, places: 3))"
      }
      return "\(label ?? "–")\t\(list.joined(separator: "  "))"
    }
    if isWebVTT { return TimedSegment.webVTT(segments) }
    return segments.isEmpty ? "–" : segments.map(\.shown).joined(separator: "\n")
  }

  public var columns: [String] {
    segments == nil ? ["label", "probability"] : TimedSegment.columns
  }
  public var rows: [[String]] {
    segments?.map(\.row)
      ?? [[label ?? "", NumberText.decimal(probabilities?.first?.probability ?? 0, places: 6)]]
  }
}

extension WatchTask {
  /// A text is the path of a folder, for files are read by their own way.
  public static func input(_ text: String, _ model: Watcher, _ options: WatchOptions) throws
    -> VideoClip
  {
    let clips = try self.clips(text, model) { _ in }
    guard clips.count == 1 else {
      throw DataError(
        .badSequence, file: text, expected: "one clip", found: "\(clips.count)",
        hint: "name each by itself")
    }
    return clips[0]
  }

  public static func inputs(
    contentsOf path: String, _ model: Watcher, _ options: WatchOptions, note: (String) -> Void
  ) throws -> [TaskInput<VideoClip>]? {
    try clips(path, model, note: note).map { TaskInput($0, id: $0.id, line: $0.line) }
  }

  /// The clips of a file or a folder, read as those of training.
  static func clips(_ path: String, _ model: Watcher, note: (String) -> Void) throws -> [VideoClip] {
    var settings = model.settings.clips
    // Labels are what is asked for: a column of them need not be there, and is no value where it is.
    settings.segments = nil
    if let label = settings.label, !ClipReader.hasColumn(label, path) { settings.label = nil }
    return try ClipData([path], settings, needsTruth: false, note: note).clips
  }

  public static func answers(
    _ inputs: [VideoClip], _ model: Watcher, _ options: WatchOptions, _ session: AnswerSession
  ) throws -> [WatchAnswer] {
    let preparation = model.preparation
    for clip in inputs { try preparation.check(clip) }
    let found = try WatchPrediction(ClipInputs(inputs, preparation.features), model.networks).clips
    return found.map { clip in
      guard model.settings.granularity == .segments else {
        return WatchAnswer(clip.probabilities[0], labels: preparation.labels, top: options.top)
      }
      return WatchAnswer(
        TimedSegment.segments(
          clip.labels, clip.probabilities, preparation.labels, rate: preparation.rate,
          background: model.settings.clips.nothing), isWebVTT: options.webVTT)
    }
  }

  public static func evaluate(
    _ data: ClipData, _ model: Watcher, _ options: WatchOptions, _ session: AnswerSession
  ) throws -> ScoreReport {
    try data.check()
    let preparation = model.preparation
    for clip in data.clips { try preparation.check(clip) }
    let output = model.settings.granularity ?? .clip
    let truth = try preparation.targets(of: data, output).map { $0.map { Int($0) } }
    let found = try WatchPrediction(ClipInputs(data.clips, preparation.features), model.networks)
      .clips
    let labels = preparation.labels
    var losses: [Double] = []
    for (own, labels) in zip(found, truth) {
      let sum = labels.enumerated().reduce(0.0) {
        $0 - naturalLogarithm(max(Double(own.probabilities[$1.offset][$1.element]), 1e-9))
      }
      losses.append(sum / Double(max(1, labels.count)))
    }
    let examples = data.clips.indices.map { place in
      ScoreReport.Example(
        place: data.clips[place].id, input: "\(data.clips[place].steps) frames",
        truth: shown(truth[place], labels), answer: shown(found[place].labels, labels),
        probability: output == .clip ? Double(found[place].probabilities[0].max() ?? 0) : nil,
        error: losses[place])
    }
    var report = ScoreReport.labels(
      labels, actual: Array(truth.joined()), predicted: Array(found.map(\.labels).joined()),
      loss: losses.reduce(0, +) / Double(max(1, losses.count)),
      unit: output == .clip ? "clip" : "frame")
    report.examples = examples
    report.scores.append(.init("clips", Double(data.clips.count)))
    guard output == .segments else { return report }
    let segments = SegmentScore(
      actual: truth, predicted: found.map(\.labels),
      background: labels.firstIndex(of: model.settings.clips.nothing))
    let overlaps = zip(segments.shares, segments.scores).map { share, score in
      ScoreReport.Score("F1@\(Int(100 * share))", score.f1, unit: "%")
    }
    report.scores[0] = .init("frame accuracy", segments.stepAccuracy, unit: "%")
    report.scores.insert(
      contentsOf: overlaps.reversed() + [.init("edit score", segments.edit, unit: "%")], at: 1)
    return report
  }

  /// Labels one after the other, without repetition.
  private static func shown(_ steps: [Int], _ labels: [String]) -> String {
    SegmentScore.segments(of: steps).map { labels[$0.label] }.joined(separator: " ")
  }
}

extension Model where Task == WatchTask {
  /// The labels, in the order of their ids.
  public var labels: [String] { preparation.labels }

  /// Says what happens in files or folders, each a clip or several.
  ///
  /// - Throws: `DataError` when one cannot be read, or its frames are not of the model's kind.
  public func watch(_ paths: [String], options: WatchOptions = WatchOptions()) throws
    -> [WatchAnswer]
  {
    try answers(paths.flatMap { try WatchTask.clips($0, self) { _ in } }, options: options)
  }
}
