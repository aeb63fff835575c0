import UnrollCore

/// Many to one: one vector of outputs for each sequence, whatever its length.
///
///     v = pooled over t of [hₜ; xₜ]       in each of the ways asked for, side by side
///     y = W v + b
///
/// h `[N, H]` are a recurrent network's outputs and x `[N, E]` on request its inputs, packed; y `[B, C]`. Of the inputs
/// there is no last state to speak of: beside a last h stands the mean of x. A sequence without steps has v = 0: its y is
/// b. While training, features of v are dropped.
public struct PooledHead: Module {
  public var pools: [SequencePooling]
  /// W and b.
  public var output: Linear
  /// Whether x is read beside h.
  public let poolsInputs: Bool
  public var dropout: Dropout

  /// - Parameters:
  ///   - features: H.
  ///   - inputFeatures: E, where the inputs are pooled, too.
  ///   - outputs: C.
  ///   - bidirectional: whether half of the features come from the last step backwards.
  public init(
    _ pooling: [PoolingKind], features: Int, inputFeatures: Int? = nil, outputs: Int,
    bidirectional: Bool = false, dropout: Float = 0, using random: inout RandomSource
  ) {
    let both = features + (inputFeatures ?? 0)
    pools = pooling.map { kind in
      SequencePooling(
        kind, features: kind == .last ? features : both, bidirectional: bidirectional, using: &random)
    }
    output = Linear(inputSize: pooling.count * both, outputSize: outputs, using: &random)
    poolsInputs = inputFeatures != nil
    self.dropout = Dropout(rate: dropout)
  }

  /// C, the number of outputs.
  public var outputSize: Int { output.outputSize }

  /// - Parameters:
  ///   - encoded: h.
  ///   - inputs: x, where the head pools inputs.
  ///   - random: randomness for dropout when training; `nil`: none.
  /// - Returns: y `[B, C]`, in the order in which the sequences were given.
  /// - Throws: `ShapeError` when h or x do not fit.
  public func callAsFunction(
    _ encoded: PackedSequence, inputs: PackedSequence? = nil, random: inout RandomSource?
  ) throws(ShapeError) -> Variable {
    let vector = try pooled(encoded, inputs: inputs)
    return try output(dropout(vector, random: &random))
  }

  /// v, `[B, …]`: what stands for a whole sequence.
  public func pooled(
    _ encoded: PackedSequence, inputs: PackedSequence? = nil
  ) throws(ShapeError) -> Variable {
    var both = encoded
    var read: Variable?
    if poolsInputs {
      guard let inputs, inputs.rows.shape.rows == encoded.rows.shape.rows else {
        throw ShapeError(
          place: "PooledHead.inputs", expected: "[\(encoded.rows.shape.rows), …]",
          found: inputs?.rows.shape ?? [0])
      }
      read = inputs.rows
      both = PackedSequence(
        rows: .concatenated([encoded.rows, inputs.rows], axis: -1), layout: encoded.layout)
    }
    var parts: [Variable] = []
    for pool in pools {
      parts.append(try pool(pool.kind == .last ? encoded : both))
      if pool.kind == .last, let read { parts.append(try read.meanOverSteps(encoded.layout)) }
    }
    return parts.count == 1 ? parts[0] : .concatenated(parts, axis: -1)
  }

  /// Σ over sequences of the cross-entropy against softened labels, weighted by class; see `Loss.crossEntropy`.
  ///
  /// - Parameters:
  ///   - logits: y.
  ///   - labels: one class a sequence; negative: the sequence does not count.
  /// - Throws: `ShapeError` when labels and logits do not fit.
  public static func loss(
    _ logits: Variable, _ labels: [Int32], smoothing: Double = 0, classWeights: [Float]? = nil
  ) throws(ShapeError) -> LossSum {
    LossSum(
      sum: try Loss.crossEntropy(
        logits, labels, labelSmoothing: smoothing, classWeights: classWeights, reduction: .sum),
      weight: Loss.labelWeight(labels, classWeights: classWeights))
  }

  /// Σ over sequences and labels of the binary cross-entropy, for labels of which several may apply at once.
  ///
  /// - Parameters:
  ///   - logits: y.
  ///   - targets: `[B, C]`: 1 where a label applies, else 0.
  /// - Throws: `ShapeError` when targets and logits do not fit.
  public static func loss(
    _ logits: Variable, targets: Tensor, positiveWeights: [Float]? = nil
  ) throws(ShapeError) -> LossSum {
    LossSum(
      try Loss.binaryCrossEntropy(logits, targets, positiveWeights: positiveWeights, reduction: .none))
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    for index in pools.indices {
      try pools[index].forEachParameter(parameterName(path, "pools.\(index)"), body)
    }
    try output.forEachParameter(parameterName(path, "output"), body)
  }
}
