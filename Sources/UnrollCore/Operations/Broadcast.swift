extension Variable {
  /// The elements repeated to a larger shape: missing axes are put before the first, and extents of 1 are repeated.
  /// dx is the sum of dy over what was repeated.
  ///
  /// - Returns: a variable of the given shape. A shape to which this one cannot be repeated ends the process.
  public func broadcast(to target: Shape) -> Variable {
    if shape == target { return self }
    require(
      shape.rank <= target.rank && Shape.broadcast(shape, target) == target,
      "Variable.broadcast(to:): the shape \(shape) cannot be repeated to \(target)")
    var result = reshaped(to: Shape(Array(repeating: 1, count: target.rank - shape.rank) + shape.extents))
    for axis in target.extents.indices.reversed() where result.shape[axis] != target[axis] {
      result = result.stretched(axis: axis, to: target[axis])
    }
    return result
  }

  /// An axis of extent 1 repeated.
  private func stretched(axis: Int, to extent: Int) -> Variable {
    let (outer, _, inner) = shape.around(axis)
    let y = Kernels.stretch(value, outer: outer, extent: extent, inner: inner)
      .reshaped(to: shape.replacing(axis, by: extent))
    return .record(y, from: [self], as: .broadcast(axis: axis)) { [slot] dy, gradients in
      gradients.add(Kernels.sums(dy, outer: outer, extent: extent, inner: inner), to: slot)
    }
  }
}

extension Kernels {
  /// y[o, e, i] = x[o, i] for x `[outer, inner]`.
  static func stretch(_ x: Tensor, outer: Int, extent: Int, inner: Int) -> Tensor {
    let y = Tensor(uninitialized: [outer, extent, inner], precision: x.precision)
    let stride = x.precision.stride
    WorkerPool.shared.split(outer, grain: Swift.max(1, grain / Swift.max(1, extent * inner))) { range in
      for row in range {
        guard inner == 1 else {
          for step in 0..<extent {
            (y.mutableAddress + (row * extent + step) * inner * stride)
              .copyMemory(from: x.address + row * inner * stride, byteCount: inner * stride)
          }
          continue
        }
        switch x.precision {
        case .single:
          (y.storage.floats + row * extent).update(repeating: x.storage.floats[row], count: extent)
        case .double:
          (y.storage.doubles + row * extent).update(repeating: x.storage.doubles[row], count: extent)
        }
      }
    }
    return y
  }

  /// y[o, i] = Σ over e of x[o, e, i], for x `[outer, extent, inner]`. The bits depend on the shape alone.
  static func sums(_ x: Tensor, outer: Int, extent: Int, inner: Int) -> Tensor {
    if inner == 1 { return rowSums(x, rows: outer) }
    if outer == 1 { return columnSums(x, columns: inner) }
    let y = Tensor(uninitialized: [outer, inner], precision: x.precision)
    let kernels = serving(x.precision)
    let stride = kernels.stride
    WorkerPool.shared.split(outer, grain: Swift.max(1, grain / Swift.max(1, extent * inner))) { range in
      for row in range {
        kernels.table.pointee.column_sums(
          x.address + row * extent * inner * stride, inner, extent, 0, inner,
          y.mutableAddress + row * inner * stride, false)
      }
    }
    return y
  }
}
