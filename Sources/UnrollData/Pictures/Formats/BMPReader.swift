/// Reads BMP of every header: 1, 2, 4, 8, 16, 24 and 32 bits a pixel, palettes, run lengths, bit fields, rows from below or
/// from the top.
struct BMPReader {
  private var source: PictureBytes
  private let limits: PictureLimits
  private var width = 0
  private var height = 0
  private var isTopDown = false
  private var depth = 0
  private var compression = 0
  private var masks: [UInt32] = [0, 0, 0, 0]
  private var palette: [UInt8] = []
  private var pixelStart = 0

  init(_ bytes: [UInt8], name: String, limits: PictureLimits) {
    source = PictureBytes(bytes, name: name, what: "BMP picture")
    self.limits = limits
  }

  private enum Compression {
    static let none = 0
    static let runs8 = 1
    static let runs4 = 2
    static let fields = 3
    static let jpeg = 4
    static let png = 5
    static let alphaFields = 6
  }

  /// Reads the picture; it has alpha where bit fields state one.
  mutating func read() throws(DataError) -> Picture {
    try source.skip(10)
    pixelStart = try source.little32()
    try readHeader()
    try limits.check(width: width, height: height, name: source.name)
    switch (compression, depth) {
    case (Compression.none, 1), (Compression.none, 2), (Compression.none, 4), (Compression.none, 8):
      return try indexed(try plainIndices())
    case (Compression.runs8, 8), (Compression.runs4, 4):
      return try indexed(try runIndices())
    case (Compression.none, 24): return try plainColors()
    case (Compression.none, 16), (Compression.none, 32), (Compression.fields, 16), (Compression.fields, 32),
      (Compression.alphaFields, 16), (Compression.alphaFields, 32):
      return try fields()
    case (Compression.jpeg, _): throw source.unsupported("it holds a JPEG picture")
    case (Compression.png, _): throw source.unsupported("it holds a PNG picture")
    default: throw source.unsupported("\(depth) bits a pixel with compression \(compression)")
    }
  }

  /// Reads one of the headers (12 bytes of OS/2, 16 to 64 of its second version, 40, 52, 56, 108 or 124 of Windows), the
  /// masks and the palette.
  private mutating func readHeader() throws(DataError) {
    let start = source.position
    let size = try source.little32()
    guard size == 12 || (16...124).contains(size) else { throw source.damaged("a header of \(size) bytes") }
    try source.need(size - 4)
    var colors = 0
    if size == 12 {
      (width, height) = (try source.little16(), try source.little16())
      try source.skip(2)
      depth = try source.little16()
    } else {
      width = Int(Int32(truncatingIfNeeded: try source.little32()))
      let rows = Int(Int32(truncatingIfNeeded: try source.little32()))
      (height, isTopDown) = (abs(rows), rows < 0)
      try source.skip(2)
      depth = try source.little16()
      if size >= 20 { compression = try source.little32() }
      if size >= 36 {
        try source.skip(12)
        colors = try source.little32()
      }
      if size == 16 || size == 64, compression > Compression.runs4 {
        throw source.unsupported("a compression of OS/2")
      }
    }
    try readMasks(headerStart: start, headerSize: size)
    guard depth <= 8 else { return }
    try readPalette(colors: colors, entry: size == 12 ? 3 : 4)
  }

  private mutating func readMasks(headerStart: Int, headerSize: Int) throws(DataError) {
    let isHeld = headerSize >= 52 && headerSize != 64
    let hasFields = compression == Compression.fields || compression == Compression.alphaFields
    if isHeld || hasFields {
      source.position = headerStart + 40
      let count = isHeld ? (headerSize >= 56 ? 4 : 3) : compression == Compression.alphaFields ? 4 : 3
      for index in 0..<count { masks[index] = UInt32(truncatingIfNeeded: try source.little32()) }
    }
    if !hasFields { masks = depth == 16 ? [0x7C00, 0x3E0, 0x1F, 0] : [0xFF_0000, 0xFF00, 0xFF, 0] }
    source.position = max(headerStart + headerSize, hasFields && !isHeld ? source.position : 0)
  }

  private mutating func readPalette(colors: Int, entry: Int) throws(DataError) {
    guard depth > 0 else { return }
    let most = 1 << depth
    guard colors <= 256 else { throw source.damaged("a palette of \(colors) colors") }
    // Some programs forget the palette when they state where the pixels begin.
    if pixelStart == source.position { pixelStart += (colors == 0 ? most : colors) * entry }
    // The pixels may begin before all colors are there.
    let room = max(0, min(pixelStart, source.bytes.count) - source.position) / entry
    for _ in 0..<min(colors == 0 ? most : colors, room) {
      let (blue, green, red) = (try source.byte(), try source.byte(), try source.byte())
      try source.skip(entry - 3)
      palette += [UInt8(red), UInt8(green), UInt8(blue)]
    }
  }

  /// The bytes of a row, which is filled to four.
  private var rowSize: Int { (width * depth + 31) / 32 * 4 }

  /// Goes to the pixels, and checks that all rows are there. The last one need not be filled.
  private mutating func findRows() throws(DataError) {
    guard pixelStart >= 14, pixelStart <= source.bytes.count else { throw source.cut() }
    source.position = pixelStart
    try source.need(rowSize * (height - 1) + (width * depth + 7) / 8)
  }

  /// The row of the picture that a stored row is.
  private func row(_ stored: Int) -> Int { isTopDown ? stored : height - 1 - stored }

  private mutating func plainIndices() throws(DataError) -> [UInt8] {
    try findRows()
    var indices = [UInt8](repeating: 0, count: width * height)
    for stored in 0..<height {
      let start = pixelStart + stored * rowSize
      let target = row(stored) * width
      for x in 0..<width {
        let byte = source.bytes[start + x * depth / 8]
        indices[target + x] = byte >> UInt8(8 - depth - x * depth % 8) & UInt8(1 << depth - 1)
      }
    }
    return indices
  }

  /// A picture of places in the palette; grey where all of the palette is. A place without a colour is black.
  private func indexed(_ indices: [UInt8]) throws(DataError) -> Picture {
    guard !palette.isEmpty else { throw source.damaged("no palette") }
    let colors = palette + [UInt8](repeating: 0, count: 768 - palette.count)
    let isGrey = colors.indices.allSatisfy { $0 % 3 == 0 || colors[$0] == colors[$0 - 1] }
    if isGrey {
      let pixels = indices.map { colors[3 * Int($0)] }
      return Picture(width: width, height: height, channels: 1, pixels: pixels)
    }
    var pixels = [UInt8](repeating: 0, count: indices.count * 3)
    for (place, index) in indices.enumerated() {
      for channel in 0..<3 { pixels[3 * place + channel] = colors[3 * Int(index) + channel] }
    }
    return Picture(width: width, height: height, channels: 3, pixels: pixels)
  }

  private mutating func plainColors() throws(DataError) -> Picture {
    try findRows()
    var pixels = [UInt8](repeating: 0, count: width * height * 3)
    for stored in 0..<height {
      var place = pixelStart + stored * rowSize
      var target = row(stored) * width * 3
      for _ in 0..<width {
        pixels[target] = source.bytes[place + 2]
        pixels[target + 1] = source.bytes[place + 1]
        pixels[target + 2] = source.bytes[place]
        place += 3
        target += 3
      }
    }
    return Picture(width: width, height: height, channels: 3, pixels: pixels)
  }

  /// Pixels of 16 or 32 bits, each channel under a mask: `v · 255 / largest`, cut.
  private mutating func fields() throws(DataError) -> Picture {
    for (index, mask) in masks.enumerated() {
      // All bits of a mask stand side by side.
      let bits = mask == 0 ? 0 : mask >> UInt32(mask.trailingZeroBitCount)
      guard bits & (bits &+ 1) == 0, depth == 32 || mask <= 0xFFFF else {
        throw source.damaged("mask \(index) has gaps")
      }
    }
    try findRows()
    let channels = masks[3] == 0 ? 3 : 4
    let shifts = masks.map { $0 == 0 ? 0 : UInt32($0.trailingZeroBitCount) }
    let largest = zip(masks, shifts).map { max(1, UInt64($0 >> $1)) }
    var pixels = [UInt8](repeating: 0, count: width * height * channels)
    for stored in 0..<height {
      var place = pixelStart + stored * rowSize
      var target = row(stored) * width * channels
      for _ in 0..<width {
        let value =
          depth == 16
          ? UInt32(UInt16(littleEndian: source.bytes, at: place))
          : UInt32(littleEndian: source.bytes, at: place)
        for channel in 0..<channels {
          let sample = UInt64((value & masks[channel]) >> shifts[channel])
          pixels[target + channel] = UInt8(sample * 255 / largest[channel])
        }
        place += depth / 8
        target += channels
      }
    }
    return Picture(width: width, height: height, channels: channels, pixels: pixels)
  }

  /// Unpacks run lengths. Places that are passed over have the first colour.
  private mutating func runIndices() throws(DataError) -> [UInt8] {
    guard pixelStart >= 14, pixelStart <= source.bytes.count else { throw source.cut() }
    source.position = pixelStart
    // Two bytes give at most 255 pixels: what cannot be there is not waited for. Small pictures may be all passed over.
    guard width * height <= max(1 << 20, source.remaining * 128) else { throw source.cut() }
    var indices = [UInt8](repeating: 0, count: width * height)
    var (x, y) = (0, 0)
    let isNibbles = depth == 4
    func put(_ index: UInt8) {
      indices[row(y) * width + x] = index
      x += 1
    }
    // Above the last row nothing can be drawn.
    while y < height {
      let (count, value) = (try source.byte(), try source.byte())
      // An odd row of half bytes may be filled with one more.
      let room = width - x
      if count > 0 {
        guard count <= room + (isNibbles ? 1 : 0) else { throw source.damaged("a run beyond its row") }
        for step in 0..<min(room, count) {
          put(UInt8(!isNibbles ? value : step % 2 == 0 ? value >> 4 : value & 15))
        }
        continue
      }
      switch value {
      case 0: (x, y) = (0, y + 1)
      case 1: return indices
      case 2:
        x += try source.byte()
        y += try source.byte()
        guard x <= width else { throw source.damaged("a run beyond its row") }
      default:
        let size = isNibbles ? (value + 1) / 2 : value
        let start = source.position
        guard value <= room + (isNibbles ? 1 : 0) else { throw source.damaged("a run beyond its row") }
        try source.skip(size)
        for step in 0..<min(room, value) {
          let byte = source.bytes[start + (isNibbles ? step / 2 : step)]
          put(!isNibbles ? byte : step % 2 == 0 ? byte >> 4 : byte & 15)
        }
        if size % 2 == 1 { try source.skip(1) }
      }
    }
    return indices
  }
}
