import UnrollCore
import UnrollData
import UnrollTraining

/// Clips, and what happens in them.
public struct ClipData: TaskData {
  public var clips: [VideoClip]
  public let source: String
  public let hash: String

  public init(_ clips: [VideoClip], source: String = "the clips", hash: String = "") {
    self.clips = clips
    self.source = source
    self.hash = hash
  }

  /// Reads files as settings say. What cannot be used is left out, named and counted, or an error if settings are strict.
  ///
  /// - Parameter needsTruth: whether clips without labels cannot be used.
  /// - Throws: `DataError`, which says what is wrong and where.
  init(
    _ files: [String], _ settings: ClipSettings, needsTruth: Bool = true, note: (String) -> Void
  ) throws {
    var clips: [VideoClip] = []
    var leftOut: [DataError] = []
    /// A clip as it can be used; `nil`: it is left out.
    func usable(_ clip: () throws(DataError) -> VideoClip) throws(DataError) -> VideoClip? {
      do throws(DataError) { return try clip() } catch {
        if settings.strict { throw error }
        leftOut.append(error)
        return nil
      }
    }
    for path in files {
      var reader = ClipReader(settings.reading, isStrict: settings.strict)
      clips += try reader.clips(at: path)
      leftOut += reader.leftOut
    }
    if let path = settings.segments {
      let table = try ClipSegments(path: path)
      let rate = settings.rate(of: clips.first)
      clips = try clips.compactMap { clip in
        try usable { () throws(DataError) in
          var copy = clip
          copy.truth = .frames(try table.labels(of: clip, rate: rate, background: settings.nothing))
          return copy
        }
      }
    }
    if needsTruth {
      clips = try clips.compactMap { clip in
        try usable { () throws(DataError) in try clip.labeled() }
      }
    }
    for error in leftOut.prefix(Self.named) { note("left out: \(error)") }
    if !leftOut.isEmpty {
      note(
        "\(leftOut.count) of \(clips.count + leftOut.count) clips are left out; strict would stop there"
      )
    }
    var hash = SHA256()
    for clip in clips {
      hash.update(
        clip.values.flatMap { value in
          (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) }
        })
      hash.update(clip.id)
      hash.update("\(clip.truth)")
    }
    self.init(clips, source: files.joined(separator: ", "), hash: hash.hexadecimal())
    if needsTruth { try check() }
  }

  /// Clips that are left out and named, at most.
  private static let named = 10

  /// - Throws: `DataError` when there is no clip, some have no label, or they do not go together.
  func check() throws(DataError) {
    guard let first = clips.first else {
      throw DataError(
        .badLabel, file: source, expected: "clips with labels", found: "none",
        hint: "say the column of labels, or a table of segments; or put clips into folders by label"
      )
    }
    for clip in clips {
      guard clip.frame.count == first.frame.count else {
        throw DataError(
          .badSequence, file: clip.id, line: clip.line,
          expected: "\(first.frame.shown) a frame, as in \(first.id)", found: clip.frame.shown)
      }
      _ = try clip.labeled()
    }
  }

  /// Whether labels of frames change within some clip.
  var hasSegments: Bool {
    clips.contains { clip in
      if case .frames(let labels) = clip.truth {
        labels.contains { $0 != labels[0] }
      } else {
        false
      }
    }
  }

  /// All labels, as often as a clip has them.
  var labels: LabelSet {
    LabelSet(
      clips.lazy.flatMap { clip in
        switch clip.truth {
        case .unknown: [String]()
        case .clip(let label): [label]
        case .frames(let labels): Array(Set(labels))
        }
      })
  }

  public var facts: [Fact] {
    let labels = labels
    return [
      Fact("clips", clips.count), Fact("frames", clips.reduce(0) { $0 + $1.steps }),
      Fact("labels", labels.names.count),
    ] + zip(labels.names, labels.counts).prefix(20).map { Fact("label \($0)", $1) }
  }

  /// The label of each clip, or of each of its frames, by its place among the labels of a model.
  ///
  /// - Throws: `DataError` for a label that the model does not know, or where labels change within a clip that is to have
  ///   one.
  func targets(_ labels: [String], ofFrames: Bool) throws(DataError) -> [[Int32]] {
    let places = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, Int32($0)) })
    var targets: [[Int32]] = []
    for clip in clips {
      let own: [String]
      switch try clip.labeled().truth {
      case .clip(let label): own = Array(repeating: label, count: ofFrames ? clip.steps : 1)
      case .frames(let all) where ofFrames || all.allSatisfy { $0 == all[0] }:
        own = ofFrames ? all : Array(all.prefix(1))
      case .frames, .unknown:
        throw DataError(
          .badLabel, file: clip.id, line: clip.line, expected: "one label for all of the clip",
          found: "labels that change from frame to frame")
      }
      var ids: [Int32] = []
      for label in own {
        guard let place = places[label] else {
          throw DataError(
            .badLabel, file: clip.id, line: clip.line,
            expected:
              "one of the labels \(labels.prefix(12).map { quoted($0) }.joined(separator: ", ")) of the model",
            found: quoted(label))
        }
        ids.append(place)
      }
      targets.append(ids)
    }
    return targets
  }

  /// Some of the clips.
  func choosing(_ places: [Int]) -> ClipData {
    ClipData(places.map { clips[$0] }, source: source, hash: hash)
  }
}

extension VideoClip {
  /// Itself.
  ///
  /// - Throws: `DataError` when nobody knows what happens in it.
  fileprivate func labeled() throws(DataError) -> VideoClip {
    guard truth != .unknown else {
      throw DataError(
        .badLabel, file: id, line: line, expected: "a clip with a label", found: "none")
    }
    return self
  }
}

extension ClipSettings {
  /// How files are read.
  fileprivate var reading: ClipOptions {
    var options = ClipOptions()
    (options.clip, options.frame, options.label, options.file) = (clip, frame, label, file)
    (options.features, options.width, options.height) = (features, width, height)
    (options.framesPerSecond, options.maximumFrames) = (framesPerSecond, maximumFrames)
    return options
  }
}
