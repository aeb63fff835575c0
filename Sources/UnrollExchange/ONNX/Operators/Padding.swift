import UnrollCore

/// Elements put around an array, or cut off.
extension Operators {
  /// Pad: each axis gets so many elements before and after; less than none are cut off.
  ///
  /// | mode | what stands there |
  /// |---|---|
  /// | constant | the value given |
  /// | edge | the nearest element |
  /// | reflect | the elements mirrored at the outermost, which is not repeated |
  /// | wrap | those of the other end |
  static let pad: Maker = { node, _ throws(ExchangeError) in
    let isOld = node.version < 11
    try node.takes(inputs: isOld ? 1...1 : 2...4)
    let name = try node.string("mode") ?? "constant"
    guard let mode = PaddingMode(rawValue: name) else {
      throw node.refused("a mode that is known", "\"\(name)\"")
    }
    let fixed = isOld ? try node.integers("pads") ?? [] : []
    let filled = isOld ? try node.float("value") ?? 0 : 0
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      let rank = x.shape.rank
      let pads = isOld ? fixed : try inputs.list(1, place)
      var axes = Array(0..<rank)
      if let given = try inputs.optionalList(3, place) {
        axes = []
        for axis in given { axes.append(try place.axis(axis, rank: rank)) }
        guard Set(axes).count == axes.count else { throw place.refused("each axis once", "\(given)") }
      }
      guard pads.count == 2 * axes.count else {
        throw place.refused("\(2 * axes.count) numbers of elements", "\(pads.count)")
      }
      var ends = Array(repeating: (before: 0, after: 0), count: rank)
      for (index, axis) in axes.enumerated() { ends[axis] = (pads[index], pads[axes.count + index]) }
      let value = try filling(x, inputs, isOld ? filled : nil, place)
      return [try padded(x, ends, mode, value, place)]
    }
  }

  enum PaddingMode: String {
    case constant, edge, reflect, wrap
  }

  private static func filling(
    _ x: ONNXTensor, _ inputs: [ONNXTensor?], _ fixed: Float?, _ place: NodePlace
  ) throws(ExchangeError) -> ONNXTensor {
    if let fixed { return converted(ONNXTensor(Tensor(fixed)), to: x.type) }
    guard let value = inputs.optional(2) else { return converted(ONNXTensor(Tensor(0)), to: x.type) }
    guard value.shape.count == 1, value.type == x.type else {
      throw place.refused(
        "one element of type \(x.type) to pad with", "\(value.type) of shape \(value.shape)")
    }
    return value
  }

  /// An array with more or fewer elements at the ends of its axes.
  static func padded(
    _ x: ONNXTensor, _ ends: [(before: Int, after: Int)], _ mode: PaddingMode, _ value: ONNXTensor,
    _ place: NodePlace
  ) throws(ExchangeError) -> ONNXTensor {
    var extents: [Int] = []
    for (axis, end) in ends.enumerated() {
      let (a, first) = x.shape[axis].addingReportingOverflow(end.before)
      let (b, second) = a.addingReportingOverflow(end.after)
      guard !first, !second, b >= 0 else {
        throw place.refused(
          "no more cut off than \(x.shape)", "\(end.before) and \(end.after) on axis \(axis)")
      }
      extents.append(b)
    }
    _ = try place.shape(extents)
    var result = x
    for (axis, end) in ends.enumerated() where end != (0, 0) {
      result = try along(axis, result, end, mode, value, place)
    }
    return result
  }

  /// One axis: for each of its new elements the old one that stands there, or none.
  private static func along(
    _ axis: Int, _ x: ONNXTensor, _ end: (before: Int, after: Int), _ mode: PaddingMode, _ value: ONNXTensor,
    _ place: NodePlace
  ) throws(ExchangeError) -> ONNXTensor {
    let extents = x.shape.extents
    let size = extents[axis]
    let length = size + end.before + end.after
    guard mode == .constant || size > 0 || length == 0 else {
      throw place.refused("elements to repeat", "\(x.shape)")
    }
    func source(_ index: Int) -> Int? {
      if (0..<size).contains(index) { return index }
      switch mode {
      case .constant: return nil
      case .edge: return index < 0 ? 0 : size - 1
      case .wrap: return (index % size + size) % size
      case .reflect:
        let period = max(1, 2 * (size - 1))
        let turned = (index % period + period) % period
        return min(turned, period - turned)
      }
    }
    let sources = (0..<length).map { source($0 - end.before) }
    var shape = extents
    shape[axis] = length
    let (outer, inner) = (extents[..<axis].reduce(1, *), extents[(axis + 1)...].reduce(1, *))
    // One more row at the end of each block, of the value alone, stands for what is not there.
    guard sources.contains(where: { $0 == nil }) else {
      return pick(x, sources.compactMap { $0 }, outer: outer, size: size, inner: inner, Shape(shape))
    }
    switch x.content {
    case .floats(let tensor):
      var result = Tensor(repeating: value.tensor.elements[0], shape: Shape(shape))
      result.withUnsafeMutableElements { to in
        tensor.withUnsafeElements { from in
          guard let target = to.baseAddress, let origin = from.baseAddress else { return }
          for block in 0..<outer {
            for (index, row) in sources.enumerated() {
              guard let row else { continue }
              (target + (block * length + index) * inner).update(
                from: origin + (block * size + row) * inner, count: inner)
            }
          }
        }
      }
      return ONNXTensor(result, type: x.type)
    case .integers(let integers):
      let filling = value.integers?.first ?? 0
      var result: [Int64] = []
      result.reserveCapacity(outer * length * inner)
      for block in 0..<outer {
        for row in sources {
          guard let row else {
            result += repeatElement(filling, count: inner)
            continue
          }
          let start = (block * size + row) * inner
          result += integers[start..<start + inner]
        }
      }
      return ONNXTensor(integers: result, shape: Shape(shape), type: x.type)
    }
  }

  /// Each axis cut or padded by zeros at both ends alike to a given extent.
  static let centerCropPad: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...2)
    let given = try node.integers("axes")
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      let wanted = try inputs.list(1, place)
      let axes = given ?? Array(0..<x.shape.rank)
      guard wanted.count == axes.count, wanted.allSatisfy({ $0 >= 0 }) else {
        throw place.refused("\(axes.count) extents", "\(wanted.prefix(9))")
      }
      var ends = Array(repeating: (before: 0, after: 0), count: x.shape.rank)
      for (index, axis) in axes.enumerated() {
        let axis = try place.axis(axis, rank: x.shape.rank)
        let (size, length) = (x.shape[axis], wanted[index])
        if length < size {
          let start = (size - length) / 2
          ends[axis] = (-start, length - size + start)
        } else {
          let start = (length - size) / 2
          ends[axis] = (start, length - size - start)
        }
      }
      return [try padded(x, ends, .constant, converted(ONNXTensor(Tensor(0)), to: x.type), place)]
    }
  }
}
