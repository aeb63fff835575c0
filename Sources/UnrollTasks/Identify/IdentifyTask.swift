import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// A trained model that says what pictures show.
public typealias Identifier = Model<IdentifyTask>

/// Many to one: says what a picture shows, out of the labels that it was trained on.
public enum IdentifyTask: TaskDefinition {
  public static let about = TaskAbout(
    "identify", "Say what a picture shows: a digit, a sign, a kind of thing.",
    discussion: """
      Pictures come as a folder with a folder for each label, as a table of files and labels, or as files of IDX.

        unroll train identify photos/ -o things                     photos/cat/1.png, photos/dog/2.jpg, …
        unroll train identify signs.csv --file path --label sign -o signs
        unroll train identify train-images-idx3-ubyte train-labels-idx1-ubyte -o digits
        unroll identify digits seven.png --top 3 --explain --plot seven.svg
        unroll evaluate digits t10k-images-idx3-ubyte t10k-labels-idx1-ubyte
      """,
    files: [
      TaskFile("DATA", count: 1...1000, "Pictures with their labels: folders, tables or files of IDX.")
    ], inputName: "PICTURE",
    limits:
      "The model chooses among the labels that it was trained on, also where a picture shows none of them. Its "
      + "probabilities are those of pictures like the ones that it was trained on.")

  public static func read(
    _ files: [String], _ settings: IdentifySettings, note: (String) -> Void
  ) throws -> PictureData {
    let data = try PictureData(files, settings.files, note: note)
    try data.checkLabels()
    return data
  }

  public static let splitsByMember = true

  public static func split(
    _ data: PictureData, _ settings: IdentifySettings, member: Int
  ) -> DataParts<PictureData> {
    let names = data.labels
    let count = data.pictures.count
    let cut = DataSplit(
      count: count, fraction: settings.learning.validationShare(of: count),
      seed: settings.learning.seed &+ UInt64(member),
      labels: data.pictures.map { $0.label.flatMap(names.id) ?? -1 })
    return DataParts(
      training: data.choosing(cut.training),
      validation: cut.validation.isEmpty ? nil : data.choosing(cut.validation))
  }

  public static func joined(_ data: PictureData, _ other: PictureData) -> PictureData {
    data.joined(other)
  }

  public static func prepare(
    _ data: PictureData, _ settings: inout IdentifySettings
  ) throws -> IdentifyPreparation {
    let preparation = try IdentifyPreparation(learning: data, settings)
    settings.size = [preparation.scaling.height, preparation.scaling.width]
    settings.color = preparation.scaling.channels == 1 ? .grey : .rgb
    return preparation
  }

  public static func fit(
    _ preparation: IdentifyPreparation, to data: PictureData, _ settings: IdentifySettings, grows: Bool
  ) throws -> IdentifyPreparation {
    var copy = preparation
    if grows { copy.stored.labels += data.labels.names.filter { !preparation.labels.contains($0) } }
    _ = try data.targets(among: copy.labels)
    return copy
  }

  public static func network(
    _ settings: IdentifySettings, _ preparation: IdentifyPreparation, using random: inout RandomSource
  ) throws -> IdentifyNetwork {
    let network = IdentifyNetwork(
      settings, size: preparation.scaling.size, channels: preparation.scaling.channels,
      labels: preparation.labels.count, using: &random)
    let left = network.front.outputExtent
    guard left.height > 0, left.width > 0 else {
      throw SettingError(
        "size", expected: "pictures that convolution and sweeps leave something of",
        found: "\(preparation.scaling.size.height) × \(preparation.scaling.size.width)")
    }
    return network
  }

  public static func work(
    _ training: PictureData, validation: PictureData?, _ settings: IdentifySettings,
    _ preparation: IdentifyPreparation
  ) throws -> IdentifyWork {
    IdentifyWork(
      settings, preparation, training: try .init(training, preparation),
      validation: try validation.map { try .init($0, preparation) })
  }

  public static func remarks(
    _ parts: DataParts<PictureData>, _ settings: IdentifySettings, _ preparation: IdentifyPreparation
  ) -> [String] {
    let (pictures, labels) = (parts.training.pictures, parts.training.labels)
    let (height, width) = (preparation.scaling.height, preparation.scaling.width)
    let color = preparation.scaling.channels == 1 ? "grey" : "coloured"
    var remarks = [
      "\(pictures.count) pictures of \(preparation.labels.count) labels, "
        + "\(parts.validation?.pictures.count ?? 0) held out; read \(color), \(height) rows of \(width)"
    ]
    let resized = pictures.count { $0.picture.height != height || $0.picture.width != width }
    if resized > 0 { remarks.append("\(resized) pictures are of another size and were brought to this one") }
    let alone = zip(labels.names, labels.counts).filter { $0.1 == 1 }.map { quoted($0.0) }
    if !alone.isEmpty {
      let more = alone.count > 5 ? " and \(alone.count - 5) more" : ""
      remarks.append(
        "a single picture of \(alone.prefix(5).joined(separator: ", "))\(more): nothing tells how well it is learned"
      )
    }
    return remarks
  }

  /// Reads `pictures`, `[batch, height, width, channels]`, scaled as `config.json` says; gives `probabilities`, `[batch,
  /// labels]`.
  public static func trace(_ trace: inout Trace, _ model: Identifier) throws {
    let scaling = model.preparation.scaling
    let pixels = trace.numbers(
      "pictures", [.batch, .fixed(scaling.height), .fixed(scaling.width), .fixed(scaling.channels)])
    var none: RandomSource?
    let probabilities = try model.networks.map { try $0.logits(pixels, random: &none).softmax() }
    trace.gives("probabilities", .mean(of: probabilities))
  }

  public static func title(_ model: Identifier) -> String {
    let names = model.preparation.labels
    let shown = names.count <= 6 ? names : names.prefix(5) + ["and \(names.count - 5) more"]
    return "what a picture shows: \(shown.joined(separator: ", "))"
  }

  public static func facts(_ model: Identifier) -> [Fact] { model.preparation.scaling.facts }

  public static func layers(_ model: Identifier) -> [LayerDescription] {
    guard let network = model.networks.first else { return [] }
    let scaling = model.preparation.scaling
    let features = network.encoder.inputSize
    return [
      LayerDescription(
        model.settings.front.rawValue, "[B, \(scaling.height), \(scaling.width), \(scaling.channels)]",
        "[T, B, \(features)]", .stepwise),
      .recurrent(network.encoder, model.settings.network),
      LayerDescription(
        "pooling and softmax", "[T, B, \(network.encoder.outputSize)]",
        "[B, \(model.preparation.labels.count)]",
        .pooled),
    ]
  }
}
