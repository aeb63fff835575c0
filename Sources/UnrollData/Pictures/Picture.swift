import UnrollCore

/// A picture: rows of pixels from the top, of one byte a channel.
///
/// Channels are grey (1), grey and alpha (2), red, green and blue (3), or those and alpha (4). Alpha is not multiplied into
/// the colours. Readers give pictures of 1 or 3 channels unless alpha is asked for.
public struct Picture: Sendable, Equatable {
  public let width: Int
  public let height: Int
  public let channels: Int
  /// `height` × `width` × `channels` values, row-major.
  public internal(set) var pixels: [UInt8]

  /// A picture of given pixels, `height` × `width` × `channels` of them in row-major order.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0 && (1...4).contains(channels), "a picture needs pixels")
    precondition(pixels.count == width * height * channels, "\(pixels.count) values do not fill the picture")
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  /// A picture of one colour, with a value for each channel.
  public init(width: Int, height: Int, color: [UInt8]) {
    var pixels: [UInt8] = []
    if color.count == 1 {
      pixels = [UInt8](repeating: color[0], count: width * height)
    } else {
      pixels.reserveCapacity(width * height * color.count)
      for _ in 0..<(width * height) { pixels.append(contentsOf: color) }
    }
    self.init(width: width, height: height, channels: color.count, pixels: pixels)
  }

  /// The value of a channel at a place, which must be in the picture.
  public subscript(x: Int, y: Int, channel: Int = 0) -> UInt8 {
    get { pixels[(y * width + x) * channels + channel] }
    set { pixels[(y * width + x) * channels + channel] = newValue }
  }

  /// Whether there is a channel of alpha.
  public var hasAlpha: Bool { channels == 2 || channels == 4 }
}

extension Picture {
  /// The picture without alpha, on white: `(c·a + 255·(255 − a)) / 255`, rounded.
  public func onWhite() -> Picture {
    guard hasAlpha else { return self }
    let colors = channels - 1
    var result = [UInt8](repeating: 0, count: width * height * colors)
    var (source, target) = (0, 0)
    while source < pixels.count {
      let alpha = Int(pixels[source + colors])
      for channel in 0..<colors {
        let value = Int(pixels[source + channel]) * alpha + 255 * (255 - alpha)
        result[target + channel] = UInt8((value + 127) / 255)
      }
      source += channels
      target += colors
    }
    return Picture(width: width, height: height, channels: colors, pixels: result)
  }

  /// The picture in grey, without alpha: the luma of ITU-R BT.601, `0.299 R + 0.587 G + 0.114 B`, rounded, in the
  /// integers that Pillow uses (19595, 38470 and 7471 of 65536).
  public func grey() -> Picture {
    let solid = onWhite()
    guard solid.channels == 3 else { return solid }
    var result = [UInt8](repeating: 0, count: width * height)
    for index in result.indices {
      let red = UInt32(solid.pixels[3 * index]) * 19595
      let green = UInt32(solid.pixels[3 * index + 1]) * 38470
      let blue = UInt32(solid.pixels[3 * index + 2]) * 7471
      result[index] = UInt8((red + green + blue + 0x8000) >> 16)
    }
    return Picture(width: width, height: height, channels: 1, pixels: result)
  }

  /// The picture with three channels, without alpha.
  public func rgb() -> Picture {
    let solid = onWhite()
    guard solid.channels == 1 else { return solid }
    var result = [UInt8](repeating: 0, count: width * height * 3)
    for (index, value) in solid.pixels.enumerated() {
      result[3 * index] = value
      result[3 * index + 1] = value
      result[3 * index + 2] = value
    }
    return Picture(width: width, height: height, channels: 3, pixels: result)
  }

  /// The picture with light for dark.
  public func inverted() -> Picture {
    var result = self
    for index in result.pixels.indices where !hasAlpha || index % channels != channels - 1 {
      result.pixels[index] = 255 - result.pixels[index]
    }
    return result
  }

  /// The values divided by 255: `height` × `width` × `channels` numbers from 0 to 1.
  public func floats() -> [Float] {
    let table = (0..<256).map { Float($0) / 255 }
    return pixels.map { table[Int($0)] }
  }

  /// The values divided by 255, of shape `[height, width, channels]`.
  public func tensor() -> Tensor { Tensor(floats(), shape: [height, width, channels]) }

  /// A picture of numbers from 0 to 1; those beyond are taken for the nearest, and NaN for 0.
  public init(width: Int, height: Int, channels: Int, floats: [Float]) {
    self.init(
      width: width, height: height, channels: channels,
      pixels: floats.map { $0 >= 1 ? 255 : $0 > 0 ? UInt8(($0 * 255).rounded()) : 0 })
  }
}
