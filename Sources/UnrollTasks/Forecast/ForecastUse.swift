import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

extension ForecastTask {
  public static func input(_ text: String, _ model: Forecaster, _ options: ForecastOptions) throws
    -> TimeSeries
  {
    throw DataError(
      .missingFile, file: text, expected: "a file of the model's columns", found: "none",
      statement: "there is no such file")
  }

  public static func inputs(
    contentsOf path: String, _ model: Forecaster, _ options: ForecastOptions, note: (String) -> Void
  ) throws -> [TaskInput<TimeSeries>]? { [TaskInput(try ForecastData([path], model.settings).series)] }

  public static func defaultInput(_ model: Forecaster, _ options: ForecastOptions) -> TimeSeries? {
    model.preparation.series
  }

  public static func answers(
    _ inputs: [TimeSeries], _ model: Forecaster, _ options: ForecastOptions, _ session: AnswerSession
  ) throws -> [Forecast] {
    try inputs.map { series in
      var forecast = try model.forecast(series)
      forecast.levels = options.levels.map { Double("\($0)") ?? Double($0) }
      for note in forecast.notes { session.note(note) }
      if let plot = options.plot {
        let title = "\(series.source): the next \(forecast.horizon) steps"
        try AtomicFile.write(Array(forecast.plot(title: title).svg().utf8), to: plot)
        session.note("drawn: \(plot)\n\(forecast.sparklines(width: 80))")
      }
      return forecast
    }
  }

  public static func ownData(_ model: Forecaster) -> ForecastData? { ForecastData(model.preparation.series) }

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
    let isHeldOut = data.scoredSteps > 0
    let step = isHeldOut ? data.stride : max(1, options.stride ?? window.horizon)
    let lasts = history.series.map { $0.count - window.horizon }
    var chosen: [SeriesWindow] = []
    for index in (0..<(isHeldOut ? max(1, data.scoredSteps / step) : options.windows)).reversed() {
      for (series, last) in lasts.enumerated() where last - index * step >= window.minimumHistory {
        guard !isHeldOut || last - index * step >= history.series[series].count - data.scoredSteps else {
          continue
        }
        chosen.append(SeriesWindow(series: series, origin: last - index * step))
      }
    }
    guard !chosen.isEmpty else {
      throw DataError(
        .noRows, file: history.source,
        expected: "at least \(window.minimumHistory + window.horizon) rows in a series to score",
        found: "\(history.series.map(\.count).max() ?? 0) in the longest")
    }
    let table = try model.scores(chosen, of: history)
    let seen = isHeldOut ? 0 : chosen.count { model.hasSeen($0, of: history) }
    if seen > 0 {
      session.note("\(seen) of \(chosen.count) windows are part of what the model was trained on")
    }
    return report(table, windows: chosen.count, seen: seen)
  }

  private static func report(_ table: ScoreTable, windows: Int, seen: Int) -> ScoreReport {
    guard let own = table.scores(of: "model") else { return ScoreReport([]) }
    var scores: [ScoreReport.Score] = [
      .init("MASE", own.meanAbsoluteScaledError), .init("MAE", own.meanAbsoluteError),
      .init("RMSE", own.rootMeanSquaredError), .init("sMAPE", own.symmetricPercentageError / 100, unit: "%"),
      .init("CRPS", own.continuousRankedProbabilityScore),
    ]
    for (level, share) in zip(table.intervalLevels, own.coverage) {
      scores.append(.init("in \(NumberText.shortest(level * 100)) % interval", share, unit: "%"))
    }
    if let owa = table.overallWeightedAverage(of: "model", against: Baseline.naive2.rawValue) {
      scores.append(.init("OWA against naive2", owa))
    }
    scores.append(
      .init("windows", Double(windows), note: seen > 0 ? "\(seen) of them part of the training data" : nil))
    return ScoreReport(scores, tables: [table.report])
  }
}

extension Model where Task == ForecastTask {
  /// What `forecast()` continues: what the model was trained on.
  public var data: TimeSeries { preparation.series }

  /// Trains a forecaster on series.
  ///
  /// - Throws: `DataError` when the data is too short, `TrainingError` when training goes astray.
  public static func train(
    on series: TimeSeries, settings: ForecastSettings? = nil, session: TaskSession = TaskSession()
  ) throws -> Forecaster { try train(on: ForecastData(series), settings: settings, session: session) }

  /// Forecasts the steps after the training data, or after other data of the same columns.
  ///
  /// - Throws: `DataError` when the data does not fit the model.
  public func forecast(_ history: TimeSeries? = nil) throws -> Forecast {
    let history = history ?? preparation.series
    let window = settings.window
    try preparation.check(history)
    let longest = history.series.map(\.count).max() ?? 0
    guard longest >= window.minimumHistory else {
      throw DataError(
        .noRows, file: history.source,
        expected: "at least \(window.minimumHistory) rows in a series to forecast",
        found: "\(longest) in the longest")
    }
    let windows = history.series.indices.filter { history.series[$0].count >= window.minimumHistory }
      .map { SeriesWindow(series: $0, origin: history.series[$0].count) }
    let found = try predict(windows, of: history)
    var tracks: [Forecast.Track] = []
    var place = 0
    for (index, series) in history.series.enumerated() {
      let isLong = series.count >= window.minimumHistory
      for (target, name) in history.targetNames.enumerated() {
        let hasPast = isLong && series.targets[target].contains { !$0.isNaN }
        tracks.append(
          track(
            hasPast ? found[place * history.targetNames.count + target] : nil, id: series.id, target: name,
            SeriesWindow(series: index, origin: series.count)))
      }
      if isLong { place += 1 }
    }
    guard tracks.contains(where: { !$0.median[0].isNaN }) else {
      throw DataError(
        .notANumber, file: history.source,
        expected: "numbers in \(history.targetNames.joined(separator: ", "))",
        found: "only missing values")
    }
    return Forecast(tracks: tracks, data: history, horizon: window.horizon)
  }

  private func track(
    _ found: (quantiles: [[Double]], resolution: Double)?, id: String, target: String, _ window: SeriesWindow
  ) -> Forecast.Track {
    let empty = Array(repeating: Double.nan, count: settings.window.horizon)
    let levels = ForecastCalibration.levels(calibration, settings)
    let all = found?.quantiles ?? Array(repeating: empty, count: levels.count)
    return Forecast.Track(
      id: id, target: target, series: window.series, origin: window.origin, median: all[all.count / 2],
      quantiles: all, levels: levels, resolution: found?.resolution ?? 0)
  }

  /// Whether the steps that a window is scored on lie within the data that the model was trained on.
  fileprivate func hasSeen(_ window: SeriesWindow, of history: TimeSeries) -> Bool {
    let series = history.series[window.series]
    guard let own = preparation.series.series.first(where: { $0.id == series.id }),
      let offset = history.frequency.steps(from: own.start, to: series.start)
    else { return false }
    return window.origin + offset < own.count
  }

  /// Scores of forecasts of windows, beside the baselines.
  func scores(
    _ windows: [SeriesWindow], of history: TimeSeries, baselines: [Baseline] = Baseline.allCases
  ) throws -> ScoreTable {
    let (horizon, season) = (settings.window.horizon, settings.window.season)
    // A new series' scale is taken from what lies before its first window.
    var firsts = history.series.map { $0.count - horizon }
    for window in windows { firsts[window.series] = min(firsts[window.series], window.origin) }
    let found = try predict(windows, of: history, fitted: firsts.map { max(0, $0) })
    var table = ScoreTable(season: season)
    for (place, window) in windows.enumerated() {
      for (target, name) in history.targetNames.enumerated() {
        let values = history.series[window.series].targets[target]
        let past = Array(values[..<window.origin])
        // A past that nobody saw says nothing.
        let forecast = track(
          past.allSatisfy(\.isNaN) ? nil : found[place * history.targetNames.count + target],
          id: history.series[window.series].id, target: name, window)
        let actual = Array(values[window.origin..<window.origin + horizon])
        table.add(
          "model", points: forecast.median, actual: actual, history: past, quantile: forecast.quantile)
        // Without a season these say the same as naive.
        for baseline in baselines where season > 1 || ![.seasonalNaive, .naive2].contains(baseline) {
          table.add(baseline, actual: actual, history: past)
        }
      }
    }
    return table
  }

  /// The quantiles of each target of each window, `[window · target]` of `[level][horizon]`, in the units of the data.
  ///
  /// - Parameter fitted: per series, the number of first steps that a new series' scale is taken from; `nil`: all.
  private func predict(
    _ windows: [SeriesWindow], of history: TimeSeries, fitted: [Int]? = nil
  ) throws -> [(quantiles: [[Double]], resolution: Double)] {
    let prepared = WindowedSeries(
      history, settings.window, future: settings.window.horizon, fitted: fitted, scales: preparation.scales)
    let targets = history.targetNames.count
    let perBatch = max(1, 512 / max(1, targets))
    var result: [(quantiles: [[Double]], resolution: Double)] = []
    result.reserveCapacity(windows.count * targets)
    for start in stride(from: 0, to: windows.count, by: perBatch) {
      let some = Array(windows[start..<min(start + perBatch, windows.count)])
      let batch = WindowBatch(some, of: prepared)
      let outputs = try meanOutputs(batch)
      for row in 0..<batch.rows {
        let track = prepared.entries[some[row / targets].series].tracks[row % targets]
        let isLog = settings.window.transform == .log
        // Single precision tells values apart to within 2⁻²⁴ of the window's scale.
        result.append(
          (
            restore(outputs, row, batch, track.scale),
            isLog ? 0 : track.scale.deviation * Double(batch.scale[row]) * 0x1p-20
          ))
      }
    }
    return result
  }

  /// The mean of the ensemble's outputs, `[B, m·w, Q]`.
  package func meanOutputs(_ batch: WindowBatch) throws -> [Float] {
    var none: RandomSource?
    var sum: [Float] = []
    for network in networks {
      let outputs = try network(batch, random: &none).value.elements
      sum = sum.isEmpty ? outputs : zip(sum, outputs).map(+)
    }
    let count = Float(networks.count)
    return count == 1 ? sum : sum.map { $0 / count }
  }

  /// One row's outputs on the scale of the data, `[level][horizon]`, rising with the level.
  private func restore(_ outputs: [Float], _ row: Int, _ batch: WindowBatch, _ scale: SeriesScale)
    -> [[Double]]
  {
    let (width, window) = (settings.outputs, settings.window)
    let levels = ForecastCalibration.levels(calibration, settings).count
    var result = Array(repeating: Array(repeating: 0.0, count: window.horizon), count: levels)
    for step in 0..<window.horizon {
      let start = (row * window.writtenSteps + step) * width
      var values = outputs[start..<start + width].map { Double($0) }
      if settings.loss == .squared, let residuals = calibration?.residualQuantiles, !residuals.isEmpty {
        values = residuals[step].map { values[0] + $0 }
      }
      // Quantiles of separate outputs may cross; sorting them only makes them better (Chernozhukov et al. 2010).
      values.sort()
      if let factors = calibration?.factors, factors.count == values.count {
        let median = values[values.count / 2]
        values = zip(values, factors).map { median + ($0 - median) * $1 }.sorted()
      }
      for (level, value) in values.enumerated() {
        let scaled =
          (value * Double(batch.scale[row]) + Double(batch.centre[row])) * scale.deviation + scale.mean
        result[level][step] = window.transform == .log ? exponential(min(scaled, 700)) : scaled
      }
    }
    return result
  }

  /// What the forecaster says of each window that was held out, beside what came.
  func errors(on data: ForecastData) throws -> ValidationErrors {
    let prepared = WindowedSeries(data.series, settings.window, future: 0, scales: preparation.scales)
    let windows = data.windows(settings.window)
    var result = ValidationErrors(steps: Array(repeating: [], count: settings.window.horizon))
    let (width, written) = (settings.outputs, settings.window.writtenSteps)
    for start in stride(from: 0, to: windows.count, by: 64) {
      let batch = WindowBatch(Array(windows[start..<min(start + 64, windows.count)]), of: prepared)
      let outputs = try meanOutputs(batch)
      for row in 0..<batch.rows {
        for step in 0..<settings.window.horizon where batch.weights[row * written + step] > 0 {
          let place = row * written + step
          let values = outputs[place * width..<(place + 1) * width].map(Double.init).sorted()
          result.steps[step].append((values, Double(batch.target[place])))
        }
      }
    }
    return result
  }
}
