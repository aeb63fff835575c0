import Testing
import UnrollCore
import UnrollNetworks

/// The long short-term memory whose output is a projection. Its numbers are held against PyTorch's by the tests of
/// exchange; its gradients here.
@Suite struct ProjectedLSTMTests {
  private static func network(layers: Int, seed: UInt64) -> RecurrentNetwork<ProjectedLSTMCell> {
    var random = RandomSource(seed: seed)
    let (inputs, hidden, units) = (2, 3, 5)
    return RecurrentNetwork(
      layers: (0..<layers).map { layer in
        let width = layer == 0 ? inputs : 2 * hidden
        func direction(_ reversed: Bool) -> Recurrent<ProjectedLSTMCell> {
          Recurrent(
            ProjectedLSTMCell(inputSize: width, hiddenSize: hidden, cellSize: units, using: &random),
            reversed: reversed)
        }
        let forward = direction(false)
        return RecurrentLayer(forward, backward: direction(true))
      })
  }

  /// With the identity as projection it is the LSTM itself.
  @Test func theIdentityChangesNothing() throws {
    var random = RandomSource(seed: 1)
    let plain = LSTMCell(inputSize: 4, hiddenSize: 7, using: &random)
    var cell = ProjectedLSTMCell(inputSize: 4, hiddenSize: 7, cellSize: 7, using: &random)
    (cell.weightInput, cell.weightRecurrent, cell.bias) = (
      plain.weightInput, plain.weightRecurrent, plain.bias
    )
    cell.projection.value = Tensor((0..<49).map { $0 % 8 == 0 ? 1 : 0 }, shape: [7, 7])
    let x = Tensor.normal(shape: [9, 3, 4], using: &random)
    let batch = try SequenceBatch(x, lengths: [9, 0, 4])
    let found = try RecurrentNetwork(layers: [RecurrentLayer(Recurrent(cell))])(batch)
    let expected = try RecurrentNetwork(layers: [RecurrentLayer(Recurrent(plain))])(batch)
    let exact = Tolerance(1e-6, because: "sums in another order")
    expectClose(found.outputs.values.value, expected.outputs.values.value, exact, "outputs")
    expectClose(found.state[0].cell.value, expected.state[0].cell.value, exact, "memory")
  }

  /// Every gradient is that of central differences in double precision: two layers, both directions, sequences that end
  /// early or never begin.
  @Test func gradientsAreThoseOfDifferences() throws {
    let lengths = [4, 0, 5, 1]
    var random = RandomSource(seed: 2)
    let network = Self.network(layers: 2, seed: 3).perturbed(using: &random).converted(to: .double)
    let x = Tensor.normal(shape: [5, lengths.count, 2], using: &random).converted(to: .double)
    func loss(_ network: RecurrentNetwork<ProjectedLSTMCell>, _ x: Variable) throws(ShapeError) -> Variable {
      let (outputs, states) = try network(try SequenceBatch(x, lengths: lengths))
      return states.enumerated().reduce(mixed(outputs.values, seed: 4)) { sum, state in
        sum + mixed(state.element.cell, seed: 5 + UInt64(state.offset))
      }
    }
    let (_, _, gradients, inputGradients) = try valueWithGradient(of: network, inputs: [x]) {
      (network, inputs) throws(ShapeError) in (try loss(network, inputs[0]), ())
    }
    let leaves = network.parameters.map(\.value) + [x]
    for (leaf, found) in (gradients.tensors + inputGradients).map(\.doubles).enumerated() {
      for element in stride(from: 0, to: found.count, by: 3) {
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
          return try loss(copy, Variable(moved[index])).value.doubles[0]
        }
        // 1e-9 is what the rounding of the loss leaves of a difference.
        let allowed = 1e-6 * max(abs(difference), abs(found[element])) + 1e-9
        #expect(
          abs(difference - found[element]) <= allowed,
          "leaf \(leaf)[\(element)] is \(found[element]), by differences \(difference)")
      }
    }
  }

  /// Step by step as a stream: the numbers of the whole sequence.
  @Test func streams() throws {
    var random = RandomSource(seed: 6)
    let cell = ProjectedLSTMCell(inputSize: 2, hiddenSize: 3, cellSize: 5, using: &random)
    let network = RecurrentNetwork(layers: [RecurrentLayer(Recurrent(cell))])
    let x = Tensor.normal(shape: [6, 1, 2], using: &random)
    let whole = try network(SequenceBatch(x)).outputs.values.value.elements
    let session = try StreamingSession(network)
    var found: [Float] = []
    for step in 0..<6 { found += session.step(Array(x.elements[2 * step..<2 * step + 2])) }
    expectClose(
      Tensor(found), Tensor(whole), Tolerance(1e-6, because: "products of other heights"), "stream")
  }
}
