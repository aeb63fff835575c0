import Testing
import UnrollCore
import UnrollData

@Suite struct ResamplerTests {
  private func tone(_ frequency: Double, rate: Int, count: Int, phase: Double = 0.3) -> [Float] {
    (0..<count).map { Float(sine(2 * .pi * frequency * Double($0) / Double(rate) + phase)) }
  }

  private func resample(_ samples: [Float], _ old: Int, _ new: Int) throws -> [Float] {
    try Sound(samples: samples, sampleRate: old).resampled(to: new).samples
  }

  /// The largest difference in decibels, away from the ends.
  private func decibels(_ found: [Float], _ expected: [Float], margin: Int) -> Double {
    var largest = 0.0
    for index in margin..<(found.count - margin) {
      largest = max(largest, abs(Double(found[index]) - Double(expected[index])))
    }
    return 10 * naturalLogarithm(max(largest * largest, 1e-30)) / naturalLogarithm(10)
  }

  static let rates = [
    (44100, 16000), (48000, 16000), (11025, 16000), (8000, 16000), (16000, 8000), (22050, 16000),
    (16000, 44100),
    (44101, 16000), (8000, 7999), (192_000, 8000), (9, 10), (11, 10),
  ]

  @Test(arguments: rates) func tonesInThePassBandAreKept(_ old: Int, _ new: Int) throws {
    let lower = Double(min(old, new)) / 2
    var resampler = try Resampler(from: old, to: new)
    for part in [0.0, 0.01, 0.3, 0.77, 0.92] {
      let count = 1000 * max(1, old / new)
      let found = resampler.push(tone(part * lower, rate: old, count: count)) + resampler.finish()
      #expect(found.count == (count * new + old - 1) / old)
      let expected = tone(part * lower, rate: new, count: found.count)
      let margin = 200 * max(1, new / old)
      #expect(decibels(found, expected, margin: margin) < -95, "\(part)")
    }
  }

  @Test(arguments: rates.filter { $0.0 > $0.1 }) func tonesThatWouldFoldBackAreGone(_ old: Int, _ new: Int)
    throws
  {
    var resampler = try Resampler(from: old, to: new)
    for part in [1.0, 1.02, 1.3] where part * Double(new) < Double(old) {
      let count = 1500 * max(1, old / new)
      let found = resampler.push(tone(part * Double(new) / 2, rate: old, count: count)) + resampler.finish()
      #expect(decibels(found, found.map { _ in 0 }, margin: 200) < -90, "\(part)")
    }
  }

  @Test func manyTonesTogetherAreKept() throws {
    var random = RandomSource(seed: 3)
    let tones = (0..<50).map { _ in (Double(random.uniform()) * 6800, Double(random.uniform()) * 6) }
    func noise(_ rate: Int, _ count: Int) -> [Float] {
      (0..<count).map { index in
        var sum = 0.0
        for (frequency, phase) in tones {
          sum += sine(2 * .pi * frequency * Double(index) / Double(rate) + phase)
        }
        return Float(sum / 8)
      }
    }
    let found = try resample(noise(44100, 3000), 44100, 16000)
    #expect(decibels(found, noise(16000, found.count), margin: 100) < -90)
  }

  @Test(arguments: [(44100, 16000), (8000, 16000), (44101, 16000), (16000, 16000), (7, 1000)])
  func piecesDoNotMatter(_ old: Int, _ new: Int) throws {
    var random = RandomSource(seed: 5)
    let samples = (0..<(new > 10 * old ? 60 : 2000)).map { _ in random.normal() }
    var whole = try Resampler(from: old, to: new)
    let expected = whole.push(samples) + whole.finish()
    var resampler = try Resampler(from: old, to: new)
    for piece in [1, 3, 64, 1000, 1999] {
      // The same resampler again: it is as new after its end.
      var found: [Float] = []
      for start in stride(from: 0, to: samples.count, by: piece) {
        found += resampler.push(Array(samples[start..<min(samples.count, start + piece)]))
      }
      found += resampler.finish()
      #expect(found == expected)
    }
  }

  @Test func shortSoundAndSilence() throws {
    for count in 0...5 {
      let found = try resample([Float](repeating: 1, count: count), 44100, 16000)
      #expect(found.count == (count * 16000 + 44099) / 44100)
      #expect(found.allSatisfy { $0.isFinite })
    }
    #expect(try resample([Float](repeating: 0, count: 1000), 48000, 8000).allSatisfy { $0 == 0 })
  }

  @Test func ratesTooFarApartAreRefused() {
    for (old, new) in [(1, 16000), (100_000_000, 16000), (16000, 61), (1, Int.max), (Int.max, 1)] {
      #expect(throws: DataError.self) { try Resampler(from: old, to: new) }
    }
    #expect(throws: DataError.self) { try Sound(samples: [1], sampleRate: 8000).atSpeed(percent: 0) }
  }

  @Test func channelsAndSpeed() throws {
    let left = tone(100, rate: 8000, count: 800)
    let right = tone(300, rate: 8000, count: 800)
    let both = Sound(samples: zip(left, right).flatMap { [$0, $1] }, sampleRate: 8000, channels: 2)
    let found = try both.resampled(to: 16000)
    #expect(found.channels == 2 && found.frames == 1600)
    #expect(try found.mono(.channel(2)).samples == resample(right, 8000, 16000))
    let fast = try Sound(samples: left, sampleRate: 8000).atSpeed(percent: 110)
    #expect(fast.frames == 728 && fast.sampleRate == 8000)
    #expect(decibels(fast.samples, tone(110, rate: 8000, count: 728), margin: 100) < -95)
  }

  @Test func aFileIsReadAtTheRateThatIsWanted() throws {
    let both = Sound(samples: tone(440, rate: 44100, count: 20000), sampleRate: 44100, channels: 2)
    let file = both.wav(encoding: .float32)
    let reader = try MonoSoundReader(SoundReader(ByteSource(file, name: "a.wav")), sampleRate: 16000)
    var found: [Float] = []
    while true {
      let block = try reader.read(frames: 777)
      if block.isEmpty { break }
      found += block
    }
    #expect(found == (try both.mono().resampled(to: 16000).samples))
    #expect(
      reader.remarks == ["the mean of 2 channels is taken", "resampled from 44100 Hz to 16000 Hz"])
    #expect(throws: DataError.self) {
      try MonoSoundReader(
        SoundReader(ByteSource(file, name: "a.wav")), channel: .channel(3), sampleRate: 16000)
    }
  }
}
