/// The numbers of one panel, cut to the part that is shown, and how they are drawn. Step 0 is the first shown.
struct ForecastCurves {
  static let historyWidth = 1.6
  static let forecastWidth = 2.2
  static let actualWidth = 1.7
  static let actualDash = "5 2.5"
  static let opacity = 0.2

  let title: String
  let history: [Double]
  let forecast: [Double]
  let actual: [Double]
  /// Widest first, so that narrower ones are laid over wider ones.
  let bands: [ForecastPlot.Band]
  let labels: [String]?

  init(_ panel: ForecastPlot.Panel, shownHistory: Int?) {
    let shown = min(max(shownHistory ?? max(4 * panel.forecast.count, 24), 1), panel.history.count)
    let first = panel.history.count - shown
    title = panel.title
    history = Array(panel.history.suffix(shown))
    forecast = panel.forecast
    actual = panel.actual
    bands = panel.bands.sorted { $0.level > $1.level }
    let steps = first..<(panel.history.count + max(panel.forecast.count, panel.actual.count))
    let labels = panel.timeLabel.map(steps.map)
    self.labels = labels?.contains { !$0.isEmpty } == true ? labels : nil
  }

  private var stepCount: Int { history.count + max(forecast.count, actual.count) }

  /// Every number that must fit between the ends of the vertical axis.
  var values: [Double] { history + forecast + actual + bands.flatMap { $0.lower + $0.upper } }

  var horizontalAxis: Axis { Axis(holding: [0, Double(max(stepCount - 1, 1))], count: 1, tight: true) }

  func draw(in panel: PlotPanel, valueLabel: String, drawing: inout SVGDrawing) {
    panel.drawFrame(in: &drawing)
    drawTitles(in: panel, valueLabel: valueLabel, drawing: &drawing)
    drawTimeAxis(in: panel, drawing: &drawing)
    if !forecast.isEmpty && !history.isEmpty,
      let origin = panel.horizontal.fraction(of: Double(history.count - 1))
    {
      let x = panel.left + origin * panel.width
      drawing.line(
        from: .init(x: x, y: panel.top), to: .init(x: x, y: panel.bottom), colour: PlotStyle.axis, dash: "2 3"
      )
    }
    for band in bands {
      panel.drawBand(
        x: steps(after: band.lower), lower: joined(band.lower), upper: joined(band.upper),
        fill: PlotStyle.forecast, opacity: Self.opacity, in: &drawing)
    }
    panel.drawCurve(
      x: history.indices.map(Double.init), y: history, colour: PlotStyle.ink, width: Self.historyWidth,
      in: &drawing)
    panel.drawCurve(
      x: steps(after: actual), y: joined(actual), colour: PlotStyle.actual,
      width: Self.actualWidth, dash: Self.actualDash, in: &drawing)
    panel.drawCurve(
      x: steps(after: forecast), y: joined(forecast), colour: PlotStyle.forecast,
      width: Self.forecastWidth, in: &drawing)
  }

  /// Future numbers led by the last observation, so that curve and shade grow out of it.
  private func joined(_ future: [Double]) -> [Double] {
    future.isEmpty ? [] : [history.last ?? .nan] + future
  }

  private func steps(after future: [Double]) -> [Double] {
    future.isEmpty ? [] : (0...future.count).map { Double(history.count - 1 + $0) }
  }

  private func drawTitles(in panel: PlotPanel, valueLabel: String, drawing: inout SVGDrawing) {
    if !title.isEmpty {
      drawing.text(
        PlotStyle.shortened(title, to: panel.width, size: PlotStyle.panelTitleSize),
        at: .init(x: panel.left, y: panel.top - 9), size: PlotStyle.panelTitleSize, bold: true)
    }
    if !valueLabel.isEmpty {
      let x = panel.left - 8 - PlotPanel.labelWidth(of: panel.vertical) - 9
      drawing.text(
        PlotStyle.shortened(valueLabel, to: panel.height, size: PlotStyle.labelSize),
        at: .init(x: x, y: panel.top + panel.height / 2), size: PlotStyle.labelSize, anchor: .middle,
        turned: true)
    }
  }

  private func drawTimeAxis(in panel: PlotPanel, drawing: inout SVGDrawing) {
    let marks =
      labels.map { TimeTicks.marks(for: $0, room: panel.width) }
      ?? TimeTicks.marks(steps: stepCount, origin: history.count - 1, room: panel.width)
    panel.drawHorizontalTicks(marks.map { Tick(value: Double($0.step), label: $0.label) }, in: &drawing)
  }
}
