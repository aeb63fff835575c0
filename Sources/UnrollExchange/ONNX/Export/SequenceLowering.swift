import UnrollCore

/// What the graph is given of sequences of unequal lengths.
enum GraphSequences {
  /// The length of each.
  case lengths(String)
  /// Their symbols, −1 beyond their ends.
  case lists(String)
}

/// The steps of packed rows, as axes of the graph.
struct GraphSteps {
  /// The sequences whose lengths the graph is given; `nil`: all have the steps that are said here.
  let traced: TracedLayout?
  let timeSteps: Int
  /// The axes by which sequences are counted.
  let sequences: [TracedAxis]
  /// The axes of all steps.
  let rows: [TracedAxis]

  /// Whether the graph has an axis of the steps; of one step for sure it has none.
  var hasTime: Bool { traced != nil || timeSteps > 1 }
}

/// Layouts, masks and pooling.
extension TraceWriter {
  /// The sequences of a layout whose lengths the graph is given.
  func stepped(_ layout: SequenceLayout) throws(ExchangeError) -> TracedLayout {
    guard let traced = trace.layout(layout) else {
      throw refused("a layout of lengths that are an input", "one of \(layout.lengths.prefix(5)), …")
    }
    return traced
  }

  /// The steps of a layout, as x has them.
  func steps(_ layout: SequenceLayout, of x: GraphValue) throws(ExchangeError) -> GraphSteps {
    if let traced = trace.layout(layout) {
      guard x.rows == [.steps(traced)] else {
        throw refused("the steps of \(traced.name)", described(x))
      }
      return GraphSteps(
        traced: traced, timeSteps: layout.timeSteps, sequences: traced.sequences, rows: x.rows)
    }
    guard layout.isUniform, let parts = x.rows.grouped([layout.timeSteps, layout.batch]) else {
      throw refused(
        "a layout of lengths that are an input, or all alike", "one of \(layout.lengths.prefix(5)), …")
    }
    return GraphSteps(traced: nil, timeSteps: layout.timeSteps, sequences: parts[1].merged, rows: x.rows)
  }

  /// Something that is made of lengths once.
  private mutating func once(
    _ what: String, _ make: (inout TraceWriter) throws(ExchangeError) -> String
  ) throws(ExchangeError) -> String {
    if let known = made[what] { return known }
    let name = try make(&self)
    made[what] = name
    return name
  }

  /// The numbers of the steps, `[T, 1, …]`, one axis for each by which sequences are counted.
  private mutating func numbers(of layout: TracedLayout) throws(ExchangeError) -> String {
    try once("numbers \(layout.name)") { writer in
      let time = writer.graph.squeezed(writer.extent(layout.name), [0])
      let range = writer.graph.apply("Range", writer.graph.whole(0), time, writer.graph.whole(1))
      let axes = layout.sequences.dimensions.indices.map { $0 + 1 }
      return writer.graph.unsqueezed(range, axes)
    }
  }

  /// The lengths of sequences, by the axes by which they are counted, 64 bits.
  mutating func lengths(of layout: TracedLayout) throws(ExchangeError) -> String {
    switch sequences[layout] {
    case .lengths(let name): return name
    case .lists(let name):
      return try once("lengths \(layout.name)") { writer in
        let exists = writer.graph.apply("GreaterOrEqual", name, writer.graph.whole(0))
        return writer.graph.reduced("ReduceSum", writer.graph.cast(exists, .int64), axis: 0)
      }
    case nil:
      return try once("lengths \(layout.name)") { writer throws(ExchangeError) in
        guard let found = try writer.windowedLengths(layout) else {
          throw writer.refused("lengths of \(layout.name) as an input", "none")
        }
        return found
      }
    }
  }

  /// 1 where a step exists, or where it is the last or the first of its sequence, else 0: `[T, …, 1]`.
  mutating func mask(
    of layout: TracedLayout, _ map: LayoutMap? = nil
  ) throws(ExchangeError) -> String {
    try once("mask \(layout.name) \(map.map { "\($0)" } ?? "")") { writer throws(ExchangeError) in
      let numbers = try writer.numbers(of: layout)
      let lengths = try writer.lengths(of: layout)
      let condition =
        switch map {
        case .last:
          writer.graph.apply(
            "Equal", numbers, writer.graph.apply("Sub", lengths, writer.graph.whole(1)))
        case .first:
          writer.graph.apply(
            "Equal",
            writer.graph.apply("Max", numbers, writer.graph.apply("Sub", writer.graph.whole(1), lengths)),
            writer.graph.whole(0))
        default: writer.graph.apply("Less", numbers, lengths)
        }
      return writer.graph.unsqueezed(writer.graph.cast(condition, .float), [-1])
    }
  }

  /// A value of steps times a mask.
  mutating func masked(_ x: GraphValue, _ mask: String) -> String {
    let features = x.axes.dropFirst().flatMap(\.dimensions).count
    return graph.apply(
      "Mul", x.name, graph.unsqueezed(mask, (1..<max(1, features)).map { -1 - $0 }))
  }

  /// The mean or the largest of each feature over the steps of each sequence; zeros where there is none.
  mutating func pooled(
    _ node: TracedNode, _ layout: SequenceLayout, isMean: Bool
  ) throws(ExchangeError) {
    let x = value(node.inputs[0])
    let steps = try steps(layout, of: x)
    let axes = [steps.sequences] + x.axes.dropFirst()
    guard steps.hasTime else { return set(node, x.name, axes) }
    guard let traced = steps.traced else {
      let apart = try regrouped(x, to: [layout.timeSteps, layout.batch] + x.axes.dropFirst().map(\.extent))
      return set(node, graph.reduced(isMean ? "ReduceMean" : "ReduceMax", apart.name, axis: 0), axes)
    }
    let mask = try mask(of: traced)
    let lengths = graph.unsqueezed(graph.cast(try self.lengths(of: traced), .float), [-1])
    let own = masked(x, mask)
    if isMean {
      let count = graph.apply("Max", lengths, graph.number(1))
      set(node, graph.apply("Div", graph.reduced("ReduceSum", own, axis: 0), count), axes)
    } else {
      let top = graph.reduced("ReduceMax", graph.apply("Add", own, away(mask)), axis: 0)
      let exists = graph.apply("Min", lengths, graph.number(1))
      set(node, graph.apply("Mul", top, exists), axes)
    }
  }

  /// 0 where a mask is 1, far below everything where it is 0.
  mutating func away(_ mask: String) -> String {
    graph.apply("Mul", graph.apply("Sub", mask, graph.number(1)), graph.number(1e30))
  }
}
