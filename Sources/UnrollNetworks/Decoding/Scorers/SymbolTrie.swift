/// Sequences of symbols that share their beginnings. Node 0 is the empty sequence; nodes are numbered by depth, and
/// within one by their sequence.
struct SymbolTrie: Sendable, Equatable {
  /// The symbol that leads to a node; −1 at the root.
  let symbols: [Int32]
  /// The node before.
  let parents: [Int32]
  /// The children of node n are the nodes `firstChildren[n] ..< firstChildren[n + 1]`, in the order of their symbols.
  private let firstChildren: [Int32]
  /// Where the nodes of each depth begin, and the number of all at the end.
  let depths: [Int]

  var count: Int { symbols.count }
  /// The length of the longest sequence.
  var depth: Int { depths.count - 2 }

  func children(of node: Int) -> Range<Int> { Int(firstChildren[node])..<Int(firstChildren[node + 1]) }

  /// The node of a sequence grown by a symbol.
  func child(of node: Int, _ symbol: Int32) -> Int? {
    var (low, high) = (Int(firstChildren[node]), Int(firstChildren[node + 1]))
    while low < high {
      let middle = (low + high) / 2
      if symbols[middle] < symbol { low = middle + 1 } else { high = middle }
    }
    return low < Int(firstChildren[node + 1]) && symbols[low] == symbol ? low : nil
  }

  /// The symbols from the root to a node.
  func sequence(_ node: Int) -> [Int32] {
    var (result, node): ([Int32], Int) = ([], node)
    while node > 0 {
      result.append(symbols[node])
      node = Int(parents[node])
    }
    return result.reversed()
  }

  /// A trie that grows.
  struct Builder {
    private var symbols: [Int32] = [-1]
    private var parents: [Int32] = [-1]
    private var depths = [0]
    private var nodes: [UInt64: Int32] = [:]

    init() {}

    var count: Int { symbols.count }

    private static func key(_ parent: Int, _ symbol: Int32) -> UInt64 {
      UInt64(parent) << 32 | UInt64(UInt32(bitPattern: symbol))
    }

    func child(of node: Int, _ symbol: Int32) -> Int? { nodes[Self.key(node, symbol)].map(Int.init) }

    /// The node of a sequence grown by a symbol, made where there is none.
    mutating func grow(_ node: Int, _ symbol: Int32) -> Int {
      let key = Self.key(node, symbol)
      if let found = nodes[key] { return Int(found) }
      nodes[key] = Int32(count)
      symbols.append(symbol)
      parents.append(Int32(node))
      depths.append(depths[node] + 1)
      return count - 1
    }

    /// - Returns: the trie, and the node there of each node here.
    func frozen() -> (trie: SymbolTrie, places: [Int]) {
      // By depth; within one by the parent's place, then by symbol: depth after depth, since parents come first.
      var byDepth = Array(repeating: [Int](), count: (depths.max() ?? 0) + 1)
      for node in symbols.indices { byDepth[depths[node]].append(node) }
      var places = [Int](repeating: 0, count: count)
      var order: [Int] = []
      var starts: [Int] = []
      for nodes in byDepth {
        starts.append(order.count)
        let sorted = nodes.sorted { a, b in
          let (left, right) = (places[Int(max(0, parents[a]))], places[Int(max(0, parents[b]))])
          return left != right ? left < right : symbols[a] < symbols[b]
        }
        for node in sorted {
          places[node] = order.count
          order.append(node)
        }
      }
      starts.append(order.count)
      var firstChildren = [Int32](repeating: 0, count: count + 1)
      for node in order.dropFirst() { firstChildren[places[Int(parents[node])] + 1] += 1 }
      firstChildren[0] = 1
      for place in 0..<count { firstChildren[place + 1] += firstChildren[place] }
      return (
        SymbolTrie(
          symbols: order.map { symbols[$0] },
          parents: order.map { parents[$0] < 0 ? -1 : Int32(places[Int(parents[$0])]) },
          firstChildren: firstChildren, depths: starts),
        places
      )
    }
  }
}
