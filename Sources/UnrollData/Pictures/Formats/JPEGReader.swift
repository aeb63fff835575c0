/// Reads JPEG: by ImageIO on Apple's systems, else by libturbojpeg, else by `ffmpeg`.
enum JPEGReader {
  static let signature: [UInt8] = [0xFF, 0xD8, 0xFF]

  /// The picture as it is stored, and the orientation in which it is to be seen.
  ///
  /// - Parameter allowsTool: whether `ffmpeg` may read it. It knows a JPEG file, but not a part of another.
  static func read(
    _ bytes: [UInt8], name: String, limits: PictureLimits, allowsTool: Bool = true
  ) throws(DataError) -> (Picture, orientation: Int) {
    let header = try JPEGHeader(bytes, name: name, limits: limits)
    let channels = header.components == 1 ? 1 : 3
    // A block of 64 pixels takes a bit or more of each scan, and one scan holds at most all: less cannot be whole.
    guard header.width * header.height <= max(1 << 20, bytes.count * 512) else {
      throw PictureBytes(bytes, name: name, what: "JPEG picture").cut()
    }
    #if canImport(ImageIO)
      let picture = try SystemPictures.read(bytes, name: name, what: "JPEG picture", isGrey: channels == 1)
      return (picture, header.orientation)
    #else
      guard let library = TurboJPEG.shared else {
        guard allowsTool else {
          throw DataError(
            .missingTool, file: name, expected: "libturbojpeg, which reads JPEG parts", found: "none",
            statement: "its parts are JPEG pictures, which libturbojpeg reads, and that is not installed",
            hint: "install libturbojpeg")
        }
        let picture = try FFmpeg.still(
          bytes, name: name, what: "JPEG pictures", demuxer: "jpeg_pipe",
          pixelFormat: channels == 1 ? "gray" : "rgb24", limits: limits, alternative: "libturbojpeg")
        return (picture, header.orientation)
      }
      let (pixels, message, isWarning) = library.pixels(
        bytes, width: header.width, height: header.height, channels: channels)
      if let message { try check(message, isWarning: isWarning, bytes: bytes, name: name) }
      let picture = Picture(width: header.width, height: header.height, channels: channels, pixels: pixels)
      return (picture, header.orientation)
    #endif
  }

  /// Decides what the library's complaints mean: superfluous bytes between segments do no harm; everything else makes
  /// wrong pixels.
  private static func check(
    _ message: String, isWarning: Bool, bytes: [UInt8], name: String
  ) throws(DataError) {
    let source = PictureBytes(bytes, name: name, what: "JPEG picture")
    if isWarning, message.contains("extraneous bytes before marker") { return }
    if message.contains("Premature end") { throw source.cut() }
    throw source.damaged("libturbojpeg says \(quoted(message))")
  }
}
