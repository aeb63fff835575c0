import Testing
import UnrollCore
import UnrollNetworks

/// What holds for every network whatever its numbers: chunks, batches, padding, states, names.
@Suite struct NetworkTests {
  private static func network<Cell: StandardCell>(
    _ type: Cell.Type, bidirectional: Bool = false, layers: Int = 2, learns: Bool = false
  ) -> RecurrentNetwork<Cell> {
    var random = RandomSource(seed: 3)
    return RecurrentNetwork<Cell>(
      inputSize: 5, hiddenSize: 19, layers: layers, bidirectional: bidirectional, learnsInitialState: learns,
      using: &random
    ).perturbed(using: &random)
  }

  private static func normal(_ shape: Shape, seed: UInt64 = 8) -> Tensor {
    var random = RandomSource(seed: seed)
    return .normal(shape: shape, using: &random)
  }

  private static func steps(_ x: Tensor, _ range: Range<Int>) -> Tensor { Variable(x).rows(range).value }
  private static func sequence(_ x: Tensor, _ index: Int) -> [Float] {
    let (steps, batch, width) = (x.shape[0], x.shape[1], x.shape[2])
    return (0..<steps).flatMap { step -> ArraySlice<Float> in
      let start = (step * batch + index) * width
      return x.elements[start..<start + width]
    }
  }

  /// A sequence run in chunks, its state carried, gives the bits of the whole, on every target.
  @Test(arguments: CellKind.allCases, KernelTarget.available)
  func chunksGiveTheBitsOfTheWhole(_ kind: CellKind, _ target: KernelTarget) throws {
    func check<Cell: StandardCell>(_ type: Cell.Type) throws {
      let network = Self.network(type)
      let x = Self.normal([9, 3, 5])
      let (whole, last) = try network(SequenceBatch(x))
      for cuts in [[0, 4, 5, 9], Array(0...9)] {
        var state: [Cell.State]?
        var pieces: [Float] = []
        for (start, end) in zip(cuts, cuts.dropFirst()) {
          let piece = try SequenceBatch(Self.steps(x, start..<end))
          let (y, next) = try network(piece, initialState: state)
          pieces += y.values.value.elements
          state = next
        }
        #expect(pieces == whole.values.value.elements, "cut at \(cuts)")
        #expect(state!.flatMap(\.parts).map(\.value) == last.flatMap(\.parts).map(\.value))
      }
    }
    try KernelTarget.$forced.withValue(target) { try check(kind.type) }
  }

  /// A sequence gives the same bits alone as in a batch, wherever it stands and whatever the padding holds.
  @Test(arguments: CellKind.allCases, [false, true])
  func sequencesDoNotMindTheirNeighbours(_ kind: CellKind, _ bidirectional: Bool) throws {
    func check<Cell: StandardCell>(_ type: Cell.Type) throws {
      let network = Self.network(type, bidirectional: bidirectional)
      let lengths = [3, 0, 6, 1, 5]
      var x = Self.normal([7, 5, 5])
      for step in 0..<7 {
        for sequence in 0..<5 where step >= lengths[sequence] {
          for feature in 0..<5 { x[(step * 5 + sequence) * 5 + feature] = .nan }
        }
      }
      let (batch, states) = try network(SequenceBatch(x, lengths: lengths))
      #expect(batch.values.shape == [7, 5, network.outputSize] && batch.lengths == lengths)
      for (index, length) in lengths.enumerated() {
        let own = Tensor(Array(Self.sequence(x, index).prefix(length * 5)), shape: [length, 1, 5])
        let (alone, state) = try network(SequenceBatch(own))
        let found = Self.sequence(batch.values.value, index)
        let width = network.outputSize
        #expect(Array(found.prefix(length * width)) == alone.values.value.elements, "sequence \(index)")
        #expect(found.dropFirst(length * width).allSatisfy { $0 == 0 }, "padding of sequence \(index)")
        for (one, all) in zip(state.flatMap(\.parts), states.flatMap(\.parts)) {
          #expect(one.value.elements == all.rows(index..<index + 1).value.elements, "state of \(index)")
        }
      }
    }
    try check(kind.type)
  }

  /// No gradient reaches padding, and none comes from it.
  @Test func paddingHasNoGradient() throws {
    let network = Self.network(GRUCell.self, bidirectional: true)
    var x = Self.normal([4, 2, 5])
    for index in 0..<5 { x[(3 * 2 + 1) * 5 + index] = .nan }
    let (_, _, gradients, inputs) = try valueWithGradient(of: network, inputs: [x]) {
      (network, inputs) throws(ShapeError) in
      (try network(SequenceBatch(inputs[0], lengths: [4, 3])).outputs.values.square().sum(), ())
    }
    #expect(gradients.tensors.allSatisfy { $0.elements.allSatisfy(\.isFinite) })
    #expect(inputs[0].elements[35..<40].allSatisfy { $0 == 0 })
    #expect(inputs[0].elements[..<35].allSatisfy { $0 != 0 })
  }

  /// A reversed layer is a layer over reversed sequences.
  @Test(arguments: CellKind.allCases) func reversedLayersReadBackwards(_ kind: CellKind) throws {
    func check<Cell: StandardCell>(_ type: Cell.Type) throws {
      var random = RandomSource(seed: 4)
      let cell = Cell(inputSize: 5, hiddenSize: 6, using: &random).perturbed(using: &random)
      let x = Self.normal([4, 1, 5])
      let turned = Tensor(
        (0..<4).reversed().flatMap { Array(x.elements[$0 * 5..<$0 * 5 + 5]) }, shape: [4, 1, 5])
      func run(_ x: Tensor, reversed: Bool) throws -> Tensor {
        try RecurrentNetwork(layers: [RecurrentLayer(Recurrent(cell, reversed: reversed))])(SequenceBatch(x))
          .outputs.values.value
      }
      let ahead = try run(turned, reversed: false).elements
      let back = try run(x, reversed: true).elements
      let expected = (0..<4).reversed().flatMap { Array(ahead[$0 * 6..<$0 * 6 + 6]) }
      #expect(back == expected)
    }
    try check(kind.type)
  }

  @Test(arguments: DirectionMerge.allCases) func directionsMerge(_ merge: DirectionMerge) throws {
    var random = RandomSource(seed: 5)
    let ahead = Recurrent(LSTMCell(inputSize: 5, hiddenSize: 4, using: &random))
    let back = Recurrent(LSTMCell(inputSize: 5, hiddenSize: 4, using: &random), reversed: true)
    let x = try SequenceBatch(Self.normal([3, 2, 5]), lengths: [2, 3])
    func run(_ layer: RecurrentLayer<LSTMCell>) throws -> [Float] {
      try RecurrentNetwork(layers: [layer])(x).outputs.values.value.elements
    }
    let (a, b) = (try run(RecurrentLayer(ahead)), try run(RecurrentLayer(back)))
    let both = try run(RecurrentLayer(ahead, backward: back, merge: merge))
    func row(_ list: [Float], _ index: Int) -> [Float] { Array(list[index * 4..<index * 4 + 4]) }
    let expected: [Float] =
      switch merge {
      case .concatenate: (0..<6).flatMap { index -> [Float] in row(a, index) + row(b, index) }
      case .sum: a.indices.map { a[$0] + b[$0] }
      case .mean: a.indices.map { 0.5 * (a[$0] + b[$0]) }
      }
    #expect(both == expected)
  }

  @Test(arguments: CellKind.allCases) func emptyBatchesAreLegal(_ kind: CellKind) throws {
    func check<Cell: StandardCell>(_ type: Cell.Type) throws {
      for learns in [false, true] {
        let network = Self.network(type, bidirectional: true, learns: learns)
        let examples: [(Shape, [Int])] = [
          ([0, 3, 5], [0, 0, 0]), ([4, 0, 5], []), ([2, 2, 5], [0, 0]), ([0, 0, 5], []),
        ]
        for (shape, lengths) in examples {
          let (_, y, gradients, _) = try valueWithGradient(of: network, inputs: []) {
            (network, _) throws(ShapeError) in
            let (y, states) = try network(SequenceBatch(.zeros(shape), lengths: lengths))
            let sums = states.flatMap(\.parts).map { $0.sum() }
            return (sums.reduce(y.values.sum(), +), y)
          }
          #expect(y.values.shape == [shape[0], shape[1], network.outputSize])
          #expect(gradients.tensors.allSatisfy { $0.elements.allSatisfy(\.isFinite) })
        }
      }
    }
    try check(kind.type)
  }

  @Test func learnedInitialStatesAreUsedAndTrained() throws {
    let network = Self.network(LSTMCell.self, layers: 1, learns: true)
    #expect(
      network.parameters.map(\.name).suffix(2) == [
        "layers.0.forward.initialState.0", "layers.0.forward.initialState.1",
      ])
    let x = try SequenceBatch(Self.normal([2, 3, 5]), lengths: [2, 0, 1])
    let (_, state) = try network(x)
    let learned = network.parameters.map(\.value).suffix(2).map(\.elements)
    #expect(state[0].hidden.rows(1..<2).value.elements == learned[0], "an empty sequence keeps its state")
    #expect(state[0].cell.rows(1..<2).value.elements == learned[1])
    let given = LSTMState(hidden: Variable(.zeros([3, 19])), cell: Variable(.zeros([3, 19])))
    let (_, other) = try network(x, initialState: [given])
    #expect(other[0].hidden.rows(1..<2).value == .zeros([1, 19]))
  }

  @Test func misfitsThrow() throws {
    let network = Self.network(GRUCell.self)
    let state = HiddenState(hidden: Variable(.zeros([2, 19])))
    let x = try SequenceBatch(Tensor.zeros([3, 2, 5]))
    #expect(throws: ShapeError.self) { try network(SequenceBatch(Tensor.zeros([3, 2, 4]))) }
    #expect(throws: ShapeError.self) { try network(x, initialState: [state]) }
    #expect(throws: ShapeError.self) {
      try network(x, initialState: [state, HiddenState(hidden: Variable(.zeros([3, 19])))])
    }
    #expect(throws: ShapeError.self) {
      try network(x, initialState: [state, HiddenState(hidden: Variable(.zeros([2, 5])))])
    }
    #expect(throws: ShapeError.self) { try SequenceBatch(Tensor.zeros([3, 2])) }
    #expect(throws: ShapeError.self) { try SequenceBatch(Tensor.zeros([3, 2, 1]), lengths: [4, 0]) }
    #expect(throws: ShapeError.self) { try SequenceBatch(Tensor.zeros([3, 2, 1]), lengths: [-1, 0]) }
    #expect(throws: ShapeError.self) { try SequenceBatch(Tensor.zeros([3, 2, 1]), lengths: [1]) }
  }
}
