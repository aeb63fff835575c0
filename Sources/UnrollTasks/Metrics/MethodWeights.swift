/// What one of several methods counts in their combination.
public struct MethodWeight: Codable, Sendable, Equatable {
  public let method: String
  /// From 0 to 1; those of all methods sum to 1.
  public let weight: Double

  public init(_ method: String, _ weight: Double) { (self.method, self.weight) = (method, weight) }
}

/// Forecasts that several methods made of the same windows, and what came: what their weights are chosen by.
///
/// A combined forecast is the weighted mean of the methods' quantiles of each level (Vincent 1912), so that its
/// intervals are as wide as those of its parts, weighed alike.
package struct MethodWeighing: Sendable {
  private let levels: [Double]
  private var methods: [String] = []
  /// By method: each level of each step, in units of the window's scale.
  private var quantiles: [String: [Double]] = [:]
  private var actual: [Double] = []

  package init(levels: [Double]) { self.levels = levels }

  /// Adds one window.
  ///
  /// Steps that some method or nobody knows are left out, for all methods alike.
  ///
  /// - Parameters:
  ///   - found: `[level][horizon]` of each method; the same methods in each window.
  ///   - scale: what errors of this window are divided by, so that windows count alike.
  package mutating func add(
    _ found: [(method: String, quantiles: [[Double]])], actual values: [Double], scale: Double
  ) {
    guard scale > 0, scale.isFinite else { return }
    if methods.isEmpty { methods = found.map(\.method) }
    guard methods == found.map(\.method) else { return }
    for step in values.indices where values[step].isFinite {
      let isWhole = found.allSatisfy { one in one.quantiles.allSatisfy { $0[step].isFinite } }
      guard isWhole else { continue }
      actual.append(values[step] / scale)
      for one in found {
        quantiles[one.method, default: []] += one.quantiles.map { $0[step] / scale }
      }
    }
  }

  /// The mean quantile loss of a weighted mean of the methods.
  private func loss(_ weights: [Double]) -> Double {
    let columns = methods.map { quantiles[$0] ?? [] }
    var total = 0.0
    for (step, value) in actual.enumerated() {
      for (index, level) in levels.enumerated() {
        let place = step * levels.count + index
        var combined = 0.0
        for (column, weight) in zip(columns, weights) where weight > 0 { combined += weight * column[place] }
        total += ForecastMetrics.pinball(actual: value, quantile: combined, level: level)
      }
    }
    return total / Double(max(1, actual.count * levels.count))
  }

  /// The weights of the methods, those of nothing left out; empty where no window was added.
  ///
  /// Half of each weight is chosen by forward selection with replacement (Caruana et al. 2004): ten times the
  /// method is added that makes the loss of the mean of all added least. The other half goes by the inverse
  /// square of the loss, among methods that lose at most half more than the best: a few windows say too little to
  /// bet on one method alone.
  package func weights() -> [MethodWeight] {
    guard !actual.isEmpty, !levels.isEmpty else { return [] }
    let units = methods.indices.map { one in methods.indices.map { $0 == one ? 1.0 : 0 } }
    let losses = units.map(loss)
    let least = losses.min() ?? 0
    guard least > 0 else { return [MethodWeight(methods[losses.firstIndex(of: least) ?? 0], 1)] }
    var counts = methods.map { _ in 0.0 }
    for round in 1...Self.rounds {
      let trials = units.map { unit in loss(zip(counts, unit).map { ($0 + $1) / Double(round) }) }
      if let best = trials.indices.min(by: { trials[$0] < trials[$1] }) { counts[best] += 1 }
    }
    let inverse = losses.map { $0 <= 1.5 * least ? least * least / ($0 * $0) : 0 }
    let sum = inverse.reduce(0, +)
    let weights = zip(counts, inverse).map { 0.5 * $0 / Double(Self.rounds) + 0.5 * $1 / sum }
    return Self.rounded(weights, methods)
  }

  private static let rounds = 10

  /// In hundredths, which sum to one.
  private static func rounded(_ weights: [Double], _ methods: [String]) -> [MethodWeight] {
    var hundredths = weights.map { Int((100 * $0).rounded()) }
    if let largest = hundredths.indices.max(by: { hundredths[$0] < hundredths[$1] }) {
      hundredths[largest] += 100 - hundredths.reduce(0, +)
    }
    return zip(methods, hundredths).filter { $1 > 0 }.map { MethodWeight($0, Double($1) / 100) }
  }
}
