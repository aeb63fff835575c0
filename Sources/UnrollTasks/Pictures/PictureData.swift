import UnrollData
import UnrollTraining

/// Which columns of a table hold pictures and labels, and what is done about files that cannot be read.
public struct PictureFileSettings: SettingSet, Equatable {
  /// The columns of a table.
  public var file: String?
  public var label: String?
  /// Whether a file that cannot be read is an error; otherwise it is left out and named.
  public var strict = false

  public init() {}

  public static let fields: [SettingField<PictureFileSettings>] = [
    SettingField(
      \.file, "file", .data, "The column of files in a table; otherwise file, or the first.",
      valueName: "column"),
    SettingField(
      \.label, "label", .data, "The column of labels; otherwise label, or the second.", valueName: "column"),
    SettingField(
      \.strict, "strict", .data, "Stop at a file that cannot be read; otherwise it is named and left out."),
  ]
}

/// Pictures and what or whom they show.
public struct PictureData: TaskData {
  public var pictures: [LabeledPicture]
  public let source: String
  public let hash: String

  public init(_ pictures: [LabeledPicture], source: String = "the pictures", hash: String = "") {
    self.pictures = pictures
    self.source = source
    self.hash = hash
  }

  /// Reads files.
  ///
  /// - Parameter note: takes what was left out.
  /// - Throws: `DataError`.
  init(_ files: [String], _ settings: PictureFileSettings, note: (String) -> Void) throws(DataError) {
    var reader = LabeledPicturesReader()
    (reader.fileColumn, reader.labelColumn) = (settings.file, settings.label)
    reader.isStrict = settings.strict
    let found = try reader.read(files)
    for error in found.leftOut.prefix(10) { note("left out: \(error)") }
    if !found.leftOut.isEmpty {
      let more = found.leftOut.count > 10 ? ", the first ten of them named above" : ""
      note("\(found.leftOut.count) of \(found.leftOut.count + found.pictures.count) files left out\(more)")
    }
    var hash = SHA256()
    for one in found.pictures {
      hash.update("\(one.picture.width) \(one.picture.height) \(one.picture.channels) \(one.label ?? "")")
      hash.update(one.picture.pixels)
    }
    self.init(found.pictures, source: files.joined(separator: ", "), hash: hash.hexadecimal())
  }

  var labels: LabelSet { LabelSet(pictures.lazy.compactMap(\.label)) }

  public var facts: [Fact] {
    let labels = labels
    return [Fact("pictures", pictures.count), Fact("labels", labels.names.count)]
      + zip(labels.names, labels.counts).prefix(20).map { Fact("label \($0)", $1) }
  }

  func choosing(_ places: [Int]) -> PictureData {
    PictureData(places.map { pictures[$0] }, source: source, hash: hash)
  }

  func joined(_ other: PictureData) -> PictureData {
    PictureData(pictures + other.pictures, source: source, hash: hash)
  }

  /// - Throws: `DataError` when some picture has no label.
  func checkLabels() throws(DataError) {
    guard let without = pictures.first(where: { $0.label == nil }) else { return }
    throw DataError(
      .badLabel, file: without.place, expected: "a label", found: "none",
      hint:
        "pictures stand in a folder named like their label, in a table with a column of labels, or in a file of IDX with a file of labels beside it"
    )
  }

  /// The ids of the pictures' labels: their places among some names.
  ///
  /// - Throws: `DataError` for a label that is none of these.
  func targets(among names: [String]) throws(DataError) -> [Int32] {
    try checkLabels()
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
    var targets: [Int32] = []
    for one in pictures {
      guard let label = one.label, let place = places[label] else {
        let known = names.prefix(12).map { quoted($0) }.joined(separator: ", ")
        throw DataError(
          .badLabel, file: one.place, expected: "one of the labels \(known) that the model knows",
          found: quoted(one.label ?? ""))
      }
      targets.append(place)
    }
    return targets
  }
}
