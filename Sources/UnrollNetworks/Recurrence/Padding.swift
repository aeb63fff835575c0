import UnrollCore

extension SequenceBatch {
  /// Sequences of several lengths side by side, with zeros beyond the end of each.
  ///
  /// - Parameter sequences: `[Tᵢ, F]` each, of one F; Tᵢ may be 0. One at least.
  /// - Throws: `ShapeError` when a sequence has another form.
  public init(padding sequences: [Tensor]) throws(ShapeError) {
    guard let first = sequences.first else {
      throw ShapeError(place: "SequenceBatch.padding", expected: "one sequence at least", found: [0])
    }
    let features = first.shape.rank == 2 ? first.shape[1] : 0
    for sequence in sequences where sequence.shape.rank != 2 || sequence.shape[1] != features {
      throw ShapeError(
        place: "SequenceBatch.padding", expected: first.shape.rank == 2 ? "[T, \(features)]" : "[T, F]",
        found: sequence.shape)
    }
    let lengths = sequences.map { $0.shape[0] }
    let batch = sequences.count
    let steps = lengths.max() ?? 0
    // Row i of all sequences, one after the other, or none, for each step of each sequence.
    let starts = lengths.reduce(into: [0]) { $0.append($0.last! + $1) }
    var rows = Array(repeating: Int32(-1), count: steps * batch)
    for (column, length) in lengths.enumerated() {
      for step in 0..<length { rows[step * batch + column] = Int32(starts[column] + step) }
    }
    let padded = Tensor.concatenated(sequences, axis: 0).gather(rows)
    try self.init(padded.reshaped(to: [steps, batch, features]), lengths: lengths)
  }
}

extension Embedding {
  /// The vectors of token lists: `[T, B, E]` with the length of each; zeros beyond it.
  ///
  /// - Throws: `ShapeError` when an id is not in the table.
  public func callAsFunction(_ tokens: PaddedTokens) throws(ShapeError) -> SequenceBatch {
    let vectors = try self(tokens.ids)
    return try SequenceBatch(
      vectors.reshaped(to: [tokens.timeSteps, tokens.batch, vectors.shape.columns]), lengths: tokens.lengths)
  }
}
