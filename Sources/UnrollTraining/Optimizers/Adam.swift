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
    update(&parameter, gradient: .dense(gradient), scale: 1, at: index)
  }

  public mutating func update(
    _ parameter: inout Tensor, gradient: Gradient, scale: Float, at index: Int
  ) {
    checkShapes(parameter, gradient)
    AdamStep(
      rate: learningRate, betas: betas, epsilon: epsilon, penalty: weightDecay, shrinkage: 0, scale: scale
    ).update(&parameter, gradient: gradient.tensor, at: index, &memory)
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
    update(&parameter, gradient: .dense(gradient), scale: 1, at: index)
  }

  public mutating func update(
    _ parameter: inout Tensor, gradient: Gradient, scale: Float, at index: Int
  ) {
    checkShapes(parameter, gradient)
    AdamStep(
      rate: learningRate, betas: betas, epsilon: epsilon, penalty: 0, shrinkage: weightDecay, scale: scale
    ).update(&parameter, gradient: gradient.tensor, at: index, &memory)
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

  /// What the gradient is multiplied by first.
  let scale: Float

  func update(_ parameter: inout Tensor, gradient: Tensor, at index: Int, _ memory: inout Memory) {
    let step = Double(memory.count(index))
    // In double: 1 − β₂ᵗ loses three digits in single precision at the first steps.
    let firstCorrection = 1 - power(betas.first, step)
    let secondCorrection = 1 - power(betas.second, step)
    let settings = AdamSettings(
      scale: Double(scale), decay: Double(penalty), kept: 1 - Double(rate) * Double(shrinkage),
      step: Double(rate) / firstCorrection, root_scale: 1 / secondCorrection.squareRoot(),
      epsilon: Double(epsilon), keep_first: betas.first, take_first: 1 - betas.first,
      keep_second: betas.second, take_second: 1 - betas.second)
    memory.update(0, 1, at: index, TensorForm(parameter)) { first, second in
      Kernels.adam(&parameter, gradient: gradient, first: &first, second: &second, settings)
    }
  }
}
