import UnrollNetworks

extension Translator {
  private static let columnOptions = [
    TaskOption(
      "source-column", .integer(1...10_000), valueName: "n", standard: "1", group: "Data",
      "The column of a tab separated file that is read."),
    TaskOption(
      "target-column", .integer(1...10_000), valueName: "n", standard: "2", group: "Data",
      "The column that it becomes."),
  ]

  private static let searchOptions = [
    TaskOption(
      "beam", .integer(1...1000), valueName: "n", standard: "5", group: "Search",
      "Hypotheses that are followed at a time; 1: greedy."),
    TaskOption(
      "length-penalty", .number(0...10), valueName: "α", standard: "1", group: "Search",
      "Scores are divided by ((5 + length) / 6)^α; more makes longer translations."),
    TaskOption(
      "ensemble", .texts, valueName: "MODEL", group: "Search",
      "A further model of the same vocabulary, whose probabilities are averaged with the model's."),
  ]

  public static var useOptions: [TaskOption] {
    searchOptions + [
      TaskOption(
        "best", .integer(1...1000), valueName: "n", group: "Output",
        "Write so many translations of each text, likeliest first, each behind its score."),
      TaskOption(
        "batch", .integer(1...100_000), valueName: "n", standard: "1", group: "Search",
        "Lines of standard input that are read before they are translated together: faster, and later."),
      TaskOption(
        "align", .flag, group: "Output",
        "Write the attention below each translation, tab separated, and draw it as a heat map."),
      TaskOption(
        "heat-map", .text, valueName: "FILE", standard: "alignment.svg", group: "Output",
        "Where the picture goes; those of further texts get numbers."),
    ]
  }

  public static var evaluationOptions: [TaskOption] {
    columnOptions + searchOptions + [
      TaskOption("save", .text, valueName: "FILE", group: "Output", "Write the translations, one a line.")
    ]
  }

  public static var trainingOptions: [TaskOption] {
    let s = TranslationSettings()
    return columnOptions + [
      TaskOption(
        "validation", .texts, valueName: "FILE", group: "Data",
        "Pairs that the best epoch is chosen by: said once for a tab separated file, twice for two files. Otherwise one pair in twenty is set apart."
      ),
      TaskOption(
        "tokens", .choice(TranslationSettings.Tokens.allCases.map(\.rawValue)), standard: s.tokens.rawValue,
        group: "Data", "What a token is."),
      TaskOption("joint", .flag, group: "Data", "Give both sides one vocabulary."),
      TaskOption(
        "vocabulary", .integer(5...262_144), valueName: "n", standard: "\(s.vocabulary)", group: "Data",
        "The largest vocabulary of a side."),
      TaskOption(
        "minimum-count", .integer(1...1_000_000), valueName: "n", standard: "\(s.minimumCount)",
        group: "Data", "What is rarer is not in the vocabulary."),
      TaskOption(
        "maximum-length", .integer(1...100_000), valueName: "n", standard: "\(s.maximumLength)",
        group: "Data", "Pairs with a side of more tokens are left out."),
      TaskOption(
        "stream", .flag, group: "Data",
        "Read the pairs anew in each epoch instead of holding them in memory."),
      TaskOption("cell", .choice(["gru", "lstm"]), standard: s.cell.rawValue, group: "Model", "The cell."),
      TaskOption(
        "embedding", .integer(1...8192), valueName: "n", standard: "\(s.embeddingSize)", group: "Model",
        "Features of a token's vector."),
      TaskOption(
        "hidden", .integer(1...8192), valueName: "n", standard: "\(s.hiddenSize)", group: "Model",
        "Units of a layer."),
      TaskOption(
        "encoder-layers", .integer(1...16), valueName: "n", standard: "\(s.encoderLayers)", group: "Model",
        "Layers of the encoder, each in both directions."),
      TaskOption(
        "decoder-layers", .integer(1...16), valueName: "n", standard: "\(s.decoderLayers)", group: "Model",
        "Layers of the decoder."),
      TaskOption(
        "attention", .choice(TranslationSettings.AttentionKind.allCases.map(\.rawValue)),
        standard: s.attention.rawValue, group: "Model", "How the decoder looks at the source."),
      TaskOption("input-feeding", .flag, group: "Model", "Feed what a step said to the next; slower."),
      TaskOption(
        "coverage", .flag, group: "Model",
        "Let attention know what was read before; with additive attention; slower."),
    ] + rateOptions(s)
  }

  private static func rateOptions(_ s: TranslationSettings) -> [TaskOption] {
    func share(_ name: String, _ standard: some Any, _ help: String) -> TaskOption {
      TaskOption(
        name, .number(0...0.99), valueName: "p", standard: "\(standard)", group: "Training", help)
    }
    return [
      TaskOption(
        "epochs", .integer(1...1_000_000), valueName: "n", standard: "\(s.epochs)", group: "Training",
        "Passes over the data."),
      TaskOption(
        "batch-tokens", .integer(1...10_000_000), valueName: "n", group: "Training",
        "Tokens of a batch, both sides together; otherwise 500 to 3000, by the size of the data."),
      TaskOption(
        "rate", .number(1e-7...1), valueName: "η", standard: "\(s.learningRate)", group: "Training",
        "The highest learning rate."),
      TaskOption(
        "weight-decay", .number(0...10), valueName: "λ", standard: "\(s.weightDecay)", group: "Training",
        "How much weights shrink."),
      share("dropout", s.dropout, "The share of features dropped."),
      share("word-dropout", s.wordDropout, "The share of tokens whose vectors are dropped."),
      share("weight-dropout", s.weightDropout, "The share of recurrent weights dropped."),
      share("label-smoothing", s.labelSmoothing, "The share of belief spread over all tokens."),
      TaskOption(
        "scheduled-sampling", .number(0...1), valueName: "p", standard: "\(s.scheduledSampling)",
        group: "Training",
        "The share of target tokens replaced by the network's own guesses in the end; slower."
      ),
      TaskOption(
        "averaging", .number(0...0.99999), valueName: "decay", standard: "\(s.averaging)", group: "Training",
        "The decay of the moving average of weights that is kept; 0: none."),
      TaskOption(
        "patience", .integer(0...1_000_000), valueName: "n", standard: "\(s.patience)", group: "Training",
        "End after this many epochs that were no better; 0: never."),
      TaskOption(
        "select", .choice(TranslationSettings.Selection.allCases.map(\.rawValue)),
        standard: s.selection.rawValue, group: "Training", "What the best epoch is chosen by."),
      TaskOption(
        "seed", .integer(0...Int.max), valueName: "n", standard: "\(s.seed)", group: "Training",
        "Where all randomness begins."),
    ]
  }
}

extension TranslationSettings {
  /// - Throws: `TranslationError.setting`.
  init(_ a: TaskArguments) throws {
    self.init()
    tokens = a.text("tokens").flatMap(Tokens.init) ?? tokens
    isJoint = a.flag("joint")
    vocabulary = a.integer("vocabulary") ?? vocabulary
    minimumCount = a.integer("minimum-count") ?? minimumCount
    maximumLength = a.integer("maximum-length") ?? maximumLength
    cell = a.text("cell").flatMap(CellKind.init) ?? cell
    embeddingSize = a.integer("embedding") ?? embeddingSize
    hiddenSize = a.integer("hidden") ?? hiddenSize
    encoderLayers = a.integer("encoder-layers") ?? encoderLayers
    decoderLayers = a.integer("decoder-layers") ?? decoderLayers
    attention = a.text("attention").flatMap(AttentionKind.init) ?? attention
    inputFeeding = a.flag("input-feeding")
    coverage = a.flag("coverage")
    streams = a.flag("stream")
    epochs = a.integer("epochs") ?? epochs
    batchTokens = a.integer("batch-tokens") ?? batchTokens
    learningRate = a.number("rate").map { Float($0) } ?? learningRate
    weightDecay = a.number("weight-decay").map { Float($0) } ?? weightDecay
    dropout = a.number("dropout").map { Float($0) } ?? dropout
    wordDropout = a.number("word-dropout").map { Float($0) } ?? wordDropout
    weightDropout = a.number("weight-dropout").map { Float($0) } ?? weightDropout
    labelSmoothing = a.number("label-smoothing") ?? labelSmoothing
    scheduledSampling = a.number("scheduled-sampling").map { Float($0) } ?? scheduledSampling
    averaging = a.number("averaging").map { Float($0) } ?? averaging
    patience = a.integer("patience") ?? patience
    selection = a.text("select").flatMap(Selection.init) ?? selection
    seed = a.integer("seed").map { UInt64($0) } ?? seed
    try check()
  }
}
