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
  ///   - baselines: the methods to compare with.
  /// - Throws: `ForecastError` when no series has a window.
  public func evaluate(
    _ history: TimeSeries? = nil, windows: Int = 1, stride: Int? = nil,
    baselines: [Baseline] = Baseline.allCases
  ) throws -> ScoreTable {
    let history = history ?? data
    try check(history)
    return try score(history, windows: windows, stride: stride, baselines: baselines)
  }

  func score(
    _ history: TimeSeries, windows: Int, stride: Int? = nil, baselines: [Baseline] = Baseline.allCases
  ) throws -> ScoreTable {
    let step = max(1, stride ?? settings.horizon)
    let lasts = history.series.map { $0.count - settings.horizon }
    var chosen: [ForecastWindow] = []
    for window in (0..<max(1, windows)).reversed() {
      for (series, last) in lasts.enumerated() where last - window * step >= settings.minimumHistory {
        chosen.append(ForecastWindow(series: series, origin: last - window * step))
      }
    }
    guard !chosen.isEmpty else {
      throw ForecastError.tooShort(
        file: history.source, longest: history.series.map(\.count).max() ?? 0,
        needed: settings.minimumHistory + settings.horizon, purpose: "to score")
    }
    // A new series' scale is taken from what lies before its first window.
    var firsts = lasts
    for window in chosen { firsts[window.series] = min(firsts[window.series], window.origin) }
    let quantiles = try predict(chosen, of: history, fitted: firsts.map { max(0, $0) })
    var table = ScoreTable(season: settings.season)
    for (place, window) in chosen.enumerated() {
      for (target, name) in history.targetNames.enumerated() {
        let values = history.series[window.series].targets[target]
        let past = Array(values[..<window.origin])
        // A past that nobody saw says nothing.
        let forecast = track(
          past.allSatisfy(\.isNaN) ? nil : quantiles[place * history.targetNames.count + target],
          id: history.series[window.series].id, target: name, series: window.series, origin: window.origin)
        add(
          forecast, past,
          Array(values[window.origin..<window.origin + settings.horizon]), baselines, to: &table)
      }
    }
    return table
  }

  private func add(
    _ forecast: Forecast.Track, _ past: [Double], _ actual: [Double], _ baselines: [Baseline],
    to table: inout ScoreTable
  ) {
    table.add(
      "model", points: forecast.median, actual: actual, history: past, quantile: forecast.quantile)
    // Without a season these say the same as naive.
    let seasonal: [Baseline] = [.seasonalNaive, .naive2]
    for baseline in baselines where settings.season > 1 || !seasonal.contains(baseline) {
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
