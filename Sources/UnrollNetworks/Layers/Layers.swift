import UnrollCore

/// y = x Wᵀ + b over the last axis. W `[outputs, inputs]`, b `[outputs]`.
public struct Linear: Module {
  public var weight: Parameter
  public var bias: Parameter?

  /// Random weights (Glorot) and a bias of 0.
  public init(inputSize: Int, outputSize: Int, bias: Bool = true, using random: inout RandomSource) {
    weight = Parameter(Initializer.glorot(outputs: outputSize, inputs: inputSize, using: &random))
    self.bias = bias ? Parameter(.zeros([outputSize])) : nil
  }

  /// - Returns: `[…, outputs]` for x `[…, inputs]`.
  /// - Throws: `ShapeError` when x does not fit.
  public func callAsFunction(_ x: Variable) throws(ShapeError) -> Variable {
    try x.linear(weight.variable, bias: bias?.variable)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try body(parameterName(path, "weight"), &weight)
    if bias != nil { try body(parameterName(path, "bias"), &bias!) }
  }
}

/// A table of vectors, one a symbol: y = E[index]. E `[count, size]`.
public struct Embedding: Module {
  public var weight: Parameter

  /// Normal numbers of the given deviation.
  public init(count: Int, size: Int, deviation: Float = 0.1, using random: inout RandomSource) {
    weight = Parameter(.normal(deviation: deviation, shape: [count, size], using: &random))
  }

  /// A table of the given vectors, `[count, size]`.
  package init(weight: Tensor) { self.weight = Parameter(weight) }

  /// - Parameter indices: negative: a vector of zeros.
  /// - Returns: `[indices.count, size]`.
  /// - Throws: `ShapeError` when an index is not in the table.
  public func callAsFunction(_ indices: [Int32]) throws(ShapeError) -> Variable {
    if let wrong = indices.first(where: { $0 >= weight.variable.shape[0] }) {
      throw ShapeError(
        place: "Embedding", expected: "more than \(wrong) rows", found: weight.variable.shape)
    }
    return weight.variable.gather(indices)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows { try body(parameterName(path, "weight"), &weight) }
}

/// y = x ⊙ m / (1 − p) with m = 0 by chance p, else 1 (Srivastava et al. 2014). Nothing happens without randomness.
public struct Dropout: Sendable {
  /// p, the chance of a feature to be dropped.
  public var rate: Float

  public init(rate: Float) { self.rate = rate }

  /// - Parameter random: randomness when training; `nil`: y = x.
  public func callAsFunction(_ x: Variable, random: inout RandomSource?) -> Variable {
    guard rate > 0, random != nil else { return x }
    return x.dropped(rate: rate, seed: random!.next())
  }

  /// Zeros by chance `rate`, else 1 / (1 − rate), or 1 when not scaled.
  package static func mask(
    _ shape: Shape, rate: Float, scaled: Bool = true, precision: Precision, using random: inout RandomSource
  ) -> Variable {
    .dropoutMask(
      shape, rate: rate, kept: scaled ? 1 / (1 - min(rate, 0.999)) : 1, precision: precision,
      seed: random.next())
  }
}

/// y = (x − μ)/√(σ² + ε) ⊙ γ + β over the last axis (Ba, Kiros and Hinton 2016).
public struct LayerNorm: Module {
  /// γ, ones at first.
  public var gain: Parameter
  /// β, zeros at first.
  public var bias: Parameter
  /// ε.
  public let epsilon: Double

  public init(size: Int, epsilon: Double = 1e-5) {
    gain = Parameter(Tensor(repeating: 1, shape: [size]))
    bias = Parameter(.zeros([size]))
    self.epsilon = epsilon
  }

  /// - Throws: `ShapeError` when the last extent of x is not the layer's size.
  public func callAsFunction(_ x: Variable) throws(ShapeError) -> Variable {
    try x.layerNorm(gain: gain.variable, bias: bias.variable, epsilon: epsilon)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try body(parameterName(path, "gain"), &gain)
    try body(parameterName(path, "bias"), &bias)
  }
}
