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

  /// How clips are read, and what is looked at of frames.
  public var clips = ClipSettings()

  // MARK: Network
  /// `nil`: as the labels are.
  public var granularity: Granularity?
  /// E, the features that a frame is projected to; 0: they are read as they are.
  public var embeddingSize = 128
  public var network = RecurrentSettings(cell: .gru, hiddenSize: 128, layers: 1, dropout: 0.4)
  public var bidirectional = true
  public var pooling: [PoolingKind] = [.mean, .max]
  public var decision = Decision.crf

  // MARK: Training
  public var learning = LearningSettings()

  public init() {
    (clips.augmentation.crop, clips.augmentation.timeWarp) = (0.2, 0.2)
    (clips.augmentation.rotation, clips.augmentation.scaling, clips.augmentation.noise) = (15, 0.1, 0.1)
    learning.epochs = 60
    learning.batchSize = 16
    learning.weightDecay = 0.01
    learning.labelSmoothing = 0.1
    learning.averaging = 0.99
  }

  /// Settings where the labels of frames change.
  public static let ofSegments: WatchSettings = {
    var settings = WatchSettings()
    settings.granularity = .segments
    settings.clips.augmentation = ClipAugmentation()
    settings.learning.batchSize = 4
    settings.learning.labelSmoothing = 0
    return settings
  }()

  public static let variants: [(name: String, settings: WatchSettings)] = [
    ("clips", WatchSettings()), ("segments", .ofSegments),
  ]

  public static let fields: [SettingField<WatchSettings>] =
    ClipSettings.fields(at: \.clips) + [
      SettingField(
        \.granularity, "granularity", .network, "Whether a clip has a label, or segments have."),
      SettingField(
        \.embeddingSize, "embedding-size", 0...8192, .network,
        "The features that a frame is projected to; 0: read as they are."),
    ] + RecurrentSettings.fields(at: \.network) + [
      SettingField(\.bidirectional, "bidirectional", .network, "Read in both directions."),
      SettingField(
        \.pooling, "pooling", .network, "How frames become one vector, side by side if several."),
      SettingField(\.decision, "decision", .network, "How the labels of frames are decided."),
    ] + LearningSettings.fields(at: \.learning)

  public func check() throws(SettingError) {
    guard !pooling.isEmpty, Set(pooling).count == pooling.count else {
      throw SettingError(
        "pooling", expected: "at least one way, each once",
        found: pooling.map(\.rawValue).joined(separator: ","))
    }
    guard granularity != .segments || clips.steps == nil else {
      throw SettingError(
        "steps", expected: "none with segments, which need each frame", found: clips.steps ?? 0)
    }
    try clips.check()
  }
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
