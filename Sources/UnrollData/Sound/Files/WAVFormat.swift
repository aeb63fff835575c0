/// The chunk `fmt ` of WAV and W64 files.
struct WAVFormat {
  private var tag: UInt64
  private let channels: Int
  private let sampleRate: Int
  private let blockAlign: Int
  private let bits: Int
  private let isBigEndian: Bool

  /// Reads the parts that are known; the bytes stand at the chunk's end then.
  init(_ bytes: SoundBytes, size: UInt64, isBigEndian: Bool) throws(DataError) {
    self.isBigEndian = isBigEndian
    guard size >= 16, try bytes.has(16) else {
      let found = size < 16 ? "\(size) bytes" : "the end of the file"
      throw .badSound(bytes.name, "a chunk \"fmt \" of at least 16 bytes", found)
    }
    func integer(_ index: Int, _ count: Int) -> UInt64 {
      bytes.integer(index, bytes: count, bigEndian: isBigEndian)
    }
    tag = integer(0, 2)
    channels = Int(integer(2, 2))
    sampleRate = Int(integer(4, 4))
    blockAlign = Int(integer(12, 2))
    bits = Int(integer(14, 2))
    if tag == Self.extensible {
      guard size >= 40, try bytes.has(40) else {
        throw .badSound(
          bytes.name, "a chunk \"fmt \" of at least 40 bytes, as its format is \"extensible\"",
          size < 40 ? "\(size) bytes" : "the end of the file")
      }
      tag = try Self.tag(bytes, isBigEndian)
    }
    guard size <= UInt64(Int.max), try bytes.skip(Int(size)) else {
      throw .badSound(
        bytes.name, "a chunk \"fmt \" of \(size) bytes", "the end of the file within it")
    }
  }

  private static let extensible: UInt64 = 0xfffe

  /// The format by its GUID, which holds a tag in front of one of two constants.
  private static func tag(_ bytes: SoundBytes, _ isBigEndian: Bool) throws(DataError) -> UInt64 {
    let first = bytes.integer(24, bytes: 4, bigEndian: isBigEndian)
    let tail = (32..<40).map { bytes.byte($0) }
    let middle = [
      bytes.integer(28, bytes: 2, bigEndian: isBigEndian),
      bytes.integer(30, bytes: 2, bigEndian: isBigEndian),
    ]
    let isPlain = middle == [0, 0x10] && tail == [0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]
    let isAmbisonic = middle == [0x0721, 0x11d3] && tail == [0x86, 0x44, 0xc8, 0xc1, 0xca, 0, 0, 0]
    guard isPlain || isAmbisonic, first <= 0xffff else {
      throw .badSound(bytes.name, "a GUID of a format of sound", "another one in \"fmt \"")
    }
    return first
  }

  /// What needs a decoder, in words.
  var coded: String? {
    switch tag {
    case 1, 3, 6, 7: nil
    case 2: "Microsoft ADPCM in WAV"
    case 0x11: "IMA ADPCM in WAV"
    case 0x31: "GSM 6.10 in WAV"
    case 0x50, 0x55: "MPEG audio in WAV"
    default: "WAV of format 0x\(String(tag, radix: 16))"
    }
  }

  /// The samples' layout; the container's name is the caller's to set, and `bytes` stand at the first sample.
  func layout(_ bytes: SoundBytes) throws(DataError) -> SoundLayout {
    var layout = SoundLayout(
      container: "WAV", encoding: .pcm16, channels: channels, sampleRate: sampleRate)
    _ = try layout.checked(bytes.name)
    switch tag {
    case 6, 7: layout.encoding = SampleEncoding(tag == 6 ? .aLaw : .muLaw, bytes: 1)
    case 3:
      guard bits == 32 || bits == 64 else {
        throw .badSound(bytes.name, "float samples of 32 or 64 bits", "\(bits) bits")
      }
      layout.encoding = SampleEncoding(.float, bytes: bits / 8, isBigEndian: isBigEndian)
    default:
      guard bits >= 1, bits <= 32 else {
        throw .badSound(bytes.name, "PCM samples of 1 to 32 bits", "\(bits) bits")
      }
      layout.encoding = try integers(bytes, &layout.remarks)
    }
    if blockAlign != layout.frameBytes {
      layout.remarks.append(
        "the header gives \(blockAlign) bytes for a frame of \(channels) × \(layout.encoding.summary), "
          + "which has \(layout.frameBytes)")
    }
    return layout
  }

  /// Integers stand at the top of their bytes, the lower bits 0. Some writers put 24 bits at the bottom of 32 instead:
  /// then the highest byte is empty or a sign, and the lowest is not 0.
  private func integers(_ bytes: SoundBytes, _ remarks: inout [String]) throws(DataError) -> SampleEncoding {
    let needed = (bits + 7) / 8
    let given = blockAlign % channels == 0 ? blockAlign / channels : 0
    let width = given > needed && given <= 4 ? given : needed
    if width == 1 { return SampleEncoding(.unsigned, bytes: 1) }
    guard width == 4, bits == 24 else {
      return SampleEncoding(.signed, bytes: width, isBigEndian: isBigEndian)
    }
    _ = try bytes.has(4 * 4096)
    let count = min(bytes.available / 4, 4096)
    let (low, high) = isBigEndian ? (3, 0) : (0, 3)
    let isEmpty = (0..<count).allSatisfy { [0, 0xff].contains(bytes.byte(4 * $0 + high)) }
    let isLow = isEmpty && (0..<count).contains { bytes.byte(4 * $0 + low) != 0 }
    if isLow { remarks.append("24 bits stand in the lower three of four bytes, against the format's rule") }
    return SampleEncoding(.signed, bytes: 4, isBigEndian: isBigEndian, hasEmptyHighByte: isLow)
  }
}
