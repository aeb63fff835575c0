import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

extension Classifier {
  /// Trains a classifier.
  ///
  /// The epoch whose weights are kept is chosen on a validation part: the one given, or a share of the examples,
  /// another one for each member of an ensemble, so that together the members learn from all. The same call with the
  /// same seed gives the same bits unless a time limit cuts it short.
  ///
  /// - Parameters:
  ///   - settings: `.texts` or `.sequences` when `nil`.
  ///   - validation: examples that only judge.
  ///   - timeLimit: seconds for all of it; what is there by then is kept.
  ///   - journal: keeps checkpoints and logs; what it holds is gone on with.
  ///   - report: takes events as they come.
  ///   - shouldStop: asked often; training ends with the best weights so far when it says yes.
  /// - Throws: `ClassifierError` when data or settings make no classifier, `TrainingError` when training goes astray.
  public static func train(
    on data: ClassifierData, settings: ClassifierSettings? = nil, validation: ClassifierData? = nil,
    timeLimit: Double? = nil, journal: TrainingJournal? = nil,
    report: @escaping (TaskEvent) -> Void = { _ in }, shouldStop: @escaping () -> Bool = { false }
  ) throws -> Classifier {
    let settings =
      settings ?? { if case .texts = data.inputs { .texts } else { .sequences } }()
    try settings.check()
    try data.checkLabels(settings)
    let names = LabelSet(data.labels.joined())
    guard names.names.count >= 2 || settings.isMultiLabel && names.names.count == 1 else {
      throw ClassifierError.tooFewLabels(file: data.source, found: names.names)
    }
    let run = ClassifyRun(
      data: data, validation: validation, names: names, settings: settings, timeLimit: timeLimit,
      journal: journal, report: report, shouldStop: shouldStop)
    return try run.train()
  }
}

extension ClassifierData {
  /// - Throws: `ClassifierError.severalLabels` where an example should have one label and has more or none.
  func checkLabels(_ settings: ClassifierSettings) throws(ClassifierError) {
    guard !settings.isMultiLabel else { return }
    for (place, found) in labels.enumerated() where found.count != 1 {
      throw .severalLabels(file: source, line: lines[place], found: found)
    }
  }

  /// The labels as numbers.
  ///
  /// - Throws: `ClassifierError.unknownLabel`.
  func targets(_ names: [String]) throws(ClassifierError) -> ClassifyTargets {
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    var ids: [[Int]] = []
    for (example, found) in labels.enumerated() {
      var own: [Int] = []
      for label in found {
        guard let place = places[label] else {
          throw .unknownLabel(file: source, line: lines[example], label: label, known: names)
        }
        own.append(place)
      }
      ids.append(own)
    }
    return ClassifyTargets(ids: ids, count: names.count)
  }

  /// SHA-256 of inputs and labels.
  var hash: String {
    var hash = SHA256()
    func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { hash.update($0) } }
    switch inputs {
    case .texts(let texts): for text in texts { add(Array(text.utf8) + [0]) }
    case .sequences(let all, _):
      for sequence in all { sequence.values.withUnsafeBytes { hash.update($0) } }
    }
    for own in labels { add(Array(own.joined(separator: "\u{1}").utf8) + [0]) }
    return hash.hexadecimal()
  }
}

/// One training of a classifier, from data to model.
struct ClassifyRun {
  let data: ClassifierData
  let validation: ClassifierData?
  let names: LabelSet
  let settings: ClassifierSettings
  let timeLimit: Double?
  let journal: TrainingJournal?
  let report: (TaskEvent) -> Void
  let shouldStop: () -> Bool
  private let clock = ContinuousClock()

  func train() throws -> Classifier {
    let start = clock.now
    let encoder = try makeEncoder()
    let examples = ClassifyWork.Examples(
      inputs: EncodedExamples(data.inputs, encoder), targets: try data.targets(names.names),
      chosen: Array(0..<data.count))
    remark(examples)
    let apart = try validation.map { try judged($0, encoder) }
    var results: [TrainingResult<ClassifyNetwork>] = []
    var outside = [(chances: [Double], count: Int)](repeating: ([], 0), count: data.count)
    for member in 0..<settings.members where member == 0 || !shouldStop() {
      if settings.members > 1 { report(.phase("member \(member + 1) of \(settings.members)")) }
      let split = self.split(member, examples)
      let work = ClassifyWork(
        settings, training: split.training, validation: apart ?? split.validation)
      let spent = seconds(since: start)
      let limit = timeLimit.map { max(1, ($0 - spent) / Double(settings.members - member)) }
      let result = try fit(member, work, encoder, limit)
      results.append(result)
      guard apart == nil, let held = split.validation else { continue }
      let chances = try ClassifyPrediction.probabilities([result.model], held.inputs, held.chosen, settings)
      for (place, own) in zip(held.chosen, chances) {
        outside[place].chances = outside[place].count == 0 ? own : zip(outside[place].chances, own).map(+)
        outside[place].count += 1
      }
    }
    var summary = ClassifierSummary()
    summary.source = data.source
    summary.counts = names.counts
    summary.examples = data.count
    summary.history = results[0].history
    summary.end =
      (results.first { $0.end != .completed && $0.end != .stoppedEarly } ?? results[0]).end.rawValue
    summary.dataHash = data.hash
    try score(&summary, results.map(\.model), apart, outside, examples.targets)
    summary.seconds = seconds(since: start)
    return Classifier(
      settings: settings, labels: names.names, format: nil, summary: summary, encoder: encoder,
      networks: results.map(\.model))
  }

  /// Seconds of this process and of those before it that worked at the same training.
  private func seconds(since start: ContinuousClock.Instant) -> Double {
    (clock.now - start) / .seconds(1) + (journal?.secondsBefore ?? 0)
  }

  private func makeEncoder() throws(ClassifierError) -> ClassifierEncoder {
    switch data.inputs {
    case .texts(let texts):
      return .texts(TextEncoder(tokenizer: TextEncoder.tokenizer(of: texts, settings), settings))
    case .sequences(let all, let channels):
      guard channels > 0 else {
        throw .otherInput(file: data.source, expected: "sequences of at least one value", found: "empty ones")
      }
      return .sequences(SequenceEncoder(of: all, channels: channels, settings))
    }
  }

  /// What a person should know of the examples.
  private func remark(_ examples: ClassifyWork.Examples) {
    report(.note("\(data.count) examples of \(names.names.count) labels"))
    let alone = names.singletons
    if !alone.isEmpty {
      let shown = alone.prefix(5).map { "\"\(clipped($0))\"" }.joined(separator: ", ")
      report(
        .note(
          "a single example of \(shown)\(alone.count > 5 ? " and \(alone.count - 5) more" : ""): it is learned from, "
            + "and nothing tells how well"))
    }
    if case .texts(let texts) = examples.inputs {
      if texts.cut > 0 {
        report(
          .note(
            "\(texts.cut) texts are longer than \(settings.maximumLength) tokens: their ends are not read"))
      }
      let empty = texts.ids.count { $0.isEmpty }
      if empty > 0 { report(.note("\(empty) texts are empty")) }
    }
  }

  private func judged(
    _ validation: ClassifierData, _ encoder: ClassifierEncoder
  ) throws -> ClassifyWork.Examples {
    try validation.checkLabels(settings)
    let probe = Classifier(
      settings: settings, labels: names.names, format: nil, summary: ClassifierSummary(), encoder: encoder,
      networks: [])
    try probe.check(validation.inputs, source: validation.source)
    return ClassifyWork.Examples(
      inputs: EncodedExamples(validation.inputs, encoder), targets: try validation.targets(names.names),
      chosen: Array(0..<validation.count))
  }

  /// A member's own cut of the examples.
  private func split(
    _ member: Int, _ examples: ClassifyWork.Examples
  ) -> (training: ClassifyWork.Examples, validation: ClassifyWork.Examples?) {
    guard validation == nil, settings.validationShare > 0 else { return (examples, nil) }
    let first = examples.targets.ids.map { $0.first ?? -1 }
    let cut = DataSplit(
      count: data.count, fraction: settings.validationShare, seed: settings.seed &+ UInt64(member),
      labels: first)
    var (training, held) = (examples, examples)
    training.chosen = cut.training
    held.chosen = cut.validation
    return (training, held.chosen.isEmpty ? nil : held)
  }

  private func fit(
    _ member: Int, _ work: ClassifyWork, _ encoder: ClassifierEncoder, _ limit: Double?
  ) throws -> TrainingResult<ClassifyNetwork> {
    var random = RandomSource(seed: settings.seed &+ UInt64(member) &* 0x9E37_79B9)
    var network = ClassifyNetwork(settings, encoder.input, labels: names.names.count, using: &random)
    if settings.informed, case .texts(let texts) = work.training.inputs {
      network.inform(texts, work.training.targets, work.training.chosen)
    }
    let steps = settings.epochs * work.stepsPerEpoch
    let warmUp = min(100, steps / 10)
    let plan = TrainingPlan(
      epochs: settings.epochs,
      optimizer: AdamW(learningRate: settings.learningRate, weightDecay: settings.weightDecay),
      schedule: .warmUp(
        steps: warmUp, then: .cosine(steps: steps - warmUp)),
      patience: settings.patience > 0 ? settings.patience : nil,
      averaging: settings.averaging > 0 ? settings.averaging : nil, timeLimit: limit, seed: random.next())
    return try Trainer(work, model: network, plan: plan, shouldStop: shouldStop, journal: journal) {
      report(.training($0))
    }.run()
  }

  /// How well held-back examples were found: by all members where a validation part was given, else each by those
  /// that had not seen it.
  private func score(
    _ summary: inout ClassifierSummary, _ networks: [ClassifyNetwork], _ apart: ClassifyWork.Examples?,
    _ outside: [(chances: [Double], count: Int)], _ targets: ClassifyTargets
  ) throws {
    var (chances, truth): ([[Double]], [[Int]])
    if let apart {
      chances = try ClassifyPrediction.probabilities(networks, apart.inputs, apart.chosen, settings)
      truth = apart.targets.ids
    } else {
      let held = outside.indices.filter { outside[$0].count > 0 }
      chances = held.map { place in outside[place].chances.map { $0 / Double(outside[place].count) } }
      truth = held.map { targets.ids[$0] }
    }
    guard !chances.isEmpty else { return }
    let judged = ClassifyPrediction.judge(chances, truth, settings)
    let accuracy = 1 - judged.error
    summary.validationAccuracy = accuracy
    summary.validationCount = chances.count
    report(
      .note(
        "found \(NumberText.decimal(100 * accuracy, places: 1)) % of \(chances.count) examples that were held back, "
          + "cross-entropy \(NumberText.decimal(judged.loss, places: 4)) nats"
      ))
  }
}

extension ClassifierEncoder {
  /// What a network must read.
  var input: ClassifyNetwork.Input {
    switch self {
    case .texts(let encoder): .tokens(vocabulary: encoder.tokenizer.vocabularySize, pieces: encoder.pieces)
    case .sequences(let encoder): .frames(width: encoder.width)
    }
  }
}
