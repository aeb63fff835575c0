/// What a WebP file states before its pixels (RFC 9649).
struct WebPHeader {
  private(set) var width = 0
  private(set) var height = 0
  private(set) var hasAlpha = false
  private(set) var orientation = 1

  static func isWebP(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 16 && bytes.starts(with: Array("RIFF".utf8))
      && bytes[8...].starts(with: Array("WEBP".utf8))
  }

  init(_ bytes: [UInt8], name: String, limits: PictureLimits) throws(DataError) {
    var source = PictureBytes(bytes, name: name, what: "WebP picture", position: 12)
    while source.remaining >= 8 {
      let type = String(decoding: bytes[source.position..<(source.position + 4)], as: UTF8.self)
      try source.skip(4)
      let length = try source.little32()
      let start = source.position
      var body = source
      switch type {
      case "VP8X":
        let flags = try body.byte()
        guard flags & 0x02 == 0 else {
          throw source.unsupported("it is an animation", hint: "convert it to GIF, or save its frames")
        }
        hasAlpha = flags & 0x10 != 0
        try body.skip(3)
        (width, height) = (try Self.little24(&body) + 1, try Self.little24(&body) + 1)
      case "VP8 " where width == 0:
        try body.skip(6)
        (width, height) = (try body.little16() & 0x3FFF, try body.little16() & 0x3FFF)
      case "VP8L" where width == 0:
        try body.skip(1)
        let packed = try body.little32()
        (width, height) = (packed & 0x3FFF + 1, packed >> 14 & 0x3FFF + 1)
        hasAlpha = packed >> 28 & 1 == 1
      case "EXIF":
        let end = min(bytes.count, start + length)
        orientation = ExifOrientation.find(Array(bytes[start..<end])) ?? 1
      default: break
      }
      guard length <= source.remaining else { throw source.cut() }
      try source.skip(min(source.remaining, length + length % 2))
    }
    try limits.check(width: width, height: height, name: name)
  }

  private static func little24(_ source: inout PictureBytes) throws(DataError) -> Int {
    try source.little16() | source.byte() << 16
  }
}
