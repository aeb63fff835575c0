import UnrollCore

/// Dot-product attention (Luong, Pham and Manning 2015, section 3.1):
///
///     eₛ = q·xₛ      a = softmax(e)      context = Σ aₛ xₛ
///
/// Query and memory have as many features. Coverage plays no part in the scores.
public struct DotAttention: Attention {
  public let memorySize: Int
  /// What scores are multiplied by.
  public let scale: Double

  /// - Parameter scaled: whether scores are divided by √features (Vaswani et al. 2017, section 3.2.1).
  public init(features: Int, scaled: Bool = false) {
    memorySize = features
    scale = scaled ? 1 / Double(max(1, features)).squareRoot() : 1
  }

  public var querySize: Int { memorySize }

  public func memory(_ encoded: PackedSequence) throws(ShapeError) -> AttentionMemory {
    let rows = encoded.sequenceMajor
    guard rows.shape.columns == memorySize else {
      throw ShapeError(place: "DotAttention.memory", expected: "[…, \(memorySize)]", found: rows.shape)
    }
    return AttentionMemory(
      keys: rows, values: rows, segments: RowSegments(lengths: encoded.layout.lengths))
  }

  public func callAsFunction(
    _ query: Variable, _ memory: AttentionMemory, coverage covered: Variable?
  ) throws(ShapeError) -> (context: Variable, weights: Variable) {
    try memory.step(query, .dot(scale: scale))
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {}
}

/// General multiplicative attention (Luong, Pham and Manning 2015, section 3.1):
///
///     eₛ = q·W xₛ      a = softmax(e)      context = Σ aₛ xₛ
///
/// W `[querySize, V]`. Coverage plays no part in the scores.
public struct GeneralAttention: Attention {
  /// W.
  public var key: Linear

  public init(querySize: Int, memorySize: Int, using random: inout RandomSource) {
    key = Linear(inputSize: memorySize, outputSize: querySize, bias: false, using: &random)
  }

  public var querySize: Int { key.outputSize }
  public var memorySize: Int { key.inputSize }

  public func memory(_ encoded: PackedSequence) throws(ShapeError) -> AttentionMemory {
    let rows = encoded.sequenceMajor
    return AttentionMemory(
      keys: try key(rows), values: rows, segments: RowSegments(lengths: encoded.layout.lengths))
  }

  public func callAsFunction(
    _ query: Variable, _ memory: AttentionMemory, coverage covered: Variable?
  ) throws(ShapeError) -> (context: Variable, weights: Variable) {
    try memory.step(query, .dot(scale: 1))
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows { try key.forEachParameter(parameterName(path, "key"), body) }
}
