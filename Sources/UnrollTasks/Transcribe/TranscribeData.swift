import UnrollCore
import UnrollData
import UnrollTraining

/// Sound to be transcribed: a file, or a part of it, or samples at hand.
public enum TranscribeInput: Sendable, Equatable {
  case sound(Sound)
  /// A file, from a second on, for so many seconds; `nil`: to its end.
  case file(String, start: Double = 0, duration: Double? = nil)
  /// Samples without a header, 16 bits each, one channel, of a file or standard input (`-`).
  case raw(String, rate: Int)

  /// The samples, one channel at a rate.
  ///
  /// - Throws: `DataError` when it cannot be read.
  func mono(rate: Int) throws -> Sound {
    switch self {
    case .sound(let sound):
      let mono = try sound.mono()
      return mono.sampleRate == rate ? mono : try mono.resampled(to: rate)
    case .raw(let path, let own):
      return try Sound(path: path, raw: RawSoundFormat(sampleRate: own), sampleRate: rate)
    case .file(let path, let start, let duration):
      let sound = try Sound(path: path, sampleRate: rate)
      guard start > 0 || duration != nil else { return sound }
      let from = min(sound.frames, Int(start * Double(rate)))
      let end = duration.map { min(sound.frames, from + Int($0 * Double(rate))) } ?? sound.frames
      return Sound(samples: Array(sound.samples[from..<end]), sampleRate: rate, remarks: sound.remarks)
    }
  }
}

/// Recordings with their texts.
public struct TranscribeData: TaskData {
  /// A recording and what is said in it.
  public struct Example: Sendable {
    public let input: TranscribeInput
    public let text: String
    public let id: String
    public let speaker: String?
    /// How long it is.
    public let seconds: Double
    /// Samples a second, as it was recorded.
    public let rate: Int
    /// Where the list says so.
    let place: String
  }

  public let examples: [Example]
  public let source: String
  public let hash: String

  private init(_ examples: [Example], source: String, hash: String) {
    (self.examples, self.source, self.hash) = (examples, source, hash)
  }

  /// Sounds at hand and what is said in them.
  public init(_ sounds: [(sound: Sound, text: String)], source: String = "the sounds") {
    self.init(
      sounds.enumerated().map { index, pair in
        Example(
          input: .sound(pair.sound), text: pair.text, id: "\(index + 1)", speaker: nil,
          seconds: pair.sound.duration, rate: pair.sound.sampleRate, place: "\(index + 1)")
      }, source: source, hash: "")
  }

  /// Reads lists of recordings. Each recording is read once to know that it can be.
  ///
  /// - Throws: `DataError`: of a list, or of a recording where settings are strict.
  init(_ files: [String], _ settings: TranscribeSettings, note: (String) -> Void) throws {
    let columns = RecordingList.Columns(
      file: settings.fileColumn, text: settings.textColumn, speaker: settings.speakerColumn)
    var (examples, hash, left): ([Example], SHA256, [String]) = ([], SHA256(), [])
    var remarks: [String: [String]] = [:]
    for recording in try files.flatMap({ try RecordingList.read($0, columns) }) {
      do throws(DataError) {
        let (seconds, rate, told) = try Self.probe(recording, &hash)
        for remark in told { remarks[remark, default: []].append(recording.id) }
        hash.update(Array(recording.text.utf8))
        examples.append(
          Example(
            input: .file(recording.path, start: recording.start, duration: recording.duration),
            text: recording.text, id: recording.id, speaker: recording.speaker, seconds: seconds, rate: rate,
            place: "\(recording.list):\(recording.line)"))
      } catch {
        if settings.strict { throw error }
        left.append("\(recording.list), line \(recording.line): \(error)")
      }
    }
    for (index, text) in left.enumerated() where index < Self.mostNamed { note("left out: \(text)") }
    if left.count > Self.mostNamed {
      note("left out: \(left.count) recordings in all that cannot be read; --strict stops at the first")
    }
    for (remark, ids) in remarks.sorted(by: { $0.key < $1.key }) {
      note(
        "\(ids.prefix(4).joined(separator: ", "))\(ids.count > 4 ? " and \(ids.count - 4) more" : ""): \(remark)"
      )
    }
    guard !examples.isEmpty else {
      throw DataError(
        .noRows, file: files.joined(separator: ", "), expected: "recordings that can be read",
        found: "none of \(left.count)")
    }
    self.init(examples, source: files.joined(separator: ", "), hash: hash.hexadecimal())
  }

  private static let mostNamed = 8

  /// Reads a recording through: its length in seconds, its rate, and what a person should know of it.
  private static func probe(
    _ recording: Recording, _ hash: inout SHA256
  ) throws(DataError) -> (seconds: Double, rate: Int, remarks: [String]) {
    let reader = try SoundReader(path: recording.path)
    var frames = 0
    while true {
      let block = try reader.read(frames: 1 << 16)
      if block.isEmpty { break }
      frames += block.count / reader.channels
      hash.update(
        block.flatMap { sample in (0..<4).map { UInt8(truncatingIfNeeded: sample.bitPattern >> (8 * $0)) } })
    }
    guard frames > 0 else {
      throw DataError(
        .badSound, file: recording.path, expected: "a recording with samples", found: "none")
    }
    let all = Double(frames) / Double(reader.sampleRate)
    let rest = max(0, all - recording.start)
    guard rest > 0 else {
      throw DataError(
        .badSound, file: recording.path, expected: "more than \(recording.start) seconds", found: "\(all)")
    }
    return (min(rest, recording.duration ?? rest), reader.sampleRate, reader.remarks)
  }

  public var facts: [Fact] {
    let speakers = Set(examples.compactMap(\.speaker)).count
    let rates = Dictionary(grouping: examples, by: \.rate).sorted { $0.key < $1.key }
    return [
      Fact("recordings", examples.count),
      Fact("minutes", "\((examples.reduce(0) { $0 + $1.seconds } / 6).rounded() / 10)"),
      Fact("samples a second", rates.map { "\($0.key) (\($0.value.count))" }.joined(separator: ", ")),
    ] + (speakers > 0 ? [Fact("speakers", speakers)] : [])
  }

  /// The rate that most recordings have, at most the highest that is read.
  var rate: Int {
    let counts = Dictionary(grouping: examples, by: \.rate).mapValues(\.count)
    let most = counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? TranscribeSettings.highestRate
    return min(TranscribeSettings.highestRate, most)
  }

  func choosing(_ places: [Int]) -> TranscribeData {
    TranscribeData(places.map { examples[$0] }, source: source, hash: hash)
  }

  func joined(with other: TranscribeData) -> TranscribeData {
    TranscribeData(examples + other.examples, source: source, hash: hash)
  }

  /// The data with a part held out: whole speakers where they are known, else single recordings.
  func split(_ learning: LearningSettings) -> DataParts<TranscribeData> {
    let share = learning.validationShare(of: examples.count)
    let speakers = Set(examples.compactMap(\.speaker)).sorted()
    let isBySpeaker = speakers.count >= 5 && examples.allSatisfy { $0.speaker != nil }
    let names = isBySpeaker ? speakers : examples.indices.map { "\($0)" }
    let cut = DataSplit(count: names.count, fraction: share, seed: learning.seed)
    let held = Set(cut.validation.map { names[$0] })
    let (judges, others) = (
      examples.indices.filter { held.contains(isBySpeaker ? examples[$0].speaker ?? "" : "\($0)") },
      examples.indices.filter { !held.contains(isBySpeaker ? examples[$0].speaker ?? "" : "\($0)") }
    )
    return DataParts(training: choosing(others), validation: judges.isEmpty ? nil : choosing(judges))
  }
}
