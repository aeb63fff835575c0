/// The different labels of a set of examples, in the order of their bytes, and how often each occurs.
package struct LabelSet: Sendable, Equatable {
  /// The labels; a label's id is its position.
  package let names: [String]
  /// How many examples have each label.
  package let counts: [Int]

  /// Labels that are likely meant to be one: alike but for case, white space, or the form of a number.
  package var alike: [[String]] {
    var groups: [String: [String]] = [:]
    for name in names {
      let plain = name.split { $0.isWhitespace }.joined(separator: " ").lowercased()
      groups[Double(plain).map { "\($0)" } ?? plain, default: []].append(name)
    }
    return groups.values.filter { $0.count > 1 }.sorted { $0[0] < $1[0] }
  }

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

  /// Groups of labels that are alike but for the case of letters, white space, the form of a number (`1`, `1.0`) or
  /// canonically equivalent characters: likely one label that was written in several ways.
  package var lookalikes: [[String]] {
    var groups: [String: [String]] = [:]
    for name in names { groups[Self.plain(name), default: []].append(name) }
    return groups.values.filter { $0.count > 1 }.sorted { $0[0].utf8.lexicographicallyPrecedes($1[0].utf8) }
  }

  private static func plain(_ label: String) -> String {
    let bytes = Array(label.utf8)
    if let number = DecimalText.value(bytes, bytes.indices) { return DecimalText.text(number) }
    return String(label.lowercased().filter { !$0.isWhitespace && $0 != "_" && $0 != "-" })
  }

  /// What should be told of the labels.
  package var notes: [DataNote] {
    lookalikes.prefix(10).map { group in
      let list = group.map { "\(quoted($0)) (\(counts[id($0) ?? 0]))" }.joined(separator: ", ")
      return DataNote(.labels, "labels: \(list) are alike and taken for different ones")
    }
  }

  /// Labels of a single example, from which nothing can be learned and judged at once.
  package var singletons: [String] { names.indices.filter { counts[$0] == 1 }.map { names[$0] } }
}
