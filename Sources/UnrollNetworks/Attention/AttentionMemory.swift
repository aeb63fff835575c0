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
  public var uncovered: Variable { .unread(segments, precision: values.value.precision) }

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
