import UnrollCore

/// Operators of whole numbers and their bits, and from one type to another.
extension Operators {
  static let wholeNumbers: [String: Maker] = [
    "BitwiseAnd": bits { $0 & $1 },
    "BitwiseOr": bits { $0 | $1 },
    "BitwiseXor": bits { $0 ^ $1 },
    "BitwiseNot": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...1)
      return { inputs, place throws(ExchangeError) in
        let x = try inputs.whole(0, place)
        let type = inputs[0]!.type
        guard type != .bool else { throw place.refused("whole numbers", "booleans", .unsupported) }
        return [ONNXTensor(integers: x.map { wrapped(~$0, type) }, shape: inputs[0]!.shape, type: type)]
      }
    },
    "BitShift": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 2...2)
      let direction = try node.string("direction") ?? ""
      guard ["LEFT", "RIGHT"].contains(direction) else {
        throw node.refused("a direction of LEFT or RIGHT", "\"\(direction)\"", .damaged)
      }
      let isLeft = direction == "LEFT"
      return { inputs, place throws(ExchangeError) in
        _ = (try inputs.whole(0, place), try inputs.whole(1, place))
        let (a, b, shape) = try operands(inputs, 0, 1, place)
        let width = Int64(8 * a.type.width)
        return [
          try combined(a, b, shape, place, "a shift of at least 0") { x, count in
            guard count >= 0 else { return nil }
            if isLeft { return count >= width ? 0 : x << count }
            if a.type == .uint64 {
              return count >= width ? 0 : Int64(bitPattern: UInt64(bitPattern: x) >> count)
            }
            return x >> min(count, width - 1)
          }
        ]
      }
    },
    "Mod": modulo,
    "Cast": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...1)
      // These two say something of types of 8 bits alone, and those are refused.
      _ = (try node.integer("saturate"), try node.string("round_mode"))
      let number = try node.integer("to") ?? 0
      guard let type = ONNXTensor.ElementType(rawValue: number) else {
        throw node.refused("an element type of numbers or booleans", "type \(number)")
      }
      return { inputs, place throws(ExchangeError) in [converted(try inputs.required(0, place), to: type)] }
    },
    "CastLike": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 2...2)
      _ = (try node.integer("saturate"), try node.string("round_mode"))
      return { inputs, place throws(ExchangeError) in
        [converted(try inputs.required(0, place), to: try inputs.required(1, place).type)]
      }
    },
    "BitCast": bitCast,
  ]

  private static func bits(_ body: @escaping @Sendable (Int64, Int64) -> Int64) -> Maker {
    { node, _ throws(ExchangeError) in
      try node.takes(inputs: 2...2)
      return { inputs, place throws(ExchangeError) in
        _ = (try inputs.whole(0, place), try inputs.whole(1, place))
        let (a, b, shape) = try operands(inputs, 0, 1, place)
        return [try combined(a, b, shape, place, "whole numbers") { body($0, $1) }]
      }
    }
  }

  /// What is left after division, with the sign of the divisor, or with that of the dividend where `fmod` is 1.
  private static let modulo: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...2)
    let isTruncated = try node.flag("fmod")
    return { inputs, place throws(ExchangeError) in
      let (a, b, shape) = try operands(inputs, 0, 1, place)
      if a.type.isFloating {
        return [
          combine(a, b, shape) { x, y in
            let rest = x.truncatingRemainder(dividingBy: y)
            return isTruncated || rest == 0 || (rest < 0) == (y < 0) ? rest : rest + y
          }
        ]
      }
      return [
        try combined(a, b, shape, place, "a divisor that is not 0") { x, y in
          guard y != 0 else { return nil }
          if a.type == .uint64 { return Int64(bitPattern: UInt64(bitPattern: x) % UInt64(bitPattern: y)) }
          let rest = y == -1 ? 0 : x % y
          return isTruncated || rest == 0 || (rest < 0) == (y < 0) ? rest : rest + y
        }
      ]
    }
  }

  package static func converted(_ value: ONNXTensor, to type: ONNXTensor.ElementType) -> ONNXTensor {
    if type == value.type { return value }
    switch (type, value.content) {
    case (.float, _), (.double, _): return ONNXTensor(value.tensor, type: type)
    case (.float16, _), (.bfloat16, _): return narrowed(ONNXTensor(value.tensor, type: type))
    case (.bool, .floats(let tensor)):
      let flags = tensor.elements.map { $0 == 0 ? Int64(0) : 1 }
      return ONNXTensor(integers: flags, shape: value.shape, type: type)
    case (.bool, .integers(let integers)):
      return ONNXTensor(integers: integers.map { $0 == 0 ? 0 : 1 }, shape: value.shape, type: type)
    case (_, .floats(let tensor)):
      let integers = tensor.elements.map { wrapped(truncated(Double($0), type), type) }
      return ONNXTensor(integers: integers, shape: value.shape, type: type)
    case (_, .integers(let integers)):
      return ONNXTensor(integers: integers.map { wrapped($0, type) }, shape: value.shape, type: type)
    }
  }

  /// Numbers as their type of 16 bits holds them.
  static func narrowed(_ value: ONNXTensor) -> ONNXTensor {
    mapped(value.tensor, value.type) { rounded(Float($0), value.type) }
  }

  /// A number as a type of 16 bits holds it, rounded to the nearest, of two to the even.
  private static func rounded(_ x: Float, _ type: ONNXTensor.ElementType) -> Double {
    guard x.isFinite else { return Double(x) }
    if type == .bfloat16 {
      let bits = x.bitPattern
      let upper = (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000
      return Double(Float(bitPattern: upper))
    }
    // 10 bits of fraction, of which fewer are left below 2⁻¹⁴.
    let unit = Float(sign: .plus, exponent: max(-14, x == 0 ? -14 : Int(x.exponent)) - 10, significand: 1)
    let near = (x / unit).rounded(.toNearestOrEven) * unit
    return Double(abs(near) > 65504 ? (near < 0 ? -Float.infinity : .infinity) : near)
  }

  /// The same bits under another type of the same width.
  private static let bitCast: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1)
    let number = try node.integer("to") ?? 0
    guard let type = ONNXTensor.ElementType(rawValue: number) else {
      throw node.refused("an element type of numbers or booleans", "type \(number)")
    }
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      guard type.width == x.type.width else {
        throw place.refused("a type of \(x.type.width) bytes", "\(type)", .unsupported)
      }
      switch x.content {
      case .integers(let integers) where !type.isFloating:
        return [ONNXTensor(integers: integers.map { wrapped($0, type) }, shape: x.shape, type: type)]
      case .integers(let integers) where type == .float:
        let floats = integers.map { Float(bitPattern: UInt32(truncatingIfNeeded: $0)) }
        return [ONNXTensor(Tensor(floats, shape: x.shape))]
      case .floats(let tensor) where x.type == .float && !type.isFloating:
        let integers = tensor.elements.map { wrapped(Int64($0.bitPattern), type) }
        return [ONNXTensor(integers: integers, shape: x.shape, type: type)]
      default:
        guard x.type == type else {
          throw place.refused("whole numbers or float", "\(x.type) as \(type)", .unsupported)
        }
        return [x]
      }
    }
  }
}
