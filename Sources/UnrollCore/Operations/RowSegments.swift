/// Runs of rows of a matrix: for each reader, where the rows of its sequence begin and how many there are.
package struct RowSegments: Sendable, Hashable {
  package let starts: [Int]
  package let lengths: [Int]
  /// The number of steps of the longest sequence, also of those that no reader reads.
  package let width: Int
  /// Whether no two readers read one sequence, so that they may add to its gradient at the same time.
  let areDisjoint: Bool
  /// The lengths of all sequences, read or not.
  package let origin: [Int]

  /// Sequences that lie one after the other, each read by one reader.
  package init(lengths: [Int]) {
    starts = lengths.reduce(into: [0]) { $0.append($0.last! + $1) }.dropLast()
    self.lengths = lengths
    width = lengths.max() ?? 0
    areDisjoint = true
    origin = lengths
  }

  /// Some of the readers of others.
  private init(_ all: RowSegments, starts: [Int], lengths: [Int], areDisjoint: Bool) {
    self.starts = starts
    self.lengths = lengths
    self.areDisjoint = areDisjoint
    width = all.width
    origin = all.origin
  }

  package var count: Int { starts.count }

  /// The same for other readers: reader r reads what reader `readers[r]` read.
  package func selecting(_ readers: [Int]) -> RowSegments {
    RowSegments(
      self, starts: readers.map { starts[$0] }, lengths: readers.map { lengths[$0] },
      areDisjoint: areDisjoint && Set(readers).count == readers.count)
  }

  /// The first readers alone.
  package func prefix(_ count: Int) -> RowSegments {
    count == starts.count
      ? self
      : RowSegments(
        self, starts: Array(starts[..<count]), lengths: Array(lengths[..<count]), areDisjoint: areDisjoint)
  }

  /// Shares readers among threads by the number of rows they read; one thread where they meet in memory.
  func split(columns: Int, alone: Bool = false, _ body: (Int) -> Void) {
    let rows = lengths.reduce(0, +)
    let perReader = max(1, rows / max(1, count)) * max(1, columns)
    let grain = alone ? max(1, count) : max(1, Kernels.grain / perReader)
    WorkerPool.shared.split(count, grain: grain) { range in
      for reader in range { body(reader) }
    }
  }
}

extension SequenceLayout {
  /// For rows that lie sequence by sequence, in the order as given: their packed rows.
  package var sequenceMajorRows: [Int32] {
    let places = places
    return named(
      .sequenceMajor,
      lengths.indices.flatMap { sequence in
        (0..<lengths[sequence]).map { Int32(offsets[$0] + places[sequence]) }
      })
  }
}
