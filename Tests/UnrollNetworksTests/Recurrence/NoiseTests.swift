import Testing
import UnrollCore
import UnrollNetworks

@Suite struct NoiseTests {
  private static func network<Cell: StandardCell>(
    _ type: Cell.Type, dropout: Float = 0, noise: RecurrentNoise = .none
  ) -> RecurrentNetwork<Cell> {
    RecurrentNetwork<Cell>(inputSize: 4, hiddenSize: 8, layers: 2, dropout: dropout, noise: noise, seed: 1)
  }

  private static let x: Tensor = {
    var random = RandomSource(seed: 2)
    return .normal(shape: [5, 3, 4], using: &random)
  }()

  private static func outputs<Cell: StandardCell>(
    _ network: RecurrentNetwork<Cell>, seed: UInt64?
  ) throws -> Tensor {
    var random = seed.map { RandomSource(seed: $0) }
    return try network(SequenceBatch(x), random: &random).outputs.values.value
  }

  /// Without randomness, dropout does nothing; with it, each seed has its own numbers, always the same.
  @Test(arguments: [
    RecurrentNoise.none, RecurrentNoise(inputDropout: 0.4), RecurrentNoise(recurrentDropout: 0.4),
  ])
  func dropoutActsOnlyWithRandomness(_ noise: RecurrentNoise) throws {
    let dropout: Float = noise == .none ? 0.4 : 0
    let quiet = try Self.outputs(Self.network(LSTMCell.self), seed: nil)
    let noisy = Self.network(LSTMCell.self, dropout: dropout, noise: noise)
    expectClose(
      try Self.outputs(noisy, seed: nil), quiet, Tolerance(1e-6, because: "stepwise or fused"), "not training"
    )
    let first = try Self.outputs(noisy, seed: 1)
    #expect(first != quiet)
    #expect(try first == Self.outputs(noisy, seed: 1))
    #expect(try first != Self.outputs(noisy, seed: 2))
  }

  /// Without randomness, zoneout is its own mean: h + (1 − p)(h′ − h).
  @Test func zoneoutIsItsMeanWhenNotTraining() throws {
    var random = RandomSource(seed: 3)
    let cell = GRUCell(inputSize: 4, hiddenSize: 6, using: &random)
    let x = Tensor(Array(Self.x.elements[..<12]), shape: [1, 3, 4])
    func run(_ rate: Float, seed: UInt64?) throws -> Tensor {
      var random = seed.map { RandomSource(seed: $0) }
      let layer = Recurrent(cell, noise: RecurrentNoise(zoneoutHidden: rate))
      let start = HiddenState(hidden: Variable(Tensor(repeating: 0.5, shape: [3, 6])))
      return try RecurrentNetwork(layers: [RecurrentLayer(layer)])(
        SequenceBatch(x), initialState: [start], random: &random
      ).outputs.values.value
    }
    let plain = try run(0, seed: nil).elements
    let mean = try run(0.25, seed: nil).elements
    for (index, value) in mean.enumerated() {
      #expect(abs(value - (0.5 + 0.75 * (plain[index] - 0.5))) < 1e-6)
    }
    // Training: each unit is new or old.
    let drawn = try run(0.25, seed: 5).elements
    #expect(drawn.indices.allSatisfy { abs(drawn[$0] - plain[$0]) < 1e-6 || drawn[$0] == 0.5 })
    #expect(drawn.contains(0.5) && drawn.contains { $0 != 0.5 })
  }

  /// Variational dropout holds one mask for all steps of a sequence.
  @Test func inputMasksLastAllSteps() throws {
    var random = RandomSource(seed: 6)
    var cell = ElmanCell(inputSize: 4, hiddenSize: 4, using: &random)
    // h = tanh x: the identity of inputs and outputs, step by step.
    cell.weightInput.value = Tensor((0..<16).map { $0 % 5 == 0 ? 1 : 0 }, shape: [4, 4])
    cell.weightRecurrent.value = .zeros([4, 4])
    let layer = Recurrent(cell, noise: RecurrentNoise(inputDropout: 0.5))
    let network = RecurrentNetwork(layers: [RecurrentLayer(layer)])
    var noise: RandomSource? = RandomSource(seed: 7)
    let y = try network(SequenceBatch(Self.x), random: &noise).outputs.values.value.elements
    for unit in 0..<12 {
      let dropped = (0..<5).map { y[$0 * 12 + unit] == 0 }
      #expect(Set(dropped).count == 1, "unit \(unit)")
    }
    #expect(y.contains(0) && y.contains { $0 != 0 })
  }
}

/// A cell of a user's own, which knows only its step: h = h₋ + tanh(W x − h₋).
struct LeakyCell: StandardCell {
  let inputSize: Int
  let hiddenSize: Int
  var weight: Parameter

  init(inputSize: Int, hiddenSize: Int, using random: inout RandomSource) {
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    weight = Parameter(Initializer.glorot(outputs: hiddenSize, inputs: inputSize, using: &random))
  }

  func step(_ x: Variable, _ state: HiddenState) throws(ShapeError) -> (output: Variable, state: HiddenState)
  {
    let h = state.hidden + (try x.linear(weight.variable) - state.hidden).tanh()
    return (h, HiddenState(hidden: h))
  }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows { try body(parameterName(path, "weight"), &weight) }
}

@Suite struct OwnStepTests {
  /// It runs stacked, in both directions and ragged, has the right gradients, and learns.
  @Test func aStepIsEnough() throws {
    var random = RandomSource(seed: 1)
    var network = RecurrentNetwork<LeakyCell>(
      inputSize: 3, hiddenSize: 4, layers: 2, bidirectional: true, merge: .sum, using: &random)
    let x = Tensor.normal(shape: [5, 4, 3], using: &random)
    let target = Tensor.normal(deviation: 0.3, shape: [5, 4, 4], using: &random)
    func loss(_ network: RecurrentNetwork<LeakyCell>) throws(ShapeError) -> Variable {
      let precision = network.layers[0].forward.cell.weight.value.precision
      let batch = try SequenceBatch(Variable(x.converted(to: precision)), lengths: [5, 0, 2, 4])
      let outputs = try network(batch).outputs
      return try Loss.squaredError(outputs.values, target, weights: outputs.mask)
    }
    let double = network.converted(to: .double)
    let gradients = try valueWithGradient(of: double) { n throws(ShapeError) in try loss(n) }.gradients
    for (index, name) in gradients.names.enumerated() {
      let difference = try centralDifference(step: 1e-4) { step in
        var moved = double
        moved.forEachParameter("") { own, parameter in
          guard own == name else { return }
          parameter.value = Tensor(
            doubles: parameter.value.doubles.map { $0 + step }, shape: parameter.value.shape)
        }
        return try loss(moved).value.doubles[0]
      }
      let found = gradients.tensors[index].doubles.reduce(0, +)
      #expect(abs(found - difference) <= 1e-6 * abs(difference) + 1e-10, "\(name)")
    }
    let first = try loss(network).value.scalar
    for _ in 0..<50 {
      let gradients = try valueWithGradient(of: network) { n throws(ShapeError) in try loss(n) }.gradients
      var index = 0
      network.forEachParameter("") { _, parameter in
        parameter.update { Kernels.addScaled(-0.2, gradients.tensors[index], to: &$0) }
        index += 1
      }
    }
    #expect(try loss(network).value.scalar < 0.5 * first)
  }
}
