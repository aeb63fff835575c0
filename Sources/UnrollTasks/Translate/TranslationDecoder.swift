import UnrollCore
import UnrollData
import UnrollNetworks

/// How long a translation may become.
struct TranslationLimits: Sendable, Codable, Equatable {
  /// Target tokens for each source token of the training data.
  var ratio: Double
  /// The most source tokens that are read at once; a longer text is cut into pieces.
  var source: Int

  init(_ totals: TokenTotals) {
    ratio = Double(totals.targetTokens) / Double(max(1, totals.sourceTokens))
    source = max(Self.shortest, 2 * totals.longestSource)
  }

  private static let shortest = 64

  /// The most tokens for a source of a length: twice the usual, and some.
  func target(_ count: Int) -> Int { Int(min(1e6, 2 * ratio * Double(count))) + 20 }
}

/// Finds the likeliest targets of sources, by one network or the mean of several.
struct TranslationDecoder: Sendable {
  let networks: [TranslationNetwork]
  let limits: TranslationLimits
  /// Whether the unknown token is never said: where nothing is unknown.
  let bansUnknown: Bool

  /// A target that was found.
  struct Found: Sendable {
    let sequence: DecodedSequence
    /// The first network's attention, a row for each token and the end token, a column for each source token.
    let attention: [[Float]]
  }

  /// Rows of a step: hypotheses of all sources.
  private struct Run {
    var states: [TranslationNetwork.State]
    /// The source that each row reads.
    var readers: [Int]
  }

  /// Hypotheses that are computed together.
  private static let rows = 256

  /// - Parameters:
  ///   - sources: for each text, its ids for each network.
  ///   - attends: whether attention is wanted.
  /// - Returns: for each text, the best first.
  func callAsFunction(
    _ sources: [[[Int32]]], _ search: BeamSearch, attends: Bool = false
  ) throws(ShapeError) -> [[Found]] {
    var results = sources.map { _ in [Found]() }
    // Sources of about a length end at about the same time.
    let order = sources.indices.sorted { (sources[$0][0].count, $0) < (sources[$1][0].count, $1) }
    let size = max(1, Self.rows / search.width)
    for start in stride(from: 0, to: order.count, by: size) {
      let chosen = order[start..<min(order.count, start + size)]
      let found = try decode(chosen.map { sources[$0] }, search, attends: attends)
      for (index, result) in zip(chosen, found) { results[index] = result }
    }
    return results
  }

  private func decode(
    _ sources: [[[Int32]]], _ search: BeamSearch, attends: Bool
  ) throws(ShapeError) -> [[Found]] {
    var none: RandomSource?
    var encoded: [TranslationNetwork.Encoded] = []
    for (index, network) in networks.enumerated() {
      encoded.append(try network.encode(TokenBatch(sources.map { $0[index] }), random: &none))
    }
    let everyone = Array(sources.indices)
    let initial = Run(
      states: zip(networks, encoded).map { $0.initialState($1, order: everyone) }, readers: everyone)
    var history: [Tensor] = []
    let found = try search(
      initial, start: SpecialToken.begin.id, end: SpecialToken.end.id,
      limits: sources.map { limits.target($0[0].count) }
    ) { (run, parents, tokens) throws(ShapeError) in
      let (scores, weights, next) = try advance(run, parents, tokens, encoded)
      if attends { history.append(weights) }
      return (scores, next)
    }
    return zip(sources, found).map { source, sequences in
      sequences.map { sequence in
        let rows = attends ? sequence.rows.enumerated().map { row(history[$0], $1, source[0].count) } : []
        return Found(sequence: sequence, attention: rows)
      }
    }
  }

  private func row(_ weights: Tensor, _ row: Int, _ count: Int) -> [Float] {
    let width = weights.shape.columns
    return weights.withUnsafeElements { Array($0[row * width..<row * width + count]) }
  }

  /// One step of all networks.
  private func advance(
    _ run: Run, _ parents: [Int], _ tokens: [Int32], _ encoded: [TranslationNetwork.Encoded]
  ) throws(ShapeError) -> (scores: Tensor, weights: Tensor, next: Run) {
    let moves = parents.elementsEqual(run.readers.indices) == false
    let readers = parents.map { run.readers[$0] }
    var next = Run(states: [], readers: readers)
    var (logits, weights): ([Variable], Tensor?) = ([], nil)
    var none: RandomSource?
    for (index, network) in networks.enumerated() {
      let state = moves ? run.states[index].selecting(parents.map(Int32.init)) : run.states[index]
      let (said, attention, after) = try network.step(
        try network.vectors(tokens, random: &none), state, encoded[index].memory.selecting(readers),
        random: &none)
      logits.append(try network.logits(said))
      next.states.append(after)
      if weights == nil { weights = attention.value }
    }
    var scores = Self.logProbabilities(logits)
    let columns = scores.shape.columns
    let banned = [SpecialToken.padding, .begin] + (bansUnknown ? [.unknown] : [])
    scores.withUnsafeMutableElements { elements in
      for row in 0..<tokens.count {
        for token in banned { elements[row * columns + Int(token.id)] = -.infinity }
      }
    }
    return (scores, weights ?? scores, next)
  }

  /// ln of the mean of the networks' probabilities.
  private static func logProbabilities(_ logits: [Variable]) -> Tensor {
    guard logits.count > 1 else { return logits[0].logSoftmax().value.converted(to: .single) }
    var sum = logits[0].softmax()
    for other in logits.dropFirst() { sum = sum + other.softmax() }
    return sum.affine(times: 1 / Double(logits.count), plus: 0).log().value.converted(to: .single)
  }
}
