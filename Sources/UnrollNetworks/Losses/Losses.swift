import UnrollCore

/// Losses. Each is a scalar: the mean over elements, or the sum where it says so. Where `weights` are given, an
/// element counts as often as its weight says; weights of 0 leave elements out, such as padding and gaps.
public enum Loss {
  /// Σ w·e / Σ w, or 0 when no element counts.
  package static func average(_ errors: Variable, weights: Tensor?) -> Variable {
    guard let weights else { return errors.mean() }
    let total = max(weights.sum, 1e-12)
    return (errors * Variable(weights.converted(to: errors.value.precision).reshaped(to: errors.shape)))
      .sum().affine(times: 1 / total, plus: 0)
  }

  package static func difference(
    _ place: String, _ prediction: Variable, _ target: Tensor
  ) throws(ShapeError) -> Variable {
    guard prediction.shape.count == target.shape.count else {
      throw ShapeError(place: place, expected: "\(prediction.shape)", found: target.shape)
    }
    return prediction
      - Variable(target.converted(to: prediction.value.precision).reshaped(to: prediction.shape))
  }

  /// Mean of (ŷ − y)².
  public static func squaredError(
    _ prediction: Variable, _ target: Tensor, weights: Tensor? = nil
  ) throws(ShapeError) -> Variable {
    guard let weights else { return try prediction.meanSquaredDifference(from: target) }
    return average(try difference("Loss.squaredError", prediction, target).squared(), weights: weights)
  }

  /// Mean of |ŷ − y|.
  public static func absoluteError(
    _ prediction: Variable, _ target: Tensor, weights: Tensor? = nil
  ) throws(ShapeError) -> Variable {
    average(try difference("Loss.absoluteError", prediction, target).absolute(), weights: weights)
  }

  /// Mean of d²/2 where |d| ≤ δ, else δ·(|d| − δ/2), with d = ŷ − y (Huber 1964).
  public static func huber(
    _ prediction: Variable, _ target: Tensor, delta: Float = 1, weights: Tensor? = nil
  ) throws(ShapeError) -> Variable {
    // d²/2 less what the parabola rises above the line beyond δ.
    let d = try difference("Loss.huber", prediction, target)
    let beyond = (d.absolute() - delta).relu()
    return average(0.5 * (d.squared() - beyond.squared()), weights: weights)
  }

  /// Mean over elements and levels of max(q·d, (q − 1)·d) with d = y − ŷ (Koenker and Bassett 1978).
  ///
  /// - Parameters:
  ///   - predictions: `[…, levels]`.
  ///   - target: `[…]`.
  ///   - levels: q, each between 0 and 1.
  public static func quantile(
    _ predictions: Variable, _ target: Tensor, levels: [Float], weights: Tensor? = nil
  ) throws(ShapeError) -> Variable {
    average(try quantileErrors(predictions, target, levels: levels), weights: weights)
  }

  /// The mean over levels for each element, `[…, 1]`.
  package static func quantileErrors(
    _ predictions: Variable, _ target: Tensor, levels: [Float]
  ) throws(ShapeError) -> Variable {
    let elements = predictions.shape.rows
    guard predictions.shape.columns == levels.count, target.shape.count == elements else {
      throw ShapeError(
        place: "Loss.quantile", expected: "[\(target.shape.count), \(levels.count)]",
        found: predictions.shape)
    }
    let precision = predictions.value.precision
    let flat = predictions.reshaped(to: [elements, levels.count])
    let column = Variable(target.converted(to: precision).reshaped(to: [elements, 1]))
    let d = column - flat
    // max(q·d, (q − 1)·d) = |d|/2 + (q − 1/2)·d.
    let slopes = Variable(Tensor(levels.map { $0 - 0.5 }).converted(to: precision))
    let pinball = 0.5 * d.absolute() + d * slopes
    return pinball.rowSums().affine(times: 1 / Double(levels.count), plus: 0)
  }

  /// Mean of −ln N(y; μ, σ) = ln σ + (y − μ)²/2σ² + ln √2π.
  ///
  /// - Parameter deviation: σ > 0.
  public static func gaussian(
    mean: Variable, deviation: Variable, _ target: Tensor, weights: Tensor? = nil
  ) throws(ShapeError) -> Variable {
    let z = try difference("Loss.gaussian", mean, target) / deviation
    let halfLogTwoPi: Float = 0.918_938_533_204_672_7
    return average(0.5 * z.squared() + deviation.log() + halfLogTwoPi, weights: weights)
  }

  /// Mean of −ln of Student's t density with location μ, scale σ and ν degrees of freedom:
  /// ln Γ(ν/2) − ln Γ((ν+1)/2) + ½ ln(πν) + ln σ + (ν+1)/2 · ln(1 + (y − μ)²/(ν σ²)).
  ///
  /// - Parameters: scale: σ > 0. degrees: ν > 0.
  public static func studentT(
    location: Variable, scale: Variable, degrees: Variable, _ target: Tensor, weights: Tensor? = nil
  ) throws(ShapeError) -> Variable {
    let z = try difference("Loss.studentT", location, target) / scale
    let half = 0.5 * degrees
    let halfLogPi: Float = 0.572_364_942_924_700_1
    let constant =
      half.logGamma() - (half + 0.5).logGamma() + 0.5 * degrees.log() + scale.log() + halfLogPi
    let tail = (half + 0.5) * (z.squared() / degrees + 1).log()
    return average(constant + tail, weights: weights)
  }

  /// L = Σ −y log ŷ over all steps of all sequences, y one-hot and ŷ = softmax(logits).
  ///
  /// - Parameters:
  ///   - logits: `[N, V]`, one row a step.
  ///   - labels: one index a row; negative: the row does not count.
  /// - Returns: the sum; divide by the number of steps for a mean.
  public static func crossEntropy(_ logits: Variable, _ labels: [Int32]) throws(ShapeError) -> Variable {
    try logits.crossEntropy(labels: labels).sum()
  }

  /// The same for logits x·Wᵀ + b, which are never kept twice: the form for large vocabularies.
  ///
  ///     try Loss.crossEntropy(of: outputs, head.weight.variable, bias: head.bias?.variable, words)
  ///
  /// - Parameters:
  ///   - features: x `[…, inputs]`, one row a step.
  ///   - weight: W `[V, inputs]`: a head's, or the table of an embedding that is also the head.
  ///   - bias: b `[V]`.
  ///   - labels: one index a row; negative: the row does not count.
  public static func crossEntropy(
    of features: Variable, _ weight: Variable, bias: Variable? = nil, _ labels: [Int32]
  ) throws(ShapeError) -> Variable {
    try features.linearCrossEntropy(weight, bias: bias, labels: labels).sum()
  }

  /// The same over a batch of sequences, in which padding does not count.
  ///
  /// - Parameters:
  ///   - logits: `[T, B, V]` with lengths.
  ///   - labels: `[T · B]`, time-major.
  public static func crossEntropy(_ logits: SequenceBatch, _ labels: [Int32]) throws(ShapeError) -> Variable {
    let (steps, batch) = (logits.timeSteps, logits.batch)
    guard labels.count == steps * batch else {
      throw ShapeError(
        place: "Loss.crossEntropy.labels", expected: "[\(steps * batch)]", found: [labels.count])
    }
    let masked = labels.enumerated().map { $0 / max(1, batch) < logits.lengths[$0 % max(1, batch)] ? $1 : -1 }
    let flat = logits.values.reshaped(to: [steps * batch, logits.features])
    return try crossEntropy(flat, masked)
  }
}
