import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// A model of text: how likely each next token is after those before it.
///
///     let model = try LanguageModel.train(files: ["shakespeare.txt"])
///     print(try model.generate(prompt: "ROMEO:", length: 400, seed: 7))
///     print(try model.score("To be, or not to be").bitsPerCharacter)
public typealias LanguageModel = Model<GenerateTask>

/// A text to learn from.
public struct GenerateData: TaskData {
  let corpus: TextCorpus
  public let hash: String
  public var source: String { corpus.name }
  public var facts: [Fact] { [Fact("bytes", corpus.range.count)] }

  init(_ corpus: TextCorpus, hash: String = "") {
    self.corpus = corpus
    self.hash = hash
  }

  /// - Throws: `DataError` when there is no text.
  public init(_ text: String) throws { self.init(try TextCorpus(bytes: Array(text.utf8), name: "the text")) }
}

/// What cuts text into tokens.
public struct GeneratePreparation: ModelPart {
  public let tokenizer: any Tokenizer
  let kind: TokenKind

  public var stored: String { kind.rawValue }
  public var files: [String: [UInt8]] { ["tokenizer.json": tokenizer.tokenizerJSON()] }

  init(_ tokenizer: any Tokenizer, _ kind: TokenKind) {
    self.tokenizer = tokenizer
    self.kind = kind
  }

  public init(_ stored: String, _ files: ModelFiles) throws {
    guard let kind = TokenKind(rawValue: stored) else {
      throw files.damaged("", expected: "a kind of tokens", found: stored)
    }
    self.init(try files.tokenizer("tokenizer.json", kind: kind), kind)
  }
}

/// One to many: learns to write text, token by token, and to score it.
public enum GenerateTask: TaskDefinition {
  public static let about = TaskAbout(
    "generate", "Learn to write text, token by token, and to score it.",
    discussion: """
      TEXT is a file of UTF-8 text. The end of it is held out to choose the epoch.

        unroll train generate shakespeare.txt -o model
        unroll generate model "ROMEO:" --length 400 --temperature 0.8
        unroll generate model --score "To be, or not to be"
        unroll evaluate model more.txt
      """, files: [TaskFile("TEXT", count: 1...1000, "Files of UTF-8 text.")], inputName: "PROMPT",
    limits:
      "The model imitates the text that it learned from, with all that it says, and knows nothing else. What it "
      + "writes is made up. Tokens that the text lacks are all the same to it.", streams: true)

  public static func read(_ files: [String], _ settings: GenerateSettings, note: (String) -> Void) throws
    -> GenerateData
  {
    var corpus: TextCorpus?
    for path in files {
      let next = try TextCorpus(path: path, memoryLimit: settings.stream ? 0 : 64 << 20)
      corpus = try corpus?.followed(by: next) ?? next
    }
    guard let corpus else { throw DataError(.emptyFile, file: "", expected: "a text", found: "none") }
    var hash = SHA256()
    try corpus.forEachPiece { hash.update(Array($0.utf8)) }
    return GenerateData(corpus, hash: hash.hexadecimal())
  }

  public static func defaults(for data: GenerateData, _ given: GenerateSettings) -> GenerateSettings {
    let bytes: Double = [.characters: 1, .subwords: 3, .words: 5.5][given.tokens.tokens] ?? 1
    return GenerateSettings(tokens: given.tokens.tokens).scaled(
      to: Int(Double(data.corpus.range.count) / bytes))
  }

  /// The largest part that is held out, in bytes.
  private static let mostValidation = 1 << 20

  public static func split(
    _ data: GenerateData, _ settings: GenerateSettings, member: Int
  ) throws -> DataParts<GenerateData> {
    let (training, held) = try data.corpus.cut(
      share: settings.learning.validationShare, most: mostValidation)
    return DataParts(
      training: GenerateData(training, hash: data.hash), validation: held.map { GenerateData($0) })
  }

  public static func joined(_ data: GenerateData, _ other: GenerateData) throws -> GenerateData {
    GenerateData(try data.corpus.followed(by: other.corpus), hash: data.hash)
  }

  public static func prepare(
    _ data: GenerateData, _ settings: inout GenerateSettings
  ) throws -> GeneratePreparation {
    var trainer = TokenizerTrainer(settings.tokens)
    try data.corpus.forEachPiece { trainer.add($0) }
    let tokenizer = trainer.finish()
    let special = SpecialToken.allCases.count
    guard tokenizer.vocabularySize - special >= 2 else {
      let found = (special..<tokenizer.vocabularySize).map { quoted(tokenizer.decode([Int32($0)])) }
      throw DataError(
        .emptyFile, file: data.source, expected: "at least 2 different tokens",
        found: found.isEmpty ? "none" : "only \(found.joined(separator: ", "))")
    }
    if settings.softmax == nil {
      let isLarge = settings.tokens.tokens == .words && tokenizer.vocabularySize >= 20_000
      settings.softmax = isLarge ? .adaptive : .full
      if isLarge { settings.tied = false }
    }
    return GeneratePreparation(tokenizer, settings.tokens.tokens)
  }

  public static func fit(
    _ preparation: GeneratePreparation, to data: GenerateData, _ settings: GenerateSettings, grows: Bool
  ) throws -> GeneratePreparation {
    guard grows else { return preparation }
    guard settings.softmax != .adaptive else {
      throw SettingError(
        "grow",
        expected: "a model with a full softmax: an adaptive one sorts tokens by how frequent they are",
        found: "adaptive")
    }
    var text = ""
    try data.corpus.forEachPiece { text += $0 }
    return GeneratePreparation(
      try preparation.tokenizer.grown(
        by: [text], minimumCount: settings.tokens.minimumCount, maximumSize: settings.tokens.vocabularySize),
      preparation.kind)
  }

  public static func network(
    _ settings: GenerateSettings, _ preparation: GeneratePreparation, using random: inout RandomSource
  ) -> LanguageNetwork {
    LanguageNetwork(settings, vocabularySize: preparation.tokenizer.vocabularySize, using: &random)
  }

  public static func work(
    _ training: GenerateData, validation: GenerateData?, _ settings: GenerateSettings,
    _ preparation: GeneratePreparation
  ) throws -> LanguageWork {
    let tokenizer = preparation.tokenizer
    let (streams, steps) = (settings.learning.batchSize, settings.sequenceLength)
    let held = try validation?.corpus.tokens(tokenizer) ?? []
    if training.corpus.isStreamed {
      return LanguageWork(
        try CorpusReading(
          path: training.source, range: training.corpus.range, tokenizer: tokenizer, streams: streams,
          steps: steps),
        validation: held)
    }
    let tokens = try training.corpus.tokens(tokenizer)
    guard tokens.count >= 2 else {
      throw DataError(
        .emptyFile, file: training.source, expected: "at least 2 tokens to learn from",
        found: "\(tokens.count)")
    }
    return LanguageWork(training: tokens, validation: held, streams: streams, steps: steps)
  }

  public static func remarks(
    _ parts: DataParts<GenerateData>, _ settings: GenerateSettings, _ preparation: GeneratePreparation
  ) -> [String] {
    let (training, held) = (parts.training.corpus.range.count, parts.validation?.corpus.range.count ?? 0)
    var remarks = [
      "\(training) bytes to learn from, \(held) held out, \(preparation.tokenizer.vocabularySize) tokens in the vocabulary"
    ]
    if training < 20_000 {
      remarks.append(
        "a text of less than 20 kB: the model will know it by heart rather than learn its language")
    }
    return remarks
  }

  public static func title(_ model: LanguageModel) -> String {
    "language model of \(model.preparation.kind.rawValue), learned from \(model.record.source)"
  }

  public static func facts(_ model: LanguageModel) -> [Fact] {
    [Fact("vocabulary in use", model.preparation.tokenizer.vocabularySize)]
  }

  public static func layers(_ model: LanguageModel) -> [LayerDescription] {
    guard let network = model.networks.first else { return [] }
    return [
      LayerDescription("token vectors", "[T, B]", "[T, B, \(network.encoder.inputSize)]", .stepwise),
      .recurrent(network.encoder, model.settings.network),
      LayerDescription(
        "softmax", "[T, B, \(network.encoder.outputSize)]",
        "[T, B, \(model.preparation.tokenizer.vocabularySize)]", .stepwise),
    ]
  }
}
