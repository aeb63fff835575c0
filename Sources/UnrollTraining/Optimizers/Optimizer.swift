import UnrollCore

/// A rule that moves parameters along their gradients.
///
/// The caller numbers the parameters of a model `0, 1, 2, …`, always in the same order, and after each batch
/// calls ``update(_:gradient:at:)`` once for each. What the rule remembers of a parameter is made when its
/// number is first seen, and counts that parameter's own updates: one that was frozen for a while starts with
/// its own first step.
///
/// A parameter and its gradient have the same shape and are changed in place, without a copy.
public protocol Optimizer: Sendable {
  /// The size of a step, η in the equations: set before each update when a schedule changes it.
  var learningRate: Float { get set }

  /// Moves one parameter by one step.
  ///
  /// - Parameters:
  ///   - parameter: θ, changed in place.
  ///   - gradient: the gradient g of the loss with respect to θ, of its shape.
  ///   - index: the number of the parameter.
  mutating func update(_ parameter: inout Tensor, gradient: Tensor, at index: Int)

  /// Moves one parameter by one step along a scaled gradient.
  ///
  /// A rule need not know it: without it, the gradient is filled with its zeros, scaled, and given to
  /// ``update(_:gradient:at:)``. The rules of this library scale on the way, and plain ``SGD`` moves only the
  /// rows that a gradient has.
  ///
  /// - Parameters:
  ///   - parameter: θ, changed in place.
  ///   - gradient: the gradient of the loss with respect to θ, of its shape.
  ///   - scale: what the gradient is multiplied by, such as the factor of ``GradientClipping``.
  ///   - index: the number of the parameter.
  mutating func update(_ parameter: inout Tensor, gradient: Gradient, scale: Float, at index: Int)

  /// Everything that the rule remembers, to be saved beside the parameters.
  ///
  /// The settings, such as the learning rate, are not part of it: whoever resumes makes the same optimizer
  /// again and gives it this.
  var state: OptimizerState { get }

  /// Takes back what was saved, so that training goes on with the same bits.
  ///
  /// - Parameter shapes: the shapes of the model's parameters, in the order of their numbers.
  /// - Throws: when the state is of another rule or does not fit the shapes; the optimizer is unchanged then.
  mutating func restore(_ state: OptimizerState, shapes: [Shape]) throws(ModelFileError)
}

extension Optimizer {
  public mutating func update(
    _ parameter: inout Tensor, gradient: Gradient, scale: Float, at index: Int
  ) {
    let whole = gradient.tensor
    update(
      &parameter, gradient: scale == 1 ? whole : Kernels.affine(whole, times: Double(scale), plus: 0),
      at: index)
  }

  /// Moves all parameters by one step; their place in the array is their number.
  public mutating func update(_ parameters: inout [Tensor], gradients: [Tensor]) {
    require(
      parameters.count == gradients.count,
      "Optimizer.update: \(parameters.count) parameters, but \(gradients.count) gradients")
    for index in parameters.indices { update(&parameters[index], gradient: gradients[index], at: index) }
  }
}
