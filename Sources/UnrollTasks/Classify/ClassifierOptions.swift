import UnrollNetworks

extension ClassifierSettings {
  /// What can be said of a classifier in words.
  static let options: [TaskOption] = dataOptions + networkOptions + noiseOptions + learningOptions

  /// How files of examples are read.
  static let fileOptions = [
    TaskOption(
      "text", .text, valueName: "column", group: "Data",
      "The column of the text, by its name; with --no-header by its number, from 1."),
    TaskOption("label", .text, valueName: "column", group: "Data", "The column of the label."),
    TaskOption(
      "id", .text, valueName: "column", group: "Data",
      "The column that tells sequences apart, in a table with a row for each time step."),
  ]

  private static let dataOptions =
    fileOptions + [
      TaskOption(
        "feature", .texts, valueName: "column", group: "Data",
        "A column of values of a sequence; all others when none is said."),
      TaskOption("no-header", .flag, group: "Data", "The file is tab separated and has no line of names."),
      TaskOption("multi-label", .flag, group: "Data", "An example may have several labels, or none."),
      TaskOption(
        "separator", .text, valueName: "character", group: "Data",
        "What stands between several labels in the label's column."),
      TaskOption("validation", .text, valueName: "file", group: "Data", "Examples that choose the epoch."),
      TaskOption(
        "validation-share", .number(0...0.9), valueName: "share", standard: "0.1", group: "Data",
        "The share of the data that chooses the epoch, where no file is said; another share for each member."),
      TaskOption(
        "length", .integer(1...10_000_000), valueName: "n", standard: "1000", group: "Data",
        "The steps that are read of an example."),
    ]

  private static let networkOptions = [
    TaskOption("cell", .choice(CellKind.allCases.map(\.rawValue)), group: "Network", "The recurrent cell."),
    TaskOption("hidden", .integer(1...8192), valueName: "n", group: "Network", "Units of each direction."),
    TaskOption("layers", .integer(1...32), valueName: "n", group: "Network", "Recurrent layers."),
    TaskOption("forward-only", .flag, group: "Network", "Read from the start to the end only."),
    TaskOption(
      "pooling", .texts, valueName: "way", group: "Network",
      "How the steps become one vector: \(PoolingKind.allCases.map(\.rawValue).joined(separator: ", ")). Several stand side by side."
    ),
    TaskOption("outputs-only", .flag, group: "Network", "Pool what the network says, not what it reads."),
    TaskOption(
      "members", .integer(1...64), valueName: "n", group: "Network",
      "Networks whose probabilities are averaged."),
    TaskOption(
      "tokens", .choice(TokenKind.allCases.map(\.rawValue)), group: "Network", "What a text is cut into."),
    TaskOption("keep-case", .flag, group: "Network", "Tell capital letters from small ones."),
    TaskOption(
      "embedding", .integer(0...8192), valueName: "n", group: "Network",
      "The size of the vector of a token, or of a step of a sequence: 0 for its values themselves."),
    TaskOption(
      "uninformed", .flag, group: "Network",
      "Start the vectors of tokens at random alone, not with the labels that tokens occur with."),
    TaskOption(
      "minimum-count", .integer(1...1_000_000), valueName: "n", group: "Network",
      "Tokens that are rarer are unknown."),
    TaskOption(
      "vocabulary", .integer(8...262_144), valueName: "n", group: "Network", "The largest vocabulary."),
    TaskOption(
      "pieces", .integer(0...100_000_000), valueName: "n", group: "Network",
      "Rows of the table that pieces of words share; 0: words are wholes."),
    TaskOption(
      "frame", .integer(1...100_000), valueName: "n", group: "Network",
      "Steps of a sequence that are read as one."),
    TaskOption(
      "hop", .integer(1...100_000), valueName: "n", group: "Network",
      "The distance of the starts of two frames; that of a frame's length when not said."),
    TaskOption(
      "differences", .flag, group: "Network", "Read the change of each value since the step before, too."),
  ]

  private static let noiseOptions = [
    TaskOption(
      "token-dropout", .number(0...0.99), valueName: "share", group: "Noise while training",
      "Tokens that are read as unknown."),
    TaskOption(
      "dropout", .number(0...0.99), valueName: "share", group: "Noise while training",
      "Features that are dropped."),
    TaskOption(
      "weight-dropout", .number(0...0.99), valueName: "share", group: "Noise while training",
      "Recurrent weights that are dropped."),
    TaskOption(
      "noise", .number(0...10), valueName: "size", group: "Noise while training",
      "The deviation of what is added to standardised values."),
    TaskOption(
      "scaling", .number(0...10), valueName: "size", group: "Noise while training",
      "The deviation of the factor that a sequence is multiplied by."),
    TaskOption(
      "shift", .number(0...1), valueName: "share", group: "Noise while training",
      "The share of its length by which a sequence is shifted at most."),
    TaskOption(
      "adversarial", .number(0...10), valueName: "size", group: "Noise while training",
      "Learn to withstand the worst small step of the inputs, of this size relative to theirs."),
  ]

  private static let learningOptions = [
    TaskOption(
      "class-weights", .choice(ClassWeights.allCases.map(\.rawValue)), group: "Training",
      "How much an example counts by its label."),
    TaskOption(
      "threshold", .number(0...1), valueName: "probability", standard: "0.5", group: "Training",
      "From which probability on a label applies, with --multi-label."),
    TaskOption(
      "smoothing", .number(0...0.99), valueName: "share", group: "Training",
      "The share of a target that is spread over all labels."),
    TaskOption("epochs", .integer(1...1_000_000), valueName: "n", group: "Training", "The most epochs."),
    TaskOption(
      "batch", .integer(1...1_000_000), valueName: "n", group: "Training", "Examples of an optimizer step."),
    TaskOption("rate", .number(1e-8...10), valueName: "rate", group: "Training", "The learning rate."),
    TaskOption(
      "weight-decay", .number(0...10), valueName: "rate", group: "Training", "The decay of the weights."),
    TaskOption(
      "patience", .integer(0...1_000_000), valueName: "n", group: "Training",
      "Epochs without a better validation before training ends; 0: never."),
    TaskOption(
      "choice", .choice(Choice.allCases.map(\.rawValue)), group: "Training",
      "What decides which epoch's weights are kept."),
    TaskOption(
      "averaging", .number(0...0.99999), valueName: "decay", group: "Training",
      "The decay of the moving average of the weights; 0: none is kept."),
    TaskOption(
      "time-limit", .number(1...1e9), valueName: "seconds", group: "Training",
      "Time for training; what is there by then is kept."),
    TaskOption("seed", .integer(0...Int.max), valueName: "n", standard: "0", group: "Training", "The seed."),
  ]

  /// The settings that words ask for.
  ///
  /// - Throws: `TaskArgumentError`.
  init(_ arguments: TaskArguments, isNumeric: Bool) throws(TaskArgumentError) {
    self = isNumeric ? .sequences : .texts
    func take<Value>(_ name: String, _ value: Value?, _ path: WritableKeyPath<Self, Value>) {
      if arguments.has(name), let value { self[keyPath: path] = value }
    }
    func take<Value: RawRepresentable<String>>(_ name: String, _ path: WritableKeyPath<Self, Value>) {
      take(name, arguments.text(name).flatMap { Value(rawValue: $0) }, path)
    }
    func whole(_ name: String, _ path: WritableKeyPath<Self, Int>) {
      take(name, arguments.integer(name), path)
    }
    func number(_ name: String, _ path: WritableKeyPath<Self, Double>) {
      take(name, arguments.number(name), path)
    }
    func single(_ name: String, _ path: WritableKeyPath<Self, Float>) {
      take(name, arguments.number(name).map { Float($0) }, path)
    }
    take("cell", \.cell)
    take("tokens", \.tokens)
    take("class-weights", \.classWeights)
    take("choice", \.choice)
    for (name, path) in [
      ("hidden", \Self.hiddenSize), ("layers", \.layers), ("members", \.members),
      ("embedding", \.embeddingSize),
      ("minimum-count", \.minimumCount), ("vocabulary", \.vocabularySize), ("pieces", \.pieces),
      ("length", \.maximumLength), ("frame", \.frame), ("epochs", \.epochs), ("batch", \.batchSize),
      ("patience", \.patience),
    ] { whole(name, path) }
    for (name, path) in [
      ("token-dropout", \Self.tokenDropout), ("threshold", \.threshold), ("adversarial", \.adversarial),
      ("smoothing", \.smoothing),
      ("validation-share", \.validationShare),
    ] { number(name, path) }
    for (name, path) in [
      ("dropout", \Self.dropout), ("weight-dropout", \.weightDropout), ("noise", \.noise),
      ("scaling", \.scaling),
      ("shift", \.shift), ("rate", \.learningRate), ("weight-decay", \.weightDecay),
      ("averaging", \.averaging),
    ] { single(name, path) }
    hop = arguments.integer("hop") ?? frame
    if arguments.flag("forward-only") { bidirectional = false }
    if arguments.flag("outputs-only") { poolsInputs = false }
    if arguments.flag("keep-case") { lowercases = false }
    if arguments.flag("uninformed") { informed = false }
    if arguments.flag("differences") { differences = true }
    if arguments.flag("multi-label") { isMultiLabel = true }
    if let seed = arguments.integer("seed") { self.seed = UInt64(seed) }
    if arguments.has("pooling") {
      pooling = try arguments.texts("pooling").map { (word) throws(TaskArgumentError) in
        guard let kind = PoolingKind(rawValue: word) else {
          throw TaskArgumentError(
            option: "pooling",
            expected: "one of \(PoolingKind.allCases.map(\.rawValue).joined(separator: ", "))", found: word)
        }
        return kind
      }
    }
  }
}

extension ClassifierFormat {
  /// The format of a file, by what was said of it and by its name.
  ///
  /// - Throws: `TaskArgumentError` when what was said does not go together.
  init(_ path: String, _ arguments: TaskArguments) throws(TaskArgumentError) {
    let (text, label, id) = (arguments.text("text"), arguments.text("label"), arguments.text("id"))
    if let id {
      if text != nil {
        throw TaskArgumentError(
          option: "text", expected: "no text beside --id, which is for sequences", found: text)
      }
      let features = arguments.texts("feature")
      self = .sequenceTable(id: id, label: label, features: features.isEmpty ? nil : features)
    } else if let text, arguments.flag("no-header") {
      func number(_ option: String, _ word: String) throws(TaskArgumentError) -> Int {
        guard let number = Int(word), number >= 1 else {
          throw TaskArgumentError(option: option, expected: "the number of a column, from 1", found: word)
        }
        return number
      }
      var column: Int?
      if let label { column = try number("label", label) }
      self = .numbered(text: try number("text", text), label: column)
    } else if let text {
      self = .columns(text: text, label: label, separator: arguments.text("separator"))
    } else if label != nil {
      throw TaskArgumentError(
        option: "label", expected: "--text COLUMN beside it, or --id COLUMN for sequences", found: label)
    } else {
      self = path.hasSuffix(".ts") ? .sequenceFile : .fastText
    }
  }

  /// The option that is missing where examples without labels were read.
  var labelHint: String {
    switch self {
    case .columns, .numbered, .sequenceTable: "say --label COLUMN"
    case .fastText: "say --text COLUMN --label COLUMN for a table; fastText marks labels with __label__"
    case .sequenceFile: "@classLabel true in the header"
    }
  }
}
