/// The words that may be written, each spelled in symbols.
public struct Lexicon: Sendable {
  let trie: SymbolTrie
  /// The word of each node, −1 where none ends.
  let words: [Int32]
  /// The number of words, those that are spelled like an earlier one included.
  public let count: Int

  /// - Parameter spellings: the symbols of each word; its number is its index. Of words that are spelled alike, only
  ///   the first is found; a word of no symbols is not.
  public init(_ spellings: [[Int32]]) {
    var builder = SymbolTrie.Builder()
    let ends = spellings.map { $0.reduce(0) { builder.grow($0, $1) } }
    let (trie, places) = builder.frozen()
    var words = [Int32](repeating: -1, count: trie.count)
    for (word, end) in ends.enumerated() where end > 0 && words[places[end]] < 0 {
      words[places[end]] = Int32(word)
    }
    self.trie = trie
    self.words = words
    count = spellings.count
  }

  /// The word of a spelling.
  public func word(_ symbols: [Int32]) -> Int32? {
    var node = 0
    for symbol in symbols {
      guard let next = trie.child(of: node, symbol) else { return nil }
      node = next
    }
    return words[node] < 0 ? nil : words[node]
  }

  /// The best of a number over all words that begin with each node's symbols.
  func best(_ values: [Double]) -> [Double] {
    var result = words.map { $0 < 0 ? -Double.infinity : values[Int($0)] }
    for node in (1..<max(1, trie.count)).reversed() {
      let parent = Int(trie.parents[node])
      result[parent] = max(result[parent], result[node])
    }
    return result
  }
}

/// Lets a decoder of letters write words of a lexicon alone, between separators, and scores the words with a model of
/// words: an n-gram model, or `NoScorer`.
///
/// A word's score is added when it ends. Given what words are worth by themselves, each letter already adds the change of
/// the best that it can still become, which is taken back at the end (look-ahead): good words are not lost half-way.
///
/// Where unknown words are allowed, a letter that leaves the lexicon costs `unknownSymbol`, as does each after it, and
/// the word counts as word −1 in the model.
public struct LexiconScorer<Words: PrefixScorer>: PrefixScorer {
  public struct State: Sendable {
    /// Where the present word stands; −1 outside of the lexicon.
    var node: Int
    var words: Words.State
  }
  public typealias Failure = Words.Failure

  public let lexicon: Lexicon
  public let words: Words
  /// The symbol between words.
  public let separator: Int32
  /// What each word adds.
  public let wordBonus: Double
  /// What each symbol of an unknown word adds; `nil`: there are none.
  public let unknownSymbol: Double?
  /// What a word's score may still become, by node; zeros without look-ahead.
  private let ahead: [Double]

  /// - Parameters:
  ///   - words: scores words by their numbers in the lexicon.
  ///   - lookAhead: what each word is worth by itself, such as weight · ln p of a unigram model; empty: no look-ahead.
  public init(
    _ lexicon: Lexicon, words: Words, separator: Int32, wordBonus: Double = 0, unknownSymbol: Double? = nil,
    lookAhead: [Double] = []
  ) {
    self.lexicon = lexicon
    self.words = words
    self.separator = separator
    self.wordBonus = wordBonus
    self.unknownSymbol = unknownSymbol
    precondition(lookAhead.isEmpty || lookAhead.count == lexicon.count, "one number a word was expected")
    var ahead =
      lookAhead.isEmpty ? [Double](repeating: 0, count: lexicon.trie.count) : lexicon.best(lookAhead)
    // At the start of a word nothing is known yet.
    ahead[0] = 0
    self.ahead = ahead
  }

  public func start() throws(Failure) -> State { State(node: 0, words: try words.start()) }

  /// The word that ends at a state, −1 for an unknown one, `nil` where none does.
  private func word(_ state: State) -> Int32? {
    if state.node < 0 { return -1 }
    let word = lexicon.words[state.node]
    return word < 0 ? nil : word
  }

  /// What a word's end adds.
  private func closing(_ state: State) -> Double {
    guard let word = word(state) else { return -.infinity }
    let score = words.score(word, after: state.words)
    return score == -.infinity ? score : score + wordBonus - (state.node < 0 ? 0 : ahead[state.node])
  }

  public func score(_ symbol: Int32, after state: State) -> Double {
    if symbol == separator { return state.node == 0 ? -.infinity : closing(state) }
    if state.node < 0 { return unknownSymbol ?? -.infinity }
    if let child = lexicon.trie.child(of: state.node, symbol) { return ahead[child] - ahead[state.node] }
    return unknownSymbol.map { $0 - ahead[state.node] } ?? -.infinity
  }

  public func endScore(after state: State) throws(Failure) -> Double {
    if state.node == 0 { return try words.endScore(after: state.words) }
    let score = closing(state)
    guard score > -.infinity, let word = word(state) else { return -.infinity }
    let after = try words.advance([state.words], by: [word])
    return score + (try words.endScore(after: after[0]))
  }

  public func advance(_ states: [State], by symbols: [Int32]) throws(Failure) -> [State] {
    var result = states
    let ended = states.indices.filter { symbols[$0] == separator && states[$0].node != 0 }
    let after = try words.advance(
      ended.map { states[$0].words }, by: ended.map { word(states[$0]) ?? -1 })
    for (index, words) in zip(ended, after) { result[index] = State(node: 0, words: words) }
    for index in states.indices where symbols[index] != separator && states[index].node >= 0 {
      result[index].node = lexicon.trie.child(of: states[index].node, symbols[index]) ?? -1
    }
    return result
  }
}
