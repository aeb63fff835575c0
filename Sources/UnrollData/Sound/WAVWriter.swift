/// Writes WAV: a header, then blocks of samples.
public struct WAVWriter: Sendable {
  private let sampleRate: Int
  private let channels: Int
  private let encoding: SampleEncoding
  /// How many samples lay beyond the range and were clipped.
  public private(set) var clipped = 0

  /// - Parameter encoding: 16-bit PCM by default; 24-bit PCM, 32-bit float, A-law and µ-law are written as well.
  public init(sampleRate: Int, channels: Int = 1, encoding: SampleEncoding = .pcm16) {
    precondition((1...SoundLayout.highestRate).contains(sampleRate), "a WAV file has a sample rate")
    precondition((1...SoundLayout.mostChannels).contains(channels), "a WAV file has 1 to 1,024 channels")
    precondition(
      !encoding.isBigEndian && !encoding.hasEmptyHighByte
        && (encoding.bytes == 1) != (encoding.kind == .signed || encoding.kind == .float),
      "WAV has unsigned bytes, and the lower byte of anything longer first")
    self.sampleRate = sampleRate
    self.channels = channels
    self.encoding = encoding
  }

  /// The header of a file of so many frames; of `nil`, for a stream that ends when it ends.
  ///
  /// Sizes beyond 4 GB are written as for a stream, which readers take for "to the end of the file".
  public func header(frames: Int?) -> [UInt8] {
    let frameBytes = channels * encoding.bytes
    // 1 PCM, 3 float, 6 A-law, 7 µ-law. Forms other than PCM have an extension, here of no bytes, and a count of frames.
    let tag =
      switch encoding.kind {
      case .unsigned, .signed: 1
      case .float: 3
      case .aLaw: 6
      case .muLaw: 7
      }
    let extra = tag == 1 ? 0 : 14
    let unknown = Int(UInt32.max)
    let (bytes, overflow) = (frames ?? unknown).multipliedReportingOverflow(by: frameBytes)
    let padding = bytes % 2
    let isKnown = frames != nil && !overflow && bytes < unknown - 64
    var header: [UInt8] = []
    func append(_ value: Int, _ count: Int) {
      for index in 0..<count { header.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
    header += "RIFF".utf8
    append(isKnown ? 36 + extra + bytes + padding : unknown, 4)
    header += "WAVEfmt ".utf8
    append(tag == 1 ? 16 : 18, 4)
    append(tag, 2)
    append(channels, 2)
    append(sampleRate, 4)
    append(min(unknown, sampleRate * frameBytes), 4)
    append(frameBytes, 2)
    append(encoding.bytes * 8, 2)
    if tag != 1 {
      append(0, 2)
      header += "fact".utf8
      append(4, 4)
      append(isKnown ? frames ?? 0 : unknown, 4)
    }
    header += "data".utf8
    append(isKnown ? bytes : unknown, 4)
    return header
  }

  /// The bytes of samples that come next.
  public mutating func bytes(_ samples: [Float]) -> [UInt8] {
    var data: [UInt8] = []
    data.reserveCapacity(samples.count * encoding.bytes)
    clipped += encoding.encode(samples, into: &data)
    return data
  }
}

extension Sound {
  /// The sound as the bytes of a WAV file.
  public func wav(encoding: SampleEncoding = .pcm16) -> [UInt8] {
    var writer = WAVWriter(sampleRate: sampleRate, channels: channels, encoding: encoding)
    var file = writer.header(frames: frames) + writer.bytes(samples)
    if samples.count * encoding.bytes % 2 == 1 { file.append(0) }
    return file
  }
}
