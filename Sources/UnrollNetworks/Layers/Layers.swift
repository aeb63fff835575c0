import UnrollCore

/// y = x Wᵀ + b over the last axis. W `[outputs, inputs]`, b `[outputs]`.
public struct Linear: Module {
  public var weight: Parameter
  public var bias: Parameter?

  /// Random weights (Glorot) and a bias of 0.
  public init(inputSize: Int, outputSize: Int, bias: Bool = true, using random: inout RandomSource) {
    weight = Parameter([outputSize, inputSize]) {
      Initializer.glorot(outputs: outputSize, inputs: inputSize, using: &random)
    }
    self.bias = bias ? .zeros([outputSize]) : nil
  }

  /// A layer of given weights W `[outputs, inputs]` and b `[outputs]`.
  public init(weight: Tensor, bias: Tensor? = nil) {
    self.weight = Parameter(weight)
    self.bias = bias.map { Parameter($0) }
  }

  /// The number of features of x.
  public var inputSize: Int { weight.shape[1] }
  /// The number of features of y.
  public var outputSize: Int { weight.shape[0] }

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
    weight = Parameter([count, size]) {
      .normal(deviation: deviation, shape: [count, size], using: &random)
    }
  }

  /// A table of the given vectors, `[count, size]`.
  public init(weight: Tensor) { self.weight = Parameter(weight) }

  /// The number of vectors.
  public var count: Int { weight.shape[0] }
  /// E, the number of features of a vector.
  public var size: Int { weight.shape[1] }

  /// - Parameter indices: negative: a vector of zeros.
  /// - Returns: `[indices.count, size]`.
  /// - Throws: `ShapeError` when an index is not in the table.
  public func callAsFunction(_ indices: [Int32]) throws(ShapeError) -> Variable {
    if let wrong = indices.first(where: { $0 >= weight.shape[0] }) {
      throw ShapeError(place: "Embedding", expected: "more than \(wrong) rows", found: weight.shape)
    }
    return weight.variable.gather(indices)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows { try body(parameterName(path, "weight"), &weight) }
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
    gain = .ones([size])
    bias = .zeros([size])
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
