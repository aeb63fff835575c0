/// Reads the samples of a file of sound from its start to its end, in memory that does not grow with it.
///
/// WAV (PCM of 8 to 32 bits, float, A-law, µ-law; also RIFX, RF64, BW64 and W64), AIFF, AIFF-C, AU and raw samples are
/// read here, from pipes too. What needs a decoder (FLAC, MP3, Ogg, the sound of videos) is read by `ffmpeg` where it is
/// installed. A file that is cut short is read as far as it goes, and a remark says so.
public final class SoundReader {
  /// The file's name, as it was given.
  public let name: String
  /// Samples a second, in each channel.
  public let sampleRate: Int
  public let channels: Int
  /// The kind of file and of samples, in words: "WAV, 16-bit PCM".
  public let format: String
  /// How many frames (a sample for each channel) the header announces; `nil` where it does not.
  public let frames: Int?
  /// What a person should know about how the file was read. Complete once the end was reached.
  public private(set) var remarks: [String]

  private let bytes: SoundBytes
  private let layout: SoundLayout
  /// How many bytes of samples are to come; `nil` up to the end of the file.
  private var left: Int?
  private var wrong = 0
  private var isAtEnd = false

  /// Opens a file, or standard input by the name `-`.
  ///
  /// - Parameters:
  ///   - raw: How the samples of a file without a header are written; nothing of the file is taken for a header then.
  ///   - timeLimit: How long `ffmpeg` may be waited for, where it is needed.
  public convenience init(
    path: String, raw: RawSoundFormat? = nil, timeLimit: Duration = .seconds(600)
  ) throws(DataError) {
    let isStandardInput = path == "-"
    let source =
      isStandardInput
      ? try ByteSource(standardInput: "standard input") : try ByteSource(path: path)
    let bytes = SoundBytes(.source(source), name: source.name)
    if let raw {
      try self.init(bytes, raw.layout().checked(source.name))
      return
    }
    switch try Self.header(bytes) {
    case .layout(let layout): try self.init(bytes, layout)
    case .coded(let kind):
      guard !isStandardInput else {
        throw .badSound(
          source.name, "WAV, AIFF or AU", kind,
          hint: "store it in a file, or name the encoding of raw samples")
      }
      let decoded = try CodedSound.open(path, kind: kind, timeLimit: timeLimit)
      try self.init(decoded.bytes, decoded.layout)
    }
  }

  /// Reads what bytes hold.
  package convenience init(_ source: ByteSource, raw: RawSoundFormat? = nil) throws(DataError) {
    let bytes = SoundBytes(.source(source), name: source.name)
    if let raw {
      try self.init(bytes, raw.layout().checked(source.name))
      return
    }
    switch try Self.header(bytes) {
    case .layout(let layout): try self.init(bytes, layout)
    case .coded(let kind): throw .badSound(source.name, "WAV, AIFF or AU", kind)
    }
  }

  private init(_ bytes: SoundBytes, _ layout: SoundLayout) throws(DataError) {
    name = bytes.name
    self.bytes = bytes
    self.layout = layout
    sampleRate = layout.sampleRate
    channels = layout.channels
    format = "\(layout.container), \(layout.encoding.summary)"
    frames = layout.dataBytes.map { $0 / layout.frameBytes }
    left = layout.dataBytes
    remarks = layout.remarks
  }

  /// What the start of a file says.
  static func header(_ bytes: SoundBytes) throws(DataError) -> SoundHeader {
    guard try bytes.has(1) else {
      throw DataError(
        .emptyFile, file: bytes.name, expected: "sound", found: "no byte", statement: "the file is empty")
    }
    if try W64Header.matches(bytes) { return try W64Header.read(bytes) }
    if try bytes.has(12) {
      let (mark, kind) = (bytes.text(0, 4), bytes.text(8, 4))
      if ["RIFF", "RIFX", "RF64", "BW64"].contains(mark), kind == "WAVE" { return try WAVHeader.read(bytes) }
      if mark == "FORM", kind == "AIFF" || kind == "AIFC" { return try AIFFHeader.read(bytes) }
      if mark == ".snd" || mark == "dns." { return try AUHeader.read(bytes) }
    }
    return .coded(try CodedSound.kind(bytes))
  }

  /// The next frames, the samples of each side by side: fewer than asked for only at the end, none behind it.
  public func read(frames count: Int) throws(DataError) -> [Float] {
    precondition(count > 0, "a block has at least one frame")
    var samples: [Float] = []
    while samples.count < count * channels, !isAtEnd {
      let wanted = min(count - samples.count / channels, Self.pieceFrames)
      try readPiece(min(wanted, max(1, Self.pieceBytes / layout.frameBytes)), into: &samples)
    }
    return samples
  }

  private static let pieceFrames = 1 << 16
  private static let pieceBytes = 1 << 18

  private func readPiece(_ count: Int, into samples: inout [Float]) throws(DataError) {
    let frameBytes = layout.frameBytes
    let wanted = min(count * frameBytes, left ?? Int.max)
    let isWhole = try bytes.has(wanted)
    let taken = min(wanted, bytes.available) / frameBytes * frameBytes
    wrong += layout.encoding.decode(
      bytes.buffer, at: bytes.position, count: taken / layout.encoding.bytes, into: &samples)
    bytes.advance(taken)
    if let before = left { left = before - taken }
    if !isWhole || left.map({ $0 < frameBytes }) == true { end(isWhole: isWhole) }
  }

  private func end(isWhole: Bool) {
    isAtEnd = true
    if let left, let all = layout.dataBytes, !isWhole {
      remarks.append(
        "cut short: the header announces \(all / layout.frameBytes) frames, and "
          + "\((all - left) / layout.frameBytes) are there")
    } else if (left ?? bytes.available) > 0 {
      remarks.append("\(left ?? bytes.available) bytes at the end make no whole frame, and were left out")
    }
    if wrong > 0 { remarks.append("\(wrong) samples are no finite numbers, and were read as 0") }
    if let last = ExternalToolError.lastMessage(bytes.messages) {
      remarks.append("ffmpeg says: \(quoted(last))")
    }
  }
}

/// How the samples of a file without a header are written.
public struct RawSoundFormat: Sendable, Equatable {
  public var sampleRate: Int
  public var channels: Int
  public var encoding: SampleEncoding

  public init(sampleRate: Int, channels: Int = 1, encoding: SampleEncoding = .pcm16) {
    self.sampleRate = sampleRate
    self.channels = channels
    self.encoding = encoding
  }

  func layout() -> SoundLayout {
    SoundLayout(container: "raw", encoding: encoding, channels: channels, sampleRate: sampleRate)
  }
}
