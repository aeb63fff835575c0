import UnrollCore

extension Safetensors {
  /// The numbers of one tensor. `bytes` holds exactly the elements that the entry tells.
  static func tensor(
    _ entry: SafetensorsHeader.Entry, _ bytes: UnsafeRawBufferPointer, file: String
  ) throws(ModelFileError) -> Tensor {
    switch entry.type {
    case .single:
      return fill(entry.shape, bytes, UInt32.self) { Float(bitPattern: UInt32(littleEndian: $0)) }
    case .double:
      return fill(entry.shape, bytes, UInt64.self) { Float(Double(bitPattern: UInt64(littleEndian: $0))) }
    case .half: return fill(entry.shape, bytes, UInt16.self) { float(half: UInt16(littleEndian: $0)) }
    case .brain:
      return fill(entry.shape, bytes, UInt16.self) {
        Float(bitPattern: UInt32(UInt16(littleEndian: $0)) << 16)
      }
    case .long: return fill(entry.shape, bytes, Int64.self) { Float(Int64(littleEndian: $0)) }
    case .int: return fill(entry.shape, bytes, Int32.self) { Float(Int32(littleEndian: $0)) }
    case .byte: return fill(entry.shape, bytes, UInt8.self) { Float($0) }
    case .boolean:
      try checkBoolean(entry, bytes, file: file)
      return fill(entry.shape, bytes, UInt8.self) { Float($0) }
    }
  }

  private static func checkBoolean(
    _ entry: SafetensorsHeader.Entry, _ bytes: UnsafeRawBufferPointer, file: String
  ) throws(ModelFileError) {
    guard let wrong = bytes.first(where: { $0 > 1 }) else { return }
    throw ModelFileError(
      .damaged, file: file, place: "tensor \"\(entry.name)\"", expected: "BOOL values 0 and 1",
      found: "\(wrong)")
  }

  /// Finds what is wrong with elements before memory is made for any of them.
  static func checkBooleans(
    _ header: SafetensorsHeader, _ data: UnsafeRawBufferPointer, file: String
  ) throws(ModelFileError) {
    for entry in header.entries where entry.type == .boolean {
      try checkBoolean(entry, UnsafeRawBufferPointer(rebasing: data[entry.range]), file: file)
    }
  }

  @inline(__always) private static func fill<Raw: BitwiseCopyable>(
    _ shape: Shape, _ bytes: UnsafeRawBufferPointer, _ type: Raw.Type, _ convert: (Raw) -> Float
  ) -> Tensor {
    var result = Tensor(uninitialized: shape)
    let width = MemoryLayout<Raw>.size
    precondition(bytes.count == shape.count * width)
    result.withUnsafeMutableElements { elements in
      for index in elements.indices {
        elements[index] = convert(bytes.loadUnaligned(fromByteOffset: index &* width, as: Raw.self))
      }
    }
    return result
  }

  /// A number in IEEE 754 half precision. By hand, because `Float16` does not exist on every platform.
  package static func float(half bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1f
    let mantissa = UInt32(bits & 0x3ff)
    switch exponent {
    case 0:
      let size = Float(mantissa) * 0x1p-24
      return sign == 0 ? size : -size
    case 31: return Float(bitPattern: sign | 0x7f80_0000 | mantissa << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | mantissa << 13)
    }
  }
}
