import UnrollData

/// How the probabilities of labels move while a picture is read: the picture, and beside its rows, or below its columns,
/// a curve for each of the likeliest labels.
struct ProbabilityPlot {
  let picture: Picture
  let title: String
  /// Whether the picture is read from left to right; otherwise from the top.
  let readsColumns: Bool
  /// How much of the picture was read at each step, from 0 to 1, rising.
  let places: [Double]
  let labels: [String]
  /// At each step, of each label.
  let probabilities: [[Double]]

  private static let curves = 5
  private static let side = 280.0
  private static let margin = 20.0
  private static let head = 48.0

  /// The labels that are drawn: those of the greatest probability anywhere, in the order of the last step.
  private var drawn: [Int] {
    let peak = labels.indices.map { label in probabilities.map { $0[label] }.max() ?? 0 }
    let last = probabilities.last ?? peak
    return labels.indices.sorted { (peak[$1], $0) < (peak[$0], $1) }.prefix(Self.curves)
      .sorted { (last[$1], $0) < (last[$0], $1) }
  }

  /// The text of an SVG file.
  func svg() -> String {
    let cell = Self.side / Double(max(picture.width, picture.height))
    let (width, height) = (Double(picture.width) * cell, Double(picture.height) * cell)
    let legend = 18.0
    let total = (
      width: max(420, readsColumns ? width + 3 * Self.margin + 40 : width + 3 * Self.margin + 300),
      height: Self.head + height + (readsColumns ? 220 : 60) + legend
    )
    var drawing = SVGDrawing(width: total.width, height: total.height)
    drawing.text(
      PlotStyle.shortened(title, to: total.width - 2 * Self.margin, size: PlotStyle.titleSize),
      at: .init(x: Self.margin, y: 28), size: PlotStyle.titleSize, bold: true)
    let left = Self.margin + (readsColumns ? 40 : 0)
    draw(picture, at: .init(x: left, y: Self.head), cell: cell, in: &drawing)
    let frame =
      readsColumns
      ? (x: left, y: Self.head + height + Self.margin, width: width, height: 150.0)
      : (x: left + width + 2 * Self.margin, y: Self.head, width: 240.0, height: height)
    drawAxes(frame, in: &drawing)
    let shown = drawn
    for (index, label) in shown.enumerated() {
      let points = zip(places, probabilities).map { place, row in
        readsColumns
          ? SVGDrawing.Point(x: frame.x + place * frame.width, y: frame.y + (1 - row[label]) * frame.height)
          : SVGDrawing.Point(x: frame.x + row[label] * frame.width, y: frame.y + place * frame.height)
      }
      let dash = PlotStyle.dashes[index % PlotStyle.dashes.count]
      drawing.polyline(points, colour: PlotStyle.series[index], width: 2, dash: dash)
    }
    drawLegend(shown, y: total.height - 16, width: total.width, in: &drawing)
    return drawing.document(
      title: title,
      description: "The probabilities of \(shown.map { labels[$0] }.joined(separator: ", ")) after each step."
    )
  }

  private func draw(
    _ picture: Picture, at corner: SVGDrawing.Point, cell: Double, in drawing: inout SVGDrawing
  ) {
    func hexadecimal(_ value: UInt8) -> String { (value < 16 ? "0" : "") + String(value, radix: 16) }
    for y in 0..<picture.height {
      // Neighbours of one colour are one rectangle.
      var x = 0
      while x < picture.width {
        let color = (0..<3).map { picture[x, y, picture.channels == 1 ? 0 : $0] }
        var end = x + 1
        while end < picture.width, (0..<3).map({ picture[end, y, picture.channels == 1 ? 0 : $0] }) == color {
          end += 1
        }
        drawing.rectangle(
          x: corner.x + Double(x) * cell, y: corner.y + Double(y) * cell, width: Double(end - x) * cell + 0.3,
          height: cell + 0.3, fill: "#" + color.map(hexadecimal).joined())
        x = end
      }
    }
  }

  private func drawAxes(
    _ frame: (x: Double, y: Double, width: Double, height: Double), in drawing: inout SVGDrawing
  ) {
    for share in [0.0, 0.5, 1.0] {
      let (from, to, mark): (SVGDrawing.Point, SVGDrawing.Point, SVGDrawing.Point)
      if readsColumns {
        let y = frame.y + (1 - share) * frame.height
        (from, to, mark) = (
          .init(x: frame.x, y: y), .init(x: frame.x + frame.width, y: y), .init(x: frame.x - 6, y: y + 4)
        )
      } else {
        let x = frame.x + share * frame.width
        (from, to, mark) = (
          .init(x: x, y: frame.y), .init(x: x, y: frame.y + frame.height),
          .init(x: x, y: frame.y + frame.height + 15)
        )
      }
      drawing.line(from: from, to: to, colour: share == 0 ? PlotStyle.axis : PlotStyle.grid)
      drawing.text(
        NumberText.decimal(share, places: 1), at: mark, size: PlotStyle.tickSize, colour: PlotStyle.faintInk,
        anchor: readsColumns ? .end : .middle)
    }
  }

  private func drawLegend(_ shown: [Int], y: Double, width: Double, in drawing: inout SVGDrawing) {
    var x = Self.margin
    for (index, label) in shown.enumerated() {
      let name = PlotStyle.shortened(labels[label], to: 120, size: PlotStyle.labelSize)
      let size = 26 + PlotStyle.width(of: name, size: PlotStyle.labelSize) + 14
      guard x + size < width else { break }
      drawing.line(
        from: .init(x: x, y: y - 4), to: .init(x: x + 20, y: y - 4), colour: PlotStyle.series[index],
        width: 2,
        dash: PlotStyle.dashes[index % PlotStyle.dashes.count])
      drawing.text(name, at: .init(x: x + 26, y: y), size: PlotStyle.labelSize)
      x += size
    }
  }
}
