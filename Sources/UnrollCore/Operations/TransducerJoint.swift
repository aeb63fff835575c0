extension Variable {
  /// The loss of a transducer whose logits are made and forgotten a few nodes at a time:
  ///
  ///     h(t, u) = tanh(f_t + g_u)      x(t, u) = W·h(t, u) + b      y = −ln p(labels), see `transducer`
  ///     dh = dxᵀ·W ⊙ (1 − h²)         df_t = Σ_u dh(t, u)          dg_u = Σ_t dh(t, u)
  ///
  /// Nodes are as many as steps times labels, so their logits are the largest tensor of such a network by far. They are
  /// made anew on the way back, for about half as much work again, and are never all there.
  ///
  /// - Parameters:
  ///   - encoded: f `[·, J]`, the steps of each sequence at `steps`.
  ///   - predicted: g `[·, J]`, of each sequence the vector before its first label and that after each, at `readers`.
  ///   - weight: W `[K, J]`.
  ///   - bias: b `[K]`.
  ///   - targets: for each sequence its labels, each below K and none the blank.
  /// - Returns: `[B]`; 0 for a sequence without steps.
  /// - Throws: `ShapeError` when the shapes do not fit.
  package static func transducer(
    encoded: Variable, steps: SequenceRows, predicted: Variable, readers: SequenceRows, weight: Variable,
    bias: Variable, targets: [[Int32]], blank: Int32
  ) throws(ShapeError) -> Variable {
    let joint = try TransducerJoint(
      encoded: encoded, steps: steps, predicted: predicted, readers: readers, weight: weight, bias: bias,
      targets: targets, blank: blank)
    let inputs = [encoded, predicted, weight, bias]
    let (losses, kept) = joint.forward(wantsShares: inputs.contains { $0.tape != nil })
    guard let kept else { return Variable(losses) }
    return record(losses, from: inputs) { dy, gradients in
      joint.backward(kept.scores, kept.shares, weights: dy.doubles, &gradients)
    }
  }
}

/// The joint network of a transducer over all nodes of a batch, some nodes at a time.
private struct TransducerJoint: Sendable {
  let encoded: Variable
  let predicted: Variable
  let weight: Variable
  let bias: Variable
  let steps: [[Int32]]
  let readers: [[Int32]]
  let lattices: TransducerTargets
  let kernels: Kernels
  let precision: Precision

  init(
    encoded: Variable, steps: SequenceRows, predicted: Variable, readers: SequenceRows, weight: Variable,
    bias: Variable, targets: [[Int32]], blank: Int32
  ) throws(ShapeError) {
    let joint = weight.shape.columns
    for (place, input, rows) in [("encoded", encoded, steps), ("predicted", predicted, readers)] {
      guard input.shape.rank >= 2, input.shape.rows == rows.count, input.shape.columns == joint else {
        throw ShapeError(
          place: "transducer.\(place)", expected: "[\(rows.count), \(joint)]", found: input.shape)
      }
    }
    guard bias.shape.count == weight.shape.rows else {
      throw ShapeError(place: "transducer.bias", expected: "[\(weight.shape.rows)]", found: bias.shape)
    }
    lattices = try TransducerTargets(
      targets, blank: blank, lengths: steps.lengths, classes: weight.shape.rows, place: "transducer")
    guard readers.lengths == targets.map({ $0.count + 1 }) else {
      throw ShapeError(
        place: "transducer.predicted", expected: "a row more than labels for each sequence",
        found: Shape(readers.lengths))
    }
    self.encoded = encoded
    self.predicted = predicted
    self.weight = weight
    self.bias = bias
    self.steps = steps.bySequence
    self.readers = readers.bySequence
    precision = encoded.value.precision
    kernels = Kernels.serving(precision)
  }

  private var joint: Int { weight.shape.columns }
  private var classes: Int { weight.shape.rows }

  /// Some steps of a sequence with all of its nodes.
  private struct Part {
    let sequence: Int
    let steps: Range<Int>
    let firstNode: Int
    let width: Int
    var nodes: Int { steps.count * width }
  }

  /// Elements of hidden vectors and logits that are there at a time, unless a single step has more.
  private static let elements = 1 << 21

  /// Where parts are cut depends on shapes alone, so sums have the same bits on any number of threads.
  private var parts: [Part] {
    steps.indices.flatMap { sequence in
      let width = readers[sequence].count
      let count = max(1, Self.elements / max(1, width * (joint + classes)))
      return stride(from: 0, to: steps[sequence].count, by: count).map { first in
        Part(
          sequence: sequence, steps: first..<min(steps[sequence].count, first + count),
          firstNode: lattices.starts[sequence] + first * width, width: width)
      }
    }
  }

  /// h `[nodes, J]` and x `[nodes, K]` of a part.
  private func run(_ part: Part) -> (hidden: Tensor, logits: Tensor) {
    let stride = kernels.stride
    let hidden = Tensor(uninitialized: [part.nodes, joint], precision: precision)
    let own = Tensor(uninitialized: [part.width, joint], precision: precision)
    kernels.gather(
      predicted.value.address, readers[part.sequence], width: joint, into: own.mutableAddress)
    let perStep = part.width * joint
    WorkerPool.shared.split(part.steps.count, grain: max(1, Kernels.grain / 8 / max(1, perStep))) { range in
      for offset in range {
        let row = Int(steps[part.sequence][part.steps.lowerBound + offset])
        let place = hidden.mutableAddress + offset * perStep * stride
        kernels.table.pointee.binary_row(
          .add, own.address, joint, encoded.value.address + row * joint * stride, place, joint, part.width,
          joint)
        kernels.table.pointee.unary(.tanh, place, place, perStep)
      }
    }
    let logits = Tensor(uninitialized: [part.nodes, classes], precision: precision)
    kernels.linear(
      hidden.address, rowStride: joint, rows: part.nodes, weight.value, bias: bias.value.address,
      into: logits.mutableAddress, yStride: classes)
    return (hidden, logits)
  }

  func forward(
    wantsShares: Bool
  ) -> (losses: Tensor, kept: (scores: TransducerScores, shares: TransducerScores.Shares)?) {
    let scores = TransducerScores(lattices, precision: precision)
    for part in parts { scores.read(run(part).logits, firstNode: part.firstNode) }
    let (losses, shares) = scores.finish(wantsShares: wantsShares)
    return (losses, shares.map { (scores, $0) })
  }

  func backward(
    _ scores: TransducerScores, _ shares: TransducerScores.Shares, weights: [Double],
    _ gradients: inout GradientTable
  ) {
    let df = Tensor(repeating: 0, shape: encoded.shape, precision: precision)
    let dg = Tensor(repeating: 0, shape: predicted.shape, precision: precision)
    let db = Tensor(repeating: 0, shape: bias.shape, precision: precision)
    var weightSum: Tensor?
    if weight.tape != nil {
      weightSum = Tensor(repeating: 0, shape: weight.shape, precision: precision)
    }
    for part in parts {
      let (hidden, dx) = run(part)
      scores.gradient(dx, into: dx, firstNode: part.firstNode, shares, weights: weights)
      if let weightSum {
        kernels.linearWeightGradient(
          dx.address, rowStride: classes, outputs: classes, hidden.address, xStride: joint, inputs: joint,
          rows: part.nodes, into: weightSum.mutableAddress, accumulate: true)
      }
      kernels.columnSums(
        dx.address, rowStride: classes, rows: part.nodes, columns: classes, into: db.mutableAddress,
        accumulate: true)
      let dh = Tensor(uninitialized: hidden.shape, precision: precision)
      kernels.linearInputGradient(
        dx.address, rowStride: classes, rows: part.nodes, weight.value, into: dh.mutableAddress)
      addSums(of: dh, hidden, part, df, dg)
    }
    gradients.add(df, to: encoded)
    gradients.add(dg, to: predicted)
    gradients.add(db, to: bias)
    if let weightSum { gradients.add(weightSum, to: weight) }
  }

  /// df_t = Σ_u dh ⊙ (1 − h²), and dg_u += Σ_t of the same.
  private func addSums(of dh: Tensor, _ hidden: Tensor, _ part: Part, _ df: Tensor, _ dg: Tensor) {
    let (stride, perStep) = (kernels.stride, part.width * joint)
    let table = kernels.table
    WorkerPool.shared.split(part.steps.count, grain: max(1, Kernels.grain / 8 / max(1, perStep))) { range in
      for offset in range {
        let place = dh.mutableAddress + offset * perStep * stride
        table.pointee.unary_gradient(
          .tanh, place, hidden.address + offset * perStep * stride, place, perStep, false)
        let row = Int(steps[part.sequence][part.steps.lowerBound + offset])
        table.pointee.column_sums(
          place, joint, part.width, 0, joint, df.mutableAddress + row * joint * stride, false)
      }
    }
    WorkerPool.shared.split(part.width, grain: max(1, Kernels.grain / 4 / max(1, part.steps.count * joint))) {
      range in
      for reader in range {
        let row = Int(readers[part.sequence][reader])
        table.pointee.column_sums(
          dh.address + reader * joint * stride, perStep, part.steps.count, 0, joint,
          dg.mutableAddress + row * joint * stride, true)
      }
    }
  }
}
