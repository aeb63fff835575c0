import Testing
import UnrollTasks

/// Whether every tag is closed in order and every attribute quoted: enough to know that a viewer will open it.
private func isWellFormed(_ svg: String) -> Bool {
  var open: [Substring] = []
  for piece in svg.split(separator: "<").dropFirst(svg.hasPrefix("<") ? 0 : 1) {
    guard let end = piece.lastIndex(of: ">"), piece.firstIndex(of: ">") == end else { return false }
    let tag = piece[..<end]
    guard tag.count(where: { $0 == "\"" }) % 2 == 0 else { return false }
    if tag.hasPrefix("?") || tag.hasSuffix("/") { continue }
    if tag.hasPrefix("/") {
      guard open.popLast() == tag.dropFirst() else { return false }
    } else {
      open.append(tag.prefix { $0 != " " })
    }
  }
  return open.isEmpty
}

private func count(_ needle: String, in text: String) -> Int {
  text.split(separator: needle, omittingEmptySubsequences: false).count - 1
}

@Suite struct PlotForecastTests {
  private let history = (0..<60).map { 100 + Double($0 % 12) }

  private func panel(_ title: String = "") -> ForecastPlot.Panel {
    ForecastPlot.Panel(
      title: title, history: history, forecast: [101, 102, 103],
      bands: [
        .init(level: 0.8, lower: [100, 101, 102], upper: [102, 103, 104]),
        .init(level: 0.95, lower: [99, 100, 101], upper: [103, 104, 105]),
      ])
  }

  @Test func drawsEveryPart() {
    let svg = ForecastPlot(title: "Sales", panels: [panel()], valueLabel: "units").svg()
    #expect(isWellFormed(svg))
    #expect(count("<polygon", in: svg) == 2)
    #expect(count("<polyline", in: svg) == 2)
    for text in [">Sales<", ">units<", ">history<", ">forecast<", ">80 % interval<", ">95 % interval<"] {
      #expect(svg.contains(text), "\(text)")
    }
    #expect(!svg.contains(">actual<"))
    #expect(!svg.contains("nan") && !svg.contains("inf"))
    #expect(svg.contains("forecast of 3 steps for 1 series, with intervals of 80 % and 95 %"))
  }

  @Test func theWideBandIsDrawnFirst() throws {
    let svg = ForecastPlot(title: "", panels: [panel()]).svg()
    let bands = svg.split(separator: "\n").filter { $0.hasPrefix("<polygon") }.map { line in
      let numbers = line.split(separator: "\"")[1].split(separator: " ").map {
        Double($0.split(separator: ",")[1]) ?? 0
      }
      return (numbers.max() ?? 0) - (numbers.min() ?? 0)
    }
    #expect(try #require(bands.first) > (try #require(bands.last)))
  }

  @Test func escapesWhatUsersWrite() {
    let nasty = "<b> & \"q\" 'a' \u{1}"
    let svg = ForecastPlot(
      title: nasty,
      panels: [
        .init(title: nasty, history: [1, 2], forecast: [3], times: [nasty, nasty, nasty])
      ], valueLabel: nasty
    ).svg()
    #expect(isWellFormed(svg))
    #expect(svg.contains("&lt;b&gt; &amp; &quot;q&quot; &#39;a&#39; \u{FFFD}"))
  }

  @Test func gapsBreakTheCurve() {
    var gaps = panel()
    gaps.history[20] = .nan
    gaps.history[40] = .infinity
    gaps.history[42] = .nan
    gaps.bands = []
    let svg = ForecastPlot(title: "", panels: [gaps], shownHistory: 60).svg()
    #expect(isWellFormed(svg))
    #expect(count("<polyline", in: svg) == 4, "three stretches and the forecast")
    #expect(count("<circle", in: svg) == 1, "the value between two gaps")
    #expect(!svg.contains("nan") && !svg.contains("inf"))
  }

  @Test(arguments: [
    [], [5], Array(repeating: 5, count: 30), Array(repeating: 0, count: 30), [.nan, .nan], [1e300, -1e300],
    [1e12, 3e12], [1e-12, 3e-12], [1e9, 1e9 + 1],
  ])
  func hardNumbersStillDraw(_ history: [Double]) {
    for forecast in [[], [1], Array(history.prefix(4))] as [[Double]] {
      let svg = ForecastPlot(title: "t", panels: [.init(history: history, forecast: forecast)]).svg()
      #expect(isWellFormed(svg))
      #expect(!svg.contains("nan") && !svg.contains("inf") && !svg.contains("e+"))
    }
  }

  @Test func panelsFillAGridUpToALimit() {
    let svg = ForecastPlot(title: "", panels: (0..<9).map { panel("series \($0)") }, maximumPanels: 4).svg()
    #expect(isWellFormed(svg))
    #expect(svg.contains(">series 3<") && !svg.contains(">series 4<"))
    #expect(svg.contains("5 more series not shown"))
    #expect(isWellFormed(ForecastPlot(title: "", panels: []).svg()))
  }

  @Test func onlyTheTailOfTheHistoryIsShown() {
    var long = panel()
    long.timeLabel = { "t\($0)" }
    let svg = ForecastPlot(title: "", panels: [long], shownHistory: 2).svg()
    #expect(svg.contains(">t58<") && svg.contains(">t62<") && !svg.contains(">t57<"))
  }
}

@Suite struct PlotLineTests {
  @Test func drawsCurvesOnLogarithmicAxes() {
    let svg = LinePlot(
      title: "Gradients", horizontalLabel: "lag", verticalLabel: "norm", verticalScale: .logarithmic,
      lines: [
        .init(name: "LSTM", y: [1, 0.1, 0, 0.001, 0.0001]), .init(name: "A & B", x: [0, 4], y: [1, 1]),
      ]
    ).svg()
    #expect(isWellFormed(svg))
    #expect(count("<polyline", in: svg) == 3, "zero has no logarithm and breaks the first curve")
    #expect(svg.contains(">A &amp; B<") && svg.contains(">lag<") && svg.contains(">norm<"))
    #expect(svg.contains(">10<tspan"))
  }

  @Test func companionsShareAColourAndAreDashed() {
    func strokes(_ companions: [Bool]) -> [(colour: Substring, isDashed: Bool)] {
      let svg = LinePlot(
        title: "", horizontalLabel: "", verticalLabel: "",
        lines: companions.map { .init(name: "", y: [1, 2], isCompanion: $0) }
      ).svg()
      #expect(isWellFormed(svg))
      return svg.split(separator: "\n").filter { $0.hasPrefix("<polyline") }.map { line in
        let after = line.split(separator: "stroke=\"").last ?? ""
        return (after.prefix { $0 != "\"" }, line.contains("stroke-dasharray"))
      }
    }
    let pairs = strokes([false, true, false, true, true])
    #expect(pairs.map(\.isDashed) == [false, true, false, true, true])
    #expect(pairs[0].colour == pairs[1].colour && pairs[2].colour == pairs[3].colour)
    #expect(pairs[3].colour == pairs[4].colour && pairs[0].colour != pairs[2].colour)
    let plain = strokes([false, false, false])
    #expect(Set(plain.map(\.colour)).count == 3 && plain.map(\.isDashed) == [false, true, true])
    #expect(strokes([true, false]).map(\.isDashed) == [true, false], "the first has none before it")
  }

  @Test func aPointWithOneBadNumberDoesNotStretchTheAxes() {
    let svg = LinePlot(
      title: "", horizontalLabel: "", verticalLabel: "",
      lines: [.init(name: "a", x: [0, 1, 1_000_000], y: [1, 2, .nan])]
    ).svg()
    #expect(!svg.contains("800\u{2009}000") && svg.contains(">0.2<"))
  }

  @Test func emptyPlotsDraw() {
    for lines in [[], [.init(name: "", y: [])], [.init(name: "a", y: [.nan, 3])]] as [[LinePlot.Line]] {
      for scale in [AxisScale.linear, .logarithmic] {
        let plot = LinePlot(
          title: "", horizontalLabel: "x", verticalLabel: "y", horizontalScale: scale, verticalScale: scale,
          lines: lines)
        #expect(isWellFormed(plot.svg()) && !plot.svg().contains("nan"))
      }
    }
  }
}
