import UnrollCore

extension Operators {
  /// The places of a grid from −1 to 1 under affine maps: θ `[N, 2, 3]` or `[N, 3, 4]`.
  static let affineGrid: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...2)
    let isAligned = try node.flag("align_corners")
    return { inputs, place throws(ExchangeError) in
      let (theta, size) = (try inputs.floats(0, place), try inputs.list(1, place))
      let rank = size.count - 2
      guard (2...3).contains(rank), theta.shape.extents == [size[0], rank, rank + 1] else {
        throw place.refused("maps for a grid of two or three axes", "\(theta.shape) and \(size)")
      }
      let extents = Array(size[2...])
      let shape = try place.shape([size[0]] + extents + [rank])
      let points = Shape(extents)
      let strides = points.strides
      var y = Tensor.zeros(shape)
      y.withUnsafeMutableElements { y in
        for point in 0..<size[0] * points.count {
          let (map, index) = (point / points.count, point % points.count)
          // The last axis comes first: x, y, z.
          let coordinates = (0..<rank).reversed().map { axis -> Double in
            let (extent, at) = (Double(extents[axis]), Double(index / strides[axis] % extents[axis]))
            return isAligned ? (extent > 1 ? 2 * at / (extent - 1) - 1 : -1) : (2 * at + 1) / extent - 1
          }
          for row in 0..<rank {
            let start = (map * rank + row) * (rank + 1)
            var sum = Double(theta[start + rank])
            for axis in 0..<rank { sum += Double(theta[start + axis]) * coordinates[axis] }
            y[point * rank + row] = Float(sum)
          }
        }
      }
      return [ONNXTensor(y, type: inputs[0]!.type)]
    }
  }
}

/// An array read at the places of a grid from −1 to 1.
struct GridForm: Sendable {
  enum Mode: Sendable { case nearest, linear, cubic }
  enum Padding: String, Sendable { case zeros, border, reflection }

  let mode: Mode
  let padding: Padding
  let isAligned: Bool

  static let maker: Operators.Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...2)
    let form = try GridForm(&node)
    return { inputs, place throws(ExchangeError) in
      let (x, grid) = (try inputs.floats(0, place), try inputs.floats(1, place))
      return [ONNXTensor(try form.run(x, grid, place), type: inputs[0]!.type)]
    }
  }

  init(_ node: inout NodeReader) throws(ExchangeError) {
    let name = try node.string("mode") ?? "linear"
    switch name {
    case "nearest": mode = .nearest
    case "linear", "bilinear": mode = .linear
    case "cubic", "bicubic": mode = .cubic
    default: throw node.refused("a mode of nearest, linear or cubic", "\"\(name)\"")
    }
    let edges = try node.string("padding_mode") ?? "zeros"
    guard let padding = Padding(rawValue: edges) else {
      throw node.refused("padding of zeros, border or reflection", "\"\(edges)\"")
    }
    self.padding = padding
    isAligned = try node.flag("align_corners")
  }

  /// X `[N, C, …]`, grid `[N, …, axes]`, whose last axis names the last axis of X first.
  func run(_ x: Tensor, _ grid: Tensor, _ place: NodePlace) throws(ExchangeError) -> Tensor {
    let rank = x.shape.rank - 2
    guard (1...3).contains(rank), grid.shape.rank == x.shape.rank, grid.shape[0] == x.shape[0],
      grid.shape[-1] == rank, x.shape.extents[2...].allSatisfy({ $0 > 0 })
    else {
      throw place.refused("an array of one to three axes and a grid for it", "\(x.shape) and \(grid.shape)")
    }
    let extents = Array(x.shape.extents[2...])
    let points = grid.shape.extents[1...].dropLast().reduce(1, *)
    let shape = try place.shape(x.shape.extents.prefix(2) + grid.shape.extents[1...].dropLast())
    try place.spend(shape.count, 64)
    let (channels, length, strides) = (x.shape[1], extents.reduce(1, *), Shape(extents).strides)
    var y = Tensor.zeros(shape)
    y.withUnsafeMutableElements { y in
      x.withUnsafeElements { x in
        for point in 0..<x.count / max(1, channels * length) * points {
          // Offsets and weights of all elements that count, axis by axis.
          var taps: [(offset: Int, weight: Double)] = [(0, 1)]
          for axis in 0..<rank {
            let own = along(Double(grid[point * rank + rank - 1 - axis]), extents[axis])
            taps = taps.flatMap { tap in
              own.map { (tap.offset + $0.index * strides[axis], tap.weight * $0.weight) }
            }
          }
          for channel in 0..<channels {
            let start = (point / points * channels + channel) * length
            var sum = 0.0
            for tap in taps { sum += tap.weight * Double(x[start + tap.offset]) }
            y[(point / points * channels + channel) * points + point % points] = Float(sum)
          }
        }
      }
    }
    return y
  }

  /// The elements of one axis that count at a place, and their weights.
  private func along(_ n: Double, _ size: Int) -> [(index: Int, weight: Double)] {
    let length = Double(size)
    var x = isAligned ? (n + 1) / 2 * (length - 1) : ((n + 1) * length - 1) / 2
    guard x.isFinite, abs(x) < 0x1p40 else { return [] }
    if mode == .nearest { x = x.rounded(.toNearestOrEven) }
    switch padding {
    case .zeros: break
    case .border: if x < lowest || x > highest(size) { x = min(max(0, x), length - 1) }
    case .reflection: x = reflected(x, size)
    }
    let base = x.rounded(.down)
    let (first, weights): (Int, [Double]) =
      switch mode {
      case .nearest: (Int(base), [1])
      case .linear: (Int(base), [1 - (x - base), x - base])
      case .cubic: (Int(base) - 1, Operators.cubicWeights(x - base, -0.75))
      }
    return weights.enumerated().compactMap { offset, weight in
      let index = first + offset
      if (0..<size).contains(index) { return (index, weight) }
      switch padding {
      case .zeros: return nil
      case .border: return (min(max(0, index), size - 1), weight)
      case .reflection: return (min(max(0, Int(reflected(Double(index), size))), size - 1), weight)
      }
    }
  }

  private var lowest: Double { isAligned ? 0 : -0.5 }
  private func highest(_ size: Int) -> Double { isAligned ? Double(size) - 1 : Double(size) - 0.5 }

  /// A place mirrored at the edges until it lies within.
  private func reflected(_ x: Double, _ size: Int) -> Double {
    let (low, high) = (lowest, highest(size))
    let range = high - low
    guard range > 0 else { return low }
    guard x < low || x > high else { return x }
    let distance = x < low ? low - x : x - high
    let turns = (distance / range).rounded(.down)
    let rest = distance - turns * range
    let startsLow = (x < low) == (turns.truncatingRemainder(dividingBy: 2) == 0)
    return startsLow ? low + rest : high - rest
  }
}
