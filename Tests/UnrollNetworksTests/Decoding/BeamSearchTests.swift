import Testing
import UnrollCore
import UnrollNetworks

/// A made-up language: the next token depends on the source and on the last two tokens. Token 0 ends.
private struct Language {
  let tokens: Int
  let table: [Int: [Float]]

  init(tokens: Int, sources: Int, seed: UInt64) {
    self.tokens = tokens
    var random = RandomSource(seed: seed)
    var table: [Int: [Float]] = [:]
    for key in 0..<sources * (tokens + 1) * (tokens + 1) {
      let logits = Variable(Tensor.normal(deviation: 2, shape: [1, tokens], using: &random))
      table[key] = logits.logSoftmax().value.elements
    }
    self.table = table
  }

  func next(_ source: Int, _ path: [Int32]) -> [Float] {
    func last(_ back: Int) -> Int { path.count < back ? tokens : Int(path[path.count - back]) }
    return table[(source * (tokens + 1) + last(1)) * (tokens + 1) + last(2)] ?? []
  }

  func logProbability(_ source: Int, _ path: [Int32]) -> Double {
    var sum = 0.0
    for (index, token) in path.enumerated() {
      sum += Double(next(source, Array(path[..<index]))[Int(token)])
    }
    return sum + Double(next(source, path)[0])
  }

  /// All complete sequences of up to `limit` tokens, best first.
  func all(_ source: Int, limit: Int, penalty α: Double) -> [(tokens: [Int32], score: Double)] {
    var paths: [[Int32]] = [[]]
    var longest = paths
    for _ in 0..<limit {
      longest = longest.flatMap { path in (1..<tokens).map { path + [Int32($0)] } }
      paths += longest
    }
    return paths.map { path in
      (path, logProbability(source, path) / power((5 + Double(path.count + 1)) / 6, α))
    }.sorted { $0.1 > $1.1 }
  }

  /// What each row of each step was, so that a test can follow `rows`.
  final class Log { var steps: [[(source: Int, path: [Int32])]] = [] }

  func search(_ beam: BeamSearch, limits: [Int], log: Log = Log()) -> [[DecodedSequence]] {
    typealias Row = (source: Int, path: [Int32])
    let start = limits.indices.map { Row($0, []) }
    return beam(start, start: -1, end: 0, limits: limits) { state, parents, read -> (Tensor, [Row]) in
      let rows: [Row] = zip(parents, read).map { parent, token in
        Row(state[parent].source, token < 0 ? [] : state[parent].path + [token])
      }
      log.steps.append(rows)
      let numbers = rows.flatMap { next($0.source, $0.path) }
      return (Tensor(numbers, shape: [rows.count, tokens]), rows)
    }
  }
}

@Suite struct BeamSearchTests {
  /// A beam as wide as there are sequences leaves nothing out: its answer is the best of all.
  @Test(arguments: [0, 0.6, 1, 2.0]) func aWideBeamFindsTheBest(_ α: Double) {
    for seed in 1...5 {
      let language = Language(tokens: 4, sources: 3, seed: UInt64(seed))
      let beam = BeamSearch(width: 200, lengthPenalty: α, best: 5, stopping: .whenDecided)
      let limits = [4, 3, 4]
      for (source, found) in language.search(beam, limits: limits).enumerated() {
        let expected = language.all(source, limit: limits[source], penalty: α)
        #expect(found.count == 5)
        for (found, expected) in zip(found, expected) {
          #expect(found.tokens == expected.tokens && found.isComplete)
          // Sums of a few single-precision logarithms.
          #expect(abs(found.score - expected.score) < 1e-9)
          #expect(abs(found.logProbability - language.logProbability(source, found.tokens)) < 1e-9)
        }
      }
    }
  }

  /// Sources in one batch do not touch each other.
  @Test(arguments: [BeamSearch.Stopping.atWidth, .whenDecided], [1, 2, 3, 7])
  func sourcesAreIndependent(_ stopping: BeamSearch.Stopping, _ width: Int) {
    let language = Language(tokens: 9, sources: 5, seed: 11)
    let beam = BeamSearch(width: width, best: 3, stopping: stopping)
    let limits = [8, 1, 0, 15, 7]
    let together = language.search(beam, limits: limits)
    for source in limits.indices {
      var others = limits.map { _ in 0 }
      others[source] = limits[source]
      let alone = language.search(beam, limits: others)[source]
      #expect(alone.map(\.tokens) == together[source].map(\.tokens))
      #expect(alone.map(\.score) == together[source].map(\.score))
      #expect(!alone.isEmpty && alone.allSatisfy { $0.tokens.count <= limits[source] })
      #expect(zip(alone, alone.dropFirst()).allSatisfy { $0.score >= $1.score })
    }
  }

  @Test func oneHypothesisIsGreedy() {
    let language = Language(tokens: 6, sources: 1, seed: 4)
    var path: [Int32] = []
    while path.count < 20 {
      let next = language.next(0, path)
      let best = Int32(next.withUnsafeBufferPointer { TokenSampler.best($0) })
      if best == 0 { break }
      path.append(best)
    }
    #expect(language.search(BeamSearch(width: 1), limits: [20])[0][0].tokens == path)
  }

  /// `rows` names the row that gave each token, the last that which gave the end.
  @Test func rowsLeadBackToTheSteps() {
    let language = Language(tokens: 5, sources: 4, seed: 21)
    let log = Language.Log()
    let found = language.search(BeamSearch(width: 3, best: 3), limits: [6, 6, 2, 9], log: log)
    for (source, sequences) in found.enumerated() {
      for sequence in sequences {
        #expect(sequence.rows.count == sequence.tokens.count + (sequence.isComplete ? 1 : 0))
        for (step, row) in sequence.rows.enumerated() {
          #expect(log.steps[step][row].source == source)
          #expect(log.steps[step][row].path == Array(sequence.tokens[..<step]))
        }
      }
    }
  }

  /// A model that never ends gives what it has at the limit.
  @Test func whatNeverEndsIsCut() {
    let never = Tensor([-.infinity, 0, -1], shape: [1, 3])
    let beam = BeamSearch(width: 1)
    let found = beam((), start: 1, end: 0, limits: [3]) { _, _, _ in (never, ()) }
    #expect(found[0].map(\.tokens) == [[1, 1, 1]] && !found[0][0].isComplete)
    #expect(beam((), start: 1, end: 0, limits: []) { _, _, _ in (never, ()) }.isEmpty)
  }

  /// The penalty of Wu et al. 2016 lets a longer sequence win that has the lower probability.
  @Test func lengthsAreEvenedOut() {
    // After the start: end at 0.4, or go on at 0.6 and then end at 0.6.
    func search(_ α: Double) -> [Int32] {
      BeamSearch(width: 4, lengthPenalty: α)([0], start: 1, end: 0, limits: [1]) { state, parents, tokens in
        let depth = state[0]
        let rows = parents.map { _ in depth == 0 ? [0.4, 0.6] : [0.6, 0.4] }
        let logs = rows.flatMap { $0.map { Float(naturalLogarithm($0)) } }
        return (Tensor(logs, shape: [rows.count, 2]), [depth + 1])
      }[0][0].tokens
    }
    #expect(search(0) == [])
    #expect(search(1) == [1])
  }
}
