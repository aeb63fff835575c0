import UnrollCore
import UnrollData

extension ClassifyTask {
  public static func input(_ text: String, _ model: Classifier, _ options: ClassifyOptions) throws
    -> ClassifyInput
  {
    guard case .sequences(let frames) = model.preparation.encoder else { return .text(text) }
    // The values of a channel with commas between them, channels with colons between them.
    let channels = frames.channels.count
    let header = "@univariate false\n@dimensions \(channels)\n@classLabel false\n@data\n"
    var reader = try SequenceFileReader(ByteSource(Array((header + text).utf8), name: "the input"))
    return .sequence(try reader.next() ?? NumericSequence(values: [], steps: 0), channels: channels)
  }

  public static func inputs(
    contentsOf path: String, _ model: Classifier, _ options: ClassifyOptions, note: (String) -> Void
  ) throws -> [TaskInput<ClassifyInput>]? {
    guard case .sequences = model.preparation.encoder else { return nil }
    var settings = model.settings
    // The labels are what is asked for; a column of them need not be there.
    if settings.id != nil { settings.label = nil }
    return try ClassifyData([path], settings).examples.map { TaskInput($0.input, id: $0.id, line: $0.line) }
  }

  public static func answers(
    _ inputs: [ClassifyInput], _ model: Classifier, _ options: ClassifyOptions, _ session: AnswerSession
  ) throws -> [Classification] {
    for input in inputs { try model.preparation.check(input, source: "the input") }
    let encoded = ClassifyInputs(inputs, model.preparation)
    if let cut = encoded.texts?.cut, cut > 0 {
      session.note(
        "\(cut) texts are longer than \(model.settings.maximumLength) tokens: their ends were not read")
    }
    let found = try ClassifyPrediction.probabilities(model.networks, encoded, model.settings)
    return try zip(inputs, found).map { input, probabilities in
      var answer = Classification(
        probabilities, labels: model.preparation.labels, threshold: self.threshold(model, options),
        top: options.top)
      if options.explain { answer.steps = try steps(input, model, options) }
      return answer
    }
  }

  private static func threshold(_ model: Classifier, _ options: ClassifyOptions) -> Double? {
    model.settings.multiLabel ? options.threshold ?? model.settings.threshold : nil
  }

  /// How the probabilities move while an input is read: before the first step, and after each.
  private static func steps(
    _ input: ClassifyInput, _ model: Classifier, _ options: ClassifyOptions
  ) throws -> [Classification.Step] {
    var (prefixes, tokens): ([ClassifyInput], [String]) = ([], [])
    switch (input, model.preparation.encoder) {
    case (.text(let text), .texts(let speller)):
      let words = speller.words(in: text)
      tokens = [""] + words
      // Prefixes of tokens, not of texts: what is cut anew might be cut elsewhere.
      let whole = speller([text])
      var all = SpelledTexts()
      all.spellings = whole.spellings
      for count in 0...whole.ids[0].count {
        all.ids.append(Array(whole.ids[0].prefix(count)))
        if !whole.forms.isEmpty { all.forms.append(Array(whole.forms[0].prefix(count))) }
      }
      let found = try ClassifyPrediction.probabilities(model.networks, ClassifyInputs(all), model.settings)
      return zip(tokens, found).map {
        .init(token: $0, probabilities: Classification.ranked($1, model.preparation.labels, top: options.top))
      }
    case (.sequence(let sequence, let channels), _):
      prefixes = (0...min(sequence.steps, model.settings.maximumLength)).map {
        .sequence(
          NumericSequence(values: Array(sequence.values.prefix($0 * channels)), steps: $0), channels: channels
        )
      }
    default: break
    }
    let found = try ClassifyPrediction.probabilities(
      model.networks, ClassifyInputs(prefixes, model.preparation), model.settings)
    return found.map {
      .init(token: "", probabilities: Classification.ranked($0, model.preparation.labels, top: options.top))
    }
  }

  public static func evaluate(
    _ data: ClassifyData, _ model: Classifier, _ options: ClassifyOptions, _ session: AnswerSession
  ) throws -> ScoreReport {
    try data.checkLabels(model.settings)
    let (labels, settings) = (model.preparation.labels, model.settings)
    for example in data.examples { try model.preparation.check(example.input, source: data.source) }
    let truth = try model.preparation.targets(of: data).ids
    let inputs = ClassifyInputs(data.examples.lazy.map(\.input), model.preparation)
    let found = try ClassifyPrediction.probabilities(model.networks, inputs, settings)
    let loss = ScoreReport.Score(
      "cross-entropy", ClassifyPrediction.score(found, truth, settings).loss, unit: "nats per example")
    let examples = data.examples.indices.map { place in
      let answer = Classification(
        found[place], labels: labels, threshold: self.threshold(model, options), top: 1)
      let p = truth[place].map { found[place][$0] }.min() ?? 1 - (found[place].max() ?? 0)
      return ScoreReport.Example(
        place: data.examples[place].id ?? "\(data.examples[place].line)",
        input: data.examples[place].input.shown,
        truth: data.examples[place].labels.joined(separator: "|"),
        answer: answer.labels.joined(separator: "|"),
        probability: answer.probabilities.first?.probability, error: -naturalLogarithm(max(p, 1e-9)))
    }
    let count = ScoreReport.Score("examples", Double(examples.count))
    guard settings.multiLabel else {
      let report = ClassificationReport(
        classes: labels, actual: truth.map { $0[0] }, predicted: found.map(ClassifyPrediction.best))
      let most = Dictionary(grouping: truth, by: { $0[0] }).mapValues(\.count).max { $0.value < $1.value }
      let share = Double(most?.value ?? 0) / Double(max(1, truth.count))
      return ScoreReport(
        [
          .init("accuracy", report.accuracy, unit: "%"), .init("macro F1", report.macro.f1, unit: "%"),
          .init(
            "majority share", share, unit: "%",
            note: "always saying \(most.map { labels[$0.key] } ?? "nothing")"),
          loss, count,
        ],
        tables: [
          .init("by label", labels, report.perClass, ("mean of labels", report.macro)),
          ScoreReport.confusions(labels, report.confusion),
        ], examples: examples)
    }
    let threshold = self.threshold(model, options) ?? 0.5
    let sets = found.map { own in Set(own.indices.filter { own[$0] >= threshold }) }
    let wanted = truth.map { Set($0) }
    let scores = MultiLabelMetrics.scores(labelCount: labels.count, actual: wanted, predicted: sets)
    return ScoreReport(
      [
        .init("found exactly", MultiLabelMetrics.exactMatch(actual: wanted, predicted: sets), unit: "%"),
        .init("micro F1", scores.micro.f1, unit: "%"), loss, count,
      ], tables: [.init("by label", labels, scores.perLabel, ("all labels", scores.micro))],
      examples: examples)
  }
}

extension ClassifyInput {
  /// As a person sees it in a list.
  var shown: String {
    switch self {
    case .text(let text): text
    case .sequence(let sequence, let channels): "\(sequence.steps) steps of \(channels)"
    }
  }
}

extension Model where Task == ClassifyTask {
  /// The labels, in the order of their ids.
  public var labels: [String] { preparation.labels }

  /// Says what texts are. An empty text gets what the model knows without reading.
  ///
  /// - Throws: `DataError` when the model is one of sequences.
  public func classify(_ texts: [String], options: ClassifyOptions = ClassifyOptions()) throws
    -> [Classification]
  {
    try answers(texts.map { .text($0) }, options: options)
  }

  /// Says what sequences of numbers are: for each the values of each step, NaN where one is missing.
  ///
  /// - Throws: `DataError` when the model is one of texts, or of another number of values at each step.
  public func classify(
    sequences: [[[Float]]], options: ClassifyOptions = ClassifyOptions()
  ) throws -> [Classification] { try answers(ClassifyInput.sequences(sequences), options: options) }
}
