import UnrollCore

/// Operators that ask which element is greater.
extension Operators {
  static let ordering: [String: Maker] = [
    "ArgMax": extremum(isMaximum: true),
    "ArgMin": extremum(isMaximum: false),
    "TopK": topK,
    "Unique": unique,
    "Hardmax": hardmax,
    "NonZero": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...1)
      return { inputs, place throws(ExchangeError) in
        let x = try inputs.required(0, place)
        var found: [Int] = []
        switch x.content {
        case .floats(let tensor):
          tensor.withUnsafeElements { elements in found = elements.indices.filter { elements[$0] != 0 } }
        case .integers(let integers): found = integers.indices.filter { integers[$0] != 0 }
        }
        let shape = try place.shape([x.shape.rank, found.count])
        let strides = x.shape.strides
        let places = x.shape.extents.indices.flatMap { axis in
          found.map { Int64($0 / strides[axis] % x.shape[axis]) }
        }
        return [ONNXTensor(integers: places, shape: shape)]
      }
    },
  ]

  /// Whether one element stands before another, from the greatest or from the least on. NaN counts as the greatest.
  private static func order(_ x: ONNXTensor, isDescending: Bool) -> (Int, Int) -> Bool {
    switch x.content {
    case .floats(let tensor):
      let elements = tensor.elements
      return { a, b in
        let (u, v) = isDescending ? (elements[a], elements[b]) : (elements[b], elements[a])
        return u > v || u.isNaN && !v.isNaN
      }
    case .integers(let integers):
      return { a, b in
        let (u, v) = (rank(integers[a], x.type), rank(integers[b], x.type))
        return isDescending ? u > v : u < v
      }
    }
  }

  /// The elements along an axis: how many lines there are, and the places of one.
  private struct Lines {
    let (outer, size, inner): (Int, Int, Int)

    init(_ shape: Shape, axis: Int) {
      outer = shape.extents[..<axis].reduce(1, *)
      size = shape[axis]
      inner = shape.extents[(axis + 1)...].reduce(1, *)
    }

    func visit(_ body: (_ block: Int, _ column: Int, _ place: (Int) -> Int) -> Void) {
      for block in 0..<outer {
        for column in 0..<inner { body(block, column) { (block * size + $0) * inner + column } }
      }
    }
  }

  private static func extremum(isMaximum: Bool) -> Maker {
    { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...1)
      let axis = try node.integer("axis") ?? 0
      let keeps = try node.integer("keepdims") ?? 1 != 0
      let takesLast = try node.flag("select_last_index")
      return { inputs, place throws(ExchangeError) in
        let x = try inputs.required(0, place)
        let axis = try place.axis(axis, rank: x.shape.rank)
        guard x.shape[axis] > 0 else { throw place.refused("an axis with elements", "\(x.shape)") }
        let isBefore = order(x, isDescending: isMaximum)
        let lines = Lines(x.shape, axis: axis)
        var result: [Int64] = []
        result.reserveCapacity(lines.outer * lines.inner)
        lines.visit { _, _, place in
          var best = 0
          for index in 1..<max(1, lines.size) {
            let isBetter =
              takesLast
              ? !isBefore(place(best), place(index)) : isBefore(place(index), place(best))
            if isBetter { best = index }
          }
          result.append(Int64(best))
        }
        var shape = x.shape.extents
        if keeps { shape[axis] = 1 } else { shape.remove(at: axis) }
        return [ONNXTensor(integers: result, shape: Shape(shape))]
      }
    }
  }

  private static let hardmax: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1)
    let isOld = node.version < 13
    let axis = try node.integer("axis") ?? (isOld ? 1 : -1)
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.floats(0, place)
      let axis = try place.axis(axis, rank: x.shape.rank)
      // Before version 13 all axes from the given one on are one.
      let shape =
        isOld
        ? Shape([x.shape.extents[..<axis].reduce(1, *), x.shape.extents[axis...].reduce(1, *)]) : x.shape
      let lines = Lines(shape, axis: isOld ? 1 : axis)
      let isBefore = order(ONNXTensor(x), isDescending: true)
      var result = Tensor.zeros(x.shape)
      result.withUnsafeMutableElements { elements in
        lines.visit { _, _, place in
          guard lines.size > 0 else { return }
          var best = 0
          for index in 1..<max(1, lines.size) where isBefore(place(index), place(best)) { best = index }
          elements[place(best)] = 1
        }
      }
      return [ONNXTensor(result, type: inputs[0]!.type)]
    }
  }

  /// The greatest or least K along an axis and their places; of equal ones the first come first.
  private static let topK: Maker = { node, _ throws(ExchangeError) in
    let isOld = node.version < 10
    try node.takes(inputs: isOld ? 1...1 : 2...2, outputs: 1...2)
    let axis = try node.integer("axis") ?? -1
    let fixed = isOld ? try node.integer("k") ?? 0 : 0
    let isLargest = try node.integer("largest") ?? 1 != 0
    // Sorted is one of the orders that unsorted allows.
    _ = try node.integer("sorted")
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.required(0, place)
      let axis = try place.axis(axis, rank: x.shape.rank)
      let k = isOld ? fixed : try inputs.integer(1, place)
      guard (0...x.shape[axis]).contains(k) else {
        throw place.refused("at most \(x.shape[axis]) elements", "\(k)")
      }
      let isBefore = order(x, isDescending: isLargest)
      let lines = Lines(x.shape, axis: axis)
      var extents = x.shape.extents
      extents[axis] = k
      let shape = try place.shape(extents)
      var (places, indices) = (
        Array(repeating: 0, count: shape.count), Array(repeating: Int64(0), count: shape.count)
      )
      lines.visit { block, column, place in
        let sorted = (0..<lines.size).sorted { a, b in
          isBefore(place(a), place(b)) || !isBefore(place(b), place(a)) && a < b
        }
        for (index, best) in sorted.prefix(k).enumerated() {
          let target = (block * k + index) * lines.inner + column
          (places[target], indices[target]) = (place(best), Int64(best))
        }
      }
      return [x.gathering(places, shape: shape), ONNXTensor(integers: indices, shape: shape)]
    }
  }

  /// The elements, or slices along an axis, without those that came before; where each came first, which each is, and
  /// how many there are of it.
  private static let unique: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1, outputs: 1...4)
    let given = try node.integer("axis")
    let isSorted = try node.integer("sorted") ?? 1 != 0
    return { inputs, place throws(ExchangeError) in
      var x = try inputs.required(0, place)
      var axis = 0
      if let given {
        axis = try place.axis(given, rank: x.shape.rank)
      } else {
        x = x.reshaped([x.shape.count])
      }
      let lines = Lines(x.shape, axis: axis)
      let isBefore = order(x, isDescending: false)
      let rest = (0..<lines.outer).flatMap { block in
        (0..<lines.inner).map { (block * lines.size) * lines.inner + $0 }
      }
      func comes(_ a: Int, before b: Int) -> Bool {
        for start in rest {
          let (i, j) = (start + a * lines.inner, start + b * lines.inner)
          if isBefore(i, j) { return true }
          if isBefore(j, i) { return false }
        }
        return false
      }
      let sorted = (0..<lines.size).sorted { comes($0, before: $1) || !comes($1, before: $0) && $0 < $1 }
      // The first of each kind, in the order of their values.
      var groups: [(first: Int, members: [Int])] = []
      for row in sorted {
        if let last = groups.last, !comes(last.first, before: row) {
          groups[groups.count - 1].members.append(row)
        } else {
          groups.append((row, [row]))
        }
      }
      if !isSorted { groups.sort { $0.first < $1.first } }
      var inverse = Array(repeating: Int64(0), count: lines.size)
      for (index, group) in groups.enumerated() {
        for member in group.members { inverse[member] = Int64(index) }
      }
      var extents = x.shape.extents
      extents[axis] = groups.count
      let values = pick(
        x, groups.map(\.first), outer: lines.outer, size: lines.size, inner: lines.inner,
        try place.shape(extents))
      func list(_ numbers: [Int64]) -> ONNXTensor { ONNXTensor(integers: numbers, shape: [numbers.count]) }
      return [
        values, list(groups.map { Int64($0.first) }), list(inverse),
        list(groups.map { Int64($0.members.count) }),
      ]
    }
  }
}
