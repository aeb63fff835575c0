import UnrollCore

/// The operators of ONNX that are known, each with what makes its operation from a node's attributes.
///
/// A maker asks for every attribute that it knows; the reader refuses the rest by name. Versions of the operator
/// set from 7 on are read: where an operator changed since, its maker looks at the version.
package enum Operators {
  /// - Parameter definition: whether recurrent nodes must run step by step.
  typealias Maker =
    @Sendable (_ node: inout NodeReader, _ definition: Bool) throws(ExchangeError) -> Operation

  static let versions = 7...28

  /// By name; those of other domains than the standard's with their domain in front.
  static let table: [String: Maker] = [
    elementwise, functions, wholeNumbers, shaping, indexing, scattering, ordering, products, reductions,
    convolutions, pooling, normalizations, quantization, signals, images, losses, attention, recurrent,
    control,
  ].reduce(into: [:]) { table, part in table.merge(part) { first, _ in first } }

  /// The name of a node's operator in the table.
  private static func name(of node: WireNode) -> String {
    let isStandard = node.domain.isEmpty || node.domain == "ai.onnx"
    return (isStandard ? "" : node.domain + ".") + node.opType
      + (node.overload.isEmpty ? "" : ":" + node.overload)
  }

  static func maker(of node: WireNode) -> Maker? { table[name(of: node)] }

  /// - Throws: when a graph has operators that are not known, with the names of all of them.
  static func check(_ graph: WireGraph, file: String) throws(ExchangeError) {
    var unknown: [String: Int] = [:]
    count(graph, &unknown)
    guard !unknown.isEmpty else { return }
    let names = unknown.sorted { $0.key < $1.key }.map { "\($0.key)\($0.value > 1 ? " × \($0.value)" : "")" }
    throw ExchangeError(
      .unsupported, file: file, expected: "operators that are known",
      found: names.joined(separator: ", "))
  }

  private static func count(_ graph: WireGraph, _ unknown: inout [String: Int]) {
    for node in graph.node {
      let name = name(of: node)
      if table[name] == nil { unknown[name, default: 0] += 1 }
      for attribute in node.attribute where attribute.hasG { count(attribute.g, &unknown) }
    }
  }
}

extension Array where Element == ONNXTensor? {
  /// An input that may have been left out.
  func optional(_ index: Int) -> ONNXTensor? { index < count ? self[index] : nil }

  func required(_ index: Int, _ place: NodePlace) throws(ExchangeError) -> ONNXTensor {
    guard index < count, let value = self[index] else { throw place.refused("input \(index)", "none") }
    return value
  }

  func floats(_ index: Int, _ place: NodePlace) throws(ExchangeError) -> Tensor {
    let value = try required(index, place)
    guard case .floats(let tensor) = value.storage else {
      throw place.refused("floating-point numbers as input \(index)", "\(value.type)", .unsupported)
    }
    return tensor
  }

  func whole(_ index: Int, _ place: NodePlace) throws(ExchangeError) -> [Int64] {
    let value = try required(index, place)
    guard let integers = value.integers else {
      throw place.refused("whole numbers as input \(index)", "\(value.type)", .unsupported)
    }
    return integers
  }

  /// The only element of an array of floating-point numbers.
  func number(_ index: Int, _ place: NodePlace) throws(ExchangeError) -> Float {
    let tensor = try floats(index, place)
    guard tensor.shape.count == 1 else {
      throw place.refused("one number as input \(index)", "\(tensor.shape)")
    }
    return tensor.elements[0]
  }

  /// The only element of an array of whole numbers or booleans.
  func integer(_ index: Int, _ place: NodePlace) throws(ExchangeError) -> Int {
    let values = try whole(index, place)
    guard values.count == 1 else {
      throw place.refused("one whole number as input \(index)", "shape \(try required(index, place).shape)")
    }
    return Int(values[0])
  }

  /// Whole numbers in a list, such as axes.
  func list(_ index: Int, _ place: NodePlace) throws(ExchangeError) -> [Int] {
    let value = try required(index, place)
    guard let integers = value.integers, value.shape.rank <= 1 else {
      throw place.refused("a list of whole numbers as input \(index)", "\(value.type) \(value.shape)")
    }
    return integers.map { Int($0) }
  }

  func optionalList(_ index: Int, _ place: NodePlace) throws(ExchangeError) -> [Int]? {
    optional(index) == nil ? nil : try list(index, place)
  }
}

extension Shape {
  /// For each axis, how far apart in memory its neighbours stand.
  var strides: [Int] {
    var result = Array(repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      result[axis] = result[axis + 1] * max(1, extents[axis + 1])
    }
    return result
  }

  /// Calls `body` with the place of each element of this shape, in row-major order, where the axes step by `strides`
  /// from `start`.
  func forEachPlace(strides: [Int], from start: Int = 0, _ body: (Int) -> Void) {
    let (last, step) = (extents.last ?? 1, strides.last ?? 1)
    forEachRow(strides: strides, from: start) { row in
      for index in 0..<last { body(row + index * step) }
    }
  }

  /// Calls `body` with the place of the first element of each row along the last axis.
  func forEachRow(strides: [Int], from start: Int = 0, _ body: (Int) -> Void) {
    guard count > 0 else { return }
    guard rank > 1 else { return body(start) }
    var index = Array(repeating: 0, count: rank)
    var place = start
    while true {
      body(place)
      var axis = rank - 2
      while axis >= 0 {
        index[axis] += 1
        place += strides[axis]
        if index[axis] < extents[axis] { break }
        place -= strides[axis] * extents[axis]
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }

  func places(strides: [Int], from start: Int = 0) -> [Int] {
    var result: [Int] = []
    result.reserveCapacity(count)
    forEachPlace(strides: strides, from: start) { result.append($0) }
    return result
  }
}

/// How arrays of several shapes meet: extents of 1 are repeated, missing axes stand in front.
enum Broadcast {
  static func shape(_ a: Shape, _ b: Shape, _ place: NodePlace) throws(ExchangeError) -> Shape {
    let rank = max(a.rank, b.rank)
    var extents: [Int] = []
    for axis in 0..<rank {
      let (i, j) = (axis - rank + a.rank, axis - rank + b.rank)
      let (m, n) = (i < 0 ? 1 : a[i], j < 0 ? 1 : b[j])
      guard m == n || m == 1 || n == 1 else { throw place.refused("shapes that meet", "\(a) and \(b)") }
      extents.append(m == 1 ? n : m)
    }
    return try place.shape(extents)
  }

  /// A value repeated up to a shape that it meets.
  static func expand(_ value: ONNXTensor, to shape: Shape) -> ONNXTensor {
    if value.shape == shape { return value }
    if value.shape.count == shape.count { return value.reshaped(shape) }
    return value.strided(strides(of: value.shape, to: shape), shape: shape)
  }

  /// For each axis of `shape`, how far apart the elements stand of one that is repeated up to it.
  static func strides(of own: Shape, to shape: Shape) -> [Int] {
    let strides = own.strides
    return (0..<shape.rank).map { axis in
      let inner = axis - shape.rank + own.rank
      return inner < 0 || own[inner] == 1 ? 0 : strides[inner]
    }
  }
}

extension ONNXTensor {
  /// The elements that stand `strides` apart from `start` on, as an array of a shape.
  func strided(_ strides: [Int], from start: Int = 0, shape: Shape) -> ONNXTensor {
    let (last, step) = (shape.extents.last ?? 1, strides.last ?? 1)
    switch content {
    case .floats(let tensor):
      var result = Tensor(uninitialized: shape)
      result.withUnsafeMutableElements { to in
        tensor.withUnsafeElements { from in
          guard var target = to.baseAddress, let source = from.baseAddress else { return }
          shape.forEachRow(strides: strides, from: start) { row in
            switch step {
            case 1: target.update(from: source + row, count: last)
            case 0: target.update(repeating: source[row], count: last)
            default: for index in 0..<last { target[index] = source[row + index * step] }
            }
            target += last
          }
        }
      }
      return ONNXTensor(result, type: type)
    case .integers(let integers):
      var result: [Int64] = []
      result.reserveCapacity(shape.count)
      shape.forEachPlace(strides: strides, from: start) { result.append(integers[$0]) }
      return ONNXTensor(integers: result, shape: shape, type: type)
    }
  }
}
