/// What the header of a file of sound says, and where its samples are: the bytes that come next.
struct SoundLayout {
  /// The kind of file, such as "WAV".
  var container: String
  var encoding: SampleEncoding
  var channels: Int
  var sampleRate: Int
  /// How many bytes of samples there are; `nil` where they go on to the end of the file.
  var dataBytes: Int?
  /// What a person should know about how the file was read.
  var remarks: [String] = []

  var frameBytes: Int { encoding.bytes * channels }
  /// The most channels of a file.
  static let mostChannels = 1024
  /// The highest sample rate of a file.
  static let highestRate = 100_000_000

  /// Checks what every kind of file says.
  func checked(_ name: String) throws(DataError) -> SoundLayout {
    guard channels > 0, channels <= Self.mostChannels else {
      throw .badSound(name, "1 to \(Self.mostChannels) channels", "\(channels)")
    }
    guard sampleRate > 0, sampleRate <= Self.highestRate else {
      throw .badSound(name, "a sample rate from 1 to \(Self.highestRate) Hz", "\(sampleRate) Hz")
    }
    return self
  }

  /// Takes the size that a header gives for its samples, against what the file holds.
  ///
  /// Programs that write to a pipe cannot go back to fill in a size: they leave 0 or a very large one, and the samples
  /// go on to the end of the file.
  mutating func take(size: UInt64, isPlaceholder: Bool, bytes: SoundBytes) {
    let rest = bytes.size.map { max(0, $0 - bytes.offset) }
    if let rest, size <= UInt64(rest), size > 0 || rest == 0 || !isPlaceholder {
      dataBytes = Int(size)
    } else if isPlaceholder {
      dataBytes = nil
      remarks.append("the header gives no length of the sound: it is read to the end of the file")
    } else {
      dataBytes = Int(clamping: size)
    }
  }
}

/// What was found at the start of a file.
enum SoundHeader {
  /// Samples that are read here.
  case layout(SoundLayout)
  /// A kind of sound that needs a decoder, in words.
  case coded(String)
}

extension DataError {
  static func badSound(
    _ name: String, _ expected: String, _ found: String, hint: String? = nil
  ) -> DataError {
    DataError(.badSound, file: name, expected: expected, found: found, hint: hint)
  }
}
