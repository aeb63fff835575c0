/// Which way up a page lies, from its letters.
enum PageOrientation {
  /// Whether lines run up or down: whether most letters have their nearest neighbours above and below them, and not beside.
  static func isSideways(_ components: [InkComponents.Component], _ sizes: LetterSizes) -> Bool {
    let letters = components.indices.filter { sizes.kinds[$0] == .letter }
    guard letters.count >= 20 else { return false }
    let sorted = letters.sorted { components[$0].left < components[$1].left }
    var votes = (across: 0, along: 0)
    let step = max(1, sorted.count / 2000)
    for place in stride(from: 0, to: sorted.count, by: step) {
      let a = components[sorted[place]]
      var best = (distance: Double.infinity, isBeside: true)
      for direction in [-1, 1] {
        var other = place + direction
        while sorted.indices.contains(other) {
          let b = components[sorted[other]]
          // Wide components may reach back from afar; letters do not.
          guard abs(b.left - a.left) < Int(4 * sizes.height) + a.width else { break }
          let aside = Double(max(a.left, b.left) - min(a.right, b.right))
          let above = Double(max(a.top, b.top) - min(a.bottom, b.bottom))
          // Neighbours share rows or columns, and do not lie within each other.
          if (aside > 0) != (above > 0) {
            let distance = max(aside, above)
            if distance < best.distance { best = (distance, aside > 0) }
          }
          other += direction
        }
      }
      guard best.distance < 3 * sizes.height else { continue }
      if best.isBeside { votes.across += 1 } else { votes.along += 1 }
    }
    return votes.along > 10 && votes.along * 2 > votes.across * 3
  }

  /// Whether lines of print stand on their heads: in European scripts several times as many letters rise above the small
  /// ones than hang below (Caprari 2000, "Algorithm for text page up/down orientation determination").
  static func isUpsideDown(_ lines: [LineCluster], _ components: [InkComponents.Component]) -> Bool {
    var (rising, hanging) = (0, 0)
    for line in lines where line.letters.count >= 8 {
      let parts = line.letters.map { components[$0] }
      // Places relative to the line's slope.
      let tops = parts.map { Double($0.top) - line.slope * $0.middleX }
      let bottoms = parts.map { Double($0.bottom) - line.slope * $0.middleX }
      let (top, bottom) = (
        Self.mode(tops, reach: 0.12 * line.height), Self.mode(bottoms, reach: 0.12 * line.height)
      )
      let height = bottom - top
      guard height > 0.4 * line.height else { continue }
      rising += tops.filter { top - $0 > 0.22 * height && top - $0 < 1.5 * height }.count
      hanging += bottoms.filter { $0 - bottom > 0.22 * height && $0 - bottom < 1.5 * height }.count
    }
    return rising + hanging >= 20 && hanging * 10 > rising * 14
  }

  /// The value that most others are near to.
  private static func mode(_ values: [Double], reach: Double) -> Double {
    values.max { a, b in
      values.filter { abs($0 - a) <= reach }.count < values.filter { abs($0 - b) <= reach }.count
    } ?? 0
  }
}
