import UnrollCore

/// A split of examples into a training and a validation part.
package struct DataSplit: Sendable, Equatable {
  /// The positions of the examples to learn from, in order.
  package let training: [Int]
  /// The positions of the examples of the validation part, in order.
  package let validation: [Int]

  /// Cuts at random, the same way for the same numbers.
  ///
  /// - Parameters:
  ///   - count: the number of examples.
  ///   - fraction: the share of the validation part, rounded to whole examples. At least one example is left to
  ///     learn from.
  ///   - labels: where given, one id for each example, and each label's share of the validation part is the
  ///     whole's, to less than one example. A label of a single example is only learned from.
  package init(count: Int, fraction: Double, seed: UInt64, labels: [Int]? = nil) {
    var random = RandomSource(seed: seed)
    let share = min(max(fraction.isFinite ? fraction : 0, 0), 1)
    var groups: [Int: [Int]] = [:]
    for index in 0..<max(0, count) {
      let label = labels.flatMap { $0.indices.contains(index) ? $0[index] : nil } ?? 0
      groups[label, default: []].append(index)
    }
    let ordered = groups.sorted { $0.key < $1.key }.map(\.value)
    let sizes = Self.sizes(ordered.map(\.count), share: share)
    var chosen: [Int] = []
    for (group, size) in zip(ordered, sizes) {
      chosen += group.shuffled(using: &random).prefix(size)
    }
    let isChosen = Set(chosen)
    validation = chosen.sorted()
    training = (0..<max(0, count)).filter { !isChosen.contains($0) }
  }

  /// How many of each group are taken: the whole parts of their shares, and one more of those with the largest
  /// remainders until the total is right. One of each group is left.
  private static func sizes(_ counts: [Int], share: Double) -> [Int] {
    let total = Int((Double(counts.reduce(0, +)) * share).rounded())
    var sizes = counts.map { min(max(0, $0 - 1), Int(Double($0) * share)) }
    let remainders = counts.map { Double($0) * share - Double(Int(Double($0) * share)) }
    var open = max(0, total - sizes.reduce(0, +))
    for index in counts.indices.sorted(by: { (remainders[$0], $1) > (remainders[$1], $0) }) where open > 0 {
      guard sizes[index] < counts[index] - 1, remainders[index] > 0 else { continue }
      sizes[index] += 1
      open -= 1
    }
    return sizes
  }

  /// Whether an example of a stream whose length is not known judges: decided by its number alone.
  package static func isValidation(_ index: Int, fraction: Double, seed: UInt64) -> Bool {
    var random = RandomSource(seed: seed &+ UInt64(bitPattern: Int64(index)) &* 0x9E37_79B9_7F4A_7C15)
    return Double(random.next() >> 11) * 0x1p-53 < fraction
  }
}
