/// What a directory of a TIFF file states of its picture, checked before anything is made of it.
struct TIFFLayout {
  let width: Int
  let height: Int
  /// Bits a sample: 1, 2, 4, 8 or 16.
  let depth: Int
  let samples: Int
  let compression: Int
  let photometric: Int
  let orientation: Int
  /// Whether each channel lies by itself.
  let isPlanar: Bool
  /// Whether samples are differences from those to their left.
  let isPredicted: Bool
  /// Whether bits lie in their bytes from the lowest.
  let isReversed: Bool
  let isLittleEndian: Bool
  /// What the sample behind the colours is: 0 nothing, 1 alpha that the colours are multiplied by, 2 alpha.
  let extra: Int
  /// A part of the picture that is packed by itself: a strip or a tile.
  let segmentWidth: Int
  let segmentHeight: Int
  let segments: [Range<Int>]
  /// 256 reds, greens and blues, one after the other, of 16 bits.
  let colors: [Int]
  /// The tables that the JPEG pieces share.
  let jpegTables: [UInt8]

  enum Compression {
    static let (none, g3Runs, g3, g4, lzw, jpeg) = (1, 2, 3, 4, 5, 7)
    static let (deflate, oldDeflate, packBits) = (8, 32946, 32773)
  }

  enum Photometric {
    static let (whiteIsZero, blackIsZero, rgb, palette, yCbCr) = (0, 1, 2, 3, 6)
  }

  private enum Tag {
    static let (width, height, bits, compression, photometric, fillOrder) = (256, 257, 258, 259, 262, 266)
    static let (stripOffsets, orientation, samples, rowsPerStrip, stripCounts) = (273, 274, 277, 278, 279)
    static let (planar, predictor, colors, extraSamples, format) = (284, 317, 320, 338, 339)
    static let (tileWidth, tileHeight, tileOffsets, tileCounts, jpegTables) = (322, 323, 324, 325, 347)
  }

  init(_ tags: TIFFTags, _ source: PictureBytes, _ limits: PictureLimits) throws(DataError) {
    guard let width = tags.number(Tag.width), let height = tags.number(Tag.height) else {
      throw source.damaged("no width and height")
    }
    try limits.check(width: width, height: height, name: source.name)
    (self.width, self.height) = (width, height)
    orientation = tags.number(Tag.orientation).flatMap { (1...8).contains($0) ? $0 : nil } ?? 1
    samples = tags.number(Tag.samples) ?? 1
    guard (1...8).contains(samples) else { throw source.damaged("\(samples) samples a pixel") }
    let bits = tags.numbers(Tag.bits, limit: 8) ?? [1]
    let depth = bits[0]
    self.depth = depth
    guard [1, 2, 4, 8, 16].contains(depth), bits.prefix(samples).allSatisfy({ $0 == depth }) else {
      throw source.unsupported("its samples have \(bits.map(String.init).joined(separator: ", ")) bits")
    }
    let format = tags.number(Tag.format) ?? 1
    guard format == 1 || format == 4 else {
      throw source.unsupported(
        format == 2 ? "its samples are signed" : "its samples are floating-point numbers")
    }
    compression = tags.number(Tag.compression) ?? 1
    photometric = tags.number(Tag.photometric) ?? 1
    isPlanar = tags.number(Tag.planar) == 2 && samples > 1
    isReversed = tags.number(Tag.fillOrder) == 2
    isLittleEndian = tags.isLittleEndian
    extra = tags.number(Tag.extraSamples) ?? 0
    let predictor = tags.number(Tag.predictor) ?? 1
    guard predictor <= 2 else { throw source.unsupported("predictor \(predictor)") }
    isPredicted = predictor == 2
    colors = photometric == Photometric.palette ? tags.numbers(Tag.colors, limit: 3 << depth) ?? [] : []
    jpegTables = tags.data(Tag.jpegTables) ?? []
    let isTiled = tags.has(Tag.tileWidth)
    segmentWidth = isTiled ? tags.number(Tag.tileWidth) ?? 0 : width
    segmentHeight =
      isTiled ? tags.number(Tag.tileHeight) ?? 0 : min(height, tags.number(Tag.rowsPerStrip) ?? height)
    // A tile may reach beyond the picture, but not far.
    guard segmentWidth > 0, segmentHeight > 0, segmentWidth <= width + 4096, segmentHeight <= height + 4096
    else {
      throw source.damaged("parts of \(segmentWidth) × \(segmentHeight) pixels")
    }
    try limits.check(width: segmentWidth, height: segmentHeight, name: source.name)
    segments = try Self.segments(
      tags, source, isTiled ? (Tag.tileOffsets, Tag.tileCounts) : (Tag.stripOffsets, Tag.stripCounts))
    try checkColors(source)
    let columns = (width + segmentWidth - 1) / segmentWidth
    let rows = (height + segmentHeight - 1) / segmentHeight
    guard segments.count >= columns * rows * (isPlanar ? samples : 1) else {
      throw source.damaged("\(segments.count) parts where \(columns * rows) are needed")
    }
  }

  private static func segments(
    _ tags: TIFFTags, _ source: PictureBytes, _ tag: (offsets: Int, counts: Int)
  ) throws(DataError) -> [Range<Int>] {
    guard let offsets = tags.numbers(tag.offsets, limit: .max) else { throw source.damaged("no pixels") }
    let counts =
      tags.numbers(tag.counts, limit: .max) ?? (offsets.count == 1 ? [source.bytes.count - offsets[0]] : [])
    guard counts.count == offsets.count else { throw source.damaged("parts of unknown size") }
    var total = 0
    var result: [Range<Int>] = []
    for (offset, count) in zip(offsets, counts) {
      guard count >= 0, offset <= source.bytes.count, count <= source.bytes.count - offset else {
        throw source.cut()
      }
      total += count
      result.append(offset..<(offset + count))
    }
    // Parts that share bytes make a picture of any size.
    guard total <= 2 * source.bytes.count else { throw source.damaged("parts that overlap") }
    return result
  }

  private func checkColors(_ source: PictureBytes) throws(DataError) {
    switch photometric {
    case Photometric.whiteIsZero, Photometric.blackIsZero: break
    case Photometric.rgb, Photometric.yCbCr:
      guard samples >= 3, depth >= 8 else { throw source.unsupported("\(samples) samples of \(depth) bits") }
      guard photometric == Photometric.rgb || compression == Compression.jpeg else {
        throw source.unsupported("its colors are YCbCr without JPEG")
      }
    case Photometric.palette:
      guard depth <= 8, colors.count == 3 << depth else { throw source.damaged("no palette of its depth") }
    case 5:
      throw source.unsupported(
        "its colors are CMYK, for print", hint: "save it in RGB: what CMYK looks like depends on a printer")
    case 8, 9, 10: throw source.unsupported("its colors are of CIE L*a*b*", hint: "save it in RGB")
    default: throw source.unsupported("photometric interpretation \(photometric)")
    }
  }
}
