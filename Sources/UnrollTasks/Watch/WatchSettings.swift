import UnrollData
import UnrollNetworks

/// How a model of videos is built and trained.
public struct WatchSettings: TaskSettings {
  /// What is said of a clip.
  public enum Granularity: String, Sendable, CaseIterable {
    /// One label for all of it.
    case clip
    /// What happens from when to when.
    case segments
  }
  /// How the labels of frames are decided.
  public enum Decision: String, Sendable, CaseIterable {
    /// Each by itself.
    case softmax
    /// All of a clip together, by a linear-chain conditional random field.
    case crf
  }
  /// What decides which epoch's weights are kept.
  public enum Selection: String, Sendable, CaseIterable { case loss, accuracy }

  // MARK: Data
  /// The columns of a table with a row for each frame; `nil`: `clip`, `frame` and `label`, where there are such.
  public var clip: String?
  public var frame: String?
  public var label: String?
  /// The columns of values; empty: all others.
  public var features: [String] = []
  /// The column of files, of a table with a row for each of them; `nil`: `file`, where there is such.
  public var file: String?
  /// A table of segments: start, end, label, and clip where it is of several.
  public var segments: String?
  /// The label of frames in which nothing happens; `nil`: `background`.
  public var background: String?
  /// Frames in a second: of videos as many are read. `nil`: 10 of pictures, and 1 of others, so that times are frames.
  public var framesPerSecond: Double?
  public var maximumFrames = 10_000
  /// Whether a clip that cannot be used is an error; otherwise it is left out.
  public var strict = false

  // MARK: Network
  /// `nil`: as the labels are.
  public var granularity: Granularity?
  /// The size that pictures are brought to.
  public var width = 16
  public var height = 16
  /// Whether columns such as x0,y0 are read as coordinates of joints.
  public var poses = true
  public var poseFeatures = PosePart.allCases
  /// The frames, before and after, over which motion is measured.
  public var motionSpans = [1, 3]
  /// Pairs of joints, from 0, that a mirror exchanges: `3-4`.
  public var mirroredJoints: [String] = []
  /// The frames that each clip is brought to; `nil`: as many as it has.
  public var steps: Int?
  /// E, the features that a frame is projected to; 0: they are read as they are.
  public var embeddingSize = 128
  public var network = RecurrentSettings(cell: .gru, hiddenSize: 128, layers: 1, dropout: 0.4)
  public var bidirectional = true
  public var pooling: [PoolingKind] = [.mean]
  public var poolsInputs = false
  public var decision = Decision.crf

  // MARK: Regularization
  public var augmentation = ClipAugmentation()

  // MARK: Training
  public var learning = LearningSettings()
  public var selection = Selection.accuracy

  public init() {
    learning.epochs = 60
    learning.batchSize = 16
    learning.weightDecay = 0.01
    learning.labelSmoothing = 0.1
    learning.averaging = 0.99
  }

  /// Settings where a clip has one label.
  public static let clips = WatchSettings()

  /// Settings where the labels of frames change.
  public static let ofSegments: WatchSettings = {
    var settings = WatchSettings()
    settings.granularity = .segments
    settings.learning.batchSize = 4
    settings.learning.labelSmoothing = 0
    return settings
  }()

  public static let variants: [(name: String, settings: WatchSettings)] = [
    ("clips", .clips), ("segments", .ofSegments),
  ]

  public static let fields: [SettingField<WatchSettings>] =
    [
      SettingField(
        \.clip, "clip", .data, "Of a table with a row for each frame, the column of clips.",
        valueName: "column"),
      SettingField(
        \.frame, "frame", .data, "The column of the numbers of frames, likewise.", valueName: "column"),
      SettingField(\.label, "label", .data, "The column of labels, likewise.", valueName: "column"),
      SettingField(
        \.features, "feature", .data, "The columns of values; all others by default.",
        valueName: "column,…"),
      SettingField(
        \.file, "file", .data, "Of a table with a row for each file, the column of files.",
        valueName: "column"),
      SettingField(
        \.segments, "segments", .data, "A table with the segments of clips: clip, start, end, label.",
        valueName: "file"),
      SettingField(
        \.background, "background", .data,
        "The label of frames in which nothing happens; \"background\" by default.",
        valueName: "label"),
      SettingField(
        \.framesPerSecond, "frames-per-second", 0.001...1000, .data,
        "Frames in a second; of a video so many are read. By default 10 of pictures; else times are frames."),
      SettingField(
        \.maximumFrames, "maximum-length", 1...1_000_000, .data, "The most frames that a clip may have."),
      SettingField(
        \.strict, "strict", .data, "Stop at a clip that cannot be used, instead of leaving it out."),
      SettingField(\.granularity, "granularity", .network, "Whether a clip has a label, or segments have."),
      SettingField(\.width, "width", 1...512, .network, "The width that pictures are brought to."),
      SettingField(\.height, "height", 1...512, .network, "Their height."),
      SettingField(
        \.poses, "poses", .network, "Read columns such as x0,y0,z0 as coordinates of joints."),
      SettingField(\.poseFeatures, "pose-features", .network, "What is looked at of poses."),
      SettingField(
        \.motionSpans, "motion-spans", 1...1000, .network,
        "The frames before and after over which motion is measured."),
      SettingField(
        \.mirroredJoints, "mirrored-joints", .network,
        "Pairs of joints, from 0, that a mirror exchanges; by default found by left and right in their names.",
        valueName: "n-n,…"),
      SettingField(
        \.steps, "steps", 1...100_000, .network, "The frames that each clip is brought to, evenly spaced."),
      SettingField(
        \.embeddingSize, "embedding-size", 0...8192, .network,
        "The features that a frame is projected to; 0: read as they are."),
    ] + RecurrentSettings.fields(at: \.network) + [
      SettingField(\.bidirectional, "bidirectional", .network, "Read in both directions."),
      SettingField(
        \.pooling, "pooling", .network, "How frames become one vector, side by side if several."),
      SettingField(
        \.poolsInputs, "pool-inputs", .network, "Pool what the network reads beside what it makes of it."),
      SettingField(\.decision, "decision", .network, "How the labels of frames are decided."),
    ] + ClipAugmentation.fields(at: \.augmentation) + LearningSettings.fields(at: \.learning) + [
      SettingField(\.selection, "select", .training, "What the best epoch is chosen by.")
    ]

  public func check() throws(SettingError) {
    guard !pooling.isEmpty, Set(pooling).count == pooling.count else {
      throw SettingError(
        "pooling", expected: "at least one way, each once",
        found: pooling.map(\.rawValue).joined(separator: ","))
    }
    guard !poseFeatures.isEmpty, Set(poseFeatures).count == poseFeatures.count,
      poseFeatures != [.motion] || !motionSpans.isEmpty
    else {
      throw SettingError(
        "pose-features", expected: "at least one kind, each once",
        found: poseFeatures.map(\.rawValue).joined(separator: ","))
    }
    guard granularity != .segments || steps == nil else {
      throw SettingError("steps", expected: "none with segments, which need each frame", found: steps ?? 0)
    }
    _ = try pairs()
  }

  /// The pairs of joints that a mirror exchanges.
  func pairs() throws(SettingError) -> [(Int, Int)] {
    var pairs: [(Int, Int)] = []
    for word in mirroredJoints {
      let numbers = word.split(separator: "-").compactMap { Int($0) }
      guard numbers.count == 2, numbers.allSatisfy({ (0..<1000).contains($0) }), numbers[0] != numbers[1],
        !pairs.contains(where: { [$0.0, $0.1].contains { numbers.contains($0) } })
      else {
        throw SettingError(
          "mirrored-joints", expected: "pairs of different joints, each once, such as 3-4", found: word)
      }
      pairs.append((numbers[0], numbers[1]))
    }
    return pairs
  }

  /// The label of frames in which nothing happens.
  var nothing: String { background ?? "background" }

  /// How files are read.
  var reading: ClipOptions {
    var options = ClipOptions()
    (options.clip, options.frame, options.label, options.file) = (clip, frame, label, file)
    (options.features, options.width, options.height) = (features, width, height)
    (options.framesPerSecond, options.maximumFrames) = (framesPerSecond, maximumFrames)
    return options
  }
}

extension ClipAugmentation: SettingSet {
  public static let fields: [SettingField<ClipAugmentation>] = [
    SettingField(
      \.speed, "speed", 0...10, .regularization,
      "Clips run up to 1 + x times as fast or as slow while training."),
    SettingField(
      \.timeWarp, "time-warp", 0...2, .regularization,
      "The deviation of the logarithm of the speed from quarter to quarter of a clip."),
    SettingField(
      \.crop, "crop", 0...0.9, .regularization, "The share of its frames that is cut off at its ends at most."
    ),
    SettingField(\.mirror, "mirror", .regularization, "Show half of the clips in a mirror while training."),
    SettingField(
      \.rotation, "rotation", 0...180, .regularization,
      "The degrees that poses are turned by at most: in the plane, or of 3 dimensions around the vertical."),
    SettingField(
      \.scaling, "scaling", 0...1, .regularization,
      "The deviation of the factor that each axis of poses is stretched by."),
    SettingField(
      \.noise, "noise", 0...10, .regularization, "The deviation of noise added to standardised features."),
  ]
}

/// How answers are shown.
public struct WatchOptions: SettingSet {
  /// Labels that are shown of a clip, likeliest first; `nil`: all.
  public var top: Int?
  /// Whether segments are shown as a file of WebVTT.
  public var webVTT = false

  public init() {}

  public static let fields: [SettingField<WatchOptions>] = [
    SettingField(\.top, "top", 1...1_000_000, .output, "Show the n likeliest labels."),
    SettingField(\.webVTT, "webvtt", .output, "Show segments as WebVTT; with --format text."),
  ]
}
