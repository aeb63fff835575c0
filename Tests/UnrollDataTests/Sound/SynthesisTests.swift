import Testing
import UnrollCore
import UnrollData

@Suite struct SynthesisTests {
  @Test func spectraAreThoseOfLibrosa() throws {
    let golden = try SoundGolden.load()
    var transform = ShortTimeTransform(transformLength: 64, frameShift: 16)
    let spectra = transform.forward(golden.sound[1600..<2700])
    #expect(spectra.bins == 33 && spectra.count == 69)
    for index in 0..<golden.stft.real.count {
      #expect(abs(spectra.real[index] - golden.stft.real[index]) < 1e-5)
      #expect(abs(spectra.imaginary[index] - golden.stft.imaginary[index]) < 1e-5)
    }
  }

  @Test(arguments: [(64, 16), (64, 64), (63, 20), (400, 160), (512, 128)])
  func theInverseGivesTheSoundBack(_ length: Int, _ shift: Int) throws {
    var random = RandomSource(seed: 4)
    for count in [1, 2, 63, 64, 65, 1000] {
      let samples = (0..<count).map { _ in random.normal() }
      var transform = ShortTimeTransform(transformLength: length, frameShift: shift)
      let spectra = transform.forward(samples)
      #expect(spectra.count == transform.frames(samples: count))
      let back = transform.inverse(spectra, samples: count)
      // A shift of a whole frame leaves its ends with no weight.
      guard shift < length else { continue }
      let end = spectra.count == 0 ? 0 : min(count, (spectra.count - 1) * shift + length / 2)
      for index in 0..<end { #expect(abs(back[index] - samples[index]) < 1e-4, "\(count) \(index)") }
    }
    var transform = ShortTimeTransform(transformLength: length, frameShift: shift)
    #expect(transform.forward([Float]()).count == 0)
    #expect(
      transform.inverse(Spectra(real: [], imaginary: [], bins: transform.bins), samples: 3) == [0, 0, 0])
  }

  /// ‖|X| − S‖ / ‖S‖ of what Griffin-Lim finds.
  private func misfit(_ magnitudes: FeatureFrames, _ search: GriffinLim, samples: Int, seed: UInt64) -> Double
  {
    var transform = ShortTimeTransform(transformLength: 512, frameShift: 128)
    var random = RandomSource(seed: seed)
    let found = transform.forward(search.sound(magnitudes, transform, samples: samples, using: &random))
      .magnitudes
    var (error, size) = (0.0, 0.0)
    for (a, b) in zip(found.values, magnitudes.values) {
      error += Double((a - b) * (a - b))
      size += Double(b * b)
    }
    return (error / size).squareRoot()
  }

  @Test func phasesAreFoundAsWellAsLibrosaFindsThem() throws {
    let golden = try SoundGolden.load()
    var transform = ShortTimeTransform(transformLength: 512, frameShift: 128)
    let magnitudes = transform.forward(golden.sound).magnitudes
    for iterations in [1, 10, 60] {
      let expected = try #require(golden.griffinLim["\(iterations)"])
      let found = (1...3).map {
        misfit(magnitudes, GriffinLim(iterations: iterations), samples: golden.sound.count, seed: $0)
      }
      // They start from other random phases, so that figures scatter.
      #expect(found.min()! < 1.15 * expected && found.max()! < 1.6 * expected, "\(iterations): \(found)")
    }
    let slow = misfit(
      magnitudes, GriffinLim(iterations: 60, momentum: 0), samples: golden.sound.count, seed: 1)
    #expect(misfit(magnitudes, GriffinLim(), samples: golden.sound.count, seed: 1) < slow)
  }

  @Test func anyMagnitudesGiveFiniteSound() {
    var random = RandomSource(seed: 1)
    let transform = ShortTimeTransform(transformLength: 16, frameShift: 4)
    for value in [0, -1, .nan, .infinity, 1e20] as [Float] {
      let frames = FeatureFrames([Float](repeating: value, count: 9 * 5), width: 9)
      let found = GriffinLim(iterations: 3).sound(frames, transform, using: &random)
      #expect(found.count == 16 && found.allSatisfy { $0.isFinite })
    }
    #expect(GriffinLim().sound(FeatureFrames(width: 9), transform, using: &random).isEmpty)
    let one = FeatureFrames([Float](repeating: 1, count: 9), width: 9)
    #expect(GriffinLim().sound(one, transform, using: &random).isEmpty)
    #expect(GriffinLim(iterations: 2).sound(one, transform, samples: 40, using: &random).count == 40)
    #expect(GriffinLim(iterations: 2).sound(one, transform, samples: 2, using: &random).count == 2)
  }

  @Test func melEnergiesAreMetBySpectra() throws {
    let golden = try SoundGolden.load()
    for bank in [MelBank.Form.slaney, .htk] {
      let settings = FeatureSettings.librosa(
        sampleRate: 16000, bands: 40, transformLength: 512, frameShift: 128, bank: bank)
      let features = try FeatureStream.features(Sound(samples: golden.sound, sampleRate: 16000), settings)
      let magnitudes = settings.magnitudes(features)
      #expect(magnitudes.width == 257 && magnitudes.count == features.count)
      #expect(magnitudes.values.allSatisfy { $0 >= 0 && $0.isFinite })
      let triangles = MelBank(settings)
      var (error, size) = (0.0, 0.0)
      for frame in 0..<features.count {
        for (band, triangle) in triangles.bands.enumerated() {
          var energy = 0.0
          for (offset, weight) in triangle.weights.enumerated() {
            let magnitude = Double(magnitudes.values[frame * 257 + triangle.start + offset])
            energy += weight * magnitude * magnitude
          }
          let wanted = exponential(Double(features.values[frame * 40 + band]))
          error += (energy - wanted) * (energy - wanted)
          size += wanted * wanted
        }
      }
      #expect((error / size).squareRoot() < 0.02, "\(bank)")
    }
  }

  @Test func soundOfMelFeaturesHasThoseFeatures() throws {
    let golden = try SoundGolden.load()
    let settings = FeatureSettings.librosa(
      sampleRate: 16000, bands: 80, transformLength: 512, frameShift: 128)
    let features = try FeatureStream.features(Sound(samples: golden.sound, sampleRate: 16000), settings)
    var random = RandomSource(seed: 6)
    let transform = ShortTimeTransform(transformLength: 512, frameShift: 128)
    let samples = GriffinLim().sound(
      settings.magnitudes(features), transform, samples: golden.sound.count, using: &random)
    let again = try FeatureStream.features(Sound(samples: samples, sampleRate: 16000), settings)
    // Where the sound is loud: its features within half a neper of energy on average.
    let pairs = zip(features.values, again.values).filter { $0.0 > -5 }
    let mean = pairs.reduce(0) { $0 + abs($1.0 - $1.1) } / Float(pairs.count)
    #expect(pairs.count > 300 && mean < 0.5, "\(pairs.count) \(mean)")
  }
}
