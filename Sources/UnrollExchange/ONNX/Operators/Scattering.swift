import UnrollCore

/// Operators whose indices name elements one by one, and sums along an axis.
extension Operators {
  static let scattering: [String: Maker] = [
    "GatherElements": gatherElements,
    "GatherND": gatherND,
    "Scatter": scatterElements,
    "ScatterElements": scatterElements,
    "ScatterND": scatterND,
    "OneHot": oneHot,
    "TensorScatter": tensorScatter,
    "CumSum": cumulative({ $0 + $1 }, { $0 &+ $1 }, start: 0),
    "CumProd": cumulative({ $0 * $1 }, { $0 &* $1 }, start: 1),
  ]

  /// A whole number as a place among `size`, counted from the end below 0.
  private static func index(_ number: Int64, of size: Int, _ place: NodePlace) throws(ExchangeError) -> Int {
    guard number >= -Int64(size), number < Int64(size) else {
      throw place.refused("indices of \(size) elements", "\(number)")
    }
    return Int(number) + (number < 0 ? size : 0)
  }

  /// For each element of `indices`, the place in an array of a shape that has its coordinates but for one axis, where
  /// the index stands.
  private static func places(
    _ indices: ONNXTensor, in shape: Shape, axis: Int, _ place: NodePlace
  ) throws(ExchangeError) -> [Int] {
    let wanted = try [indices].whole(0, place)
    guard indices.shape.rank == shape.rank,
      shape.extents.indices.allSatisfy({ $0 == axis || indices.shape[$0] <= shape[$0] })
    else { throw place.refused("indices within \(shape) but for axis \(axis)", "\(indices.shape)") }
    var strides = shape.strides
    let step = strides[axis]
    strides[axis] = 0
    var result = indices.shape.places(strides: strides)
    for (position, number) in wanted.enumerated() {
      result[position] += try index(number, of: shape[axis], place) * step
    }
    return result
  }

  private static let gatherElements: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...2)
    let axis = try node.integer("axis") ?? 0
    return { inputs, place throws(ExchangeError) in
      let (x, indices) = (try inputs.required(0, place), try inputs.required(1, place))
      let axis = try place.axis(axis, rank: x.shape.rank)
      return [x.gathering(try places(indices, in: x.shape, axis: axis, place), shape: indices.shape)]
    }
  }

  /// For indices whose last axis has `depth` coordinates, the first element of the slice of `shape` that each names.
  private static func slices(
    _ indices: ONNXTensor, in shape: Shape, batch: Int, _ place: NodePlace
  ) throws(ExchangeError) -> (starts: [Int], depth: Int) {
    let numbers = try [indices].whole(0, place)
    guard batch >= 0, indices.shape.rank > batch, shape.rank > batch,
      indices.shape.extents[..<batch] == shape.extents[..<batch],
      let depth = indices.shape.extents.last, (0...shape.rank - batch).contains(depth)
    else { throw place.refused("indices into shape \(shape)", "shape \(indices.shape)") }
    let strides = shape.strides
    let count = indices.shape.extents.dropLast().reduce(1, *)
    // Indices without coordinates take no memory themselves.
    _ = try place.shape([count])
    // Where each batch starts, and how many indices it has.
    let batches = shape.extents[..<batch].reduce(1, *)
    let perBatch = batches == 0 ? 0 : count / batches
    let whole = shape.extents[batch...].reduce(1, *)
    var starts: [Int] = []
    starts.reserveCapacity(count)
    for row in 0..<count {
      var start = perBatch == 0 ? 0 : row / perBatch * whole
      for coordinate in 0..<depth {
        let axis = batch + coordinate
        start += try index(numbers[row * depth + coordinate], of: shape[axis], place) * strides[axis]
      }
      starts.append(start)
    }
    return (starts, depth)
  }

  private static let gatherND: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...2)
    let batch = try node.integer("batch_dims") ?? 0
    return { inputs, place throws(ExchangeError) in
      let (x, indices) = (try inputs.required(0, place), try inputs.required(1, place))
      let (starts, depth) = try slices(indices, in: x.shape, batch: batch, place)
      let rest = x.shape.extents[(batch + depth)...]
      let inner = rest.reduce(1, *)
      let shape = try place.shape(indices.shape.extents.dropLast() + rest)
      return [x.gathering(starts.flatMap { $0..<$0 + inner }, shape: shape)]
    }
  }

  /// How an update meets what stands in its place.
  private enum Update: String, Sendable {
    case none, add, mul, max, min

    func callAsFunction(_ old: Float, _ new: Float) -> Float {
      switch self {
      case .none: new
      case .add: old + new
      case .mul: old * new
      case .max: old.isNaN || old > new ? old : new
      case .min: old.isNaN || old < new ? old : new
      }
    }

    func callAsFunction(_ old: Int64, _ new: Int64, _ type: ONNXTensor.ElementType) -> Int64 {
      switch self {
      case .none: new
      case .add: Operators.wrapped(old &+ new, type)
      case .mul: Operators.wrapped(old &* new, type)
      case .max: Operators.rank(old, type) > Operators.rank(new, type) ? old : new
      case .min: Operators.rank(old, type) < Operators.rank(new, type) ? old : new
      }
    }

    static func read(_ node: inout NodeReader) throws(ExchangeError) -> Update {
      let name = try node.string("reduction") ?? "none"
      guard let update = Update(rawValue: name) else {
        throw node.refused("a reduction that is known", "\"\(name)\"")
      }
      return update
    }
  }

  private static func updated(
    _ x: ONNXTensor, _ places: [Int], _ updates: ONNXTensor, _ update: Update, _ place: NodePlace
  ) throws(ExchangeError) -> ONNXTensor {
    guard updates.type == x.type, updates.shape.count == places.count else {
      throw place.refused(
        "\(places.count) updates of type \(x.type)", "\(updates.type) of shape \(updates.shape)")
    }
    switch (x.content, updates.content) {
    case (.floats(var tensor), .floats(let new)):
      tensor.withUnsafeMutableElements { elements in
        new.withUnsafeElements { new in
          for (index, place) in places.enumerated() { elements[place] = update(elements[place], new[index]) }
        }
      }
      return ONNXTensor(tensor, type: x.type)
    case (.integers(var integers), .integers(let new)):
      for (index, place) in places.enumerated() {
        integers[place] = update(integers[place], new[index], x.type)
      }
      return ONNXTensor(integers: integers, shape: x.shape, type: x.type)
    default: throw place.refused("updates of type \(x.type)", "\(updates.type)", .unsupported)
    }
  }

  private static let scatterElements: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 3...3)
    let axis = try node.integer("axis") ?? 0
    let update = try Update.read(&node)
    return { inputs, place throws(ExchangeError) in
      let (x, indices) = (try inputs.required(0, place), try inputs.required(1, place))
      let updates = try inputs.required(2, place)
      guard updates.shape == indices.shape else {
        throw place.refused("updates of shape \(indices.shape)", "\(updates.shape)")
      }
      let axis = try place.axis(axis, rank: x.shape.rank)
      let places = try places(indices, in: x.shape, axis: axis, place)
      return [try updated(x, places, updates, update, place)]
    }
  }

  private static let scatterND: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 3...3)
    let update = try Update.read(&node)
    return { inputs, place throws(ExchangeError) in
      let (x, indices) = (try inputs.required(0, place), try inputs.required(1, place))
      let updates = try inputs.required(2, place)
      let (starts, depth) = try slices(indices, in: x.shape, batch: 0, place)
      let rest = x.shape.extents[depth...]
      guard updates.shape.extents == indices.shape.extents.dropLast() + rest else {
        throw place.refused("updates for indices of shape \(indices.shape)", "\(updates.shape)")
      }
      let inner = rest.reduce(1, *)
      return [try updated(x, starts.flatMap { $0..<$0 + inner }, updates, update, place)]
    }
  }

  /// Updates written into a cache along an axis, from a place of each sequence on.
  private static let tensorScatter: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...3)
    let axis = try node.integer("axis") ?? -2
    let mode = try node.string("mode") ?? "linear"
    guard ["linear", "circular"].contains(mode) else {
      throw node.refused("a mode of linear or circular", "\"\(mode)\"")
    }
    return { inputs, place throws(ExchangeError) in
      let (x, updates) = (try inputs.required(0, place), try inputs.required(1, place))
      let axis = try place.axis(axis, rank: x.shape.rank)
      let starts = try inputs.optionalList(2, place) ?? Array(repeating: 0, count: x.shape[0])
      var expected = x.shape.extents
      expected[axis] = updates.shape.rank == x.shape.rank ? updates.shape[axis] : 0
      let (size, length) = (x.shape[axis], expected[axis])
      guard axis > 0, updates.shape.extents == expected, length <= size, starts.count == x.shape[0],
        starts.allSatisfy({ $0 >= 0 && $0 <= (mode == "circular" ? .max / 2 : size - length) })
      else { throw place.refused("updates within \(x.shape)", "\(updates.shape) at \(starts.prefix(9))") }
      let strides = x.shape.strides
      let own = updates.shape.strides
      let targets = (0..<updates.shape.count).map { position -> Int in
        var target = 0
        for index in own.indices {
          var coordinate = position / own[index] % updates.shape[index]
          if index == axis { coordinate = (coordinate + starts[position / own[0]]) % size }
          target += coordinate * strides[index]
        }
        return target
      }
      return [try updated(x, targets, updates, .none, place)]
    }
  }

  private static let oneHot: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 3...3)
    let axis = try node.integer("axis") ?? -1
    return { inputs, place throws(ExchangeError) in
      let indices = converted(try inputs.required(0, place), to: .int64)
      let depths = converted(try inputs.required(1, place), to: .int64).integers ?? []
      let values = try inputs.required(2, place)
      guard depths.count == 1, let depth = Int(exactly: depths[0]), depth > 0, values.shape.count == 2 else {
        throw place.refused("a depth above 0 and two values", "\(depths.prefix(9)) and \(values.shape)")
      }
      let axis = try place.axis(axis, rank: indices.shape.rank + 1)
      var extents = indices.shape.extents
      extents.insert(depth, at: axis)
      let shape = try place.shape(extents)
      let inner = indices.shape.extents[axis...].reduce(1, *)
      var choice = Array(repeating: 0, count: shape.count)
      for (position, number) in (indices.integers ?? []).enumerated() {
        // What lies outside is cold everywhere.
        guard number >= -Int64(depth), number < Int64(depth) else { continue }
        let hot = Int(number) + (number < 0 ? depth : 0)
        choice[(position / inner * depth + hot) * inner + position % inner] = 1
      }
      return [values.gathering(choice, shape: shape)]
    }
  }

  private static func cumulative(
    _ floats: @escaping @Sendable (Double, Double) -> Double,
    _ integers: @escaping @Sendable (Int64, Int64) -> Int64, start: Int64
  ) -> Maker {
    { node, _ throws(ExchangeError) in
      try node.takes(inputs: 2...2)
      let (isExclusive, isReversed) = (try node.flag("exclusive"), try node.flag("reverse"))
      return { inputs, place throws(ExchangeError) in
        let x = try inputs.required(0, place)
        let axis = try place.axis(try inputs.integer(1, place), rank: x.shape.rank)
        let (size, inner) = (x.shape[axis], x.shape.extents[(axis + 1)...].reduce(1, *))
        func run<Element>(_ from: Element, _ step: (Element, Int) -> Element, _ write: (Int, Element) -> Void)
        {
          for line in 0..<x.shape.count / max(1, size) {
            let first = line / inner * size * inner + line % inner
            var sum = from
            for index in 0..<size {
              let place = first + (isReversed ? size - 1 - index : index) * inner
              if isExclusive { write(place, sum) }
              sum = step(sum, place)
              if !isExclusive { write(place, sum) }
            }
          }
        }
        switch x.content {
        case .floats(let tensor):
          var result = tensor
          tensor.withUnsafeElements { old in
            result.withUnsafeMutableElements { new in
              run(Double(start), { floats($0, Double(old[$1])) }, { new[$0] = Float($1) })
            }
          }
          return [ONNXTensor(result, type: x.type)]
        case .integers(let old):
          var result = old
          run(start, { wrapped(integers($0, old[$1]), x.type) }, { result[$0] = $1 })
          return [ONNXTensor(integers: result, shape: x.shape, type: x.type)]
        }
      }
    }
  }
}
