/// The header of an AU file, as Sun and NeXT wrote them (`.au`, `.snd`): six numbers, then a remark, then samples.
enum AUHeader {
  static func read(_ bytes: SoundBytes) throws(DataError) -> SoundHeader {
    guard try bytes.has(24) else {
      throw .badSound(bytes.name, "an AU header of 24 bytes", "\(bytes.available) bytes")
    }
    let isBigEndian = bytes.text(0, 4) == ".snd"
    let fields = (1...5).map { bytes.integer(4 * $0, bytes: 4, bigEndian: isBigEndian) }
    guard fields[0] >= 24, try bytes.skip(Int(fields[0])) else {
      throw .badSound(bytes.name, "an AU header of at least 24 bytes", "\(fields[0])")
    }
    guard let encoding = encoding(fields[2], isBigEndian) else { return .coded("AU of format \(fields[2])") }
    var layout = SoundLayout(
      container: "AU", encoding: encoding, channels: Int(fields[4]), sampleRate: Int(fields[3]))
    layout = try layout.checked(bytes.name)
    layout.take(size: fields[1], isPlaceholder: fields[1] >= 0x7fff_0000, bytes: bytes)
    return .layout(layout)
  }

  private static func encoding(_ number: UInt64, _ isBigEndian: Bool) -> SampleEncoding? {
    switch number {
    case 1: .muLaw
    case 2: SampleEncoding(.signed, bytes: 1)
    case 3, 4, 5: SampleEncoding(.signed, bytes: Int(number) - 1, isBigEndian: isBigEndian)
    case 6: SampleEncoding(.float, bytes: 4, isBigEndian: isBigEndian)
    case 7: SampleEncoding(.float, bytes: 8, isBigEndian: isBigEndian)
    case 27: .aLaw
    default: nil
    }
  }
}
