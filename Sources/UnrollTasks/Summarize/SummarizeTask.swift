import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// Turns texts into short ones, by a recurrent encoder and a decoder that writes words and copies them (See et al. 2017).
///
///     let summarizer = try Summarizer.train(on: PairData(pairs))
///     print(try summarizer.summarize([text])[0].text)
public typealias Summarizer = Model<SummarizeTask>

/// How a summarizer is built and trained.
public struct SummarizeSettings: PairTaskSettings {
  /// What the best epoch is chosen by.
  public enum Selection: String, Sendable, CaseIterable {
    /// Cross-entropy in nats a token.
    case loss
    /// ROUGE-1 of greedy summaries.
    case rouge
  }

  /// The columns of texts and summaries: names, or numbers in tab separated lines.
  public var textColumn: String?
  public var summaryColumn: String?
  public var pairs = PairSettings()
  public var selection = Selection.rouge
  public var learning = LearningSettings()

  public init() {
    pairs.tokens = TokenSettings(.words, vocabularySize: 20_000, minimumCount: 2, embeddingSize: 128)
    pairs.network.hiddenSize = 192
    pairs.decoderLayers = 1
    pairs.joint = true
    pairs.copy = true
    pairs.coverage = true
    pairs.cutsSources = true
    pairs.maximumLength = 400
    learning.batchSize = 64
    learning.warmUp = 200
    learning.labelSmoothing = 0.1
    learning.averaging = 0.998
  }

  public static let fields: [SettingField<SummarizeSettings>] =
    [
      SettingField(
        \.textColumn, "text", .data, "The column of texts, by name or number.", valueName: "column"),
      SettingField(\.summaryColumn, "summary", .data, "The column of summaries.", valueName: "column"),
    ] + PairSettings.fields(at: \.pairs) + LearningSettings.fields(at: \.learning) + [
      SettingField(\.selection, "select", .training, "What the best epoch is chosen by.")
    ]
}

/// How summaries are looked for and shown.
public struct SummarySearch: SettingSet, Equatable {
  public var search = PairSearch(beam: 5, noRepeat: 3)
  /// Whether ROUGE counts English words by their stems.
  public var stems = false

  public init() {}

  public static let fields: [SettingField<SummarySearch>] =
    PairSearch.fields(at: \.search) + [
      SettingField(\.stems, "stem", .output, "Let ROUGE count English words by their stems.")
    ]
}

/// A text as a short one.
public struct Summary: TaskAnswer, Equatable {
  /// A word of a summary, and where it came from.
  public struct Word: Codable, Sendable, Equatable {
    public let text: String
    /// The token of the text that was looked at most, and its place among those that were read, from 0.
    public let source: String
    public let place: Int
    /// The share of the attention it had.
    public let attention: Double
  }

  public let text: String
  public var candidates: [PairAnswer.Candidate]?
  /// Where that was asked for.
  public var words: [Word]?

  public var columns: [String] { candidates == nil ? ["summary"] : ["summary", "score"] }
  public var rows: [[String]] {
    candidates?.map { [$0.text, NumberText.decimal($0.score, places: 4)] } ?? [[text]]
  }
  public var shown: String {
    let lines = candidates?.map { "\(NumberText.decimal($0.score, places: 4))\t\($0.text)" } ?? [text]
    let origins = words?.map {
      "  \($0.text)\tfrom \($0.source), token \($0.place + 1)\t\(NumberText.decimal(100 * $0.attention, places: 0)) %"
    }
    return (lines + (origins ?? [])).joined(separator: "\n")
  }
}

/// Many to many of unequal length, with copying: turns a text into a short one.
public enum SummarizeTask: PairTask {
  public typealias Options = SummarySearch
  public static let about = TaskAbout(
    "summarize", "Turn texts into short ones: subjects, titles, summaries.",
    discussion: """
      One file with a column of texts and one of summaries (CSV, TSV or JSON lines), or two files whose lines belong
      together:

        unroll train summarize mails.jsonl --text body --summary subject -o model
        unroll summarize model "Hi, could we move tomorrow's meeting to three? ..."
        unroll evaluate model test.jsonl
      """,
    files: [
      TaskFile("TEXTS", "Texts, one a line; or a CSV, TSV or JSON lines file of texts and summaries."),
      TaskFile("SUMMARIES", count: 0...1, "Their summaries, one a line."),
    ], inputName: "TEXT",
    limits:
      "A summary is what texts of this kind usually become, with words of the text put in: it may leave out what "
      + "matters, or say what the text does not. Ends of long texts are not read.")

  public static func read(
    _ files: [String], _ settings: SummarizeSettings, note: (String) -> Void
  ) throws -> PairData {
    let hasNames = [".csv", ".jsonl", ".ndjson"].contains { files[0].lowercased().hasSuffix($0) }
    return try PairData(
      files, source: settings.textColumn ?? (hasNames ? "text" : nil),
      target: settings.summaryColumn ?? (hasNames ? "summary" : nil))
  }

  public static func prepare(_ data: PairData, _ settings: inout SummarizeSettings) throws -> PairPreparation
  {
    try PairPreparation(data, settings.pairs, splitting: .words)
  }

  public static func work(
    _ training: PairData, validation: PairData?, _ settings: SummarizeSettings, _ preparation: PairPreparation
  ) throws -> PairWork {
    let metric: PairWork.Metric = { ROUGE(summaries: $0, references: $1).rouge1 / 100 }
    return try PairWork(
      training, validation: validation, settings.pairs, settings.learning, preparation,
      metric: settings.selection == .rouge ? metric : nil)
  }

  // MARK: Answers

  public static func inputColumn(_ settings: SummarizeSettings) -> String? { settings.textColumn }

  public static func answers(
    _ inputs: [String], _ model: Summarizer, _ options: SummarySearch, _ session: AnswerSession
  ) throws -> [Summary] {
    try writer(model).answers(inputs, options.search, pictures: true, session).map { answer in
      var summary = Summary(text: answer.text, candidates: answer.candidates)
      if options.search.explain { summary.words = origins(answer) }
      return summary
    }
  }

  private static func writer(_ model: Summarizer) -> PairWriter {
    PairWriter(model.networks, model.preparation, model.settings.pairs) { words, source in
      SummaryText.joined(words, spelledAs: model.settings.pairs.tokens.lowercase ? source : "")
    }
  }

  private static func origins(_ answer: PairAnswer) -> [Summary.Word] {
    guard let to = answer.targetTokens, let from = answer.sourceTokens, let attention = answer.attention
    else { return [] }
    return zip(to, attention).compactMap { word, row in
      guard let place = row.indices.max(by: { row[$0] < row[$1] }), place < from.count else { return nil }
      return Summary.Word(text: word, source: from[place], place: place, attention: Double(row[place]))
    }
  }

  public static func evaluate(
    _ data: PairData, _ model: Summarizer, _ options: SummarySearch, _ session: AnswerSession
  ) throws -> ScoreReport {
    var pairs: [PairData.Pair] = []
    try data.visit { pairs.append($0) }
    let found = try writer(model).answers(pairs.map(\.source), options.search, pictures: false, session).map(
      \.text)
    let references = pairs.map(\.target)
    func score(_ texts: [String]) -> ROUGE {
      ROUGE(summaries: texts, references: references, stems: options.stems)
    }
    let own = score(found)
    let note = options.stems ? "F1 of stems, 0 to 100" : "F1 of words as they are, 0 to 100"
    let rows = [
      ("this model", own), ("first sentence", score(pairs.map { SummaryText.lead($0.source, 1) })),
      ("first two sentences", score(pairs.map { SummaryText.lead($0.source, 2) })),
    ].map { name, rouge in
      [name]
        + [rouge.rouge1, rouge.rouge2, rouge.rougeL, rouge.rougeLsum].map {
          NumberText.decimal($0, places: 2)
        }
    }
    return ScoreReport(
      [
        .init("ROUGE-1", own.rouge1, note: note), .init("ROUGE-2", own.rouge2), .init("ROUGE-L", own.rougeL),
        .init("ROUGE-Lsum", own.rougeLsum), .init("pairs", Double(pairs.count)),
      ],
      tables: [
        .init(
          "beside the beginnings of the texts",
          columns: ["summary", "ROUGE-1", "ROUGE-2", "ROUGE-L", "ROUGE-Lsum"], rows: rows)
      ],
      examples: zip(pairs, found).map { pair, answer -> ScoreReport.Example in
        ScoreReport.Example(
          place: "\(pair.line)", input: pair.source, truth: pair.target, answer: answer,
          error: 1 - ROUGE(answer, pair.target, stems: options.stems).rouge1 / 100)
      })
  }

  public static func title(_ model: Summarizer) -> String { "summaries of texts" }
}

extension Model where Task == SummarizeTask {
  /// Makes short texts of texts, one by one. A text without tokens becomes an empty one.
  public func summarize(_ texts: [String], search: SummarySearch = SummarySearch()) throws -> [Summary] {
    try answers(texts, options: search)
  }
}
