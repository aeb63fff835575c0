/// The white strips between columns: places from which it is white for several lines up and down, and about a letter's
/// height to the sides.
///
/// On a grid of a sixth of a letter's height, the white is opened by a vertical and then by a horizontal stroke: what
/// remains are its parts that hold such strokes.
struct GutterMap {
  private let cell: Double
  private let columns: Int
  private let rows: Int
  private var isGutter: [Bool]

  /// How far a gutter must reach, in heights of a letter.
  private static let leastHeight = 8.0
  private static let leastWidth = 0.8

  init(_ ink: InkComponents, _ sizes: LetterSizes, width: Int, height: Int) {
    cell = max(1, sizes.height / 6)
    columns = Int(Double(width) / cell) + 1
    rows = Int(Double(height) / cell) + 1
    var isWhite = [Bool](repeating: true, count: columns * rows)
    for (index, component) in ink.components.enumerated() {
      switch sizes.kinds[index] {
      case .letter:
        for row in Int(Double(component.top) / cell)...Int(Double(component.bottom - 1) / cell) {
          for column in Int(Double(component.left) / cell)...Int(Double(component.right - 1) / cell) {
            isWhite[row * columns + column] = false
          }
        }
      case .large:
        // A frame is white within.
        for run in ink.runs(of: index) {
          let row = Int(Double(run.y) / cell)
          for column in Int(Double(run.start) / cell)...Int(Double(run.end - 1) / cell) {
            isWhite[row * columns + column] = false
          }
        }
      default: continue
      }
    }
    isGutter = Self.opened(
      isWhite, length: Int(Self.leastHeight * 6), count: rows, step: columns, lines: columns, lineStep: 1)
    isGutter = Self.opened(
      isGutter, length: Int((Self.leastWidth * 6).rounded()), count: columns, step: 1, lines: rows,
      lineStep: columns)
  }

  /// Keeps what lies in runs of at least `length`.
  private static func opened(
    _ cells: [Bool], length: Int, count: Int, step: Int, lines: Int, lineStep: Int
  ) -> [Bool] {
    var result = [Bool](repeating: false, count: cells.count)
    for line in 0..<lines {
      var start = 0
      for place in 0...count {
        if place < count, cells[line * lineStep + place * step] { continue }
        if place - start >= length {
          for inside in start..<place { result[line * lineStep + inside * step] = true }
        }
        start = place + 1
      }
    }
    return result
  }

  /// The rows of pixels along which a gutter runs between two places of a row: the longest, where there are several.
  func gutter(between left: Double, and right: Double, at y: Double) -> ClosedRange<Double>? {
    let row = min(rows - 1, max(0, Int(y / cell)))
    let (first, last) = (max(0, Int(left / cell)), min(columns - 1, Int(right / cell)))
    guard first <= last else { return nil }
    var best: (top: Int, bottom: Int)?
    for column in first...last where isGutter[row * columns + column] {
      var (top, bottom) = (row, row)
      while top > 0, isGutter[(top - 1) * columns + column] { top -= 1 }
      while bottom < rows - 1, isGutter[(bottom + 1) * columns + column] { bottom += 1 }
      if best == nil || bottom - top > best!.bottom - best!.top { best = (top, bottom) }
    }
    return best.map { Double($0.top) * cell...Double($0.bottom + 1) * cell }
  }
}
