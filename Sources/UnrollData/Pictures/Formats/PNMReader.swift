/// Reads the formats of Netpbm: PBM, PGM and PPM as text or bytes (P1 to P6), and PAM (P7), with samples of up to 16 bits.
/// A file may hold several pictures, one behind the other.
struct PNMReader {
  private(set) var source: PictureBytes
  private let limits: PictureLimits

  init(_ bytes: [UInt8], name: String, limits: PictureLimits, position: Int = 0) {
    source = PictureBytes(bytes, name: name, what: "PNM picture", position: position)
    self.limits = limits
  }

  /// Whether bytes begin as one of the formats does.
  static func isPNM(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= 3, bytes[0] == UInt8(ascii: "P") else { return false }
    return (0x31...0x37).contains(bytes[1]) && (isSpace(Int(bytes[2])) || bytes[2] == UInt8(ascii: "#"))
  }

  private static func isSpace(_ byte: Int) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

  private struct Header {
    var kind = 0
    var (width, height, channels, largest) = (0, 0, 1, 1)
  }

  /// Reads the picture that begins here, and goes to its end.
  mutating func read() throws(DataError) -> Picture {
    guard try source.byte() == 0x50 else { throw source.damaged("no signature") }
    var header = Header()
    header.kind = try source.byte() - 0x30
    guard (1...7).contains(header.kind) else { throw source.damaged("no signature") }
    if header.kind == 7 {
      try readWideHeader(&header)
    } else {
      (header.width, header.height) = (try number(), try number())
      header.channels = header.kind % 3 == 0 ? 3 : 1
      if header.kind % 3 != 1 { header.largest = try number() }
      // One byte of white space stands before the samples.
      if header.kind > 3 { try source.skip(1) }
    }
    try limits.check(width: header.width, height: header.height, name: source.name)
    guard (1...65535).contains(header.largest) else {
      throw source.damaged("samples of up to \(header.largest)")
    }
    let pixels: [UInt8]
    switch header.kind {
    case 1: pixels = try plainBits(header)
    case 2, 3: pixels = try plainSamples(header)
    case 4: pixels = try bits(header)
    default: pixels = try samples(header)
    }
    return Picture(width: header.width, height: header.height, channels: header.channels, pixels: pixels)
  }

  /// The next byte that is not in a comment.
  private mutating func visible() throws(DataError) -> Int {
    var byte = try source.byte()
    if byte == UInt8(ascii: "#") {
      while byte != 0x0A, byte != 0x0D { byte = try source.byte() }
    }
    return byte
  }

  /// The next number. What ends it is not taken.
  private mutating func number() throws(DataError) -> Int {
    var byte = try visible()
    while Self.isSpace(byte) { byte = try visible() }
    var value = 0
    guard let first = UInt8(byte).digit else { throw source.damaged("no number where one should be") }
    value = first
    while source.position < source.bytes.count, let digit = source.bytes[source.position].digit {
      value = value * 10 + digit
      guard value <= 1 << 40 else { throw source.damaged("a number that is too large") }
      source.position += 1
    }
    return value
  }

  /// The header of PAM: a line for each value.
  private mutating func readWideHeader(_ header: inout Header) throws(DataError) {
    (header.width, header.height, header.channels, header.largest) = (0, 0, 0, 0)
    for _ in 0..<1000 {
      var line: [UInt8] = []
      while true {
        let byte = try source.byte()
        if byte == 0x0A { break }
        guard line.count < 1000 else { throw source.damaged("a header's line without end") }
        line.append(UInt8(byte))
      }
      let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
      guard let key = words.first, !key.hasPrefix("#") else { continue }
      let value = words.count == 2 ? Int(words[1]) ?? 0 : 0
      switch key {
      case "WIDTH": header.width = value
      case "HEIGHT": header.height = value
      case "DEPTH": header.channels = value
      case "MAXVAL": header.largest = value
      case "TUPLTYPE": break
      case "ENDHDR":
        guard (1...4).contains(header.channels) else {
          throw source.unsupported("\(header.channels) channels")
        }
        return
      default: throw source.damaged("header line \(quoted(String(key)))")
      }
    }
    throw source.damaged("a header without end")
  }

  /// A sample as a byte: `v · 255 / largest`, rounded.
  private static func scaled(_ value: Int, _ largest: Int) -> UInt8 {
    UInt8((min(value, largest) * 255 + largest / 2) / largest)
  }

  /// Digits 0 and 1, with or without space between; 1 is black.
  private mutating func plainBits(_ header: Header) throws(DataError) -> [UInt8] {
    let count = header.width * header.height
    try source.need(count)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(count)
    while pixels.count < count {
      let byte = try visible()
      if Self.isSpace(byte) { continue }
      guard byte == 0x30 || byte == 0x31 else { throw source.damaged("a bit that is none") }
      pixels.append(byte == 0x30 ? 255 : 0)
    }
    return pixels
  }

  private mutating func plainSamples(_ header: Header) throws(DataError) -> [UInt8] {
    let count = header.width * header.height * header.channels
    // Each takes a digit and, but for the last, a space.
    try source.need(2 * count - 1)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(count)
    while pixels.count < count {
      let value = try number()
      guard value <= header.largest else {
        throw source.damaged("a sample of \(value), above \(header.largest)")
      }
      pixels.append(Self.scaled(value, header.largest))
    }
    return pixels
  }

  private mutating func bits(_ header: Header) throws(DataError) -> [UInt8] {
    let rowSize = (header.width + 7) / 8
    let start = source.position
    try source.skip(rowSize * header.height)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(header.width * header.height)
    for row in 0..<header.height {
      for x in 0..<header.width {
        let byte = source.bytes[start + row * rowSize + x / 8]
        pixels.append(byte << UInt8(x % 8) & 0x80 == 0 ? 255 : 0)
      }
    }
    return pixels
  }

  private mutating func samples(_ header: Header) throws(DataError) -> [UInt8] {
    let count = header.width * header.height * header.channels
    let start = source.position
    let largest = header.largest
    if largest < 256 {
      try source.skip(count)
      let bytes = source.bytes[start..<(start + count)]
      if largest == 255 { return Array(bytes) }
      return bytes.map { Self.scaled(Int($0), largest) }
    }
    try source.skip(2 * count)
    return (0..<count).map {
      Self.scaled(Int(source.bytes[start + 2 * $0]) << 8 | Int(source.bytes[start + 2 * $0 + 1]), largest)
    }
  }
}
