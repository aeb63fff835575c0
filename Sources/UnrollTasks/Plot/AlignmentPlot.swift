/// A decoder's attention as a matrix: a row for each target token, a column for each source token.
package struct AlignmentPlot: Sendable {
  let source: [String]
  let target: [String]
  let attention: [[Float]]

  /// - Parameter attention: a row of `source.count` weights for each target token.
  package init(source: [String], target: [String], attention: [[Float]]) {
    self.source = source
    self.target = target
    self.attention = attention
  }

  /// The matrix as tab separated text: source tokens in the first line, then a target token and its weights a line.
  package var text: String {
    func field(_ token: String) -> String {
      let scalars = Self.bare(token).unicodeScalars
      return String(String.UnicodeScalarView(scalars.map { $0 == "\t" || $0 == "\n" ? " " : $0 }))
    }
    var lines = [([""] + source.map(field)).joined(separator: "\t")]
    for (token, weights) in zip(target, attention) {
      let numbers = weights.map { NumberText.decimal(Double($0), places: 3) }
      lines.append(([field(token)] + numbers).joined(separator: "\t"))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The matrix as a picture, the text of an SVG file: the darker a cell, the more its target token looked at its source
  /// token.
  package func svg() -> String {
    let columns = source.map(Self.shown)
    let rows = target.map(Self.shown)
    let size = PlotStyle.labelSize
    let gutter = Self.margin + (rows.map { PlotStyle.width(of: $0, size: size) }.max() ?? 0) + 8
    let head = 46 + (columns.map { PlotStyle.width(of: $0, size: size) }.max() ?? 0) + 8
    let width = gutter + Double(columns.count) * Self.cell + Self.margin
    let heading = PlotStyle.shortened(
      "Where each written token looked", to: max(width, Self.narrowest) - 2 * Self.margin,
      size: PlotStyle.titleSize)
    var drawing = SVGDrawing(
      width: max(width, Self.narrowest), height: head + Double(rows.count) * Self.cell + Self.margin + 18)
    drawing.text(heading, at: .init(x: Self.margin, y: 28), size: PlotStyle.titleSize, bold: true)
    for (index, token) in columns.enumerated() {
      let x = gutter + (Double(index) + 0.5) * Self.cell + 0.35 * size
      drawing.text(token, at: .init(x: x, y: head - 6), size: size, turned: true)
    }
    for (index, token) in rows.enumerated() {
      let y = head + Double(index) * Self.cell
      drawing.text(
        token, at: .init(x: gutter - 8, y: y + 0.5 * Self.cell + 0.35 * size), size: size, anchor: .end)
      for (column, weight) in attention[index].enumerated() {
        // A frame of paper keeps cells apart.
        drawing.rectangle(
          x: gutter + Double(column) * Self.cell + 0.5, y: y + 0.5, width: Self.cell - 1,
          height: Self.cell - 1, fill: Self.shade(Double(weight)))
      }
    }
    drawing.text(
      "columns: what was read; rows: what was written; dark: weight near 1",
      at: .init(x: Self.margin, y: drawing.height - 12), size: PlotStyle.tickSize, colour: PlotStyle.faintInk)
    return drawing.document(
      title: "Attention",
      description: "\(rows.count) target tokens by \(columns.count) source tokens; each row sums to 1.")
  }

  private static let cell = 24.0
  private static let margin = 16.0
  private static let narrowest = 400.0

  /// From a light grey at 0 to the blue of all plots at 1, by the square root: small weights are seen, too.
  private static func shade(_ weight: Double) -> String {
    let share = min(1, max(0, weight.isFinite ? weight : 0)).squareRoot()
    func level(_ from: Double, _ to: Double) -> String {
      let value = Int((from + (to - from) * share).rounded())
      let digits = String(value, radix: 16, uppercase: true)
      return digits.count < 2 ? "0" + digits : digits
    }
    return "#" + level(0xF2, 0x00) + level(0xF2, 0x4B) + level(0xF2, 0x8D)
  }

  /// A token without the space that a piece of a word has before it.
  private static func bare(_ token: String) -> String {
    token.hasPrefix(" ") && token.count > 1 ? String(token.dropFirst()) : token
  }

  /// A token as a label: a space is made visible, and it is not too long.
  private static func shown(_ token: String) -> String {
    let text = bare(token)
    return PlotStyle.shortened(text == " " ? "␣" : text, to: 140, size: PlotStyle.labelSize)
  }
}
