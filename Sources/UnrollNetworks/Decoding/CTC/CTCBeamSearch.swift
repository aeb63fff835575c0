import UnrollCore

/// Prefix beam search (Hannun et al. 2014, "First-Pass Large Vocabulary Continuous Speech Recognition using
/// Bi-Directional Recurrent DNNs", algorithm 1): the paths of one prefix are summed, in logarithms, apart by whether
/// they end in a blank,
///
///     b(ℓ) ← p(blank)·(b(ℓ) + s(ℓ))
///     s(ℓ) ← p(last of ℓ)·s(ℓ) + Σ over k with ℓ = k c:  p(c)·(b(k) + s(k)),  or p(c)·b(k) where c is also the last of k
///
/// and the prefixes with the largest ln(b + s) + scorer(ℓ) are followed.
///
///     let search = CTCBeamSearch(width: 64, blank: 0, scorer: NGramScorer(model, weight: 0.8, bonus: 1))
///     let text = search(logProbabilities)[0].symbols
public struct CTCBeamSearch<Scorer: PrefixScorer>: Sendable {
  /// Prefixes that are followed.
  public var width: Int
  /// The class that spells nothing.
  public let blank: Int32
  /// A class whose ln p lies further below the likeliest of its step begins nothing new.
  public var threshold: Double
  /// What is added to ln p of a prefix.
  public let scorer: Scorer

  /// - Parameter threshold: +∞: all classes are tried at every step.
  public init(width: Int, blank: Int32 = 0, threshold: Double = 14, scorer: Scorer) {
    self.width = max(1, width)
    self.blank = blank
    self.threshold = threshold
    self.scorer = scorer
  }

  /// Searches a whole sequence.
  ///
  /// - Parameter logProbabilities: ln p of each class, `[T, K]`.
  /// - Returns: up to `width` hypotheses: those that may end here first, then by score.
  public func callAsFunction(
    _ logProbabilities: Tensor
  ) throws(Scorer.Failure) -> [DecodedSymbols] {
    var stream = try stream()
    try stream.read(logProbabilities)
    return try stream.hypotheses()
  }

  /// A search to be fed as steps come in.
  public func stream() throws(Scorer.Failure) -> CTCBeamStream<Scorer> { try CTCBeamStream(self) }
}

extension CTCBeamSearch where Scorer == NoScorer {
  /// A search without a scorer.
  public init(width: Int, blank: Int32 = 0, threshold: Double = 14) {
    self.init(width: width, blank: blank, threshold: threshold, scorer: NoScorer())
  }
}

/// A prefix beam search under way. A value: it may be copied, kept and gone on with. What it finds does not depend on
/// how steps were divided.
public struct CTCBeamStream<Scorer: PrefixScorer>: Sendable {
  /// A prefix that is followed.
  private struct Prefix {
    /// Its node in the tree of symbols.
    let node: Int32
    /// Its last symbol, −1 for none.
    let last: Int32
    /// ln of the sum of its paths that end in a blank, and of those that end in its last symbol.
    var blank: Double
    var symbol: Double
    /// What the scorer adds.
    let added: Double
    let state: Scorer.State

    var logProbability: Double { sumOfLogarithms(blank, symbol) }
  }

  /// A prefix of the next step: one that stays, or one that grows by a symbol.
  private struct Candidate {
    let prefix: Int
    /// −1: the prefix itself.
    let symbol: Int32
    var blank: Double
    var reached: Double
    let added: Double
    let total: Double
  }

  public let search: CTCBeamSearch<Scorer>
  /// The steps read so far.
  public private(set) var stepsRead = 0
  /// The symbols that were taken out at the front by `takeSettled`.
  public private(set) var settled: [Int32] = []
  private var prefixes: [Prefix]
  private var tree = PrefixTree()
  /// Nodes beyond which those that lead nowhere are forgotten.
  private var largestTree = 1024

  init(_ search: CTCBeamSearch<Scorer>) throws(Scorer.Failure) {
    self.search = search
    prefixes = [
      Prefix(node: 0, last: -1, blank: 0, symbol: -.infinity, added: 0, state: try search.scorer.start())
    ]
  }

  /// Reads some steps, ln p of each class, `[steps, K]`.
  public mutating func read(_ logProbabilities: Tensor) throws(Scorer.Failure) {
    let classes = logProbabilities.shape.columns
    let elements = logProbabilities.elements
    for row in 0..<logProbabilities.shape.rows {
      try read(elements[row * classes..<(row + 1) * classes])
    }
  }

  /// Reads one step, ln p of each class.
  public mutating func read(_ step: ArraySlice<Float>) throws(Scorer.Failure) {
    stepsRead += 1
    guard !step.isEmpty else { return }
    let scores = step.map(Double.init)
    try follow(candidates(scores))
  }

  private var followedParents: [UInt64: Int] {
    var result: [UInt64: Int] = [:]
    for (index, prefix) in prefixes.enumerated() where prefix.node != 0 {
      result[Self.key(tree.parent(prefix.node), prefix.last)] = index
    }
    return result
  }

  private static func key(_ node: Int32, _ symbol: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: node)) << 32 | UInt64(UInt32(bitPattern: symbol))
  }

  /// The prefixes that stay, in their order, then all that grow.
  private func candidates(_ scores: [Double]) -> [Candidate] {
    let blank = Int(search.blank)
    let blankScore = scores.indices.contains(blank) ? scores[blank] : -.infinity
    let least = (scores.max() ?? 0) - search.threshold
    let symbols = scores.indices.filter { $0 != blank && scores[$0] >= least && scores[$0] > -.infinity }
    var stayBlank: [Double] = []
    var stayReached: [Double] = []
    for prefix in prefixes {
      stayBlank.append(prefix.logProbability + blankScore)
      stayReached.append(prefix.last < 0 ? -.infinity : prefix.symbol + scores[Int(prefix.last)])
    }
    let parents = followedParents
    var grown: [Candidate] = []
    for (index, prefix) in prefixes.enumerated() {
      let all = prefix.logProbability
      for symbol in symbols {
        let reached = (Int32(symbol) == prefix.last ? prefix.blank : all) + scores[symbol]
        guard reached > -.infinity else { continue }
        if let own = parents[Self.key(prefix.node, Int32(symbol))] {
          stayReached[own] = sumOfLogarithms(stayReached[own], reached)
          continue
        }
        let added = prefix.added + search.scorer.score(Int32(symbol), after: prefix.state)
        guard added > -.infinity else { continue }
        grown.append(
          Candidate(
            prefix: index, symbol: Int32(symbol), blank: -.infinity, reached: reached, added: added,
            total: reached + added))
      }
    }
    let stays = prefixes.indices.map { index in
      Candidate(
        prefix: index, symbol: -1, blank: stayBlank[index], reached: stayReached[index],
        added: prefixes[index].added,
        total: sumOfLogarithms(stayBlank[index], stayReached[index]) + prefixes[index].added)
    }
    return stays + grown
  }

  /// Goes on with the best candidates.
  private mutating func follow(_ candidates: [Candidate]) throws(Scorer.Failure) {
    let chosen = largest(search.width, of: candidates.map(\.total))
      .filter { candidates[$0].total > -.infinity }
    // Where nothing has any probability, what was there stays: a step of no information.
    guard !chosen.isEmpty else { return }
    let growing = chosen.filter { candidates[$0].symbol >= 0 }
    let states = try search.scorer.advance(
      growing.map { prefixes[candidates[$0].prefix].state }, by: growing.map { candidates[$0].symbol })
    var next: [Prefix] = []
    next.reserveCapacity(chosen.count)
    var grown = 0
    for index in chosen {
      let candidate = candidates[index]
      let before = prefixes[candidate.prefix]
      let grows = candidate.symbol >= 0
      next.append(
        Prefix(
          node: grows ? tree.grow(before.node, candidate.symbol) : before.node,
          last: grows ? candidate.symbol : before.last, blank: candidate.blank, symbol: candidate.reached,
          added: candidate.added, state: grows ? states[grown] : before.state))
      if grows { grown += 1 }
    }
    prefixes = next
    if tree.count > largestTree { compact() }
  }

  private mutating func compact(dropping dropped: Int = 0) {
    let places = tree.compact(keeping: prefixes.map(\.node), dropping: dropped)
    largestTree = 2 * tree.count + 64 * search.width
    prefixes = zip(prefixes, places).map { prefix, node in
      Prefix(
        node: node, last: prefix.last, blank: prefix.blank, symbol: prefix.symbol, added: prefix.added,
        state: prefix.state)
    }
  }

  /// What was found so far as if the sequence ended here: hypotheses that may end first, then by score. Without the
  /// symbols that were taken out by `takeSettled`.
  public func hypotheses() throws(Scorer.Failure) -> [DecodedSymbols] {
    var found: [DecodedSymbols] = []
    for prefix in prefixes {
      found.append(
        DecodedSymbols(
          symbols: tree.sequence(prefix.node), logProbability: prefix.logProbability, added: prefix.added,
          end: try search.scorer.endScore(after: prefix.state)))
    }
    return DecodedSymbols.ranked(found)
  }

  /// Takes out the symbols that all prefixes begin with: nothing that comes can change them. They are returned, added
  /// to `settled`, and left out of later hypotheses, so that a stream without end needs no memory without end.
  public mutating func takeSettled() -> [Int32] {
    // The last symbol stays: a prefix's own last symbol and its node's parent are still asked for.
    let shared = tree.commonPrefix(of: prefixes.map(\.node)).dropLast()
    guard !shared.isEmpty else { return [] }
    compact(dropping: shared.count)
    settled += shared
    return Array(shared)
  }
}
