import UnrollCore

/// Attention, each reader over the steps of its own sequence.
extension TraceWriter {
  /// Of the query, keys and values, and of additive scores the weights, what was covered, and its slope.
  ///
  /// A reader is a sequence, or a step of sequences that are as many.
  mutating func attention(
    _ node: TracedNode, _ form: AttentionForm, _ segments: RowSegments
  ) throws(ExchangeError) {
    let own = try readable(segments)
    let (keys, read) = (value(node.inputs[1]), value(node.inputs[2]))
    for value in [keys, read] where value.rows != [.steps(own)] {
      throw refused("the steps of \(own.name)", described(value))
    }
    let readers = try readers(node.inputs[0], of: own)
    let mask = try batchFirst("mask", own) { writer throws(ExchangeError) in
      let mask = try writer.mask(of: own)
      return GraphValue(mask, [[.steps(own)], [.fixed(1)]])
    }
    let k = try batchFirst("keys \(keys.name)", own) { _ in keys }
    let v = try batchFirst("values \(read.name)", own) { _ in read }
    // Scores `[B, Q, S]`.
    var scores: String
    switch form {
    case .dot(let scale):
      let readers = Readers(value: value(node.inputs[0]), time: readers.time)
      scores = graph.apply("MatMul", flat(readers, own), graph.transposed(k, [0, 2, 1]))
      if scale != 1 { scores = graph.apply("Mul", scores, graph.number(scale)) }
    case .additive:
      // Hidden `[B, Q, S, A]`.
      var sum = graph.unsqueezed(k, [1])
      if !isZero(node.inputs[0]) {
        sum = graph.apply("Add", sum, graph.unsqueezed(flat(readers, own), [2]))
      }
      if node.inputs.count > 4 {
        var covered = readers
        covered.value = value(node.inputs[4])
        let seen = graph.unsqueezed(flat(covered, own), [3])
        sum = graph.apply("Add", sum, graph.apply("Mul", seen, value(node.inputs[5]).name))
      }
      let weight = node.inputs[3]
      let column = graph.tensor(name(of: weight) + ".column") {
        weight.reshaped(to: [weight.shape.count, 1])
      }
      scores = graph.squeezed(graph.apply("MatMul", graph.apply("Tanh", sum), column), [3])
    }
    let exists = graph.transposed(mask, [0, 2, 1])
    let bounded = graph.apply("Add", graph.apply("Mul", scores, exists), away(exists))
    let weights = graph.apply("Mul", graph.softmax(bounded), exists)
    let context = graph.apply("MatMul", weights, v)
    let time = TracedAxis.free(own.name, own.timeSteps)
    for (index, (result, feature)) in [(context, read.axes[1]), (weights, [time])].enumerated() {
      set(node, back(result, readers, own, feature), [readers.value.rows, feature], result: index)
    }
  }

  /// Weights of readers that have not read.
  mutating func unread(_ node: TracedNode, _ segments: RowSegments) throws(ExchangeError) {
    let own = try readable(segments)
    guard node.results[0].shape[0] == own.sequences.extent else {
      throw refused("a reader for each sequence", "\(node.results[0].shape[0])")
    }
    zeros[node.results[0].key] = [own.sequences, [.free(own.name, own.timeSteps)]]
  }

  private func readable(_ segments: RowSegments) throws(ExchangeError) -> TracedLayout {
    guard let own = trace.layout(lengths: segments.origin) else {
      throw refused("sequences of lengths that are an input", "those of \(segments.origin.prefix(5)), …")
    }
    return own
  }

  /// Queries, and the steps that they are of, if they are more than one a sequence.
  private struct Readers {
    var value: GraphValue
    let time: TracedAxis?
  }

  private mutating func readers(_ query: Tensor, of own: TracedLayout) throws(ExchangeError) -> Readers {
    let value = isZero(query) ? GraphValue("", zeros[TraceKey(query)] ?? []) : value(query)
    if value.rows == own.sequences { return Readers(value: value, time: nil) }
    guard case .steps(let other)? = value.rows.first, value.rows.count == 1, other.sequences == own.sequences
    else { throw refused("a reader for each sequence, or for each of its steps", described(value)) }
    return Readers(value: value, time: .free(other.name, other.timeSteps))
  }

  /// A value of steps as `[B, S, F]`, with one axis for all sequences.
  private mutating func batchFirst(
    _ what: String, _ own: TracedLayout,
    _ make: (inout TraceWriter) throws(ExchangeError) -> GraphValue
  ) throws(ExchangeError) -> String {
    let key = "batch first \(what) of \(own.name)"
    if let known = made[key] { return known }
    let value = try make(&self)
    let time = TracedAxis.free(own.name, own.timeSteps)
    let readers = Readers(value: value, time: time)
    let name = flat(readers, own)
    made[key] = name
    return name
  }

  /// `[Q, …, F]` or `[…, F]`, with the axes of sequences in the middle, as `[B, Q, F]`.
  private mutating func flat(_ readers: Readers, _ own: TracedLayout) -> String {
    let dimensions = readers.value.dimensions
    let batch = flatBatch(own)
    let time: TracedAxis = readers.time ?? .fixed(1)
    guard let feature = dimensions.last else { return readers.value.name }
    let x = reshaped(readers.value.name, dimensions, to: [time, batch, feature])
    return graph.transposed(x, [1, 0, 2])
  }

  /// The opposite of `flat`.
  private mutating func back(
    _ x: String, _ readers: Readers, _ own: TracedLayout, _ feature: [TracedAxis]
  ) -> String {
    let time: TracedAxis = readers.time ?? .fixed(1)
    let turned = graph.transposed(x, [1, 0, 2])
    return reshaped(
      turned, [time, flatBatch(own)] + feature, to: readers.value.rows.dimensions + feature)
  }

  private func flatBatch(_ own: TracedLayout) -> TracedAxis {
    let batch = own.sequences.dimensions
    return batch.count == 1 ? batch[0] : .free("\(batch)", own.sequences.extent)
  }
}
