/// Ends the process with a message when the program that calls the library has made a mistake, such as adding tensors
/// whose shapes do not fit.
///
/// Unlike `precondition` it keeps its message in release builds. What a user's file or input can cause is never
/// reported this way: that is a thrown error.
@inline(__always)
package func require(_ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String) {
  if !condition() { stop(message()) }
}

/// Ends the process with a message about a mistake of the calling program.
@inline(never)
package func stop(_ message: String) -> Never { fatalError(message) }

extension Shape {
  /// The number of an axis from the first, checked.
  ///
  /// - Parameters:
  ///   - axis: from the first, or negative: from the last.
  ///   - operation: named in the message when there is no such axis.
  func index(of axis: Int, _ operation: @autoclosure () -> String) -> Int {
    let index = axis < 0 ? axis + rank : axis
    require(index >= 0 && index < rank, "\(operation()): there is no axis \(axis) in the shape \(self)")
    return index
  }

  /// This shape seen from one of its axes: the extents before it, its own, and those after it, multiplied.
  func around(_ axis: Int) -> (outer: Int, extent: Int, inner: Int) {
    (
      extents[..<axis].reduce(1, *), extents[axis], extents[(axis + 1)...].reduce(1, *)
    )
  }

  /// The same with another extent of an axis, or without it.
  func replacing(_ axis: Int, by extent: Int?) -> Shape {
    var extents = extents
    if let extent { extents[axis] = extent } else { extents.remove(at: axis) }
    return Shape(extents)
  }

  /// The shape to which two are repeated so that they fit, axis by axis from the last: extents that are equal, or of
  /// which one is 1. `nil` when there is none.
  static func broadcast(_ a: Shape, _ b: Shape) -> Shape? {
    let rank = max(a.rank, b.rank)
    var extents = Array(repeating: 1, count: rank)
    for axis in 1...max(1, rank) where axis <= rank {
      let (x, y) = (axis <= a.rank ? a[-axis] : 1, axis <= b.rank ? b[-axis] : 1)
      guard x == y || x == 1 || y == 1 else { return nil }
      extents[rank - axis] = x == 1 ? y : x
    }
    return Shape(extents)
  }
}
