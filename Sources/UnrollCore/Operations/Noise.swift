extension Variable {
  /// y = x ⊙ m / (1 − p) with m = 0 by chance p, else 1.  dx = dy ⊙ m / (1 − p).
  ///
  /// m is a function of the seed: the gradient finds it again, and nothing is kept.
  package func dropped(rate: Float, seed: UInt64) -> Variable {
    let kept = 1 / (1 - min(rate, 0.999))
    let y = Kernels.dropout(value, seed: seed, rate: rate, kept: kept)
    return .record(y, from: [self]) { [slot] dy, gradients in
      gradients.add(Kernels.dropout(dy, seed: seed, rate: rate, kept: kept), to: slot)
    }
  }

  /// Zeros by chance `rate`, else `kept`.
  package static func dropoutMask(
    _ shape: Shape, rate: Float, kept: Float, precision: Precision, seed: UInt64
  ) -> Variable {
    Variable(Kernels.dropoutMask(shape, precision: precision, seed: seed, rate: rate, kept: kept))
  }
}
