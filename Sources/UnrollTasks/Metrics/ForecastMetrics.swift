/// Scores of a forecast against what happened. Legend: y actual, f forecast, h steps, m season length.
///
/// A step counts only where everything it needs is there: a step whose actual or forecast is NaN is left out
/// of the mean, and a mean over no steps is NaN. Arrays are read in parallel up to the shortest of them.
public enum ForecastMetrics {
  /// mean |y − f|, in the units of the series.
  public static func meanAbsoluteError(actual: [Double], forecast: [Double]) -> Double {
    mean(zip(actual, forecast).map { abs($0 - $1) })
  }

  /// √ mean (y − f)², in the units of the series.
  public static func rootMeanSquaredError(actual: [Double], forecast: [Double]) -> Double {
    mean(zip(actual, forecast).map { ($0 - $1) * ($0 - $1) }).squareRoot()
  }

  /// mean 200·|y − f| / (|y| + |f|), in percent from 0 to 200; a step where both are zero counts as 0.
  ///
  /// The definition of the M4 competition (Makridakis, Spiliotis & Assimakopoulos 2020, section 2.3).
  public static func symmetricPercentageError(actual: [Double], forecast: [Double]) -> Double {
    mean(zip(actual, forecast).map(symmetricPercentageTerm))
  }

  /// One step of the symmetric percentage error.
  static func symmetricPercentageTerm(actual y: Double, forecast f: Double) -> Double {
    let size = abs(y) + abs(f)
    return size == 0 ? 0 : 200 * abs(y - f) / size
  }

  /// mean |yₜ − yₜ₋ₘ| over the history: the in-sample error of seasonal naive, by which MASE is scaled.
  ///
  /// Where that is zero or has no pair of values (a constant series, one shorter than its season), the season
  /// is taken as 1; where that too is zero or empty there is no scale, and the result is NaN.
  public static func scale(history: [Double], season: Int) -> Double {
    for lag in season > 1 ? [season, 1] : [1] {
      let value = mean(zip(history.dropFirst(lag), history).map { abs($0 - $1) })
      if value > 0 { return value }
    }
    return .nan
  }

  /// mean |y − f| / `scale(history:season:)` (Hyndman & Koehler 2006); 1 is as good as seasonal naive did one
  /// season ahead on the history. NaN where the history gives no scale.
  public static func meanAbsoluteScaledError(
    actual: [Double], forecast: [Double], history: [Double], season: Int
  ) -> Double {
    meanAbsoluteError(actual: actual, forecast: forecast) / scale(history: history, season: season)
  }

  /// The share of actual values inside [lower, upper], ends included, from 0 to 1. An 80 % interval that is
  /// neither too wide nor too narrow covers 0.8.
  public static func coverage(actual: [Double], lower: [Double], upper: [Double]) -> Double {
    mean(
      zip(actual, zip(lower, upper)).map { y, bounds in
        if y.isNaN || bounds.0.isNaN || bounds.1.isNaN { return .nan }
        return bounds.0 <= y && y <= bounds.1 ? 1 : 0
      })
  }

  /// mean (upper − lower), in the units of the series: the sharpness of an interval.
  public static func meanIntervalWidth(lower: [Double], upper: [Double]) -> Double {
    mean(zip(upper, lower).map { $0 - $1 })
  }

  /// Mean scaled interval score of a central interval of `level` = 1 − α (Gneiting & Raftery 2007, as in M4):
  ///
  ///     mean [ (u − l) + 2/α (l − y)·1{y < l} + 2/α (y − u)·1{y > u} ] / scale
  public static func meanScaledIntervalScore(
    actual: [Double], lower: [Double], upper: [Double], level: Double, history: [Double], season: Int
  ) -> Double {
    let penalty = 2 / (1 - level)
    let scores = zip(actual, zip(lower, upper)).map { y, bounds in
      let (l, u) = bounds
      return (u - l) + penalty * (max(l - y, 0) + max(y - u, 0)) + (y.isNaN ? .nan : 0)
    }
    return mean(scores) / scale(history: history, season: season)
  }

  /// ρ_τ(y, q) = τ·(y − q) where y ≥ q, (τ − 1)·(y − q) where y < q: the loss that the τ-quantile makes least.
  public static func pinball(actual y: Double, quantile q: Double, level τ: Double) -> Double {
    y >= q ? τ * (y - q) : (τ - 1) * (y - q)
  }

  /// mean ρ_τ over the steps, in the units of the series.
  public static func quantileLoss(actual: [Double], quantile: [Double], level: Double) -> Double {
    mean(zip(actual, quantile).map { pinball(actual: $0, quantile: $1, level: level) })
  }

  /// mean over the levels τ of 2·Σ ρ_τ / Σ |y|: without a unit, so that series of different size compare.
  /// `quantiles[k]` holds the steps of `levels[k]`. NaN where every actual value is zero or missing.
  public static func meanWeightedQuantileLoss(
    actual: [Double], quantiles: [[Double]], levels: [Double]
  ) -> Double {
    mean(
      zip(quantiles, levels).map { quantile, level in
        let size = mean(zip(actual, quantile).map { $1.isNaN ? .nan : abs($0) })
        return size == 0 ? .nan : 2 * quantileLoss(actual: actual, quantile: quantile, level: level) / size
      })
  }

  /// The continuous ranked probability score, from quantiles: 2 × the mean of ρ_τ over levels and steps.
  ///
  /// CRPS = 2 ∫₀¹ ρ_τ dτ; with levels spread evenly the mean is the midpoint rule for the integral. In the units
  /// of the series, and equal to the absolute error when all quantiles are one number and levels are symmetric.
  public static func continuousRankedProbabilityScore(
    actual: [Double], quantiles: [[Double]], levels: [Double]
  ) -> Double {
    2 * mean(zip(quantiles, levels).map { quantileLoss(actual: actual, quantile: $0, level: $1) })
  }

  /// Overall weighted average of M4: ½ (sMAPE / sMAPE of Naive2 + MASE / MASE of Naive2); below 1 beats Naive2.
  public static func overallWeightedAverage(
    symmetricPercentageError: Double, meanAbsoluteScaledError: Double,
    referencePercentageError: Double, referenceScaledError: Double
  ) -> Double {
    (symmetricPercentageError / referencePercentageError + meanAbsoluteScaledError / referenceScaledError) / 2
  }

  /// The mean of the numbers that are not NaN; NaN of none.
  static func mean(_ values: [Double]) -> Double {
    var sum = 0.0
    var count = 0
    for value in values where !value.isNaN {
      sum += value
      count += 1
    }
    return count == 0 ? .nan : sum / Double(count)
  }
}
