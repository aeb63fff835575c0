import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// Reads text from pictures: lines of print or handwriting, and whole pages of them.
///
///     let reader = try TextReader.train(files: ["lines"])
///     print(try reader.read(Picture(path: "page.png")).text)
public typealias TextReader = Model<ReadTask>

/// See `TextReader`.
public enum ReadTask: TaskDefinition {
  public typealias Network = CTCNetwork<ImageFront>

  public static let about = TaskAbout(
    "read", "Reads text from pictures: print or handwriting, lines or pages.",
    discussion: """
      Learns from pictures of lines with their texts: x.png beside x.gt.txt in folders, a table of files and texts, or \
      PAGE XML and ALTO beside pictures of pages. Reads lines, pages (their lines are found), and pages with a layout.

        unroll train read lines/ -o print
        unroll read print page.png
        unroll read print page.png --format alto -o page.xml
        unroll evaluate print held-out/
      """,
    files: [
      TaskFile(
        "DATA", count: 1...100_000,
        "Folders of x.png and x.gt.txt, tables of files and texts, or PAGE XML and ALTO.")
    ],
    inputName: "PICTURE",
    limits:
      "The network learned from its training data alone, and writes no character that those texts do not hold. Hands, "
      + "types and languages other than theirs are read worse, and what is read looks like text also where it is wrong. "
      + "Where lines stand on a page is found by rules that are made for European scripts in horizontal lines.",
    documents: [.hocr, .alto])

  public static func read(_ files: [String], _ settings: ReadSettings, note: (String) -> Void) throws
    -> ReadData
  {
    try ReadData(files, settings, note: note)
  }

  public static func split(_ data: ReadData, _ settings: ReadSettings, member: Int) -> DataParts<ReadData> {
    let cut = DataSplit(
      count: data.lines.count, fraction: settings.learning.validationShare(of: data.lines.count),
      seed: settings.learning.seed)
    return DataParts(
      training: data.choosing(cut.training),
      validation: cut.validation.isEmpty ? nil : data.choosing(cut.validation))
  }

  public static func joined(_ data: ReadData, _ other: ReadData) -> ReadData { data.joined(with: other) }

  public static func prepare(_ data: ReadData, _ settings: inout ReadSettings) throws -> CTCPreparation {
    if settings.direction == nil {
      settings.direction = RightToLeft.prevails(in: data.texts) ? .rightToLeft : .leftToRight
    }
    return try CTCPreparation(data.texts.map(settings.ordered), settings.ctc, source: data.source)
  }

  public static func fit(
    _ preparation: CTCPreparation, to data: ReadData, _ settings: ReadSettings, grows: Bool
  ) throws -> CTCPreparation {
    try preparation.fit(
      to: data.texts.map(settings.ordered), settings.ctc, source: data.source, grows: grows)
  }

  public static func network(
    _ settings: ReadSettings, _ preparation: CTCPreparation, using random: inout RandomSource
  ) -> Network {
    let front = ImageFront(
      .columns, size: Extent2D(settings.height, 1), channels: 1, blocks: settings.blocks, using: &random)
    return CTCNetwork(front, settings.ctc, symbols: preparation.alphabet.symbols.count, using: &random)
  }

  public typealias Calibration = CTCCalibration

  public static func work(
    _ training: ReadData, validation: ReadData?, _ settings: ReadSettings, _ preparation: CTCPreparation
  ) throws -> CTCWork<ReadInputs> {
    func examples(_ data: ReadData, augments: Bool) -> CTCWork<ReadInputs>.Examples {
      CTCWork.Examples(
        ReadInputs(data.pictures, settings, augments: augments), data.texts.map(settings.ordered),
        preparation.alphabet, settings.ctc)
    }
    return try CTCWork(
      examples(training, augments: true), validation: validation.map { examples($0, augments: false) },
      settings.ctc, settings.learning, preparation.alphabet, source: training.source)
  }

  public static func calibrate(_ model: TextReader, on validation: ReadData) throws -> CTCCalibration? {
    try CTCCalibration.found(
      ReadInputs(validation.pictures, model.settings), validation.texts.map(model.settings.ordered),
      model.networks, model.preparation, model.settings.ctc)
  }

  public static func remarks(
    _ parts: DataParts<ReadData>, _ settings: ReadSettings, _ preparation: CTCPreparation
  ) -> [String] {
    let data = parts.training
    var remarks = [
      "\(data.lines.count) lines, \(preparation.alphabet.symbols.count) characters; \(parts.validation?.lines.count ?? 0) lines held out"
    ]
    let inputs = ReadInputs(data.pictures, settings)
    let labels = CTCWork.Examples(
      inputs, data.texts.map(settings.ordered), preparation.alphabet, settings.ctc
    ).labels
    if let remark = CTCFit.remark(
      data.lines.map(\.place), labels, steps: data.lines.indices.map(inputs.steps))
    {
      remarks.append(remark)
    }
    let foreign = parts.validation.map { preparation.alphabet.missing(in: $0.texts) } ?? []
    if !foreign.isEmpty {
      remarks.append(
        "held out but not learned from, and never right: \(foreign.map { quoted(String($0)) }.joined(separator: ", "))"
      )
    }
    return remarks
  }

  public static func title(_ model: TextReader) -> String { "text from pictures" }

  public static func facts(_ model: TextReader) -> [Fact] {
    [Fact("characters that are written", model.preparation.alphabet.symbols.count)]
  }

  public static func layers(_ model: TextReader) -> [LayerDescription] {
    guard let network = model.networks.first else { return [] }
    return [
      LayerDescription(
        "\(network.front.blocks.count) × convolution", "[B, \(model.settings.height), W, 1]",
        "[T, B, \(network.encoder.inputSize)]", .stepwise),
      .recurrent(network.encoder, model.settings.ctc.network),
      LayerDescription(
        "softmax and blank", "[T, B, \(network.encoder.outputSize)]",
        "[T, B, \(network.head.symbolCount + 1)]",
        .stepwise),
    ]
  }
}
