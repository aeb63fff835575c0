import UnrollCore

/// The likeliest path through a linear chain (Viterbi).
extension TraceWriter {
  /// Of emissions, transitions, start and end: one Scan forwards that remembers where each tag came from, and one
  /// backwards along what was remembered.
  mutating func bestPath(_ node: TracedNode, _ layout: SequenceLayout) throws(ExchangeError) {
    let emissions = value(node.inputs[0])
    guard case .steps(let own)? = try steps(layout, of: emissions).rows.first else {
      throw refused("steps of sequences whose lengths are an input", described(emissions))
    }
    let count = emissions.axes[1].extent
    let (transitions, start, end) = (value(node.inputs[1]), value(node.inputs[2]), value(node.inputs[3]))
    let table = reshaped(transitions.name, transitions.dimensions, to: [.fixed(1)] + transitions.dimensions)
    let names = graph.list(Array(0..<count))
    let (mask, first) = (try mask(of: own), try mask(of: own, .first))
    let batch = own.sequences.dimensions
    let scores = batch + [.fixed(count)]
    let outer = graph
    graph = outer.beginBody()
    forwards(table, start.name, names, scores)
    let ahead = closeBody(outer)
    let zeros = expanded(graph.number(0), scores)
    let read = graph.apply(
      "Scan", inputs: [zeros, emissions.name, mask, first], outputs: 2,
      attributes: [ahead, .integer("num_scan_inputs", 3)])
    let last = graph.largest(graph.apply("Add", read[0], end.name), axis: -1)
    let middle = graph
    graph = middle.beginBody()
    backwards(names, batch, count)
    let back = closeBody(middle)
    let path = graph.apply(
      "Scan", inputs: [last, read[1]], outputs: 2,
      attributes: [
        back, .integer("num_scan_inputs", 1), .integers("scan_input_directions", [1]),
        .integers("scan_output_directions", [1]),
      ])[1]
    set(node, path, [emissions.rows])
  }

  private mutating func closeBody(_ outer: GraphBuilder) -> WireAttribute {
    var whole = outer
    let body = whole.endBody(graph)
    graph = whole
    return body
  }

  /// From the scores of the tags of a step to those of the next, and from which tag each came.
  private mutating func forwards(
    _ transitions: String, _ start: String, _ names: String, _ axes: [TracedAxis]
  ) {
    let batch = axes.dropLast()
    let before = graph.input("before", axes, isNamed: false)
    let scores = graph.input("scores", axes, isNamed: false)
    let mask = graph.input("mask", batch + [.fixed(1)], isNamed: false)
    let first = graph.input("first", batch + [.fixed(1)], isNamed: false)
    // `[…, from, to]`.
    let all = graph.apply("Add", graph.unsqueezed(before, [-1]), transitions)
    let best = graph.reduced("ReduceMax", all, axis: -2)
    let from = graph.largest(all, axis: -2)
    let begun = graph.apply("Where", graph.cast(first, .bool), start, best)
    let next = graph.apply("Where", graph.cast(mask, .bool), graph.apply("Add", begun, scores), before)
    // Where no step was made, a tag came from itself.
    let moved = graph.cast(graph.apply("Sub", mask, first), .bool)
    let came = graph.apply("Where", moved, from, names)
    graph.output(next, as: "after", axes, isNamed: false)
    graph.output(came, as: "came", axes, .int64, isNamed: false)
  }

  /// From the tag of a step to the one before.
  private mutating func backwards(_ names: String, _ batch: [TracedAxis], _ count: Int) {
    let tag = graph.input("tag", batch, .int64, isNamed: false)
    let came = graph.input("came", batch + [.fixed(count)], .int64, isNamed: false)
    let isOwn = graph.cast(graph.apply("Equal", graph.unsqueezed(tag, [-1]), names), .int64)
    let before = graph.reduced("ReduceSum", graph.apply("Mul", came, isOwn), axis: -1)
    graph.output(before, as: "before", batch, .int64, isNamed: false)
    graph.output(tag, as: "shown", batch, .int64, isNamed: false)
  }
}
