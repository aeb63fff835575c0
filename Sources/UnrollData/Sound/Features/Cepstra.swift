import UnrollCore

/// Mel-frequency cepstral coefficients: the orthonormal cosine transform of log-mel energies (Davis and Mermelstein
/// 1980).
///
///     c[i] = lift(i) · √((i = 0 ? 1 : 2)/n) · Σⱼ y[j] · cos(πi(j + ½)/n)
///     lift(i) = 1 + ½Q · sin(πi/Q), or 1
public struct Cepstra: Sendable {
  /// How many coefficients a frame has.
  public let count: Int
  private let bands: Int
  private let table: [Double]

  /// - Parameters:
  ///   - count: How many coefficients are kept, from the first.
  ///   - bands: How many log-mel energies a frame has.
  ///   - lifter: Q; 22 in Kaldi and HTK, 0 for none.
  public init(count: Int = 13, bands: Int, lifter: Double = 22) {
    precondition(count >= 1 && count <= bands, "there are at most as many coefficients as bands")
    self.count = count
    self.bands = bands
    table = (0..<count).flatMap { i -> [Double] in
      let lift = lifter == 0 ? 1 : 1 + 0.5 * lifter * sine(Double.pi * Double(i) / lifter)
      let norm = lift * ((i == 0 ? 1.0 : 2.0) / Double(bands)).squareRoot()
      return (0..<bands).map { norm * cosine(Double.pi * Double(i) * (Double($0) + 0.5) / Double(bands)) }
    }
  }

  /// The coefficients of each frame.
  public func apply(_ frames: FeatureFrames) -> FeatureFrames {
    precondition(frames.width == bands, "frames have as many values as the bank has bands")
    var result = FeatureFrames(width: count)
    for frame in 0..<frames.count {
      for i in 0..<count {
        var sum = 0.0
        for j in 0..<bands { sum += table[i * bands + j] * Double(frames.values[frame * bands + j]) }
        result.values.append(Float(sum))
      }
    }
    return result
  }
}
