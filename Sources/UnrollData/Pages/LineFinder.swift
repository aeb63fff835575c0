/// Finds the lines of print or writing on a page that stands upright.
///
/// Letters are linked to their neighbours to the right, chains of them are lines, and what is no letter (dots, accents,
/// commas, hyphens, letters that touch those of another line) goes to the line that it belongs to.
struct LineFinder {
  private let ink: InkComponents
  let components: [InkComponents.Component]
  let sizes: LetterSizes
  private let gutters: GutterMap
  private let grid: ComponentGrid
  private let page: Picture
  private let paper: Int
  /// Whether letters hang together in words, as in a running hand.
  private var isRunning = false

  /// - Parameter page: the page in grey, of which `ink` is the ink.
  init(_ ink: InkComponents, page: Picture) {
    let (width, height) = (page.width, page.height)
    self.ink = ink
    components = ink.components
    sizes = LetterSizes(ink.components, width: width, height: height)
    gutters = GutterMap(ink, sizes, width: width, height: height)
    grid = ComponentGrid(ink, sizes, width: width, height: height)
    self.page = page
    paper = Int(page.paper)
    isRunning = hasWholeWords()
  }

  /// Whether a part of what is written is much wider than high: in print it is less than a hundredth.
  private func hasWholeWords() -> Bool {
    var (whole, wide) = (0, 0)
    for (index, component) in components.enumerated() where sizes.kinds[index] == .letter {
      let box = Picture.Rectangle(
        x: component.left, y: component.top, width: component.width, height: component.height)
      guard isOnPaper(box, margin: 2),
        grid.shareOfPictures(
          left: component.left, right: component.right, top: component.top, bottom: component.bottom) == 0
      else { continue }
      whole += component.width
      if component.width > 2 * component.height, Double(component.height) > 0.7 * sizes.height {
        wide += component.width
      }
    }
    return wide * 20 > whole
  }

  /// The widest gap within a line, in heights of its letters. Hands leave more room than print.
  private var widestGap: Double { isRunning ? 5 : 2.65 }

  /// The lines, in no order yet, each with all of its components.
  func lines() -> [LineCluster] {
    guard sizes.height > 0 else { return [] }
    if isRunning {
      let running = RunningLines(ink, sizes, height: page.height)
      if running.pitch > 0 { return running.lines().filter { isOnPaper($0) && !isPicture($0) } }
    }
    let letters = components.indices.filter { sizes.kinds[$0] == .letter && !isTall($0) }
    var lines = merged(chains(letters).map { LineCluster($0, components) })
    lines = withoutParts(lines.filter { isText($0) })
    attach(to: &lines)
    // A dash may be what stands between two parts of a line.
    return merged(lines)
  }

  /// Whether a letter is much taller than those around it: it spans lines, or begins a chapter.
  private func isTall(_ index: Int) -> Bool {
    let component = components[index]
    // Those in the same rows of pixels: a heading's letters are compared with each other.
    let near = grid.near(component, reach: 3 * Double(component.height)).filter { other in
      let (a, b) = (components[other], component)
      return other != index && sizes.kinds[other] == .letter && a.bottom > b.top && a.top < b.bottom
    }
    guard near.count >= 4 else { return false }
    let heights = near.map { components[$0].height }.sorted()
    return Double(component.height) > 2.3 * Double(heights[heights.count * 3 / 4])
  }

  /// Links each letter to the one that follows it in its line, and gives the chains.
  private func chains(_ letters: [Int]) -> [[Int]] {
    var parents = Array(components.indices)
    func root(_ index: Int) -> Int {
      var index = index
      while parents[index] != index {
        parents[index] = parents[parents[index]]
        index = parents[index]
      }
      return index
    }
    let isLetter = Set(letters)
    for index in letters {
      if let next = follower(of: index, among: isLetter) { parents[root(next)] = root(index) }
    }
    return Dictionary(grouping: letters, by: root).values.map { $0 }
  }

  /// The nearest letter to the right whose height and place fit, when no gutter is between.
  private func follower(of index: Int, among letters: Set<Int>) -> Int? {
    let a = components[index]
    let reach = 5 * Double(a.height) + 2 * sizes.height
    var best: (index: Int, distance: Double)?
    for other in grid.inBox(
      left: a.left, right: a.right + Int(reach), top: a.top - a.height / 4, bottom: a.bottom + a.height / 4)
    where other != index && letters.contains(other) {
      let b = components[other]
      guard b.middleX > a.middleX else { continue }
      let gap = Double(b.left - a.right)
      let overlap = Double(min(a.bottom, b.bottom) - max(a.top, b.top))
      let (smaller, taller) = (Double(min(a.height, b.height)), Double(max(a.height, b.height)))
      guard overlap >= (isRunning ? 0.3 : 0.45) * smaller,
        taller <= (isRunning ? 5 : 2.6) * smaller
      else { continue }
      let size = reference(taller)
      guard gap <= widestGap * size, gap >= -0.7 * Double(min(a.width, b.width)) - 2 else { continue }
      // A gap of less than a letter's height is one between words, whatever is above and below.
      if gap > 1.25 * size, isColumnGap(a.right, b.left, at: (a.middleY + b.middleY) / 2) { continue }
      let drop = min(abs(Double(a.bottom - b.bottom)), abs(Double(a.top - b.top)), abs(a.middleY - b.middleY))
      let distance = max(0, gap) + 2 * drop
      if best == nil || distance < best!.distance { best = (other, distance) }
    }
    return best?.index
  }

  /// The height of a line whose letters are so tall: those of body text may all be without a stem.
  private func reference(_ height: Double) -> Double {
    height > 0.5 * sizes.height && height < 1.3 * sizes.height ? 1.3 * sizes.height : height
  }

  /// Whether a gap is one between columns: white for several lines up and down, with several lines that end at its left
  /// and as many that begin at its right.
  private func isColumnGap(_ left: Int, _ right: Int, at y: Double) -> Bool {
    guard let gutter = gutters.gutter(between: Double(left), and: Double(right), at: y) else { return false }
    let (side, reach) = (Int(5 * sizes.height), 8 * sizes.height)
    let (top, bottom) = (Int(max(gutter.lowerBound, y - reach)), Int(min(gutter.upperBound, y + reach)))
    return rowCount(left - side, left + 1, top, bottom) >= 3
      && rowCount(right - 1, right + side, top, bottom) >= 3
  }

  /// How many rows of letters meet a box.
  private func rowCount(_ left: Int, _ right: Int, _ top: Int, _ bottom: Int) -> Int {
    let middles = grid.inBox(left: left, right: right, top: top, bottom: bottom)
      .filter { sizes.kinds[$0] == .letter }.map { components[$0].middleY }
      .filter { $0 >= Double(top) && $0 <= Double(bottom) }.sorted()
    var (count, last) = (0, -Double.infinity)
    for middle in middles {
      if middle - last > 0.9 * sizes.height { count += 1 }
      last = middle
    }
    return count
  }

  /// Joins chains that are parts of one line: behind each other, on one baseline, of one size.
  private func merged(_ chains: [LineCluster]) -> [LineCluster] {
    var lines = chains.sorted { $0.left < $1.left }
    var isChanged = true
    while isChanged {
      isChanged = false
      var index = 0
      while index < lines.count {
        var other = index + 1
        while other < lines.count {
          if belongTogether(lines[index], lines[other]) {
            lines[index].join(lines[other], components)
            lines.remove(at: other)
            isChanged = true
          } else {
            other += 1
          }
        }
        index += 1
      }
    }
    return lines
  }

  private func belongTogether(_ a: LineCluster, _ b: LineCluster) -> Bool {
    let gap = Double(max(a.left, b.left) - min(a.right, b.right))
    let (smaller, taller) = (min(a.height, b.height), max(a.height, b.height))
    let size = reference((smaller + taller) / 2)
    guard gap < widestGap * size, taller < (isRunning ? 4 : 1.9) * smaller else { return false }
    // Chains of one line do not lie above each other; letters of one may reach over those of the other.
    let overlap = -gap
    guard overlap < 0.3 * Double(min(a.right - a.left, b.right - b.left)) + taller else { return false }
    let x = Double(max(a.left, b.left) + min(a.right, b.right)) / 2
    // A short chain's slope says nothing away from it.
    let (ya, yb) = (Self.height(of: a, at: x), Self.height(of: b, at: x))
    // A few letters may all have descenders.
    let isShort = min(a.letters.count, b.letters.count) < 4
    guard abs(ya - yb) < (isRunning ? 0.9 : isShort ? 0.5 : 0.3) * (isRunning ? taller : smaller)
    else { return false }
    let (left, right) = (Double(min(a.right, b.right)), Double(max(a.left, b.left)))
    if gap > 1.25 * size, isColumnGap(Int(left), Int(right), at: (ya + yb) / 2 - taller / 2) { return false }
    return true
  }

  private static func height(of line: LineCluster, at x: Double) -> Double {
    let reach = Double(line.right - line.left)
    let nearest = max(Double(line.left) - reach, min(Double(line.right) + reach, x))
    return line.letters.count < 4
      ? line.baseline(at: Double(line.left + line.right) / 2) : line.baseline(at: nearest)
  }

  /// The lines without those that are dots, accents or marks of larger ones.
  private func withoutParts(_ lines: [LineCluster]) -> [LineCluster] {
    let sorted = lines.sorted { $0.letters.count > $1.letters.count }
    var kept: [LineCluster] = []
    for line in sorted {
      let isShort = line.letters.count <= 3 || Double(line.right - line.left) < 2.5 * line.height
      let isPart =
        isShort
        && line.members.allSatisfy { member in
          guard let owner = self.line(for: components[member], among: kept) else { return false }
          let large = kept[owner]
          guard large.letters.count > line.letters.count else { return false }
          // Of the same size it would be a line of its own, unless it touches: the upper part of an initial.
          let above =
            large.baseline(at: components[member].middleX) - large.height - Double(components[member].bottom)
          return line.height < 0.8 * large.height || above < 0.25 * large.height
        }
      if !isPart { kept.append(line) }
    }
    return kept
  }

  /// Whether a chain looks like text, and not like a picture's grain or a page's edge.
  private func isText(_ line: LineCluster) -> Bool {
    let parts = line.letters.map { components[$0] }
    let width = Double(line.right - line.left)
    guard width >= 0.6 * line.height, line.height >= 0.35 * sizes.height else { return false }
    // Ink that stands on the baseline, or hangs from it.
    let onLine = parts.filter { part in
      let bottom = Double(part.bottom) - line.baseline(at: part.middleX)
      return bottom > -0.35 * line.height && bottom < 0.7 * line.height
    }
    guard onLine.count * 10 >= parts.count * 6 else { return false }
    guard isOnPaper(line) else { return false }
    // One component may be a word whose letters touch, or a page number; not a stroke or a blot.
    if parts.count == 1 {
      let part = parts[0]
      let share = Double(part.area) / Double(part.width * part.height)
      guard share < 0.7, part.width * 2 > part.height else { return false }
    }
    return !isPicture(line)
  }

  /// Whether a line lies in a picture: among its ink, or among more specks than marks, which are its grain.
  private func isPicture(_ line: LineCluster) -> Bool {
    let middle = Double(line.left + line.right) / 2
    let (top, bottom) = (Int(line.baseline(at: middle) - line.height), Int(line.baseline(at: middle)))
    return grid.shareOfPictures(left: line.left, right: line.right, top: top, bottom: bottom) >= 0.4
      || grid.specks(left: line.left, right: line.right, top: top, bottom: bottom) > 4 * line.letters.count
  }

  /// Whether what is around a line is about as light as the page's paper, and no dark ground beside it.
  private func isOnPaper(_ line: LineCluster) -> Bool {
    let parts = line.letters.map { components[$0] }
    let (top, bottom) = (parts.map(\.top).min() ?? 0, parts.map(\.bottom).max() ?? 0)
    let box = Picture.Rectangle(x: line.left, y: top, width: line.right - line.left, height: bottom - top)
    return isOnPaper(box, margin: max(2, Int(line.height / 4)))
  }

  private func isOnPaper(_ box: Picture.Rectangle, margin: Int) -> Bool {
    var counts = [Int](repeating: 0, count: 256)
    var count = 0
    for y in stride(from: max(0, box.y - margin), to: min(page.height, box.bottom + margin), by: 2) {
      for x in stride(from: max(0, box.x - margin), to: min(page.width, box.right + margin), by: 2) {
        counts[Int(page.pixels[y * page.width + x])] += 1
        count += 1
      }
    }
    // Of a line's box, most is paper: three tenths are at least so light.
    let light = counts[min(255, paper * 6 / 10 + 1)...].reduce(0, +)
    return light * 10 >= count * 3
  }

  /// Gives every other component to the line that it belongs to.
  private func attach(to lines: inout [LineCluster]) {
    var owners = [Int](repeating: -1, count: components.count)
    for (number, line) in lines.enumerated() { for member in line.members { owners[member] = number } }
    var added = [[Int]](repeating: [], count: lines.count)
    for index in components.indices where owners[index] < 0 && sizes.kinds[index] != .noise {
      guard sizes.kinds[index] != .large, let line = line(for: components[index], among: lines) else {
        continue
      }
      added[line].append(index)
    }
    for number in lines.indices {
      lines[number].others += added[number]
      lines[number].fit(components)
    }
  }

  /// The line that is nearest to a component: within the band of its letters the distance is 0.
  private func line(for component: InkComponents.Component, among lines: [LineCluster]) -> Int? {
    var best: (line: Int, distance: Double)?
    for (number, line) in lines.enumerated() {
      let side = max(Double(line.left - component.right), Double(component.left - line.right))
      // Commas and hyphens stand behind the last letter.
      guard side < 1.2 * line.height else { continue }
      let base = line.baseline(at: component.middleX)
      let top = base - line.height
      let above = top - Double(component.bottom)
      let below = Double(component.top) - base
      // What touches the band by part of its height is as near as that part is small.
      let inside = min(Double(component.bottom), base) - max(Double(component.top), top)
      var distance = max(above, below, 0)
      if inside > 0 { distance = -inside / Double(component.height) }
      guard above < 0.9 * line.height, below < 0.45 * line.height else { continue }
      distance = distance > 0 ? distance / line.height : distance
      distance += max(0, side) / (4 * line.height)
      if best == nil || distance < best!.distance { best = (number, distance) }
    }
    return best?.line
  }
}

/// Components by where they are.
struct ComponentGrid {
  private let components: [InkComponents.Component]
  private let cell: Int
  private let columns: Int
  private let rows: Int
  /// The components of each cell that are letters or small.
  private var cells: [[Int32]]
  /// How many specks begin in each cell.
  private var specks: [Int32]
  /// Whether a cell, or one beside it, holds ink of pictures and of the page's edge: of large components that are no rules.
  private var isPicture: [Bool]

  init(_ ink: InkComponents, _ sizes: LetterSizes, width: Int, height: Int) {
    components = ink.components
    cell = max(4, Int(sizes.height))
    columns = width / cell + 1
    rows = height / cell + 1
    cells = [[Int32]](repeating: [], count: columns * rows)
    specks = [Int32](repeating: 0, count: columns * rows)
    var marks = [Bool](repeating: false, count: columns * rows)
    for (index, component) in components.enumerated() {
      switch sizes.kinds[index] {
      case .noise: specks[component.top / cell * columns + component.left / cell] += 1
      case .large:
        guard component.height > 2 * cell, component.width > 2 * cell else { continue }
        for run in ink.runs(of: index) {
          for column in (Int(run.start) / cell)...(Int(run.end - 1) / cell) {
            marks[Int(run.y) / cell * columns + column] = true
          }
        }
      default:
        for row in (component.top / cell)...((component.bottom - 1) / cell) {
          for column in (component.left / cell)...((component.right - 1) / cell) {
            cells[row * columns + column].append(Int32(index))
          }
        }
      }
    }
    isPicture = marks
    for row in 0..<rows {
      for column in 0..<columns where marks[row * columns + column] {
        for y in max(0, row - 1)...min(rows - 1, row + 1) {
          for x in max(0, column - 1)...min(columns - 1, column + 1) { isPicture[y * columns + x] = true }
        }
      }
    }
  }

  /// The cells that a stretch of pixels meets.
  private func stretch(_ start: Int, _ end: Int, _ count: Int) -> Range<Int> {
    let first = min(count, max(0, start) / cell)
    return first..<max(first, min(count, max(0, end) / cell + 1))
  }

  /// The components that meet a box, each once.
  func inBox(left: Int, right: Int, top: Int, bottom: Int) -> [Int] {
    var found: Set<Int32> = []
    for row in stretch(top, bottom, rows) {
      for column in stretch(left, right, columns) {
        for index in cells[row * columns + column] {
          let component = components[Int(index)]
          if component.left < right, component.right > left, component.top < bottom, component.bottom > top {
            found.insert(index)
          }
        }
      }
    }
    return found.map { Int($0) }.sorted()
  }

  func near(_ component: InkComponents.Component, reach: Double) -> [Int] {
    let reach = Int(reach)
    return inBox(
      left: component.left - reach, right: component.right + reach, top: component.top - reach / 2,
      bottom: component.bottom + reach / 2)
  }

  /// The share of a box's cells that hold pictures, or are beside one.
  func shareOfPictures(left: Int, right: Int, top: Int, bottom: Int) -> Double {
    var (count, pictures) = (0, 0)
    for row in stretch(top, bottom, rows) {
      for column in stretch(left, right, columns) {
        count += 1
        if isPicture[row * columns + column] { pictures += 1 }
      }
    }
    return count == 0 ? 0 : Double(pictures) / Double(count)
  }

  /// The number of specks in a box's cells.
  func specks(left: Int, right: Int, top: Int, bottom: Int) -> Int {
    var count = 0
    for row in stretch(top, bottom, rows) {
      for column in stretch(left, right, columns) { count += Int(specks[row * columns + column]) }
    }
    return count
  }
}
