import UnrollCore

/// A loss as a sum and a weight, so that batches, accumulated batches and ragged lengths give the same gradient: sums
/// and weights add, and only the whole is divided.
///
///     loss = Σ wᵢ·eᵢ,   weight = Σ wᵢ,   mean = loss / weight
public struct LossSum: Sendable {
  /// Σ wᵢ·eᵢ, a scalar.
  public var sum: Variable
  /// Σ wᵢ: the number of labels, or what their weights sum to.
  public var weight: Double

  public init(sum: Variable, weight: Double) {
    self.sum = sum
    self.weight = weight
  }

  /// Errors `e` of any shape, each of which counts once; a loss that is a mean already is one error.
  public init(_ errors: Variable) {
    self.init(sum: errors.shape.rank == 0 ? errors : errors.sum(), weight: Double(errors.shape.count))
  }

  /// Errors `e` of any shape, with a weight each.
  ///
  /// - Parameter weights: of the shape of the errors, or its first axes.
  /// - Throws: `ShapeError` when the weights do not fit.
  public init(_ errors: Variable, weights: Tensor) throws(ShapeError) {
    let own = try Loss.fit(weights, to: errors.shape, "LossSum")
    self.init(
      sum: (errors * Variable(own.converted(to: errors.value.precision))).sum(), weight: Kernels.sum(own))
  }

  /// The sum over the weight; the sum itself where nothing counts.
  public var mean: Variable { sum.affine(times: weight > 0 ? 1 / max(weight, 1e-12) : 1, plus: 0) }

  /// The same with a sum multiplied by a factor.
  public func scaled(by factor: Double) -> LossSum {
    LossSum(sum: sum.affine(times: factor, plus: 0), weight: weight)
  }

  /// Both together.
  public static func + (a: LossSum, b: LossSum) -> LossSum {
    LossSum(sum: a.sum + b.sum, weight: a.weight + b.weight)
  }
}
