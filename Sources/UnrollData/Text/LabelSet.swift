/// The different labels of a set of examples, in the order of their bytes, and how often each occurs.
package struct LabelSet: Sendable, Equatable {
  /// The labels; a label's id is its position.
  package let names: [String]
  /// How many examples have each label.
  package let counts: [Int]

  /// The labels that occur, each as often as it is listed.
  package init(_ labels: some Sequence<String>) {
    var counted: [String: Int] = [:]
    for label in labels { counted[label, default: 0] += 1 }
    names = counted.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    counts = names.map { counted[$0] ?? 0 }
  }

  /// A label's id, or nil.
  package func id(_ label: String) -> Int? {
    var (low, high) = (0, names.count)
    while low < high {
      let middle = (low + high) / 2
      if names[middle].utf8.lexicographicallyPrecedes(label.utf8) { low = middle + 1 } else { high = middle }
    }
    return low < names.count && names[low] == label ? low : nil
  }

  /// Labels of a single example, from which nothing can be learned and judged at once.
  package var singletons: [String] { names.indices.filter { counts[$0] == 1 }.map { names[$0] } }
}
