/// The kinds of files that hold pictures, told by their first bytes.
package enum PictureFormat: String, Sendable, CaseIterable {
  case png = "PNG"
  case jpeg = "JPEG"
  case bmp = "BMP"
  case gif = "GIF"
  case pnm = "PNM"
  case tiff = "TIFF"
  case webp = "WebP"
  case heif = "HEIF"

  package init?(_ bytes: [UInt8]) {
    if bytes.starts(with: PNGReader.signature) {
      self = .png
    } else if bytes.starts(with: JPEGReader.signature) {
      self = .jpeg
    } else if bytes.starts(with: Array("GIF87a".utf8)) || bytes.starts(with: Array("GIF89a".utf8)) {
      self = .gif
    } else if bytes.starts(with: Array("BM".utf8)) {
      self = .bmp
    } else if PNMReader.isPNM(bytes) {
      self = .pnm
    } else if bytes.starts(with: [0x49, 0x49, 42, 0]) || bytes.starts(with: [0x4D, 0x4D, 0, 42]) {
      self = .tiff
    } else if WebPHeader.isWebP(bytes) {
      self = .webp
    } else if Self.isHEIF(bytes) {
      self = .heif
    } else {
      return nil
    }
  }

  private static func isHEIF(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= 12, bytes[4...].starts(with: Array("ftyp".utf8)) else { return false }
    let brand = String(decoding: bytes[8..<12], as: UTF8.self)
    return ["heic", "heix", "heim", "heis", "mif1", "msf1", "avif"].contains(brand)
  }

  /// What a file is that holds no picture that is read, as far as its first bytes tell.
  static func other(_ bytes: [UInt8]) -> String? {
    let known: [([UInt8], String)] = [
      (Array("%PDF".utf8), "a PDF"), (Array("8BPS".utf8), "a Photoshop file"), ([0, 0, 1, 0], "an icon"),
      (Array("<svg".utf8), "an SVG drawing"), (Array("Pf".utf8), "a PFM picture of floating-point numbers"),
      (Array("PF".utf8), "a PFM picture of floating-point numbers"),
      ([0x49, 0x49, 43, 0], "a BigTIFF picture"),
      ([0x4D, 0x4D, 0, 43], "a BigTIFF picture"), ([0x76, 0x2F, 0x31, 1], "an OpenEXR picture"),
      ([0xFF, 0x4F, 0xFF, 0x51], "a JPEG 2000 picture"), ([0, 0, 0, 12, 0x6A, 0x50], "a JPEG 2000 picture"),
      ([0xFF, 0x0A], "a JPEG XL picture"), ([0, 0, 0, 12, 0x4A, 0x58, 0x4C], "a JPEG XL picture"),
      ([0x1F, 0x8B], "packed by gzip"), (Array("PK".utf8), "a ZIP archive"),
    ]
    return known.first { bytes.starts(with: $0.0) }?.1
  }
}

/// Reads pictures from files: PNG, JPEG, BMP, GIF and PNM, and by `ffmpeg` (on Apple's systems by ImageIO) also TIFF, WebP
/// and HEIC.
///
/// A file is told by its first bytes, not by its name. Sizes are checked before memory is taken.
public struct PictureReader: Sendable {
  /// The most pixels of a picture, or of all frames of an animation together.
  public var maximumPixels = 100_000_000
  /// Whether pictures keep their alpha; otherwise they are put on white.
  public var keepsAlpha = false
  /// Whether pictures are turned as the camera's orientation says.
  public var appliesOrientation = true
  /// Whether programs beside this one may be started; those who look for damage in readers would start thousands.
  package var startsTools = true

  public init() {}

  private var limits: PictureLimits { PictureLimits(pixels: maximumPixels, startsTools: startsTools) }

  /// Reads the picture of a file, or the first of several.
  public func picture(at path: String) throws(DataError) -> Picture {
    try picture(try TextFile.bytes(at: path), name: path)
  }

  /// Reads the picture of a file in memory; `name` is used in errors.
  public func picture(_ bytes: [UInt8], name: String) throws(DataError) -> Picture {
    let (picture, orientation) = try decode(bytes, name: name)
    return finished(picture, orientation)
  }

  /// The frames of an animated GIF, the pages of a TIFF, or the one picture of any other file.
  public func frames(at path: String) throws(DataError) -> [Picture] {
    try frames(try TextFile.bytes(at: path), name: path)
  }

  /// The same of a file in memory.
  public func frames(_ bytes: [UInt8], name: String) throws(DataError) -> [Picture] {
    var frames: [Picture] = []
    switch PictureFormat(bytes) {
    case .gif:
      var reader = try GIFReader(bytes, name: name, limits: limits)
      while let frame = try reader.next() { frames.append(finished(frame.picture)) }
    case .tiff:
      let reader = try TIFFReader(bytes, name: name, limits: limits)
      var pixels = 0
      for index in reader.directories.indices {
        let (page, orientation) = try reader.read(index)
        pixels += page.width * page.height
        guard pixels <= maximumPixels else {
          throw DataError(
            .tooLarge, file: name, expected: "pages of at most \(maximumPixels) pixels together",
            found: "more")
        }
        frames.append(finished(page, orientation))
      }
    default: frames = [try picture(bytes, name: name)]
    }
    return frames
  }

  /// A picture as it was asked for.
  private func finished(_ picture: Picture, _ orientation: Int = 1) -> Picture {
    let upright = appliesOrientation ? picture.oriented(orientation) : picture
    return keepsAlpha ? upright : upright.onWhite()
  }

  /// The picture as it is stored, with its alpha, and its orientation.
  package func decode(
    _ bytes: [UInt8], name: String
  ) throws(DataError) -> (picture: Picture, orientation: Int) {
    switch PictureFormat(bytes) {
    case .png:
      var reader = PNGReader(bytes, name: name, limits: limits)
      return (try reader.read(), reader.orientation)
    case .jpeg: return try JPEGReader.read(bytes, name: name, limits: limits)
    case .bmp:
      var reader = BMPReader(bytes, name: name, limits: limits)
      return (try reader.read(), 1)
    case .pnm:
      var reader = PNMReader(bytes, name: name, limits: limits)
      return (try reader.read(), 1)
    case .gif:
      var reader = try GIFReader(bytes, name: name, limits: limits)
      guard let frame = try reader.next() else {
        throw PictureBytes(bytes, name: name, what: "GIF picture").damaged("no frame")
      }
      return (frame.picture, 1)
    case .tiff: return try TIFFReader(bytes, name: name, limits: limits).read()
    case .webp: return try readWebP(bytes, name: name)
    case .heif: return (try readByTool(bytes, name, "HEIF", demuxer: "mov", pixelFormat: "rgb24"), 1)
    case nil: throw unknown(bytes, name: name)
    }
  }

  private func readWebP(_ bytes: [UInt8], name: String) throws(DataError) -> (Picture, orientation: Int) {
    let header = try WebPHeader(bytes, name: name, limits: limits)
    let picture = try readByTool(
      bytes, name, "WebP", demuxer: "webp_pipe", pixelFormat: header.hasAlpha ? "rgba" : "rgb24")
    return (picture, header.orientation)
  }

  private func readByTool(
    _ bytes: [UInt8], _ name: String, _ what: String, demuxer: String, pixelFormat: String
  ) throws(DataError) -> Picture {
    #if canImport(ImageIO)
      return try SystemPictures.read(
        bytes, name: name, what: "\(what) picture", isGrey: pixelFormat.hasPrefix("gray"), limits: limits)
    #else
      return try FFmpeg.still(
        bytes, name: name, what: "\(what) pictures", demuxer: demuxer, pixelFormat: pixelFormat,
        limits: limits)
    #endif
  }

  private func unknown(_ bytes: [UInt8], name: String) -> DataError {
    let found = bytes.isEmpty ? "an empty file" : PictureFormat.other(bytes)
    let formats = PictureFormat.allCases.map(\.rawValue).joined(separator: ", ")
    return DataError(
      bytes.isEmpty ? .emptyFile : .unsupportedPicture, file: name, expected: "a picture (\(formats))",
      found: found ?? "a file that begins like none of them")
  }
}

extension Picture {
  /// Reads the picture of a file, on white and turned as the camera says; see `PictureReader`.
  public init(path: String) throws(DataError) { self = try PictureReader().picture(at: path) }
}
