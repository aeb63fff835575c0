/// The steps that the sequences of a batch have, and what is made of them.
struct ExportedSteps {
  /// `[B]`, 32 bits, as recurrent nodes take them.
  let lengths: String
  /// `[1]`, the number of sequences.
  let batch: String
  /// `[T, B, 1]`, 1 where a step exists, else 0.
  let mask: String
  /// `[T, B, 1]`, 1 at the last step of a sequence, else 0.
  let last: String
  /// `[T, B, 1]`, 1 at the first step of a sequence that has any, else 0.
  let first: String
  /// `[B, 1]`, the lengths, but at least 1.
  let count: String
  /// `[B, 1]`, 1 where a sequence has steps, else 0.
  let exists: String
}

extension GraphBuilder {
  /// - Parameters:
  ///   - lengths: `[B]`, 64 bits.
  ///   - x: anything whose first axis is time.
  mutating func steps(_ lengths: String, of x: String) -> ExportedSteps {
    let time = squeezed(extent(x, axis: 0), [0])
    let range = unsqueezed(apply("Range", whole(0), time, whole(1)), [1])
    let row = unsqueezed(lengths, [0])
    func flags(_ condition: String, _ builder: inout GraphBuilder) -> String {
      builder.unsqueezed(builder.cast(condition, .float), [2])
    }
    let mask = flags(apply("Less", range, row), &self)
    let last = flags(apply("Equal", range, apply("Sub", row, whole(1))), &self)
    let first = times(flags(apply("Equal", range, whole(0)), &self), mask)
    let exists = cast(apply("Greater", lengths, whole(0)), .float)
    let count = apply("Max", cast(lengths, .float), number(1))
    return ExportedSteps(
      lengths: cast(lengths, .int32), batch: extent(lengths, axis: 0), mask: mask, last: last, first: first,
      count: unsqueezed(count, [1]), exists: unsqueezed(exists, [1]))
  }

  /// The outputs of each sequence's last step; zeros of empty ones. `[T, B, F]` to `[B, F]`.
  mutating func lastStep(_ x: String, _ steps: ExportedSteps) -> String {
    summed(times(x, steps.last), axis: 0)
  }

  /// The outputs where each direction has read everything; the second half of the features ends at the first step.
  mutating func finalState(_ x: String, _ steps: ExportedSteps, features: Int, bidirectional: Bool) -> String
  {
    guard bidirectional else { return lastStep(x, steps) }
    let half = features / 2
    let ahead = summed(times(part(x, axis: 2, 0..<half), steps.last), axis: 0)
    let back = summed(times(part(x, axis: 2, half..<features), steps.first), axis: 0)
    return concatenated([ahead, back], axis: 1)
  }

  /// The mean over the steps of each sequence.
  mutating func mean(_ x: String, _ steps: ExportedSteps) -> String {
    over(summed(times(x, steps.mask), axis: 0), steps.count)
  }

  /// The largest of each feature over the steps of each sequence; zeros of empty ones.
  mutating func largest(_ x: String, _ steps: ExportedSteps) -> String {
    let away = times(minus(steps.mask, number(1)), number(1e30))
    let top = apply(
      "ReduceMax", plus(times(x, steps.mask), away), list([0]), attributes: [.integer("keepdims", 0)])
    return times(top, steps.exists)
  }

  /// Time first, zeros beyond the lengths, to batch first.
  mutating func batchFirst(_ x: String, _ steps: ExportedSteps) -> String {
    transposed(times(x, steps.mask), [1, 0, 2])
  }
}
