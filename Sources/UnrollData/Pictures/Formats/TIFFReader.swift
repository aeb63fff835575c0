/// Reads TIFF (6.0): strips or tiles, packed by nothing, PackBits, LZW, deflate or JPEG, in grey, RGB, palettes, with alpha
/// or without. Pictures of fax codes are handed to `ffmpeg`, which reads those well; it shows others in wrong colours.
struct TIFFReader {
  private let source: PictureBytes
  private let limits: PictureLimits
  /// Where each picture's directory begins.
  let directories: [Int]
  private typealias Compression = TIFFLayout.Compression
  private typealias Photometric = TIFFLayout.Photometric

  init(_ bytes: [UInt8], name: String, limits: PictureLimits) throws(DataError) {
    source = PictureBytes(bytes, name: name, what: "TIFF picture")
    self.limits = limits
    var directories: [Int] = []
    var next = bytes.count >= 8 ? Self.first(bytes) : 0
    // A directory that was seen before would go round for ever.
    while next > 0, !directories.contains(next), directories.count < 4096,
      let tags = TIFFTags(bytes, at: next)
    {
      directories.append(next)
      next = tags.next
    }
    self.directories = directories
    guard !directories.isEmpty else { throw source.damaged("no directory") }
  }

  private static func first(_ bytes: [UInt8]) -> Int {
    Int(bytes[0] == 0x49 ? UInt32(littleEndian: bytes, at: 4) : UInt32(bigEndian: bytes, at: 4))
  }

  /// Reads one of the pictures, as it is stored.
  func read(_ index: Int = 0) throws(DataError) -> (picture: Picture, orientation: Int) {
    guard let tags = TIFFTags(source.bytes, at: directories[index]) else {
      throw source.damaged("no directory")
    }
    let layout = try TIFFLayout(tags, source, limits)
    switch layout.compression {
    case Compression.g3Runs, Compression.g3, Compression.g4:
      return (try readFax(index), layout.orientation)
    case Compression.none, Compression.packBits, Compression.lzw, Compression.deflate, Compression.oldDeflate:
      break
    case Compression.jpeg:
      guard layout.depth == 8, !layout.isPlanar else { throw source.unsupported("JPEG with planes") }
    default: throw source.unsupported("compression \(layout.compression)")
    }
    return (try picture(layout), layout.orientation)
  }

  private func readFax(_ index: Int) throws(DataError) -> Picture {
    #if canImport(ImageIO)
      return try SystemPictures.read(
        source.bytes, name: source.name, what: source.what, isGrey: true, limits: limits)
    #else
      return try FFmpeg.still(
        source.bytes, name: source.name, what: "TIFF pictures of fax codes", demuxer: "tiff_pipe",
        pixelFormat: "gray", limits: limits, decoder: index == 0 ? [] : ["-page", "\(index + 1)"])
    #endif
  }

  private func picture(_ layout: TIFFLayout) throws(DataError) -> Picture {
    let channels = self.channels(layout)
    // What packing can give of a byte at most: LZW's codes of 12 bits stand for up to 4 KiB.
    let packed = layout.segments.reduce(0) { $0 + $1.count }
    let most =
      layout.compression == Compression.none ? 1 : layout.compression == Compression.packBits ? 128 : 4096
    guard (layout.width * layout.depth * layout.samples + 7) / 8 * layout.height / most <= packed else {
      throw source.cut()
    }
    var picture = Picture(
      width: layout.width, height: layout.height, color: [UInt8](repeating: 0, count: channels))
    let columns = (layout.width + layout.segmentWidth - 1) / layout.segmentWidth
    let rows = (layout.height + layout.segmentHeight - 1) / layout.segmentHeight
    let planes = layout.isPlanar ? layout.samples : 1
    for plane in 0..<planes {
      for row in 0..<rows {
        // The last strip holds what is left; tiles are always whole.
        let isStrip = layout.segmentWidth == layout.width
        let left = layout.height - row * layout.segmentHeight
        let height = isStrip ? min(layout.segmentHeight, left) : layout.segmentHeight
        for column in 0..<columns {
          let range = layout.segments[(plane * rows + row) * columns + column]
          let samples = try unpack(range, layout, height: height)
          put(
            samples, layout, plane: plane, x: column * layout.segmentWidth, y: row * layout.segmentHeight,
            height: min(height, left), &picture)
        }
      }
    }
    return layout.extra == 1 && picture.hasAlpha ? Self.divided(picture) : picture
  }

  private func channels(_ layout: TIFFLayout) -> Int {
    let colors = layout.photometric <= Photometric.blackIsZero ? 1 : 3
    let hasAlpha = layout.samples > colors && layout.extra > 0 && layout.photometric != Photometric.palette
    return hasAlpha ? colors + 1 : colors
  }

  /// The samples of a strip or a tile, row by row, packed as their depth is.
  private func unpack(_ range: Range<Int>, _ layout: TIFFLayout, height: Int) throws(DataError) -> [UInt8] {
    let inPixel = layout.isPlanar ? 1 : layout.samples
    let rowSize = (layout.segmentWidth * inPixel * layout.depth + 7) / 8
    let size = rowSize * height
    var packed = Array(source.bytes[range])
    if layout.isReversed, layout.compression != Compression.jpeg {
      packed = packed.map { byte in
        let swapped = byte << 4 | byte >> 4
        let pairs = swapped << 2 & 0xCC | swapped >> 2 & 0x33
        return pairs << 1 & 0xAA | pairs >> 1 & 0x55
      }
    }
    var samples: [UInt8]
    switch layout.compression {
    case Compression.jpeg: return try unpackJPEG(packed, layout, height: height)
    case Compression.packBits: samples = TIFFCodes.unpackBits(packed, limit: size)
    case Compression.lzw:
      guard let bytes = TIFFCodes.unpackLZW(packed, limit: size) else {
        throw source.damaged("a code that stands for nothing")
      }
      samples = bytes
    case Compression.deflate, Compression.oldDeflate:
      do throws(CompressionFault) {
        var inflater = try Zlib.inflater(packed, limit: size, stopsAtLimit: true)
        samples = try inflater.unpack()
      } catch { throw error.error(in: source.name, of: "TIFF picture's data") }
    default: samples = packed
    }
    guard samples.count >= size else { throw source.cut() }
    if layout.isPredicted { TIFFCodes.addDifferences(&samples, layout, rowSize: rowSize, height: height) }
    return samples
  }

  /// A strip or tile that is a JPEG file without its tables, which stand in the directory.
  private func unpackJPEG(_ bytes: [UInt8], _ layout: TIFFLayout, height: Int) throws(DataError) -> [UInt8] {
    var file = bytes
    let tables = layout.jpegTables
    if tables.count > 4, bytes.starts(with: [0xFF, 0xD8]) {
      // Tables end with a marker of their own, and the strip begins with one.
      file = tables.dropLast(2) + bytes.dropFirst(2)
    }
    // In RGB without saying so: an Adobe marker says so.
    if layout.photometric == Photometric.rgb, layout.samples == 3 {
      let adobe: [UInt8] = [0xFF, 0xEE, 0, 14] + Array("Adobe".utf8) + [0, 100, 0, 0, 0, 0, 0]
      file = Array(file.prefix(2)) + adobe + Array(file.dropFirst(2))
    }
    let (picture, _) = try JPEGReader.read(
      file, name: source.name, limits: limits, allowsTool: false)
    guard picture.width == layout.segmentWidth, picture.height >= height, picture.channels == layout.samples
    else {
      throw source.damaged("a JPEG part of \(picture.width) × \(picture.height) pixels")
    }
    return picture.pixels
  }

  /// Writes a strip's or tile's samples where they belong.
  private func put(
    _ samples: [UInt8], _ layout: TIFFLayout, plane: Int, x: Int, y: Int, height: Int,
    _ picture: inout Picture
  ) {
    let inPixel = layout.isPlanar ? 1 : layout.samples
    let rowSize = (layout.segmentWidth * inPixel * layout.depth + 7) / 8
    let width = min(layout.segmentWidth, layout.width - x)
    let isPalette = layout.photometric == Photometric.palette
    let isInverted = layout.photometric == Photometric.whiteIsZero
    let channels = picture.channels
    for row in 0..<height {
      var target = ((y + row) * layout.width + x) * channels
      for column in 0..<width {
        for sample in 0..<inPixel {
          let channel = layout.isPlanar ? plane : sample
          guard channel < (isPalette ? 1 : channels) else { continue }
          let value = value(samples, row * rowSize, column * inPixel + sample, layout)
          if isPalette {
            for color in 0..<3 {
              picture.pixels[target + color] = UInt8(layout.colors[color << layout.depth + value] >> 8)
            }
          } else {
            let byte = byte(value, layout.depth)
            picture.pixels[target + channel] = isInverted && channel == 0 ? 255 - byte : byte
          }
        }
        target += channels
      }
    }
  }

  /// The sample at a place of a row that begins at `start`.
  @inline(__always)
  private func value(_ samples: [UInt8], _ start: Int, _ index: Int, _ layout: TIFFLayout) -> Int {
    switch layout.depth {
    case 8: return Int(samples[start + index])
    case 16:
      let (first, second) = (Int(samples[start + 2 * index]), Int(samples[start + 2 * index + 1]))
      return layout.isLittleEndian ? second << 8 | first : first << 8 | second
    default:
      let bit = index * layout.depth
      return Int(samples[start + bit / 8]) >> (8 - layout.depth - bit % 8) & (1 << layout.depth - 1)
    }
  }

  /// A sample of any depth as a byte; those of 16 bits are rounded.
  @inline(__always)
  private func byte(_ value: Int, _ depth: Int) -> UInt8 {
    switch depth {
    case 8: UInt8(value)
    case 16: UInt8((value * 255 + 32895) >> 16)
    default: UInt8(value * (255 / (1 << depth - 1)))
    }
  }

  /// The picture with colours that are not multiplied by alpha.
  private static func divided(_ picture: Picture) -> Picture {
    var result = picture
    let colors = picture.channels - 1
    for start in stride(from: 0, to: picture.pixels.count, by: picture.channels) {
      let alpha = Int(picture.pixels[start + colors])
      guard alpha > 0, alpha < 255 else { continue }
      for channel in start..<(start + colors) {
        result.pixels[channel] = UInt8(min(255, Int(picture.pixels[channel]) * 255 / alpha))
      }
    }
    return result
  }
}

/// The packings of TIFF that other formats have not.
enum TIFFCodes {
  /// PackBits: runs of bytes, alike or not, each behind its length.
  static func unpackBits(_ packed: [UInt8], limit: Int) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(min(limit, packed.count * 128))
    var position = 0
    while position + 1 < packed.count, output.count < limit {
      let length = Int(Int8(bitPattern: packed[position]))
      position += 1
      if length >= 0 {
        let end = min(packed.count, position + length + 1)
        output += packed[position..<end]
        position = end
      } else if length > -128 {
        output.append(contentsOf: repeatElement(packed[position], count: 1 - length))
        position += 1
      }
    }
    return output
  }

  /// LZW with the highest bit first, whose codes grow one early; `nil` for a code that stands for nothing.
  static func unpackLZW(_ packed: [UInt8], limit: Int) -> [UInt8]? {
    var output: [UInt8] = []
    output.reserveCapacity(min(limit, packed.count * 8))
    var starts = [Int32](repeating: 0, count: 4096)
    var lengths = [Int32](repeating: 0, count: 4096)
    var (next, width) = (258, 9)
    var last: (start: Int, length: Int)?
    var (bits, bitCount, position) = (UInt32(0), 0, 0)
    while output.count < limit {
      while bitCount < width {
        guard position < packed.count else { return output }
        bits = bits << 8 | UInt32(packed[position])
        position += 1
        bitCount += 8
      }
      let code = Int(bits >> UInt32(bitCount - width) & (1 << UInt32(width) - 1))
      bitCount -= width
      if code == 257 { return output }
      if code == 256 {
        (next, width, last) = (258, 9, nil)
        continue
      }
      let start = output.count
      if code < 256 {
        output.append(UInt8(code))
      } else if code < next {
        let from = Int(starts[code])
        for offset in 0..<Int(lengths[code]) { output.append(output[from + offset]) }
      } else if code == next, let last {
        for offset in 0..<last.length { output.append(output[last.start + offset]) }
        output.append(output[last.start])
      } else {
        return nil
      }
      if let last, next < 4096 {
        starts[next] = Int32(last.start)
        lengths[next] = Int32(last.length + 1)
        next += 1
        if next + 1 >= 1 << width, width < 12 { width += 1 }
      }
      last = (start, output.count - start)
    }
    return output
  }

  /// Turns differences from the pixel to the left into samples.
  static func addDifferences(_ samples: inout [UInt8], _ layout: TIFFLayout, rowSize: Int, height: Int) {
    let step = layout.isPlanar ? 1 : layout.samples
    for row in 0..<height {
      let start = row * rowSize
      if layout.depth == 8 {
        for index in stride(from: start + step, to: start + rowSize, by: 1) {
          samples[index] &+= samples[index - step]
        }
      } else if layout.depth == 16 {
        let (low, high) = layout.isLittleEndian ? (0, 1) : (1, 0)
        for index in stride(from: start + 2 * step, to: start + rowSize, by: 2) {
          let before = UInt16(samples[index - 2 * step + high]) << 8 | UInt16(samples[index - 2 * step + low])
          let sum = (UInt16(samples[index + high]) << 8 | UInt16(samples[index + low])) &+ before
          samples[index + high] = UInt8(sum >> 8)
          samples[index + low] = UInt8(truncatingIfNeeded: sum)
        }
      }
    }
  }
}
