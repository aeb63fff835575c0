/// Where rows go, by axes with names, a letter each: rows of x are counted by the axes of `from`, those of the result
/// by the axes of `to`, the last fastest.
///
///     "bs" to "sb"        transposed
///     "b" to "bi"         each row as often as i has places
///     "ctc" to "ct"       of the places of both c those that are equal
package struct RowArrangement: Sendable {
  package let from: [Character]
  package let to: [Character]
  /// The axes of the variable that an axis may be taken from which x has not.
  package let like: [Character]
  package let extents: [Character: Int]

  /// For each row of the result, its row of x.
  var indices: [Int32] {
    var strides: [Character: Int] = [:]
    var stride = 1
    for axis in from.reversed() {
      strides[axis, default: 0] += stride
      stride *= extents[axis] ?? 1
    }
    var indices: [Int32] = [0]
    for axis in to {
      let step = Int32(strides[axis] ?? 0)
      indices = indices.flatMap { start in (0..<Int32(extents[axis] ?? 1)).map { start + $0 * step } }
    }
    return indices
  }
}

extension Variable {
  /// The rows of x in another order, repeated, or some of them, by axes with names of a letter each, as in `einsum`: rows
  /// of x are counted by the axes of `from`, those of the result by the axes of `to`, the last fastest.
  ///
  ///     x.arrangingRows("bs", to: "sb", ["b": 3, "s": 5])      transposed
  ///     x.arrangingRows("b", to: "bi", ["b": 3, "i": 2])       each row twice
  ///     x.arrangingRows("ctc", to: "ct", ["c": 2, "t": 4])     of the places of both c those that are equal
  ///
  /// Unlike a look-up by indices it holds for any extents, so that a network that does it can be exported.
  ///
  /// - Parameters:
  ///   - from: the axes that rows of x are counted by.
  ///   - to: those of the result.
  ///   - extents: how many places each axis has.
  ///   - like: a variable and the axes its rows are counted by, where an axis of the result is not one of x and is not
  ///     the same at each run.
  public func arrangingRows(
    _ from: String, to: String, _ extents: [Character: Int], like: (variable: Variable, axes: String)? = nil
  ) -> Variable {
    let arrangement = RowArrangement(
      from: Array(from), to: Array(to), like: Array(like?.axes ?? ""), extents: extents)
    let rows = arrangement.from.reduce(1) { $0 * (extents[$1] ?? 0) }
    precondition(rows == shape[0], "the axes \(from) have \(rows) rows, found \(shape)")
    return gather(
      arrangement.indices, as: .arrangingRows(arrangement, like: like?.variable.value))
  }

  /// The one row of x, as often as another variable has rows.
  package func repeated(forRowsOf other: Variable) -> Variable {
    repeated(other.shape[0], as: .repeated(like: other.value, nil))
  }

  /// The one row of x, as often as there are sequences.
  ///
  /// - Parameter steps: packed rows of the sequences.
  package func repeated(forSequencesOf steps: Variable, _ layout: SequenceLayout) -> Variable {
    repeated(layout.batch, as: .repeated(like: steps.value, layout))
  }

  private func repeated(_ count: Int, as operation: @autoclosure () -> TracedOperation) -> Variable {
    precondition(shape.rank > 0 && shape[0] == 1, "one row was expected, found \(shape)")
    return gather(Array(repeating: 0, count: count), as: operation())
  }

  /// Attention weights of readers that have not read, `[readers, width]`.
  package static func unread(_ segments: RowSegments, precision: Precision) -> Variable {
    let zeros = Tensor(repeating: 0, shape: [segments.count, segments.width], precision: precision)
    return .record(zeros, from: [], as: .unread(segments)) { _, _ in }
  }
}
