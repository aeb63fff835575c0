/// Sound in memory: samples at a rate, for one channel or several.
public struct Sound: Sendable, Equatable {
  /// `[frames, channels]`: the samples of a frame side by side, from −1 to 1 as a rule.
  public var samples: [Float]
  /// Frames a second.
  public let sampleRate: Int
  public let channels: Int
  /// What a person should know about how it was read.
  public var remarks: [String]

  /// Sound of samples at hand.
  ///
  /// - Precondition: A rate and channels of at least 1, and whole frames.
  public init(samples: [Float], sampleRate: Int, channels: Int = 1, remarks: [String] = []) {
    precondition(sampleRate > 0 && channels > 0, "sound has a rate and a channel")
    precondition(samples.count.isMultiple(of: channels), "the samples are no whole frames")
    self.samples = samples
    self.sampleRate = sampleRate
    self.channels = channels
    self.remarks = remarks
  }

  /// How many samples each channel has.
  public var frames: Int { samples.count / channels }
  /// Seconds.
  public var duration: Double { Double(frames) / Double(sampleRate) }

  /// Reads a file whole; see `SoundReader` for what is read, and to read what is larger.
  ///
  /// - Parameter maximumSamples: The most samples that may be held, in all channels.
  public init(
    path: String, raw: RawSoundFormat? = nil, maximumSamples: Int = 1 << 29
  ) throws(DataError) {
    try self.init(try SoundReader(path: path, raw: raw), maximumSamples: maximumSamples)
  }

  /// Reads what is left of a file.
  public init(_ reader: SoundReader, maximumSamples: Int = 1 << 29) throws(DataError) {
    var samples: [Float] = []
    while true {
      let block = try reader.read(frames: 1 << 16)
      if block.isEmpty { break }
      guard block.count <= maximumSamples - samples.count else {
        throw DataError(
          .tooLarge, file: reader.name, expected: "sound of at most \(maximumSamples) samples", found: "more",
          hint: "cut it, or read it in blocks")
      }
      samples += block
    }
    self.init(
      samples: samples, sampleRate: reader.sampleRate, channels: reader.channels, remarks: reader.remarks)
  }
}

/// How several channels become one.
public enum ChannelChoice: Sendable, Equatable {
  /// The mean of all channels.
  case mean
  /// One channel; the first is 1.
  case channel(Int)

  /// Checks the choice against what a file has.
  func check(channels: Int, name: String) throws(DataError) {
    guard case .channel(let number) = self, !(1...channels).contains(number) else { return }
    throw .badSound(
      name, channels == 1 ? "channel 1, the only one" : "a channel from 1 to \(channels)", "channel \(number)"
    )
  }

  /// One sample for each frame. The choice is one that the sound has.
  func apply(_ samples: [Float], channels: Int) -> [Float] {
    guard channels > 1 else { return samples }
    let starts = stride(from: 0, to: samples.count, by: channels)
    switch self {
    case .channel(let number): return starts.map { samples[$0 + number - 1] }
    case .mean:
      let count = Float(channels)
      return starts.map { start in
        var sum: Float = 0
        for channel in 0..<channels { sum += samples[start + channel] }
        return sum / count
      }
    }
  }
}

extension Sound {
  /// The sound in one channel.
  ///
  /// - Throws: When there is no such channel.
  public func mono(_ choice: ChannelChoice = .mean) throws(DataError) -> Sound {
    try choice.check(channels: channels, name: "sound")
    return Sound(samples: choice.apply(samples, channels: channels), sampleRate: sampleRate, remarks: remarks)
  }
}
