extension Variable {
  /// The mean of the rows of each packed sequence, as given; zeros for an empty one.  dx = dy / length.
  ///
  /// - Returns: `[B, F]` for x `[N, F]`.
  /// - Throws: `ShapeError` when there are not as many rows as the layout says.
  public func meanOverSteps(_ layout: SequenceLayout) throws(ShapeError) -> Variable {
    let width = try columns(packedBy: layout, "meanOverSteps")
    let x = value
    var sums = Tensor(repeating: 0, shape: [layout.batch, width], precision: x.precision)
    let shares = Tensor(
      doubles: layout.order.map { 1 / Double(Swift.max(1, layout.lengths[$0])) }, shape: [layout.batch]
    ).converted(to: x.precision)
    // Step t holds the rows of the longest sequences: a leading part of the sums.
    for (t, count) in layout.counts.enumerated() {
      sums.accumulate(x, from: layout.offsets[t] * width, to: 0, count: count * width)
    }
    sums = Kernels.binaryColumn(.multiply, sums, shares)
    let mean = Variable.record(sums, from: [self], as: .meanOverSteps(layout)) { [self] dy, gradients in
      let scaled = Kernels.binaryColumn(.multiply, dy, shares)
      let dx = Tensor(uninitialized: x.shape, precision: x.precision)
      for (t, count) in layout.counts.enumerated() {
        dx.copy(scaled, from: 0, to: layout.offsets[t] * width, count: count * width)
      }
      gradients.add(dx, to: self)
    }
    return mean.asGiven(layout)
  }

  /// The largest of each feature over the steps of each packed sequence, as given; zeros for an empty one. Its
  /// gradient goes to the first step that holds it.
  ///
  /// - Returns: `[B, F]` for x `[N, F]`.
  /// - Throws: `ShapeError` when there are not as many rows as the layout says.
  public func maximumOverSteps(_ layout: SequenceLayout) throws(ShapeError) -> Variable {
    let width = try columns(packedBy: layout, "maximumOverSteps")
    let x = value
    let y = Tensor(repeating: 0, shape: [layout.batch, width], precision: x.precision)
    var chosen = [Int32](repeating: -1, count: layout.batch * width)
    switch x.precision {
    case .single: Self.maxima(x.storage.floats, layout, width, y.storage.floats, &chosen)
    case .double: Self.maxima(x.storage.doubles, layout, width, y.storage.doubles, &chosen)
    }
    let maxima = Variable.record(y, from: [self], as: .maximumOverSteps(layout)) {
      [self, chosen] dy, gradients in
      gradients.update(self) { sum in
        switch dy.precision {
        case .single: Self.scatter(dy.storage.floats, chosen, to: sum.storage.floats)
        case .double: Self.scatter(dy.storage.doubles, chosen, to: sum.storage.doubles)
        }
      }
    }
    return maxima.asGiven(layout)
  }

  /// Rows in the order of a layout, put into the order in which the sequences were given.
  package func asGiven(_ layout: SequenceLayout) -> Variable {
    layout.isSorted ? self : gather(layout.givenSequences)
  }

  private func columns(packedBy layout: SequenceLayout, _ place: String) throws(ShapeError) -> Int {
    guard shape.rank == 2, shape[0] == layout.rows else {
      throw ShapeError(place: place, expected: "[\(layout.rows), …]", found: shape)
    }
    return shape[1]
  }

  /// Leaves in `chosen` the element of x that each result was taken from.
  private static func maxima<Element: BinaryFloatingPoint>(
    _ x: UnsafePointer<Element>, _ layout: SequenceLayout, _ width: Int, _ y: UnsafeMutablePointer<Element>,
    _ chosen: inout [Int32]
  ) {
    chosen.withUnsafeMutableBufferPointer { chosen in
      for (t, count) in layout.counts.enumerated() {
        let first = layout.offsets[t] * width
        for index in 0..<count * width {
          let candidate = x[first + index]
          // What is not a number is kept once it was met: the comparison with it is false.
          if t == 0 || candidate > y[index] || (candidate != candidate && y[index] == y[index]) {
            y[index] = candidate
            chosen[index] = Int32(first + index)
          }
        }
      }
    }
  }

  private static func scatter<Element: BinaryFloatingPoint>(
    _ dy: UnsafePointer<Element>, _ chosen: [Int32], to dx: UnsafeMutablePointer<Element>
  ) {
    for (index, element) in chosen.enumerated() where element >= 0 { dx[Int(element)] += dy[index] }
  }
}
