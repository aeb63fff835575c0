import UnrollCore

/// One number for each window, channel by channel.
extension Operators {
  static let pooling: [String: Maker] = [
    "MaxPool": maxPool,
    "AveragePool": averagePool,
    "LpPool": lengthPool,
    "GlobalAveragePool": global(.mean),
    "GlobalMaxPool": global(.max),
    "GlobalLpPool": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...1)
      let p = Double(try node.integer("p") ?? 2)
      guard p > 0 else { throw node.refused("p above 0", "\(p)", .damaged) }
      return { inputs, place throws(ExchangeError) in
        let x = try inputs.floats(0, place)
        return [
          try overall(x, inputs[0]!.type, place) { row in
            power(row.reduce(0) { $0 + power(Double(abs($1)), p) }, 1 / p)
          }
        ]
      }
    },
    "MaxUnpool": maxUnpool,
  ]

  private static func geometry(
    _ x: Shape, _ settings: WindowGeometry.Settings, _ place: NodePlace
  ) throws(ExchangeError) -> WindowGeometry {
    guard x.rank >= 3, let sizes = settings.sizes else {
      throw place.refused("at least three axes and a window", "\(x)")
    }
    let geometry = try WindowGeometry(settings, extents: Array(x.extents[2...]), sizes: sizes, place)
    try place.spend(x[0], x[1], geometry.positions, geometry.windowCount)
    return geometry
  }

  /// The greatest of each window, and where it stands: the first of equal ones.
  private static let maxPool: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1, outputs: 1...2)
    var settings = try WindowGeometry.Settings(&node)
    settings.roundsUp = try node.flag("ceil_mode")
    let isColumnMajor = try node.flag("storage_order")
    let wantsPlaces = node.hasOutput(1)
    return { [settings] inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      let geometry = try geometry(x.shape, settings, place)
      let shape = try place.shape(x.shape.extents.prefix(2) + geometry.outputExtents)
      let (positions, length, stride) = (geometry.positions, geometry.elementCount, geometry.strides[2])
      // Whole numbers of 8 bits, the only others that may come, are exact.
      guard x.type.isFloating || x.type.width == 1 else {
        throw place.refused("floating-point numbers or whole ones of 8 bits", "\(x.type)", .unsupported)
      }
      var y = Tensor(repeating: -.infinity, shape: shape)
      var places = wantsPlaces ? Array(repeating: Int64(-1), count: shape.count) : []
      let rows = x.shape[0] * x.shape[1]
      y.withUnsafeMutableElements { y in
        x.tensor.withUnsafeElements { x in
          for row in 0..<rows {
            geometry.forEachRun { _, output, element, count in
              for index in 0..<count {
                let value = x[row * length + element + index * stride]
                let target = row * positions + output + index
                if value > y[target] || value.isNaN {
                  y[target] = value
                  if wantsPlaces { places[target] = Int64(row * length + element + index * stride) }
                }
              }
            }
          }
        }
      }
      let result = converted(ONNXTensor(y, type: x.type.isFloating ? x.type : .float), to: x.type)
      guard wantsPlaces else { return [result] }
      if isColumnMajor { places = places.map { turned($0, geometry) } }
      return [result, ONNXTensor(integers: places, shape: shape)]
    }
  }

  /// A place in an array whose last axes are counted the other way round.
  private static func turned(_ place: Int64, _ geometry: WindowGeometry) -> Int64 {
    guard place >= 0 else { return place }
    let extents = geometry.extents.suffix(geometry.rank)
    let length = geometry.elementCount
    var (rest, result, step) = (Int(place) % length, 0, length)
    for extent in extents.reversed() {
      step /= extent
      result += rest % extent * step
      rest /= extent
    }
    return Int64(Int(place) / length * length + result)
  }

  private static let averagePool: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1)
    var settings = try WindowGeometry.Settings(&node)
    settings.roundsUp = try node.flag("ceil_mode")
    let includesPadding = try node.flag("count_include_pad")
    return { [settings] inputs, place throws(ExchangeError) in
      let x = try inputs.floats(0, place)
      let geometry = try geometry(x.shape, settings, place)
      let counts = includesPadding ? paddedCounts(geometry) : ownCounts(geometry)
      return [
        try summed(x, inputs[0]!.type, geometry, place) {
          Double($0)
        } end: { sum, output in
          sum / counts[output]
        }
      ]
    }
  }

  private static let lengthPool: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1)
    var settings = try WindowGeometry.Settings(&node)
    settings.roundsUp = try node.flag("ceil_mode")
    let p = Double(try node.integer("p") ?? 2)
    guard p > 0 else { throw node.refused("p above 0", "\(p)", .damaged) }
    return { [settings] inputs, place throws(ExchangeError) in
      let x = try inputs.floats(0, place)
      let geometry = try geometry(x.shape, settings, place)
      return [
        try summed(x, inputs[0]!.type, geometry, place) {
          power(Double(abs($0)), p)
        } end: { sum, _ in
          power(sum, 1 / p)
        }
      ]
    }
  }

  /// How many elements of the array each window has.
  private static func ownCounts(_ geometry: WindowGeometry) -> [Double] {
    var counts = Array(repeating: 0.0, count: geometry.positions)
    geometry.forEachRun { _, output, _, count in for index in 0..<count { counts[output + index] += 1 } }
    return counts
  }

  /// How many each window has with the padding, beyond which nothing counts.
  private static func paddedCounts(_ geometry: WindowGeometry) -> [Double] {
    func along(_ axis: Int) -> [Double] {
      (0..<geometry.outputs[axis]).map { output in
        let offsets = (0..<geometry.sizes[axis]).filter { offset in
          let index = output * geometry.strides[axis] + offset * geometry.dilations[axis]
          return index < geometry.before[axis] + geometry.extents[axis] + geometry.after[axis]
        }
        return Double(offsets.count)
      }
    }
    let (a, b, c) = (along(0), along(1), along(2))
    return a.flatMap { x in b.flatMap { y in c.map { x * y * $0 } } }
  }

  /// Sums over windows in double precision.
  private static func summed(
    _ x: Tensor, _ type: ONNXTensor.ElementType, _ geometry: WindowGeometry, _ place: NodePlace,
    _ term: (Float) -> Double, end: (Double, Int) -> Double
  ) throws(ExchangeError) -> ONNXTensor {
    var y = Tensor(uninitialized: try place.shape(x.shape.extents.prefix(2) + geometry.outputExtents))
    let (positions, length, stride) = (geometry.positions, geometry.elementCount, geometry.strides[2])
    y.withUnsafeMutableElements { y in
      x.withUnsafeElements { x in
        for row in 0..<y.count / max(1, positions) {
          var sums = Array(repeating: 0.0, count: positions)
          geometry.forEachRun { _, output, element, count in
            for index in 0..<count {
              sums[output + index] += term(x[row * length + element + index * stride])
            }
          }
          for output in 0..<positions { y[row * positions + output] = Float(end(sums[output], output)) }
        }
      }
    }
    return ONNXTensor(y, type: type)
  }

  /// One number for each channel.
  private static func overall(
    _ x: Tensor, _ type: ONNXTensor.ElementType, _ place: NodePlace,
    _ body: (UnsafeBufferPointer<Float>) -> Double
  ) throws(ExchangeError) -> ONNXTensor {
    guard x.shape.rank >= 2 else { throw place.refused("at least two axes", "\(x.shape)") }
    let length = x.shape.extents[2...].reduce(1, *)
    let shape = Shape(x.shape.extents.prefix(2) + Array(repeating: 1, count: x.shape.rank - 2))
    var y = Tensor(uninitialized: shape)
    y.withUnsafeMutableElements { y in
      x.withUnsafeElements { x in
        for row in y.indices {
          y[row] = Float(body(UnsafeBufferPointer(rebasing: x[row * length..<(row + 1) * length])))
        }
      }
    }
    return ONNXTensor(y, type: type)
  }

  private static func global(_ kind: Reduction) -> Maker {
    { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...1)
      return { inputs, place throws(ExchangeError) in
        let x = try inputs.floats(0, place)
        return [
          try overall(x, inputs[0]!.type, place) { row in
            kind { body in for element in row { body(Double(element)) } }
          }
        ]
      }
    }
  }

  /// The inputs at the places that MaxPool gave, zeros elsewhere.
  private static let maxUnpool: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...3)
    let settings = try WindowGeometry.Settings(&node)
    return { inputs, place throws(ExchangeError) in
      let (x, places) = (try inputs.floats(0, place), try inputs.whole(1, place))
      let rank = x.shape.rank - 2
      let strides = settings.strides ?? Array(repeating: 1, count: max(0, rank))
      let pads = settings.pads ?? Array(repeating: 0, count: 2 * max(0, rank))
      guard rank >= 1, let sizes = settings.sizes, sizes.count == rank, strides.count == rank,
        pads.count == 2 * rank,
        places.count == x.shape.count, (sizes + strides + pads).allSatisfy({ (0...1 << 24).contains($0) })
      else { throw place.refused("a window and places for \(x.shape)", "others") }
      let whole = (0..<rank).map {
        (x.shape[2 + $0] - 1) * strides[$0] + sizes[$0] - pads[$0] - pads[rank + $0]
      }
      let natural = x.shape.extents.prefix(2) + whole
      let shape = try place.shape(try inputs.optionalList(2, place) ?? Array(natural))
      // Places count in the array of natural extents.
      let origin = try place.shape(Array(natural))
      guard shape.rank == origin.rank else {
        throw place.refused("a shape of \(origin.rank) axes", "\(shape)")
      }
      var y = Tensor.zeros(shape)
      let (from, to) = (origin.strides, shape.strides)
      for (index, number) in places.enumerated() {
        guard number >= 0, number < Int64(origin.count) else {
          throw place.refused("places within \(origin)", "\(number)")
        }
        var target = 0
        for axis in 0..<shape.rank {
          let coordinate = Int(number) / from[axis] % origin[axis]
          guard coordinate < shape[axis] else { throw place.refused("places within \(shape)", "\(number)") }
          target += coordinate * to[axis]
        }
        y[target] = x[index]
      }
      return [ONNXTensor(y, type: inputs[0]!.type)]
    }
  }
}
