/// Packs bytes as deflate data (RFC 1951), in one block with the fixed codes.
///
/// Repetitions are found by chains of equal hashes of three bytes (Deutsch 1996, RFC 1951, section 4), the longest of a
/// few; one that begins a byte later is preferred when it is longer. The fixed codes cost a tenth or two against codes of
/// one's own, on the pictures of text and curves that are written here.
package enum Deflater {
  private static let window = 32768
  private static let longestChain = 48

  /// Deflate data that becomes these bytes.
  package static func pack(_ bytes: [UInt8]) -> [UInt8] {
    var writer = BitWriter()
    writer.write(1, 1)
    writer.write(1, 2)
    var finder = RepetitionFinder(bytes, window: window, longestChain: longestChain)
    var position = 0
    while position < bytes.count {
      let found = finder.longest(at: position)
      let later = found.length > 0 && found.length < 32 ? finder.longest(at: position + 1).length : 0
      if found.length > 0, found.length >= later {
        writer.writeLength(found.length)
        writer.writeDistance(found.distance)
        position += found.length
      } else {
        writer.writeLiteral(Int(bytes[position]))
        position += 1
      }
    }
    writer.writeLiteral(256)
    return writer.finish()
  }
}

/// Where the three bytes at a place stood before.
private struct RepetitionFinder {
  private let bytes: [UInt8]
  private let window: Int
  private let longestChain: Int
  /// The last place of each hash, and for each place of the window the one before it with the same hash.
  private var last = [Int](repeating: -1, count: 1 << 15)
  private var before: [Int]
  /// The first place that is not yet in the chains.
  private var entered = 0

  init(_ bytes: [UInt8], window: Int, longestChain: Int) {
    self.bytes = bytes
    self.window = window
    self.longestChain = longestChain
    before = [Int](repeating: -1, count: window)
  }

  private func hash(_ place: Int) -> Int {
    let three = UInt32(bytes[place]) << 16 | UInt32(bytes[place + 1]) << 8 | UInt32(bytes[place + 2])
    return Int((three &* 0x9E37_79B1) >> 17)
  }

  /// The longest repetition that begins at a place, or a length of 0. Places are asked for in ascending order, but that
  /// one may be asked for again.
  mutating func longest(at place: Int) -> (length: Int, distance: Int) {
    guard place + 3 <= bytes.count else { return (0, 0) }
    while entered < place {
      let hash = hash(entered)
      before[entered % window] = last[hash]
      last[hash] = entered
      entered += 1
    }
    let most = min(258, bytes.count - place)
    var best = (length: 0, distance: 0)
    var candidate = last[hash(place)]
    var tries = longestChain
    while candidate >= 0, candidate < place, place - candidate <= window, tries > 0 {
      if best.length == 0 || bytes[candidate + best.length] == bytes[place + best.length] {
        var length = 0
        while length < most, bytes[candidate + length] == bytes[place + length] { length += 1 }
        if length > max(2, best.length) { best = (length, place - candidate) }
        if length == most { break }
      }
      let next = before[candidate % window]
      // The chain's older part may be overwritten: places must fall.
      guard next < candidate else { break }
      candidate = next
      tries -= 1
    }
    return best
  }
}

/// Bits in deflate's order: the first lowest in its byte.
private struct BitWriter {
  private var bytes: [UInt8] = []
  private var bits: UInt64 = 0
  private var count = 0

  mutating func write(_ value: Int, _ width: Int) {
    bits |= UInt64(value) << UInt64(count)
    count += width
    while count >= 8 {
      bytes.append(UInt8(truncatingIfNeeded: bits))
      bits >>= 8
      count -= 8
    }
  }

  /// Codes are written with their highest bit first.
  private mutating func writeCode(_ code: Int, _ width: Int) {
    var reversed = 0
    for bit in 0..<width where code >> bit & 1 == 1 { reversed |= 1 << (width - 1 - bit) }
    write(reversed, width)
  }

  mutating func writeLiteral(_ symbol: Int) {
    switch symbol {
    case ..<144: writeCode(0x30 + symbol, 8)
    case ..<256: writeCode(0x190 + symbol - 144, 9)
    case ..<280: writeCode(symbol - 256, 7)
    default: writeCode(0xC0 + symbol - 280, 8)
    }
  }

  mutating func writeLength(_ length: Int) {
    let index = HuffmanTable.lengths.lastIndex { $0.base <= length } ?? 0
    writeLiteral(257 + index)
    write(length - HuffmanTable.lengths[index].base, HuffmanTable.lengths[index].extra)
  }

  mutating func writeDistance(_ distance: Int) {
    let index = HuffmanTable.distances.lastIndex { $0.base <= distance } ?? 0
    writeCode(index, 5)
    write(distance - HuffmanTable.distances[index].base, HuffmanTable.distances[index].extra)
  }

  mutating func finish() -> [UInt8] {
    if count > 0 { bytes.append(UInt8(truncatingIfNeeded: bits)) }
    return bytes
  }
}
