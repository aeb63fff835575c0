extension Variable {
  /// Cross-entropy against softened labels (Szegedy et al. 2016, section 7), with a weight for each class:
  ///
  ///     loss = −(1 − ε)·w[y]·ln p[y] − ε/V · Σ_c w[c]·ln p[c],   p = softmax(x) over V classes
  ///     dx = dy·(a·p − (1 − ε)·w[y]·one-hot y − ε/V·w),   a = (1 − ε)·w[y] + ε/V · Σ w
  ///
  /// - Parameters:
  ///   - labels: one class a row; negative: the row is left out, its loss is 0.
  ///   - smoothing: ε.
  ///   - classWeights: w `[V]`; `nil`: ones.
  /// - Returns: `[rows]`.
  /// - Throws: `ShapeError` when labels, weights and rows do not fit.
  public func crossEntropy(
    labels: [Int32], smoothing: Double, classWeights: [Float]? = nil
  ) throws(ShapeError) -> Variable {
    let (rows, columns) = (shape.rows, shape.columns)
    guard labels.count == rows, labels.allSatisfy({ $0 < columns }) else {
      throw ShapeError(
        place: "crossEntropy", expected: "\(labels.count) rows, more columns than any label", found: shape)
    }
    guard classWeights == nil || classWeights?.count == columns else {
      throw ShapeError(
        place: "crossEntropy.classWeights", expected: "[\(columns)]", found: [classWeights?.count ?? 0])
    }
    let targets = SoftTargets(
      labels: labels, smoothing: smoothing, weights: classWeights.map { $0.map(Double.init) },
      classes: columns)
    let x = value
    let (hard, logSumExp) = Kernels.crossEntropy(x, labels: labels)
    let loss = targets.losses(x, hard: hard, logSumExp: logSumExp)
    return .record(loss, from: [self]) { [self] dy, gradients in
      gradients.add(targets.gradient(x, logSumExp: logSumExp, dy: dy), to: self)
    }
  }
}

/// The targets of a smoothed cross-entropy.
private struct SoftTargets: Sendable {
  let labels: [Int32]
  let smoothing: Double
  /// `nil`: ones.
  let weights: [Double]?
  let classes: Int

  /// ε/V, what each class gets of a label.
  private var share: Double { smoothing / Double(max(1, classes)) }
  private var total: Double { weights?.reduce(0, +) ?? Double(classes) }
  private func weight(_ label: Int32) -> Double { weights?[Int(label)] ?? 1 }

  private func weightRow(_ precision: Precision) -> Tensor {
    Tensor(doubles: weights ?? Array(repeating: 1, count: classes), shape: [classes]).converted(to: precision)
  }

  func losses(_ x: Tensor, hard: Tensor, logSumExp: Tensor) -> Tensor {
    let kernels = Kernels.serving(x.precision)
    let rows = labels.count
    let sums = Tensor(uninitialized: [rows], precision: x.precision)
    let ones = weightRow(x.precision)
    WorkerPool.shared.split(rows, grain: max(1, Kernels.grain / max(1, classes))) { range in
      let start = range.lowerBound
      kernels.table.pointee.row_sums(
        x.address + start * classes * kernels.stride, classes, ones.address, 0, range.count, classes,
        sums.mutableAddress + start * kernels.stride)
    }
    let (hard, lse, weighted) = (hard.doubles, logSumExp.doubles, sums.doubles)
    let losses = labels.indices.map { row -> Double in
      guard labels[row] >= 0 else { return 0 }
      let own = (1 - smoothing) * weight(labels[row]) * hard[row]
      return own + share * (total * lse[row] - weighted[row])
    }
    return Tensor(doubles: losses, shape: [rows]).converted(to: x.precision)
  }

  func gradient(_ x: Tensor, logSumExp: Tensor, dy: Tensor) -> Tensor {
    let kernels = Kernels.serving(x.precision)
    let rows = labels.count
    let arriving = dy.doubles
    // a of each row, so that the kernel gives dy·a·(p − one-hot).
    let scales = labels.indices.map { row in
      labels[row] < 0 ? 0 : (1 - smoothing) * weight(labels[row]) + share * total
    }
    let scaled = Tensor(doubles: zip(arriving, scales).map { $0 * $1 }, shape: [rows])
      .converted(to: x.precision)
    var dx = x
    Kernels.crossEntropyGradient(replacing: &dx, labels: labels, logSumExp: logSumExp, weight: scaled)
    let ones = weightRow(x.precision)
    WorkerPool.shared.split(rows, grain: max(1, Kernels.grain / max(1, classes))) { range in
      for row in range where labels[row] >= 0 {
        let own = dx.mutableAddress + row * classes * kernels.stride
        kernels.table.pointee.add_scaled(-share * arriving[row], ones.address, own, classes)
        let back = arriving[row] * share * total
        switch x.precision {
        case .single: dx.storage.floats[row * classes + Int(labels[row])] += Float(back)
        case .double: dx.storage.doubles[row * classes + Int(labels[row])] += back
        }
      }
    }
    return dx
  }
}
