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
    scale(norm: norm, maximum: maximum) { factor in
      for index in gradients.indices { scale(&gradients[index], by: factor) }
    }
    return Float(norm)
  }

  /// The same for the gradients of a module.
  ///
  /// Where an optimizer comes next, ``factor(norm:maximum:)`` and the optimizer's `scale` save this pass.
  @discardableResult
  public static func byGlobalNorm(_ gradients: inout Gradients, maximum: Float) -> Float {
    let norm = globalNorm(gradients)
    scale(norm: norm, maximum: maximum) { factor in
      for index in gradients.values.indices { scale(&gradients.values[index].stored, by: factor) }
    }
    return Float(norm)
  }

  private static func scale(norm: Double, maximum: Float, _ body: (Float) -> Void) {
    let factor = factor(norm: norm, maximum: maximum)
    if factor < 1 { body(factor) }
  }

  private static func scale(_ gradient: inout Tensor, by factor: Float) {
    gradient = Kernels.affine(gradient, times: Double(factor), plus: 0)
  }

  /// What gradients of a norm are to be multiplied by so that it is at most `maximum`: min(1, maximum / (‖g‖ + 10⁻⁶)),
  /// and 1 where the norm is not finite.
  ///
  ///     let norm = GradientClipping.globalNorm(gradients)
  ///     optimizer.update(&network, gradients, scale: GradientClipping.factor(norm: norm, maximum: 1))
  public static func factor(norm: Double, maximum: Float) -> Float {
    let factor = Double(maximum) / (norm + 1e-6)
    return norm.isFinite && factor < 1 ? Float(factor) : 1
  }

  /// Moves each element into `-limit ... limit`. `NaN` stays.
  public static func byValue(_ gradients: inout [Tensor], limit: Float) {
    for index in gradients.indices { bound(&gradients[index], limit) }
  }

  /// The same for the gradients of a module.
  public static func byValue(_ gradients: inout Gradients, limit: Float) {
    for index in gradients.values.indices { bound(&gradients.values[index].stored, limit) }
  }

  private static func bound(_ gradient: inout Tensor, _ limit: Float) {
    gradient.withUnsafeMutableElements { elements in
      guard let g = elements.baseAddress else { return }
      for i in 0..<elements.count {
        let low = g[i] < -limit ? -limit : g[i]
        g[i] = low > limit ? limit : low
      }
    }
  }

  /// The Euclidean norm of all elements of all tensors, summed in double precision.
  ///
  /// The order of the sum depends on the shapes alone, so equal gradients give equal bits, on any number of threads.
  public static func globalNorm(_ tensors: [Tensor]) -> Double {
    Kernels.sumOfSquares(tensors).squareRoot()
  }

  /// The norm of all gradients of a module, taken together.
  public static func globalNorm(_ gradients: Gradients) -> Double {
    globalNorm(gradients.values.map(\.stored))
  }
}
