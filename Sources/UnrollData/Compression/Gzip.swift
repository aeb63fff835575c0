/// Files of gzip (RFC 1952): one or several members, one behind the other.
package enum Gzip {
  /// Whether bytes begin as a member does.
  package static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

  /// What the members give, joined. Each one's checksum and length are checked; zeros behind the last are passed over.
  ///
  /// - Parameter limit: the most bytes that they may give together.
  package static func unpack(_ bytes: [UInt8], name: String, limit: Int) throws(DataError) -> [UInt8] {
    do throws(CompressionFault) {
      return try unpack(bytes, limit: limit)
    } catch { throw error.error(in: name, of: "gzip data") }
  }

  /// Reads a whole file, and unpacks it when it is gzip.
  package static func bytes(at path: String, limit: Int = TextFile.maximumSize) throws(DataError) -> [UInt8] {
    let bytes = try TextFile.bytes(at: path)
    return isGzip(bytes) ? try unpack(bytes, name: path, limit: limit) : bytes
  }

  static func unpack(_ bytes: [UInt8], limit: Int) throws(CompressionFault) -> [UInt8] {
    var output: [UInt8] = []
    var position = 0
    repeat {
      let start = try endOfHeader(bytes, from: position)
      var inflater = Inflater(bytes, from: start, limit: limit - output.count)
      let member: [UInt8]
      do throws(CompressionFault) { member = try inflater.unpack() } catch {
        throw if case .tooLarge = error { .tooLarge(limit: limit) } else { error }
      }
      position = inflater.position
      guard position + 8 <= bytes.count else { throw .truncated }
      var sum = CRC32()
      sum.add(member, in: 0..<member.count)
      guard sum.value == UInt32(littleEndian: bytes, at: position),
        UInt32(truncatingIfNeeded: member.count) == UInt32(littleEndian: bytes, at: position + 4)
      else { throw .checksum }
      position += 8
      if output.isEmpty { output = member } else { output += member }
      while position < bytes.count, bytes[position] == 0 { position += 1 }
    } while position < bytes.count
    return output
  }

  private enum Flag {
    static let headerChecksum: UInt8 = 2
    static let extra: UInt8 = 4
    static let name: UInt8 = 8
    static let comment: UInt8 = 16
    static let reserved: UInt8 = 0xE0
  }

  private static func endOfHeader(_ bytes: [UInt8], from start: Int) throws(CompressionFault) -> Int {
    let magic: [UInt8] = [0x1F, 0x8B]
    guard bytes[start...].starts(with: magic) || magic.starts(with: bytes[start...]) else {
      throw .invalid("no member of gzip at byte \(start)")
    }
    guard start + 10 <= bytes.count else { throw .truncated }
    guard bytes[start + 2] == 8 else { throw .invalid("a method that is not deflate") }
    let flags = bytes[start + 3]
    guard flags & Flag.reserved == 0 else { throw .invalid("unknown flags") }
    var position = start + 10
    if flags & Flag.extra != 0 {
      guard position + 2 <= bytes.count else { throw .truncated }
      position += 2 + Int(bytes[position]) + Int(bytes[position + 1]) << 8
    }
    for flag in [Flag.name, Flag.comment] where flags & flag != 0 {
      guard position < bytes.count, let zero = bytes[position...].firstIndex(of: 0) else { throw .truncated }
      position = zero + 1
    }
    if flags & Flag.headerChecksum != 0 {
      guard position + 2 <= bytes.count else { throw .truncated }
      var sum = CRC32()
      sum.add(bytes, in: start..<position)
      guard sum.value & 0xFFFF == UInt32(bytes[position]) | UInt32(bytes[position + 1]) << 8 else {
        throw .checksum
      }
      position += 2
    }
    guard position < bytes.count else { throw .truncated }
    return position
  }
}

/// Data of zlib (RFC 1950): deflate with a small frame.
package enum Zlib {
  /// What the data becomes, its checksum checked.
  package static func unpack(_ bytes: [UInt8], limit: Int) throws(CompressionFault) -> [UInt8] {
    var inflater = try inflater(bytes, limit: limit)
    let output = try inflater.unpack()
    let end = inflater.position
    guard end + 4 <= bytes.count else { throw .truncated }
    guard Adler32.of(output) == UInt32(bigEndian: bytes, at: end) else { throw .checksum }
    return output
  }

  /// An inflater that stands behind the frame's header.
  package static func inflater(
    _ bytes: [UInt8], limit: Int, stopsAtLimit: Bool = false
  ) throws(CompressionFault) -> Inflater {
    guard bytes.count >= 2 else { throw .truncated }
    guard bytes[0] & 0x0F == 8, bytes[0] >> 4 <= 7, (Int(bytes[0]) << 8 | Int(bytes[1])) % 31 == 0 else {
      throw .invalid("no header of zlib")
    }
    guard bytes[1] & 0x20 == 0 else { throw .invalid("a preset dictionary") }
    return Inflater(bytes, from: 2, limit: limit, stopsAtLimit: stopsAtLimit)
  }

  /// Data of zlib that becomes these bytes.
  package static func pack(_ bytes: [UInt8]) -> [UInt8] {
    let sum = Adler32.of(bytes)
    var output: [UInt8] = [0x78, 0x9C]
    output += Deflater.pack(bytes)
    for shift in [24, 16, 8, 0] as [UInt32] { output.append(UInt8(truncatingIfNeeded: sum >> shift)) }
    return output
  }
}

extension FixedWidthInteger {
  /// An integer whose lowest byte comes first. Its bytes must be there.
  package init(littleEndian bytes: [UInt8], at position: Int) {
    self = 0
    for index in (0..<(Self.bitWidth / 8)).reversed() {
      self = self << 8 | Self(truncatingIfNeeded: bytes[position + index])
    }
  }

  /// An integer whose highest byte comes first. Its bytes must be there.
  package init(bigEndian bytes: [UInt8], at position: Int) {
    self = 0
    for index in 0..<(Self.bitWidth / 8) {
      self = self << 8 | Self(truncatingIfNeeded: bytes[position + index])
    }
  }
}
