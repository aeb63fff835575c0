/// How well a distance tells pairs of one kind (two pictures of one person) from pairs of another: at each threshold the
/// share of like pairs that are farther apart (false rejection) and of unlike pairs that are not (false acceptance).
public struct VerificationCurve: Sendable, Equatable {
  /// A threshold t, and what accepting each pair of a distance ≤ t would do.
  public struct Point: Sendable, Codable, Equatable {
    public let threshold: Double
    public let falseAcceptance: Double
    public let falseRejection: Double
  }

  /// By rising threshold, one for each distance that occurs, after one at which nothing is accepted.
  public let points: [Point]
  private let pairs: (like: Int, unlike: Int)

  /// - Parameters:
  ///   - like: the distances of pairs that belong together; NaN counts as infinite.
  ///   - unlike: those of the others.
  public init(like: [Double], unlike: [Double]) {
    pairs = (like.count, unlike.count)
    let all =
      (like.map { ($0.isNaN ? .infinity : $0, true) } + unlike.map { ($0.isNaN ? .infinity : $0, false) })
      .sorted { $0.0 < $1.0 }
    var (accepted, wrong) = (0, 0)
    var points = [Point(threshold: -.infinity, falseAcceptance: 0, falseRejection: like.isEmpty ? .nan : 1)]
    for (index, (distance, isLike)) in all.enumerated() {
      if isLike { accepted += 1 } else { wrong += 1 }
      if index + 1 < all.count, all[index + 1].0 == distance { continue }
      points.append(
        Point(
          threshold: distance, falseAcceptance: Double(wrong) / Double(unlike.count),
          falseRejection: 1 - Double(accepted) / Double(like.count)))
    }
    self.points = points
  }

  public static func == (a: VerificationCurve, b: VerificationCurve) -> Bool { a.points == b.points }

  /// Where both errors are equal, on the straight line between the two points where they cross; NaN without pairs of
  /// both kinds.
  public var equalErrorRate: Double { crossing.rate }

  /// A threshold there: half-way between the distances of both points.
  public var equalErrorThreshold: Double { crossing.threshold }

  private var crossing: (rate: Double, threshold: Double) {
    guard pairs.like > 0, pairs.unlike > 0 else { return (.nan, .nan) }
    guard let place = points.firstIndex(where: { $0.falseAcceptance >= $0.falseRejection }), place > 0 else {
      return (.nan, .nan)
    }
    let (before, after) = (points[place - 1], points[place])
    let (gap, next) = (
      before.falseRejection - before.falseAcceptance, after.falseAcceptance - after.falseRejection
    )
    let share = gap / (gap + next)
    let rate = before.falseAcceptance + share * (after.falseAcceptance - before.falseAcceptance)
    // Where like pairs all come before unlike ones, the threshold lies between both and not at the edge of one.
    let beyond = next == 0 && place + 1 < points.count ? points[place + 1].threshold : after.threshold
    let from = next == 0 ? after.threshold : before.threshold
    return (rate, from.isFinite ? (from + beyond) / 2 : beyond)
  }

  /// The share of pairs of a like and an unlike one of which the like one is nearer; ties count half. The area under the
  /// curve of true against false acceptance.
  public var area: Double {
    guard pairs.like > 0, pairs.unlike > 0 else { return .nan }
    return zip(points, points.dropFirst()).reduce(0) { sum, both in
      let (a, b) = both
      return sum + (b.falseAcceptance - a.falseAcceptance) * (2 - a.falseRejection - b.falseRejection) / 2
    }
  }

  /// Both errors when pairs up to a threshold are accepted.
  public func errors(at threshold: Double) -> (falseAcceptance: Double, falseRejection: Double) {
    let point = points.last { $0.threshold <= threshold } ?? points[0]
    return (point.falseAcceptance, point.falseRejection)
  }
}
