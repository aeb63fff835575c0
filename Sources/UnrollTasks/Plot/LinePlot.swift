/// A picture of a few named curves over one pair of axes, either of which may be logarithmic, as SVG.
public struct LinePlot: Sendable {
  /// One curve: points (x, y) joined in order. Missing numbers (NaN, infinities, and what is not positive on a
  /// logarithmic axis) leave gaps.
  public struct Line: Sendable {
    public var name: String
    public var x: [Double]
    public var y: [Double]
    /// Whether the curve belongs to the one before it, such as a before to an after: drawn thin and dashed in
    /// the same colour.
    public var isCompanion: Bool

    public init(name: String, x: [Double], y: [Double], isCompanion: Bool = false) {
      (self.name, self.x, self.y, self.isCompanion) = (name, x, y, isCompanion)
    }

    /// A curve over 0, 1, 2, …
    public init(name: String, y: [Double], isCompanion: Bool = false) {
      self.init(name: name, x: y.indices.map(Double.init), y: y, isCompanion: isCompanion)
    }
  }

  public var title: String
  public var horizontalLabel: String
  public var verticalLabel: String
  public var horizontalScale: AxisScale
  public var verticalScale: AxisScale
  public var lines: [Line]

  public init(
    title: String, horizontalLabel: String, verticalLabel: String, horizontalScale: AxisScale = .linear,
    verticalScale: AxisScale = .linear, lines: [Line]
  ) {
    self.title = title
    self.horizontalLabel = horizontalLabel
    self.verticalLabel = verticalLabel
    self.horizontalScale = horizontalScale
    self.verticalScale = verticalScale
    self.lines = lines
  }

  /// The SVG file's text, UTF-8.
  public func svg() -> String {
    let (width, margin) = (780.0, 20.0)
    let legend = legend()
    let panel = panel(top: 44 + legend.height(width: width - 2 * margin), width: width, margin: margin)
    var drawing = SVGDrawing(width: width, height: panel.bottom + (horizontalLabel.isEmpty ? 32 : 54))
    drawing.text(
      PlotStyle.shortened(title, to: width - 2 * margin, size: PlotStyle.titleSize),
      at: .init(x: margin, y: 30), size: PlotStyle.titleSize, bold: true)
    legend.draw(in: &drawing, left: margin, top: 42, width: width - 2 * margin)
    panel.drawFrame(in: &drawing)
    panel.drawHorizontalTicks(panel.horizontal.ticks, in: &drawing)
    drawLabels(around: panel, drawing: &drawing)
    for (line, pen) in zip(lines, pens) {
      panel.drawCurve(
        x: line.x, y: line.y, colour: pen.colour, width: pen.width, dash: pen.dash, in: &drawing)
    }
    let names = lines.map(\.name).joined(separator: ", ")
    return drawing.document(
      title: title, description: "\(verticalLabel) against \(horizontalLabel): \(names).")
  }

  private func panel(top: Double, width: Double, margin: Double) -> PlotPanel {
    // A point counts for the axes only when both its numbers can be drawn.
    let drawn = lines.flatMap { line in
      zip(line.x, line.y).filter { Axis.isUsable($0, horizontalScale) && Axis.isUsable($1, verticalScale) }
    }
    let horizontal = Axis(holding: drawn.map(\.0), scale: horizontalScale, count: 9, tight: true)
    let vertical = Axis(holding: drawn.map(\.1), scale: verticalScale, count: 9)
    let left = margin + PlotPanel.labelWidth(of: vertical) + 10 + (verticalLabel.isEmpty ? 0 : 20)
    return PlotPanel(
      left: left, top: top + (vertical.factor == 0 ? 12 : 28), width: width - left - margin - 12, height: 330,
      horizontal: horizontal,
      vertical: vertical)
  }

  private func drawLabels(around panel: PlotPanel, drawing: inout SVGDrawing) {
    drawing.text(
      PlotStyle.shortened(horizontalLabel, to: panel.width, size: PlotStyle.labelSize),
      at: .init(x: panel.left + panel.width / 2, y: panel.bottom + 40), size: PlotStyle.labelSize,
      anchor: .middle)
    drawing.text(
      PlotStyle.shortened(verticalLabel, to: panel.height, size: PlotStyle.labelSize),
      at: .init(
        x: panel.left - 8 - PlotPanel.labelWidth(of: panel.vertical) - 9, y: panel.top + panel.height / 2),
      size: PlotStyle.labelSize, anchor: .middle, turned: true)
    if panel.horizontal.factor != 0 {
      drawing.text(
        "× 10", at: .init(x: panel.right - 10, y: panel.bottom + 36), size: PlotStyle.tickSize,
        colour: PlotStyle.faintInk, anchor: .end, raised: Axis.minus("\(panel.horizontal.factor)"))
    }
  }

  private func legend() -> PlotLegend {
    PlotLegend(
      entries: zip(lines, pens).map { line, pen in
        (line.name, .line(colour: pen.colour, width: pen.width, dash: pen.dash))
      })
  }

  /// How each line is drawn: in colours by turns. Dashes tell them apart as well, unless these mark companions.
  private var pens: [(colour: String, width: Double, dash: String?)] {
    let hasCompanions = lines.contains(where: \.isCompanion)
    var turn = -1
    return lines.enumerated().map { index, line in
      if index == 0 || !line.isCompanion { turn += 1 }
      let colour = PlotStyle.series[turn % PlotStyle.series.count]
      if hasCompanions { return line.isCompanion ? (colour, 1.4, PlotStyle.dashes[1]) : (colour, 2, nil) }
      return (colour, 2, PlotStyle.dashes[turn % PlotStyle.dashes.count])
    }
  }
}
