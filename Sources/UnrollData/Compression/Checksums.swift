/// The checksum of gzip, ZIP and PNG: CRC-32 of ISO 3309, with the reflected polynomial 0xEDB88320.
package struct CRC32: Sendable {
  private var state: UInt32 = 0xFFFF_FFFF

  package init() {}

  /// The checksum of all bytes taken in so far.
  package var value: UInt32 { ~state }

  /// The checksum of some bytes.
  package static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var sum = CRC32()
    for byte in bytes { sum.state = sum.state >> 8 ^ table[Int((sum.state ^ UInt32(byte)) & 0xFF)] }
    return sum.value
  }

  /// Takes in a part of a list of bytes.
  ///
  /// Eight bytes at a time: table `k` holds what a byte does to the state `k` bytes later, so that eight look-ups do not
  /// wait for each other (Kounavis and Berry 2005).
  package mutating func add(_ bytes: [UInt8], in range: Range<Int>) {
    let table = Self.table
    var crc = state
    var position = range.lowerBound
    while position + 8 <= range.upperBound {
      crc ^= UInt32(bytes[position]) | UInt32(bytes[position + 1]) << 8
      crc ^= UInt32(bytes[position + 2]) << 16 | UInt32(bytes[position + 3]) << 24
      var next = table[0x700 + Int(crc & 0xFF)] ^ table[0x600 + Int(crc >> 8 & 0xFF)]
      next ^= table[0x500 + Int(crc >> 16 & 0xFF)] ^ table[0x400 + Int(crc >> 24)]
      next ^= table[0x300 + Int(bytes[position + 4])] ^ table[0x200 + Int(bytes[position + 5])]
      crc = next ^ table[0x100 + Int(bytes[position + 6])] ^ table[Int(bytes[position + 7])]
      position += 8
    }
    while position < range.upperBound {
      crc = crc >> 8 ^ table[Int((crc ^ UInt32(bytes[position])) & 0xFF)]
      position += 1
    }
    state = crc
  }

  /// Eight tables of 256, one after the other.
  private static let table: [UInt32] = {
    var table = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
      table[byte] = value
    }
    for index in 256..<table.count {
      let before = table[index - 256]
      table[index] = before >> 8 ^ table[Int(before & 0xFF)]
    }
    return table
  }()
}

/// The checksum of zlib (RFC 1950): two sums modulo 65521.
package enum Adler32 {
  package static func of(_ bytes: [UInt8]) -> UInt32 {
    var (a, b) = (UInt32(1), UInt32(0))
    var position = 0
    while position < bytes.count {
      // 5552 bytes are the most whose sums stay within 32 bits.
      let end = min(bytes.count, position + 5552)
      for index in position..<end {
        a &+= UInt32(bytes[index])
        b &+= a
      }
      a %= 65521
      b %= 65521
      position = end
    }
    return b << 16 | a
  }
}
