import UnrollCore

/// Stochastic gradient descent, with the momentum of Polyak (1964) or that of Nesterov (1983) in the form of
/// Sutskever et al. (2013, "On the importance of initialization and momentum in deep learning").
///
///     g ← g + λ θ                                  weight decay λ, as an L2 term of the loss
///     v ← g at the first step, μ v + g after it    momentum μ; v is not kept if μ = 0
///     θ ← θ − η v                                  plain
///     θ ← θ − η (g + μ v)                          Nesterov
///
/// The learning rate stands outside of v, as in PyTorch's `SGD` with dampening 0: a change of it acts at once.
public struct SGD: Optimizer {
  public var learningRate: Float
  public let momentum: Float
  public let isNesterov: Bool
  public let weightDecay: Float
  private var memory: Memory

  public init(learningRate: Float, momentum: Float = 0, isNesterov: Bool = false, weightDecay: Float = 0) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.isNesterov = isNesterov
    self.weightDecay = weightDecay
    memory = Memory(rule: "sgd", names: momentum == 0 ? [] : ["velocity"])
  }

  public mutating func update(_ parameter: inout Tensor, gradient: Tensor, at index: Int) {
    update(&parameter, gradient: .dense(gradient), scale: 1, at: index)
  }

  public mutating func update(
    _ parameter: inout Tensor, gradient: Gradient, scale: Float, at index: Int
  ) {
    checkShapes(parameter, gradient)
    _ = memory.count(index)
    let (rate, decay, scale) = (Double(learningRate), Double(weightDecay), Double(scale))
    if momentum == 0 {
      switch gradient {
      // Without decay the rows that are not there stay as they are.
      case .rows(let rows) where decay == 0: Kernels.sgd(&parameter, rows: rows, rate: rate, scale: scale)
      default: Kernels.sgd(&parameter, gradient: gradient.tensor, rate: rate, scale: scale, decay: decay)
      }
      return
    }
    // Zeros at the first step make v = g there, as the definition asks.
    memory.update(0, at: index, TensorForm(parameter)) { velocity in
      Kernels.sgd(
        &parameter, gradient: gradient.tensor, velocity: &velocity, rate: rate, scale: scale, decay: decay,
        momentum: Double(momentum), isNesterov: isNesterov)
    }
  }

  public var state: OptimizerState { memory.state }

  public mutating func restore(_ state: OptimizerState, shapes: [Shape]) throws(ModelFileError) {
    try memory.restore(state, shapes: shapes)
  }
}
