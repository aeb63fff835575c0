import UnrollCore

extension Loss {
  /// −ln p[y] with p = softmax(logits), y being the label of a row; with softened labels and a weight for each class
  /// (Szegedy et al. 2016, section 7):
  ///
  ///     −(1 − ε)·w[y]·ln p[y] − ε/V · Σ_c w[c]·ln p[c]
  ///
  /// - Parameters:
  ///   - logits: `[…, V]`, one row a step.
  ///   - labels: one class a row, in row-major order; negative: the row does not count, its loss is 0.
  ///   - labelSmoothing: ε, between 0 and 1.
  ///   - classWeights: w `[V]`; `nil`: ones. A mean is divided by the sum of the weights of the labels.
  ///   - reduction: `.none` gives `[rows]`.
  /// - Throws: `ShapeError` when labels, weights and logits do not fit.
  public static func crossEntropy(
    _ logits: Variable, _ labels: [Int32], labelSmoothing: Double = 0, classWeights: [Float]? = nil,
    reduction: Reduction = .mean
  ) throws(ShapeError) -> Variable {
    let losses =
      labelSmoothing == 0 && classWeights == nil
      ? try logits.crossEntropy(labels: labels)
      : try logits.crossEntropy(labels: labels, smoothing: labelSmoothing, classWeights: classWeights)
    return reduced(losses, labels, classWeights, reduction)
  }

  /// The cross-entropy of logits x·Wᵀ + b, which are never kept twice: the form for large vocabularies.
  ///
  ///     try Loss.crossEntropy(of: outputs, head.weight.variable, bias: head.bias?.variable, words)
  ///
  /// - Parameters:
  ///   - features: x `[…, inputs]`, one row a step.
  ///   - weight: W `[V, inputs]`: a head's, or the table of an embedding that is also the head.
  ///   - bias: b `[V]`.
  ///   - labels: one index a row; negative: the row does not count.
  ///   - reduction: `.none` gives `[rows]`.
  /// - Throws: `ShapeError` when the shapes do not fit or a label is no row of W.
  public static func crossEntropy(
    of features: Variable, _ weight: Variable, bias: Variable? = nil, _ labels: [Int32],
    reduction: Reduction = .mean
  ) throws(ShapeError) -> Variable {
    reduced(try features.linearCrossEntropy(weight, bias: bias, labels: labels), labels, nil, reduction)
  }

  /// The cross-entropy over a batch of sequences, in which padding does not count.
  ///
  /// - Parameters:
  ///   - logits: `[T, B, V]` with lengths.
  ///   - labels: `[T · B]`, time-major.
  ///   - reduction: `.none` gives `[T · B]`.
  /// - Throws: `ShapeError` when labels and logits do not fit.
  public static func crossEntropy(
    _ logits: SequenceBatch, _ labels: [Int32], labelSmoothing: Double = 0, classWeights: [Float]? = nil,
    reduction: Reduction = .mean
  ) throws(ShapeError) -> Variable {
    let (steps, batch) = (logits.timeSteps, logits.batch)
    guard labels.count == steps * batch else {
      throw ShapeError(
        place: "Loss.crossEntropy.labels", expected: "[\(steps * batch)], one for each step of [T, B]",
        found: [labels.count])
    }
    let masked = labels.enumerated().map { $0 / max(1, batch) < logits.lengths[$0 % max(1, batch)] ? $1 : -1 }
    let flat = logits.values.reshaped(to: [steps * batch, logits.features])
    return try crossEntropy(
      flat, masked, labelSmoothing: labelSmoothing, classWeights: classWeights, reduction: reduction)
  }

  private static func reduced(
    _ losses: Variable, _ labels: [Int32], _ classWeights: [Float]?, _ reduction: Reduction
  ) -> Variable {
    switch reduction {
    case .mean:
      let total = max(labelWeight(labels, classWeights: classWeights), 1e-12)
      return losses.sum().affine(times: 1 / total, plus: 0)
    case .sum: return losses.sum()
    case .none: return losses
    }
  }

  /// Σ w[y] over the labels that count: what the sum of a cross-entropy is divided by for its mean.
  public static func labelWeight(_ labels: [Int32], classWeights: [Float]? = nil) -> Double {
    labels.reduce(0) { sum, label in
      guard label >= 0, let classWeights else { return sum + (label >= 0 ? 1 : 0) }
      return sum + (Int(label) < classWeights.count ? Double(classWeights[Int(label)]) : 0)
    }
  }

  /// −[c·y·ln σ(x) + (1 − y)·ln(1 − σ(x))], computed as (1 − y)·x + (1 + (c − 1)·y)·ln(1 + e⁻ˣ) so that nothing
  /// overflows: several labels at once, each there or not.
  ///
  /// - Parameters:
  ///   - logits: x `[…, L]`.
  ///   - targets: y, between 0 and 1, of the same shape.
  ///   - positiveWeights: c `[L]`, how much more a label counts where it is there; `nil`: ones.
  ///   - weights: how often an element counts, of the same shape or its first axes.
  /// - Throws: `ShapeError` when the shapes do not fit.
  public static func binaryCrossEntropy(
    _ logits: Variable, _ targets: Tensor, positiveWeights: [Float]? = nil, weights: Tensor? = nil,
    reduction: Reduction = .mean
  ) throws(ShapeError) -> Variable {
    let fitted = try fit(logits.shape, targets, weights, "Loss.binaryCrossEntropy")
    guard positiveWeights == nil || positiveWeights?.count == logits.shape.columns else {
      throw ShapeError(
        place: "Loss.binaryCrossEntropy.positiveWeights", expected: "[\(logits.shape.columns)]",
        found: [positiveWeights?.count ?? 0])
    }
    let y = Variable(fitted.target.converted(to: logits.value.precision))
    let softplus = (-logits).softplus()
    let outside = (1 - y) * logits
    guard let positiveWeights else { return reduced(outside + softplus, weights: fitted.weights, reduction) }
    let extra = Variable(Tensor(positiveWeights.map { $0 - 1 }).converted(to: logits.value.precision))
    return reduced(outside + (y * extra + 1) * softplus, weights: fitted.weights, reduction)
  }

  /// Σ over readers and steps of min(a, c): what is paid for reading again what was read before (See, Liu and
  /// Manning 2017, equation 12).
  ///
  /// - Parameters:
  ///   - weights: a `[B, S]`, the attention of this step.
  ///   - coverage: c `[B, S]`, the sum of the attention of the steps before.
  /// - Throws: `ShapeError` when the shapes differ.
  public static func coverage(
    _ weights: Variable, coverage covered: Variable
  ) throws(ShapeError) -> Variable {
    guard covered.shape == weights.shape else {
      throw ShapeError(place: "Loss.coverage", expected: "\(weights.shape)", found: covered.shape)
    }
    return (weights - (weights - covered).relu()).sum()
  }
}
