import UnrollCore
import UnrollData
import UnrollTraining

/// What is known before the network: the labels, and how pictures become numbers.
public struct IdentifyPreparation: ModelPart {
  public struct Stored: Codable, Sendable {
    var labels: [String]
    let scaling: PictureScaling
  }

  public internal(set) var stored: Stored

  public var files: [String: [UInt8]] { [:] }
  /// A label's id is its place.
  public var labels: [String] { stored.labels }
  var scaling: PictureScaling { stored.scaling }

  public init(_ stored: Stored, _ files: ModelFiles) throws {
    guard !stored.labels.isEmpty, Set(stored.labels).count == stored.labels.count else {
      throw files.damaged(
        "labels", expected: "different labels", found: "\(stored.labels.count) that are not")
    }
    try stored.scaling.check(files)
    self.stored = stored
  }

  /// Learns from data what is not said.
  init(learning data: PictureData, _ settings: IdentifySettings) throws(DataError) {
    try data.checkLabels()
    let labels = data.labels.names
    guard labels.count >= 2 else {
      throw DataError(
        .badLabel, file: data.source, expected: "pictures of at least two labels",
        found: labels.first.map { "only \(quoted($0))" } ?? "none")
    }
    stored = Stored(
      labels: labels,
      scaling: PictureScaling(of: data.pictures, size: settings.size, isColored: settings.color.isColored))
  }
}
