import UnrollData

/// Forecasts by the network and simple methods together.
extension Model where Task == ForecastTask {
  /// The network's name among the methods.
  static var networkName: String { "network" }

  private var combinable: [Baseline] {
    settings.window.season > 1
      ? [.seasonalNaive, .naive2, .smoothing, .theta] : [.naive, .smoothing, .theta]
  }

  /// What simple methods say of each target of each window.
  func simpleForecasts(
    _ methods: [Baseline], _ windows: [SeriesWindow], of history: TimeSeries
  ) -> [[Baseline: BaselineForecast]] {
    windows.flatMap { window in
      history.series[window.series].targets.map { values in
        let past = Array(values[..<window.origin])
        return Dictionary(
          uniqueKeysWithValues: methods.map {
            ($0, $0.forecast(history: past, horizon: settings.window.horizon, season: settings.window.season))
          })
      }
    }
  }

  /// The weights of network and simple methods that serve best on windows that were held out; `nil`: the network alone.
  func combination(on data: ForecastData) throws -> [MethodWeight]? {
    let (history, all) = (data.series, data.windows(settings.window))
    let targets = history.targetNames.count
    let step = max(1, all.count * targets / 200)
    let windows = stride(from: 0, to: all.count, by: step).map { all[$0] }
    let found = try networkPredictions(windows, of: history)
    let simple = simpleForecasts(combinable, windows, of: history)
    let levels = ForecastCalibration.levels(calibration, settings)
    var weighing = MethodWeighing(levels: levels)
    for (place, window) in windows.enumerated() {
      for target in 0..<targets {
        let values = history.series[window.series].targets[target]
        let past = Array(values[..<window.origin])
        guard past.contains(where: { !$0.isNaN }) else { continue }
        let others = combinable.map { method in
          (method.rawValue, levels.map { simple[place * targets + target][method]?.quantile($0) ?? [] })
        }
        weighing.add(
          [(Self.networkName, found[place * targets + target].quantiles)] + others,
          actual: Array(values[window.origin..<window.origin + settings.window.horizon]),
          scale: ForecastMetrics.scale(history: past, season: settings.window.season))
      }
    }
    let weights = weighing.weights()
    return weights.isEmpty || weights.map(\.method) == [Self.networkName] ? nil : weights
  }

  /// What is forecast of each target of each window, by all methods that have a weight.
  ///
  /// - Parameters:
  ///   - fitted: per series, the number of first steps that a new series' scale is taken from; `nil`: all.
  ///   - simple: what simple methods say, where it is known already; none: the network is to stand alone.
  func predictions(
    _ windows: [SeriesWindow], of history: TimeSeries, fitted: [Int]? = nil,
    simple: [[Baseline: BaselineForecast]]? = nil
  ) throws -> [(quantiles: [[Double]], resolution: Double)] {
    var found = try networkPredictions(windows, of: history, fitted: fitted)
    let levels = ForecastCalibration.levels(calibration, settings)
    let targets = history.targetNames.count
    let weights = calibration?.weights ?? []
    let methods = weights.compactMap { Baseline(rawValue: $0.method) }
    let simple = simple ?? simpleForecasts(methods, windows, of: history)
    for place in found.indices {
      let (window, target) = (windows[place / targets], place % targets)
      let past = history.series[window.series].targets[target][..<window.origin].filter { !$0.isNaN }
      guard let least = past.min(), let greatest = past.max() else { continue }
      if least == greatest {
        // What never changed goes on; what the network says beside it is the noise of its arithmetic.
        found[place].quantiles = levels.map { _ in Array(repeating: least, count: settings.window.horizon) }
        continue
      }
      if !weights.isEmpty && !simple.isEmpty {
        found[place].quantiles = combined(weights, found[place].quantiles, simple[place], levels)
      }
      if let minimum = preparation.minimums[target], least >= minimum {
        found[place].quantiles = found[place].quantiles.map { $0.map { max($0, minimum) } }
      }
    }
    return found
  }

  private func combined(
    _ weights: [MethodWeight], _ network: [[Double]], _ simple: [Baseline: BaselineForecast],
    _ levels: [Double]
  ) -> [[Double]] {
    var sum = network.map { $0.map { _ in 0.0 } }
    var total = 0.0
    for one in weights {
      var quantiles = network
      if one.method != Self.networkName {
        guard let found = Baseline(rawValue: one.method).flatMap({ simple[$0] }) else { continue }
        quantiles = levels.map(found.quantile)
      }
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
