import UnrollCore

/// Operators that give the same elements another shape, type or order.
extension Operators {
  static let shaping: [String: Maker] = [
    "Identity": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...1)
      return { inputs, place throws(ExchangeError) in [try inputs.required(0, place)] }
    },
    "Constant": constant,
    "Dropout": dropout,
    "Shape": shapeOf,
    "Size": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...1)
      return { inputs, place throws(ExchangeError) in
        [ONNXTensor(integers: [Int64(try inputs.required(0, place).shape.count)], shape: [])]
      }
    },
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
    "EyeLike": eyeLike,
    "DepthToSpace": depthToSpace,
    "SpaceToDepth": spaceToDepth,
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

  /// The input itself: nothing is dropped outside of training.
  private static let dropout: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...(node.version < 12 ? 1 : 3), outputs: 1...2)
    _ = (try node.float("ratio"), try node.integer("seed"))
    let wantsMask = node.hasOutput(1)
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      let ratio = inputs.optional(1) == nil ? 0.5 : try inputs.number(1, place)
      if let training = inputs.optional(2), ratio != 0,
        training.integers?.contains(where: { $0 != 0 }) ?? true
      {
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
      let given = try inputs.list(1, place)
      guard given.count <= CheckedShape.maximumRank, given.allSatisfy({ $0 >= -1 }),
        given.filter({ $0 == -1 }).count <= 1
      else { throw place.refused("extents with at most one −1", "\(given.prefix(9))") }
      var extents = given
      // What is left for an open extent is that of the axes that are not kept, so that it is known for no elements too.
      var rest = 1
      for axis in x.shape.extents.indices {
        if axis < extents.count, extents[axis] == 0, !allowsZero {
          extents[axis] = x.shape[axis]
        } else {
          rest *= x.shape[axis]
        }
      }
      guard allowsZero || given.indices.allSatisfy({ given[$0] != 0 || $0 < x.shape.rank }) else {
        throw place.refused("extents to keep", "\(x.shape)")
      }
      if let open = given.firstIndex(of: -1) {
        let others = try place.shape(given.filter { $0 > 0 }).count
        guard others > 0, rest % others == 0, !allowsZero || !given.contains(0) else {
          throw place.refused("a shape for \(x.shape.count) elements", "\(given) with one left open")
        }
        extents[open] = rest / others
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
    return x.strided(order.map { strides[$0] }, shape: shape)
  }

  private static let constantOfShape: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1)
    let value = try node.tensor("value") ?? ONNXTensor(Tensor([0]))
    guard value.shape.count == 1 else {
      throw node.refused("a value of one element", "\(value.shape)", .damaged)
    }
    return { inputs, place throws(ExchangeError) in
      let shape = try place.shape(try inputs.list(0, place))
      switch value.content {
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
      if let first = inputs.optional(0), first.type.isFloating {
        return [try floats(inputs, first.type, place)]
      }
      let (start, limit, delta) = (
        Int64(try inputs.integer(0, place)), Int64(try inputs.integer(1, place)),
        Int64(try inputs.integer(2, place))
      )
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

  /// ⌈(limit − start)/delta⌉ numbers from `start` on.
  private static func floats(
    _ inputs: [ONNXTensor?], _ type: ONNXTensor.ElementType, _ place: NodePlace
  ) throws(ExchangeError) -> ONNXTensor {
    let (start, limit, delta) = (
      Double(try inputs.number(0, place)), Double(try inputs.number(1, place)),
      Double(try inputs.number(2, place))
    )
    let steps = ((limit - start) / delta).rounded(.up)
    guard delta != 0, let count = Int(exactly: max(0, steps)) else {
      throw place.refused("a range that ends", "\(start) to \(limit) by \(delta)")
    }
    let shape = try place.shape([count])
    return ONNXTensor(Tensor((0..<count).map { Float(start + Double($0) * delta) }, shape: shape), type: type)
  }

  /// Ones on a diagonal, in the shape of the input.
  private static let eyeLike: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1)
    let diagonal = try node.integer("k") ?? 0
    let number = try node.integer("dtype")
    let wanted = number.flatMap { ONNXTensor.ElementType(rawValue: $0) }
    guard number == nil || wanted != nil else {
      throw node.refused("an element type of numbers or booleans", "type \(number ?? 0)")
    }
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      guard x.shape.rank == 2 else { throw place.refused("a matrix", "\(x.shape)") }
      let columns = x.shape[1]
      let ones = (0..<x.shape.count).map { index -> Int64 in
        let (distance, overflow) = (index % columns - index / columns).subtractingReportingOverflow(diagonal)
        return distance == 0 && !overflow ? 1 : 0
      }
      return [converted(ONNXTensor(integers: ones, shape: x.shape), to: wanted ?? x.type)]
    }
  }

  /// The extents `[N, C, H, W]` of a picture.
  private static func picture(_ x: ONNXTensor, _ place: NodePlace) throws(ExchangeError) -> [Int] {
    guard x.shape.rank == 4 else { throw place.refused("an input of four axes", "\(x.shape)") }
    return x.shape.extents
  }

  private static let depthToSpace: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1)
    let block = try node.integer("blocksize") ?? 0
    let mode = try node.string("mode") ?? "DCR"
    guard (1...1 << 16).contains(block), ["DCR", "CRD"].contains(mode) else {
      throw node.refused("a block above 0 and a mode of DCR or CRD", "\(block) and \"\(mode)\"", .damaged)
    }
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      let e = try picture(x, place)
      guard e[1] % (block * block) == 0 else {
        throw place.refused("a multiple of \(block * block) channels", "\(e[1])")
      }
      let depth = e[1] / (block * block)
      let parts: Shape =
        mode == "DCR" ? [e[0], block, block, depth, e[2], e[3]] : [e[0], depth, block, block, e[2], e[3]]
      let order = mode == "DCR" ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3]
      let shape = try place.shape([e[0], depth, e[2] * block, e[3] * block])
      return [permuted(x.reshaped(parts), order).reshaped(shape)]
    }
  }

  private static let spaceToDepth: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1)
    let block = try node.integer("blocksize") ?? 0
    guard (1...1 << 16).contains(block) else { throw node.refused("a block above 0", "\(block)", .damaged) }
    let mode = try node.string("mode") ?? "DCR"
    guard mode == "DCR" else { throw node.refused("a mode of DCR", "\"\(mode)\"") }
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      let e = try picture(x, place)
      guard e[2] % block == 0, e[3] % block == 0 else {
        throw place.refused("multiples of \(block) rows and columns", "\(x.shape)")
      }
      let parts: Shape = [e[0], e[1], e[2] / block, block, e[3] / block, block]
      let shape = try place.shape([e[0], e[1] * block * block, e[2] / block, e[3] / block])
      return [permuted(x.reshaped(parts), [0, 3, 5, 1, 2, 4]).reshaped(shape)]
    }
  }
}
