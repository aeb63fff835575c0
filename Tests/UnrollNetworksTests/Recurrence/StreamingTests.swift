import Testing
import UnrollCore
import UnrollNetworks

/// A session fed step by step gives the very bits of the network run over the whole sequence.
@Suite struct StreamingTests {
  private func check<Cell: StandardCell>(
    _: Cell.Type, inputs: Int, hidden: Int, layers: Int, batch: Int, tolerance: Float = 0
  ) throws {
    var random = RandomSource(seed: 5)
    let network = RecurrentNetwork<Cell>(
      inputSize: inputs, hiddenSize: hidden, layers: layers, using: &random)
    let steps = 9
    let x = Tensor.normal(shape: [steps, batch, inputs], using: &random)
    let (whole, final) = try network(SequenceBatch(x))
    let session = try StreamingSession(network, batch: batch)
    var streamed: [Float] = []
    for step in 0..<steps {
      let row = Array(x.elements[step * batch * inputs..<(step + 1) * batch * inputs])
      streamed += session.step(row)
    }
    let expected = whole.values.value.elements
    #expect(streamed.count == expected.count)
    for (index, pair) in zip(streamed, expected).enumerated() where abs(pair.0 - pair.1) > tolerance {
      Issue.record(
        "\(Cell.self) \(inputs)→\(hidden)×\(layers), batch \(batch): [\(index)] \(pair.0) for \(pair.1)")
      break
    }
    for (mine, theirs) in zip(session.state, final) {
      #expect(mine.parts.map { $0.value } == theirs.parts.map { $0.value })
    }
  }

  @Test(
    arguments: KernelTarget.available,
    [(1, 1, 1, 1), (3, 7, 2, 1), (16, 33, 1, 2), (5, 64, 3, 1), (64, 128, 1, 7)])
  func streamsTheSameBits(_ target: KernelTarget, _ sizes: (Int, Int, Int, Int)) throws {
    try KernelTarget.$forced.withValue(target) {
      let (inputs, hidden, layers, batch) = sizes
      try check(ElmanCell.self, inputs: inputs, hidden: hidden, layers: layers, batch: batch)
      try check(ReLUElmanCell.self, inputs: inputs, hidden: hidden, layers: layers, batch: batch)
      try check(LSTMCell.self, inputs: inputs, hidden: hidden, layers: layers, batch: batch)
      try check(PeepholeLSTMCell.self, inputs: inputs, hidden: hidden, layers: layers, batch: batch)
      try check(GRUCell.self, inputs: inputs, hidden: hidden, layers: layers, batch: batch)
      try check(ResetBeforeGRUCell.self, inputs: inputs, hidden: hidden, layers: layers, batch: batch)
    }
  }

  @Test func aCellWithoutAFusedFormStreamsItsDefinition() throws {
    try check(LayerNormLSTMCell.self, inputs: 3, hidden: 5, layers: 2, batch: 2)
  }

  @Test func aStateIsAValueThatGoesBack() throws {
    let network = LSTM(inputSize: 2, hiddenSize: 9, layers: 2, seed: 3)
    let session = try StreamingSession(network)
    _ = session.step([0.1, 0.2])
    let kept = session.state
    let first = session.step([0.3, -0.4])
    _ = session.step([5, 5])
    session.state = kept
    let again = session.step([0.3, -0.4])
    #expect(again == first)
    session.reset()
    let other = session.step([0.3, -0.4])
    #expect(other != first)
  }

  @Test func aStateOfAnotherSizeIsRefusedBeforeItIsCopied() async {
    await #expect(processExitsWith: .failure) {
      let session = try StreamingSession(LSTM(inputSize: 2, hiddenSize: 9, seed: 3))
      session.state = try StreamingSession(LSTM(inputSize: 2, hiddenSize: 40, seed: 3)).state
    }
  }

  @Test func aNetworkThatReadsBackwardsIsRefused() throws {
    let network = GRU(inputSize: 2, hiddenSize: 3, bidirectional: true)
    #expect(throws: ShapeError.self) { try StreamingSession(network) }
  }
}
