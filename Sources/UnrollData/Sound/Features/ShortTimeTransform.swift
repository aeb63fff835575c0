/// Spectra of frames over time: `[frames, bins]` complex numbers.
public struct Spectra: Sendable {
  public var real: [Double]
  public var imaginary: [Double]
  /// Frequencies of a frame: half the transform's length and one.
  public let bins: Int

  public init(real: [Double], imaginary: [Double], bins: Int) {
    precondition(real.count == imaginary.count && real.count.isMultiple(of: bins), "spectra are whole frames")
    self.real = real
    self.imaginary = imaginary
    self.bins = bins
  }

  /// How many frames there are.
  public var count: Int { real.count / bins }

  /// |X| of each frame and frequency.
  public var magnitudes: FeatureFrames {
    FeatureFrames(
      zip(real, imaginary).map { Float(($0 * $0 + $1 * $1).squareRoot()) }, width: bins)
  }
}

/// The short-time Fourier transform and its inverse, as `librosa.stft` has them.
///
///     X[t, k] = Σᵢ w[i] · x[t·shift + i − n/2] · e^(−2πi·ik/n)
///
/// with silence beyond the ends of x. The inverse adds up the windowed inverses of all frames and divides by the sum of
/// squared windows, which makes it exact for spectra of a sound, and the nearest sound in the sense of squares for all
/// others (Griffin and Lim 1984).
public struct ShortTimeTransform: Sendable {
  /// n, the length of a frame and of its transform.
  public let transformLength: Int
  public let frameShift: Int
  private let window: [Double]
  private var transform: FourierTransform
  private var buffer: [Double]
  private var real: [Double] = []
  private var imaginary: [Double] = []

  /// - Precondition: A shift of at least 1 and at most the frame's length.
  public init(transformLength: Int, frameShift: Int, window: Window = .periodicHann) {
    precondition(frameShift >= 1 && frameShift <= transformLength, "frames follow each other without holes")
    self.transformLength = transformLength
    self.frameShift = frameShift
    self.window = window.values(transformLength)
    transform = FourierTransform(transformLength)
    buffer = [Double](repeating: 0, count: transformLength)
  }

  public var bins: Int { transform.bins }

  /// How many frames so many samples have.
  public func frames(samples: Int) -> Int {
    samples == 0 ? 0 : 1 + (samples - transformLength % 2) / frameShift
  }

  /// The spectra of a sound in one channel.
  public mutating func forward(_ samples: some Collection<Float>) -> Spectra {
    forward(samples.map { Double($0) })
  }

  mutating func forward(_ samples: [Double]) -> Spectra {
    let count = frames(samples: samples.count)
    var result = Spectra(real: [], imaginary: [], bins: bins)
    result.real.reserveCapacity(count * bins)
    result.imaginary.reserveCapacity(count * bins)
    for frame in 0..<count {
      let start = frame * frameShift - transformLength / 2
      for index in 0..<transformLength {
        let place = start + index
        buffer[index] = place >= 0 && place < samples.count ? window[index] * samples[place] : 0
      }
      transform.forward(buffer, real: &real, imaginary: &imaginary)
      result.real += real
      result.imaginary += imaginary
    }
    return result
  }

  /// The sound of so many samples whose spectra are nearest to the given ones.
  public mutating func inverse(_ spectra: Spectra, samples: Int) -> [Float] {
    inverseInDouble(spectra, samples: samples).map { Float($0) }
  }

  mutating func inverseInDouble(_ spectra: Spectra, samples: Int) -> [Double] {
    precondition(spectra.bins == bins, "spectra have as many frequencies as the transform")
    var sum = [Double](repeating: 0, count: samples)
    var weight = sum
    real = [Double](repeating: 0, count: bins)
    imaginary = real
    for frame in 0..<spectra.count {
      for bin in 0..<bins {
        real[bin] = spectra.real[frame * bins + bin]
        imaginary[bin] = spectra.imaginary[frame * bins + bin]
      }
      transform.inverse(real: real, imaginary: imaginary, into: &buffer)
      let start = frame * frameShift - transformLength / 2
      for place in max(0, start)..<max(max(0, start), min(samples, start + transformLength)) {
        let factor = window[place - start]
        sum[place] += factor * buffer[place - start]
        weight[place] += factor * factor
      }
    }
    for place in 0..<samples where weight[place] > 1e-12 { sum[place] /= weight[place] }
    return sum
  }
}
