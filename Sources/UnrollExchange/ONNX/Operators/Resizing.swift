import UnrollCore

/// Arrays read between their elements.
extension Operators {
  static let images: [String: Maker] = [
    "Resize": ResizeForm.maker,
    "Upsample": ResizeForm.upsample,
    "GridSample": GridForm.maker,
    "AffineGrid": affineGrid,
  ]

  /// Weights of the four elements around a place, t behind the second of them.
  static func cubicWeights(_ t: Double, _ a: Double) -> [Double] {
    [t + 1, t, 1 - t, 2 - t].map { cubic($0, a) }
  }

  static func cubic(_ distance: Double, _ a: Double) -> Double {
    let x = abs(distance)
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
  }
}

/// A larger or smaller array, whose elements are weighted means of those around their places in the old one. Axis by
/// axis.
private struct ResizeForm: Sendable {
  enum Mode: Sendable {
    case nearest(String)
    case linear
    case cubic(Double)
  }

  let mode: Mode
  let coordinates: String
  let isSmoothed: Bool
  let axes: [Int]?
  let excludesOutside: Bool
  let outside: Float
  let policy: String

  static let maker: Operators.Maker = { node, _ throws(ExchangeError) in
    let isOld = node.version < 11
    try node.takes(inputs: isOld ? 2...2 : 1...4)
    let form = try ResizeForm(&node)
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      if isOld { return [try form.run(x, roi: nil, scales: inputs.optional(1), sizes: nil, place)] }
      func given(_ index: Int) -> ONNXTensor? {
        inputs.optional(index).flatMap { $0.shape.count == 0 ? nil : $0 }
      }
      return [try form.run(x, roi: given(1), scales: given(2), sizes: given(3), place)]
    }
  }

  /// The older operator, which repeats or blends from the corner on.
  static let upsample: Operators.Maker = { node, _ throws(ExchangeError) in
    let fixed = node.version < 9 ? try node.floats("scales") ?? [] : nil
    try node.takes(inputs: fixed == nil ? 2...2 : 1...1)
    let form = try ResizeForm(&node)
    return { inputs, place throws(ExchangeError) in
      let scales = fixed.map { ONNXTensor(Tensor($0)) } ?? inputs.optional(1)
      return [try form.run(try inputs.required(0, place), roi: nil, scales: scales, sizes: nil, place)]
    }
  }

  init(_ node: inout NodeReader) throws(ExchangeError) {
    let isOld = node.version < 11
    let name = try node.string("mode") ?? "nearest"
    let rounding = try node.string("nearest_mode") ?? (isOld ? "floor" : "round_prefer_floor")
    let a = Double(try node.float("cubic_coeff_a") ?? -0.75)
    switch name {
    case "nearest":
      guard ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"].contains(rounding) else {
        throw node.refused("a way to round that is known", "\"\(rounding)\"")
      }
      mode = .nearest(rounding)
    case "linear": mode = .linear
    case "cubic": mode = .cubic(a)
    default: throw node.refused("a mode of nearest, linear or cubic", "\"\(name)\"")
    }
    coordinates = try node.string("coordinate_transformation_mode") ?? (isOld ? "asymmetric" : "half_pixel")
    let known = [
      "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
      "tf_crop_and_resize", "tf_half_pixel_for_nn",
    ]
    guard known.contains(coordinates) else {
      throw node.refused("coordinates that are known", "\"\(coordinates)\"")
    }
    isSmoothed = try node.flag("antialias")
    axes = try node.integers("axes")
    excludesOutside = try node.flag("exclude_outside")
    outside = try node.float("extrapolation_value") ?? 0
    policy = try node.string("keep_aspect_ratio_policy") ?? "stretch"
    guard ["stretch", "not_larger", "not_smaller"].contains(policy) else {
      throw node.refused("a policy that is known", "\"\(policy)\"")
    }
  }

  func run(
    _ x: ONNXTensor, roi: ONNXTensor?, scales: ONNXTensor?, sizes: ONNXTensor?, _ place: NodePlace
  ) throws(ExchangeError) -> ONNXTensor {
    let rank = x.shape.rank
    var axes: [Int] = []
    for axis in self.axes ?? Array(0..<rank) { axes.append(try place.axis(axis, rank: rank)) }
    var (factors, extents) = (Array(repeating: 1.0, count: rank), x.shape.extents)
    if let sizes {
      let wanted = try [sizes].list(0, place)
      guard wanted.count == axes.count, Set(axes).count == axes.count, x.shape.count > 0 else {
        throw place.refused("\(axes.count) sizes", "\(wanted.prefix(9))")
      }
      for (axis, size) in zip(axes, wanted) {
        (factors[axis], extents[axis]) = (Double(size) / Double(x.shape[axis]), size)
      }
      if policy != "stretch" {
        let all = axes.map { factors[$0] }
        let factor = (policy == "not_larger" ? all.min() : all.max()) ?? 1
        for axis in axes {
          let size = (factor * Double(x.shape[axis]) + 0.5).rounded(.down)
          (factors[axis], extents[axis]) = (factor, Int(exactly: size) ?? -1)
        }
      }
    } else {
      guard let scales else { throw place.refused("scales or sizes", "neither") }
      let wanted = try [scales].floats(0, place).elements
      guard wanted.count == axes.count, wanted.allSatisfy({ $0 > 0 && $0 < 0x1p40 }) else {
        throw place.refused("\(axes.count) scales above 0", "\(wanted.prefix(9))")
      }
      for (axis, factor) in zip(axes, wanted) {
        factors[axis] = Double(factor)
        extents[axis] = Int(exactly: (Double(x.shape[axis]) * Double(factor)).rounded(.down)) ?? -1
      }
    }
    _ = try place.shape(extents)
    var regions = Array(repeating: (0.0, 1.0), count: rank)
    if coordinates == "tf_crop_and_resize" {
      guard let roi, roi.shape.count == 2 * axes.count else {
        throw place.refused("a region of \(axes.count) axes", "\(roi.map { "\($0.shape)" } ?? "none")")
      }
      let edges = try [roi].floats(0, place).elements
      for (index, axis) in axes.enumerated() {
        regions[axis] = (Double(edges[index]), Double(edges[axes.count + index]))
      }
    }
    guard x.type.isFloating || isNearest else {
      throw place.refused("floating-point numbers", "\(x.type)", .unsupported)
    }
    var result = x
    for axis in axes where factors[axis] != 1 || extents[axis] != x.shape[axis] || regions[axis] != (0, 1) {
      result = try along(axis, result, extents[axis], factors[axis], regions[axis], place)
    }
    return result
  }

  private var isNearest: Bool { if case .nearest = mode { true } else { false } }

  /// Where an element of the new array stands in the old one; `nil` outside of a region.
  private func origin(_ index: Int, _ size: Int, _ count: Int, _ factor: Double, _ region: (Double, Double))
    -> Double?
  {
    let (x, length, width) = (Double(index), Double(size), factor * Double(size))
    switch coordinates {
    case "align_corners": return width == 1 ? 0 : x * (length - 1) / (width - 1)
    case "asymmetric": return x / factor
    case "tf_half_pixel_for_nn": return (x + 0.5) / factor
    case "pytorch_half_pixel": return width == 1 ? -0.5 : (x + 0.5) / factor - 0.5
    case "half_pixel_symmetric":
      return length / 2 * (1 - Double(count) / width) + (x + 0.5) / factor - 0.5
    case "tf_crop_and_resize":
      let span = (region.1 - region.0) * (length - 1)
      let at = region.0 * (length - 1) + (width == 1 ? span / 2 : x * span / (width - 1))
      // What is no number lies outside as well.
      return at >= 0 && at <= length - 1 ? at : nil
    default: return (x + 0.5) / factor - 0.5
    }
  }

  /// The elements that make one at a place, and their weights.
  private func taps(_ x: Double, _ size: Int, _ factor: Double) -> [(index: Int, weight: Double)] {
    // Of two neighbours at one distance the one before the place is meant.
    let base = x.rounded(.up) - 1
    let t = x - base
    var first = 0
    var weights: [Double]
    switch mode {
    case .nearest(let rounding):
      let index =
        switch rounding {
        case "floor": x.rounded(.down)
        case "ceil": x.rounded(.up)
        case "round_prefer_ceil": (x + 0.5).rounded(.down)
        default: (x - 0.5).rounded(.up)
        }
      return [(min(max(0, Int(index)), size - 1), 1)]
    case .linear where isSmoothed && factor < 1:
      first = Int((-1 / factor).rounded(.down)) + 1
      weights = (first..<2 - first).map { max(0, 1 - abs((Double($0) - t) * factor)) }
      weights = weights.map { [sum = weights.reduce(0, +)] in $0 / sum }
    case .linear: weights = [1 - t, t]
    case .cubic(let a) where isSmoothed && factor < 1:
      first = Int((-2 / factor).rounded(.down)) + 1
      weights = (first..<2 - first).map { Operators.cubic((Double($0) - t) * factor, a) }
      weights = weights.map { [sum = weights.reduce(0, +)] in $0 / sum }
    case .cubic(let a):
      first = -1
      weights = Operators.cubicWeights(t, a)
    }
    let start = Int(base) + first
    if excludesOutside {
      for index in weights.indices where !(0..<size).contains(start + index) { weights[index] = 0 }
      let sum = weights.reduce(0, +)
      if sum != 0 { weights = weights.map { $0 / sum } }
    }
    return weights.enumerated().map { (min(max(0, start + $0), size - 1), $1) }
  }

  private func along(
    _ axis: Int, _ x: ONNXTensor, _ count: Int, _ factor: Double, _ region: (Double, Double),
    _ place: NodePlace
  ) throws(ExchangeError) -> ONNXTensor {
    let (size, extents) = (x.shape[axis], x.shape.extents)
    guard size > 0 else { throw place.refused("elements to read", "\(x.shape)") }
    var shape = extents
    shape[axis] = count
    let result = try place.shape(shape)
    let width = isSmoothed && factor < 1 ? 4 / factor + 2 : 4
    try place.spend(result.count, Int(min(width, 0x1p40)))
    let taps = (0..<count).map { index in
      origin(index, size, count, factor, region).map { self.taps($0, size, factor) }
    }
    let (outer, inner) = (extents[..<axis].reduce(1, *), extents[(axis + 1)...].reduce(1, *))
    if isNearest, taps.allSatisfy({ $0 != nil }) {
      return Operators.pick(
        x, taps.map { $0![0].index }, outer: outer, size: size, inner: inner, result)
    }
    var y = Tensor.zeros(result)
    y.withUnsafeMutableElements { y in
      x.tensor.withUnsafeElements { x in
        for block in 0..<outer {
          for (index, own) in taps.enumerated() {
            let target = (block * count + index) * inner
            for column in 0..<inner {
              guard let own else {
                y[target + column] = outside
                continue
              }
              var sum = 0.0
              for tap in own { sum += tap.weight * Double(x[(block * size + tap.index) * inner + column]) }
              y[target + column] = Float(sum)
            }
          }
        }
      }
    }
    return ONNXTensor(y, type: x.type.isFloating ? x.type : .float)
  }
}
