/// How n-grams of characters, and on request of words, are found in references (Popović 2015, 2017), computed as
/// sacreBLEU does:
///
///     chrF_β = 100 · (1 + β²)·P·R / (β²·P + R)
///
/// P and R: precision and recall, each the mean over the orders of n-grams that both sides have. White space does not
/// count. Of several references, each sentence takes the one it scores best with.
public struct ChrF: Sendable, Equatable {
  /// From 0 to 100.
  public let score: Double

  /// Scores a corpus.
  ///
  /// - Parameters:
  ///   - hypotheses: one line a sentence; an empty one is legal.
  ///   - references: for each hypothesis one or several lines. Read in parallel; where there is none, the sentence
  ///     is left out.
  ///   - characterOrder: the longest n-grams of characters.
  ///   - wordOrder: the longest n-grams of words; 0: chrF, 2: chrF++.
  ///   - beta: how much more recall weighs than precision.
  ///   - lowercase: whether letters count without their case.
  public init(
    hypotheses: [String], references: [[String]], characterOrder: Int = 6, wordOrder: Int = 0,
    beta: Double = 2, lowercase: Bool = false
  ) {
    var sums = Array(repeating: Count(), count: characterOrder + wordOrder)
    for (hypothesis, lines) in zip(hypotheses, references) {
      let vocabulary = NGrams.Vocabulary()
      func grams(_ line: String) -> [[[UInt32]: Int]] {
        Self.grams(lowercase ? line.lowercased() : line, characterOrder, wordOrder, vocabulary)
      }
      let own = grams(hypothesis)
      var best: (score: Double, counts: [Count])?
      for line in lines {
        let counts = zip(own, grams(line)).map(Count.init)
        let score = Self.score(counts, beta: beta)
        if best.map({ score > $0.score }) ?? true { best = (score, counts) }
      }
      if let best { for index in sums.indices { sums[index].add(best.counts[index]) } }
    }
    score = Self.score(sums, beta: beta)
  }

  private struct Count {
    var (hypothesis, reference, matched) = (0, 0, 0)

    init() {}

    init(_ hypothesis: [[UInt32]: Int], _ reference: [[UInt32]: Int]) {
      // An order that the reference is too short for counts on neither side.
      self.hypothesis = reference.isEmpty ? 0 : hypothesis.values.reduce(0, +)
      self.reference = reference.values.reduce(0, +)
      matched = hypothesis.reduce(0) { $0 + min($1.value, reference[$1.key] ?? 0) }
    }

    mutating func add(_ other: Count) {
      hypothesis += other.hypothesis
      reference += other.reference
      matched += other.matched
    }
  }

  private static func score(_ counts: [Count], beta: Double) -> Double {
    var (precision, recall, orders) = (0.0, 0.0, 0.0)
    for count in counts where count.hypothesis > 0 && count.reference > 0 {
      precision += Double(count.matched) / Double(count.hypothesis)
      recall += Double(count.matched) / Double(count.reference)
      orders += 1
    }
    guard precision + recall > 0 else { return 0 }
    (precision, recall) = (precision / orders, recall / orders)
    let factor = beta * beta
    return 100 * (1 + factor) * precision * recall / (factor * precision + recall)
  }

  private static func grams(
    _ line: String, _ characterOrder: Int, _ wordOrder: Int, _ vocabulary: NGrams.Vocabulary
  ) -> [[[UInt32]: Int]] {
    let characters = line.unicodeScalars.lazy.filter { !$0.isSpace }.map(\.value)
    let numbers = Array(characters)
    var result = (0..<characterOrder).map { NGrams.counts(numbers, $0 + 1) }
    if wordOrder > 0 {
      let words = vocabulary.numbers(words(line))
      result += (0..<wordOrder).map { NGrams.counts(words, $0 + 1) }
    }
    return result
  }

  /// Words, one mark at the end of each or else at its beginning taken apart.
  private static func words(_ line: String) -> [String] {
    line.unicodeScalars.split(whereSeparator: \.isSpace).flatMap { word -> [String] in
      guard word.count > 1, let first = word.first, let last = word.last else { return [String(word)] }
      if isMark(last) { return [String(word.dropLast()), String(last)] }
      if isMark(first) { return [String(first), String(word.dropFirst())] }
      return [String(word)]
    }
  }

  /// ASCII punctuation and symbols.
  private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "!"..."/", ":"..."@", "["..."`", "{"..."~": true
    default: false
    }
  }
}
