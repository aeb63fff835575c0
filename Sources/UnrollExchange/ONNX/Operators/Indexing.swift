import UnrollCore

/// Operators that take parts of arrays and put arrays together.
extension Operators {
  static let indexing: [String: Maker] = [
    "Gather": gather,
    "Concat": concat,
    "Split": split,
    "Slice": slice,
    "ReverseSequence": reverseSequence,
    "Tile": tile,
    "Trilu": triangle,
    "Pad": pad,
    "CenterCropPad": centerCropPad,
    "Compress": compress,
  ]

  private static let gather: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...2)
    let axis = try node.integer("axis") ?? 0
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      let indices = try inputs.required(1, place)
      guard let wanted = indices.integers else {
        throw place.refused("whole numbers as indices", "\(indices.type)")
      }
      let axis = try place.axis(axis, rank: x.shape.rank)
      let extents = x.shape.extents
      let size = extents[axis]
      var rows: [Int] = []
      rows.reserveCapacity(wanted.count)
      for index in wanted {
        guard index >= -Int64(size), index < Int64(size) else {
          throw place.refused("indices of \(size) elements", "\(index)")
        }
        rows.append(Int(index) + (index < 0 ? size : 0))
      }
      let shape = try place.shape(
        Array(extents[..<axis]) + indices.shape.extents + Array(extents[(axis + 1)...]))
      let outer = extents[..<axis].reduce(1, *)
      let inner = extents[(axis + 1)...].reduce(1, *)
      return [pick(x, rows, outer: outer, size: size, inner: inner, shape)]
    }
  }

  /// For x `[outer, size, inner]`, the given places along its middle.
  static func pick(
    _ x: ONNXTensor, _ rows: [Int], outer: Int, size: Int, inner: Int, _ shape: Shape
  ) -> ONNXTensor {
    switch x.content {
    case .floats(let tensor):
      var result = Tensor(uninitialized: shape)
      result.withUnsafeMutableElements { to in
        tensor.withUnsafeElements { from in
          guard let target = to.baseAddress, let source = from.baseAddress, inner > 0 else { return }
          for block in 0..<outer {
            for (index, row) in rows.enumerated() {
              (target + (block * rows.count + index) * inner)
                .update(from: source + (block * size + row) * inner, count: inner)
            }
          }
        }
      }
      return ONNXTensor(result, type: x.type)
    case .integers(let integers):
      var result: [Int64] = []
      result.reserveCapacity(shape.count)
      for block in 0..<outer {
        for row in rows {
          let start = (block * size + row) * inner
          result += integers[start..<start + inner]
        }
      }
      return ONNXTensor(integers: result, shape: shape, type: x.type)
    }
  }

  /// A stretch of one axis.
  package static func part(_ x: ONNXTensor, axis: Int, _ range: Range<Int>) -> ONNXTensor {
    let extents = x.shape.extents
    if range == 0..<extents[axis] { return x }
    var result = extents
    result[axis] = range.count
    return pick(
      x, Array(range), outer: extents[..<axis].reduce(1, *), size: extents[axis],
      inner: extents[(axis + 1)...].reduce(1, *), Shape(result))
  }

  private static let concat: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1024)
    guard let axis = try node.integer("axis") else {
      throw node.refused("the attribute axis", "none", .damaged)
    }
    return { inputs, place throws(ExchangeError) in
      var parts: [ONNXTensor] = []
      for index in inputs.indices { parts.append(try inputs.required(index, place)) }
      return [try concatenated(parts, axis: try place.axis(axis, rank: parts[0].shape.rank), place)]
    }
  }

  static func concatenated(
    _ parts: [ONNXTensor], axis: Int, _ place: NodePlace
  ) throws(ExchangeError) -> ONNXTensor {
    let first = parts[0]
    var length = 0
    for part in parts {
      var extents = part.shape.extents
      guard part.type == first.type, extents.count == first.shape.rank else {
        throw place.refused(
          "\(first.type) of \(first.shape.rank) axes", "\(part.type) of shape \(part.shape)")
      }
      length += extents[axis]
      extents[axis] = first.shape[axis]
      guard extents == first.shape.extents else {
        throw place.refused("shape \(first.shape) but for axis \(axis)", "\(part.shape)")
      }
    }
    var extents = first.shape.extents
    extents[axis] = length
    let shape = try place.shape(extents)
    let outer = extents[..<axis].reduce(1, *)
    if outer == 1 { return .joined(parts, shape: shape) }
    let inner = extents[(axis + 1)...].reduce(1, *)
    // All parts in one row of memory, then the stretches in their order.
    let line = ONNXTensor.joined(parts, shape: [shape.count])
    var places: [Int] = []
    places.reserveCapacity(shape.count)
    for block in 0..<outer {
      var start = 0
      for part in parts {
        let width = part.shape[axis] * inner
        places += start + block * width..<start + (block + 1) * width
        start += part.shape.count
      }
    }
    return line.gathering(places, shape: shape)
  }

  private static let split: Maker = { node, _ throws(ExchangeError) in
    let isOld = node.version < 13
    try node.takes(inputs: 1...(isOld ? 1 : 2), outputs: 1...1024)
    let axis = try node.integer("axis") ?? 0
    let fixed = isOld ? try node.integers("split") : nil
    let count = node.outputs.count
    if let wanted = try node.integer("num_outputs"), wanted != count {
      throw node.refused("\(wanted) outputs", "\(count)", .damaged)
    }
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      let axis = try place.axis(axis, rank: x.shape.rank)
      let size = x.shape[axis]
      var sizes = try isOld ? fixed : inputs.optionalList(1, place)
      if sizes == nil {
        let whole = (size + count - 1) / count
        sizes = (0..<count).map { min(whole, max(0, size - $0 * whole)) }
      }
      let parts = sizes ?? []
      guard parts.count == count, parts.allSatisfy({ (0...size).contains($0) }), parts.reduce(0, +) == size
      else {
        throw place.refused("\(count) parts of \(size)", "\(parts.prefix(9))")
      }
      var start = 0
      return parts.map { length in
        defer { start += length }
        return part(x, axis: axis, start..<start + length)
      }
    }
  }

  private static let slice: Maker = { node, _ throws(ExchangeError) in
    let isOld = node.version < 10
    try node.takes(inputs: isOld ? 1...1 : 3...5)
    let fixed =
      isOld
      ? (
        starts: try node.integers("starts") ?? [], ends: try node.integers("ends") ?? [],
        axes: try node.integers("axes")
      ) : nil
    return { inputs, place throws(ExchangeError) in
      var x = try inputs.required(0, place)
      let starts = if let fixed { fixed.starts } else { try inputs.list(1, place) }
      let ends = if let fixed { fixed.ends } else { try inputs.list(2, place) }
      let given = if let fixed { fixed.axes } else { try inputs.optionalList(3, place) }
      let axes = given ?? Array(0..<starts.count)
      let steps = try isOld ? nil : inputs.optionalList(4, place)
      guard starts.count == ends.count, axes.count == starts.count, steps?.count ?? axes.count == axes.count
      else { throw place.refused("starts, ends, axes and steps of one number", "others") }
      for (index, axis) in axes.enumerated() {
        let axis = try place.axis(axis, rank: x.shape.rank)
        x = try sliced(x, axis: axis, starts[index], ends[index], steps?[index] ?? 1, place)
      }
      return [x]
    }
  }

  private static func sliced(
    _ x: ONNXTensor, axis: Int, _ start: Int, _ end: Int, _ step: Int, _ place: NodePlace
  ) throws(ExchangeError) -> ONNXTensor {
    let size = x.shape[axis]
    guard step != 0, step != .min else { throw place.refused("a step that is not 0", "\(step)") }
    // Places before the first and after the last element may be named.
    func bound(_ index: Int, _ range: ClosedRange<Int>) -> Int {
      let place = index < 0 ? (index < -size ? -1 : index + size) : index
      return min(max(place, range.lowerBound), range.upperBound)
    }
    guard size > 0 else { return x }
    if step == 1 {
      let low = bound(start, 0...size)
      return part(x, axis: axis, low..<max(low, bound(end, 0...size)))
    }
    let low = bound(start, step > 0 ? 0...size : -1...size - 1)
    let high = bound(end, step > 0 ? 0...size : -1...size - 1)
    // A longer step leaves the array as well, and cannot overflow.
    let step = min(max(step, -size - 1), size + 1)
    let rows = Array(stride(from: low, to: high, by: step)).filter { (0..<size).contains($0) }
    var extents = x.shape.extents
    extents[axis] = rows.count
    return pick(
      x, rows, outer: extents[..<axis].reduce(1, *), size: size, inner: extents[(axis + 1)...].reduce(1, *),
      Shape(extents))
  }

  /// Each sequence backwards within its own length.
  private static let reverseSequence: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...2)
    let batchAxis = try node.integer("batch_axis") ?? 1
    let timeAxis = try node.integer("time_axis") ?? 0
    guard batchAxis != timeAxis, (0...1).contains(batchAxis), (0...1).contains(timeAxis) else {
      throw node.refused("axes 0 and 1 for time and batch", "\(timeAxis) and \(batchAxis)")
    }
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      let lengths = try inputs.list(1, place)
      guard x.shape.rank >= 2 else { throw place.refused("at least two axes", "\(x.shape)") }
      let (steps, batch) = (x.shape[timeAxis], x.shape[batchAxis])
      guard lengths.count == batch, lengths.allSatisfy({ (0...steps).contains($0) }) else {
        throw place.refused("\(batch) lengths of at most \(steps)", "\(lengths.prefix(9))")
      }
      let second = x.shape[1]
      let rows = (0..<x.shape[0] * second).map { row -> Int in
        let (i, j) = (row / second, row % second)
        let (t, b) = timeAxis == 0 ? (i, j) : (j, i)
        let source = t < lengths[b] ? lengths[b] - 1 - t : t
        return timeAxis == 0 ? source * second + j : i * second + source
      }
      let inner = x.shape.extents[2...].reduce(1, *)
      return [pick(x, rows, outer: 1, size: rows.count, inner: inner, x.shape)]
    }
  }

  /// The input so many times along each axis.
  private static let tile: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...2)
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      let repeats = try inputs.list(1, place)
      guard repeats.count == x.shape.rank else {
        throw place.refused("\(x.shape.rank) numbers of repeats", "\(repeats.count)")
      }
      // Each axis becomes two, of which the first stands still.
      let (strides, extents) = (x.shape.strides, x.shape.extents)
      let parted = try place.shape(zip(repeats, extents).flatMap { [$0, $1] })
      let shape = try place.shape(zip(repeats, extents).map { $0 * $1 })
      return [x.strided(strides.flatMap { [0, $0] }, shape: parted).reshaped(shape)]
    }
  }

  /// The upper or lower triangle of the matrices in the last two axes; the rest are zeros.
  private static let triangle: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...2)
    let isUpper = try node.integer("upper") ?? 1 != 0
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      guard x.shape.rank >= 2 else { throw place.refused("at least two axes", "\(x.shape)") }
      let diagonal = inputs.optional(1) == nil ? 0 : try inputs.integer(1, place)
      let (rows, columns) = (x.shape[-2], x.shape[-1])
      // No diagonal beyond the matrix is another one.
      let k = min(max(diagonal, -rows - 1), columns + 1)
      func isKept(_ index: Int) -> Bool {
        let (row, column) = (index / columns % rows, index % columns)
        return isUpper ? column - row >= k : column - row <= k
      }
      switch x.content {
      case .floats(var tensor):
        tensor.withUnsafeMutableElements { elements in
          for index in elements.indices where !isKept(index) { elements[index] = 0 }
        }
        return [ONNXTensor(tensor, type: x.type)]
      case .integers(let integers):
        let kept = integers.enumerated().map { isKept($0) ? $1 : 0 }
        return [ONNXTensor(integers: kept, shape: x.shape, type: x.type)]
      }
    }
  }

  private static let compress: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...2)
    let given = try node.integer("axis")
    return { inputs, place throws(ExchangeError) in
      var x = try inputs.required(0, place)
      let flags = try booleans(inputs, 1, place)
      var axis = 0
      if let given {
        axis = try place.axis(given, rank: x.shape.rank)
      } else {
        x = x.reshaped([x.shape.count])
      }
      let extents = x.shape.extents
      guard flags.count <= extents[axis] else {
        throw place.refused("at most \(extents[axis]) conditions", "\(flags.count)")
      }
      let rows = flags.indices.filter { flags[$0] != 0 }
      var result = extents
      result[axis] = rows.count
      return [
        pick(
          x, rows, outer: extents[..<axis].reduce(1, *), size: extents[axis],
          inner: extents[(axis + 1)...].reduce(1, *), Shape(result))
      ]
    }
  }
}
