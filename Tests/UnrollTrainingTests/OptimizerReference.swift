import Testing
import UnrollCore
import UnrollTraining

/// The rules again, in double precision and one element at a time, straight from their papers' equations.
struct ReferenceOptimizer: Sendable {
  enum Rule: Sendable {
    case sgd(momentum: Double, nesterov: Bool)
    case rmsProp(smoothing: Double, momentum: Double)
    case adam(beta1: Double, beta2: Double, decoupled: Bool)
  }
  let rule: Rule
  var rate: Double
  var epsilon = 0.0
  var decay = 0.0

  private var step = 0
  private var first: [Double] = []
  private var second: [Double] = []

  init(_ rule: Rule, rate: Double, epsilon: Double = 0, decay: Double = 0) {
    self.rule = rule
    self.rate = rate
    self.epsilon = epsilon
    self.decay = decay
  }

  mutating func update(_ theta: inout [Double], _ gradient: [Double]) {
    step += 1
    if step == 1 {
      first = theta.map { _ in 0 }
      second = first
    }
    for i in theta.indices {
      switch rule {
      case .sgd(let momentum, let nesterov):
        let g = gradient[i] + decay * theta[i]
        if momentum == 0 {
          theta[i] -= rate * g
        } else {
          first[i] = step == 1 ? g : momentum * first[i] + g
          theta[i] -= rate * (nesterov ? g + momentum * first[i] : first[i])
        }
      case .rmsProp(let smoothing, let momentum):
        let g = gradient[i] + decay * theta[i]
        first[i] = smoothing * first[i] + (1 - smoothing) * g * g
        second[i] = momentum * second[i] + g / (first[i].squareRoot() + epsilon)
        theta[i] -= rate * second[i]
      case .adam(let beta1, let beta2, let decoupled):
        let g = decoupled ? gradient[i] : gradient[i] + decay * theta[i]
        if decoupled { theta[i] -= rate * decay * theta[i] }
        first[i] = beta1 * first[i] + (1 - beta1) * g
        second[i] = beta2 * second[i] + (1 - beta2) * g * g
        let meanHat = first[i] / (1 - (0..<step).reduce(1.0) { product, _ in product * beta1 })
        let squareHat = second[i] / (1 - (0..<step).reduce(1.0) { product, _ in product * beta2 })
        theta[i] -= rate * meanHat / (squareHat.squareRoot() + epsilon)
      }
    }
  }
}

/// A rule with settings, and the same in double precision.
struct OptimizerCase: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let optimizer: any Optimizer
  let reference: ReferenceOptimizer

  init(_ name: String, _ optimizer: any Optimizer, _ reference: ReferenceOptimizer) {
    testDescription = name
    self.optimizer = optimizer
    self.reference = reference
  }

  /// Large ε and decay in some of them, so that a wrong place for either shows.
  static let all: [OptimizerCase] = [
    OptimizerCase("SGD", SGD(learningRate: 0.1), .init(.sgd(momentum: 0, nesterov: false), rate: 0.1)),
    OptimizerCase(
      "SGD, decay", SGD(learningRate: 0.1, weightDecay: 0.3),
      .init(.sgd(momentum: 0, nesterov: false), rate: 0.1, decay: 0.3)),
    OptimizerCase(
      "SGD, momentum", SGD(learningRate: 0.05, momentum: 0.9),
      .init(.sgd(momentum: 0.9, nesterov: false), rate: 0.05)),
    OptimizerCase(
      "SGD, momentum, decay", SGD(learningRate: 0.05, momentum: 0.8, weightDecay: 0.2),
      .init(.sgd(momentum: 0.8, nesterov: false), rate: 0.05, decay: 0.2)),
    OptimizerCase(
      "SGD, Nesterov, decay", SGD(learningRate: 0.05, momentum: 0.8, isNesterov: true, weightDecay: 0.2),
      .init(.sgd(momentum: 0.8, nesterov: true), rate: 0.05, decay: 0.2)),
    OptimizerCase(
      "RMSProp", RMSProp(), .init(.rmsProp(smoothing: 0.99, momentum: 0), rate: 0.01, epsilon: 1e-8)),
    OptimizerCase(
      "RMSProp, large ε, decay", RMSProp(learningRate: 0.1, smoothing: 0.8, epsilon: 0.3, weightDecay: 0.2),
      .init(.rmsProp(smoothing: 0.8, momentum: 0), rate: 0.1, epsilon: 0.3, decay: 0.2)),
    OptimizerCase(
      "RMSProp, momentum", RMSProp(smoothing: 0.9, epsilon: 0.2, momentum: 0.7, weightDecay: 0.1),
      .init(.rmsProp(smoothing: 0.9, momentum: 0.7), rate: 0.01, epsilon: 0.2, decay: 0.1)),
    OptimizerCase(
      "Adam", Adam(),
      .init(.adam(beta1: 0.9, beta2: 0.999, decoupled: false), rate: 0.001, epsilon: 1e-8)),
    OptimizerCase(
      "Adam, large ε, decay", Adam(learningRate: 0.1, betas: (0.8, 0.9), epsilon: 0.3, weightDecay: 0.2),
      .init(.adam(beta1: 0.8, beta2: 0.9, decoupled: false), rate: 0.1, epsilon: 0.3, decay: 0.2)),
    OptimizerCase(
      "AdamW", AdamW(),
      .init(.adam(beta1: 0.9, beta2: 0.999, decoupled: true), rate: 0.001, epsilon: 1e-8, decay: 0.01)),
    OptimizerCase(
      "AdamW, large ε, decay", AdamW(learningRate: 0.1, betas: (0.7, 0.95), epsilon: 0.2, weightDecay: 0.4),
      .init(.adam(beta1: 0.7, beta2: 0.95, decoupled: true), rate: 0.1, epsilon: 0.2, decay: 0.4)),
  ]
}
