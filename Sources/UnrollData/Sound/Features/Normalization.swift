/// Sums over frames, of which mean and standard deviation of each value follow.
public struct FeatureStatistics: Sendable, Codable, Equatable {
  /// How many frames were added.
  public private(set) var count: Double
  public private(set) var sums: [Double]
  public private(set) var squares: [Double]

  public init(width: Int) {
    count = 0
    sums = [Double](repeating: 0, count: width)
    squares = sums
  }

  public mutating func add(_ frames: FeatureFrames) {
    for frame in 0..<frames.count { add(frames[frame]) }
  }

  mutating func add(_ values: ArraySlice<Float>) {
    precondition(values.count == sums.count, "frames have one width")
    count += 1
    for (index, value) in values.enumerated() {
      sums[index] += Double(value)
      squares[index] += Double(value) * Double(value)
    }
  }

  /// Counts what was added so far as less.
  mutating func fade(_ factor: Double) {
    count *= factor
    for index in 0..<sums.count {
      sums[index] *= factor
      squares[index] *= factor
    }
  }

  /// Counts what was added as so many frames.
  func weighed(_ frames: Double) -> FeatureStatistics {
    var result = self
    if count > 0 { result.fade(frames / count) }
    return result
  }

  /// Appends values with their mean taken off and, if wanted, divided by their deviation, of at least `least`.
  func normalize(_ values: ArraySlice<Float>, scales: Bool, into result: inout [Float]) {
    for (index, value) in values.enumerated() {
      let mean = sums[index] / max(count, 1e-30)
      guard scales else {
        result.append(Float(Double(value) - mean))
        continue
      }
      let variance = max(0, squares[index] / max(count, 1e-30) - mean * mean)
      result.append(Float((Double(value) - mean) / max(variance.squareRoot(), Self.leastDeviation)))
    }
  }

  /// A value that hardly changes is not blown up to noise.
  static let leastDeviation = 1e-3

  /// Frames with the statistics' mean taken off and, if wanted, divided by their deviation.
  public func normalized(_ frames: FeatureFrames, scales: Bool = true) -> FeatureFrames {
    var result: [Float] = []
    result.reserveCapacity(frames.values.count)
    for frame in 0..<frames.count { normalize(frames[frame], scales: scales, into: &result) }
    return FeatureFrames(result, width: frames.width)
  }
}

extension FeatureFrames {
  /// Each value with mean 0 and, if wanted, variance 1 over the frames.
  public func normalized(scales: Bool = true) -> FeatureFrames {
    var statistics = FeatureStatistics(width: width)
    statistics.add(self)
    return statistics.normalized(self, scales: scales)
  }
}

/// Normalisation of frames as they come, each by itself and what came before: the bits do not depend on the pieces.
///
/// It starts from statistics of other sound, which count as `priorFrames` frames, and forgets by the factor
/// 1 − 1/`memory` a frame.
public struct StreamingNormalizer: Sendable {
  private let prior: FeatureStatistics
  private let scales: Bool
  private let fading: Double
  private var statistics: FeatureStatistics

  /// - Parameters:
  ///   - prior: Statistics of sound of the same kind, such as all that was trained on.
  ///   - priorFrames: How many frames they count as.
  ///   - memory: How many frames back are remembered; `nil` for all.
  public init(prior: FeatureStatistics, priorFrames: Double = 100, memory: Double? = nil, scales: Bool = true)
  {
    precondition(memory.map { $0 >= 1 } ?? true && priorFrames >= 0, "counts of frames are not negative")
    self.prior = prior.weighed(priorFrames)
    self.scales = scales
    fading = memory.map { 1 - 1 / $0 } ?? 1
    statistics = self.prior
  }

  /// The frames, normalised.
  public mutating func push(_ frames: FeatureFrames) -> FeatureFrames {
    var result: [Float] = []
    result.reserveCapacity(frames.values.count)
    for frame in 0..<frames.count {
      if fading < 1 { statistics.fade(fading) }
      statistics.add(frames[frame])
      statistics.normalize(frames[frame], scales: scales, into: &result)
    }
    return FeatureFrames(result, width: frames.width)
  }

  /// Starts anew, for other sound.
  public mutating func reset() { statistics = prior }
}
