import UnrollData

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The lines of a page, drawn over its picture: their outlines and baselines, numbered in reading order, and their regions.
package struct PagePlot {
  private let picture: Picture
  private let layout: PageLayout

  package init(_ picture: Picture, _ layout: PageLayout) { (self.picture, self.layout) = (picture, layout) }

  /// The longest side of the picture within the drawing, in its pixels.
  private static let longestSide = 1600

  /// The text of an SVG file that holds the page's picture.
  package func svg() -> String {
    let side = max(picture.width, picture.height)
    let scale = min(1, Double(Self.longestSide) / Double(side))
    let (width, height) = (
      max(1, Int(Double(picture.width) * scale)), max(1, Int(Double(picture.height) * scale))
    )
    let small = picture.grey().resized(width: width, height: height, .box)
    var drawing = SVGDrawing(width: Double(width), height: Double(height))
    drawing.image(png: Data(small.png()).base64EncodedString(), width: Double(width), height: Double(height))
    func scaled(_ points: [PagePoint]) -> [SVGDrawing.Point] {
      points.map { .init(x: ($0.x + 0.5) * scale, y: ($0.y + 0.5) * scale) }
    }
    var number = 0
    for region in layout.regions {
      let outline = scaled(region.polygon)
      if let first = outline.first {
        drawing.polyline(outline + [first], colour: Self.regionColour, width: 1.5, dash: "6 4")
      }
      for line in region.lines {
        number += 1
        let outline = scaled(line.polygon)
        drawing.polygon(outline, fill: Self.colours[number % 2], opacity: 0.25)
        drawing.polyline(scaled(line.baseline), colour: Self.baselineColour, width: 1)
        guard let left = outline.map(\.x).min(), let bottom = outline.map(\.y).max() else { continue }
        drawing.text(
          "\(number)", at: .init(x: max(0, left - 4), y: bottom), size: 11, anchor: .end, bold: true)
      }
    }
    return drawing.document(
      title: "Lines of a page",
      description: "\(number) lines in \(layout.regions.count) regions, in reading order.")
  }

  private static let colours = ["#004B8D", "#B45F06"]
  private static let baselineColour = "#C00000"
  private static let regionColour = "#2E7D32"
}
