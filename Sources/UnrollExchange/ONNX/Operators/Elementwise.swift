import UnrollCore

/// Operators of two and more inputs, element by element.
extension Operators {
  static let elementwise: [String: Maker] = [
    "Add": arithmetic({ $0 + $1 }, { x, y, _ in x &+ y }),
    "Sub": arithmetic({ $0 - $1 }, { x, y, _ in x &- y }),
    "Mul": arithmetic({ $0 * $1 }, { x, y, _ in x &* y }),
    "Div": arithmetic({ $0 / $1 }, quotient),
    "Pow": power,
    "Max": folding({ $0.isNaN || $0 > $1 ? $0 : $1 }, { rank($0, $2) > rank($1, $2) ? $0 : $1 }),
    "Min": folding({ $0.isNaN || $0 < $1 ? $0 : $1 }, { rank($0, $2) < rank($1, $2) ? $0 : $1 }),
    "Sum": folding({ $0 + $1 }, { x, y, _ in x &+ y }),
    "Mean": mean,
    "Equal": comparison({ $0 == $1 }, { $0 == $1 }),
    "Less": comparison({ $0 < $1 }, { $0 < $1 }),
    "LessOrEqual": comparison({ $0 <= $1 }, { $0 <= $1 }),
    "Greater": comparison({ $0 > $1 }, { $0 > $1 }),
    "GreaterOrEqual": comparison({ $0 >= $1 }, { $0 >= $1 }),
    "And": logical { $0 & $1 },
    "Or": logical { $0 | $1 },
    "Xor": logical { $0 ^ $1 },
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
    "PRelu": folding({ $0 >= 0 ? $0 : $0 * $1 }, { x, slope, _ in x >= 0 ? x : x &* slope }, inputs: 2...2),
    "Clip": clip,
  ]

  /// Two inputs of one type, with their common shape.
  static func operands(
    _ inputs: [ONNXTensor?], _ i: Int, _ j: Int, _ place: NodePlace
  ) throws(ExchangeError) -> (ONNXTensor, ONNXTensor, Shape) {
    let (a, b) = (try inputs.required(i, place), try inputs.required(j, place))
    guard a.type == b.type else {
      throw place.refused("inputs of one type", "\(a.type) and \(b.type)", .unsupported)
    }
    return (a, b, try Broadcast.shape(a.shape, b.shape, place))
  }

  /// A number that orders whole numbers of a type as their values do.
  static func rank(_ x: Int64, _ type: ONNXTensor.ElementType) -> Int64 {
    type == .uint64 ? x ^ .min : x
  }

  private static let quotient: @Sendable (Int64, Int64, ONNXTensor.ElementType) -> Int64? = { x, y, type in
    guard y != 0 else { return nil }
    if type == .uint64 { return Int64(bitPattern: UInt64(bitPattern: x) / UInt64(bitPattern: y)) }
    return y == -1 ? 0 &- x : x / y
  }

  private static func arithmetic(
    _ floats: @escaping @Sendable (Variable, Variable) -> Variable,
    _ integers: @escaping @Sendable (Int64, Int64, ONNXTensor.ElementType) -> Int64?
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
        guard a.type != .bool else { throw place.refused("numbers", "booleans", .unsupported) }
        return [try combined(a, b, shape, place, "a divisor that is not 0") { integers($0, $1, a.type) }]
      }
    }
  }

  /// Whole numbers element by element, as their type can hold them.
  ///
  /// - Parameter expected: what to say when `body` gives `nil`.
  static func combined(
    _ a: ONNXTensor, _ b: ONNXTensor, _ shape: Shape, _ place: NodePlace, _ expected: String,
    _ body: (Int64, Int64) -> Int64?
  ) throws(ExchangeError) -> ONNXTensor {
    let (u, v) = (
      Broadcast.expand(a, to: shape).integers ?? [], Broadcast.expand(b, to: shape).integers ?? []
    )
    var result: [Int64] = []
    result.reserveCapacity(u.count)
    for (x, y) in zip(u, v) {
      guard let value = body(x, y) else { throw place.refused(expected, "\(x) and \(y)") }
      result.append(wrapped(value, a.type))
    }
    return ONNXTensor(integers: result, shape: shape, type: a.type)
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

  static func combine(
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

  /// x^y in the type of x, whatever that of y. Whole numbers are exact, as far as their type holds them.
  private static let power: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...2)
    return { inputs, place throws(ExchangeError) in
      let (a, b) = (try inputs.required(0, place), try inputs.required(1, place))
      let shape = try Broadcast.shape(a.shape, b.shape, place)
      if a.type.isFloating {
        return [combine(a, b, shape) { Float(UnrollCore.power(Double($0), Double($1))) }]
      }
      guard b.type.isFloating else {
        return [try combined(a, b, shape, place, "a power that is a whole number") { whole($0, to: $1) }]
      }
      let (u, v) = (
        Broadcast.expand(a, to: shape).integers ?? [], Broadcast.expand(b, to: shape).tensor.elements
      )
      let result = zip(u, v).map { base, exponent in
        wrapped(truncated(UnrollCore.power(Double(base), Double(exponent)), a.type), a.type)
      }
      return [ONNXTensor(integers: result, shape: shape, type: a.type)]
    }
  }

  /// A power of whole numbers, of which overflow leaves the lower bits; `nil`: 0 to a power below 0.
  private static func whole(_ base: Int64, to exponent: Int64) -> Int64? {
    if exponent < 0 { return base == 0 ? nil : base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0 }
    var (result, square, rest) = (Int64(1), base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result = result &* square }
      square = square &* square
      rest >>= 1
    }
    return result
  }

  /// The whole number that is left without the fraction; the nearest there is beyond the bounds of the type.
  static func truncated(_ x: Double, _ type: ONNXTensor.ElementType) -> Int64 {
    let whole = x.rounded(.towardZero)
    if type == .uint64, let exact = UInt64(exactly: whole) { return Int64(bitPattern: exact) }
    return Int64(exactly: whole) ?? (x.isNaN || x < 0 ? .min : .max)
  }

  /// An operator of any number of inputs, taken together one after the other.
  private static func folding(
    _ floats: @escaping @Sendable (Float, Float) -> Float,
    _ integers: @escaping @Sendable (Int64, Int64, ONNXTensor.ElementType) -> Int64,
    inputs count: ClosedRange<Int> = 1...1024
  ) -> Maker {
    { node, _ throws(ExchangeError) in
      try node.takes(inputs: count)
      return { inputs, place throws(ExchangeError) in
        var result = try inputs.required(0, place)
        for index in inputs.indices.dropFirst() {
          let (a, b, shape) = try operands([result, inputs[index]], 0, 1, place)
          guard a.type != .bool else { throw place.refused("numbers", "booleans", .unsupported) }
          if a.type.isFloating {
            result = combine(a, b, shape, floats)
          } else {
            result = try combined(a, b, shape, place, "numbers") { integers($0, $1, a.type) }
          }
        }
        return [result]
      }
    }
  }

  private static let mean: Maker = { node, definition throws(ExchangeError) in
    let sum = try folding({ $0 + $1 }, { x, y, _ in x &+ y })(&node, definition)
    return { inputs, place throws(ExchangeError) in
      let total = try sum(inputs, place)[0]
      guard case .floats(let tensor) = total.storage else {
        throw place.refused("floating-point numbers", "\(total.type)", .unsupported)
      }
      let scaled = Variable(tensor).affine(times: 1 / Double(inputs.count), plus: 0)
      return [ONNXTensor(scaled.value, type: total.type)]
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
          switch (u.content, v.content) {
          case (.integers(let x), .integers(let y)):
            zip(x, y).map { integers(rank($0, a.type), rank($1, a.type)) ? 1 : 0 }
          default: zip(u.tensor.elements, v.tensor.elements).map { floats($0, $1) ? 1 : 0 }
          }
        return [ONNXTensor(integers: result, shape: shape, type: .bool)]
      }
    }
  }

  static func booleans(
    _ inputs: [ONNXTensor?], _ index: Int, _ place: NodePlace
  ) throws(ExchangeError) -> [Int64] {
    let value = try inputs.required(index, place)
    guard value.type == .bool, let integers = value.integers else {
      throw place.refused("booleans as input \(index)", "\(value.type)", .unsupported)
    }
    return integers
  }

  private static func logical(_ body: @escaping @Sendable (Int64, Int64) -> Int64) -> Maker {
    { node, _ throws(ExchangeError) in
      try node.takes(inputs: 2...2)
      return { inputs, place throws(ExchangeError) in
        _ = (try booleans(inputs, 0, place), try booleans(inputs, 1, place))
        let (a, b, shape) = try operands(inputs, 0, 1, place)
        return [try combined(a, b, shape, place, "booleans") { body($0, $1) }]
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
    if case (.integers(let x), .integers(let y)) = (u.content, v.content) {
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
      let x = try inputs.required(0, place)
      if case .integers(let integers) = x.content {
        let low = inputs.optional(1) == nil ? nil : try inputs.integer(1, place)
        let high = inputs.optional(2) == nil ? nil : try inputs.integer(2, place)
        let clipped = integers.map { number in
          var result = number
          if let low, rank(result, x.type) < rank(Int64(low), x.type) { result = Int64(low) }
          if let high, rank(result, x.type) > rank(Int64(high), x.type) { result = Int64(high) }
          return result
        }
        return [ONNXTensor(integers: clipped, shape: x.shape, type: x.type)]
      }
      let lower = isOld ? low : inputs.optional(1) == nil ? nil : try inputs.number(1, place)
      let upper = isOld ? high : inputs.optional(2) == nil ? nil : try inputs.number(2, place)
      var result = x.tensor
      result.withUnsafeMutableElements { elements in
        for index in elements.indices {
          if let lower, elements[index] < lower { elements[index] = lower }
          if let upper, elements[index] > upper { elements[index] = upper }
        }
      }
      return [ONNXTensor(result, type: x.type)]
    }
  }
}
