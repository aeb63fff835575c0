/// A picture being drawn, as the text of an SVG 1.1 file: no scripts, no fonts, nothing fetched from elsewhere.
/// Coordinates are pixels from the top left.
struct SVGDrawing {
  struct Point {
    var x: Double
    var y: Double
  }

  enum Anchor: String { case start, middle, end }

  let width: Double
  let height: Double
  private var body: [String] = []

  init(width: Double, height: Double) {
    self.width = width
    self.height = height
  }

  mutating func line(from a: Point, to b: Point, colour: String, width: Double = 1, dash: String? = nil) {
    body.append(
      "<line x1=\"\(Self.text(a.x))\" y1=\"\(Self.text(a.y))\" x2=\"\(Self.text(b.x))\" y2=\"\(Self.text(b.y))\""
        + " stroke=\"\(colour)\" stroke-width=\"\(Self.text(width))\"\(Self.dashed(dash))/>")
  }

  mutating func polyline(_ points: [Point], colour: String, width: Double, dash: String? = nil) {
    body.append(
      "<polyline points=\"\(Self.text(points))\" fill=\"none\" stroke=\"\(colour)\""
        + " stroke-width=\"\(Self.text(width))\" stroke-linejoin=\"round\" stroke-linecap=\"round\""
        + "\(Self.dashed(dash))/>")
  }

  mutating func polygon(_ points: [Point], fill: String, opacity: Double) {
    body.append(
      "<polygon points=\"\(Self.text(points))\" fill=\"\(fill)\" fill-opacity=\"\(Self.text(opacity))\"/>")
  }

  mutating func rectangle(
    x: Double, y: Double, width: Double, height: Double, fill: String, opacity: Double = 1
  ) {
    body.append(
      "<rect x=\"\(Self.text(x))\" y=\"\(Self.text(y))\" width=\"\(Self.text(width))\""
        + " height=\"\(Self.text(height))\" fill=\"\(fill)\" fill-opacity=\"\(Self.text(opacity))\"/>")
  }

  /// A picture from the top left corner: a PNG file in base64.
  mutating func image(png: String, width: Double, height: Double) {
    body.append(
      "<image x=\"0\" y=\"0\" width=\"\(Self.text(width))\" height=\"\(Self.text(height))\""
        + " href=\"data:image/png;base64,\(png)\"/>")
  }

  mutating func dot(_ centre: Point, radius: Double, fill: String) {
    body.append(
      "<circle cx=\"\(Self.text(centre.x))\" cy=\"\(Self.text(centre.y))\" r=\"\(Self.text(radius))\""
        + " fill=\"\(fill)\"/>")
  }

  /// Text with its baseline at a point; `raised` follows it as a superscript. `turned` reads upwards.
  mutating func text(
    _ text: String, at point: Point, size: Double, colour: String = PlotStyle.ink, anchor: Anchor = .start,
    bold: Bool = false, turned: Bool = false, raised: String? = nil
  ) {
    let (x, y) = (Self.text(point.x), Self.text(point.y))
    let turn = turned ? " transform=\"rotate(-90 \(x) \(y))\"" : ""
    let exponent = raised.map {
      "<tspan dy=\"\(Self.text(-0.38 * size))\" font-size=\"\(Self.text(0.75 * size))\">\(Self.escaped($0))</tspan>"
    }
    body.append(
      "<text x=\"\(x)\" y=\"\(y)\" font-size=\"\(Self.text(size))\" fill=\"\(colour)\""
        + " text-anchor=\"\(anchor.rawValue)\"\(bold ? " font-weight=\"bold\"" : "")\(turn)>"
        + "\(Self.escaped(text))\(exponent ?? "")</text>")
  }

  /// The whole file. The title and the description are what a screen reader says.
  func document(title: String, description: String) -> String {
    let (width, height) = (Self.text(width), Self.text(height))
    let head = [
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\""
        + " viewBox=\"0 0 \(width) \(height)\" role=\"img\" font-family=\"\(PlotStyle.fonts)\">",
      "<title>\(Self.escaped(title))</title>",
      "<desc>\(Self.escaped(description))</desc>",
      "<rect width=\"\(width)\" height=\"\(height)\" fill=\"\(PlotStyle.paper)\"/>",
    ]
    return (head + body + ["</svg>", ""]).joined(separator: "\n")
  }

  /// Text that may stand between tags or in an attribute. What XML forbids even as a reference (most control
  /// characters and two non-characters) becomes the replacement character.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\t", "\n", "\r": result += " "
      case "\0"..<" ", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func text(_ number: Double) -> String {
    NumberText.shortest((number * 100).rounded() / 100)
  }

  private static func text(_ points: [Point]) -> String {
    points.map { "\(text($0.x)),\(text($0.y))" }.joined(separator: " ")
  }

  private static func dashed(_ dash: String?) -> String {
    dash.map { " stroke-dasharray=\"\($0)\"" } ?? ""
  }
}
