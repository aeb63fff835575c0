import UnrollCore

/// Sums over windows with weights.
extension Operators {
  static let convolutions: [String: Maker] = [
    "Conv": convolution,
    "ConvTranspose": transposedConvolution,
    "ConvInteger": integerConvolution,
    "Col2Im": columnsToImage,
    "com.microsoft.FusedConv": fusedConvolution,
  ]

  /// The sizes that an input, weights and groups of a convolution agree on.
  struct ConvolutionSizes {
    let batch: Int
    let groups: Int
    /// Of one group.
    let (inputs, outputs): (Int, Int)
    let geometry: WindowGeometry

    /// X `[N, C, …]`, W `[M, C/groups, window…]`.
    init(
      _ x: Shape, _ w: Shape, groups: Int, _ settings: WindowGeometry.Settings, _ place: NodePlace
    ) throws(ExchangeError) {
      guard x.rank >= 3, w.rank == x.rank, groups > 0, w[0] % groups == 0, x[1] == w[1] * groups else {
        throw place.refused("an input and weights that meet in \(groups) groups", "\(x) and \(w)")
      }
      batch = x[0]
      self.groups = groups
      (inputs, outputs) = (w[1], w[0] / groups)
      geometry = try WindowGeometry(
        settings, extents: Array(x.extents[2...]), sizes: Array(w.extents[2...]), place)
    }
  }

  private static let convolution: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...3)
    let settings = try WindowGeometry.Settings(&node)
    let groups = try node.integer("group") ?? 1
    return { inputs, place throws(ExchangeError) in
      [try convolved(inputs, groups: groups, settings, place)]
    }
  }

  /// A convolution with a function behind it, as ONNX Runtime writes them.
  private static let fusedConvolution: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...3)
    let settings = try WindowGeometry.Settings(&node)
    let groups = try node.integer("group") ?? 1
    let name = try node.string("activation") ?? ""
    let parameters = try node.floats("activation_params") ?? []
    guard let kind = ONNXActivation.Kind(rawValue: name) else {
      throw node.refused("an activation that is known", "\"\(name)\"")
    }
    let function = ONNXActivation(kind, alpha: parameters.first, beta: parameters.dropFirst().first)
    return { inputs, place throws(ExchangeError) in
      let y = try convolved(inputs, groups: groups, settings, place)
      return [ONNXTensor(function(Variable(y.tensor)).value, type: y.type)]
    }
  }

  private static func convolved(
    _ inputs: [ONNXTensor?], groups: Int, _ settings: WindowGeometry.Settings, _ place: NodePlace
  ) throws(ExchangeError) -> ONNXTensor {
    let (x, w) = (try inputs.floats(0, place), try inputs.floats(1, place))
    let sizes = try ConvolutionSizes(x.shape, w.shape, groups: groups, settings, place)
    var bias: [Float]?
    if inputs.optional(2) != nil {
      bias = try inputs.floats(2, place).elements
      guard bias?.count == w.shape[0] else {
        throw place.refused("\(w.shape[0]) biases", "\(bias?.count ?? 0)")
      }
    }
    return ONNXTensor(try convolved(x, w, bias, sizes, place), type: inputs[0]!.type)
  }

  /// Y[n, m, o] = b[m] + Σ over channels c and offsets k of W[m, c, k] · X[n, c, o·stride + k·dilation − before].
  ///
  /// Windows become columns, so that the sums are products of matrices; those of one channel are summed directly.
  static func convolved(
    _ x: Tensor, _ w: Tensor, _ bias: [Float]?, _ sizes: ConvolutionSizes, _ place: NodePlace
  ) throws(ExchangeError) -> Tensor {
    let geometry = sizes.geometry
    let (positions, window) = (geometry.positions, geometry.windowCount)
    let channels = sizes.groups * sizes.outputs
    let shape = try place.shape([sizes.batch, channels] + geometry.outputExtents)
    try place.spend(shape.count, sizes.inputs, window)
    var y = Tensor.zeros(shape)
    guard shape.count > 0 else { return y }
    let inner = sizes.inputs * window
    let length = geometry.elementCount
    for image in 0..<sizes.batch {
      for group in 0..<sizes.groups {
        let first = (image * sizes.groups + group) * sizes.inputs * length
        let target = (image * channels + group * sizes.outputs) * positions
        if sizes.inputs == 1 {
          sumDirectly(x, w, &y, sizes, group: group, first: first, target: target)
          continue
        }
        let weights = Variable(w).reshaped(to: [channels, inner])
          .rows(group * sizes.outputs..<(group + 1) * sizes.outputs)
        for rows in parts(geometry, inner: inner) {
          let columns = try columns(x, first: first, rows, sizes, place)
          let product = try place.fitting { () throws(ShapeError) in
            try weights.matmul(Variable(columns)).value
          }
          let (start, width) = (target + rows.lowerBound * geometry.outputs[2], columns.shape[1])
          y.withUnsafeMutableElements { to in
            product.withUnsafeElements { from in
              guard let to = to.baseAddress, let from = from.baseAddress else { return }
              for row in 0..<sizes.outputs {
                (to + start + row * positions).update(from: from + row * width, count: width)
              }
            }
          }
        }
      }
    }
    if let bias {
      y.withUnsafeMutableElements { elements in
        for row in 0..<sizes.batch * channels {
          let value = bias[row % channels]
          for index in row * positions..<(row + 1) * positions { elements[index] += value }
        }
      }
    }
    return y
  }

  /// The most elements of the columns that are held at once.
  private static let columnElements = 1 << 20

  /// Rows of outputs whose columns are held together.
  private static func parts(_ geometry: WindowGeometry, inner: Int) -> [Range<Int>] {
    let step = max(1, columnElements / max(1, inner * geometry.outputs[2]))
    return stride(from: 0, to: geometry.rowCount, by: step).map { $0..<min(geometry.rowCount, $0 + step) }
  }

  /// For some rows of outputs of one image and group: a row for each channel and offset of the window, and a column for
  /// each output.
  private static func columns(
    _ x: Tensor, first: Int, _ rows: Range<Int>, _ sizes: ConvolutionSizes, _ place: NodePlace
  ) throws(ExchangeError) -> Tensor {
    let geometry = sizes.geometry
    let (window, length) = (geometry.windowCount, geometry.elementCount)
    let positions = rows.count * geometry.outputs[2]
    let start = rows.lowerBound * geometry.outputs[2]
    let stride = geometry.strides[2]
    var columns = Tensor.zeros(try place.shape([sizes.inputs * window, positions]))
    columns.withUnsafeMutableElements { to in
      x.withUnsafeElements { from in
        guard let to = to.baseAddress, let from = from.baseAddress else { return }
        for channel in 0..<sizes.inputs {
          let source = from + first + channel * length
          geometry.forEachRun(rows: rows) { offset, output, element, count in
            let target = to + (channel * window + offset) * positions + output - start
            if stride == 1 {
              target.update(from: source + element, count: count)
            } else {
              for index in 0..<count { target[index] = source[element + index * stride] }
            }
          }
        }
      }
    }
    return columns
  }

  private static func sumDirectly(
    _ x: Tensor, _ w: Tensor, _ y: inout Tensor, _ sizes: ConvolutionSizes, group: Int, first: Int,
    target: Int
  ) {
    let geometry = sizes.geometry
    let (positions, window, stride) = (geometry.positions, geometry.windowCount, geometry.strides[2])
    y.withUnsafeMutableElements { y in
      x.withUnsafeElements { x in
        w.withUnsafeElements { w in
          for channel in 0..<sizes.outputs {
            let row = target + channel * positions
            geometry.forEachRun { offset, output, element, count in
              let weight = w[(group * sizes.outputs + channel) * window + offset]
              for index in 0..<count {
                y[row + output + index] += weight * x[first + element + index * stride]
              }
            }
          }
        }
      }
    }
  }

  /// The transposed convolution: each input element adds a window of weights to the output.
  ///
  ///     output extent = stride·(extent − 1) + dilation·(size − 1) + 1 + output_padding − before − after
  private static let transposedConvolution: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...3)
    let settings = try WindowGeometry.Settings(&node)
    let groups = try node.integer("group") ?? 1
    let (padding, wanted) = (try node.integers("output_padding"), try node.integers("output_shape"))
    return { inputs, place throws(ExchangeError) in
      let (x, w) = (try inputs.floats(0, place), try inputs.floats(1, place))
      let rank = x.shape.rank - 2
      guard rank >= 1, w.shape.rank == x.shape.rank, groups > 0, x.shape[1] == w.shape[0],
        w.shape[0] % groups == 0
      else { throw place.refused("an input and weights that meet", "\(x.shape) and \(w.shape)") }
      let window = Array(w.shape.extents[2...])
      let extents = try transposedExtents(
        settings, Array(x.shape.extents[2...]), window, padding, wanted, place)
      // The convolution of which this is the transpose reads the output.
      var forward = settings
      (forward.pads, forward.automatic) = (extents.pads, "NOTSET")
      let geometry = try WindowGeometry(forward, extents: extents.output, sizes: window, place)
      guard zip(geometry.outputExtents, x.shape.extents[2...]).allSatisfy({ $0 >= $1 }) else {
        throw place.refused("an output shape that the input reaches", "\(extents.output)")
      }
      return [
        ONNXTensor(
          try transposed(x, w, inputs, groups: groups, geometry, extents.output, place), type: inputs[0]!.type
        )
      ]
    }
  }

  private static func transposedExtents(
    _ settings: WindowGeometry.Settings, _ extents: [Int], _ window: [Int], _ padding: [Int]?,
    _ wanted: [Int]?,
    _ place: NodePlace
  ) throws(ExchangeError) -> (output: [Int], pads: [Int]) {
    let rank = extents.count
    let ones = Array(repeating: 1, count: rank)
    let (strides, dilations) = (settings.strides ?? ones, settings.dilations ?? ones)
    let more = padding ?? Array(repeating: 0, count: rank)
    var pads = settings.pads ?? Array(repeating: 0, count: 2 * rank)
    let bound = 1 << 24
    guard strides.count == rank, dilations.count == rank, more.count == rank, pads.count == 2 * rank,
      wanted?.count ?? rank == rank || wanted?.count == rank + 2,
      (strides + dilations).allSatisfy({ (1...bound).contains($0) }),
      (more + pads + window + extents).allSatisfy({ (0...bound).contains($0) }),
      (wanted ?? []).allSatisfy({ (0...bound).contains($0) })
    else { throw place.refused("settings of \(rank) axes", "others", .damaged) }
    var output: [Int] = []
    for axis in 0..<rank {
      let whole = strides[axis] * (extents[axis] - 1) + dilations[axis] * (window[axis] - 1) + 1 + more[axis]
      let isSame = settings.automatic.hasPrefix("SAME")
      if wanted != nil || isSame {
        let size = wanted.map { $0[$0.count - rank + axis] } ?? extents[axis] * strides[axis]
        let total = max(0, whole - size)
        let before = settings.automatic == "SAME_UPPER" ? total / 2 : total - total / 2
        (pads[axis], pads[rank + axis]) = (before, total - before)
        output.append(size)
      } else {
        if settings.automatic == "VALID" { (pads[axis], pads[rank + axis]) = (0, 0) }
        output.append(whole - pads[axis] - pads[rank + axis])
      }
    }
    guard output.allSatisfy({ $0 > 0 }) else { throw place.refused("an output with elements", "\(output)") }
    return (output, pads)
  }

  private static func transposed(
    _ x: Tensor, _ w: Tensor, _ inputs: [ONNXTensor?], groups: Int, _ geometry: WindowGeometry,
    _ extents: [Int],
    _ place: NodePlace
  ) throws(ExchangeError) -> Tensor {
    let (batch, channels) = (x.shape[0], x.shape[1] / groups)
    let outputs = w.shape[1]
    let (window, length) = (geometry.windowCount, geometry.elementCount)
    let given = WindowExtents(Array(x.shape.extents[2...]))
    let shape = try place.shape([batch, groups * outputs] + extents)
    try place.spend(x.shape.count, outputs, window)
    var y = Tensor.zeros(shape)
    if inputs.optional(2) != nil {
      let bias = try inputs.floats(2, place).elements
      guard bias.count == groups * outputs else {
        throw place.refused("\(groups * outputs) biases", "\(bias.count)")
      }
      y.withUnsafeMutableElements { elements in
        for index in elements.indices { elements[index] = bias[index / length % bias.count] }
      }
    }
    let stride = geometry.strides[2]
    for image in 0..<batch {
      for group in 0..<groups {
        // Wᵀ `[M·window, C]` times X `[C, elements]`: what each element adds at each offset.
        let weights = Variable(w).reshaped(to: [w.shape[0], outputs * window])
          .rows(group * channels..<(group + 1) * channels)
        let turned = permuted(ONNXTensor(weights.value), [1, 0]).tensor
        let rows = Variable(x).reshaped(to: [batch * groups * channels, given.count])
          .rows((image * groups + group) * channels..<(image * groups + group + 1) * channels)
        let parts = try place.fitting { () throws(ShapeError) in
          try Variable(turned).matmul(rows).value
        }
        y.withUnsafeMutableElements { y in
          parts.withUnsafeElements { parts in
            for output in 0..<outputs {
              let target = ((image * groups + group) * outputs + output) * length
              geometry.forEachRun { offset, position, element, count in
                // Positions count in the geometry's outputs, of which the input may have fewer.
                let source = (output * window + offset) * given.count
                for index in 0..<count {
                  guard let own = given.place(position + index, in: geometry.outputs) else { continue }
                  y[target + element + index * stride] += parts[source + own]
                }
              }
            }
          }
        }
      }
    }
    return y
  }

  /// Whole numbers, less their zero points.
  private static let integerConvolution: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...4)
    let settings = try WindowGeometry.Settings(&node)
    let groups = try node.integer("group") ?? 1
    return { inputs, place throws(ExchangeError) in
      let x = try shifted(inputs, 0, zero: 2, axis: nil, place)
      let w = try shifted(inputs, 1, zero: 3, axis: 0, place)
      let sizes = try ConvolutionSizes(x.shape, w.shape, groups: groups, settings, place)
      return [try exactConvolution(x, w, sizes, place)]
    }
  }

  /// A convolution of numbers of 9 bits, whose sums of no more than 2⁸ terms are exact in single precision: longer ones
  /// are taken in parts.
  static func exactConvolution(
    _ x: Tensor, _ w: Tensor, _ sizes: ConvolutionSizes, _ place: NodePlace
  ) throws(ExchangeError) -> ONNXTensor {
    let geometry = sizes.geometry
    let (positions, window) = (geometry.positions, geometry.windowCount)
    let channels = sizes.groups * sizes.outputs
    let shape = try place.shape([sizes.batch, channels] + geometry.outputExtents)
    try place.spend(shape.count, sizes.inputs, window)
    var sums = Array(repeating: Int64(0), count: shape.count)
    guard shape.count > 0 else { return ONNXTensor(integers: sums, shape: shape, type: .int32) }
    for image in 0..<sizes.batch {
      for group in 0..<sizes.groups {
        let first = (image * sizes.groups + group) * sizes.inputs * geometry.elementCount
        let weights = Variable(w).reshaped(to: [channels, sizes.inputs * window])
          .rows(group * sizes.outputs..<(group + 1) * sizes.outputs)
        let target = (image * channels + group * sizes.outputs) * positions
        for rows in parts(geometry, inner: sizes.inputs * window) {
          let columns = try columns(x, first: first, rows, sizes, place)
          let (start, width) = (target + rows.lowerBound * geometry.outputs[2], columns.shape[1])
          try exactProduct(weights.value, columns, place) {
            sums[start + $0 / width * positions + $0 % width] += $1
          }
        }
      }
    }
    return ONNXTensor(integers: sums.map { wrapped($0, .int32) }, shape: shape, type: .int32)
  }

  /// Columns of windows added up to pictures: `[N, C·window, L]` to `[N, C, …]`.
  private static let columnsToImage: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 3...3)
    let settings = try WindowGeometry.Settings(&node)
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.floats(0, place)
      let (extents, window) = (try inputs.list(1, place), try inputs.list(2, place))
      guard (extents + window).allSatisfy({ (1...1 << 24).contains($0) }) else {
        throw place.refused("extents above 0", "\(extents.prefix(9)) and \(window.prefix(9))")
      }
      let geometry = try WindowGeometry(settings, extents: extents, sizes: window, place)
      let (count, positions) = (geometry.windowCount, geometry.positions)
      guard x.shape.rank == 3, x.shape[1] % count == 0, x.shape[2] == positions else {
        throw place.refused("columns of \(count) and \(positions) of them", "\(x.shape)")
      }
      let channels = x.shape[1] / count
      var y = Tensor.zeros(try place.shape([x.shape[0], channels] + extents))
      let (length, stride) = (geometry.elementCount, geometry.strides[2])
      y.withUnsafeMutableElements { y in
        x.withUnsafeElements { x in
          for row in 0..<x.count / max(1, count * positions) {
            geometry.forEachRun { offset, output, element, run in
              for index in 0..<run {
                y[row * length + element + index * stride] +=
                  x[(row * count + offset) * positions + output + index]
              }
            }
          }
        }
      }
      return [ONNXTensor(y, type: inputs[0]!.type)]
    }
  }
}

/// Three extents of which those in front may be missing.
private struct WindowExtents {
  let extents: [Int]
  var count: Int { extents.reduce(1, *) }

  init(_ given: [Int]) { extents = Array(repeating: 1, count: WindowGeometry.axes - given.count) + given }

  /// Where the element stands here that is the `index`-th of an array of extents `other`; `nil`: beyond these.
  func place(_ index: Int, in other: [Int]) -> Int? {
    let (k, j, i) = (index % other[2], index / other[2] % other[1], index / other[2] / other[1])
    guard i < extents[0], j < extents[1], k < extents[2] else { return nil }
    return (i * extents[1] + j) * extents[2] + k
  }
}
