#if canImport(ImageIO)
  import CoreGraphics
  import Foundation
  import ImageIO

  /// Pictures that the system itself reads, on Apple's platforms: JPEG, TIFF, WebP and HEIC.
  enum SystemPictures {
    /// The picture as it is stored, with alpha where it has any.
    static func read(
      _ bytes: [UInt8], name: String, what: String, isGrey: Bool, limits: PictureLimits = PictureLimits()
    ) throws(DataError) -> Picture {
      let source = PictureBytes(bytes, name: name, what: what)
      guard let pictures = CGImageSourceCreateWithData(Data(bytes) as CFData, nil) else {
        throw source.damaged("the system cannot read it")
      }
      let properties = CGImageSourceCopyPropertiesAtIndex(pictures, 0, nil) as? [CFString: Any]
      if let width = properties?[kCGImagePropertyPixelWidth] as? Int,
        let height = properties?[kCGImagePropertyPixelHeight] as? Int
      {
        try limits.check(width: width, height: height, name: name)
      }
      guard CGImageSourceGetStatusAtIndex(pictures, 0) == .statusComplete,
        let image = CGImageSourceCreateImageAtIndex(pictures, 0, nil)
      else { throw source.cut() }
      try limits.check(width: image.width, height: image.height, name: name)
      guard let picture = isGrey ? grey(image) : colors(image) else {
        throw source.damaged("the system cannot show it")
      }
      return picture
    }

    private static func grey(_ image: CGImage) -> Picture? {
      let (width, height) = (image.width, image.height)
      guard
        let context = CGContext(
          data: nil, width: width, height: height, bitsPerComponent: 8, bytesPerRow: width,
          space: CGColorSpaceCreateDeviceGray(), bitmapInfo: CGImageAlphaInfo.none.rawValue)
      else { return nil }
      context.draw(image, in: CGRect(x: 0, y: 0, width: width, height: height))
      guard let data = context.data else { return nil }
      let pixels = Array(UnsafeRawBufferPointer(start: data, count: width * height))
      return Picture(width: width, height: height, channels: 1, pixels: pixels)
    }

    private static func colors(_ image: CGImage) -> Picture? {
      let (width, height) = (image.width, image.height)
      guard
        let context = CGContext(
          data: nil, width: width, height: height, bitsPerComponent: 8, bytesPerRow: width * 4,
          space: image.colorSpace?.model == .rgb ? image.colorSpace! : CGColorSpaceCreateDeviceRGB(),
          bitmapInfo: CGImageAlphaInfo.premultipliedLast.rawValue)
      else { return nil }
      context.draw(image, in: CGRect(x: 0, y: 0, width: width, height: height))
      guard let data = context.data else { return nil }
      var pixels = Array(UnsafeRawBufferPointer(start: data, count: width * height * 4))
      let hasAlpha = stride(from: 3, to: pixels.count, by: 4).contains { pixels[$0] != 255 }
      guard hasAlpha else {
        let solid = pixels.indices.filter { $0 % 4 != 3 }.map { pixels[$0] }
        return Picture(width: width, height: height, channels: 3, pixels: solid)
      }
      for index in pixels.indices where index % 4 != 3 {
        let alpha = Int(pixels[index / 4 * 4 + 3])
        if alpha > 0 { pixels[index] = UInt8(clamping: (Int(pixels[index]) * 255 + alpha / 2) / alpha) }
      }
      return Picture(width: width, height: height, channels: 4, pixels: pixels)
    }
  }
#endif
