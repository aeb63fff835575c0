/// A network drawn layer by layer, unrolled over the first, second and last time step.
package struct NetworkDiagram: Sendable {
  private let description: ModelDescription

  package init(_ description: ModelDescription) { self.description = description }

  /// The step names of the three columns.
  private static let steps = ["t = 1", "t = 2", "t = T"]

  /// Lines of text: the input below, the output above.
  package var text: String {
    let layers = description.layers
    guard !layers.isEmpty else { return "" }
    let width = (layers.map { label($0).count }.max() ?? 0) + 2
    func cells(_ middle: String, _ joints: (String, String)) -> String {
      "\(middle)\(joints.0)\(middle)\(joints.1)\(middle)"
    }
    var lines = ["  " + pad("", width) + Self.steps.map { pad($0, 12) }.joined()]
    for layer in layers.reversed() {
      let row: String
      switch layer.flow {
      case .stepwise: row = cells("[ ]", ("         ", "    …    "))
      case .forward: row = cells("[ ]", ("────────▶", "───…────▶"))
      case .bidirectional: row = cells("[ ]", ("◀───────▶", "◀──…────▶"))
      case .pooled: row = "[ ]◀────────┴────────…──┘  all steps"
      case .attention: row = cells("[◇]", ("────────▶", "───…────▶")) + "  reads all steps of its memory"
      }
      lines.append("  " + pad(label(layer), width) + row + "  " + layer.output)
      lines.append("  " + pad("", width) + " ▲           ▲           ▲")
    }
    lines.append("  " + pad("input", width) + " x           x           x   " + (layers.first?.input ?? ""))
    lines.append("")
    lines.append(
      "  T steps, B sequences. The weights are the same at every step: the size of the network does not")
    lines.append("  depend on the length of its input.")
    return lines.joined(separator: "\n") + "\n"
  }

  private func label(_ layer: LayerDescription) -> String { layer.name }
  private func pad(_ text: String, _ width: Int) -> String { NumberText.padded(text, to: width) }

  /// Each parameter, its shape and its number of elements.
  package var parameters: String {
    ScoreReport.aligned(
      [["name", "shape", "elements"]] + description.parameters.map { [$0.name, $0.shape, "\($0.count)"] }
    )
    .split(separator: "\n").map { "  \($0)\n" }.joined()
  }

  /// The same as the text of an SVG file.
  package func svg() -> String {
    let layers = description.layers
    let (row, left, column, box) = (84.0, 200.0, 150.0, 44.0)
    let height = 110 + row * Double(layers.count + 1)
    var drawing = SVGDrawing(width: left + 3 * column + 210, height: height)
    drawing.text(
      PlotStyle.shortened(description.title, to: 560, size: PlotStyle.titleSize), at: .init(x: 16, y: 28),
      size: PlotStyle.titleSize, bold: true)
    func x(_ step: Int) -> Double { left + (Double(step) + 0.5) * column }
    func y(_ layer: Int) -> Double { height - 76 - row * Double(layer + 1) }
    for (step, name) in Self.steps.enumerated() {
      drawing.text(name, at: .init(x: x(step), y: height - 44), size: PlotStyle.labelSize, anchor: .middle)
      drawing.text(
        "x", at: .init(x: x(step), y: y(-1) + 4), size: PlotStyle.labelSize, anchor: .middle, bold: true)
    }
    drawing.text("input", at: .init(x: 16, y: y(-1) + 4), size: PlotStyle.labelSize)
    drawing.text(
      layers.first?.input ?? "", at: .init(x: x(2) + 60, y: y(-1) + 4), size: PlotStyle.tickSize,
      colour: PlotStyle.faintInk)
    for (index, layer) in layers.enumerated() {
      drawing.text(layer.name, at: .init(x: 16, y: y(index) + 4), size: PlotStyle.labelSize)
      drawing.text(
        layer.output, at: .init(x: x(2) + 60, y: y(index) + 4), size: PlotStyle.tickSize,
        colour: PlotStyle.faintInk)
      let pooled = layer.flow == .pooled
      for step in 0..<3 {
        let from = SVGDrawing.Point(x: x(step), y: y(index - 1) - (index == 0 ? 12 : box / 2))
        let to = SVGDrawing.Point(x: pooled ? x(1) : x(step), y: y(index) + box / 2)
        let isAfterPool = index > 0 && layers[..<index].contains { $0.flow == .pooled }
        if isAfterPool, step != 1 { continue }
        drawing.arrow(from: from, to: to, colour: PlotStyle.axis)
      }
      let once = pooled || layers[..<index].contains { $0.flow == .pooled }
      for step in once ? [1] : [0, 1, 2] {
        drawing.rectangle(
          x: x(step) - box / 2, y: y(index) - box / 2, width: box, height: box,
          fill: PlotStyle.series[index % 3], opacity: 0.85)
      }
      guard !once, layer.flow != .stepwise else { continue }
      for step in 0..<2 {
        let (a, b) = (x(step) + box / 2, x(step + 1) - box / 2)
        let lift = layer.flow == .bidirectional ? 6.0 : 0
        drawing.arrow(
          from: .init(x: a, y: y(index) - lift), to: .init(x: b, y: y(index) - lift), colour: PlotStyle.ink)
        if lift > 0 {
          drawing.arrow(
            from: .init(x: b, y: y(index) + lift), to: .init(x: a, y: y(index) + lift), colour: PlotStyle.ink)
        }
        if step == 1 {
          drawing.rectangle(
            x: (a + b) / 2 - 14, y: y(index) - 11, width: 28, height: 22, fill: PlotStyle.paper)
          drawing.text(
            "…", at: .init(x: (a + b) / 2, y: y(index) + 3), size: PlotStyle.titleSize, anchor: .middle)
        }
      }
    }
    drawing.text(
      "T steps, B sequences; the weights are the same at every step: the network's size does not depend on the input's length",
      at: .init(x: 16, y: height - 14), size: PlotStyle.tickSize, colour: PlotStyle.faintInk)
    return drawing.document(
      title: "A network unrolled over time", description: layers.map(\.name).joined(separator: ", "))
  }
}

extension SVGDrawing {
  /// A line with a head.
  mutating func arrow(from a: Point, to b: Point, colour: String) {
    line(from: a, to: b, colour: colour, width: 1.2)
    let (dx, dy) = (b.x - a.x, b.y - a.y)
    let length = max(1e-9, (dx * dx + dy * dy).squareRoot())
    let (ux, uy) = (dx / length * 7, dy / length * 7)
    polygon(
      [
        b, Point(x: b.x - ux - uy * 0.45, y: b.y - uy + ux * 0.45),
        Point(x: b.x - ux + uy * 0.45, y: b.y - uy - ux * 0.45),
      ],
      fill: colour, opacity: 1)
  }
}
