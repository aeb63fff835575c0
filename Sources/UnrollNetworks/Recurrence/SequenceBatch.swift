import UnrollCore

/// Several sequences in one tensor: time-major `[T, B, F]` with the length of each.
///
/// What stands beyond a sequence's length is padding: no layer reads it, and layers write zeros there.
public struct SequenceBatch: Sendable {
  /// `[T, B, F]`.
  public let values: Variable
  /// The number of steps of each sequence; zero is legal.
  public let lengths: [Int]

  /// Sequences of one length, or of the given lengths.
  ///
  /// - Throws: `ShapeError` when the values are not `[T, B, F]` or the lengths do not fit.
  public init(_ values: Variable, lengths: [Int]? = nil) throws(ShapeError) {
    guard values.shape.rank == 3 else {
      throw ShapeError(place: "SequenceBatch", expected: "[T, B, F]", found: values.shape)
    }
    let (steps, batch) = (values.shape[0], values.shape[1])
    if let lengths, lengths.count != batch {
      throw ShapeError(
        place: "SequenceBatch.lengths", expected: "[T, \(lengths.count), F] for \(lengths.count) lengths",
        found: values.shape)
    }
    if let wrong = lengths?.firstIndex(where: { !(0...steps).contains($0) }), let length = lengths?[wrong] {
      throw ShapeError(
        place: "SequenceBatch.lengths",
        expected: "lengths between 0 and the \(steps) steps that there are, and length \(wrong) is \(length)",
        found: values.shape)
    }
    self.values = values
    self.lengths = lengths ?? Array(repeating: steps, count: batch)
  }

  /// Sequences of constants.
  public init(_ values: Tensor, lengths: [Int]? = nil) throws(ShapeError) {
    try self.init(Variable(values), lengths: lengths)
  }

  /// T, the number of steps of the tensor.
  public var timeSteps: Int { values.shape[0] }
  /// B, the number of sequences.
  public var batch: Int { values.shape[1] }
  /// F, the number of features of a step.
  public var features: Int { values.shape[2] }

  /// 1 where a step exists and 0 where there is padding, `[T, B]`.
  public var mask: Tensor {
    Tensor(
      (0..<timeSteps).flatMap { step in lengths.map { step < $0 ? 1 : 0 } }, shape: [timeSteps, batch])
  }
}

/// The steps that exist, without padding: what layers work on inside.
public struct PackedSequence: Sendable {
  /// `[N, F]` in the order of the layout.
  public let rows: Variable
  /// Where each step of each sequence lies.
  public let layout: SequenceLayout

  /// Rows `[N, F]` that lie as the layout says.
  ///
  /// - Parameter rows: as many as the layout has.
  public init(rows: Variable, layout: SequenceLayout) {
    self.rows = rows
    self.layout = layout
  }

  /// Takes the padding out; copies nothing when there is none.
  public init(_ sequences: SequenceBatch) {
    layout = SequenceLayout(lengths: sequences.lengths)
    let (steps, batch) = (sequences.timeSteps, sequences.batch)
    let flat = sequences.values.reshaped(to: [steps * batch, sequences.features])
    rows =
      layout.isUniform && layout.timeSteps == steps ? flat : flat.gather(layout.paddedRows)
  }

  /// Puts zeros as padding back, up to `timeSteps` steps.
  public func padded(timeSteps: Int) throws(ShapeError) -> SequenceBatch {
    let shape: Shape = [timeSteps, layout.batch, rows.shape.columns]
    let flat =
      layout.isUniform && layout.timeSteps == timeSteps
      ? rows : rows.gather(layout.packedRows(steps: timeSteps))
    return try SequenceBatch(flat.reshaped(to: shape), lengths: layout.lengths)
  }

  /// The rows of step t, longest sequences first.
  public func step(_ t: Int) -> Variable { rows.rows(layout.offsets[t]..<layout.offsets[t + 1]) }

  /// The last existing row of each sequence as given, zeros for empty ones: `[B, F]`.
  public var last: Variable { rows.gather(layout.lastRowsAsGiven) }
}
