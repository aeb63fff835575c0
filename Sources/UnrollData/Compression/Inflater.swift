/// Unpacks deflate data (RFC 1951).
///
/// Written here rather than taken from zlib: its header is not in every Swift toolchain's image and a system library
/// target would bring users a module map and a linker setting, while all of it is two hundred lines. Memory: the output
/// grows with what was really unpacked, up to a limit, so that a header's promise costs nothing.
package struct Inflater {
  private let bytes: [UInt8]
  private let end: Int
  private var next: Int
  private var bits: UInt64 = 0
  private var bitCount = 0
  private var output: [UInt8] = []
  private var count = 0
  private let limit: Int
  private let stopsAtLimit: Bool
  /// Whether the data ended by itself, once it is unpacked, and not at the limit.
  package private(set) var isWhole = false

  /// - Parameters:
  ///   - bytes: where the data stands, from `start` on.
  ///   - limit: the most bytes that it may give.
  ///   - stopsAtLimit: whether more is passed over in silence; otherwise it is a fault.
  package init(
    _ bytes: [UInt8], from start: Int = 0, to end: Int? = nil, limit: Int, stopsAtLimit: Bool = false
  ) {
    self.bytes = bytes
    self.end = min(bytes.count, end ?? bytes.count)
    next = min(start, self.end)
    self.limit = max(0, limit)
    self.stopsAtLimit = stopsAtLimit
  }

  /// What deflate data becomes.
  package static func raw(_ bytes: [UInt8], limit: Int) throws(CompressionFault) -> [UInt8] {
    var inflater = Inflater(bytes, limit: limit)
    return try inflater.unpack()
  }

  /// Where the data ended, once it is unpacked: the first byte that is not part of it.
  package var position: Int { next - bitCount / 8 }

  /// Unpacks all blocks.
  package mutating func unpack() throws(CompressionFault) -> [UInt8] {
    // Most data gives a few times its size.
    grow(to: min(limit, max(64, (end - next) * 4)))
    var isLast = false
    while !isLast {
      isLast = try take(1) == 1
      let isOpen: Bool
      switch try take(2) {
      case 0: isOpen = try stored()
      case 1: isOpen = try block(Self.fixed.literals, Self.fixed.distances)
      case 2:
        let tables = try readTables()
        isOpen = try block(tables.literals, tables.distances)
      default: throw .invalid("a block of no known kind")
      }
      guard isOpen else {
        output.removeLast(output.count - count)
        return output
      }
    }
    isWhole = true
    output.removeLast(output.count - count)
    return output
  }

  /// Unpacks what can be unpacked, for formats that show the part of a file that is there.
  package mutating func unpackPrefix() -> (bytes: [UInt8], fault: CompressionFault?) {
    do throws(CompressionFault) {
      return (try unpack(), nil)
    } catch {
      output.removeLast(output.count - count)
      return (output, error)
    }
  }

  private mutating func grow(to size: Int) {
    guard size > output.count else { return }
    output.append(contentsOf: repeatElement(0, count: size - output.count))
  }

  /// Makes room for so many bytes; false when the limit is reached and the rest is not wanted.
  private mutating func makeRoom(_ wanted: Int) throws(CompressionFault) -> Bool {
    if count + wanted <= output.count { return true }
    if count + wanted > limit {
      guard stopsAtLimit else { throw .tooLarge(limit: limit) }
      return false
    }
    grow(to: min(limit, max(count + wanted, output.count * 2)))
    return true
  }

  /// The next few bits, the first of them lowest.
  private mutating func take(_ wanted: Int) throws(CompressionFault) -> Int {
    while bitCount < wanted {
      guard next < end else { throw .truncated }
      bits |= UInt64(bytes[next]) << UInt64(bitCount)
      next += 1
      bitCount += 8
    }
    let value = Int(bits & (1 << UInt64(wanted) - 1))
    bits >>= UInt64(wanted)
    bitCount -= wanted
    return value
  }

  /// A block of bytes as they are.
  private mutating func stored() throws(CompressionFault) -> Bool {
    next -= bitCount / 8
    bits = 0
    bitCount = 0
    guard next + 4 <= end else { throw .truncated }
    let length = Int(bytes[next]) | Int(bytes[next + 1]) << 8
    guard length ^ 0xFFFF == Int(bytes[next + 2]) | Int(bytes[next + 3]) << 8 else {
      throw .invalid("a stored block whose length is not confirmed")
    }
    next += 4
    let here = min(length, end - next)
    let isOpen = try makeRoom(here)
    let kept = isOpen ? here : limit - count
    if !isOpen { grow(to: limit) }
    output.replaceSubrange(count..<(count + kept), with: bytes[next..<(next + kept)])
    next += here
    count += kept
    guard here == length else { throw .truncated }
    return isOpen
  }

  private typealias Tables = (literals: HuffmanTable, distances: HuffmanTable)
  private static let primaryBits = (literals: 10, distances: 8)

  /// The codes of a block that brings its own, which are themselves run-length coded and Huffman coded.
  private mutating func readTables() throws(CompressionFault) -> Tables {
    let (literals, distances) = (try take(5) + 257, try take(5) + 1)
    let listed = try take(4) + 4
    guard literals <= 286, distances <= 30 else { throw .invalid("too many symbols") }
    var widths = [UInt8](repeating: 0, count: 19)
    let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    for index in 0..<listed { widths[order[index]] = UInt8(try take(3)) }
    let code = try HuffmanTable(widths[...], symbols: HuffmanTable.lengthSymbols, primaryBits: 7)
    var lengths: [UInt8] = []
    while lengths.count < literals + distances {
      let symbol = try symbol(of: code)
      var (value, times) = (UInt8(clamping: symbol), 1)
      switch symbol {
      case 16:
        guard let last = lengths.last else { throw .invalid("a repetition of nothing") }
        (value, times) = (last, try take(2) + 3)
      case 17: (value, times) = (0, try take(3) + 3)
      case 18: (value, times) = (0, try take(7) + 11)
      default: break
      }
      lengths.append(contentsOf: repeatElement(value, count: times))
    }
    guard lengths.count == literals + distances else { throw .invalid("a repetition that goes too far") }
    guard lengths[256] > 0 else { throw .invalid("a block that cannot end") }
    return (
      try HuffmanTable(
        lengths[..<literals], symbols: HuffmanTable.literalSymbols, primaryBits: Self.primaryBits.literals),
      try HuffmanTable(
        lengths[literals...], symbols: HuffmanTable.distanceSymbols, primaryBits: Self.primaryBits.distances)
    )
  }

  /// The next symbol of a code that has one table.
  private mutating func symbol(of code: HuffmanTable) throws(CompressionFault) -> Int {
    while bitCount < 7, next < end {
      bits |= UInt64(bytes[next]) << UInt64(bitCount)
      next += 1
      bitCount += 8
    }
    let entry = code.entries[Int(bits & code.mask)]
    let length = Int(entry & 31)
    guard entry & HuffmanTable.Meaning.mask == HuffmanTable.Meaning.literal else { throw .invalid("no code") }
    guard length <= bitCount else { throw .truncated }
    bits >>= UInt64(length)
    bitCount -= length
    return Int(entry >> 16)
  }

  /// The codes of a block that brings none.
  private static let fixed: Tables = {
    let literals =
      [UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112)
      + [UInt8](repeating: 7, count: 24) + [UInt8](repeating: 8, count: 8)
    let distances = [UInt8](repeating: 5, count: 32)
    // These lengths are complete codes, so neither throws.
    guard
      let first = try? HuffmanTable(
        literals[...], symbols: HuffmanTable.literalSymbols, primaryBits: primaryBits.literals),
      let second = try? HuffmanTable(
        distances[...], symbols: HuffmanTable.distanceSymbols, primaryBits: primaryBits.distances)
    else { preconditionFailure("the fixed codes of deflate are codes") }
    return (first, second)
  }()

  /// A block of literals, and of copies of what came before; false when the limit stopped it.
  ///
  /// The state is held in variables of this function, which the compiler keeps in registers. A turn takes at most 48
  /// bits (15 + 5 for a length, 15 + 13 for a distance), and the buffer holds 56 or more unless the data ends. Bits behind
  /// the end read as zeros, and a turn that used any of them is a fault.
  private mutating func block(
    _ literalTable: HuffmanTable, _ distanceTable: HuffmanTable
  ) throws(CompressionFault) -> Bool {
    let (literals, distances) = (literalTable.entries, distanceTable.entries)
    let (literalMask, distanceMask) = (literalTable.mask, distanceTable.mask)
    let (bytes, end) = (self.bytes, self.end)
    var (bits, bitCount, next, count) = (self.bits, self.bitCount, self.next, self.count)
    defer { (self.bits, self.bitCount, self.next, self.count) = (bits, bitCount, next, count) }
    var room = output.count
    typealias Meaning = HuffmanTable.Meaning
    while true {
      while bitCount <= 56, next < end {
        bits |= UInt64(bytes[next]) << UInt64(bitCount)
        next += 1
        bitCount += 8
      }
      var entry = literals[Int(bits & literalMask)]
      if entry & Meaning.mask == Meaning.further {
        bits >>= UInt64(entry & 31)
        bitCount -= Int(entry & 31)
        entry = literals[Int(entry >> 16) + Int(bits & (1 << UInt64(entry >> 8 & 0xFF) - 1))]
      }
      bits >>= UInt64(entry & 31)
      bitCount -= Int(entry & 31)
      if entry & Meaning.mask == Meaning.literal {
        guard bitCount >= 0 else { throw .truncated }
        if count == room {
          self.count = count
          guard try makeRoom(1) else { return false }
          room = output.count
        }
        output[count] = UInt8(truncatingIfNeeded: entry >> 16)
        count += 1
        continue
      }
      guard entry & Meaning.mask == Meaning.base else {
        guard bitCount >= 0 else { throw .truncated }
        if entry & Meaning.mask == Meaning.end { return true }
        throw .invalid("no code")
      }
      var extra = UInt64(entry >> 8 & 0xFF)
      var length = Int(entry >> 16) + Int(bits & (1 << extra - 1))
      bits >>= extra
      bitCount -= Int(extra)
      entry = distances[Int(bits & distanceMask)]
      if entry & Meaning.mask == Meaning.further {
        bits >>= UInt64(entry & 31)
        bitCount -= Int(entry & 31)
        entry = distances[Int(entry >> 16) + Int(bits & (1 << UInt64(entry >> 8 & 0xFF) - 1))]
      }
      bits >>= UInt64(entry & 31)
      extra = UInt64(entry >> 8 & 0xFF)
      let distance = Int(entry >> 16) + Int(bits & (1 << extra - 1))
      bits >>= extra
      bitCount -= Int(entry & 31) + Int(extra)
      guard bitCount >= 0 else { throw .truncated }
      guard entry & Meaning.mask == Meaning.base else { throw .invalid("no code") }
      guard distance <= count else { throw .invalid("a copy of what is not there") }
      if count + length > room {
        self.count = count
        let isOpen = try makeRoom(length)
        if !isOpen {
          grow(to: limit)
          length = limit - count
        }
        room = output.count
        copy(from: count - distance, to: count, length)
        count += length
        if !isOpen { return false }
        continue
      }
      copy(from: count - distance, to: count, length)
      count += length
    }
  }

  /// Copies within the output; what is copied may run into what it becomes.
  @inline(__always)
  private mutating func copy(from source: Int, to target: Int, _ length: Int) {
    for index in 0..<length { output[target + index] = output[source + index] }
  }
}
