import UnrollCore
import UnrollNetworks

extension Optimizer {
  /// Moves all parameters of a module by one step, in place.
  ///
  ///     let (loss, gradients) = try valueWithGradient(of: network) { … }
  ///     optimizer.update(&network, gradients)
  ///
  /// - Parameters:
  ///   - gradients: those of this module, as `valueWithGradient` gives them.
  ///   - scale: what they are multiplied by on the way, such as ``GradientClipping/factor(norm:maximum:)``.
  public mutating func update(_ module: inout some Module, _ gradients: Gradients, scale: Float = 1) {
    var index = 0
    module.forEachParameter("") { _, parameter in
      precondition(
        index < gradients.values.count, "\(gradients.values.count) gradients are too few for the module")
      Kernels.flushingDenormals {
        parameter.update { update(&$0, gradient: gradients.values[index], scale: scale, at: index) }
      }
      index += 1
    }
  }
}
