import UnrollCore

/// Losses: of predictions and targets, of logits and labels.
///
/// Every loss has a `reduction`: the mean over what counts (as it is when nothing is said), the sum, or no reduction, one
/// loss an element. Where `weights` are given, an element counts as often as its weight says, and a mean is divided by
/// the sum of the weights; a weight of 0 leaves an element out, such as padding and gaps, even where its target is not a
/// number. Targets have the shape of the predictions, and weights have it too, or leave out axes at its end or have them
/// with an extent of 1: `[T, B]` and `[T, B, 1]` weigh the steps of `[T, B, F]`. Any other shape is a `ShapeError`.
public enum Loss {
  /// How the losses of elements become one.
  public enum Reduction: Sendable, CaseIterable {
    /// Σ w·e / Σ w, or 0 when no element counts.
    case mean
    /// Σ w·e.
    case sum
    /// w·e of each element, in the shape of the predictions.
    case none
  }

  /// Losses of elements, reduced.
  package static func reduced(
    _ errors: Variable, weights: Tensor?, _ reduction: Reduction
  ) -> Variable {
    guard let weights else {
      return switch reduction {
      case .mean: errors.mean()
      case .sum: errors.sum()
      case .none: errors
      }
    }
    let weighted = errors * Variable(weights.converted(to: errors.value.precision))
    switch reduction {
    case .mean: return weighted.sum().affine(times: 1 / max(Kernels.sum(weights), 1e-12), plus: 0)
    case .sum: return weighted.sum()
    case .none: return weighted
    }
  }

  /// Targets and weights that were brought to the shape of the predictions.
  package struct Fitted {
    /// 0 where the weight is.
    let target: Tensor
    let weights: Tensor?
  }

  /// Checks targets and weights against the shape of what they belong to.
  package static func fit(
    _ shape: Shape, _ target: Tensor, _ weights: Tensor?, _ place: String
  ) throws(ShapeError) -> Fitted {
    guard target.shape == shape else {
      throw ShapeError(
        place: "\(place).target", expected: "\(shape), that of the predictions", found: target.shape)
    }
    guard let given = weights else { return Fitted(target: target, weights: nil) }
    let weights = try fit(given, to: shape, place)
    // What has no weight may hold anything: 0 · NaN would be NaN.
    guard !Kernels.allFinite(target) else { return Fitted(target: target, weights: weights) }
    var hidden = target
    for index in 0..<shape.count where weights[index] == 0 { hidden[index] = 0 }
    return Fitted(target: hidden, weights: weights)
  }

  /// Weights in the shape of what they belong to.
  package static func fit(
    _ weights: Tensor, to shape: Shape, _ place: String
  ) throws(ShapeError) -> Tensor {
    let missing = Array(repeating: 1, count: max(0, shape.rank - weights.shape.rank))
    let padded = Shape(weights.shape.extents + missing)
    guard padded.rank == shape.rank, zip(padded.extents, shape.extents).allSatisfy({ $0 == $1 || $0 == 1 })
    else {
      throw ShapeError(
        place: "\(place).weights", expected: "\(shape), or its first axes", found: weights.shape)
    }
    return weights.reshaped(to: padded).broadcast(to: shape)
  }

  private static func difference(_ prediction: Variable, _ fitted: Fitted) -> Variable {
    prediction - Variable(fitted.target.converted(to: prediction.value.precision))
  }

  /// Checks that a part of a prediction has the shape of the first, or is repeated to it.
  private static func expect(
    _ part: Variable, _ shape: Shape, _ place: String
  ) throws(ShapeError) -> Variable {
    guard part.shape.rank <= shape.rank,
      zip(part.shape.extents.reversed(), shape.extents.reversed())
        .allSatisfy({ $0 == $1 || $0 == 1 })
    else { throw ShapeError(place: place, expected: "\(shape)", found: part.shape) }
    return part
  }

  /// (ŷ − y)².
  ///
  /// - Throws: `ShapeError` when target or weights do not fit.
  public static func squaredError(
    _ prediction: Variable, _ target: Tensor, weights: Tensor? = nil, reduction: Reduction = .mean
  ) throws(ShapeError) -> Variable {
    let fitted = try fit(prediction.shape, target, weights, "Loss.squaredError")
    if weights == nil && reduction == .mean { return prediction.meanSquaredDifference(from: target) }
    return reduced(difference(prediction, fitted).square(), weights: fitted.weights, reduction)
  }

  /// |ŷ − y|.
  ///
  /// - Throws: `ShapeError` when target or weights do not fit.
  public static func absoluteError(
    _ prediction: Variable, _ target: Tensor, weights: Tensor? = nil, reduction: Reduction = .mean
  ) throws(ShapeError) -> Variable {
    let fitted = try fit(prediction.shape, target, weights, "Loss.absoluteError")
    return reduced(difference(prediction, fitted).abs(), weights: fitted.weights, reduction)
  }

  /// d²/2 where |d| ≤ δ, else δ·(|d| − δ/2), with d = ŷ − y (Huber 1964).
  ///
  /// - Throws: `ShapeError` when target or weights do not fit.
  public static func huber(
    _ prediction: Variable, _ target: Tensor, delta: Float = 1, weights: Tensor? = nil,
    reduction: Reduction = .mean
  ) throws(ShapeError) -> Variable {
    let fitted = try fit(prediction.shape, target, weights, "Loss.huber")
    // d²/2 less what the parabola rises above the line beyond δ.
    let d = difference(prediction, fitted)
    let beyond = (d.abs() - delta).relu()
    return reduced(0.5 * (d.square() - beyond.square()), weights: fitted.weights, reduction)
  }

  /// The mean over levels of max(q·d, (q − 1)·d) with d = y − ŷ (Koenker and Bassett 1978).
  ///
  /// - Parameters:
  ///   - predictions: `[…, levels]`.
  ///   - target: `[…]`.
  ///   - levels: q, each between 0 and 1.
  ///   - weights: `[…]`, or its first axes.
  /// - Throws: `ShapeError` when the shapes do not fit.
  public static func quantile(
    _ predictions: Variable, _ target: Tensor, levels: [Float], weights: Tensor? = nil,
    reduction: Reduction = .mean
  ) throws(ShapeError) -> Variable {
    guard predictions.shape.rank > 0, predictions.shape.columns == levels.count else {
      throw ShapeError(
        place: "Loss.quantile.predictions", expected: "[…, \(levels.count)], a column a level",
        found: predictions.shape)
    }
    let elements = Shape(Array(predictions.shape.extents.dropLast()))
    let fitted = try fit(elements, target, weights, "Loss.quantile")
    let precision = predictions.value.precision
    let flat = predictions.reshaped(to: [elements.count, levels.count])
    let column = Variable(fitted.target.converted(to: precision).reshaped(to: [elements.count, 1]))
    let d = column - flat
    // max(q·d, (q − 1)·d) = |d|/2 + (q − 1/2)·d.
    let slopes = Variable(Tensor(levels.map { $0 - 0.5 }).converted(to: precision))
    let pinball = (0.5 * d.abs() + d * slopes).sum(axis: -1).affine(
      times: 1 / Double(max(1, levels.count)), plus: 0)
    return reduced(pinball.reshaped(to: elements), weights: fitted.weights, reduction)
  }

  /// −ln N(y; μ, σ) = ln σ + (y − μ)²/2σ² + ln √2π.
  ///
  /// - Parameters:
  ///   - mean: μ, of the target's shape.
  ///   - deviation: σ > 0, of the same shape, or repeated to it.
  /// - Throws: `ShapeError` when the shapes do not fit.
  public static func gaussian(
    mean: Variable, deviation: Variable, _ target: Tensor, weights: Tensor? = nil,
    reduction: Reduction = .mean
  ) throws(ShapeError) -> Variable {
    let fitted = try fit(mean.shape, target, weights, "Loss.gaussian")
    let deviation = try expect(deviation, mean.shape, "Loss.gaussian.deviation")
    let z = difference(mean, fitted) / deviation
    let halfLogTwoPi: Float = 0.918_938_533_204_672_7
    return reduced(0.5 * z.square() + deviation.log() + halfLogTwoPi, weights: fitted.weights, reduction)
  }

  /// −ln of Student's t density with location μ, scale σ and ν degrees of freedom:
  /// ln Γ(ν/2) − ln Γ((ν+1)/2) + ½ ln(πν) + ln σ + (ν+1)/2 · ln(1 + (y − μ)²/(ν σ²)).
  ///
  /// - Parameters:
  ///   - location: μ, of the target's shape.
  ///   - scale: σ > 0, of the same shape, or repeated to it.
  ///   - degrees: ν > 0, of the same shape, or repeated to it.
  /// - Throws: `ShapeError` when the shapes do not fit.
  public static func studentT(
    location: Variable, scale: Variable, degrees: Variable, _ target: Tensor, weights: Tensor? = nil,
    reduction: Reduction = .mean
  ) throws(ShapeError) -> Variable {
    let fitted = try fit(location.shape, target, weights, "Loss.studentT")
    let scale = try expect(scale, location.shape, "Loss.studentT.scale")
    let degrees = try expect(degrees, location.shape, "Loss.studentT.degrees").broadcast(to: location.shape)
    let z = difference(location, fitted) / scale
    let half = 0.5 * degrees
    let halfLogPi: Float = 0.572_364_942_924_700_1
    let constant =
      half.logGamma() - (half + 0.5).logGamma() + 0.5 * degrees.log() + scale.log() + halfLogPi
    let tail = (half + 0.5) * (z.square() / degrees + 1).log()
    return reduced(constant + tail, weights: fitted.weights, reduction)
  }
}
