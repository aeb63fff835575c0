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
    update(&parameter, gradient: .dense(gradient), scale: 1, at: index)
  }

  public mutating func update(
    _ parameter: inout Tensor, gradient: Gradient, scale: Float, at index: Int
  ) {
    checkShapes(parameter, gradient)
    _ = memory.count(index)
    let settings = RMSPropSettings(
      rate: Double(learningRate), scale: Double(scale), decay: Double(weightDecay), keep: smoothing,
      take: 1 - smoothing, epsilon: Double(epsilon), momentum: Double(momentum))
    let whole = gradient.tensor
    if momentum == 0 {
      memory.update(0, at: index, TensorForm(parameter)) { square in
        Kernels.rmsprop(&parameter, gradient: whole, meanSquare: &square, settings)
      }
    } else {
      memory.update(0, 1, at: index, TensorForm(parameter)) { square, velocity in
        Kernels.rmsprop(&parameter, gradient: whole, meanSquare: &square, velocity: &velocity, settings)
      }
    }
  }

  public var state: OptimizerState { memory.state }

  public mutating func restore(_ state: OptimizerState, shapes: [Shape]) throws(ModelFileError) {
    try memory.restore(state, shapes: shapes)
  }
}
