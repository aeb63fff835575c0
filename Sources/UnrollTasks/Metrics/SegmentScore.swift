/// How well the segments of labelled steps were found.
///
/// A segment is a run of steps of one label. A found segment is right where it overlaps, by at least a share k of both
/// together, a true segment of its label that no other has claimed before:
///
///     IoU = |found ∩ true| / |found ∪ true| ≥ k        F1@k = 2 tp / (2 tp + fp + fn)
///
/// counted over all sequences (Lea et al. 2017, "Temporal convolutional networks for action segmentation and detection",
/// section 4.1). Unlike the share of right steps it punishes segments that are cut to pieces. The edit score is
/// 1 − d / max(number of found, number of true), with d the least number of segments that must be inserted, deleted or
/// changed, in the mean over sequences.
public struct SegmentScore: Sendable, Equatable {
  /// A run of steps of one label.
  public struct Segment: Sendable, Equatable {
    public let steps: Range<Int>
    public let label: Int

    public init(_ steps: Range<Int>, label: Int) {
      self.steps = steps
      self.label = label
    }
  }

  private var correctSteps = 0
  private var steps = 0
  /// Right, found and true segments at each share.
  private var counts: [(correct: Int, found: Int, actual: Int)]
  private var edits = 0.0
  private var sequences = 0
  /// k of each F1.
  public let shares: [Double]

  public static func == (a: SegmentScore, b: SegmentScore) -> Bool {
    a.correctSteps == b.correctSteps && a.steps == b.steps && a.edits == b.edits && a.sequences == b.sequences
      && a.counts.elementsEqual(b.counts, by: ==)
  }

  /// Counts labels of steps, sequence by sequence. Of a pair of unequal lengths the shorter counts.
  ///
  /// - Parameter background: the label of steps in which nothing happens: they are no segments.
  public init(
    actual: [[Int]], predicted: [[Int]], background: Int? = nil, shares: [Double] = [0.1, 0.25, 0.5]
  ) {
    self.shares = shares
    counts = shares.map { _ in (0, 0, 0) }
    for (truth, found) in zip(actual, predicted) {
      steps += min(truth.count, found.count)
      correctSteps += zip(truth, found).count { $0 == $1 }
      let (own, other) = (
        Self.segments(of: found, background: background), Self.segments(of: truth, background: background)
      )
      for (index, share) in shares.enumerated() {
        counts[index].correct += Self.matches(own, other, share)
        counts[index].found += own.count
        counts[index].actual += other.count
      }
      sequences += 1
      let most = max(own.count, other.count)
      edits += most == 0 ? 1 : 1 - Double(Self.distance(own.map(\.label), other.map(\.label))) / Double(most)
    }
  }

  /// The share of steps whose label was found; NaN of none.
  public var stepAccuracy: Double { steps == 0 ? .nan : Double(correctSteps) / Double(steps) }

  /// The edit score, from 0 to 1; NaN of no sequence.
  public var edit: Double { sequences == 0 ? .nan : edits / Double(sequences) }

  /// Precision, recall and F1 at each of the shares.
  public var scores: [ClassificationReport.Score] {
    counts.map { .init(correct: $0.correct, predicted: $0.found, actual: $0.actual) }
  }

  /// The runs of equal labels.
  public static func segments(of labels: [Int], background: Int? = nil) -> [Segment] {
    var segments: [Segment] = []
    var start = 0
    for step in labels.indices where step + 1 == labels.count || labels[step + 1] != labels[step] {
      if labels[step] != background { segments.append(Segment(start..<step + 1, label: labels[step])) }
      start = step + 1
    }
    return segments
  }

  /// The number of found segments that are right: each takes the true segment of its label that it overlaps most, the
  /// first of equals, and is wrong where that was taken before.
  private static func matches(_ found: [Segment], _ actual: [Segment], _ share: Double) -> Int {
    var taken = [Bool](repeating: false, count: actual.count)
    var correct = 0
    for own in found {
      var best: (place: Int, overlap: Double)?
      for (place, other) in actual.enumerated() where other.label == own.label {
        let both = own.steps.clamped(to: other.steps).count
        let either = own.steps.count + other.steps.count - both
        let overlap = Double(both) / Double(either)
        if overlap > best?.overlap ?? 0 { best = (place, overlap) }
      }
      guard let best, best.overlap >= share, !taken[best.place] else { continue }
      taken[best.place] = true
      correct += 1
    }
    return correct
  }

  /// The distance of Levenshtein.
  private static func distance(_ a: [Int], _ b: [Int]) -> Int {
    var last = Array(0...b.count)
    for (row, own) in a.enumerated() {
      var current = [row + 1]
      current.reserveCapacity(b.count + 1)
      for (column, other) in b.enumerated() {
        current.append(min(last[column + 1] + 1, current[column] + 1, last[column] + (own == other ? 0 : 1)))
      }
      last = current
    }
    return last[b.count]
  }
}
