extension Variable {
  /// The mean of (x − y)² over all n elements; 0 when there are none.  dx = 2·dy/n·(x − y).
  ///
  /// One operation, for losses of whole sequences are large: the difference is kept and becomes the gradient.
  ///
  /// - Throws: `ShapeError` when the target has another number of elements.
  public func meanSquaredDifference(from target: Tensor) throws(ShapeError) -> Variable {
    guard shape.count == target.shape.count else {
      throw ShapeError(place: "meanSquaredDifference", expected: "\(shape)", found: target.shape)
    }
    let difference = Kernels.binary(
      .subtract, value, target.converted(to: value.precision).reshaped(to: shape))
    let scale = 1 / Double(max(1, shape.count))
    let y = Tensor(
      repeating: Kernels.sumOfSquares([difference]) * scale, shape: [], precision: value.precision)
    return .record(y, from: [self]) { [self] dy, gradients in
      gradients.add(Kernels.affine(difference, times: 2 * scale * dy.doubles[0], plus: 0), to: self)
    }
  }
}
