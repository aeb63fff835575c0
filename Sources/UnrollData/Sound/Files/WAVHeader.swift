/// The header of a WAV file: RIFF, its big-endian form RIFX, and RF64 (EBU Tech 3306, ITU-R BS.2088), whose sizes have
/// 64 bits.
struct WAVHeader {
  private let bytes: SoundBytes
  private let isBigEndian: Bool
  private let isLong: Bool
  private let riffSize: UInt64
  /// The true sizes of chunks that say 2³² − 1, from the chunk `ds64`.
  private var longSizes: [String: UInt64] = [:]
  private var format: WAVFormat?
  private var remarks: [String] = []

  /// - Parameter bytes: Stand at the first of at least twelve bytes, which are the file's start.
  private init(_ bytes: SoundBytes) {
    self.bytes = bytes
    let mark = bytes.text(0, 4)
    isBigEndian = mark == "RIFX"
    isLong = mark == "RF64" || mark == "BW64"
    riffSize = bytes.integer(4, bytes: 4, bigEndian: isBigEndian)
    bytes.advance(12)
  }

  static func read(_ bytes: SoundBytes) throws(DataError) -> SoundHeader {
    var reader = WAVHeader(bytes)
    return try reader.chunks()
  }

  /// Goes from chunk to chunk until format and samples are known.
  private mutating func chunks() throws(DataError) -> SoundHeader {
    var data: (offset: Int, size: UInt64)?
    while try bytes.has(8) {
      let mark = bytes.text(0, 4)
      let size = bytes.integer(4, bytes: 4, bigEndian: isBigEndian)
      bytes.advance(8)
      switch mark {
      case "ds64": try readLongSizes(size)
      case "fmt ":
        format = try WAVFormat(bytes, size: size, isBigEndian: isBigEndian)
        if let data {
          try bytes.seek(data.offset)
          return try header(size: data.size)
        }
        try skipPadding(size)
      case "data":
        if format != nil { return try header(size: size) }
        // Samples before their format: looked at again once it is known.
        guard bytes.size != nil else {
          throw .badSound(bytes.name, "a chunk \"fmt \" before the chunk \"data\"", "none")
        }
        data = (bytes.offset, size)
        try skipRest(size)
      default: try skipRest(size, mark: mark)
      }
    }
    throw .badSound(
      bytes.name, "a chunk \"\(format == nil ? "fmt " : "data")\" in a WAV file",
      "the end of the file at byte \(bytes.offset + bytes.available)")
  }

  /// Goes past what is left of a chunk.
  private func skipRest(_ size: UInt64, mark: String = "") throws(DataError) {
    let actual = size == UInt64(UInt32.max) ? longSizes[mark] ?? size : size
    guard let count = Int(exactly: actual), try bytes.skip(count) else {
      // Nothing can follow; the loop that calls says what is missing.
      while try bytes.has(1) { bytes.advance(bytes.available) }
      return
    }
    try skipPadding(actual)
  }

  /// A chunk ends on an even byte, unless its writer forgot that.
  private func skipPadding(_ size: UInt64) throws(DataError) {
    guard size % 2 == 1, try bytes.has(1) else { return }
    let looksLikeMark = try bytes.has(4) && (0..<4).allSatisfy { (0x20...0x7e).contains(bytes.byte($0)) }
    if bytes.byte(0) == 0 || !looksLikeMark { bytes.advance(1) }
  }

  /// `ds64`: sizes of the file, of `data` and of the number of frames, and a table of others.
  private mutating func readLongSizes(_ size: UInt64) throws(DataError) {
    guard size >= 24, try bytes.has(24) else {
      throw .badSound(bytes.name, "a chunk \"ds64\" of at least 24 bytes", "\(size) bytes")
    }
    longSizes["data"] = bytes.integer(8, bytes: 8)
    var used = 24
    if size >= 28, try bytes.has(28) {
      let entries = min(bytes.integer(24, bytes: 4), (size - 28) / 12, 64)
      used = 28
      for _ in 0..<entries {
        guard try bytes.has(used + 12) else { break }
        longSizes[bytes.text(used, 4)] = bytes.integer(used + 4, bytes: 8)
        used += 12
      }
    }
    bytes.advance(used)
    try skipRest(size - UInt64(used))
  }

  private mutating func header(size: UInt64) throws(DataError) -> SoundHeader {
    guard let format else { throw .badSound(bytes.name, "a chunk \"fmt \"", "none") }
    if let coded = format.coded { return .coded(coded) }
    var layout = try format.layout(bytes)
    layout.container = isLong ? "RF64" : isBigEndian ? "RIFX" : "WAV"
    let isUnset = size == UInt64(UInt32.max)
    let actual = isLong && isUnset ? longSizes["data"] ?? size : size
    // Nothing was filled in when the file's own size ends before its samples, too.
    let fileEnds = riffSize <= UInt64(max(0, bytes.offset - 8)) || riffSize >= Self.placeholder
    let isPlaceholder =
      actual >= Self.placeholder && actual <= UInt64(UInt32.max) || actual == 0 && fileEnds
      || actual >= UInt64(Int.max)
    layout.take(size: actual, isPlaceholder: isPlaceholder, bytes: bytes)
    return .layout(try layout.checked(bytes.name))
  }

  /// From here on sizes in 32 bits are placeholders, if the file is not as large.
  private static let placeholder: UInt64 = 0x7fff_0000
}
