import Testing
import UnrollCore
import UnrollNetworks

/// Denormal numbers count as zero while the library computes, and the caller's thread never notices.
@Suite struct DenormalTests {
  @Test func theCallersArithmeticStays() throws {
    var random = RandomSource(seed: 2)
    let network = LSTM(inputSize: 8, hiddenSize: 64, using: &random)
    let x = Tensor.normal(shape: [40, 32, 8], using: &random)
    let tiny = Tensor([Float.leastNormalMagnitude])
    func isDenormalKept() -> Bool { tiny[0] * tiny[0].significand / 4 > 0 }
    #expect(isDenormalKept())
    _ = try network(SequenceBatch(x))
    #expect(isDenormalKept())
    _ = try valueWithGradient(of: network) { network throws(ShapeError) in
      try Loss.squaredError(network(SequenceBatch(x)).outputs.values, Tensor.zeros([40, 32, 64]))
    }
    #expect(isDenormalKept())
    _ = try StreamingSession(network).step([1, 2, 3, 4, 5, 6, 7, 8])
    #expect(isDenormalKept())
  }
}
