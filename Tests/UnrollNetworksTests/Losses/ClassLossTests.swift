import Testing
import UnrollCore
import UnrollNetworks

/// Losses over classes, and the adaptive softmax, against PyTorch's.
@Suite struct ClassLossGoldenTests {
  private static let tolerance = Tolerance(1e-5, because: "single precision")

  private func check(
    _ golden: Golden, _ name: String, _ input: String, _ loss: (Variable) throws -> Variable
  ) throws {
    let x = try golden["\(name)/\(input)"]
    let (value, _, _, gradients) = try valueWithGradient(of: NoParameters(), inputs: [x]) {
      (try loss($1[0]), ())
    }
    expectClose(value, try golden["\(name)/value"], Self.tolerance, name)
    expectClose(gradients[0], try golden["\(name)/\(input).gradient"], Self.tolerance, "\(name), ∂\(input)")
  }

  @Test(arguments: KernelTarget.available) func lossesAgree(_ target: KernelTarget) throws {
    try KernelTarget.$forced.withValue(target) {
      let golden = try Golden("classes")
      let labels = try golden["smoothed/labels"].elements.map { Int32($0) }
      try check(golden, "smoothed", "logits") {
        try Loss.crossEntropy($0, labels, labelSmoothing: 0.1)
      }
      let weights = try golden["weighted/weights"].elements
      try check(golden, "weighted", "logits") {
        try Loss.crossEntropy($0, labels, labelSmoothing: 0.3, classWeights: weights)
      }
      let targets = try golden["binary/targets"]
      try check(golden, "binary", "logits") { try Loss.binaryCrossEntropy($0, targets) }
      let (soft, positive) = (try golden["positive/targets"], try golden["positive/weights"].elements)
      try check(golden, "positive", "logits") {
        try Loss.binaryCrossEntropy($0, soft, positiveWeights: positive)
      }
    }
  }

  @Test(arguments: ["adaptive", "adaptiveBias"], KernelTarget.available)
  func adaptiveSoftmaxAgrees(_ name: String, _ target: KernelTarget) throws {
    try KernelTarget.$forced.withValue(target) {
      let golden = try Golden("classes")
      let plain = name == "adaptive"
      var random = RandomSource(seed: 1)
      var layer = AdaptiveSoftmax(
        inputSize: plain ? 17 : 9, classCount: plain ? 33 : 31, cutoffs: plain ? [7, 16] : [8, 9, 15],
        divisor: plain ? 4 : 2, headBias: !plain, using: &random)
      #expect(layer.parameters.map(\.name).sorted() == golden.names(below: "\(name)/parameter."))
      try layer.forEachParameter("") { parameter, value in
        let theirs = try golden["\(name)/parameter.\(parameter)"]
        #expect(theirs.shape == value.value.shape)
        value.value = theirs
      }
      let labels = try golden["\(name)/labels"].elements.map { Int32($0) }
      let x = try golden["\(name)/input"]
      let (value, losses, gradients, inputs) = try valueWithGradient(of: layer, inputs: [x]) { layer, x in
        let losses = try layer.losses(x[0], labels)
        return (losses.mean(), losses.value)
      }
      expectClose(value, try golden["\(name)/value"], Self.tolerance, name)
      expectClose(losses, try golden["\(name)/losses"], Self.tolerance, name)
      expectClose(inputs[0], try golden["\(name)/input.gradient"], Self.tolerance, name)
      for (parameter, gradient) in zip(gradients.names, gradients.tensors) {
        expectClose(
          gradient, try golden["\(name)/gradient.\(parameter)"], Self.tolerance, "\(name), ∂\(parameter)")
      }
      let all = try layer.logProbabilities(Variable(x)).value
      expectClose(all, try golden["\(name)/logProbabilities"], Self.tolerance, name)
    }
  }
}

@Suite struct ClassLossTests {
  /// Without smoothing and weights, it is the plain cross-entropy.
  @Test func withoutSmoothingNothingChanges() throws {
    var random = RandomSource(seed: 1)
    let x = Tensor.normal(shape: [17, 9], using: &random)
    let labels = (0..<17).map { Int32($0 % 10) - 1 }
    func run(_ loss: (Variable) throws(ShapeError) -> Variable) throws -> Outcome {
      let (value, _, _, gradients) = try valueWithGradient(of: NoParameters(), inputs: [x]) {
        (try loss($1[0]), ())
      }
      return [("value", value), ("∂x", gradients[0])]
    }
    let found = try run { x throws(ShapeError) in try x.crossEntropy(labels: labels, smoothing: 0).sum() }
    let expected = try run { x throws(ShapeError) in try Loss.crossEntropy(x, labels, reduction: .sum) }
    let same = Tolerance(1e-6, because: "one rounding more")
    expectClose(found, expected, values: same, gradients: same, "no smoothing")
  }

  @Test func wrongShapesThrow() {
    let x = Variable(Tensor.zeros([2, 3]))
    #expect(throws: ShapeError.self) { try Loss.crossEntropy(x, [0, 3], labelSmoothing: 0.1) }
    #expect(throws: ShapeError.self) { try Loss.crossEntropy(x, [0], labelSmoothing: 0.1) }
    #expect(throws: ShapeError.self) {
      try Loss.crossEntropy(x, [0, 1], labelSmoothing: 0.1, classWeights: [1])
    }
    #expect(throws: ShapeError.self) { try Loss.binaryCrossEntropy(x, .zeros([5])) }
    #expect(throws: ShapeError.self) { try Loss.binaryCrossEntropy(x, .zeros([2, 3]), positiveWeights: [1]) }
  }

  /// Logits so large that their exponentials overflow.
  @Test func largeLogitsAreFinite() throws {
    let x = Variable(Tensor([1000, -1000, 1000, -1000], shape: [2, 2]))
    let loss = try Loss.binaryCrossEntropy(x, Tensor([1, 0, 0, 1], shape: [2, 2])).value.scalar
    #expect(loss == 500)
    let smooth = try Loss.crossEntropy(x, [0, 1], labelSmoothing: 0.5, reduction: .sum).value.scalar
    #expect(smooth == 2000)
  }

  @Test func adaptiveSoftmaxOfOddBatches() throws {
    var random = RandomSource(seed: 1)
    let layer = AdaptiveSoftmax(inputSize: 5, classCount: 9, cutoffs: [2, 4], using: &random)
    #expect(try layer.losses(Variable(Tensor.zeros([0, 5])), []).value.shape == [0])
    let x = Tensor.normal(shape: [4, 5], using: &random)
    let losses = try layer.losses(Variable(x), [-1, 8, 2, 0]).value.elements
    let all = try layer.logProbabilities(Variable(x)).value.elements
    for (row, label) in [(1, 8), (2, 2), (3, 0)] { #expect(abs(losses[row] + all[row * 9 + label]) < 1e-5) }
    #expect(losses[0] == 0)
    for row in 0..<4 {
      let sum = all[row * 9..<(row + 1) * 9].reduce(0) { $0 + exponential(Double($1)) }
      #expect(abs(sum - 1) < 1e-6)
    }
    #expect(throws: ShapeError.self) { try layer.losses(Variable(x), [0, 0, 0, 9]) }
    #expect(throws: ShapeError.self) { try layer.losses(Variable(x), [0]) }
  }
}

@Suite struct WeightDropoutTests {
  /// The fused form runs with masked weights, and the gradient reaches the weights themselves, 0 where dropped.
  @Test func droppedWeightsPlayNoPart() throws {
    var random = RandomSource(seed: 7)
    let network = LSTM(inputSize: 3, hiddenSize: 9, layers: 2, bidirectional: true, using: &random)
    let x = try SequenceBatch(Tensor.normal(shape: [6, 4, 3], using: &random), lengths: [6, 2, 0, 5])
    var noise: RandomSource? = RandomSource(seed: 1)
    let (_, copy, gradients, _) = try valueWithGradient(of: network, inputs: []) {
      (network, _) throws(ShapeError) in
      let noisy = network.droppingWeights(rate: 0.5, random: &noise)
      return (mixed(try noisy(x).outputs.values, seed: 5), noisy)
    }
    var seen = 0
    for ((name, dropped), (_, original)) in zip(copy.parameters, network.parameters) {
      guard name.hasSuffix("weightRecurrent") else {
        #expect(dropped == original, "\(name)")
        continue
      }
      seen += 1
      let gradient = try #require(gradients[name]).elements
      let gone = dropped.elements.indices.filter { dropped[$0] == 0 }
      // A share of 0.5 of 324 weights, within five standard deviations.
      #expect(abs(Double(gone.count) - 162) < 45, "\(name)")
      #expect(gone.allSatisfy { gradient[$0] == 0 } && gradient.contains { $0 != 0 })
      for index in dropped.elements.indices where dropped[index] != 0 {
        #expect(dropped[index] == 2 * original[index])
      }
    }
    #expect(seen == 4)
    var nothing: RandomSource?
    #expect(
      network.droppingWeights(rate: 0.5, random: &nothing).parameters.map(\.value)
        == network.parameters.map(\.value))
  }

  /// ∂R = m/(1 − p) ⊙ the gradient at the masked weights.
  @Test func gradientsAreMasked() throws {
    var random = RandomSource(seed: 8)
    let network = GRU(inputSize: 2, hiddenSize: 7, using: &random)
    let x = try SequenceBatch(Tensor.normal(shape: [4, 3, 2], using: &random))
    var noise: RandomSource? = RandomSource(seed: 2)
    let (_, noisy, gradients, _) = try valueWithGradient(of: network, inputs: []) {
      (network, _) throws(ShapeError) in
      let noisy = network.droppingWeights(rate: 0.25, random: &noise)
      return (mixed(try noisy(x).outputs.values, seed: 5), noisy)
    }
    var plain = network
    plain.forEachParameter("") { name, parameter in
      if let value = noisy.parameters.first(where: { $0.name == name })?.value { parameter.value = value }
    }
    let (_, expected) = try valueWithGradient(of: plain) { network throws(ShapeError) in
      mixed(try network(x).outputs.values, seed: 5)
    }
    for (name, gradient) in zip(gradients.names, gradients.tensors) {
      let (own, masked) = (
        try #require(expected[name]), try #require(noisy.parameters.first { $0.name == name }).value
      )
      let recurrent = name.hasSuffix("weightRecurrent")
      for index in gradient.elements.indices {
        let scale: Float = recurrent ? (masked[index] == 0 ? 0 : 1 / 0.75) : 1
        #expect(abs(gradient[index] - scale * own[index]) < 1e-6, "\(name)[\(index)]")
      }
    }
  }
}
