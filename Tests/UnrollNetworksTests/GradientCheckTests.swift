import Testing
import UnrollCore
import UnrollNetworks

/// The public gradient checker on networks as a program outside would write them: inputs, constants and targets in
/// single precision, parameters in double.
@Suite struct GradientCheckTests {
  private struct Reader<Cell: StandardCell>: Module {
    var table: Embedding
    var core: RecurrentNetwork<Cell>
    var norm: LayerNorm
    var head: Linear
    /// A constant that is no parameter.
    let offset = Tensor([0.25, -0.5, 1])

    init(bidirectional: Bool, using random: inout RandomSource) {
      table = Embedding(count: 9, size: 3, using: &random)
      core = RecurrentNetwork(
        inputSize: 3, hiddenSize: 5, layers: 2, bidirectional: bidirectional, using: &random)
      norm = LayerNorm(size: core.outputSize)
      head = Linear(inputSize: core.outputSize, outputSize: 3, using: &random)
    }

    func callAsFunction(_ tokens: PaddedTokens) throws(ShapeError) -> Variable {
      let x = try table(tokens)
      let outputs = try core(x).outputs.values
      return try head(norm(outputs)) + Variable(offset)
    }

    mutating func forEachParameter(
      _ path: String, _ body: (String, inout Parameter) throws -> Void
    ) rethrows {
      try table.forEachParameter(parameterName(path, "table"), body)
      try core.forEachParameter(parameterName(path, "core"), body)
      try norm.forEachParameter(parameterName(path, "norm"), body)
      try head.forEachParameter(parameterName(path, "head"), body)
    }
  }

  private func check<Cell: StandardCell>(_: Cell.Type, bidirectional: Bool) throws {
    var random = RandomSource(seed: 4)
    let network = Reader<Cell>(bidirectional: bidirectional, using: &random)
    let tokens = PaddedTokens([[1, 2, 3, 8], [4], [5, 0]])
    let target = Tensor.normal(shape: [4, 3, 3], using: &random)
    let mask = Tensor(tokens.ids.map { $0 < 0 ? 0 : 1 }, shape: [4, 3])
    let check = try GradientCheck(of: network) { network throws(ShapeError) in
      try Loss.squaredError(network(tokens), target, weights: mask)
    }
    #expect(check.passed, "\(check)")
    #expect(check.entries.map(\.name) == network.parameters.map(\.name))
    #expect(check.entries.contains { $0.gradient != 0 })
  }

  @Test func networksOfEveryCellPass() throws {
    try check(LSTMCell.self, bidirectional: true)
    try check(GRUCell.self, bidirectional: false)
    try check(ElmanCell.self, bidirectional: true)
    try check(PeepholeLSTMCell.self, bidirectional: false)
    try check(LayerNormLSTMCell.self, bidirectional: true)
    try check(ResetBeforeGRUCell.self, bidirectional: false)
  }

  /// Frames that come in single precision meet weights in double in a fused recurrence, packed and ragged.
  @Test func framesInSinglePrecisionAreTakenUp() throws {
    var random = RandomSource(seed: 6)
    let network = LSTM(inputSize: 3, hiddenSize: 7, layers: 1, bidirectional: true, using: &random)
    let x = try SequenceBatch(Tensor.normal(shape: [5, 3, 3], using: &random), lengths: [5, 0, 3])
    let state = network.layers[0].forward.cell.initialState(batch: 3)
    let given = LSTMState(
      hidden: Variable(.normal(shape: state.hidden.shape, using: &random)),
      cell: Variable(.normal(shape: state.cell.shape, using: &random)))
    let check = try GradientCheck(of: network, elements: 8) { network throws(ShapeError) in
      let (outputs, final) = try network(x, initialState: [given, given])
      return outputs.values.square().sum() + 0.1 * final[0].cell.sum()
    }
    #expect(check.passed, "\(check)")
    // The single-precision loss is the same to its own rounding.
    let (outputs, final) = try network(x, initialState: [given, given])
    let single = (outputs.values.square().sum() + 0.1 * final[0].cell.sum()).value.scalar
    #expect(abs(Double(single) - check.loss) < 1e-4 * max(1, abs(check.loss)))
  }

  private struct Product: Module {
    var a = Parameter(Tensor([1, 2, 3, 4], shape: [2, 2]))
    var b = Parameter(Tensor([0.5, -1]))
    mutating func forEachParameter(
      _ path: String, _ body: (String, inout Parameter) throws -> Void
    ) rethrows {
      try body(parameterName(path, "a"), &a)
      try body(parameterName(path, "b"), &b)
    }
  }

  /// A gradient that is cut on its way fails, and the report says which parameter's.
  @Test func aCutGradientFails() throws {
    let check = GradientCheck(of: Product()) { model in
      (model.a.variable * model.b.variable.detached + model.b.variable.square()).sum()
    }
    #expect(!check.passed)
    #expect(check.entries.map(\.passed) == [true, false])
    #expect(check.description.contains("passed a [2, 2], 4 compared"))
    #expect(check.description.contains("FAILED b [2]"))
    // Σ over rows of a, which is 4 and 6 for the two columns, is what the tape misses.
    let entry = check.entries[1]
    #expect(abs(entry.difference - entry.gradient - (entry.element == 0 ? 4 : 6)) < 1e-6)
  }

  @Test func numbersThatAreNoneFail() throws {
    let check = GradientCheck(of: Product()) { model in (model.b.variable - 2).log().sum() }
    #expect(!check.passed)
  }

  @Test func elementsAreSpreadOverLargeParameters() throws {
    var random = RandomSource(seed: 7)
    let layer = Linear(inputSize: 30, outputSize: 20, using: &random)
    let x = Tensor.normal(shape: [4, 30], using: &random)
    let check = try GradientCheck(of: layer, elements: 7) { layer throws(ShapeError) in
      try layer(Variable(x)).square().mean()
    }
    #expect(check.passed && check.entries.map(\.compared) == [7, 7])
  }
}
