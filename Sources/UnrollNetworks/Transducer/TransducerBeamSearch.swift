import UnrollCore

/// A beam search over the outputs of a transducer, step by step of the input (after Graves 2012, section 2.5): at each
/// step the hypotheses are extended by up to `symbolsPerStep` symbols, the best `width` at a time; each then goes on by
/// the blank, those that became the same symbols are summed, and the best are kept.
public struct TransducerBeamSearch<Scorer: PrefixScorer>: Sendable {
  public let transducer: Transducer
  /// Hypotheses that are followed.
  public var width: Int
  /// The most symbols of a step.
  public var symbolsPerStep: Int
  /// What is added to ln p of a prefix.
  public let scorer: Scorer

  public init(_ transducer: Transducer, width: Int, symbolsPerStep: Int = 4, scorer: Scorer) {
    self.transducer = transducer
    self.width = max(1, width)
    self.symbolsPerStep = max(1, symbolsPerStep)
    self.scorer = scorer
  }

  /// Searches a whole sequence, the encoder's outputs `[T, E]`.
  ///
  /// - Returns: up to `width` results: those that may end here first, then by score.
  /// - Throws: `ShapeError` when the features do not fit, and what the scorer throws.
  public func callAsFunction(_ encoded: Tensor) throws -> [DecodedSymbols] {
    var stream = try stream()
    try stream.read(encoded)
    return try stream.hypotheses()
  }

  /// A search to be fed as steps come in.
  public func stream() throws -> TransducerBeamStream<Scorer> { try TransducerBeamStream(self) }
}

extension TransducerBeamSearch where Scorer == NoScorer {
  /// A search without a scorer.
  public init(_ transducer: Transducer, width: Int, symbolsPerStep: Int = 4) {
    self.init(transducer, width: width, symbolsPerStep: symbolsPerStep, scorer: NoScorer())
  }
}

/// A beam search over a transducer's outputs under way. A value: it may be copied, kept and gone on with. What it finds
/// does not depend on how steps were divided.
public struct TransducerBeamStream<Scorer: PrefixScorer>: Sendable {
  private struct Hypothesis {
    /// Its node in the tree of symbols.
    var node: Int32
    var logProbability: Double
    /// What the scorer adds.
    let added: Double
    let scorer: Scorer.State
    /// The predictor's state, a row, and what it says to the joiner, `[1, J]`.
    let predictor: [AnyRecurrentNetwork.State]
    let predicted: Variable

    var total: Double { logProbability + added }
  }

  private struct Extension {
    let parent: Int
    let symbol: Int32
    let logProbability: Double
    let added: Double
    var total: Double { logProbability + added }
  }

  public let search: TransducerBeamSearch<Scorer>
  /// The steps read so far.
  public private(set) var stepsRead = 0
  /// The symbols that were taken out at the front by `takeSettled`.
  public private(set) var settled: [Int32] = []
  private var followed: [Hypothesis]
  private var tree = PrefixTree()
  /// Nodes beyond which those that lead nowhere are forgotten.
  private var largestTree = 1024

  init(_ search: TransducerBeamSearch<Scorer>) throws {
    self.search = search
    let (outputs, state) = try search.transducer.predictor.step([-1], state: nil)
    followed = [
      Hypothesis(
        node: 0, logProbability: 0, added: 0, scorer: try search.scorer.start(), predictor: state,
        predicted: try search.transducer.joiner.predictor(outputs))
    ]
  }

  /// Reads some steps of the encoder, `[steps, E]`.
  ///
  /// - Throws: `ShapeError` when the features do not fit, and what the scorer throws.
  public mutating func read(_ encoded: Tensor) throws {
    let rows = try search.transducer.joiner.encoder(Variable(encoded))
    for row in 0..<rows.shape.rows { try read(step: rows.rows(row..<row + 1)) }
  }

  private mutating func read(step: Variable) throws {
    stepsRead += 1
    let blank = Int(search.transducer.blank)
    var active = followed
    var finished: [Hypothesis] = []
    var places: [Int32: Int] = [:]
    for depth in 0...search.symbolsPerStep where !active.isEmpty {
      let scores = try search.transducer.joiner.logProbabilities(
        step, Variable.concatenated(active.map(\.predicted), axis: 0)
      ).value
      let (elements, classes) = (scores.elements, scores.shape.columns)
      for (row, hypothesis) in active.enumerated() {
        let through = hypothesis.logProbability + Double(elements[row * classes + blank])
        if let place = places[hypothesis.node] {
          finished[place].logProbability = sumOfLogarithms(finished[place].logProbability, through)
        } else {
          places[hypothesis.node] = finished.count
          finished.append(hypothesis)
          finished[finished.count - 1].logProbability = through
        }
      }
      guard depth < search.symbolsPerStep else { break }
      active = try extended(active, elements, classes, finished)
    }
    let best = largest(search.width, of: finished.map(\.total)).filter { finished[$0].total > -.infinity }
    // Where nothing has any probability, what was there stays.
    if !best.isEmpty { followed = best.map { finished[$0] } }
    if tree.count > largestTree { compact() }
  }

  /// The best extensions of all hypotheses by a symbol.
  private mutating func extended(
    _ active: [Hypothesis], _ elements: [Float], _ classes: Int, _ finished: [Hypothesis]
  ) throws -> [Hypothesis] {
    // An extension has yet to go on by a blank: below the worst that is kept now, it will not be.
    let kept = largest(search.width, of: finished.map(\.total))
    let least = kept.count < search.width ? -Double.infinity : finished[kept[kept.count - 1]].total
    var extensions: [Extension] = []
    for (row, hypothesis) in active.enumerated() {
      for symbol in 0..<classes - 1 {
        let logProbability = hypothesis.logProbability + Double(elements[row * classes + symbol])
        let added = hypothesis.added + search.scorer.score(Int32(symbol), after: hypothesis.scorer)
        guard logProbability + added > least else { continue }
        extensions.append(
          Extension(parent: row, symbol: Int32(symbol), logProbability: logProbability, added: added))
      }
    }
    let chosen = largest(search.width, of: extensions.map(\.total)).map { extensions[$0] }
    guard !chosen.isEmpty else { return [] }
    let symbols = chosen.map(\.symbol)
    let scorers = try search.scorer.advance(chosen.map { active[$0.parent].scorer }, by: symbols)
    let states = Self.rows(chosen.map { active[$0.parent].predictor })
    let (outputs, after) = try search.transducer.predictor.step(symbols, state: states)
    let predicted = try search.transducer.joiner.predictor(outputs)
    var result: [Hypothesis] = []
    for (row, found) in chosen.enumerated() {
      result.append(
        Hypothesis(
          node: tree.grow(active[found.parent].node, found.symbol), logProbability: found.logProbability,
          added: found.added, scorer: scorers[row],
          predictor: after.map { $0.map { $0.rows(row..<row + 1) } }, predicted: predicted.rows(row..<row + 1)
        ))
    }
    return result
  }

  /// The states of several hypotheses as those of one batch.
  private static func rows(_ states: [[AnyRecurrentNetwork.State]]) -> [AnyRecurrentNetwork.State] {
    states[0].indices.map { direction in
      states[0][direction].indices.map { part in
        Variable.concatenated(states.map { $0[direction][part] }, axis: 0)
      }
    }
  }

  private mutating func compact(dropping dropped: Int = 0) {
    let places = tree.compact(keeping: followed.map(\.node), dropping: dropped)
    largestTree = 2 * tree.count + 64 * search.width
    for index in followed.indices { followed[index].node = places[index] }
  }

  /// What was found so far as if the sequence ended here: results that may end first, then by score. Without the symbols
  /// that were taken out by `takeSettled`.
  public func hypotheses() throws -> [DecodedSymbols] {
    DecodedSymbols.ranked(
      try followed.map {
        DecodedSymbols(
          symbols: tree.sequence($0.node), logProbability: $0.logProbability, added: $0.added,
          end: try search.scorer.endScore(after: $0.scorer))
      })
  }

  /// Takes out the symbols that all hypotheses begin with: nothing that comes can change them. They are returned and
  /// added to `settled`, so that a stream without end needs no memory without end.
  public mutating func takeSettled() -> [Int32] {
    let shared = tree.commonPrefix(of: followed.map(\.node))
    guard !shared.isEmpty else { return [] }
    compact(dropping: shared.count)
    settled += shared
    return shared
  }
}
