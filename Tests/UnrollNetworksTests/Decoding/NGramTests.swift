import Testing
import UnrollCore
import UnrollNetworks

/// An n-gram model as the formulas stand, over dictionaries: slow and plain.
private struct NGramReference {
  let order: Int
  let vocabularySize: Int
  let kneserNey: Bool
  /// Counts of sequences of each length, by their tokens.
  private var counts: [[Int32]: Int] = [:]
  private var discounts: [Int: [Double]] = [:]
  private let begin = NGramModel.Special.start

  init(_ sentences: [[Int32]], vocabularySize: Int, order: Int, kneserNey: Bool) {
    self.order = order
    self.vocabularySize = vocabularySize
    self.kneserNey = kneserNey
    var raw: [[Int32]: Int] = [:]
    for sentence in sentences {
      let padded =
        [begin] + sentence.map { $0 < vocabularySize ? $0 : NGramModel.Special.unknown } + [
          NGramModel.Special.end
        ]
      for length in 1...order where length <= padded.count {
        for start in 0...padded.count - length { raw[Array(padded[start..<start + length]), default: 0] += 1 }
      }
    }
    raw[[begin]] = nil
    counts = raw
    guard kneserNey else { return }
    for sequence in raw.keys where sequence.count < order && sequence[0] != begin {
      counts[sequence] = raw.keys.count {
        $0.count == sequence.count + 1 && Array($0.dropFirst()) == sequence
      }
    }
    for length in 1...order {
      let n = (0...4).map { k in
        Double(counts.count { $0.key.count == length && $0.value == k })
      }
      let y = n[1] / (n[1] + 2 * n[2])
      discounts[length] = [0, 1 - 2 * y * n[2] / n[1], 2 - 3 * y * n[3] / n[2], 3 - 4 * y * n[4] / n[3]]
      if n[1...].contains(0) || discounts[length]![1...].contains(where: { !($0 > 0) }) {
        discounts[length] = [0, 0.5, 1, 1.5]
      }
    }
  }

  func probability(_ token: Int32, after context: [Int32]) -> Double {
    let context = Array(context.suffix(order - 1))
    let lower =
      context.isEmpty
      ? 1 / Double(vocabularySize + 2) : probability(token, after: Array(context.dropFirst()))
    let following = counts.filter { $0.key.count == context.count + 1 && Array($0.key.dropLast()) == context }
    let total = following.values.reduce(0, +)
    guard total > 0 else { return context.isEmpty ? .nan : lower }
    let own = Double(counts[context + [token]] ?? 0)
    if !kneserNey {
      let kinds = Double(following.count)
      return (own + kinds * lower) / (Double(total) + kinds)
    }
    let d = discounts[context.count + 1]!
    let rest = following.values.reduce(0.0) { $0 + d[min(3, $1)] } / Double(total)
    return max(0, own - d[min(3, Int(own))]) / Double(total) + rest * lower
  }

  func logProbability(_ sentence: [Int32]) -> Double {
    let tokens = sentence.map { $0 >= 0 && $0 < vocabularySize ? $0 : NGramModel.Special.unknown }
    var context = [begin]
    var sum = 0.0
    for token in tokens + [NGramModel.Special.end] {
      sum += naturalLogarithm(probability(token, after: context))
      context.append(token)
    }
    return sum
  }
}

@Suite struct NGramTests {
  /// Sentences of a made-up language: tokens follow each other in favoured ways, some are rare.
  static func sentences(_ count: Int, vocabulary: Int, seed: UInt64) -> [[Int32]] {
    var random = RandomSource(seed: seed)
    return (0..<count).map { _ in
      var last = random.below(vocabulary)
      return (0..<random.below(9)).map { _ in
        last =
          random.below(3) > 0
          ? (last * 2 + 1) % vocabulary : min(random.below(vocabulary), random.below(vocabulary))
        return Int32(last)
      }
    }
  }

  @Test(arguments: [1, 2, 3, 4], NGramModel.Smoothing.allCases)
  func theFormulasAgree(_ order: Int, _ smoothing: NGramModel.Smoothing) throws {
    let sentences = Self.sentences(120, vocabulary: 12, seed: 4)
    // One token of the vocabulary never comes, and one comes that is not of it.
    let known = sentences.map { $0.map { $0 == 9 ? 40 : $0 } }
    let (model, discounts) = try NGramModel.learn(
      sentences: known, vocabularySize: 12, order: order, smoothing: smoothing)
    let reference = NGramReference(
      known, vocabularySize: 12, order: order, kneserNey: smoothing == .kneserNey)
    #expect(model.order == order && discounts.count == (smoothing == .kneserNey ? order : 0))
    #expect(smoothing == .wittenBell || order == 1 || discounts.contains { !$0.isFallback })
    for sentence in known.prefix(30) + Self.sentences(40, vocabulary: 14, seed: 5) + [
      [], [9, 9, 9], [50, -1],
    ] {
      let (found, expected) = (model.logProbability(ofSentence: sentence), reference.logProbability(sentence))
      #expect(abs(found - expected) < 1e-9 * max(1, abs(expected)), "\(sentence)")
    }
    let unseen = Self.sentences(50, vocabulary: 12, seed: 6)
    let mean =
      unseen.reduce(0) { $0 + reference.logProbability($1) } / Double(unseen.reduce(0) { $0 + $1.count + 1 })
    #expect(abs(model.perplexity(unseen) - exponential(-mean)) < 1e-9 * exponential(-mean))
  }

  /// Probabilities of all tokens, the end and the unknown sum to 1 after anything.
  @Test(arguments: [1, 2, 3, 5], NGramModel.Smoothing.allCases)
  func probabilitiesSumToOne(_ order: Int, _ smoothing: NGramModel.Smoothing) throws {
    let model = try NGramModel.learn(
      sentences: Self.sentences(60, vocabulary: 7, seed: 1), vocabularySize: 9, order: order,
      smoothing: smoothing
    ).model
    for prefix in Self.sentences(30, vocabulary: 11, seed: 2) + [[]] {
      let state = prefix.reduce(model.startState) { model.advance($0, by: $1) }
      let tokens = [NGramModel.Special.end, NGramModel.Special.unknown] + (0..<9)
      let sum = tokens.reduce(0) { $0 + exponential(model.logProbability(of: $1, after: state)) }
      #expect(abs(sum - 1) < 1e-12)
      #expect(model.logProbability(of: NGramModel.Special.start, after: state) == -.infinity)
    }
  }

  /// A model rebuilt from its entries is the same.
  @Test func entriesAreTheModel() throws {
    let model = try NGramModel.learn(
      sentences: Self.sentences(50, vocabulary: 8, seed: 3), vocabularySize: 8, order: 3
    ).model
    let copy = try NGramModel(vocabularySize: 8, entries: model.entries.reversed())
    #expect(copy.entries == model.entries && copy.order == 3)
    for sentence in Self.sentences(20, vocabulary: 9, seed: 8) {
      #expect(copy.logProbability(ofSentence: sentence) == model.logProbability(ofSentence: sentence))
    }
  }

  /// A small model by hand, with holes: the sequence "1 2 3" is held, what it ends with is not.
  @Test func backingOffByHand() throws {
    typealias Entry = NGramModel.Entry
    let model = try NGramModel(
      vocabularySize: 5,
      entries: [
        Entry(tokens: [1], logProbability: -1, backOff: -0.1),
        Entry(tokens: [2], logProbability: -2, backOff: -0.2),
        Entry(tokens: [3], logProbability: -3), Entry(tokens: [1, 2], logProbability: -0.5, backOff: -0.05),
        Entry(tokens: [1, 2, 3], logProbability: -0.25), Entry(tokens: [4, 1, 2], logProbability: -0.125),
        Entry(tokens: [NGramModel.Special.unknown], logProbability: -9),
      ])
    func score(_ tokens: [Int32]) -> Double {
      let state = tokens.dropLast().reduce(model.emptyState) { model.advance($0, by: $1) }
      return model.logProbability(of: tokens[tokens.count - 1], after: state)
    }
    #expect(score([1, 2, 3]) == -0.25)
    #expect(score([0, 1, 2, 3]) == -0.25)
    #expect(score([1, 2, 1]) == -0.05 - 0.2 - 1)
    #expect(score([2, 3]) == -0.2 - 3)
    #expect(score([1, 3]) == -0.1 - 3)
    // "4 1" is there only as what precedes: no probability, no back-off of its own.
    #expect(score([4, 1]) == -1)
    #expect(score([4, 1, 2]) == -0.125)
    #expect(score([4]) == -9 && score([1, 4]) == -0.1 - 9 && score([77]) == -9)
    #expect(abs(score([4, 1, 3]) - (-0.1 - 3)) < 1e-12)
  }

  @Test func wrongEntriesAreRefused() throws {
    func error(_ entries: [NGramModel.Entry]) -> NGramError? {
      do throws(NGramError) {
        _ = try NGramModel(vocabularySize: 3, entries: entries)
        return nil
      } catch { return error }
    }
    #expect(error([]) == .empty)
    #expect(error([.init(tokens: [], logProbability: 0)]) == .entry([]))
    #expect(error([.init(tokens: [3], logProbability: -1)]) == .entry([3]))
    #expect(error([.init(tokens: [-4], logProbability: -1)]) == .entry([-4]))
    #expect(error([.init(tokens: [1], logProbability: 0.5)]) == .entry([1]))
    #expect(error([.init(tokens: [1], logProbability: .nan)]) == .entry([1]))
    #expect(
      error([.init(tokens: [1], logProbability: -1), .init(tokens: [1], logProbability: -1)])
        == .duplicate([1]))
    #expect(throws: NGramError.empty) { try NGramModel.learn(sentences: [], vocabularySize: 2, order: 2) }
    // One empty sentence is a model: of the end.
    let model = try NGramModel.learn(sentences: [[]], vocabularySize: 2, order: 3)
    #expect(!model.discounts.contains { !$0.isFallback })
    #expect(model.model.logProbability(ofSentence: []) > model.model.logProbability(ofSentence: [1]))
  }
}
