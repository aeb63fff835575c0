import UnrollCore
import UnrollNetworks

/// Sequences of ids as layers read them: the steps that exist, longest sequence first, without padding.
struct TokenBatch: Sendable {
  let layout: SequenceLayout
  /// The id of each packed row.
  let ids: [Int32]

  init(_ sequences: [[Int32]]) {
    layout = SequenceLayout(lengths: sequences.map(\.count))
    ids = layout.packing(sequences)
  }

  /// The vectors of a table.
  func embedded(by table: Embedding) throws(ShapeError) -> PackedSequence {
    PackedSequence(rows: try table(ids), layout: layout)
  }
}

extension SequenceLayout {
  /// Elements of sequences of this layout's lengths, in the order of its rows.
  func packing<Element>(_ sequences: [[Element]]) -> [Element] {
    var result: [Element] = []
    result.reserveCapacity(rows)
    for (step, count) in counts.enumerated() {
      for place in 0..<count { result.append(sequences[order[place]][step]) }
    }
    return result
  }

  /// The opposite: rows as sequences.
  func unpacking<Element>(_ rows: [Element]) -> [[Element]] {
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
