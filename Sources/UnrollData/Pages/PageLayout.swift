/// A place on a page, in pixels from the upper left corner of its picture.
public struct PagePoint: Sendable, Equatable, Hashable, Codable {
  public var x: Double
  public var y: Double

  public init(x: Double, y: Double) {
    self.x = x
    self.y = y
  }
}

/// A line of text on a page.
public struct TextLine: Sendable, Equatable {
  public var identifier: String
  /// The outline of the line's ink; three points or more.
  public var polygon: [PagePoint]
  /// What letters stand on, from left to right; empty where it is not known.
  public var baseline: [PagePoint]
  /// The line's text; `nil` where it is not known.
  public var text: String?
  /// How sure whoever read the text is, from 0 to 1.
  public var confidence: Double?
  /// The words of the line, where they are known.
  public var words: [Word]

  /// A word of a line, and the rectangle that it takes.
  public struct Word: Sendable, Equatable {
    public var text: String
    public var box: Picture.Rectangle
    public var confidence: Double?

    public init(text: String, box: Picture.Rectangle, confidence: Double? = nil) {
      self.text = text
      self.box = box
      self.confidence = confidence
    }
  }

  public init(
    identifier: String, polygon: [PagePoint], baseline: [PagePoint] = [], text: String? = nil,
    confidence: Double? = nil, words: [Word] = []
  ) {
    self.identifier = identifier
    self.polygon = polygon
    self.baseline = baseline
    self.text = text
    self.confidence = confidence
    self.words = words
  }

  /// The smallest rectangle of whole pixels around the outline.
  public var box: Picture.Rectangle { boundingBox(of: polygon) }
}

/// A part of a page: a column, a paragraph, a heading.
public struct TextRegion: Sendable, Equatable {
  public var identifier: String
  public var polygon: [PagePoint]
  /// What kind of region the file says it is, such as "paragraph".
  public var kind: String?
  /// The lines, in reading order.
  public var lines: [TextLine]

  public init(identifier: String, polygon: [PagePoint], kind: String? = nil, lines: [TextLine] = []) {
    self.identifier = identifier
    self.polygon = polygon
    self.kind = kind
    self.lines = lines
  }

  public var box: Picture.Rectangle { boundingBox(of: polygon) }
}

/// Where text stands on a page: its regions in reading order, and their lines.
public struct PageLayout: Sendable, Equatable {
  /// The name of the page's picture, as the file gives it.
  public var pictureName: String?
  /// The size of the page's picture in pixels.
  public var width: Int
  public var height: Int
  public var regions: [TextRegion]
  /// Lines that were left out, each with its place in the file and the reason.
  public var problems: [DataError] = []

  public init(pictureName: String? = nil, width: Int, height: Int, regions: [TextRegion] = []) {
    self.pictureName = pictureName
    self.width = width
    self.height = height
    self.regions = regions
  }

  /// All lines, in reading order.
  public var lines: [TextLine] { regions.flatMap(\.lines) }
}

/// The smallest rectangle of whole pixels around points; of no size for none.
func boundingBox(of points: [PagePoint]) -> Picture.Rectangle {
  guard let first = points.first else { return Picture.Rectangle(x: 0, y: 0, width: 0, height: 0) }
  var (left, right, top, bottom) = (first.x, first.x, first.y, first.y)
  for point in points {
    (left, right) = (min(left, point.x), max(right, point.x))
    (top, bottom) = (min(top, point.y), max(bottom, point.y))
  }
  let (x, y) = (Int(left.rounded(.down)), Int(top.rounded(.down)))
  return Picture.Rectangle(
    x: x, y: y, width: Int(right.rounded(.down)) + 1 - x, height: Int(bottom.rounded(.down)) + 1 - y)
}

/// The middles of a rectangle's corner pixels: the outline whose `boundingBox` it is.
package func corners(of box: Picture.Rectangle) -> [PagePoint] {
  let (left, top) = (Double(box.x), Double(box.y))
  let (right, bottom) = (Double(box.right - 1), Double(box.bottom - 1))
  return [
    PagePoint(x: left, y: top), PagePoint(x: right, y: top), PagePoint(x: right, y: bottom),
    PagePoint(x: left, y: bottom),
  ]
}
