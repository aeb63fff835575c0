import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// A trained model that says what happens in videos.
///
///     let watcher = try Watcher.train(files: ["poses.csv"])
///     print(try watcher.watch(["wave.gif"])[0].label)
public typealias Watcher = Model<WatchTask>

/// Says what happens in a clip (many to one), or from when to when (many to many).
public enum WatchTask: TaskDefinition {
  public static let about = TaskAbout(
    "watch", "Say what happens in videos: actions, gestures, and from when to when.",
    discussion: """
      Clips come as tables of poses or other values with a row for each frame, as NumPy arrays, GIFs, folders of pictures, \
      or videos where ffmpeg is installed. Labels stand in a column, in a table of files, in the names of folders, or in a \
      table of segments.

        unroll train watch poses.csv -o actions                  columns clip, frame, label, x0, y0, x1, y1, …
        unroll train watch clips/ -o actions                     clips/wave/1.gif, clips/clap/7/frame1.png, …
        unroll train watch clips.csv --mirror --speed 0.2 -o actions        columns file, label
        unroll train watch day.csv --segments day.segments.csv --frames-per-second 25 -o day
        unroll watch actions wave.mp4
        unroll watch day other.csv --webvtt
        unroll evaluate actions others.csv
      """,
    files: [
      TaskFile(
        "DATA", count: 1...1000,
        "Clips with their labels: a table, arrays, a GIF, a video, a folder.")
    ],
    inputName: "FILE|FOLDER",
    limits:
      "The model chooses among the labels that it was trained on, also where none of them fits, and knows nothing of "
      + "what stands outside of its frames. Ask those who are filmed.")

  public static func read(_ files: [String], _ settings: WatchSettings, note: (String) -> Void)
    throws
    -> ClipData
  { try ClipData(files, settings.clips, note: note) }

  public static func defaults(for data: ClipData, _ given: WatchSettings) -> WatchSettings {
    (given.granularity ?? (data.hasSegments ? .segments : .clip)) == .segments
      ? .ofSegments : WatchSettings()
  }

  public static let splitsByMember = true

  public static func split(
    _ data: ClipData, _ settings: WatchSettings, member: Int
  ) -> DataParts<ClipData> {
    let names = data.labels
    let labels = data.clips.map { clip in
      if case .clip(let label) = clip.truth { names.id(label) ?? -1 } else { -1 }
    }
    let cut = DataSplit(
      count: data.clips.count, fraction: settings.learning.validationShare(of: data.clips.count),
      seed: settings.learning.seed &+ UInt64(member), labels: labels)
    return DataParts(
      training: data.choosing(cut.training),
      validation: cut.validation.isEmpty ? nil : data.choosing(cut.validation))
  }

  public static func joined(_ data: ClipData, _ other: ClipData) throws -> ClipData {
    let both = ClipData(data.clips + other.clips, source: data.source, hash: data.hash)
    try both.check()
    return both
  }

  public static func prepare(_ data: ClipData, _ settings: inout WatchSettings) throws
    -> WatchPreparation
  {
    try data.check()
    settings.granularity = settings.granularity ?? (data.hasSegments ? .segments : .clip)
    let labels = data.labels.names
    guard labels.count >= 2 else {
      throw DataError(
        .badLabel, file: data.source, expected: "clips of at least two labels",
        found: labels.first.map { "only \(quoted($0))" } ?? "none")
    }
    let preparation = WatchPreparation(
      labels: labels,
      features: try settings.clips.learnFeatures(data.clips),
      rate: settings.clips.rate(of: data.clips[0]))
    _ = try preparation.targets(of: data, settings.granularity ?? .clip)
    return preparation
  }

  public static func fit(
    _ preparation: WatchPreparation, to data: ClipData, _ settings: WatchSettings, grows: Bool
  ) throws -> WatchPreparation {
    try data.check()
    for clip in data.clips { try preparation.check(clip) }
    var copy = preparation
    if grows { copy.labels += data.labels.names.filter { !preparation.labels.contains($0) } }
    _ = try copy.targets(of: data, settings.granularity ?? .clip)
    return copy
  }

  public static func network(
    _ settings: WatchSettings, _ preparation: WatchPreparation, using random: inout RandomSource
  ) -> WatchNetwork {
    WatchNetwork(
      settings, features: preparation.features.featureCount, labels: preparation.labels.count,
      using: &random)
  }

  public static func work(
    _ training: ClipData, validation: ClipData?, _ settings: WatchSettings,
    _ preparation: WatchPreparation
  ) throws -> WatchWork {
    func examples(_ data: ClipData) throws -> WatchWork.Examples {
      for clip in data.clips { try preparation.check(clip) }
      return WatchWork.Examples(
        inputs: ClipInputs(data.clips, preparation.features),
        targets: try preparation.targets(of: data, settings.granularity ?? .clip))
    }
    return WatchWork(
      settings, training: try examples(training), validation: try validation.map(examples))
  }

  public static func remarks(
    _ parts: DataParts<ClipData>, _ settings: WatchSettings, _ preparation: WatchPreparation
  ) -> [String] {
    let clips = parts.training.clips
    let lengths = clips.map(\.steps).sorted()
    let said = settings.granularity == .segments ? "labels of frames" : "a label each"
    var remarks = [
      "\(clips.count) clips of \(lengths[0]) to \(lengths[lengths.count - 1]) frames with \(said), \(parts.validation?.clips.count ?? 0) held out",
      "a frame: \(clips[0].frame.shown)"
        + (preparation.features.poses.map { ", read as \($0.shown)" } ?? ""),
    ]
    if settings.clips.augmentation.mirror, let poses = preparation.features.poses, !poses.hasSides {
      remarks.append(
        "the mirror exchanges no joints, for none is named left or right: name pairs as mirrored-joints"
      )
    }
    let alone = settings.granularity == .clip ? parts.training.labels.singletons : []
    if !alone.isEmpty {
      remarks.append(
        "a single clip of \(alone.prefix(5).map { quoted($0) }.joined(separator: ", "))\(alone.count > 5 ? " and \(alone.count - 5) more" : "")"
      )
    }
    return remarks
  }

  public static func title(_ model: Watcher) -> String {
    let names = model.preparation.labels
    let shown = names.count <= 6 ? names : names.prefix(5) + ["and \(names.count - 5) more"]
    return
      "\(model.settings.granularity == .segments ? "segments" : "labels") of videos: \(shown.joined(separator: ", "))"
  }

  public static func facts(_ model: Watcher) -> [Fact] {
    [
      Fact("values of a frame", model.preparation.features.values),
      Fact("features of a frame", model.preparation.features.featureCount),
    ]
  }

  public static func layers(_ model: Watcher) -> [LayerDescription] {
    guard let network = model.networks.first else { return [] }
    let (output, labels) = (network.encoder.outputSize, model.preparation.labels.count)
    return [
      LayerDescription(
        "features of frames", "[T, B, \(network.front.inputSize)]",
        "[T, B, \(network.encoder.inputSize)]",
        .stepwise),
      .recurrent(network.encoder, model.settings.network),
      network.pooled != nil
        ? LayerDescription("pooling and softmax", "[T, B, \(output)]", "[B, \(labels)]", .pooled)
        : LayerDescription(
          network.steps?.field == nil ? "softmax" : "conditional random field", "[T, B, \(output)]",
          "[T, B, \(labels)]", network.steps?.field == nil ? .stepwise : .bidirectional),
    ]
  }
}
