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
  /// Moves all parameters by one step; their place in the array is their number.
  public mutating func update(_ parameters: inout [Tensor], gradients: [Tensor]) {
    precondition(
      parameters.count == gradients.count,
      "\(parameters.count) parameters, but \(gradients.count) gradients")
    for index in parameters.indices { update(&parameters[index], gradient: gradients[index], at: index) }
  }
}
