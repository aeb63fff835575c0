import UnrollData

/// Scores texts that were read against those that should have been.
enum CTCReport {
  /// A text of the data.
  struct Truth {
    /// Where it stands.
    let place: String
    /// What is shown of its input: a file.
    let input: String
    let text: String
  }

  /// Character and word error rates pooled over all texts, the commonest confusions, and the worst texts.
  ///
  /// - Parameter first: the rate that the task is known by.
  static func report(
    _ truth: [Truth], _ found: [(text: String, confidence: Double)], _ settings: CTCSettings,
    first: CTCSettings.Selection = .wer
  ) -> ScoreReport {
    let references = truth.map {
      CTCAlphabet.normalized($0.text, lowercase: settings.lowercase, form: settings.normalization)
    }
    let texts = found.map(\.text)
    let words = ErrorRate.words(references, texts)
    let characters = ErrorRate.characters(references, texts)
    let right = zip(references, texts).count { $0 == $1 }
    let wer = ScoreReport.Score("word error rate", words.rate, unit: "%", note: note(words, "words"))
    let cer = ScoreReport.Score(
      "character error rate", characters.rate, unit: "%", note: note(characters, "characters"))
    let examples = truth.indices.map { place -> ScoreReport.Example in
      let own = ErrorRate.characters([references[place]], [texts[place]])
      return ScoreReport.Example(
        place: truth[place].place, input: truth[place].input, truth: references[place], answer: texts[place],
        probability: found[place].confidence, error: own.rate)
    }
    return ScoreReport(
      (first == .wer ? [wer, cer] : [cer, wer]) + [
        .init(
          "whole texts", truth.isEmpty ? .nan : Double(right) / Double(truth.count), unit: "%",
          note: "without any error"),
        .init("texts", Double(truth.count)),
      ],
      tables: [
        counts(words, characters), confusions("commonest confusions of words", words),
        confusions("commonest confusions of characters", characters), worst(examples),
      ], examples: examples)
  }

  private static func note(_ rate: ErrorRate, _ unit: String) -> String {
    "\(rate.errors) errors in \(rate.count) \(unit)"
  }

  private static func counts(_ words: ErrorRate, _ characters: ErrorRate) -> ScoreReport.Table {
    func row(_ name: String, _ rate: ErrorRate) -> [String] {
      [name] + [rate.hits, rate.substitutions, rate.deletions, rate.insertions].map { "\($0)" }
    }
    return .init(
      "counts", columns: ["", "right", "substituted", "deleted", "inserted"],
      rows: [row("words", words), row("characters", characters)])
  }

  private static func confusions(_ title: String, _ rate: ErrorRate) -> ScoreReport.Table {
    func shown(_ text: String) -> String { text.isEmpty ? "(nothing)" : text == " " ? "(space)" : text }
    return .init(
      title, columns: ["truth", "found", "times"],
      rows: rate.commonest(10).map { confusion, times in
        [shown(confusion.reference), shown(confusion.found), "\(times)"]
      })
  }

  private static func worst(_ examples: [ScoreReport.Example]) -> ScoreReport.Table {
    let order = examples.indices.filter { examples[$0].error > 0 }.sorted {
      (-examples[$0].error, $0) < (-examples[$1].error, $1)
    }
    return .init(
      "worst texts", columns: ["input", "errors a character", "truth", "found"],
      rows: order.prefix(10).map { place in
        let example = examples[place]
        return [
          example.input, NumberText.decimal(example.error, places: 2), shortened(example.truth),
          shortened(example.answer),
        ]
      })
  }

  private static func shortened(_ text: String) -> String {
    text.count <= 60 ? text : String(text.prefix(59)) + "…"
  }
}
