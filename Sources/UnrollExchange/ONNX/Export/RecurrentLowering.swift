import UnrollCore

/// Recurrences as the nodes that ONNX has for them.
extension TraceWriter {
  /// Of x, W, R, b, h and, where the form has them, c and further weights.
  mutating func recurrence(
    _ node: TracedNode, _ form: RecurrentForm, _ order: StepOrder
  ) throws(ExchangeError) {
    let inputs = node.inputs
    let x = value(inputs[0])
    let steps = try steps(order.layout, of: x)
    guard inputs[1...3].allSatisfy(isConstant) else { throw refused("constant weights", "computed ones") }
    let cell = RecurrentNode(
      form, input: inputs[1], recurrent: inputs[2], bias: inputs[3],
      further: inputs.dropFirst(form.hasCell ? 6 : 5))
    let features = [TracedAxis.fixed(inputs[1].shape[1])]
    let time: [TracedAxis] = steps.hasTime ? steps.time : [.fixed(1)]
    let batch = steps.sequences.dimensions
    // ONNX counts sequences by one axis.
    let flat: [TracedAxis] = batch.count == 1 ? batch : [.free("\(batch)", steps.sequences.extent)]
    let read = reshaped(x.name, x.dimensions, to: time + flat + features)
    let units = [TracedAxis.fixed(cell.units)]
    func state(_ tensor: Tensor) -> String? {
      if isZero(tensor) { return nil }
      let state = value(tensor)
      return reshaped(state.name, state.dimensions, to: [.fixed(1)] + flat + units)
    }
    let path = pathOfCell(inputs[1])
    let lengths = try steps.traced.map { layout throws(ExchangeError) in try flatLengths(layout) }
    var attributes = cell.attributes
    attributes.append(.string("direction", order.reversed ? "reverse" : "forward"))
    var all: [String?] = [
      read, graph.tensor(path + ".W") { cell.w }, graph.tensor(path + ".R") { cell.r },
      graph.tensor(path + ".B") { cell.b }, lengths, state(inputs[4]),
    ]
    if form.hasCell { all.append(state(inputs[5])) }
    if let peephole = cell.peephole { all.append(graph.tensor(path + ".P") { peephole }) }
    let results = graph.apply(cell.type, inputs: all, outputs: form.hasCell ? 3 : 2, attributes: attributes)
    // `[T, directions, B, H]`, and the last states `[directions, B, H]`.
    let outputs = graph.squeezed(results[0], [1])
    set(
      node, reshaped(outputs, time + flat + units, to: steps.rows.dimensions + units), [steps.rows, units])
    for (index, state) in results.dropFirst().enumerated() {
      let last = reshaped(state, [.fixed(1)] + flat + units, to: batch + units)
      set(node, last, [steps.sequences, units], result: index + 1)
    }
  }

  /// The lengths of sequences in one axis, as recurrent nodes take them.
  private mutating func flatLengths(_ layout: TracedLayout) throws(ExchangeError) -> String {
    let key = "flat lengths \(layout.name)"
    if let known = made[key] { return known }
    let lengths = graph.cast(try lengths(of: layout), .int32)
    let flat =
      layout.sequences.dimensions.count == 1 ? lengths : graph.apply("Reshape", lengths, graph.list([-1]))
    made[key] = flat
    return flat
  }

  /// What the parts of a cell are called by.
  private mutating func pathOfCell(_ weight: Tensor) -> String {
    guard let name = trace.parameter(weight) else { return name(of: weight) }
    return name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
  }
}

extension GraphSteps {
  /// The axis of the steps.
  fileprivate var time: [TracedAxis] {
    traced.map { [.free($0.name, $0.timeSteps)] } ?? [.fixed(timeSteps)]
  }
}

extension RecurrentForm {
  fileprivate var hasCell: Bool { self == .lstm || self == .peepholeLSTM }
}

/// One direction of a recurrent layer with its weights in the order of ONNX.
private struct RecurrentNode {
  let type: String
  var attributes: [WireAttribute] = []
  /// H.
  let units: Int
  /// `[1, G·H, I]`.
  let w: Tensor
  /// `[1, G·H, H]`.
  let r: Tensor
  /// Wb and Rb, `[1, 2·G·H]`.
  let b: Tensor
  /// p in the order i, o, f, `[1, 3·H]`.
  var peephole: Tensor?

  init(_ form: RecurrentForm, input: Tensor, recurrent: Tensor, bias: Tensor, further: ArraySlice<Tensor>) {
    let units = recurrent.shape[1]
    self.units = units
    // For each gate of ONNX, its place in this library's order.
    let order: [Int32]
    switch form {
    case .elman(let activation):
      (type, order) = ("RNN", [0])
      if activation == .relu { attributes.append(.strings("activations", ["Relu"])) }
    case .lstm, .peepholeLSTM: (type, order) = ("LSTM", [0, 3, 1, 2])
    case .gru, .resetBeforeGRU:
      (type, order) = ("GRU", [1, 0, 2])
      if form == .gru { attributes.append(.integer("linear_before_reset", 1)) }
    }
    attributes.append(.integer("hidden_size", units))
    func ordered(_ x: Tensor, _ order: [Int32], _ shape: Shape) -> Tensor {
      Variable(x.reshaped(to: [order.count, x.shape.count / order.count])).gather(order).value
        .reshaped(to: shape)
    }
    let rows = order.count * units
    w = ordered(input, order, [1, rows, input.shape[1]])
    r = ordered(recurrent, order, [1, rows, units])
    var second = [Float](repeating: 0, count: rows)
    // Within the reset, the last of z, r and h.
    if form == .gru, let within = further.first {
      second.replaceSubrange((2 * units)..., with: within.elements)
    }
    b = Tensor(ordered(bias, order, [rows]).elements + second, shape: [1, 2 * rows])
    if form == .peepholeLSTM, let p = further.first { peephole = ordered(p, [0, 2, 1], [1, 3 * units]) }
  }
}
