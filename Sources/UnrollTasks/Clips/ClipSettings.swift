import UnrollData

/// The settings of tasks that read clips: how files are read, how frames become features, and how clips are varied while
/// training.
public struct ClipSettings: SettingSet, Equatable {
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

  // MARK: Features
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
  public var augmentation = ClipAugmentation()

  public init() {}

  public static let fields: [SettingField<ClipSettings>] =
    [
      SettingField(
        \.clip, "clip", .data, "Of a table with a row for each frame, the column of clips.",
        valueName: "column"),
      SettingField(
        \.frame, "frame", .data, "The column of the numbers of frames, likewise.",
        valueName: "column"),
      SettingField(\.label, "label", .data, "The column of labels, likewise.", valueName: "column"),
      SettingField(
        \.features, "feature", .data, "The columns of values; all others by default.",
        valueName: "column,…"),
      SettingField(
        \.file, "file", .data, "Of a table with a row for each file, the column of files.",
        valueName: "column"),
      SettingField(
        \.segments, "segments", .data,
        "A table with the segments of clips: clip, start, end, label.",
        valueName: "file"),
      SettingField(
        \.background, "background", .data,
        "The label of frames in which nothing happens; \"background\" by default.",
        valueName: "label"),
      SettingField(
        \.framesPerSecond, "frames-per-second", 0.001...1000, .data,
        "Frames in a second; of a video so many are read. By default 10 of pictures; else times are frames."
      ),
      SettingField(
        \.maximumFrames, "maximum-length", 1...1_000_000, .data,
        "The most frames that a clip may have."),
      SettingField(
        \.strict, "strict", .data, "Stop at a clip that cannot be used, instead of leaving it out."),
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
        \.steps, "steps", 1...100_000, .network,
        "The frames that each clip is brought to, evenly spaced."),
    ] + ClipAugmentation.fields(at: \.augmentation)

  public func check() throws(SettingError) {
    guard !poseFeatures.isEmpty, Set(poseFeatures).count == poseFeatures.count,
      poseFeatures != [.motion] || !motionSpans.isEmpty
    else {
      throw SettingError(
        "pose-features", expected: "at least one kind, each once",
        found: poseFeatures.map(\.rawValue).joined(separator: ","))
    }
    _ = try pairs()
  }

  /// The pairs of joints that a mirror exchanges.
  private func pairs() throws(SettingError) -> [(Int, Int)] {
    var pairs: [(Int, Int)] = []
    for word in mirroredJoints {
      let numbers = word.split(separator: "-").compactMap { Int($0) }
      guard numbers.count == 2, numbers.allSatisfy({ (0..<1000).contains($0) }),
        numbers[0] != numbers[1],
        !pairs.contains(where: { [$0.0, $0.1].contains { numbers.contains($0) } })
      else {
        throw SettingError(
          "mirrored-joints", expected: "pairs of different joints, each once, such as 3-4",
          found: word)
      }
      pairs.append((numbers[0], numbers[1]))
    }
    return pairs
  }

  /// Learns how the frames of clips become features.
  ///
  /// - Parameter clips: at least one, all of the same frames.
  func learnFeatures(_ clips: [VideoClip]) throws(SettingError) -> ClipFeatures {
    var layout: PoseLayout?
    if poses, case .values(let names) = clips[0].frame { layout = PoseLayout(columns: names) }
    if var found = layout {
      for (one, other) in try pairs() {
        guard max(one, other) < found.joints else {
          throw SettingError(
            "mirrored-joints", expected: "joints below \(found.joints)", found: "\(one)-\(other)")
        }
        (found.mirrored[one], found.mirrored[other]) = (other, one)
      }
      layout = found
    }
    return ClipFeatures(
      of: clips, layout: layout, parts: poseFeatures, spans: motionSpans, steps: steps)
  }

  /// The label of frames in which nothing happens.
  var nothing: String { background ?? "background" }

  /// Frames in a second.
  func rate(of clip: VideoClip?) -> Double {
    if let framesPerSecond { return framesPerSecond }
    if case .picture = clip?.frame { return 10 }
    return 1
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
      \.crop, "crop", 0...0.9, .regularization,
      "The share of its frames that is cut off at its ends at most."),
    SettingField(
      \.mirror, "mirror", .regularization, "Show half of the clips in a mirror while training."),
    SettingField(
      \.rotation, "rotation", 0...180, .regularization,
      "The degrees that poses are turned by at most: in the plane, or of 3 dimensions around the vertical."
    ),
    SettingField(
      \.scaling, "scaling", 0...1, .regularization,
      "The deviation of the factor that each axis of poses is stretched by."),
    SettingField(
      \.noise, "noise", 0...10, .regularization,
      "The deviation of noise added to standardised features."),
  ]
}
