import UnrollCore

/// Where text stands on a page of which nothing is known but its picture.
///
/// The page is turned upright, its ink told from paper, and lines found among its letters; lines make regions, and regions
/// a reading order. Lines are cut out without the ink of their neighbours.
public struct PageSegmentation: Sendable {
  /// How pages are looked at.
  public struct Options: Sendable {
    public var binarization = Binarization.sauvola()
    /// The largest angle in degrees that a page may be turned by, to either side.
    public var largestAngle = 15.0
    /// Whether a page that is light on dark is inverted.
    public var findsInversion = true

    public init() {}
  }

  /// The page in grey, dark on light and upright: what lines are cut from.
  public let page: Picture
  /// Its ink.
  public let ink: InkMap
  /// By how many degrees the page was turned counterclockwise: lines rise by this angle to the right.
  public let angle: Double
  /// Whether the page was light on dark.
  public let isInverted: Bool
  /// The typical height of a letter in pixels; 0 on a page without text.
  public let letterHeight: Double
  /// Regions and lines in reading order, on the upright page.
  public let layout: PageLayout
  /// From places on the upright page to those of the picture that was given.
  public let map: Picture.AffineMap
  /// The number of the line that each run of ink belongs to, from 1; 0 for none.
  private let owners: LineOwners
  private let size: (width: Int, height: Int)

  public init(_ picture: Picture, options: Options = Options()) {
    let grey = picture.grey()
    isInverted = options.findsInversion && grey.isLightOnDark
    let dark = isInverted ? grey.inverted() : grey
    var ink = InkMap(dark, options.binarization)
    var parts = InkComponents(ink)
    let sizes = LetterSizes(parts.components, width: dark.width, height: dark.height)
    angle = PageSkew.angle(parts.components, sizes, limit: options.largestAngle)
    var page = dark
    // Less than a pixel over the width of a page is nothing.
    if abs(angle) * .pi / 180 * Double(dark.width) > 1 {
      map = dark.rotation(degrees: -angle, expands: true).map
      page = dark.rotated(degrees: -angle, fill: [dark.paper], expands: true)
      ink = InkMap(page, options.binarization)
      parts = InkComponents(ink)
    } else {
      map = Picture.AffineMap(a: 1, b: 0, c: 0, d: 0, e: 1, f: 0)
    }
    (self.page, self.ink) = (page, ink)
    size = (picture.width, picture.height)
    let finder = LineFinder(parts, page: page)
    letterHeight = finder.sizes.height
    let regions = PageRegions(finder.lines(), finder.components)
    owners = LineOwners(parts, regions.lines, width: page.width, height: page.height)
    layout = regions.layout(owners, width: page.width, height: page.height)
  }

  /// The lines in reading order, on the upright page.
  public var lines: [TextLine] { layout.lines }

  /// The same layout in places of the picture that was given.
  public var originalLayout: PageLayout {
    func moved(_ points: [PagePoint]) -> [PagePoint] {
      points.map { point in
        // Points are of pixels' corners here, and of their middles in the map.
        let place = map(point.x + 0.5, point.y + 0.5)
        return PagePoint(
          x: min(Double(size.width - 1), max(0, place.x - 0.5)),
          y: min(Double(size.height - 1), max(0, place.y - 0.5)))
      }
    }
    var result = layout
    (result.width, result.height) = size
    for region in result.regions.indices {
      result.regions[region].polygon = moved(result.regions[region].polygon)
      for line in result.regions[region].lines.indices {
        result.regions[region].lines[line].polygon = moved(result.regions[region].lines[line].polygon)
        result.regions[region].lines[line].baseline = moved(result.regions[region].lines[line].baseline)
      }
    }
    return result
  }

  /// The picture of a line, by its place in reading order: grey, with paper where its neighbours have ink.
  ///
  /// - Parameter margin: room around the ink, in heights of a letter.
  public func picture(ofLine index: Int, margin: Double = 0.15) -> Picture {
    owners.picture(of: index + 1, box: lines[index].box, margin: Int(margin * letterHeight), page: page)
  }

  /// The number of the line that has ink at a pixel of the upright page, from 1; 0 for none.
  package func line(atX x: Int, y: Int) -> Int { owners.line(x, y) }
}

extension Picture {
  /// The value of paper: the most frequent one among the lighter half of a grey picture's values.
  package var paper: UInt8 {
    let histogram = self.histogram
    let threshold = InkMap.otsuThreshold(histogram)
    let light = threshold + 1..<256
    return light.max { histogram[$0] < histogram[$1] }.map { UInt8($0) } ?? 255
  }
}
