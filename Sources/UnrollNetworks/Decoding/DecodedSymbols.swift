import UnrollCore

/// Symbols that a search over the outputs of a network found.
public struct DecodedSymbols: Sendable, Equatable {
  public let symbols: [Int32]
  /// ln of the sum of the probabilities of all of their paths that the search followed.
  public let logProbability: Double
  /// What results are compared by: ln p and what the scorer added, the end included.
  public let score: Double
  /// Whether the scorer lets them end here: a lexicon does not within a word.
  public let isComplete: Bool

  init(symbols: [Int32], logProbability: Double, added: Double, end: Double) {
    self.symbols = symbols
    self.logProbability = logProbability
    isComplete = end > -.infinity
    score = logProbability + added + (isComplete ? end : 0)
  }

  /// Those that may end first, then by score; of equals the first.
  static func ranked(_ found: [DecodedSymbols]) -> [DecodedSymbols] {
    let order = found.indices.sorted { a, b in
      if found[a].isComplete != found[b].isComplete { return found[a].isComplete }
      return found[a].score != found[b].score ? found[a].score > found[b].score : a < b
    }
    return order.map { found[$0] }
  }
}

/// ln(eᵃ + eᵇ).
@inline(__always) func sumOfLogarithms(_ a: Double, _ b: Double) -> Double {
  let (most, least) = a > b ? (a, b) : (b, a)
  return least == -.infinity ? most : most + naturalLogarithm(1 + exponential(least - most))
}

/// The places of the k largest values, largest first; of equals the first. A value that is not a number is the smallest.
func largest(_ k: Int, of values: [Double]) -> [Int] {
  func precedes(_ a: Int, _ b: Int) -> Bool {
    let (left, right) = (values[a].isNaN ? -.infinity : values[a], values[b].isNaN ? -.infinity : values[b])
    return left != right ? left > right : a < b
  }
  // A heap of those kept, the last of the order on top.
  var heap = Array(values.indices.prefix(k))
  func sink(_ start: Int) {
    var parent = start
    while 2 * parent + 1 < heap.count {
      var child = 2 * parent + 1
      if child + 1 < heap.count, precedes(heap[child], heap[child + 1]) { child += 1 }
      guard precedes(heap[parent], heap[child]) else { return }
      heap.swapAt(parent, child)
      parent = child
    }
  }
  guard !heap.isEmpty else { return [] }
  for parent in (0..<heap.count / 2).reversed() { sink(parent) }
  for index in values.indices.dropFirst(k) where precedes(index, heap[0]) {
    heap[0] = index
    sink(0)
  }
  return heap.sorted(by: precedes)
}
