import Testing
import UnrollCore
import UnrollNetworks

/// The decoder: that all steps at once are the steps one by one, that a search sees what the loss sees, and what copying
/// adds.
@Suite struct AttentionDecoderTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var cell = AnyCell.gru
    var attention = AttentionDecoder.Configuration.AttentionKind.additive
    var layers = 1
    var lexicon = false
    var copies = false
    var inputFeeding = false
    var coverage = false
    var output = NextStepHead.Kind.tied
    var smoothing = 0.0
    var testDescription: String {
      "\(cell) \(attention) \(layers) layers, lexicon \(lexicon), copies \(copies), feeding \(inputFeeding), "
        + "coverage \(coverage), \(output), smoothing \(smoothing)"
    }

    static let together = [
      Case(), Case(copies: true), Case(attention: .multiplicative, layers: 2, lexicon: true),
      Case(cell: .lstm, layers: 3, copies: true, output: .full, smoothing: 0.1),
      Case(cell: .elman, attention: .multiplicative, copies: true, output: .adaptive),
    ]
    static let stepped = [
      Case(inputFeeding: true), Case(layers: 2, copies: true, coverage: true),
      Case(cell: .lstm, layers: 2, lexicon: true, copies: true, inputFeeding: true, coverage: true),
    ]

    func model() -> SequenceToSequence {
      var random = RandomSource(seed: 5)
      let front = TokenFront(
        count: AttentionDecoderTests.vocabulary, size: 7, deviation: 0.4, scale: 1.3, using: &random)
      let encoder = RecurrentEncoder(
        cell, inputSize: 7, hiddenSizes: [5], bidirectional: true, using: &random)
      var configuration = AttentionDecoder.Configuration(hiddenSize: 9, memorySize: 10)
      configuration.cell = cell
      configuration.layers = layers
      configuration.attention = attention
      configuration.inputFeeding = inputFeeding
      configuration.coverage = coverage
      configuration.lexiconSize = lexicon ? 7 : nil
      configuration.copies = copies
      configuration.output = output
      configuration.unknown = 1
      return SequenceToSequence(
        source: nil, encoder: encoder,
        decoder: AttentionDecoder(configuration, front: front, using: &random)
      ).converted(to: .double)
    }
  }

  static let vocabulary = 13
  /// Words by number, 13 and beyond unknown to the vocabulary; an empty source and an empty target among them.
  private static let pairs: [(source: [Int], target: [Int])] = [
    ([4, 20, 5, 20, 21], [20, 4, 21, 6]), ([7], [7]), ([], [5, 8]), ([9, 30, 9, 9, 4, 5, 30, 31, 8], []),
    ([21, 20], [21, 21, 20, 4, 40]), ([4, 5, 6, 7, 8, 9, 10], [10, 9, 8, 7, 6, 5, 4, 4, 11]),
  ]

  private static func id(_ word: Int) -> Int32 { word < vocabulary ? Int32(word) : 1 }

  private static func batch(_ pairs: [(source: [Int], target: [Int])] = pairs) -> (
    source: TokenBatch, copying: CopySource, targets: DecoderTargets, labels: [[Int32]]
  ) {
    var (sources, targets): ([[Int32]], [[Int32]]) = ([], [])
    for pair in pairs {
      var extra = ExtraTokens<Int>(vocabularySize: vocabulary)
      sources.append(extra.source(pair.source.map(id), pair.source, unknown: 1))
      targets.append(extra.target(pair.target.map(id), pair.target, unknown: 1))
    }
    return (
      TokenBatch(pairs.map { $0.source.map(id) }), CopySource(sources, vocabularySize: vocabulary),
      DecoderTargets(targets, begin: 2, end: 3, vocabularySize: vocabulary, unknown: 1), targets
    )
  }

  /// Without copying, tokens beyond the vocabulary are unknown.
  private static let plain = DecoderTargets(
    pairs.map { $0.target.map(id) }, begin: 2, end: 3, vocabularySize: vocabulary)

  @Test func unknownTokensAreNumbered() {
    var extra = ExtraTokens<String>(vocabularySize: 10)
    let ids = extra.source([4, 1, 1, 5, 1], ["a", "x", "y", "b", "x"], unknown: 1)
    #expect(ids == [4, 10, 11, 5, 10] && extra.tokens == ["x", "y"])
    #expect(extra.target([1, 4, 1], ["y", "a", "z"], unknown: 1) == [11, 4, 1])
    #expect(extra[11] == "y" && extra[12] == nil && extra[4] == nil)
    #expect(CopySource([ids, []], vocabularySize: 10).extraCount == 2)
    #expect(CopySource([[1]], vocabularySize: 10).extraCount == 0)
    let targets = DecoderTargets([[11, 4]], begin: 2, end: 3, vocabularySize: 10, unknown: 1)
    #expect(targets.inputs.ids == [2, 1, 4] && targets.labels == [11, 4, 3])
  }

  private func loss(
    _ model: SequenceToSequence, _ example: Case, stepping: Bool
  ) throws -> (value: Tensor, gradients: Gradients) {
    let batch = Self.batch()
    return try valueWithGradient(of: model) { model in
      var none: RandomSource?
      var options = AttentionDecoder.LossOptions(smoothing: example.smoothing)
      options.stepping = stepping
      return try model.loss(
        batch.source, example.copies ? batch.targets : Self.plain,
        copying: example.copies ? batch.copying : nil, options, random: &none
      ).sum
    }
  }

  @Test(arguments: Case.together) func allStepsAtOnceAreTheSteps(_ example: Case) throws {
    let model = example.model()
    let (together, stepped) = (
      try loss(model, example, stepping: false), try loss(model, example, stepping: true)
    )
    #expect(abs(together.value.doubles[0] - stepped.value.doubles[0]) < 1e-9)
    // Double precision: only the order of sums differs.
    for (name, (a, b)) in zip(
      together.gradients.names, zip(together.gradients.values, stepped.gradients.values))
    {
      let (x, y) = (a.tensor.doubles, b.tensor.doubles)
      #expect(zip(x, y).allSatisfy { abs($0 - $1) < 1e-9 }, "\(name)")
      #expect(x.contains { $0 != 0 }, "\(name) takes no part")
    }
  }

  /// The gradient of every parameter by differences.
  @Test(arguments: [Case.together[1], Case.together[3]] + Case.stepped)
  func gradientsAreThoseOfDifferences(_ example: Case) throws {
    let model = example.model()
    let gradients = try loss(model, example, stepping: false).gradients
    var random = RandomSource(seed: 12)
    for (index, (name, value)) in model.parameters.enumerated() {
      let place = random.below(value.shape.count)
      let difference = try centralDifference(step: 1e-4) { step in
        var moved = model
        var count = 0
        moved.forEachParameter("") { _, parameter in
          if count == index {
            var elements = value.doubles
            elements[place] += step
            parameter.value = Tensor(doubles: elements, shape: value.shape)
          }
          count += 1
        }
        return try loss(moved, example, stepping: false).value.doubles[0]
      }
      let found = gradients.values[index].tensor.doubles[place]
      #expect(abs(found - difference) < 1e-7 * max(1, abs(difference)), "\(name)[\(place)]")
    }
  }

  /// What a search is told of the tokens of targets is what the loss says of them, copied ones included.
  @Test(arguments: Case.together + Case.stepped) func aSearchSeesWhatTheLossSees(_ example: Case) throws {
    let model = example.model()
    let batch = Self.batch()
    let copying = example.copies ? batch.copying : nil
    var decoder = try model.stepDecoder(batch.source, copying: copying)
    // Rows in another order, and one twice: what is kept of each goes along.
    decoder.select([5, 4, 3, 2, 1, 0, 4])
    let rows = [5, 4, 3, 2, 1, 0, 4]
    var sum = 0.0
    var read = rows.map { _ in Int32(2) }
    for step in 0..<10 {
      let scores = try decoder.step(read)
      let log = scores.logProbabilities
      let width = log.shape.columns
      #expect(width == Self.vocabulary + (copying?.extraCount ?? 0))
      for (row, source) in rows.enumerated() {
        let p = log.doubles[row * width..<(row + 1) * width]
        // Single precision.
        #expect(abs(p.reduce(0) { $0 + exponential($1) } - 1) < 1e-5)
        let labels = (example.copies ? batch.labels[source] : Self.pairs[source].target.map(Self.id)) + [3]
        guard step < labels.count else { continue }
        let label = labels[step]
        if row < 6 { sum -= p[p.startIndex + Int(label)] }
        read[row] = label
        let steps = scores.attention!.shape.columns
        let seen = scores.attention!.doubles[row * steps..<(row + 1) * steps]
        let empty = Self.pairs[source].source.isEmpty
        #expect(abs(seen.reduce(0, +) - (empty ? 0 : 1)) < 1e-9)
      }
    }
    var none: RandomSource?
    let expected = try model.loss(
      batch.source, example.copies ? batch.targets : Self.plain, copying: copying, random: &none
    ).sum.value.doubles[0]
    #expect(abs(sum - expected) < 1e-4, "\(sum), \(expected)")
  }

  /// Pairs do not mind each other: the sum of a batch is that of its pairs, in any order.
  @Test(arguments: [Case.together[3], Case.stepped[2]]) func pairsDoNotMindEachOther(_ example: Case) throws {
    let model = example.model()
    func loss(_ pairs: [(source: [Int], target: [Int])]) throws -> Double {
      let batch = Self.batch(pairs)
      var none: RandomSource?
      let options = AttentionDecoder.LossOptions(smoothing: example.smoothing)
      return try model.loss(batch.source, batch.targets, copying: batch.copying, options, random: &none)
        .sum.value.doubles[0]
    }
    let apart = try Self.pairs.reduce(0) { try $0 + loss([$1]) }
    #expect(abs(try loss(Self.pairs) - apart) < 1e-9)
    #expect(abs(try loss(Self.pairs.reversed()) - apart) < 1e-9)
  }

  /// With copying, unknown words of the source may be found; coverage is paid for in training alone.
  @Test func searchesCopyAndCoverageIsPaidFor() throws {
    let example = Case.stepped[1]
    var model = example.model()
    // A shut gate copies always.
    model.decoder.copyGate?.bias?.value = Tensor([-50]).converted(to: .double)
    let batch = Self.batch()
    let search = BeamSearch(
      width: 3, constraints: DecodingConstraints(banned: [0, 1, 2], noRepeat: 1))
    let found = try search(
      try model.stepDecoder(batch.source, copying: batch.copying), start: 2, end: 3,
      limits: Self.pairs.map { _ in 4 }, keepsAttention: true)
    for (source, sequences) in found.enumerated() where !Self.pairs[source].source.isEmpty {
      let own = Set(batch.copying.ids[source])
      let copied = sequences[0].tokens.prefix(own.subtracting([0, 1, 2]).count)
      #expect(copied.allSatisfy(own.contains), "\(copied) of \(own)")
      #expect(Set(copied).count == copied.count)
      #expect(sequences[0].attention.count >= sequences[0].tokens.count)
    }
    var (none, noise): (RandomSource?, RandomSource?) = (nil, RandomSource(seed: 1))
    let judged = try model.loss(batch.source, batch.targets, copying: batch.copying, random: &none)
    let trained = try model.loss(batch.source, batch.targets, copying: batch.copying, random: &noise)
    #expect(trained.sum.value.doubles[0] > judged.sum.value.doubles[0] && trained.weight == judged.weight)
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let batch = Self.batch()
    var none: RandomSource?
    let model = Case(copies: true).model()
    #expect(throws: ShapeError.self) { try model.memory(batch.source, random: &none) }
    #expect(throws: ShapeError.self) {
      let other = CopySource([[1]], vocabularySize: 13)
      _ = try model.memory(batch.source, copying: other, random: &none)
    }
    let memory = try model.memory(batch.source, copying: batch.copying, random: &none)
    #expect(throws: ShapeError.self) {
      let one = DecoderTargets([[4]], begin: 2, end: 3)
      _ = try model.decoder.loss(one, memory, random: &none)
    }
    var decoder = AttentionStepDecoder(model.decoder, memory)
    #expect(throws: ShapeError.self) { try decoder.step([2]) }
    let lexical = Case(lexicon: true).model()
    #expect(throws: ShapeError.self) {
      var random = RandomSource(seed: 1)
      let rows = PackedSequence(try SequenceBatch(.normal(shape: [3, 1, 10], using: &random)))
      _ = try lexical.decoder.memory(rows, random: &none)
    }
  }
}
