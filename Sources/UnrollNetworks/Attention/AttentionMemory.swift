import UnrollCore

/// What attention reads: the outputs of an encoder and their keys, made once for all steps of a decoder.
///
/// Sequences keep their own lengths; nothing is computed for padding.
public struct AttentionMemory: Sendable {
  /// `[N, A]`, sequence by sequence.
  package let keys: Variable
  /// `[N, V]`, sequence by sequence.
  package let values: Variable
  package let segments: RowSegments

  package init(keys: Variable, values: Variable, segments: RowSegments) {
    self.keys = keys
    self.values = values
    self.segments = segments
  }

  /// The number of readers: rows of a query.
  public var readers: Int { segments.count }
  /// S, the columns of attention weights: the number of steps of the longest sequence.
  public var steps: Int { segments.width }
  /// The number of steps that each reader sees.
  public var lengths: [Int] { segments.lengths }

  /// The memory for other readers: reader r sees what reader `readers[r]` saw. Copies no numbers; a sequence may be
  /// read by several readers, as by the hypotheses of a beam, or by none.
  public func selecting(_ readers: [Int]) -> AttentionMemory {
    AttentionMemory(keys: keys, values: values, segments: segments.selecting(readers))
  }

  /// The same numbers, cut from the computation that made them.
  public var detached: AttentionMemory {
    AttentionMemory(keys: keys.detached, values: values.detached, segments: segments)
  }

  /// Weights of nothing read so far, `[readers, S]`, where coverage begins.
  public var uncovered: Variable {
    Variable(Tensor(repeating: 0, shape: [readers, steps], precision: values.value.precision))
  }

  fileprivate func step(
    _ query: Variable, _ score: AttentionScore
  ) throws(ShapeError) -> (context: Variable, weights: Variable) {
    guard query.shape.rank == 2, query.shape[0] <= readers else {
      throw ShapeError(place: "attention.query", expected: "[\(readers), …]", found: query.shape)
    }
    return try Variable.attention(
      query: query, keys: keys, values: values, score: score, segments: segments.prefix(query.shape[0]))
  }
}

/// A way in which a decoder's state looks at an encoder's outputs.
public protocol Attention: Module {
  /// The number of features of a query.
  var querySize: Int { get }
  /// V, the number of features of what is read and of a context.
  var memorySize: Int { get }

  /// Prepares the outputs of an encoder, once for a batch; reader r sees sequence r as given.
  func memory(_ encoded: PackedSequence) throws(ShapeError) -> AttentionMemory

  /// One step for a batch.
  ///
  /// - Parameters:
  ///   - query: `[B, querySize]`; with fewer rows than the memory has readers, it is the first that read.
  ///   - covered: the sum of the weights of the steps before, `[B, S]`, for attention that knows coverage.
  /// - Returns: context `[B, V]` and weights `[B, S]`, whose rows sum to 1 over the steps of their sequence and are 0
  ///   beyond; both are 0 where a sequence is empty.
  func callAsFunction(
    _ query: Variable, _ memory: AttentionMemory, covered: Variable?
  ) throws(ShapeError) -> (context: Variable, weights: Variable)
}

extension Attention {
  public func callAsFunction(
    _ query: Variable, _ memory: AttentionMemory
  ) throws(ShapeError) -> (context: Variable, weights: Variable) {
    try callAsFunction(query, memory, covered: nil)
  }
}

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
    score = Parameter(
      Initializer.glorot(outputs: 1, inputs: hiddenSize, using: &random).reshaped(to: [hiddenSize]))
    self.coverage =
      coverage
      ? Parameter(
        Initializer.glorot(outputs: hiddenSize, inputs: 1, using: &random).reshaped(to: [hiddenSize]))
      : nil
  }

  public var querySize: Int { query.weight.variable.shape[1] }
  public var memorySize: Int { key.weight.variable.shape[1] }

  public func memory(_ encoded: PackedSequence) throws(ShapeError) -> AttentionMemory {
    let rows = encoded.sequenceMajor
    return AttentionMemory(
      keys: try key(rows), values: rows, segments: RowSegments(lengths: encoded.layout.lengths))
  }

  public func callAsFunction(
    _ query: Variable, _ memory: AttentionMemory, covered: Variable?
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
    _ query: Variable, _ memory: AttentionMemory, covered: Variable?
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

  public var querySize: Int { key.weight.variable.shape[0] }
  public var memorySize: Int { key.weight.variable.shape[1] }

  public func memory(_ encoded: PackedSequence) throws(ShapeError) -> AttentionMemory {
    let rows = encoded.sequenceMajor
    return AttentionMemory(
      keys: try key(rows), values: rows, segments: RowSegments(lengths: encoded.layout.lengths))
  }

  public func callAsFunction(
    _ query: Variable, _ memory: AttentionMemory, covered: Variable?
  ) throws(ShapeError) -> (context: Variable, weights: Variable) {
    try memory.step(query, .dot(scale: 1))
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows { try key.forEachParameter(parameterName(path, "key"), body) }
}
