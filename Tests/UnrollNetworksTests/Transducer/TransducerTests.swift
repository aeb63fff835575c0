import Testing
import UnrollCore
import UnrollNetworks

@Suite struct TransducerTests {
  /// The small case of the tests of HawkAaron's warp-transducer: T = 2, U = 2, K = 5.
  private static let logits = Tensor(
    [
      0.1, 0.6, 0.1, 0.1, 0.1, 0.1, 0.1, 0.6, 0.1, 0.1, 0.1, 0.1, 0.2, 0.8, 0.1,
      0.1, 0.6, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.1, 0.1, 0.7, 0.1, 0.2, 0.1, 0.1,
    ], shape: [6, 5])

  @Test(arguments: KernelTarget.available) func theSmallCaseIsKnown(_ target: KernelTarget) throws {
    try KernelTarget.$forced.withValue(target) {
      let loss = try Loss.transducer(Variable(Self.logits), [[1, 2]], lengths: [2])
      #expect(abs(loss.sum.value.doubles[0] - 4.495666) < 1e-6)
      #expect(loss.weight == 1 && loss.labels == 2)
    }
  }

  private static func drawn(seed: UInt64, symbols: Int = 3, joint: Int = 6, encoder: Int = 4) -> Transducer {
    var random = RandomSource(seed: seed)
    var transducer = Transducer(
      encoderSize: encoder, symbolCount: symbols, embeddingSize: 5, hiddenSize: 7, jointSize: joint,
      layers: 2,
      using: &random)
    transducer.predictor.embedding = Embedding(count: symbols, size: 5, deviation: 1, using: &random)
    // Weights that decide: random ones leave everything almost equally likely.
    transducer.forEachParameter("") { name, parameter in
      if name.hasPrefix("joiner") { parameter.value = parameter.variable.affine(times: 2, plus: 0).value }
    }
    return transducer.perturbed(using: &random)
  }

  private static let lengths = [5, 0, 3, 1, 4]
  private static let targets: [[Int32]] = [[0, 2, 2], [1], [], [1, 0, 1], [2]]

  private static func encoded(_ precision: Precision, features: Int = 4) -> PackedSequence {
    var random = RandomSource(seed: 30)
    let layout = SequenceLayout(lengths: lengths)
    let rows = Tensor.normal(shape: [layout.rows, features], using: &random).converted(to: precision)
    return PackedSequence(rows: Variable(rows), layout: layout)
  }

  /// The loss over logits that are all there, made by the parts one by one.
  private static func plain(_ transducer: Transducer, _ encoded: PackedSequence) throws -> Variable {
    var none: RandomSource?
    let predicted = try transducer.predictor(targets, random: &none)
    let steps = SequenceRows.packed(encoded.layout).bySequence
    let readers = SequenceRows.packed(predicted.layout).bySequence
    let pairs = zip(steps, readers).flatMap { steps, readers in
      steps.flatMap { step in readers.map { (step, $0) } }
    }
    let left = try transducer.joiner.encoder(encoded.rows).gather(pairs.map(\.0))
    let right = try transducer.joiner.predictor(predicted.rows).gather(pairs.map(\.1))
    let logits = try transducer.joiner.output((left + right).tanh())
    return try Loss.transducer(logits, targets, lengths: lengths, blank: transducer.blank).sum
  }

  /// Logits a few at a time, against all at once: value and all gradients, in double precision.
  @Test func partsGiveTheWhole() throws {
    let transducer = Self.drawn(seed: 2).converted(to: .double)
    let encoded = Self.encoded(.double)
    func outcome(_ loss: (Transducer, PackedSequence) throws -> Variable) throws -> Outcome {
      let result = try valueWithGradient(of: transducer, inputs: [encoded.rows.value]) { module, x in
        (try loss(module, PackedSequence(rows: x[0], layout: encoded.layout)), ())
      }
      return [("loss", result.value)]
        + zip(result.gradients.names, result.gradients.tensors).map { ("∂\($0)", $1) }
        + [("∂encoded", result.inputGradients[0])]
    }
    let expected = try outcome(Self.plain)
    let found = try outcome { module, encoded in
      var none: RandomSource?
      let loss = try module.loss(encoded, Self.targets, random: &none)
      #expect(loss.tooShort == [1] && loss.weight == 4 && loss.labels == 7)
      return loss.sum
    }
    let tolerance = Tolerance(1e-12, because: "double precision")
    expectClose(found, expected, values: tolerance, gradients: tolerance, "transducer")
  }

  /// Gradients of all parameters by differences, in double precision.
  @Test func gradientsAreThoseOfDifferences() throws {
    let transducer = Self.drawn(seed: 6).converted(to: .double)
    let encoded = Self.encoded(.double)
    func loss(_ module: Transducer) throws -> Variable {
      var none: RandomSource?
      return try module.loss(encoded, Self.targets, random: &none).sum
    }
    let gradients = try valueWithGradient(of: transducer) { try loss($0) }.gradients
    var random = RandomSource(seed: 4)
    for (name, value) in transducer.parameters {
      let gradient = try #require(gradients[name])
      for _ in 0..<6 {
        let place = random.below(value.shape.count)
        let difference = try centralDifference(step: 1e-3) { step in
          var copy = transducer
          copy.forEachParameter("") {
            guard $0 == name else { return }
            var elements = value.doubles
            elements[place] += step
            $1.value = Tensor(doubles: elements, shape: value.shape)
          }
          return try loss(copy).value.doubles[0]
        }
        let found = gradient.doubles[place]
        #expect(
          abs(found - difference) <= 1e-6 * max(abs(found), abs(difference)) + 1e-9, "\(name)[\(place)]")
      }
    }
  }

  /// Bits do not depend on threads, in single precision, with parts of more than one piece.
  @Test(arguments: KernelTarget.available) func bitsDoNotDependOnThreads(_ target: KernelTarget) throws {
    try KernelTarget.$forced.withValue(target) {
      let transducer = Self.drawn(seed: 3, symbols: 60, joint: 300, encoder: 9)
      let lengths = [70, 33, 51]
      let targets = lengths.map { length in (0..<length * 2).map { Int32($0 * 7 % 60) } }
      var random = RandomSource(seed: 8)
      let layout = SequenceLayout(lengths: lengths)
      let rows = Tensor.normal(shape: [layout.rows, 9], using: &random)
      func outcome() throws -> Outcome {
        let result = try valueWithGradient(of: transducer, inputs: [rows]) { module, x in
          var none: RandomSource?
          let encoded = PackedSequence(rows: x[0], layout: layout)
          return (try module.loss(encoded, targets, random: &none).sum, ())
        }
        return [("loss", result.value)]
          + zip(result.gradients.names, result.gradients.tensors).map { ("∂\($0)", $1) }
          + [("∂encoded", result.inputGradients[0])]
      }
      let one = try WorkerPool.$forced.withValue(Teams.alone) { try outcome() }
      #expect(Kernels.allFinite(one[0].value))
      for pool in [Teams.two, Teams.three] {
        expectSameBits(try WorkerPool.$forced.withValue(pool) { try outcome() }, one, "threads")
      }
    }
  }

  @Test func wrongTargetsAreNamed() throws {
    let transducer = Self.drawn(seed: 1)
    func error(_ targets: [[Int32]], features: Int = 4) -> TargetError? {
      var none: RandomSource?
      do throws(TargetError) {
        _ = try transducer.loss(Self.encoded(.single, features: features), targets, random: &none)
        return nil
      } catch { return error }
    }
    #expect(error(Self.targets) == nil)
    #expect(error([[0]]) == .shape(place: "Transducer.loss.targets", expected: "[5]", found: [1]))
    #expect(error([[3], [], [], [], []]) == .blank(sequence: 0, position: 0, label: 3))
    #expect(error([[], [4], [], [], []]) == .unknown(sequence: 1, position: 0, label: 4, classes: 4))
    #expect(error(Self.targets, features: 5) != nil)
  }
}

@Suite struct TransducerDecodingTests {
  private static func drawn(seed: UInt64, steps: Int) -> (transducer: Transducer, encoded: Tensor) {
    var random = RandomSource(seed: seed)
    var transducer = Transducer(
      encoderSize: 3, symbolCount: 2, embeddingSize: 4, hiddenSize: 6, jointSize: 8, cell: .gru,
      using: &random)
    transducer.predictor.embedding = Embedding(count: 2, size: 4, deviation: 1, using: &random)
    transducer.forEachParameter("") { name, parameter in
      if name.hasPrefix("joiner") { parameter.value = parameter.variable.affine(times: 3, plus: 0).value }
    }
    return (transducer, .normal(deviation: 1.5, shape: [steps, 3], using: &random))
  }

  /// −loss of a labelling.
  private static func logProbability(_ transducer: Transducer, _ encoded: Tensor, _ symbols: [Int32]) throws
    -> Double
  {
    var none: RandomSource?
    let packed = PackedSequence(
      rows: Variable(encoded), layout: SequenceLayout(lengths: [encoded.shape[0]]))
    return -(try transducer.loss(packed, [symbols], random: &none).losses.doubles[0])
  }

  /// With all hypotheses kept, the probabilities are those of the loss, but for paths of more symbols at a step than are
  /// allowed.
  @Test func aWideBeamSumsAllPaths() throws {
    for seed in 1...4 {
      let (transducer, encoded) = Self.drawn(seed: UInt64(seed), steps: 3)
      let found = try TransducerBeamSearch(transducer, width: 2000, symbolsPerStep: 3)(encoded)
      // Nine symbols at most, of two kinds.
      #expect(found.count == 1023 && Set(found.map(\.symbols)).count == 1023)
      for result in found {
        let expected = try Self.logProbability(transducer, encoded, result.symbols)
        #expect(result.logProbability < expected + 1e-5)
        if result.symbols.count <= 3 {
          #expect(abs(result.logProbability - expected) < 1e-5, "\(result.symbols)")
        }
      }
      #expect(zip(found, found.dropFirst()).allSatisfy { $0.score >= $1.score })
    }
  }

  /// A scorer is added; the length bonus makes results longer.
  @Test func aScorerIsAdded() throws {
    let (transducer, encoded) = Self.drawn(seed: 5, steps: 3)
    let plain = try TransducerBeamSearch(transducer, width: 2000, symbolsPerStep: 3)(encoded)
    let bonus = try TransducerBeamSearch(
      transducer, width: 2000, symbolsPerStep: 3, scorer: LengthBonus(perSymbol: 2))(encoded)
    #expect(bonus.count == plain.count)
    for result in bonus {
      let added = 2 * Double(result.symbols.count)
      #expect(abs(result.score - result.logProbability - added) < 1e-9)
      let same = try #require(plain.first { $0.symbols == result.symbols })
      #expect(abs(same.logProbability - result.logProbability) < 1e-9)
    }
    #expect(bonus[0].symbols.count > plain[0].symbols.count)
  }

  @Test func greedyTakesTheLikeliest() throws {
    let (transducer, encoded) = Self.drawn(seed: 9, steps: 30)
    var decoder = try TransducerGreedyDecoder(transducer, symbolsPerStep: 3)
    let found = try decoder.read(encoded)
    #expect(decoder.stepsRead == 30 && found.count > 5)
    // By the parts, from the beginning for each symbol.
    var none: RandomSource?
    let rows = try transducer.joiner.encoder(Variable(encoded))
    var symbols: [Int32] = []
    var steps: [Int] = []
    for step in 0..<30 {
      for _ in 0..<3 {
        let outputs = try transducer.predictor([symbols], random: &none).rows
        let last = try transducer.joiner.predictor(outputs.rows(symbols.count..<symbols.count + 1))
        let logits = try transducer.joiner.output((rows.rows(step..<step + 1) + last).tanh()).value.elements
        let best = Int32(logits.indices.max { logits[$0] < logits[$1] } ?? 0)
        if best == transducer.blank { break }
        symbols.append(best)
        steps.append(step)
      }
    }
    #expect(found.map(\.symbol) == symbols && found.map(\.steps.lowerBound) == steps)
    #expect(found.allSatisfy { $0.confidence > 1.0 / 3 && $0.confidence <= 1 && $0.steps.count == 1 })
    #expect(steps.indices.allSatisfy { index in steps.count { $0 == steps[index] } <= 3 })
  }

  /// Any division of the steps gives the same bits, greedy and beam, also where settled symbols are taken out.
  @Test func divisionDoesNotMatter() throws {
    let (transducer, encoded) = Self.drawn(seed: 12, steps: 60)
    var whole = try TransducerGreedyDecoder(transducer)
    let greedy = try whole.read(encoded)
    let search = TransducerBeamSearch(transducer, width: 4, symbolsPerStep: 2)
    let beam = try search(encoded)
    #expect(beam[0].symbols.count > 5)
    for sizes in [[1], [7], [2, 1, 20]] {
      var (decoder, stream) = (try TransducerGreedyDecoder(transducer), try search.stream())
      var (found, taken, step, turn): ([PlacedSymbol], [Int32], Int, Int) = ([], [], 0, 0)
      while step < 60 {
        let end = min(60, step + sizes[turn % sizes.count])
        found += try decoder.read(encoded.steps(step..<end))
        try stream.read(encoded.steps(step..<end))
        if turn % 2 == 1 { taken += stream.takeSettled() }
        (step, turn) = (end, turn + 1)
      }
      #expect(found == greedy)
      let results = try stream.hypotheses()
      #expect(results.map { taken + $0.symbols } == beam.map(\.symbols) && stream.settled == taken)
      #expect(results.map(\.score) == beam.map(\.score))
    }
  }

  @Test func nothingGivesNothing() throws {
    let (transducer, _) = Self.drawn(seed: 1, steps: 1)
    #expect(try TransducerBeamSearch(transducer, width: 3)(.zeros([0, 3])).map(\.symbols) == [[]])
    var decoder = try TransducerGreedyDecoder(transducer)
    #expect(try decoder.read(.zeros([0, 3])).isEmpty)
    #expect(throws: ShapeError.self) { try decoder.read(.zeros([2, 4])) }
  }
}
