/// How a file writes one sample of sound.
///
/// What is read is a `Float` for each sample. An integer of b bits becomes `x / 2^(b−1)`, so that its range is
/// `[−1, 1)`; a Float is taken as it is, and 0 where it is not finite; A-law and µ-law (ITU-T G.711) expand to 13 and 14
/// bits, scaled as 16.
public struct SampleEncoding: Sendable, Equatable {
  /// What the bits of a sample mean.
  public enum Kind: Sendable, Equatable {
    /// An integer from 0, with silence in the middle of its range.
    case unsigned
    /// An integer in two's complement.
    case signed
    /// IEEE 754.
    case float
    case aLaw
    case muLaw
  }

  public let kind: Kind
  /// How many bytes a sample takes: 1 to 4, or 8.
  public let bytes: Int
  public let isBigEndian: Bool
  /// Whether the highest of four bytes is empty, so that three hold the sample.
  let hasEmptyHighByte: Bool

  init(_ kind: Kind, bytes: Int, isBigEndian: Bool = false, hasEmptyHighByte: Bool = false) {
    self.kind = kind
    self.bytes = bytes
    self.isBigEndian = isBigEndian
    self.hasEmptyHighByte = hasEmptyHighByte
  }

  public static let pcm16 = SampleEncoding(.signed, bytes: 2)
  public static let pcm24 = SampleEncoding(.signed, bytes: 3)
  public static let float32 = SampleEncoding(.float, bytes: 4)
  public static let muLaw = SampleEncoding(.muLaw, bytes: 1)
  public static let aLaw = SampleEncoding(.aLaw, bytes: 1)

  /// The encodings of raw sound by the names that FFmpeg has for them.
  static let named: [(name: String, encoding: SampleEncoding)] = [
    ("s16le", .pcm16), ("s16be", SampleEncoding(.signed, bytes: 2, isBigEndian: true)),
    ("u8", SampleEncoding(.unsigned, bytes: 1)), ("s8", SampleEncoding(.signed, bytes: 1)),
    ("s24le", .pcm24), ("s24be", SampleEncoding(.signed, bytes: 3, isBigEndian: true)),
    ("s32le", SampleEncoding(.signed, bytes: 4)),
    ("s32be", SampleEncoding(.signed, bytes: 4, isBigEndian: true)),
    ("f32le", .float32), ("f32be", SampleEncoding(.float, bytes: 4, isBigEndian: true)),
    ("f64le", SampleEncoding(.float, bytes: 8)),
    ("f64be", SampleEncoding(.float, bytes: 8, isBigEndian: true)), ("mulaw", .muLaw), ("alaw", .aLaw),
  ]

  /// The names of the encodings of raw sound: `s16le` is 16 bits with the lower byte first.
  public static var names: [String] { named.map(\.name) }

  /// An encoding by its name, as `ffmpeg -f` has it.
  public init?(name: String) {
    guard let found = Self.named.first(where: { $0.name == name }) else { return nil }
    self = found.encoding
  }

  /// The encoding in words, such as "16-bit PCM".
  public var summary: String {
    switch kind {
    case .unsigned, .signed: hasEmptyHighByte ? "24-bit PCM in 32 bits" : "\(bytes * 8)-bit PCM"
    case .float: "\(bytes * 8)-bit float"
    case .aLaw: "A-law"
    case .muLaw: "µ-law"
    }
  }
}

extension SampleEncoding {
  /// Appends `count` samples that start at an offset, all of which must be there.
  ///
  /// - Returns: How many of them were not finite and became 0.
  func decode(_ data: [UInt8], at offset: Int, count: Int, into samples: inout [Float]) -> Int {
    samples.reserveCapacity(samples.count + count)
    switch kind {
    case .unsigned:
      for position in offset..<(offset + count) { samples.append(Float(Int(data[position]) - 128) / 128) }
    case .signed: decodeIntegers(data, offset, count, &samples)
    case .float: return decodeFloats(data, offset, count, &samples)
    case .aLaw:
      for position in offset..<(offset + count) { samples.append(Companding.aLaw(data[position])) }
    case .muLaw:
      for position in offset..<(offset + count) { samples.append(Companding.muLaw(data[position])) }
    }
    return 0
  }

  private func decodeIntegers(_ data: [UInt8], _ offset: Int, _ count: Int, _ samples: inout [Float]) {
    if bytes == 2, !isBigEndian {
      for position in stride(from: offset, to: offset + 2 * count, by: 2) {
        let bits = UInt16(data[position]) | UInt16(data[position + 1]) << 8
        samples.append(Float(Int16(bitPattern: bits)) * 0x1p-15)
      }
      return
    }
    for position in stride(from: offset, to: offset + bytes * count, by: bytes) {
      // The sample's bits at the top of 32.
      var bits = UInt32(truncatingIfNeeded: Self.word(data, position, bytes, isBigEndian))
      bits <<= hasEmptyHighByte ? 8 : UInt32(32 - 8 * bytes)
      samples.append(Float(Double(Int32(bitPattern: bits)) * 0x1p-31))
    }
  }

  private func decodeFloats(_ data: [UInt8], _ offset: Int, _ count: Int, _ samples: inout [Float]) -> Int {
    var wrong = 0
    for position in stride(from: offset, to: offset + bytes * count, by: bytes) {
      let word = Self.word(data, position, bytes, isBigEndian)
      let value =
        bytes == 4
        ? Float(bitPattern: UInt32(truncatingIfNeeded: word)) : Float(Double(bitPattern: word))
      if !value.isFinite { wrong += 1 }
      samples.append(value.isFinite ? value : 0)
    }
    return wrong
  }

  private static func word(_ data: [UInt8], _ position: Int, _ bytes: Int, _ isBigEndian: Bool) -> UInt64 {
    var word: UInt64 = 0
    for index in 0..<bytes {
      let byte = UInt64(data[position + index])
      word |= byte << UInt64(8 * (isBigEndian ? bytes - 1 - index : index))
    }
    return word
  }

  /// Appends samples as bytes; those beyond the range of an integer are clipped.
  ///
  /// - Returns: How many were clipped.
  func encode(_ samples: some Sequence<Float>, into data: inout [UInt8]) -> Int {
    var clipped = 0
    let scale = Double(UInt64(1) << UInt64(8 * bytes - 1))
    for sample in samples {
      var word: UInt64
      switch kind {
      case .float:
        word = bytes == 4 ? UInt64(sample.bitPattern) : Double(sample).bitPattern
      case .signed, .unsigned:
        let value = sample.isNaN ? 0 : (Double(sample) * scale).rounded()
        let kept = min(max(value, -scale), scale - 1)
        if value != kept { clipped += 1 }
        word = UInt64(bitPattern: Int64(kept + (kind == .unsigned ? scale : 0)))
      case .aLaw: word = UInt64(Companding.aLawByte(sample))
      case .muLaw: word = UInt64(Companding.muLawByte(sample))
      }
      if isBigEndian { word = word.byteSwapped >> UInt64(64 - 8 * bytes) }
      for _ in 0..<bytes {
        data.append(UInt8(truncatingIfNeeded: word))
        word >>= 8
      }
    }
    return clipped
  }
}
