import UnrollData

/// What forecasts said of the validation part and what came, made into what later forecasts are widened by.
public struct ForecastCalibration: Codable, Sendable, Equatable {
  /// For models without quantile outputs: quantiles of the errors on the validation part, `[step][level]`, on the scale
  /// of the window.
  public var residualQuantiles: [[Double]] = []
  /// For models with quantile outputs: what the distance of each level from the median is multiplied by.
  public var factors: [Double] = []
  /// What network and simple methods weigh in a combined forecast; `nil`: the network stands alone.
  public var weights: [MethodWeight]?

  /// The levels of a model's quantiles.
  static func levels(_ calibration: ForecastCalibration?, _ settings: ForecastSettings) -> [Double] {
    settings.loss == .squared && calibration?.residualQuantiles.isEmpty ?? true
      ? [0.5] : settings.levels.map(Double.init)
  }
}

/// What a network said of windows and what came, on the scale of each window.
package struct ValidationErrors {
  /// Outputs `[Q]`, rising, and the value that came, by step of the horizon.
  package var steps: [[(outputs: [Double], actual: Double)]]

  package init(steps: [[(outputs: [Double], actual: Double)]]) { self.steps = steps }

  /// For a network of one output: quantiles of its errors at each step, `[step][level]`; none where a step has
  /// fewer than two.
  package func residualQuantiles(_ levels: [Float]) -> [[Double]] {
    guard steps.allSatisfy({ $0.count >= 2 }) else { return [] }
    return steps.map { pairs in
      let errors = pairs.map { $0.actual - $0.outputs[0] }.sorted()
      return levels.map { Self.quantile(errors, Double($0)) }
    }
  }

  /// By how much the distance of each level from the median must be multiplied for the validation part to lie
  /// below the level as often as it says.
  ///
  /// A network learns its training data too well to know how far off it will be. This is conformalised quantile
  /// regression (Romano, Patterson and Candès 2019) with distances in place of differences, so that wide and
  /// narrow forecasts are stretched alike. Windows that were easy by chance must not narrow what is
  /// to come: factors are 1 at least, and 1 where there is too little to tell.
  package func factors(_ levels: [Float]) -> [Double] {
    let pairs = steps.flatMap { $0 }
    let middle = levels.count / 2
    return levels.indices.map { level in
      guard level != middle, pairs.count >= 20 else { return 1 }
      let ratios = pairs.compactMap { outputs, actual -> Double? in
        let distance = outputs[level] - outputs[middle]
        return distance == 0 ? nil : (actual - outputs[middle]) / distance
      }.sorted()
      guard ratios.count >= 20 else { return 1 }
      let share = level > middle ? Double(levels[level]) : 1 - Double(levels[level])
      return min(max(Self.quantile(ratios, share), 1), 4)
    }
  }

  private static func quantile(_ sorted: [Double], _ level: Double) -> Double {
    let place = level * Double(sorted.count - 1)
    let (below, share) = (Int(place), place - Double(Int(place)))
    return sorted[below] + share * (sorted[min(below + 1, sorted.count - 1)] - sorted[below])
  }
}
