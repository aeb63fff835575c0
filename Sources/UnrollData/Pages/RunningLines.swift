/// Finds the lines of a running hand, whose letters hang together and reach into the lines above and below.
///
/// Rows of ink are counted in strips of the page; where a strip has most is the middle of a line, and middles of neighbouring
/// strips make a line that may rise or fall (Arivazhagan, Srinivasan and Srihari 2007, "A statistical approach to line
/// segmentation in handwritten documents", in the main).
struct RunningLines {
  private let ink: InkComponents
  private let sizes: LetterSizes
  private let columns: Range<Int>
  private let stripWidth: Int
  /// The ink of each strip's rows.
  private var profiles: [[Double]]
  /// The distance between two lines in pixels; 0 where there are none.
  private(set) var pitch = 0.0

  /// A line under way: the middles of its ink, by strips.
  private struct Chain {
    var strips: [Int]
    var middles: [Double]
    var intercept = 0.0
    var slope = 0.0

    func middle(at x: Double) -> Double { intercept + slope * x }
  }

  init(_ ink: InkComponents, _ sizes: LetterSizes, height: Int) {
    self.ink = ink
    self.sizes = sizes
    let letters = ink.components.indices.filter { sizes.kinds[$0] == .letter }
    let middles = letters.map { Int(ink.components[$0].middleX) }.sorted()
    guard middles.count >= 8, sizes.height > 0 else {
      (columns, stripWidth, profiles) = (0..<0, 1, [])
      return
    }
    let (left, right) = (middles[middles.count / 50], middles[middles.count - 1 - middles.count / 50])
    columns = left..<max(left + 1, right + 1)
    let count = max(4, min(16, Int(Double(columns.count) / (8 * sizes.height))))
    stripWidth = max(1, columns.count / count)
    profiles = [[Double]](repeating: [Double](repeating: 0, count: height), count: count)
    for index in letters {
      for run in ink.runs(of: index) {
        let strip = min(count - 1, max(0, (Int(run.start + run.end) / 2 - left) / stripWidth))
        profiles[strip][Int(run.y)] += Double(run.end - run.start)
      }
    }
    pitch = Self.pitch(profiles, smallest: sizes.height, height: height)
  }

  /// The shift by which rows of ink resemble themselves: the smallest that does nearly as well as the best.
  private static func pitch(_ profiles: [[Double]], smallest: Double, height: Int) -> Double {
    let (first, last) = (max(4, Int(1.2 * smallest)), min(height / 3, Int(8 * smallest)))
    guard first < last else { return 0 }
    let smooth = profiles.map { smoothed($0, by: max(1, Int(smallest / 4))) }
    let centred = smooth.map { profile -> [Double] in
      let mean = profile.reduce(0, +) / Double(profile.count)
      return profile.map { $0 - mean }
    }
    let values = (first..<last).map { lag in
      centred.reduce(0.0) { sum, profile in
        var product = 0.0
        for y in 0..<(height - lag) { product += profile[y] * profile[y + lag] }
        return sum + product / Double(height - lag)
      }
    }
    let peaks = values.indices.dropFirst().dropLast().filter {
      values[$0] >= values[$0 - 1] && values[$0] >= values[$0 + 1] && values[$0] > 0
    }
    guard let best = peaks.map({ values[$0] }).max() else { return 0 }
    return peaks.first { values[$0] > 0.65 * best }.map { Double($0 + first) } ?? 0
  }

  /// A profile averaged three times over `2 · reach + 1` rows, which is nearly a normal curve.
  private static func smoothed(_ profile: [Double], by reach: Int) -> [Double] {
    var result = profile
    for _ in 0..<3 {
      var sums = [0.0]
      for value in result { sums.append(sums[sums.count - 1] + value) }
      for y in result.indices {
        let (top, bottom) = (max(0, y - reach), min(result.count, y + reach + 1))
        result[y] = (sums[bottom] - sums[top]) / Double(bottom - top)
      }
    }
    return result
  }

  /// The lines with their components.
  func lines() -> [LineCluster] {
    guard pitch > 0 else { return [] }
    let chains = merged(chains())
    var members = [[Int]](repeating: [], count: chains.count)
    for (index, component) in ink.components.enumerated() {
      guard sizes.kinds[index] == .letter || sizes.kinds[index] == .small else { continue }
      if let chain = nearest(to: component, index, among: chains) { members[chain].append(index) }
    }
    return zip(chains, members).compactMap { chain, members in
      members.isEmpty
        ? nil
        : LineCluster(
          members, ink.components, intercept: chain.intercept + pitch / 4, slope: chain.slope,
          height: pitch / 2)
    }
  }

  private func x(ofStrip strip: Int) -> Double {
    Double(columns.lowerBound) + (Double(strip) + 0.5) * Double(stripWidth)
  }

  /// Middles of lines in each strip, linked from left to right.
  private func chains() -> [Chain] {
    var chains: [Chain] = []
    for (strip, profile) in profiles.enumerated() {
      var peaks = Self.peaks(Self.smoothed(profile, by: max(1, Int(pitch / 8))), distance: pitch * 0.6)
      // The chains that fit best choose first.
      let open = chains.indices.filter { strip - chains[$0].strips[chains[$0].strips.count - 1] <= 2 }
      var pairs: [(distance: Double, chain: Int, peak: Double)] = []
      for chain in open {
        let expected =
          chains[chain].middles.suffix(2).reduce(0, +) / Double(min(2, chains[chain].middles.count))
        for peak in peaks where abs(peak - expected) < 0.4 * pitch {
          pairs.append((abs(peak - expected), chain, peak))
        }
      }
      var taken: Set<Int> = []
      for pair in pairs.sorted(by: { $0.distance < $1.distance }) {
        guard !taken.contains(pair.chain), let place = peaks.firstIndex(of: pair.peak) else { continue }
        taken.insert(pair.chain)
        peaks.remove(at: place)
        chains[pair.chain].strips.append(strip)
        chains[pair.chain].middles.append(pair.peak)
      }
      chains += peaks.map { Chain(strips: [strip], middles: [$0]) }
    }
    return fitted(chains)
  }

  private static func peaks(_ profile: [Double], distance: Double) -> [Double] {
    let candidates = profile.indices.dropFirst().dropLast().filter {
      profile[$0] > profile[$0 - 1] && profile[$0] >= profile[$0 + 1]
    }
    var kept: [Int] = []
    for candidate in candidates.sorted(by: { profile[$0] > profile[$1] }) {
      if kept.allSatisfy({ abs($0 - candidate) >= Int(distance) }) { kept.append(candidate) }
    }
    let heights = kept.map { profile[$0] }.sorted()
    let typical = heights.isEmpty ? 0 : heights[heights.count * 2 / 3]
    return kept.filter { profile[$0] > 0.2 * typical }.sorted().map { Double($0) }
  }

  /// Straight lines through the chains' middles. A short one has the slope of most.
  private func fitted(_ chains: [Chain]) -> [Chain] {
    var result = chains
    var slopes: [Double] = []
    for index in result.indices where result[index].strips.count >= 3 {
      let points = zip(result[index].strips, result[index].middles).map { (x: x(ofStrip: $0), y: $1) }
      let meanX = points.map(\.x).reduce(0, +) / Double(points.count)
      let meanY = points.map(\.y).reduce(0, +) / Double(points.count)
      let xx = points.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
      let xy = points.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) }
      result[index].slope = xy / max(1e-9, xx)
      result[index].intercept = meanY - result[index].slope * meanX
      slopes.append(result[index].slope)
    }
    slopes.sort()
    let common = slopes.isEmpty ? 0 : slopes[slopes.count / 2]
    for index in result.indices where result[index].strips.count < 3 {
      let points = zip(result[index].strips, result[index].middles).map { x(ofStrip: $0) * -common + $1 }
      result[index].slope = common
      result[index].intercept = points.reduce(0, +) / Double(points.count)
    }
    return result
  }

  /// Joins chains of one line, of which a strip was missing.
  private func merged(_ chains: [Chain]) -> [Chain] {
    var kept: [Chain] = []
    for chain in chains.sorted(by: { $0.strips.count > $1.strips.count }) {
      let place = kept.firstIndex { other in
        guard Set(other.strips).isDisjoint(with: chain.strips) else { return false }
        let x = chain.strips.map { self.x(ofStrip: $0) }.reduce(0, +) / Double(chain.strips.count)
        return abs(other.middle(at: x) - chain.middle(at: x)) < 0.4 * pitch
      }
      if let place {
        kept[place].strips += chain.strips
        kept[place].middles += chain.middles
        kept[place] = fitted([kept[place]])[0]
      } else {
        kept.append(chain)
      }
    }
    // A line of one strip between two others is an accent's or a flourish's.
    return kept.filter { chain in
      chain.strips.count > 1
        || !kept.contains { other in
          let x = self.x(ofStrip: chain.strips[0])
          return other.strips.count > 1 && abs(other.middle(at: x) - chain.middle(at: x)) < 0.6 * pitch
        }
    }
  }

  /// The line whose middle is nearest to a component's ink.
  private func nearest(to component: InkComponents.Component, _ index: Int, among chains: [Chain]) -> Int? {
    var rows: [(y: Double, length: Int)] = []
    for run in ink.runs(of: index) { rows.append((Double(run.y), Int(run.end - run.start))) }
    let half = rows.reduce(0) { $0 + $1.length } / 2
    var sum = 0
    let middle =
      rows.first { row in
        sum += row.length
        return sum >= half
      }?.y ?? component.middleY
    var best: (chain: Int, distance: Double)?
    for (number, chain) in chains.enumerated() {
      let (first, last) = (chain.strips.min() ?? 0, chain.strips.max() ?? 0)
      let side = max(x(ofStrip: first) - Double(component.right), Double(component.left) - x(ofStrip: last))
      guard side < 1.5 * Double(stripWidth) else { continue }
      let distance = abs(chain.middle(at: component.middleX) - middle) + max(0, side) / 4
      if best == nil || distance < best!.distance { best = (number, distance) }
    }
    return best.flatMap { $0.distance < 0.8 * pitch ? $0.chain : nil }
  }
}
