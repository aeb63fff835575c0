extension Variable {
  /// The same elements in another shape of equal count.
  public func reshaped(to shape: Shape) -> Variable {
    .record(value.reshaped(to: shape), from: [self], as: .reshaped) { [slot] dy, gradients in
      gradients.add(dy, to: slot)
    }
  }

  /// Rows `range` of the first axis.
  public func rows(_ range: Range<Int>) -> Variable {
    require(
      shape.rank > 0 && range.lowerBound >= 0 && range.upperBound <= shape[0],
      "rows: the shape \(shape) has no rows \(range)")
    if range.count == shape[0] { return self }
    let width = shape[0] == 0 ? 0 : shape.count / shape[0]
    let y = Tensor(
      uninitialized: Shape([range.count] + shape.extents.dropFirst()), precision: value.precision)
    y.copy(value, from: range.lowerBound * width, to: 0, count: range.count * width)
    return .record(y, from: [self], as: .rows(range)) { [slot] dy, gradients in
      gradients.update(slot) { sum in
        sum.accumulate(dy, from: 0, to: range.lowerBound * width, count: range.count * width)
      }
    }
  }

  /// Columns `range` of the last axis.
  public func columns(_ range: Range<Int>) -> Variable {
    require(
      shape.rank > 0 && range.lowerBound >= 0 && range.upperBound <= shape[-1],
      "columns: the shape \(shape) has no columns \(range)")
    if range.count == shape[-1] { return self }
    let (rows, from, to) = (shape.rows, shape.columns, range.count)
    let y = Tensor(uninitialized: Shape(shape.extents.dropLast() + [to]), precision: value.precision)
    for row in 0..<rows {
      y.copy(value, from: row * from + range.lowerBound, to: row * to, count: to)
    }
    return .record(y, from: [self], as: .columns(range)) { [slot] dy, gradients in
      gradients.update(slot) { sum in
        for row in 0..<rows {
          sum.accumulate(dy, from: row * to, to: row * from + range.lowerBound, count: to)
        }
      }
    }
  }

  /// All of these, one after the other along an axis; the other extents agree.  Each gets its part of dy.
  ///
  /// - Parameters:
  ///   - parts: one at least.
  ///   - axis: a negative one counts from the last.
  /// - Returns: `[T, B, F + G]` for `[T, B, F]`, `[T, B, G]` and axis −1.
  public static func concatenated(_ parts: [Variable], axis: Int) -> Variable {
    guard let first = parts.first else { stop("concatenated(_:axis:): there is nothing to join") }
    let axis = first.shape.index(of: axis, "concatenated(_:axis:)")
    let others = first.shape.replacing(axis, by: 0)
    for part in parts where part.shape.rank != others.rank || part.shape.replacing(axis, by: 0) != others {
      stop(
        "concatenated(_:axis:): the shapes \(first.shape) and \(part.shape) differ in more than axis \(axis)")
    }
    if parts.count == 1 { return first }
    if parts.contains(where: { $0.value.precision != first.value.precision }) {
      return concatenated(parts.map { $0.promoted(to: .double) }, axis: axis)
    }
    // Of each part, as many elements lie one after the other as its extent and those after it have.
    let (outer, inner) = (first.shape.around(axis).outer, first.shape.around(axis).inner)
    let whole = parts.reduce(0) { $0 + $1.shape[axis] }
    let y = Tensor(
      uninitialized: first.shape.replacing(axis, by: whole), precision: first.value.precision)
    var start = 0
    for part in parts {
      let own = part.shape[axis] * inner
      for row in 0..<outer {
        y.copy(part.value, from: row * own, to: row * whole * inner + start, count: own)
      }
      start += own
    }
    let slots = parts.map(\.slot)
    return record(y, from: parts, as: .concatenated(axis: axis)) { dy, gradients in
      var start = 0
      for part in slots {
        let own = part.shape[axis] * inner
        if part.isRecorded {
          let piece = Tensor(uninitialized: part.shape, precision: dy.precision)
          for row in 0..<outer {
            piece.copy(dy, from: row * whole * inner + start, to: row * own, count: own)
          }
          gradients.add(piece, to: part)
        }
        start += own
      }
    }
  }

  /// Row `indices[i]` of the first axis as row i; zeros where an index is negative.  An embedding's look-up, a
  /// permutation, a repetition: the gradient of a row is the sum over its uses.
  ///
  /// - Returns: `[indices.count, F]` for x `[N, F]`. An index of N or above ends the process.
  public func gather(_ indices: [Int32]) -> Variable { gather(indices, as: .gather(indices)) }

  /// - Parameter operation: what the indices do, for a `TraceRecorder`.
  func gather(_ indices: [Int32], as operation: @autoclosure () -> TracedOperation) -> Variable {
    require(shape.rank > 0, "gather: a scalar has no rows")
    require(
      indices.allSatisfy { $0 < shape[0] },
      "gather: the shape \(shape) has no row \(indices.max() ?? 0)")
    let width = shape.around(0).inner
    let y = Tensor(
      uninitialized: Shape([indices.count] + shape.extents.dropFirst()), precision: value.precision)
    Kernels.serving(value.precision).gather(value.address, indices, width: width, into: y.mutableAddress)
    return .record(y, from: [self], as: operation()) { [slot] dy, gradients in
      gradients.add(lookedUp: dy, indices, to: slot)
    }
  }
}

extension Tensor {
  /// Copies elements into memory that has no other owner.
  func copy(_ source: Tensor, from: Int, to: Int, count: Int) {
    let stride = precision.stride
    (mutableAddress + to * stride).copyMemory(from: source.address + from * stride, byteCount: count * stride)
  }

  /// Adds elements to memory that has no other owner.
  func accumulate(_ source: Tensor, from: Int, to: Int, count: Int) {
    let stride = precision.stride
    Kernels.serving(precision).add(
      1, source.address + from * stride, to: mutableAddress + to * stride, count: count)
  }
}
