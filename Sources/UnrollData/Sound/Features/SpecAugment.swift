import UnrollCore

/// Blanks out stretches of time and of frequency in features that are trained on (Park et al. 2019, "SpecAugment").
///
/// A mask's width is uniform in 0 … the greatest, and its place uniform among those where it fits.
public struct SpecAugment: Sendable, Codable, Equatable {
  public var frequencyMasks: Int
  /// The greatest width of a mask, in bands.
  public var frequencyWidth: Int
  public var timeMasks: Int
  /// The greatest width of a mask, in frames.
  public var timeWidth: Int
  /// The greatest width of a mask, as a part of all frames.
  public var timeFraction: Double
  /// What stands in a mask: 0 is the mean of normalised features.
  public var value: Float

  public init(
    frequencyMasks: Int = 2, frequencyWidth: Int = 27, timeMasks: Int = 2, timeWidth: Int = 100,
    timeFraction: Double = 0.2, value: Float = 0
  ) {
    self.frequencyMasks = frequencyMasks
    self.frequencyWidth = frequencyWidth
    self.timeMasks = timeMasks
    self.timeWidth = timeWidth
    self.timeFraction = timeFraction
    self.value = value
  }

  /// Masks features in place.
  public func apply(to frames: inout FeatureFrames, using random: inout RandomSource) {
    let width = frames.width
    let count = frames.count
    for _ in 0..<max(0, frequencyMasks) {
      let bands = Self.range(of: width, greatest: frequencyWidth, using: &random)
      for frame in 0..<count {
        for band in bands { frames.values[frame * width + band] = value }
      }
    }
    let greatest = min(timeWidth, Int(max(0, min(1, timeFraction)) * Double(count)))
    for _ in 0..<max(0, timeMasks) {
      let steps = Self.range(of: count, greatest: greatest, using: &random)
      for index in (steps.lowerBound * width)..<(steps.upperBound * width) { frames.values[index] = value }
    }
  }

  private static func range(of count: Int, greatest: Int, using random: inout RandomSource) -> Range<Int> {
    let width = random.below(max(0, min(greatest, count)) + 1)
    let start = random.below(count - width + 1)
    return start..<(start + width)
  }
}
