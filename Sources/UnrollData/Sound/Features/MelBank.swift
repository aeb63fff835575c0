import UnrollCore

/// A scale of pitch as it is heard.
public enum MelScale: Sendable {
  /// m = 1127 · ln(1 + f/700) (O'Shaughnessy 1987), as in HTK and Kaldi.
  case htk
  /// 3f/200 below 1,000 Hz, and 15 + 27 · ln(f/1000) / ln 6.4 above (Slaney 1998, "Auditory Toolbox").
  case slaney

  public func mel(_ hertz: Double) -> Double {
    switch self {
    case .htk: 1127 * naturalLogarithm(1 + hertz / 700)
    case .slaney:
      hertz < 1000 ? hertz * 3 / 200 : 15 + 27 * naturalLogarithm(hertz / 1000) / naturalLogarithm(6.4)
    }
  }

  public func hertz(_ mel: Double) -> Double {
    switch self {
    case .htk: 700 * (exponential(mel / 1127) - 1)
    case .slaney: mel < 15 ? mel * 200 / 3 : 1000 * exponential((mel - 15) * naturalLogarithm(6.4) / 27)
    }
  }
}

/// Triangles over the frequencies of a transform, at equal distances in mel, each from its left neighbour's middle to
/// its right neighbour's.
public struct MelBank: Sendable {
  /// How the triangles are made.
  public enum Form: String, Sendable, Codable, CaseIterable {
    /// HTK's scale, straight in mel, height 1.
    case kaldi
    /// HTK's scale, straight in Hertz, area 1 (librosa's `htk=True`).
    case htk
    /// Slaney's scale, straight in Hertz, area 1 (librosa's own).
    case slaney
  }

  /// One triangle: its first bin and the weights from there.
  public struct Band: Sendable, Equatable {
    public let start: Int
    public let weights: [Double]
  }

  public let bands: [Band]
  /// How many bins of the transform there are: half its length and one.
  public let bins: Int
  /// How many triangles are so narrow that no bin falls into them: their values are always the floor's.
  public var emptyBands: Int { bands.count { $0.weights.isEmpty } }

  /// The bank of checked settings.
  public init(_ settings: FeatureSettings) {
    let bins = settings.transformLength / 2 + 1
    self.bins = bins
    let scale: MelScale = settings.bank == .slaney ? .slaney : .htk
    let low = scale.mel(Double(settings.lowFrequency))
    let step = (scale.mel(Double(settings.highFrequency)) - low) / Double(settings.bands + 1)
    let width = Double(settings.sampleRate) / Double(settings.transformLength)
    bands = (0..<settings.bands).map { band in
      let points = (0..<3).map { low + Double(band + $0) * step }
      return settings.bank == .kaldi
        ? Self.band(points, bins: settings.transformLength / 2) { scale.mel(Double($0) * width) }
        : Self.band(points.map { scale.hertz($0) }, bins: bins, area: true) { Double($0) * width }
    }
  }

  private static func band(
    _ points: [Double], bins: Int, area: Bool = false, place: (Int) -> Double
  ) -> Band {
    var start = 0
    var weights: [Double] = []
    let height = area ? 2 / (points[2] - points[0]) : 1
    for bin in 0..<bins {
      let x = place(bin)
      guard x > points[0] else { continue }
      guard x < points[2] else { break }
      if weights.isEmpty { start = bin }
      weights.append(
        height * min((x - points[0]) / (points[1] - points[0]), (points[2] - x) / (points[2] - points[1])))
    }
    return Band(start: start, weights: weights)
  }

  /// Σₖ B[b, k] · S[k] for each band.
  func apply(_ spectrum: [Double], into values: inout [Double]) {
    let spectrum = spectrum.span
    for (index, band) in bands.enumerated() {
      var sum = 0.0
      for offset in 0..<band.weights.count { sum += band.weights[offset] * spectrum[band.start + offset] }
      values[index] = sum
    }
  }
}
