/// The members of a ZIP archive (PKWARE APPNOTE 6.3), as NumPy's `.npz` and PyTorch's `.pt` are: stored or deflated, with
/// 64-bit sizes where they are needed.
///
/// Nothing of an archive is trusted: the directory must lie right before its end record, members inside the file and beside
/// each other, names only once, and a member must have the size and the checksum that it states. Encryption and other
/// methods of compression are refused by name.
package final class ZipArchive {
  /// A member, as the directory states it.
  package struct Entry: Sendable, Equatable {
    package let name: String
    /// The member's size once unpacked, in bytes.
    package let size: Int
    let packedSize: Int
    let isDeflated: Bool
    let checksum: UInt32
    /// Where the member's own header begins.
    let offset: Int
  }

  /// The archive's name, as it was given.
  package let name: String
  /// The members in the directory's order.
  package let entries: [Entry]
  private let source: ByteSource
  private let size: Int
  /// Most directories need about a hundred bytes a member.
  static let largestDirectory = 1 << 26

  /// Whether bytes begin as an archive does.
  package static func isZip(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: [0x50, 0x4B, 3, 4]) || bytes.starts(with: [0x50, 0x4B, 5, 6])
  }

  /// Opens an archive; its members are read when they are asked for.
  package convenience init(path: String) throws(DataError) { try self.init(try ByteSource(path: path)) }

  /// An archive in memory.
  package convenience init(_ bytes: [UInt8], name: String) throws(DataError) {
    try self.init(ByteSource(bytes, name: name))
  }

  private init(_ source: ByteSource) throws(DataError) {
    self.source = source
    name = source.name
    size = source.size
    let tail = try Self.read(source, max(0, size - 65_557)..<size)
    guard let end = Self.endRecord(in: tail) else {
      throw Self.damaged(name, "it has no directory at its end")
    }
    var directory = ZipDirectoryPlace(tail, end: end, tailOffset: size - tail.count)
    let locator = try Self.read(source, max(0, directory.endOffset - 20)..<directory.endOffset)
    // PyTorch writes 64-bit records even where every value fits.
    if locator.count == 20, locator.starts(with: [0x50, 0x4B, 6, 7]) {
      guard let place = Int(exactly: UInt64(littleEndian: locator, at: 8)),
        place <= directory.endOffset - 20 - 56,
        directory.widen(try Self.read(source, place..<(place + 56)), at: place)
      else { throw Self.damaged(name, "its 64-bit directory is not where it should be") }
    }
    guard directory.offset >= 0, directory.size >= 0, directory.size <= Self.largestDirectory,
      directory.offset <= directory.endOffset, directory.endOffset - directory.offset == directory.size
    else { throw Self.damaged(name, "its directory is not where it should be") }
    let bytes = try Self.read(source, directory.offset..<directory.endOffset)
    entries = try Self.entries(bytes, count: directory.count, limit: directory.offset, name: name)
  }

  /// The member of a name.
  package func entry(_ name: String) -> Entry? { entries.first { $0.name == name } }

  /// What a member holds.
  ///
  /// - Parameter limit: the most bytes that it may be.
  package func contents(of entry: Entry, limit: Int) throws(DataError) -> [UInt8] {
    let what = "member \(quoted(entry.name))"
    guard entry.size <= limit else {
      throw DataError(
        .tooLarge, file: name, expected: "a \(what) of at most \(limit) bytes", found: "\(entry.size) bytes")
    }
    let header = try Self.read(source, entry.offset..<(entry.offset + 30))
    guard header.starts(with: [0x50, 0x4B, 3, 4]) else { throw damaged("\(what) is not where it should be") }
    let start =
      entry.offset + 30 + Int(UInt16(littleEndian: header, at: 26))
      + Int(UInt16(littleEndian: header, at: 28))
    guard start + entry.packedSize <= size else { throw damaged("\(what) is cut off") }
    let packed = try Self.read(source, start..<(start + entry.packedSize))
    var bytes = packed
    if entry.isDeflated {
      do throws(CompressionFault) {
        bytes = try Inflater.raw(packed, limit: entry.size)
      } catch { throw error.error(in: name, of: what) }
    }
    var sum = CRC32()
    sum.add(bytes, in: 0..<bytes.count)
    guard bytes.count == entry.size, sum.value == entry.checksum else {
      throw CompressionFault.checksum.error(in: name, of: what)
    }
    return bytes
  }

  /// Reads a range that must be there; memory grows with what is.
  private static func read(_ source: ByteSource, _ range: Range<Int>) throws(DataError) -> [UInt8] {
    guard range.upperBound <= source.size else { throw damaged(source.name, "it is cut off") }
    try source.seek(to: range)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    while bytes.count < range.count {
      guard try source.read(into: &bytes) else { throw damaged(source.name, "it is cut off") }
    }
    return bytes
  }

  /// Where the end record stands: the last one whose comment reaches the end of the file.
  private static func endRecord(in tail: [UInt8]) -> Int? {
    guard tail.count >= 22 else { return nil }
    return (0...(tail.count - 22)).reversed().first { place in
      tail[place] == 0x50 && tail[place + 1] == 0x4B && tail[place + 2] == 5 && tail[place + 3] == 6
        && place + 22 + Int(UInt16(littleEndian: tail, at: place + 20)) == tail.count
    }
  }

  private func damaged(_ reason: String) -> DataError { Self.damaged(name, reason) }

  static func damaged(_ name: String, _ reason: String) -> DataError {
    DataError(
      .badCompression, file: name, expected: "a sound ZIP archive", found: reason,
      statement: "it is no sound ZIP archive: \(reason)")
  }
}

/// Where a directory stands, from the records at an archive's end.
private struct ZipDirectoryPlace {
  private(set) var count: Int
  private(set) var size: Int
  private(set) var offset: Int
  /// Where the record begins that must follow the directory.
  private(set) var endOffset: Int

  init(_ tail: [UInt8], end: Int, tailOffset: Int) {
    count = Int(UInt16(littleEndian: tail, at: end + 10))
    size = Int(UInt32(littleEndian: tail, at: end + 12))
    offset = Int(UInt32(littleEndian: tail, at: end + 16))
    endOffset = tailOffset + end
  }

  /// Takes the values of the 64-bit record at a place.
  mutating func widen(_ record: [UInt8], at place: Int) -> Bool {
    guard record.starts(with: [0x50, 0x4B, 6, 6]),
      let count = Int(exactly: UInt64(littleEndian: record, at: 32)),
      let size = Int(exactly: UInt64(littleEndian: record, at: 40)),
      let offset = Int(exactly: UInt64(littleEndian: record, at: 48))
    else { return false }
    (self.count, self.size, self.offset, endOffset) = (count, size, offset, place)
    return true
  }
}

extension ZipArchive {
  /// Reads the directory.
  ///
  /// - Parameter limit: where it begins: members end before it.
  private static func entries(
    _ bytes: [UInt8], count: Int, limit: Int, name: String
  ) throws(DataError) -> [Entry] {
    // Each takes 46 bytes and a name.
    guard count <= bytes.count / 46 else { throw damaged(name, "its directory is too short") }
    var result: [Entry] = []
    var names: Set<String> = []
    var position = 0
    while result.count < count {
      let (entry, next) = try entry(bytes, at: position, limit: limit, name: name)
      guard names.insert(entry.name).inserted else {
        throw damaged(name, "member \(quoted(entry.name)) is there twice")
      }
      result.append(entry)
      position = next
    }
    guard position == bytes.count else { throw damaged(name, "its directory is too long") }
    // Members that share bytes make an archive that unpacks to any size.
    let sorted = result.sorted { $0.offset < $1.offset }
    for (one, other) in zip(sorted, sorted.dropFirst()) {
      guard one.offset + 30 + one.name.utf8.count + one.packedSize <= other.offset else {
        throw damaged(name, "members \(quoted(one.name)) and \(quoted(other.name)) overlap")
      }
    }
    return result
  }

  private static func entry(
    _ bytes: [UInt8], at start: Int, limit: Int, name file: String
  ) throws(DataError) -> (Entry, next: Int) {
    guard start + 46 <= bytes.count, bytes[start...].starts(with: [0x50, 0x4B, 1, 2]) else {
      throw damaged(file, "its directory is damaged")
    }
    let nameStart = start + 46
    let extraStart = nameStart + Int(UInt16(littleEndian: bytes, at: start + 28))
    let extraEnd = extraStart + Int(UInt16(littleEndian: bytes, at: start + 30))
    let next = extraEnd + Int(UInt16(littleEndian: bytes, at: start + 32))
    guard next <= bytes.count else { throw damaged(file, "its directory is cut off") }
    let name = String(decoding: bytes[nameStart..<extraStart], as: UTF8.self)
    var sizes = [
      Int(UInt32(littleEndian: bytes, at: start + 24)), Int(UInt32(littleEndian: bytes, at: start + 20)),
      Int(UInt32(littleEndian: bytes, at: start + 42)),
    ]
    try widen(&sizes, bytes, in: extraStart..<extraEnd, member: name, file: file)
    let method = UInt16(littleEndian: bytes, at: start + 10)
    guard UInt16(littleEndian: bytes, at: start + 8) & 1 == 0 else {
      throw damaged(file, "member \(quoted(name)) is encrypted")
    }
    guard method == 0 || method == 8 else {
      throw damaged(
        file,
        "member \(quoted(name)) is compressed by method \(method); only stored and deflated ones are read")
    }
    guard sizes[2] <= limit, sizes[1] <= limit - sizes[2], limit - sizes[2] - sizes[1] >= 30 else {
      throw damaged(file, "member \(quoted(name)) does not lie in the file")
    }
    // Deflate gives at most 258 bytes for two bits of code.
    guard method == 8 ? sizes[0] / 1032 <= sizes[1] : sizes[0] == sizes[1] else {
      throw damaged(file, "member \(quoted(name)) states a size that its bytes cannot have")
    }
    let entry = Entry(
      name: name, size: sizes[0], packedSize: sizes[1], isDeflated: method == 8,
      checksum: UInt32(littleEndian: bytes, at: start + 16), offset: sizes[2])
    return (entry, next)
  }

  /// Puts 64-bit values (field 1 of the extra fields) for those that did not fit.
  private static func widen(
    _ sizes: inout [Int], _ bytes: [UInt8], in range: Range<Int>, member: String, file: String
  ) throws(DataError) {
    guard sizes.contains(0xFFFF_FFFF) else { return }
    var position = range.lowerBound
    while position + 4 <= range.upperBound {
      let length = Int(UInt16(littleEndian: bytes, at: position + 2))
      let end = position + 4 + length
      guard end <= range.upperBound else { break }
      if UInt16(littleEndian: bytes, at: position) == 1 {
        var place = position + 4
        for index in 0..<3 where sizes[index] == 0xFFFF_FFFF {
          guard place + 8 <= end, let size = Int(exactly: UInt64(littleEndian: bytes, at: place)) else {
            throw damaged(file, "member \(quoted(member)) lacks a 64-bit size")
          }
          sizes[index] = size
          place += 8
        }
        return
      }
      position = end
    }
    throw damaged(file, "member \(quoted(member)) lacks a 64-bit size")
  }
}
