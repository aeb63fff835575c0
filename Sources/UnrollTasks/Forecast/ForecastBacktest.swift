import UnrollCore
import UnrollData
import UnrollTraining

/// Forecasts from moments of the past, beside what came.
struct ForecastBacktest {
  /// One target of one window.
  struct Entry {
    let track: Forecast.Track
    let actual: [Double]
    /// MASE, NaN where there is none.
    let error: Double
    /// How many strides before the last moment it begins.
    let moment: Int
  }
  var table: ScoreTable
  var entries: [Entry] = []
  /// The row of the table that the scores are of, and that of the network without what it is combined with.
  static let own = "model"
  static let alone = "network alone"
}

extension ForecastTask {
  /// A rolling-origin backtest: forecasts from several moments of the past, each scored on what followed, beside the
  /// baselines on the same windows.
  ///
  /// Window k of a series ends `k · stride` steps before the last window's start; the model sees only what lies before.
  /// Series too short for a window are left out of it.
  public static func evaluate(
    _ data: ForecastData, _ model: Forecaster, _ options: ForecastOptions, _ session: AnswerSession
  ) throws -> ScoreReport {
    let (history, window) = (data.series, model.settings.window)
    try model.preparation.check(history)
    if let horizon = options.horizon { try model.check(horizon: horizon) }
    let horizon = options.horizon ?? window.horizon
    let isHeldOut = data.scoredSteps > 0
    let stride = isHeldOut ? data.stride : max(1, options.stride ?? horizon)
    let moments = isHeldOut ? max(0, data.scoredSteps - horizon) / stride + 1 : options.windows
    let counts = history.series.map(\.count)
    var chosen: [(window: SeriesWindow, moment: Int)] = []
    // No series has more moments than steps.
    for index in (0..<min(moments, (counts.max() ?? 0) / stride + 1)).reversed() {
      for (series, count) in counts.enumerated() {
        let origin = count - horizon - index * stride
        guard origin >= window.minimumHistory, !isHeldOut || origin >= count - data.scoredSteps else {
          continue
        }
        chosen.append((SeriesWindow(series: series, origin: origin), index))
      }
    }
    guard !chosen.isEmpty else {
      throw DataError(
        .noRows, file: history.source,
        expected: "at least \(window.minimumHistory + horizon) rows in a series to score",
        found: "\(counts.max() ?? 0) in the longest")
    }
    let backtest = try model.backtest(chosen, of: history, horizon: horizon)
    let seen = isHeldOut ? 0 : chosen.count { model.hasSeen($0.window, of: data) }
    if seen > 0 {
      session.note("\(seen) of \(chosen.count) windows are part of what the model was trained on")
    }
    let found = Set(chosen.map(\.moment)).count
    if !isHeldOut && found < options.windows {
      session.note("\(found) of the \(options.windows) windows that were asked for fit the data")
    }
    var report = report(backtest, model, windows: chosen.count, seen: seen)
    report.rows = rows(backtest, history, options.intervalLevels)
    if let plot = options.plot {
      let title = "\(history.source): forecasts beside what came"
      let picture = plotted(backtest, history, options.intervalLevels, horizon, title: title)
      try AtomicFile.write(Array(picture.svg().utf8), to: plot)
      session.note("drawn: \(plot)")
    }
    return report
  }

  private static func report(
    _ backtest: ForecastBacktest, _ model: Forecaster, windows: Int, seen: Int
  ) -> ScoreReport {
    let table = backtest.table
    guard let own = table.scores(of: ForecastBacktest.own) else { return ScoreReport([]) }
    let remarks = [spread(backtest), better(table, than: own)].compactMap { $0 }
    var scores: [ScoreReport.Score] = [
      .init(
        "MASE", own.meanAbsoluteScaledError, note: remarks.isEmpty ? nil : remarks.joined(separator: "; ")),
      .init("MAE", own.meanAbsoluteError),
      .init("RMSE", own.rootMeanSquaredError), .init("sMAPE", own.symmetricPercentageError / 100, unit: "%"),
      .init("CRPS", own.continuousRankedProbabilityScore),
    ]
    for (level, share) in zip(table.intervalLevels, own.coverage) {
      scores.append(.init("in \(NumberText.shortest(level * 100)) % interval", share, unit: "%"))
    }
    if let owa = table.overallWeightedAverage(of: ForecastBacktest.own, against: Baseline.naive2.rawValue) {
      scores.append(.init("OWA against naive2", owa))
    }
    scores.append(
      .init("windows", Double(windows), note: seen > 0 ? "\(seen) of them part of the training data" : nil))
    var tables = [table.report]
    if let weights = model.calibration?.weights {
      tables.append(
        ScoreReport.Table(
          "what the model combines", columns: ["", "weight"],
          rows: weights.map { [$0.method, NumberText.decimal($0.weight, places: 2)] }))
    }
    return ScoreReport(scores, tables: tables)
  }

  /// How far the error differs between moments, or between series where there is one moment.
  private static func spread(_ backtest: ForecastBacktest) -> String? {
    func means(_ key: (ForecastBacktest.Entry) -> Int) -> [Double] {
      Dictionary(grouping: backtest.entries, by: key).values
        .map { ForecastMetrics.mean($0.map(\.error)) }.filter { !$0.isNaN }.sorted()
    }
    let (moments, series) = (means(\.moment), means(\.track.series))
    let (errors, what) = moments.count > 1 ? (moments, "moments") : (series, "series")
    guard errors.count > 1 else {
      return errors.isEmpty ? nil : "of one window, which says little of the next"
    }
    func text(_ value: Double) -> String { NumberText.decimal(value, places: 2) }
    guard errors.count >= 8 else {
      return "from \(text(errors[0])) to \(text(errors[errors.count - 1])) at \(errors.count) \(what)"
    }
    let (lower, upper) = (errors[errors.count / 4], errors[errors.count - 1 - errors.count / 4])
    return "from \(text(lower)) to \(text(upper)) at the middle half of \(errors.count) \(what)"
  }

  /// A simple method that does better, if one does.
  private static func better(_ table: ScoreTable, than own: ScoreTable.Scores) -> String? {
    let simple = Baseline.allCases.compactMap { method in
      table.scores(of: method.rawValue).map { (method.rawValue, $0.meanAbsoluteScaledError) }
    }.filter { !$0.1.isNaN }
    guard let best = simple.min(by: { $0.1 < $1.1 }), best.1 < own.meanAbsoluteScaledError else { return nil }
    return "\(best.0), a simple method, is better: \(NumberText.decimal(best.1, places: 4))"
  }

  /// Every step of every window.
  private static func rows(
    _ backtest: ForecastBacktest, _ history: TimeSeries, _ levels: [Double]
  ) -> ScoreReport.Table {
    let hasTargets = history.targetNames.count > 1
    let bounds = levels.flatMap { ["lo\(DecimalText.text($0))", "hi\(DecimalText.text($0))"] }
    let columns =
      history.idNames + [history.timeName] + (hasTargets ? ["target"] : [])
      + ["last known", "step", "actual", "forecast"] + bounds
    let rows = backtest.entries.flatMap { entry -> [[String]] in
      let (track, series) = (entry.track, history.series[entry.track.series])
      let intervals = levels.map { track.interval($0 / 100) }
      func text(_ value: Double) -> String { DecimalText.text(track.rounded(value)) }
      return entry.actual.indices.map { step -> [String] in
        var row = history.idParts(of: series)
        row.append(history.timeText(of: track.origin + step, in: series))
        if hasTargets { row.append(track.target) }
        row += [history.timeText(of: track.origin - 1, in: series), "\(step + 1)"]
        row += [DecimalText.text(entry.actual[step]), text(track.median[step])]
        return row + intervals.flatMap { [text($0.lower[step]), text($0.upper[step])] }
      }
    }
    return ScoreReport.Table("", columns: columns, rows: rows)
  }

  /// A panel for each target of each series, with those of its windows that do not overlap.
  private static func plotted(
    _ backtest: ForecastBacktest, _ history: TimeSeries, _ levels: [Double], _ horizon: Int, title: String
  ) -> ForecastPlot {
    let targets = history.targetNames.count
    var tracks: [Int: [ForecastBacktest.Entry]] = [:]
    // The latest first.
    for entry in backtest.entries.reversed() {
      let target = history.targetNames.firstIndex(of: entry.track.target) ?? 0
      let key = entry.track.series * targets + target
      if let last = tracks[key]?.last, entry.track.origin + horizon > last.track.origin { continue }
      tracks[key, default: []].append(entry)
    }
    let panels = tracks.keys.sorted().map { key in
      panel(tracks[key]?.reversed() ?? [], history, key / targets, key % targets, levels)
    }
    return ForecastPlot(
      title: title, panels: panels, valueLabel: targets == 1 ? history.targetNames[0] : "",
      shownHistory: max(4 * horizon, 3 * history.season))
  }

  private static func panel(
    _ entries: [ForecastBacktest.Entry], _ history: TimeSeries, _ index: Int, _ target: Int,
    _ levels: [Double]
  ) -> ForecastPlot.Panel {
    let (series, values) = (history.series[index], history.series[index].targets[target])
    let start = entries.first?.track.origin ?? values.count
    let end = entries.last.map { $0.track.origin + $0.actual.count } ?? values.count
    /// The windows' curves side by side, with gaps between them.
    func joined(_ curve: (Forecast.Track) -> [Double]) -> [Double] {
      var result = Array(repeating: Double.nan, count: end - start)
      for entry in entries {
        for (step, value) in curve(entry.track).prefix(entry.actual.count).enumerated() {
          result[entry.track.origin - start + step] = value
        }
      }
      return result
    }
    let names = [series.id, history.targetNames.count > 1 ? history.targetNames[target] : ""]
    return ForecastPlot.Panel(
      title: names.filter { !$0.isEmpty }.joined(separator: " · "), history: Array(values[..<start]),
      forecast: joined(\.median),
      bands: levels.sorted(by: >).map { level in
        ForecastPlot.Band(
          level: level / 100, lower: joined { $0.interval(level / 100).lower },
          upper: joined { $0.interval(level / 100).upper })
      },
      actual: Array(values[start..<end]), times: (0..<end).map { history.timeText(of: $0, in: series) })
  }
}

extension Model where Task == ForecastTask {
  /// - Throws: `SettingError` where more steps are asked for than the model writes.
  func check(horizon: Int) throws(SettingError) {
    guard horizon > settings.window.horizon else { return }
    throw SettingError(
      "horizon",
      expected:
        "at most the \(settings.window.horizon) steps that the model was trained for, as it writes all at once; "
        + "more need a training with that horizon", found: horizon)
  }

  /// Whether the steps that a window is scored on lie within the data that the model was trained on.
  fileprivate func hasSeen(_ window: SeriesWindow, of data: ForecastData) -> Bool {
    if !data.hash.isEmpty && data.hash == record.dataHash { return true }
    let series = data.series.series[window.series]
    guard let own = preparation.series.series.first(where: { $0.id == series.id }),
      let offset = data.series.frequency.steps(from: own.start, to: series.start)
    else { return false }
    return window.origin + offset < own.count
  }

  /// Forecasts of windows beside what came, and scores of them beside the baselines.
  fileprivate func backtest(
    _ chosen: [(window: SeriesWindow, moment: Int)], of history: TimeSeries, horizon: Int
  ) throws -> ForecastBacktest {
    let season = settings.window.season
    let windows = chosen.map(\.window)
    // A new series' scale is taken from what lies before its first window.
    var firsts = history.series.map { $0.count - horizon }
    for window in windows { firsts[window.series] = min(firsts[window.series], window.origin) }
    let fitted = firsts.map { max(0, $0) }
    // Without a season these say the same as naive.
    let baselines = Baseline.allCases.filter { season > 1 || ![.seasonalNaive, .naive2].contains($0) }
    let simple = simpleForecasts(baselines, windows, of: history)
    let found = try predictions(windows, of: history, fitted: fitted, simple: simple)
    let alone =
      calibration?.weights == nil
      ? nil : try predictions(windows, of: history, fitted: fitted, simple: [])
    var result = ForecastBacktest(table: ScoreTable(season: season))
    for (place, window) in windows.enumerated() {
      for (target, name) in history.targetNames.enumerated() {
        let values = history.series[window.series].targets[target]
        let past = Array(values[..<window.origin])
        let actual = Array(values[window.origin..<window.origin + horizon])
        // A past that nobody saw says nothing.
        let isBlank = past.allSatisfy(\.isNaN)
        func added(
          _ method: String, _ all: [(quantiles: [[Double]], resolution: Double)]
        ) -> Forecast.Track {
          let track = self.track(
            isBlank ? nil : all[place * history.targetNames.count + target],
            id: history.series[window.series].id, target: name, window)
          result.table.add(
            method, points: track.median, actual: actual, history: past, quantile: track.quantile)
          return track
        }
        let track = added(ForecastBacktest.own, found)
        if let alone { _ = added(ForecastBacktest.alone, alone) }
        let error = ForecastMetrics.meanAbsoluteScaledError(
          actual: actual, forecast: track.median, history: past, season: season)
        result.entries.append(
          ForecastBacktest.Entry(track: track, actual: actual, error: error, moment: chosen[place].moment))
        for baseline in baselines {
          guard let forecast = simple[place * history.targetNames.count + target][baseline] else { continue }
          result.table.add(baseline, forecast, actual: actual, history: past)
        }
      }
    }
    return result
  }

  /// What a person should know of data that the model is to continue.
  func notes(onContinuing series: TimeSeries) -> [String] {
    var notes: [String] = []
    var gaps: [(id: String, steps: Int)] = []
    for one in series.series {
      guard let own = preparation.series.series.first(where: { $0.id == one.id }),
        let start = series.frequency.steps(from: own.start, to: one.start), start > own.count
      else { continue }
      gaps.append((one.id, start - own.count))
    }
    if let first = gaps.first {
      let whose = first.id.isEmpty ? "" : " of \(first.id)"
      let more = gaps.count > 1 ? ", and others of \(gaps.count - 1) more series" : ""
      notes.append("\(first.steps) steps\(whose) between the training data and this data are missing\(more)")
    }
    for (target, minimum) in preparation.minimums.enumerated() {
      guard let minimum, let least = series.least(of: target), least < minimum else { continue }
      notes.append(
        "\(series.targetNames[target]) has values below \(DecimalText.text(minimum)), which those of the training had not: "
          + "forecasts may go below it, too")
    }
    return notes
  }
}

extension ForecastPreparation {
  /// What no forecast goes below, where that is near enough to the data to matter.
  var minimumNotes: [String] {
    let told = series.targetNames.indices.compactMap { target -> String? in
      guard let minimum = minimums[target], let least = series.least(of: target),
        let greatest = series.series.compactMap({ $0.targets[target].filter { !$0.isNaN }.max() }).max(),
        least - minimum <= greatest - least
      else { return nil }
      return "\(series.targetNames[target]) \(DecimalText.text(minimum))"
    }
    guard let first = told.first else { return [] }
    return [
      "minimum: \(first)" + (told.count > 1 ? " and so for \(told.count - 1) more" : "")
        + ", as no value of the data is below it"
    ]
  }
}
