/// The paths through the nodes (t, u) of a transducer (Graves 2012, "Sequence Transduction with Recurrent Neural
/// Networks", section 2.4): t steps read, u labels written. At a node a path writes the next label and stays at its
/// step, or writes nothing, the blank, and goes to the next step; the blank at the last node ends it.
///
///     α(t, u) = ln(e^(α(t−1, u) + b(t−1, u)) + e^(α(t, u−1) + l(t, u−1)))     ln p = α(T−1, U) + b(T−1, U)
///     β(t, u) = ln(e^(β(t+1, u) + b(t, u)) + e^(β(t, u+1) + l(t, u)))
///
/// b and l being ln p of the blank and of the next label. All in double, in a fixed order.
struct TransducerLattice {
  /// T, at least 1.
  let steps: Int
  /// U + 1.
  let width: Int
  /// b and l, node by node, `[T, U + 1]` each; l is not read where no label is left.
  let blank: [Double]
  let label: [Double]

  /// ln 0: a number, so that differences of two of them are one too.
  private static let impossible = -1e300

  /// ln(eᵃ + eᵇ) of finite numbers.
  @inline(__always) private static func sum(_ a: Double, _ b: Double) -> Double {
    let (most, least) = a > b ? (a, b) : (b, a)
    return most + naturalLogarithm(1 + exponential(least - most))
  }

  /// ln p of the labels, and e^(α + … − ln p) of the two ways on from each node, node by node: the probability that the
  /// path of these labels goes that way.
  ///
  /// - Returns: no shares where they are not wanted, or where there is no path.
  func run(wantsShares: Bool) -> (logProbability: Double, blank: [Double], label: [Double]) {
    var alpha = [Double](repeating: Self.impossible, count: steps * width)
    for t in 0..<steps {
      for u in 0..<width {
        let node = t * width + u
        if node == 0 {
          alpha[0] = 0
          continue
        }
        let below = t > 0 ? alpha[node - width] + blank[node - width] : Self.impossible
        let before = u > 0 ? alpha[node - 1] + label[node - 1] : Self.impossible
        alpha[node] = t == 0 ? before : u == 0 ? below : Self.sum(below, before)
      }
    }
    let last = steps * width - 1
    let total = alpha[last] + blank[last]
    if total < Self.impossible / 2 { return (-.infinity, [], []) }
    guard wantsShares else { return (total, [], []) }
    return shares(alpha, total)
  }

  private func shares(
    _ alpha: [Double], _ total: Double
  ) -> (logProbability: Double, blank: [Double], label: [Double]) {
    var blankShares = [Double](repeating: 0, count: steps * width)
    var labelShares = blankShares
    // β of the step after, and of the present step in its place; the one after the last node is certain.
    var beta = [Double](repeating: Self.impossible, count: width)
    beta[width - 1] = 0
    for t in (0..<steps).reversed() {
      for u in (0..<width).reversed() {
        let node = t * width + u
        let below = beta[u] + blank[node]
        let after = u + 1 < width ? beta[u + 1] + label[node] : Self.impossible
        blankShares[node] = exponential(alpha[node] + (below - total))
        labelShares[node] = u + 1 < width ? exponential(alpha[node] + (after - total)) : 0
        beta[u] = u + 1 < width ? Self.sum(below, after) : below
      }
    }
    return (total, blankShares, labelShares)
  }

  /// ln p of a class, no less than impossible.
  static func score(_ logit: Double, _ logSum: Double) -> Double { bounded(logit - logSum) }

  /// NaN stays what it is.
  private static func bounded(_ score: Double) -> Double { score < impossible ? impossible : score }
}
