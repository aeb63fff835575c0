import UnrollCore
import UnrollNetworks

extension Optimizer {
  /// Moves all parameters of a module by one step, in place.
  ///
  ///     let (loss, gradients) = try valueWithGradient(of: network) { … }
  ///     optimizer.update(&network, gradients)
  ///
  /// - Parameter gradients: those of this module, as `valueWithGradient` gives them.
  public mutating func update(_ module: inout some Module, _ gradients: Gradients) {
    var index = 0
    module.forEachParameter("") { _, parameter in
      precondition(
        index < gradients.tensors.count, "\(gradients.tensors.count) gradients are too few for the module")
      Kernels.flushingDenormals {
        parameter.update { update(&$0, gradient: gradients.tensors[index], at: index) }
      }
      index += 1
    }
  }
}
