import UnrollCore

/// A value of the graph that stands for one of the network.
///
/// Where the network has packed rows, the graph has axes: of the steps of sequences `[time, batch]`, of parts of steps
/// `[part, time, batch]`, and a value of so many rows and F features has F as its last axis. What stands beyond the
/// end of a sequence is any finite number.
struct GraphValue {
  var name: String
  /// For each axis of the network's value, of what it is made, outermost first.
  var axes: [[TracedAxis]]

  init(_ name: String, _ axes: [[TracedAxis]]) {
    self.name = name
    self.axes = axes.map(\.merged)
  }

  /// The axes of the graph's value, each fixed or free.
  var dimensions: [TracedAxis] { axes.flatMap(\.dimensions) }
  /// The axes that rows are counted by.
  var rows: [TracedAxis] { axes.first ?? [] }
}

extension [TracedAxis] {
  /// The places along all of them.
  var extent: Int { reduce(1) { $0 * $1.extent } }

  /// The axes that the graph has for these.
  var dimensions: [TracedAxis] {
    flatMap { axis in
      switch axis {
      case .fixed, .free: [axis]
      case .steps(let layout): [.free(layout.name, layout.timeSteps)] + layout.sequences.dimensions
      }
    }
  }

  /// The same with neighbours that are fixed made one, and without those of one place.
  var merged: [TracedAxis] {
    if allSatisfy({ $0 == .fixed(1) }) { return [.fixed(1)] }
    return filter { $0 != .fixed(1) }.reduce(into: []) { result, axis in
      if case .fixed(let next) = axis, case .fixed(let last)? = result.last {
        result[result.count - 1] = .fixed(last * next)
      } else {
        result.append(axis)
      }
    }
  }

  /// The extent, where none of them is free.
  var fixedExtent: Int? {
    reduce(1) { product, axis in
      if let product, case .fixed(let extent) = axis { product * extent } else { nil }
    }
  }

  /// These axes in groups that have the given extents, those that are fixed cut where it must be; `nil`: there are no
  /// such groups.
  func grouped(_ extents: [Int]) -> [[TracedAxis]]? {
    var rest = self[...]
    var groups: [[TracedAxis]] = []
    for extent in extents {
      var group: [TracedAxis] = []
      var left = extent
      while left > 1 || (group.isEmpty && rest.first == .fixed(1)), let next = rest.popFirst() {
        if left.isMultiple(of: next.extent) {
          group.append(next)
          left /= next.extent
        } else if case .fixed(let all) = next, all.isMultiple(of: left) {
          group.append(.fixed(left))
          rest = ([.fixed(all / left)] + rest)[...]
          left = 1
        } else if next != .fixed(1) {
          return nil
        }
      }
      guard left == 1 else { return nil }
      groups.append(group.isEmpty ? [.fixed(1)] : group)
    }
    return rest.allSatisfy { $0 == .fixed(1) } ? groups : nil
  }

  /// The axes that are seen from outside, batch first: for each the dimensions that it is made of, by their places.
  var ports: [[Int]] { ports(from: 0) }

  private func ports(from first: Int) -> [[Int]] {
    var ports: [[Int]] = []
    var place = first
    var isOpen = false
    for axis in self {
      if case .steps(let layout) = axis {
        ports += layout.sequences.ports(from: place + 1) + [[place]]
        isOpen = false
      } else if isOpen {
        ports[ports.count - 1].append(place)
      } else {
        ports.append([place])
        isOpen = true
      }
      place += [axis].dimensions.count
    }
    return ports
  }
}

/// How an array that is seen from outside lies within: batch first there, steps first here.
struct PortAxes {
  /// Its axes, seen from outside.
  let outside: [TracedAxis]
  /// The dimensions of each of these.
  let parts: [[TracedAxis]]
  /// For each dimension within, its place among all parts.
  let inward: [Int]
  /// The opposite.
  let outward: [Int]

  init(_ axes: [[TracedAxis]]) {
    var groups: [[Int]] = []
    var dimensions: [TracedAxis] = []
    for axis in axes {
      groups += axis.ports.map { $0.map { $0 + dimensions.count } }
      dimensions += axis.dimensions
    }
    parts = groups.map { $0.map { dimensions[$0] } }
    outside = parts.map { part in
      let free = part.compactMap { if case .free(let name, _) = $0 { name } else { nil } }
      return free.first.map { .free($0, part.extent) } ?? .fixed(part.extent)
    }
    let order = groups.flatMap { $0 }
    outward = order
    inward = order.indices.map { place in order.firstIndex(of: place)! }
  }
}
