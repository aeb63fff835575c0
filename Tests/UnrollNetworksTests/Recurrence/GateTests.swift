import Testing
import UnrollCore
import UnrollNetworks

/// What a cell says of its gates is what its step does with them.
struct GateTests {
  private static let (inputs, units, batch) = (3, 5, 4)

  private func gates<Cell: StandardCell>(_: Cell.Type, _ random: inout RandomSource) throws -> (
    cell: Cell, x: Variable, gates: [String: [Float]]
  ) {
    let cell = Cell(inputSize: Self.inputs, hiddenSize: Self.units, using: &random)
    let x = Variable(.normal(shape: [Self.batch, Self.inputs], using: &random))
    let state = cell.initialState(batch: Self.batch)
    let parts = state.parts.map { Variable(.uniform(0.1...0.9, shape: $0.shape, using: &random)) }
    let found = try cell.gates(x, Cell.State(parts: parts))
    return (cell, x, Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0.values.value.elements) }))
  }

  /// c′ = f ⊙ c + i ⊙ g: two memories tell f; h = o ⊙ tanh(c′) tells o.
  private func checkLSTM<Cell: StandardCell>(_ type: Cell.Type) throws where Cell.State == LSTMState {
    var random = RandomSource(seed: 3)
    let cell = Cell(inputSize: Self.inputs, hiddenSize: Self.units, using: &random)
    let x = Variable(.normal(shape: [Self.batch, Self.inputs], using: &random))
    let h = Variable(.normal(shape: [Self.batch, Self.units], using: &random))
    let (low, high) = (0.5 as Float, 0.75 as Float)
    func state(_ value: Float) -> LSTMState {
      LSTMState(hidden: h, cell: Variable(Tensor(repeating: value, shape: [Self.batch, Self.units])))
    }
    let gates = try cell.gates(x, state(low))
    #expect(gates.map(\.name) == ["input", "forget", "output"])
    let (a, b) = (try cell.step(x, state(low)), try cell.step(x, state(high)))
    let slope = zip(b.state.cell.value.elements, a.state.cell.value.elements).map { ($0 - $1) / (high - low) }
    // A difference of numbers about 1 over 0.25, in single precision.
    #expect(zip(gates[1].values.value.elements, slope).allSatisfy { abs($0 - $1) < 3e-6 })
    let shown = a.state.cell.value.elements.map { tangent($0) }
    let opened = zip(a.output.value.elements, shown).map { $0 / $1 }
    for (gate, (found, memory)) in zip(gates[2].values.value.elements, zip(opened, shown))
    where abs(memory) > 0.05 {
      #expect(abs(gate - found) < 1e-5)
    }
  }

  private func tangent(_ x: Float) -> Float { Variable(Tensor(x)).tanh().value.scalar }

  @Test func gatesOfMemories() throws { try checkLSTM(LSTMCell.self) }

  /// h′ = (1 − z) ⊙ n + z ⊙ h: where R is zero, two states tell z.
  @Test func gatesOfGatedUnits() throws {
    func check<Cell: StandardCell>(_ type: Cell.Type) throws where Cell.State == HiddenState {
      var random = RandomSource(seed: 3)
      var cell = Cell(inputSize: Self.inputs, hiddenSize: Self.units, using: &random)
      cell.forEachParameter("") { name, parameter in
        if name == "weightRecurrent" { parameter.value = .zeros(parameter.value.shape) }
      }
      let x = Variable(.normal(shape: [Self.batch, Self.inputs], using: &random))
      func state(_ value: Float) -> HiddenState {
        HiddenState(hidden: Variable(Tensor(repeating: value, shape: [Self.batch, Self.units])))
      }
      let gates = try cell.gates(x, state(0.25))
      #expect(gates.map(\.name) == ["reset", "update"])
      let (a, b) = (try cell.step(x, state(0.25)).output, try cell.step(x, state(0.75)).output)
      let slope = zip(b.value.elements, a.value.elements).map { ($0 - $1) / 0.5 }
      #expect(zip(gates[1].values.value.elements, slope).allSatisfy { abs($0 - $1) < 3e-6 })
    }
    try check(GRUCell.self)
    try check(ResetBeforeGRUCell.self)
  }

  @Test func everyGateIsBetweenZeroAndOne() throws {
    var random = RandomSource(seed: 9)
    for found in [
      try gates(LSTMCell.self, &random).gates, try gates(PeepholeLSTMCell.self, &random).gates,
      try gates(LayerNormLSTMCell.self, &random).gates, try gates(GRUCell.self, &random).gates,
      try gates(ResetBeforeGRUCell.self, &random).gates,
    ] {
      #expect(found.count >= 2)
      for values in found.values {
        #expect(values.count == Self.batch * Self.units && values.allSatisfy { $0 > 0 && $0 < 1 })
      }
    }
    #expect(try gates(ElmanCell.self, &random).gates.isEmpty)
  }

  /// A probe sees the layers in their order, both directions, unequal lengths, and leaves the outputs' bits alone.
  @Test(arguments: [[5, 5, 5], [3, 5, 0, 1], [0, 0], [7]]) func aProbeSees(_ lengths: [Int]) throws {
    var random = RandomSource(seed: 2)
    let network = GRU(inputSize: 2, hiddenSize: 3, layers: 2, bidirectional: true, using: &random)
    let values = Tensor.normal(shape: [max(1, lengths.max() ?? 0), lengths.count, 2], using: &random)
    let x = try SequenceBatch(values, lengths: lengths)
    let plain = try network(x).outputs.values.value
    let probe = GateProbe()
    let seen = try GateProbe.$current.withValue(probe) { try network(x).outputs.values.value }
    #expect(seen == plain)
    let rows = lengths.reduce(0, +)
    #expect(probe.layers.count == (rows > 0 ? 4 : 0))
    for layer in probe.layers {
      #expect(layer.gates.map(\.name) == ["reset", "update"])
      #expect(layer.gates.allSatisfy { $0.values.count == 3 * rows })
    }
    // The gates of the first step of a sequence of one step, without the network.
    guard lengths == [7], let first = probe.layers.first else { return }
    let cell = network.layers[0].forward.cell
    let step = Variable(Tensor(Array(values.elements[0..<2]), shape: [1, 2]))
    let gates = try cell.gates(step, cell.initialState(batch: 1))
    #expect(Array(first.gates[1].values[0..<3]) == gates[1].values.value.elements)
  }

  @Test func aProbeLooksAtAFew() throws {
    var random = RandomSource(seed: 2)
    let network = LSTM(inputSize: 2, hiddenSize: 3, using: &random)
    let x = try SequenceBatch(Tensor.normal(shape: [9, 7, 2], using: &random))
    let probe = GateProbe(sequences: 2, steps: 4)
    _ = try GateProbe.$current.withValue(probe) { try network(x) }
    #expect(probe.layers.map { $0.gates.map(\.values.count) } == [[24, 24, 24]])
  }
}
