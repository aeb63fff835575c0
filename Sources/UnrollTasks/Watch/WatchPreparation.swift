import UnrollCore
import UnrollData
import UnrollTraining

/// What a model of videos knows before its network: the labels, and how frames become features.
public struct WatchPreparation: ModelPart {
  /// What stands in `config.json`.
  public struct Stored: Codable, Sendable {
    var labels: [String]
    var features: ClipFeatures
    var rate: Double
  }

  /// A label's id is its place.
  public internal(set) var labels: [String]
  let features: ClipFeatures
  /// Frames in a second, for the times of segments.
  let rate: Double

  init(labels: [String], features: ClipFeatures, rate: Double) {
    self.labels = labels
    self.features = features
    self.rate = rate
  }

  public var stored: Stored { Stored(labels: labels, features: features, rate: rate) }
  public var files: [String: [UInt8]] { [:] }

  public init(_ stored: Stored, _ files: ModelFiles) throws {
    (labels, features, rate) = (stored.labels, stored.features, stored.rate)
    guard labels.count >= 2, Set(labels).count == labels.count else {
      throw files.damaged(
        "labels", expected: "at least two different labels", found: "\(labels.count)")
    }
    guard features.isSound else {
      throw files.damaged("features", expected: "features that can be made", found: "others")
    }
    guard rate.isFinite, rate > 0 else {
      throw files.damaged("rate", expected: "frames in a second", found: rate)
    }
  }

  /// - Throws: `DataError` when a clip's frames are not of the model's kind.
  func check(_ clip: VideoClip) throws(DataError) {
    guard clip.frame.count == features.values else {
      throw DataError(
        .badSequence, file: clip.id, line: clip.line,
        expected: "\(features.values) values a frame, as the model was trained on",
        found: clip.frame.shown)
    }
  }

  /// The label of each clip, or of each of its frames; see ``ClipData``.
  func targets(of data: ClipData, _ output: WatchSettings.Granularity) throws(DataError)
    -> [[Int32]]
  {
    try data.targets(labels, ofFrames: output == .segments)
  }
}
