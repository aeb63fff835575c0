/// Where the steps of several sequences lie among the rows of a tensor `[rows, F]`.
package enum SequenceRows: Sendable, Hashable {
  /// Without padding.
  case packed(SequenceLayout)
  /// As `[timeSteps, B, F]` lies in memory, with padding beyond the lengths.
  case padded(timeSteps: Int, lengths: [Int])

  /// The length of each sequence, as given.
  package var lengths: [Int] {
    switch self {
    case .packed(let layout): layout.lengths
    case .padded(_, let lengths): lengths
    }
  }

  /// The number of rows, padding included.
  package var count: Int {
    switch self {
    case .packed(let layout): layout.rows
    case .padded(let timeSteps, let lengths): timeSteps * lengths.count
    }
  }

  /// For each sequence as given, the rows of its steps.
  package var bySequence: [[Int32]] {
    switch self {
    case .packed(let layout):
      let places = layout.places
      return layout.lengths.indices.map { sequence in
        (0..<layout.lengths[sequence]).map { Int32(layout.offsets[$0] + places[sequence]) }
      }
    case .padded(_, let lengths):
      return lengths.enumerated().map { sequence, length in
        (0..<length).map { Int32($0 * lengths.count + sequence) }
      }
    }
  }

  /// The rows that belong to no sequence.
  package var padding: [Int] {
    guard case .padded(let timeSteps, let lengths) = self else { return [] }
    return lengths.enumerated().flatMap { sequence, length in
      (length..<max(length, timeSteps)).map { $0 * lengths.count + sequence }
    }
  }
}
