import UnrollCore

/// Writes what a network did as a graph: for each operation what the graph calls it.
///
/// Batch and time are free, because no operation is written by the numbers of the run that was recorded but by the axes
/// of its values. Where an operation would need such a number, such as a look-up by literal indices, it is refused by
/// name.
struct TraceWriter {
  let trace: TracedGraph
  /// What errors call the network.
  let file: String
  var graph: GraphBuilder
  /// What stands for the values of the network.
  var values: [TraceKey: GraphValue] = [:]
  /// Values that are 0 everywhere and are written where they are asked for alone.
  var zeros: [TraceKey: [[TracedAxis]]] = [:]
  /// The sequences whose lengths the graph is given.
  var sequences: [TracedLayout: GraphSequences] = [:]
  /// For each free axis, an input that has it, and where.
  var freeAxes: [String: (input: String, axis: Int, parts: Int)] = [:]
  /// What was made of lengths and extents, by what it is.
  var made: [String: String] = [:]
  /// The operation that is being written.
  private var operation = ""
  private var names: [TraceKey: String] = [:]

  init(_ trace: TracedGraph, name: String, file: String) {
    self.trace = trace
    self.file = file
    graph = GraphBuilder(name: name, ports: trace.inputs.map(\.name) + trace.outputs.map(\.name))
  }

  /// The bytes of a file.
  mutating func bytes(description: String) throws(ExchangeError) -> [UInt8] {
    for input in trace.inputs { read(input) }
    try write(Self.needed(trace.nodes, for: trace.outputs.map(\.value.key)))
    for (name, value) in trace.outputs { try give(name, value) }
    return try graph.bytes(description: description, file: file)
  }

  /// The operations that some values depend on.
  private static func needed(_ nodes: [TracedNode], for results: [TraceKey]) -> [TracedNode] {
    var wanted = Set(results)
    var needed: [TracedNode] = []
    for node in nodes.reversed() where node.results.contains(where: { wanted.contains($0.key) }) {
      needed.append(node)
      wanted.formUnion(node.reads)
    }
    return needed.reversed()
  }

  // MARK: - What is read and given

  private mutating func read(_ input: TracedInput) {
    let port = PortAxes(input.axes)
    let isFloat = if case .value(.tensor) = input.content { true } else { false }
    let name = graph.input(input.name, port.outside, isFloat ? .float : .int64)
    for (axis, part) in zip(port.outside, port.parts).enumerated() {
      if case .free(let name, let extent) = part.0, freeAxes[name] == nil,
        let own = part.1.first(where: { if case .free(name, _) = $0 { true } else { false } })
      {
        freeAxes[name] = (input.name, axis, extent / max(1, own.extent))
      }
    }
    let apart = reshaped(name, port.outside, to: port.parts.flatMap { $0 })
    let value = GraphValue(graph.transposed(apart, port.inward), input.axes)
    switch input.content {
    case .value(.tensor(let tensor)): values[TraceKey(tensor)] = value
    case .value(.indices(let indices)): values[TraceKey(indices)] = flat(value)
    case .lengths(let layout): sequences[layout] = .lengths(value.name)
    case .lists(let indices, let layout):
      sequences[layout] = .lists(value.name)
      values[indices.key] = GraphValue(graph.apply("Max", value.name, graph.whole(0)), input.axes)
    }
  }

  /// The same with one axis, of all.
  private mutating func flat(_ value: GraphValue) -> GraphValue {
    let result = GraphValue(value.name, [value.axes.flatMap { $0 }])
    return GraphValue(reshaped(value.name, value.dimensions, to: result.dimensions), result.axes)
  }

  private mutating func give(_ name: String, _ given: TracedValue) throws(ExchangeError) {
    operation = "output \(name)"
    var value = try self.value(given)
    let port = PortAxes(value.axes)
    var type = ONNXTensor.ElementType.float
    if case .indices = given { type = .int64 }
    if case .steps(let layout)? = value.rows.first, value.rows.count == 1 {
      // Beyond a sequence stands what is no number of the network's.
      let mask = try self.mask(of: layout)
      if type == .int64 {
        let exists = graph.squeezed(graph.cast(mask, .bool), [-1])
        value.name = graph.apply("Where", exists, value.name, graph.whole(-1))
      } else {
        value.name = masked(value, mask)
      }
    }
    let outward = graph.transposed(value.name, port.outward)
    let result = reshaped(outward, port.parts.flatMap { $0 }, to: port.outside)
    graph.output(result, as: name, port.outside, type)
  }

  // MARK: - Values

  /// What stands for a value: of a constant, its numbers.
  mutating func value(_ value: TracedValue) throws(ExchangeError) -> GraphValue {
    switch value {
    case .tensor(let tensor): return self.value(tensor)
    case .indices(let indices):
      guard let found = values[TraceKey(indices)] else {
        throw refused("an array that an operation made", "\(indices.count) numbers")
      }
      return found
    }
  }

  mutating func value(_ tensor: Tensor) -> GraphValue {
    let key = TraceKey(tensor)
    if let found = values[key] { return found }
    if let axes = zeros[key] {
      var value = GraphValue("", axes)
      value.name = expanded(graph.number(0), value.dimensions)
      values[key] = value
      return value
    }
    let axes = tensor.shape.extents.map { [TracedAxis.fixed($0)] }
    if tensor.shape.rank == 0 { return GraphValue(graph.number(tensor.doubles[0]), axes) }
    return GraphValue(graph.tensor(name(of: tensor)) { tensor }, axes)
  }

  /// Whether a value changes from run to run.
  func isConstant(_ tensor: Tensor) -> Bool {
    let key = TraceKey(tensor)
    return values[key] == nil && zeros[key] == nil
  }

  /// Whether a value is 0 everywhere.
  func isZero(_ tensor: Tensor) -> Bool {
    zeros[TraceKey(tensor)] != nil || (isConstant(tensor) && tensor.elements.allSatisfy { $0 == 0 })
  }

  /// What a constant is called: as the parameter that it is, or by a number.
  mutating func name(of tensor: Tensor) -> String {
    if let name = trace.parameter(tensor) ?? names[TraceKey(tensor)] { return name }
    let name = "constant.\(names.count)"
    names[TraceKey(tensor)] = name
    return name
  }

  func refused(_ expected: String, _ found: String) -> ExchangeError {
    ExchangeError(.unsupported, file: file, place: operation, expected: expected, found: found)
  }

  /// A result of an operation.
  ///
  /// - Parameter axes: of what its axes are made; the graph's value has one for each.
  mutating func set(_ node: TracedNode, _ name: String, _ axes: [[TracedAxis]], result: Int = 0) {
    var value = GraphValue(name, axes)
    value.name = reshaped(name, axes.flatMap(\.dimensions), to: value.dimensions)
    values[node.results[result].key] = value
  }

  // MARK: - Shapes

  /// The extent of a free axis, as a list of one number.
  mutating func extent(_ name: String) -> String {
    if let known = made["extent \(name)"] { return known }
    guard let (input, axis, parts) = freeAxes[name] else { return graph.list([1]) }
    let whole = graph.extent(input, axis: axis)
    let extent = parts == 1 ? whole : graph.apply("Div", whole, graph.list([parts]))
    made["extent \(name)"] = extent
    return extent
  }

  /// A shape, as a list.
  mutating func shape(_ dimensions: [TracedAxis]) -> String {
    var parts: [String] = []
    var fixed: [Int] = []
    for dimension in dimensions {
      if case .free(let name, _) = dimension {
        if !fixed.isEmpty { parts.append(graph.list(fixed)) }
        fixed = []
        parts.append(extent(name))
      } else {
        fixed.append(dimension.extent)
      }
    }
    if !fixed.isEmpty || parts.isEmpty { parts.append(graph.list(fixed)) }
    return graph.concatenated(parts, axis: 0)
  }

  /// The same elements along other axes.
  mutating func reshaped(_ x: String, _ from: [TracedAxis], to: [TracedAxis]) -> String {
    if from == to { return x }
    // 0 keeps the extent at the same place, −1 is whatever is left.
    var wanted = to.enumerated().map { place, axis -> Int? in
      if case .fixed(let extent) = axis { return extent }
      return place < from.count && from[place] == axis ? 0 : nil
    }
    let unknown = wanted.indices.filter { wanted[$0] == nil }
    if unknown.count == 1 { wanted[unknown[0]] = -1 }
    let extents = wanted.compactMap { $0 }
    return graph.apply("Reshape", x, extents.count == to.count ? graph.list(extents) : shape(to))
  }

  /// A value with its axes made of those of another shape.
  mutating func regrouped(_ value: GraphValue, to extents: [Int]) throws(ExchangeError) -> GraphValue {
    guard let axes = value.axes.flatMap({ $0 }).grouped(extents) else {
      throw refused("axes of \(value.axes.map(\.extent)) in groups", "a shape \(extents)")
    }
    let result = GraphValue(value.name, axes)
    return GraphValue(reshaped(value.name, value.dimensions, to: result.dimensions), axes)
  }

  /// A value repeated along what it has not.
  mutating func expanded(_ x: String, _ dimensions: [TracedAxis]) -> String {
    graph.apply("Expand", x, shape(dimensions))
  }

  // MARK: - Operations

  /// Writes operations, one after the other.
  mutating func write(_ nodes: [TracedNode]) throws(ExchangeError) {
    let outer = operation
    defer { operation = outer }
    for node in nodes {
      operation = node.operation.name
      try write(node)
      for result in node.results where zeros[result.key] == nil {
        guard let axes = values[result.key]?.axes, axes.map(\.extent) == result.shape.extents else {
          throw refused(
            "a result \(result.shape)", values[result.key].map { "\($0.axes.map(\.extent))" } ?? "none")
        }
      }
    }
  }

  private mutating func write(_ node: TracedNode) throws(ExchangeError) {
    switch node.operation {
    case .unary(let operation): try elementwise(node, operation)
    case .affine(let factor, let term): affine(node, factor, term)
    case .binary(let operation): try elementwise(node, operation)
    case .linear: try linear(node)
    case .matmul: try matmul(node)
    case .softmax: try softmax(node, logarithm: false)
    case .logSoftmax: try softmax(node, logarithm: true)
    case .sum(let axis, let keeps): try reduced(node, "ReduceSum", axis: axis, keepingAxis: keeps)
    case .maximum(let axis, let keeps): try reduced(node, "ReduceMax", axis: axis, keepingAxis: keeps)
    case .layerNorm(let epsilon): try layerNorm(node, epsilon)
    case .conv2d(let window, let groups, let relu):
      try convolution(node, window, groups: groups, relu: relu)
    case .maxPool2d(let window): try pooledPictures(node, window, isMean: false)
    case .meanPool2d(let window): try pooledPictures(node, window, isMean: true)
    case .zeroedBeyond(let axis, let layout): try zeroedBeyond(node, axis: axis, layout)
    case .reshaped:
      let x = value(node.inputs[0])
      let result = try regrouped(x, to: node.results[0].shape.extents)
      set(node, result.name, result.axes)
    case .rows(let range): try rows(node, range)
    case .columns(let range): try columns(node, range)
    case .concatenated(let axis): try concatenated(node, axis: axis)
    case .transposed(let first, let second): transposed(node, first, second)
    case .broadcast(let axis): broadcast(node, axis: axis)
    case .gather(let indices): try gather(node, indices)
    case .arrangingRows(let arrangement, let like): try arrange(node, arrangement, like)
    case .repeated(let like, let layout): try repeated(node, like, layout)
    case .meanOverSteps(let layout): try pooled(node, layout, isMean: true)
    case .maximumOverSteps(let layout): try pooled(node, layout, isMean: false)
    case .recurrence(let form, let order): try recurrence(node, form, order)
    case .attention(let form, let segments): try attention(node, form, segments)
    case .unread(let segments): try unread(node, segments)
    case .bestPath(let layout): try bestPath(node, layout)
    case .argmax(let axis): try argmax(node, axis: axis)
    case .loop(let loop, let order): try self.loop(node, loop, order)
    case .unnamed: throw refused("an operation that ONNX has", "one that it has not")
    }
  }
}

extension TracedNode {
  /// The values that an operation depends on, in a loop as well.
  var reads: [TraceKey] {
    var reads = inputs.map { TraceKey($0) } + operation.readsBeside.map(\.key)
    if case .loop(let loop, _) = operation {
      reads += loop.nodes.flatMap(\.reads) + (loop.outputs + loop.next).map { TraceKey($0) }
    }
    return reads
  }
}

extension TracedOperation {
  /// The operation in words.
  var name: String {
    if case .unnamed(let function) = self { return "operation \(function)" }
    return "operation \(Mirror(reflecting: self).children.first?.label ?? "\(self)")"
  }
}
