import UnrollCore
import UnrollData
import UnrollTraining

/// Clips, and what happens in them.
public struct WatchData: TaskData {
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
    _ files: [String], _ settings: WatchSettings, needsTruth: Bool = true, note: (String) -> Void
  ) throws {
    var clips: [VideoClip] = []
    var leftOut: [DataError] = []
    for path in files {
      var reader = ClipReader(settings.reading, isStrict: settings.strict)
      clips += try reader.clips(at: path)
      leftOut += reader.leftOut
    }
    if let path = settings.segments {
      let table = try ClipSegments(path: path)
      let rate = Self.rate(settings, clips.first)
      clips = try clips.compactMap { clip in
        do throws(DataError) {
          var copy = clip
          copy.truth = .frames(
            try table.labels(of: clip, rate: rate, background: settings.nothing))
          return copy
        } catch {
          if settings.strict { throw error }
          leftOut.append(error)
          return nil
        }
      }
    }
    if needsTruth {
      clips = try clips.filter { clip in
        guard clip.truth == .unknown else { return true }
        let error = DataError(
          .badLabel, file: clip.id, line: clip.line, expected: "a clip with a label", found: "none")
        if settings.strict { throw error }
        leftOut.append(error)
        return false
      }
    }
    for error in leftOut.prefix(Self.named) { note("left out: \(error)") }
    if !leftOut.isEmpty {
      note("\(leftOut.count) of \(clips.count + leftOut.count) clips are left out; strict would stop there")
    }
    var hash = SHA256()
    for clip in clips {
      hash.update(
        clip.values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) }
        })
      hash.update(clip.id)
      hash.update("\(clip.truth)")
    }
    self.init(clips, source: files.joined(separator: ", "), hash: hash.hexadecimal())
    if needsTruth { try check() }
  }

  /// Clips that are left out and named, at most.
  private static let named = 10

  /// Frames in a second.
  static func rate(_ settings: WatchSettings, _ clip: VideoClip?) -> Double {
    if let rate = settings.framesPerSecond { return rate }
    if case .picture = clip?.frame { return 10 }
    return 1
  }

  /// - Throws: `DataError` when there is no clip, some have no label, or they do not go together.
  func check() throws(DataError) {
    guard let first = clips.first else {
      throw DataError(
        .badLabel, file: source, expected: "clips with labels", found: "none",
        hint: "say the column of labels, or a table of segments; or put clips into folders by label")
    }
    for clip in clips {
      guard clip.frame.count == first.frame.count else {
        throw DataError(
          .badSequence, file: clip.id, line: clip.line,
          expected: "\(first.frame.shown) a frame, as in \(first.id)", found: clip.frame.shown)
      }
      guard clip.truth != .unknown else {
        throw DataError(
          .badLabel, file: clip.id, line: clip.line, expected: "a clip with a label", found: "none")
      }
    }
  }

  /// Whether labels of frames change within some clip.
  var hasSegments: Bool {
    clips.contains { clip in
      if case .frames(let labels) = clip.truth { labels.contains { $0 != labels[0] } } else { false }
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

  /// Some of the clips.
  func choosing(_ places: [Int]) -> WatchData {
    WatchData(places.map { clips[$0] }, source: source, hash: hash)
  }
}
