/// A picture of forecasts: what was observed, the forecast and its intervals, one panel per series, as SVG.
///
/// Missing numbers (NaN, infinities) leave gaps. Steps are evenly spaced.
public struct ForecastPlot: Sendable {
  /// A central interval over the forecast's steps.
  public struct Band: Sendable {
    /// The probability inside, such as 0.8.
    public var level: Double
    public var lower: [Double]
    public var upper: [Double]

    public init(level: Double, lower: [Double], upper: [Double]) {
      (self.level, self.lower, self.upper) = (level, lower, upper)
    }
  }

  /// One series.
  public struct Panel: Sendable {
    /// The name above the panel; none for a lone series that the plot's title names.
    public var title: String
    public var history: [Double]
    /// The median or point forecast of the steps after the history.
    public var forecast: [Double]
    public var bands: [Band]
    /// What then happened at the steps of the forecast, where that is known.
    public var actual: [Double]
    /// The text of a step's time, counted from the first step of the history through the last of the forecast. ISO
    /// 8601 gets ticks at round dates. Without it, ticks count steps from the last observation.
    public var timeLabel: (@Sendable (_ step: Int) -> String)?

    public init(
      title: String = "", history: [Double], forecast: [Double], bands: [Band] = [], actual: [Double] = [],
      timeLabel: (@Sendable (_ step: Int) -> String)? = nil
    ) {
      self.title = title
      self.history = history
      self.forecast = forecast
      self.bands = bands
      self.actual = actual
      self.timeLabel = timeLabel
    }

    /// A panel whose times are given as texts, one per step of history and forecast; missing ones stay blank.
    public init(
      title: String = "", history: [Double], forecast: [Double], bands: [Band] = [], actual: [Double] = [],
      times: [String]
    ) {
      self.init(
        title: title, history: history, forecast: forecast, bands: bands, actual: actual,
        timeLabel: { times.indices.contains($0) ? times[$0] : "" })
    }
  }

  public var title: String
  public var panels: [Panel]
  /// What the numbers are, with their unit: written along the vertical axes.
  public var valueLabel: String
  /// How many steps of the history to show, a few seasons say; by default four times the forecast.
  public var shownHistory: Int?
  /// Panels beyond this many are left out, and the plot says so.
  public var maximumPanels: Int

  public init(
    title: String, panels: [Panel], valueLabel: String = "", shownHistory: Int? = nil, maximumPanels: Int = 12
  ) {
    self.title = title
    self.panels = panels
    self.valueLabel = valueLabel
    self.shownHistory = shownHistory
    self.maximumPanels = maximumPanels
  }

  /// The SVG file's text, UTF-8.
  public func svg() -> String {
    let shown = panels.prefix(max(maximumPanels, 1)).map { ForecastCurves($0, shownHistory: shownHistory) }
    let layout = Layout(panels: shown.count)
    let legend = Self.legend(shown)
    let textWidth = Layout.width - 2 * Layout.margin
    let verticals = shown.map { Axis(holding: $0.values, count: layout.verticalTicks) }
    let headed = shown.contains { !$0.title.isEmpty } || verticals.contains { $0.factor != 0 }
    let top = 44 + legend.height(width: textWidth) - (headed ? 0 : 18)
    let note = panels.count - shown.count
    var drawing = SVGDrawing(
      width: Layout.width,
      height: top + Double(layout.rows) * layout.cellHeight + (note > 0 ? 34 : 14))
    drawing.text(
      PlotStyle.shortened(title, to: textWidth, size: PlotStyle.titleSize),
      at: .init(x: Layout.margin, y: 30), size: PlotStyle.titleSize, bold: true)
    legend.draw(in: &drawing, left: Layout.margin, top: 42, width: textWidth)
    let labelWidth = verticals.map(PlotPanel.labelWidth).max() ?? 0
    for (index, curves) in shown.enumerated() {
      let gutter = labelWidth + 10 + (valueLabel.isEmpty ? 0 : 20)
      let left = Layout.margin + Double(index % layout.columns) * (layout.cellWidth + Layout.gap)
      let panel = PlotPanel(
        left: left + gutter, top: top + Double(index / layout.columns) * layout.cellHeight + 32,
        width: layout.cellWidth - gutter - 10, height: layout.cellHeight - 68,
        horizontal: curves.horizontalAxis, vertical: verticals[index])
      curves.draw(in: panel, valueLabel: valueLabel, drawing: &drawing)
    }
    if note > 0 {
      drawing.text(
        "\(note) more series not shown", at: .init(x: Layout.margin, y: drawing.height - 14),
        size: PlotStyle.tickSize, colour: PlotStyle.faintInk)
    }
    return drawing.document(title: title, description: description(of: shown.count))
  }

  private func description(of shown: Int) -> String {
    let steps = panels.first?.forecast.count ?? 0
    let levels = Self.levels(panels.prefix(shown).flatMap(\.bands)).map {
      "\(NumberText.shortest($0 * 100)) %"
    }
    let intervals = levels.isEmpty ? "" : ", with intervals of " + levels.joined(separator: " and ")
    return "History and forecast of \(steps) steps for \(shown) series\(intervals)."
  }

  private static func levels(_ bands: [Band]) -> [Double] { Set(bands.map(\.level)).sorted() }

  private static func legend(_ shown: [ForecastCurves]) -> PlotLegend {
    var entries: [(name: String, sample: PlotLegend.Sample)] = [
      ("history", .line(colour: PlotStyle.ink, width: ForecastCurves.historyWidth, dash: nil))
    ]
    if shown.contains(where: { !$0.actual.isEmpty }) {
      entries.append(
        (
          "actual",
          .line(colour: PlotStyle.actual, width: ForecastCurves.actualWidth, dash: ForecastCurves.actualDash)
        ))
    }
    entries.append(
      ("forecast", .line(colour: PlotStyle.forecast, width: ForecastCurves.forecastWidth, dash: nil)))
    let levels = levels(shown.flatMap(\.bands))
    for (index, level) in levels.enumerated() {
      let shade = PlotLegend.Sample.shade(
        fill: PlotStyle.forecast,
        opacities: Array(repeating: ForecastCurves.opacity, count: levels.count - index))
      entries.append(("\(NumberText.shortest(level * 100)) % interval", shade))
    }
    return PlotLegend(entries: entries)
  }

  /// How the panels share the page.
  private struct Layout {
    static let width = 900.0
    static let margin = 20.0
    static let gap = 18.0
    let columns: Int
    let rows: Int
    let cellWidth: Double
    let cellHeight: Double
    let verticalTicks: Int

    init(panels: Int) {
      columns = panels <= 2 ? 1 : 2
      rows = (panels + columns - 1) / columns
      cellWidth = (Self.width - 2 * Self.margin - Self.gap * Double(columns - 1)) / Double(columns)
      cellHeight = panels <= 1 ? 380 : panels == 2 ? 270 : 230
      verticalTicks = panels <= 1 ? 9 : panels == 2 ? 7 : 6
    }
  }
}
