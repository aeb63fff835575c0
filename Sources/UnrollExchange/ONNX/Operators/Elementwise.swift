import UnrollCore

extension Operators {
  static let elementwise: [String: Maker] = [
    "Add": arithmetic({ $0 + $1 }, { $0 &+ $1 }),
    "Sub": arithmetic({ $0 - $1 }, { $0 &- $1 }),
    "Mul": arithmetic({ $0 * $1 }, { $0 &* $1 }),
    "Div": arithmetic({ $0 / $1 }, { $1 == 0 ? nil : $1 == -1 ? 0 &- $0 : $0 / $1 }),
    "Pow": pairs { Float(power(Double($0), Double($1))) },
    "Max": extremum {
      $0.isNaN || $0 > $1 ? $0 : $1
    } _: {
      max($0, $1)
    },
    "Min": extremum {
      $0.isNaN || $0 < $1 ? $0 : $1
    } _: {
      min($0, $1)
    },
    "Equal": comparison({ $0 == $1 }, { $0 == $1 }),
    "Less": comparison({ $0 < $1 }, { $0 < $1 }),
    "LessOrEqual": comparison({ $0 <= $1 }, { $0 <= $1 }),
    "Greater": comparison({ $0 > $1 }, { $0 > $1 }),
    "GreaterOrEqual": comparison({ $0 >= $1 }, { $0 >= $1 }),
    "And": logical { $0 & $1 },
    "Or": logical { $0 | $1 },
    "Not": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...1)
      return { inputs, place throws(ExchangeError) in
        let x = try booleans(inputs, 0, place)
        return [ONNXTensor(integers: x.map { 1 - $0 }, shape: inputs[0]!.shape, type: .bool)]
      }
    },
    "Where": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 3...3)
      return choose
    },
    "Sigmoid": function { $0.sigmoid() },
    "Tanh": function { $0.tanh() },
    "Relu": function { $0.relu() },
    "Softplus": function { $0.softplus() },
    "Exp": function { $0.exp() },
    "Log": function { $0.log() },
    "Sqrt": function { $0.sqrt() },
    "Abs": function { $0.abs() },
    "Neg": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...1)
      return { inputs, place throws(ExchangeError) in
        let x = try inputs.required(0, place)
        switch x.storage {
        case .floats(let tensor): return [ONNXTensor((-Variable(tensor)).value, type: x.type)]
        case .integers(let integers):
          return [ONNXTensor(integers: integers.map { 0 &- $0 }, shape: x.shape, type: x.type)]
        }
      }
    },
    "Softsign": activation(.softsign),
    "LeakyRelu": activation(.leakyRelu),
    "Elu": activation(.elu),
    "HardSigmoid": activation(.hardSigmoid),
    "ThresholdedRelu": activation(.thresholdedRelu),
    "Clip": clip,
  ]

  /// An operator of one floating-point input, as the library computes it.
  private static func function(_ body: @escaping @Sendable (Variable) -> Variable) -> Maker {
    { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...1)
      return { inputs, place throws(ExchangeError) in
        let x = try inputs.floats(0, place)
        return [ONNXTensor(body(Variable(x)).value, type: inputs[0]!.type)]
      }
    }
  }

  /// An operator that is an activation function of recurrent nodes as well.
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

  /// Two inputs of one type, repeated up to their common shape.
  private static func operands(
    _ inputs: [ONNXTensor?], _ i: Int, _ j: Int, _ place: NodePlace
  ) throws(ExchangeError) -> (ONNXTensor, ONNXTensor, Shape) {
    let (a, b) = (try inputs.required(i, place), try inputs.required(j, place))
    guard a.type == b.type else { throw place.refused("inputs of one type", "\(a.type) and \(b.type)") }
    return (a, b, try Broadcast.shape(a.shape, b.shape, place))
  }

  private static func arithmetic(
    _ floats: @escaping @Sendable (Variable, Variable) -> Variable,
    _ integers: @escaping @Sendable (Int64, Int64) -> Int64?
  ) -> Maker {
    { node, _ throws(ExchangeError) in
      try node.takes(inputs: 2...2)
      return { inputs, place throws(ExchangeError) in
        let (a, b, shape) = try operands(inputs, 0, 1, place)
        if case (.floats(let x), .floats(let y)) = (a.storage, b.storage) {
          // The library itself repeats a second operand that is a suffix of the first.
          if shape == x.shape, y.shape.rank <= x.shape.rank,
            x.shape.extents.suffix(y.shape.rank) == y.shape.extents[...]
          {
            return [ONNXTensor(floats(Variable(x), Variable(y)).value, type: a.type)]
          }
          let (u, v) = (Broadcast.expand(a, to: shape).tensor, Broadcast.expand(b, to: shape).tensor)
          return [ONNXTensor(floats(Variable(u), Variable(v)).value, type: a.type)]
        }
        let (u, v) = (
          Broadcast.expand(a, to: shape).integers ?? [], Broadcast.expand(b, to: shape).integers ?? []
        )
        var result: [Int64] = []
        result.reserveCapacity(u.count)
        for (x, y) in zip(u, v) {
          guard let value = integers(x, y) else { throw place.refused("a divisor that is not 0", "0") }
          result.append(wrapped(value, a.type))
        }
        return [ONNXTensor(integers: result, shape: shape, type: a.type)]
      }
    }
  }

  /// A number as its type can hold it.
  static func wrapped(_ value: Int64, _ type: ONNXTensor.ElementType) -> Int64 {
    switch type {
    case .int8: Int64(Int8(truncatingIfNeeded: value))
    case .int16: Int64(Int16(truncatingIfNeeded: value))
    case .int32: Int64(Int32(truncatingIfNeeded: value))
    case .uint8: Int64(UInt8(truncatingIfNeeded: value))
    case .uint16: Int64(UInt16(truncatingIfNeeded: value))
    case .uint32: Int64(UInt32(truncatingIfNeeded: value))
    default: value
    }
  }

  private static func combine(
    _ a: ONNXTensor, _ b: ONNXTensor, _ shape: Shape, _ body: (Float, Float) -> Float
  ) -> ONNXTensor {
    let (u, v) = (Broadcast.expand(a, to: shape).tensor, Broadcast.expand(b, to: shape).tensor)
    var result = Tensor(uninitialized: shape)
    result.withUnsafeMutableElements { to in
      u.withUnsafeElements { x in
        v.withUnsafeElements { y in
          for index in to.indices { to[index] = body(x[index], y[index]) }
        }
      }
    }
    return ONNXTensor(result, type: a.type)
  }

  private static func pairs(_ body: @escaping @Sendable (Float, Float) -> Float) -> Maker {
    { node, _ throws(ExchangeError) in
      try node.takes(inputs: 2...2)
      return { inputs, place throws(ExchangeError) in
        _ = (try inputs.floats(0, place), try inputs.floats(1, place))
        let (a, b, shape) = try operands(inputs, 0, 1, place)
        return [combine(a, b, shape, body)]
      }
    }
  }

  private static func extremum(
    _ floats: @escaping @Sendable (Float, Float) -> Float,
    _ integers: @escaping @Sendable (Int64, Int64) -> Int64
  ) -> Maker {
    { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...64)
      return { inputs, place throws(ExchangeError) in
        var result = try inputs.required(0, place)
        for index in inputs.indices.dropFirst() {
          let (a, b, shape) = try operands([result, inputs[index]], 0, 1, place)
          if a.type.isFloating {
            result = combine(a, b, shape, floats)
          } else {
            let (u, v) = (
              Broadcast.expand(a, to: shape).integers ?? [], Broadcast.expand(b, to: shape).integers ?? []
            )
            result = ONNXTensor(integers: zip(u, v).map { integers($0, $1) }, shape: shape, type: a.type)
          }
        }
        return [result]
      }
    }
  }

  private static func comparison(
    _ floats: @escaping @Sendable (Float, Float) -> Bool,
    _ integers: @escaping @Sendable (Int64, Int64) -> Bool
  ) -> Maker {
    { node, _ throws(ExchangeError) in
      try node.takes(inputs: 2...2)
      return { inputs, place throws(ExchangeError) in
        let (a, b, shape) = try operands(inputs, 0, 1, place)
        let (u, v) = (Broadcast.expand(a, to: shape), Broadcast.expand(b, to: shape))
        let result: [Int64] =
          switch (u.storage, v.storage) {
          case (.integers(let x), .integers(let y)): zip(x, y).map { integers($0, $1) ? 1 : 0 }
          default: zip(u.tensor.elements, v.tensor.elements).map { floats($0, $1) ? 1 : 0 }
          }
        return [ONNXTensor(integers: result, shape: shape, type: .bool)]
      }
    }
  }

  private static func booleans(
    _ inputs: [ONNXTensor?], _ index: Int, _ place: NodePlace
  ) throws(ExchangeError) -> [Int64] {
    let value = try inputs.required(index, place)
    guard value.type == .bool, let integers = value.integers else {
      throw place.refused("booleans as input \(index)", "\(value.type)")
    }
    return integers
  }

  private static func logical(_ body: @escaping @Sendable (Int64, Int64) -> Int64) -> Maker {
    { node, _ throws(ExchangeError) in
      try node.takes(inputs: 2...2)
      return { inputs, place throws(ExchangeError) in
        _ = (try booleans(inputs, 0, place), try booleans(inputs, 1, place))
        let (a, b, shape) = try operands(inputs, 0, 1, place)
        let (u, v) = (
          Broadcast.expand(a, to: shape).integers ?? [], Broadcast.expand(b, to: shape).integers ?? []
        )
        return [ONNXTensor(integers: zip(u, v).map { body($0, $1) }, shape: shape, type: .bool)]
      }
    }
  }

  /// The second input where the first is true, else the third.
  private static let choose: Operation = { inputs, place throws(ExchangeError) in
    _ = try booleans(inputs, 0, place)
    let (a, b, both) = try operands(inputs, 1, 2, place)
    let condition = inputs[0]!
    let shape = try Broadcast.shape(condition.shape, both, place)
    let flags = Broadcast.expand(condition, to: shape).integers ?? []
    let (u, v) = (Broadcast.expand(a, to: shape), Broadcast.expand(b, to: shape))
    if case (.integers(let x), .integers(let y)) = (u.storage, v.storage) {
      let chosen = flags.indices.map { flags[$0] != 0 ? x[$0] : y[$0] }
      return [ONNXTensor(integers: chosen, shape: shape, type: a.type)]
    }
    var result = u.tensor
    v.tensor.withUnsafeElements { other in
      result.withUnsafeMutableElements { to in
        for index in to.indices where flags[index] == 0 { to[index] = other[index] }
      }
    }
    return [ONNXTensor(result, type: a.type)]
  }

  private static let clip: Maker = { node, _ throws(ExchangeError) in
    let isOld = node.version < 11
    try node.takes(inputs: 1...(isOld ? 1 : 3))
    let (low, high) = isOld ? (try node.float("min"), try node.float("max")) : (nil, nil)
    return { inputs, place throws(ExchangeError) in
      func bound(_ index: Int) throws(ExchangeError) -> Float? {
        guard inputs.optional(index) != nil else { return nil }
        let tensor = try inputs.floats(index, place)
        guard tensor.shape.count == 1 else { throw place.refused("one number as a bound", "\(tensor.shape)") }
        return tensor.elements[0]
      }
      let (low, high) = isOld ? (low, high) : (try bound(1), try bound(2))
      var result = try inputs.floats(0, place)
      result.withUnsafeMutableElements { elements in
        for index in elements.indices {
          if let low, elements[index] < low { elements[index] = low }
          if let high, elements[index] > high { elements[index] = high }
        }
      }
      return [ONNXTensor(result, type: inputs[0]!.type)]
    }
  }
}
