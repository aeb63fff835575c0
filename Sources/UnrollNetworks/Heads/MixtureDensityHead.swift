import UnrollCore

/// Says where a pen goes next: a mixture of M normal densities in the plane for the offset, and a class for the state of
/// the pen (Graves 2013, "Generating Sequences With Recurrent Neural Networks", section 4.1).
///
///     π = softmax(π̂)   μ = μ̂   σ = σ₀ + e^min(σ̂, 15)   ρ = 0.999·tanh ρ̂   q = softmax(q̂)
///     −ln p = −ln Σ_m π_m N(x, y; μ_m, σ_m, ρ_m) − ln q[state]
///
/// computed with log-sum-exp. The least deviation σ₀ and the bounds of σ̂ and ρ keep every loss and gradient finite.
public struct MixtureDensityHead: Module {
  /// To 6·M numbers of the mixture, then the classes of the pen.
  public var output: Linear
  /// M.
  public let mixtures: Int
  /// σ₀.
  public let leastDeviation: Double
  /// The state of the pen after which a drawing ends: its offset means nothing and does not count. `nil`: none.
  public let endState: Int32?

  /// A head with random weights.
  ///
  /// - Parameters:
  ///   - penStates: the number of states of a pen, such as down, up and end.
  public init(
    inputSize: Int, mixtures: Int, penStates: Int, endState: Int32? = nil, leastDeviation: Double = 1e-3,
    using random: inout RandomSource
  ) {
    precondition(mixtures > 0 && penStates > 0 && leastDeviation > 0, "a density needs a mixture")
    output = Linear(inputSize: inputSize, outputSize: 6 * mixtures + penStates, using: &random)
    self.mixtures = mixtures
    self.leastDeviation = leastDeviation
    self.endState = endState
  }

  /// The number of states of a pen.
  public var penStates: Int { output.weight.variable.shape[0] - 6 * mixtures }

  private var density: MixtureDensity { MixtureDensity(count: mixtures, leastDeviation: leastDeviation) }

  /// −ln p of the offset and of the pen's state of each row; 0 for a row that does not count.
  ///
  /// - Parameters:
  ///   - features: `[N, inputSize]`.
  ///   - offsets: x and y of each row, `[N, 2]`.
  ///   - states: the pen's state of each row; negative: the row does not count.
  /// - Returns: `[N]` each.
  /// - Throws: `ShapeError` when the shapes do not fit.
  public func losses(
    _ features: Variable, offsets: Tensor, states: [Int32]
  ) throws(ShapeError) -> (offsets: Variable, states: Variable) {
    let raw = try output(features)
    let offset = try raw.columns(0..<6 * mixtures).mixtureDensity(
      density, points: offsets, counts: states.map { $0 >= 0 && $0 != endState })
    let state = try raw.columns(6 * mixtures..<raw.shape.columns).crossEntropy(labels: states)
    return (offset, state)
  }

  /// Σ −ln p over the rows that count, and their number.
  ///
  /// - Throws: `ShapeError` when the shapes do not fit.
  public func loss(
    _ features: Variable, offsets: Tensor, states: [Int32]
  ) throws(ShapeError) -> (sum: Variable, weight: Double) {
    let (offset, state) = try losses(features, offsets: offsets, states: states)
    return (offset.sum() + state.sum(), Double(states.count { $0 >= 0 }))
  }

  /// What the pen may do next.
  public struct Prediction: Sendable {
    /// One density of the mixture.
    public struct Component: Sendable {
      public let weight: Double
      public let mean: (x: Double, y: Double)
      public let deviation: (x: Double, y: Double)
      public let correlation: Double
    }
    public let components: [Component]
    /// The probability of each state of the pen.
    public let states: [Double]

    /// Draws an offset and a state. Always finite where the prediction is.
    ///
    /// - Parameter temperature: τ: weights and states become p^(1/τ), variances are multiplied by τ; 0: the mean of the
    ///   likeliest component and the likeliest state.
    public func sample(
      temperature: Double = 1, using random: inout RandomSource
    ) -> (x: Double, y: Double, state: Int) {
      let component = components[Self.draw(components.map(\.weight), temperature, &random)]
      let state = Self.draw(states, temperature, &random)
      let spread = temperature > 0 ? temperature.squareRoot() : 0
      let (a, b) = (Double(random.normal()) * spread, Double(random.normal()) * spread)
      let rho = component.correlation
      return (
        component.mean.x + component.deviation.x * a,
        component.mean.y + component.deviation.y * (rho * a + (1 - rho * rho).squareRoot() * b), state
      )
    }

    private static func draw(
      _ probabilities: [Double], _ temperature: Double, _ random: inout RandomSource
    ) -> Int {
      TokenSampler(temperature: temperature)(
        probabilities.map { Float(naturalLogarithm(max($0, 1e-30))) }, using: &random)
    }
  }

  /// The prediction of each row of features.
  ///
  /// - Throws: `ShapeError` when the features do not fit.
  public func predictions(_ features: Variable) throws(ShapeError) -> [Prediction] {
    let raw = try output(features)
    let states = raw.columns(6 * mixtures..<raw.shape.columns).softmax().value.doubles
    let (numbers, columns, count) = (raw.value.doubles, raw.shape.columns, penStates)
    return (0..<raw.shape.rows).map { row in
      Prediction(
        components: density.components { numbers[row * columns + $0] }.map {
          Prediction.Component(
            weight: exponential($0.logWeight), mean: $0.mean, deviation: $0.deviation,
            correlation: $0.correlation)
        }, states: Array(states[row * count..<(row + 1) * count]))
    }
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows { try output.forEachParameter(parameterName(path, "output"), body) }
}
