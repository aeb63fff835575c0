/// Reads a file of sound as one channel at the rate that is wanted, in memory that does not grow with the file.
public final class MonoSoundReader {
  /// The file's own reader.
  public let reader: SoundReader
  /// The rate of what is given.
  public let sampleRate: Int
  private let choice: ChannelChoice
  private var resampler: Resampler
  private var isAtEnd = false

  /// - Throws: When the file has no such channel, or a rate too far from the one that is wanted.
  public init(
    _ reader: SoundReader, channel choice: ChannelChoice = .mean, sampleRate: Int
  ) throws(DataError) {
    try choice.check(channels: reader.channels, name: reader.name)
    self.reader = reader
    self.choice = choice
    self.sampleRate = sampleRate
    do throws(DataError) { resampler = try Resampler(from: reader.sampleRate, to: sampleRate) } catch {
      throw .badSound(reader.name, error.expected ?? "", error.found ?? "")
    }
  }

  /// What a person should know: of the file, of its channels and of its rate.
  public var remarks: [String] {
    var result = reader.remarks
    if reader.channels > 1 {
      switch choice {
      case .mean: result.append("the mean of \(reader.channels) channels is taken")
      case .channel(let number): result.append("channel \(number) of \(reader.channels) is taken")
      }
    }
    if reader.sampleRate != sampleRate {
      result.append("resampled from \(reader.sampleRate) Hz to \(sampleRate) Hz")
    }
    return result
  }

  /// The next samples: what about so many frames of the file become. Empty at the end.
  public func read(frames: Int = 1 << 14) throws(DataError) -> [Float] {
    while !isAtEnd {
      let block = try reader.read(frames: frames)
      isAtEnd = block.isEmpty
      let result =
        isAtEnd ? resampler.finish() : resampler.push(choice.apply(block, channels: reader.channels))
      if !result.isEmpty { return result }
    }
    return []
  }
}

extension Sound {
  /// Reads a file as one channel at a rate; only the result is held.
  public init(
    path: String, raw: RawSoundFormat? = nil, channel: ChannelChoice = .mean, sampleRate: Int,
    maximumSamples: Int = 1 << 29
  ) throws(DataError) {
    let reader = try MonoSoundReader(
      SoundReader(path: path, raw: raw), channel: channel, sampleRate: sampleRate)
    var samples: [Float] = []
    while true {
      let block = try reader.read()
      if block.isEmpty { break }
      guard block.count <= maximumSamples - samples.count else {
        throw DataError(
          .tooLarge, file: path, expected: "sound of at most \(maximumSamples) samples", found: "more",
          hint: "cut it, or read it in blocks")
      }
      samples += block
    }
    self.init(samples: samples, sampleRate: sampleRate, remarks: reader.remarks)
  }
}
