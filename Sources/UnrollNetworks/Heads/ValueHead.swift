import UnrollCore

/// Numbers for each row: the next values of a series, the frames of a sound.
///
///     y = W h + b
///
/// h `[N, H]`; y `[N, steps · outputs]`, several outputs for each step written at once: one for each quantile, or one for
/// each feature of a frame.
public struct ValueHead: Module {
  /// How outputs are compared with what came.
  public enum Objective: Sendable, Equatable {
    /// The mean over levels of the quantile loss (Koenker and Bassett 1978), twice: of the median alone it is |y − ŷ|.
    /// A value has as many outputs as there are levels.
    case quantiles([Float])
    /// |y − ŷ|.
    case absolute
    /// (y − ŷ)².
    case squared

    /// The number of outputs for each value.
    public var outputsPerValue: Int { if case .quantiles(let levels) = self { levels.count } else { 1 } }
  }

  /// W and b.
  public var output: Linear
  public let objective: Objective

  /// - Parameters:
  ///   - features: H.
  ///   - values: the values that a row of h gives.
  ///   - deviation: of the numbers of W; `nil`: Glorot's. Small ones let training begin from b.
  public init(
    features: Int, values: Int, objective: Objective, deviation: Float? = nil,
    using random: inout RandomSource
  ) {
    let width = values * objective.outputsPerValue
    output = Linear(inputSize: features, outputSize: width, using: &random)
    if let deviation {
      output.weight = Parameter([width, features]) {
        .normal(deviation: deviation, shape: [width, features], using: &random)
      }
    }
    self.objective = objective
  }

  /// - Returns: `[N, values · outputs]`.
  /// - Throws: `ShapeError` when h does not fit.
  public func callAsFunction(_ features: Variable) throws(ShapeError) -> Variable { try output(features) }

  /// Σ over values of the objective.
  ///
  /// - Parameters:
  ///   - outputs: y, for each value its outputs.
  ///   - target: what came, as many as there are values.
  ///   - weights: how often a value counts, 0 for gaps and padding; `nil`: ones.
  /// - Throws: `ShapeError` when outputs and targets do not fit.
  public func loss(
    _ outputs: Variable, _ target: Tensor, weights: Tensor? = nil
  ) throws(ShapeError) -> LossSum {
    let count = target.shape.count
    guard outputs.shape.count == count * objective.outputsPerValue else {
      throw ShapeError(
        place: "ValueHead.loss", expected: "\(objective.outputsPerValue) outputs for each of \(count) values",
        found: outputs.shape)
    }
    if let weights, weights.shape.count != count {
      throw ShapeError(place: "ValueHead.loss.weights", expected: "\(count) weights", found: weights.shape)
    }
    let (target, weights) = (target.reshaped(to: [count]), weights?.reshaped(to: [count]))
    let sum =
      switch objective {
      case .quantiles(let levels):
        try 2
          * Loss.quantile(
            outputs.reshaped(to: [count, levels.count]), target, levels: levels, weights: weights,
            reduction: .sum)
      case .absolute:
        try Loss.absoluteError(outputs.reshaped(to: [count]), target, weights: weights, reduction: .sum)
      case .squared:
        try Loss.squaredError(outputs.reshaped(to: [count]), target, weights: weights, reduction: .sum)
      }
    return LossSum(sum: sum, weight: weights.map { Kernels.sum($0) } ?? Double(count))
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows { try output.forEachParameter(parameterName(path, "output"), body) }
}
