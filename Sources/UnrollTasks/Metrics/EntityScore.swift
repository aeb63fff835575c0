/// A chunk of a tagged sequence, such as the name of a person.
public struct TagChunk: Hashable, Sendable {
  /// What stands after the prefix; empty where a tag is a prefix alone.
  public let type: String
  /// The first and last step.
  public let steps: ClosedRange<Int>

  public init(type: String, steps: ClosedRange<Int>) {
    self.type = type
    self.steps = steps
  }

  /// The chunks of a sequence of tags by the lenient rules of conlleval, the scorer of the CoNLL shared tasks (Tjong
  /// Kim Sang and Buchholz 2000), which hold for IOB1, BIO and BIOES alike:
  ///
  /// - a chunk begins at `B` and `S`; at `I` and `E` after `O`, after the end of a chunk (`E`, `S`), or after another
  ///   type;
  /// - a chunk ends at `E` and `S`; before `O`, `B` and `S`; and before another type.
  ///
  /// A tag without one of the four prefixes stands outside.
  public static func chunks(_ tags: [String]) -> [TagChunk] {
    var chunks: [TagChunk] = []
    var start: Int?
    var before = Parts(prefix: "O", type: "")
    for (step, tag) in tags.enumerated() {
      let parts = Parts(tag)
      if let begun = start, parts.endsChunk(after: before) {
        chunks.append(TagChunk(type: String(before.type), steps: begun...step - 1))
        start = nil
      }
      if start == nil && parts.prefix != "O" { start = step }
      before = parts
    }
    if let begun = start {
      chunks.append(TagChunk(type: String(before.type), steps: begun...tags.count - 1))
    }
    return chunks
  }

  private struct Parts {
    let prefix: Character
    let type: Substring

    init(prefix: Character, type: Substring) {
      self.prefix = prefix
      self.type = type
    }

    init(_ tag: String) {
      let rest = tag.dropFirst()
      if let first = tag.first, "BIES".contains(first), rest.isEmpty || rest.first == "-" {
        self.init(prefix: first, type: rest.dropFirst())
      } else {
        self.init(prefix: "O", type: "")
      }
    }

    /// Whether the chunk that `before` belongs to is over here.
    func endsChunk(after before: Parts) -> Bool {
      before.prefix == "E" || before.prefix == "S" || prefix == "O" || prefix == "B" || prefix == "S"
        || type != before.type
    }
  }
}

/// Precision, recall and F₁ over chunks, as conlleval gives them: a chunk counts where its type and both of its ends
/// are right.
public struct EntityScore: Sendable, Equatable {
  /// The scores by type, in the order of names.
  public let perType: [(type: String, score: ClassificationReport.Score)]
  /// All chunks together: conlleval's overall line.
  public let overall: ClassificationReport.Score
  /// The share of steps whose tag is right; NaN of none.
  public let accuracy: Double

  /// - Parameters:
  ///   - actual: the true tags, one list a sequence.
  ///   - predicted: the predicted tags; read in parallel, a missing tag counting as `O`.
  public init(actual: [[String]], predicted: [[String]]) {
    struct Count {
      var (correct, predicted, actual) = (0, 0, 0)
    }
    var counts: [String: Count] = [:]
    var (right, steps) = (0, 0)
    for (index, tags) in actual.enumerated() {
      let given = index < predicted.count ? predicted[index] : []
      let found = tags.indices.map { $0 < given.count ? given[$0] : "O" }
      let (truth, guess) = (Set(TagChunk.chunks(tags)), Set(TagChunk.chunks(found)))
      for chunk in truth { counts[chunk.type, default: Count()].actual += 1 }
      for chunk in guess {
        counts[chunk.type, default: Count()].predicted += 1
        if truth.contains(chunk) { counts[chunk.type, default: Count()].correct += 1 }
      }
      right += zip(tags, found).reduce(0) { $0 + ($1.0 == $1.1 ? 1 : 0) }
      steps += tags.count
    }
    func score(_ count: Count) -> ClassificationReport.Score {
      .init(correct: count.correct, predicted: count.predicted, actual: count.actual)
    }
    perType = counts.keys.sorted().map { ($0, score(counts[$0] ?? Count())) }
    overall = score(
      counts.values.reduce(into: Count()) {
        $0.correct += $1.correct
        $0.predicted += $1.predicted
        $0.actual += $1.actual
      })
    accuracy = steps == 0 ? .nan : Double(right) / Double(steps)
  }

  public static func == (a: EntityScore, b: EntityScore) -> Bool {
    a.overall == b.overall && a.perType.map(\.type) == b.perType.map(\.type)
      && a.perType.map(\.score) == b.perType.map(\.score)
      && (a.accuracy == b.accuracy || a.accuracy.isNaN && b.accuracy.isNaN)
  }
}
