import UnrollCore

/// Operators that make one number of many.
extension Operators {
  static let reductions: [String: Maker] = [
    "ReduceMean": reduction(listedFrom: 18, start: 0) {
      $0 + $1
    } end: {
      $0 / Double($1)
    },
    "ReduceSum": reduction(listedFrom: 13, start: 0) {
      $0 + $1
    } end: { sum, _ in
      sum
    },
    "ReduceMax": reduction(listedFrom: 18, start: -.infinity) {
      max($0, $1)
    } end: { top, _ in
      top
    },
    "ReduceMin": reduction(listedFrom: 18, start: .infinity) {
      min($0, $1)
    } end: { low, _ in
      low
    },
    "ArgMax": argMax,
  ]

  /// - Parameter listedFrom: the version from which on axes are an input instead of an attribute.
  private static func reduction(
    listedFrom version: Int, start: Double, _ combine: @escaping @Sendable (Double, Double) -> Double,
    end: @escaping @Sendable (Double, Int) -> Double
  ) -> Maker {
    { node, _ throws(ExchangeError) in
      let isOld = node.version < version
      try node.takes(inputs: 1...(isOld ? 1 : 2))
      let fixed = isOld ? try node.integers("axes") : nil
      let keeps = try node.integer("keepdims") ?? 1 != 0
      let emptyIsNone = isOld ? false : try node.flag("noop_with_empty_axes")
      return { inputs, place throws(ExchangeError) in
        let x = try inputs.required(0, place)
        let axes = try isOld ? fixed : inputs.optionalList(1, place)
        if axes?.isEmpty ?? true, emptyIsNone { return [x] }
        var reduced = Set<Int>()
        if let axes, !axes.isEmpty {
          for axis in axes { reduced.insert(try place.axis(axis, rank: x.shape.rank)) }
        } else {
          reduced = Set(x.shape.extents.indices)
        }
        return [try reduce(x, reduced, keeps: keeps, start: start, combine, end, place)]
      }
    }
  }

  private static func reduce(
    _ x: ONNXTensor, _ axes: Set<Int>, keeps: Bool, start: Double, _ combine: (Double, Double) -> Double,
    _ end: (Double, Int) -> Double, _ place: NodePlace
  ) throws(ExchangeError) -> ONNXTensor {
    let strides = x.shape.strides
    let kept = x.shape.extents.indices.filter { !axes.contains($0) }
    let gone = axes.sorted()
    let outer = Shape(kept.map { x.shape[$0] })
    let inner = Shape(gone.map { x.shape[$0] })
    let extents = x.shape.extents.indices.compactMap { axes.contains($0) ? (keeps ? 1 : nil) : x.shape[$0] }
    var results: [Double] = []
    results.reserveCapacity(outer.count)
    let goneStrides = gone.map { strides[$0] }
    func fill(_ element: (Int) -> Double) {
      outer.forEachPlace(strides: kept.map { strides[$0] }) { place in
        var result = start
        inner.forEachPlace(strides: goneStrides, from: place) { result = combine(result, element($0)) }
        results.append(end(result, inner.count))
      }
    }
    switch x.storage {
    case .floats(let tensor):
      tensor.withUnsafeElements { elements in fill { Double(elements[$0]) } }
      return ONNXTensor(Tensor(results.map { Float($0) }, shape: Shape(extents)), type: x.type)
    case .integers(let integers):
      fill { Double(integers[$0]) }
      // Beyond 2⁵³ a double does not tell one whole number from the next.
      guard results.allSatisfy({ abs($0) < 0x1p53 }) else {
        throw place.refused("results below 2⁵³", "a greater one, or none at all")
      }
      return ONNXTensor(
        integers: results.map { Int64($0.rounded(.towardZero)) }, shape: Shape(extents), type: x.type)
    }
  }

  private static let argMax: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1)
    let axis = try node.integer("axis") ?? 0
    let keeps = try node.integer("keepdims") ?? 1 != 0
    let takesLast = try node.flag("select_last_index")
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.floats(0, place)
      let axis = try place.axis(axis, rank: x.shape.rank)
      let extents = x.shape.extents
      let (outer, size) = (extents[..<axis].reduce(1, *), extents[axis])
      let inner = extents[(axis + 1)...].reduce(1, *)
      guard size > 0 else { throw place.refused("an axis with elements", "\(x.shape)") }
      var result: [Int64] = []
      x.withUnsafeElements { elements in
        for block in 0..<outer {
          for column in 0..<inner {
            var best = 0
            for index in 1..<max(1, size) {
              let (new, old) = (
                elements[(block * size + index) * inner + column],
                elements[(block * size + best) * inner + column]
              )
              if new > old || takesLast && new == old { best = index }
            }
            result.append(Int64(best))
          }
        }
      }
      var shape = extents
      if keeps { shape[axis] = 1 } else { shape.remove(at: axis) }
      return [ONNXTensor(integers: result, shape: Shape(shape))]
    }
  }
}
