import Foundation
import Testing
import UnrollCore
import UnrollData

@Suite struct FeatureTests {
  private func features(_ samples: [Float], _ settings: FeatureSettings) throws -> FeatureFrames {
    try FeatureStream.features(Sound(samples: samples, sampleRate: settings.sampleRate), settings)
  }

  @Test func kaldisFilterBanks() throws {
    let golden = try SoundGolden.load()
    try golden.expect(features(golden.sound, .kaldi()), equals: "kaldi 16000 80", within: 1e-4)
    try golden.expect(
      features(golden.sound, .kaldi(sampleRate: 8000, bands: 23)), equals: "kaldi 8000 23", within: 1e-4)
    var reflected = FeatureSettings.kaldi(bands: 40)
    reflected.edges = .reflected
    try golden.expect(features(golden.sound, reflected), equals: "kaldi 16000 40 reflected", within: 1e-4)
    let cepstra = Cepstra(bands: 23).apply(try features(golden.sound, .kaldi(bands: 23)))
    try golden.expect(cepstra, equals: "mfcc 16000", within: 2e-4)
  }

  @Test func librosasMelSpectrograms() throws {
    let golden = try SoundGolden.load()
    let slaney = FeatureSettings.librosa(sampleRate: 16000, bands: 40, transformLength: 512, frameShift: 128)
    try golden.expect(features(golden.sound, slaney), equals: "slaney 512 128 40", within: 5e-4)
    var mirrored = FeatureSettings.librosa(
      sampleRate: 16000, bands: 20, transformLength: 400, frameShift: 160)
    (mirrored.edges, mirrored.lowFrequency, mirrored.highFrequency) = (.mirrored, 50, 7000)
    try golden.expect(features(golden.sound, mirrored), equals: "slaney 400 160 20 mirrored", within: 5e-4)
    let htk = FeatureSettings.librosa(sampleRate: 16000, bands: 64, bank: .htk)
    try golden.expect(features(golden.sound, htk), equals: "htk 1024 256 64", within: 5e-4)
    var short = FeatureSettings.librosa(sampleRate: 16000, bands: 16, transformLength: 512, frameShift: 128)
    short.frameLength = 400
    try golden.expect(
      features(Array(golden.sound[1600..<2700]), short), equals: "slaney 512 128 16 window 400", within: 5e-4)
    var decibels = slaney
    decibels.isDecibel = true
    let (a, b) = try (features(golden.sound, slaney), features(golden.sound, decibels))
    for (a, b) in zip(a.values, b.values) { #expect(abs(b - a * 4.342_945) < 1e-3) }
  }

  static let forms: [FeatureSettings.Edges] = [.inside, .reflected, .silent, .mirrored]

  @Test(arguments: forms) func piecesDoNotMatter(_ edges: FeatureSettings.Edges) throws {
    var settings = FeatureSettings.kaldi(sampleRate: 8000, bands: 12)
    settings.edges = edges
    var random = RandomSource(seed: 9)
    // Around every length at which something changes, and a longer one.
    for count in Array(0...12) + [79, 80, 81, 120, 127, 128, 129, 199, 200, 201, 256, 257, 280, 360, 2000] {
      let samples = (0..<count).map { _ in random.normal() }
      let whole = try features(samples, settings)
      #expect(whole.count == settings.frames(samples: count))
      #expect(whole.values.allSatisfy { $0.isFinite })
      var stream = try FeatureStream(settings)
      for piece in [1, 7, 80, 333] {
        var frames = FeatureFrames(width: 12)
        for start in stride(from: 0, to: count, by: piece) {
          frames.append(stream.push(samples[start..<min(count, start + piece)]))
        }
        frames.append(stream.finish())
        #expect(frames == whole, "\(count) in pieces of \(piece)")
      }
    }
  }

  @Test func aShiftMayBeLongerThanAFrame() throws {
    var settings = FeatureSettings.kaldi(sampleRate: 8000, bands: 5)
    settings.frameShift = 500
    let samples = (0..<3000).map { Float($0 % 91) / 91 }
    let whole = try features(samples, settings)
    #expect(whole.count == 6)
    var stream = try FeatureStream(settings)
    var frames = FeatureFrames(width: 5)
    for sample in samples { frames.append(stream.push([sample])) }
    frames.append(stream.finish())
    #expect(frames == whole)
  }

  @Test func silenceIsFiniteAndLoudSoundToo() throws {
    for settings in [FeatureSettings.kaldi(), .librosa(sampleRate: 16000)] {
      for value in [0, 1, 1e30] as [Float] {
        let frames = try features((0..<3000).map { $0 % 2 == 0 ? value : -value }, settings)
        #expect(frames.count > 0 && frames.values.allSatisfy { $0.isFinite })
      }
    }
  }

  @Test func aWrongRateOrSettingIsRefused() throws {
    #expect(throws: DataError.self) {
      try FeatureStream.features(Sound(samples: [], sampleRate: 8000), .kaldi())
    }
    #expect(throws: DataError.self) {
      try FeatureStream.features(Sound(samples: [], sampleRate: 16000, channels: 2), .kaldi())
    }
    let changes: [(inout FeatureSettings) -> Void] = [
      { $0.sampleRate = 0 }, { $0.frameLength = 0 }, { $0.frameShift = 0 }, { $0.transformLength = 399 },
      { $0.transformLength = 1 << 40 }, { $0.bands = 0 }, { $0.bands = 1 << 40 }, { $0.power = 3 },
      { $0.lowFrequency = -1 }, { $0.lowFrequency = .nan }, { $0.highFrequency = 8001 },
      { $0.highFrequency = 10 },
      { $0.scale = 0 }, { $0.preemphasis = .infinity }, { $0.floor = 0 },
    ]
    for change in changes {
      var settings = FeatureSettings.kaldi()
      change(&settings)
      #expect(throws: DataError.self) { try FeatureStream(settings) }
    }
    let stored = try JSONEncoder().encode(FeatureSettings.kaldi())
    #expect(try JSONDecoder().decode(FeatureSettings.self, from: stored) == .kaldi())
  }

  @Test func narrowTrianglesAreCounted() throws {
    var settings = FeatureSettings.kaldi(sampleRate: 8000, bands: 128)
    #expect(MelBank(settings).emptyBands > 0)
    settings.bands = 23
    #expect(MelBank(settings).emptyBands == 0)
  }

  @Test func normalisation() throws {
    let golden = try SoundGolden.load()
    let frames = try features(golden.sound, .kaldi(bands: 10))
    let normal = frames.normalized()
    for band in 0..<10 {
      let column = (0..<frames.count).map { Double(normal.values[$0 * 10 + band]) }
      let mean = column.reduce(0, +) / Double(column.count)
      let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(column.count)
      #expect(abs(mean) < 1e-5 && abs(variance - 1) < 1e-4)
    }
    let flat = FeatureFrames([3, 3, 3], width: 1).normalized()
    #expect(flat.values == [0, 0, 0])
    #expect(FeatureFrames(width: 4).normalized().count == 0)

    var statistics = FeatureStatistics(width: 10)
    statistics.add(frames)
    for memory in [nil, 20.0] {
      var whole = StreamingNormalizer(prior: statistics, priorFrames: 5, memory: memory)
      let expected = whole.push(frames)
      var pieces = StreamingNormalizer(prior: statistics, priorFrames: 5, memory: memory)
      var found = FeatureFrames(width: 10)
      for frame in 0..<frames.count {
        found.append(pieces.push(FeatureFrames(Array(frames[frame]), width: 10)))
      }
      #expect(found == expected)
      // The first frame by hand: the prior counts as five frames, the frame as one.
      let fading = memory == nil ? 1 : 0.95
      for band in 0..<10 {
        let x = Double(frames.values[band])
        let mean = statistics.sums[band] / statistics.count
        let square = statistics.squares[band] / statistics.count
        let m = (5 * fading * mean + x) / (5 * fading + 1)
        let v = (5 * fading * square + x * x) / (5 * fading + 1) - m * m
        #expect(abs(Double(expected.values[band]) - (x - m) / v.squareRoot()) < 1e-4)
      }
      whole.reset()
      #expect(whole.push(frames) == expected)
    }
    // From nothing, the mean of one frame is that frame.
    var bare = StreamingNormalizer(prior: FeatureStatistics(width: 1))
    #expect(bare.push(FeatureFrames([5, 7], width: 1)).values == [0, 1])
  }

  @Test func masksAreWithinTheirBounds() {
    var random = RandomSource(seed: 2)
    let augment = SpecAugment(
      frequencyMasks: 1, frequencyWidth: 4, timeMasks: 1, timeWidth: 50, timeFraction: 0.3, value: -9)
    var widths: Set<Int> = []
    var lengths: Set<Int> = []
    for _ in 0..<300 {
      var frames = FeatureFrames([Float](repeating: 1, count: 20 * 8), width: 8)
      augment.apply(to: &frames, using: &random)
      let bands = (0..<8).filter { band in (0..<20).allSatisfy { frames.values[$0 * 8 + band] == -9 } }
      let steps = (0..<20).filter { frames[$0].allSatisfy { $0 == -9 } }
      #expect(bands.count <= 4 && steps.count <= 6)
      for found in [bands, steps] where !found.isEmpty {
        #expect(found.last! - found.first! == found.count - 1)
      }
      widths.insert(bands.count)
      lengths.insert(steps.count)
      let masked = frames.values.count { $0 == -9 }
      #expect(masked == bands.count * 20 + steps.count * 8 - bands.count * steps.count)
    }
    #expect(widths == Set(0...4) && lengths == Set(0...6))
    var (a, b) = (RandomSource(seed: 1), RandomSource(seed: 1))
    var (x, y) = (FeatureFrames([1, 2, 3, 4], width: 2), FeatureFrames([1, 2, 3, 4], width: 2))
    SpecAugment().apply(to: &x, using: &a)
    SpecAugment().apply(to: &y, using: &b)
    #expect(x == y)
    var empty = FeatureFrames(width: 3)
    SpecAugment(frequencyWidth: -4, timeWidth: -1, timeFraction: .nan).apply(to: &empty, using: &a)
    #expect(empty.count == 0)
  }
}
