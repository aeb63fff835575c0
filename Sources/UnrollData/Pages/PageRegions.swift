/// Lines as regions, and regions in the order in which people read them.
struct PageRegions {
  /// The lines in reading order.
  let lines: [LineCluster]
  /// How many of them each region has.
  private let counts: [Int]
  private let components: [InkComponents.Component]

  init(_ lines: [LineCluster], _ components: [InkComponents.Component]) {
    let blocks = Self.ordered(Self.blocks(lines), lines)
    self.lines = blocks.flatMap { $0.map { lines[$0] } }
    counts = blocks.map(\.count)
    self.components = components
  }

  private static func top(_ line: LineCluster) -> Double {
    line.baseline(at: Double(line.left + line.right) / 2) - line.height
  }

  private static func bottom(_ line: LineCluster) -> Double {
    line.baseline(at: Double(line.left + line.right) / 2)
  }

  /// Groups of lines that stand below each other at like distances.
  private static func blocks(_ lines: [LineCluster]) -> [[Int]] {
    let order = lines.indices.sorted { bottom(lines[$0]) < bottom(lines[$1]) }
    var parents = Array(lines.indices)
    func root(_ index: Int) -> Int {
      var index = index
      while parents[index] != index { index = parents[index] }
      return index
    }
    for (place, upper) in order.enumerated() {
      // The next line below that shares columns with this one.
      for lower in order[(place + 1)...] {
        let (a, b) = (lines[upper], lines[lower])
        let overlap = Double(min(a.right, b.right) - max(a.left, b.left))
        guard overlap > 0 else { continue }
        let distance = bottom(b) - bottom(a)
        guard distance < 4 * max(a.height, b.height) else { break }
        guard distance > 0.5 * min(a.height, b.height) else { continue }
        let isLike = max(a.height, b.height) < 1.6 * min(a.height, b.height)
        if isLike, overlap > 0.3 * Double(min(a.right - a.left, b.right - b.left)) {
          parents[root(lower)] = root(upper)
        }
        break
      }
    }
    return Dictionary(grouping: order, by: root).values.sorted { $0[0] < $1[0] }
  }

  private struct Box {
    var (left, right, top, bottom) = (0, 0, 0.0, 0.0)
  }

  /// Sorts blocks: one above another in the same columns comes first; so does one to the left, unless a block between
  /// both spans their columns (Breuel 2003, "High performance document layout analysis").
  private static func ordered(_ blocks: [[Int]], _ lines: [LineCluster]) -> [[Int]] {
    let boxes = blocks.map { block in
      Box(
        left: block.map { lines[$0].left }.min() ?? 0, right: block.map { lines[$0].right }.max() ?? 0,
        top: block.map { top(lines[$0]) }.min() ?? 0, bottom: block.map { bottom(lines[$0]) }.max() ?? 0)
    }
    func sharesColumns(_ a: Box, _ b: Box) -> Bool { a.left < b.right && b.left < a.right }
    func precedes(_ a: Int, _ b: Int) -> Bool {
      if sharesColumns(boxes[a], boxes[b]) {
        return boxes[a].top + boxes[a].bottom < boxes[b].top + boxes[b].bottom
      }
      guard boxes[a].right <= boxes[b].left else { return false }
      let (high, low) = (min(boxes[a].top, boxes[b].top), max(boxes[a].bottom, boxes[b].bottom))
      return !boxes.indices.contains { other in
        other != a && other != b && sharesColumns(boxes[other], boxes[a])
          && sharesColumns(boxes[other], boxes[b])
          && boxes[other].top > high && boxes[other].bottom < low
          && boxes[other].top > min(boxes[a].bottom, boxes[b].bottom)
          && boxes[other].bottom < max(boxes[a].top, boxes[b].top)
      }
    }
    // Of those that nothing left must precede, the uppermost, then the leftmost.
    var left = Array(blocks.indices)
    var result: [[Int]] = []
    while !left.isEmpty {
      let free = left.filter { one in !left.contains { $0 != one && precedes($0, one) && !precedes(one, $0) }
      }
      let next = (free.isEmpty ? left : free).min { a, b in
        (boxes[a].left, boxes[a].top) < (boxes[b].left, boxes[b].top)
      }
      guard let next else { break }
      result.append(blocks[next])
      left.removeAll { $0 == next }
    }
    return result
  }

  /// The layout, with outlines of the lines' ink.
  func layout(_ owners: LineOwners, width: Int, height: Int) -> PageLayout {
    var layout = PageLayout(width: width, height: height)
    var number = 0
    for (block, count) in counts.enumerated() {
      var region = TextRegion(identifier: "region_\(block + 1)", polygon: [])
      for _ in 0..<count {
        let line = lines[number]
        number += 1
        if let found = textLine(line, number, owners) { region.lines.append(found) }
      }
      region.polygon = corners(of: boundingBox(of: region.lines.flatMap(\.polygon)))
      layout.regions.append(region)
    }
    return layout
  }

  private func textLine(_ line: LineCluster, _ number: Int, _ owners: LineOwners) -> TextLine? {
    let parts = line.members.map { components[$0] }
    let (top, bottom) = (parts.map(\.top).min() ?? 0, parts.map(\.bottom).max() ?? 0)
    let guess = Picture.Rectangle(x: line.left, y: top, width: line.right - line.left, height: bottom - top)
    guard let box = owners.box(of: number, within: guess) else { return nil }
    let outline = owners.outline(of: number, box: box, step: max(2, Int(line.height / 2)))
    let (left, right) = (Double(box.x), Double(box.right - 1))
    return TextLine(
      identifier: "line_\(number)", polygon: outline,
      baseline: [
        PagePoint(x: left, y: line.baseline(at: left)), PagePoint(x: right, y: line.baseline(at: right)),
      ])
  }
}
