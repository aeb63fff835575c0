import UnrollCore
import UnrollData

/// How well a tagger's tags fit those of sentences that it has not seen.
public struct TaggerScore: Sendable {
  /// Entities as conlleval counts them; `nil` where tags spell none. Its accuracy is that of all words.
  public let entities: EntityScore?
  /// Every tag by itself.
  public let tags: ClassificationReport
  /// Right tags and words, of the words that the training data holds and of those that it does not.
  public let seen: Share
  public let unseen: Share
  /// The share of sentences whose tags are all right; NaN of none.
  public let wholeSentences: Double

  /// Some of many.
  public struct Share: Sendable, Equatable {
    public var right = 0
    public var count = 0
    /// `right` / `count`; NaN of none.
    public var value: Double { count == 0 ? .nan : Double(right) / Double(count) }
  }

  /// The share of words whose tag is right; NaN of none.
  public var accuracy: Double { tags.accuracy }
  /// What counts: F₁ of entities, else the share of right tags.
  public var value: Double { entities?.overall.f1 ?? accuracy }

  init(
    actual: [[String]], predicted: [[String]], isSeen: [[Bool]], spellsEntities: Bool
  ) {
    entities = spellsEntities ? EntityScore(actual: actual, predicted: predicted) : nil
    tags = ClassificationReport(actual: Array(actual.joined()), predicted: Array(predicted.joined()))
    var (seen, unseen) = (Share(), Share())
    for ((truth, guess), known) in zip(zip(actual.joined(), predicted.joined()), isSeen.joined()) {
      let right = truth == guess ? 1 : 0
      if known {
        seen.right += right
        seen.count += 1
      } else {
        unseen.right += right
        unseen.count += 1
      }
    }
    (self.seen, self.unseen) = (seen, unseen)
    let whole = zip(actual, predicted).count { $0 == $1 }
    wholeSentences = actual.isEmpty ? .nan : Double(whole) / Double(actual.count)
  }
}

extension Tagger {
  /// Scores the tagger on sentences that it has not seen.
  ///
  /// - Throws: `TaggerError.unequal` when a sentence has another number of tags than words.
  public func score(_ sentences: [Sentence]) throws -> TaggerScore {
    try score(TaggerCorpus(sentences, name: "the sentences"))
  }

  func score(_ corpus: TaggerCorpus) throws -> TaggerScore {
    let words = corpus.sentences.map(\.words)
    return TaggerScore(
      actual: corpus.sentences.map(\.tags), predicted: try tag(words),
      isSeen: words.map { lexicon.words.encode(words: $0).map { $0 != SpecialToken.unknown.id } },
      spellsEntities: tags.scheme != nil)
  }
}

extension TaggerScore {
  /// The scores as a text of lines.
  func text() -> String {
    var lines: [String] = []
    if let entities {
      lines.append(Self.row("entities", ["precision", "recall", "F1", "number"]))
      for (type, score) in entities.perType { lines.append(Self.row(type, score)) }
      lines.append(Self.row("all", entities.overall))
    } else {
      lines.append(Self.row("tag", ["precision", "recall", "F1", "number"]))
      for (tag, score) in zip(tags.classes, tags.perClass) { lines.append(Self.row(tag, score)) }
    }
    lines.append("")
    lines.append(Self.share("accuracy", accuracy, tags.count, "words"))
    lines.append(Self.share("seen words", seen.value, seen.count, "words"))
    lines.append(Self.share("unseen words", unseen.value, unseen.count, "words"))
    lines.append(Self.share("whole sentences", wholeSentences, nil, ""))
    return lines.joined(separator: "\n") + "\n"
  }

  private static func row(_ name: String, _ score: ClassificationReport.Score) -> String {
    row(name, [score.precision, score.recall, score.f1].map(percent) + ["\(score.support)"])
  }

  private static func row(_ name: String, _ cells: [String]) -> String {
    padded(clipped(name, limit: 18), 18, left: true) + cells.map { padded($0, 11, left: false) }.joined()
  }

  private static func share(_ name: String, _ value: Double, _ count: Int?, _ unit: String) -> String {
    padded(name, 18, left: true) + padded(percent(value), 11, left: false)
      + (count.map { "  of \($0) \(unit)" } ?? "")
  }

  private static func padded(_ text: String, _ width: Int, left: Bool) -> String {
    let space = String(repeating: " ", count: max(1, width - text.count))
    return left ? text + space : space + text
  }

  /// In per cent with two digits.
  static func percent(_ share: Double) -> String {
    guard abs(share) < 1e6 else { return "–" }
    let hundredths = Int((share * 10_000).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }
}
