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
    beam.found(Reader(language: self, sources: limits.count, log: log), start: -1, end: 0, limits: limits)
  }

  /// Reads the language row by row. Its attention is on the step that has the number of tokens that were read.
  struct Reader: StepDecoder {
    let language: Language
    var rows: [(source: Int, path: [Int32])]
    let log: Log

    init(language: Language, sources: Int, log: Log) {
      self.language = language
      self.log = log
      rows = (0..<sources).map { ($0, []) }
    }

    mutating func select(_ rows: [Int]) { self.rows = rows.map { self.rows[$0] } }

    mutating func step(_ tokens: [Int32]) -> DecoderStep {
      for (row, token) in tokens.enumerated() where token >= 0 { rows[row].path.append(token) }
      log.steps.append(rows)
      let numbers = rows.flatMap { language.next($0.source, $0.path) }
      let attention = rows.flatMap { row in (0..<20).map { $0 == row.path.count ? Float(row.source) + 1 : 0 }
      }
      return DecoderStep(
        scores: Tensor(numbers, shape: [rows.count, language.tokens]), isNormalized: true,
        attention: Tensor(attention, shape: [rows.count, 20]))
    }
  }
}

/// A decoder whose scores depend on the number of steps alone.
private struct Script: StepDecoder {
  let next: (Int) -> [Float]
  var rows: Int
  var steps = 0

  mutating func select(_ rows: [Int]) { self.rows = rows.count }

  mutating func step(_ tokens: [Int32]) -> DecoderStep {
    defer { steps += 1 }
    let row = next(steps)
    return DecoderStep(
      scores: Tensor((0..<rows).flatMap { _ in row }, shape: [rows, row.count]), isNormalized: true)
  }
}

extension BeamSearch {
  fileprivate func found(
    _ decoder: some StepDecoder, start: Int32, end: Int32, limits: [Int], keepsAttention: Bool = false
  ) -> [[DecodedSequence]] {
    do {
      return try self(decoder, start: start, end: end, limits: limits, keepsAttention: keepsAttention)
    } catch {
      Issue.record("\(error)")
      return limits.map { _ in [] }
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
    func never(_ rows: Int) -> Script { Script(next: { _ in [-.infinity, 0, -1] }, rows: rows) }
    let beam = BeamSearch(width: 1)
    let found = beam.found(never(1), start: 1, end: 0, limits: [3])
    #expect(found[0].map(\.tokens) == [[1, 1, 1]] && !found[0][0].isComplete)
    #expect(beam.found(never(0), start: 1, end: 0, limits: []).isEmpty)
  }

  /// Attention is that of the steps that gave the tokens.
  @Test func attentionFollowsTheTokens() {
    let language = Language(tokens: 5, sources: 3, seed: 8)
    let reader = Language.Reader(language: language, sources: 3, log: Language.Log())
    let found = BeamSearch(width: 3, best: 2).found(
      reader, start: -1, end: 0, limits: [6, 3, 9], keepsAttention: true)
    for (source, sequences) in found.enumerated() {
      for sequence in sequences {
        #expect(sequence.attention.count == sequence.tokens.count + (sequence.isComplete ? 1 : 0))
        for (step, weights) in sequence.attention.enumerated() {
          #expect(weights.firstIndex(of: Float(source) + 1) == step && weights.count { $0 != 0 } == 1)
        }
      }
    }
  }

  /// No n tokens occur twice, banned tokens not at all, and what is found is the best of what is left.
  @Test(arguments: [1, 2, 3], [1, 4]) func nothingForbiddenIsChosen(_ n: Int, _ width: Int) {
    for seed in 1...20 {
      let language = Language(tokens: 5, sources: 2, seed: UInt64(seed))
      let beam = BeamSearch(
        width: width, best: 3, constraints: DecodingConstraints(banned: [3], noRepeat: n))
      for sequence in language.search(beam, limits: [18, 18]).joined() {
        #expect(!sequence.tokens.contains(3))
        let grams = sequence.tokens.indices.dropLast(n - 1).map { Array(sequence.tokens[$0..<$0 + n]) }
        #expect(Set(grams).count == grams.count, "\(sequence.tokens)")
      }
    }
    // With room for all: of the sequences that are allowed, the likeliest.
    let language = Language(tokens: 4, sources: 1, seed: 5)
    let beam = BeamSearch(
      width: 300, stopping: .whenDecided, constraints: DecodingConstraints(noRepeat: n))
    let allowed = language.all(0, limit: 4, penalty: 1).first { sequence in
      let grams = sequence.tokens.indices.dropLast(n - 1).map { Array(sequence.tokens[$0..<$0 + n]) }
      return Set(grams).count == grams.count
    }
    #expect(language.search(beam, limits: [4])[0][0].tokens == allowed?.tokens)
  }

  /// Members of an ensemble: the mean of probabilities, those of logits and of log-probabilities alike.
  @Test func ensemblesAverageProbabilities() throws {
    let logits: [[Float]] = [[1, 2, -1], [0.5, -0.5, 3]]
    var ensemble = EnsembleDecoder(logits.map { row in Script(next: { _ in row }, rows: 2) })
    // Scripts give log-probabilities: e of these need not sum to 1 here.
    let found = try ensemble.step([0, 0]).logProbabilities.doubles
    for column in 0..<3 {
      let mean = logits.reduce(0) { $0 + exponential(Double($1[column])) } / 2
      #expect(abs(found[column] - naturalLogarithm(mean)) < 1e-6)
      #expect(found[column] == found[3 + column])
    }
  }

  /// The penalty of Wu et al. 2016 lets a longer sequence win that has the lower probability.
  @Test func lengthsAreEvenedOut() {
    // After the start: end at 0.4, or go on at 0.6 and then end at 0.6.
    func search(_ α: Double) -> [Int32] {
      let script = Script(
        next: { ($0 == 0 ? [0.4, 0.6] : [0.6, 0.4]).map { Float(naturalLogarithm($0)) } }, rows: 1)
      return BeamSearch(width: 4, lengthPenalty: α).found(script, start: 1, end: 0, limits: [1])[0][0].tokens
    }
    #expect(search(0) == [])
    #expect(search(1) == [1])
  }
}
