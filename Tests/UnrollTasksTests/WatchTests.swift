import Testing
import UnrollCore
import UnrollData
import UnrollTasks
import UnrollTraining

/// Made-up poses of three joints: two that rest, and a hand that waves fast, waves slowly, or rests.
enum MadeUpPoses {
  static let frame = VideoClip.Frame.values([
    "x0", "y0", "x1", "y1", "left_x", "left_y", "right_x", "right_y",
  ])

  private static func height(_ label: String, _ step: Int, _ phase: Double) -> Float {
    switch label {
    case "fast": Float(sine(phase + 1.6 * Double(step)))
    case "slow": Float(sine(phase + 0.4 * Double(step)))
    default: 0
    }
  }

  /// Clips of parts with labels, somewhere and of some size.
  static func clips(_ labels: [[(String, Int)]], seed: UInt64 = 1) throws -> [VideoClip] {
    var random = RandomSource(seed: seed)
    return try labels.enumerated().map { index, parts in
      let (x, y, size) = (9 * random.normal(), 9 * random.normal(), 1 + 2 * random.uniform())
      let phase = Double(6 * random.uniform())
      var values: [Float] = []
      var names: [String] = []
      for (label, count) in parts {
        for step in 0..<count {
          let hand = height(label, step, phase) + 0.05 * random.normal()
          values += [x, y, x, y + 2 * size, x - size, y + size, x + size, y + size * (1 + hand)]
          names.append(label)
        }
      }
      return try VideoClip(
        frame: frame, steps: names.count, values: values,
        truth: parts.count == 1 ? .clip(parts[0].0) : .frames(names), id: "\(index)")
    }
  }

  static func labeled(_ count: Int, seed: UInt64 = 1) throws -> ClipData {
    ClipData(
      try clips((0..<count).map { [(["fast", "slow", "rest"][$0 % 3], 12 + $0 % 9)] }, seed: seed))
  }

  static func segmented(_ count: Int, seed: UInt64 = 1) throws -> ClipData {
    let names = ["fast", "background", "slow"]
    return ClipData(
      try clips(
        (0..<count).map { index in
          (0..<3).map { (names[(index + $0 * (index % 2 + 1)) % 3], 12 + (index * 7 + $0 * 5) % 9) }
        }, seed: seed))
  }
}

struct WatchTests {
  private static func settings(_ granularity: WatchSettings.Granularity) -> WatchSettings {
    var settings: WatchSettings = granularity == .clip ? WatchSettings() : .ofSegments
    settings.granularity = granularity
    settings.network.hiddenSize = 24
    settings.network.dropout = 0.1
    settings.embeddingSize = 24
    settings.learning.epochs = 25
    settings.learning.batchSize = 4
    settings.learning.learningRate = 0.01
    settings.learning.averaging = 0
    settings.learning.seed = 2
    return settings
  }

  @Test(arguments: [WatchSettings.Granularity.clip, .segments])
  func holdsWhatAllTasksPromise(_ granularity: WatchSettings.Granularity) throws {
    var settings = Self.settings(granularity)
    ChassisCheck.small(&settings.learning)
    settings.clips.augmentation.mirror = true
    settings.clips.augmentation.speed = 0.2
    settings.clips.augmentation.timeWarp = 0.2
    settings.clips.augmentation.rotation = 10
    let data = try granularity == .clip ? MadeUpPoses.labeled(24) : MadeUpPoses.segmented(12)
    // A clip of one frame, and one whose coordinates are all missing.
    let single = try VideoClip(
      frame: MadeUpPoses.frame, steps: 1, values: [0, 0, 0, 1, 1, 1, 2, 2], id: "single")
    let missing = try VideoClip(
      frame: MadeUpPoses.frame, steps: 3, values: Array(repeating: .nan, count: 24), id: "missing")
    try ChassisCheck.check(
      ChassisCase<WatchTask>(
        data: data, settings: settings, inputs: [data.clips[0], single, missing, data.clips[5]]))
  }

  @Test func learnsWhatHappensInClips() throws {
    var settings = Self.settings(.clip)
    settings.clips.augmentation.mirror = true
    settings.clips.steps = 16
    let model = try Watcher.train(on: MadeUpPoses.labeled(90), settings: settings)
    let others = try MadeUpPoses.labeled(60, seed: 9)
    let report = try model.evaluate(on: others)
    #expect(report.scores[0].name == "accuracy" && report["accuracy"] > 0.9)
    let answer = try model.answers([others.clips[0]])[0]
    #expect(answer.label == "fast" && answer.segments == nil && answer.probabilities?.count == 3)
    #expect(answer.rows[0][0] == "fast" && answer.columns == ["label", "probability"])
    var options = WatchOptions()
    options.top = 1
    #expect(try model.answers([others.clips[0]], options: options)[0].probabilities?.count == 1)
  }

  @Test(arguments: [WatchSettings.Decision.crf, .softmax])
  func learnsWhatHappensWhen(_ decision: WatchSettings.Decision) throws {
    var settings = Self.settings(.segments)
    settings.decision = decision
    settings.clips.framesPerSecond = 10
    let model = try Watcher.train(on: MadeUpPoses.segmented(40), settings: settings)
    let others = try MadeUpPoses.segmented(20, seed: 9)
    let report = try model.evaluate(on: others)
    #expect(report["frame accuracy"] > 0.85)
    #expect(report["F1@50"] > 0.7 && report["F1@10"] >= report["F1@25"] && report["F1@25"] >= report["F1@50"])
    let clip = others.clips[0]
    let answer = try model.answers([clip])[0]
    let segments = try #require(answer.segments)
    #expect(answer.label == nil && !segments.contains { $0.label == "background" })
    #expect(segments.allSatisfy { $0.start < $0.end && $0.end <= Double(clip.steps) / 10 })
    #expect(zip(segments, segments.dropFirst()).allSatisfy { $0.end <= $1.start })
    #expect(answer.columns.prefix(3) == ["start", "end", "label"] && answer.rows.count == segments.count)
    var options = WatchOptions()
    options.webVTT = true
    #expect(try model.answers([clip], options: options)[0].shown.hasPrefix("WEBVTT\n\n00:00:0"))
  }

  @Test func refusesOtherFramesAndLabels() throws {
    var settings = Self.settings(.clip)
    ChassisCheck.small(&settings.learning)
    let model = try Watcher.train(on: MadeUpPoses.labeled(12), settings: settings)
    let other = try VideoClip(frame: .values(["a"]), steps: 2, values: [1, 2], truth: .clip("fast"), id: "o")
    #expect(throws: DataError.self) { try model.answers([other]) }
    #expect(throws: DataError.self) { try model.evaluate(on: ClipData([other])) }
    let unknown = ClipData(try MadeUpPoses.clips([[("dance", 12)]]))
    #expect(throws: DataError.self) { try model.evaluate(on: unknown) }
    #expect(throws: DataError.self) { try Watcher.train(on: unknown, settings: settings) }
    #expect(throws: DataError.self) { try Watcher.train(on: ClipData([]), settings: settings) }
    let grown = try Watcher.train(
      on: ClipData(try MadeUpPoses.labeled(6).clips + unknown.clips), settings: settings, from: model,
      grows: true)
    #expect(grown.labels == ["fast", "rest", "slow", "dance"])
    for change: (inout WatchSettings) -> Void in [
      { ($0.granularity, $0.clips.steps) = (.segments, 8) }, { $0.pooling = [] },
      { $0.clips.poseFeatures = [] },
      { $0.clips.mirroredJoints = ["1-1"] }, { $0.clips.mirroredJoints = ["1-9"] },
      { $0.clips.mirroredJoints = ["0-1", "1-2"] },
    ] {
      var wrong = settings
      change(&wrong)
      #expect(throws: SettingError.self) { try Watcher.train(on: MadeUpPoses.labeled(12), settings: wrong) }
    }
  }
}

struct SegmentScoreTests {
  private static let actual = [
    "2", "33330000000003333", "111133333000000333111110000002222222222222222222233333333122",
    "111111112220000000022222222222222",
  ].map { $0.compactMap(\.wholeNumberValue) }
  private static let predicted = [
    "2", "11300003000033333", "033313000002303111112000002232222022222222223233333333122311",
    "111111222000000002222222222222211",
  ].map { $0.compactMap(\.wholeNumberValue) }

  /// What a program in Python gives that follows the published evaluation of segments step by step.
  @Test(arguments: [
    (nil, [0.5185185185185185, 0.40740740740740744, 0.2222222222222222], 0.6791666666666667),
    (0, [0.4761904761904762, 0.38095238095238093, 0.2380952380952381], 0.6677631578947368),
  ])
  func agreesWithPython(_ background: Int?, _ f1: [Double], _ edit: Double) {
    let score = SegmentScore(actual: Self.actual, predicted: Self.predicted, background: background)
    for (found, wanted) in zip(score.scores, f1) { #expect(abs(found.f1 - wanted) < 1e-12) }
    #expect(score.scores.count == 3 && abs(score.edit - edit) < 1e-12)
    #expect(abs(score.stepAccuracy - 0.6036036036036037) < 1e-12)
  }

  @Test func countsByHand() {
    // One segment found twice is right once; the other is a false alarm.
    let cut = SegmentScore(actual: [[1, 1, 1, 1, 1, 1]], predicted: [[1, 1, 1, 1, 2, 1]])
    #expect(cut.scores[2].precision == 1.0 / 3 && cut.scores[2].recall == 1)
    #expect(SegmentScore.segments(of: [3, 3, 0, 3], background: 0).map(\.steps) == [0..<2, 3..<4])
    let none = SegmentScore(actual: [], predicted: [])
    #expect(none.stepAccuracy.isNaN && none.edit.isNaN && none.scores.allSatisfy { $0.f1 == 0 })
    #expect(SegmentScore(actual: [[0, 0]], predicted: [[0, 0]], background: 0).edit == 1)
  }
}
