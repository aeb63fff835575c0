import UnrollData
import UnrollTraining

extension Classifier: WorkingTask {
  public static let abstract = "Say what texts or sequences of numbers are: sentiment, topic, spam, gesture."
  public static let discussion = """
    Texts come as CSV or TSV, or as lines of fastText; sequences as .ts files, or as a table with a row for each \
    time step.

      unroll train classify reviews.csv --text review --label stars -o stars
      unroll train classify mails.txt -o spam                  lines of fastText: __label__spam You have won
      unroll train classify gestures.ts -o gestures
      unroll train classify steps.csv --id trip --label mode -o modes
      unroll classify stars "What a film!" --explain
      unroll evaluate stars others.csv
    """

  public static let trainingFiles = [TaskFile("DATA", "Examples with their labels.")]
  public static let trainingOptions = ClassifierSettings.options

  public static func train(
    on files: [String], _ arguments: TaskArguments, _ session: TaskSession
  ) throws -> Classifier {
    let format = try ClassifierFormat(files[0], arguments)
    let settings = try ClassifierSettings(arguments, isNumeric: format.isNumeric)
    let data = try ClassifierData(path: files[0], format: format)
    try data.expectLabels(format)
    let validation = try arguments.text("validation").map { path in
      let data = try ClassifierData(path: path, format: format)
      try data.expectLabels(format)
      return data
    }
    var classifier = try train(
      on: data, settings: settings, validation: validation, timeLimit: arguments.number("time-limit"),
      journal: session.journal, report: session.report, shouldStop: session.shouldStop)
    classifier.format = format
    return classifier
  }

  public static let useInputs = "[TEXT… | FILE…]"
  public static let useOptions = [
    TaskOption("explain", .flag, "Show the probabilities before the first word, and after each."),
    TaskOption("label", .text, valueName: "column", "Of a table of sequences: a column that is not read."),
  ]

  public func use(_ inputs: [String], _ arguments: TaskArguments, _ session: TaskSession) throws {
    if isNumeric { return try useSequences(inputs, arguments, session) }
    let explains = arguments.flag("explain")
    func answer(_ texts: [String]) throws {
      let found = try classify(texts)
      for (text, answer) in zip(texts, found) {
        let belief = explains ? try self.belief(in: text) : []
        session.write(
          ClassificationJSON(answer, isMultiLabel: settings.isMultiLabel, labels: labels)
            .line(words: belief.map(\.word), belief: belief.map(\.probabilities)) + "\n")
      }
    }
    if !inputs.isEmpty { return try answer(inputs) }
    // One line at a time: who writes a line waits for its answer.
    while let line = session.readLine() { try answer([line]) }
  }

  private func useSequences(
    _ inputs: [String], _ arguments: TaskArguments, _ session: TaskSession
  ) throws {
    guard case .sequences(let encoder) = encoder else { return }
    func answer(_ sequences: [ClassifierData.Sequence], _ channels: Int, _ source: String) throws {
      let found = try classify(.sequences(sequences, channels: channels), source: source)
      for (sequence, answer) in zip(sequences, found) {
        let belief = arguments.flag("explain") ? try self.belief(in: sequence, channels: channels) : []
        let json = ClassificationJSON(
          answer, isMultiLabel: settings.isMultiLabel, labels: labels, id: sequence.id)
        session.write(json.line(words: nil, belief: belief) + "\n")
      }
    }
    for path in inputs {
      var format = path.hasSuffix(".ts") ? .sequenceFile : self.format ?? .sequenceFile
      if case .sequenceTable(let id, _, let features) = format {
        format = .sequenceTable(id: id, label: arguments.text("label"), features: features)
      }
      let data = try ClassifierData(path: path, format: format)
      guard case .sequences(let sequences, let channels) = data.inputs else { continue }
      try answer(sequences, channels, path)
    }
    guard inputs.isEmpty else { return }
    var line = 0
    while let text = session.readLine() {
      line += 1
      let sequence = try ClassifierData.Sequence(line: text, number: line, channels: encoder.channels.count)
      try answer([sequence], encoder.channels.count, "standard input, line \(line)")
    }
  }

  public static let evaluationFiles = [
    TaskFile("DATA", "Examples with their labels, which the model has not seen.")
  ]
  public static let evaluationOptions = ClassifierSettings.fileOptions

  public func evaluate(on files: [String], _ arguments: TaskArguments, _ session: TaskSession) throws {
    var format =
      files[0].hasSuffix(".ts") && isNumeric
      ? .sequenceFile : try self.format ?? ClassifierFormat(files[0], arguments)
    format = format.replacing(
      text: arguments.text("text"), label: arguments.text("label"), id: arguments.text("id"))
    let data = try ClassifierData(path: files[0], format: format)
    try data.expectLabels(format)
    session.write(try evaluate(on: data).text)
  }
}

extension ClassifierData {
  /// - Throws: `DataError` when no example has a label.
  func expectLabels(_ format: ClassifierFormat) throws(DataError) {
    guard labels.allSatisfy({ $0.isEmpty }) else { return }
    throw DataError(
      .badLabel, file: source, expected: "examples with labels", found: "none", hint: format.labelHint)
  }
}

extension ClassifierData.Sequence {
  /// A line of numbers: the values of a channel with commas between them, channels with colons between them.
  ///
  /// - Throws: `DataError`.
  init(line: String, number: Int, channels: Int) throws(DataError) {
    let header = "@univariate false\n@dimensions \(channels)\n@classLabel false\n@data\n"
    var reader = try SequenceFileReader(
      ByteSource(Array((header + line).utf8), name: "standard input, line \(number)"))
    let sequence = try reader.next()
    self.init(values: sequence?.values ?? [], steps: sequence?.steps ?? 0)
  }
}
