/// One rectangle of a plot with its two axes: turns numbers into places and draws what every plot shares.
struct PlotPanel {
  let left: Double
  let top: Double
  let width: Double
  let height: Double
  let horizontal: Axis
  let vertical: Axis

  var right: Double { left + width }
  var bottom: Double { top + height }

  /// Where a pair of numbers lies; nothing when either cannot be drawn.
  func point(_ x: Double, _ y: Double) -> SVGDrawing.Point? {
    guard let h = horizontal.fraction(of: x), let v = vertical.fraction(of: y) else { return nil }
    return SVGDrawing.Point(x: left + h * width, y: bottom - v * height)
  }

  /// The grid lines of the vertical axis, the base line, and the labels of the vertical axis.
  func drawFrame(in drawing: inout SVGDrawing) {
    for tick in vertical.ticks {
      guard let v = vertical.fraction(of: tick.value) else { continue }
      let y = bottom - v * height
      drawing.line(from: .init(x: left, y: y), to: .init(x: right, y: y), colour: PlotStyle.grid)
      drawing.text(
        tick.label, at: .init(x: left - 8, y: y + 3.8), size: PlotStyle.tickSize,
        colour: PlotStyle.faintInk, anchor: .end, raised: tick.raised)
    }
    if vertical.factor != 0 {
      drawing.text(
        "× 10", at: .init(x: left - 8, y: top - 9), size: PlotStyle.tickSize, colour: PlotStyle.faintInk,
        anchor: .end, raised: Axis.minus("\(vertical.factor)"))
    }
    drawing.line(
      from: .init(x: left, y: bottom), to: .init(x: right, y: bottom), colour: PlotStyle.axis)
  }

  /// The marks below the base line.
  func drawHorizontalTicks(_ ticks: [Tick], in drawing: inout SVGDrawing) {
    for tick in ticks {
      guard let h = horizontal.fraction(of: tick.value) else { continue }
      let x = left + h * width
      drawing.line(
        from: .init(x: x, y: bottom), to: .init(x: x, y: bottom + 5), colour: PlotStyle.axis)
      // A label at the edge of the page moves inwards rather than being cut.
      let half = PlotStyle.width(of: tick.label + (tick.raised ?? ""), size: PlotStyle.tickSize) / 2 + 4
      let middle = min(max(x, half), drawing.width - half)
      drawing.text(
        tick.label, at: .init(x: middle, y: bottom + 18), size: PlotStyle.tickSize,
        colour: PlotStyle.faintInk,
        anchor: .middle, raised: tick.raised)
    }
  }

  /// A curve, broken where a number is missing; a number with none beside it becomes a dot.
  func drawCurve(
    x: [Double], y: [Double], colour: String, width: Double, dash: String? = nil, in drawing: inout SVGDrawing
  ) {
    for run in runs(zip(x, y).map { point($0, $1) }) {
      if run.count == 1 {
        drawing.dot(run[0], radius: width * 1.1, fill: colour)
      } else {
        drawing.polyline(run, colour: colour, width: width, dash: dash)
      }
    }
  }

  /// The area between two curves, broken where either is missing; a lone step becomes a narrow bar.
  func drawBand(
    x: [Double], lower: [Double], upper: [Double], fill: String, opacity: Double, in drawing: inout SVGDrawing
  ) {
    let edges = zip(x, zip(lower, upper)).map { x, bounds in
      point(x, bounds.0).flatMap { low in point(x, bounds.1).map { (low, $0) } }
    }
    for run in runs(edges) {
      if run.count == 1 {
        let (low, high) = run[0]
        drawing.rectangle(
          x: low.x - 2, y: min(low.y, high.y), width: 4, height: abs(low.y - high.y), fill: fill,
          opacity: opacity)
      } else {
        drawing.polygon(run.map(\.0) + run.reversed().map(\.1), fill: fill, opacity: opacity)
      }
    }
  }

  /// The unbroken stretches of a sequence with gaps.
  private func runs<Element>(_ items: [Element?]) -> [[Element]] {
    var runs: [[Element]] = [[]]
    for item in items {
      if let item {
        runs[runs.count - 1].append(item)
      } else if runs.last?.isEmpty == false {
        runs.append([])
      }
    }
    return runs.filter { !$0.isEmpty }
  }

  /// How much room the vertical labels need to the left of a panel.
  static func labelWidth(of axis: Axis) -> Double {
    let labels = axis.ticks.map { $0.label + ($0.raised ?? "") } + (axis.factor == 0 ? [] : ["× 1000"])
    return labels.map { PlotStyle.width(of: $0, size: PlotStyle.tickSize) }.max() ?? 0
  }
}

/// The key of a plot, one row of samples and names that wraps when it is full.
struct PlotLegend {
  enum Sample {
    case line(colour: String, width: Double, dash: String?)
    /// Shades laid over one another, as they lie in the plot.
    case shade(fill: String, opacities: [Double])
  }

  var entries: [(name: String, sample: Sample)]

  private static let rowHeight = 19.0

  /// The height of the legend when it may be so wide.
  func height(width: Double) -> Double {
    entries.isEmpty ? 0 : Double((places(width: width).last?.row ?? 0) + 1) * Self.rowHeight
  }

  func draw(in drawing: inout SVGDrawing, left: Double, top: Double, width: Double) {
    for (entry, place) in zip(entries, places(width: width)) {
      let x = left + place.x
      let y = top + Double(place.row) * Self.rowHeight + 8
      switch entry.sample {
      case .line(let colour, let thickness, let dash):
        drawing.line(
          from: .init(x: x, y: y), to: .init(x: x + 26, y: y), colour: colour, width: thickness, dash: dash)
      case .shade(let fill, let opacities):
        for opacity in opacities {
          drawing.rectangle(x: x, y: y - 6, width: 26, height: 12, fill: fill, opacity: opacity)
        }
      }
      drawing.text(place.name, at: .init(x: x + 32, y: y + 4), size: PlotStyle.labelSize)
    }
  }

  private func places(width: Double) -> [(x: Double, row: Int, name: String)] {
    var (x, row) = (0.0, 0)
    return entries.map { entry in
      let name = PlotStyle.shortened(entry.name, to: width - 40, size: PlotStyle.labelSize)
      let needed = 32 + PlotStyle.width(of: name, size: PlotStyle.labelSize)
      if x > 0 && x + needed > width { (x, row) = (0, row + 1) }
      defer { x += needed + 20 }
      return (x, row, name)
    }
  }
}
