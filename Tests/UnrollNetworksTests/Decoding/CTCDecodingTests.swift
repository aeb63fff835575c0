import Testing
import UnrollCore
import UnrollNetworks

/// ln p of classes at steps, drawn.
func drawnLogProbabilities(steps: Int, classes: Int, deviation: Float = 2, seed: UInt64) -> Tensor {
  var random = RandomSource(seed: seed)
  return Variable(Tensor.normal(deviation: deviation, shape: [steps, classes], using: &random))
    .logSoftmax().value
}

extension Tensor {
  /// Some rows of a matrix.
  func steps(_ range: Range<Int>) -> Tensor { Variable(self).rows(range).value }
}

/// Every labelling of some steps and its probability, by counting all paths.
struct AllLabellings {
  let probabilities: [[Int32]: Double]

  init(_ logProbabilities: Tensor, blank: Int32) {
    let (steps, classes) = (logProbabilities.shape.rows, logProbabilities.shape.columns)
    let scores = logProbabilities.doubles
    var sums: [[Int32]: Double] = [:]
    var path = [Int](repeating: 0, count: steps)
    while true {
      var labels: [Int32] = []
      for (step, symbol) in path.enumerated()
      where Int32(symbol) != blank && (step == 0 || path[step - 1] != symbol) {
        labels.append(Int32(symbol))
      }
      let score = path.enumerated().reduce(0) { $0 + scores[$1.offset * classes + $1.element] }
      sums[labels, default: 0] += exponential(score)
      guard let step = path.lastIndex(where: { $0 < classes - 1 }) else { break }
      path[step] += 1
      for later in path.indices where later > step { path[later] = 0 }
    }
    probabilities = sums
  }

  /// The labelling with the largest ln p + what is added to it.
  func best(_ added: ([Int32]) -> Double) -> (symbols: [Int32], score: Double) {
    let scored = probabilities.map { ($0.key, naturalLogarithm($0.value) + added($0.key)) }
    return scored.max { $0.1 < $1.1 } ?? ([], -.infinity)
  }
}

/// What a scorer adds to whole sequences.
extension PrefixScorer {
  func total(_ symbols: [Int32]) throws -> Double {
    var (state, sum) = (try start(), 0.0)
    for symbol in symbols {
      sum += score(symbol, after: state)
      if sum == -.infinity { return sum }
      state = try advance([state], by: [symbol])[0]
    }
    return sum + (try endScore(after: state))
  }
}

@Suite struct CTCGreedyTests {
  @Test(arguments: [0, 2, 4] as [Int32]) func theBestPathIsRead(_ blank: Int32) {
    let scores = drawnLogProbabilities(steps: 61, classes: 5, seed: UInt64(blank) + 1)
    let path = (0..<61).map { step in
      (0..<5).max { scores[step * 5 + $0] < scores[step * 5 + $1] } ?? 0
    }
    let found = CTCGreedyDecoder.decode(scores, blank: blank)
    var rebuilt = [Int](repeating: Int(blank), count: 61)
    for symbol in found {
      var sum = 0.0
      for step in symbol.steps {
        rebuilt[step] = Int(symbol.symbol)
        sum += exponential(Double(scores[step * 5 + Int(symbol.symbol)]))
      }
      #expect(abs(symbol.confidence - sum / Double(symbol.steps.count)) < 1e-12)
      #expect(symbol.steps.lowerBound == 0 || path[symbol.steps.lowerBound - 1] != Int(symbol.symbol))
    }
    #expect(rebuilt == path && !found.isEmpty)
    for sizes in [[1], [7], [3, 1, 17]] {
      var decoder = CTCGreedyDecoder(blank: blank)
      var (symbols, step, turn): ([PlacedSymbol], Int, Int) = ([], 0, 0)
      while step < 61 {
        let end = min(61, step + sizes[turn % sizes.count])
        symbols += decoder.read(scores.steps(step..<end))
        (step, turn) = (end, turn + 1)
      }
      symbols += [decoder.finish()].compactMap { $0 }
      #expect(symbols == found)
    }
  }

  @Test func nothingGivesNothing() {
    #expect(CTCGreedyDecoder.decode(Tensor.zeros([0, 3])).isEmpty)
    let silence = Tensor([-0.01, -5, -6, -0.01, -5, -6], shape: [2, 3])
    #expect(CTCGreedyDecoder.decode(silence).isEmpty)
  }
}

@Suite struct CTCBeamSearchTests {
  /// A beam that loses nothing gives all labellings with their probabilities, best first.
  @Test(arguments: [0, 1, 3] as [Int32]) func aWideBeamIsExact(_ blank: Int32) {
    for seed in 1...4 {
      let scores = drawnLogProbabilities(steps: 6, classes: 4, seed: UInt64(seed))
      let all = AllLabellings(scores, blank: blank)
      let found = CTCBeamSearch(width: 5000, blank: blank, threshold: .infinity)(scores)
      #expect(found.count == all.probabilities.count)
      for result in found {
        let expected = naturalLogarithm(all.probabilities[result.symbols] ?? 0)
        #expect(abs(result.logProbability - expected) < 1e-9 && result.isComplete)
        #expect(result.score == result.logProbability)
      }
      #expect(zip(found, found.dropFirst()).allSatisfy { $0.score >= $1.score })
      #expect(abs(found.reduce(0) { $0 + exponential($1.logProbability) } - 1) < 1e-6)
    }
  }

  private static func model(_ seed: UInt64) throws -> NGramModel {
    var random = RandomSource(seed: seed)
    let sentences = (0..<40).map { _ in (0..<random.below(6)).map { _ in Int32(1 + random.below(3)) } }
    return try NGramModel.learn(
      sentences: sentences, vocabularySize: 4, order: 3, smoothing: .wittenBell
    ).model
  }

  /// With a scorer, the best of ln p and what it adds.
  @Test func aScorerIsAddedToEveryPrefix() throws {
    for seed in 1...6 {
      let scorer = SumScorer(
        NGramScorer(try Self.model(UInt64(seed)), weight: 0.7, bonus: 0.4), LengthBonus(perSymbol: 0.25))
      let scores = drawnLogProbabilities(steps: 6, classes: 4, deviation: 1, seed: UInt64(seed) + 50)
      let (symbols, score) = AllLabellings(scores, blank: 0).best { symbols in
        (try? scorer.total(symbols)) ?? .nan
      }
      let found = try CTCBeamSearch(width: 5000, threshold: .infinity, scorer: scorer)(scores)[0]
      #expect(found.symbols == symbols && abs(found.score - score) < 1e-9)
    }
  }

  /// Any division of the steps gives the same bits, also of a copy that goes on from the middle, and where settled
  /// symbols are taken out on the way.
  @Test(arguments: [1, 3, 8]) func divisionDoesNotMatter(_ width: Int) throws {
    let scorer = NGramScorer(try Self.model(3), weight: 0.5, bonus: 0.3)
    let search = CTCBeamSearch(width: width, blank: 0, scorer: scorer)
    let scores = drawnLogProbabilities(steps: 400, classes: 4, deviation: 3, seed: 77)
    let whole = search(scores)
    #expect(whole[0].symbols.count > 100)
    for sizes in [[1], [7], [13, 1, 100]] {
      var stream = search.stream()
      var (step, turn) = (0, 0)
      var taken: [Int32] = []
      while step < 400 {
        let end = min(400, step + sizes[turn % sizes.count])
        stream.read(scores.steps(step..<end))
        if turn == 2 {
          var copy = stream
          copy.read(scores.steps(end..<400))
          #expect(copy.hypotheses().map { taken + $0.symbols } == whole.map(\.symbols))
          #expect(copy.hypotheses().map(\.score) == whole.map(\.score))
        }
        if turn % 3 == 1 { taken += stream.takeSettled() }
        (step, turn) = (end, turn + 1)
      }
      #expect(stream.settled == taken && stream.stepsRead == 400)
      #expect(stream.hypotheses().map { taken + $0.symbols } == whole.map(\.symbols))
      #expect(stream.hypotheses().map(\.score) == whole.map(\.score))
    }
    // A wider beam follows more of the probability.
    let narrow = CTCBeamSearch(width: width)(scores)[0].logProbability
    #expect(CTCBeamSearch(width: width + 16)(scores)[0].logProbability >= narrow - 1e-9)
  }

  @Test func oddInputIsNoTrouble() {
    let search = CTCBeamSearch(width: 4)
    #expect(search(Tensor.zeros([0, 3])).map(\.symbols) == [[]])
    #expect(search(Tensor.zeros([3, 0])).map(\.symbols) == [[]])
    let none = Tensor(repeating: -.infinity, shape: [2, 3])
    #expect(search(none).map(\.symbols) == [[]])
    let broken = Tensor(repeating: .nan, shape: [2, 3])
    #expect(search(broken).map(\.symbols) == [[]])
    // Only the blank is ever possible.
    let silent = Tensor([0, -.infinity, -.infinity, 0, -.infinity, -.infinity], shape: [2, 3])
    #expect(search(silent).map(\.symbols) == [[]])
  }
}

@Suite struct LexiconTests {
  // 1 = a, 2 = b, 3 = the separator; 0 is the blank.
  private static let spellings: [[Int32]] = [[1], [1, 2], [2, 2], [2, 1, 1], [1]]

  @Test func wordsAreFound() {
    let lexicon = Lexicon(Self.spellings)
    #expect(lexicon.count == 5)
    #expect(Self.spellings.map { lexicon.word($0) } == [0, 1, 2, 3, 0])
    #expect(lexicon.word([2]) == nil && lexicon.word([]) == nil && lexicon.word([1, 1]) == nil)
  }

  /// A word model over the lexicon.
  private static func words(weight: Double) throws -> NGramScorer {
    let sentences: [[Int32]] = [[0, 1], [1, 2, 0], [2, 0], [3, 0], [0, 1, 2], [3, 3]]
    let model = try NGramModel.learn(
      sentences: sentences, vocabularySize: 5, order: 2, smoothing: .wittenBell
    ).model
    return NGramScorer(model, weight: weight)
  }

  /// What a labelling is worth by its words: −∞ where one is not in the lexicon.
  private static func reference(
    _ symbols: [Int32], _ words: NGramScorer, bonus: Double, unknown: Double? = nil
  ) -> Double {
    let lexicon = Lexicon(spellings)
    var (spelled, sum, state): ([Int32], Double, _) = ([], 0.0, words.start())
    for (place, symbol) in (symbols + [3]).enumerated() {
      if symbol != 3 {
        spelled.append(symbol)
        continue
      }
      if spelled.isEmpty {
        // The end after a separator, or of nothing at all; no separator stands alone.
        if place == symbols.count { break }
        return -.infinity
      }
      let word = lexicon.word(spelled)
      if let word {
        sum += words.score(word, after: state) + bonus
      } else {
        guard let unknown else { return -.infinity }
        // Each symbol from the first that leaves the lexicon on.
        let known =
          (0...spelled.count).last { length in
            Self.spellings.contains { $0.starts(with: spelled.prefix(length)) }
          } ?? 0
        guard known < spelled.count else { return -.infinity }
        sum += words.score(-1, after: state) + bonus + unknown * Double(spelled.count - known)
      }
      state = words.advance([state], by: [word ?? -1])[0]
      spelled = []
    }
    return sum + words.endScore(after: state)
  }

  @Test(arguments: [nil, -1.5], [false, true]) func onlyItsWordsAreWritten(_ unknown: Double?, _ ahead: Bool)
    throws
  {
    let words = try Self.words(weight: 0.8)
    let scorer = LexiconScorer(
      Lexicon(Self.spellings), words: words, separator: 3, wordBonus: 0.5, unknownSymbol: unknown,
      lookAhead: ahead ? words.lookAhead(5) : [])
    var complete = 0
    for seed in 1...5 {
      let scores = drawnLogProbabilities(steps: 7, classes: 4, deviation: 1.5, seed: UInt64(seed) + 200)
      let all = AllLabellings(scores, blank: 0)
      let (symbols, score) = all.best { Self.reference($0, words, bonus: 0.5, unknown: unknown) }
      let found = CTCBeamSearch(width: 20_000, threshold: .infinity, scorer: scorer)(scores)
      #expect(
        found[0].symbols == symbols && abs(found[0].score - score) < 1e-9, "\(found[0]) \(symbols) \(score)")
      for result in found {
        let expected = Self.reference(result.symbols, words, bonus: 0.5, unknown: unknown)
        #expect(result.isComplete == (expected > -.infinity))
        if result.isComplete {
          complete += 1
          #expect(abs(result.score - result.logProbability - expected) < 1e-9)
        }
      }
    }
    #expect(complete > 20)
  }

  @Test func noWordsAtAll() {
    let scorer = LexiconScorer(Lexicon([]), words: NoScorer(), separator: 3)
    let scores = drawnLogProbabilities(steps: 5, classes: 4, seed: 5)
    #expect(CTCBeamSearch(width: 10, scorer: scorer)(scores).map(\.symbols) == [[]])
  }
}

@Suite struct CTCAlignmentTests {
  /// The best of all paths that spell some labels.
  private static func best(_ scores: Tensor, _ labels: [Int32], blank: Int32) -> Double {
    let (steps, classes) = (scores.shape.rows, scores.shape.columns)
    var best = -Double.infinity
    var path = [Int](repeating: 0, count: steps)
    while true {
      let spelled = path.indices.filter {
        Int32(path[$0]) != blank && ($0 == 0 || path[$0] != path[$0 - 1])
      }.map { Int32(path[$0]) }
      if spelled == labels {
        best = max(
          best, path.enumerated().reduce(0) { $0 + scores.doubles[$1.offset * classes + $1.element] })
      }
      guard let step = path.lastIndex(where: { $0 < classes - 1 }) else { return best }
      path[step] += 1
      for later in path.indices where later > step { path[later] = 0 }
    }
  }

  @Test(arguments: [[], [1], [1, 1], [2, 1, 2], [1, 1, 1], [2, 2, 1], [1, 2, 1, 2, 1, 2]] as [[Int32]])
  func thePathIsTheBest(_ labels: [Int32]) throws {
    for seed in 1...4 {
      let scores = drawnLogProbabilities(steps: 6, classes: 3, seed: UInt64(seed))
      let found = try CTCAlignment(scores, labels, blank: 0)
      #expect(abs(found.logProbability - Self.best(scores, labels, blank: 0)) < 1e-9)
      #expect(found.labels.map(\.symbol) == labels)
      #expect(
        zip(found.labels, found.labels.dropFirst()).allSatisfy { $0.steps.upperBound <= $1.steps.lowerBound })
      // The path that the placed labels stand for has the probability that is told.
      var path = [Int](repeating: 0, count: 6)
      for label in found.labels {
        #expect(!label.steps.isEmpty && label.steps.upperBound <= 6)
        for step in label.steps { path[step] = Int(label.symbol) }
        let mean = label.steps.reduce(0) { $0 + exponential(scores.doubles[$1 * 3 + Int(label.symbol)]) }
        #expect(abs(label.confidence - mean / Double(label.steps.count)) < 1e-9)
      }
      let score = path.enumerated().reduce(0) { $0 + scores.doubles[$1.offset * 3 + $1.element] }
      #expect(abs(score - found.logProbability) < 1e-9)
    }
  }

  @Test func whatCannotBePlacedIsSaid() throws {
    func failure(_ scores: Tensor, _ labels: [Int32], blank: Int32 = 0) -> CTCAlignment.Failure? {
      do throws(CTCAlignment.Failure) {
        _ = try CTCAlignment(scores, labels, blank: blank)
        return nil
      } catch { return error }
    }
    let scores = drawnLogProbabilities(steps: 3, classes: 3, seed: 1)
    #expect(failure(scores, [1, 1]) == nil && failure(Tensor.zeros([0, 3]), []) == nil)
    #expect(failure(scores, [1, 1, 2]) == .tooShort(steps: 3, needed: 4))
    #expect(failure(scores, [0]) == .label(position: 0, label: 0))
    #expect(failure(scores, [1, 3]) == .label(position: 1, label: 3))
    #expect(failure(scores, [1, -1]) == .label(position: 1, label: -1))
    #expect(failure(scores, [1], blank: 7) != nil)
    #expect(failure(Tensor(repeating: .nan, shape: [3, 3]), [1]) == .impossible)
    #expect(failure(Tensor(repeating: -.infinity, shape: [3, 3]), [1]) == .impossible)
  }
}
