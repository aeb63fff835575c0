import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// A model of drawings: where a pen goes next.
///
///     let drawer = try Drawer.train(files: ["digits.json"])
///     print(try drawer.answers([DrawInput(label: "3")])[0].svg)
public typealias Drawer = Model<DrawTask>

/// What a model of drawings knows before its network: their labels, and how long steps are.
public struct DrawPreparation: ModelPart {
  /// What stands in `config.json`.
  public struct Stored: Codable, Sendable {
    var labels: [String]
    var scale: Float
  }
  public let labels: [String]
  /// The standard deviation of offsets, which is 1 on the network's scale.
  public let scale: Float

  public var stored: Stored { Stored(labels: labels, scale: scale) }
  public var files: [String: [UInt8]] { [:] }

  init(labels: [String], scale: Float) {
    self.labels = labels
    self.scale = scale
  }

  public init(_ stored: Stored, _ files: ModelFiles) throws {
    guard Set(stored.labels).count == stored.labels.count, stored.labels.count <= Self.mostLabels else {
      throw files.damaged("labels", expected: "different labels", found: "\(stored.labels.count)")
    }
    guard stored.scale > 0, stored.scale.isFinite else {
      throw files.damaged("scale", expected: "a number above 0", found: stored.scale)
    }
    self.init(labels: stored.labels, scale: stored.scale)
  }

  static let mostLabels = 100_000

  var inputSize: Int { DrawNetwork.strokeSize + labels.count }

  /// - Throws: `DataError` for a drawing without a label, or of one that the model does not know.
  func number(of example: DrawData.Example) throws -> Int? {
    guard !labels.isEmpty else { return nil }
    guard let label = example.label, let number = labels.firstIndex(of: label) else {
      throw DataError(
        .badLabel, file: example.place, expected: "a label that the model knows",
        found: example.label.map { quoted($0) } ?? "none")
    }
    return number
  }

  /// Drawings on the network's scale.
  func drawings(_ examples: [DrawData.Example]) throws -> DrawWork.Drawings {
    try examples.map { ($0.drawing.scaled(by: 1 / scale).steps, try number(of: $0)) }
  }
}

/// One to many: learns to draw with a pen, freely or what a label asks for.
public enum DrawTask: TaskDefinition {
  public static let about = TaskAbout(
    "draw", "Learn to draw with a pen, freely or what a label asks for.",
    discussion: """
      DRAWINGS is stroke-3 in JSON (lists of drawings, of steps, of dx, dy and whether the pen is lifted; also by parts \
      train, valid and test, or by labels), sketch-rnn's .npz, InkML, or folders of them.

        unroll train draw letters.json -o model
        unroll draw model --count 40 -o letters.svg
        unroll train draw cat.npz dog.npz -o animals
        unroll draw animals cat --temperature 0.5 -o cat.svg
        unroll draw model begun.inkml -o finished.svg
        unroll evaluate model test.json
      """, files: [TaskFile("DRAWINGS", count: 1...1_000_000, "Files of drawings, or folders of them.")],
    inputName: "LABEL",
    limits:
      "The model imitates the drawings that it learned from, point by point; it has no plan of the whole, and its lines "
      + "wander the more, the longer a drawing is.")

  public static func read(_ files: [String], _ settings: DrawSettings, note: (String) -> Void) throws
    -> DrawData
  { try DrawData(files, settings, note: note) }

  public static func defaults(for data: DrawData, _ given: DrawSettings) -> DrawSettings {
    var settings = DrawSettings()
    // Some thousand optimizer steps, whatever the size.
    let count = max(1, data.examples(for: .training).count)
    settings.learning.batchSize = min(64, max(8, count / 50))
    settings.learning.epochs = min(200, max(10, 500_000 / count))
    return settings
  }

  public static func split(
    _ data: DrawData, _ settings: DrawSettings, member: Int
  ) -> DataParts<DrawData> {
    let known = data.examples.indices.filter { data.examples[$0].use == .validation }
    let usable = data.examples.indices.filter { data.examples[$0].use != .test }
    if !known.isEmpty {
      let rest = usable.filter { data.examples[$0].use != .validation }
      return DataParts(training: data.choosing(rest), validation: data.choosing(known))
    }
    let cut = DataSplit(
      count: usable.count, fraction: settings.learning.validationShare(of: usable.count),
      seed: settings.learning.seed)
    return DataParts(
      training: data.choosing(cut.training.map { usable[$0] }),
      validation: cut.validation.isEmpty ? nil : data.choosing(cut.validation.map { usable[$0] }))
  }

  public static func joined(_ data: DrawData, _ other: DrawData) -> DrawData {
    var both = data
    both.examples += other.examples
    return both
  }

  public static func prepare(_ data: DrawData, _ settings: inout DrawSettings) throws -> DrawPreparation {
    let examples = data.examples.filter { $0.use != .test }
    let labels = settings.conditional ? Set(examples.compactMap(\.label)).sorted() : []
    guard labels.count <= DrawPreparation.mostLabels else {
      throw DataError(
        .tooLarge, file: data.source, expected: "at most \(DrawPreparation.mostLabels) labels",
        found: "\(labels.count)")
    }
    return DrawPreparation(
      labels: labels.count > 1 ? labels : [], scale: PenDrawing.scale(examples.lazy.map(\.drawing)))
  }

  public static func fit(
    _ preparation: DrawPreparation, to data: DrawData, _ settings: DrawSettings, grows: Bool
  ) throws -> DrawPreparation {
    let new = Set(data.examples.compactMap(\.label)).subtracting(preparation.labels).sorted()
    guard grows, !preparation.labels.isEmpty, !new.isEmpty else { return preparation }
    return DrawPreparation(labels: preparation.labels + new, scale: preparation.scale)
  }

  public static func network(
    _ settings: DrawSettings, _ preparation: DrawPreparation, using random: inout RandomSource
  ) -> DrawNetwork { DrawNetwork(settings, labels: preparation.labels.count, using: &random) }

  public static func work(
    _ training: DrawData, validation: DrawData?, _ settings: DrawSettings, _ preparation: DrawPreparation
  ) throws -> DrawWork {
    let examples = training.examples.filter { $0.use != .test }
    guard !examples.isEmpty else {
      throw DataError(.badStrokes, file: training.source, expected: "a drawing to learn from", found: "none")
    }
    return DrawWork(
      try preparation.drawings(examples),
      validation: try validation.map { try preparation.drawings($0.examples(for: .validation)) }, settings,
      inputSize: preparation.inputSize)
  }

  public static func remarks(
    _ parts: DataParts<DrawData>, _ settings: DrawSettings, _ preparation: DrawPreparation
  ) -> [String] {
    let (training, held) = (parts.training.examples.count, parts.validation?.examples.count ?? 0)
    let labels = preparation.labels.isEmpty ? "no labels" : "\(preparation.labels.count) labels"
    return ["\(training) drawings to learn from, \(held) held out, \(labels)"]
  }

  public static func title(_ model: Drawer) -> String {
    let labels = model.preparation.labels
    return
      "model of drawings\(labels.isEmpty ? "" : " of \(labels.count) labels"), learned from \(model.record.source)"
  }

  public static func facts(_ model: Drawer) -> [Fact] {
    let labels = model.preparation.labels
    return labels.isEmpty ? [] : [Fact("labels", labels.prefix(100).joined(separator: ", "))]
  }

  public static func layers(_ model: Drawer) -> [LayerDescription] {
    let network = model.networks[0]
    let outputs = 6 * network.head.mixtures + PenState.count
    return [
      LayerDescription(
        "pen and label", "[T, B, \(network.front.inputSize)]", "[T, B, \(network.encoder.inputSize)]",
        .stepwise), .recurrent(network.encoder, model.settings.network),
      LayerDescription(
        "mixture of \(network.head.mixtures) normal densities", "[T, B, \(network.encoder.outputSize)]",
        "[T, B, \(outputs)]", .stepwise),
    ]
  }
}
