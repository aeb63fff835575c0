import UnrollCore

/// A sound of given magnitudes of its spectra, found by going to and fro between sound and spectra.
///
/// The fast form of Perraudin, Balazs and Søndergaard (2013, "A fast Griffin-Lim algorithm"): with P the projection
/// `forward(inverse(·))`, magnitudes S and a momentum α,
///
///     C₀ = S · e^(iφ), φ random;   T = P(C);   U = T − α/(1+α) · T';   C ← S · U / |U|
///
/// where T' is the T before. α = 0 is the form of Griffin and Lim (1984).
public struct GriffinLim: Sendable {
  public var iterations: Int
  /// α: 0.99 is usual; between 0 and 1 it settles faster than without.
  public var momentum: Double

  public init(iterations: Int = 60, momentum: Double = 0.99) {
    precondition(iterations >= 1 && momentum >= 0, "there is an iteration, and no negative momentum")
    self.iterations = iterations
    self.momentum = momentum
  }

  /// The sound of spectra whose magnitudes are given.
  ///
  /// - Parameters:
  ///   - magnitudes: `[frames, bins]`, not negative; of the transform's number of bins.
  ///   - samples: The sound's length; by default what so many frames make.
  ///   - random: Gives the phases that it starts from.
  public func sound(
    _ magnitudes: FeatureFrames, _ transform: ShortTimeTransform, samples: Int? = nil,
    using random: inout RandomSource
  ) -> [Float] {
    precondition(magnitudes.width == transform.bins, "magnitudes have as many frequencies as the transform")
    var transform = transform
    let count = magnitudes.count
    let length = samples ?? max(0, count - 1) * transform.frameShift
    guard count > 0, length > 0, transform.frames(samples: length) > 0 else {
      return [Float](repeating: 0, count: max(0, length))
    }
    let wanted = magnitudes.values.map { $0.isFinite ? Double(max(0, $0)) : 0 }
    let phases = wanted.map { _ in 2 * Double.pi * Double(random.uniform()) }
    var spectra = Spectra(
      real: zip(wanted, phases).map { $0 * cosine($1) }, imaginary: zip(wanted, phases).map { $0 * sine($1) },
      bins: magnitudes.width)
    let factor = momentum / (1 + momentum)
    var before: Spectra?
    for _ in 0..<iterations {
      let found = transform.forward(transform.inverseInDouble(spectra, samples: length))
      for index in 0..<wanted.count {
        // A length of one's own may have fewer frames than there are magnitudes.
        guard index < found.real.count else { break }
        let re = found.real[index] - factor * (before?.real[index] ?? 0)
        let im = found.imaginary[index] - factor * (before?.imaginary[index] ?? 0)
        let size = (re * re + im * im).squareRoot()
        // Where nothing is, any phase will do.
        let scale = size > 1e-300 ? wanted[index] / size : 0
        spectra.real[index] = size > 1e-300 ? re * scale : wanted[index]
        spectra.imaginary[index] = im * scale
      }
      before = found
    }
    return transform.inverse(spectra, samples: length)
  }
}
