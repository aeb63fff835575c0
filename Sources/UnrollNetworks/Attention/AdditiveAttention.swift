import UnrollCore

/// Additive attention (Bahdanau, Cho and Bengio 2015, appendix A.1.2), on request with coverage (Tu et al. 2016;
/// See, Liu and Manning 2017, equation 11):
///
///     eₛ = v·tanh(W q + U xₛ + b + cₛ u)      a = softmax(e)      context = Σ aₛ xₛ
///
/// W `[A, querySize]`, U `[A, V]`, b `[A]`, v `[A]`; u `[A]` weighs the coverage c, the sum of all weights before.
public struct AdditiveAttention: Attention {
  /// W.
  public var query: Linear
  /// U and b.
  public var key: Linear
  /// v.
  public var score: Parameter
  /// u.
  public var coverage: Parameter?

  /// - Parameters:
  ///   - hiddenSize: A.
  ///   - coverage: whether scores know what was read before.
  public init(
    querySize: Int, memorySize: Int, hiddenSize: Int, coverage: Bool = false, using random: inout RandomSource
  ) {
    query = Linear(inputSize: querySize, outputSize: hiddenSize, bias: false, using: &random)
    key = Linear(inputSize: memorySize, outputSize: hiddenSize, using: &random)
    score = Parameter([hiddenSize]) {
      Initializer.glorot(outputs: 1, inputs: hiddenSize, using: &random).reshaped(to: [hiddenSize])
    }
    self.coverage =
      coverage
      ? Parameter([hiddenSize]) {
        Initializer.glorot(outputs: hiddenSize, inputs: 1, using: &random).reshaped(to: [hiddenSize])
      } : nil
  }

  public var querySize: Int { query.inputSize }
  public var memorySize: Int { key.inputSize }

  public func memory(_ encoded: PackedSequence) throws(ShapeError) -> AttentionMemory {
    let rows = encoded.sequenceMajor
    return AttentionMemory(
      keys: try key(rows), values: rows, segments: RowSegments(lengths: encoded.layout.lengths))
  }

  public func callAsFunction(
    _ query: Variable, _ memory: AttentionMemory, coverage covered: Variable?
  ) throws(ShapeError) -> (context: Variable, weights: Variable) {
    let slope = covered == nil ? nil : coverage?.variable
    return try memory.step(
      try self.query(query),
      .additive(weight: score.variable, covered: slope == nil ? nil : covered, slope: slope))
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try query.forEachParameter(parameterName(path, "query"), body)
    try key.forEachParameter(parameterName(path, "key"), body)
    try body(parameterName(path, "score"), &score)
    if coverage != nil { try body(parameterName(path, "coverage"), &coverage!) }
  }
}
