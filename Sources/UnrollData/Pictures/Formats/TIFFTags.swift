/// The tags of a directory of a TIFF file (TIFF 6.0), as far as they are natural numbers.
struct TIFFTags {
  private let bytes: [UInt8]
  private let isLittle: Bool
  private var entries: [Int: (type: Int, count: Int, place: Int)] = [:]
  /// Where the next directory begins; 0 where there is none.
  private(set) var next = 0

  /// The directory at a place, or the first.
  init?(_ bytes: [UInt8], at directory: Int? = nil) {
    self.bytes = bytes
    guard bytes.count >= 8 else { return nil }
    switch (bytes[0], bytes[1]) {
    case (0x49, 0x49): isLittle = true
    case (0x4D, 0x4D): isLittle = false
    default: return nil
    }
    guard short(2) == 42, let start = directory ?? long(4), let count = short(start) else { return nil }
    for index in 0..<count {
      let place = start + 2 + 12 * index
      guard let tag = short(place), let type = short(place + 2), let values = long(place + 4),
        place + 12 <= bytes.count
      else { return }
      if entries[tag] == nil { entries[tag] = (type, values, place + 8) }
    }
    next = long(start + 2 + 12 * count) ?? 0
  }

  var isLittleEndian: Bool { isLittle }

  private func short(_ place: Int) -> Int? {
    guard place >= 0, place <= bytes.count - 2 else { return nil }
    return Int(isLittle ? UInt16(littleEndian: bytes, at: place) : UInt16(bigEndian: bytes, at: place))
  }

  private func long(_ place: Int) -> Int? {
    guard place >= 0, place <= bytes.count - 4 else { return nil }
    return Int(isLittle ? UInt32(littleEndian: bytes, at: place) : UInt32(bigEndian: bytes, at: place))
  }

  /// Whether a tag is there, of any type.
  func has(_ tag: Int) -> Bool { entries[tag] != nil }

  /// The first value of a tag of natural numbers.
  func number(_ tag: Int) -> Int? { numbers(tag, limit: 1)?.first }

  /// The values of a tag of natural numbers, `limit` at most. All must lie in the file.
  func numbers(_ tag: Int, limit: Int) -> [Int]? {
    guard let (type, count, place) = entries[tag], count > 0 else { return nil }
    let size: Int
    switch type {
    case 1: size = 1
    case 3: size = 2
    case 4: size = 4
    default: return nil
    }
    let wanted = min(count, limit)
    guard let start = count * size <= 4 ? place : long(place), start + wanted * size <= bytes.count else {
      return nil
    }
    return (0..<wanted).map { index in
      let place = start + index * size
      return size == 1 ? Int(bytes[place]) : (size == 2 ? short(place) : long(place)) ?? 0
    }
  }

  /// The bytes of a tag of bytes of any meaning.
  func data(_ tag: Int) -> [UInt8]? {
    guard let (type, count, place) = entries[tag], type == 1 || type == 7,
      let start = count <= 4 ? place : long(place), start + count <= bytes.count
    else { return nil }
    return Array(bytes[start..<(start + count)])
  }
}
