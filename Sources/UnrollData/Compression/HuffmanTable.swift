/// What is wrong with compressed bytes. Whoever knows the file's name makes a `DataError` of it.
package enum CompressionFault: Error, Equatable, Sendable {
  /// The bytes end before the data does.
  case truncated
  /// The data is longer than it may be.
  case tooLarge(limit: Int)
  /// The bytes are no such data.
  case invalid(String)
  /// The data is whole and its checksum is another.
  case checksum

  /// The fault as the error of a file.
  package func error(in name: String, of what: String) -> DataError {
    switch self {
    case .truncated:
      DataError(
        .badCompression, file: name, expected: "whole \(what)", found: "an end in the middle",
        statement: "the \(what) ends in the middle", hint: "the file may be cut off; fetch it again")
    case .tooLarge(let limit):
      DataError(
        .tooLarge, file: name, expected: "\(what) of at most \(limit) bytes once unpacked", found: "more")
    case .invalid(let reason):
      DataError(
        .badCompression, file: name, expected: "sound \(what)", found: reason,
        statement: "the \(what) is damaged: \(reason)")
    case .checksum:
      DataError(
        .badCompression, file: name, expected: "\(what) with its own checksum", found: "another checksum",
        statement: "the \(what) is damaged: its checksum is another", hint: "fetch the file again")
    }
  }
}

/// A canonical Huffman code of deflate (RFC 1951, 3.2.2) as a table from the next bits to a symbol.
///
/// The first `primaryBits` bits choose an entry. Codes that are longer share an entry that leads to a table of their own
/// behind the first, chosen by the bits that follow.
struct HuffmanTable {
  /// An entry: the length of the code in bits 0…4, what it is in bits 5…7, the number of extra bits (or the width of the
  /// further table) in bits 8…15, and a value above: the literal, the base of a length or distance, or the place of the
  /// further table.
  private(set) var entries: [UInt32]
  let mask: UInt64

  enum Meaning {
    static let literal: UInt32 = 0 << 5
    static let base: UInt32 = 1 << 5
    static let end: UInt32 = 2 << 5
    static let further: UInt32 = 3 << 5
    static let none: UInt32 = 4 << 5
    static let mask: UInt32 = 7 << 5
  }

  /// Makes the table of a code from the lengths of its symbols.
  ///
  /// - Parameters:
  ///   - lengths: 0 for symbols without a code, else at most 15 bits.
  ///   - symbols: for each symbol its entry without a length.
  /// - Throws: `CompressionFault` when the lengths are no prefix code. A code of one symbol may leave half of its space
  ///   unused, as zlib's own encoder does; no other may leave any.
  init(_ lengths: ArraySlice<UInt8>, symbols: [UInt32], primaryBits: Int) throws(CompressionFault) {
    var counts = [Int](repeating: 0, count: 16)
    for length in lengths { counts[Int(length)] += 1 }
    counts[0] = 0
    let longest = counts.lastIndex { $0 > 0 } ?? 0
    var space = 1
    for length in 1...15 {
      space = space * 2 - counts[length]
      if space < 0 { throw .invalid("too many codes") }
    }
    let isSingle = longest == 1 && counts[1] == 1
    guard space == 0 || longest == 0 || isSingle else { throw .invalid("a code with gaps") }
    let bits = min(primaryBits, max(1, longest))
    mask = 1 << UInt64(bits) - 1
    entries = [UInt32](repeating: Meaning.none | 1, count: 1 << bits)
    fill(lengths, symbols, counts, longest: longest, primary: bits)
  }

  private mutating func fill(
    _ lengths: ArraySlice<UInt8>, _ symbols: [UInt32], _ counts: [Int], longest: Int, primary: Int
  ) {
    var next = [Int](repeating: 0, count: 17)
    for length in 1...15 { next[length + 1] = (next[length] + counts[length]) << 1 }
    for (symbol, length) in lengths.enumerated() where length > 0 {
      let length = Int(length)
      let code = next[length]
      next[length] += 1
      // Codes come with their highest bit first, everything else with its lowest.
      let reversed = Int(UInt16(code).bitReversed >> (16 - UInt16(length)))
      if length <= primary {
        put(symbols[symbol] | UInt32(length), at: 0, from: reversed, step: 1 << length, size: 1 << primary)
      } else {
        let first = reversed & (1 << primary - 1)
        let width = longest - primary
        if entries[first] & Meaning.mask != Meaning.further {
          entries[first] =
            UInt32(entries.count) << 16 | UInt32(width) << 8 | Meaning.further | UInt32(primary)
          entries.append(contentsOf: repeatElement(Meaning.none | 1, count: 1 << width))
        }
        let own = length - primary
        put(
          symbols[symbol] | UInt32(own), at: Int(entries[first] >> 16), from: reversed >> primary,
          step: 1 << own, size: 1 << width)
      }
    }
  }

  private mutating func put(_ entry: UInt32, at start: Int, from first: Int, step: Int, size: Int) {
    for index in stride(from: first, to: size, by: step) { entries[start + index] = entry }
  }

  /// The bases and extra bits of lengths 3…258 (symbols 257…285), RFC 1951, 3.2.5.
  static let lengths: [(base: Int, extra: Int)] = (0..<29).map { index in
    if index < 8 { return (3 + index, 0) }
    if index == 28 { return (258, 0) }
    let extra = (index - 4) / 4
    return (3 + (4 + index % 4) << extra, extra)
  }

  /// The bases and extra bits of distances 1…32768 (symbols 0…29).
  static let distances: [(base: Int, extra: Int)] = (0..<30).map { index in
    if index < 4 { return (1 + index, 0) }
    let extra = (index - 2) / 2
    return (1 + (2 + index % 2) << extra, extra)
  }

  /// The entries of literals, the end of a block and lengths. Symbols 286 and 287 stand for nothing.
  static let literalSymbols: [UInt32] =
    (0..<256).map { UInt32($0) << 16 | Meaning.literal } + [Meaning.end]
    + lengths.map { UInt32($0.base) << 16 | UInt32($0.extra) << 8 | Meaning.base } + [
      Meaning.none, Meaning.none,
    ]

  /// The entries of distances. Symbols 30 and 31 stand for nothing.
  static let distanceSymbols: [UInt32] =
    distances.map { UInt32($0.base) << 16 | UInt32($0.extra) << 8 | Meaning.base } + [
      Meaning.none, Meaning.none,
    ]

  /// The entries of the code that lengths are written in.
  static let lengthSymbols: [UInt32] = (0..<19).map { UInt32($0) << 16 | Meaning.literal }
}

extension UInt16 {
  /// The bits in the opposite order.
  fileprivate var bitReversed: UInt16 {
    var value = self
    value = value >> 1 & 0x5555 | (value & 0x5555) << 1
    value = value >> 2 & 0x3333 | (value & 0x3333) << 2
    value = value >> 4 & 0x0F0F | (value & 0x0F0F) << 4
    return value.byteSwapped
  }
}
