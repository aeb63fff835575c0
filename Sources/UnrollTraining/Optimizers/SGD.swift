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
    let (rate, decay, momentum, isNesterov) = (learningRate, weightDecay, momentum, isNesterov)
    _ = memory.count(index)
    withElements(&parameter, gradient) { p, g, count in
      guard momentum != 0 else {
        for i in 0..<count { p[i] -= rate * (g[i] + decay * p[i]) }
        return
      }
      // Zeros at the first step make v = g there, as the definition asks.
      let v = memory.numbers(0, at: index, shape: gradient.shape)
      if isNesterov {
        for i in 0..<count {
          let slope = g[i] + decay * p[i]
          let velocity = momentum * v[i] + slope
          v[i] = velocity
          p[i] -= rate * (slope + momentum * velocity)
        }
      } else {
        for i in 0..<count {
          let velocity = momentum * v[i] + (g[i] + decay * p[i])
          v[i] = velocity
          p[i] -= rate * velocity
        }
      }
    }
  }

  public var state: OptimizerState { memory.state }

  public mutating func restore(_ state: OptimizerState, shapes: [Shape]) throws(ModelFileError) {
    try memory.restore(state, shapes: shapes)
  }
}
