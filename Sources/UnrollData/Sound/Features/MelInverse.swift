import UnrollCore

/// From mel energies back to spectra: of all S ≥ 0, one that minimises ‖B·S − M‖².
///
/// The multiplicative update of Lee and Seung (2001, "Algorithms for non-negative matrix factorization"),
///
///     S ← S · (BᵀM) / (BᵀB·S)
///
/// never raises the error and keeps S positive. It starts from each band's energy spread over its triangle.
public struct MelInverse: Sendable {
  private let bank: MelBank
  private let iterations: Int

  public init(_ bank: MelBank, iterations: Int = 100) {
    self.bank = bank
    self.iterations = iterations
  }

  /// Spectra of mel values that are energies or magnitudes, not logarithms: `[frames, bins]` of the same kind.
  public func apply(_ frames: FeatureFrames) -> FeatureFrames {
    precondition(frames.width == bank.bands.count, "frames have as many values as the bank has bands")
    var result = FeatureFrames(width: bank.bins)
    result.values.reserveCapacity(frames.count * bank.bins)
    for frame in 0..<frames.count {
      let energies = frames[frame].map { $0.isFinite ? max(0, Double($0)) : 0 }
      result.values += spectrum(energies).map { Float($0) }
    }
    return result
  }

  private func spectrum(_ energies: [Double]) -> [Double] {
    var target = [Double](repeating: 0, count: bank.bins)
    var cover = target
    for (band, energy) in zip(bank.bands, energies) {
      for (offset, weight) in band.weights.enumerated() {
        target[band.start + offset] += weight * energy
        cover[band.start + offset] += weight * band.weights.reduce(0, +)
      }
    }
    var spectrum = zip(target, cover).map { $1 > 0 ? $0 / $1 : 0 }
    var found = energies
    var back = target
    for _ in 0..<iterations {
      bank.apply(spectrum, into: &found)
      for bin in 0..<back.count { back[bin] = 0 }
      for (band, value) in zip(bank.bands, found) {
        for (offset, weight) in band.weights.enumerated() { back[band.start + offset] += weight * value }
      }
      for bin in 0..<back.count where back[bin] > 0 { spectrum[bin] *= target[bin] / back[bin] }
    }
    return spectrum
  }
}

extension FeatureSettings {
  /// Magnitudes of spectra from features of these settings, for `GriffinLim`.
  ///
  /// - Precondition: Features without preemphasis and removal of means, which are not undone.
  public func magnitudes(_ features: FeatureFrames, iterations: Int = 100) -> FeatureFrames {
    precondition(preemphasis == 0 && !removesMean, "what was done to frames is not undone")
    let unit = isDecibel ? naturalLogarithm(10) / 10 : 1
    let energies = FeatureFrames(
      features.values.map { Float(exponential(unit * Double($0))) }, width: features.width)
    var spectra = MelInverse(MelBank(self), iterations: iterations).apply(energies)
    let scale = self.scale
    let isEnergy = power == 2
    spectra.values = spectra.values.map { (isEnergy ? $0.squareRoot() : $0) / scale }
    return spectra
  }
}
