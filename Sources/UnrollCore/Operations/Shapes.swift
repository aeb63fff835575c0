extension Variable {
  /// The same elements in another shape of equal count.
  public func reshaped(to shape: Shape) -> Variable {
    .record(value.reshaped(to: shape), from: [self], as: .reshaped) { [slot] dy, gradients in
      gradients.add(dy, to: slot)
    }
  }

  /// Rows `range` of the first axis.
  public func rows(_ range: Range<Int>) -> Variable {
    precondition(range.lowerBound >= 0 && range.upperBound <= shape[0], "rows \(range) of \(shape)")
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
    precondition(range.lowerBound >= 0 && range.upperBound <= shape[-1], "columns \(range) of \(shape)")
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

  /// All of these, one after the other along the first axis; the other extents agree.
  public static func concatenatedRows(_ parts: [Variable]) -> Variable {
    guard let first = parts.first, parts.count > 1 else { return parts[0] }
    precondition(parts.allSatisfy { $0.shape.extents.dropFirst() == first.shape.extents.dropFirst() })
    let count = parts.reduce(0) { $0 + $1.shape[0] }
    let y = Tensor(
      uninitialized: Shape([count] + first.shape.extents.dropFirst()), precision: first.value.precision)
    var start = 0
    for part in parts {
      y.copy(part.value, from: 0, to: start, count: part.shape.count)
      start += part.shape.count
    }
    let slots = parts.map(\.slot)
    return record(y, from: parts, as: .concatenatedRows) { dy, gradients in
      var start = 0
      for part in slots {
        if part.isRecorded {
          let piece = Tensor(uninitialized: part.shape, precision: dy.precision)
          piece.copy(dy, from: start, to: 0, count: part.shape.count)
          gradients.add(piece, to: part)
        }
        start += part.shape.count
      }
    }
  }

  /// All of these, side by side along the last axis; the other extents agree.
  public static func concatenatedColumns(_ parts: [Variable]) -> Variable {
    guard let first = parts.first, parts.count > 1 else { return parts[0] }
    precondition(parts.allSatisfy { $0.shape.extents.dropLast() == first.shape.extents.dropLast() })
    let (rows, width) = (first.shape.rows, parts.reduce(0) { $0 + $1.shape.columns })
    let y = Tensor(
      uninitialized: Shape(first.shape.extents.dropLast() + [width]), precision: first.value.precision)
    var start = 0
    for part in parts {
      let columns = part.shape.columns
      for row in 0..<rows { y.copy(part.value, from: row * columns, to: row * width + start, count: columns) }
      start += columns
    }
    let slots = parts.map(\.slot)
    return record(y, from: parts, as: .concatenatedColumns) { dy, gradients in
      var start = 0
      for part in slots {
        let columns = part.shape.columns
        if part.isRecorded {
          let piece = Tensor(uninitialized: part.shape, precision: dy.precision)
          for row in 0..<rows { piece.copy(dy, from: row * width + start, to: row * columns, count: columns) }
          gradients.add(piece, to: part)
        }
        start += columns
      }
    }
  }

  /// Row `indices[i]` of the first axis as row i; zeros where an index is negative.  An embedding's look-up, a
  /// permutation, a repetition: the gradient of a row is the sum over its uses.
  public func gatheringRows(_ indices: [Int32]) -> Variable {
    gatheringRows(indices, as: .gatheringRows(indices))
  }

  /// - Parameter operation: what the indices do, for a `TraceRecorder`.
  func gatheringRows(
    _ indices: [Int32], as operation: @autoclosure () -> TracedOperation
  ) -> Variable {
    let width = shape[0] == 0 ? shape.extents.dropFirst().reduce(1, *) : shape.count / shape[0]
    precondition(indices.allSatisfy { $0 < shape[0] }, "a row of \(shape) was asked for that is not there")
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
