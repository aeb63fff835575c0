/// The gradients of a module held against differences of its loss, in double precision.
///
///     let check = try GradientCheck(of: network) { network in
///       try Loss.squaredError(network(x).outputs.values, y)
///     }
///     print(check)                  // a line for each parameter
///     assert(check.passed)
///
/// The module is converted to double precision and the loss computed there, by the very code that trains. For some
/// elements θ of each parameter the gradient g of the tape is compared with the central difference of fourth order,
///
///     d = (8·(L(θ + h) − L(θ − h)) − (L(θ + 2h) − L(θ − 2h))) / 12h,     h = 10⁻⁴ · max(1, |θ|),
///
/// whose own error is about h⁴: far below what is allowed, as long as the loss has no kink within 2h, as `relu` has at
/// 0. A gradient that was cut by `detached`, or a part of a loss computed from plain numbers, shows as a difference.
public struct GradientCheck: Sendable, CustomStringConvertible {
  /// A parameter, and the element of it that fits worst.
  public struct Entry: Sendable {
    /// The parameter's dotted name.
    public let name: String
    /// Its shape.
    public let shape: Shape
    /// How many of its elements were compared.
    public let compared: Int
    /// The element that fits worst, row-major.
    public let element: Int
    /// The gradient that was found on the tape there.
    public let gradient: Double
    /// The difference of the loss there.
    public let difference: Double
    /// |gradient − difference| as a share of what is allowed; above 1, and where it is not a number, the check fails.
    public let excess: Double

    /// Whether all compared elements fit.
    public var passed: Bool { excess <= 1 }
  }

  /// One entry a parameter, in their order.
  public let entries: [Entry]
  /// The loss that was differentiated.
  public let loss: Double

  /// Whether the gradients of all parameters fit.
  public var passed: Bool { entries.allSatisfy(\.passed) }

  /// Checks the gradients of a loss.
  ///
  /// - Parameters:
  ///   - module: what has the parameters; where it stands in training does not matter.
  ///   - elements: how many elements of each parameter are compared, spread over it; `nil`: all. Each costs four
  ///     evaluations of the loss.
  ///   - tolerance: how much a gradient may miss, as a share of its own size and of the difference's; 10⁻⁹ of the
  ///     loss is allowed besides.
  ///   - function: the loss, one number. The same parameters must give the same loss: where it draws random numbers,
  ///     such as for dropout, it makes the source within.
  public init<M: Module, E: Error>(
    of module: M, elements: Int? = 20, tolerance: Double = 1e-6, _ function: (M) throws(E) -> Variable
  ) throws(E) {
    let module = module.converted(to: .double)
    let (value, gradients) = try valueWithGradient(of: module, function)
    let loss = value.doubles[0]
    var entries: [Entry] = []
    for (index, (name, parameter)) in module.parameters.enumerated() {
      let found = gradients.values[index].tensor.doubles
      let start = parameter.doubles
      let places = Self.places(parameter.shape.count, elements)
      var worst = (element: places.first ?? 0, gradient: 0.0, difference: 0.0, excess: 0.0)
      for place in places {
        let difference = try Self.difference(module, index, start, place, function)
        let (gradient, size) = (found[place], max(abs(found[place]), abs(difference)))
        let ratio = abs(gradient - difference) / (tolerance * size + 1e-9 * max(1, abs(loss)))
        let excess = ratio.isNaN ? Double.infinity : ratio
        if excess > worst.excess || place == places.first { worst = (place, gradient, difference, excess) }
      }
      entries.append(
        Entry(
          name: name, shape: parameter.shape, compared: places.count, element: worst.element,
          gradient: worst.gradient, difference: worst.difference, excess: worst.excess))
    }
    self.entries = entries
    self.loss = loss
  }

  /// Elements spread evenly over all, the first and the last among them.
  private static func places(_ count: Int, _ wanted: Int?) -> [Int] {
    guard let wanted, wanted < count else { return Array(0..<count) }
    if wanted < 2 { return Array(0..<max(0, wanted)) }
    return (0..<wanted).map { $0 * (count - 1) / (wanted - 1) }
  }

  private static func difference<M: Module, E: Error>(
    _ module: M, _ index: Int, _ start: [Double], _ place: Int, _ function: (M) throws(E) -> Variable
  ) throws(E) -> Double {
    let h = 1e-4 * max(1, abs(start[place]))
    func loss(_ step: Double) throws(E) -> Double {
      var moved = module
      var current = 0
      moved.forEachParameter("") { _, parameter in
        if current == index {
          var elements = start
          elements[place] += step
          parameter.value = Tensor(doubles: elements, shape: parameter.variable.shape)
        }
        current += 1
      }
      return try function(moved).value.doubles[0]
    }
    let inner = try loss(h) - loss(-h)
    let outer = try loss(2 * h) - loss(-2 * h)
    return (8 * inner - outer) / (12 * h)
  }

  public var description: String {
    let lines = entries.map { entry in
      "\(entry.passed ? "passed" : "FAILED") \(entry.name) \(entry.shape), \(entry.compared) compared, worst at element "
        + "\(entry.element): gradient \(entry.gradient), difference \(entry.difference)"
    }
    return lines.joined(separator: "\n")
  }
}
