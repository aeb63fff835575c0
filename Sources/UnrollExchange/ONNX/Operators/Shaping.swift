import UnrollCore

/// Operators that give the same elements another shape, type or order.
extension Operators {
  static let shaping: [String: Maker] = [
    "Identity": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...1)
      return { inputs, place throws(ExchangeError) in [try inputs.required(0, place)] }
    },
    "Constant": constant,
    "Cast": cast,
    "Dropout": dropout,
    "Shape": shapeOf,
    "Reshape": reshape,
    "Flatten": flatten,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Transpose": transpose,
    "Expand": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 2...2)
      return { inputs, place throws(ExchangeError) in
        let value = try inputs.required(0, place)
        let wanted = try place.shape(try inputs.list(1, place))
        return [Broadcast.expand(value, to: try Broadcast.shape(value.shape, wanted, place))]
      }
    },
    "ConstantOfShape": constantOfShape,
    "Range": range,
  ]

  private static let constant: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 0...0)
    let value: ONNXTensor
    if let tensor = try node.tensor("value") {
      value = tensor
    } else if let number = try node.float("value_float") {
      value = ONNXTensor(Tensor(number))
    } else if let number = try node.integer("value_int") {
      value = ONNXTensor(integers: [Int64(number)], shape: [])
    } else if let numbers = try node.floats("value_floats") {
      value = ONNXTensor(Tensor(numbers))
    } else if let numbers = try node.integers("value_ints") {
      value = ONNXTensor(integers: numbers.map { Int64($0) }, shape: [numbers.count])
    } else {
      throw node.refused("a value of numbers", "none that is known")
    }
    return { _, _ throws(ExchangeError) in [value] }
  }

  private static let cast: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1)
    // These two say something of types of 8 bits alone, and those are refused.
    _ = (try node.integer("saturate"), try node.string("round_mode"))
    let number = try node.integer("to") ?? 0
    guard let type = ONNXTensor.ElementType(rawValue: number) else {
      throw node.refused("an element type of numbers or booleans", "type \(number)")
    }
    return { inputs, place throws(ExchangeError) in [converted(try inputs.required(0, place), to: type)] }
  }

  package static func converted(_ value: ONNXTensor, to type: ONNXTensor.ElementType) -> ONNXTensor {
    if type.isFloating { return ONNXTensor(value.tensor, type: type) }
    let integers: [Int64] =
      switch value.storage {
      case .integers(let integers): integers
      case .floats(let tensor):
        tensor.elements.map {
          type == .bool
            ? ($0 == 0 ? 0 : 1) : Int64(exactly: $0.rounded(.towardZero)) ?? ($0 > 0 ? .max : .min)
        }
      }
    if type == .bool {
      return ONNXTensor(integers: integers.map { $0 == 0 ? 0 : 1 }, shape: value.shape, type: type)
    }
    return ONNXTensor(integers: integers.map { wrapped($0, type) }, shape: value.shape, type: type)
  }

  /// The input itself: nothing is dropped outside of training.
  private static let dropout: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...(node.version < 12 ? 1 : 3), outputs: 1...2)
    _ = (try node.float("ratio"), try node.integer("seed"))
    let wantsMask = node.hasOutput(1)
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      if let training = inputs.optional(2), training.integers?.contains(where: { $0 != 0 }) ?? true {
        throw place.refused("a training mode of false", "true", .unsupported)
      }
      if !wantsMask { return [x] }
      let mask = Array(repeating: Int64(1), count: x.shape.count)
      return [x, ONNXTensor(integers: mask, shape: x.shape, type: .bool)]
    }
  }

  private static let shapeOf: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1)
    let (start, end) = (try node.integer("start") ?? 0, try node.integer("end"))
    return { inputs, place throws(ExchangeError) in
      let extents = try inputs.required(0, place).shape.extents
      func bound(_ index: Int) -> Int {
        min(max(index < 0 ? index + extents.count : index, 0), extents.count)
      }
      let (low, high) = (bound(start), bound(end ?? extents.count))
      let part = low < high ? extents[low..<high].map { Int64($0) } : []
      return [ONNXTensor(integers: part, shape: [part.count])]
    }
  }

  private static let reshape: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...2)
    let allowsZero = try node.flag("allowzero")
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      var extents = try inputs.list(1, place)
      guard extents.count <= CheckedShape.maximumRank, extents.allSatisfy({ $0 >= -1 }),
        extents.filter({ $0 == -1 }).count <= 1
      else { throw place.refused("extents with at most one −1", "\(extents.prefix(9))") }
      for axis in extents.indices where extents[axis] == 0 && !allowsZero {
        guard axis < x.shape.rank else { throw place.refused("an extent to keep", "\(x.shape)") }
        extents[axis] = x.shape[axis]
      }
      if let open = extents.firstIndex(of: -1) {
        extents[open] = 1
        let others = try place.shape(extents).count
        guard others > 0, x.shape.count % others == 0 else {
          throw place.refused("a shape for \(x.shape.count) elements", "\(extents) with one left open")
        }
        extents[open] = x.shape.count / others
      }
      let shape = try place.shape(extents)
      guard shape.count == x.shape.count else {
        throw place.refused("a shape for \(x.shape.count) elements", "\(shape)")
      }
      return [x.reshaped(shape)]
    }
  }

  private static let flatten: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1)
    let axis = try node.integer("axis") ?? 1
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      let rank = x.shape.rank
      guard (-rank...rank).contains(axis) else { throw place.refused("an axis of \(rank) axes", "\(axis)") }
      let cut = axis < 0 ? axis + rank : axis
      let rows = x.shape.extents[..<cut].reduce(1, *)
      return [x.reshaped([rows, x.shape.extents[cut...].reduce(1, *)])]
    }
  }

  private static let squeeze: Maker = { node, _ throws(ExchangeError) in
    let isOld = node.version < 13
    try node.takes(inputs: 1...(isOld ? 1 : 2))
    let fixed = isOld ? try node.integers("axes") : nil
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      var dropped = Set<Int>()
      if let axes = try isOld ? fixed : inputs.optionalList(1, place) {
        for axis in axes { dropped.insert(try place.axis(axis, rank: x.shape.rank)) }
      } else {
        dropped = Set(x.shape.extents.indices.filter { x.shape[$0] == 1 })
      }
      guard dropped.allSatisfy({ x.shape[$0] == 1 }) else {
        throw place.refused("extents of 1 to leave out", "\(x.shape) with axes \(dropped.sorted())")
      }
      return [x.reshaped(Shape(x.shape.extents.indices.filter { !dropped.contains($0) }.map { x.shape[$0] }))]
    }
  }

  private static let unsqueeze: Maker = { node, _ throws(ExchangeError) in
    let isOld = node.version < 13
    try node.takes(inputs: isOld ? 1...1 : 2...2)
    let fixed = isOld ? try node.integers("axes") ?? [] : []
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      let axes = isOld ? fixed : try inputs.list(1, place)
      guard axes.count <= CheckedShape.maximumRank else { throw place.refused("fewer axes", "\(axes.count)") }
      let rank = x.shape.rank + axes.count
      var new = Set<Int>()
      for axis in axes { new.insert(try place.axis(axis, rank: rank)) }
      guard new.count == axes.count else { throw place.refused("each axis once", "\(axes)") }
      var rest = x.shape.extents[...]
      return [x.reshaped(try place.shape((0..<rank).map { new.contains($0) ? 1 : rest.removeFirst() }))]
    }
  }

  private static let transpose: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1)
    let order = try node.integers("perm")
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      let order = order ?? Array((0..<x.shape.rank).reversed())
      guard order.sorted() == Array(0..<x.shape.rank) else {
        throw place.refused("an order of \(x.shape.rank) axes", "\(order)")
      }
      return [permuted(x, order)]
    }
  }

  static func permuted(_ x: ONNXTensor, _ order: [Int]) -> ONNXTensor {
    let shape = Shape(order.map { x.shape[$0] })
    // Axes of extent 1 may move freely.
    let moved = order.filter { x.shape[$0] != 1 }
    if moved == moved.sorted() { return x.reshaped(shape) }
    let strides = x.shape.strides
    return x.gathering(shape.places(strides: order.map { strides[$0] }), shape: shape)
  }

  private static let constantOfShape: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1)
    let value = try node.tensor("value") ?? ONNXTensor(Tensor([0]))
    guard value.shape.count == 1 else {
      throw node.refused("a value of one element", "\(value.shape)", .damaged)
    }
    return { inputs, place throws(ExchangeError) in
      let shape = try place.shape(try inputs.list(0, place))
      switch value.storage {
      case .floats(let tensor):
        return [ONNXTensor(Tensor(repeating: tensor.elements[0], shape: shape), type: value.type)]
      case .integers(let integers):
        let all = Array(repeating: integers[0], count: shape.count)
        return [ONNXTensor(integers: all, shape: shape, type: value.type)]
      }
    }
  }

  private static let range: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 3...3)
    return { inputs, place throws(ExchangeError) in
      func number(_ index: Int) throws(ExchangeError) -> Int64 {
        let value = try inputs.required(index, place)
        guard let integers = value.integers, integers.count == 1 else {
          throw place.refused("one whole number as input \(index)", "\(value.type) \(value.shape)")
        }
        return integers[0]
      }
      let (start, limit, delta) = (try number(0), try number(1), try number(2))
      let (distance, overflow) = limit.subtractingReportingOverflow(start)
      guard delta != 0, !overflow, distance != .min, delta != .min else {
        throw place.refused("a range that ends", "\(start) to \(limit) by \(delta)")
      }
      let steps = distance / delta + (distance % delta == 0 ? 0 : 1)
      let shape = try place.shape([distance.signum() * delta.signum() <= 0 ? 0 : Int(steps)])
      let all = (0..<Int64(shape.count)).map { start &+ $0 &* delta }
      return [ONNXTensor(integers: all, shape: shape, type: inputs[0]!.type)]
    }
  }
}
