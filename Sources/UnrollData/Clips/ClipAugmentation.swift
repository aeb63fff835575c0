import UnrollCore

/// Noise that makes a clip another one of its kind, for training alone.
public struct ClipAugmentation: Sendable, Equatable {
  /// s: a clip runs up to 1 + s times as fast or as slow, by a factor that is drawn on a logarithmic scale.
  public var speed: Float = 0
  /// The deviation of the logarithm of the speed from quarter to quarter of a clip.
  public var timeWarp: Float = 0
  /// The share of its frames that may be cut off at its ends.
  public var crop: Float = 0
  /// Whether half of the clips are seen in a mirror.
  public var mirror = false
  /// The most degrees that poses are turned by: in the plane, or of three dimensions around the vertical.
  public var rotation: Float = 0
  /// The deviation of the factor that each axis of poses is stretched by.
  public var scaling: Float = 0
  /// The deviation of what is added to each standardised feature.
  public var noise: Float = 0

  public init() {}

  /// Where a clip is read, in frames and fractions of them, in the order of time.
  ///
  /// - Parameters:
  ///   - steps: the frames there are, at least one.
  ///   - count: how many are wanted; `nil`: as many as there are at the clip's speed.
  func places(steps: Int, count: Int?, random: inout RandomSource) -> [Float] {
    let last = Float(steps - 1)
    let cut = crop > 0 ? crop * random.uniform() * last : 0
    let begin = cut > 0 ? cut * random.uniform() : 0
    let length = last - cut
    var factor: Float = 1
    if speed > 0 { factor = exponential((2 * random.uniform() - 1) * naturalLogarithm(1 + speed)) }
    // A clip grows by no more than its own length, whatever the factor.
    let count = count ?? min(max(1, Int(((length + 1) / factor).rounded())), 2 * steps)
    var knots: [Float] = [0, 0.25, 0.5, 0.75, 1]
    if timeWarp > 0 {
      let parts = (0..<4).map { _ in exponential(timeWarp * random.normal()) }
      let sum = parts.reduce(0, +)
      for index in 1...4 { knots[index] = knots[index - 1] + parts[index - 1] / sum }
    }
    return (0..<count).map { index in
      let u = count > 1 ? Float(index) / Float(count - 1) : 0.5
      let quarter = min(3, Int(4 * u))
      let within = 4 * u - Float(quarter)
      let place = begin + length * (knots[quarter] + within * (knots[quarter + 1] - knots[quarter]))
      return min(max(place, 0), last)
    }
  }

  private func exponential(_ x: Float) -> Float { Float(UnrollCore.exponential(Double(x))) }
  private func naturalLogarithm(_ x: Float) -> Float { Float(UnrollCore.naturalLogarithm(Double(x))) }
}
