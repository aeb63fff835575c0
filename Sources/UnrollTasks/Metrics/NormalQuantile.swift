import UnrollCore

/// The standard normal distribution, for intervals of the baselines.
package enum StandardNormal {
  /// Φ(x) = ½ + φ(x)·(x + x³/3 + x⁵/(3·5) + …), summed until a term no longer counts (Marsaglia 2004).
  package static func cumulative(_ x: Double) -> Double {
    if x.isNaN { return .nan }
    if abs(x) > 8.3 { return x > 0 ? 1 : 0 }
    var term = x
    var sum = x
    var odd = 1.0
    while abs(term) > abs(sum) * 0x1p-54 {
      odd += 2
      term *= x * x / odd
      sum += term
    }
    return 0.5 + density(x) * sum
  }

  /// φ(x) = e^(−x²/2) / √(2π).
  package static func density(_ x: Double) -> Double {
    exponential(-x * x / 2) * 0.398_942_280_401_432_7
  }

  /// The x with Φ(x) = p; ±∞ at 0 and 1, NaN outside. Exact to about 10⁻⁸ for p in 10⁻⁷ … 1 − 10⁻⁷.
  ///
  /// Newton's method from 0 in the upper half, where Φ is concave: it climbs and never overshoots.
  package static func quantile(_ p: Double) -> Double {
    guard p >= 0, p <= 1 else { return .nan }
    if p < 0.5 { return -quantile(1 - p) }
    if p == 1 { return .infinity }
    var x = 0.0
    for _ in 0..<100 {
      let step = (p - cumulative(x)) / density(x)
      x += step
      if abs(step) < 1e-13 { break }
    }
    return x
  }
}
