/// How well a key fits a query.
package enum AttentionScore: Sendable {
  /// e = scale · k·q.
  case dot(scale: Double)
  /// e = v·tanh(k + q + c·u) with v, u `[A]` and c `[readers, steps]` what was read before; without c: tanh(k + q).
  case additive(weight: Variable, covered: Variable?, slope: Variable?)

  fileprivate var form: AttentionForm {
    switch self {
    case .dot(let scale): .dot(scale: scale)
    case .additive: .additive
    }
  }

  fileprivate var inputs: [Variable] {
    switch self {
    case .dot: []
    case .additive(let weight, let covered, let slope): [weight, covered, slope].compactMap { $0 }
    }
  }
}

extension Variable {
  /// One step of attention: a = softmax of the scores over the rows of a reader's own sequence, context = Σ aₛ vₛ.
  ///
  ///     da = V·dcontext + da′      de = a ⊙ (da − Σ a⊙da)      dV += a ⊗ dcontext
  ///
  /// and dk, dq, dv, du, dc from de. The gradients of keys and values are added in place: a step costs what its
  /// own arithmetic costs, however many steps there are.
  ///
  /// - Parameters:
  ///   - query: `[readers, A]`.
  ///   - keys: `[N, A]`, sequence by sequence.
  ///   - values: `[N, V]`.
  /// - Returns: context `[readers, V]` and weights `[readers, segments.width]`; zeros for an empty sequence and
  ///   beyond the end of one.
  /// - Throws: `ShapeError` when the shapes do not fit.
  package static func attention(
    query: Variable, keys: Variable, values: Variable, score: AttentionScore, segments: RowSegments
  ) throws(ShapeError) -> (context: Variable, weights: Variable) {
    let (keys, values) = matched(keys, values)
    let query = query.promoted(to: keys.value.precision)
    let step = try AttentionStep(
      query: query, keys: keys, values: values, score: score, segments: segments)
    let (context, weights) = step.forward()
    let results = record(
      [context, weights], from: [query, keys, values] + score.inputs, as: .attention(score.form, segments)
    ) { results, gradients in
      step.backward(dcontext: results[0], dweights: results[1], weights: weights, &gradients)
    }
    return (results[0], results[1])
  }
}

/// The operands of one step of attention, and its two directions.
private struct AttentionStep: Sendable {
  let query: Variable
  let keys: Variable
  let values: Variable
  let score: AttentionScore
  let segments: RowSegments

  init(
    query: Variable, keys: Variable, values: Variable, score: AttentionScore, segments: RowSegments
  ) throws(ShapeError) {
    self.query = query
    self.keys = keys
    self.values = values
    self.score = score
    self.segments = segments
    let features = keys.shape.columns
    guard query.shape == [segments.count, features] else {
      throw ShapeError(
        place: "attention.query", expected: "[\(segments.count), \(features)]", found: query.shape)
    }
    guard keys.shape.rank == 2, values.shape.rank == 2, keys.shape[0] == values.shape[0] else {
      throw ShapeError(
        place: "attention.values", expected: "[\(keys.shape.rows), …]", found: values.shape)
    }
    if let (start, length) = zip(segments.starts, segments.lengths).first(where: {
      $0 + $1 > keys.shape[0]
    }) {
      throw ShapeError(place: "attention.keys", expected: "[\(start + length), …]", found: keys.shape)
    }
    guard case .additive(let weight, let covered, let slope) = score else { return }
    guard weight.shape.count == features else {
      throw ShapeError(place: "attention.weight", expected: "[\(features)]", found: weight.shape)
    }
    if let covered, covered.shape != [segments.count, segments.width] || slope?.shape.count != features {
      throw ShapeError(
        place: "attention.covered",
        expected: "[\(segments.count), \(segments.width)] and a slope [\(features)]", found: covered.shape)
    }
  }

  private var features: Int { keys.shape.columns }
  private var depth: Int { values.shape.columns }
  private var precision: Precision { query.value.precision }
  private var stride: Int { precision.stride }

  private func row(_ tensor: Tensor, _ index: Int, _ columns: Int) -> UnsafeRawPointer {
    tensor.address + index * columns * stride
  }
  private func mutableRow(_ tensor: Tensor, _ index: Int, _ columns: Int) -> UnsafeMutableRawPointer {
    tensor.mutableAddress + index * columns * stride
  }

  func forward() -> (context: Tensor, weights: Tensor) {
    let width = segments.width
    let table = Kernels.serving(precision).table
    let context = Tensor(uninitialized: [segments.count, depth], precision: precision)
    let weights = Tensor(repeating: 0, shape: [segments.count, width], precision: precision)
    segments.split(columns: features + depth) { reader in
      let (start, length) = (segments.starts[reader], segments.lengths[reader])
      let own = mutableRow(weights, reader, width)
      let (k, q) = (row(keys.value, start, features), row(query.value, reader, features))
      switch score {
      case .dot(let scale):
        table.pointee.row_sums(k, features, q, 0, length, features, own)
        if scale != 1 { table.pointee.affine(scale, 0, own, own, length) }
      case .additive(let weight, let covered, let slope):
        table.pointee.additive_scores(
          k, q, weight.value.address, covered.map { row($0.value, reader, width) },
          covered == nil ? nil : slope?.value.address, length, features, own)
      }
      if length > 0 { table.pointee.softmax(own, own, 1, length) }
      table.pointee.weighted_sum(
        own, row(values.value, start, depth), depth, length, depth, mutableRow(context, reader, depth))
    }
    return (context, weights)
  }

  func backward(
    dcontext: Tensor?, dweights: Tensor?, weights: Tensor, _ gradients: inout GradientTable
  ) {
    let width = segments.width
    let table = Kernels.serving(precision).table
    let de = Tensor(uninitialized: [segments.count, width], precision: precision)
    segments.split(columns: depth) { reader in
      let length = segments.lengths[reader]
      let own = mutableRow(de, reader, width)
      if let dcontext {
        table.pointee.row_sums(
          row(values.value, segments.starts[reader], depth), depth, row(dcontext, reader, depth), 0, length,
          depth, own)
      } else {
        own.initializeMemory(as: UInt8.self, repeating: 0, count: length * stride)
      }
      if let dweights { table.pointee.add_scaled(1, row(dweights, reader, width), own, length) }
      table.pointee.softmax_gradient(own, row(weights, reader, width), own, 1, length)
    }
    if let dcontext {
      gradients.update(values) { sum in
        addOuter(1, weights, width, dcontext, depth, to: sum)
      }
    }
    switch score {
    case .dot(let scale): dot(scale, de, &gradients)
    case .additive(let weight, let covered, let slope):
      additive(weight, covered, covered == nil ? nil : slope, de, &gradients)
    }
  }

  /// sum[rows of the reader's sequence] += scale · a ⊗ b.
  private func addOuter(
    _ scale: Double, _ a: Tensor, _ width: Int, _ b: Tensor, _ columns: Int, to sum: Tensor
  ) {
    let table = Kernels.serving(precision).table
    segments.split(columns: columns, alone: !segments.areDisjoint) { reader in
      table.pointee.add_outer(
        scale, row(a, reader, width), row(b, reader, columns), segments.lengths[reader], columns,
        mutableRow(sum, segments.starts[reader], columns), columns)
    }
  }

  private func dot(_ scale: Double, _ de: Tensor, _ gradients: inout GradientTable) {
    if query.tape != nil {
      let table = Kernels.serving(precision).table
      let dq = Tensor(uninitialized: query.shape, precision: precision)
      segments.split(columns: features) { reader in
        let own = mutableRow(dq, reader, features)
        table.pointee.weighted_sum(
          row(de, reader, segments.width), row(keys.value, segments.starts[reader], features), features,
          segments.lengths[reader], features, own)
        if scale != 1 { table.pointee.affine(scale, 0, own, own, features) }
      }
      gradients.add(dq, to: query)
    }
    gradients.update(keys) { sum in
      addOuter(scale, de, segments.width, query.value, features, to: sum)
    }
  }

  private func additive(
    _ weight: Variable, _ covered: Variable?, _ slope: Variable?, _ de: Tensor,
    _ gradients: inout GradientTable
  ) {
    let width = segments.width
    let table = Kernels.serving(precision).table
    // What all readers share is kept apart by reader and summed in their order: no bit depends on threads.
    let dq = Tensor(uninitialized: query.shape, precision: precision)
    let dv = Tensor(uninitialized: query.shape, precision: precision)
    let du = slope.map { _ in Tensor(uninitialized: query.shape, precision: precision) }
    let dc = covered.map { Tensor(repeating: 0, shape: $0.shape, precision: precision) }
    func run(_ dk: Tensor?) {
      segments.split(columns: features, alone: dk != nil && !segments.areDisjoint) { reader in
        let start = segments.starts[reader]
        table.pointee.additive_gradient(
          row(keys.value, start, features), row(query.value, reader, features), weight.value.address,
          covered.map { row($0.value, reader, width) }, slope?.value.address, row(de, reader, width),
          segments.lengths[reader], features, dk.map { mutableRow($0, start, features) },
          mutableRow(dq, reader, features), mutableRow(dv, reader, features),
          du.map { mutableRow($0, reader, features) }, dc.map { mutableRow($0, reader, width) })
      }
    }
    if keys.tape == nil { run(nil) }
    gradients.update(keys) { sum in run(sum) }
    gradients.add(dq, to: query)
    gradients.add(Kernels.columnSums(dv, columns: features), to: weight)
    if let slope, let du { gradients.add(Kernels.columnSums(du, columns: features), to: slope) }
    if let covered, let dc { gradients.add(dc, to: covered) }
  }
}
