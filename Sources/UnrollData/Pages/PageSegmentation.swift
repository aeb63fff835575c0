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
    /// Whether a page that lies on its side or on its head is turned.
    public var findsOrientation = true

    public init() {}
  }

  /// The page in grey, dark on light and upright: what lines are cut from.
  public let page: Picture
  /// Its ink.
  public let ink: InkMap
  /// By how many degrees lines rise to the right, before the page was made level.
  public let angle: Double
  /// By how many quarter turns the page was turned counterclockwise to be upright, before the angle: 2 for one that stood
  /// on its head.
  public let quarterTurns: Int
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
    var turns = 0
    var look = Look(dark, options)
    if options.findsOrientation, PageOrientation.isSideways(look.parts.components, look.finder.sizes) {
      turns = 1
      look = Look(dark.rotated(quarterTurns: turns), options)
    }
    var lines = look.finder.lines()
    if options.findsOrientation, PageOrientation.isUpsideDown(lines, look.parts.components) {
      turns += 2
      look = Look(dark.rotated(quarterTurns: turns), options)
      lines = look.finder.lines()
    }
    (quarterTurns, angle) = (turns, look.angle)
    (page, ink, letterHeight) = (look.page, look.ink, look.finder.sizes.height)
    size = (picture.width, picture.height)
    map = look.map.followed(by: Self.undoing(turns, width: picture.width, height: picture.height))
    let regions = PageRegions(lines, look.parts.components)
    owners = LineOwners(look.parts, regions.lines, width: page.width, height: page.height)
    layout = regions.layout(owners, width: page.width, height: page.height)
  }

  /// A page made level, with its ink and what stands in it.
  private struct Look {
    var page: Picture
    var ink: InkMap
    var parts: InkComponents
    var map = Picture.AffineMap(a: 1, b: 0, c: 0, d: 0, e: 1, f: 0)
    let angle: Double
    let finder: LineFinder

    init(_ given: Picture, _ options: Options) {
      page = given
      ink = InkMap(page, options.binarization)
      parts = InkComponents(ink)
      let sizes = LetterSizes(parts.components, width: page.width, height: page.height)
      angle = PageSkew.angle(parts.components, sizes, limit: options.largestAngle)
      // Less than a pixel over the width of a page is nothing.
      if abs(angle) * .pi / 180 * Double(page.width) > 1 {
        map = given.rotation(degrees: -angle, expands: true).map
        page = given.rotated(degrees: -angle, fill: [given.paper], expands: true)
        ink = InkMap(page, options.binarization)
        parts = InkComponents(ink)
      }
      finder = LineFinder(parts, page: page)
    }
  }

  /// From places of a picture that was turned by quarter turns to those of the one that it was.
  private static func undoing(_ turns: Int, width: Int, height: Int) -> Picture.AffineMap {
    let (w, h) = (Double(width), Double(height))
    return switch turns % 4 {
    case 1: Picture.AffineMap(a: 0, b: -1, c: w, d: 1, e: 0, f: 0)
    case 2: Picture.AffineMap(a: -1, b: 0, c: w, d: 0, e: -1, f: h)
    case 3: Picture.AffineMap(a: 0, b: 1, c: 0, d: -1, e: 0, f: h)
    default: Picture.AffineMap(a: 1, b: 0, c: 0, d: 0, e: 1, f: 0)
    }
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
