/// The merges of byte-pair encoding, in the order of their learning, and how they are applied to a piece of text.
struct BytePairMerges: Sendable {
  /// The pairs of ids, most important first.
  private(set) var pairs: [(left: Int32, right: Int32)] = []
  /// The ids that the pairs become.
  private(set) var results: [Int32] = []
  private var ranks = PairTable()

  /// Adds a merge behind all others; false when the pair has one already.
  mutating func append(_ left: Int32, _ right: Int32, into result: Int32) -> Bool {
    let rank = Int32(truncatingIfNeeded: pairs.count)
    guard ranks.insert(left, right, rank) == rank else { return false }
    pairs.append((left, right))
    results.append(result)
    return true
  }

  /// Merges neighbours until none of them are a pair: always the pair learned first, from left to right.
  func apply(to ids: inout [Int32]) {
    // A search through all neighbours at each merge is quickest for words and quadratic for long pieces.
    if ids.count <= 48 { applyBySearch(&ids) } else { applyByHeap(&ids) }
  }

  private func applyBySearch(_ ids: inout [Int32]) {
    let none = Int32.max
    var ranked = [Int32](repeating: none, count: ids.count)
    for index in ids.indices.dropLast() { ranked[index] = ranks[ids[index], ids[index + 1]] ?? none }
    while true {
      var (best, place) = (none, 0)
      for index in ranked.indices where ranked[index] < best { (best, place) = (ranked[index], index) }
      guard best != none else { return }
      ids[place] = results[Int(best)]
      ids.remove(at: place + 1)
      ranked.remove(at: place + 1)
      ranked[place] = place + 1 < ids.count ? ranks[ids[place], ids[place + 1]] ?? none : none
      if place > 0 { ranked[place - 1] = ranks[ids[place - 1], ids[place]] ?? none }
    }
  }

  private func applyByHeap(_ ids: inout [Int32]) {
    let count = ids.count
    // A linked list: the places that were merged away have the id −1.
    var next = Array(1...count)
    var previous = Array(-1..<(count - 1))
    var heap = Heap<Candidate>()
    func consider(_ place: Int) {
      guard place >= 0, next[place] < count else { return }
      guard let rank = ranks[ids[place], ids[next[place]]] else { return }
      heap.push(Candidate(rank: rank, place: place))
    }
    for place in 0..<(count - 1) { consider(place) }
    while let candidate = heap.pop() {
      let place = candidate.place
      let pair = pairs[Int(candidate.rank)]
      guard ids[place] == pair.left, next[place] < count, ids[next[place]] == pair.right else { continue }
      let gone = next[place]
      ids[place] = results[Int(candidate.rank)]
      ids[gone] = -1
      next[place] = next[gone]
      if next[place] < count { previous[next[place]] = place }
      consider(previous[place])
      consider(place)
    }
    ids.removeAll { $0 < 0 }
  }

  private struct Candidate: Comparable {
    let rank: Int32
    let place: Int
    static func < (a: Self, b: Self) -> Bool { a.rank != b.rank ? a.rank < b.rank : a.place < b.place }
  }
}

/// A binary heap: the smallest element comes first.
struct Heap<Element: Comparable> {
  private var elements: [Element] = []

  init(_ elements: [Element] = []) {
    self.elements = elements
    for index in (0..<(elements.count / 2)).reversed() { sink(index) }
  }

  mutating func push(_ element: Element) {
    elements.append(element)
    var index = elements.count - 1
    while index > 0, elements[index] < elements[(index - 1) / 2] {
      elements.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  mutating func pop() -> Element? {
    guard let last = elements.popLast() else { return nil }
    guard let first = elements.first else { return last }
    elements[0] = last
    sink(0)
    return first
  }

  private mutating func sink(_ start: Int) {
    var index = start
    while true {
      var child = 2 * index + 1
      guard child < elements.count else { return }
      if child + 1 < elements.count, elements[child + 1] < elements[child] { child += 1 }
      guard elements[child] < elements[index] else { return }
      elements.swapAt(child, index)
      index = child
    }
  }
}
