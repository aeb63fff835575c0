import UnrollCore

/// Attention, each reader over the steps of its own sequence.
extension TraceWriter {
  /// What is read.
  private struct Memory {
    /// The axes by which sequences are counted, and that of their steps.
    let sequences: [TracedAxis]
    let time: TracedAxis
    /// `nil`: all sequences are as long.
    let layout: TracedLayout?

    /// One axis for all sequences.
    var batch: TracedAxis {
      let axes = sequences.dimensions
      return axes.count == 1 ? axes[0] : .free("\(axes)", sequences.extent)
    }
  }

  /// Queries, and the axis of the steps that they are of, if they are more than one a sequence.
  private struct Readers {
    let value: GraphValue
    let time: TracedAxis?
  }

  /// Of the query, keys and values, and of additive scores the weights, what was covered, and its slope.
  ///
  /// A reader is a sequence, or a step of sequences that are as many.
  mutating func attention(
    _ node: TracedNode, _ form: AttentionForm, _ segments: RowSegments
  ) throws(ExchangeError) {
    let (keys, read) = (value(node.inputs[1]), value(node.inputs[2]))
    let memory = try memory(segments, keys)
    guard read.rows == keys.rows else { throw refused("a value for each key", described(read)) }
    let readers = try readers(node.inputs[0], of: memory)
    let (k, v) = (batchFirst(keys, memory), batchFirst(read, memory))
    // Scores `[B, Q, S]`.
    var scores: String
    switch form {
    case .dot(let scale):
      let query = batchFirst(value(node.inputs[0]), readers, memory)
      scores = graph.apply("MatMul", query, graph.transposed(k, [0, 2, 1]))
      if scale != 1 { scores = graph.apply("Mul", scores, graph.number(scale)) }
    case .additive:
      // Hidden `[B, Q, S, A]`.
      var sum = graph.unsqueezed(k, [1])
      if !isZero(node.inputs[0]) {
        let query = batchFirst(readers.value, readers, memory)
        sum = graph.apply("Add", sum, graph.unsqueezed(query, [2]))
      }
      if node.inputs.count > 4 {
        let covered = batchFirst(value(node.inputs[4]), readers, memory)
        let slope = value(node.inputs[5]).name
        sum = graph.apply("Add", sum, graph.apply("Mul", graph.unsqueezed(covered, [3]), slope))
      }
      let weight = node.inputs[3]
      let column = graph.tensor(name(of: weight) + ".column") {
        weight.reshaped(to: [weight.shape.count, 1])
      }
      scores = graph.squeezed(graph.apply("MatMul", graph.apply("Tanh", sum), column), [3])
    }
    let weights = try probabilities(scores, memory)
    let context = graph.apply("MatMul", weights, v)
    for (index, (result, feature)) in [(context, read.axes[1]), (weights, [memory.time])].enumerated() {
      let turned = graph.transposed(result, [1, 0, 2])
      let name = reshaped(
        turned, [readers.time ?? .fixed(1), memory.batch] + feature,
        to: readers.value.rows.dimensions + feature)
      set(node, name, [readers.value.rows, feature], result: index)
    }
  }

  /// Weights of readers that have not read.
  mutating func unread(_ node: TracedNode, _ segments: RowSegments) throws(ExchangeError) {
    guard let layout = trace.layout(lengths: segments.origin),
      node.results[0].shape[0] == layout.sequences.extent
    else { throw refused("a reader for each sequence", "\(node.results[0].shape)") }
    zeros[node.results[0].key] = [layout.sequences, [.free(layout.name, layout.timeSteps)]]
  }

  private func memory(_ segments: RowSegments, _ keys: GraphValue) throws(ExchangeError) -> Memory {
    if let layout = trace.layout(lengths: segments.origin), keys.rows == [.steps(layout)] {
      return Memory(
        sequences: layout.sequences, time: .free(layout.name, layout.timeSteps), layout: layout)
    }
    let (count, width) = (segments.origin.count, segments.width)
    guard segments.origin.allSatisfy({ $0 == width }), let parts = keys.rows.grouped([count, width])
    else {
      throw refused("steps of sequences whose lengths are an input, or all alike", described(keys))
    }
    return Memory(sequences: parts[0].merged, time: .fixed(width), layout: nil)
  }

  private mutating func readers(_ query: Tensor, of memory: Memory) throws(ExchangeError) -> Readers {
    let value = isZero(query) ? GraphValue("", zeros[TraceKey(query)] ?? []) : value(query)
    if value.rows == memory.sequences { return Readers(value: value, time: nil) }
    guard case .steps(let other)? = value.rows.first, value.rows.count == 1,
      other.sequences == memory.sequences
    else { throw refused("a reader for each sequence, or for each of its steps", described(value)) }
    return Readers(value: value, time: .free(other.name, other.timeSteps))
  }

  /// Steps as `[B, S, F]`.
  private mutating func batchFirst(_ x: GraphValue, _ memory: Memory) -> String {
    let key = "batch first \(x.name)"
    if let known = made[key] { return known }
    let features = x.axes.dropFirst().flatMap(\.dimensions)
    let result: String
    if memory.layout == nil {
      result = reshaped(x.name, x.dimensions, to: [memory.batch, memory.time] + features)
    } else {
      let flat = reshaped(x.name, x.dimensions, to: [memory.time, memory.batch] + features)
      result = graph.transposed(flat, [1, 0, 2])
    }
    made[key] = result
    return result
  }

  /// What readers have, as `[B, Q, F]`.
  private mutating func batchFirst(_ x: GraphValue, _ readers: Readers, _ memory: Memory) -> String {
    let features = x.axes.dropFirst().flatMap(\.dimensions)
    let flat = reshaped(
      x.name, x.dimensions, to: [readers.time ?? .fixed(1), memory.batch] + features)
    return graph.transposed(flat, [1, 0, 2])
  }

  /// softmax of scores `[B, Q, S]` over the steps that exist, 0 elsewhere.
  private mutating func probabilities(
    _ scores: String, _ memory: Memory
  ) throws(ExchangeError) -> String {
    guard let layout = memory.layout else { return graph.softmax(scores) }
    let mask = GraphValue(try mask(of: layout), [[.steps(layout)], [.fixed(1)]])
    let exists = graph.transposed(batchFirst(mask, memory), [0, 2, 1])
    let bounded = graph.apply("Add", graph.apply("Mul", scores, exists), away(exists))
    return graph.apply("Mul", graph.softmax(bounded), exists)
  }
}
