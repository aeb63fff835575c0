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

  /// Hypotheses that are computed together.
  private static let rows = 256

  /// - Parameters:
  ///   - sources: for each text, its ids for each network.
  ///   - attends: whether attention is wanted.
  /// - Returns: for each text, the best first.
  func callAsFunction(
    _ sources: [[[Int32]]], _ search: BeamSearch, attends: Bool = false
  ) throws(ShapeError) -> [[Found]] {
    var search = search
    search.constraints.banned =
      [SpecialToken.padding.id, SpecialToken.begin.id] + (bansUnknown ? [SpecialToken.unknown.id] : [])
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
    var members: [AttentionStepDecoder] = []
    for (index, network) in networks.enumerated() {
      members.append(try network.model.stepDecoder(TokenBatch(sources.map { $0[index] })))
    }
    let found = try search(
      EnsembleDecoder(members), start: SpecialToken.begin.id, end: SpecialToken.end.id,
      limits: sources.map { limits.target($0[0].count) }, keepsAttention: attends)
    return zip(sources, found).map { source, sequences in
      sequences.map { sequence in
        Found(sequence: sequence, attention: sequence.attention.map { Array($0.prefix(source[0].count)) })
      }
    }
  }
}
