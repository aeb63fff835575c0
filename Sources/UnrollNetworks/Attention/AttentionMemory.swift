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

  /// Keys to compare with queries, and the values that are read, of the same steps: for attention of your own.
  ///
  /// - Throws: `ShapeError` when they are not of the same sequences.
  public init(keys: PackedSequence, values: PackedSequence) throws(ShapeError) {
    guard keys.layout.lengths == values.layout.lengths else {
      throw ShapeError(
        place: "AttentionMemory.values", expected: "values of \(keys.layout.rows) steps",
        found: [values.layout.rows])
    }
    self.init(
      keys: keys.sequenceMajor, values: values.sequenceMajor,
      segments: RowSegments(lengths: keys.layout.lengths))
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

  /// The sum of the weights of no step, `[readers, S]`, where coverage begins.
  public var zeroCoverage: Variable { .unread(segments, precision: values.value.precision) }

  /// One step by products, e = scale · k·q and a = softmax(e), of the first readers, as many as the query has rows.
  ///
  /// - Returns: context Σ aₛ xₛ `[rows, V]` and weights a `[rows, S]`.
  /// - Throws: `ShapeError` when the query has another number of features than the keys.
  public func product(
    _ query: Variable, scale: Double = 1
  ) throws(ShapeError) -> (context: Variable, weights: Variable) { try step(query, .dot(scale: scale)) }

  /// One step by e = v·tanh(k + q) and a = softmax(e).
  ///
  /// - Parameter weight: v `[A]`.
  /// - Returns: context Σ aₛ xₛ `[rows, V]` and weights a `[rows, S]`.
  /// - Throws: `ShapeError` when the query or v have another number of features than the keys.
  public func additive(
    _ query: Variable, weight: Variable
  ) throws(ShapeError) -> (context: Variable, weights: Variable) {
    try step(query, .additive(weight: weight, covered: nil, slope: nil))
  }

  /// One step of the first readers, as many as the query has rows.
  func step(
    _ query: Variable, _ score: AttentionScore
  ) throws(ShapeError) -> (context: Variable, weights: Variable) {
    guard query.shape.rank == 2, query.shape[0] <= readers else {
      throw ShapeError(place: "attention.query", expected: "[\(readers), …]", found: query.shape)
    }
    return try Variable.attention(
      query: query, keys: keys, values: values, score: score, segments: segments.prefix(query.shape[0]))
  }
}
