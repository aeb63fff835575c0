import UnrollCore

/// Numbers as whole numbers of few bits: x ≈ scale · (q − zero point).
extension Operators {
  static let quantization: [String: Maker] = [
    "QuantizeLinear": quantizeLinear,
    "DequantizeLinear": dequantizeLinear,
    "com.microsoft.QuantizeLinear": quantizeLinear,
    "com.microsoft.DequantizeLinear": dequantizeLinear,
    "DynamicQuantizeLinear": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...1, outputs: 3...3)
      return { inputs, place throws(ExchangeError) in
        let x = try inputs.floats(0, place)
        let form = QuantizedForm(spanning: x)
        return [
          ONNXTensor(integers: x.elements.map { form.quantized($0) }, shape: x.shape, type: .uint8),
          ONNXTensor(Tensor(form.scale)),
          ONNXTensor(integers: [Int64(form.zeroPoint)], shape: [], type: .uint8),
        ]
      }
    },
    "MatMulInteger": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 2...4)
      return { inputs, place throws(ExchangeError) in
        let a = try shifted(inputs, 0, zero: 2, axis: -2, place)
        let b = try shifted(inputs, 1, zero: 3, axis: -1, place)
        return [try exactProduct(a, b, place)]
      }
    },
    "QLinearMatMul": quantizedProduct,
    "QLinearConv": quantizedConvolution,
  ]

  /// A scale and a zero point, as DynamicQuantizeLinear finds them: 0 to 255 span the numbers and 0.
  struct QuantizedForm {
    let scale: Float
    let zeroPoint: Float

    init(spanning x: Tensor) {
      var (low, high): (Float, Float) = (0, 0)
      x.withUnsafeElements { elements in
        for element in elements {
          low = min(low, element)
          high = max(high, element)
        }
      }
      // Of zeros alone any scale is right.
      scale = high == low ? 1 : (high - low) / 255
      let point = (-low / scale).rounded(.toNearestOrEven)
      zeroPoint = point.isNaN ? 0 : min(255, max(0, point))
    }

    func quantized(_ x: Float) -> Int64 {
      let number = (x / scale).rounded(.toNearestOrEven) + zeroPoint
      return number.isNaN ? 0 : Int64(min(255, max(0, number)))
    }
  }

  /// How scales stand to an array: one for all, one for each place on an axis, or one for each block along it.
  private struct ScaleLayout: Sendable {
    let axis: Int
    let block: Int

    init(_ node: inout NodeReader) throws(ExchangeError) {
      axis = try node.integer("axis") ?? 1
      block = try node.integer("block_size") ?? 0
      guard (0...1 << 40).contains(block) else {
        throw node.refused("a block of at least 0", "\(block)", .damaged)
      }
    }

    /// For each element of an array its scale, by place.
    func places(_ x: Shape, _ scale: Shape, _ place: NodePlace) throws(ExchangeError) -> (Int) -> Int {
      if scale.count == 1, scale.rank <= 1 { return { _ in 0 } }
      let axis = try place.axis(axis, rank: x.rank)
      let (size, inner) = (x[axis], x.extents[(axis + 1)...].reduce(1, *))
      if scale.rank == 1, scale.count == size { return { $0 / inner % size } }
      guard block > 0, scale.rank == x.rank, scale[axis] == (size + block - 1) / block,
        x.extents.indices.allSatisfy({ $0 == axis || x[$0] == scale[$0] })
      else { throw place.refused("scales for shape \(x) on axis \(axis)", "shape \(scale)") }
      let blocks = scale[axis]
      return { [block] index in
        (index / inner / size * blocks + index / inner % size / block) * inner + index % inner
      }
    }
  }

  /// Zero points of the shape of the scales, or none.
  private static func zeroPoints(
    _ inputs: [ONNXTensor?], _ index: Int, like scale: Shape, _ place: NodePlace
  ) throws(ExchangeError) -> (numbers: [Int64], type: ONNXTensor.ElementType)? {
    guard let value = inputs.optional(index) else { return nil }
    let numbers = try inputs.whole(index, place)
    guard value.shape.count == scale.count else {
      throw place.refused("zero points of shape \(scale)", "\(value.shape)")
    }
    return (numbers, value.type)
  }

  private static let quantizeLinear: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...3)
    let layout = try ScaleLayout(&node)
    _ = (try node.integer("saturate"), try node.integer("precision"))
    let number = try node.integer("output_dtype") ?? 0
    let wanted = ONNXTensor.ElementType(rawValue: number)
    guard number == 0 || wanted?.isPackable == true else {
      throw node.refused("a type of whole numbers", "type \(number)")
    }
    return { inputs, place throws(ExchangeError) in
      let x = converted(try inputs.required(0, place), to: .float).tensor
      let scales = try inputs.floats(1, place)
      let zeros = try zeroPoints(inputs, 2, like: scales.shape, place)
      let type = zeros?.type ?? wanted ?? .uint8
      guard type.isPackable else {
        throw place.refused("whole numbers of less than 64 bits", "\(type)", .unsupported)
      }
      let places = try layout.places(x.shape, scales.shape, place)
      let bounds = bounds(of: type)
      let scale = scales.elements
      let result = x.elements.enumerated().map { index, element -> Int64 in
        let own = places(index)
        let number =
          Double((element / scale[own]).rounded(.toNearestOrEven)) + Double(zeros?.numbers[own] ?? 0)
        return Int64(
          min(Double(bounds.upperBound), max(Double(bounds.lowerBound), number.isNaN ? 0 : number)))
      }
      return [ONNXTensor(integers: result, shape: x.shape, type: type)]
    }
  }

  private static let dequantizeLinear: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...3)
    let layout = try ScaleLayout(&node)
    _ = try node.integer("output_dtype")
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      let numbers = try inputs.whole(0, place)
      let scales = try inputs.floats(1, place)
      let zeros = try zeroPoints(inputs, 2, like: scales.shape, place)
      let places = try layout.places(x.shape, scales.shape, place)
      let scale = scales.elements
      let result = numbers.enumerated().map { index, number -> Float in
        let own = places(index)
        return Float(number &- (zeros?.numbers[own] ?? 0)) * scale[own]
      }
      return [ONNXTensor(Tensor(result, shape: x.shape), type: inputs[1]!.type)]
    }
  }

  /// Whole numbers of 8 bits less their zero points, of which there is one, or one for each place on an axis.
  static func shifted(
    _ inputs: [ONNXTensor?], _ index: Int, zero: Int, axis: Int?, _ place: NodePlace
  ) throws(ExchangeError) -> Tensor {
    let x = try inputs.required(index, place)
    let numbers = try inputs.whole(index, place)
    guard x.type == .int8 || x.type == .uint8 else {
      throw place.refused("whole numbers of 8 bits as input \(index)", "\(x.type)", .unsupported)
    }
    var result = numbers.map { Float($0) }
    if let zeros = inputs.optional(zero) {
      let points = try inputs.whole(zero, place)
      guard zeros.type == x.type else {
        throw place.refused("zero points of type \(x.type)", "\(zeros.type)", .unsupported)
      }
      if points.count == 1 {
        if points[0] != 0 { for index in result.indices { result[index] -= Float(points[0]) } }
      } else {
        guard let axis, x.shape.rank > 0 else { throw place.refused("one zero point", "\(points.count)") }
        let at = try place.axis(x.shape.rank == 1 ? 0 : axis, rank: x.shape.rank)
        let (size, inner) = (x.shape[at], x.shape.extents[(at + 1)...].reduce(1, *))
        guard points.count == size else { throw place.refused("\(size) zero points", "\(points.count)") }
        for index in result.indices { result[index] -= Float(points[index / inner % size]) }
      }
    }
    return Tensor(result, shape: x.shape)
  }

  /// The terms whose sum is exact in single precision, each the product of two numbers of 9 bits.
  private static let exactTerms = 256

  /// A product of matrices of numbers of 9 bits, exact: `body` gets parts of the elements, to be added up.
  static func exactProduct(
    _ a: Tensor, _ b: Tensor, _ place: NodePlace, _ body: (Int, Int64) -> Void
  ) throws(ExchangeError) {
    let inner = a.shape[1]
    var start = 0
    while start < inner {
      let range = start..<min(inner, start + exactTerms)
      let product = try place.fitting { () throws(ShapeError) in
        let left = range.count == inner ? Variable(a) : Variable(a).columns(range)
        return try left.matmul(Variable(b).rows(range)).value
      }
      product.withUnsafeElements { parts in
        for (index, part) in parts.enumerated() { body(index, Int64(part)) }
      }
      start = range.upperBound
    }
  }

  /// The same of any number of matrices, as whole numbers of 32 bits.
  static func exactProduct(_ a: Tensor, _ b: Tensor, _ place: NodePlace) throws(ExchangeError) -> ONNXTensor {
    let left = a.shape.rank == 1 ? a.reshaped(to: [1, a.shape[0]]) : a
    let right = b.shape.rank == 1 ? b.reshaped(to: [b.shape[0], 1]) : b
    guard left.shape.rank >= 2, right.shape.rank >= 2, left.shape[-1] == right.shape[-2] else {
      throw place.refused("matrices that meet", "\(a.shape) and \(b.shape)")
    }
    let (m, k, n) = (left.shape[-2], left.shape[-1], right.shape[-1])
    let blocks = try Blocks(left.shape, right.shape, place)
    var extents = blocks.shape.extents + [m, n]
    let shape = try place.shape(extents)
    try place.spend(shape.count, k)
    var sums = Array(repeating: Int64(0), count: shape.count)
    let (x, y) = (
      Variable(left.reshaped(to: [left.shape.rows, k])), Variable(right.reshaped(to: [right.shape.rows, n]))
    )
    for (index, (i, j)) in blocks.pairs.enumerated() where m * n > 0 {
      let (p, q) = (x.rows(i * m..<(i + 1) * m).value, y.rows(j * k..<(j + 1) * k).value)
      try exactProduct(p, q, place) { sums[index * m * n + $0] += $1 }
    }
    if a.shape.rank == 1 { extents.remove(at: extents.count - 2) }
    if b.shape.rank == 1 { extents.removeLast() }
    return ONNXTensor(integers: sums.map { wrapped($0, .int32) }, shape: Shape(extents), type: .int32)
  }

  /// Sums of products of `integers` as numbers of the type of the zero point, by the scales of the three.
  ///
  /// - Parameter places: for each element, the place of its right scale.
  private static func requantized(
    _ sums: ONNXTensor, _ a: Tensor, _ b: Tensor, _ y: Tensor, zero: ONNXTensor, _ place: NodePlace,
    _ places: (Int) -> (left: Int, right: Int)
  ) throws(ExchangeError) -> ONNXTensor {
    guard y.shape.count == 1, zero.shape.count == 1, zero.type == .int8 || zero.type == .uint8,
      let point = zero.integers?.first
    else { throw place.refused("one scale and zero point of the result", "\(y.shape) and \(zero.shape)") }
    let bounds = bounds(of: zero.type)
    let (left, right, scale) = (a.elements, b.elements, Double(y.elements[0]))
    let result = (sums.integers ?? []).enumerated().map { index, sum -> Int64 in
      let own = places(index)
      let number = Double(sum) * Double(left[own.left]) * Double(right[own.right]) / scale
      let whole = number.rounded(.toNearestOrEven) + Double(point)
      return Int64(min(Double(bounds.upperBound), max(Double(bounds.lowerBound), whole.isNaN ? 0 : whole)))
    }
    return ONNXTensor(integers: result, shape: sums.shape, type: zero.type)
  }

  /// a, its scale and zero point, b, its, and those of the result.
  private static let quantizedProduct: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 8...8)
    return { inputs, place throws(ExchangeError) in
      let a = try shifted(inputs, 0, zero: 2, axis: -2, place)
      let b = try shifted(inputs, 3, zero: 5, axis: -1, place)
      let (aScale, bScale, yScale) = (
        try inputs.floats(1, place), try inputs.floats(4, place), try inputs.floats(6, place)
      )
      let sums = try exactProduct(a, b, place)
      let (rows, columns) = (a.shape.rank > 1 ? a.shape[-2] : 1, b.shape.rank > 1 ? b.shape[-1] : 1)
      guard [1, rows].contains(aScale.shape.count), [1, columns].contains(bScale.shape.count) else {
        throw place.refused("a scale for each row and column", "\(aScale.shape) and \(bScale.shape)")
      }
      return [
        try requantized(sums, aScale, bScale, yScale, zero: try inputs.required(7, place), place) { index in
          (
            aScale.shape.count == 1 ? 0 : index / columns % rows,
            bScale.shape.count == 1 ? 0 : index % columns
          )
        }
      ]
    }
  }

  private static let quantizedConvolution: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 8...9)
    let settings = try WindowGeometry.Settings(&node)
    let groups = try node.integer("group") ?? 1
    return { inputs, place throws(ExchangeError) in
      let x = try shifted(inputs, 0, zero: 2, axis: nil, place)
      let w = try shifted(inputs, 3, zero: 5, axis: 0, place)
      let sizes = try ConvolutionSizes(x.shape, w.shape, groups: groups, settings, place)
      var sums = try exactConvolution(x, w, sizes, place)
      let (channels, positions) = (w.shape[0], sizes.geometry.positions)
      if inputs.optional(8) != nil {
        let bias = try inputs.whole(8, place)
        guard bias.count == channels else { throw place.refused("\(channels) biases", "\(bias.count)") }
        let added = (sums.integers ?? []).enumerated().map { $1 + bias[$0 / positions % channels] }
        sums = ONNXTensor(integers: added, shape: sums.shape, type: .int32)
      }
      let (xScale, wScale, yScale) = (
        try inputs.floats(1, place), try inputs.floats(4, place), try inputs.floats(6, place)
      )
      guard xScale.shape.count == 1, [1, channels].contains(wScale.shape.count) else {
        throw place.refused("one scale, and one for each channel", "\(xScale.shape) and \(wScale.shape)")
      }
      return [
        try requantized(sums, xScale, wScale, yScale, zero: try inputs.required(7, place), place) { index in
          (0, wScale.shape.count == 1 ? 0 : index / positions % channels)
        }
      ]
    }
  }
}
