/// Which columns of a line of text have ink, from the side where reading begins.
package struct InkColumns {
  private var hasInk: [Bool]
  private let isMirrored: Bool

  /// - Parameter mirrored: whether the line is read from the right.
  package init(_ line: Picture, mirrored: Bool) {
    isMirrored = mirrored
    hasInk = (0..<line.width).map { x in (0..<line.height).contains { line[x, $0] < 128 } }
    if mirrored { hasInk.reverse() }
  }

  /// The line's words: parted in the middle of the widest gap within each of some ranges, and narrowed to their ink.
  ///
  /// - Parameter gaps: columns from the side where reading begins, between which one word ends and the next begins.
  /// - Returns: one more than there are gaps, in columns of the picture.
  package func words(between gaps: [Range<Int>]) -> [Range<Int>] {
    let width = hasInk.count
    var cuts = [0]
    for gap in gaps {
      let start = min(width - 1, max(cuts[cuts.count - 1], gap.lowerBound))
      cuts.append(middleOfWidestGap(start..<max(start + 1, min(width, gap.upperBound))))
    }
    cuts.append(width)
    return (0...gaps.count).map { place in
      let start = min(cuts[place], width - 1)
      let room = start..<max(start + 1, cuts[place + 1])
      let first = room.first { hasInk[$0] } ?? room.lowerBound
      let end = (room.last { hasInk[$0] }).map { $0 + 1 } ?? room.upperBound
      return isMirrored ? width - end..<width - first : first..<end
    }
  }

  /// The middle of the longest run of columns without ink; of all where there is none.
  private func middleOfWidestGap(_ range: Range<Int>) -> Int {
    var best = 0..<0
    var start = range.lowerBound
    for x in range {
      if hasInk[x] { start = x + 1 } else if x + 1 - start > best.count { best = start..<x + 1 }
    }
    return best.isEmpty ? (range.lowerBound + range.upperBound) / 2 : (best.lowerBound + best.upperBound) / 2
  }
}
