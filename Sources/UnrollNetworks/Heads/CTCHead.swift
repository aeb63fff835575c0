import UnrollCore

/// Reads symbols off the steps of a sequence, without being told which step says which: a linear layer to K + 1 classes,
/// the blank and, behind it, the K symbols, with the loss of connectionist temporal classification (Graves et al. 2006).
///
/// The blank comes first so that a class keeps its place where symbols are added.
public struct CTCHead: Module {
  /// To K + 1 classes.
  public var output: Linear

  /// A head with random weights.
  ///
  /// - Parameters:
  ///   - inputSize: the features of a step.
  ///   - symbolCount: K.
  public init(inputSize: Int, symbolCount: Int, using random: inout RandomSource) {
    output = Linear(inputSize: inputSize, outputSize: symbolCount + 1, using: &random)
  }

  /// K; symbols are the classes `1 ... K`.
  public var symbolCount: Int { output.weight.variable.shape[0] - 1 }
  /// The class that spells nothing, 0.
  public var blank: Int32 { 0 }

  /// The logits of each step, packed `[N, K + 1]`.
  ///
  /// - Throws: `ShapeError` when the features do not fit.
  public func callAsFunction(_ features: PackedSequence) throws(ShapeError) -> PackedSequence {
    PackedSequence(rows: try output(features.rows), layout: features.layout)
  }

  /// The loss of each sequence's symbols. A sequence with too few steps for them is named and left out.
  ///
  /// - Throws: `TargetError` when shapes do not fit, or a label is no symbol.
  public func loss(_ features: PackedSequence, _ targets: [[Int32]]) throws(TargetError) -> LabelSequenceLoss
  {
    let logits: PackedSequence
    do { logits = try callAsFunction(features) } catch { throw TargetError(error) }
    return try Loss.ctc(logits, targets, blank: blank)
  }

  /// ln p of each class at each step of each sequence as given, `[T, K + 1]` each: what decoders read.
  ///
  /// - Throws: `ShapeError` when the features do not fit.
  public func logProbabilities(_ features: PackedSequence) throws(ShapeError) -> [Tensor] {
    let packed = try callAsFunction(features).rows.logSoftmax()
    return SequenceRows.packed(features.layout).bySequence.map { packed.gather($0).value }
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows { try output.forEachParameter(parameterName(path, "output"), body) }
}
