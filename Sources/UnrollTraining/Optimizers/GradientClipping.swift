import UnrollCore

/// Bounds on gradients, so that one steep place does not throw the parameters far away (Pascanu et al. 2013,
/// "On the difficulty of training recurrent neural networks").
public enum GradientClipping {
  /// Scales all gradients by one factor so that their norm, taken together, is at most `maximum`.
  ///
  ///     ‖g‖ = √(Σ g²) over all elements of all gradients,   g ← g · min(1, maximum / (‖g‖ + 10⁻⁶))
  ///
  /// If the norm is not finite, nothing is changed, for no factor would help: the caller should stop.
  ///
  /// - Returns: the norm before the scaling.
  @discardableResult
  public static func byGlobalNorm(_ gradients: inout [Tensor], maximum: Float) -> Float {
    let norm = globalNorm(gradients)
    let factor = Double(maximum) / (norm + 1e-6)
    guard norm.isFinite, factor < 1 else { return Float(norm) }
    let scale = Float(factor)
    for index in gradients.indices {
      gradients[index].withUnsafeMutableElements { elements in
        guard let g = elements.baseAddress else { return }
        for i in 0..<elements.count { g[i] *= scale }
      }
    }
    return Float(norm)
  }

  /// Moves each element into `-limit ... limit`. `NaN` stays.
  public static func byValue(_ gradients: inout [Tensor], limit: Float) {
    for index in gradients.indices {
      gradients[index].withUnsafeMutableElements { elements in
        guard let g = elements.baseAddress else { return }
        for i in 0..<elements.count {
          let low = g[i] < -limit ? -limit : g[i]
          g[i] = low > limit ? limit : low
        }
      }
    }
  }

  /// The Euclidean norm of all elements of all tensors, summed in double precision.
  ///
  /// The order of the sum depends on the shapes alone, so equal gradients give equal bits.
  public static func globalNorm(_ tensors: [Tensor]) -> Double {
    tensors.reduce(0.0) { $0 + $1.withUnsafeElements(sumOfSquares) }.squareRoot()
  }

  /// Four sums side by side: one alone would wait for each addition before the next.
  private static func sumOfSquares(_ elements: UnsafeBufferPointer<Float>) -> Double {
    guard let g = elements.baseAddress else { return 0 }
    var (a, b, c, d) = (0.0, 0.0, 0.0, 0.0)
    let whole = elements.count & ~3
    for i in stride(from: 0, to: whole, by: 4) {
      let (x, y, z, w) = (Double(g[i]), Double(g[i + 1]), Double(g[i + 2]), Double(g[i + 3]))
      a += x * x
      b += y * y
      c += z * z
      d += w * w
    }
    for i in whole..<elements.count { a += Double(g[i]) * Double(g[i]) }
    return (a + b) + (c + d)
  }
}
