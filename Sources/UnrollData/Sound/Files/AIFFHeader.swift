/// The header of an AIFF or AIFF-C file (Apple 1989, 1991): chunks with big-endian sizes, in any order.
struct AIFFHeader {
  private let bytes: SoundBytes
  private let isCompressed: Bool
  private var layout: SoundLayout?
  private var frames: UInt64 = 0
  private var coded: String?

  private init(_ bytes: SoundBytes) {
    self.bytes = bytes
    isCompressed = bytes.text(8, 4) == "AIFC"
    bytes.advance(12)
  }

  /// - Parameter bytes: Stand at the first of at least twelve bytes, which are the file's start.
  static func read(_ bytes: SoundBytes) throws(DataError) -> SoundHeader {
    var reader = AIFFHeader(bytes)
    return try reader.chunks()
  }

  private mutating func chunks() throws(DataError) -> SoundHeader {
    var data: (offset: Int, size: UInt64)?
    while try bytes.has(8) {
      let mark = bytes.text(0, 4)
      let size = bytes.integer(4, bytes: 4, bigEndian: true)
      bytes.advance(8)
      if mark == "COMM" {
        try readCommon(size)
        if let data {
          try bytes.seek(data.offset)
          return try header(size: data.size)
        }
      } else if mark == "SSND" {
        if layout != nil || coded != nil { return try header(size: size) }
        guard bytes.size != nil else {
          throw .badSound(bytes.name, "a chunk \"COMM\" before the chunk \"SSND\"", "none")
        }
        data = (bytes.offset, size)
        guard try bytes.skip(Int(size + size % 2)) else { break }
      } else {
        guard try bytes.skip(Int(size + size % 2)) else { break }
      }
    }
    if let layout, frames == 0 {
      // A file without sound may have no chunk for it.
      var empty = layout
      empty.dataBytes = 0
      return .layout(empty)
    }
    let missing = layout == nil && coded == nil ? "COMM" : "SSND"
    throw .badSound(bytes.name, "a chunk \"\(missing)\" in an AIFF file", "the end of the file")
  }

  private mutating func readCommon(_ size: UInt64) throws(DataError) {
    let needed = isCompressed ? 22 : 18
    guard size >= UInt64(needed), try bytes.has(needed) else {
      let found = size < UInt64(needed) ? "\(size) bytes" : "the end of the file"
      throw .badSound(bytes.name, "a chunk \"COMM\" of at least \(needed) bytes", found)
    }
    frames = bytes.integer(2, bytes: 4, bigEndian: true)
    let bits = Int(bytes.integer(6, bytes: 2, bigEndian: true))
    let rate = Self.extended(
      bytes.integer(8, bytes: 2, bigEndian: true), bytes.integer(10, bytes: 8, bigEndian: true))
    guard let rate, rate >= 0.5, rate <= Double(SoundLayout.highestRate) else {
      throw .badSound(
        bytes.name, "a sample rate from 1 to \(SoundLayout.highestRate) Hz",
        rate.map { "\($0) Hz" } ?? "no number")
    }
    let code = isCompressed ? bytes.text(18, 4) : "NONE"
    var found = SoundLayout(
      container: isCompressed ? "AIFC" : "AIFF", encoding: .pcm16,
      channels: Int(bytes.integer(0, bytes: 2, bigEndian: true)), sampleRate: Int(rate.rounded()))
    if rate != rate.rounded() {
      found.remarks.append("the sample rate \(rate) is taken as \(found.sampleRate)")
    }
    if let encoding = try encoding(code, bits) {
      found.encoding = encoding
      layout = try found.checked(bytes.name)
    } else {
      coded = "AIFF-C coded as \(quoted(code))"
    }
    guard try bytes.skip(Int(size + size % 2)) else {
      throw .badSound(bytes.name, "a chunk \"COMM\" of \(size) bytes", "the end of the file within it")
    }
  }

  /// The encoding by AIFF-C's four letters; `nil` for what needs a decoder.
  private func encoding(_ code: String, _ bits: Int) throws(DataError) -> SampleEncoding? {
    switch code {
    case "NONE", "twos", "sowt":
      guard bits >= 1, bits <= 32 else {
        throw .badSound(bytes.name, "PCM samples of 1 to 32 bits", "\(bits) bits")
      }
      return SampleEncoding(.signed, bytes: (bits + 7) / 8, isBigEndian: code != "sowt")
    case "raw ": return SampleEncoding(.unsigned, bytes: 1)
    case "in24": return SampleEncoding(.signed, bytes: 3, isBigEndian: true)
    case "in32": return SampleEncoding(.signed, bytes: 4, isBigEndian: true)
    case "fl32", "FL32": return SampleEncoding(.float, bytes: 4, isBigEndian: true)
    case "fl64", "FL64": return SampleEncoding(.float, bytes: 8, isBigEndian: true)
    case "alaw", "ALAW": return .aLaw
    case "ulaw", "ULAW": return .muLaw
    default: return nil
    }
  }

  private func header(size: UInt64) throws(DataError) -> SoundHeader {
    if let coded { return .coded(coded) }
    guard var layout else { throw .badSound(bytes.name, "a chunk \"COMM\"", "none") }
    guard try bytes.has(8) else {
      throw .badSound(bytes.name, "a chunk \"SSND\" of at least 8 bytes", "the end of the file")
    }
    let offset = bytes.integer(0, bytes: 4, bigEndian: true)
    bytes.advance(8)
    guard try bytes.skip(Int(offset)) else {
      throw .badSound(bytes.name, "sound \(offset) bytes into \"SSND\"", "the end of the file")
    }
    // The number of frames says how much is sound; one that was never filled in says nothing.
    let counted = frames.multipliedReportingOverflow(by: UInt64(layout.frameBytes))
    let stated = size >= 8 + offset ? size - 8 - offset : 0
    let isUnset = frames == 0 && stated > 0 || frames >= 0x7fff_0000
    layout.take(
      size: isUnset ? stated : counted.partialValue,
      isPlaceholder: isUnset && (stated == 0 || stated >= 0x7fff_0000), bytes: bytes)
    return .layout(layout)
  }

  /// A number of 80 bits: sign and exponent, then 64 bits of which the first is the integer part.
  /// `nil` for what is no finite number above 0.
  private static func extended(_ head: UInt64, _ mantissa: UInt64) -> Double? {
    guard head & 0x8000 == 0, head != 0x7fff, mantissa != 0 else { return nil }
    let exponent = Int(head) - 16383 - 63
    guard exponent > -200, exponent < 200 else { return nil }
    return Double(sign: .plus, exponent: exponent, significand: Double(mantissa))
  }
}
