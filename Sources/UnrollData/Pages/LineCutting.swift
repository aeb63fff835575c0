/// The inside of an outline, on a grid of pixels.
package struct PolygonMask {
  package let box: Picture.Rectangle
  private var isInside: [Bool]

  /// The pixels of a page of a size whose middles lie within an outline (even-odd rule), and those that its sides pass
  /// through.
  package init?(_ polygon: [PagePoint], width: Int, height: Int) {
    let whole = boundingBox(of: polygon)
    let (left, top) = (max(0, whole.x), max(0, whole.y))
    let (right, bottom) = (min(width, whole.right), min(height, whole.bottom))
    guard polygon.count >= 3, left < right, top < bottom else { return nil }
    box = Picture.Rectangle(x: left, y: top, width: right - left, height: bottom - top)
    isInside = [Bool](repeating: false, count: box.width * box.height)
    for y in top..<bottom {
      // Points are of pixels' middles.
      let crossings = Self.crossings(polygon, at: Double(y))
      for pair in stride(from: 0, to: crossings.count - 1, by: 2) {
        let first = max(left, Int(crossings[pair].rounded(.up)))
        let last = min(right - 1, Int(crossings[pair + 1].rounded(.down)))
        if first <= last { for x in first...last { isInside[(y - top) * box.width + x - left] = true } }
      }
    }
    for (index, point) in polygon.enumerated() { draw(point, polygon[(index + 1) % polygon.count]) }
  }

  private static func crossings(_ polygon: [PagePoint], at y: Double) -> [Double] {
    var result: [Double] = []
    for (index, a) in polygon.enumerated() {
      let b = polygon[(index + 1) % polygon.count]
      guard (a.y <= y) != (b.y <= y) else { continue }
      result.append(a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x))
    }
    return result.sorted()
  }

  /// Marks the pixels of a side.
  private mutating func draw(_ a: PagePoint, _ b: PagePoint) {
    let steps = Int(max(abs(b.x - a.x), abs(b.y - a.y)).rounded(.up))
    // Sides that lie far outside are not followed.
    guard steps <= 4 * (box.width + box.height) + 4 else { return }
    for step in 0...max(1, steps) {
      let share = Double(step) / Double(max(1, steps))
      let (x, y) = (Int((a.x + share * (b.x - a.x)).rounded()), Int((a.y + share * (b.y - a.y)).rounded()))
      guard x >= box.x, y >= box.y, x < box.right, y < box.bottom else { continue }
      isInside[(y - box.y) * box.width + x - box.x] = true
    }
  }

  /// Whether a pixel of the page is inside.
  package func contains(_ x: Int, _ y: Int) -> Bool {
    x >= box.x && y >= box.y && x < box.right && y < box.bottom
      && isInside[(y - box.y) * box.width + x - box.x]
  }
}

extension Picture {
  /// A line of text cut from a page along its outline: what lies beside it becomes paper.
  ///
  /// - Parameter straightens: whether columns are moved up and down until the line's baseline is level, where it is known
  ///   and no steeper than 30 degrees.
  /// - Returns: the line, with the page's channels but no alpha; `nil` where nothing of the outline lies on the page.
  public func line(_ line: TextLine, straightens: Bool = true) -> Picture? {
    guard let mask = PolygonMask(line.polygon, width: width, height: height),
      var result = onWhite().cropped(to: mask.box)
    else { return nil }
    let paper = (0..<result.channels).map { result.paper(ofChannel: $0) }
    for y in 0..<result.height {
      for x in 0..<result.width where !mask.contains(mask.box.x + x, mask.box.y + y) {
        for channel in 0..<result.channels { result[x, y, channel] = paper[channel] }
      }
    }
    guard straightens, let shifts = Self.shifts(line.baseline, mask.box) else { return result }
    return result.shifted(shifts, paper: paper)
  }

  /// By how many pixels each column of a box lies below the baseline's mean height; `nil` where there is nothing to level.
  private static func shifts(_ baseline: [PagePoint], _ box: Rectangle) -> [Double]? {
    let points = baseline.sorted { $0.x < $1.x }
    guard let first = points.first, let last = points.last, last.x - first.x >= 2,
      zip(points, points.dropFirst()).allSatisfy({ abs($1.y - $0.y) <= 0.6 * ($1.x - $0.x) + 3 })
    else { return nil }
    var next = 1
    let heights = (0..<box.width).map { column -> Double in
      let x = min(last.x, max(first.x, Double(box.x + column)))
      while next < points.count - 1, points[next].x < x { next += 1 }
      let (a, b) = (points[next - 1], points[next])
      return b.x > a.x ? a.y + (x - a.x) / (b.x - a.x) * (b.y - a.y) : b.y
    }
    let mean = heights.reduce(0, +) / Double(heights.count)
    let shifts = heights.map { $0 - mean }
    return shifts.contains { abs($0) > 0.75 } ? shifts : nil
  }

  /// The picture with each column moved up, sampled linearly, and with the room that this needs.
  private func shifted(_ shifts: [Double], paper: [UInt8]) -> Picture {
    let (least, most) = (shifts.min() ?? 0, shifts.max() ?? 0)
    let (above, below) = (Int(max(0, most).rounded(.up)), Int(max(0, -least).rounded(.up)))
    var result = Picture(width: width, height: height + above + below, color: paper)
    for x in 0..<width {
      for y in 0..<result.height {
        let place = Double(y - above) + shifts[x]
        let top = Int(place.rounded(.down))
        guard top >= -1, top < height else { continue }
        let share = place - Double(top)
        for channel in 0..<channels {
          let upper = top >= 0 ? Double(self[x, top, channel]) : Double(paper[channel])
          let lower = top + 1 < height ? Double(self[x, top + 1, channel]) : Double(paper[channel])
          result[x, y, channel] = UInt8((upper * (1 - share) + lower * share + 0.5).rounded(.down))
        }
      }
    }
    return result.withoutEmptyRows(paper: paper)
  }

  /// The picture without the rows of paper at its top and its bottom.
  private func withoutEmptyRows(paper: [UInt8]) -> Picture {
    func isEmpty(_ y: Int) -> Bool {
      (0..<width).allSatisfy { x in
        (0..<channels).allSatisfy { abs(Int(self[x, y, $0]) - Int(paper[$0])) <= 1 }
      }
    }
    var (top, bottom) = (0, height)
    while top < height - 1, isEmpty(top) { top += 1 }
    while bottom > top + 1, isEmpty(bottom - 1) { bottom -= 1 }
    return cropped(to: Rectangle(x: 0, y: top, width: width, height: bottom - top)) ?? self
  }

  private func paper(ofChannel channel: Int) -> UInt8 {
    guard channels > 1 else { return paper }
    let values = stride(from: channel, to: pixels.count, by: channels).map { pixels[$0] }
    return Picture(width: width, height: height, channels: 1, pixels: values).paper
  }
}
