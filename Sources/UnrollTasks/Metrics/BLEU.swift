import UnrollCore

/// How n-grams of a corpus of translations are found in its references (Papineni et al. 2002), computed as sacreBLEU
/// does (Post 2018):
///
///     BLEU = 100 · BP · exp( mean over n = 1…4 of ln pₙ )      BP = min(1, e^(1 − r/h))
///
/// pₙ: matched n-grams of all hypotheses over their number, a match counting at most as often as in the reference that
/// has most of it; h the tokens of the hypotheses, r those of the references closest in length. A precision without a
/// match is 1 / (2ᵏ · number) for the k-th such n ("exp" smoothing).
public struct BLEU: Sendable, Equatable {
  /// From 0 to 100.
  public let score: Double
  /// pₙ in percent, for n = 1…4.
  public let precisions: [Double]
  /// BP.
  public let brevityPenalty: Double
  /// h.
  public let hypothesisLength: Int
  /// r.
  public let referenceLength: Int

  /// Scores a corpus.
  ///
  /// - Parameters:
  ///   - hypotheses: one line a sentence; an empty one is legal.
  ///   - references: for each hypothesis one or several lines. Read in parallel; where there is none, the sentence
  ///     is left out.
  ///   - tokenizer: how lines are cut.
  ///   - lowercase: whether letters count without their case.
  ///   - effectiveOrder: whether orders that no hypothesis is long enough for are left out of the mean; for single
  ///     sentences.
  public init(
    hypotheses: [String], references: [[String]], tokenizer: BLEUTokenizer = .v13a, lowercase: Bool = false,
    effectiveOrder: Bool = false
  ) {
    var counts = Counts()
    func tokens(_ line: String) -> [String] { tokenizer.tokens(lowercase ? line.lowercased() : line) }
    for (hypothesis, lines) in zip(hypotheses, references) where !lines.isEmpty {
      counts.add(tokens(hypothesis), references: lines.map(tokens))
    }
    self.init(counts, effectiveOrder: effectiveOrder)
  }

  private static let orders = 4

  private struct Counts {
    var matched = Array(repeating: 0, count: orders)
    var total = Array(repeating: 0, count: orders)
    var (hypothesis, reference) = (0, 0)

    mutating func add(_ tokens: [String], references: [[String]]) {
      let vocabulary = NGrams.Vocabulary()
      let own = vocabulary.numbers(tokens)
      let others = references.map(vocabulary.numbers)
      hypothesis += own.count
      // Of two references equally far in length, the shorter.
      reference +=
        others.map(\.count).min { a, b in
          (abs(a - own.count), a) < (abs(b - own.count), b)
        } ?? 0
      for order in 1...orders {
        let grams = NGrams.counts(own, order)
        let known = others.map { NGrams.counts($0, order) }
        total[order - 1] += max(0, own.count - order + 1)
        for (gram, count) in grams {
          matched[order - 1] += min(count, known.reduce(0) { max($0, $1[gram] ?? 0) })
        }
      }
    }
  }

  private init(_ counts: Counts, effectiveOrder: Bool) {
    (hypothesisLength, referenceLength) = (counts.hypothesis, counts.reference)
    let ratio = Double(counts.reference) / Double(max(1, counts.hypothesis))
    brevityPenalty =
      counts.hypothesis >= counts.reference ? 1 : counts.hypothesis == 0 ? 0 : exponential(1 - ratio)
    var precisions = Array(repeating: 0.0, count: Self.orders)
    guard counts.matched.contains(where: { $0 > 0 }) else {
      (score, self.precisions) = (0, precisions)
      return
    }
    var smoothing = 1.0
    var used = Self.orders
    for index in 0..<Self.orders {
      guard counts.total[index] > 0 else { break }
      if effectiveOrder { used = index + 1 }
      if counts.matched[index] == 0 { smoothing *= 2 }
      let matched = counts.matched[index] == 0 ? 1 / smoothing : Double(counts.matched[index])
      precisions[index] = 100 * matched / Double(counts.total[index])
    }
    self.precisions = precisions
    let logarithms = precisions[..<used].map { $0 > 0 ? naturalLogarithm($0) : -.infinity }
    score = brevityPenalty * exponential(logarithms.reduce(0, +) / Double(used))
  }
}

/// Counting of n-grams over numbered tokens.
enum NGrams {
  /// Numbers for tokens, equal for equal tokens, by their scalars: `é` and `e` with an accent after it differ.
  final class Vocabulary {
    private var known: [[UInt8]: UInt32] = [:]

    func numbers(_ tokens: [String]) -> [UInt32] {
      tokens.map { token in
        let key = Array(token.utf8)
        if let number = known[key] { return number }
        let number = UInt32(known.count)
        known[key] = number
        return number
      }
    }
  }

  static func counts(_ tokens: [UInt32], _ order: Int) -> [[UInt32]: Int] {
    guard tokens.count >= order else { return [:] }
    var counts: [[UInt32]: Int] = [:]
    for start in 0...tokens.count - order { counts[Array(tokens[start..<start + order]), default: 0] += 1 }
    return counts
  }
}
