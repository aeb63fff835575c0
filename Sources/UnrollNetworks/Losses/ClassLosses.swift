import UnrollCore

extension Loss {
  /// Σ over rows of the cross-entropy against softened labels, with a weight for each class (Szegedy et al. 2016,
  /// section 7):
  ///
  ///     −(1 − ε)·w[y]·ln p[y] − ε/V · Σ_c w[c]·ln p[c]
  ///
  /// - Parameters:
  ///   - logits: `[N, V]`.
  ///   - labels: one class a row; negative: the row does not count.
  ///   - smoothing: ε, between 0 and 1.
  ///   - classWeights: w `[V]`; `nil`: ones.
  /// - Returns: the sum; divide by `labelWeight` for a mean.
  /// - Throws: `ShapeError` when labels, weights and logits do not fit.
  public static func crossEntropy(
    _ logits: Variable, _ labels: [Int32], smoothing: Double, classWeights: [Float]? = nil
  ) throws(ShapeError) -> Variable {
    try logits.crossEntropy(labels: labels, smoothing: smoothing, classWeights: classWeights).sum()
  }

  /// Σ w[y] over the labels that count: what a weighted sum of losses is divided by for its mean.
  public static func labelWeight(_ labels: [Int32], classWeights: [Float]? = nil) -> Double {
    labels.reduce(0) { sum, label in
      guard label >= 0, let classWeights else { return sum + (label >= 0 ? 1 : 0) }
      return sum + (Int(label) < classWeights.count ? Double(classWeights[Int(label)]) : 0)
    }
  }

  /// Mean over elements of −[c·y·ln σ(x) + (1 − y)·ln(1 − σ(x))], computed as (1 − y)·x + (1 + (c − 1)·y)·ln(1 + e⁻ˣ)
  /// so that nothing overflows: several labels at once, each there or not.
  ///
  /// - Parameters:
  ///   - logits: x `[N, L]`.
  ///   - targets: y, between 0 and 1, of the same shape.
  ///   - positiveWeights: c `[L]`, how much more a label counts where it is there; `nil`: ones.
  ///   - weights: how often an element counts, of the same shape.
  /// - Throws: `ShapeError` when the shapes do not fit.
  public static func binaryCrossEntropy(
    _ logits: Variable, _ targets: Tensor, positiveWeights: [Float]? = nil, weights: Tensor? = nil
  ) throws(ShapeError) -> Variable {
    average(
      try binaryCrossEntropies(logits, targets, positiveWeights: positiveWeights), weights: weights)
  }

  /// The binary cross-entropy of each element, of the shape of the logits.
  package static func binaryCrossEntropies(
    _ logits: Variable, _ targets: Tensor, positiveWeights: [Float]? = nil
  ) throws(ShapeError) -> Variable {
    guard targets.shape.count == logits.shape.count else {
      throw ShapeError(place: "Loss.binaryCrossEntropy", expected: "\(logits.shape)", found: targets.shape)
    }
    guard positiveWeights == nil || positiveWeights?.count == logits.shape.columns else {
      throw ShapeError(
        place: "Loss.binaryCrossEntropy.positiveWeights", expected: "[\(logits.shape.columns)]",
        found: [positiveWeights?.count ?? 0])
    }
    let y = Variable(targets.converted(to: logits.value.precision).reshaped(to: logits.shape))
    let softplus = (-logits).softplus()
    let outside = (1 - y) * logits
    guard let positiveWeights else { return outside + softplus }
    let extra = Variable(Tensor(positiveWeights.map { $0 - 1 }).converted(to: logits.value.precision))
    return outside + (y * extra + 1) * softplus
  }

  /// Σ over readers and steps of min(a, c): what is paid for reading again what was read before (See, Liu and
  /// Manning 2017, equation 12).
  ///
  /// - Parameters:
  ///   - weights: a `[B, S]`, the attention of this step.
  ///   - coverage: c `[B, S]`, the sum of the attention of the steps before.
  public static func coverage(_ weights: Variable, coverage covered: Variable) -> Variable {
    (weights - (weights - covered).relu()).sum()
  }
}
