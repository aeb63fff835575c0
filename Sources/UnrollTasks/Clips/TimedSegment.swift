import UnrollData

/// What happens from when to when, in seconds; where frames in a second are not known, in frames.
public struct TimedSegment: Codable, Sendable, Equatable {
  public let start: Double
  /// Not included.
  public let end: Double
  public let label: String
  /// The mean of that of its frames.
  public let probability: Double

  /// The segments of a clip, in the order of time, without those in which nothing happens.
  ///
  /// - Parameters:
  ///   - steps: the label of each frame.
  ///   - probabilities: of each label, frame by frame.
  ///   - names: of labels.
  ///   - rate: frames in a second.
  static func segments(
    _ steps: [Int], _ probabilities: [[Float]], _ names: [String], rate: Double, background: String
  ) -> [TimedSegment] {
    /// To a thousandth of a second.
    func time(_ frame: Int) -> Double { (Double(frame) / rate * 1000).rounded() / 1000 }
    return SegmentScore.segments(of: steps, background: names.firstIndex(of: background)).map {
      segment in
      let sum = segment.steps.reduce(Float(0)) { $0 + probabilities[$1][segment.label] }
      return TimedSegment(
        start: time(segment.steps.lowerBound), end: time(segment.steps.upperBound),
        label: names[segment.label],
        probability: (Double(min(max(sum / Float(segment.steps.count), 0), 1)) * 1e6).rounded()
          / 1e6)
    }
  }

  /// As a person reads it.
  var shown: String {
    "\(NumberText.decimal(start, places: 2)) – \(NumberText.decimal(end, places: 2))\t\(label)\t\(NumberText.decimal(probability, places: 3))"
  }

  static let columns = ["start", "end", "label", "probability"]
  var row: [String] {
    [
      NumberText.shortest(start), NumberText.shortest(end), label,
      NumberText.decimal(probability, places: 6),
    ]
  }

  /// Segments as a file of WebVTT.
  static func webVTT(_ segments: [TimedSegment]) -> String {
    ClipSegments.webVTT(segments.map { ClipSegment(start: $0.start, end: $0.end, label: $0.label) })
  }
}
