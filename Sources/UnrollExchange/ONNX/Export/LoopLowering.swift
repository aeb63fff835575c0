import UnrollCore

/// Loops over steps, as a Scan.
extension TraceWriter {
  /// Of what all steps read, and of the first state: what all steps give, and the last state.
  mutating func loop(
    _ node: TracedNode, _ loop: TracedLoop, _ order: StepOrder
  ) throws(ExchangeError) {
    let read = node.inputs.prefix(loop.inputs.count).map { value($0) }
    let first = node.inputs.dropFirst(loop.inputs.count).map { value($0) }
    guard let x = read.first else { throw refused("a loop that reads something at each step", "none") }
    let steps = try steps(order.layout, of: x)
    var scanned: [String] = []
    for value in read {
      let extents = steps.traced == nil ? [order.layout.timeSteps, order.layout.batch] : [value.rows.extent]
      scanned.append(try regrouped(value, to: extents + value.axes.dropFirst().map(\.extent)).name)
    }
    if let traced = steps.traced { scanned.append(try mask(of: traced)) }
    // What is made within the body is seen there alone.
    let (outer, known, knownZeros, knownMade) = (graph, values, zeros, made)
    graph = outer.beginBody()
    let results = try body(loop, steps, read: read, first: first)
    var whole = outer
    let body = whole.endBody(graph)
    (graph, values, zeros, made) = (whole, known, knownZeros, knownMade)
    let (states, outputs, scans) = (loop.next.count, loop.outputs.count, scanned.count)
    let direction = order.reversed ? 1 : 0
    let all = graph.apply(
      "Scan", inputs: first.map(\.name) + scanned, outputs: states + outputs,
      attributes: [
        body, .integer("num_scan_inputs", scans),
        .integers("scan_input_directions", Array(repeating: direction, count: scans)),
        .integers("scan_output_directions", Array(repeating: direction, count: outputs)),
      ])
    for (index, output) in results.outputs.enumerated() {
      let rest = output.axes.dropFirst()
      let time: TracedAxis = steps.traced.map { .free($0.name, $0.timeSteps) } ?? .fixed(steps.timeSteps)
      let result = GraphValue("", [steps.rows] + rest)
      let name = reshaped(
        all[states + index], [time] + output.dimensions, to: result.dimensions)
      set(node, name, result.axes, result: index)
    }
    for (index, state) in results.states.enumerated() {
      set(node, all[index], state.axes, result: outputs + index)
    }
  }

  /// A step; where a sequence has none, its state stays.
  private mutating func body(
    _ loop: TracedLoop, _ steps: GraphSteps, read: [GraphValue], first: [GraphValue]
  ) throws(ExchangeError) -> (states: [GraphValue], outputs: [GraphValue]) {
    for (tensor, value) in zip(loop.state, first) {
      let name = graph.input("state", value.dimensions, isNamed: false)
      values[TraceKey(tensor)] = GraphValue(name, value.axes)
    }
    for (tensor, value) in zip(loop.inputs, read) {
      let axes = [steps.sequences] + value.axes.dropFirst()
      let name = graph.input("step", axes.flatMap(\.dimensions), isNamed: false)
      values[TraceKey(tensor)] = GraphValue(name, axes)
    }
    let exists = steps.traced.map { _ in
      let mask = graph.input("exists", steps.sequences.dimensions + [.fixed(1)], isNamed: false)
      return graph.cast(mask, .bool)
    }
    try write(loop.nodes)
    var states: [GraphValue] = []
    for (old, new) in zip(loop.state, loop.next) {
      let (before, after) = (value(old), value(new))
      guard before.dimensions == after.dimensions else {
        throw refused("a state \(described(before)) after a step", described(after))
      }
      let next = exists.map { graph.apply("Where", $0, after.name, before.name) } ?? after.name
      graph.output(next, as: "next", before.dimensions, isNamed: false)
      states.append(before)
    }
    var outputs: [GraphValue] = []
    for tensor in loop.outputs {
      let output = value(tensor)
      graph.output(output.name, as: "output", output.dimensions, isNamed: false)
      outputs.append(output)
    }
    return (states, outputs)
  }
}
