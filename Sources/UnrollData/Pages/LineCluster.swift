/// Components that stand in one line, and the line that they stand on.
struct LineCluster {
  /// Its letters, by which it was found.
  var letters: [Int]
  /// Dots, accents, commas, hyphens, and letters that touch those of other lines.
  var others: [Int] = []
  var left = 0
  var right = 0
  /// The baseline: `y = intercept + slope · x`.
  var intercept = 0.0
  var slope = 0.0
  /// From the baseline to the top of most letters.
  var height = 0.0

  func baseline(at x: Double) -> Double { intercept + slope * x }

  var members: [Int] { letters + others }

  init(_ letters: [Int], _ components: [InkComponents.Component]) {
    self.letters = letters
    fit(components)
  }

  /// A line that is known, with its components.
  init(
    _ letters: [Int], _ components: [InkComponents.Component], intercept: Double, slope: Double,
    height: Double
  ) {
    self.letters = letters
    (self.intercept, self.slope, self.height) = (intercept, slope, height)
    left = letters.map { components[$0].left }.min() ?? 0
    right = letters.map { components[$0].right }.max() ?? 0
  }

  /// Takes the other line's components.
  mutating func join(_ other: LineCluster, _ components: [InkComponents.Component]) {
    letters += other.letters
    others += other.others
    fit(components)
  }

  /// Fits the baseline to the components' lower ends, of which those of descenders and commas are left out.
  mutating func fit(_ components: [InkComponents.Component]) {
    let parts = letters.map { components[$0] }
    left = members.map { components[$0].left }.min() ?? 0
    right = members.map { components[$0].right }.max() ?? 0
    let heights = parts.map { Double($0.height) }.sorted()
    let typical = heights.isEmpty ? 1 : heights[heights.count / 2]
    (intercept, slope) = Self.line(parts.map { ($0.middleX, Double($0.bottom)) }, tolerance: 0.15 * typical)
    let tops = parts.map { baseline(at: $0.middleX) - Double($0.top) }.sorted()
    height = tops.isEmpty ? typical : max(0.4 * typical, tops[tops.count / 2])
  }

  /// The line with the most points near it, refined by least squares over those: every pair of points far from each other
  /// is tried, up to a few hundred.
  private static func line(_ points: [(x: Double, y: Double)], tolerance: Double) -> (
    intercept: Double, slope: Double
  ) {
    let sorted = points.sorted { $0.x < $1.x }
    let bottoms = points.map(\.y).sorted()
    guard points.count >= 3, let first = sorted.first, let last = sorted.last, last.x > first.x else {
      return (bottoms.isEmpty ? 0 : bottoms[bottoms.count / 2], 0)
    }
    var best = (count: -1.0, intercept: bottoms[bottoms.count / 2], slope: 0.0)
    let step = max(1, sorted.count / 24)
    for i in stride(from: 0, to: sorted.count, by: step) {
      for j in stride(from: i + 1, to: sorted.count, by: step)
      where sorted[j].x - sorted[i].x > (last.x - first.x) / 3 {
        let slope = (sorted[j].y - sorted[i].y) / (sorted[j].x - sorted[i].x)
        // Pages are turned upright before.
        guard abs(slope) < 0.12 else { continue }
        let intercept = sorted[i].y - slope * sorted[i].x
        // Each point counts by how near it is; steep lines are less likely.
        let count = sorted.reduce(0.0) { sum, point in
          let distance = abs(point.y - intercept - slope * point.x)
          return sum + max(0, 1 - distance / (2 * tolerance))
        }
        if count > best.count { best = (count, intercept, slope) }
      }
    }
    let near = sorted.filter { abs($0.y - best.intercept - best.slope * $0.x) <= tolerance }
    guard near.count >= 3 else { return (best.intercept, best.slope) }
    let (meanX, meanY) = (
      near.map(\.x).reduce(0, +) / Double(near.count), near.map(\.y).reduce(0, +) / Double(near.count)
    )
    let (xx, xy) = near.reduce((0.0, 0.0)) { sums, point in
      (sums.0 + (point.x - meanX) * (point.x - meanX), sums.1 + (point.x - meanX) * (point.y - meanY))
    }
    let slope = xx > 0 ? max(-0.12, min(0.12, xy / xx)) : 0
    return (meanY - slope * meanX, slope)
  }
}
