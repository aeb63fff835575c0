import UnrollCore

/// Matrix products and what is made of whole rows.
extension Operators {
  static let products: [String: Maker] = [
    "MatMul": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 2...2)
      return { inputs, place throws(ExchangeError) in
        let (a, b) = (try inputs.required(0, place), try inputs.required(1, place))
        guard a.type == b.type else {
          throw place.refused("inputs of one type", "\(a.type) and \(b.type)", .unsupported)
        }
        if let x = a.integers, let y = b.integers { return [try wholeProduct(a, x, b, y, place)] }
        return [ONNXTensor(try matmul(a.tensor, b.tensor, place), type: a.type)]
      }
    },
    "Einsum": einsum,
    "Gemm": gemm,
    "Softmax": { node, _ throws(ExchangeError) in try softmax(&node, logarithm: false) },
    "LogSoftmax": { node, _ throws(ExchangeError) in try softmax(&node, logarithm: true) },
  ]

  static func matmul(
    _ a: Tensor, _ b: Tensor, _ place: NodePlace
  ) throws(ExchangeError) -> Tensor {
    guard a.shape.rank > 0, b.shape.rank > 0 else {
      throw place.refused("matrices or vectors", "\(a.shape) and \(b.shape)")
    }
    // Vectors are matrices for the while: a row at the left, a column at the right.
    let left = a.shape.rank == 1 ? a.reshaped(to: [1, a.shape[0]]) : a
    let right = b.shape.rank == 1 ? b.reshaped(to: [b.shape[0], 1]) : b
    let (m, k, n) = (left.shape[-2], left.shape[-1], right.shape[-1])
    guard right.shape[-2] == k else {
      throw place.refused("\(k) rows at the right", "\(a.shape) and \(b.shape)")
    }
    var result: Tensor
    if right.shape.rank == 2 {
      let extents = left.shape.extents.dropLast() + [n]
      let shape = try place.shape(Array(extents))
      let flat = left.reshaped(to: [left.shape.rows, k])
      result = try place.fitting { () throws(ShapeError) in try Variable(flat).matmul(Variable(right))
      }
      .value.reshaped(to: shape)
    } else {
      result = try batchedProduct(left, right, m, k, n, place)
    }
    var extents = result.shape.extents
    if a.shape.rank == 1 { extents.remove(at: extents.count - 2) }
    if b.shape.rank == 1 { extents.removeLast() }
    return result.reshaped(to: Shape(extents))
  }

  /// A product of matrices of whole numbers, exact as far as their type holds it.
  private static func wholeProduct(
    _ a: ONNXTensor, _ x: [Int64], _ b: ONNXTensor, _ y: [Int64], _ place: NodePlace
  ) throws(ExchangeError) -> ONNXTensor {
    guard a.shape.rank > 0, b.shape.rank > 0 else {
      throw place.refused("matrices or vectors", "\(a.shape) and \(b.shape)")
    }
    let left = a.shape.rank == 1 ? Shape([1, a.shape[0]]) : a.shape
    let right = b.shape.rank == 1 ? Shape([b.shape[0], 1]) : b.shape
    let (m, k, n) = (left[-2], left[-1], right[-1])
    guard right[-2] == k else {
      throw place.refused("\(k) rows at the right", "\(a.shape) and \(b.shape)")
    }
    let blocks = try Blocks(left, right, place)
    var extents = blocks.shape.extents + [m, n]
    let shape = try place.shape(extents)
    try place.spend(shape.count, k)
    var result = Array(repeating: Int64(0), count: shape.count)
    for (index, (i, j)) in blocks.pairs.enumerated() {
      for row in 0..<m {
        for column in 0..<n {
          var sum: Int64 = 0
          for l in 0..<k { sum = sum &+ x[(i * m + row) * k + l] &* y[(j * k + l) * n + column] }
          result[(index * m + row) * n + column] = wrapped(sum, a.type)
        }
      }
    }
    if a.shape.rank == 1 { extents.remove(at: extents.count - 2) }
    if b.shape.rank == 1 { extents.removeLast() }
    return ONNXTensor(integers: result, shape: Shape(extents), type: a.type)
  }

  /// One product for each place of the axes in front.
  private static func batchedProduct(
    _ a: Tensor, _ b: Tensor, _ m: Int, _ k: Int, _ n: Int, _ place: NodePlace
  ) throws(ExchangeError) -> Tensor {
    let blocks = try Blocks(a.shape, b.shape, place)
    let shape = try place.shape(blocks.shape.extents + [m, n])
    let (left, right) = (
      Variable(a.reshaped(to: [a.shape.rows, k])), Variable(b.reshaped(to: [b.shape.rows, n]))
    )
    var parts: [Variable] = []
    for (i, j) in blocks.pairs {
      let (x, y) = (left.rows(i * m..<(i + 1) * m), right.rows(j * k..<(j + 1) * k))
      parts.append(try place.fitting { () throws(ShapeError) in try x.matmul(y) })
    }
    guard !parts.isEmpty else { return .zeros(shape) }
    return Variable.concatenated(parts, axis: 0).value.reshaped(to: shape)
  }

  /// y = α·A·B + β·C.
  private static let gemm: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...3)
    let (alpha, beta) = (try node.float("alpha") ?? 1, try node.float("beta") ?? 1)
    let (turnsA, turnsB) = (try node.flag("transA"), try node.flag("transB"))
    return { inputs, place throws(ExchangeError) in
      let (a, b) = (try inputs.required(0, place), try inputs.required(1, place))
      _ = (try inputs.floats(0, place), try inputs.floats(1, place))
      guard a.shape.rank == 2, b.shape.rank == 2 else {
        throw place.refused("two matrices", "\(a.shape) and \(b.shape)")
      }
      let left = turnsA ? permuted(a, [1, 0]).tensor : a.tensor
      let columns = turnsB ? b.shape[0] : b.shape[1]
      guard left.shape[1] == (turnsB ? b.shape[1] : b.shape[0]) else {
        throw place.refused("matrices that meet", "\(a.shape) and \(b.shape)")
      }
      let shape = try place.shape([left.shape[0], columns])
      var result = try place.fitting { () throws(ShapeError) in
        turnsB
          ? try Variable(left).linear(Variable(b.tensor))
          : try Variable(left).matmul(Variable(b.tensor))
      }
      if alpha != 1 { result = alpha * result }
      if let c = inputs.optional(2), beta != 0 {
        let bias = try inputs.floats(2, place)
        guard try Broadcast.shape(shape, c.shape, place) == shape else {
          throw place.refused("a third input that is repeated up to \(shape)", "\(c.shape)")
        }
        let whole = Variable(Broadcast.expand(ONNXTensor(bias), to: shape).tensor)
        result = result + (beta == 1 ? whole : beta * whole)
      }
      return [ONNXTensor(result.value, type: a.type)]
    }
  }

  /// y = eˣ / Σ eˣ along an axis, or its logarithm. Before version 13 along all axes from the given one on.
  private static func softmax(
    _ node: inout NodeReader, logarithm: Bool
  ) throws(ExchangeError) -> Operation {
    try node.takes(inputs: 1...1)
    let isOld = node.version < 13
    let axis = try node.integer("axis") ?? (isOld ? 1 : -1)
    return { inputs, place throws(ExchangeError) in
      var x = try inputs.floats(0, place)
      let extents = x.shape.extents
      let axis = try place.axis(axis, rank: max(1, extents.count))
      let outer = extents.prefix(axis).reduce(1, *)
      let size = isOld ? extents.dropFirst(axis).reduce(1, *) : extents.isEmpty ? 1 : extents[axis]
      let inner = isOld ? 1 : extents.dropFirst(axis + 1).reduce(1, *)
      x.withUnsafeMutableElements { elements in
        for block in 0..<outer {
          for column in 0..<inner {
            let places = stride(
              from: block * size * inner + column, to: (block + 1) * size * inner, by: inner)
            normalize(elements, places, logarithm: logarithm)
          }
        }
      }
      return [ONNXTensor(x, type: inputs[0]!.type)]
    }
  }

  /// The logarithms of softmax along an axis.
  static func logSoftmax(_ x: Tensor, axis: Int) -> Tensor {
    var result = x
    let (size, inner) = (x.shape[axis], x.shape.extents[(axis + 1)...].reduce(1, *))
    result.withUnsafeMutableElements { elements in
      for line in 0..<elements.count / max(1, size) {
        let start = line / inner * size * inner + line % inner
        normalize(elements, stride(from: start, to: start + size * inner, by: inner), logarithm: true)
      }
    }
    return result
  }

  private static func normalize(
    _ x: UnsafeMutableBufferPointer<Float>, _ places: StrideTo<Int>, logarithm: Bool
  ) {
    var top = -Float.infinity
    for place in places where x[place] > top { top = x[place] }
    if top == -.infinity { top = 0 }
    var sum = 0.0
    for place in places {
      let part = exponential(Double(x[place] - top))
      sum += part
      if !logarithm { x[place] = Float(part) }
    }
    let shift = logarithm ? Double(top) + naturalLogarithm(sum) : 0
    for place in places {
      x[place] = logarithm ? Float(Double(x[place]) - shift) : Float(Double(x[place]) / sum)
    }
  }
}

/// The pairs of matrices that a product takes: the axes in front meet as shapes do.
struct Blocks {
  /// The extents of the axes in front.
  let shape: Shape
  /// For each of their places, the numbers of the left and the right matrix.
  let pairs: [(Int, Int)]

  init(_ a: Shape, _ b: Shape, _ place: NodePlace) throws(ExchangeError) {
    let (left, right) = (Shape(Array(a.extents.dropLast(2))), Shape(Array(b.extents.dropLast(2))))
    shape = try Broadcast.shape(left, right, place)
    pairs = Array(
      zip(
        shape.places(strides: Broadcast.strides(of: left, to: shape)),
        shape.places(strides: Broadcast.strides(of: right, to: shape))))
  }
}
