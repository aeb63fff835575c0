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
    module.forEachParameter("") { name, parameter in
      require(
        index < gradients.values.count && gradients.values[index].shape == parameter.variable.shape,
        "Optimizer.update: the gradients are of another module: parameter \(index), \(name), has the shape "
          + "\(parameter.variable.shape), and its gradient "
          + (index < gradients.values.count
            ? "(\(gradients.names[index])) the shape \(gradients.values[index].shape)" : "is missing"))
      Kernels.flushingDenormals {
        parameter.update { update(&$0, gradient: gradients.values[index], scale: scale, at: index) }
      }
      index += 1
    }
    require(
      index == gradients.values.count,
      "Optimizer.update: the gradients are of another module: it has \(index) parameters, and there are "
        + "\(gradients.values.count) gradients")
  }
}
