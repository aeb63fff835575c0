import Testing
import UnrollCore
import UnrollNetworks

/// Recurrences go through their steps in chunks, whose memory may be kept or found again.
@Suite struct ChunkTests {
  private static let lengths: [[Int]] = [[], [0], [5], [3, 3, 3], [1, 7, 0, 4, 7, 2, 7], [9, 8, 1, 1, 1]]

  /// Sums over rows are cut where chunks are: a few roundings differ.
  private static let cuts = Tolerance(2e-5, because: "weight gradients are summed in other groups")

  @Test(arguments: CellKind.fused)
  func cutsChangeNoOutput(_ kind: CellKind) throws {
    func check<Cell: StandardCell>(_ type: Cell.Type, _ lengths: [Int], reversed: Bool) throws {
      let run = LayerRun(type, inputSize: 3, hiddenSize: 9, lengths: lengths, reversed: reversed)
      let whole = try run.outcome(definition: false)
      for rows in [1, 4, 9] {
        let cut = try StepChunk.$forcedRows.withValue(rows) { try run.outcome(definition: false) }
        let place = "\(lengths) in chunks of \(rows)\(reversed ? ", reversed" : "")"
        expectSameBits(cut.filter { !$0.name.hasPrefix("∂") }, whole.filter { !$0.name.hasPrefix("∂") }, place)
        expectClose(cut, whole, values: Self.cuts, gradients: Self.cuts, place)
      }
    }
    for lengths in Self.lengths {
      for reversed in [false, true] { try check(kind.type, lengths, reversed: reversed) }
    }
  }

  /// Whatever the memory, from none to enough for all chunks.
  @Test(arguments: KernelTarget.available, CellKind.fused)
  func recomputationGivesTheSameBits(_ target: KernelTarget, _ kind: CellKind) throws {
    func check<Cell: StandardCell>(_ type: Cell.Type, _ lengths: [Int], reversed: Bool) throws {
      let run = LayerRun(type, inputSize: 3, hiddenSize: 9, lengths: lengths, reversed: reversed)
      let kept = try run.outcome(definition: false)
      // About half of the rows of four gates and a cell state.
      let half = lengths.reduce(0, +) * 9 * 5 * 4 / 2
      for memory in [0, half] {
        expectSameBits(
          try run.outcome(definition: false, memory: memory), kept,
          "\(lengths) with \(memory) bytes\(reversed ? ", reversed" : "")")
      }
    }
    try KernelTarget.$forced.withValue(target) {
      try StepChunk.$forcedRows.withValue(6) {
        for lengths in Self.lengths {
          for reversed in [false, true] { try check(kind.type, lengths, reversed: reversed) }
        }
      }
    }
  }

  /// A network that keeps nothing gives the bits of one that is being trained.
  @Test(arguments: KernelTarget.available, CellKind.fused)
  func inferenceGivesTheSameBits(_ target: KernelTarget, _ kind: CellKind) throws {
    func check<Cell: StandardCell>(_ type: Cell.Type, _ lengths: [Int], inputs: Int, hidden: Int) throws {
      for reversed in [false, true] {
        let run = LayerRun(
          type, inputSize: inputs, hiddenSize: hidden, lengths: lengths, reversed: reversed)
        let trained = try run.outcome(definition: false).filter { !$0.name.hasPrefix("∂") && $0.name != "loss" }
        expectSameBits(try run.inference(), trained, "\(lengths), \(inputs)→\(hidden)")
      }
    }
    try KernelTarget.$forced.withValue(target) {
      for lengths in Self.lengths { try check(kind.type, lengths, inputs: 3, hidden: 9) }
      // Enough rows that steps multiply their input themselves.
      try check(kind.type, Array(repeating: 4, count: 37), inputs: 17, hidden: 33)
    }
  }
}
