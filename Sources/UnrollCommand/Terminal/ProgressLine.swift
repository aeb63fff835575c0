import UnrollTasks

/// How far a training has come, as far as a person wants to know.
package struct TrainingProgress: Sendable, Equatable {
  /// From 1.
  package var epoch: Int
  package var epochs: Int
  /// Steps of this epoch that are done.
  package var step: Int
  package var steps: Int
  package var loss: Double
  /// The loss on the validation data after the last epoch that measured it.
  package var validation: Double?
  package var rate: Double
  package var elapsed: Duration
  package var remaining: Duration?
  /// Whether that last epoch gave the best validation loss so far.
  package var improved: Bool

  package init(
    epoch: Int, of epochs: Int, step: Int, of steps: Int, loss: Double, validation: Double? = nil,
    rate: Double,
    elapsed: Duration, remaining: Duration? = nil, improved: Bool = false
  ) {
    (self.epoch, self.epochs, self.step, self.steps) = (epoch, epochs, step, steps)
    (self.loss, self.validation, self.rate) = (loss, validation, rate)
    (self.elapsed, self.remaining, self.improved) = (elapsed, remaining, improved)
  }

  /// The share of the work that is done, 0 to 1: by time where the time left is known, for a time limit or an early
  /// stop may end the work before the last epoch; else by steps.
  package var fraction: Double {
    if let remaining {
      let (done, left) = (max(elapsed.inSeconds, 0), max(remaining.inSeconds, 0))
      if done + left > 0 { return done / (done + left) }
    }
    let within = steps > 0 ? Double(min(max(step, 0), steps)) / Double(steps) : 0
    return epochs > 0 ? min(max((Double(epoch - 1) + within) / Double(epochs), 0), 1) : 0
  }
}

/// The text of a progress display.
package enum ProgressLine {
  /// For a stream that only grows:
  /// `epoch 12/50  loss 0.1234  val 0.1300  best  rate 1.0e-03  elapsed 0:30  left 0:42`.
  package static func plain(_ progress: TrainingProgress) -> String {
    var parts = [epoch(progress), "loss \(NumberText.compact(progress.loss))"]
    if let validation = progress.validation { parts.append("val \(NumberText.compact(validation))") }
    if progress.improved { parts.append("best") }
    parts.append("rate \(NumberText.scientific(progress.rate, places: 1))")
    parts.append("elapsed \(DurationText.clock(progress.elapsed))")
    if let remaining = progress.remaining { parts.append("left \(DurationText.clock(remaining))") }
    return parts.joined(separator: "  ")
  }

  /// For a screen, at most `width` characters:
  /// `epoch 12/50  ━━━━━━━━━╸──────────  38 %  loss 0.1234  val 0.1300 ★  rate 1.0e-03  0:42 left`.
  /// The time elapsed stands where the time left is not known. Where the line is too long, parts are left out: first the rate, then the bar, the validation loss, the percentage,
  /// the time and the loss; the epoch is cut as the last resort.
  /// - Parameter fraction: what the bar shows, 0 to 1.
  package static func drawn(
    _ progress: TrainingProgress, fraction: Double, width: Int, style: Style = Style(isOn: false)
  ) -> String {
    let texts = texts(progress, fraction: fraction)
    var shown = Set(texts.keys).union([.bar])
    for part in [Part?.none] + Part.dispensable {
      if let part { shown.remove(part) }
      let others = Part.leftToRight.filter { shown.contains($0) && $0 != .bar }
      let room = width - others.reduce(0) { $0 + (texts[$1]?.count ?? 0) + 2 }
      guard room >= (shown.contains(.bar) ? shortestBar : -2) else { continue }
      return Part.leftToRight.filter(shown.contains).map { part in
        if part == .bar { return bar(fraction, width: min(room, longestBar), style: style) }
        let text = texts[part] ?? ""
        return part == .validation && text.hasSuffix("★") ? text.dropLast() + style.yellow("★") : text
      }.joined(separator: "  ")
    }
    return String(epoch(progress).prefix(max(width, 0)))
  }

  private enum Part {
    case epoch, bar, percent, loss, validation, rate, time

    /// The first to be left out first.
    static let dispensable: [Part] = [.rate, .bar, .validation, .percent, .time, .loss]
    static let leftToRight: [Part] = [.epoch, .bar, .percent, .loss, .validation, .rate, .time]
  }

  private static let shortestBar = 8
  private static let longestBar = 30

  private static func texts(_ progress: TrainingProgress, fraction: Double) -> [Part: String] {
    let percent = "\(Int((min(max(fraction, 0), 1) * 100).rounded(.down))) %"
    var texts: [Part: String] = [
      .epoch: epoch(progress), .percent: NumberText.padded(percent, to: 4, right: true),
      .loss: "loss \(NumberText.compact(progress.loss))",
      .rate: "rate \(NumberText.scientific(progress.rate, places: 1))",
    ]
    if let validation = progress.validation {
      texts[.validation] = "val \(NumberText.compact(validation)) \(progress.improved ? "★" : " ")"
    }
    texts[.time] =
      progress.remaining.map { "\(DurationText.clock($0)) left" }
      ?? "\(DurationText.clock(progress.elapsed)) elapsed"
    return texts
  }

  /// The epoch, padded so that the line does not shift when it gets another digit.
  private static func epoch(_ progress: TrainingProgress) -> String {
    let total = "\(progress.epochs)"
    return "epoch \(NumberText.padded("\(progress.epoch)", to: total.count, right: true))/\(total)"
  }

  /// A bar in half characters: `━━━━╸─────`.
  package static func bar(_ fraction: Double, width: Int, style: Style) -> String {
    let halves = Int(min(max(fraction.isNaN ? 0 : fraction, 0), 1) * Double(2 * width))
    let done = String(repeating: "━", count: halves / 2) + (halves % 2 == 1 ? "╸" : "")
    return style.cyan(done) + style.faint(String(repeating: "─", count: width - (halves + 1) / 2))
  }
}
