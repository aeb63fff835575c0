import UnrollCore
import UnrollNetworks

/// Arrays of a probe: batch first, padded to the longest sequence.
extension NetworkProbe {
  /// Symbols of sequences of unequal lengths, 0 beyond them.
  mutating func readsSymbols(_ name: String, _ sequences: [[Int32]], steps: Int) {
    let padded = sequences.flatMap { sequence in
      sequence.map { Int($0) } + Array(repeating: 0, count: steps - sequence.count)
    }
    reads(name, padded, [sequences.count, steps])
  }

  /// Lists of numbers for each step of each sequence, −1 where a list is shorter, and beyond the sequences.
  mutating func readsLists(_ name: String, _ sequences: [[[Int32]]], steps: Int) {
    let width = max(1, sequences.joined().map(\.count).max() ?? 1)
    var all: [Int] = []
    for sequence in sequences {
      for step in 0..<steps {
        let list = step < sequence.count ? sequence[step] : []
        all += list.map { Int($0) } + Array(repeating: -1, count: width - list.count)
      }
    }
    reads(name, all, [sequences.count, steps, width])
  }

  mutating func readsLengths(_ name: String, _ lengths: [Int]) { reads(name, lengths, [lengths.count]) }

  /// Packed rows, as `[B, T, F]` with zeros beyond the sequences.
  mutating func gives(_ name: String, rows: Variable, _ layout: SequenceLayout, steps: Int) {
    let width = rows.shape.columns
    var result = Tensor.zeros([layout.batch, steps, width])
    let elements = rows.value.elements
    let places = layout.unpacking(Array(0..<layout.rows))
    for (sequence, rows) in places.enumerated() {
      for (step, row) in rows.enumerated() {
        for column in 0..<width {
          result[(sequence * steps + step) * width + column] = elements[row * width + column]
        }
      }
    }
    gives(name, result)
  }

  /// A state `[B, H]` as a layer of one direction has it.
  mutating func gives(_ name: String, state: Variable) {
    gives(name, state.value.reshaped(to: Shape([1] + state.shape.extents)))
  }
}

extension RandomSource {
  /// Symbols below a bound, for sequences of the given lengths.
  mutating func symbols(_ lengths: [Int], below count: Int) -> [[Int32]] {
    lengths.map { length in (0..<length).map { _ in Int32(below(max(1, count))) } }
  }
}
