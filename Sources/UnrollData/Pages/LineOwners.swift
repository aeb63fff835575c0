/// Which line each pixel of ink belongs to.
struct LineOwners: Sendable {
  private let width: Int
  private let height: Int
  /// The number of a pixel's line from 1; 0 for paper, and `nobody` for ink of no line.
  private var owners: [UInt16]
  private static let nobody = UInt16.max

  init(_ ink: InkComponents, _ lines: [LineCluster], width: Int, height: Int) {
    (self.width, self.height) = (width, height)
    owners = [UInt16](repeating: 0, count: width * height)
    var numbers = [UInt16](repeating: Self.nobody, count: ink.components.count)
    for (index, line) in lines.enumerated().prefix(Int(Self.nobody) - 1) {
      for member in line.members { numbers[member] = UInt16(index + 1) }
    }
    for (index, component) in ink.components.enumerated() {
      let own = numbers[index]
      // Letters that touch those of the line above or below are parted between the lines.
      let shared = own == Self.nobody ? [] : Self.lines(of: component, own: Int(own) - 1, lines)
      for run in ink.runs(of: index) {
        var owner = own
        if shared.count > 1 {
          let x = Double(run.start + run.end) / 2
          let nearest = shared.min { a, b in
            Self.distance(lines[a], x, Double(run.y)) < Self.distance(lines[b], x, Double(run.y))
          }
          owner = nearest.map { UInt16($0 + 1) } ?? own
        }
        let row = Int(run.y) * width
        for x in Int(run.start)..<Int(run.end) { owners[row + x] = owner }
      }
    }
  }

  /// The lines whose bands of letters a component fills for the most part.
  private static func lines(of component: InkComponents.Component, own: Int, _ lines: [LineCluster]) -> [Int]
  {
    guard Double(component.height) > 1.3 * lines[own].height else { return [own] }
    var result = [own]
    for (index, line) in lines.enumerated() where index != own {
      guard line.left < component.right, line.right > component.left else { continue }
      let base = line.baseline(at: component.middleX)
      let inside = min(Double(component.bottom), base) - max(Double(component.top), base - line.height)
      if inside > 0.6 * line.height { result.append(index) }
    }
    return result
  }

  /// How far a place is from the middle of a line's letters, in their heights.
  private static func distance(_ line: LineCluster, _ x: Double, _ y: Double) -> Double {
    abs(y - line.baseline(at: x) + line.height / 2) / max(1, line.height)
  }

  /// The number of the line that a pixel's ink belongs to, from 1; 0 for none.
  func line(_ x: Int, _ y: Int) -> Int {
    guard x >= 0, y >= 0, x < width, y < height else { return 0 }
    let owner = owners[y * width + x]
    return owner == Self.nobody ? 0 : Int(owner)
  }

  /// The outline of a line's ink: in columns of some width, its highest and its lowest pixel.
  func outline(of number: Int, box: Picture.Rectangle, step: Int) -> [PagePoint] {
    var upper: [PagePoint] = []
    var lower: [PagePoint] = []
    let (top, bottom) = (max(0, box.y), min(height, box.bottom))
    for left in stride(from: max(0, box.x), to: min(width, box.right), by: max(1, step)) {
      let right = min(width, min(box.right, left + max(1, step)))
      let (high, low) = extent(of: number, left..<right, top..<bottom)
      guard let high, let low else { continue }
      upper += [
        PagePoint(x: Double(left), y: Double(high)), PagePoint(x: Double(right - 1), y: Double(high)),
      ]
      lower += [PagePoint(x: Double(left), y: Double(low)), PagePoint(x: Double(right - 1), y: Double(low))]
    }
    return upper + lower.reversed()
  }

  private func extent(of number: Int, _ columns: Range<Int>, _ rows: Range<Int>) -> (Int?, Int?) {
    let wanted = UInt16(number)
    var (high, low): (Int?, Int?) = (nil, nil)
    for y in rows where columns.contains(where: { owners[y * width + $0] == wanted }) {
      if high == nil { high = y }
      low = y
    }
    return (high, low)
  }

  /// The rectangle around a line's ink.
  func box(of number: Int, within guess: Picture.Rectangle) -> Picture.Rectangle? {
    let wanted = UInt16(number)
    var (left, right, top, bottom) = (Int.max, -1, Int.max, -1)
    for y in max(0, guess.y)..<max(0, min(height, guess.bottom)) where guess.y < height {
      for x in max(0, guess.x)..<max(0, min(width, guess.right)) where owners[y * width + x] == wanted {
        (left, right) = (min(left, x), max(right, x))
        (top, bottom) = (min(top, y), max(bottom, y))
      }
    }
    guard right >= left else { return nil }
    return Picture.Rectangle(x: left, y: top, width: right - left + 1, height: bottom - top + 1)
  }

  /// A line cut from its page, with paper where other ink is.
  func picture(of number: Int, box: Picture.Rectangle, margin: Int, page: Picture) -> Picture {
    let (left, top) = (max(0, box.x - margin), max(0, box.y - margin))
    let (right, bottom) = (min(width, box.right + margin), min(height, box.bottom + margin))
    let (w, h) = (right - left, bottom - top)
    let wanted = UInt16(number)
    // Other ink has a grey seam that goes with it, where it is not the seam of this line's ink.
    var isOther = [Bool](repeating: false, count: w * h)
    for y in max(0, top - 2)..<min(height, bottom + 2) {
      for x in max(0, left - 2)..<min(width, right + 2) {
        let owner = owners[y * width + x]
        guard owner != 0, owner != wanted else { continue }
        for dy in max(top, y - 2)..<min(bottom, y + 3) where dy >= top {
          for dx in max(left, x - 2)..<min(right, x + 3) where dx >= left {
            isOther[(dy - top) * w + dx - left] = true
          }
        }
      }
    }
    for y in max(0, top - 1)..<min(height, bottom + 1) {
      for x in max(0, left - 1)..<min(width, right + 1) where owners[y * width + x] == wanted {
        for dy in max(top, y - 1)..<min(bottom, y + 2) {
          for dx in max(left, x - 1)..<min(right, x + 2) { isOther[(dy - top) * w + dx - left] = false }
        }
      }
    }
    guard var result = page.cropped(to: Picture.Rectangle(x: left, y: top, width: w, height: h)) else {
      return Picture(width: 1, height: 1, color: [255])
    }
    let paper = result.paper
    for index in isOther.indices where isOther[index] { result.pixels[index] = paper }
    return result
  }
}
