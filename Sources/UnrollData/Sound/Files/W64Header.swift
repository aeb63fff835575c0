/// The header of a Sony Wave64 file: chunks as in WAV, marked by GUIDs, with sizes of 64 bits that count the chunk's
/// own 24 bytes, each starting at a multiple of eight.
enum W64Header {
  private static let riff: [UInt8] = guid(
    "riff", [0x2e, 0x91, 0xcf, 0x11, 0xa5, 0xd6, 0x28, 0xdb, 0x04, 0xc1, 0, 0])
  private static let tail: [UInt8] = [0xf3, 0xac, 0xd3, 0x11, 0x8c, 0xd1, 0x00, 0xc0, 0x4f, 0x8e, 0xdb, 0x8a]
  private static func guid(_ mark: String, _ tail: [UInt8]) -> [UInt8] { Array(mark.utf8) + tail }

  static func matches(_ bytes: SoundBytes) throws(DataError) -> Bool { try bytes.starts(with: riff) }

  static func read(_ bytes: SoundBytes) throws(DataError) -> SoundHeader {
    guard try bytes.has(40) else {
      throw .badSound(bytes.name, "a Wave64 header of 40 bytes", "\(bytes.available) bytes")
    }
    bytes.advance(24)
    guard try bytes.starts(with: guid("wave", tail)) else {
      throw .badSound(bytes.name, "the GUID \"wave\" in a Wave64 file", "another one")
    }
    bytes.advance(16)
    var format: WAVFormat?
    while try bytes.has(24) {
      let isFormat = try bytes.starts(with: guid("fmt ", tail))
      let isData = try bytes.starts(with: guid("data", tail))
      let size = bytes.integer(16, bytes: 8)
      bytes.advance(24)
      let isUnset = size == 0 || size >= UInt64(Int64.max)
      guard isUnset && isData || size >= 24 else {
        throw .badSound(bytes.name, "a Wave64 chunk of at least 24 bytes", "\(size)")
      }
      if isData {
        guard let format else {
          throw .badSound(bytes.name, "a chunk \"fmt \" before the chunk \"data\"", "none")
        }
        if let coded = format.coded { return .coded(coded) }
        var layout = try format.layout(bytes)
        layout.container = "W64"
        layout.take(size: isUnset ? 0 : size - 24, isPlaceholder: isUnset, bytes: bytes)
        return .layout(try layout.checked(bytes.name))
      }
      let body = size - 24
      if isFormat { format = try WAVFormat(bytes, size: body, isBigEndian: false) }
      // What follows starts at a multiple of eight.
      let padding = (8 - body % 8) % 8
      let skipped = (isFormat ? 0 : body) + padding
      guard let count = Int(exactly: skipped), try bytes.skip(count) else { break }
    }
    throw .badSound(
      bytes.name, "a chunk \"\(format == nil ? "fmt " : "data")\" in a Wave64 file", "the end of the file")
  }
}
