import Foundation
import Testing
import UnrollCore
import UnrollNetworks
import UnrollTraining

/// An LSTM with a linear head, as `scripts/goldens/make` trains it with PyTorch.
private struct Regressor: Module {
  var core = LSTM(inputSize: 3, hiddenSize: 5)
  var head: Linear

  init() {
    var random = RandomSource(seed: 0)
    head = Linear(inputSize: 5, outputSize: 2, using: &random)
  }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try core.forEachParameter(parameterName(path, "core"), body)
    try head.forEachParameter(parameterName(path, "head"), body)
  }
}

/// Ten steps of training with each optimizer follow PyTorch's losses.
@Suite struct OptimizerGoldenTests {
  private static func rule(_ name: String) -> any Optimizer {
    switch name {
    case "sgd": SGD(learningRate: 0.5)
    case "momentum": SGD(learningRate: 0.2, momentum: 0.9)
    case "nesterov": SGD(learningRate: 0.2, momentum: 0.9, isNesterov: true)
    case "rmsprop": RMSProp(learningRate: 0.02, smoothing: 0.95)
    case "adam": Adam(learningRate: 0.05)
    default: AdamW(learningRate: 0.05, weightDecay: 0.3)
    }
  }

  @Test(arguments: ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"], KernelTarget.available)
  func tenStepsFollowPyTorch(_ name: String, _ target: KernelTarget) throws {
    let url = try #require(
      Bundle.module.url(forResource: "optimizers", withExtension: "safetensors", subdirectory: "Goldens"))
    let stored = try Safetensors.read(url.path).tensors
    let golden = Dictionary(uniqueKeysWithValues: stored.map { ($0.name, $0.tensor) })
    let (x, y) = (try #require(golden["input"]), try #require(golden["target"]))
    let expected = try #require(golden["\(name).losses"]).elements
    #expect(expected.count == 10 && expected[9] < 0.95 * expected[0])
    var model = Regressor()
    try model.forEachParameter("") { name, parameter in
      let value = try #require(golden[name], "\(name)")
      #expect(value.shape == parameter.value.shape, "\(name)")
      parameter.value = value
    }
    var optimizer = Self.rule(name)
    try KernelTarget.$forced.withValue(target) {
      for step in 0..<10 {
        let (loss, gradients) = try valueWithGradient(of: model) { model throws(ShapeError) in
          try Loss.squaredError(model.head(model.core(SequenceBatch(x)).outputs.values), y)
        }
        #expect(
          abs(loss.scalar - expected[step]) <= 1e-4 * expected[step],
          "step \(step): \(loss.scalar), PyTorch \(expected[step])")
        var index = 0
        model.forEachParameter("") { _, parameter in
          parameter.update { optimizer.update(&$0, gradient: gradients.tensors[index], at: index) }
          index += 1
        }
      }
    }
  }
}
