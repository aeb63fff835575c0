/// A score as a piano roll: time to the right, pitch upwards, a bar for each note.
package struct PianoRollPlot: Sendable {
  let title: String
  /// The pitches of each step.
  let steps: [[Int]]
  /// The pitch of a melody at each step, −1 where it rests.
  let melody: [Int]?
  /// How many of the steps were given.
  let primerSteps: Int
  let stepsPerBar: Int
  /// Whether a pitch of two steps behind each other is one note.
  let joins: Bool

  private static let margin = 16.0
  private static let gutter = 52.0
  private static let head = 62.0
  private static let row = 7.0
  private static let blackKeys: Set<Int> = [1, 3, 6, 8, 10]

  /// The picture, the text of an SVG file.
  package func svg() -> String {
    let pitches = steps.joined()
    let low = max(0, (pitches.min() ?? 60) - 3)
    let high = min(127, (pitches.max() ?? 72) + 3)
    let step = min(16, max(2, 960 / Double(max(1, steps.count))))
    let width = Self.gutter + step * Double(steps.count) + Self.margin
    let height = Self.head + Double(high - low + 1) * Self.row
    var drawing = SVGDrawing(width: max(360, width), height: height + 42)
    func x(_ place: Int) -> Double { Self.gutter + Double(place) * step }
    func y(_ pitch: Int) -> Double { Self.head + Double(high - pitch) * Self.row }
    let heading = PlotStyle.shortened(
      title, to: drawing.width - 2 * Self.margin, size: PlotStyle.titleSize)
    drawing.text(heading, at: .init(x: Self.margin, y: 26), size: PlotStyle.titleSize, bold: true)
    for pitch in low...high {
      if Self.blackKeys.contains(pitch % 12) {
        drawing.rectangle(
          x: Self.gutter, y: y(pitch), width: step * Double(steps.count), height: Self.row, fill: "#F3F3F3")
      }
      guard pitch % 12 == 0 else { continue }
      drawing.line(
        from: .init(x: Self.gutter, y: y(pitch) + Self.row),
        to: .init(x: x(steps.count), y: y(pitch) + Self.row), colour: PlotStyle.grid)
      drawing.text(
        "C\(pitch / 12 - 1)", at: .init(x: Self.gutter - 6, y: y(pitch) + Self.row), size: PlotStyle.tickSize,
        colour: PlotStyle.faintInk, anchor: .end)
    }
    bars(&drawing, x, bottom: height)
    for (pitch, range) in notes() {
      let isMelody = melody.map { $0[range.lowerBound] == pitch } ?? false
      let colour =
        range.lowerBound < primerSteps
        ? PlotStyle.axis
        : isMelody ? PlotStyle.actual : PlotStyle.forecast
      drawing.rectangle(
        x: x(range.lowerBound) + 0.5, y: y(pitch) + 0.75, width: Double(range.count) * step - 1,
        height: Self.row - 1.5, fill: colour)
    }
    legend(&drawing)
    drawing.text(
      "bar", at: .init(x: (Self.gutter + x(steps.count)) / 2, y: height + 32), size: PlotStyle.labelSize,
      colour: PlotStyle.faintInk, anchor: .middle)
    return drawing.document(
      title: title,
      description: "\(steps.count) steps, pitches from \(low + 3) to \(high - 3) as MIDI counts them.")
  }

  private func bars(_ drawing: inout SVGDrawing, _ x: (Int) -> Double, bottom: Double) {
    let perBar = max(1, stepsPerBar)
    let count = (steps.count + perBar - 1) / perBar
    let every = max(1, Int((28 * Double(max(1, count)) / max(1, x(steps.count) - x(0))).rounded(.up)))
    for bar in 0...count {
      let place = x(min(steps.count, bar * perBar))
      drawing.line(
        from: .init(x: place, y: Self.head), to: .init(x: place, y: bottom), colour: PlotStyle.axis,
        width: 0.75)
      guard bar < count, bar % every == 0 else { continue }
      drawing.text(
        "\(bar + 1)", at: .init(x: place + 2, y: bottom + 14), size: PlotStyle.tickSize,
        colour: PlotStyle.faintInk)
    }
  }

  private func legend(_ drawing: inout SVGDrawing) {
    var entries: [(String, String)] = []
    if primerSteps > 0 { entries.append(("primer", PlotStyle.axis)) }
    if melody != nil { entries.append(("melody, given", PlotStyle.actual)) }
    entries.append(("composed", PlotStyle.forecast))
    var left = Self.gutter
    for (name, colour) in entries {
      drawing.rectangle(x: left, y: 38, width: 14, height: 8, fill: colour)
      drawing.text(name, at: .init(x: left + 20, y: 46), size: PlotStyle.labelSize)
      left += 44 + PlotStyle.width(of: name, size: PlotStyle.labelSize)
    }
  }

  /// The notes, by start and pitch. One of the primer does not go on into what was composed.
  private func notes() -> [(pitch: Int, steps: Range<Int>)] {
    var notes: [(pitch: Int, steps: Range<Int>)] = []
    var open: [Int: Int] = [:]
    for step in steps.indices {
      var next: [Int: Int] = [:]
      for pitch in steps[step] {
        let ownMelody = melody.map { $0[step] == pitch }
        if joins, step != primerSteps, let place = open[pitch],
          ownMelody == melody.map({ $0[step - 1] == pitch })
        {
          notes[place].steps = notes[place].steps.lowerBound..<step + 1
          next[pitch] = place
        } else {
          next[pitch] = notes.count
          notes.append((pitch, step..<step + 1))
        }
      }
      open = next
    }
    return notes
  }
}
