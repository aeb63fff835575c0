import UnrollCore

/// An array that goes into or comes out of an ONNX graph.
///
/// Floating-point elements of any width are held as `Float`, whole numbers and booleans as `Int64`; the type says
/// what the graph calls them.
public struct ONNXTensor: Sendable, Equatable {
  /// The element types that are read, by their numbers in the format.
  public enum ElementType: Int, Sendable, CaseIterable {
    case float = 1
    case uint8 = 2
    case int8 = 3
    case uint16 = 4
    case int16 = 5
    case int32 = 6
    case int64 = 7
    case bool = 9
    case float16 = 10
    case double = 11
    case uint32 = 12
    case uint64 = 13
    case bfloat16 = 16

    /// Whether elements are held as `Float`.
    public var isFloating: Bool {
      switch self {
      case .float, .float16, .double, .bfloat16: true
      default: false
      }
    }

    /// Bytes of an element in a file.
    var width: Int {
      switch self {
      case .uint8, .int8, .bool: 1
      case .uint16, .int16, .float16, .bfloat16: 2
      case .float, .int32, .uint32: 4
      case .int64, .uint64, .double: 8
      }
    }
  }

  enum Storage: Sendable, Equatable {
    case floats(Tensor)
    case integers([Int64])
  }

  public let type: ElementType
  /// The extent of each axis.
  public let shape: Shape
  let storage: Storage

  /// An array of `Float`.
  public init(_ tensor: Tensor) { self.init(tensor, type: .float) }

  /// An array of whole numbers in row-major order; `nil` when they do not fill the shape or the type is not one of
  /// whole numbers or booleans.
  public init?(_ integers: [Int64], shape: Shape, type: ElementType = .int64) {
    guard !type.isFloating, integers.count == shape.count else { return nil }
    self.init(integers: integers, shape: shape, type: type)
  }

  package init(_ tensor: Tensor, type: ElementType) {
    self.type = type
    shape = tensor.shape
    storage = .floats(tensor)
  }

  package init(integers: [Int64], shape: Shape, type: ElementType = .int64) {
    precondition(integers.count == shape.count)
    self.type = type
    self.shape = shape
    storage = .integers(integers)
  }

  /// The elements as `Float`, in row-major order.
  public var tensor: Tensor {
    switch storage {
    case .floats(let tensor): tensor
    case .integers(let integers): Tensor(integers.map { Float($0) }, shape: shape)
    }
  }

  /// The elements of an array of whole numbers or booleans; `nil` for others.
  public var integers: [Int64]? {
    if case .integers(let integers) = storage { return integers }
    return nil
  }

  /// Bytes that the elements take here.
  var byteCount: Int {
    switch storage {
    case .floats: 4 * shape.count
    case .integers: 8 * shape.count
    }
  }

  /// The same elements in another shape of equal count.
  func reshaped(_ shape: Shape) -> ONNXTensor {
    switch storage {
    case .floats(let tensor): ONNXTensor(tensor.reshaped(to: shape), type: type)
    case .integers(let integers): ONNXTensor(integers: integers, shape: shape, type: type)
    }
  }

  /// An array of the elements that stand at the given places.
  func gathering(_ places: [Int], shape: Shape) -> ONNXTensor {
    switch storage {
    case .floats(let tensor):
      var result = Tensor(uninitialized: shape)
      result.withUnsafeMutableElements { to in
        tensor.withUnsafeElements { from in
          for (index, place) in places.enumerated() { to[index] = from[place] }
        }
      }
      return ONNXTensor(result, type: type)
    case .integers(let integers):
      return ONNXTensor(integers: places.map { integers[$0] }, shape: shape, type: type)
    }
  }

  /// Arrays of one type, one after the other in memory.
  static func joined(_ parts: [ONNXTensor], shape: Shape) -> ONNXTensor {
    if parts[0].type.isFloating {
      var result = Tensor(uninitialized: shape)
      result.withUnsafeMutableElements { to in
        var start = 0
        for part in parts {
          part.tensor.withUnsafeElements { from in
            for index in from.indices { to[start + index] = from[index] }
            start += from.count
          }
        }
      }
      return ONNXTensor(result, type: parts[0].type)
    }
    return ONNXTensor(integers: parts.flatMap { $0.integers ?? [] }, shape: shape, type: parts[0].type)
  }
}

/// Shapes from files and from arithmetic at run time, checked before memory is made for them.
enum CheckedShape {
  /// The most elements of one array.
  static let maximumElements = 1 << 30
  /// The most axes.
  static let maximumRank = 64

  /// A shape, or `nil` when an extent is negative, or there are too many axes or elements.
  static func make(_ extents: [Int], maximumElements: Int = maximumElements) -> Shape? {
    guard extents.count <= maximumRank else { return nil }
    var product = 1
    for extent in extents {
      guard extent >= 0 else { return nil }
      // Zeros are left out, so that no partial product can overflow later on.
      let (next, overflow) = product.multipliedReportingOverflow(by: max(1, extent))
      guard !overflow, next <= maximumElements else { return nil }
      product = next
    }
    return Shape(extents)
  }
}
