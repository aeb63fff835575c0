import UnrollData
import UnrollNetworks
import UnrollTraining

extension Tagger: WorkingTask {
  public static let abstract = "Give each word a tag: parts of speech, names of people and places."
  public static let discussion = """
    Learns from sentences with a tag for each word, one word a line: CoNLL columns or CoNLL-U. Tags such as
    B-person and I-person spell entities, in BIO, IOB1 or BIOES.

      unroll train tag train.conllu --validation dev.conllu -o parts-of-speech
      unroll tag parts-of-speech "Time flies like an arrow"
      unroll evaluate parts-of-speech test.conllu
    """

  public static let trainingFiles = [
    TaskFile("DATA", "Sentences with tags: CoNLL columns or CoNLL-U.")
  ]

  private static let fileOptions: [TaskOption] = [
    TaskOption(
      "format", .choice(["auto", "conll", "conllu"]), standard: "auto", group: "Data",
      "How files hold words and tags."),
    TaskOption(
      "word-column", .integer(1...1000), valueName: "n", standard: "1", group: "Data",
      "The column of the words, counted from 1."),
    TaskOption(
      "tag-column", .text, valueName: "column", group: "Data",
      "The column of the tags: its number, counted from 1, or in CoNLL-U its name. Standard: the last one, or UPOS."
    ),
  ]

  public static let trainingOptions: [TaskOption] =
    fileOptions + [
      TaskOption(
        "scheme", .choice(["auto", "none"] + TagScheme.allCases.map(\.rawValue)), standard: "auto",
        group: "Data", "How tags spell entities; none: each tag stands by itself."),
      TaskOption(
        "validation", .text, valueName: "file", group: "Data",
        "Sentences that the best epoch is chosen on. Standard: a share of DATA."),
      TaskOption(
        "validation-share", .number(0...0.9), valueName: "share", standard: "0.1", group: "Data",
        "The share of DATA that the best epoch is chosen on; 0: the last epoch is kept."),
    ] + networkOptions + trainingSettings

  private static let networkOptions: [TaskOption] = [
    TaskOption(
      "decision", .choice(TagDecision.allCases.map(\.rawValue)), group: "Network",
      "How tags are decided. Standard: crf for entities, else softmax."),
    TaskOption(
      "cell", .choice(CellKind.allCases.map(\.rawValue)), group: "Network",
      "The recurrent cell. Standard: lstm."),
    TaskOption(
      "hidden", .integer(1...8192), valueName: "n", group: "Network",
      "Units of each direction of the sentence's encoder."),
    TaskOption("layers", .integer(1...16), valueName: "n", group: "Network", "Layers of it."),
    TaskOption(
      "word-size", .integer(1...4096), valueName: "n", group: "Network", "The size of a word's vector."),
    TaskOption(
      "minimum-count", .integer(1...1_000_000), valueName: "n", group: "Network", "Rarer words are unknown."),
    TaskOption(
      "character-size", .integer(0...1024), valueName: "n", group: "Network",
      "The size of a character's vector; 0: characters are not read."),
    TaskOption(
      "character-hidden", .integer(1...4096), valueName: "n", group: "Network",
      "Units of each direction of the encoder of a word's characters."),
    TaskOption(
      "feature-size", .integer(0...1024), valueName: "n", group: "Network",
      "The size of the vector of an affix or a word's shape; 0: neither is looked at."),
    TaskOption(
      "prefixes", .integer(0...8), valueName: "n", group: "Network", "The longest prefix looked at."),
    TaskOption(
      "suffixes", .integer(0...8), valueName: "n", group: "Network", "The longest suffix looked at."),
  ]

  private static let trainingSettings: [TaskOption] = [
    TaskOption("epochs", .integer(1...1_000_000), valueName: "n", group: "Training", "Passes over the data."),
    TaskOption(
      "patience", .integer(0...1_000_000), valueName: "n", group: "Training",
      "Epochs without a better score after which training ends; 0: never."),
    TaskOption("batch", .integer(1...10_000_000), valueName: "n", group: "Training", "Words of a step."),
    TaskOption(
      "rate", .number(0...100), valueName: "x", group: "Training", "The learning rate at its height."),
    TaskOption(
      "dropout", .number(0...0.99), valueName: "share", group: "Training", "The share of features dropped."),
    TaskOption(
      "word-dropout", .number(0...0.99), valueName: "share", group: "Training",
      "The share of words that are taken for unknown."),
    TaskOption(
      "rare-dropout", .number(0...1000), valueName: "alpha", group: "Training",
      "A word seen n times is taken for unknown by chance alpha / (alpha + n)."),
    TaskOption(
      "feature-dropout", .number(0...0.99), valueName: "share", group: "Training",
      "The share of affixes and shapes that are taken for unknown."),
    TaskOption(
      "character-dropout", .number(0...0.99), valueName: "share", group: "Training",
      "The share of characters that are taken for unknown."),
    TaskOption(
      "exchange", .number(0...1), valueName: "share", group: "Training",
      "The share of entities whose place another of their type takes, anew in each epoch."),
    TaskOption(
      "averaging", .number(0...0.999999), valueName: "decay", group: "Training",
      "The decay a step of the moving average of weights that is kept; 0: none."),
    TaskOption(
      "smoothing", .number(0...0.99), valueName: "share", group: "Training",
      "The probability that is spread over all tags, with softmax."),
    TaskOption(
      "members", .integer(1...64), valueName: "n", group: "Training", "Networks that decide together."),
    TaskOption(
      "refit", .flag, group: "Training",
      "Train again on all sentences, those of the validation included, after they have served."),
    TaskOption(
      "seed", .integer(0...Int.max), valueName: "n", group: "Training",
      "Where random numbers start: the same seed, the same model."),
  ]

  public static func train(
    on files: [String], _ arguments: TaskArguments, _ session: TaskSession
  ) throws -> Tagger {
    var source = TaggerSource()
    source.take(arguments)
    source.name = files[0]
    let choice: TaggerCorpus.SchemeChoice =
      switch arguments.text("scheme") ?? "auto" {
      case "auto": .found
      case "none": .none
      case let name: TagScheme(rawValue: name).map { .scheme($0) } ?? .found
      }
    let corpus = try TaggerCorpus(path: files[0], source, scheme: choice)
    let validation = try arguments.text("validation").map {
      try TaggerCorpus(path: $0, source, scheme: choice)
    }
    note(corpus, validation, session)
    var settings = corpus.scheme == nil ? TaggerSettings.tags : .entities
    settings.take(arguments)
    return try train(
      corpus, validation: validation, validationShare: arguments.number("validation-share") ?? 0.1,
      source: source, settings: settings, journal: session.journal,
      report: session.report, shouldStop: session.shouldStop)
  }

  private static func note(_ corpus: TaggerCorpus, _ validation: TaggerCorpus?, _ session: TaskSession) {
    let words = corpus.sentences.reduce(0) { $0 + $1.words.count }
    let scheme = corpus.scheme.map { "entities in \($0.rawValue)" } ?? "tags that stand by themselves"
    session.note("\(corpus.sentences.count) sentences, \(words) words, \(scheme)")
    let labels = LabelSet(corpus.sentences.flatMap(\.tags))
    if !labels.singletons.isEmpty {
      let names = labels.singletons.prefix(8).map { quoted($0) }.joined(separator: ", ")
      let more = labels.singletons.count > 8 ? " and \(labels.singletons.count - 8) more" : ""
      session.note("seen once, and hardly to be learned: \(names)\(more)")
    }
    guard let validation else { return }
    let foreign = LabelSet(validation.sentences.flatMap(\.tags)).names.filter { labels.id($0) == nil }
    if !foreign.isEmpty {
      let names = foreign.prefix(8).map { quoted($0) }.joined(separator: ", ")
      session.note("in \(validation.name) but not in \(corpus.name), and never right: \(names)")
    }
  }

  public static let evaluationFiles = [TaskFile("FILE", "Sentences with tags that the model has not seen.")]
  public static let evaluationOptions = fileOptions

  public func evaluate(on files: [String], _ arguments: TaskArguments, _ session: TaskSession) throws {
    var source = source
    source.take(arguments)
    // Tags that break every scheme are scored as they stand, as conlleval does.
    var corpus = try TaggerCorpus(path: files[0], source, scheme: .none)
    if tags.scheme != nil, let schemed = try? TaggerCorpus(corpus.sentences, name: files[0]) {
      corpus = schemed
    }
    session.write(try score(corpus.written(in: tags.scheme)).text())
  }
}

extension TaggerSource {
  /// Takes what was said; what was not stays as it is.
  mutating func take(_ arguments: TaskArguments) {
    if arguments.has("format") {
      let format = arguments.text("format")
      isUniversal = format == "auto" ? nil : format == "conllu"
    }
    if arguments.has("word-column"), let column = arguments.integer("word-column") { wordColumn = column }
    if arguments.has("tag-column") { tagColumn = arguments.text("tag-column") }
  }
}

extension TaggerSettings {
  /// Takes what was said; what was not stays as it is.
  mutating func take(_ arguments: TaskArguments) {
    func integer(_ name: String, _ value: inout Int) { value = arguments.integer(name) ?? value }
    func number(_ name: String, _ value: inout Float) {
      value = arguments.number(name).map { Float($0) } ?? value
    }
    integer("hidden", &hiddenSize)
    integer("layers", &layers)
    integer("word-size", &wordSize)
    integer("minimum-count", &minimumCount)
    integer("character-size", &characterSize)
    integer("character-hidden", &characterHidden)
    integer("feature-size", &featureSize)
    integer("prefixes", &prefixes)
    integer("suffixes", &suffixes)
    integer("epochs", &epochs)
    integer("patience", &patience)
    integer("batch", &batchWords)
    integer("members", &members)
    number("rate", &learningRate)
    number("dropout", &dropout)
    number("word-dropout", &wordDropout)
    number("rare-dropout", &rareDropout)
    number("feature-dropout", &featureDropout)
    number("character-dropout", &characterDropout)
    number("exchange", &exchange)
    number("averaging", &averaging)
    smoothing = arguments.number("smoothing") ?? smoothing
    decision = arguments.text("decision").flatMap { TagDecision(rawValue: $0) } ?? decision
    cell = arguments.text("cell").flatMap { CellKind(rawValue: $0) } ?? cell
    refits = refits || arguments.flag("refit")
    seed = arguments.integer("seed").map { UInt64($0) } ?? seed
  }
}
