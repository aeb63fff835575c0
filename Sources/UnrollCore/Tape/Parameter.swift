/// A tensor that training changes: a weight, a bias, a learned initial state.
public struct Parameter: Sendable {
  private enum Content: Sendable {
    case variable(Variable)
    /// Of this shape, without memory for its numbers.
    case declared(Shape)
  }

  private var content: Content

  /// Whether new parameters are declared alone; see `Module.declared`.
  @TaskLocal fileprivate static var isDeclaring = false

  /// The present value.
  public var value: Tensor {
    get { variable.value }
    set { variable = Variable(newValue) }
  }

  /// The value as it takes part in a computation: differentiable inside of `valueWithGradient`, a constant
  /// outside. Of a declared parameter: zeros, made at each call.
  public package(set) var variable: Variable {
    get {
      switch content {
      case .variable(let variable): variable
      case .declared(let shape): Variable(.zeros(shape))
      }
    }
    set { content = .variable(newValue) }
  }

  /// A parameter that starts from a value.
  public init(_ value: Tensor) {
    content = Self.isDeclaring ? .declared(value.shape) : .variable(Variable(value))
  }

  /// A parameter that starts from a value of a known shape.
  ///
  /// - Parameter value: makes the value; is not called where parameters are only declared, so that a network of any
  ///   size can be described without memory for it.
  public init(_ shape: Shape, _ value: () -> Tensor) {
    if Self.isDeclaring {
      content = .declared(shape)
    } else {
      let value = value()
      precondition(value.shape == shape, "a value of shape \(shape) was expected, found \(value.shape)")
      content = .variable(Variable(value))
    }
  }

  /// A parameter that starts from zeros.
  public static func zeros(_ shape: Shape) -> Parameter { Parameter(shape) { .zeros(shape) } }

  /// A parameter that starts from ones.
  public static func ones(_ shape: Shape) -> Parameter {
    Parameter(shape) { Tensor(repeating: 1, shape: shape) }
  }

  /// The extent of each axis; costs no memory.
  public var shape: Shape {
    switch content {
    case .variable(let variable): variable.shape
    case .declared(let shape): shape
    }
  }

  /// The number of elements.
  public var count: Int { shape.count }

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

  /// The shapes of all parameters by name, in their order; costs no memory for their numbers.
  public var parameterShapes: [(name: String, shape: Shape)] {
    var copy = self
    var result: [(name: String, shape: Shape)] = []
    copy.forEachParameter("") { name, parameter in result.append((name, parameter.shape)) }
    return result
  }

  /// The number of numbers that training may change.
  public var parameterCount: Int { parameterShapes.reduce(0) { $0 + $1.shape.count } }

  /// A module whose parameters have shapes and no numbers: nothing is drawn, and no memory is taken for them. It is
  /// for proving the shapes of a file before the file's numbers are taken; computing with it computes with zeros.
  ///
  ///     let network = LSTM.declared { random in LSTM(inputSize: 8192, hiddenSize: 8192, layers: 32, using: &random) }
  ///     for (name, shape) in network.parameterShapes { … }
  ///
  /// - Parameter make: builds the module; the randomness that it is given is not used by parameters.
  public static func declared(_ make: (inout RandomSource) throws -> Self) rethrows -> Self {
    try withoutParameterValues { random in try make(&random) }
  }

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
  require(
    loss.shape.count == 1,
    "valueWithGradient: the function must give one number, found the shape \(loss.shape); reduce it by mean() or sum()"
  )
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

/// Calls `body`; parameters that are made inside are declared alone, as for `Module.declared`.
public func withoutParameterValues<Result>(
  _ body: (inout RandomSource) throws -> Result
) rethrows -> Result {
  var random = RandomSource(seed: 0)
  return try Parameter.$isDeclaring.withValue(true) { try body(&random) }
}
