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
  let loss: @Sendable ([Variable], _ target: Tensor, _ weights: Tensor?, Loss.Reduction) throws -> Variable
  /// The loss of one element: its predictions, then its target.
  let element: @Sendable ([Double], Double) -> Double

  var description: String { name }

  static let levels: [Double] = [0.1, 0.5, 0.75]

  static let all: [LossCase] = [
    LossCase(
      name: "squaredError", domains: [.any],
      loss: { try Loss.squaredError($0[0], $1, weights: $2, reduction: $3) },
      element: { ($0[0] - $1) * ($0[0] - $1) }),
    LossCase(
      name: "absoluteError", domains: [.any],
      loss: { try Loss.absoluteError($0[0], $1, weights: $2, reduction: $3) }, element: { abs($0[0] - $1) }),
    LossCase(
      name: "huber", domains: [.any],
      loss: { try Loss.huber($0[0], $1, delta: 0.75, weights: $2, reduction: $3) },
      element: { prediction, target in
        let d = abs(prediction[0] - target)
        return d <= 0.75 ? d * d / 2 : 0.75 * (d - 0.375)
      }),
    LossCase(
      name: "quantile", domains: [.any], width: 3,
      loss: { try Loss.quantile($0[0], $1, levels: levels.map(Float.init), weights: $2, reduction: $3) },
      element: { predictions, target in
        zip(predictions, levels).reduce(0) { sum, pair in
          let d = target - pair.0
          return sum + max(pair.1 * d, (pair.1 - 1) * d) / 3
        }
      }),
    LossCase(
      name: "gaussian", domains: [.any, .positive],
      loss: { try Loss.gaussian(mean: $0[0], deviation: $0[1], $1, weights: $2, reduction: $3) },
      element: { predictions, target in
        let (mean, deviation) = (predictions[0], predictions[1])
        let z = (target - mean) / deviation
        let density = exponential(-z * z / 2) / (deviation * (2 * Double.pi).squareRoot())
        return -naturalLogarithm(density)
      }),
    LossCase(
      name: "studentT", domains: [.any, .positive, .positive],
      loss: {
        try Loss.studentT(location: $0[0], scale: $0[1], degrees: $0[2], $1, weights: $2, reduction: $3)
      },
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

  /// The mean with the default reduction.
  func mean(_ predictions: [Variable], _ target: Tensor, _ weights: Tensor?) throws -> Variable {
    try loss(predictions, target, weights, .mean)
  }

  /// The closed form of each element, times its weight.
  func elements(_ predictions: [Tensor], _ target: Tensor, _ weights: Tensor?) -> [Double] {
    target.doubles.enumerated().map { index, y in
      let own = predictions.flatMap { Array($0.doubles[index * width..<(index + 1) * width]) }
      return (weights?.doubles[index] ?? 1) * element(own, y)
    }
  }

  /// The weighted mean of the closed form.
  func expected(_ predictions: [Tensor], _ target: Tensor, _ weights: Tensor?) -> Double {
    let total = weights?.doubles.reduce(0, +) ?? Double(target.shape.count)
    return total == 0 ? 0 : elements(predictions, target, weights).reduce(0, +) / total
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
          let found = try row.mean(predictions.map { Variable($0) }, target, weights).value
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
          (try row.mean(inputs, drawn.target, weights), ())
        }.inputGradients
        for (index, prediction) in predictions.enumerated() {
          for place in prediction.shape.count > 40 ? Array(0..<40) : Array(0..<prediction.shape.count) {
            func moved(_ step: Double) throws -> Double {
              var elements = prediction.doubles
              elements[place] += step
              var point = predictions
              point[index] = Tensor(doubles: elements, shape: prediction.shape)
              return try row.mean(point.map { Variable($0) }, drawn.target, weights).value.doubles[0]
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

  /// What has weight 0 may hold anything: it changes neither the loss nor any gradient.
  @Test(arguments: LossCase.all)
  func weightlessElementsDoNotCount(_ row: LossCase) throws {
    let (predictions, target, weights) = row.draw([31], seed: 3)
    var changed = target
    for (count, index) in weights.elements.indices.filter({ weights[$0] == 0 }).enumerated() {
      changed[index] = [Float.nan, 1000, Float.infinity][count % 3]
    }
    #expect(changed.elements.contains { $0.isNaN })
    func run(_ target: Tensor) throws -> (Tensor, [Tensor]) {
      let (value, _, _, gradients) = try valueWithGradient(of: NoParameters(), inputs: predictions) {
        _, inputs in
        (try row.mean(inputs, target, weights), ())
      }
      return (value, gradients)
    }
    let (before, after) = (try run(target), try run(changed))
    #expect(before.0 == after.0 && before.1 == after.1)
    let nothing = try row.mean(predictions.map { Variable($0) }, target, .zeros([31]))
    #expect(nothing.value.scalar == 0)
  }

  @Test(arguments: LossCase.all)
  func shapesMustFit(_ row: LossCase) {
    let (drawn, _, _) = row.draw([2, 3], seed: 4)
    let predictions = drawn.map { Variable($0) }
    // As many elements do not make a target fit: they would be paired by chance.
    for shape in [[5], [6], [3, 2], [2, 1], [1, 3], [2, 3, 1], [2], [3], []] as [Shape] {
      #expect(throws: ShapeError.self, "target \(shape)") { try row.mean(predictions, .zeros(shape), nil) }
    }
    for shape in [[5], [6], [3, 2], [3], [2, 3, 1], [1, 2, 3], [4, 3], [0]] as [Shape] {
      #expect(throws: ShapeError.self, "weights \(shape)") {
        try row.mean(predictions, .zeros([2, 3]), .zeros(shape))
      }
    }
    for index in predictions.indices.dropFirst() {
      for shape in [[3, 2], [4, 3], [1, 2, 3], [2]] as [Shape] {
        var parts = predictions
        parts[index] = Variable(Tensor(repeating: 1, shape: shape))
        #expect(throws: ShapeError.self, "part \(index) \(shape)") {
          try row.mean(parts, .zeros([2, 3]), nil)
        }
      }
    }
  }

  /// A mask of steps weighs all features of a step.
  @Test(arguments: LossCase.all)
  func weightsAreRepeatedOverTheAxesThatTheyLeaveOut(_ row: LossCase) throws {
    let (predictions, target, _) = row.draw([4, 3, 5], seed: 6)
    let mask = Tensor([1, 0, 1, 2, 1, 0, 0.5, 1, 1, 0, 0, 1], shape: [4, 3])
    let whole = mask.reshaped(to: [4, 3, 1]).broadcast(to: [4, 3, 5])
    for reduction in Loss.Reduction.allCases {
      func run(_ weights: Tensor) throws -> Tensor {
        try row.loss(predictions.map { Variable($0) }, target, weights, reduction).value
      }
      let expected = try run(whole)
      #expect(try run(mask) == expected)
      #expect(try run(mask.reshaped(to: [4, 3, 1])) == expected)
    }
    let features = Tensor([1, 0, 2, 0, 3], shape: [1, 1, 5])
    let found = try row.mean(predictions.map { Variable($0) }, target, features).value
    #expect(
      found
        == (try row.mean(predictions.map { Variable($0) }, target, features.broadcast(to: [4, 3, 5])).value))
  }

  @Test(arguments: LossCase.all)
  func reductionsAreOfTheSameElements(_ row: LossCase) throws {
    let (predictions, target, weights) = row.draw([3, 7], seed: 8)
    for weights in [nil, weights] {
      let expected = row.elements(predictions, target, weights)
      func run(_ reduction: Loss.Reduction) throws -> Tensor {
        try row.loss(predictions.map { Variable($0) }, target, weights, reduction).value
      }
      let none = try run(.none)
      #expect(none.shape == [3, 7])
      for (found, wanted) in zip(none.doubles, expected) {
        #expect(abs(found - wanted) <= 1e-5 * max(1, abs(wanted)))
      }
      let sum = expected.reduce(0, +)
      #expect(abs(Double(try run(.sum).scalar) - sum) <= 1e-5 * max(1, abs(sum)))
      let mean = sum / (weights?.doubles.reduce(0, +) ?? 21)
      #expect(abs(Double(try run(.mean).scalar) - mean) <= 1e-5 * max(1, abs(mean)))
    }
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
      (try Loss.crossEntropy(SequenceBatch(inputs[0], lengths: lengths), labels, reduction: .sum), ())
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
    let loss = try Loss.crossEntropy(Variable(logits), [1, 0], reduction: .sum).value.scalar
    #expect(abs(loss - (1000 + 2.4076059)) < 1e-3)
  }

  /// The mean is over the labels that count, of every form of the loss.
  @Test func reductionsAreOfTheSameRows() throws {
    var random = RandomSource(seed: 11)
    let x = Tensor.normal(shape: [6, 5], using: &random)
    let weight = Tensor.normal(shape: [4, 5], using: &random)
    let labels: [Int32] = [0, -1, 3, 2, -1, 1]
    let forms: [(Loss.Reduction) throws -> Tensor] = [
      { try Loss.crossEntropy(Variable(x).linear(Variable(weight)), labels, reduction: $0).value },
      { try Loss.crossEntropy(of: Variable(x), Variable(weight), labels, reduction: $0).value },
      {
        let logits = try Variable(x).linear(Variable(weight)).reshaped(to: [3, 2, 4])
        return try Loss.crossEntropy(SequenceBatch(logits, lengths: [3, 3]), labels, reduction: $0).value
      },
    ]
    for form in forms {
      let rows = try form(.none)
      #expect(rows.shape == [6] && rows[1] == 0 && rows[4] == 0)
      let sum = rows.elements.reduce(0, +)
      #expect(abs(try form(.sum).scalar - sum) < 1e-5)
      #expect(abs(try form(.mean).scalar - sum / 4) < 1e-5)
    }
    let nothing = try Loss.crossEntropy(Variable(x), [-1, -1, -1, -1, -1, -1])
    #expect(nothing.value.scalar == 0)
  }

  /// Several labels at once have the reductions and weights of the other losses.
  @Test func binaryLossesHaveWeights() throws {
    let x = Variable(Tensor([0, 1, -2, 3], shape: [2, 2]))
    let y = Tensor([1, 0, .nan, 1], shape: [2, 2])
    let none = try Loss.binaryCrossEntropy(
      x, y, weights: Tensor([1, 2, 0, 1], shape: [2, 2]), reduction: .none)
    #expect(none.value.elements[2] == 0 && none.value.elements.allSatisfy(\.isFinite))
    let sum = none.value.elements.reduce(0, +)
    let mean = try Loss.binaryCrossEntropy(x, y, weights: Tensor([1, 2, 0, 1], shape: [2, 2]))
    #expect(abs(mean.value.scalar - sum / 4) < 1e-6)
    let rows = try Loss.binaryCrossEntropy(x, y, weights: Tensor([1, 0]), reduction: .none)
    #expect(rows.value.elements.suffix(2) == [0, 0])
    #expect(throws: ShapeError.self) { try Loss.binaryCrossEntropy(x, Tensor([1, 0, 1, 1])) }
    #expect(throws: ShapeError.self) { try Loss.binaryCrossEntropy(x, y, weights: Tensor([1, 0, 1])) }
  }

  @Test func coverageOfAnotherShapeThrows() {
    let weights = Variable(Tensor.zeros([2, 3]))
    #expect(throws: ShapeError.self) { try Loss.coverage(weights, coverage: Variable(.zeros([1, 3]))) }
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
      try check("crossEntropy", ["logits"]) { x throws(ShapeError) in
        try Loss.crossEntropy(x[0], labels, reduction: .sum)
      }
      let (quantiles, levels) = (try golden["quantile/target"], try golden["quantile/levels"].elements)
      try check("quantile", ["predictions"]) { x throws(ShapeError) in
        try Loss.quantile(x[0], quantiles, levels: levels)
      }
    }
  }
}
