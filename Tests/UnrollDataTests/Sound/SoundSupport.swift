import UnrollData

/// Bytes of numbers, the lower first unless told.
func bytes(_ value: UInt64, _ count: Int, big: Bool = false) -> [UInt8] {
  let little = (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
  return big ? little.reversed() : little
}

/// A WAV file put together by hand, whose every part can be wrong.
struct WAVParts {
  var mark = "RIFF"
  var riffSize: UInt64?
  var tag: UInt64 = 1
  var channels: UInt64 = 1
  var rate: UInt64 = 8000
  var bits: UInt64 = 16
  var align: UInt64?
  /// What follows the 16 bytes of `fmt `.
  var extra: [UInt8] = []
  /// Chunks in front of `fmt `, and between it and `data`.
  var before: [UInt8] = []
  var between: [UInt8] = []
  var data: [UInt8] = []
  var dataSize: UInt64?
  var after: [UInt8] = []
  var isBig = false

  static func chunk(_ mark: String, _ body: [UInt8], size: UInt64? = nil, pad: Bool = true) -> [UInt8] {
    Array(mark.utf8) + bytes(size ?? UInt64(body.count), 4) + body + (pad && body.count % 2 == 1 ? [0] : [])
  }

  /// The 24 bytes of an extensible format: valid bits, speakers, GUID by its tag.
  static func extensible(valid: UInt64, tag: UInt64) -> [UInt8] {
    bytes(22, 2) + bytes(valid, 2) + bytes(0, 4) + bytes(tag, 2)
      + [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]
  }

  var file: [UInt8] {
    func number(_ value: UInt64, _ count: Int) -> [UInt8] { bytes(value, count, big: isBig) }
    let alignment = align ?? channels * ((bits + 7) / 8)
    let format =
      number(tag, 2) + number(channels, 2) + number(rate, 4) + number(rate &* alignment & 0xffff_ffff, 4)
      + number(alignment, 2) + number(bits, 2) + extra
    let body =
      Array("WAVE".utf8) + before + Array("fmt ".utf8) + number(UInt64(format.count), 4) + format + between
      + Array("data".utf8) + number(dataSize ?? UInt64(data.count), 4) + data + after
    return Array(mark.utf8) + number(riffSize ?? UInt64(body.count), 4) + body
  }
}

/// An AIFF file put together by hand.
struct AIFFParts {
  var code: String?
  var channels: UInt64 = 1
  var frames: UInt64?
  var bits: UInt64 = 16
  var rate: [UInt8] = [0x40, 0x0b, 0xfa, 0, 0, 0, 0, 0, 0, 0]  // 8000
  var data: [UInt8] = []
  var soundFirst = false

  var file: [UInt8] {
    func number(_ value: UInt64, _ count: Int) -> [UInt8] { bytes(value, count, big: true) }
    let count = frames ?? UInt64(data.count) / max(1, channels * ((bits + 7) / 8))
    var common = number(channels, 2) + number(count, 4) + number(bits, 2) + rate
    if let code { common += Array(code.utf8) + [4] + Array("name".utf8) + [0] }
    let commonChunk = Array("COMM".utf8) + number(UInt64(common.count), 4) + common
    let sound =
      Array("SSND".utf8) + number(UInt64(data.count + 8), 4) + number(0, 8) + data
      + (data.count % 2 == 1 ? [0] : [])
    let body =
      Array((code == nil ? "AIFF" : "AIFC").utf8) + (soundFirst ? sound + commonChunk : commonChunk + sound)
    return Array("FORM".utf8) + number(UInt64(body.count), 4) + body
  }
}

/// What bytes hold, read in small pieces.
func sound(_ bytes: [UInt8], raw: RawSoundFormat? = nil, pieceSize: Int = 7) throws(DataError) -> Sound {
  try Sound(SoundReader(ByteSource(bytes, name: "a.wav", pieceSize: pieceSize), raw: raw))
}

/// Why bytes are not read; `nil` when they are.
func soundFailure(_ bytes: [UInt8], raw: RawSoundFormat? = nil) -> DataError? {
  do throws(DataError) {
    _ = try sound(bytes, raw: raw)
    return nil
  } catch { return error }
}
