import UnrollCore

/// Operations on elements and along the last axis.
extension TraceWriter {
  mutating func elementwise(_ node: TracedNode, _ operation: UnaryOperation) throws(ExchangeError) {
    let x = value(node.inputs[0])
    let names: [UnaryOperation: String] = [
      .exp: "Exp", .log: "Log", .tanh: "Tanh", .sigmoid: "Sigmoid", .relu: "Relu", .softplus: "Softplus",
      .abs: "Abs", .sqrt: "Sqrt",
    ]
    let name = names[operation]
    set(node, name.map { graph.apply($0, x.name) } ?? graph.apply("Mul", x.name, x.name), x.axes)
  }

  mutating func affine(_ node: TracedNode, _ factor: Double, _ term: Double) {
    let x = value(node.inputs[0])
    var result = x.name
    if factor == -1 {
      result = graph.apply("Neg", result)
    } else if factor != 1 {
      result = graph.apply("Mul", result, graph.number(factor))
    }
    if term != 0 { result = graph.apply("Add", result, graph.number(term)) }
    set(node, result, x.axes)
  }

  /// a op b, b being of a's shape, one number, a row or a column, or a being one number.
  mutating func elementwise(_ node: TracedNode, _ operation: BinaryOperation) throws(ExchangeError) {
    let (a, b) = (value(node.inputs[0]), value(node.inputs[1]))
    let (own, other) = (a.dimensions, b.dimensions)
    let isColumn = other.count == own.count && other.last == .fixed(1)
    let isNumber = other.count <= own.count && other.allSatisfy { $0 == .fixed(1) }
    guard
      own.isEmpty || isNumber || other == own.suffix(other.count)
        || (isColumn && other.dropLast() == own.dropLast())
    else {
      throw refused("values over the same axes", "\(described(a)) and \(described(b))")
    }
    let names: [BinaryOperation: String] = [
      .add: "Add", .subtract: "Sub", .multiply: "Mul", .divide: "Div", .max: "Max", .min: "Min",
    ]
    set(node, graph.apply(names[operation] ?? "", a.name, b.name), own.isEmpty ? b.axes : a.axes)
  }

  func described(_ value: GraphValue) -> String {
    let axes = value.dimensions.map { if case .free(let name, _) = $0 { name } else { "\($0.extent)" } }
    return "[" + axes.joined(separator: ", ") + "]"
  }

  /// y = x Wᵀ + b over the last axis.
  mutating func linear(_ node: TracedNode) throws(ExchangeError) {
    let (x, weight) = (value(node.inputs[0]), node.inputs[1])
    let product = graph.apply("MatMul", x.name, turned(weight))
    let axes = x.axes.dropLast() + [[.fixed(weight.shape[0])]]
    guard node.inputs.count > 2 else { return set(node, product, Array(axes)) }
    set(node, graph.apply("Add", product, value(node.inputs[2]).name), Array(axes))
  }

  /// The transpose of a matrix: of one that is written anyhow by the graph, else beforehand.
  mutating func turned(_ matrix: Tensor) -> String {
    if isConstant(matrix) {
      let name = name(of: matrix)
      if !graph.hasTensor(name) {
        return graph.tensor(name + ".transposed") { Operators.permuted(ONNXTensor(matrix), [1, 0]).tensor }
      }
    }
    let key = "transpose \(value(matrix).name)"
    if let known = made[key] { return known }
    let transpose = graph.transposed(value(matrix).name, [1, 0])
    made[key] = transpose
    return transpose
  }

  /// a·b: of one matrix on the right, or of as many as on the left, one by one.
  mutating func matmul(_ node: TracedNode) throws(ExchangeError) {
    let (a, b) = (value(node.inputs[0]), value(node.inputs[1]))
    let (leading, inner) = (b.axes.dropLast(2), b.axes[b.axes.count - 2])
    guard inner == a.axes.last, inner.dimensions.count == 1, b.axes.last?.dimensions.count == 1,
      leading.isEmpty || (leading == a.axes.dropLast(2) && a.axes[a.axes.count - 2].dimensions.count == 1)
    else {
      throw refused("matrices over the same axes", "\(described(a)) and \(described(b))")
    }
    set(node, graph.apply("MatMul", a.name, b.name), a.axes.dropLast() + b.axes.suffix(1))
  }

  mutating func softmax(_ node: TracedNode, logarithm: Bool) throws(ExchangeError) {
    let x = value(node.inputs[0])
    guard x.axes.last?.dimensions.count == 1 else { throw refused("one last axis", described(x)) }
    set(node, graph.softmax(x.name, logarithm: logarithm), x.axes)
  }

  /// The place in the graph of an axis that has one there. Steps have two, and what stands beyond the sequences.
  private func place(_ axis: Int, of x: GraphValue) throws(ExchangeError) -> Int {
    guard x.axes[axis].dimensions.count == 1 else {
      throw refused("axis \(axis) to be no rows of several axes", described(x))
    }
    return x.axes[..<axis].flatMap(\.dimensions).count
  }

  /// One value of all along an axis.
  mutating func reduced(
    _ node: TracedNode, _ name: String, axis: Int, keepingAxis: Bool
  ) throws(ExchangeError) {
    let x = value(node.inputs[0])
    let result = graph.reduced(name, x.name, axis: try place(axis, of: x), keeps: keepingAxis)
    let kept: [[TracedAxis]] = keepingAxis ? [[.fixed(1)]] : []
    set(node, result, x.axes[..<axis] + kept + x.axes[(axis + 1)...])
  }

  /// The places of the largest along an axis, as one list.
  mutating func argmax(_ node: TracedNode, axis: Int) throws(ExchangeError) {
    let x = value(node.inputs[0])
    let result = graph.largest(x.name, axis: try place(axis, of: x))
    set(node, result, [(x.axes[..<axis] + x.axes[(axis + 1)...]).flatMap { $0 }])
  }

  /// (x − μ)/√(σ² + ε) ⊙ γ + β over the last axis.
  mutating func layerNorm(_ node: TracedNode, _ epsilon: Double) throws(ExchangeError) {
    let x = value(node.inputs[0])
    guard x.axes.last?.dimensions.count == 1 else { throw refused("one last axis", described(x)) }
    let distance = graph.apply("Sub", x.name, graph.reduced("ReduceMean", x.name, axis: -1, keeps: true))
    let square = graph.apply("Mul", distance, distance)
    let variance = graph.reduced("ReduceMean", square, axis: -1, keeps: true)
    let deviation = graph.apply("Sqrt", graph.apply("Add", variance, graph.number(epsilon)))
    var y = graph.apply("Mul", graph.apply("Div", distance, deviation), value(node.inputs[1]).name)
    if node.inputs.count > 2 { y = graph.apply("Add", y, value(node.inputs[2]).name) }
    set(node, y, x.axes)
  }
}
