import UnrollCore
import UnrollData

/// What happens in a clip.
public struct WatchAnswer: TaskAnswer, Equatable {
  /// A label and how probable it is.
  public struct Probability: Codable, Sendable, Equatable {
    public let label: String
    public let probability: Double
  }

  /// What happens from when to when, in seconds; where frames in a second are not known, in frames.
  public struct Segment: Codable, Sendable, Equatable {
    public let start: Double
    public let end: Double
    public let label: String
    /// The mean of that of its frames.
    public let probability: Double
  }

  /// The clip's label, and the probabilities of labels, the likeliest first; `nil` where segments are found.
  public let label: String?
  public let probabilities: [Probability]?
  /// In the order of time, without those in which nothing happens; `nil` where a clip has one label.
  public let segments: [Segment]?
  private let isWebVTT: Bool

  private enum CodingKeys: String, CodingKey { case label, probabilities, segments }

  init(_ values: [Float], labels: [String], top: Int?) {
    let order = labels.indices.sorted { (values[$1], $0) < (values[$0], $1) }
    label = labels[order[0]]
    probabilities = order.prefix(top ?? labels.count).map {
      Probability(label: labels[$0], probability: Self.rounded(values[$0]))
    }
    segments = nil
    isWebVTT = false
  }

  init(_ segments: [Segment], isWebVTT: Bool) {
    (label, probabilities) = (nil, nil)
    self.segments = segments
    self.isWebVTT = isWebVTT
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    label = try container.decodeIfPresent(String.self, forKey: .label)
    probabilities = try container.decodeIfPresent([Probability].self, forKey: .probabilities)
    segments = try container.decodeIfPresent([Segment].self, forKey: .segments)
    isWebVTT = false
  }

  /// Six digits are what single precision knows.
  static func rounded(_ probability: Float) -> Double {
    (Double(min(max(probability, 0), 1)) * 1e6).rounded() / 1e6
  }

  public var shown: String {
    guard let segments else {
      let list = (probabilities ?? []).prefix(5).map {
        "\($0.label) \(NumberText.decimal($0.probability, places: 3))"
      }
      return "\(label ?? "–")\t\(list.joined(separator: "  "))"
    }
    if isWebVTT {
      return ClipSegments.webVTT(segments.map { ClipSegment(start: $0.start, end: $0.end, label: $0.label) })
    }
    guard !segments.isEmpty else { return "–" }
    return segments.map {
      "\(NumberText.decimal($0.start, places: 2)) – \(NumberText.decimal($0.end, places: 2))\t\($0.label)\t\(NumberText.decimal($0.probability, places: 3))"
    }.joined(separator: "\n")
  }

  public var columns: [String] {
    segments == nil ? ["label", "probability"] : ["start", "end", "label", "probability"]
  }
  public var rows: [[String]] {
    guard let segments else {
      return [[label ?? "", NumberText.decimal(probabilities?.first?.probability ?? 0, places: 6)]]
    }
    return segments.map {
      [
        NumberText.shortest($0.start), NumberText.shortest($0.end), $0.label,
        NumberText.decimal($0.probability, places: 6),
      ]
    }
  }
}

extension WatchTask {
  /// A text is the path of a folder, for files are read by their own way.
  public static func input(_ text: String, _ model: Watcher, _ options: WatchOptions) throws -> VideoClip {
    let clips = try self.clips(text, model) { _ in }
    guard clips.count == 1 else {
      throw DataError(
        .badSequence, file: text, expected: "one clip", found: "\(clips.count)", hint: "name each by itself")
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
    var settings = model.settings
    // Labels are what is asked for: a column of them need not be there, and is no value where it is.
    settings.segments = nil
    if let label = settings.label, !ClipReader.hasColumn(label, path) { settings.label = nil }
    return try WatchData([path], settings, needsTruth: false, note: note).clips
  }

  public static func answers(
    _ inputs: [VideoClip], _ model: Watcher, _ options: WatchOptions, _ session: AnswerSession
  ) throws -> [WatchAnswer] {
    let preparation = model.preparation
    for clip in inputs { try preparation.check(clip) }
    let found = try WatchPrediction(WatchInputs(inputs, preparation.features), model.networks).clips
    return found.map { clip in
      guard model.settings.granularity == .segments else {
        return WatchAnswer(clip.probabilities[0], labels: preparation.labels, top: options.top)
      }
      let background = preparation.labels.firstIndex(of: model.settings.nothing)
      let segments = SegmentScore.segments(of: clip.labels, background: background).map { segment in
        let sum = segment.steps.reduce(Float(0)) { $0 + clip.probabilities[$1][segment.label] }
        return WatchAnswer.Segment(
          start: time(segment.steps.lowerBound, preparation.rate),
          end: time(segment.steps.upperBound, preparation.rate), label: preparation.labels[segment.label],
          probability: WatchAnswer.rounded(sum / Float(segment.steps.count)))
      }
      return WatchAnswer(segments, isWebVTT: options.webVTT)
    }
  }

  /// The time of a frame, to a thousandth of a second.
  private static func time(_ frame: Int, _ rate: Double) -> Double {
    (Double(frame) / rate * 1000).rounded() / 1000
  }

  public static func evaluate(
    _ data: WatchData, _ model: Watcher, _ options: WatchOptions, _ session: AnswerSession
  ) throws -> ScoreReport {
    try data.check()
    let preparation = model.preparation
    for clip in data.clips { try preparation.check(clip) }
    let output = model.settings.granularity ?? .clip
    let truth = try preparation.targets(of: data, output).map { $0.map { Int($0) } }
    let found = try WatchPrediction(WatchInputs(data.clips, preparation.features), model.networks).clips
    let labels = preparation.labels
    let report = ClassificationReport(
      classes: labels, actual: Array(truth.joined()), predicted: Array(found.map(\.labels).joined()))
    let most = report.perClass.indices.max { report.perClass[$0].support < report.perClass[$1].support } ?? 0
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
    let loss = ScoreReport.Score(
      "cross-entropy", losses.reduce(0, +) / Double(max(1, losses.count)),
      unit: output == .clip ? "nats per clip" : "nats per frame")
    let majority = ScoreReport.Score(
      "majority share", Double(report.perClass[most].support) / Double(max(1, report.count)), unit: "%",
      note: "always saying \(labels[most])")
    let tables = [
      ScoreReport.Table("by label", labels, report.perClass, ("mean of labels", report.macro)),
      ScoreReport.confusions(labels, report.confusion),
    ]
    let count = ScoreReport.Score("clips", Double(data.clips.count))
    guard output == .segments else {
      return ScoreReport(
        [
          .init("accuracy", report.accuracy, unit: "%"), .init("macro F1", report.macro.f1, unit: "%"),
          majority, loss, count,
        ], tables: tables, examples: examples)
    }
    let segments = SegmentScore(
      actual: truth, predicted: found.map(\.labels), background: labels.firstIndex(of: model.settings.nothing)
    )
    let overlaps = zip(segments.shares, segments.scores).map { share, score in
      ScoreReport.Score("F1@\(Int(100 * share))", score.f1, unit: "%")
    }
    return ScoreReport(
      [.init("frame accuracy", segments.stepAccuracy, unit: "%")] + overlaps.reversed()
        + [.init("edit score", segments.edit, unit: "%"), majority, loss, count],
      tables: tables, examples: examples)
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
  public func watch(_ paths: [String], options: WatchOptions = WatchOptions()) throws -> [WatchAnswer] {
    try answers(paths.flatMap { try WatchTask.clips($0, self) { _ in } }, options: options)
  }
}
