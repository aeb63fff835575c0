import UnrollCore

extension NGramModel {
  /// How the probability of what was never seen is taken from what was.
  public enum Smoothing: String, Sendable, Codable, CaseIterable {
    /// Interpolated modified Kneser–Ney (Chen and Goodman 1998, "An Empirical Study of Smoothing Techniques for Language
    /// Modeling", section 3): discounts from the counts of counts, and shorter sequences counted by what they follow.
    case kneserNey = "kneser-ney"
    /// Witten–Bell (1991, method C), interpolated: for small or odd texts, whose counts of counts say little.
    case wittenBell = "witten-bell"
  }

  /// What is taken from the counts 1, 2, and 3 or more of the sequences of a length.
  public struct Discounts: Sendable, Equatable {
    public let one: Double
    public let two: Double
    public let more: Double
    /// Whether the counts of counts gave none, and 0.5, 1 and 1.5 took their place.
    public let isFallback: Bool

    func callAsFunction(_ count: Int) -> Double {
      count == 0 ? 0 : count == 1 ? one : count == 2 ? two : more
    }
  }

  /// Learns a model from sentences.
  ///
  ///     p(w | h) = max(0, c(h w) − D(c(h w))) / c(h ·) + γ(h)·p(w | h′)      γ(h) = Σ_w D(c(h w)) / c(h ·)
  ///
  /// with D = 0 … for Witten–Bell p(w | h) = (c(h w) + n(h)·p(w | h′)) / (c(h ·) + n(h)), n(h) being the number of
  /// different tokens after h. Below the longest sequences, Kneser–Ney counts the different tokens before a sequence
  /// in place of its occurrences, but where a sentence begins. The shortest are mixed with 1/V for each token of the
  /// vocabulary, the end and the unknown. Probabilities after any h sum to 1 over these.
  ///
  /// - Parameters:
  ///   - sentences: tokens, without start and end; those outside of the vocabulary count as unknown.
  ///   - order: N, 1 or more.
  /// - Returns: the model, and for Kneser–Ney the discounts of each length: a fall-back there means that the text is too
  ///   small or too regular for them.
  /// - Throws: `NGramError.empty` without sentences.
  public static func learn(
    sentences: some Sequence<[Int32]>, vocabularySize: Int, order: Int, smoothing: Smoothing = .kneserNey
  ) throws(NGramError) -> (model: NGramModel, discounts: [Discounts]) {
    let order = max(1, order)
    var builder = SymbolTrie.Builder()
    var counts = [0]
    // The start stands for itself, so that it can be backed off from and written down.
    let begin = builder.grow(0, Special.start)
    counts.append(0)
    var isEmpty = true
    for sentence in sentences {
      isEmpty = false
      // The sequences that end here, the longest first; of these the next token may follow all but one of N tokens.
      var nodes = order > 1 ? [begin] : []
      for token in sentence + [Special.end] {
        let known = token >= 0 && token < Int32(clamping: vocabularySize) || token == Special.end
        nodes = (nodes.suffix(order - 1) + [0]).map { builder.grow($0, known ? token : Special.unknown) }
        while counts.count < builder.count { counts.append(0) }
        for node in nodes { counts[node] += 1 }
      }
    }
    guard !isEmpty else { throw .empty }
    let (trie, places) = builder.frozen()
    var placed = counts
    for (node, place) in places.enumerated() { placed[place] = counts[node] }
    return NGramEstimate(
      trie: trie, counts: placed, vocabularySize: vocabularySize, smoothing: smoothing
    ).model()
  }
}

/// From counts to probabilities.
private struct NGramEstimate {
  let trie: SymbolTrie
  var counts: [Int]
  let vocabularySize: Int
  let smoothing: NGramModel.Smoothing
  let links: [Int32]

  init(trie: SymbolTrie, counts: [Int], vocabularySize: Int, smoothing: NGramModel.Smoothing) {
    self.trie = trie
    self.vocabularySize = vocabularySize
    self.smoothing = smoothing
    links = NGramModel.links(trie)
    self.counts = counts
    if smoothing == .kneserNey { countContinuations() }
  }

  /// Nodes of sequences of a length.
  private func nodes(_ length: Int) -> Range<Int> { trie.depths[length]..<trie.depths[length + 1] }

  /// A sequence that begins a sentence is preceded by nothing: it keeps its occurrences.
  private mutating func countContinuations() {
    let order = trie.depth
    guard order > 1 else { return }
    var continuations = [Int](repeating: 0, count: counts.count)
    for length in 2...order { for node in nodes(length) { continuations[Int(links[node])] += 1 } }
    var begins = [Bool](repeating: false, count: counts.count)
    for length in 1..<order {
      for node in nodes(length) {
        begins[node] =
          length == 1 ? trie.symbols[node] == NGramModel.Special.start : begins[Int(trie.parents[node])]
        if !begins[node] { counts[node] = continuations[node] }
      }
    }
  }

  private func isStart(_ node: Int) -> Bool {
    trie.parents[node] == 0 && trie.symbols[node] == NGramModel.Special.start
  }

  /// Chen and Goodman 1998, equation 26: Y = n₁/(n₁ + 2n₂), D_k = k − (k + 1)·Y·n_{k+1}/n_k.
  private func discounts(_ length: Int) -> NGramModel.Discounts {
    var n = [Double](repeating: 0, count: 5)
    for node in nodes(length) where counts[node] > 0 && counts[node] < 5 && !isStart(node) {
      n[counts[node]] += 1
    }
    let fallback = NGramModel.Discounts(one: 0.5, two: 1, more: 1.5, isFallback: true)
    guard n[1...].allSatisfy({ $0 > 0 }) else { return fallback }
    let y = n[1] / (n[1] + 2 * n[2])
    let d = (1...3).map { k in Double(k) - Double(k + 1) * y * n[k + 1] / n[k] }
    guard d.enumerated().allSatisfy({ $1 > 0 && $1 <= Double($0 + 1) }) else { return fallback }
    return NGramModel.Discounts(one: d[0], two: d[1], more: d[2], isFallback: false)
  }

  func model() -> (model: NGramModel, discounts: [NGramModel.Discounts]) {
    let discounts = smoothing == .kneserNey ? (1...trie.depth).map(discounts) : []
    var probabilities = [Double](repeating: 0, count: trie.count)
    var backOffs = [Double](repeating: 1, count: trie.count)
    // Every token of the vocabulary, the end, and the unknown.
    let uniform = 1 / Double(vocabularySize + 2)
    for length in 0..<trie.depth {
      for context in nodes(length) {
        let children = trie.children(of: context).filter { !isStart($0) }
        let total = children.reduce(0) { $0 + counts[$1] }
        guard total > 0 else { continue }
        // What is taken from each count, and what is left of the whole for the shorter sequences.
        func taken(_ count: Int) -> Double { smoothing == .kneserNey ? discounts[length](count) : 0 }
        let kinds = Double(children.count)
        let whole = smoothing == .kneserNey ? Double(total) : Double(total) + kinds
        let rest =
          smoothing == .kneserNey ? children.reduce(0) { $0 + taken(counts[$1]) } / whole : kinds / whole
        backOffs[context] = rest
        for child in children {
          let shorter = length == 0 ? uniform : probabilities[Int(links[child])]
          probabilities[child] = (Double(counts[child]) - taken(counts[child])) / whole + rest * shorter
        }
      }
    }
    return (assembled(probabilities, backOffs, unseen: backOffs[0] * uniform), discounts)
  }

  /// With the unknown, and with the tokens that were never seen.
  private func assembled(_ probabilities: [Double], _ backOffs: [Double], unseen: Double) -> NGramModel {
    var builder = SymbolTrie.Builder()
    let nodes = (0..<trie.count).reduce(into: [Int]()) { nodes, node in
      nodes.append(node == 0 ? 0 : builder.grow(nodes[Int(trie.parents[node])], trie.symbols[node]))
    }
    let tokens = [NGramModel.Special.unknown, NGramModel.Special.end] + (0..<Int32(clamping: vocabularySize))
    let more = tokens.filter { trie.child(of: 0, $0) == nil }.map { builder.grow(0, $0) }
    let (frozen, places) = builder.frozen()
    var logProbabilities = [Double](repeating: naturalLogarithm(unseen), count: frozen.count)
    var logBackOffs = [Double](repeating: 0, count: frozen.count)
    for node in 1..<max(1, trie.count) {
      let place = places[nodes[node]]
      logProbabilities[place] = isStart(node) ? -.infinity : naturalLogarithm(probabilities[node])
      logBackOffs[place] = naturalLogarithm(backOffs[node])
    }
    logProbabilities[0] = .nan
    precondition(more.count + trie.count == frozen.count)
    return NGramModel(
      vocabularySize: vocabularySize, trie: frozen, logProbabilities: logProbabilities, backOffs: logBackOffs)
  }
}
