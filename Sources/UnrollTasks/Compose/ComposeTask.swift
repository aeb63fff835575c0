import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// A model of music: which notes sound next after those before.
///
///     let composer = try Composer.train(files: ["chorales"])
///     let score = try composer.compose(bars: 16, seed: 7)
///     try AtomicFile.write(score.midi.bytes, to: "out.mid")
public typealias Composer = Model<ComposeTask>

/// What a step of a model of music is.
public struct ComposePreparation: ModelPart {
  /// What stands in `config.json`.
  public struct Stored: Codable, Sendable {
    var lowestKey: Int
    var keys: Int
  }
  public var stored: Stored { Stored(lowestKey: Keyboard.lowest, keys: Keyboard.count) }
  public var files: [String: [UInt8]] { [:] }

  init() {}

  public init(_ stored: Stored, _ files: ModelFiles) throws {
    guard stored.lowestKey == Keyboard.lowest, stored.keys == Keyboard.count else {
      throw files.damaged(
        "keys", expected: "\(Keyboard.count) keys from \(Keyboard.lowest) on",
        found: "\(stored.keys) from \(stored.lowestKey)")
    }
  }
}

/// One to many: learns to write music, step by step, and to score it.
public enum ComposeTask: TaskDefinition {
  public static let about = TaskAbout(
    "compose", "Learn to write music, note by note, and to harmonize a melody.",
    discussion: """
      MUSIC is MIDI (.mid), tunes in ABC (.abc), piano rolls in JSON (lists of pieces, of steps, of pitches; also by parts \
      train, valid and test), or folders of them. Music becomes steps of equal length, and the keys that sound at each.

        unroll train compose chorales/ -o model
        unroll compose model --bars 16 --seed 7 -o new.mid --plot new.svg
        unroll compose model beginning.mid --with-primer -o longer.mid
        unroll compose model --harmonize melody.mid -o chorale.mid
        unroll evaluate model test/
      """,
    files: [TaskFile("MUSIC", count: 1...1_000_000, "Files of MIDI, ABC or JSON, or folders of them.")],
    inputName: "PRIMER",
    limits:
      "The model imitates the music that it learned from, and may repeat parts of it. It hears which keys sound at each "
      + "step, and neither how loud nor which instrument; a note that is struck again is one that goes on.")

  public static func read(_ files: [String], _ settings: ComposeSettings, note: (String) -> Void) throws
    -> ComposeData
  {
    try withoutActuallyEscaping(note) { note in
      var reader = ComposeReader(settings, note: note)
      var data = try ComposeData(
        try reader.pieces(files, strict: settings.strict), source: files.joined(separator: ", "))
      data.hash = reader.hash.hexadecimal()
      return data
    }
  }

  public static func defaults(for data: ComposeData, _ given: ComposeSettings) -> ComposeSettings {
    var settings = ComposeSettings()
    // Some thousand optimizer steps, whatever the size.
    let steps = max(1, data.pieces(for: .training).reduce(0) { $0 + $1.count })
    settings.learning.epochs = min(150, max(10, 3_000_000 / steps))
    return settings
  }

  public static func split(
    _ data: ComposeData, _ settings: ComposeSettings, member: Int
  ) -> DataParts<ComposeData> {
    let known = data.pieces.indices.filter { data.pieces[$0].use == .validation }
    if !known.isEmpty {
      let rest = data.pieces.indices.filter { ![.validation, .test].contains(data.pieces[$0].use) }
      return DataParts(training: data.choosing(rest), validation: data.choosing(known))
    }
    let usable = data.pieces.indices.filter { data.pieces[$0].use != .test }
    let cut = DataSplit(
      count: usable.count, fraction: settings.learning.validationShare(of: usable.count),
      seed: settings.learning.seed)
    return DataParts(
      training: data.choosing(cut.training.map { usable[$0] }),
      validation: cut.validation.isEmpty ? nil : data.choosing(cut.validation.map { usable[$0] }))
  }

  public static func joined(_ data: ComposeData, _ other: ComposeData) -> ComposeData {
    var both = data
    both.pieces += other.pieces
    return both
  }

  public static func prepare(_ data: ComposeData, _ settings: inout ComposeSettings) throws
    -> ComposePreparation
  { ComposePreparation() }

  public static func fit(
    _ preparation: ComposePreparation, to data: ComposeData, _ settings: ComposeSettings, grows: Bool
  ) -> ComposePreparation { preparation }

  public static func network(
    _ settings: ComposeSettings, _ preparation: ComposePreparation, using random: inout RandomSource
  ) -> ComposeNetwork { ComposeNetwork(settings, using: &random) }

  /// Before it has learned anything, the network says of each key how often it sounds in the training data.
  public static func initialize(
    _ network: inout ComposeNetwork, from data: ComposeData, _ settings: ComposeSettings,
    _ preparation: ComposePreparation
  ) {
    let steps = data.pieces.flatMap(\.steps)
    var counts = [Double](repeating: 0.5, count: Keyboard.count)
    for key in steps.joined() { counts[Int(key)] += 1 }
    let isReversed = settings.head == .autoregressive && settings.order == .highToLow
    let odds = counts.map { Float(naturalLogarithm($0 / max(0.5, Double(steps.count) + 1 - $0))) }
    network.head.keyBias?.value = Tensor(isReversed ? odds.reversed() : odds)
  }

  public static func work(
    _ training: ComposeData, validation: ComposeData?, _ settings: ComposeSettings,
    _ preparation: ComposePreparation
  ) throws -> ComposeWork {
    let pieces = training.pieces.filter { $0.use != .test && !$0.steps.isEmpty }.map(\.steps)
    guard !pieces.isEmpty else {
      throw DataError(
        .badMusic, file: training.source, expected: "a piece to learn from", found: "none")
    }
    let held = validation?.pieces(for: .validation).filter { $0.count > 1 }
    return ComposeWork(pieces, validation: held?.isEmpty ?? true ? nil : held, settings)
  }

  public static func remarks(
    _ parts: DataParts<ComposeData>, _ settings: ComposeSettings, _ preparation: ComposePreparation
  ) -> [String] {
    let (training, held) = (parts.training.pieces, parts.validation?.pieces ?? [])
    let steps = training.reduce(0) { $0 + $1.steps.count }
    var remarks = ["\(training.count) pieces of \(steps) steps to learn from, \(held.count) held out"]
    if steps < 2_000 {
      remarks.append("less than 2,000 steps: the model will know them by heart rather than learn their style")
    }
    return remarks
  }

  public static func title(_ model: Composer) -> String {
    "model of music in steps of 1/\(model.settings.stepsPerQuarter) of a quarter note, learned from \(model.record.source)"
  }

  public static func layers(_ model: Composer) -> [LayerDescription] {
    let network = model.networks[0]
    let read = LayerDescription(
      "keys that sounded", "[T, B, \(Keyboard.inputSize)]", "[T, B, \(network.encoder.inputSize)]", .stepwise)
    let size = network.encoder.outputSize
    let head = model.settings.head.rawValue
    return [
      read, .recurrent(network.encoder, model.settings.network),
      LayerDescription(
        "\(head) notes", "[T, B, \(size)]", "[T, B, \(Keyboard.count)]", .stepwise),
    ]
  }
}
