import UnrollData

extension Forecaster {
  /// A rolling-origin backtest: forecasts from several moments of the past, each scored on what followed,
  /// beside the baselines on the same windows.
  ///
  /// Window k of a series ends `k · stride` steps before the last window's start; the model sees only what lies
  /// before. Series too short for a window are left out of it.
  ///
  /// - Parameters:
  ///   - history: the data to score on; the training data when `nil`.
  ///   - windows: the number of windows.
  ///   - stride: the distance between windows; the horizon when `nil`.
  /// - Throws: `ForecastError` when no series has a window.
  public func evaluate(
    _ history: TimeSeries? = nil, windows: Int = 1, stride: Int? = nil
  ) throws -> ScoreTable {
    let history = history ?? data
    try check(history)
    return try score(history, windows: windows, stride: stride)
  }

  func score(_ history: TimeSeries, windows: Int, stride: Int? = nil) throws -> ScoreTable {
    let step = max(1, stride ?? settings.horizon)
    var table = ScoreTable(season: settings.season)
    var scored = 0
    for window in (0..<max(1, windows)).reversed() {
      let back = window * step
      let ends = history.series.map { $0.count - settings.horizon - back }
      let chosen = history.series.indices.filter { ends[$0] >= settings.minimumHistory }
      guard !chosen.isEmpty else { continue }
      // The scales of a window are those of its past alone.
      let past = history.replacing(
        history.series.map { series in
          TimeSeries.Series(
            id: series.id, start: series.start,
            targets: series.targets.map { Array($0.dropLast(settings.horizon + back)) }, known: series.known)
        })
      let quantiles = try predict(
        chosen.map { ForecastWindow(series: $0, origin: ends[$0]) }, of: past)
      for (place, index) in chosen.enumerated() {
        for (target, name) in history.targetNames.enumerated() {
          let values = history.series[index].targets[target]
          let forecast = track(
            quantiles[place * history.targetNames.count + target], id: history.series[index].id,
            target: name, series: index, origin: ends[index])
          add(forecast, Array(values[..<ends[index]]),
            Array(values[ends[index]..<ends[index] + settings.horizon]), to: &table)
        }
      }
      scored += 1
    }
    guard scored > 0 else {
      throw ForecastError.tooShort(
        file: history.source, longest: history.series.map(\.count).max() ?? 0,
        needed: settings.minimumHistory + settings.horizon, purpose: "to score")
    }
    return table
  }

  private func add(
    _ forecast: Forecast.Track, _ past: [Double], _ actual: [Double], to table: inout ScoreTable
  ) {
    table.add(
      "model", points: forecast.median, actual: actual, history: past, quantile: forecast.quantile)
    for baseline in [Baseline.naive, .seasonalNaive, .drift, .naive2] {
      if baseline == .naive2 && settings.season == 1 { continue }
      table.add(baseline, actual: actual, history: past)
    }
  }
}

extension ScoreTable {
  func summary(of method: String) -> ForecastSummary.MethodScores? {
    scores(of: method).map {
      ForecastSummary.MethodScores(
        method: method, meanAbsoluteError: $0.meanAbsoluteError,
        rootMeanSquaredError: $0.rootMeanSquaredError,
        symmetricPercentageError: $0.symmetricPercentageError,
        meanAbsoluteScaledError: $0.meanAbsoluteScaledError, coverage: $0.coverage,
        continuousRankedProbabilityScore: $0.continuousRankedProbabilityScore)
    }
  }
}
