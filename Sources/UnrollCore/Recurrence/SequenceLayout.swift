/// How the steps of several sequences lie in memory without padding.
///
/// Sequences are sorted from long to short; step t holds the rows of those that are longer than t, the longest
/// first, and the steps follow each other: `[N, F]` with N the sum of the lengths. Sequences of equal length
/// lie as a padded `[T, B, F]` does.
public struct SequenceLayout: Sendable, Hashable {
  /// The length of each sequence, as given.
  public let lengths: [Int]
  /// Position in the sorted order → sequence as given.
  public let order: [Int]
  /// Rows of each step; never growing.
  public let counts: [Int]
  /// The first row of each step, and the number of all rows at the end.
  public let offsets: [Int]

  /// A layout for sequences of these lengths; zero is legal.
  public init(lengths: [Int]) {
    require(lengths.allSatisfy { $0 >= 0 }, "SequenceLayout: a length is negative: \(lengths.min() ?? 0)")
    self.lengths = lengths
    order = lengths.indices.sorted { lengths[$0] != lengths[$1] ? lengths[$0] > lengths[$1] : $0 < $1 }
    let longest = lengths.max() ?? 0
    var ending = Array(repeating: 0, count: longest + 1)
    for length in lengths { ending[length] += 1 }
    var running = lengths.count
    var counts: [Int] = []
    for step in 0..<longest {
      running -= ending[step]
      counts.append(running)
    }
    self.counts = counts
    offsets = counts.reduce(into: [0]) { $0.append($0.last! + $1) }
  }

  /// The number of sequences.
  public var batch: Int { lengths.count }
  /// The number of steps of the longest sequence.
  public var timeSteps: Int { counts.count }
  /// N, the number of rows of all steps.
  public var rows: Int { offsets.last ?? 0 }
  /// Whether all sequences are equally long, so that packed and padded memory are the same.
  public var isUniform: Bool { counts.allSatisfy { $0 == batch } }
  /// Whether the sequences were given from long to short.
  package var isSorted: Bool { order.indices.allSatisfy { order[$0] == $0 } }

  /// For each packed row, its row in a padded `[timeSteps · batch]`.
  package var paddedRows: [Int32] {
    named(
      .packed,
      counts.enumerated().flatMap { step, count in (0..<count).map { Int32(step * batch + order[$0]) } })
  }

  /// For each row of a padded `[steps · batch]`, its packed row, or −1 where there is padding.
  package func packedRows(steps: Int) -> [Int32] {
    var result = Array(repeating: Int32(-1), count: steps * batch)
    for (step, count) in counts.enumerated() {
      for row in 0..<count { result[step * batch + order[row]] = Int32(offsets[step] + row) }
    }
    return named(.padded, result)
  }

  /// For each packed row, itself.
  package var ownRows: [Int32] { named(.own, Array(0..<Int32(rows))) }

  /// For each packed row, the place of its sequence in the order of the layout, longest first.
  package var sequenceOfRow: [Int32] { named(.sequenceOfStep, counts.flatMap { 0..<Int32($0) }) }

  /// For each place of the sorted order, the sequence as given.
  package var sortedSequences: [Int32] { named(.sequences, order.map(Int32.init)) }
  /// For each sequence as given, its place in the sorted order.
  package var givenSequences: [Int32] { named(.sequences, places.map(Int32.init)) }

  /// For each sequence as given, its place in the sorted order.
  package var places: [Int] {
    var result = Array(repeating: 0, count: batch)
    for (place, sequence) in order.enumerated() { result[sequence] = place }
    return result
  }

  /// For each sequence in sorted order, the packed row of its last step, or −1 when it is empty.
  package var lastRows: [Int32] {
    order.indices.map { place in
      let length = lengths[order[place]]
      return length == 0 ? -1 : Int32(offsets[length - 1] + place)
    }
  }

  /// For each sequence as given, the packed row of its last step, or −1 when it is empty.
  package var lastRowsAsGiven: [Int32] {
    let last = lastRows
    return named(.last, places.map { last[$0] })
  }

  /// For each sequence as given, the packed row of its first step, or −1 when it is empty.
  package var firstRowsAsGiven: [Int32] {
    named(.first, places.enumerated().map { lengths[$0] > 0 ? Int32($1) : -1 })
  }

  /// The layout of what windows find along an axis of pictures, 1 of rows or 2 of columns.
  package func windowed(_ window: Window2D, axis: Int) -> SequenceLayout {
    if window.keepsExtent(axis: axis) { return self }
    let found = SequenceLayout(
      lengths: lengths.map { axis == 1 ? window.rows(of: $0) : window.columns(of: $0) })
    TraceRecorder.active?.finds(found, in: self, by: window, axis: axis)
    return found
  }

  /// Whether a network is being recorded that reads these lengths, or finds them in others that it reads.
  package var isTraced: Bool { TraceRecorder.active?.knows(self) == true }

  /// Elements of sequences of this layout's lengths, in the order of its rows.
  public func packing<Element>(_ sequences: [[Element]]) -> [Element] { packed(sequences) }

  func packed<Element>(_ sequences: [[Element]]) -> [Element] {
    var result: [Element] = []
    result.reserveCapacity(rows)
    for (step, count) in counts.enumerated() {
      for place in 0..<count { result.append(sequences[order[place]][step]) }
    }
    return result
  }

  /// The opposite: rows as sequences, in the order in which they were given.
  public func unpacking<Element>(_ rows: [Element]) -> [[Element]] {
    var result = lengths.map { length in
      var sequence: [Element] = []
      sequence.reserveCapacity(length)
      return sequence
    }
    for (step, count) in counts.enumerated() {
      for place in 0..<count { result[order[place]].append(rows[offsets[step] + place]) }
    }
    return result
  }
}
