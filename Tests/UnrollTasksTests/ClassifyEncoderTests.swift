import Testing
import UnrollCore
import UnrollData
import UnrollTasks

/// Sequences as a network reads them.
struct ClassifyEncoderTests {
  private static func frames(
    of sequences: [NumericSequence], channels: Int, _ frame: Int, _ hop: Int, differences: Bool = false
  ) -> SequenceFrames {
    SequenceFrames(
      of: sequences, channels: channels, differences: differences, frame: frame, hop: hop, maximumLength: 40)
  }

  private static func ramp(_ steps: Int) -> NumericSequence {
    .init(values: (0..<steps).map { Float($0) }, steps: steps)
  }

  private static func encode(
    _ encoder: SequenceFrames, _ sequence: NumericSequence, _ noise: SequenceFrames.Noise? = nil,
    seed: UInt64? = nil
  ) -> [Float] {
    var random = seed.map { RandomSource(seed: $0) }
    return encoder(sequence, noise, random: &random)
  }

  /// Every step is in a frame, none is read that does not exist, and frames lie where they should.
  @Test(
    arguments: [0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 40, 41, 1000],
    [(1, 1), (2, 1), (3, 3), (8, 3), (16, 16), (64, 5)])
  func framesCoverTheSteps(_ steps: Int, _ cut: (frame: Int, hop: Int)) {
    let encoder = Self.frames(of: [Self.ramp(9)], channels: 1, cut.frame, cut.hop)
    let scale = encoder.channels[0]
    let rows = Self.encode(encoder, Self.ramp(steps)).map {
      Int(($0 * scale.deviation + scale.mean).rounded())
    }
    let read = min(steps, 40)
    #expect(rows.count == encoder.frames(of: steps) * cut.frame && encoder.width == cut.frame)
    #expect(Set(rows) == Set(0..<read))
    for (place, value) in rows.enumerated() {
      #expect(value == min(place / cut.frame * cut.hop + place % cut.frame, read - 1))
    }
    // No frame is superfluous: the one before the last does not reach the end.
    if rows.count > cut.frame { #expect(rows[rows.count - cut.frame - 1] < read - 1) }
  }

  @Test func channelsAreStandardised() {
    let sequences = [
      NumericSequence(values: [1, 500, 3, 500, 5, 500], steps: 3),
      NumericSequence(values: [7, 500, .nan, 500], steps: 2),
    ]
    let encoder = Self.frames(of: sequences, channels: 2, 1, 1, differences: true)
    // 1, 3, 5, 7: mean 4, variance 5. The second channel never changes, and is left on its own scale.
    #expect(encoder.channels[0].mean == 4 && abs(encoder.channels[0].deviation - 2.236068) < 1e-5)
    #expect(encoder.channels[1].mean == 500 && encoder.channels[1].deviation == 1)
    // The changes are 2 and 2; missing values have none.
    #expect(abs(encoder.channels[0].change - 2 / 2.236068) < 1e-5)
    #expect(encoder.marksMissing && encoder.width == 6)
    let rows = Self.encode(encoder, sequences[1])
    // Values, changes, and where values are missing. What is missing is as it was last.
    let z: Float = 3 / 2.236068
    let expected: [Float] = [z, 0, 0, 0, 0, 0, z, 0, 0, 0, 1, 0]
    #expect(zip(rows, expected).allSatisfy { abs($0 - $1) < 1e-5 } && rows.count == expected.count)
    #expect(abs(Self.encode(encoder, sequences[0])[8] - 1) < 1e-5)
    #expect(Self.encode(encoder, .init(values: [.nan, .nan], steps: 1)) == [0, 0, 0, 0, 1, 1])
  }

  @Test func noiseIsOfItsSizeAndOfItsSeed() {
    let flat = NumericSequence(values: Array(repeating: 2, count: 40), steps: 40)
    let encoder = Self.frames(of: [Self.ramp(5)], channels: 1, 1, 1)
    let plain = Self.encode(encoder, flat)
    func noisy(_ noise: Float, _ scaling: Float, _ shift: Float, _ seed: UInt64?) -> [Float] {
      Self.encode(encoder, flat, .init(noise: noise, scaling: scaling, shift: shift), seed: seed)
    }
    #expect(noisy(0.5, 0.5, 0.5, nil) == plain)
    #expect(noisy(0.5, 0.5, 0.5, 1) == noisy(0.5, 0.5, 0.5, 1))
    #expect(noisy(0.5, 0, 0, 1) != noisy(0.5, 0, 0, 2))
    let differences = (0..<100).flatMap { seed in zip(noisy(0.5, 0, 0, UInt64(seed)), plain).map { $0 - $1 } }
    let deviation = (differences.reduce(0) { $0 + $1 * $1 } / Float(differences.count)).squareRoot()
    // 4000 draws: five deviations of the estimate.
    #expect(abs(deviation - 0.5) < 0.03)
  }

  @Test func shiftsRepeatTheEnds() {
    let encoder = Self.frames(of: [Self.ramp(10)], channels: 1, 1, 1)
    let plain = Self.encode(encoder, Self.ramp(10))
    var offsets: Set<Int> = []
    for seed in 0..<60 {
      let rows = Self.encode(
        encoder, Self.ramp(10), .init(noise: 0, scaling: 0, shift: 0.2), seed: UInt64(seed))
      let offset = (-2...2).first { offset in
        rows == (0..<10).map { plain[min(max($0 + offset, 0), 9)] }
      }
      #expect(offset != nil)
      offsets.insert(offset ?? 0)
    }
    #expect(offsets == [-2, -1, 0, 1, 2])
  }
}
