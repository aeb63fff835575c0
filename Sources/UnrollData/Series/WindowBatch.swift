import UnrollCore

/// The end of a window: what lies before `origin` is read, what follows is forecast.
package struct SeriesWindow: Sendable, Equatable {
  package let series: Int
  package let origin: Int

  package init(series: Int, origin: Int) {
    self.series = series
    self.origin = origin
  }
}

/// Several windows as tensors. A row is one target of one window, rows of a window side by side.
package struct WindowBatch: Sendable {
  package let rows: Int
  /// `[n·B, width]`, segment-major: values, marks of what was observed, covariates.
  package let segments: Tensor
  /// `[B, L]`: the values alone.
  package let window: Tensor
  /// `[B·m, width]`: what is known of the segments to write.
  package let context: Tensor
  /// Covariates known ahead, on the scale of each row: of the window `[B·L, known]`, and of what follows
  /// `[B·m·w, known]`.
  package let knownPast: Tensor
  package let knownAhead: Tensor
  /// What was taken off each row, and what it was divided by.
  package let centre: [Float]
  package let scale: [Float]
  /// What follows each row, `[B, m·w]`, on the scale of the row; zeros where unknown.
  package let target: Tensor
  /// 1 where a target counts, times the weight of its row.
  package let weights: Tensor
  /// The place in the season of each row's first step, and the row's target.
  private let phases: [Int]
  private let settings: WindowSettings

  /// The number of features of a segment read.
  package static func inputWidth(_ settings: WindowSettings, known: Int) -> Int {
    settings.segment * (1 + (settings.marksMissing ? 1 : 0) + known) + settings.calendarFeatures
  }

  /// The number of features known of a segment written.
  package static func contextWidth(_ settings: WindowSettings, known: Int) -> Int {
    (settings.scale == .window ? 1 : 0) + settings.segment * settings.lagSteps.count + settings.segment
      * known
      + settings.calendarFeatures
  }

  /// - Parameter weigh: the weight of a row from its track, its centre and its scale.
  package init(
    _ windows: [SeriesWindow], of data: WindowedSeries,
    weigh: (_ track: WindowedSeries.Track, _ centre: Float, _ scale: Float) -> Float = { _, _, _ in 1 }
  ) {
    let settings = data.settings
    self.settings = settings
    let targets = data.entries.first?.tracks.count ?? 0
    let known = data.covariateCount - settings.calendarFeatures
    var builder = Builder(
      settings: settings, rows: windows.count * targets,
      inputWidth: Self.inputWidth(settings, known: known),
      contextWidth: Self.contextWidth(settings, known: known), calendar: settings.calendarFeatures,
      covariates: data.covariateCount)
    var row = 0
    for window in windows {
      let entry = data.entries[window.series]
      for track in entry.tracks {
        builder.fill(row, track, entry, origin: window.origin, weigh: weigh)
        row += 1
      }
    }
    rows = builder.rows
    let (n, m, w) = (settings.segments, settings.horizonSegments, settings.segment)
    segments = Tensor(builder.segments, shape: [n * rows, builder.inputWidth])
    window = Tensor(builder.window, shape: [rows, settings.lookBack])
    context = Tensor(builder.context, shape: [rows * m, builder.contextWidth])
    knownPast = Tensor(builder.knownPast, shape: [rows * settings.lookBack, known])
    knownAhead = Tensor(builder.knownAhead, shape: [rows * m * w, known])
    target = Tensor(builder.target, shape: [rows * m * w])
    weights = Tensor(builder.weights, shape: [rows * m * w])
    centre = builder.centre
    scale = builder.scale
    phases = builder.phases
  }

  /// For each row and step of the window, the element of a `[season, targets]` table.
  package func pastPhases(_ season: Int, _ targets: Int) -> [Int32] {
    elements(season, targets, from: -settings.lookBack, count: settings.lookBack)
  }

  /// The same for the steps after the window.
  package func futurePhases(_ season: Int, _ targets: Int, _ count: Int) -> [Int32] {
    elements(season, targets, from: 0, count: count)
  }

  private func elements(_ season: Int, _ targets: Int, from: Int, count: Int) -> [Int32] {
    var result: [Int32] = []
    result.reserveCapacity(rows * count)
    for row in 0..<rows {
      var place = (phases[row] + from) % season
      if place < 0 { place += season }
      for _ in 0..<count {
        result.append(Int32(place * targets + row % targets))
        place += 1
        if place == season { place = 0 }
      }
    }
    return result
  }
}

extension WindowSettings {
  /// The weight of each step of the horizon; 1 on average.
  package var discounts: [Float] {
    let raw = (1...horizon).map { Float(power(Double($0), -Double(horizonDiscount))) }
    let mean = raw.reduce(0, +) / Float(horizon)
    return raw.map { $0 / mean }
  }
}

/// Fills the arrays of a batch, row by row.
private struct Builder {
  let settings: WindowSettings
  let rows: Int
  let inputWidth: Int
  let contextWidth: Int
  let calendar: Int
  let covariates: Int
  var segments: [Float]
  var window: [Float]
  var context: [Float]
  var knownPast: [Float]
  var knownAhead: [Float]
  var target: [Float]
  var weights: [Float]
  var centre: [Float]
  var scale: [Float]
  var phases: [Int]
  private var marks: [Bool]
  /// The weight of each step of the horizon; 1 on average.
  private let discounts: [Float]

  init(
    settings: WindowSettings, rows: Int, inputWidth: Int, contextWidth: Int, calendar: Int, covariates: Int
  ) {
    self.settings = settings
    self.rows = rows
    self.inputWidth = inputWidth
    self.contextWidth = contextWidth
    self.calendar = calendar
    self.covariates = covariates
    segments = Array(repeating: 0, count: settings.segments * rows * inputWidth)
    window = Array(repeating: 0, count: rows * settings.lookBack)
    context = Array(repeating: 0, count: rows * settings.horizonSegments * contextWidth)
    let known = covariates - calendar
    knownPast = Array(repeating: 0, count: rows * settings.lookBack * known)
    knownAhead = Array(repeating: 0, count: rows * settings.writtenSteps * known)
    target = Array(repeating: 0, count: rows * settings.writtenSteps)
    weights = Array(repeating: 0, count: rows * settings.writtenSteps)
    centre = Array(repeating: 0, count: rows)
    scale = Array(repeating: 1, count: rows)
    phases = Array(repeating: 0, count: rows)
    marks = Array(repeating: true, count: settings.lookBack)
    discounts = settings.discounts
  }

  mutating func fill(
    _ row: Int, _ track: WindowedSeries.Track, _ entry: WindowedSeries.Entry, origin: Int,
    weigh: (WindowedSeries.Track, Float, Float) -> Float
  ) {
    let season = max(1, settings.longSeason, settings.season)
    phases[row] = (entry.phase + origin) % season
    readWindow(row, track, origin)
    let (level, spread) = measure(row)
    centre[row] = level
    scale[row] = spread
    for step in row * settings.lookBack..<(row + 1) * settings.lookBack {
      window[step] = (window[step] - level) / spread
    }
    writeSegments(row, entry, origin)
    writeContext(row, entry, origin)
    let (past, ahead) = (settings.lookBack, settings.writtenSteps)
    copyKnown(entry, origin - past..<origin, dividedBy: spread, &knownPast, row * past)
    copyKnown(entry, origin..<origin + ahead, dividedBy: spread, &knownAhead, row * ahead)
    // Nothing can be learned from a past that nobody saw.
    let weight = track.firstObserved < origin ? weigh(track, level, spread) : 0
    for step in 0..<settings.horizon where origin + step < entry.count {
      guard track.observed[origin + step] else { continue }
      target[row * settings.writtenSteps + step] = (track.values[origin + step] - level) / spread
      weights[row * settings.writtenSteps + step] = weight * discounts[step]
    }
  }

  /// Copies the window; before a series' start, its first season repeats backwards and counts as missing.
  private mutating func readWindow(_ row: Int, _ track: WindowedSeries.Track, _ origin: Int) {
    let first = origin - settings.lookBack
    let season = max(1, settings.longSeason, settings.season)
    let cycle = origin >= season ? season : max(1, min(origin, settings.season))
    for step in 0..<settings.lookBack {
      let place = first + step
      if place >= 0 {
        window[row * settings.lookBack + step] = track.values[place]
        marks[step] = track.observed[place]
      } else {
        let folded = ((place % cycle) + cycle) % cycle
        window[row * settings.lookBack + step] = folded < track.values.count ? track.values[folded] : 0
        marks[step] = false
      }
    }
  }

  private func measure(_ row: Int) -> (centre: Float, scale: Float) {
    let start = row * settings.lookBack
    let end = start + settings.lookBack
    func mean(_ range: Range<Int>) -> Float {
      window[range].reduce(0, +) / Float(max(1, range.count))
    }
    let level = settings.centre == .last ? window[end - 1] : mean(end - settings.centreSteps..<end)
    guard settings.scale == .window else { return (level, 1) }
    let whole = mean(start..<end)
    let variance = window[start..<end].reduce(0) { $0 + ($1 - whole) * ($1 - whole) }
    return (level, (variance / Float(settings.lookBack)).squareRoot() + 1e-3)
  }

  private mutating func writeSegments(_ row: Int, _ entry: WindowedSeries.Entry, _ origin: Int) {
    let w = settings.segment
    for segment in 0..<settings.segments {
      var place = (segment * rows + row) * inputWidth
      let first = segment * w
      for step in first..<first + w {
        segments[place] = window[row * settings.lookBack + step]
        place += 1
      }
      if settings.marksMissing {
        for step in first..<first + w {
          segments[place] = marks[step] ? 0 : 1
          place += 1
        }
      }
      let start = origin - settings.lookBack + first
      place = copyCovariates(entry, start, &segments, place)
    }
  }

  /// The calendar of a segment's first step and the known covariates of all of its steps.
  private func copyCovariates(
    _ entry: WindowedSeries.Entry, _ start: Int, _ target: inout [Float], _ from: Int
  ) -> Int {
    guard covariates > 0 else { return from }
    var place = from
    let available = entry.covariates.count / covariates
    for feature in 0..<calendar {
      // The calendar before a series' start is taken from its first step: such segments are padding.
      target[place] = entry.covariates[min(max(0, start), available - 1) * covariates + feature]
      place += 1
    }
    for feature in calendar..<covariates {
      for step in start..<start + settings.segment {
        target[place] = (0..<available).contains(step) ? entry.covariates[step * covariates + feature] : 0
        place += 1
      }
    }
    return place
  }

  /// Covariates of some steps, zeros where there are none.
  private func copyKnown(
    _ entry: WindowedSeries.Entry, _ steps: Range<Int>, dividedBy spread: Float, _ target: inout [Float],
    _ first: Int
  ) {
    let known = covariates - calendar
    guard known > 0 else { return }
    let available = entry.covariates.count / covariates
    for (offset, step) in steps.enumerated() where (0..<available).contains(step) {
      for index in 0..<known {
        target[(first + offset) * known + index] =
          entry.covariates[step * covariates + calendar + index] / spread
      }
    }
  }

  private mutating func writeContext(_ row: Int, _ entry: WindowedSeries.Entry, _ origin: Int) {
    guard contextWidth > 0 else { return }
    let (w, lags) = (settings.segment, settings.lagSteps)
    for segment in 0..<settings.horizonSegments {
      var place = (row * settings.horizonSegments + segment) * contextWidth
      if settings.scale == .window {
        context[place] = Float(naturalLogarithm(Double(scale[row])))
        place += 1
      }
      for lag in lags {
        for step in segment * w..<(segment + 1) * w {
          context[place] = window[row * settings.lookBack + settings.lookBack - lag + step % lag]
          place += 1
        }
      }
      _ = copyCovariates(entry, origin + segment * w, &context, place)
    }
  }
}
