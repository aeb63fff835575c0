/// A mixture of M normal densities in the plane, as a network writes it down (Graves 2013, "Generating Sequences With
/// Recurrent Neural Networks", equations 15 to 25), with bounds within which everything is finite:
///
///     π = softmax(π̂)    σ = σ₀ + e^min(σ̂, 15)    ρ = 0.999·tanh ρ̂
///     p(x, y) = Σ_m π_m N(x, y; μ_m, σ_m, ρ_m)
///
/// A row of 6·M numbers holds π̂, μ_x, μ_y, σ̂_x, σ̂_y and ρ̂, M of each. σ₀ is the least deviation: without one, a point
/// that lies exactly on a mean would be worth more without end.
package struct MixtureDensity: Sendable {
  /// M.
  package let count: Int
  /// σ₀ > 0.
  package let leastDeviation: Double

  package init(count: Int, leastDeviation: Double) {
    self.count = count
    self.leastDeviation = leastDeviation
  }

  private static let largestExponent = 15.0
  private static let largestCorrelation = 0.999
  private static let logTwoPi = 1.837_877_066_409_345_6

  /// One density of a mixture.
  package struct Component: Sendable {
    /// ln π.
    package var logWeight: Double
    package var mean: (x: Double, y: Double)
    package var deviation: (x: Double, y: Double)
    package var correlation: Double
  }

  /// The densities of a row of 6·M numbers.
  package func components(_ row: (Int) -> Double) -> [Component] {
    let most = (0..<count).map(row).max() ?? 0
    let sum = (0..<count).reduce(0) { $0 + exponential(row($1) - most) }
    let logSum = most + naturalLogarithm(sum)
    return (0..<count).map { m in
      Component(
        logWeight: row(m) - logSum, mean: (row(count + m), row(2 * count + m)),
        deviation: (deviation(row(3 * count + m)), deviation(row(4 * count + m))),
        correlation: Self.largestCorrelation * hyperbolicTangent(row(5 * count + m)))
    }
  }

  private func deviation(_ raw: Double) -> Double {
    // Written so that NaN stays NaN.
    leastDeviation + exponential(raw > Self.largestExponent ? Self.largestExponent : raw)
  }

  /// dσ/dσ̂.
  private func slope(_ raw: Double, _ deviation: Double) -> Double {
    raw > Self.largestExponent ? 0 : deviation - leastDeviation
  }

  /// ln π N of a component at a point, and the derivatives of −ln N by the numbers of its row but for π̂.
  private func evaluate(
    _ c: Component, _ point: (x: Double, y: Double)
  ) -> (log: Double, byMean: (Double, Double), byDeviation: (Double, Double), byCorrelation: Double) {
    let (zx, zy) = ((point.x - c.mean.x) / c.deviation.x, (point.y - c.mean.y) / c.deviation.y)
    let (rho, inverse) = (c.correlation, 1 / (1 - c.correlation * c.correlation))
    let square = zx * zx + zy * zy - 2 * rho * zx * zy
    let log =
      c.logWeight - 0.5 * square * inverse - Self.logTwoPi - naturalLogarithm(c.deviation.x)
      - naturalLogarithm(c.deviation.y) + 0.5 * naturalLogarithm(inverse)
    let (ax, ay) = (inverse * (zx - rho * zy), inverse * (zy - rho * zx))
    return (
      log, (-ax / c.deviation.x, -ay / c.deviation.y),
      ((1 - zx * ax) / c.deviation.x, (1 - zy * ay) / c.deviation.y),
      inverse * (rho * square * inverse - zx * zy - rho)
    )
  }

  /// −ln p of a point.
  func loss(_ row: (Int) -> Double, _ point: (x: Double, y: Double)) -> Double {
    let logs = components(row).map { evaluate($0, point).log }
    return -Self.logSumExp(logs)
  }

  private static func logSumExp(_ logs: [Double]) -> Double {
    let most = logs.max() ?? 0
    return most + naturalLogarithm(logs.reduce(0) { $0 + exponential($1 - most) })
  }

  /// The gradient of weight · loss by the row, handed to `write` number by number.
  func gradient(
    _ row: (Int) -> Double, _ point: (x: Double, y: Double), weight: Double, _ write: (Int, Double) -> Void
  ) {
    let components = components(row)
    let values = components.map { evaluate($0, point) }
    let total = Self.logSumExp(values.map(\.log))
    for (m, (component, value)) in zip(components, values).enumerated() {
      // γ, the share of the component in the density at the point.
      let share = exponential(value.log - total)
      let scaled = weight * share
      write(m, weight * (exponential(component.logWeight) - share))
      write(count + m, scaled * value.byMean.0)
      write(2 * count + m, scaled * value.byMean.1)
      write(3 * count + m, scaled * value.byDeviation.0 * slope(row(3 * count + m), component.deviation.x))
      write(4 * count + m, scaled * value.byDeviation.1 * slope(row(4 * count + m), component.deviation.y))
      let tangent = component.correlation / Self.largestCorrelation
      write(5 * count + m, scaled * value.byCorrelation * Self.largestCorrelation * (1 - tangent * tangent))
    }
  }
}

extension Variable {
  /// −ln p of a point under the mixture of each row; in double precision within.
  ///
  /// - Parameters:
  ///   - points: x and y of each row, `[rows, 2]`.
  ///   - counts: whether a row counts; its loss is 0 where not, and so is its gradient. `nil`: all do.
  /// - Returns: `[rows]` for x `[rows, 6·M]`.
  /// - Throws: `ShapeError` when rows, points and counts do not fit.
  package func mixtureDensity(
    _ density: MixtureDensity, points: Tensor, counts: [Bool]? = nil
  ) throws(ShapeError) -> Variable {
    let (rows, columns) = (shape.rows, shape.columns)
    guard columns == 6 * density.count, shape.rank > 0 else {
      throw ShapeError(place: "mixtureDensity", expected: "[…, \(6 * density.count)]", found: shape)
    }
    guard points.shape.count == 2 * rows, counts == nil || counts?.count == rows else {
      throw ShapeError(place: "mixtureDensity.points", expected: "[\(rows), 2]", found: points.shape)
    }
    let x = value
    func point(_ row: Int) -> (x: Double, y: Double) { (points.number(2 * row), points.number(2 * row + 1)) }
    @Sendable func each(_ body: (Int) -> Void) {
      WorkerPool.shared.split(rows, grain: Swift.max(1, 512 / Swift.max(1, density.count))) { range in
        for row in range where counts?[row] ?? true { body(row) }
      }
    }
    let losses = Tensor(repeating: 0, shape: [rows], precision: x.precision)
    each { row in losses.add(density.loss({ x.number(row * columns + $0) }, point(row)), at: row) }
    return .record(losses, from: [self]) { [slot] dy, gradients in
      guard slot.isRecorded else { return }
      let dx = Tensor(repeating: 0, shape: slot.shape, precision: dy.precision)
      each { row in
        let point = (points.number(2 * row), points.number(2 * row + 1))
        density.gradient({ x.number(row * columns + $0) }, point, weight: dy.number(row)) {
          dx.add($1, at: row * columns + $0)
        }
      }
      gradients.add(dx, to: slot)
    }
  }
}
