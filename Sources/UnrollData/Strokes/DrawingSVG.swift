extension PenDrawing {
  /// The drawing as a picture in SVG: a path for each line, fitted into a frame.
  ///
  /// - Parameters:
  ///   - size: The longer side of the picture.
  ///   - width: How thick the pen is, in the picture's units.
  public func svg(size: Double = 256, width: Double = 2) -> String {
    Self.svg([self], columns: 1, size: size, width: width)
  }

  /// Several drawings in rows and columns.
  public static func svg(_ drawings: [PenDrawing], columns: Int, size: Double = 128, width: Double = 2)
    -> String
  {
    let columns = max(1, min(columns, max(1, drawings.count)))
    let rows = (drawings.count + columns - 1) / columns
    let (w, h) = (text(size * Double(columns)), text(size * Double(rows)))
    var result =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(w)\" height=\"\(h)\" viewBox=\"0 0 \(w) \(h)\">\n"
    result += "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    result += "<g fill=\"none\" stroke=\"black\" stroke-width=\"\(text(width))\" stroke-linecap=\"round\" "
    result += "stroke-linejoin=\"round\">\n"
    for (index, drawing) in drawings.enumerated() {
      let left = size * Double(index % columns)
      let top = size * Double(index / columns)
      for path in drawing.paths(left: left, top: top, size: size) { result += "<path d=\"\(path)\"/>\n" }
    }
    return result + "</g>\n</svg>\n"
  }

  /// A number for SVG, to a hundredth.
  private static func text(_ value: Double) -> String {
    let hundredths = Int((min(max(value, -1e9), 1e9) * 100).rounded())
    let (whole, rest) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
    let sign = hundredths < 0 ? "-" : ""
    if rest == 0 { return "\(sign)\(whole)" }
    return "\(sign)\(whole).\(rest < 10 ? "0" : "")\(rest % 10 == 0 ? rest / 10 : rest)"
  }

  /// The path of each line, within a square with a margin of a twentieth.
  private func paths(left: Double, top: Double, size: Double) -> [String] {
    guard let (low, high) = bounds else { return [] }
    let extent = max(Double(high.x) - Double(low.x), Double(high.y) - Double(low.y))
    let scale = extent > 0 ? 0.9 * size / extent : 0
    // In the middle of its square.
    let (middleX, middleY) = ((Double(low.x) + Double(high.x)) / 2, (Double(low.y) + Double(high.y)) / 2)
    return lines.map { line in
      let places = line.map { point -> String in
        let x = left + size / 2 + scale * (Double(point.x) - middleX)
        let y = top + size / 2 + scale * (Double(point.y) - middleY)
        return "\(Self.text(x)) \(Self.text(y))"
      }
      // A line of one point is a dot, which a line to itself draws.
      return "M" + places.joined(separator: "L") + (line.count == 1 ? "L" + places[0] : "")
    }
  }
}
