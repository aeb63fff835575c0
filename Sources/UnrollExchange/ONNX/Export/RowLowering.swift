import UnrollCore

/// Operations that choose, order, repeat and join rows and columns.
extension TraceWriter {
  mutating func rows(_ node: TracedNode, _ range: Range<Int>) throws(ExchangeError) {
    let x = value(node.inputs[0])
    guard x.rows.fixedExtent != nil else {
      throw refused("rows of an axis of fixed extent", "rows \(range) of \(described(x))")
    }
    set(node, graph.part(x.name, axis: 0, range), [[.fixed(range.count)]] + x.axes.dropFirst())
  }

  mutating func columns(_ node: TracedNode, _ range: Range<Int>) throws(ExchangeError) {
    let x = value(node.inputs[0])
    guard x.axes.last?.fixedExtent != nil else {
      throw refused("columns of an axis of fixed extent", "columns \(range) of \(described(x))")
    }
    set(node, graph.part(x.name, axis: -1, range), x.axes.dropLast() + [[.fixed(range.count)]])
  }

  /// All inputs along an axis.
  mutating func concatenated(_ node: TracedNode, axis: Int) throws(ExchangeError) {
    let parts = node.inputs.map { value($0) }
    func before(_ value: GraphValue) -> [TracedAxis] { value.axes[..<axis].flatMap(\.dimensions) }
    func behind(_ value: GraphValue) -> [TracedAxis] { value.axes[(axis + 1)...].flatMap(\.dimensions) }
    var extent = 0
    for part in parts {
      guard let own = part.axes[axis].fixedExtent, before(part) == before(parts[0]),
        behind(part) == behind(parts[0])
      else {
        throw refused("parts over the same axes, to be joined along a fixed one", described(part))
      }
      extent += own
    }
    let name = graph.concatenated(parts.map(\.name), axis: before(parts[0]).count)
    var axes = parts[0].axes
    axes[axis] = [.fixed(extent)]
    set(node, name, axes)
  }

  mutating func transposed(_ node: TracedNode, _ first: Int, _ second: Int) {
    let x = value(node.inputs[0])
    var places: [[Int]] = []
    for axis in x.axes {
      let start = places.joined().count
      places.append(Array(start..<start + axis.dimensions.count))
    }
    var axes = x.axes
    places.swapAt(first, second)
    axes.swapAt(first, second)
    set(node, graph.transposed(x.name, places.flatMap { $0 }), axes)
  }

  /// An axis of extent 1 repeated. How often is a matter of the run that was recorded, and so fixed.
  mutating func broadcast(_ node: TracedNode, axis: Int) {
    let x = value(node.inputs[0])
    var axes = x.axes
    axes[axis] = [.fixed(node.results[0].shape[axis])]
    set(node, expanded(x.name, axes.flatMap(\.dimensions)), axes)
  }

  /// Rows by their indices.
  mutating func gather(_ node: TracedNode, _ indices: [Int32]) throws(ExchangeError) {
    let x = value(node.inputs[0])
    if let (map, layout) = trace.map(indices) { return try gather(node, x, map, layout) }
    let place: GraphValue
    if let found = values[TraceKey(indices)] {
      place = found
    } else {
      guard x.rows.fixedExtent != nil else {
        throw refused(
          "indices that are an input or made by a layout",
          "\(indices.count) literal ones into \(described(x)), which would freeze its length")
      }
      place = GraphValue(graph.list(indices.map { Int($0) }), [[.fixed(indices.count)]])
    }
    set(node, graph.apply("Gather", x.name, place.name), place.axes + x.axes.dropFirst())
  }

  /// Rows by the map of a layout.
  private mutating func gather(
    _ node: TracedNode, _ x: GraphValue, _ map: LayoutMap, _ layout: SequenceLayout
  ) throws(ExchangeError) {
    let rest = x.axes.dropFirst()
    switch map {
    case .sequences, .own:
      // Within the graph sequences stand in the order as given.
      set(node, x.name, x.axes)
    case .sequenceMajor:
      // Steps whose number is free have axes, in one order for all.
      let steps = try steps(layout, of: x)
      guard steps.traced == nil, steps.hasTime else { return set(node, x.name, x.axes) }
      let apart = try regrouped(x, to: [layout.timeSteps, layout.batch] + rest.map(\.extent))
      let (time, batch) = (apart.axes[0].dimensions.count, apart.axes[1].dimensions.count)
      let order = Array(time..<time + batch) + (0..<time) + (time + batch..<apart.dimensions.count)
      set(node, graph.transposed(apart.name, order), [apart.axes[1] + apart.axes[0]] + rest)
    case .packed:
      let own = try stepped(layout)
      set(node, x.name, [[.steps(own)]] + rest)
    case .padded:
      let own = try stepped(layout)
      set(
        node, masked(x, try mask(of: own)),
        [[.free(own.name, own.timeSteps)] + own.sequences] + rest)
    case .sequenceOfStep:
      let own = try stepped(layout)
      let axes: [[TracedAxis]] = [[.steps(own)]] + rest
      set(node, expanded(graph.unsqueezed(x.name, [0]), axes.flatMap(\.dimensions)), axes)
    case .last, .first:
      let steps = try steps(layout, of: x)
      let axes = [steps.sequences] + rest
      guard steps.hasTime else { return set(node, x.name, axes) }
      if let own = steps.traced {
        let chosen = masked(x, try mask(of: own, map))
        return set(node, graph.reduced("ReduceSum", chosen, axis: 0), axes)
      }
      let apart = try regrouped(x, to: [layout.timeSteps, layout.batch] + rest.map(\.extent))
      let step = map == .last ? layout.timeSteps - 1 : 0
      set(node, graph.squeezed(graph.part(apart.name, axis: 0, step..<step + 1), [0]), axes)
    }
  }

  /// The one row of x, as often as another value has rows or sequences.
  mutating func repeated(
    _ node: TracedNode, _ like: Tensor, _ layout: SequenceLayout?
  ) throws(ExchangeError) {
    let other = value(like)
    let rows = try layout.map { layout throws(ExchangeError) in try steps(layout, of: other).sequences }
    let x = node.inputs[0]
    let axes = [rows ?? other.rows] + x.shape.extents.dropFirst().map { [TracedAxis.fixed($0)] }
    if isConstant(x), isZero(x) {
      zeros[node.results[0].key] = axes
    } else {
      // Axes that are missing come first of themselves.
      set(node, expanded(graph.squeezed(value(x).name, [0]), axes.flatMap(\.dimensions)), axes)
    }
  }

  /// Rows in another order, repeated, or those of equal places on two axes.
  mutating func arrange(
    _ node: TracedNode, _ arrangement: RowArrangement, _ like: Tensor?
  ) throws(ExchangeError) {
    let extents = arrangement.extents
    func extent(_ axis: Character) -> Int { extents[axis] ?? 1 }
    let x = value(node.inputs[0])
    let rest = x.axes.dropFirst()
    var apart = try regrouped(
      x, to: arrangement.from.map(extent) + rest.map(\.extent))
    var labels = arrangement.from
    for label in Set(labels) where labels.count(where: { $0 == label }) > 1 {
      try takeDiagonal(&apart, &labels, label)
    }
    var parts = Dictionary(uniqueKeysWithValues: zip(labels, apart.axes))
    // Those of x in their new order, then what each row has.
    var places: [Character: [Int]] = [:]
    var next = 0
    for label in labels {
      let count = parts[label]?.dimensions.count ?? 0
      places[label] = Array(next..<next + count)
      next += count
    }
    let kept = arrangement.to.filter { parts[$0] != nil }
    var name = graph.transposed(
      apart.name, kept.flatMap { places[$0] ?? [] } + Array(next..<apart.dimensions.count))
    // Those that x has not, from the other value or of a fixed extent.
    if let like {
      let other = try regrouped(
        value(like), to: arrangement.like.map(extent) + like.shape.extents.dropFirst())
      for (label, part) in zip(arrangement.like, other.axes) where parts[label] == nil { parts[label] = part }
    }
    var new: [Int] = []
    var place = 0
    for label in arrangement.to {
      let part = parts[label] ?? [.fixed(extent(label))]
      parts[label] = part
      if !kept.contains(label) { new += place..<place + part.dimensions.count }
      place += part.dimensions.count
    }
    let target = arrangement.to.map { parts[$0] ?? [] } + rest
    name = graph.unsqueezed(name, new)
    if !new.isEmpty { name = expanded(name, target.flatMap(\.dimensions)) }
    set(node, name, [arrangement.to.flatMap { parts[$0] ?? [] }] + rest)
  }

  /// Of two axes of one extent, the places where both are at the same: the second goes.
  private mutating func takeDiagonal(
    _ x: inout GraphValue, _ labels: inout [Character], _ label: Character
  ) throws(ExchangeError) {
    let places = labels.indices.filter { labels[$0] == label }
    guard places.count == 2, let count = x.axes[places[0]].fixedExtent else {
      throw refused("a diagonal of two fixed axes", described(x))
    }
    let before = x.axes[..<places[1]].flatMap(\.dimensions).count
    let first = x.axes[..<places[0]].flatMap(\.dimensions).count
    var shape = Array(repeating: 1, count: x.dimensions.count - first)
    (shape[0], shape[before - first]) = (count, count)
    var own = Tensor.zeros([count, count])
    for index in 0..<count { own[index * count + index] = 1 }
    let mask = graph.tensor("diagonal.\(shape)") { own.reshaped(to: Shape(shape)) }
    let name = graph.reduced("ReduceSum", graph.apply("Mul", x.name, mask), axis: before)
    var axes = x.axes
    axes.remove(at: places[1])
    labels.remove(at: places[1])
    x = GraphValue(name, axes)
  }
}
