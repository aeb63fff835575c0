extension Variable {
  /// The mean of (x − y)² over all n elements; 0 when there are none.  dx = 2·dy/n·(x − y).
  ///
  /// One operation, for losses of whole sequences are large: the difference is kept and becomes the gradient.
  ///
  /// - Parameter target: y, of the shape of x.
  package func meanSquaredDifference(from target: Tensor) -> Variable {
    let difference = Kernels.binary(.subtract, value, target.converted(to: value.precision))
    let scale = 1 / Double(Swift.max(1, shape.count))
    let y = Tensor(
      repeating: Kernels.sumOfSquares([difference]) * scale, shape: [], precision: value.precision)
    return .record(y, from: [self]) { [slot] dy, gradients in
      gradients.add(Kernels.affine(difference, times: 2 * scale * dy.doubles[0], plus: 0), to: slot)
    }
  }
}
