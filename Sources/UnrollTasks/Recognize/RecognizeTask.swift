import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// A trained model that knows people by their faces.
public typealias Recognizer = Model<RecognizeTask>

/// Many to one: says whose face a picture shows, or that it is nobody's who is enrolled.
public enum RecognizeTask: TaskDefinition {
  public static let about = TaskAbout(
    "recognize", "Say whose face a picture shows, or that nobody who is enrolled is on it.",
    discussion: """
      Pictures of faces come as a folder with a folder for each person, or as a table of files and names. Whoever is in the \
      training is enrolled; others can be enrolled and forgotten without training again. What is kept of a person are \
      embeddings, not pictures.

        unroll train recognize people/ -o door                      people/ada/1.png, people/grace/1.png, …
        unroll recognize door photo.png
        unroll recognize door photo.png --verify other.png
        unroll recognize door new-1.png new-2.png --enroll Emmy --save door
        unroll recognize door --forget Emmy --save door
      """,
    files: [TaskFile("DATA", count: 1...1000, "Pictures of faces, by person: folders, or tables.")],
    inputName: "PICTURE",
    limits:
      "Not for access control: a photograph of a face is taken for the face, and relatives for each other. Ask the "
      + "people for consent before you train on their faces or enroll them. Errors differ between groups of people; "
      + "measure them on the people that the model will meet. A picture must show one face that fills it.")

  public static func read(
    _ files: [String], _ settings: RecognizeSettings, note: (String) -> Void
  ) throws -> PictureData {
    let data = try PictureData(files, settings.files, note: note)
    try data.checkLabels()
    return data
  }

  /// Holds out people, not pictures: the threshold is for those whom the network has not seen.
  public static func split(
    _ data: PictureData, _ settings: RecognizeSettings, member: Int
  ) -> DataParts<PictureData> {
    let labels = data.labels
    let several = zip(labels.names, labels.counts).filter { $0.1 > 1 }.map(\.0)
    let wanted = Int((Double(labels.names.count) * settings.learning.validationShare).rounded())
    // Pairs of unlike people need two.
    guard labels.names.count >= 6, settings.learning.validationShare > 0, several.count >= 2 else {
      return DataParts(training: data)
    }
    var random = RandomSource(seed: settings.learning.seed)
    let held = Set(several.shuffled(using: &random).prefix(max(2, wanted)))
    let isHeld = data.pictures.map { $0.label.map(held.contains) ?? false }
    let places = data.pictures.indices
    return DataParts(
      training: data.choosing(places.filter { !isHeld[$0] }),
      validation: data.choosing(places.filter { isHeld[$0] }))
  }

  public static func joined(_ data: PictureData, _ other: PictureData) -> PictureData { data.joined(other) }

  public static func prepare(
    _ data: PictureData, _ settings: inout RecognizeSettings
  ) throws -> RecognizePreparation {
    let preparation = try RecognizePreparation(learning: data, settings)
    settings.size = [preparation.scaling.height, preparation.scaling.width]
    settings.color = preparation.scaling.channels == 1 ? .grey : .rgb
    return preparation
  }

  public static func fit(
    _ preparation: RecognizePreparation, to data: PictureData, _ settings: RecognizeSettings, grows: Bool
  ) throws -> RecognizePreparation {
    var copy = preparation
    if grows { copy.stored.people += data.labels.names.filter { !preparation.people.contains($0) } }
    _ = try data.targets(among: copy.people)
    return copy
  }

  public static func network(
    _ settings: RecognizeSettings, _ preparation: RecognizePreparation, using random: inout RandomSource
  ) throws -> RecognizeNetwork {
    let network = RecognizeNetwork(
      settings, size: preparation.scaling.size, channels: preparation.scaling.channels,
      people: preparation.people.count, using: &random)
    let left = network.front.outputExtent
    guard left.height > 0, left.width > 0 else {
      throw SettingError(
        "size", expected: "pictures that \(settings.filters.count) convolutions leave something of",
        found: "\(preparation.scaling.height) × \(preparation.scaling.width)")
    }
    return network
  }

  public static func work(
    _ training: PictureData, validation: PictureData?, _ settings: RecognizeSettings,
    _ preparation: RecognizePreparation
  ) throws -> RecognizeWork {
    try RecognizeWork(training, validation: validation, settings, preparation)
  }

  public static func calibrate(_ model: Recognizer, on validation: PictureData) throws -> FaceGallery? {
    let faces = try model.embedder(validation.pictures.map(\.picture))
    let curve = FaceGallery.curve(faces, validation.pictures.map(\.label))
    guard curve.equalErrorRate.isFinite else { return nil }
    var gallery = FaceGallery()
    gallery.pairThreshold = curve.equalErrorThreshold
    gallery.threshold = FaceGallery.nearestCurve(faces, validation.pictures.map(\.label)).equalErrorThreshold
    gallery.equalErrorRate = curve.equalErrorRate
    let points = curve.points.filter(\.threshold.isFinite)
    let step = max(1, points.count / 100)
    gallery.curve = stride(from: 0, to: points.count, by: step).map { points[$0] }
    return gallery
  }

  /// Enrolls everybody.
  public static func finish(_ model: inout Recognizer, _ data: PictureData) {
    var gallery = model.calibration ?? FaceGallery()
    gallery.people = [:]
    if let faces = try? model.embedder(data.pictures.map(\.picture)) {
      for (face, one) in zip(faces, data.pictures) {
        if let name = one.label { gallery.enroll(face, as: name) }
      }
    }
    model.calibration = gallery
  }

  public static func remarks(
    _ parts: DataParts<PictureData>, _ settings: RecognizeSettings, _ preparation: RecognizePreparation
  ) -> [String] {
    let people = parts.training.labels
    let held = parts.validation.map { "\($0.labels.names.count) people held out" } ?? "nobody held out"
    var remarks = ["\(parts.training.pictures.count) pictures of \(people.names.count) people, \(held)"]
    let alone = zip(people.names, people.counts).filter { $0.1 == 1 }.map { quoted($0.0) }
    if !alone.isEmpty {
      let more = alone.count > 5 ? " and \(alone.count - 5) more" : ""
      remarks.append(
        "a single picture of \(alone.prefix(5).joined(separator: ", "))\(more): what varies in it is not learned"
      )
    }
    return remarks
  }

  /// Reads `pictures`, `[batch, height, width, channels]`, scaled as `config.json` says; gives `embeddings`, those of all
  /// members side by side.
  public static func trace(_ trace: inout Trace, _ model: Recognizer) throws {
    let scaling = model.preparation.scaling
    let pixels = trace.numbers(
      "pictures", [.batch, .fixed(scaling.height), .fixed(scaling.width), .fixed(scaling.channels)])
    var none: RandomSource?
    trace.gives(
      "embeddings",
      .concatenated(try model.networks.map { try $0.embeddings(pixels, random: &none) }, axis: -1))
  }

  public static func title(_ model: Recognizer) -> String {
    "whose face a picture shows: \(model.gallery.people.count) people"
  }

  public static func facts(_ model: Recognizer) -> [Fact] {
    model.preparation.scaling.facts + [
      Fact("people enrolled", model.gallery.people.count),
      Fact("distance up to which a face is known", NumberText.decimal(model.gallery.threshold, places: 3)),
      Fact(
        "distance up to which two pictures show one person",
        NumberText.decimal(model.gallery.pairThreshold, places: 3)),
    ]
      + (model.gallery.equalErrorRate.map {
        [Fact("equal error rate, people held out", NumberText.decimal(100 * $0, places: 2) + " %")]
      } ?? [])
  }

  public static func layers(_ model: Recognizer) -> [LayerDescription] {
    guard let network = model.networks.first else { return [] }
    let scaling = model.preparation.scaling
    return [
      LayerDescription(
        "\(model.settings.filters.count) convolutions",
        "[B, \(scaling.height), \(scaling.width), \(scaling.channels)]",
        "[T, B, \(network.encoder.inputSize)]", .stepwise),
      .recurrent(network.encoder, model.settings.network),
      LayerDescription(
        "pooling and embedding", "[T, B, \(network.encoder.outputSize)]",
        "[B, \(model.settings.embeddingSize)]", .pooled),
    ]
  }

  /// True against false acceptance on people who were not learned from.
  public static func pictures(_ model: Recognizer) -> [String: [UInt8]] {
    let curve = model.gallery.curve
    guard curve.count > 1 else { return [:] }
    let plot = LinePlot(
      title: "Pairs of pictures of people held out", horizontalLabel: "false acceptance",
      verticalLabel: "true acceptance",
      lines: [
        .init(
          name: "true acceptance", x: curve.map(\.falseAcceptance), y: curve.map { 1 - $0.falseRejection })
      ])
    return ["roc.svg": Array(plot.svg().utf8)]
  }
}

extension Model where Task == RecognizeTask {
  /// The people who are enrolled.
  public var gallery: FaceGallery { calibration ?? FaceGallery() }

  var embedder: Embedder {
    Embedder(networks: networks, scaling: preparation.scaling, mirrors: settings.augmentation.mirror)
  }
}
