import Testing
import UnrollCore
import UnrollNetworks

/// A cell that the library does not have, as a user would write it: `step` and nothing else.
///
/// The minimal gated unit (Zhou et al. 2016, "Minimal gated unit for recurrent neural networks").
///
///     fₜ = σ(W_f xₜ + R_f hₜ₋₁ + b_f)        nₜ = tanh(W_n xₜ + R_n (fₜ ⊙ hₜ₋₁) + b_n)
///     hₜ = (1 − fₜ) ⊙ hₜ₋₁ + fₜ ⊙ nₜ
///
/// W `[H, I]`, R `[H, H]` without a bias, b in the maps of the input. `x`: `[B, I]`; `h`: `[B, H]`.
private struct MinimalGatedCell: StandardCell {
  let inputSize: Int
  let hiddenSize: Int
  var forgetInput: Linear
  var forgetRecurrent: Linear
  var newInput: Linear
  var newRecurrent: Linear

  init(inputSize: Int, hiddenSize: Int, using random: inout RandomSource) {
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    func input() -> Linear { Linear(inputSize: inputSize, outputSize: hiddenSize, using: &random) }
    func recurrent() -> Linear {
      Linear(inputSize: hiddenSize, outputSize: hiddenSize, bias: false, using: &random)
    }
    (forgetInput, forgetRecurrent, newInput, newRecurrent) = (input(), recurrent(), input(), recurrent())
  }

  func step(_ x: Variable, _ state: HiddenState) throws(ShapeError) -> (output: Variable, state: HiddenState)
  {
    let h = state.hidden
    let f = try (forgetInput(x) + forgetRecurrent(h)).sigmoid()
    let n = try (newInput(x) + newRecurrent(f * h)).tanh()
    let hidden = (1 - f) * h + f * n
    return (hidden, HiddenState(hidden: hidden))
  }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try forgetInput.forEachParameter(parameterName(path, "forgetInput"), body)
    try forgetRecurrent.forEachParameter(parameterName(path, "forgetRecurrent"), body)
    try newInput.forEachParameter(parameterName(path, "newInput"), body)
    try newRecurrent.forEachParameter(parameterName(path, "newRecurrent"), body)
  }
}

/// A cell that wraps another: the same, with a probe p added to the hidden state, hₜ = wrapped(xₜ, …) + pₜ.
///
/// The input is `[x, p]`, `[B, I + H]`. The gradient of a loss with respect to pₜ is that with respect to hₜ.
private struct ProbedCell<Wrapped: RecurrentCell>: RecurrentCell {
  var wrapped: Wrapped

  var inputSize: Int { wrapped.inputSize + wrapped.hiddenSize }
  var hiddenSize: Int { wrapped.hiddenSize }

  func initialState(batch: Int) -> Wrapped.State { wrapped.initialState(batch: batch) }

  func step(
    _ x: Variable, _ state: Wrapped.State
  ) throws(ShapeError) -> (output: Variable, state: Wrapped.State) {
    let (output, next) = try wrapped.step(x.columns(0..<wrapped.inputSize), state)
    var parts = next.parts
    parts[0] = output + x.columns(wrapped.inputSize..<inputSize)
    return (parts[0], Wrapped.State(parts: parts))
  }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows { try wrapped.forEachParameter(path, body) }
}

/// A stack of the cell with a linear map of each step's output.
private struct Tagger: Module {
  var core: RecurrentNetwork<MinimalGatedCell>
  var head: Linear

  init(inputSize: Int, hiddenSize: Int, layers: Int = 1, bidirectional: Bool = false, seed: UInt64) {
    var random = RandomSource(seed: seed)
    core = RecurrentNetwork(
      inputSize: inputSize, hiddenSize: hiddenSize, layers: layers, bidirectional: bidirectional,
      using: &random)
    head = Linear(inputSize: core.outputSize, outputSize: 1, using: &random)
  }

  func callAsFunction(_ x: SequenceBatch) throws(ShapeError) -> Variable { try head(core(x).outputs.values) }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try core.forEachParameter(parameterName(path, "core"), body)
    try head.forEachParameter(parameterName(path, "head"), body)
  }
}

@Suite struct OwnCellTests {
  private static let exact = Tolerance(1e-6, because: "sums in another order")
  private static let double = Tolerance(1e-12, because: "the same, in double precision")

  /// Gradient descent teaches it to answer with the number of two steps before, which only a memory can.
  @Test func learns() throws {
    let (steps, batch, delay) = (12, 16, 2)
    var random = RandomSource(seed: 3)
    let x = Tensor.uniform(-1...1, shape: [steps, batch, 1], using: &random)
    let late = Tensor(
      Array(repeating: 0, count: delay * batch) + x.elements.dropLast(delay * batch), shape: x.shape)
    var network = Tagger(inputSize: 1, hiddenSize: 12, seed: 4)
    var losses: [Float] = []
    for _ in 0..<400 {
      let (loss, gradients) = try valueWithGradient(of: network) { network throws(ShapeError) in
        try Loss.squaredError(network(SequenceBatch(x)), late)
      }
      losses.append(loss.scalar)
      var index = 0
      network.forEachParameter("") { _, parameter in
        parameter.value = (Variable(parameter.value) - 0.5 * Variable(gradients.tensors[index])).value
        index += 1
      }
    }
    #expect(losses[399] < losses[0] / 10, "from \(losses[0]) to \(losses[399])")
  }

  /// In a ragged batch, in both directions and two layers, each sequence gets what it gets alone: nothing of
  /// its neighbours, nothing of the padding.
  @Test func runsRaggedInBothDirections() throws {
    let lengths = [3, 7, 0, 1, 7, 5]
    let (steps, batch, inputs, hidden) = (8, lengths.count, 3, 9)
    var random = RandomSource(seed: 5)
    let x = Tensor.normal(shape: [steps, batch, inputs], using: &random)
    let network = Tagger(inputSize: inputs, hiddenSize: hidden, layers: 2, bidirectional: true, seed: 6).core
    let (outputs, states) = try network(SequenceBatch(x, lengths: lengths))
    #expect(outputs.values.shape == [steps, batch, 2 * hidden])
    #expect(states.count == 4)
    let sequences = outputs.values.reshaped(to: [steps * batch, 2 * hidden])
    for (sequence, length) in lengths.enumerated() {
      let places = (0..<steps).map { Int32($0 * batch + sequence) }
      let found = sequences.gather(places)
      #expect(found.value.elements.dropFirst(length * 2 * hidden).allSatisfy { $0 == 0 })
      let own = Variable(x).reshaped(to: [steps * batch, inputs]).gather(Array(places.prefix(length)))
      let (alone, ends) = try network(SequenceBatch(own.reshaped(to: [length, 1, inputs])))
      let flat = alone.values.value.reshaped(to: [length, 2 * hidden])
      expectClose(found.rows(0..<length).value, flat, Self.exact, "sequence \(sequence)")
      for (index, (state, end)) in zip(states, ends).enumerated() {
        let row = state.hidden.rows(sequence..<sequence + 1).value
        expectClose(row, end.hidden.value, Self.exact, "sequence \(sequence), state \(index)")
        if length == 0 { #expect(row.elements.allSatisfy { $0 == 0 }) }
      }
    }
  }

  /// Every gradient is that of central differences in double precision: two layers, both directions, sequences that
  /// end early or never begin, given states before the first step.
  @Test func gradientsAreThoseOfDifferences() throws {
    let (steps, inputs, hidden, lengths) = (6, 2, 3, [4, 0, 6, 1])
    var random = RandomSource(seed: 1)
    let network = Tagger(
      inputSize: inputs, hiddenSize: hidden, layers: 2, bidirectional: true, seed: 2
    ).perturbed(using: &random).converted(to: .double)
    var numbers = [Tensor.normal(shape: [steps, lengths.count, inputs], using: &random)]
    for _ in 0..<4 {
      numbers.append(.normal(deviation: 0.5, shape: [lengths.count, hidden], using: &random))
    }
    numbers = numbers.map { $0.converted(to: .double) }
    func loss(_ network: Tagger, _ inputs: [Variable]) throws(ShapeError) -> Variable {
      let batch = try SequenceBatch(inputs[0], lengths: lengths)
      let initial = inputs.dropFirst().map { HiddenState(hidden: $0) }
      let (outputs, states) = try network.core(batch, initialState: initial)
      return try states.enumerated().reduce(mixed(network.head(outputs.values), seed: 3)) { sum, state in
        sum + mixed(state.element.hidden, seed: 4 + UInt64(state.offset))
      }
    }
    let (_, _, gradients, inputGradients) = try valueWithGradient(of: network, inputs: numbers) {
      (network, inputs) throws(ShapeError) in (try loss(network, inputs), ())
    }
    let names = gradients.names + numbers.indices.map { "input \($0)" }
    let leaves = network.parameters.map(\.value) + numbers
    for (leaf, found) in (gradients.tensors + inputGradients).map(\.doubles).enumerated() {
      for element in found.indices {
        let difference = try centralDifference(step: 1e-3) { distance in
          var moved = leaves
          var values = leaves[leaf].doubles
          values[element] += distance
          moved[leaf] = Tensor(doubles: values, shape: leaves[leaf].shape)
          var copy = network
          var index = 0
          copy.forEachParameter("") { _, parameter in
            parameter.value = moved[index]
            index += 1
          }
          return try loss(copy, moved[index...].map { Variable($0) }).value.doubles[0]
        }
        // 1e-9 is what the rounding of the loss leaves of a difference.
        let allowed = 1e-6 * max(abs(difference), abs(found[element])) + 1e-9
        #expect(
          abs(difference - found[element]) <= allowed,
          "∂\(names[leaf])[\(element)] is \(found[element]), by differences \(difference)")
      }
    }
  }

  /// Around any cell, probes of zero change nothing, and their gradients are those of the hidden states: what the
  /// rest of the sequence gives for the state it starts from.
  @Test(arguments: CellKind.allCases)
  func probesReadTheGradientsOfHiddenStates(_ kind: CellKind) throws {
    func check<Cell: StandardCell>(_ type: Cell.Type) throws {
      let (steps, batch, inputs, hidden) = (6, 3, 2, 5)
      var random = RandomSource(seed: 7)
      let cell = Cell(inputSize: inputs, hiddenSize: hidden, using: &random)
        .perturbed(using: &random).converted(to: .double)
      let x = Tensor.normal(shape: [steps, batch, inputs], using: &random).converted(to: .double)
      let zeros = Tensor.zeros([steps, batch, hidden]).converted(to: .double)
      func stack<C: RecurrentCell>(_ cell: C) -> RecurrentNetwork<C> {
        RecurrentNetwork(layers: [RecurrentLayer(Recurrent(cell))])
      }
      let (_, probed, _, byProbe) = try valueWithGradient(
        of: stack(ProbedCell(wrapped: cell)), inputs: [zeros]
      ) {
        network, probes in
        let input = Variable.concatenated([Variable(x), probes[0]], axis: -1)
        let (outputs, state) = try network(SequenceBatch(input))
        return (mixed(state[0].parts[0], seed: 8), outputs.values.value)
      }
      let network = stack(cell)
      let whole = try network(SequenceBatch(x))
      expectClose(probed, whole.outputs.values.value, Self.double, "outputs")
      let numbers = Variable(x).reshaped(to: [steps * batch, inputs])
      for step in 0..<steps - 1 {
        func part(_ range: Range<Int>) throws -> SequenceBatch {
          let rows = numbers.rows(range.lowerBound * batch..<range.upperBound * batch)
          return try SequenceBatch(rows.reshaped(to: [range.count, batch, inputs]))
        }
        let before = try network(part(0..<step + 1)).state[0].parts.map(\.value)
        let (_, _, _, byState) = try valueWithGradient(of: network, inputs: before) { network, before in
          let start = Cell.State(parts: before)
          let end = try network(part(step + 1..<steps), initialState: [start]).state[0]
          return (mixed(end.parts[0], seed: 8), ())
        }
        let found = Variable(byProbe[0]).reshaped(to: [steps * batch, hidden])
          .rows(step * batch..<(step + 1) * batch).value
        expectClose(found, byState[0], Self.double, "∂L/∂h after step \(step)")
      }
    }
    try check(kind.type)
  }
}
