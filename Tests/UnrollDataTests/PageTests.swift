import Foundation
import Testing
import UnrollCore
import UnrollData

/// Pages that tests draw: shapes that stand, rise, hang and have dots as letters do.
struct DrawnPage {
  var picture: Picture
  /// The rectangle of each line's ink, in the order in which they were drawn.
  var lines: [Picture.Rectangle] = []

  init(width: Int, height: Int) {
    picture = Picture(width: width, height: height, color: [235])
  }

  private mutating func fill(_ x: Int, _ y: Int, _ width: Int, _ height: Int) {
    for row in y..<(y + height) {
      for column in x..<(x + width)
      where column >= 0 && row >= 0 && column < picture.width && row < picture.height {
        picture[column, row] = 30
      }
    }
  }

  /// A letter of a kind on a baseline; `size` is the height of small ones. Gives its width.
  private mutating func letter(_ kind: Character, _ x: Int, _ base: Int, _ size: Int) -> Int {
    let stroke = max(2, size / 6)
    let width = size * 4 / 5
    func bowl(_ target: inout DrawnPage) {
      target.fill(x, base - size, width, stroke)
      target.fill(x, base - stroke, width, stroke)
      target.fill(x, base - size, stroke, size)
      target.fill(x + width - stroke, base - size, stroke, size)
    }
    switch kind {
    case "b":
      bowl(&self)
      fill(x, base - size * 7 / 4, stroke, size)
    case "p":
      bowl(&self)
      fill(x, base, stroke, size * 3 / 4)
    case "i":
      fill(x, base - size, stroke, size)
      fill(x, base - size - 3 * stroke, stroke, stroke)
      return stroke + size / 4
    case ",":
      fill(x, base - stroke, stroke, stroke * 2)
      return stroke + size / 4
    case "-":
      fill(x, base - size / 2, width / 2, stroke)
      return width / 2 + size / 4
    case " ": return size
    default: bowl(&self)
    }
    return width + size / 4
  }

  /// Draws a line; its baseline stands at `base`.
  mutating func write(_ text: String, x: Int, base: Int, size: Int, gap: Int = 0) {
    var place = x
    for kind in text { place += letter(kind, place, base, size) + (kind == " " ? gap : 0) }
    var box = Picture.Rectangle(x: place, y: base, width: 0, height: 0)
    var (left, right, top, bottom) = (Int.max, 0, Int.max, 0)
    for y in max(0, base - 2 * size)..<min(picture.height, base + size) {
      for column in x..<min(picture.width, place) where picture[column, y] == 30 {
        (left, right) = (min(left, column), max(right, column))
        (top, bottom) = (min(top, y), max(bottom, y))
      }
    }
    box = Picture.Rectangle(x: left, y: top, width: right - left + 1, height: bottom - top + 1)
    lines.append(box)
  }

  static let words = "aabo pin oibao, baa obip aoabio-"

  /// A page with a heading, and two columns of lines.
  static func twoColumns() -> DrawnPage {
    var page = DrawnPage(width: 1000, height: 900)
    page.write("boa bib oabao", x: 220, base: 90, size: 32)
    for column in 0..<2 {
      for row in 0..<14 {
        let text = row % 5 == 4 ? "oabi bao" : words
        page.write(text, x: 60 + column * 460, base: 180 + row * 46, size: 15)
      }
    }
    return page
  }
}

@Suite struct PageTests {
  /// Each drawn line is one line that was found, and none is two.
  private func expectFound(_ page: DrawnPage, _ found: PageSegmentation, _ what: String) {
    #expect(found.lines.count == page.lines.count, "\(what)")
    for box in page.lines {
      let matches = found.originalLayout.lines.filter { line in
        let other = line.box
        return abs(other.x - box.x) <= 4 && abs(other.right - box.right) <= 4 && abs(other.y - box.y) <= 4
          && abs(other.bottom - box.bottom) <= 4
      }
      #expect(matches.count == 1, "\(what): \(box)")
    }
  }

  @Test func linesOfColumnsAreFound() throws {
    let page = DrawnPage.twoColumns()
    let found = PageSegmentation(page.picture)
    expectFound(page, found, "upright")
    #expect(found.angle == 0 && found.quarterTurns == 0 && !found.isInverted)
    // The heading first, then the left column, then the right.
    #expect(found.layout.regions.count == 3)
    let tops = found.lines.map { ($0.box.x > 500 ? 10_000 : 0) + $0.box.y }
    #expect(tops.dropFirst() == tops.dropFirst().sorted()[...])
    #expect(found.lines[0].box.height > 50)
    for line in found.lines { #expect(line.baseline.count == 2) }
  }

  @Test func lightOnDarkIsFoundOut() {
    let page = DrawnPage.twoColumns()
    let found = PageSegmentation(page.picture.inverted())
    #expect(found.isInverted)
    expectFound(page, found, "inverted")
    #expect(!page.picture.isLightOnDark)
    #expect(!Picture(width: 50, height: 50, color: [0]).isLightOnDark)
  }

  @Test(arguments: [-5.0, -2, -0.5, 1, 3, 5]) func turnedPagesAreMadeLevel(_ degrees: Double) {
    let page = DrawnPage.twoColumns()
    let turned = page.picture.rotated(degrees: degrees, fill: [235], expands: true)
    let found = PageSegmentation(turned)
    #expect(abs(found.angle - degrees) < 0.2, "\(found.angle)")
    #expect(found.lines.count == page.lines.count)
    // Outlines lie where the ink is on the picture that was given.
    for line in found.originalLayout.lines {
      let dark = line.polygon.filter { point in
        let (x, y) = (Int(point.x.rounded()), Int(point.y.rounded()))
        return (max(0, y - 2)...min(turned.height - 1, y + 2)).contains { row in
          (max(0, x - 2)...min(turned.width - 1, x + 2)).contains { turned[$0, row] < 128 }
        }
      }
      #expect(dark.count * 10 >= line.polygon.count * 3)
    }
  }

  @Test(arguments: [1, 2, 3]) func pagesThatLieWrongAreTurned(_ turns: Int) {
    let page = DrawnPage.twoColumns()
    let found = PageSegmentation(page.picture.rotated(quarterTurns: turns))
    #expect(found.quarterTurns == 4 - turns)
    #expect(found.lines.count == page.lines.count)
    #expect(found.page.width > 900 && found.lines[0].box.height > 50)
    var options = PageSegmentation.Options()
    options.findsOrientation = false
    #expect(PageSegmentation(page.picture.rotated(quarterTurns: turns), options: options).quarterTurns == 0)
  }

  /// Dots and commas go with their line, and neighbours' ink is left out of its picture.
  @Test func linesAreCutWithoutTheirNeighbours() throws {
    var page = DrawnPage(width: 500, height: 300)
    // Lines so near that hanging letters reach the rising ones below.
    for row in 0..<5 { page.write("pipi bpob, ipb pobib pb-", x: 30, base: 60 + row * 42, size: 20) }
    let found = PageSegmentation(page.picture)
    #expect(found.lines.count == 5)
    for index in 0..<min(5, found.lines.count) {
      let cut = found.picture(ofLine: index, margin: 0.5)
      var own = 0
      for y in 0..<page.picture.height {
        for x in 0..<page.picture.width where found.line(atX: x, y: y) == index + 1 { own += 1 }
      }
      let dark = cut.pixels.filter { $0 < 100 }.count
      #expect(own > 1000 && abs(dark - own) <= own / 100, "line \(index): \(dark) of \(own)")
    }
    // All ink has an owner.
    let all = page.picture.pixels.filter { $0 == 30 }.count
    var owned = 0
    for y in 0..<page.picture.height {
      for x in 0..<page.picture.width where found.line(atX: x, y: y) > 0 { owned += 1 }
    }
    #expect(owned == all)
  }

  /// Neither a page without text, nor one that is nothing but ink, nor one of any size ends the process.
  @Test func pagesWithoutTextHaveNoLines() {
    for picture in [
      Picture(width: 1, height: 1, color: [0]), Picture(width: 1, height: 3000, color: [255]),
      Picture(width: 3000, height: 1, color: [9]), Picture(width: 400, height: 300, color: [255, 255, 255]),
      Picture(width: 400, height: 300, color: [0]), Picture(width: 15, height: 17, color: [128, 0]),
    ] {
      let found = PageSegmentation(picture)
      #expect(found.lines.isEmpty && found.layout.width == found.page.width)
    }
    for seed in 1...3 as ClosedRange<UInt64> {
      _ = PageSegmentation(SamplePictures.noise(150, 130, 1, seed: seed))
    }
    // Stripes, boxes in boxes, a chequerboard.
    var odd = Picture(width: 200, height: 200, color: [255])
    for y in 0..<200 { for x in 0..<200 where x % 7 == 0 { odd[x, y] = 0 } }
    _ = PageSegmentation(odd)
    for y in 0..<200 { for x in 0..<200 { odd[x, y] = min(x, y, 199 - x, 199 - y) % 8 < 3 ? 0 : 255 } }
    _ = PageSegmentation(odd)
    for y in 0..<200 { for x in 0..<200 { odd[x, y] = (x / 6 + y / 6) % 2 == 0 ? 0 : 255 } }
    _ = PageSegmentation(odd)
  }

  @Test func thresholdsPartInkFromPaper() {
    // A page whose left is darker than the ink of its right.
    var page = Picture(width: 200, height: 100, color: [0])
    for y in 0..<100 { for x in 0..<200 { page[x, y] = UInt8(80 + x / 2) } }
    for x in stride(from: 10, to: 200, by: 20) {
      for y in 20..<80 { for dx in 0..<3 { page[x + dx, y] -= 70 } }
    }
    let ink = InkMap(page, .sauvola(window: 25, k: 0.2))
    for y in 0..<100 {
      for x in 0..<200 {
        let isStroke = (x - 10) % 20 < 3 && x >= 10 && (20..<80).contains(y)
        #expect((ink.ink[y * 200 + x] == 1) == isStroke, "\(x), \(y)")
      }
    }
    // One threshold takes the darker paper for ink.
    let whole = InkMap(page, .otsu)
    #expect(whole.ink.reduce(0) { $0 + Int($1) } > 5000)
    let two = Picture(width: 3, height: 1, channels: 1, pixels: [10, 200, 10])
    #expect(InkMap(two).ink == [1, 0, 1])
    #expect(InkMap(two).picture.pixels == [0, 255, 0])
  }

  @Test func linesAreCutAlongOutlines() throws {
    var page = Picture(width: 60, height: 40, color: [250, 240, 230])
    for x in 5..<55 { for y in 0..<40 where y % 10 < 2 { for c in 0..<3 { page[x, y, c] = 20 } } }
    let outline = [
      PagePoint(x: 5, y: 8), PagePoint(x: 54, y: 8), PagePoint(x: 54, y: 14), PagePoint(x: 5, y: 14),
    ]
    let cut = try #require(page.line(TextLine(identifier: "", polygon: outline)))
    #expect(cut.width == 50 && cut.height == 7 && cut.channels == 3)
    #expect((0..<7).map { cut[20, $0] } == [250, 250, 20, 20, 250, 250, 250])
    // A triangle leaves paper where it is not.
    let triangle = [PagePoint(x: 5, y: 8), PagePoint(x: 54, y: 8), PagePoint(x: 5, y: 14)]
    let part = try #require(page.line(TextLine(identifier: "", polygon: triangle)))
    #expect(part[2, 3] == 20 && part[48, 3] == 250)
    // A line that rises is made level by its baseline.
    var rising = Picture(width: 200, height: 80, color: [255])
    for x in 0..<200 { for y in 0..<6 { rising[x, 60 - x / 5 + y] = 0 } }
    let box = [
      PagePoint(x: 0, y: 0), PagePoint(x: 199, y: 0), PagePoint(x: 199, y: 79), PagePoint(x: 0, y: 79),
    ]
    let line = TextLine(
      identifier: "", polygon: box, baseline: [PagePoint(x: 0, y: 65), PagePoint(x: 199, y: 25.2)])
    let level = try #require(rising.line(line))
    #expect(level.height <= 9)
    #expect(try #require(rising.line(line, straightens: false)).height == 80)
    for polygon in [
      [], [PagePoint(x: 1, y: 1)],
      [PagePoint(x: 900, y: 1), PagePoint(x: 910, y: 1), PagePoint(x: 905, y: 9)],
    ] {
      #expect(page.line(TextLine(identifier: "", polygon: polygon)) == nil)
    }
    let far = [PagePoint(x: -1e6, y: -1e6), PagePoint(x: 1e6, y: -1e6), PagePoint(x: 0, y: 1e6)]
    #expect(try #require(page.line(TextLine(identifier: "", polygon: far))).width == 60)
  }
}
