import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// A trained model that says what texts or sequences of numbers are.
///
///     let classifier = try Classifier.train(files: ["mails.csv"], given: ["text": "body", "label": "kind"])
///     print(try classifier.classify(["You have won!"])[0].label)
public typealias Classifier = Model<ClassifyTask>

/// Many to one: says what texts or sequences of numbers are.
public enum ClassifyTask: TaskDefinition {
  public static let about = TaskAbout(
    "classify", "Say what texts or sequences of numbers are: sentiment, topic, spam, gesture.",
    discussion: """
      Texts come as CSV or TSV, or as lines of fastText; sequences as .ts files, or as a table with a row for each time \
      step.

        unroll train classify reviews.csv --text review --label stars -o stars
        unroll train classify mails.txt -o spam                  lines of fastText: __label__spam You have won
        unroll train classify gestures.ts -o gestures
        unroll train classify steps.csv --id trip --label mode -o modes
        unroll classify stars "What a film!" --explain
        unroll evaluate stars others.csv
      """,
    files: [TaskFile("DATA", count: 1...1000, "Examples with their labels.")], inputName: "TEXT|FILE",
    limits:
      "The model chooses among the labels that it was trained on, also where none of them fits. Its probabilities "
      + "are those of inputs like the ones that it was trained on.", format: .json)

  public static func read(_ files: [String], _ settings: ClassifySettings, note: (String) -> Void) throws
    -> ClassifyData
  {
    let data = try ClassifyData(files, settings, note: note)
    try data.checkLabels(settings)
    return data
  }

  public static func defaults(for data: ClassifyData, _ given: ClassifySettings) -> ClassifySettings {
    if case .sequence = data.examples.first?.input { return .sequences }
    var settings = ClassifySettings.texts
    if data.hasFewBlanks { settings.tokens.tokens = .characters }
    return settings
  }

  public static func inputColumn(_ settings: ClassifySettings) -> String? {
    settings.header ? settings.text : nil
  }

  public static let splitsByMember = true

  public static func split(
    _ data: ClassifyData, _ settings: ClassifySettings, member: Int
  ) -> DataParts<ClassifyData> {
    let names = data.labels
    let cut = DataSplit(
      count: data.examples.count, fraction: settings.learning.validationShare(of: data.examples.count),
      seed: settings.learning.seed &+ UInt64(member),
      labels: data.examples.map { $0.labels.first.flatMap(names.id) ?? -1 })
    return DataParts(
      training: data.choosing(cut.training),
      validation: cut.validation.isEmpty ? nil : data.choosing(cut.validation))
  }

  public static func joined(_ data: ClassifyData, _ other: ClassifyData) -> ClassifyData {
    ClassifyData(data.examples + other.examples, source: data.source, hash: data.hash)
  }

  public static func prepare(_ data: ClassifyData, _ settings: inout ClassifySettings) throws
    -> ClassifyPreparation
  {
    try data.checkLabels(settings)
    let labels = data.labels.names
    guard labels.count >= 2 || settings.multiLabel && labels.count == 1 else {
      throw DataError(
        .badLabel, file: data.source, expected: "examples of at least two labels",
        found: labels.first.map { "only \(quoted($0))" } ?? "none")
    }
    let encoder: ClassifyPreparation.Encoder
    switch data.examples.first?.input {
    case .text, nil:
      var trainer = TokenizerTrainer(settings.tokens)
      for case .text(let text) in data.examples.lazy.map(\.input) { trainer.add(text) }
      encoder = .texts(
        TextSpeller(
          tokenizer: trainer.finish(), pieces: settings.pieces, maximumLength: settings.maximumLength))
    case .sequence:
      let sequences = data.examples.compactMap { example in
        if case .sequence(let sequence, let channels) = example.input { (sequence, channels) } else { nil }
      }
      guard let channels = sequences.first(where: { $0.1 > 0 })?.1 else {
        throw DataError(
          .badSequence, file: data.source, expected: "sequences of at least one value", found: "empty ones")
      }
      encoder = .sequences(
        SequenceFrames(
          of: sequences.map(\.0), channels: channels, differences: settings.differences,
          frame: settings.frame,
          hop: settings.hop ?? settings.frame, maximumLength: settings.maximumLength))
    }
    let preparation = ClassifyPreparation(labels: labels, encoder: encoder, tokens: settings.tokens.tokens)
    for example in data.examples { try preparation.check(example.input, source: data.source) }
    return preparation
  }

  public static func fit(
    _ preparation: ClassifyPreparation, to data: ClassifyData, _ settings: ClassifySettings, grows: Bool
  ) throws -> ClassifyPreparation {
    for example in data.examples { try preparation.check(example.input, source: data.source) }
    var copy = preparation
    if grows {
      copy.labels += data.labels.names.filter { !preparation.labels.contains($0) }
      if case .texts(let speller) = copy.encoder {
        let texts = data.examples.lazy.compactMap { if case .text(let text) = $0.input { text } else { nil } }
        copy.encoder = .texts(
          TextSpeller(
            tokenizer: try speller.tokenizer.grown(
              by: texts, minimumCount: settings.tokens.minimumCount,
              maximumSize: settings.tokens.vocabularySize),
            pieces: speller.pieces, maximumLength: speller.maximumLength))
      }
    }
    _ = try copy.targets(of: data)
    return copy
  }

  public static func network(
    _ settings: ClassifySettings, _ preparation: ClassifyPreparation, using random: inout RandomSource
  ) -> ClassifyNetwork {
    ClassifyNetwork(settings, preparation.input, labels: preparation.labels.count, using: &random)
  }

  public static func initialize(
    _ network: inout ClassifyNetwork, from data: ClassifyData, _ settings: ClassifySettings,
    _ preparation: ClassifyPreparation
  ) {
    guard settings.naiveBayesStart, let targets = try? preparation.targets(of: data),
      let ids = ClassifyInputs(data.examples.lazy.map(\.input), preparation).texts?.ids
    else { return }
    network.startFromNaiveBayes(ids, targets, isMultiLabel: settings.multiLabel)
  }

  public static func work(
    _ training: ClassifyData, validation: ClassifyData?, _ settings: ClassifySettings,
    _ preparation: ClassifyPreparation
  ) throws -> ClassifyWork {
    for example in validation?.examples ?? [] {
      try preparation.check(example.input, source: validation!.source)
    }
    return ClassifyWork(
      settings, training: try .init(training, preparation),
      validation: try validation.map { try .init($0, preparation) })
  }

  public static func remarks(
    _ parts: DataParts<ClassifyData>, _ settings: ClassifySettings, _ preparation: ClassifyPreparation
  ) -> [String] {
    let data = parts.training
    var remarks = [
      "\(data.examples.count) examples of \(preparation.labels.count) labels, \(parts.validation?.examples.count ?? 0) held out"
    ]
    let alone = data.labels.singletons
    if !alone.isEmpty {
      let shown = alone.prefix(5).map { quoted($0) }.joined(separator: ", ")
      let more = alone.count > 5 ? " and \(alone.count - 5) more" : ""
      remarks.append("a single example of \(shown)\(more): nothing tells how well it is learned")
    }
    if data.hasFewBlanks, settings.tokens.tokens != .subwords {
      remarks.append("texts without blanks between words: \(settings.tokens.tokens.rawValue) are read")
    }
    if let texts = ClassifyInputs(data.examples.lazy.map(\.input), preparation).texts {
      if texts.cut > 0 {
        remarks.append(
          "\(texts.cut) texts are longer than \(settings.maximumLength) tokens: their ends are not read")
      }
      let empty = texts.ids.count { $0.isEmpty }
      if empty > 0 { remarks.append("\(empty) texts are empty") }
    }
    return remarks
  }

  public static func title(_ model: Classifier) -> String {
    let names = model.preparation.labels
    let shown = names.count <= 6 ? names : names.prefix(5) + ["and \(names.count - 5) more"]
    let kind = if case .texts = model.preparation.encoder { "texts" } else { "sequences" }
    return "classifier of \(kind): \(shown.joined(separator: ", "))"
  }

  public static func facts(_ model: Classifier) -> [Fact] {
    switch model.preparation.encoder {
    case .texts(let speller): [Fact("vocabulary in use", speller.tokenizer.vocabularySize)]
    case .sequences(let frames):
      [Fact("channels", frames.channels.count), Fact("frames", "\(frames.frame) steps, \(frames.hop) apart")]
    }
  }

  public static func layers(_ model: Classifier) -> [LayerDescription] {
    guard let network = model.networks.first else { return [] }
    let features = network.encoder.inputSize
    let front =
      network.tokens.map { _ in LayerDescription("token vectors", "[T, B]", "[T, B, \(features)]", .stepwise)
      }
      ?? LayerDescription(
        "frames", "[T, B, \(network.frames?.inputSize ?? 0)]", "[T, B, \(features)]", .stepwise)
    return [front, .recurrent(network.encoder, model.settings.network)]
      + [
        LayerDescription(
          "pooling and softmax", "[T, B, \(network.encoder.outputSize)]",
          "[B, \(model.preparation.labels.count)]", .pooled)
      ]
  }
}
