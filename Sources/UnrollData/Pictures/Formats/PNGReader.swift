/// Reads PNG (ISO/IEC 15948, third edition) whole: all colour types and depths, interlaced or not, with palettes and
/// transparency. Of an animation it gives the picture that other readers show.
struct PNGReader {
  private var source: PictureBytes
  private let limits: PictureLimits
  private var header: PNGHeader?
  private var palette: [UInt8] = []
  private var transparency: [UInt8]?
  /// The pieces of the compressed pixels, in the file.
  private var data: [Range<Int>] = []
  /// The orientation of 1…8 that an `eXIf` chunk states.
  private(set) var orientation = 1

  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  init(_ bytes: [UInt8], name: String, limits: PictureLimits) {
    source = PictureBytes(bytes, name: name, what: "PNG picture", position: Self.signature.count)
    self.limits = limits
  }

  /// Reads the picture, with a channel of alpha where the file has transparency.
  mutating func read() throws(DataError) -> Picture {
    guard source.bytes.starts(with: Self.signature) else { throw source.damaged("no signature") }
    while try readChunk() {}
    guard let header else { throw source.damaged("no header") }
    guard !data.isEmpty else { throw source.damaged("no pixels") }
    if header.colorType == .palette, palette.isEmpty { throw source.damaged("no palette") }
    let rows = try unpack(header)
    return PNGPixels(header: header, palette: palette, transparency: transparency).picture(rows)
  }

  /// Reads a chunk; false at the last.
  private mutating func readChunk() throws(DataError) -> Bool {
    let length = try source.big32()
    let start = source.position
    let type = try source.big32()
    let letters = source.bytes[start..<(start + 4)]
    guard letters.allSatisfy({ ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A }) else {
      throw source.damaged("a chunk without a name")
    }
    try source.skip(length)
    let sum = try source.big32()
    var computed = CRC32()
    computed.add(source.bytes, in: start..<(start + 4 + length))
    let isSound = sum == Int(computed.value)
    let name = String(decoding: letters, as: UTF8.self)
    // A letter in lower case says that a chunk may be passed over, sound or not.
    if !isSound {
      guard letters[start] & 0x20 != 0 else { throw source.damaged("chunk \(name) has another checksum") }
      return true
    }
    let body = (start + 4)..<(start + 4 + length)
    if header == nil, name != "IHDR" { throw source.damaged("chunk \(name) before the header") }
    switch name {
    case "IHDR":
      guard header == nil else { throw source.damaged("two headers") }
      header = try PNGHeader(source, body, limits)
    case "PLTE": try readPalette(body)
    case "tRNS": try readTransparency(body)
    case "IDAT": data.append(body)
    case "IEND": return false
    case "eXIf":
      orientation = ExifOrientation.find(Array(source.bytes[body])) ?? 1
    default:
      guard letters[start] & 0x20 != 0 else {
        throw source.unsupported("chunk \(name) (type \(type)) must be understood and is not")
      }
    }
    return true
  }

  private mutating func readPalette(_ body: Range<Int>) throws(DataError) {
    guard palette.isEmpty else { throw source.damaged("two palettes") }
    guard body.count % 3 == 0, !body.isEmpty, body.count <= 768 else {
      throw source.damaged("a palette of \(body.count) bytes")
    }
    palette = Array(source.bytes[body])
  }

  private mutating func readTransparency(_ body: Range<Int>) throws(DataError) {
    let isRight =
      switch header?.colorType {
      case .grey: body.count == 2
      case .rgb: body.count == 6
      case .palette: body.count <= 256
      // A channel of alpha says more, and the standard forbids both.
      default: false
      }
    if isRight { transparency = Array(source.bytes[body]) }
  }

  /// The rows of all passes, each behind a byte that named its filter.
  private func unpack(_ header: PNGHeader) throws(DataError) -> [UInt8] {
    let packedSize = data.reduce(0) { $0 + $1.count }
    let size = header.passes.reduce(0) { $0 + $1.height * (1 + header.rowSize($1.width)) }
    // Deflate gives at most 258 bytes for two bits: what cannot be there is not waited for.
    guard size / 1032 <= packedSize else { throw source.cut() }
    var packed: [UInt8] = []
    packed.reserveCapacity(packedSize)
    for range in data { packed += source.bytes[range] }
    do throws(CompressionFault) {
      var inflater = try Zlib.inflater(packed, limit: size, stopsAtLimit: true)
      var rows = try inflater.unpack()
      guard rows.count == size else { throw .truncated }
      let end = inflater.position
      // Where there is more data than pixels the checksum is not reached.
      if inflater.isWhole {
        guard end + 4 <= packed.count else { throw .truncated }
        guard Adler32.of(rows) == UInt32(bigEndian: packed, at: end) else { throw .checksum }
      }
      guard PNGFilter.undo(&rows, header) else { throw .invalid("a row with an unknown filter") }
      return rows
    } catch {
      if error == .truncated { throw source.cut() }
      throw error.error(in: source.name, of: "PNG picture's data")
    }
  }
}

/// What a PNG file's header states.
struct PNGHeader {
  enum ColorType: Int {
    case grey = 0
    case rgb = 2
    case palette = 3
    case greyAlpha = 4
    case rgba = 6

    /// The samples of a pixel.
    var samples: Int {
      switch self {
      case .grey, .palette: 1
      case .greyAlpha: 2
      case .rgb: 3
      case .rgba: 4
      }
    }
  }

  /// A part of the picture that is stored as a picture of its own: every `stepX`-th pixel of every `stepY`-th row.
  struct Pass {
    var x = 0
    var y = 0
    var stepX = 1
    var stepY = 1
    let width: Int
    let height: Int
  }

  let width: Int
  let height: Int
  /// Bits a sample: 1, 2, 4, 8 or 16.
  let depth: Int
  let colorType: ColorType
  let passes: [Pass]

  init(_ source: PictureBytes, _ body: Range<Int>, _ limits: PictureLimits) throws(DataError) {
    guard body.count == 13 else { throw source.damaged("a header of \(body.count) bytes") }
    var reader = source
    reader.position = body.lowerBound
    width = try reader.big32()
    height = try reader.big32()
    try limits.check(width: width, height: height, name: source.name)
    depth = try reader.byte()
    let color = try reader.byte()
    let depths: [Int] =
      switch color {
      case 0: [1, 2, 4, 8, 16]
      case 3: [1, 2, 4, 8]
      case 2, 4, 6: [8, 16]
      default: []
      }
    guard let colorType = ColorType(rawValue: color), depths.contains(depth) else {
      throw source.damaged("color type \(color) with \(depth) bits")
    }
    self.colorType = colorType
    let (compression, filter, interlace) = (try reader.byte(), try reader.byte(), try reader.byte())
    guard compression == 0, filter == 0, interlace <= 1 else {
      throw source.unsupported("compression \(compression), filter \(filter), interlace \(interlace)")
    }
    passes = interlace == 0 ? [Pass(width: width, height: height)] : Self.adam7(width, height)
  }

  /// The seven passes of Adam7, without those that hold no pixel.
  private static func adam7(_ width: Int, _ height: Int) -> [Pass] {
    let starts = [
      (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
    ]
    return starts.compactMap { x, y, stepX, stepY in
      let (columns, rows) = ((width - x + stepX - 1) / stepX, (height - y + stepY - 1) / stepY)
      guard columns > 0, rows > 0, width > x, height > y else { return nil }
      return Pass(x: x, y: y, stepX: stepX, stepY: stepY, width: columns, height: rows)
    }
  }

  /// The bytes of a row of so many pixels.
  func rowSize(_ pixels: Int) -> Int { (pixels * colorType.samples * depth + 7) / 8 }

  /// The bytes between a byte and the one to its left that filters look at.
  var filterStep: Int { max(1, colorType.samples * depth / 8) }
}

/// The filters of PNG: each row is stored as its difference from what its neighbours foretell.
enum PNGFilter {
  /// Turns stored rows into samples; false when a row names no filter.
  static func undo(_ rows: inout [UInt8], _ header: PNGHeader) -> Bool {
    var position = 0
    for pass in header.passes {
      let size = header.rowSize(pass.width)
      for row in 0..<pass.height {
        let filter = rows[position]
        guard filter <= 4 else { return false }
        undo(filter, &rows, position + 1, size, header.filterStep, hasRowAbove: row > 0)
        position += size + 1
      }
    }
    return true
  }

  private static func undo(
    _ filter: UInt8, _ rows: inout [UInt8], _ start: Int, _ size: Int, _ step: Int, hasRowAbove: Bool
  ) {
    let above = size + 1
    let end = start + size
    let first = min(end, start + step)
    switch (filter, hasRowAbove) {
    case (1, _), (4, false):
      for index in stride(from: first, to: end, by: 1) { rows[index] &+= rows[index - step] }
    case (2, true):
      for index in start..<end { rows[index] &+= rows[index - above] }
    case (3, _):
      for index in start..<end {
        let left = index >= first ? Int(rows[index - step]) : 0
        let up = hasRowAbove ? Int(rows[index - above]) : 0
        rows[index] &+= UInt8((left + up) / 2)
      }
    case (4, true):
      for index in start..<first { rows[index] &+= rows[index - above] }
      for index in stride(from: first, to: end, by: 1) {
        rows[index] &+= paeth(rows[index - step], rows[index - above], rows[index - above - step])
      }
    default: break
    }
  }

  /// The neighbour that is nearest to `left + up − corner` (Paeth 1991).
  @inline(__always)
  static func paeth(_ left: UInt8, _ up: UInt8, _ corner: UInt8) -> UInt8 {
    let (a, b, c) = (Int(left), Int(up), Int(corner))
    let (toLeft, toUp, toCorner) = (abs(b - c), abs(a - c), abs(a + b - 2 * c))
    if toLeft <= toUp && toLeft <= toCorner { return left }
    return toUp <= toCorner ? up : corner
  }
}
