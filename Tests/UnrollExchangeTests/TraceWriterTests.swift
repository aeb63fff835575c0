import Testing
import UnrollCore
import UnrollExchange
import UnrollNetworks

/// Networks of one's own as ONNX graphs: an export holds the graph against the network at two sizes, or fails. Here at
/// more.
@Suite struct TraceWriterTests {
  /// A network that is a function.
  struct Model: TracedModel {
    let body: @Sendable (inout Trace) throws -> Void

    func trace(_ trace: inout Trace) throws { try body(&trace) }
  }

  @discardableResult
  static func check(_ body: @escaping @Sendable (inout Trace) throws -> Void) throws -> ONNXModel {
    let model = Model(body: body)
    let result = try ONNXExport.export(model, name: "test", file: "test")
    let graph = try ONNXModel(result.bytes, file: "test")
    for size in [ProbeSize(batch: 1, steps: 1), ProbeSize(batch: 7, steps: 9, seed: 4)] {
      try ONNXExport.compare(graph, try ONNXExport.probe(model, size))
    }
    return graph
  }

  private static func refusal(_ body: @escaping @Sendable (inout Trace) throws -> Void) -> ExchangeError? {
    do {
      try check(body)
      return nil
    } catch { return error as? ExchangeError }
  }

  private static func parameter(_ shape: Shape, _ seed: UInt64 = 3) -> Variable {
    var random = RandomSource(seed: seed)
    return Variable(.normal(deviation: 0.5, shape: shape, using: &random))
  }

  /// A cell of one's own: hₜ = (1 − g) ⊙ hₜ₋₁ + g ⊙ tanh(W xₜ) with g = σ(V xₜ), and how many steps there were.
  struct GatedCell: StandardCell {
    let inputSize: Int
    let hiddenSize: Int
    var gate: Linear
    var candidate: Linear

    init(inputSize: Int, hiddenSize: Int, using random: inout RandomSource) {
      self.inputSize = inputSize
      self.hiddenSize = hiddenSize
      gate = Linear(inputSize: inputSize, outputSize: hiddenSize, using: &random)
      candidate = Linear(inputSize: inputSize, outputSize: hiddenSize, using: &random)
    }

    struct State: RecurrentState {
      var parts: [Variable]
    }

    func initialState(batch: Int) -> State {
      State(parts: [Variable(.zeros([batch, hiddenSize])), Variable(.zeros([batch, 1]))])
    }

    func step(_ x: Variable, _ state: State) throws(ShapeError) -> (output: Variable, state: State) {
      let g = try gate(x).sigmoid()
      let h = (1 - g) * state.parts[0] + g * (try candidate(x).tanh())
      return (h, State(parts: [h, state.parts[1] + 1]))
    }

    mutating func forEachParameter(
      _ path: String, _ body: (String, inout Parameter) throws -> Void
    ) rethrows {
      try gate.forEachParameter(parameterName(path, "gate"), body)
      try candidate.forEachParameter(parameterName(path, "candidate"), body)
    }
  }

  private static func stack<Cell: StandardCell>(
    _: Cell.Type, bidirectional: Bool = true, merge: DirectionMerge = .concatenate,
    noise: RecurrentNoise = .none, learns: Bool = false
  ) -> AnyRecurrentNetwork {
    var random = RandomSource(seed: 2)
    var network = RecurrentNetwork<Cell>(
      inputSize: 4, hiddenSize: 5, layers: 2, bidirectional: bidirectional, merge: merge, noise: noise,
      learnsInitialState: learns, using: &random)
    network.forEachParameter("") { name, parameter in
      guard name.contains("initialState") else { return }
      parameter.value = .normal(deviation: 1, shape: parameter.shape, using: &random)
    }
    return AnyRecurrentNetwork(network)
  }

  private static let stacks: [(String, AnyRecurrentNetwork)] = [
    ("own cell", stack(GatedCell.self)), ("own cell forwards", stack(GatedCell.self, bidirectional: false)),
    ("learned states", stack(LSTMCell.self, learns: true)),
    ("learned states of an own cell", stack(GatedCell.self, learns: true)),
    ("sum of directions", stack(GRUCell.self, merge: .sum)),
    ("mean of directions", stack(LayerNormLSTMCell.self, merge: .mean)),
    ("zoneout", stack(LSTMCell.self, noise: RecurrentNoise(zoneoutHidden: 0.2, zoneoutCell: 0.1))),
    ("elman", stack(ElmanCell.self)), ("relu", stack(ReLUElmanCell.self)),
    ("peepholes", stack(PeepholeLSTMCell.self)), ("reset before", stack(ResetBeforeGRUCell.self)),
  ]

  @Test(arguments: stacks.indices) func stacksOfAnyCell(_ index: Int) throws {
    let (name, network) = Self.stacks[index]
    let graph = try Self.check { trace in
      trace.parameters(of: network)
      let layout = trace.lengths("lengths")
      let x = trace.frames("x", features: 4, layout)
      var none: RandomSource?
      let (y, state) = try network.carrying(nil, over: x, random: &none)
      trace.gives("y", y.rows, layout)
      trace.gives("h_n", states: state.map { $0[0] })
    }
    #expect(graph.outputs.map(\.name) == ["y", "h_n"], "\(name)")
    // Sequences without steps keep their first state.
    let probe = try ONNXExport.probe(
      Self.Model { trace in
        let layout = trace.lengths("lengths")
        _ = trace.frames("x", features: 4, layout)
      }, ProbeSize(batch: 3, steps: 4))
    let frames = ONNXTensor(try #require(probe.inputs.last).value.tensor)
    let found = try graph.run([
      "lengths": ONNXTensor(integers: [0, 4, 0], shape: [3]), "x": frames,
    ])
    let rows = (0..<4).flatMap { step in (0..<3).map { Int32($0 * 4 + step) } }
    let turned = Variable(frames.tensor.reshaped(to: [12, 4])).gather(rows)
    let batch = try SequenceBatch(turned.reshaped(to: [4, 3, 4]), lengths: [0, 4, 0])
    var none: RandomSource?
    let (_, state) = try network.carrying(nil, over: PackedSequence(batch), random: &none)
    let expected = Variable.concatenated(state.map { $0[0] }, axis: 0).value
    expectClose(found["h_n"]?.tensor.reshaped(to: expected.shape), expected, 1e-5, name)
  }

  /// Sequences that all have as many steps, whatever the batch: no lengths are read.
  @Test(arguments: stacks.indices) func sequencesOfOneLength(_ index: Int) throws {
    let network = Self.stacks[index].1
    var random = RandomSource(seed: 6)
    let width = network.outputSize
    let pools = PoolingKind.allCases.map {
      SequencePooling($0, features: width, bidirectional: false, using: &random)
    }
    let attention = AdditiveAttention(querySize: 4, memorySize: width, hiddenSize: 3, using: &random)
    let general = GeneralAttention(querySize: 4, memorySize: width, using: &random)
    let dot = DotAttention(features: width, scaled: true)
    try Self.check { trace in
      let all = Variable(trace.numbers("x", [.fixed(6), .batch, .fixed(4)]))
      let query = Variable(trace.numbers("query", [.batch, .fixed(4)]))
      let layout = SequenceLayout(lengths: Array(repeating: 6, count: trace.rows))
      let x = PackedSequence(rows: all.reshaped(to: [6 * trace.rows, 4]), layout: layout)
      var none: RandomSource?
      let (y, _) = try network.carrying(nil, over: x, random: &none)
      for (place, pool) in pools.enumerated() { trace.gives("pool.\(place)", try pool(y)) }
      for (place, way) in [attention as any Attention, general].enumerated() {
        let (context, weights) = try way(query, way.memory(y))
        trace.gives("context.\(place)", context)
        trace.gives("weights.\(place)", weights)
      }
      trace.gives("dot", try dot(y.first, dot.memory(y)).context)
    }
  }

  @Test func rowsOfGroupsAndAxes() throws {
    let (table, weight) = (Self.parameter([3, 5]), Self.parameter([2, 10]))
    try Self.check { trace in
      trace.groupRows(by: 2)
      let x = Variable(trace.numbers("x", [.batch, .fixed(12)]))
      let (rows, extents) = (
        trace.rows, ["b": trace.rows, "j": 3, "v": trace.rows / 2, "c": 2] as [Character: Int]
      )
      let parts = x.reshaped(to: [rows * 3, 4]).arrangingRows("bj", to: "jb", extents)
      trace.gives("turned", parts.reshaped(to: [3, rows, 4]))
      let together = x.reshaped(to: [rows * 3, 4]).arrangingRows("vcj", to: "jvc", extents)
      trace.gives("together", together.reshaped(to: [3, rows / 2, 8]))
      let tiled = table.arrangingRows("j", to: "bj", extents, like: (x, "b"))
      trace.gives("tiled", tiled.reshaped(to: [rows, 15]))
      let names = table.rows(0..<2).arrangingRows("c", to: "vcj", extents, like: (x, "vc"))
      trace.gives("sum", try (tiled + names).concatenated(with: names).linear(weight))
      let diagonal = x.reshaped(to: [rows * 12, 1]).arrangingRows(
        "vcsc", to: "vcs", ["v": rows / 2, "c": 2, "s": 6])
      trace.gives("diagonal", diagonal.reshaped(to: [rows, 6]))
    }
  }

  @Test func normalizationSoftmaxAndSums() throws {
    let (gain, bias, other) = (Self.parameter([6]), Self.parameter([6], 4), Self.parameter([6, 3], 5))
    try Self.check { trace in
      let layout = trace.lengths("lengths")
      let x = trace.frames("x", features: 6, layout).rows
      trace.gives("norm", try x.layerNorm(gain: gain, bias: bias), layout)
      trace.gives("log", x.logSoftmax(), layout)
      trace.gives("share", x.softmax() / (x.square() + 1).sum(axis: -1, keepingAxis: true), layout)
      trace.gives("product", try x.matmul(other).relu(), layout)
      trace.gives("minus", 2 - x, layout)
      trace.gives("last", PackedSequence(rows: x, layout: layout).last)
      trace.gives("best", labels: x.argmax(), layout)
    }
  }

  @Test func axesOfArrays() throws {
    let (weight, side) = (Self.parameter([5, 4]), Self.parameter([1, 3, 1], 4))
    try Self.check { trace in
      let x = Variable(trace.numbers("x", [.batch, .fixed(3), .fixed(5)]))
      for axis in 0..<3 {
        trace.gives("sum.\(axis)", x.sum(axis: axis, keepingAxis: true) + 1)
        trace.gives("maximum.\(axis)", x.max(axis: axis).tanh())
      }
      trace.gives("mean", x.mean(axis: 1))
      trace.gives("turned", x.transposed(0, 2) * 2)
      trace.gives("permuted", x.permuted([1, 2, 0]).softmax(axis: 1))
      trace.gives("joined", .concatenated([x, x.square()], axis: 1).slice(2..<5, axis: 1))
      trace.gives("products", try x.matmul(x.transposed()))
      trace.gives("product", try x.matmul(weight))
      trace.gives("over the batch", try x.transposed(0, 1).transposed(1, 2).matmul(x.transposed(0, 1)))
      trace.gives("side", x.sum(axis: 2, keepingAxis: true) - side.reshaped(to: [3, 1]))
      trace.gives("repeated", x.sum(axis: 1, keepingAxis: true).broadcast(to: [trace.rows, 6, 5]))
    }
  }

  @Test func numbersOnBothSides() throws {
    try Self.check { trace in
      let x = Variable(trace.numbers("x", [.batch, .fixed(3)])).square() + 1
      trace.gives("half", x / 2)
      trace.gives("inverse", 3 / x)
      trace.gives("less", 1 - x)
      trace.gives("more", 2 * x + 1)
      trace.gives("one", x * Variable(Tensor([0.5])))
    }
  }

  @Test func broadcastingToTheBatch() throws {
    let error = Self.refusal { trace in
      let x = Variable(trace.numbers("x", [.batch, .fixed(2)]))
      let column = Variable(trace.numbers("column", [.fixed(1), .fixed(2)]))
      trace.gives("y", x + column.broadcast(to: x.shape))
    }
    #expect(error?.place == "operation binary")
  }

  /// A name of an axis stands for one extent in the whole file, and a loop's batch may be another than the graph's.
  @Test func portsOfLoopsHaveNoNames() throws {
    let network = Self.stacks[0].1
    let model = Model { trace in
      let layout = trace.lengths("lengths")
      var none: RandomSource?
      let x = trace.frames("x", features: 4, layout)
      trace.gives("y", try network.carrying(nil, over: x, random: &none).outputs.rows, layout)
    }
    let bytes = try ONNXExport.export(model, name: "test", file: "test").bytes
    let graph = try WireModel(checking: bytes, file: "test").graph
    let bodies = graph.node.filter { $0.opType == "Scan" }.flatMap(\.attribute).filter { $0.name == "body" }
    #expect(bodies.count == 4)
    for body in bodies {
      for port in body.g.input + body.g.output {
        #expect(port.type.tensorType.shape.dim.allSatisfy { $0.dimParam.isEmpty })
      }
    }
    #expect(graph.input.contains { $0.type.tensorType.shape.dim.contains { $0.dimParam == "batch" } })
  }

  // MARK: - What would not hold at another size is refused by name

  @Test func literalIndices() throws {
    let error = Self.refusal { trace in
      let x = Variable(trace.numbers("x", [.batch, .fixed(2)]))
      trace.gives("y", x.gather((0..<Int32(trace.rows)).reversed()))
    }
    #expect(error?.place == "operation gather")
    #expect(error?.found.contains("3 literal ones into [batch, 2]") == true)
  }

  @Test func aConstantOfTheBatch() throws {
    let error = Self.refusal { trace in
      let x = Variable(trace.numbers("x", [.batch, .fixed(2)]))
      trace.gives("y", x * Variable(Tensor(repeating: 2, shape: x.shape)))
    }
    #expect(error?.place == "operation binary")
    #expect(error?.found == "[batch, 2] and [3, 2]")
  }

  @Test func aRangeOfTheBatch() throws {
    let error = Self.refusal { trace in
      trace.gives("y", Variable(trace.numbers("x", [.batch, .fixed(2)])).rows(0..<1))
    }
    #expect(error?.place == "operation rows")
  }

  @Test func anOperationWithoutAName() throws {
    let error = Self.refusal { trace in
      let x = Variable(trace.numbers("x", [.batch, .fixed(2)]))
      trace.gives("y", x * x.sum())
    }
    #expect(error?.place == "operation sum()")
    // What nothing depends on does not matter.
    try Self.check { trace in
      let x = Variable(trace.numbers("x", [.batch, .fixed(2)]))
      _ = x.sum()
      trace.gives("y", x)
    }
  }

  @Test func aNumberOfTheBatch() throws {
    let error = Self.refusal { trace in
      let x = Variable(trace.numbers("x", [.batch, .fixed(2)]))
      trace.gives("y", Float(trace.rows) * x)
    }
    #expect(error?.reason == .mismatch)
  }

  @Test func lengthsThatNobodyReads() throws {
    let network = Self.stacks[0].1
    let error = Self.refusal { trace in
      let all = Variable(trace.numbers("x", [.fixed(4), .batch, .fixed(4)]))
      let layout = SequenceLayout(lengths: (0..<trace.rows).map { $0 == 0 ? 4 : 3 })
      let x = all.reshaped(to: [4 * trace.rows, 4]).gather(layout.paddedRows)
      var none: RandomSource?
      let (y, _) = try network(PackedSequence(rows: x, layout: layout), random: &none)
      trace.gives("y", y.rows, layout)
    }
    #expect(error?.reason == .unsupported)
  }

  @Test func statesOfANetworkWithoutAny() throws {
    let model = Model { trace in trace.gives("y", Variable(trace.numbers("x", [.batch, .fixed(2)]))) }
    #expect(throws: ExchangeError.self) {
      try ONNXExport.export(model, name: "test", file: "test", .init(takesStates: true))
    }
  }
}

extension Variable {
  fileprivate func concatenated(with other: Variable) -> Variable { .concatenated([self, other], axis: -1) }
}
