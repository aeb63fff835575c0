import UnrollCore

/// How the steps of a sequence become one vector.
public enum PoolingKind: String, Sendable, Codable, CaseIterable {
  /// The state after the last step; of two directions, each where it has read everything.
  case last
  /// The mean over the steps.
  case mean
  /// The largest of each feature over the steps.
  case max
  /// A mean weighted by learned attention.
  case attention
}

/// Many to one: a vector for each sequence. A sequence without steps gives zeros.
public struct SequencePooling: Module {
  public let kind: PoolingKind
  /// F, the number of features of a step and of the result.
  public let features: Int
  /// Whether the second half of the features was made by a reversed layer, which ends at the first step.
  public let bidirectional: Bool
  /// The weights of `.attention`.
  public var attention: AttentionPooling?

  /// - Parameters:
  ///   - bidirectional: whether the features are those of two directions side by side.
  ///   - attentionSize: A, the hidden units of `.attention`; `nil`: half the features.
  public init(
    _ kind: PoolingKind, features: Int, bidirectional: Bool = false, attentionSize: Int? = nil,
    using random: inout RandomSource
  ) {
    self.kind = kind
    self.features = features
    self.bidirectional = bidirectional
    attention =
      kind == .attention
      ? AttentionPooling(features: features, hidden: attentionSize ?? max(1, features / 2), using: &random)
      : nil
  }

  /// - Parameter x: `[N, F]`, packed.
  /// - Returns: `[B, F]`, in the order in which the sequences were given.
  /// - Throws: `ShapeError` when x has another number of features.
  public func callAsFunction(_ x: PackedSequence) throws(ShapeError) -> Variable {
    guard x.rows.shape.columns == features else {
      throw ShapeError(place: "SequencePooling", expected: "[…, \(features)]", found: x.rows.shape)
    }
    switch kind {
    case .last: return last(x)
    case .mean: return try x.rows.meanOverSteps(x.layout)
    case .max: return try x.rows.maximumOverSteps(x.layout)
    case .attention:
      guard let attention else { return try x.rows.meanOverSteps(x.layout) }
      return try attention(x).pooled
    }
  }

  private func last(_ x: PackedSequence) -> Variable {
    guard bidirectional else { return x.last }
    let half = features / 2
    return .concatenated([x.last.columns(0..<half), x.first.columns(half..<features)], axis: -1)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows { try attention?.forEachParameter(parameterName(path, "attention"), body) }
}

extension PackedSequence {
  /// The first row of each sequence as given, zeros for empty ones: `[B, F]`.
  public var first: Variable { rows.gather(layout.firstRowsAsGiven) }

  /// The rows sequence by sequence, in the order as given: `[N, F]`.
  public var sequenceMajor: Variable { rows.gather(layout.sequenceMajorRows) }
}

/// A mean of steps weighted by a learned query (Yang et al. 2016, "Hierarchical Attention Networks", section 2.2):
///
///     eₜ = u·tanh(W xₜ + b)      a = softmax(e) over the steps of a sequence      y = Σ aₜ xₜ
///
/// W `[A, F]`, b `[A]`, u `[A]`.
public struct AttentionPooling: Module {
  /// W and b.
  public var hidden: Linear
  /// u.
  public var query: Parameter

  public init(features: Int, hidden: Int, using random: inout RandomSource) {
    self.hidden = Linear(inputSize: features, outputSize: hidden, using: &random)
    query = Parameter([hidden]) {
      Initializer.glorot(outputs: 1, inputs: hidden, using: &random).reshaped(to: [hidden])
    }
  }

  /// - Parameter x: `[N, F]`, packed.
  /// - Returns: `[B, F]` and the weights `[B, T]`, in the order in which the sequences were given.
  /// - Throws: `ShapeError` when x does not fit.
  public func callAsFunction(_ x: PackedSequence) throws(ShapeError) -> (pooled: Variable, weights: Variable)
  {
    let rows = x.sequenceMajor
    let segments = RowSegments(lengths: x.layout.lengths)
    let none = Variable(
      Tensor(repeating: 0, shape: [1, query.variable.shape.count], precision: rows.value.precision)
    ).repeated(forSequencesOf: x.rows, x.layout)
    let (pooled, weights) = try Variable.attention(
      query: none, keys: try hidden(rows), values: rows,
      score: .additive(weight: query.variable, covered: nil, slope: nil), segments: segments)
    return (pooled, weights)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try hidden.forEachParameter(parameterName(path, "hidden"), body)
    try body(parameterName(path, "query"), &query)
  }
}
