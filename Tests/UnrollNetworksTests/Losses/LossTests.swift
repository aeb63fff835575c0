import Testing
import UnrollCore
import UnrollNetworks

/// Nothing to train: what is differentiated are the inputs.
struct NoParameters: Module {
  mutating func forEachParameter(_ path: String, _ body: (String, inout Parameter) throws -> Void) rethrows {}
}

/// A loss with its closed form: a row of the table that the value test and the gradient test read.
struct LossCase: Sendable, CustomStringConvertible {
  enum Domain: Sendable { case any, positive }

  let name: String
  /// Where the predictions lie: one, or several that have one shape.
  let domains: [Domain]
  /// Numbers of a prediction for each target.
  var width = 1
  let loss: @Sendable ([Variable], _ target: Tensor, _ weights: Tensor?) throws -> Variable
  /// The loss of one element: its predictions, then its target.
  let element: @Sendable ([Double], Double) -> Double

  var description: String { name }

  static let levels: [Double] = [0.1, 0.5, 0.75]

  static let all: [LossCase] = [
    LossCase(
      name: "squaredError", domains: [.any],
      loss: { try Loss.squaredError($0[0], $1, weights: $2) }, element: { ($0[0] - $1) * ($0[0] - $1) }),
    LossCase(
      name: "absoluteError", domains: [.any],
      loss: { try Loss.absoluteError($0[0], $1, weights: $2) }, element: { abs($0[0] - $1) }),
    LossCase(
      name: "huber", domains: [.any],
      loss: { try Loss.huber($0[0], $1, delta: 0.75, weights: $2) },
      element: { prediction, target in
        let d = abs(prediction[0] - target)
        return d <= 0.75 ? d * d / 2 : 0.75 * (d - 0.375)
      }),
    LossCase(
      name: "quantile", domains: [.any], width: 3,
      loss: { try Loss.quantile($0[0], $1, levels: levels.map(Float.init), weights: $2) },
      element: { predictions, target in
        zip(predictions, levels).reduce(0) { sum, pair in
          let d = target - pair.0
          return sum + max(pair.1 * d, (pair.1 - 1) * d) / 3
        }
      }),
    LossCase(
      name: "gaussian", domains: [.any, .positive],
      loss: { try Loss.gaussian(mean: $0[0], deviation: $0[1], $1, weights: $2) },
      element: { predictions, target in
        let (mean, deviation) = (predictions[0], predictions[1])
        let z = (target - mean) / deviation
        let density = exponential(-z * z / 2) / (deviation * (2 * Double.pi).squareRoot())
        return -naturalLogarithm(density)
      }),
    LossCase(
      name: "studentT", domains: [.any, .positive, .positive],
      loss: { try Loss.studentT(location: $0[0], scale: $0[1], degrees: $0[2], $1, weights: $2) },
      element: { predictions, target in
        let (location, scale, degrees) = (predictions[0], predictions[1], predictions[2])
        let z = (target - location) / scale
        let gammas = exponential(logarithmOfGamma((degrees + 1) / 2) - logarithmOfGamma(degrees / 2))
        let tail = power(1 + z * z / degrees, -(degrees + 1) / 2)
        return -naturalLogarithm(gammas / ((degrees * .pi).squareRoot() * scale) * tail)
      }),
  ]

  func draw(_ shape: Shape, seed: UInt64) -> (predictions: [Tensor], target: Tensor, weights: Tensor) {
    var random = RandomSource(seed: seed)
    let wide = width == 1 ? shape : Shape(shape.extents + [width])
    let predictions = domains.map { domain -> Tensor in
      switch domain {
      case .any: .normal(shape: wide, using: &random)
      case .positive: .uniform(0.3...4, shape: wide, using: &random)
      }
    }
    let target = Tensor.normal(shape: shape, using: &random)
    let weights = Tensor.uniform(0...2, shape: shape, using: &random).elements.map { $0 < 0.5 ? 0 : $0 }
    return (predictions, target, Tensor(weights, shape: shape))
  }

  /// The weighted mean of the closed form.
  func expected(_ predictions: [Tensor], _ target: Tensor, _ weights: Tensor?) -> Double {
    var (sum, total) = (0.0, 0.0)
    for (index, y) in target.doubles.enumerated() {
      let own = predictions.flatMap { Array($0.doubles[index * width..<(index + 1) * width]) }
      let weight = weights?.doubles[index] ?? 1
      sum += weight * element(own, y)
      total += weight
    }
    return total == 0 ? 0 : sum / total
  }
}

@Suite struct LossTests {
  private static let shapes: [Shape] = [[1], [7], [4, 3, 1], [2, 9], [5, 31], []]

  @Test(arguments: LossCase.all, KernelTarget.available)
  func valuesAreThoseOfTheClosedForm(_ row: LossCase, _ target: KernelTarget) throws {
    try KernelTarget.$forced.withValue(target) {
      for shape in Self.shapes {
        let (predictions, target, weights) = row.draw(shape, seed: 1)
        for weights in [nil, weights] {
          let found = try row.loss(predictions.map { Variable($0) }, target, weights).value
          let expected = row.expected(predictions, target, weights)
          #expect(found.shape == [])
          #expect(abs(Double(found.scalar) - expected) <= 1e-5 * max(1, abs(expected)), "\(shape)")
        }
      }
    }
  }

  @Test(arguments: LossCase.all)
  func gradientsAreThoseOfDifferences(_ row: LossCase) throws {
    for shape in Self.shapes {
      let drawn = row.draw(shape, seed: 2)
      let predictions = drawn.predictions.map { $0.converted(to: .double) }
      for weights in [nil, drawn.weights] {
        let gradients = try valueWithGradient(of: NoParameters(), inputs: predictions) { _, inputs in
          (try row.loss(inputs, drawn.target, weights), ())
        }.inputGradients
        for (index, prediction) in predictions.enumerated() {
          for place in prediction.shape.count > 40 ? Array(0..<40) : Array(0..<prediction.shape.count) {
            func moved(_ step: Double) throws -> Double {
              var elements = prediction.doubles
              elements[place] += step
              var point = predictions
              point[index] = Tensor(doubles: elements, shape: prediction.shape)
              return try row.loss(point.map { Variable($0) }, drawn.target, weights).value.doubles[0]
            }
            let difference = try centralDifference(step: 1e-4, moved)
            let found = gradients[index].doubles[place]
            #expect(
              abs(found - difference) <= 1e-6 * max(abs(found), abs(difference)) + 1e-10,
              "\(shape), operand \(index)[\(place)]: \(found), by differences \(difference)")
          }
        }
      }
    }
  }

  /// What has weight 0 may hold anything finite: it changes neither the loss nor any gradient.
  @Test(arguments: LossCase.all)
  func weightlessElementsDoNotCount(_ row: LossCase) throws {
    let (predictions, target, weights) = row.draw([31], seed: 3)
    var changed = target
    for (index, weight) in weights.elements.enumerated() where weight == 0 { changed[index] = 1000 }
    #expect(changed != target)
    func run(_ target: Tensor) throws -> (Tensor, [Tensor]) {
      let (value, _, _, gradients) = try valueWithGradient(of: NoParameters(), inputs: predictions) {
        _, inputs in
        (try row.loss(inputs, target, weights), ())
      }
      return (value, gradients)
    }
    let (before, after) = (try run(target), try run(changed))
    #expect(before.0 == after.0 && before.1 == after.1)
    let nothing = try row.loss(predictions.map { Variable($0) }, target, .zeros([31]))
    #expect(nothing.value.scalar == 0)
  }

  @Test(arguments: LossCase.all)
  func shapesMustFit(_ row: LossCase) {
    let (predictions, _, _) = row.draw([6], seed: 4)
    #expect(throws: ShapeError.self) { try row.loss(predictions.map { Variable($0) }, .zeros([5]), nil) }
  }
}

@Suite struct CrossEntropyTests {
  /// Σ −y log ŷ over the steps that exist and have a label.
  @Test func paddingDoesNotCount() throws {
    var random = RandomSource(seed: 5)
    let lengths = [2, 0, 4, 3]
    let (steps, batch, symbols) = (5, 4, 7)
    let logits = Tensor.normal(deviation: 2, shape: [steps, batch, symbols], using: &random)
    let labels = (0..<steps * batch).map { _ in Int32(random.below(symbols + 1)) - 1 }
    var expected = 0.0
    for step in 0..<steps {
      for sequence in 0..<batch where step < lengths[sequence] {
        let row = step * batch + sequence
        guard labels[row] >= 0 else { continue }
        let x = logits.doubles[row * symbols..<(row + 1) * symbols]
        let sum = x.reduce(0) { $0 + exponential($1) }
        expected -= naturalLogarithm(exponential(x[x.startIndex + Int(labels[row])]) / sum)
      }
    }
    let (value, _, _, gradients) = try valueWithGradient(of: NoParameters(), inputs: [logits]) {
      (_, inputs) throws(ShapeError) in
      (try Loss.crossEntropy(SequenceBatch(inputs[0], lengths: lengths), labels), ())
    }
    #expect(abs(Double(value.scalar) - expected) < 1e-5 * expected)
    for row in 0..<steps * batch {
      let counts = row / batch < lengths[row % batch] && labels[row] >= 0
      let gradient = gradients[0].elements[row * symbols..<(row + 1) * symbols]
      #expect(counts == gradient.contains { $0 != 0 })
      #expect(abs(gradient.reduce(0, +)) < 1e-6)
    }
  }

  /// Nothing overflows where the exponentials alone would.
  @Test func largeLogitsAreFinite() throws {
    let logits = Tensor([1000, 0, -1000, 88, 89, 90], shape: [2, 3])
    let loss = try Loss.crossEntropy(Variable(logits), [1, 0]).value.scalar
    #expect(abs(loss - (1000 + 2.4076059)) < 1e-3)
  }

  @Test func wrongLabelsThrow() {
    let logits = Variable(Tensor.zeros([2, 3]))
    #expect(throws: ShapeError.self) { try Loss.crossEntropy(logits, [0, 3]) }
    #expect(throws: ShapeError.self) { try Loss.crossEntropy(logits, [0]) }
    #expect(throws: ShapeError.self) {
      try Loss.crossEntropy(SequenceBatch(Tensor.zeros([2, 2, 3])), [0, 1, 2])
    }
  }

  @Test func emptyBatchesCostNothing() throws {
    #expect(try Loss.crossEntropy(Variable(Tensor.zeros([0, 3])), []).value.scalar == 0)
    #expect(try Loss.squaredError(Variable(Tensor.zeros([0, 3])), .zeros([0, 3])).value.scalar == 0)
  }
}

/// Losses against PyTorch's.
@Suite struct LossGoldenTests {
  @Test(arguments: KernelTarget.available) func lossesAgree(_ target: KernelTarget) throws {
    let golden = try Golden("losses")
    func check(
      _ name: String, _ inputs: [String], _ loss: ([Variable]) throws(ShapeError) -> Variable
    ) throws {
      let tensors = try inputs.map { try golden["\(name)/\($0)"] }
      let (value, _, _, gradients) = try valueWithGradient(of: NoParameters(), inputs: tensors) {
        (_, variables) throws(ShapeError) in (try loss(variables), ())
      }
      expectClose(
        value, try golden["\(name)/value"], Tolerance(1e-5, because: "single precision"), name)
      for (input, gradient) in zip(inputs, gradients) {
        expectClose(
          gradient, try golden["\(name)/\(input).gradient"], Tolerance(1e-5, because: "single precision"),
          "\(name), ∂\(input)")
      }
    }
    try KernelTarget.$forced.withValue(target) {
      let (squared, absolute) = (try golden["squaredError/target"], try golden["absoluteError/target"])
      try check("squaredError", ["prediction"]) { x throws(ShapeError) in try Loss.squaredError(x[0], squared)
      }
      try check("absoluteError", ["prediction"]) { x throws(ShapeError) in
        try Loss.absoluteError(x[0], absolute)
      }
      let huber = try golden["huber/target"]
      try check("huber", ["prediction"]) { x throws(ShapeError) in try Loss.huber(x[0], huber, delta: 0.75) }
      let normal = try golden["gaussian/target"]
      try check("gaussian", ["mean", "deviation"]) { x throws(ShapeError) in
        try Loss.gaussian(mean: x[0], deviation: x[1], normal)
      }
      let student = try golden["studentT/target"]
      try check("studentT", ["location", "scale", "degrees"]) { x throws(ShapeError) in
        try Loss.studentT(location: x[0], scale: x[1], degrees: x[2], student)
      }
      let labels = try golden["crossEntropy/labels"].elements.map { Int32($0) }
      try check("crossEntropy", ["logits"]) { x throws(ShapeError) in try Loss.crossEntropy(x[0], labels) }
      let (quantiles, levels) = (try golden["quantile/target"], try golden["quantile/levels"].elements)
      try check("quantile", ["predictions"]) { x throws(ShapeError) in
        try Loss.quantile(x[0], quantiles, levels: levels)
      }
    }
  }
}
