import UnrollCore

/// An array that goes into or comes out of an ONNX graph.
///
/// Floating-point elements of any width are held as `Float`, whole numbers and booleans as `Int64`; the type says
/// what the graph calls them.
public struct ONNXTensor: Sendable {
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

    /// Whether elements are floating-point numbers of 16 bits.
    var isHalf: Bool { self == .float16 || self == .bfloat16 }

    /// Whether elements may be held as they stand in a file: whole numbers of less than 64 bits.
    var isPackable: Bool { !isFloating && width < 8 }

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

  enum Storage: Sendable {
    case floats(Tensor)
    /// Whole numbers and booleans; those of `uint64` by their bits.
    case integers([Int64])
    /// Whole numbers of less than 64 bits as they stand in a file, one after the other.
    case packed([UInt8])
  }

  /// What is computed with.
  enum Content {
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

  /// An array of packed whole numbers.
  init(packed bytes: [UInt8], shape: Shape, type: ElementType) {
    precondition(bytes.count == shape.count * type.width && type.isPackable)
    self.type = type
    self.shape = shape
    storage = .packed(bytes)
  }

  /// The elements as `Float`, in row-major order.
  public var tensor: Tensor {
    switch content {
    case .floats(let tensor): tensor
    case .integers(let integers):
      Tensor(integers.map { type == .uint64 ? Float(UInt64(bitPattern: $0)) : Float($0) }, shape: shape)
    }
  }

  /// The elements of an array of whole numbers or booleans; `nil` for others. Those of `uint64` by their bits.
  public var integers: [Int64]? {
    if case .integers(let integers) = content { return integers }
    return nil
  }

  var content: Content {
    switch storage {
    case .floats(let tensor): .floats(tensor)
    case .integers(let integers): .integers(integers)
    case .packed(let bytes): .integers(bytes.withUnsafeBytes { Self.unpacked($0, type) })
    }
  }

  /// Bytes that the elements take here.
  var byteCount: Int {
    switch storage {
    case .floats: 4 * shape.count
    case .integers: 8 * shape.count
    case .packed(let bytes): bytes.count
    }
  }

  /// Bytes that the elements take when they are computed with, beside those above.
  var unpackedByteCount: Int { if case .packed = storage { 8 * shape.count } else { 0 } }

  /// The same elements in another shape of equal count.
  func reshaped(_ shape: Shape) -> ONNXTensor {
    switch storage {
    case .floats(let tensor): ONNXTensor(tensor.reshaped(to: shape), type: type)
    case .integers(let integers): ONNXTensor(integers: integers, shape: shape, type: type)
    case .packed(let bytes): ONNXTensor(packed: bytes, shape: shape, type: type)
    }
  }

  /// Whole numbers as they stand in a file, little-endian. Truth values are 0 or 1.
  static func unpacked(_ bytes: UnsafeRawBufferPointer, _ type: ElementType) -> [Int64] {
    func read<Raw: FixedWidthInteger & BitwiseCopyable>(_: Raw.Type) -> [Int64] {
      (0..<bytes.count / MemoryLayout<Raw>.size).map { index in
        let raw = bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Raw>.size, as: Raw.self)
        return Int64(truncatingIfNeeded: Raw(littleEndian: raw))
      }
    }
    return switch type {
    case .int8: read(Int8.self)
    case .uint8: read(UInt8.self)
    case .bool: bytes.map { $0 == 0 ? 0 : 1 }
    case .int16: read(Int16.self)
    case .uint16: read(UInt16.self)
    case .int32: read(Int32.self)
    case .uint32: read(UInt32.self)
    default: read(Int64.self)
    }
  }

  /// An array of the elements that stand at the given places.
  func gathering(_ places: [Int], shape: Shape) -> ONNXTensor {
    switch content {
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

extension ONNXTensor: Equatable {
  /// Equal types, shapes and elements, however they are held.
  public static func == (a: ONNXTensor, b: ONNXTensor) -> Bool {
    guard a.type == b.type, a.shape == b.shape else { return false }
    return switch (a.content, b.content) {
    case (.floats(let x), .floats(let y)): x == y
    case (.integers(let x), .integers(let y)): x == y
    default: false
    }
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
