// Reductions along one axis. An axis counts from the first, a negative one from the last: −1 is the last.

extension Variable {
  /// y = Σ x along an axis.  dx = dy, repeated along it.
  ///
  /// - Parameter keepingAxis: whether the axis stays, with an extent of 1.
  /// - Returns: the shape without the axis: `[T, F]` for x `[T, B, F]` and axis 1.
  public func sum(axis: Int, keepingAxis: Bool = false) -> Variable {
    let axis = shape.index(of: axis, "sum(axis:)")
    let (outer, extent, inner) = shape.around(axis)
    let result = shape.replacing(axis, by: keepingAxis ? 1 : nil)
    let y = Kernels.sums(value, outer: outer, extent: extent, inner: inner).reshaped(to: result)
    return .record(y, from: [self], as: .sum(axis: axis, keepingAxis: keepingAxis)) { [slot] dy, gradients in
      gradients.add(Kernels.stretch(dy, outer: outer, extent: extent, inner: inner), to: slot)
    }
  }

  /// y = Σ x / n along an axis of extent n; 0 where n is 0.  dx = dy / n, repeated along it.
  ///
  /// - Parameter keepingAxis: whether the axis stays, with an extent of 1.
  public func mean(axis: Int, keepingAxis: Bool = false) -> Variable {
    let extent = shape[shape.index(of: axis, "mean(axis:)")]
    return sum(axis: axis, keepingAxis: keepingAxis).affine(times: 1 / Double(Swift.max(1, extent)), plus: 0)
  }

  /// The largest along an axis, which must not be empty; NaN where there is one.  dy goes to the first that is largest.
  ///
  /// - Parameter keepingAxis: whether the axis stays, with an extent of 1.
  public func max(axis: Int, keepingAxis: Bool = false) -> Variable {
    let axis = shape.index(of: axis, "max(axis:)")
    let (outer, extent, inner) = shape.around(axis)
    let places = value.largest(axis, "max(axis:)")
    // Row-major places of the whole, where the gradient goes back to.
    var elements: [Int] = []
    elements.reserveCapacity(places.count)
    for row in 0..<outer {
      for column in 0..<inner {
        elements.append((row * extent + Int(places[row * inner + column])) * inner + column)
      }
    }
    let y = Tensor(
      uninitialized: shape.replacing(axis, by: keepingAxis ? 1 : nil), precision: value.precision)
    switch value.precision {
    case .single:
      for (to, from) in elements.enumerated() { y.storage.floats[to] = value.storage.floats[from] }
    case .double:
      for (to, from) in elements.enumerated() { y.storage.doubles[to] = value.storage.doubles[from] }
    }
    return .record(y, from: [self], as: .maximum(axis: axis, keepingAxis: keepingAxis)) {
      [slot, elements] dy, gradients in
      gradients.update(slot) { sum in
        switch dy.precision {
        case .single:
          for (from, to) in elements.enumerated() { sum.storage.floats[to] += dy.storage.floats[from] }
        case .double:
          for (from, to) in elements.enumerated() { sum.storage.doubles[to] += dy.storage.doubles[from] }
        }
      }
    }
  }

  /// Where the largest along an axis is, which must not be empty; of equals the first, NaN before all numbers.
  ///
  /// - Returns: indices along the axis, in row-major order of the shape without it: for x `[N, V]` one a row.
  public func argmax(axis: Int = -1) -> [Int32] {
    let result = value.argmax(axis: axis)
    TraceRecorder.active?.record(
      .argmax(axis: shape.index(of: axis, "argmax(axis:)")), [value], [.indices(result)])
    return result
  }

  /// softmax along an axis: y = eˣ / Σ eˣ.  dx = y ⊙ (dy − Σ dy⊙y).
  public func softmax(axis: Int) -> Variable { alongLast(axis, "softmax(axis:)") { $0.softmax() } }

  /// ln softmax along an axis.  dx = dy − eʸ·Σ dy.
  public func logSoftmax(axis: Int) -> Variable { alongLast(axis, "logSoftmax(axis:)") { $0.logSoftmax() } }

  private func alongLast(_ axis: Int, _ name: String, _ body: (Variable) -> Variable) -> Variable {
    let axis = shape.index(of: axis, name)
    if axis == shape.rank - 1 { return body(self) }
    return body(transposed(axis, -1)).transposed(axis, -1)
  }
}

extension Tensor {
  /// Where the largest along an axis is, which must not be empty; of equals the first, NaN before all numbers.
  ///
  /// - Returns: indices along the axis, in row-major order of the shape without it: for x `[N, V]` one a row.
  public func argmax(axis: Int = -1) -> [Int32] {
    largest(shape.index(of: axis, "argmax(axis:)"), "argmax(axis:)")
  }

  fileprivate func largest(_ axis: Int, _ name: @autoclosure () -> String) -> [Int32] {
    let (outer, extent, inner) = shape.around(axis)
    require(extent > 0 || outer * inner == 0, "\(name()): axis \(axis) of the shape \(shape) is empty")
    return switch precision {
    case .single: Self.largest(storage.floats, outer, extent, inner)
    case .double: Self.largest(storage.doubles, outer, extent, inner)
    }
  }

  private static func largest<Element: BinaryFloatingPoint>(
    _ x: UnsafeMutablePointer<Element>, _ outer: Int, _ extent: Int, _ inner: Int
  ) -> [Int32] {
    [Int32](unsafeUninitializedCapacity: outer * inner) { places, count in
      count = outer * inner
      nonisolated(unsafe) let (x, places) = (x, places)
      WorkerPool.shared.split(outer, grain: Swift.max(1, Kernels.grain / Swift.max(1, extent * inner))) {
        range in
        for row in range {
          for column in 0..<inner {
            let first = x + row * extent * inner + column
            var (place, most) = (0, first[0])
            for step in 1..<Swift.max(1, extent) where most == most {
              let candidate = first[step * inner]
              // What is not a number ends the search: it is kept.
              if candidate > most || candidate != candidate { (place, most) = (step, candidate) }
            }
            places[row * inner + column] = Int32(place)
          }
        }
      }
    }
  }
}
