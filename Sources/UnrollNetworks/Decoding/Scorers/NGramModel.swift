import UnrollCore

/// A back-off model of which token follows the N − 1 before it (Katz 1987; Jelinek and Mercer 1980):
///
///     p(w | h) = p*(w | h)              where the model holds the sequence h w
///     p(w | h) = b(h) · p(w | h′)       otherwise; h′ is h without its first token, b(h) = 1 where h is not held
///
/// Tokens are the numbers `0 ..< vocabularySize`; any other counts as unknown. A sentence begins after a start token,
/// which is never predicted, and is closed by an end token, which is. Made from sentences (`init(sentences:…)`), or
/// from entries that somebody else made, such as those of an ARPA file.
public struct NGramModel: Sendable {
  /// Tokens beside those of the vocabulary.
  public enum Special {
    /// What precedes the first token of a sentence.
    public static let start: Int32 = -3
    /// What follows the last token of a sentence.
    public static let end: Int32 = -2
    /// Whatever is not in the vocabulary.
    public static let unknown: Int32 = -1
  }

  /// A sequence that the model holds.
  public struct Entry: Sendable, Equatable {
    /// 1 to N tokens.
    public let tokens: [Int32]
    /// ln p* of the last after the others; −∞ for one that never follows, such as the start.
    public let logProbability: Double
    /// ln b of the sequence as what precedes; 0 where there is none.
    public let backOff: Double

    public init(tokens: [Int32], logProbability: Double, backOff: Double = 0) {
      self.tokens = tokens
      self.logProbability = logProbability
      self.backOff = backOff
    }
  }

  /// A place in the model: the longest end of what was read that it holds.
  public struct State: Sendable, Hashable {
    let node: Int32
  }

  /// The number of tokens that are known.
  public let vocabularySize: Int
  let trie: SymbolTrie
  /// ln p* of each node, NaN where the model holds it only as what precedes others.
  let logProbabilities: [Double]
  let backOffs: [Double]
  /// The node of each sequence without its first token, or of the longest end of that which is held.
  let links: [Int32]
  /// The state after each sequence: its longest end of fewer than N tokens that anything follows, or that backs off.
  private let states: [Int32]

  /// N, the tokens of the longest sequences.
  public var order: Int { trie.depth }

  init(vocabularySize: Int, trie: SymbolTrie, logProbabilities: [Double], backOffs: [Double]) {
    self.vocabularySize = vocabularySize
    self.trie = trie
    self.logProbabilities = logProbabilities
    self.backOffs = backOffs
    links = Self.links(trie)
    var states = [Int32](repeating: 0, count: trie.count)
    for node in 1..<max(1, trie.count) {
      let tells = backOffs[node] != 0 || !trie.children(of: node).isEmpty
      states[node] = tells && node < trie.depths[trie.depth] ? Int32(node) : states[Int(links[node])]
    }
    self.states = states
  }

  /// Each node's link from its parent's: links lead to shorter sequences, which come first.
  static func links(_ trie: SymbolTrie) -> [Int32] {
    var links = [Int32](repeating: 0, count: trie.count)
    for node in 1..<max(1, trie.count) where trie.parents[node] > 0 {
      var shorter = Int(links[Int(trie.parents[node])])
      while true {
        if let found = trie.child(of: shorter, trie.symbols[node]) {
          links[node] = Int32(found)
          break
        }
        if shorter == 0 { break }
        shorter = Int(links[shorter])
      }
    }
    return links
  }

  /// A model of given entries. What precedes an entry and is missing is held without a probability of its own.
  ///
  /// - Parameter vocabularySize: one more than the largest token that is known.
  /// - Throws: `NGramError` for an entry of no tokens, of tokens that cannot be, or that comes twice, and when there is
  ///   none.
  public init(vocabularySize: Int, entries: some Sequence<Entry>) throws(NGramError) {
    var builder = SymbolTrie.Builder()
    var values: [(logProbability: Double, backOff: Double)] = [(.nan, 0)]
    for entry in entries {
      guard !entry.tokens.isEmpty,
        entry.tokens.allSatisfy({ $0 >= Special.start && $0 < Int32(clamping: vocabularySize) }),
        entry.logProbability <= 0, entry.backOff < .infinity
      else { throw .entry(entry.tokens) }
      let node = entry.tokens.reduce(0) { builder.grow($0, $1) }
      while values.count < builder.count { values.append((.nan, 0)) }
      guard values[node].logProbability.isNaN else { throw .duplicate(entry.tokens) }
      values[node] = (entry.logProbability, entry.backOff)
    }
    guard builder.count > 1 else { throw .empty }
    let (trie, places) = builder.frozen()
    var logProbabilities = [Double](repeating: .nan, count: trie.count)
    var backOffs = [Double](repeating: 0, count: trie.count)
    for (node, place) in places.enumerated() {
      logProbabilities[place] = values[node].logProbability
      backOffs[place] = values[node].backOff
    }
    self.init(
      vocabularySize: vocabularySize, trie: trie, logProbabilities: logProbabilities, backOffs: backOffs)
  }

  /// The sequences that the model holds, the short ones first.
  public var entries: [Entry] {
    (1..<max(1, trie.count)).compactMap { node in
      logProbabilities[node].isNaN
        ? nil
        : Entry(
          tokens: trie.sequence(node), logProbability: logProbabilities[node], backOff: backOffs[node])
    }
  }

  // MARK: - Scores

  private func known(_ token: Int32) -> Int32 {
    token >= Special.start && token < Int32(clamping: vocabularySize) ? token : Special.unknown
  }

  /// Nothing was read, not even a start.
  public var emptyState: State { State(node: 0) }
  /// The start of a sentence.
  public var startState: State { advance(emptyState, by: Special.start) }

  /// The state after one token more.
  public func advance(_ state: State, by token: Int32) -> State {
    let token = known(token)
    var node = Int(state.node)
    while true {
      if let child = trie.child(of: node, token) { return State(node: states[child]) }
      if node == 0 { return State(node: 0) }
      node = Int(links[node])
    }
  }

  /// ln p of a token after a state; −∞ where the model has no probability for it, and none for the unknown.
  public func logProbability(of token: Int32, after state: State) -> Double {
    let token = known(token)
    var node = Int(state.node)
    var sum = 0.0
    while true {
      if let child = trie.child(of: node, token), !logProbabilities[child].isNaN {
        return sum + logProbabilities[child]
      }
      if node == 0 { break }
      sum += backOffs[node]
      node = Int(links[node])
    }
    // A token without a probability of its own is as good as unknown.
    guard token != Special.unknown, token != Special.start,
      let unknown = trie.child(of: 0, Special.unknown), !logProbabilities[unknown].isNaN
    else { return -.infinity }
    return sum + logProbabilities[unknown]
  }

  /// ln p of a sentence, its end included.
  public func logProbability(ofSentence tokens: [Int32]) -> Double {
    var (state, sum) = (startState, 0.0)
    for token in tokens {
      sum += logProbability(of: token, after: state)
      state = advance(state, by: token)
    }
    return sum + logProbability(of: Special.end, after: state)
  }

  /// e^(−mean ln p) over the tokens of some sentences and their ends.
  public func perplexity(_ sentences: [[Int32]]) -> Double {
    let sum = sentences.reduce(0) { $0 + logProbability(ofSentence: $1) }
    let count = sentences.reduce(0) { $0 + $1.count + 1 }
    return exponential(-sum / Double(max(1, count)))
  }
}

/// Why there is no n-gram model.
public enum NGramError: Error, Equatable, Sendable, CustomStringConvertible {
  /// No entry, or no sentence.
  case empty
  /// An entry with no tokens, tokens that are not in the vocabulary, or a probability above 1.
  case entry([Int32])
  /// The same sequence twice.
  case duplicate([Int32])

  public var description: String {
    switch self {
    case .empty: "expected a model of at least one sequence, found none"
    case .entry(let tokens):
      "expected known tokens and a probability of at most 1, found \(tokens.prefix(10))"
    case .duplicate(let tokens): "expected each sequence once, found \(tokens.prefix(10)) again"
    }
  }
}

/// weight · ln p of an n-gram model, and a bonus for each token.
public struct NGramScorer: PrefixScorer {
  public let model: NGramModel
  /// What ln p is multiplied by.
  public var weight: Double
  /// What each token adds.
  public var bonus: Double

  public init(_ model: NGramModel, weight: Double, bonus: Double = 0) {
    self.model = model
    self.weight = weight
    self.bonus = bonus
  }

  private func weighted(_ logProbability: Double) -> Double { weight == 0 ? 0 : weight * logProbability }

  public func start() -> NGramModel.State { model.startState }
  public func score(_ symbol: Int32, after state: NGramModel.State) -> Double {
    weighted(model.logProbability(of: symbol, after: state)) + bonus
  }
  public func endScore(after state: NGramModel.State) -> Double {
    weighted(model.logProbability(of: NGramModel.Special.end, after: state))
  }
  public func advance(_ states: [NGramModel.State], by symbols: [Int32]) -> [NGramModel.State] {
    zip(states, symbols).map { model.advance($0, by: $1) }
  }

  /// What each of the tokens `0 ..< count` is worth by itself: for the look-ahead of a `LexiconScorer`.
  public func lookAhead(_ count: Int) -> [Double] {
    (0..<Int32(count)).map { score($0, after: model.emptyState) }
  }
}
