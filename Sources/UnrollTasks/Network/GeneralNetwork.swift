import UnrollCore
import UnrollNetworks

/// A chain of layers that was described, not written: embedding, recurrences, linear layers, functions, pooling.
struct GeneralNetwork: Module {
  private enum Part {
    case embedding(Embedding)
    case recurrent(AnyRecurrentNetwork)
    case linear(Linear)
    case function
  }

  let settings: NetworkSettings
  private var parts: [Part]
  private var heads: [Linear]

  /// What the layers hand on: steps of sequences, or one vector a sequence.
  enum Value {
    case sequence(PackedSequence)
    case rows(Variable)
  }

  /// A network with zeros for weights. The settings were checked.
  init(_ settings: NetworkSettings) {
    self.settings = settings
    func linear(_ layer: NetworkLayer, _ random: inout RandomSource) -> Linear {
      Linear(
        inputSize: layer.inputs ?? 0, outputSize: layer.outputs ?? 0, bias: layer.bias != false,
        using: &random)
    }
    (parts, heads) = withoutParameterValues { random in
      let parts = settings.layers.map { layer -> Part in
        switch layer.kind {
        case .embedding:
          .embedding(Embedding(weight: .zeros([layer.inputs ?? 0, layer.outputs ?? 0])))
        case .recurrent: .recurrent(Self.recurrent(layer, &random))
        case .linear: .linear(linear(layer, &random))
        default: .function
        }
      }
      return (parts, settings.heads.map { linear($0, &random) })
    }
  }

  private static func recurrent(
    _ layer: NetworkLayer, _ random: inout RandomSource
  ) -> AnyRecurrentNetwork {
    let (inputs, units, count) = (layer.inputs ?? 0, layer.outputs ?? 0, layer.layers ?? 1)
    guard let projection = layer.projection else {
      return AnyRecurrentNetwork(
        layer.cell ?? .lstm, inputSize: inputs, hiddenSize: units, layers: count,
        bidirectional: layer.directions == 2, using: &random)
    }
    let stack = (0..<count).map { index -> RecurrentLayer<ProjectedLSTMCell> in
      let width = index == 0 ? inputs : projection * layer.directions
      func direction(reversed: Bool) -> Recurrent<ProjectedLSTMCell> {
        Recurrent(
          ProjectedLSTMCell(inputSize: width, hiddenSize: projection, cellSize: units, using: &random),
          reversed: reversed)
      }
      let forward = direction(reversed: false)
      return RecurrentLayer(forward, backward: layer.directions == 2 ? direction(reversed: true) : nil)
    }
    return AnyRecurrentNetwork(RecurrentNetwork(layers: stack))
  }

  /// What a network reads: symbols, packed, where it starts with an embedding, else steps.
  enum Input {
    case symbols([Int32], SequenceLayout)
    case steps(PackedSequence)
  }

  /// Runs over a batch.
  ///
  /// - Parameter states: for each recurrent layer the states before the first step, in the order of the sequences.
  func run(
    _ input: Input, states: [[[Variable]]]?
  ) throws(ShapeError) -> (outputs: [(name: String, value: Value)], states: [[[Variable]]]) {
    var value = Value.rows(Variable(.zeros([0, 0])))
    var finals: [[[Variable]]] = []
    var isBidirectional = false
    if case .steps(let steps) = input { value = .sequence(steps) }
    for (layer, part) in zip(settings.layers, parts) {
      switch part {
      case .embedding(let table):
        guard case .symbols(let symbols, let layout) = input else {
          throw ShapeError(place: layer.name, expected: "tokens", found: [])
        }
        if let wrong = symbols.first(where: { !(0..<Int32(layer.inputs ?? 0) ~= $0) }) {
          throw ShapeError(
            place: "tokens", expected: "symbols from 0 to \((layer.inputs ?? 0) - 1)",
            found: [max(0, Int(wrong))])
        }
        value = .sequence(PackedSequence(rows: try table(symbols), layout: layout))
      case .recurrent(let network):
        guard case .sequence(let sequence) = value else { continue }
        var none: RandomSource?
        let initial = states.map { finals.count < $0.count ? $0[finals.count] : [] }
        let (outputs, last) = try network.carrying(initial, over: sequence, random: &none)
        finals.append(last)
        isBidirectional = layer.directions == 2
        value = .sequence(outputs)
      case .linear(let linear): value = try mapped(value) { x throws(ShapeError) in try linear(x) }
      case .function: value = try applied(layer, value, isBidirectional)
      }
    }
    var outputs: [(name: String, value: Value)] = []
    if settings.heads.isEmpty { outputs.append(("output", value)) }
    for (layer, head) in zip(settings.heads, heads) {
      outputs.append((layer.name, try mapped(value) { x throws(ShapeError) in try head(x) }))
    }
    return (outputs, finals)
  }

  private func mapped(
    _ value: Value, _ body: (Variable) throws(ShapeError) -> Variable
  ) throws(ShapeError) -> Value {
    switch value {
    case .sequence(let x): .sequence(PackedSequence(rows: try body(x.rows), layout: x.layout))
    case .rows(let x): .rows(try body(x))
    }
  }

  private func applied(
    _ layer: NetworkLayer, _ value: Value, _ isBidirectional: Bool
  ) throws(ShapeError) -> Value {
    switch layer.kind {
    case .tanh: return try mapped(value) { $0.tanh() }
    case .relu: return try mapped(value) { $0.relu() }
    case .sigmoid: return try mapped(value) { $0.sigmoid() }
    case .softmax: return try mapped(value) { $0.softmax() }
    case .logSoftmax: return try mapped(value) { $0.logSoftmax() }
    default: break
    }
    guard case .sequence(let x) = value else { return value }
    let features = x.rows.shape.columns
    func pooled(_ kind: PoolingKind) throws(ShapeError) -> Value {
      var random = RandomSource(seed: 0)
      return .rows(
        try SequencePooling(kind, features: features, bidirectional: isBidirectional, using: &random)(x))
    }
    switch layer.kind {
    case .lastStep: return .rows(x.last)
    case .finalState: return try pooled(.last)
    case .mean: return try pooled(.mean)
    case .max: return try pooled(.max)
    default: return value
    }
  }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    for index in parts.indices {
      let name = parameterName(path, settings.layers[index].name)
      switch parts[index] {
      case .embedding(var table):
        try table.forEachParameter(name, body)
        parts[index] = .embedding(table)
      case .recurrent(var network):
        try network.forEachParameter(name, body)
        parts[index] = .recurrent(network)
      case .linear(var linear):
        try linear.forEachParameter(name, body)
        parts[index] = .linear(linear)
      case .function: break
      }
    }
    for index in heads.indices {
      try heads[index].forEachParameter(parameterName(path, settings.heads[index].name), body)
    }
  }
}
