import UnrollCore

/// RMSProp (Tieleman & Hinton 2012, lecture 6.5 of "Neural networks for machine learning"): each step is
/// divided by a running root mean square of the gradient.
///
///     g ← g + λ θ                          weight decay λ, as an L2 term of the loss
///     s ← α s + (1 − α) g²                 s = 0 at first, and not corrected for it
///     d = g / (√s + ε)                     ε outside of the root, as in PyTorch's `RMSprop`
///     θ ← θ − η d                          without momentum
///     v ← μ v + d,   θ ← θ − η v           with momentum μ
public struct RMSProp: Optimizer {
  public var learningRate: Float
  /// How much of the mean square a step keeps: α. A `Double`, for 1 − α is small.
  public let smoothing: Double
  public let epsilon: Float
  public let momentum: Float
  public let weightDecay: Float
  private var memory: Memory

  public init(
    learningRate: Float = 0.01, smoothing: Double = 0.99, epsilon: Float = 1e-8, momentum: Float = 0,
    weightDecay: Float = 0
  ) {
    self.learningRate = learningRate
    self.smoothing = smoothing
    self.epsilon = epsilon
    self.momentum = momentum
    self.weightDecay = weightDecay
    memory = Memory(rule: "rmsprop", names: ["meanSquare"] + (momentum == 0 ? [] : ["velocity"]))
  }

  public mutating func update(_ parameter: inout Tensor, gradient: Tensor, at index: Int) {
    let (rate, decay, momentum, epsilon) = (learningRate, weightDecay, momentum, epsilon)
    let keep = Float(smoothing)
    let take = Float(1 - smoothing)
    _ = memory.count(index)
    withElements(&parameter, gradient) { p, g, count in
      let s = memory.numbers(0, at: index, shape: gradient.shape)
      // The squares are never negative, and `magnitude` lets the compiler know: a root that might fail is not
      // vectorised.
      guard momentum != 0 else {
        for i in 0..<count {
          let slope = g[i] + decay * p[i]
          let square = keep * s[i] + take * (slope * slope)
          s[i] = square
          p[i] -= rate * (slope / (square.magnitude.squareRoot() + epsilon))
        }
        return
      }
      let v = memory.numbers(1, at: index, shape: gradient.shape)
      for i in 0..<count {
        let slope = g[i] + decay * p[i]
        let square = keep * s[i] + take * (slope * slope)
        let velocity = momentum * v[i] + slope / (square.magnitude.squareRoot() + epsilon)
        s[i] = square
        v[i] = velocity
        p[i] -= rate * velocity
      }
    }
  }

  public var state: OptimizerState { memory.state }

  public mutating func restore(_ state: OptimizerState, shapes: [Shape]) throws(ModelFileError) {
    try memory.restore(state, shapes: shapes)
  }
}
