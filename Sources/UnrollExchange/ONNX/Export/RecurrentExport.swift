import UnrollCore
import UnrollNetworks

/// One direction of a recurrent layer, from the names of its parameters.
private struct ExportCell {
  enum Form {
    /// A node of ONNX.
    case node(type: String, attributes: [WireAttribute])
    /// Written out, step by step.
    case projected, normalized
  }

  let weights: ExportWeights
  let form: Form
  /// W `[G·H, I]`.
  let input: Tensor
  /// R `[G·H, H]`.
  let recurrent: Tensor
  /// b `[G·H]`.
  let bias: Tensor
  /// Features of an output.
  var outputs: Int { recurrent.shape[1] }
  /// Units of the memory.
  let units: Int
  let hasMemory: Bool

  init(_ weights: ExportWeights, _ kind: CellKind) throws(ExchangeError) {
    self.weights = weights
    input = try weights.tensor("weightInput", rank: 2)
    recurrent = try weights.tensor("weightRecurrent", rank: 2)
    bias = try weights.tensor("bias", rank: 1)
    hasMemory = kind == .lstm || kind == .peepholeLSTM || kind == .layerNormLSTM
    units = recurrent.shape[0] / kind.gates
    switch kind {
    case .elman: form = .node(type: "RNN", attributes: [])
    case .elmanReLU: form = .node(type: "RNN", attributes: [])
    case .lstm: form = weights.has("projection") ? .projected : .node(type: "LSTM", attributes: [])
    case .peepholeLSTM: form = .node(type: "LSTM", attributes: [])
    case .layerNormLSTM: form = .normalized
    case .gru: form = .node(type: "GRU", attributes: [.integer("linear_before_reset", 1)])
    case .resetBeforeGRU: form = .node(type: "GRU", attributes: [])
    }
  }

  /// For each gate in ONNX's order, its place in this library's.
  private static func order(_ gates: Int) -> [Int] {
    switch gates {
    case 4: [0, 3, 1, 2]
    case 3: [1, 0, 2]
    default: [0]
    }
  }

  private func ordered(_ x: Tensor, _ kind: CellKind) -> Tensor {
    let width = x.shape.count / kind.gates
    return Variable(x.reshaped(to: [kind.gates, width]))
      .gather(Self.order(kind.gates).map { Int32($0) }).value
  }

  func nodeInput(_ kind: CellKind) -> Tensor { ordered(input, kind) }
  func nodeRecurrent(_ kind: CellKind) -> Tensor { ordered(recurrent, kind) }

  /// Wb and Rb.
  func nodeBias(_ kind: CellKind) throws(ExchangeError) -> [Float] {
    var second = [Float](repeating: 0, count: bias.shape.count)
    if kind == .gru {
      let within = try weights.tensor("recurrentBias", rank: 1)
      // The last of z, r and h.
      second.replaceSubrange((2 * units)..., with: within.elements)
    }
    return ordered(bias, kind).elements + second
  }

  /// p in the order i, o, f.
  func nodePeephole() throws(ExchangeError) -> [Float] {
    let peephole = Variable(try weights.tensor("peephole", rank: 2))
    return peephole.gather([0, 2, 1]).value.elements
  }
}

/// The states of a recurrent layer, `[directions, batch, …]`: h, and c where the cell has one.
struct ExportedStates {
  var hidden: String
  var cell: String?
}

extension GraphBuilder {
  /// A stack of recurrent layers.
  ///
  /// - Parameters:
  ///   - x: `[T, B, I]`.
  ///   - initial: the states of each layer before the first step; `nil`: zeros, or what was learned.
  /// - Returns: outputs `[T, B, …]`, zeros beyond a sequence's length, and the states after the last steps, layer by
  ///   layer.
  mutating func recurrent(
    _ x: String, _ weights: ExportWeights, _ kind: CellKind, _ steps: ExportedSteps,
    initial: [ExportedStates]? = nil
  ) throws(ExchangeError) -> (outputs: String, final: [ExportedStates]) {
    let name = weights.path.isEmpty ? "recurrent" : weights.path
    var current = x
    var finals: [ExportedStates] = []
    var layer = 0
    while weights.has("layers.\(layer).forward.cell.weightInput") {
      let directions = ["forward", "backward"].filter {
        weights.has("layers.\(layer).\($0).cell.weightInput")
      }
      let paths = directions.map { weights.below("layers.\(layer).\($0)") }
      let learned = try learnedStates(paths, steps, name: "\(name).\(layer)")
      let first = if let initial, layer < initial.count { initial[layer] } else { learned }
      let (outputs, final) = try self.layer(
        current, paths, name: "\(name).\(layer)", kind, steps, initial: first)
      current = outputs
      finals.append(final)
      layer += 1
    }
    guard layer > 0 else {
      throw ExchangeError(
        .damaged, file: weights.file, place: name, expected: "recurrent layers", found: "none")
    }
    return (current, finals)
  }

  /// The learned states of one layer before its first step, `[D, B, …]`; `nil`: there are none.
  private mutating func learnedStates(
    _ paths: [ExportWeights], _ steps: ExportedSteps, name: String
  ) throws(ExchangeError) -> ExportedStates? {
    guard paths[0].has("initialState.0") else { return nil }
    var parts: [String] = []
    for index in paths[0].has("initialState.1") ? [0, 1] : [0] {
      var rows: [Float] = []
      var width = 0
      for path in paths {
        let learned = try path.tensor("initialState.\(index)", rank: 2)
        width = learned.shape[1]
        rows += learned.elements
      }
      let table = try weight("\(name).initial.\(index)", Tensor(rows, shape: [paths.count, 1, width]))
      let shape = concatenated([list([paths.count]), steps.batch, list([width])], axis: 0)
      parts.append(apply("Expand", table, shape))
    }
    return ExportedStates(hidden: parts[0], cell: parts.count > 1 ? parts[1] : nil)
  }

  /// The states of all layers as one, `[layers · directions, batch, …]`; the layers are alike.
  mutating func joined(_ states: [ExportedStates]) -> ExportedStates {
    let cells = states.compactMap(\.cell)
    return ExportedStates(
      hidden: concatenated(states.map(\.hidden), axis: 0),
      cell: cells.isEmpty ? nil : concatenated(cells, axis: 0))
  }

  /// One layer of one direction or two.
  private mutating func layer(
    _ x: String, _ paths: [ExportWeights], name: String, _ kind: CellKind, _ steps: ExportedSteps,
    initial: ExportedStates?
  ) throws(ExchangeError) -> (outputs: String, final: ExportedStates) {
    var cells: [ExportCell] = []
    for path in paths { cells.append(try ExportCell(path.below("cell"), kind)) }
    guard case .node(let type, var attributes) = cells[0].form else {
      return try written(x, cells, name: name, steps, initial: initial)
    }
    let (directions, units) = (cells.count, cells[0].units)
    attributes.append(.integer("hidden_size", units))
    attributes.append(.string("direction", directions == 2 ? "bidirectional" : "forward"))
    if kind == .elmanReLU {
      attributes.append(.strings("activations", Array(repeating: "Relu", count: directions)))
    }
    func joined(_ parts: [Tensor], _ shape: Shape) -> Tensor {
      Tensor(parts.flatMap(\.elements), shape: shape)
    }
    let rows = kind.gates * units
    let w = try weight(
      name + ".W", joined(cells.map { $0.nodeInput(kind) }, [directions, rows, cells[0].input.shape[1]]))
    let r = try weight(name + ".R", joined(cells.map { $0.nodeRecurrent(kind) }, [directions, rows, units]))
    var biases: [Float] = []
    var peepholes: [Float] = []
    for cell in cells {
      biases += try cell.nodeBias(kind)
      if kind == .peepholeLSTM { peepholes += try cell.nodePeephole() }
    }
    let b = try weight(name + ".B", Tensor(biases, shape: [directions, 2 * rows]))
    var inputs: [String?] = [x, w, r, b, steps.lengths, initial?.hidden]
    if cells[0].hasMemory {
      inputs.append(initial?.cell)
      let shape: Shape = [directions, 3 * units]
      inputs.append(peepholes.isEmpty ? nil : try weight(name + ".P", Tensor(peepholes, shape: shape)))
    }
    let results = apply(type, inputs: inputs, outputs: cells[0].hasMemory ? 3 : 2, attributes: attributes)
    let y =
      directions == 1
      ? squeezed(results[0], [1]) : reshaped(transposed(results[0], [0, 2, 1, 3]), [0, 0, 2 * units])
    return (y, ExportedStates(hidden: results[1], cell: cells[0].hasMemory ? results[2] : nil))
  }

  /// A layer of a cell that ONNX does not have, by a Scan for each direction.
  private mutating func written(
    _ x: String, _ cells: [ExportCell], name: String, _ steps: ExportedSteps, initial: ExportedStates?
  ) throws(ExchangeError) -> (outputs: String, final: ExportedStates) {
    var outputs: [String] = []
    var hidden: [String] = []
    var memory: [String] = []
    for (index, cell) in cells.enumerated() {
      func start(_ given: String?, _ width: Int, _ builder: inout GraphBuilder) -> String {
        if let given { return builder.squeezed(builder.part(given, axis: 0, index..<index + 1), [0]) }
        let shape = builder.concatenated([steps.batch, builder.list([width])], axis: 0)
        return builder.apply("Expand", builder.number(0), shape)
      }
      let h = start(initial?.hidden, cell.outputs, &self)
      let c = start(initial?.cell, cell.units, &self)
      let body = try self.body("body") { inner throws(ExchangeError) in
        try inner.writeStep(cell, name: "\(name).\(index)")
      }
      let results = apply(
        "Scan", inputs: [h, c, x, steps.mask], outputs: 3,
        attributes: [
          body, .integer("num_scan_inputs", 2), .integers("scan_input_directions", [index, index]),
          .integers("scan_output_directions", [index]),
        ])
      hidden.append(unsqueezed(results[0], [0]))
      memory.append(unsqueezed(results[1], [0]))
      outputs.append(results[2])
    }
    return (
      concatenated(outputs, axis: 2),
      ExportedStates(hidden: concatenated(hidden, axis: 0), cell: concatenated(memory, axis: 0))
    )
  }

  /// A step of a cell; where a sequence has none, its state stays and its output is zeros.
  private mutating func writeStep(_ cell: ExportCell, name: String) throws(ExchangeError) {
    let (batch, outputs, units) = (Extent.named("batch"), cell.outputs, cell.units)
    let h = input("h", [batch, .fixed(outputs)])
    let c = input("c", [batch, .fixed(units)])
    let x = input("x", [batch, .fixed(cell.input.shape[1])])
    let mask = input("mask", [batch, .fixed(1)])
    let fromInput = try linear(x, name + ".input", weight: cell.input, bias: nil)
    let fromState = try linear(h, name + ".recurrent", weight: cell.recurrent, bias: nil)
    let bias = try weight(name + ".bias", cell.bias)
    let isNormal = if case .normalized = cell.form { true } else { false }
    let sum: String
    if isNormal {
      let first = normalized(
        fromInput, try weight(name + ".gainInput", try cell.weights.tensor("gainInput", rank: 1)))
      let second = normalized(
        fromState, try weight(name + ".gainRecurrent", try cell.weights.tensor("gainRecurrent", rank: 1)))
      sum = plus(plus(first, second), bias)
    } else {
      sum = plus(plus(fromInput, fromState), bias)
    }
    let gates = apply(
      "Split", inputs: [sum], outputs: 4, attributes: [.integer("axis", 1), .integer("num_outputs", 4)])
    let (i, f, o) = (apply("Sigmoid", gates[0]), apply("Sigmoid", gates[1]), apply("Sigmoid", gates[3]))
    let memory = plus(times(f, c), times(i, apply("Tanh", gates[2])))
    var shown = memory
    if isNormal {
      shown = plus(
        normalized(memory, try weight(name + ".gainCell", try cell.weights.tensor("gainCell", rank: 1))),
        try weight(name + ".biasCell", try cell.weights.tensor("biasCell", rank: 1)))
    }
    var output = times(o, apply("Tanh", shown))
    if !isNormal {
      output = try linear(
        output, name + ".projection", weight: try cell.weights.tensor("projection", rank: 2), bias: nil)
    }
    let kept = minus(number(1), mask)
    let nextHidden = plus(times(mask, output), times(kept, h))
    let nextMemory = plus(times(mask, memory), times(kept, c))
    self.output(nextHidden, as: "h_next", [batch, .fixed(outputs)])
    self.output(nextMemory, as: "c_next", [batch, .fixed(units)])
    self.output(times(mask, output), as: "y", [batch, .fixed(outputs)])
  }

  /// (x − μ)/√(σ² + ε) ⊙ γ over the last axis, with the ε of the library's cells.
  private mutating func normalized(_ x: String, _ gain: String) -> String {
    let keeps = [WireAttribute.integer("keepdims", 1)]
    let distance = minus(x, apply("ReduceMean", x, list([-1]), attributes: keeps))
    let variance = apply("ReduceMean", times(distance, distance), list([-1]), attributes: keeps)
    return times(over(distance, apply("Sqrt", plus(variance, number(1e-5)))), gain)
  }
}
