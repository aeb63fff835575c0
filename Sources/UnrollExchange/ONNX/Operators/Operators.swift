import UnrollCore

/// The operators of ONNX that are known, each with what makes its operation from a node's attributes.
///
/// A maker asks for every attribute that it knows; the reader refuses the rest by name. Versions of the operator
/// set from 7 on are read: where an operator changed since, its maker looks at the version.
package enum Operators {
  /// - Parameter definition: whether recurrent nodes must run step by step.
  typealias Maker =
    @Sendable (_ node: inout NodeReader, _ definition: Bool) throws(ExchangeError) -> Operation

  static let versions = 7...26

  static let table: [String: Maker] =
    elementwise.merging(shaping) { first, _ in first }
    .merging(indexing) { first, _ in first }
    .merging(products) { first, _ in first }
    .merging(reductions) { first, _ in first }
    .merging(recurrent) { first, _ in first }
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
      throw place.refused("floating-point numbers as input \(index)", "\(value.type)")
    }
    return tensor
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
    guard count > 0 else { return }
    guard rank > 0 else { return body(start) }
    var index = Array(repeating: 0, count: rank)
    var place = start
    let (last, step) = (extents[rank - 1], strides[rank - 1])
    while true {
      var inner = place
      for _ in 0..<last {
        body(inner)
        inner += step
      }
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
    let own = value.shape.strides
    let strides = (0..<shape.rank).map { axis -> Int in
      let inner = axis - shape.rank + value.shape.rank
      return inner < 0 || value.shape[inner] == 1 ? 0 : own[inner]
    }
    return value.gathering(shape.places(strides: strides), shape: shape)
  }
}
