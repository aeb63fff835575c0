import UnrollCore

/// Adam (Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 1).
///
///     g ← g + λ θ                          weight decay λ, as an L2 term of the loss
///     m ← β₁ m + (1 − β₁) g
///     s ← β₂ s + (1 − β₂) g²               both zero at first, at step t = 1, 2, … corrected for it:
///     θ ← θ − η m̂ / (√ŝ + ε)               m̂ = m / (1 − β₁ᵗ),  ŝ = s / (1 − β₂ᵗ)
///
/// ε stands outside of the root and meets the corrected ŝ, as in PyTorch's `Adam`. For weight decay that is
/// not divided by √ŝ see ``AdamW``.
public struct Adam: Optimizer {
  public var learningRate: Float
  /// How much a step keeps of the mean and of the mean square of the gradient: β₁ and β₂. Doubles,
  /// for 1 − β is small.
  public let betas: (first: Double, second: Double)
  public let epsilon: Float
  public let weightDecay: Float
  private var memory = Memory(rule: "adam", names: AdamStep.slots)

  public init(
    learningRate: Float = 0.001, betas: (first: Double, second: Double) = (0.9, 0.999),
    epsilon: Float = 1e-8, weightDecay: Float = 0
  ) {
    self.learningRate = learningRate
    self.betas = betas
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  public mutating func update(_ parameter: inout Tensor, gradient: Tensor, at index: Int) {
    AdamStep(rate: learningRate, betas: betas, epsilon: epsilon, penalty: weightDecay, shrinkage: 0)
      .update(&parameter, gradient: gradient, at: index, &memory)
  }

  public var state: OptimizerState { memory.state }

  public mutating func restore(_ state: OptimizerState, shapes: [Shape]) throws(ModelFileError) {
    try memory.restore(state, shapes: shapes)
  }
}

/// Adam with decoupled weight decay (Loshchilov & Hutter 2019, "Decoupled weight decay regularization",
/// algorithm 2, with the learning rate as the schedule's multiplier, as in PyTorch's `AdamW`).
///
///     θ ← θ − η λ θ                        the decay, untouched by the gradient's size
///     m, s and θ as in ``Adam`` with λ = 0
public struct AdamW: Optimizer {
  public var learningRate: Float
  /// How much a step keeps of the mean and of the mean square of the gradient: β₁ and β₂. Doubles,
  /// for 1 − β is small.
  public let betas: (first: Double, second: Double)
  public let epsilon: Float
  public let weightDecay: Float
  private var memory = Memory(rule: "adamw", names: AdamStep.slots)

  public init(
    learningRate: Float = 0.001, betas: (first: Double, second: Double) = (0.9, 0.999),
    epsilon: Float = 1e-8, weightDecay: Float = 0.01
  ) {
    self.learningRate = learningRate
    self.betas = betas
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  public mutating func update(_ parameter: inout Tensor, gradient: Tensor, at index: Int) {
    AdamStep(rate: learningRate, betas: betas, epsilon: epsilon, penalty: 0, shrinkage: weightDecay)
      .update(&parameter, gradient: gradient, at: index, &memory)
  }

  public var state: OptimizerState { memory.state }

  public mutating func restore(_ state: OptimizerState, shapes: [Shape]) throws(ModelFileError) {
    try memory.restore(state, shapes: shapes)
  }
}

/// The step that both forms of Adam share.
private struct AdamStep {
  static let slots = ["firstMoment", "secondMoment"]

  let rate: Float
  let betas: (first: Double, second: Double)
  let epsilon: Float
  /// Weight decay within the gradient.
  let penalty: Float
  /// Weight decay beside the gradient.
  let shrinkage: Float

  func update(_ parameter: inout Tensor, gradient: Tensor, at index: Int, _ memory: inout Memory) {
    let step = Double(memory.count(index))
    // In double: 1 − β₂ᵗ loses three digits in single precision at the first steps.
    let firstCorrection = 1 - power(betas.first, step)
    let secondCorrection = 1 - power(betas.second, step)
    let stepSize = Float(Double(rate) / firstCorrection)
    let rootScale = Float(1 / secondCorrection.squareRoot())
    let takeFirst = Float(1 - betas.first)
    let takeSecond = Float(1 - betas.second)
    let kept = Float(1 - Double(rate) * Double(shrinkage))
    let (beta1, beta2) = (Float(betas.first), Float(betas.second))
    let (epsilon, penalty) = (epsilon, penalty)
    withElements(&parameter, gradient) { p, g, count in
      let m = memory.numbers(0, at: index, shape: gradient.shape)
      let s = memory.numbers(1, at: index, shape: gradient.shape)
      for i in 0..<count {
        let value = p[i]
        let slope = g[i] + penalty * value
        let mean = beta1 * m[i] + takeFirst * slope
        let square = beta2 * s[i] + takeSecond * (slope * slope)
        m[i] = mean
        s[i] = square
        // Never negative, and `magnitude` lets the compiler know: a root that might fail is not vectorised.
        p[i] = value * kept - stepSize * (mean / (square.magnitude.squareRoot() * rootScale + epsilon))
      }
    }
  }
}
