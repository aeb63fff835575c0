import UnrollCore

/// Numbers brought to a mean of 0 and a deviation of 1, in several ways.
extension Operators {
  static let normalizations: [String: Maker] = [
    "LayerNormalization": layerNormalization,
    "RMSNormalization": rootMeanSquare,
    "BatchNormalization": batchNormalization,
    "InstanceNormalization": instanceNormalization,
    "GroupNormalization": groupNormalization,
    "MeanVarianceNormalization": meanVariance,
    "LpNormalization": lengthNormalization,
    "LRN": localResponse,
    "com.microsoft.SkipLayerNormalization": skipLayerNormalization,
  ]

  /// Mean and 1/√(variance + ε) of some numbers, in double precision.
  private static func moments(
    _ count: Int, epsilon: Double, _ element: (Int) -> Double
  ) -> (mean: Double, inverse: Double) {
    var (sum, squares) = (0.0, 0.0)
    for index in 0..<count { sum += element(index) }
    let mean = sum / Double(count)
    for index in 0..<count {
      let difference = element(index) - mean
      squares += difference * difference
    }
    return (mean, 1 / (squares / Double(count) + epsilon).squareRoot())
  }

  /// y = (x − mean)/√(variance + ε) · scale + bias over all axes from the given one on; the mean and 1/√… too.
  private static let layerNormalization: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...3, outputs: 1...3)
    let axis = try node.integer("axis") ?? -1
    let epsilon = Double(try node.float("epsilon") ?? 1e-5)
    _ = try node.integer("stash_type")
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.floats(0, place)
      let axis = try place.axis(axis, rank: x.shape.rank)
      return try layerNormalized(x, inputs, scale: 1, bias: 2, axis: axis, epsilon: epsilon, place)
    }
  }

  private static func layerNormalized(
    _ x: Tensor, _ inputs: [ONNXTensor?], scale: Int, bias: Int, axis: Int, epsilon: Double,
    _ place: NodePlace
  ) throws(ExchangeError) -> [ONNXTensor] {
    let type = inputs[0]!.type
    let inner = Shape(Array(x.shape.extents[axis...]))
    let gain = try repeated(inputs, scale, to: inner, place)
    let shift = inputs.optional(bias) == nil ? nil : try repeated(inputs, bias, to: inner, place)
    let reduced = Shape(x.shape.extents.enumerated().map { $0 < axis ? $1 : 1 })
    var (y, means, inverses) = (x, Tensor.zeros(reduced), Tensor.zeros(reduced))
    let size = inner.count
    y.withUnsafeMutableElements { y in
      for row in 0..<reduced.count where size > 0 {
        let (mean, inverse) = moments(size, epsilon: epsilon) { Double(y[row * size + $0]) }
        (means[row], inverses[row]) = (Float(mean), Float(inverse))
        for index in 0..<size {
          let value = (Double(y[row * size + index]) - mean) * inverse * Double(gain[index])
          y[row * size + index] = Float(value + Double(shift?[index] ?? 0))
        }
      }
    }
    return [ONNXTensor(y, type: type), ONNXTensor(means), ONNXTensor(inverses)]
  }

  /// An input repeated up to a shape.
  private static func repeated(
    _ inputs: [ONNXTensor?], _ index: Int, to shape: Shape, _ place: NodePlace
  ) throws(ExchangeError) -> [Float] {
    let value = ONNXTensor(try inputs.floats(index, place))
    guard try Broadcast.shape(shape, value.shape, place) == shape else {
      throw place.refused("input \(index) that is repeated up to \(shape)", "\(value.shape)")
    }
    return Broadcast.expand(value, to: shape).tensor.elements
  }

  /// LayerNormalization of x + skip (+ bias).
  private static let skipLayerNormalization: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 3...5, outputs: 1...4)
    let epsilon = Double(try node.float("epsilon") ?? 1e-12)
    return { inputs, place throws(ExchangeError) in
      let (x, skip) = (try inputs.floats(0, place), try inputs.floats(1, place))
      guard x.shape.rank > 0, skip.shape == x.shape else {
        throw place.refused("two inputs of one shape", "\(x.shape) and \(skip.shape)")
      }
      var sum = (Variable(x) + Variable(skip)).value
      if inputs.optional(4) != nil {
        let bias = try repeated(inputs, 4, to: x.shape, place)
        sum = (Variable(sum) + Variable(Tensor(bias, shape: x.shape))).value
      }
      let parts = try layerNormalized(
        sum, inputs, scale: 2, bias: 3, axis: x.shape.rank - 1, epsilon: epsilon, place)
      return parts + [ONNXTensor(sum, type: inputs[0]!.type)]
    }
  }

  /// y = x/√(mean x² + ε) · scale over all axes from the given one on.
  private static let rootMeanSquare: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...2)
    let axis = try node.integer("axis") ?? -1
    let epsilon = Double(try node.float("epsilon") ?? 1e-5)
    _ = try node.integer("stash_type")
    return { inputs, place throws(ExchangeError) in
      var y = try inputs.floats(0, place)
      let axis = try place.axis(axis, rank: y.shape.rank)
      let inner = Shape(Array(y.shape.extents[axis...]))
      let (gain, size) = (try repeated(inputs, 1, to: inner, place), inner.count)
      y.withUnsafeMutableElements { y in
        for row in 0..<y.count / max(1, size) {
          var squares = 0.0
          for index in 0..<size { squares += Double(y[row * size + index]) * Double(y[row * size + index]) }
          let inverse = 1 / (squares / Double(size) + epsilon).squareRoot()
          for index in 0..<size {
            y[row * size + index] = Float(Double(y[row * size + index]) * inverse * Double(gain[index]))
          }
        }
      }
      return [ONNXTensor(y, type: inputs[0]!.type)]
    }
  }

  /// One number for each channel.
  private static func channels(
    _ inputs: [ONNXTensor?], _ index: Int, _ count: Int, _ place: NodePlace
  ) throws(ExchangeError) -> [Float] {
    let values = try inputs.floats(index, place).elements
    guard values.count == count else {
      throw place.refused("\(count) numbers as input \(index)", "\(values.count)")
    }
    return values
  }

  /// y = (x − mean)/√(variance + ε) · scale + bias for each channel, by the moments given, or in training mode by
  /// those of the batch, with which the given ones are blended.
  private static let batchNormalization: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 5...5, outputs: 1...5)
    let epsilon = Double(try node.float("epsilon") ?? 1e-5)
    let momentum = Double(try node.float("momentum") ?? 0.9)
    let trains = try node.flag("training_mode")
    if node.version < 9, try node.integer("spatial") ?? 1 != 1 {
      throw node.refused("moments of channels", "those of each element")
    }
    guard trains || (1..<5).allSatisfy({ !node.hasOutput($0) }) else {
      throw node.refused("moments as outputs in training mode alone", "others")
    }
    return { inputs, place throws(ExchangeError) in
      var y = try inputs.floats(0, place)
      guard y.shape.rank >= 2 else { throw place.refused("at least two axes", "\(y.shape)") }
      let (batch, count) = (y.shape[0], y.shape[1])
      let length = y.shape.extents[2...].reduce(1, *)
      let (gain, shift) = (try channels(inputs, 1, count, place), try channels(inputs, 2, count, place))
      var (mean, variance) = (try channels(inputs, 3, count, place), try channels(inputs, 4, count, place))
      var (means, variances) = (mean, variance)
      y.withUnsafeMutableElements { y in
        for channel in 0..<count {
          func at(_ index: Int) -> Int { (index / length * count + channel) * length + index % length }
          if trains {
            let (own, inverse) = moments(batch * length, epsilon: 0) { Double(y[at($0)]) }
            let spread = 1 / (inverse * inverse)
            (mean[channel], variance[channel]) = (Float(own), Float(spread))
            means[channel] = Float(Double(means[channel]) * momentum + own * (1 - momentum))
            variances[channel] = Float(Double(variances[channel]) * momentum + spread * (1 - momentum))
          }
          let factor = Double(gain[channel]) / (Double(variance[channel]) + epsilon).squareRoot()
          for index in 0..<batch * length {
            y[at(index)] = Float(
              (Double(y[at(index)]) - Double(mean[channel])) * factor + Double(shift[channel]))
          }
        }
      }
      let result = ONNXTensor(y, type: inputs[0]!.type)
      return trains ? [result, ONNXTensor(Tensor(means)), ONNXTensor(Tensor(variances))] : [result]
    }
  }

  /// Each of `groups` groups of channels of each example by its own moments.
  private static func grouped(
    _ x: Tensor, groups: Int, epsilon: Double, _ place: NodePlace,
    _ end: (_ channel: Int) -> (gain: Float, bias: Float)
  ) throws(ExchangeError) -> Tensor {
    guard x.shape.rank >= 2, groups > 0, x.shape[1] % groups == 0 else {
      throw place.refused("channels of \(groups) groups", "\(x.shape)")
    }
    let count = x.shape[1]
    let length = x.shape.extents[2...].reduce(1, *)
    let size = count / groups * length
    var y = x
    y.withUnsafeMutableElements { y in
      for row in 0..<x.shape[0] * groups where size > 0 {
        let (mean, inverse) = moments(size, epsilon: epsilon) { Double(y[row * size + $0]) }
        for index in 0..<size {
          let (gain, bias) = end((row * size + index) / length % count)
          let value = (Double(y[row * size + index]) - mean) * inverse
          y[row * size + index] = Float(value * Double(gain) + Double(bias))
        }
      }
    }
    return y
  }

  private static let instanceNormalization: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 3...3)
    let epsilon = Double(try node.float("epsilon") ?? 1e-5)
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.floats(0, place)
      let count = x.shape.rank > 1 ? x.shape[1] : 0
      let (gain, bias) = (try channels(inputs, 1, count, place), try channels(inputs, 2, count, place))
      let y = try grouped(x, groups: count, epsilon: epsilon, place) { (gain[$0], bias[$0]) }
      return [ONNXTensor(y, type: inputs[0]!.type)]
    }
  }

  /// Before version 21 scale and bias are of groups, since then of channels.
  private static let groupNormalization: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 3...3)
    let epsilon = Double(try node.float("epsilon") ?? 1e-5)
    let groups = try node.integer("num_groups") ?? 0
    _ = try node.integer("stash_type")
    let isOld = node.version < 21
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.floats(0, place)
      guard x.shape.rank >= 2, groups > 0, x.shape[1] % groups == 0 else {
        throw place.refused("channels of \(groups) groups", "\(x.shape)")
      }
      let count = isOld ? groups : x.shape[1]
      let width = isOld ? x.shape[1] / groups : 1
      let (gain, bias) = (try channels(inputs, 1, count, place), try channels(inputs, 2, count, place))
      let y = try grouped(x, groups: groups, epsilon: epsilon, place) { (gain[$0 / width], bias[$0 / width]) }
      return [ONNXTensor(y, type: inputs[0]!.type)]
    }
  }

  /// y = (x − mean)/deviation over the given axes.
  private static let meanVariance: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1)
    let axes = try node.integers("axes") ?? [0, 2, 3]
    return { inputs, place throws(ExchangeError) in
      var y = try inputs.floats(0, place)
      var gone = Set<Int>()
      for axis in axes { gone.insert(try place.axis(axis, rank: y.shape.rank)) }
      let shape = y.shape
      let strides = shape.strides
      let kept = shape.extents.indices.filter { !gone.contains($0) }
      let sorted = gone.sorted()
      let inner = Shape(sorted.map { shape[$0] })
      let offsets = inner.places(strides: sorted.map { strides[$0] })
      let starts = Shape(kept.map { shape[$0] }).places(strides: kept.map { strides[$0] })
      y.withUnsafeMutableElements { y in
        for start in starts where !offsets.isEmpty {
          // The deviation is bounded below as in the standard's own definition.
          let (mean, inverse) = moments(offsets.count, epsilon: 0) { Double(y[start + offsets[$0]]) }
          for offset in offsets {
            y[start + offset] = Float((Double(y[start + offset]) - mean) / (1 / inverse + 1e-9))
          }
        }
      }
      return [ONNXTensor(y, type: inputs[0]!.type)]
    }
  }

  /// y = x/(Σ|x|^p)^(1/p) along an axis.
  private static let lengthNormalization: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1)
    let (axis, p) = (try node.integer("axis") ?? -1, try node.integer("p") ?? 2)
    guard p == 1 || p == 2 else { throw node.refused("p of 1 or 2", "\(p)", .damaged) }
    return { inputs, place throws(ExchangeError) in
      var y = try inputs.floats(0, place)
      let axis = try place.axis(axis, rank: y.shape.rank)
      let (size, inner) = (y.shape[axis], y.shape.extents[(axis + 1)...].reduce(1, *))
      y.withUnsafeMutableElements { y in
        for line in 0..<y.count / max(1, size) {
          let first = line / inner * size * inner + line % inner
          let places = (0..<size).map { first + $0 * inner }
          let sum = places.reduce(0.0) { $0 + (p == 1 ? Double(abs(y[$1])) : Double(y[$1]) * Double(y[$1])) }
          let length = p == 1 ? sum : sum.squareRoot()
          // Zeros stay zeros.
          for place in places { y[place] = length == 0 ? 0 : Float(Double(y[place]) / length) }
        }
      }
      return [ONNXTensor(y, type: inputs[0]!.type)]
    }
  }

  /// y = x/(bias + α/size · Σ x² over the neighbouring channels)^β.
  private static let localResponse: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1)
    let alpha = Double(try node.float("alpha") ?? 0.0001)
    let beta = Double(try node.float("beta") ?? 0.75)
    let bias = Double(try node.float("bias") ?? 1)
    let size = try node.integer("size") ?? 0
    guard (1...1 << 24).contains(size) else { throw node.refused("a size above 0", "\(size)", .damaged) }
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.floats(0, place)
      guard x.shape.rank >= 2 else { throw place.refused("at least two axes", "\(x.shape)") }
      let (count, length) = (x.shape[1], x.shape.extents[2...].reduce(1, *))
      var y = x
      x.withUnsafeElements { x in
        y.withUnsafeMutableElements { y in
          for index in y.indices {
            let (channel, column) = (index / length % count, index % length)
            let start = index / length / count * count
            var squares = 0.0
            for other in max(0, channel - (size - 1) / 2)...min(count - 1, channel + size / 2) {
              let value = Double(x[(start + other) * length + column])
              squares += value * value
            }
            y[index] = Float(Double(x[index]) / power(bias + alpha / Double(size) * squares, beta))
          }
        }
      }
      return [ONNXTensor(y, type: inputs[0]!.type)]
    }
  }
}
