extension BytePairTokenizer {
  /// Counts the words of texts that come one after the other, and learns merges from them.
  ///
  /// Memory grows with the number of different words, not with the length of the texts.
  public struct Trainer: Sendable {
    private var counts = TokenCounts()

    public init() {}

    /// Counts the words of a text.
    public mutating func add(_ text: String) {
      var text = text
      text.withUTF8 { bytes in
        ByteLevelSplitting.forEachPiece(in: bytes) { counts.add(UnsafeBufferPointer(rebasing: bytes[$0])) }
      }
    }

    /// Learns from what was counted.
    ///
    /// Again and again the pair of neighbours that occurs most often becomes a new token; of pairs that occur
    /// equally often, the one with the smaller ids.
    ///
    /// A vocabulary has at most 131072 tokens.
    ///
    /// - Parameters:
    ///   - merges: the number of merges, fewer where no pair is frequent enough.
    ///   - minimumCount: how often a pair or a whole word must occur.
    ///   - wordCount: how many of the most frequent words become tokens as a whole. A word includes the space
    ///     before it.
    public func finish(merges limit: Int, minimumCount: Int = 2, wordCount: Int = 0) -> BytePairTokenizer {
      var table = TokenTable(special: ByteAlphabet.ordered.map { [$0][...] }, maximumSize: .max)
      var learner = PairLearner(counts)
      let merges = learner.learn(
        min(limit, TokenTable.maximumCount / 2 - table.count), minimumCount: max(1, minimumCount), &table)
      var words = 0
      if wordCount > 0 {
        for word in counts.ranked(minimumCount: max(1, minimumCount))
        where words < wordCount && table.count < TokenTable.maximumCount / 2 {
          // A word of one byte is a token already.
          guard word.key.count > 1 else { continue }
          table.insert(word.key)
          words += 1
        }
      }
      return BytePairTokenizer(table, merges: merges, takesWholeWords: words > 0)
    }
  }
}

/// Learns merges: counts of all pairs are kept up to date, and a heap finds the most frequent one.
private struct PairLearner {
  /// The ids of all words, one after the other; a word shrinks in its place.
  private var symbols: [Int32] = []
  private var starts: [Int] = []
  private var lengths: [Int] = []
  private var wordCounts: [Int] = []

  private var pairs = PairTable(minimumCapacity: 1 << 14)
  private var keys: [(left: Int32, right: Int32)] = []
  private var pairCounts: [Int] = []
  /// The words that hold a pair, or held it once; none twice in a row.
  private var places: [[Int32]] = []
  private var gained: [Int] = []
  private var isGained: [Bool] = []

  init(_ counts: TokenCounts) {
    for word in counts.counts.indices {
      let bytes = counts.table[word]
      guard bytes.count > 1 else { continue }
      starts.append(symbols.count)
      lengths.append(bytes.count)
      wordCounts.append(counts.counts[word])
      for byte in bytes { symbols.append(BytePairTokenizer.byteIds[Int(byte)]) }
    }
    for word in starts.indices {
      for place in starts[word]..<(starts[word] + lengths[word] - 1) {
        change(symbols[place], symbols[place + 1], by: 1, in: word)
      }
    }
  }

  mutating func learn(_ limit: Int, minimumCount: Int, _ table: inout TokenTable) -> BytePairMerges {
    var merges = BytePairMerges()
    var heap = Heap(pairCounts.indices.map { candidate($0) })
    for index in gained { isGained[index] = false }
    gained.removeAll()
    while merges.pairs.count < limit, let best = heap.pop() {
      let pair = best.index
      if best.count != pairCounts[pair] {
        // The count went down since the pair was put here.
        if pairCounts[pair] > 0 { heap.push(candidate(pair)) }
        continue
      }
      guard best.count >= minimumCount else { break }
      let (left, right) = keys[pair]
      let result = table.insert(table[Int(left)] + table[Int(right)])
      _ = merges.append(left, right, into: result)
      let words = places[pair]
      places[pair] = []
      for word in words { merge(left, right, into: result, in: Int(word)) }
      pairCounts[pair] = 0
      for index in gained {
        isGained[index] = false
        if pairCounts[index] > 0 { heap.push(candidate(index)) }
      }
      gained.removeAll(keepingCapacity: true)
    }
    return merges
  }

  private mutating func merge(_ left: Int32, _ right: Int32, into result: Int32, in word: Int) {
    let start = starts[word]
    let end = start + lengths[word]
    var (from, to) = (start, start)
    while from < end {
      guard from + 1 < end, symbols[from] == left, symbols[from + 1] == right else {
        symbols[to] = symbols[from]
        (from, to) = (from + 1, to + 1)
        continue
      }
      if to > start {
        change(symbols[to - 1], left, by: -1, in: word)
        change(symbols[to - 1], result, by: 1, in: word)
      }
      if from + 2 < end {
        change(right, symbols[from + 2], by: -1, in: word)
        change(result, symbols[from + 2], by: 1, in: word)
      }
      symbols[to] = result
      (from, to) = (from + 2, to + 1)
    }
    lengths[word] = to - start
  }

  private mutating func change(_ left: Int32, _ right: Int32, by sign: Int, in word: Int) {
    let new = Int32(truncatingIfNeeded: keys.count)
    let index = Int(pairs.insert(left, right, new))
    if index == keys.count {
      keys.append((left, right))
      pairCounts.append(0)
      places.append([])
      isGained.append(false)
    }
    pairCounts[index] += sign * wordCounts[word]
    guard sign > 0 else { return }
    if places[index].last != Int32(truncatingIfNeeded: word) {
      places[index].append(Int32(truncatingIfNeeded: word))
    }
    if !isGained[index] {
      isGained[index] = true
      gained.append(index)
    }
  }

  private func candidate(_ index: Int) -> Candidate {
    Candidate(
      count: pairCounts[index], pair: PairTable.key(keys[index].left, keys[index].right), index: index)
  }

  /// Frequent pairs come first, then pairs with small ids.
  private struct Candidate: Comparable {
    let count: Int
    let pair: UInt64
    let index: Int
    static func < (a: Self, b: Self) -> Bool { a.count != b.count ? a.count > b.count : a.pair < b.pair }
  }
}
