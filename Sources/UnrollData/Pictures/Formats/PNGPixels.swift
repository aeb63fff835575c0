/// Makes a picture of PNG's samples.
struct PNGPixels {
  let header: PNGHeader
  let palette: [UInt8]
  let transparency: [UInt8]?

  /// The picture of the rows of all passes, each behind one byte.
  func picture(_ rows: [UInt8]) -> Picture {
    let (width, height) = (header.width, header.height)
    let channels = self.channels
    if header.depth == 8, header.passes.count == 1, channels == header.colorType.samples,
      header.colorType != .palette
    {
      return Picture(width: width, height: height, channels: channels, pixels: plainRows(rows))
    }
    var pixels = [UInt8](repeating: 0, count: width * height * channels)
    var position = 0
    for pass in header.passes {
      let size = header.rowSize(pass.width)
      for row in 0..<pass.height {
        let target = ((pass.y + row * pass.stepY) * width + pass.x) * channels
        put(rows, position + 1, pass.width, &pixels, target, step: pass.stepX * channels)
        position += size + 1
      }
    }
    return Picture(width: width, height: height, channels: channels, pixels: pixels)
  }

  private var channels: Int {
    switch header.colorType {
    case .palette: transparency == nil ? 3 : 4
    case .grey, .rgb: header.colorType.samples + (transparency == nil ? 0 : 1)
    case .greyAlpha, .rgba: header.colorType.samples
    }
  }

  private func plainRows(_ rows: [UInt8]) -> [UInt8] {
    let size = header.rowSize(header.width)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(size * header.height)
    for row in 0..<header.height {
      let start = row * (size + 1) + 1
      pixels.append(contentsOf: rows[start..<(start + size)])
    }
    return pixels
  }

  /// Writes a row's pixels, `step` bytes apart.
  private func put(
    _ rows: [UInt8], _ start: Int, _ count: Int, _ pixels: inout [UInt8], _ target: Int, step: Int
  ) {
    switch header.colorType {
    case .palette: putPalette(rows, start, count, &pixels, target, step)
    case .grey where header.depth < 8: putSmallGrey(rows, start, count, &pixels, target, step)
    default: putSamples(rows, start, count, &pixels, target, step)
    }
  }

  /// The sample of fewer than eight bits at a place of a row, the first in a byte's highest bits.
  @inline(__always)
  private func small(_ rows: [UInt8], _ start: Int, _ index: Int) -> Int {
    let depth = header.depth
    let bit = index * depth
    return Int(rows[start + bit / 8]) >> (8 - depth - bit % 8) & (1 << depth - 1)
  }

  private func putPalette(
    _ rows: [UInt8], _ start: Int, _ count: Int, _ pixels: inout [UInt8], _ target: Int, _ step: Int
  ) {
    let channels = self.channels
    var place = target
    for index in 0..<count {
      let entry = header.depth == 8 ? Int(rows[start + index]) : small(rows, start, index)
      // A place without a color is black, as other readers have it.
      if 3 * entry < palette.count {
        pixels[place] = palette[3 * entry]
        pixels[place + 1] = palette[3 * entry + 1]
        pixels[place + 2] = palette[3 * entry + 2]
      }
      if channels == 4, let transparency {
        pixels[place + 3] = entry < transparency.count ? transparency[entry] : 255
      }
      place += step
    }
  }

  private func putSmallGrey(
    _ rows: [UInt8], _ start: Int, _ count: Int, _ pixels: inout [UInt8], _ target: Int, _ step: Int
  ) {
    let factor = 255 / (1 << header.depth - 1)
    let hidden = transparency.map { (Int($0[0]) << 8 | Int($0[1])) & (1 << header.depth - 1) }
    var place = target
    for index in 0..<count {
      let sample = small(rows, start, index)
      pixels[place] = UInt8(sample * factor)
      if let hidden { pixels[place + 1] = sample == hidden ? 0 : 255 }
      place += step
    }
  }

  /// Samples of 8 or 16 bits. Those of 16 are rounded: `v · 255 / 65535`.
  private func putSamples(
    _ rows: [UInt8], _ start: Int, _ count: Int, _ pixels: inout [UInt8], _ target: Int, _ step: Int
  ) {
    let samples = header.colorType.samples
    let bytes = header.depth / 8
    var (source, place) = (start, target)
    for _ in 0..<count {
      for sample in 0..<samples {
        if bytes == 1 {
          pixels[place + sample] = rows[source + sample]
        } else {
          let value = UInt32(rows[source + 2 * sample]) << 8 | UInt32(rows[source + 2 * sample + 1])
          pixels[place + sample] = UInt8((value * 255 + 32895) >> 16)
        }
      }
      if let transparency {
        pixels[place + samples] = isHidden(rows, source, samples, bytes, transparency) ? 0 : 255
      }
      source += samples * bytes
      place += step
    }
  }

  /// Whether a pixel has the colour that stands for nothing.
  private func isHidden(
    _ rows: [UInt8], _ source: Int, _ samples: Int, _ bytes: Int, _ color: [UInt8]
  ) -> Bool {
    for sample in 0..<samples {
      guard rows[source + bytes * (sample + 1) - 1] == color[2 * sample + 1] else { return false }
      if bytes == 2, rows[source + 2 * sample] != color[2 * sample] { return false }
    }
    return true
  }
}
