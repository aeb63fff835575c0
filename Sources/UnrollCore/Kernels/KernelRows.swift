// Softmax, cross-entropy and layer normalisation: work on whole rows, shared among threads by rows.

extension Kernels {
  private func rows(_ count: Int, columns: Int, _ body: (Range<Int>) -> Void) {
    WorkerPool.shared.split(count, grain: max(1, Self.grain / 4 / max(1, columns)), body)
  }
  private func row(_ tensor: Tensor, _ index: Int, _ columns: Int) -> UnsafeRawPointer {
    tensor.address + index * columns * stride
  }
  private func mutableRow(_ tensor: Tensor, _ index: Int, _ columns: Int) -> UnsafeMutableRawPointer {
    tensor.mutableAddress + index * columns * stride
  }

  package static func softmax(_ x: Tensor, logarithm: Bool) -> Tensor {
    let kernels = serving(x.precision)
    let y = Tensor(uninitialized: x.shape, precision: x.precision)
    let columns = x.shape.columns
    let function = logarithm ? kernels.table.pointee.log_softmax : kernels.table.pointee.softmax
    kernels.rows(x.shape.rows, columns: columns) { range in
      function!(
        kernels.row(x, range.lowerBound, columns), kernels.mutableRow(y, range.lowerBound, columns),
        range.count, columns)
    }
    return y
  }

  package static func softmaxGradient(_ dy: Tensor, y: Tensor, logarithm: Bool) -> Tensor {
    let kernels = serving(dy.precision)
    let dx = Tensor(uninitialized: dy.shape, precision: dy.precision)
    let columns = dy.shape.columns
    let function =
      logarithm ? kernels.table.pointee.log_softmax_gradient : kernels.table.pointee.softmax_gradient
    kernels.rows(dy.shape.rows, columns: columns) { range in
      function!(
        kernels.row(dy, range.lowerBound, columns), kernels.row(y, range.lowerBound, columns),
        kernels.mutableRow(dx, range.lowerBound, columns), range.count, columns)
    }
    return dx
  }

  /// −ln softmax(x)[label] of each row and the rows' log-sum-exp; a negative label gives 0.
  package static func crossEntropy(_ x: Tensor, labels: [Int32]) -> (loss: Tensor, logSumExp: Tensor) {
    let kernels = serving(x.precision)
    let (rows, columns) = (x.shape.rows, x.shape.columns)
    require(
      labels.count == rows && labels.allSatisfy { $0 < columns },
      "cross-entropy: \(labels.count) labels below \((labels.max() ?? 0) + 1) for the shape \(x.shape)")
    let loss = Tensor(uninitialized: [rows], precision: x.precision)
    let lse = Tensor(uninitialized: [rows], precision: x.precision)
    labels.withUnsafeBufferPointer { labels in
      guard let base = labels.baseAddress else { return }
      nonisolated(unsafe) let first = base
      kernels.rows(rows, columns: columns) { range in
        kernels.table.pointee.cross_entropy(
          kernels.row(x, range.lowerBound, columns), first + range.lowerBound, range.count, columns,
          kernels.mutableRow(loss, range.lowerBound, 1), kernels.mutableRow(lse, range.lowerBound, 1))
      }
    }
    return (loss, lse)
  }

  /// Puts the gradient of the same in the place of x: in its memory, when nobody else has it.
  package static func crossEntropyGradient(
    replacing x: inout Tensor, labels: [Int32], logSumExp: Tensor, weight: Tensor
  ) {
    let kernels = serving(x.precision)
    let (rows, columns) = (x.shape.rows, x.shape.columns)
    let dx = x.isUnique() ? x : Tensor(uninitialized: x.shape, precision: x.precision)
    labels.withUnsafeBufferPointer { labels in
      guard let base = labels.baseAddress else { return }
      nonisolated(unsafe) let first = base
      kernels.rows(rows, columns: columns) { range in
        kernels.table.pointee.cross_entropy_gradient(
          kernels.row(x, range.lowerBound, columns), first + range.lowerBound,
          kernels.row(logSumExp, range.lowerBound, 1), kernels.row(weight, range.lowerBound, 1),
          kernels.mutableRow(dx, range.lowerBound, columns), range.count, columns)
      }
    }
    x = dx
  }

  package static func layerNorm(
    _ x: Tensor, gain: Tensor, bias: Tensor?, epsilon: Double
  ) -> (y: Tensor, normalized: Tensor, inverseDeviation: Tensor) {
    let kernels = serving(x.precision)
    let (rows, columns) = (x.shape.rows, x.shape.columns)
    let y = Tensor(uninitialized: x.shape, precision: x.precision)
    let normalized = Tensor(uninitialized: x.shape, precision: x.precision)
    let inverse = Tensor(uninitialized: [rows], precision: x.precision)
    kernels.rows(rows, columns: columns) { range in
      let start = range.lowerBound
      kernels.table.pointee.layer_norm(
        kernels.row(x, start, columns), gain.address, bias?.address, epsilon,
        kernels.mutableRow(y, start, columns), kernels.mutableRow(normalized, start, columns),
        kernels.mutableRow(inverse, start, 1), range.count, columns)
    }
    return (y, normalized, inverse)
  }

  package static func layerNormGradient(
    _ dy: Tensor, gain: Tensor, normalized: Tensor, inverseDeviation: Tensor
  ) -> Tensor {
    let kernels = serving(dy.precision)
    let (rows, columns) = (dy.shape.rows, dy.shape.columns)
    let dx = Tensor(uninitialized: dy.shape, precision: dy.precision)
    kernels.rows(rows, columns: columns) { range in
      let start = range.lowerBound
      kernels.table.pointee.layer_norm_gradient(
        kernels.row(dy, start, columns), gain.address, kernels.row(normalized, start, columns),
        kernels.row(inverseDeviation, start, 1), kernels.mutableRow(dx, start, columns), range.count, columns)
    }
    return dx
  }
}
