import Foundation
import Testing
import UnrollData

/// Real pages, where they are at hand: lines of print are found whole, also on pages that are turned.
@Suite(.enabled("SKIPPED: needs shared/data/pages beside the package", { SharedData.pages != nil }))
struct RealPageTests {
  #if DEBUG
    private static let angles = [0.0]
  #else
    private static let angles = [0.0, 1, -2, 3, -4, 5]
  #endif

  private struct Score {
    var whole = 0
    var glued = 0
    var lines = 0
  }

  /// Looks for lines on a page turned by an angle. A line is whole when one found line has nine tenths of its ink, and glued
  /// when that has more than a tenth of another's.
  private func score(_ page: Picture, _ truth: [Picture.Rectangle], _ degrees: Double) -> Score {
    let map = page.rotation(degrees: degrees, expands: true).map
    let turned = degrees == 0 ? page : page.rotated(degrees: degrees, fill: [page.paper], expands: true)
    let found = PageSegmentation(turned)
    var counts = [[Int]](repeating: [Int](repeating: 0, count: found.lines.count + 1), count: truth.count)
    for y in 0..<found.page.height {
      for x in 0..<found.page.width where found.ink.ink[y * found.page.width + x] == 1 {
        var place = found.map(Double(x) + 0.5, Double(y) + 0.5)
        if degrees != 0 { place = map(place.x, place.y) }
        if let line = owner(place.x, place.y, truth) { counts[line][found.line(atX: x, y: y)] += 1 }
      }
    }
    var score = Score(lines: truth.count)
    let sums = counts.map { $0.reduce(0, +) }
    for line in truth.indices {
      let best = counts[line].indices.dropFirst().max { counts[line][$0] < counts[line][$1] } ?? 0
      guard best > 0 else { continue }
      let isGlued = truth.indices.contains { $0 != line && counts[$0][best] * 10 > sums[$0] }
      if isGlued { score.glued += 1 }
      if !isGlued, counts[line][best] * 10 >= sums[line] * 9 { score.whole += 1 }
    }
    return score
  }

  /// The line whose middle is nearest, among those in whose rectangle a place lies.
  private func owner(_ x: Double, _ y: Double, _ truth: [Picture.Rectangle]) -> Int? {
    var best: (line: Int, distance: Double)?
    for (line, box) in truth.enumerated() {
      guard x >= Double(box.x) - 2, x <= Double(box.right) + 2, y >= Double(box.y), y <= Double(box.bottom)
      else {
        continue
      }
      let distance = abs(y - Double(box.y + box.bottom) / 2) / Double(box.height)
      if best == nil || distance < best!.distance { best = (line, distance) }
    }
    return best?.line
  }

  /// The pages, in grey, with the rectangles of their lines.
  private func pages(_ folder: URL) throws -> [(name: String, page: Picture, lines: [Picture.Rectangle])] {
    var result: [(name: String, page: Picture, lines: [Picture.Rectangle])] = []
    for number in ["0017", "0020"] {
      let base = folder.appending(path: "pages/kant_1784").path
      let layout = try LayoutReader.layout(at: "\(base)/PAGE_\(number)_PAGE.xml")
      var boxes = layout.lines.map(\.box)
      // The file has a region of its own for the initial of the text's first line.
      if number == "0017", let initial = boxes.firstIndex(where: { $0.width < 60 && $0.height > 50 }) {
        let line = boxes[initial + 1]
        boxes[initial + 1] = Picture.Rectangle(
          x: boxes[initial].x, y: line.y, width: line.right - boxes[initial].x, height: line.height)
        boxes.remove(at: initial)
      }
      result.append((number, try Picture(path: "\(base)/INPUT_\(number).jpg").grey(), boxes))
    }
    // A magazine: four columns, a photograph, black edges. Its lines' rectangles were made from rows of ink within the
    // zones that come with it, on the page turned level.
    let golden = try #require(Bundle.module.url(forResource: "Goldens", withExtension: nil))
    let text = try String(contentsOf: golden.appending(path: "pages/8071-lines.txt"), encoding: .utf8)
    let boxes = text.split(separator: "\n").map { row in
      let n = row.split(separator: " ").compactMap { Int($0) }
      return Picture.Rectangle(x: n[0], y: n[1], width: n[2] - n[0], height: n[3] - n[1])
    }
    let tesseract = folder.appending(path: "pages/tesseract").path
    let magazine = try Picture(path: "\(tesseract)/8071_093.3B.png").grey()
    #if !DEBUG
      result.append(("8071", magazine.rotated(degrees: 0.5, fill: [255]), boxes))
    #endif
    let photo = try Picture(path: "\(tesseract)/phototest.png").grey()
    let rows = [92, 126, 160, 194, 228, 262, 296, 330].map {
      Picture.Rectangle(x: 0, y: $0, width: 640, height: 32)
    }
    result.append(("phototest", photo, rows))
    return result
  }

  @Test func linesOfPrintAreFoundWhole() throws {
    try SharedData.unpacked(try #require(SharedData.pages)) { folder in
      var total = Score()
      for (name, page, lines) in try pages(folder) {
        for degrees in Self.angles {
          let score = score(page, lines, degrees)
          print(
            "\(name) turned by \(degrees): \(score.whole) of \(score.lines) lines whole, \(score.glued) glued"
          )
          total.whole += score.whole
          total.glued += score.glued
          total.lines += score.lines
        }
      }
      #expect(total.whole * 100 >= total.lines * 99, "\(total)")
      #expect(total.glued * 200 <= total.lines, "\(total)")
    }
  }

  @Test func pagesThatLieWrongAreTurned() throws {
    try SharedData.unpacked(try #require(SharedData.pages)) { folder in
      for (name, turns) in [
        ("phototest", 0), ("phototest-rotated-180", 2), ("phototest-rotated-L", 3),
        ("phototest-rotated-R", 1),
      ] {
        let found = PageSegmentation(
          try Picture(path: folder.appending(path: "pages/tesseract/\(name).png").path))
        #expect(found.quarterTurns == turns && found.lines.count == 8, "\(name)")
      }
    }
  }

  /// Lines of a running hand, by the outlines of the layout that comes with them.
  @Test func linesOfHandsAreFound() throws {
    #if DEBUG
      let names = ["180_be12d_default"]
    #else
      let names = ["122_140ce_default", "180_be12d_default", "216_16a67_default", "f15"]
    #endif
    try SharedData.unpacked(try #require(SharedData.pages)) { folder in
      var (whole, all) = (0, 0)
      for name in names {
        let base = folder.appending(path: "pages/cremma18/\(name)").path
        let page = try Picture(path: "\(base).\(name == "f15" ? "jpeg" : "jpg")").grey()
        let layout = try LayoutReader.layout(at: "\(base).xml")
        let found = PageSegmentation(page)
        let masks = layout.lines.map { PolygonMask($0.polygon, width: page.width, height: page.height) }
        var counts = [[Int]](repeating: [Int](repeating: 0, count: found.lines.count + 1), count: masks.count)
        for y in 0..<found.page.height {
          for x in 0..<found.page.width where found.ink.ink[y * found.page.width + x] == 1 {
            let place = found.map(Double(x) + 0.5, Double(y) + 0.5)
            let (u, v) = (Int(place.x), Int(place.y))
            guard let line = masks.firstIndex(where: { $0?.contains(u, v) == true }) else { continue }
            counts[line][found.line(atX: x, y: y)] += 1
          }
        }
        all += masks.count
        whole += counts.filter { ($0.dropFirst().max() ?? 0) * 10 >= $0.reduce(0, +) * 9 }.count
      }
      print("hands: \(whole) of \(all) lines whole")
      #expect(whole * 10 >= all * 9)
    }
  }

  /// Lines cut by a file's outlines have ink, and little beside.
  @Test func linesOfALayoutAreCut() throws {
    try SharedData.unpacked(try #require(SharedData.pages)) { folder in
      let base = folder.appending(path: "pages/cremma18/180_be12d_default").path
      let page = try Picture(path: "\(base).jpg").grey()
      for line in try LayoutReader.layout(at: "\(base).xml").lines {
        let cut = try #require(page.line(line))
        let dark = cut.pixels.filter { $0 < 128 }.count
        #expect(cut.width > 3 * cut.height && dark > 1000 && dark * 3 < cut.pixels.count)
      }
    }
  }
}
