import UnrollCore

/// A weight for each sample of a frame.
public enum Window: String, Sendable, Codable, CaseIterable {
  /// ½ − ½ cos(2πi / (n−1)), to the power 0.85: Kaldi's own.
  case povey
  /// ½ − ½ cos(2πi / (n−1)).
  case hann
  /// ½ − ½ cos(2πi / n): the form whose shifted copies add up, and that librosa takes.
  case periodicHann = "periodic-hann"
  /// 0.54 − 0.46 cos(2πi / (n−1)).
  case hamming
  /// 1.
  case rectangular

  /// The weights of a frame of n samples.
  public func values(_ count: Int) -> [Double] {
    (0..<count).map { index in
      let whole = Double(self == .periodicHann ? count : max(1, count - 1))
      let wave = cosine(2 * Double.pi * Double(index) / whole)
      return switch self {
      case .povey: power(0.5 - 0.5 * wave, 0.85)
      case .hann, .periodicHann: 0.5 - 0.5 * wave
      case .hamming: 0.54 - 0.46 * wave
      case .rectangular: 1
      }
    }
  }

  /// The modified Bessel function of the first kind and order 0: Σ ((x/2)ᵏ / k!)².
  static func besselI0(_ x: Double) -> Double {
    var term = 1.0
    var sum = 1.0
    var k = 1.0
    while term > sum * 1e-17 {
      term *= (x / (2 * k)) * (x / (2 * k))
      sum += term
      k += 1
    }
    return sum
  }
}
