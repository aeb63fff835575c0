/// What a JPEG file states before its pixels (ITU-T T.81): enough to refuse it before a library allocates.
struct JPEGHeader {
  private(set) var width = 0
  private(set) var height = 0
  private(set) var components = 0
  /// The orientation of 1…8 that EXIF states.
  private(set) var orientation = 1

  /// Reads up to the first scan.
  init(_ bytes: [UInt8], name: String, limits: PictureLimits) throws(DataError) {
    var source = PictureBytes(bytes, name: name, what: "JPEG picture", position: 2)
    var hasExif = false
    while true {
      let marker = try Self.nextMarker(&source)
      switch marker {
      // Markers without a body.
      case 0x01, 0xD0...0xD8: continue
      case 0xD9: throw source.damaged("an end before the pixels")
      default: break
      }
      let length = try source.big16()
      guard length >= 2 else { throw source.damaged("a segment of \(length) bytes") }
      let start = source.position
      try source.skip(length - 2)
      switch marker {
      case 0xC4, 0xC8, 0xCC: break
      case 0xC0...0xCF where components == 0: try readFrame(source, start, length - 2, limits)
      case 0xE1 where !hasExif:
        let body = bytes[start..<source.position]
        guard body.starts(with: Array("Exif\0\0".utf8)) else { break }
        hasExif = true
        orientation = ExifOrientation.find(Array(body)) ?? 1
      case 0xDA:
        guard components > 0 else { throw source.damaged("pixels before the header") }
        return
      default: break
      }
    }
  }

  /// The next marker. What lies before it is passed over, as libjpeg does.
  private static func nextMarker(_ source: inout PictureBytes) throws(DataError) -> Int {
    while true {
      while try source.byte() != 0xFF {}
      var byte = 0xFF
      while byte == 0xFF { byte = try source.byte() }
      if byte != 0 { return byte }
    }
  }

  private mutating func readFrame(
    _ source: PictureBytes, _ start: Int, _ length: Int, _ limits: PictureLimits
  ) throws(DataError) {
    var source = source
    source.position = start
    guard length >= 6 else { throw source.damaged("a header of \(length) bytes") }
    let depth = try source.byte()
    guard depth == 8 else { throw source.unsupported("\(depth) bits a sample") }
    height = try source.big16()
    width = try source.big16()
    components = try source.byte()
    try limits.check(width: width, height: height, name: source.name)
    switch components {
    case 1, 3: break
    case 4:
      throw source.unsupported(
        "its colors are CMYK, for print", hint: "save it in RGB: what CMYK looks like depends on a printer")
    default: throw source.unsupported("\(components) components")
    }
  }
}
