/// A tensor that training changes: a weight, a bias, a learned initial state.
public struct Parameter: Sendable {
  /// The present value.
  public var value: Tensor {
    get { variable.value }
    set { variable = Variable(newValue) }
  }

  /// The value as it takes part in a computation: differentiable inside of `valueWithGradient`, a constant
  /// outside.
  public package(set) var variable: Variable

  /// A parameter that starts from a value.
  public init(_ value: Tensor) { variable = Variable(value) }

  /// The number of elements.
  public var count: Int { variable.shape.count }

  /// Changes the value in place.
  package mutating func update(_ body: (inout Tensor) -> Void) {
    var value = variable.value
    variable = Parameter.nothing
    body(&value)
    variable = Variable(value)
  }

  fileprivate mutating func attach(to tape: Tape) {
    variable = Variable(variable.value, tape: tape, index: tape.record(results: 1, backward: nil))
  }

  private static let nothing = Variable(Tensor.zeros([0]))
}

/// Something made of parameters: a layer, a cell, a network. A module is a value; copies are independent.
public protocol Module: Sendable {
  /// Calls `body` with each parameter, always in the same order, and its dotted name below `path`.
  ///
  /// - Parameter path: the name of this module within the one that holds it; empty at the top.
  mutating func forEachParameter(
    _ path: String, _ body: (_ name: String, _ parameter: inout Parameter) throws -> Void
  ) rethrows
}

/// Joins the parts of a parameter's dotted name.
public func parameterName(_ path: String, _ name: String) -> String {
  path.isEmpty ? name : path + "." + name
}

extension Module {
  /// All parameters by name, in their order.
  public var parameters: [(name: String, value: Tensor)] {
    var copy = self
    var result: [(name: String, value: Tensor)] = []
    copy.forEachParameter("") { name, parameter in result.append((name, parameter.value)) }
    return result
  }

  /// The shape of each parameter by name, in their order.
  public var parameterShapes: [(name: String, shape: Shape)] {
    var copy = self
    var result: [(name: String, shape: Shape)] = []
    copy.forEachParameter("") { name, parameter in result.append((name, parameter.variable.shape)) }
    return result
  }

  /// The number of numbers that training may change.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.value.shape.count } }

  /// The same module computing in another precision: its own reference.
  package func converted(to precision: Precision) -> Self {
    var copy = self
    copy.forEachParameter("") { _, parameter in parameter.value = parameter.value.converted(to: precision) }
    return copy
  }
}

/// The value of a function of a module and its gradient with respect to each of the module's parameters.
///
///     let (loss, gradients) = try valueWithGradient(of: network) { network in
///       try meanSquaredError(network(x), y)
///     }
///
/// - Parameters:
///   - memory: the bytes that recurrences may keep of their steps for the gradient; what exceeds them is computed
///     again on the way back, for about a third more time and gradients of the same bits. `nil`: keep everything.
///   - function: a scalar function of the module; every use of a parameter inside is recorded.
/// - Returns: the value, and ∂value/∂parameter by parameter; zeros where a parameter plays no part.
public func valueWithGradient<M: Module, E: Error>(
  of module: M, memory: Int? = nil, _ function: (M) throws(E) -> Variable
) throws(E) -> (value: Tensor, gradients: Gradients) {
  let (value, _, gradients, _) = try valueWithGradient(of: module, inputs: [], memory: memory) {
    (module, _) throws(E) in
    try (function(module), ())
  }
  return (value, gradients)
}

/// As above, with the gradients of some inputs and with whatever else the function returns.
public func valueWithGradient<M: Module, Extra, E: Error>(
  of module: M, inputs: [Tensor], memory: Int? = nil,
  _ function: (M, [Variable]) throws(E) -> (Variable, Extra)
) throws(E) -> (value: Tensor, extra: Extra, gradients: Gradients, inputGradients: [Tensor]) {
  let tape = Tape(memory: memory)
  var attached = module
  var names: [String] = []
  var leaves: [Tensor] = []
  attached.forEachParameter("") { name, parameter in
    names.append(name)
    leaves.append(parameter.value)
    parameter.attach(to: tape)
  }
  let variables = inputs.map { Variable($0, tape: tape, index: tape.record(results: 1, backward: nil)) }
  let (loss, extra) = try Kernels.flushingDenormals { () throws(E) in try function(attached, variables) }
  precondition(loss.shape.count == 1, "a scalar was expected, found shape \(loss.shape)")
  leaves += inputs
  let found: [Gradient?] =
    loss.tape == nil
    ? Array(repeating: nil, count: leaves.count)
    : Kernels.flushingDenormals {
      tape.gradients(
        of: loss.index, seed: Tensor(repeating: 1, shape: loss.shape, precision: loss.value.precision),
        leaves: leaves.count)
    }
  let all = zip(found, leaves).map { gradient, leaf in
    gradient ?? .dense(Tensor(repeating: 0, shape: leaf.shape, precision: leaf.precision))
  }
  return (
    loss.value, extra, Gradients(names: names, values: Array(all[..<names.count])),
    all[names.count...].map(\.tensor)
  )
}
