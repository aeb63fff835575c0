import UnrollData

/// What a language model's commands offer.
enum LanguageOptions {
  static let training: [TaskOption] = text + model + noise + schedule

  private static let text: [TaskOption] = [
    TaskOption(
      "tokens", .choice(LanguageSettings.Tokens.allCases.map(\.rawValue)), valueName: "kind",
      standard: "characters", group: "Text", "What the text is cut into."),
    TaskOption(
      "vocabulary", .integer(5...262_144), valueName: "n", group: "Text",
      "The largest vocabulary. \(standard(\.vocabularySize))"),
    TaskOption(
      "minimum-count", .integer(1...Int.max), valueName: "n", group: "Text",
      "Rarer characters and words are unknown. \(standard(\.minimumCount))"),
    TaskOption(
      "validation-share", .number(0...0.5), valueName: "share", standard: "0.05", group: "Text",
      "The share of the text, cut from its end, that judges each epoch; at most 4 MB."),
    TaskOption(
      "stream", .flag, group: "Text",
      "Read the text from the file in each epoch, and never hold all of it; always so above 64 MB."),
  ]

  private static let model: [TaskOption] = [
    TaskOption(
      "cell", .choice(LanguageSettings.Cell.allCases.map(\.rawValue)), valueName: "kind", standard: "lstm",
      group: "Model", "The recurrent cell."),
    TaskOption(
      "embedding", .integer(1...8192), valueName: "n", group: "Model",
      "The size of a token's vector. \(standard(\.embeddingSize))"),
    TaskOption(
      "hidden", .integer(1...8192), valueName: "n", group: "Model",
      "The units of a layer. \(standard(\.hiddenSize))"),
    TaskOption(
      "layers", .integer(1...32), valueName: "n", group: "Model",
      "The number of recurrent layers. \(standard(\.layers))"),
    TaskOption(
      "tied", .choice(["yes", "no"]), valueName: "yes|no", group: "Model",
      "Whether the table of token vectors is the output too. Standard: yes but for characters."),
    TaskOption(
      "softmax", .choice(LanguageSettings.Softmax.allCases.map(\.rawValue)), valueName: "kind",
      group: "Model", "The output. Standard: adaptive from 20000 words on."),
  ]

  private static let noise: [TaskOption] = {
    func dropout(_ name: String, _ path: KeyPath<LanguageSettings, Float>, _ help: String) -> TaskOption {
      TaskOption(
        name, .number(0...0.95), valueName: "p", group: "Noise while training",
        "The share dropped \(help). \(standard(path))")
    }
    return [
      dropout("input-dropout", \.inputDropout, "of token vectors"),
      dropout("layer-dropout", \.layerDropout, "between layers"),
      dropout("output-dropout", \.outputDropout, "before the output"),
      dropout("weight-dropout", \.weightDropout, "of recurrent weights"),
    ]
  }()

  private static let schedule: [TaskOption] = [
    TaskOption(
      "steps", .integer(1...100_000), valueName: "n", group: "Training",
      "Tokens of a window. \(standard(\.steps))"),
    TaskOption(
      "streams", .integer(1...100_000), valueName: "n", group: "Training",
      "Places that are read side by side. \(standard(\.streams))"),
    TaskOption(
      "epochs", .integer(1...1_000_000), valueName: "n", group: "Training",
      "Passes over the text. \(standard(\.epochs))"),
    TaskOption(
      "rate", .number(0...10), valueName: "r", group: "Training",
      "The highest learning rate. \(standard(\.learningRate))"),
    TaskOption(
      "weight-decay", .number(0...10), valueName: "d", group: "Training",
      "How much weights shrink. \(standard(\.weightDecay))"),
    TaskOption(
      "clip", .number(0...Double.infinity), valueName: "norm", standard: "1", group: "Training",
      "Gradients of a greater norm are shortened to it."),
    TaskOption(
      "averaging", .number(0...0.99999), valueName: "decay", standard: "0", group: "Training",
      "The decay a step of a moving average of the weights, which is kept; 0: none."),
    TaskOption(
      "time-limit", .number(0...Double.infinity), valueName: "seconds", group: "Training",
      "Training ends after this time."),
    TaskOption(
      "seed", .integer(0...Int.max), valueName: "n", standard: "1", group: "Training",
      "Equal seeds give equal models."),
  ]

  /// What counts when nothing is said, in words: one value, or one for each kind of token.
  private static func standard(_ path: KeyPath<LanguageSettings, some Any>) -> String {
    let kinds = LanguageSettings.Tokens.allCases
    let values = kinds.map { "\(LanguageSettings(tokens: $0)[keyPath: path])" }
    if Set(values).count == 1 { return "Standard: \(values[0])." }
    let each = zip(values, kinds).map { "\($0) for \($1.rawValue)" }
    return "Standard: \(each.joined(separator: ", "))."
  }

  static let use: [TaskOption] = [
    TaskOption(
      "score", .flag, group: "Text",
      "Write nothing new: give the surprise of each token of TEXT, or of each line of standard input, as JSON."
    ),
    TaskOption("prompt", .text, valueName: "text", group: "Text", "What the text starts with."),
    TaskOption(
      "length", .integer(0...Int.max), valueName: "n", standard: "500", group: "Text",
      "The most tokens to write."),
    TaskOption(
      "stop", .texts, valueName: "text", group: "Text", "Ends the text where this would be written."),
    TaskOption(
      "temperature", .number(0...1000), valueName: "t", standard: "1", group: "Drawing",
      "Lower is surer, higher more varied; 0: always the likeliest token."),
    TaskOption(
      "top-k", .integer(1...Int.max), valueName: "k", group: "Drawing",
      "Draw from the k likeliest tokens alone."),
    TaskOption(
      "top-p", .number(0...1), valueName: "p", group: "Drawing",
      "Draw from the likeliest tokens that together have this probability."),
    TaskOption(
      "seed", .integer(0...Int.max), valueName: "n", standard: "0", group: "Drawing",
      "Equal seeds give equal texts."),
  ]

  static let evaluation: [TaskOption] = [
    TaskOption("score", .flag, "Write each token's surprise instead, one JSON object a line."),
    TaskOption(
      "adapt", .flag, group: "Dynamic evaluation",
      "Go on learning from the text, each token once it was scored."),
    TaskOption(
      "adapt-rate", .number(0...1000), valueName: "η", standard: "\(LanguageAdaptation().rate)",
      group: "Dynamic evaluation", "The learning rate."),
    TaskOption(
      "adapt-decay", .number(0...1), valueName: "λ", standard: "\(LanguageAdaptation().decay)",
      group: "Dynamic evaluation", "The share of the way back to the trained weights at each step."),
    TaskOption(
      "adapt-window", .integer(1...65536), valueName: "n", standard: "\(LanguageAdaptation().window)",
      group: "Dynamic evaluation", "Tokens of a step."),
  ]
}

extension LanguageAdaptation {
  /// What options say; `nil` without `--adapt`.
  init?(_ arguments: TaskArguments) {
    guard arguments.flag("adapt") else { return nil }
    self.init()
    if let value = arguments.number("adapt-rate") { rate = Float(value) }
    if let value = arguments.number("adapt-decay") { decay = value }
    if let value = arguments.integer("adapt-window") { window = value }
  }
}

extension LanguageSettings {
  /// The settings that options say.
  init(_ arguments: TaskArguments) {
    self.init(tokens: arguments.text("tokens").flatMap(Tokens.init) ?? .characters)
    func take(_ name: String, _ value: inout Int) {
      if arguments.has(name), let number = arguments.integer(name) { value = number }
    }
    func take(_ name: String, _ value: inout Float) {
      if arguments.has(name), let number = arguments.number(name) { value = Float(number) }
    }
    take("vocabulary", &vocabularySize)
    take("minimum-count", &minimumCount)
    take("embedding", &embeddingSize)
    take("hidden", &hiddenSize)
    take("layers", &layers)
    take("input-dropout", &inputDropout)
    take("layer-dropout", &layerDropout)
    take("output-dropout", &outputDropout)
    take("weight-dropout", &weightDropout)
    take("steps", &steps)
    take("streams", &streams)
    take("epochs", &epochs)
    take("rate", &learningRate)
    take("weight-decay", &weightDecay)
    take("clip", &clipNorm)
    take("averaging", &averaging)
    if let share = arguments.number("validation-share") { validationShare = share }
    if let kind = arguments.text("cell").flatMap(Cell.init) { cell = kind }
    if let kind = arguments.text("softmax").flatMap(Softmax.init) {
      softmax = kind
      // Tying is left where an adaptive softmax is asked for, unless both are.
      if kind == .adaptive { tiesWeights = false }
    }
    if let ties = arguments.text("tied") { tiesWeights = ties == "yes" }
    if let number = arguments.integer("seed") { seed = UInt64(number) }
    if arguments.flag("stream") { memoryLimit = 0 }
  }
}
