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
  ) throws -> [TaskInput<TimeSeries>]? {
    let series = try ForecastData([path], model.settings).series
    for line in series.dataNotes where [.gaps, .missing, .order].contains(line.kind) { note(line.text) }
    return [TaskInput(series)]
  }

  public static func defaultInput(_ model: Forecaster, _ options: ForecastOptions) -> TimeSeries? {
    model.preparation.series
  }

  public static func answers(
    _ inputs: [TimeSeries], _ model: Forecaster, _ options: ForecastOptions, _ session: AnswerSession
  ) throws -> [Forecast] {
    try inputs.map { series in
      var forecast = try model.forecast(series)
      if let horizon = options.horizon {
        try model.check(horizon: horizon)
        forecast = forecast.prefix(horizon)
      }
      forecast.levels = options.intervalLevels
      for note in forecast.notes + model.notes(onContinuing: series) { session.note(note) }
      if let plot = options.plot {
        let title = "\(series.source): the next \(forecast.horizon) steps"
        try AtomicFile.write(Array(forecast.plot(title: title).svg().utf8), to: plot)
        session.note("drawn: \(plot)\n\(forecast.sparklines(width: 80))")
      }
      return forecast
    }
  }

  public static func ownData(_ model: Forecaster) -> ForecastData? { ForecastData(model.preparation.series) }
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
    let found = try predictions(windows, of: history)
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

  func track(
    _ found: (quantiles: [[Double]], resolution: Double)?, id: String, target: String, _ window: SeriesWindow
  ) -> Forecast.Track {
    let empty = Array(repeating: Double.nan, count: settings.window.horizon)
    let levels = ForecastCalibration.levels(calibration, settings)
    let all = found?.quantiles ?? Array(repeating: empty, count: levels.count)
    return Forecast.Track(
      id: id, target: target, series: window.series, origin: window.origin, median: all[all.count / 2],
      quantiles: all, levels: levels, resolution: found?.resolution ?? 0)
  }

  /// The quantiles of each target of each window, `[window · target]` of `[level][horizon]`, in the units of the data.
  ///
  /// - Parameter fitted: per series, the number of first steps that a new series' scale is taken from; `nil`: all.
  func networkPredictions(
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
