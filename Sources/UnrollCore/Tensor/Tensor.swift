/// Numbers in rows: an n-dimensional array of `Float`, row-major, with value semantics.
///
/// Copies share memory until one of them is written. Tensors hold numbers only; to differentiate, see
/// `Variable`.
public struct Tensor: Sendable {
  /// The extent of each axis.
  public let shape: Shape
  package var storage: TensorStorage

  /// A tensor whose elements are not yet written.
  package init(uninitialized shape: Shape, precision: Precision = .single) {
    self.shape = shape
    storage = TensorStorage(count: shape.count, precision: precision)
  }

  package init(shape: Shape, sharing storage: TensorStorage) {
    require(storage.count == shape.count, "Tensor: \(storage.count) elements do not fill the shape \(shape)")
    self.shape = shape
    self.storage = storage
  }

  /// A tensor of the given elements, in row-major order.
  public init(_ elements: [Float], shape: Shape) {
    require(
      elements.count == shape.count, "Tensor: \(elements.count) elements do not fill the shape \(shape)")
    self.init(uninitialized: shape)
    elements.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { storage.floats.update(from: base, count: source.count) }
    }
  }

  /// A vector of the given elements.
  public init(_ elements: [Float]) { self.init(elements, shape: [elements.count]) }

  /// A tensor with no axes.
  public init(_ scalar: Float) { self.init([scalar], shape: []) }

  /// A tensor that holds one value everywhere.
  public init(repeating value: Float, shape: Shape) {
    self.init(repeating: Double(value), shape: shape, precision: .single)
  }

  package init(repeating value: Double, shape: Shape, precision: Precision) {
    self.init(uninitialized: shape, precision: precision)
    switch precision {
    case .single: storage.floats.update(repeating: Float(value), count: shape.count)
    case .double: storage.doubles.update(repeating: value, count: shape.count)
    }
  }

  /// A tensor of zeros.
  public static func zeros(_ shape: Shape) -> Tensor { Tensor(repeating: 0, shape: shape) }

  package init(doubles elements: [Double], shape: Shape) {
    require(
      elements.count == shape.count, "Tensor: \(elements.count) elements do not fill the shape \(shape)")
    self.init(uninitialized: shape, precision: .double)
    for (index, element) in elements.enumerated() { storage.doubles[index] = element }
  }

  package var precision: Precision { storage.precision }
  var address: UnsafeRawPointer { UnsafeRawPointer(storage.address) }
  /// For memory that was just made and has no other owner.
  var mutableAddress: UnsafeMutableRawPointer { storage.address }

  /// The elements, copied, in row-major order.
  public var elements: [Float] {
    switch precision {
    case .single: Array(UnsafeBufferPointer(start: storage.floats, count: shape.count))
    case .double: (0..<shape.count).map { Float(storage.doubles[$0]) }
    }
  }

  package var doubles: [Double] {
    switch precision {
    case .single: (0..<shape.count).map { Double(storage.floats[$0]) }
    case .double: Array(UnsafeBufferPointer(start: storage.doubles, count: shape.count))
    }
  }

  /// The elements as `Float`, four bytes each, the lowest first.
  package var littleEndianBytes: [UInt8] {
    elements.map(\.bitPattern.littleEndian).withUnsafeBytes { Array($0) }
  }

  /// The only element of a tensor with one element.
  public var scalar: Float {
    require(shape.count == 1, "Tensor.scalar: one element was expected, found the shape \(shape)")
    return precision == .single ? storage.floats[0] : Float(storage.doubles[0])
  }

  /// The element at a row-major position.
  ///
  /// For many elements at once, `withUnsafeElements` and `withUnsafeMutableElements` are faster.
  public subscript(index: Int) -> Float {
    get {
      require(
        index >= 0 && index < storage.count, "Tensor: there is no element \(index) in the shape \(shape)")
      return precision == .single ? storage.floats[index] : Float(storage.doubles[index])
    }
    set {
      require(
        index >= 0 && index < storage.count, "Tensor: there is no element \(index) in the shape \(shape)")
      makeUnique()
      if precision == .single {
        storage.floats[index] = newValue
      } else {
        storage.doubles[index] = Double(newValue)
      }
    }
  }

  /// The element at a place of a matrix, or of a tensor of higher rank: `x[step, sequence, feature]`.
  public subscript(first: Int, second: Int, rest: Int...) -> Float {
    get { self[position(first, second, rest)] }
    set { self[position(first, second, rest)] = newValue }
  }

  private func position(_ first: Int, _ second: Int, _ rest: [Int]) -> Int {
    let indices = [first, second] + rest
    require(
      indices.count == shape.rank && zip(indices, shape.extents).allSatisfy { $0 >= 0 && $0 < $1 },
      "Tensor: there is no element \(indices) in the shape \(shape)")
    return zip(indices, shape.extents).reduce(0) { $0 * $1.1 + $1.0 }
  }

  /// The same elements in another shape of equal count; nothing is copied.
  public func reshaped(to shape: Shape) -> Tensor {
    require(
      shape.count == self.shape.count,
      "reshaped(to:): the shape \(self.shape) of \(self.shape.count) elements does not become \(shape) of \(shape.count)"
    )
    return Tensor(shape: shape, sharing: storage)
  }

  /// The same numbers held in the other precision.
  package func converted(to precision: Precision) -> Tensor {
    guard precision != self.precision else { return self }
    let result = Tensor(uninitialized: shape, precision: precision)
    for index in 0..<shape.count {
      if precision == .double {
        result.storage.doubles[index] = Double(storage.floats[index])
      } else {
        result.storage.floats[index] = Float(storage.doubles[index])
      }
    }
    return result
  }

  /// Whether nobody else has this value's memory; panels made of it are dropped then, for it is about to be written.
  mutating func isUnique() -> Bool {
    guard isKnownUniquelyReferenced(&storage) else { return false }
    storage.dropPanels()
    return true
  }

  /// Makes this value the only owner of its memory before it is written.
  package mutating func makeUnique() {
    if isUnique() { return }
    let copy = TensorStorage(count: storage.count, precision: storage.precision)
    copy.address.copyMemory(from: storage.address, byteCount: storage.count * precision.stride)
    storage = copy
  }

  /// Calls `body` with the elements; they stay valid during the call.
  public func withUnsafeElements<R>(_ body: (UnsafeBufferPointer<Float>) throws -> R) rethrows -> R {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: storage.floats, count: shape.count))
  }

  /// Calls `body` with the elements for writing, after making this value their only owner.
  public mutating func withUnsafeMutableElements<R>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws -> R
  ) rethrows -> R {
    makeUnique()
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeMutableBufferPointer(start: storage.floats, count: shape.count))
  }
}

extension Tensor: Equatable {
  /// Equal shapes and equal elements (`NaN` differs from itself).
  public static func == (a: Tensor, b: Tensor) -> Bool {
    a.shape == b.shape && a.precision == b.precision
      && (a.precision == .single ? a.elements == b.elements : a.doubles == b.doubles)
  }
}

extension Tensor: CustomStringConvertible {
  public var description: String {
    let shown = elements.prefix(8).map { "\($0)" }.joined(separator: ", ")
    return "Tensor\(shape)(\(shown)\(shape.count > 8 ? ", …" : ""))"
  }
}
