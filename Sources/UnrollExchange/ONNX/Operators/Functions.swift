import UnrollCore

/// Functions of one input, element by element.
extension Operators {
  static let functions: [String: Maker] = [
    "Sigmoid": function { $0.sigmoid() },
    "Tanh": function { $0.tanh() },
    "Softplus": function { $0.softplus() },
    "Exp": function { $0.exp() },
    "Log": function { $0.log() },
    "Sqrt": function { $0.sqrt() },
    "Relu": signed({ $0 > 0 || $0.isNaN ? $0 : 0 }, { max(0, $0) }),
    "Abs": signed({ abs($0) }, { $0 < 0 ? 0 &- $0 : $0 }),
    "Neg": signed({ -$0 }, { 0 &- $0 }),
    "Sign": signed({ $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }, { $0.signum() }),
    "Softsign": activation(.softsign),
    "LeakyRelu": activation(.leakyRelu),
    "Elu": activation(.elu),
    "HardSigmoid": activation(.hardSigmoid),
    "ThresholdedRelu": activation(.thresholdedRelu),
    "Sin": each(sine),
    "Cos": each(cosine),
    "Tan": each(tangent),
    "Asin": each(arcSine),
    "Acos": each(arcCosine),
    "Atan": each(arcTangent),
    "Sinh": each(hyperbolicSine),
    "Cosh": each(hyperbolicCosine),
    "Asinh": each(inverseHyperbolicSine),
    "Acosh": each(inverseHyperbolicCosine),
    "Atanh": each(inverseHyperbolicTangent),
    "Erf": each(errorFunction),
    "Ceil": each { $0.rounded(.up) },
    "Floor": each { $0.rounded(.down) },
    "Round": each { $0.rounded(.toNearestOrEven) },
    "Reciprocal": each { 1 / $0 },
    "HardSwish": each { $0 * max(0, min(1, $0 / 6 + 0.5)) },
    "Mish": each { $0 * hyperbolicTangent(softplus($0)) },
    "Swish": each("alpha", 1) { x, alpha in x / (1 + exponential(-alpha * x)) },
    "Celu": each("alpha", 1) { x, alpha in max(0, x) + min(0, alpha * (exponential(x / alpha) - 1)) },
    "Selu": each("alpha", 1.67326319217681884765625, "gamma", 1.05070102214813232421875) { x, alpha, gamma in
      gamma * (x > 0 ? x : alpha * (exponential(x) - 1))
    },
    "Shrink": each("bias", 0, "lambd", 0.5) { x, bias, lambda in
      x < -lambda ? x + bias : x > lambda ? x - bias : 0
    },
    "Gelu": { node, definition throws(ExchangeError) in
      let form = try node.string("approximate") ?? "none"
      switch form {
      case "none": return try each(gelu)(&node, definition)
      case "tanh": return try each(approximateGelu)(&node, definition)
      default: throw node.refused("an approximation of none or tanh", "\"\(form)\"")
      }
    },
    "com.microsoft.Gelu": each(gelu),
    "com.microsoft.QuickGelu": each("alpha", 1.702) { x, alpha in x / (1 + exponential(-alpha * x)) },
    "com.microsoft.FastGelu": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...2)
      return { inputs, place throws(ExchangeError) in
        var x = try inputs.required(0, place)
        if inputs.optional(1) != nil {
          let (a, b, shape) = try operands(inputs, 0, 1, place)
          x = combine(a, b, shape, +)
        }
        return [mapped(try [x].floats(0, place), x.type, approximateGelu)]
      }
    },
    "IsNaN": test { $0.isNaN },
    "IsInf": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...1)
      let (below, above) = (
        try node.integer("detect_negative") ?? 1, try node.integer("detect_positive") ?? 1
      )
      return { inputs, place throws(ExchangeError) in
        let x = try inputs.floats(0, place)
        let flags = x.elements.map { $0.isInfinite && ($0 < 0 ? below : above) != 0 ? Int64(1) : 0 }
        return [ONNXTensor(integers: flags, shape: x.shape, type: .bool)]
      }
    },
  ]

  /// ½x(1 + erf(x/√2)).
  private static let gelu: @Sendable (Double) -> Double = {
    0.5 * $0 * (1 + errorFunction($0 / 2.squareRoot()))
  }

  /// ½x(1 + tanh(√(2/π)(x + 0.044715x³))).
  private static let approximateGelu: @Sendable (Double) -> Double = { x in
    0.5 * x * (1 + hyperbolicTangent((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }

  /// ln(1 + eˣ).
  private static let softplus: @Sendable (Double) -> Double = { x in
    max(x, 0) + naturalLogarithm(1 + exponential(-abs(x)))
  }

  /// A function of floating-point numbers, as the library computes it.
  private static func function(_ body: @escaping @Sendable (Variable) -> Variable) -> Maker {
    { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...1)
      return { inputs, place throws(ExchangeError) in
        let x = try inputs.floats(0, place)
        return [ONNXTensor(body(Variable(x)).value, type: inputs[0]!.type)]
      }
    }
  }

  static func mapped(
    _ x: Tensor, _ type: ONNXTensor.ElementType, _ body: (Double) -> Double
  ) -> ONNXTensor {
    var result = x
    result.withUnsafeMutableElements { elements in
      for index in elements.indices { elements[index] = Float(body(Double(elements[index]))) }
    }
    return ONNXTensor(result, type: type)
  }

  /// A function of floating-point numbers in double precision.
  private static func each(_ body: @escaping @Sendable (Double) -> Double) -> Maker {
    { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...1)
      return { inputs, place throws(ExchangeError) in
        [mapped(try inputs.floats(0, place), inputs[0]!.type, body)]
      }
    }
  }

  /// A function with a number among its attributes.
  private static func each(
    _ name: String, _ standard: Float, _ body: @escaping @Sendable (Double, Double) -> Double
  ) -> Maker {
    { node, definition throws(ExchangeError) in
      let parameter = Double(try node.float(name) ?? standard)
      return try each { body($0, parameter) }(&node, definition)
    }
  }

  /// A function with two numbers among its attributes.
  private static func each(
    _ first: String, _ a: Float, _ second: String, _ b: Float,
    _ body: @escaping @Sendable (Double, Double, Double) -> Double
  ) -> Maker {
    { node, definition throws(ExchangeError) in
      let (a, b) = (Double(try node.float(first) ?? a), Double(try node.float(second) ?? b))
      return try each { body($0, a, b) }(&node, definition)
    }
  }

  /// A function of numbers of any type.
  private static func signed(
    _ floats: @escaping @Sendable (Float) -> Float, _ integers: @escaping @Sendable (Int64) -> Int64
  ) -> Maker {
    { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...1)
      return { inputs, place throws(ExchangeError) in
        let x = try inputs.required(0, place)
        guard x.type != .bool else { throw place.refused("numbers", "booleans", .unsupported) }
        switch x.content {
        case .floats(var tensor):
          tensor.withUnsafeMutableElements { elements in
            for index in elements.indices { elements[index] = floats(elements[index]) }
          }
          return [ONNXTensor(tensor, type: x.type)]
        case .integers(let numbers):
          // Those of `uint64` with the highest bit are not below 0.
          guard x.type != .uint64 || numbers.allSatisfy({ $0 >= 0 }) else {
            throw place.refused("numbers below 2⁶³", "a greater one", .unsupported)
          }
          let result = numbers.map { wrapped(integers($0), x.type) }
          return [ONNXTensor(integers: result, shape: x.shape, type: x.type)]
        }
      }
    }
  }

  private static func test(_ body: @escaping @Sendable (Float) -> Bool) -> Maker {
    { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...1)
      return { inputs, place throws(ExchangeError) in
        let x = try inputs.floats(0, place)
        return [ONNXTensor(integers: x.elements.map { body($0) ? 1 : 0 }, shape: x.shape, type: .bool)]
      }
    }
  }

  /// A function that is an activation function of recurrent nodes as well.
  private static func activation(_ kind: ONNXActivation.Kind) -> Maker {
    { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...1)
      let alpha = kind.takesAlpha ? try node.float("alpha") : nil
      let beta = kind.takesBeta ? try node.float("beta") : nil
      let function = ONNXActivation(kind, alpha: alpha, beta: beta)
      return { inputs, place throws(ExchangeError) in
        let x = try inputs.floats(0, place)
        return [ONNXTensor(function(Variable(x)).value, type: inputs[0]!.type)]
      }
    }
  }
}
