/// The prefixes that a search has followed, which share their beginnings. Node 0 is the empty one.
struct PrefixTree: Sendable {
  private var symbols: [Int32] = [-1]
  private var parents: [Int32] = [-1]
  private var children: [UInt64: Int32] = [:]

  var count: Int { symbols.count }

  func parent(_ node: Int32) -> Int32 { parents[Int(node)] }

  /// The node of a sequence grown by a symbol: the one that there is, so that a sequence has one node, however often it
  /// was lost and found.
  mutating func grow(_ node: Int32, _ symbol: Int32) -> Int32 {
    let key = UInt64(UInt32(bitPattern: node)) << 32 | UInt64(UInt32(bitPattern: symbol))
    if let found = children[key] { return found }
    symbols.append(symbol)
    parents.append(node)
    children[key] = Int32(count - 1)
    return Int32(count - 1)
  }

  /// The symbols from the root to a node.
  func sequence(_ node: Int32) -> [Int32] {
    var (result, node): ([Int32], Int) = ([], Int(node))
    while node > 0 {
      result.append(symbols[node])
      node = Int(parents[node])
    }
    return result.reversed()
  }

  /// The longest sequence that all of these begin with.
  func commonPrefix(of nodes: [Int32]) -> [Int32] {
    guard let first = nodes.first else { return [] }
    var shared = sequence(first)
    for node in nodes.dropFirst() where !shared.isEmpty {
      let other = sequence(node)
      shared = Array(zip(shared, other).prefix { $0 == $1 }.map(\.0))
    }
    return shared
  }

  /// Forgets all nodes that lead to none of these, and the first symbols, which all of these share.
  ///
  /// - Returns: the new places of these nodes.
  mutating func compact(keeping nodes: [Int32], dropping dropped: Int = 0) -> [Int32] {
    var next = PrefixTree()
    let places = nodes.map { node in
      sequence(node).dropFirst(dropped).reduce(Int32(0)) { next.grow($0, $1) }
    }
    self = next
    return places
  }
}
