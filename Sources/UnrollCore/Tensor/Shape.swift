/// The extents of a tensor, outermost first.
///
/// An empty shape is a scalar. An extent may be zero: such a tensor has no elements and is legal everywhere.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// The extent of each axis.
  public let extents: [Int]

  /// Makes a shape from extents, none of which may be negative.
  public init(_ extents: [Int]) {
    require(extents.allSatisfy { $0 >= 0 }, "Shape: an extent is negative: \(extents)")
    self.extents = extents
  }

  public init(arrayLiteral elements: Int...) { self.init(elements) }

  /// The number of axes.
  public var rank: Int { extents.count }

  /// The number of elements: the product of the extents, 1 for a scalar.
  public var count: Int {
    var count = 1
    for extent in extents {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      if overflow {
        if extents.contains(0) { return 0 }
        stop("Shape: too many elements: \(extents)")
      }
      count = product
    }
    return count
  }

  /// The extent of an axis; negative axes count from the last.
  public subscript(axis: Int) -> Int {
    let index = axis < 0 ? axis + extents.count : axis
    require(extents.indices.contains(index), "Shape: there is no axis \(axis) in the shape \(self)")
    return extents[index]
  }

  /// All axes but the last, multiplied: the number of rows when the tensor is seen as a matrix.
  public var rows: Int { extents.dropLast().reduce(1, *) }

  /// The last extent: the number of columns when the tensor is seen as a matrix; 1 for a scalar.
  public var columns: Int { extents.last ?? 1 }

  public var description: String { "[" + extents.map(String.init).joined(separator: ", ") + "]" }
}

/// Two shapes that should have fitted and did not.
public struct ShapeError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Where the shapes met, such as `LSTMCell.weightInput`.
  public let place: String
  /// What the place takes, in words or as a shape.
  public let expected: String
  /// The shape that came.
  public let found: Shape

  public init(place: String, expected: String, found: Shape) {
    self.place = place
    self.expected = expected
    self.found = found
  }

  public var description: String { "\(place): expected \(expected), found the shape \(found)" }
}
