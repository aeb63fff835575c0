import CAllocationCount
import Testing
import UnrollCore
import UnrollNetworks

/// Stacks whose cell was chosen at run time: sizes by layer, states, streams.
@Suite struct AnyNetworkTests {
  @Test(arguments: AnyCell.allCases) func layersHaveTheirSizes(_ kind: AnyCell) throws {
    var random = RandomSource(seed: 2)
    let network = AnyRecurrentNetwork(kind, inputSize: 3, hiddenSizes: [9, 4, 7], using: &random)
    #expect(network.inputSize == 3 && network.outputSize == 7)
    #expect(network.stateSizes == [9, 4, 7].map { Array(repeating: $0, count: kind.stateParts) })
    let shapes = Dictionary(uniqueKeysWithValues: network.parameterShapes.map { ($0.name, $0.shape) })
    #expect(shapes["layers.1.forward.cell.weightInput"] == [4 * kind.gates, 9])
    #expect(shapes["layers.2.forward.cell.weightRecurrent"] == [7 * kind.gates, 7])
    let both = AnyRecurrentNetwork(
      kind, inputSize: 3, hiddenSizes: [9, 4], bidirectional: true, using: &random)
    #expect(both.outputSize == 8 && both.stateSizes.count == 4)
    #expect(both.initialState(batch: 5).map { $0[0].shape } == [[5, 9], [5, 9], [5, 4], [5, 4]])
  }

  /// States in the order in which streams were given go through windows of unequal lengths as through the whole.
  @Test(arguments: [AnyCell.lstm, .gru]) func windowsCarryTheirStates(_ kind: AnyCell) throws {
    var random = RandomSource(seed: 3)
    let network = AnyRecurrentNetwork(kind, inputSize: 2, hiddenSizes: [5, 3], using: &random)
    let streams: [[[Float]]] = [7, 0, 9, 4].map { length in
      (0..<length).map { _ in [random.normal(), random.normal()] }
    }
    func packed(_ parts: [[[Float]]]) -> PackedSequence {
      let layout = SequenceLayout(lengths: parts.map(\.count))
      let rows = layout.packing(parts)
      return PackedSequence(
        rows: Variable(Tensor(rows.flatMap { $0 }, shape: [rows.count, 2])), layout: layout)
    }
    var none: RandomSource?
    let whole = try network.carrying(nil, over: packed(streams), random: &none).state
    let first = try network.carrying(nil, over: packed(streams.map { Array($0.prefix(4)) }), random: &none)
    let second = try network.carrying(
      first.state, over: packed(streams.map { Array($0.dropFirst(4)) }), random: &none)
    for (found, expected) in zip(second.state.joined(), whole.joined()) {
      #expect(found.value == expected.value)
    }
  }

  /// The bits of the whole, without memory being asked for.
  @Test(arguments: AnyCell.allCases) func streamsTheSameBits(_ kind: AnyCell) throws {
    var random = RandomSource(seed: 4)
    let network = AnyRecurrentNetwork(kind, inputSize: 7, hiddenSizes: [17, 9], using: &random)
    let x = Tensor.normal(shape: [11, 1, 7], using: &random)
    var none: RandomSource?
    let (outputs, state) = try network(PackedSequence(SequenceBatch(x)), random: &none)
    let session = try network.streaming()
    var streamed: [Float] = []
    for step in 0..<11 { streamed += session.step(Array(x.elements[step * 7..<step * 7 + 7])) }
    if kind == .layerNormLSTM {
      #expect(zip(streamed, outputs.rows.value.elements).allSatisfy { abs($0 - $1) < 1e-6 })
      return
    }
    #expect(streamed == outputs.rows.value.elements)
    #expect(session.state.joined().map(\.value) == state.joined().map(\.value))
    // Without optimization a step in Swift allocates.
    #if !DEBUG
      guard allocations_of_thread() >= 0 else { return print("allocations cannot be counted here") }
      var sum: Float = 0
      let count = x.withUnsafeElements { x in
        let row = UnsafeBufferPointer(rebasing: x[..<7])
        session.step(row) { sum += $0[0] }
        let before = allocations_of_thread()
        for _ in 0..<100 { session.step(row) { sum += $0[0] } }
        return allocations_of_thread() - before
      }
      #expect(count == 0 && sum.isFinite)
    #endif
    let both = AnyRecurrentNetwork(kind, inputSize: 7, hiddenSize: 3, bidirectional: true, using: &random)
    #expect(throws: ShapeError.self) { try both.streaming() }
  }

  /// A language model's decoder gives the bits of the whole, and its rows may be exchanged.
  @Test(arguments: NextStepHead.Kind.allCases) func decodersGiveTheBitsOfTheWhole(_ kind: NextStepHead.Kind)
    throws
  {
    var random = RandomSource(seed: 6)
    let front = TokenFront(count: 40, size: 9, scale: 1.5, using: &random)
    let network = AnyRecurrentNetwork(.gru, inputSize: 9, hiddenSizes: [17, 9], using: &random)
    let head = NextStepHead(kind, features: 9, count: 40, using: &random)
    let sequences: [[Int32]] = [[3, 9, 39, 0, 7], [8, 8, 1, 2, 3]]
    var none: RandomSource?
    let x = try front(TokenBatch(sequences), random: &none)
    let whole = try head.logits(network(x, random: &none).outputs.rows, table: front.table).value
    let decoder = try NextStepDecoder(front, network, head, rows: 2)
    for step in 0..<5 {
      let scores = try decoder.step(sequences.map { $0[step] }).scores
      #expect(scores.elements == Array(whole.elements[step * 80..<(step + 1) * 80]), "step \(step)")
    }
    decoder.select([1, 1, 0])
    let next = try decoder.step([4, 5, 4]).scores.elements
    let alone = try NextStepDecoder(front, network, head)
    for token in sequences[1] { alone.read([token]) }
    #expect(Array(next[..<40]) == (try alone.step([4]).scores.elements))
    #expect(throws: ShapeError.self) { try decoder.step([1]) }
  }

  /// Drawing runs over any decoder; without temperature it is what a greedy search finds.
  @Test func drawingWithoutTemperatureIsGreedy() throws {
    var random = RandomSource(seed: 7)
    let front = TokenFront(count: 12, size: 6, deviation: 1, using: &random)
    let network = AnyRecurrentNetwork(.lstm, inputSize: 6, hiddenSize: 9, using: &random)
    let head = NextStepHead(.full, features: 9, count: 12, using: &random)
    func decoder() throws -> NextStepDecoder { try NextStepDecoder(front, network, head) }
    for constraints in [DecodingConstraints.none, DecodingConstraints(banned: [1, 3, 5], noRepeat: 2)] {
      var own = try decoder()
      var seen: [Int32] = []
      let drawn = try TokenSampler(temperature: 0)(
        &own, after: 1, end: 0, limit: 15, constraints: constraints, using: &random
      ) {
        seen.append($0)
        return true
      }
      let found = try BeamSearch.greedy(constraints: constraints)(decoder(), start: 1, end: 0, limits: [15])
      #expect(drawn == found[0][0].tokens && seen == drawn && !drawn.isEmpty)
    }
    var own = try decoder()
    #expect(try TokenSampler()(&own, after: 1, limit: 9, using: &random) { _ in false }.count == 1)
  }
}
