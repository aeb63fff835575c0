import CAllocationCount
import Testing
import UnrollCore
import UnrollNetworks

/// A step of a stream asks for no memory: it may run where audio is made.
@Suite struct AllocationTests {
  @Test func allocationsAreCounted() {
    let before = allocations_of_thread()
    guard before >= 0 else { return print("allocations cannot be counted here: nothing is proved") }
    let kept = (0..<3).map { _ in UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64) }
    #expect(allocations_of_thread() - before >= 3)
    for block in kept { block.deallocate() }
  }

  @Test(arguments: KernelTarget.available, [(1, 1), (3, 2)])
  func aStepAllocatesNothing(_ target: KernelTarget, _ sizes: (layers: Int, batch: Int)) throws {
    func check<Cell: StandardCell>(_ type: Cell.Type) throws {
      var random = RandomSource(seed: 1)
      let network = RecurrentNetwork<Cell>(
        inputSize: 17, hiddenSize: 33, layers: sizes.layers, using: &random)
      let session = try StreamingSession(network, batch: sizes.batch)
      let row = (0..<17 * sizes.batch).map { Float($0) * 0.01 }
      var sum: Float = 0
      let count = row.withUnsafeBufferPointer { row in
        // The first step may still make what the language's runtime makes once.
        session.step(row) { sum += $0[0] }
        let before = allocations_of_thread()
        for _ in 0..<100 { session.step(row) { sum += $0[0] } }
        return allocations_of_thread() - before
      }
      #expect(count == 0, "\(type) allocated \(count) times in 100 steps")
      #expect(sum.isFinite)
    }
    try KernelTarget.$forced.withValue(target) {
      try check(ElmanCell.self)
      try check(ReLUElmanCell.self)
      try check(LSTMCell.self)
      try check(PeepholeLSTMCell.self)
      try check(GRUCell.self)
      try check(ResetBeforeGRUCell.self)
    }
  }
}
