import UnrollCore

/// A sequence that a search found.
public struct DecodedSequence: Sendable, Equatable {
  /// The tokens, without the end token.
  public let tokens: [Int32]
  /// ln p of the tokens, the end token included.
  public let logProbability: Double
  /// What sequences are compared by: ln p over the length penalty.
  public let score: Double
  /// Whether the end token was reached; otherwise the longest allowed length was.
  public let isComplete: Bool
  /// For each token, then for the end token, the row of its step's batch that gave it: with it a caller finds what it
  /// kept of a step.
  public let rows: [Int]
  /// For each token, then for the end token, the share of attention that each step of the source got; empty where
  /// there is no attention or nobody asked.
  public let attention: [[Float]]
}

/// Beam search for the likeliest sequences of a model that gives one token after another, for several sources at once.
///
/// Sequences are compared by ln p / lp with the length penalty of Wu et al. 2016 (equation 14),
/// lp = ((5 + length) / 6)^α, the length counting the end token. All hypotheses of all sources make one batch.
public struct BeamSearch: Sendable {
  /// Hypotheses of a source that are followed; 1: greedy.
  public var width: Int
  /// α; 0: no penalty.
  public var lengthPenalty: Double
  /// The number of sequences to return for a source.
  public var best: Int
  /// When a source is done.
  public var stopping: Stopping
  /// What is never chosen.
  public var constraints: DecodingConstraints

  public enum Stopping: String, Sendable, Codable {
    /// Once as many hypotheses as the beam is wide have ended.
    case atWidth
    /// Once no hypothesis that still runs can come to a better score than the worst of those to be returned.
    case whenDecided
  }

  public init(
    width: Int, lengthPenalty: Double = 1, best: Int = 1, stopping: Stopping = .atWidth,
    constraints: DecodingConstraints = .none
  ) {
    self.width = max(1, width)
    self.lengthPenalty = lengthPenalty
    self.best = max(1, best)
    self.stopping = stopping
    self.constraints = constraints
  }

  /// The likeliest token at each step.
  public static func greedy(constraints: DecodingConstraints = .none) -> BeamSearch {
    BeamSearch(width: 1, constraints: constraints)
  }

  private struct Hypothesis {
    var tokens: [Int32] = []
    var rows: [Int] = []
    var logProbability = 0.0
  }

  /// What follows a hypothesis by one token.
  private struct Extension {
    let hypothesis: Int
    let token: Int32
    let logProbability: Double
  }

  private struct Source {
    var running = [Hypothesis()]
    var ended: [DecodedSequence] = []
    var isDone = false
  }

  /// Searches.
  ///
  /// - Parameters:
  ///   - decoder: has a row for each source, and has read nothing.
  ///   - start: the token that each sequence begins after.
  ///   - end: the token that ends a sequence.
  ///   - limits: for each source, the most tokens before the end token.
  ///   - keepsAttention: whether the attention of each token is wanted.
  /// - Returns: for each source up to `best` sequences, best first; an empty limit gives an empty sequence.
  /// - Throws: `ShapeError` when the decoder has another number of rows.
  public func callAsFunction(
    _ decoder: some StepDecoder, start: Int32, end: Int32, limits: [Int], keepsAttention: Bool = false
  ) throws(ShapeError) -> [[DecodedSequence]] {
    var decoder = decoder
    var sources = limits.map { _ in Source() }
    var history: [Tensor] = []
    var rows = limits.count
    var parents = Array(limits.indices)
    var tokens = limits.map { _ in start }
    while !tokens.isEmpty {
      if !parents.elementsEqual(0..<rows) { decoder.select(parents) }
      rows = parents.count
      let step = try decoder.step(tokens)
      if keepsAttention, let attention = step.attention { history.append(attention.converted(to: .single)) }
      var scores = step.logProbabilities
      constraints.apply(
        to: &scores, after: sources.filter { !$0.isDone }.flatMap { $0.running.map(\.tokens) })
      (parents, tokens) = advance(&sources, scores, end: end, limits: limits)
    }
    return sources.map { source in
      source.ended.sorted { $0.score > $1.score }.prefix(best).map { $0.attending(history) }
    }
  }

  /// Extends all hypotheses by a token; returns the rows and tokens of the next step.
  private func advance(
    _ sources: inout [Source], _ logProbabilities: Tensor, end: Int32, limits: [Int]
  ) -> (parents: [Int], tokens: [Int32]) {
    let columns = logProbabilities.shape.columns
    let single = logProbabilities.converted(to: .single)
    var (parents, tokens): ([Int], [Int32]) = ([], [])
    var row = 0
    single.withUnsafeElements { elements in
      for index in sources.indices where !sources[index].isDone {
        let count = sources[index].running.count
        let rows = UnsafeBufferPointer(rebasing: elements[row * columns..<(row + count) * columns])
        let extensions = extensions(of: sources[index].running, rows, columns)
        let chosen = extend(&sources[index], extensions, firstRow: row, end: end, limit: limits[index])
        parents += chosen
        tokens += sources[index].running.map { $0.tokens[$0.tokens.count - 1] }
        row += count
      }
    }
    return (parents, tokens)
  }

  /// The likeliest extensions of a source's hypotheses: twice the width, since at most half of them end.
  private func extensions(
    of running: [Hypothesis], _ rows: UnsafeBufferPointer<Float>, _ columns: Int
  ) -> [Extension] {
    let wanted = 2 * width
    var kept: [Extension] = []
    for (hypothesis, before) in running.enumerated() {
      for token in 0..<columns {
        let logProbability = before.logProbability + Double(rows[hypothesis * columns + token])
        guard logProbability > -.infinity else { continue }
        if kept.count == wanted, logProbability <= kept[wanted - 1].logProbability { continue }
        // Few are kept and most candidates fail the test above: insertion is the cheapest order.
        if kept.count == wanted { kept.removeLast() }
        let place = kept.lastIndex { $0.logProbability >= logProbability }.map { $0 + 1 } ?? 0
        kept.insert(
          Extension(hypothesis: hypothesis, token: Int32(token), logProbability: logProbability), at: place)
      }
    }
    return kept
  }

  private func extend(
    _ source: inout Source, _ extensions: [Extension], firstRow: Int, end: Int32, limit: Int
  ) -> [Int] {
    var next: [Hypothesis] = []
    var parents: [Int] = []
    for (rank, found) in extensions.enumerated() {
      var hypothesis = source.running[found.hypothesis]
      hypothesis.rows.append(firstRow + found.hypothesis)
      hypothesis.logProbability = found.logProbability
      if found.token == end {
        if rank < width { source.ended.append(sequence(hypothesis, isComplete: true)) }
      } else if next.count < width && hypothesis.tokens.count < limit {
        hypothesis.tokens.append(found.token)
        next.append(hypothesis)
        parents.append(firstRow + found.hypothesis)
      }
    }
    // Where the limit cuts everything off and nothing ended, what ran is the answer.
    if next.isEmpty && source.ended.isEmpty {
      source.ended = source.running.map { sequence($0, isComplete: false) }
    }
    source.running = next
    source.isDone = next.isEmpty || isDecided(source, limit)
    if source.isDone { source.running = [] }
    return source.isDone ? [] : parents
  }

  private func isDecided(_ source: Source, _ limit: Int) -> Bool {
    switch stopping {
    case .atWidth: return source.ended.count >= max(width, best)
    case .whenDecided:
      guard source.ended.count >= best else { return false }
      let worst = source.ended.map(\.score).sorted(by: >)[best - 1]
      // ln p only falls; the penalty is at most that of the longest sequence or of the next length.
      return source.running.allSatisfy { hypothesis in
        let longest = max(penalty(limit + 1), penalty(hypothesis.tokens.count + 1))
        return hypothesis.logProbability / longest <= worst
      }
    }
  }

  private func penalty(_ length: Int) -> Double {
    lengthPenalty == 0 ? 1 : power((5 + Double(length)) / 6, lengthPenalty)
  }

  private func sequence(_ hypothesis: Hypothesis, isComplete: Bool) -> DecodedSequence {
    let length = hypothesis.tokens.count + (isComplete ? 1 : 0)
    return DecodedSequence(
      tokens: hypothesis.tokens, logProbability: hypothesis.logProbability,
      score: hypothesis.logProbability / penalty(length), isComplete: isComplete, rows: hypothesis.rows,
      attention: [])
  }
}

extension DecodedSequence {
  /// The same with the rows of each step's attention that gave its tokens.
  fileprivate func attending(_ history: [Tensor]) -> DecodedSequence {
    guard !history.isEmpty else { return self }
    let weights = zip(rows, history).map { row, step in
      let width = step.shape.columns
      return step.withUnsafeElements { Array($0[row * width..<(row + 1) * width]) }
    }
    return DecodedSequence(
      tokens: tokens, logProbability: logProbability, score: score, isComplete: isComplete, rows: rows,
      attention: weights)
  }
}
