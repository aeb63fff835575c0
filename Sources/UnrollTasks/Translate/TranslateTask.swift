import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// Translates texts, or turns any sequence into another, by a recurrent encoder and decoder with attention.
///
///     let translator = try Translator.train(on: PairData(pairs))
///     print(try translator.translate(["ein hund läuft ."])[0].text)
public typealias Translator = Model<TranslateTask>

/// How a translator is built and trained.
public struct TranslateSettings: PairTaskSettings {
  /// What the best epoch is chosen by.
  public enum Selection: String, Sendable, CaseIterable {
    /// Cross-entropy in nats a token.
    case loss
    /// BLEU of greedy translations; chrF2 where no target has four tokens.
    case bleu
  }

  /// The columns of the texts that are read and of what they become: names, or numbers in tab separated lines.
  public var sourceColumn: String?
  public var targetColumn: String?
  public var pairs = PairSettings()
  public var selection = Selection.bleu
  public var learning = LearningSettings()

  public init() {
    learning.batchSize = 1000
    learning.warmUp = 200
    learning.labelSmoothing = 0.1
    learning.averaging = 0.998
  }

  public static let fields: [SettingField<TranslateSettings>] =
    [
      SettingField(
        \.sourceColumn, "source-column", .data, "The column that is read, by name or number.",
        valueName: "column"),
      SettingField(
        \.targetColumn, "target-column", .data, "The column that it becomes.", valueName: "column"),
    ] + PairSettings.fields(at: \.pairs) + LearningSettings.fields(at: \.learning) + [
      SettingField(\.selection, "select", .training, "What the best epoch is chosen by.")
    ]
}

/// Many to many of unequal length: turns a text into another.
public enum TranslateTask: PairTask {
  public typealias Options = PairSearch
  public static let about = TaskAbout(
    "translate", "Translate texts, or turn any sequence into another.",
    discussion: """
      Two files whose lines belong together, or one file of both sides:

        unroll train translate train.de train.en -o model
        unroll train translate pairs.tsv -o model
        unroll translate model "ein hund läuft ."
        unroll evaluate model test.de test.en
      """,
    files: [
      TaskFile("SOURCE", "Texts, one a line; or a TSV, CSV or JSON lines file of both sides."),
      TaskFile("TARGET", count: 0...1, "What they become, one a line."),
    ], inputName: "TEXT",
    limits:
      "The model knows what its training pairs show: other words, other subjects and longer texts come out worse, "
      + "and fluent text may say what the source does not.")

  public static func read(_ files: [String], _ settings: TranslateSettings, note: (String) -> Void) throws
    -> PairData
  {
    try PairData(files, source: settings.sourceColumn, target: settings.targetColumn)
  }

  public static func prepare(_ data: PairData, _ settings: inout TranslateSettings) throws -> PairPreparation
  {
    try PairPreparation(data, settings.pairs, splitting: .whitespace)
  }

  public static func work(
    _ training: PairData, validation: PairData?, _ settings: TranslateSettings, _ preparation: PairPreparation
  ) throws -> PairWork {
    let metric: PairWork.Metric = { found, wanted in
      let lists = wanted.map { [$0] }
      // Without four tokens in a row anywhere BLEU would rank noise above what is right.
      guard wanted.contains(where: { $0.split(separator: " ").count >= 4 }) else {
        return ChrF(hypotheses: found, references: lists).score / 100
      }
      return BLEU(hypotheses: found, references: lists, tokenizer: .none).score / 100
    }
    return try PairWork(
      training, validation: validation, settings.pairs, settings.learning, preparation,
      metric: settings.selection == .bleu ? metric : nil)
  }

  // MARK: Answers

  public static func inputColumn(_ settings: TranslateSettings) -> String? { settings.sourceColumn }

  public static func answers(
    _ inputs: [String], _ model: Translator, _ options: PairSearch, _ session: AnswerSession
  ) throws -> [PairAnswer] {
    try PairWriter(model.networks, model.preparation, model.settings.pairs).answers(
      inputs, options, pictures: true, session)
  }

  public static func evaluate(
    _ data: PairData, _ model: Translator, _ options: PairSearch, _ session: AnswerSession
  ) throws -> ScoreReport {
    var pairs: [PairData.Pair] = []
    try data.visit { pairs.append($0) }
    let writer = PairWriter(model.networks, model.preparation, model.settings.pairs)
    let found = try writer.answers(pairs.map(\.source), options, pictures: false, session).map(\.text)
    let lists = pairs.map { [$0.target] }
    let plain = BLEU(hypotheses: found, references: lists, tokenizer: .none)
    let exact = Double(zip(found, pairs).count { $0 == $1.target }) / Double(max(1, found.count))
    let precisions = plain.precisions.map { NumberText.decimal($0, places: 1) }.joined(separator: "/")
    let western = BLEU(hypotheses: found, references: lists, tokenizer: .v13a)
    let scores: [ScoreReport.Score] = [
      .init(
        "BLEU", plain.score,
        note:
          "tokens as they are, \(precisions), \(plain.hypothesisLength) for \(plain.referenceLength) tokens"),
      .init("BLEU 13a", western.score, note: "tokens as sacreBLEU makes them"),
      .init("chrF2", ChrF(hypotheses: found, references: lists).score),
      .init("exact matches", exact, unit: "%"), .init("pairs", Double(pairs.count)),
    ]
    return ScoreReport(
      scores,
      examples: zip(pairs, found).map { pair, answer -> ScoreReport.Example in
        let own = ChrF(hypotheses: [answer], references: [[pair.target]]).score
        return ScoreReport.Example(
          place: "\(pair.line)", input: pair.source, truth: pair.target, answer: answer, error: 1 - own / 100)
      })
  }

  public static func title(_ model: Translator) -> String {
    "translation of \(model.settings.pairs.tokens.tokens.rawValue)"
  }
}

extension Model where Task == TranslateTask {
  /// Translates texts, one by one. A text without tokens becomes an empty one.
  public func translate(_ texts: [String], search: PairSearch = PairSearch()) throws -> [PairAnswer] {
    try answers(texts, options: search)
  }
}
