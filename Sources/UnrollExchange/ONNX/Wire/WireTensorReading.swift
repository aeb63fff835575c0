import UnrollCore
import UnrollTraining

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

extension ONNXTensor {
  /// The array that a message of a file holds by itself.
  package init(_ wire: WireTensor, file: String, place: String) throws(ExchangeError) {
    try self.init(wire, file: file, place: place, external: nil)
  }

  /// The array that a message holds, its size checked against its data before memory is made.
  ///
  /// - Parameter external: the files beside the model that may hold data.
  init(
    _ wire: WireTensor, file: String, place: String, external: ExternalFiles?
  ) throws(ExchangeError) {
    func refused(_ reason: ExchangeError.Reason, _ expected: String, _ found: String) -> ExchangeError {
      ExchangeError(reason, file: file, place: place, expected: expected, found: found)
    }
    guard let type = ElementType(rawValue: Int(wire.dataType)) else {
      throw refused(.unsupported, "an element type of numbers or booleans", "type \(wire.dataType)")
    }
    guard let shape = CheckedShape.make(wire.dims.map { Int(clamping: $0) }) else {
      throw refused(
        .damaged, "extents of at most \(CheckedShape.maximumElements) elements", "\(wire.dims.prefix(9))")
    }
    func check(_ count: Int, _ what: String = "elements", times width: Int = 1) throws(ExchangeError) {
      guard count == shape.count * width else {
        throw refused(
          .damaged, "\(shape.count * width) \(what) for \(type) of shape \(shape)", "\(count)")
      }
    }
    let lists = [
      wire.floatData.count, wire.int32Data.count, wire.int64Data.count, wire.doubleData.count,
      wire.uint64Data.count,
    ]
    guard lists.filter({ $0 > 0 }).count + (wire.rawData.isEmpty ? 0 : 1) <= 1 else {
      throw refused(.damaged, "data in one form", "data in several")
    }
    if wire.isExternal {
      guard wire.hasNoData else { throw refused(.damaged, "data in one form", "external data and others") }
      guard let external else { throw refused(.unsupported, "data within the file", "external data") }
      let bytes = try external.bytes(of: wire, place: place)
      try check(bytes.count, "bytes of external data", times: type.width)
      self = Self.decode(bytes, shape, type)
      return
    }
    if !wire.rawData.isEmpty {
      try check(wire.rawData.count, "bytes", times: type.width)
      self = wire.rawData.withUnsafeBytes { Self.decode($0, shape, type) }
      return
    }
    switch type {
    case .float:
      try check(wire.floatData.count)
      self.init(Tensor(wire.floatData, shape: shape), type: type)
    case .double:
      try check(wire.doubleData.count)
      self.init(Tensor(wire.doubleData.map { Float($0) }, shape: shape), type: type)
    case .float16, .bfloat16:
      try check(wire.int32Data.count)
      let bits = wire.int32Data.map { UInt16(truncatingIfNeeded: $0) }
      self.init(
        Tensor(
          bits.map { type == .float16 ? Safetensors.float(half: $0) : Self.float(brain: $0) }, shape: shape),
        type: type)
    case .int64:
      try check(wire.int64Data.count)
      self.init(integers: wire.int64Data, shape: shape, type: type)
    case .uint32, .uint64:
      try check(wire.uint64Data.count)
      self.init(integers: wire.uint64Data.map { Int64(bitPattern: $0) }, shape: shape, type: type)
    case .int32, .int16, .int8, .uint16, .uint8, .bool:
      try check(wire.int32Data.count)
      let integers = wire.int32Data.map { number in
        type == .bool ? (number == 0 ? 0 : 1) : Operators.wrapped(Int64(number), type)
      }
      self.init(integers: integers, shape: shape, type: type)
    }
  }

  private static func float(brain bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

  /// Elements that fill a shape, little-endian.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, _ shape: Shape, _ type: ElementType
  ) -> ONNXTensor {
    func floats<Raw: BitwiseCopyable>(_: Raw.Type, _ convert: (Raw) -> Float) -> ONNXTensor {
      var result = Tensor(uninitialized: shape)
      result.withUnsafeMutableElements { elements in
        for index in elements.indices {
          elements[index] = convert(
            bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Raw>.size, as: Raw.self))
        }
      }
      return ONNXTensor(result, type: type)
    }
    return switch type {
    case .float: floats(UInt32.self) { Float(bitPattern: UInt32(littleEndian: $0)) }
    case .double: floats(UInt64.self) { Float(Double(bitPattern: UInt64(littleEndian: $0))) }
    case .float16: floats(UInt16.self) { Safetensors.float(half: UInt16(littleEndian: $0)) }
    case .bfloat16: floats(UInt16.self) { float(brain: UInt16(littleEndian: $0)) }
    case .int64, .uint64: ONNXTensor(integers: unpacked(bytes, type), shape: shape, type: type)
    default: ONNXTensor(packed: Array(bytes), shape: shape, type: type)
    }
  }
}

extension WireTensor {
  /// Whether its data stand in a file beside the model.
  var isExternal: Bool { dataLocation != 0 || !externalData.isEmpty }

  /// Whether it has a shape alone.
  var hasNoData: Bool {
    rawData.isEmpty && floatData.isEmpty && int32Data.isEmpty && int64Data.isEmpty && doubleData.isEmpty
      && uint64Data.isEmpty
  }
}
