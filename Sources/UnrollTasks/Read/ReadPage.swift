import UnrollData

/// A picture to be read: a line, a page, or a page with its layout.
public struct ReadInput: Sendable, Equatable {
  /// What answers and remarks call it.
  public let name: String
  public let picture: Picture
  /// Where its lines are; `nil`: they are looked for.
  public let layout: PageLayout?

  public init(_ picture: Picture, name: String = "the picture", layout: PageLayout? = nil) {
    (self.picture, self.name, self.layout) = (picture, name, layout)
  }
}

/// A picture with its lines cut out, ready to be read.
struct ReadPage: Sendable {
  /// A line and where its picture was cut from.
  struct Line: Sendable {
    /// As the network reads it.
    let picture: Picture
    /// Its region and its place there.
    let region: Int
    let index: Int
    /// The line's rectangle on the page as it was cut.
    let box: Picture.Rectangle
    /// The page's first column in the picture, and its columns for one of the picture's.
    let left: Double
    let scale: Double
  }

  /// In places of the picture that was given.
  let layout: PageLayout
  let lines: [Line]
  /// Quarter turns counterclockwise that made it upright.
  let quarterTurns: Int
  /// By how many degrees lines rose to the right.
  let angle: Double
  /// From the page as lines were cut from it to the picture that was given.
  private let map: Picture.AffineMap?

  /// - Throws: `DataError` when the picture can be no line.
  init(_ input: ReadInput, _ content: ReadOptions.Content, height: Int, note: (String) -> Void)
    throws(DataError)
  {
    if let layout = input.layout {
      try self.init(input, layout, height: height, note: note)
    } else if content == .line || content == .auto && Self.looksLikeLine(input.picture) {
      try self.init(line: input, height: height)
    } else {
      self.init(page: input, height: height, note: note)
    }
  }

  /// Pages are higher than a line that was cut out, or not as wide.
  private static func looksLikeLine(_ picture: Picture) -> Bool {
    picture.height <= 120 || picture.width >= 6 * picture.height
  }

  private init(line input: ReadInput, height: Int) throws(DataError) {
    let (picture, name) = (input.picture, input.name)
    let box = Picture.Rectangle(x: 0, y: 0, width: picture.width, height: picture.height)
    let outline = UnrollData.corners(of: box)
    layout = PageLayout(
      pictureName: name, width: picture.width, height: picture.height,
      regions: [
        TextRegion(
          identifier: "region", polygon: outline, lines: [TextLine(identifier: "line", polygon: outline)])
      ])
    let line = try picture.normalizedLine(height: height, name: name)
    lines = [
      Line(
        picture: line, region: 0, index: 0, box: box, left: 0,
        scale: Double(picture.width) / Double(line.width))
    ]
    (quarterTurns, angle, map) = (0, 0, nil)
  }

  private init(page input: ReadInput, height: Int, note: (String) -> Void) {
    let found = PageSegmentation(input.picture)
    var layout = found.originalLayout
    layout.pictureName = input.name
    let margin = Int(0.15 * found.letterHeight)
    var (lines, number): ([Line], Int) = ([], 0)
    for (region, part) in found.layout.regions.enumerated() {
      for (index, line) in part.lines.enumerated() {
        defer { number += 1 }
        let cut = found.picture(ofLine: number)
        do {
          let picture = try cut.normalizedLine(height: height, name: input.name)
          lines.append(
            Line(
              picture: picture, region: region, index: index, box: line.box,
              left: Double(max(0, line.box.x - margin)), scale: Double(cut.width) / Double(picture.width)))
        } catch { note("not read: \(error)") }
      }
    }
    (self.layout, self.lines) = (layout, lines)
    (quarterTurns, angle, map) = (found.quarterTurns, found.angle, found.map)
    switch found.quarterTurns {
    case 2: note("\(input.name): the page stands on its head, and was turned")
    case 1, 3: note("\(input.name): the page lies on its side, and was turned")
    default: break
    }
    if found.isInverted { note("\(input.name): the page is light on dark, and was inverted") }
    if lines.isEmpty { note("\(input.name): no line of text was found") }
  }

  private init(
    _ input: ReadInput, _ layout: PageLayout, height: Int, note: (String) -> Void
  ) throws(DataError) {
    let page = input.picture.grey()
    var lines: [Line] = []
    for problem in layout.problems { note("left out: \(problem)") }
    for (region, part) in layout.regions.enumerated() {
      for (index, line) in part.lines.enumerated() {
        guard let cut = page.line(line) else {
          note("\(input.name): line \(quoted(line.identifier)) lies beside the page, and is not read")
          continue
        }
        do {
          let picture = try cut.normalizedLine(
            height: height, name: "\(input.name), line \(quoted(line.identifier))")
          lines.append(
            Line(
              picture: picture, region: region, index: index, box: line.box, left: Double(max(0, line.box.x)),
              scale: Double(cut.width) / Double(picture.width)))
        } catch { note("not read: \(error)") }
      }
    }
    (self.layout, self.lines) = (layout, lines)
    (quarterTurns, angle, map) = (0, 0, nil)
  }

  /// The layout with what was read: a text for each of `lines`, and its words.
  func layout(with texts: [CTCText], _ settings: ReadSettings) -> PageLayout {
    var result = layout
    for (line, text) in zip(lines, texts) {
      var own = result.regions[line.region].lines[line.index]
      (own.text, own.confidence) = (settings.ordered(text.text), text.confidence)
      let columns = Self.columns(of: text.words, line.picture, settings)
      own.words = zip(text.words, columns).map { word, columns in
        TextLine.Word(
          text: settings.ordered(word.text), box: place(columns, line), confidence: word.confidence)
      }
      result.regions[line.region].lines[line.index] = own
    }
    return result
  }

  /// The columns of each word's ink: words are parted between the steps of their last and first letters.
  private static func columns(
    of words: [CTCText.Mark], _ picture: Picture, _ settings: ReadSettings
  ) -> [Range<Int>] {
    guard !words.isEmpty else { return [] }
    let gaps = zip(words, words.dropFirst()).map { word, next in
      let start = (word.steps.upperBound - 1) * settings.stepWidth
      return start..<max(start, (next.steps.lowerBound + 1) * settings.stepWidth)
    }
    return InkColumns(picture, mirrored: settings.isMirrored).words(between: gaps)
  }

  /// The rectangle of some columns of a line, on the picture that was given.
  private func place(_ columns: Range<Int>, _ line: Line) -> Picture.Rectangle {
    let (left, right) = (
      line.left + Double(columns.lowerBound) * line.scale, line.left + Double(columns.upperBound) * line.scale
    )
    let (top, bottom) = (Double(line.box.y), Double(line.box.y + line.box.height))
    var corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    if let map { corners = corners.map { map($0.0, $0.1) } }
    func clamped(_ value: Double, _ size: Int) -> Int { min(size, max(0, Int(value.rounded()))) }
    let xs = corners.map { clamped($0.0, max(1, layout.width)) }
    let ys = corners.map { clamped($0.1, max(1, layout.height)) }
    let (x, y) = (xs.min() ?? 0, ys.min() ?? 0)
    return Picture.Rectangle(
      x: x, y: y, width: max(1, (xs.max() ?? 0) - x), height: max(1, (ys.max() ?? 0) - y))
  }
}
