import Testing
import UnrollCore
import UnrollTraining

/// Ten losses of a small problem as PyTorch 2.13 trains it, in single precision.
///
/// The problem, from θ = (2, 1, −1.5): the loss (a · (θ − b)²).sum() / 2 + cos(θ).sum() is taken, its gradient
/// computed, and `torch.optim`'s rule of the same settings makes a step; ten times. Each row holds the losses
/// before the ten steps.
struct PyTorchCase: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let optimizer: any Optimizer
  let losses: [Double]

  init(_ name: String, _ optimizer: any Optimizer, _ losses: [Double]) {
    testDescription = name
    self.optimizer = optimizer
    self.losses = losses
  }

  static let all: [PyTorchCase] = [
    PyTorchCase(
      "SGD", SGD(learningRate: 0.1),
      [8.382393, 5.140888, 3.67331, 2.905494, 2.462967, 2.185537, 1.997135, 1.859684, 1.753496, 1.668061]),
    PyTorchCase(
      "SGD, momentum, decay", SGD(learningRate: 0.05, momentum: 0.9, weightDecay: 0.1),
      [8.382393, 6.554824, 4.218713, 2.587361, 2.143795, 2.684527, 3.485136, 3.741253, 3.193769, 2.266283]),
    PyTorchCase(
      "SGD, Nesterov, decay", SGD(learningRate: 0.05, momentum: 0.9, isNesterov: true, weightDecay: 0.1),
      [8.382393, 5.212619, 3.080094, 2.15761, 2.068987, 2.250432, 2.264621, 2.018687, 1.677385, 1.426842]),
    PyTorchCase(
      "RMSProp", RMSProp(),
      [8.382393, 7.579231, 7.063355, 6.669628, 6.346988, 6.071966, 5.831529, 5.617574, 5.424666, 5.248956]),
    PyTorchCase(
      "RMSProp, momentum, decay",
      RMSProp(learningRate: 0.02, smoothing: 0.9, epsilon: 0.1, momentum: 0.5, weightDecay: 0.1),
      [8.382393, 7.916799, 7.370095, 6.856524, 6.402526, 6.006578, 5.659889, 5.35322, 5.078789, 4.830504]),
    PyTorchCase(
      "Adam", Adam(),
      [8.382393, 8.374076, 8.365764, 8.357458, 8.349158, 8.340867, 8.33258, 8.3243, 8.316026, 8.307758]),
    PyTorchCase(
      "Adam, decay", Adam(learningRate: 0.1, betas: (0.8, 0.95), epsilon: 0.1, weightDecay: 0.1),
      [8.382393, 7.60722, 6.887818, 6.223992, 5.615014, 5.059544, 4.555593, 4.100593, 3.691618, 3.3257]),
    PyTorchCase(
      "AdamW", AdamW(),
      [8.382393, 8.37398, 8.365574, 8.357174, 8.34878, 8.340393, 8.332012, 8.323639, 8.315271, 8.306911]),
    PyTorchCase(
      "AdamW, decay", AdamW(learningRate: 0.1, betas: (0.8, 0.95), epsilon: 0.1, weightDecay: 0.3),
      [8.382393, 7.342274, 6.428014, 5.627723, 4.930354, 4.325683, 3.80426, 3.357363, 2.976934, 2.655524]),
  ]
}

@Suite struct OptimizerPyTorchTests {
  private let a: [Double] = [0.3, 1.7, 4]
  private let b: [Double] = [1, -0.5, 0.25]

  @Test(arguments: PyTorchCase.all) func tenStepsFollowPyTorch(_ example: PyTorchCase) {
    var optimizer = example.optimizer
    var theta = Tensor([2, 1, -1.5])
    for (step, expected) in example.losses.enumerated() {
      let x = theta.doubles
      let loss = (0..<3).reduce(0.0) { $0 + a[$1] * (x[$1] - b[$1]) * (x[$1] - b[$1]) / 2 + cosine(x[$1]) }
      #expect(abs(loss - expected) < 1e-5, "loss \(step)")
      // The derivative of cos x is −sin x = cos(x + π/2).
      let gradient = (0..<3).map { Float(a[$0] * (x[$0] - b[$0]) + cosine(x[$0] + .pi / 2)) }
      optimizer.update(&theta, gradient: Tensor(gradient), at: 0)
    }
  }
}
