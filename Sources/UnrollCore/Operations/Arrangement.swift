// What changes the order of elements and not their values. A negative axis counts from the last.

extension Variable {
  /// Two axes exchanged; for a matrix, its transpose.  dx is dy with the same axes exchanged.
  ///
  /// - Returns: `[B, T, F]` for x `[T, B, F]` and axes 0 and 1.
  public func transposed(_ first: Int = -2, _ second: Int = -1) -> Variable {
    let a = shape.index(of: first, "transposed")
    let b = shape.index(of: second, "transposed")
    if a == b { return self }
    let (low, high) = (min(a, b), Swift.max(a, b))
    return .record(Kernels.transpose(value, low, high), from: [self], as: .transposed(low, high)) {
      [slot] dy, gradients in
      gradients.add(Kernels.transpose(dy, low, high), to: slot)
    }
  }

  /// All axes in another order: axis i of the result is axis `axes[i]` of x.
  ///
  /// - Returns: `[F, T, B]` for x `[T, B, F]` and axes `[2, 0, 1]`.
  public func permuted(_ axes: [Int]) -> Variable {
    let order = axes.map { shape.index(of: $0, "permuted") }
    require(
      order.sorted() == Array(0..<shape.rank),
      "permuted: \(axes) does not name each axis of the shape \(shape) once")
    var (result, current) = (self, Array(0..<shape.rank))
    for place in order.indices where current[place] != order[place] {
      guard let other = current.firstIndex(of: order[place]) else { continue }
      result = result.transposed(place, other)
      current.swapAt(place, other)
    }
    return result
  }

  /// A range of an axis.  dx is dy there, and 0 elsewhere.
  ///
  /// - Returns: `[T, B, n]` for x `[T, B, F]`, axis 2 and a range of n.
  public func slice(_ range: Range<Int>, axis: Int) -> Variable {
    let axis = shape.index(of: axis, "slice(_:axis:)")
    if axis == 0 { return rows(range) }
    if axis == shape.rank - 1 { return columns(range) }
    require(
      range.lowerBound >= 0 && range.upperBound <= shape[axis],
      "slice(_:axis:): \(range) is not within axis \(axis) of the shape \(shape)")
    // As a matrix whose rows end with the axis, the range is one of columns.
    let (outer, extent, inner) = shape.around(axis)
    return reshaped(to: [outer, extent * inner])
      .columns(range.lowerBound * inner..<range.upperBound * inner)
      .reshaped(to: shape.replacing(axis, by: range.count))
  }

  /// An axis cut into parts of the given extents, which together are its own.
  public func split(sizes: [Int], axis: Int = -1) -> [Variable] {
    let axis = shape.index(of: axis, "split(sizes:axis:)")
    require(
      sizes.allSatisfy { $0 >= 0 } && sizes.reduce(0, +) == shape[axis],
      "split(sizes:axis:): \(sizes) are not the parts of axis \(axis) of the shape \(shape)")
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return slice(start..<start + size, axis: axis)
    }
  }

  /// An axis cut into so many equal parts.
  public func split(into count: Int, axis: Int = -1) -> [Variable] {
    let axis = shape.index(of: axis, "split(into:axis:)")
    require(
      count > 0 && shape[axis] % count == 0,
      "split(into:axis:): axis \(axis) of the shape \(shape) has no \(count) equal parts")
    return split(sizes: Array(repeating: shape[axis] / count, count: count), axis: axis)
  }
}

extension Kernels {
  /// Exchanges two axes, the first before the second.
  static func transpose(_ x: Tensor, _ first: Int, _ second: Int) -> Tensor {
    let extents = x.shape.extents
    var turned = extents
    turned.swapAt(first, second)
    let y = Tensor(uninitialized: Shape(turned), precision: x.precision)
    let form = Transposition(
      outer: extents[..<first].reduce(1, *), a: extents[first],
      middle: extents[(first + 1)..<second].reduce(1, *), b: extents[second],
      inner: extents[(second + 1)...].reduce(1, *) * x.precision.stride)
    guard x.shape.count > 0 else { return y }
    let perBlock = x.shape.count / (form.outer * ((form.b + 15) / 16))
    WorkerPool.shared.split(
      form.outer * ((form.b + 15) / 16), grain: Swift.max(1, grain / Swift.max(1, perBlock))
    ) { range in
      switch form.inner {
      case 4: form.run(range, x.address, y.mutableAddress, as: UInt32.self)
      case 8: form.run(range, x.address, y.mutableAddress, as: UInt64.self)
      default: form.run(range, x.address, y.mutableAddress)
      }
    }
    return y
  }
}

/// From `[outer, a, middle, b]` to `[outer, b, middle, a]`, of blocks of `inner` bytes; in tiles of 16 by 16, so that
/// the lines of either side are used whole.
private struct Transposition {
  let outer: Int
  let a: Int
  let middle: Int
  let b: Int
  let inner: Int

  /// Calls `body` with the places of each block in x and in y, for some strips of 16 of the axis b.
  @inline(__always)
  private func forEach(_ strips: Range<Int>, _ body: (_ from: Int, _ to: Int) -> Void) {
    let perOuter = (b + 15) / 16
    for strip in strips {
      let (o, firstB) = (strip / perOuter, strip % perOuter * 16)
      for m in 0..<middle {
        for firstA in stride(from: 0, to: a, by: 16) {
          for j in firstB..<min(b, firstB + 16) {
            for i in firstA..<min(a, firstA + 16) {
              body(((o * a + i) * middle + m) * b + j, ((o * b + j) * middle + m) * a + i)
            }
          }
        }
      }
    }
  }

  func run<Word>(
    _ strips: Range<Int>, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer, as: Word.Type
  ) {
    let (from, to) = (x.assumingMemoryBound(to: Word.self), y.assumingMemoryBound(to: Word.self))
    forEach(strips) { to[$1] = from[$0] }
  }

  func run(_ strips: Range<Int>, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer) {
    forEach(strips) { (y + $1 * inner).copyMemory(from: x + $0 * inner, byteCount: inner) }
  }
}
