import UnrollData

/// Forecasts by the network and simple methods together.
extension Model where Task == ForecastTask {
  /// The network's name among the methods.
  static var networkName: String { "network" }

  private func simpleMethods() -> [Baseline] {
    settings.window.season > 1
      ? [.seasonalNaive, .naive2, .smoothing, .theta] : [.naive, .smoothing, .theta]
  }

  /// The weights of network and simple methods that serve best on windows that were held out; `nil`: the network alone.
  func combination(on data: ForecastData) throws -> [MethodWeight]? {
    let (history, all) = (data.series, data.windows(settings.window))
    let targets = history.targetNames.count
    let step = max(1, all.count * targets / 200)
    let windows = stride(from: 0, to: all.count, by: step).map { all[$0] }
    let found = try networkPredictions(windows, of: history)
    let levels = ForecastCalibration.levels(calibration, settings)
    var weighing = MethodWeighing(levels: levels)
    for (place, window) in windows.enumerated() {
      for target in 0..<targets {
        let values = history.series[window.series].targets[target]
        let past = Array(values[..<window.origin])
        guard past.contains(where: { !$0.isNaN }) else { continue }
        let simple = simpleMethods().map { ($0.rawValue, simpleQuantiles($0, past, levels)) }
        weighing.add(
          [(Self.networkName, found[place * targets + target].quantiles)] + simple,
          actual: Array(values[window.origin..<window.origin + settings.window.horizon]),
          scale: ForecastMetrics.scale(history: past, season: settings.window.season))
      }
    }
    let weights = weighing.weights()
    return weights.isEmpty || weights.map(\.method) == [Self.networkName] ? nil : weights
  }

  /// `[level][horizon]`
  private func simpleQuantiles(_ method: Baseline, _ past: [Double], _ levels: [Double]) -> [[Double]] {
    let forecast = method.forecast(
      history: past, horizon: settings.window.horizon, season: settings.window.season)
    return levels.map(forecast.quantile)
  }

  /// What is forecast of each target of each window, by all methods that have a weight.
  ///
  /// - Parameter fitted: per series, the number of first steps that a new series' scale is taken from; `nil`: all.
  func predictions(
    _ windows: [SeriesWindow], of history: TimeSeries, fitted: [Int]? = nil, combining: Bool = true
  ) throws -> [(quantiles: [[Double]], resolution: Double)] {
    var found = try networkPredictions(windows, of: history, fitted: fitted)
    let levels = ForecastCalibration.levels(calibration, settings)
    let targets = history.targetNames.count
    for place in found.indices {
      let (window, target) = (windows[place / targets], place % targets)
      let past = history.series[window.series].targets[target][..<window.origin].filter { !$0.isNaN }
      guard let least = past.min(), let greatest = past.max() else { continue }
      if least == greatest {
        // What never changed goes on; what the network says beside it is the noise of its arithmetic.
        found[place].quantiles = levels.map { _ in Array(repeating: least, count: settings.window.horizon) }
        continue
      }
      if combining, let weights = calibration?.weights {
        let all = Array(history.series[window.series].targets[target][..<window.origin])
        found[place].quantiles = combined(weights, found[place].quantiles, all, levels)
      }
      if let minimum = preparation.minimums[target], least >= minimum {
        found[place].quantiles = found[place].quantiles.map { $0.map { max($0, minimum) } }
      }
    }
    return found
  }

  private func combined(
    _ weights: [MethodWeight], _ network: [[Double]], _ past: [Double], _ levels: [Double]
  ) -> [[Double]] {
    var sum = network.map { $0.map { _ in 0.0 } }
    var total = 0.0
    for one in weights {
      let method = Baseline(rawValue: one.method)
      let quantiles = method.map { simpleQuantiles($0, past, levels) } ?? network
      // A method that has too little past to say anything is left out.
      guard quantiles.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { continue }
      total += one.weight
      sum = zip(sum, quantiles).map { zip($0, $1).map { $0 + one.weight * $1 } }
    }
    return total > 0 ? sum.map { $0.map { $0 / total } } : network
  }

  /// For a person: `network 0.4, ETS 0.35, theta 0.25`.
  var weightsText: String? {
    calibration?.weights.map { weights in
      weights.map { "\($0.method) \(NumberText.shortest($0.weight))" }.joined(separator: ", ")
    }
  }
}
