import Testing
import UnrollCore
import UnrollNetworks

/// Gradients of all parameters and of the features by central differences, in double precision.
func expectGradients<M: Module>(
  of module: M, features: Tensor, samples: Int = 8, _ loss: (M, Variable) throws -> Variable,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let (module, features) = (module.converted(to: .double), features.converted(to: .double))
  let result = try valueWithGradient(of: module, inputs: [features]) { (try loss($0, $1[0]), ()) }
  var random = RandomSource(seed: 19)
  func check(_ name: String, _ start: Tensor, _ gradient: Tensor, _ moved: (Tensor) throws -> Variable) throws
  {
    for _ in 0..<samples where start.shape.count > 0 {
      let place = random.below(start.shape.count)
      let difference = try centralDifference(step: 1e-3) { step in
        var elements = start.doubles
        elements[place] += step
        return try moved(Tensor(doubles: elements, shape: start.shape)).value.doubles[0]
      }
      let found = gradient.doubles[place]
      #expect(
        abs(found - difference) <= 1e-6 * max(abs(found), abs(difference)) + 1e-9,
        "\(name)[\(place)]: \(found), by differences \(difference)", sourceLocation: sourceLocation)
    }
  }
  for (name, value) in module.parameters {
    try check(name, value, try #require(result.gradients[name])) { moved in
      var copy = module
      copy.forEachParameter("") { if $0 == name { $1.value = moved } }
      return try loss(copy, Variable(features))
    }
  }
  try check("features", features, result.inputGradients[0]) { try loss(module, Variable($0)) }
}

@Suite struct CTCHeadTests {
  private static let lengths = [7, 3, 0, 5]
  private static let targets: [[Int32]] = [[1, 3, 3], [], [2], [2, 2, 2, 2]]

  private static func drawn() -> (head: CTCHead, features: PackedSequence) {
    var random = RandomSource(seed: 2)
    let head = CTCHead(inputSize: 4, symbolCount: 3, using: &random)
    let layout = SequenceLayout(lengths: lengths)
    return (head, PackedSequence(rows: Variable(.normal(shape: [15, 4], using: &random)), layout: layout))
  }

  @Test func lossAndGradients() throws {
    let (head, features) = Self.drawn()
    #expect(head.symbolCount == 3 && head.blank == 0)
    let loss = try head.loss(features, Self.targets)
    #expect(loss.tooShort == [2, 3] && loss.weight == 2 && loss.labels == 3)
    try expectGradients(of: head, features: features.rows.value) { head, rows in
      try head.loss(PackedSequence(rows: rows, layout: features.layout), Self.targets).sum
    }
    #expect(throws: TargetError.blank(sequence: 1, position: 0, label: 0)) {
      try head.loss(features, [[1], [0], [], []])
    }
  }

  @Test func probabilitiesAreBySequence() throws {
    let (head, features) = Self.drawn()
    let found = try head.logProbabilities(features)
    #expect(found.map(\.shape) == Self.lengths.map { [$0, 4] })
    let padded = try head(features).padded(timeSteps: 7).values.logSoftmax().value
    for (sequence, length) in Self.lengths.enumerated() {
      for step in 0..<length {
        for symbol in 0..<4 {
          #expect(found[sequence][step * 4 + symbol] == padded[(step * 4 + sequence) * 4 + symbol])
        }
      }
    }
  }

  /// A head alone learns to read steps that show their symbol.
  @Test func itLearnsToRead() throws {
    var random = RandomSource(seed: 5)
    var head = CTCHead(inputSize: 4, symbolCount: 3, using: &random)
    let texts: [[Int32]] = (0..<8).map { _ in (0..<6).map { _ in Int32(1 + random.below(3)) } }
    // Each symbol is two steps of its own feature, then one of the first.
    let steps = texts.map { $0.flatMap { [Int($0), Int($0), 0] } }
    let rows = (0..<18).flatMap { step in
      steps.flatMap { own in (0..<4).map { Float(own[step] == $0 ? 1 : 0) + 0.1 * random.normal() } }
    }
    let features = PackedSequence(try SequenceBatch(Tensor(rows, shape: [18, 8, 4])))
    for _ in 0..<200 {
      let (_, gradients) = try valueWithGradient(of: head) { try $0.loss(features, texts).sum }
      var place = 0
      head.forEachParameter("") { _, parameter in
        let step = Variable(gradients.tensors[place]).affine(times: -0.05, plus: 0)
        parameter.value = (Variable(parameter.value) + step).value
        place += 1
      }
    }
    for (scores, text) in zip(try head.logProbabilities(features), texts) {
      #expect(CTCGreedyDecoder.decode(scores, blank: head.blank).map(\.symbol) == text)
      let alignment = try CTCAlignment(scores, text, blank: head.blank)
      for (index, label) in alignment.labels.enumerated() {
        #expect(label.steps.contains(3 * index) || label.steps.contains(3 * index + 1))
      }
    }
  }
}

@Suite struct MixtureDensityHeadTests {
  private static func drawn(mixtures: Int = 3) -> MixtureDensityHead {
    var random = RandomSource(seed: 3)
    return MixtureDensityHead(
      inputSize: 5, mixtures: mixtures, penStates: 3, endState: 2, leastDeviation: 0.01, using: &random)
  }

  @Test func lossAndGradients() throws {
    let head = Self.drawn()
    var random = RandomSource(seed: 4)
    let features = Tensor.normal(shape: [7, 5], using: &random)
    let offsets = Tensor.normal(shape: [7, 2], using: &random)
    let states: [Int32] = [0, 1, 2, 0, -1, 1, 0]
    let (sum, weight) = try head.loss(Variable(features), offsets: offsets, states: states)
    #expect(weight == 6)
    let (offset, state) = try head.losses(Variable(features), offsets: offsets, states: states)
    #expect(offset.value[2] == 0 && offset.value[4] == 0 && state.value[4] == 0 && state.value[2] > 0)
    #expect(abs(sum.value.doubles[0] - Kernels.sum(offset.value) - Kernels.sum(state.value)) < 1e-4)
    try expectGradients(of: head, features: features) {
      try $0.loss($1, offsets: offsets.converted(to: $1.value.precision), states: states).sum
    }
    // The prediction says the same density.
    for (row, prediction) in try head.predictions(Variable(features)).enumerated() where states[row] >= 0 {
      var density = 0.0
      let (x, y) = (Double(offsets[2 * row]), Double(offsets[2 * row + 1]))
      for c in prediction.components {
        let (zx, zy) = ((x - c.mean.x) / c.deviation.x, (y - c.mean.y) / c.deviation.y)
        let rest = 1 - c.correlation * c.correlation
        let square = (zx * zx + zy * zy - 2 * c.correlation * zx * zy) / rest
        density +=
          c.weight * exponential(-square / 2)
          / (2 * Double.pi * c.deviation.x * c.deviation.y * rest.squareRoot())
      }
      if states[row] != 2 { #expect(abs(offset.value.doubles[row] + naturalLogarithm(density)) < 1e-4) }
      #expect(abs(state.value.doubles[row] + naturalLogarithm(prediction.states[Int(states[row])])) < 1e-5)
      #expect(abs(prediction.components.reduce(0) { $0 + $1.weight } - 1) < 1e-9)
    }
  }

  /// Features and offsets of any size: every loss, gradient and sample is finite.
  @Test(arguments: [Float(0), 1, 100, 10_000, 1e6]) func everythingIsFinite(_ size: Float) throws {
    let head = Self.drawn(mixtures: 4)
    var random = RandomSource(seed: 6)
    let features = Tensor.normal(deviation: size, shape: [64, 5], using: &random)
    for reach in [Float(0), 1, 1e6] {
      let offsets = Tensor.normal(deviation: reach, shape: [64, 2], using: &random)
      let states = (0..<64).map { Int32($0 % 3) }
      let result = try valueWithGradient(of: head, inputs: [features]) { head, x in
        (try head.loss(x[0], offsets: offsets, states: states).sum, ())
      }
      #expect(Kernels.allFinite(result.value) && Kernels.allFinite(result.inputGradients[0]))
      #expect(result.gradients.tensors.allSatisfy { Kernels.allFinite($0) })
    }
    for prediction in try head.predictions(Variable(features)) {
      for temperature in [0, 0.3, 1, 5.0] {
        let (x, y, state) = prediction.sample(temperature: temperature, using: &random)
        #expect(x.isFinite && y.isFinite && (0..<3).contains(state))
      }
    }
  }

  /// Samples have the mixture's mean and spread, and colder ones less spread.
  @Test func samplesAreOfTheMixture() throws {
    let head = Self.drawn(mixtures: 1)
    let prediction = try head.predictions(Variable(Tensor([0.5, -1, 2, 0.25, 1], shape: [1, 5])))[0]
    let c = prediction.components[0]
    var random = RandomSource(seed: 9)
    for temperature in [1, 0.25] {
      var (x, y, xx, yy, xy, counts) = (0.0, 0.0, 0.0, 0.0, 0.0, [0.0, 0.0, 0.0])
      let count = 20_000
      for _ in 0..<count {
        let s = prediction.sample(temperature: temperature, using: &random)
        let (dx, dy) = ((s.x - c.mean.x) / c.deviation.x, (s.y - c.mean.y) / c.deviation.y)
        (x, y, xx, yy, xy) = (x + dx, y + dy, xx + dx * dx, yy + dy * dy, xy + dx * dy)
        counts[s.state] += 1
      }
      let n = Double(count)
      // Five deviations of a mean of 20,000.
      #expect(abs(x / n) < 0.036 && abs(y / n) < 0.036)
      #expect(abs(xx / n - temperature) < 0.05 && abs(yy / n - temperature) < 0.05)
      #expect(abs(xy / n - c.correlation * temperature) < 0.04)
      if temperature == 1 {
        for state in 0..<3 { #expect(abs(counts[state] / n - prediction.states[state]) < 0.018) }
      }
    }
  }
}

@Suite struct AutoregressiveNoteHeadTests {
  private static func drawn(
    _ order: AutoregressiveNoteHead.Order, keys: Int = 6
  ) -> (head: AutoregressiveNoteHead, states: Tensor) {
    var random = RandomSource(seed: 3)
    var head = AutoregressiveNoteHead(
      inputSize: 4, keyCount: keys, hiddenSize: 5, order: order, using: &random)
    head.into.value = .normal(deviation: 2, shape: [keys, 5], using: &random)
    head.outOf.value = .normal(deviation: 1, shape: [keys, 5], using: &random)
    return (head, .normal(shape: [3, 4], using: &random))
  }

  private static func subsets(_ keys: Int) -> [[Int32]] {
    (0..<1 << keys).map { bits in (0..<Int32(keys)).filter { bits >> Int($0) & 1 == 1 } }
  }

  /// The likelihood is exact: over all sets of notes it sums to 1. In which order notes are given does not matter.
  @Test(arguments: AutoregressiveNoteHead.Order.allCases)
  func likelihoodsSumToOne(_ order: AutoregressiveNoteHead.Order) throws {
    let (head, states) = Self.drawn(order)
    let head64 = head.converted(to: .double)
    let all = Self.subsets(6)
    for row in 0..<3 {
      let own = Variable(states).rows(row..<row + 1).value.converted(to: .double)
      let many = Variable(own).gather(all.map { _ in 0 })
      let losses = try head64.losses(many, notes: all.map { $0.reversed() }).value.doubles
      #expect(abs(losses.reduce(0) { $0 + exponential(-$1) } - 1) < 1e-12)
    }
    #expect(throws: ShapeError.self) { try head.losses(Variable(states), notes: [[1], [], [6]]) }
    #expect(throws: ShapeError.self) { try head.losses(Variable(states), notes: [[1], [], [2, 2]]) }
    #expect(throws: ShapeError.self) { try head.losses(Variable(states), notes: [[1], []]) }
  }

  @Test(arguments: AutoregressiveNoteHead.Order.allCases)
  func gradients(_ order: AutoregressiveNoteHead.Order) throws {
    let (head, states) = Self.drawn(order, keys: 9)
    try expectGradients(of: head, features: states) {
      try $0.loss($1, notes: [[8, 0, 3], [], [1, 2, 4, 5, 6, 7]]).sum
    }
    #expect(try head.loss(Variable(states), notes: [[], [], []]).weight == 3)
  }

  /// Samples come as often as their likelihood says, and tell it; fixed keys stay; cold samples are one.
  @Test(arguments: AutoregressiveNoteHead.Order.allCases)
  func samplesAreOfTheDistribution(_ order: AutoregressiveNoteHead.Order) throws {
    let (head, states) = Self.drawn(order, keys: 4)
    let state = Variable(states).rows(0..<1)
    let all = Self.subsets(4)
    let expected = try head.losses(state.gather(all.map { _ in 0 }), notes: all).value.doubles
    var random = RandomSource(seed: 7)
    var counts: [[Int32]: Int] = [:]
    for _ in 0..<20_000 {
      let (notes, logProbability) = try head.sample(state, using: &random)
      counts[notes, default: 0] += 1
      let place = try #require(all.firstIndex(of: notes))
      #expect(abs(logProbability + expected[place]) < 1e-4)
    }
    for (notes, loss) in zip(all, expected) {
      // Five deviations of a share of 20,000.
      let p = exponential(-loss)
      #expect(abs(Double(counts[notes] ?? 0) / 20_000 - p) < 5 * (p * (1 - p) / 20_000).squareRoot() + 1e-4)
    }
    for _ in 0..<50 {
      let notes = try head.sample(state, fixed: [1: true, 2: false], using: &random).notes
      #expect(notes.contains(1) && !notes.contains(2))
    }
    let cold = try (0..<10).map { _ in try head.sample(state, temperature: 0, using: &random).notes }
    #expect(Set(cold).count == 1)
    #expect(throws: ShapeError.self) { try head.sample(Variable(states), using: &random) }
  }
}
