import Testing
import UnrollCore
import UnrollNetworks

/// Heads against their definitions, and losses as sums: batches add.
@Suite struct HeadTests {
  private func encoded(_ lengths: [Int], _ features: Int, seed: UInt64 = 2) -> PackedSequence {
    var random = RandomSource(seed: seed)
    let layout = SequenceLayout(lengths: lengths)
    let rows = Tensor.normal(shape: [layout.rows, features], using: &random).converted(to: .double)
    return PackedSequence(rows: Variable(rows), layout: layout)
  }

  @Test func poolingStandsSideBySide() throws {
    var random = RandomSource(seed: 1)
    let head = PooledHead(
      [.last, .mean, .max], features: 4, inputFeatures: 3, outputs: 2, bidirectional: true, using: &random
    ).converted(to: .double)
    let (h, x) = (encoded([3, 0, 5, 1], 4), encoded([3, 0, 5, 1], 3, seed: 3))
    let found = try head.pooled(h, inputs: x)
    #expect(found.shape == [4, 21])
    let steps = { (packed: PackedSequence, width: Int) in
      packed.layout.unpacking(
        (0..<packed.layout.rows).map { Array(packed.rows.value.doubles[$0 * width..<($0 + 1) * width]) })
    }
    let (hs, xs) = (steps(h, 4), steps(x, 3))
    for sequence in 0..<4 {
      let row = Array(found.value.doubles[sequence * 21..<(sequence + 1) * 21])
      guard !hs[sequence].isEmpty else {
        #expect(row.allSatisfy { $0 == 0 })
        continue
      }
      let both = zip(hs[sequence], xs[sequence]).map { $0 + $1 }
      func mean(_ rows: [[Double]]) -> [Double] {
        rows[0].indices.map { column in rows.reduce(0) { $0 + $1[column] } / Double(rows.count) }
      }
      let last = Array(hs[sequence].last![..<2]) + Array(hs[sequence][0][2...])
      let most = both[0].indices.map { column in both.map { $0[column] }.max()! }
      let expected = last + mean(xs[sequence]) + mean(both) + most
      #expect(zip(row, expected).allSatisfy { abs($0 - $1) < 1e-12 })
    }
    var none: RandomSource?
    let empty = try head(h, inputs: x, random: &none).value.doubles[2..<4]
    #expect(Array(empty) == head.output.bias!.value.doubles)
    #expect(throws: ShapeError.self) { try head(h, random: &none) }
  }

  /// The mean of a batch is that of its halves, weighed: whatever is summed.
  @Test func lossesAdd() throws {
    var random = RandomSource(seed: 5)
    let logits = Tensor.normal(shape: [6, 3], using: &random).converted(to: .double)
    let labels: [Int32] = [0, 2, -1, 1, 1, 0]
    let weights: [Float] = [1, 0.5, 3]
    func loss(_ range: Range<Int>) throws -> LossSum {
      try PooledHead.loss(
        Variable(logits).rows(range), Array(labels[range]), smoothing: 0.1, classWeights: weights)
    }
    let (whole, parts) = (try loss(0..<6), try loss(0..<2) + loss(2..<6))
    #expect(abs(whole.mean.value.doubles[0] - parts.mean.value.doubles[0]) < 1e-12)
    #expect(whole.weight == 1 + 3 + 0.5 + 0.5 + 1 && parts.weight == whole.weight)
    let targets = Tensor([1, 0, 1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0], shape: [6, 3])
    let several = try PooledHead.loss(Variable(logits), targets: targets, positiveWeights: weights)
    let mean = try Loss.binaryCrossEntropy(Variable(logits), targets, positiveWeights: weights)
    #expect(several.weight == 18 && several.mean.value == mean.value)
    #expect(LossSum(sum: Variable(Tensor(0)), weight: 0).mean.value.scalar == 0)
  }

  @Test(arguments: [false, true]) func stepsAreLabelled(_ together: Bool) throws {
    var random = RandomSource(seed: 6)
    let head =
      (together
      ? StepHead(features: 5, labels: 4, constraints: nil, using: &random)
      : StepHead(features: 5, labels: 4, using: &random)).converted(to: .double)
    let x = encoded([4, 0, 1, 7], 5)
    let scores = try head(x)
    let labels: [[Int32]] = [[0, 1, 2, 3], [], [2], [3, 3, 0, 1, 2, 0, 1]]
    let loss = try head.loss(scores, labels)
    #expect(loss.weight == 12)
    // One sequence after another gives the same sum.
    var sum = 0.0
    let rows = x.layout.unpacking((0..<12).map { Array(x.rows.value.doubles[$0 * 5..<$0 * 5 + 5]) })
    for (own, truth) in zip(rows, labels) {
      let alone = PackedSequence(
        rows: Variable(Tensor(doubles: own.flatMap { $0 }, shape: [own.count, 5])),
        layout: SequenceLayout(lengths: [own.count]))
      sum += try head.loss(head(alone), [truth]).sum.value.doubles[0]
    }
    #expect(abs(loss.sum.value.doubles[0] - sum) < 1e-11)
    // The mean of a network with itself decides as it does, and its probabilities are its own.
    let mean = StepHead.ensemble([head, head])
    let averaged = mean.mean(of: [scores, scores])
    #expect(try mean.decode(averaged) == head.decode(scores))
    let (a, b) = (try mean.probabilities(averaged), try head.probabilities(scores))
    #expect(zip(a.rows.value.doubles, b.rows.value.doubles).allSatisfy { abs($0 - $1) < 1e-12 })
    for row in 0..<12 {
      #expect(abs(b.rows.value.doubles[row * 4..<row * 4 + 4].reduce(0, +) - 1) < 1e-12)
    }
    let best = try head.decode(scores)
    #expect(best.map(\.count) == [4, 0, 1, 7])
    #expect(throws: (any Error).self) { try head.loss(scores, [[0], [], [2], [1]]) }
  }

  /// Softened labels cost what the definition says, without a tensor of probabilities.
  @Test(arguments: NextStepHead.Kind.allCases, [0.0, 0.1, 0.5])
  func softenedLabelsCostWhatTheDefinitionSays(_ kind: NextStepHead.Kind, _ smoothing: Double) throws {
    var random = RandomSource(seed: 9)
    let table = Embedding(count: 13, size: 7, deviation: 0.4, using: &random).converted(to: .double)
    var head = NextStepHead(kind, features: 7, count: 13, using: &random).converted(to: .double)
    head.forEachParameter("") { name, parameter in
      if name.hasSuffix("bias") {
        parameter.value = .normal(shape: parameter.shape, using: &random).converted(to: .double)
      }
    }
    let features = Variable(Tensor.normal(shape: [15, 7], using: &random).converted(to: .double))
    let labels = (0..<15).map { $0 == 4 ? -1 : Int32($0 % 13) }
    if kind == .adaptive && smoothing > 0 {
      #expect(throws: ShapeError.self) { try head.loss(features, labels, smoothing: smoothing) }
      return
    }
    let logits = try head.logits(features, table: table)
    let expected = try logits.crossEntropy(labels: labels, smoothing: smoothing).sum().value.doubles[0]
    let found = try head.loss(features, labels, table: table, smoothing: smoothing)
    #expect(abs(found.sum.value.doubles[0] - expected) < 1e-10 && found.weight == 14)
    let rows = try head.losses(features, labels, table: table)
    #expect(
      abs(Double(rows.reduce(0, +)) - (try logits.crossEntropy(labels: labels).sum().value.doubles[0])) < 1e-4
    )
    if kind == .tied { #expect(throws: ShapeError.self) { try head.loss(features, labels) } }
  }

  @Test func valuesAreComparedAsAsked() throws {
    var random = RandomSource(seed: 10)
    let h = Variable(Tensor.normal(shape: [6, 5], using: &random))
    let target = Tensor.normal(shape: [12], using: &random)
    let weights = Tensor((0..<12).map { Float($0 % 4) }, shape: [12])
    let levels: [Float] = [0.1, 0.5, 0.9]
    func head(_ objective: ValueHead.Objective) -> ValueHead {
      ValueHead(features: 5, values: 2, objective: objective, deviation: 0.1, using: &random)
    }
    let quantiles = head(.quantiles(levels))
    let y = try quantiles(h)
    #expect(y.shape == [6, 6] && quantiles.parameterShapes.map(\.shape) == [[6, 5], [6]])
    let loss = try quantiles.loss(y, target, weights: weights)
    let expected = try 2 * Loss.quantile(y.reshaped(to: [12, 3]), target, levels: levels, weights: weights)
    #expect(abs(loss.mean.value.scalar - expected.value.scalar) < 1e-6 && loss.weight == 18)
    let absolute = head(.absolute)
    let z = try absolute(h)
    let l1 = try Loss.absoluteError(z.reshaped(to: [12]), target, weights: weights)
    #expect(abs(try absolute.loss(z, target, weights: weights).mean.value.scalar - l1.value.scalar) < 1e-6)
    let squared = try Loss.squaredError(z.reshaped(to: [12]), target)
    #expect(abs(try head(.squared).loss(z, target).mean.value.scalar - squared.value.scalar) < 1e-6)
    #expect(throws: ShapeError.self) { try absolute.loss(z, Tensor([1, 2])) }
    #expect(throws: ShapeError.self) { try quantiles.loss(y, Tensor([1, 2])) }
  }
}
