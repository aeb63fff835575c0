import Testing
import UnrollCore
import UnrollNetworks

/// The three forms of attention, as values that tests go through.
enum AttentionForm: String, CaseIterable, Sendable {
  case additive, covered, dot, scaledDot, general

  func make(_ query: Int, _ memory: Int, _ random: inout RandomSource) -> any Attention {
    switch self {
    case .additive:
      AdditiveAttention(querySize: query, memorySize: memory, hiddenSize: 9, using: &random)
    case .covered:
      AdditiveAttention(querySize: query, memorySize: memory, hiddenSize: 9, coverage: true, using: &random)
    case .dot: DotAttention(features: memory)
    case .scaledDot: DotAttention(features: memory, scaled: true)
    case .general: GeneralAttention(querySize: query, memorySize: memory, using: &random)
    }
  }

  /// The score of one query and one row of memory, by the equation.
  func score(_ weights: [String: [Double]], _ q: [Double], _ x: [Double], _ covered: Double) -> Double {
    func dot(_ a: some Sequence<Double>, _ b: some Sequence<Double>) -> Double {
      zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    }
    func product(_ name: String, _ x: [Double]) -> [Double] {
      let w = weights[name] ?? []
      return (0..<w.count / x.count).map { dot(w[$0 * x.count..<($0 + 1) * x.count], x) }
    }
    switch self {
    case .dot: return dot(q, x)
    case .scaledDot: return dot(q, x) / Double(x.count).squareRoot()
    case .general: return dot(q, product("key.weight", x))
    case .additive, .covered:
      let (a, b) = (product("query.weight", q), product("key.weight", x))
      return a.indices.reduce(0) { sum, i in
        let inside = a[i] + b[i] + weights["key.bias"]![i] + covered * (weights["coverage"]?[i] ?? 0)
        return sum + weights["score"]![i] * hyperbolicTangent(inside)
      }
    }
  }
}

@Suite struct AttentionTests {
  private static let lengths = [3, 0, 7, 1, 9]
  private static let features = 8

  /// A decoder in small: each step's query comes from the context before; fewer rows run on as targets end.
  private static func decode<A: Attention>(
    _ attention: A, _ encoded: PackedSequence, _ start: Variable, counts: [Int]
  ) throws(ShapeError) -> (contexts: Variable, weights: [Variable], loss: Variable) {
    let memory = try attention.memory(encoded).selecting([2, 4, 0, 3, 1])
    var (query, covered) = (start, memory.zeroCoverage)
    var (contexts, weights): ([Variable], [Variable]) = ([], [])
    var loss = Variable(Tensor(repeating: 0, shape: [], precision: start.value.precision))
    for count in counts {
      query = query.rows(0..<count)
      covered = covered.rows(0..<count)
      let (context, own) = try attention(query, memory, coverage: covered)
      loss = try loss + Loss.coverage(own, coverage: covered)
      covered = covered + own
      query = (query + context).tanh()
      contexts.append(context)
      weights.append(own)
    }
    return (.concatenated(contexts, axis: 0), weights, loss)
  }

  private static func run<A: Attention>(
    _ attention: A, _ precision: Precision, counts: [Int] = [5, 5, 4, 2, 1]
  ) throws -> Outcome {
    var random = RandomSource(seed: 6)
    let layout = SequenceLayout(lengths: lengths)
    let inputs = [
      Tensor.normal(shape: [layout.rows, features], using: &random),
      Tensor.normal(shape: [lengths.count, features], using: &random),
    ].map { $0.converted(to: precision) }
    let (value, extra, gradients, inputGradients) = try valueWithGradient(
      of: attention.converted(to: precision), inputs: inputs
    ) { attention, x in
      let found = try decode(
        attention, PackedSequence(rows: x[0], layout: layout), x[1], counts: counts)
      return (
        mixed(found.contexts, seed: 3) + 0.5 * found.loss, (found.contexts.value, found.weights.map(\.value))
      )
    }
    return [("loss", value), ("contexts", extra.0)]
      + extra.1.enumerated().map { ("weights \($0)", $1) }
      + zip(gradients.names, gradients.tensors).map { ("∂\($0)", $1) }
      + [("∂memory", inputGradients[0]), ("∂query", inputGradients[1])]
  }

  /// The weights and contexts of one step by the equations, for a memory in the order as given.
  @Test(arguments: AttentionForm.allCases) func stepsAreThoseOfTheEquations(_ form: AttentionForm) throws {
    func check<A: Attention>(_ attention: A) throws {
      var random = RandomSource(seed: 12)
      let attention = attention.perturbed(using: &random).converted(to: .double)
      let layout = SequenceLayout(lengths: Self.lengths)
      let rows = Tensor.normal(shape: [layout.rows, Self.features], using: &random).converted(to: .double)
      let query = Tensor.normal(shape: [5, Self.features], using: &random).converted(to: .double)
      let covered = Tensor.uniform(0...2, shape: [5, 9], using: &random).converted(to: .double)
      let memory = try attention.memory(PackedSequence(rows: Variable(rows), layout: layout))
      #expect(memory.steps == 9 && memory.lengths == Self.lengths)
      let (context, weights) = try attention(Variable(query), memory, coverage: Variable(covered))
      let parameters = Dictionary(
        uniqueKeysWithValues: attention.parameters.map { ($0.name, $0.value.doubles) })
      var first = 0
      let order = layout.sequenceMajorRows
      for (sequence, length) in Self.lengths.enumerated() {
        let q = Array(query.doubles[sequence * Self.features..<(sequence + 1) * Self.features])
        let steps = order[first..<first + length].map { row in
          Array(rows.doubles[Int(row) * Self.features..<(Int(row) + 1) * Self.features])
        }
        let powers = steps.enumerated().map { step, x in
          exponential(
            form.score(parameters, q, x, form == .covered ? covered.doubles[sequence * 9 + step] : 0))
        }
        let expected = powers.map { $0 / powers.reduce(0, +) } + Array(repeating: 0, count: 9 - length)
        for step in 0..<9 {
          #expect(abs(weights.value.doubles[sequence * 9 + step] - expected[step]) < 1e-12)
        }
        for column in 0..<Self.features {
          let sum = steps.enumerated().reduce(0) { $0 + expected[$1.offset] * $1.element[column] }
          #expect(abs(context.value.doubles[sequence * Self.features + column] - sum) < 1e-12)
        }
        first += length
      }
    }
    var random = RandomSource(seed: 1)
    try check(form.make(Self.features, Self.features, &random))
  }

  /// Several steps through one memory: single precision on every target agrees with double, and threads change no bit.
  @Test(arguments: AttentionForm.allCases, KernelTarget.available)
  func manyStepsAgree(_ form: AttentionForm, _ target: KernelTarget) throws {
    func check<A: Attention>(_ attention: A) throws {
      let single = try Self.run(attention, .single)
      let why = "single precision over five steps that feed each other"
      expectClose(
        single, try Self.run(attention, .double), values: Tolerance(2e-6, because: why),
        gradients: Tolerance(1e-5, because: why), "\(form)")
      let alone = try WorkerPool.$forced.withValue(Teams.alone) { try Self.run(attention, .single) }
      let three = try WorkerPool.$forced.withValue(Teams.three) { try Self.run(attention, .single) }
      expectSameBits(three, alone, "\(form), threads")
      expectSameBits(single, alone, "\(form), threads")
    }
    try KernelTarget.$forced.withValue(target) {
      var random = RandomSource(seed: 1)
      try check(form.make(Self.features, Self.features, &random))
    }
  }

  /// Gradients of a whole chain of steps, coverage loss included, by differences in double precision.
  @Test(arguments: AttentionForm.allCases) func gradientsAreThoseOfDifferences(_ form: AttentionForm) throws {
    func check<A: Attention>(_ attention: A) throws {
      let attention = attention.converted(to: .double)
      let found = try Self.run(attention, .double)
      for (name, value) in attention.parameters {
        let gradient = try #require(found.first { $0.name == "∂\(name)" }).value
        for place in stride(from: 0, to: value.shape.count, by: 5) {
          let difference = try centralDifference(step: 1e-4) { step in
            var copy = attention
            var elements = value.doubles
            elements[place] += step
            copy.forEachParameter("") {
              if $0 == name { $1.value = Tensor(doubles: elements, shape: value.shape) }
            }
            return try Self.run(copy, .double)[0].value.doubles[0]
          }
          let own = gradient.doubles[place]
          #expect(abs(own - difference) <= 1e-6 * max(abs(own), abs(difference)) + 1e-9, "\(name)[\(place)]")
        }
      }
    }
    var random = RandomSource(seed: 1)
    try check(form.make(Self.features, Self.features, &random))
  }

  /// Large enough for several threads: their number changes no bit, of values or gradients.
  @Test func threadsChangeNothingAtSize() throws {
    var random = RandomSource(seed: 2)
    let lengths = (0..<33).map { ($0 * 7) % 31 }
    let layout = SequenceLayout(lengths: lengths)
    let attention = AdditiveAttention(
      querySize: 65, memorySize: 130, hiddenSize: 129, coverage: true, using: &random)
    let x = Tensor.normal(shape: [layout.rows, 130], using: &random)
    let q = Tensor.normal(shape: [33, 65], using: &random)
    func run() throws -> Outcome {
      let (value, _, gradients, inputs) = try valueWithGradient(of: attention, inputs: [x, q]) {
        attention, x in
        let memory = try attention.memory(PackedSequence(rows: x[0], layout: layout))
        let (first, weights) = try attention(x[1], memory, coverage: memory.zeroCoverage)
        let (second, _) = try attention(0.5 * x[1], memory, coverage: weights)
        return (mixed(first, seed: 1) + mixed(second, seed: 2), ())
      }
      return [("loss", value)] + zip(gradients.names, gradients.tensors).map { ("∂\($0)", $1) }
        + inputs.map { ("∂input", $0) }
    }
    let alone = try WorkerPool.$forced.withValue(Teams.alone) { try run() }
    let three = try WorkerPool.$forced.withValue(Teams.three) { try run() }
    expectSameBits(three, alone, "threads")
  }

  /// Readers of one sequence add to the same gradient: no thread may get in another's way.
  @Test func readersOfOneSequenceDoNotCollide() throws {
    var random = RandomSource(seed: 3)
    let x = Tensor.normal(shape: [40, 65], using: &random)
    let q = Tensor.normal(shape: [48, 65], using: &random)
    let additive = AdditiveAttention(querySize: 65, memorySize: 65, hiddenSize: 65, using: &random)
    func run<A: Attention>(_ attention: A) throws -> Outcome {
      let (value, _, _, inputs) = try valueWithGradient(of: attention, inputs: [x, q]) { attention, x in
        let packed = PackedSequence(rows: x[0], layout: SequenceLayout(lengths: [40]))
        let memory = try attention.memory(packed).selecting(Array(repeating: 0, count: 48))
        return (mixed(try attention(x[1], memory).context, seed: 1), ())
      }
      return [("loss", value), ("∂memory", inputs[0]), ("∂query", inputs[1])]
    }
    for _ in 0..<20 {
      for (name, outcome) in [
        ("dot", { try run(DotAttention(features: 65, scaled: true)) }), ("additive", { try run(additive) }),
      ] {
        let alone = try WorkerPool.$forced.withValue(Teams.alone) { try outcome() }
        let three = try WorkerPool.$forced.withValue(Teams.three) { try outcome() }
        expectSameBits(three, alone, name)
      }
    }
  }

  @Test func wrongShapesThrow() throws {
    var random = RandomSource(seed: 2)
    let attention = AdditiveAttention(querySize: 4, memorySize: 3, hiddenSize: 5, using: &random)
    let layout = SequenceLayout(lengths: [2, 1])
    let memory = try attention.memory(PackedSequence(rows: Variable(Tensor.zeros([3, 3])), layout: layout))
    #expect(throws: ShapeError.self) { try attention(Variable(Tensor.zeros([3, 4])), memory) }
    #expect(throws: ShapeError.self) { try attention(Variable(Tensor.zeros([2, 3])), memory) }
    #expect(throws: ShapeError.self) {
      try attention.memory(PackedSequence(rows: Variable(Tensor.zeros([3, 4])), layout: layout))
    }
    #expect(throws: ShapeError.self) {
      try DotAttention(features: 4).memory(
        PackedSequence(rows: Variable(Tensor.zeros([3, 3])), layout: layout))
    }
  }
}

@Suite struct SequencePoolingTests {
  /// Every kind gives a row a sequence, in the order as given, and zeros where a sequence is empty.
  @Test(arguments: PoolingKind.allCases) func rowsAreInTheOrderGiven(_ kind: PoolingKind) throws {
    var random = RandomSource(seed: 3)
    let lengths = [2, 0, 5, 1]
    let x = Tensor.normal(shape: [5, 4, 6], using: &random)
    let pooling = SequencePooling(kind, features: 6, using: &random)
    let packed = PackedSequence(try SequenceBatch(x, lengths: lengths))
    let found = try pooling(packed).value
    #expect(found.shape == [4, 6])
    for (sequence, length) in lengths.enumerated() {
      let own = Array(found.elements[sequence * 6..<(sequence + 1) * 6])
      if length == 0 {
        #expect(own.allSatisfy { $0 == 0 })
        continue
      }
      let values = Tensor(
        (0..<length).flatMap { t in (0..<6).map { x[(t * 4 + sequence) * 6 + $0] } }, shape: [length, 1, 6])
      let alone = try pooling(PackedSequence(try SequenceBatch(values))).value.elements
      // Sums run over the same steps in the same order.
      #expect(own == alone, "sequence \(sequence)")
      if kind == .last { #expect(own == Array(values.elements.suffix(6))) }
    }
    #expect(throws: ShapeError.self) {
      try pooling(PackedSequence(try SequenceBatch(Tensor.zeros([2, 1, 5]))))
    }
  }

  /// Of two directions, the reversed half is taken where it has read everything: at the first step.
  @Test func lastOfTwoDirectionsIsTheirFinalState() throws {
    var random = RandomSource(seed: 4)
    let network = LSTM(inputSize: 3, hiddenSize: 5, bidirectional: true, using: &random)
    let batch = try SequenceBatch(Tensor.normal(shape: [4, 3, 3], using: &random), lengths: [2, 4, 3])
    let (outputs, state) = try network(batch)
    let pooling = SequencePooling(.last, features: 10, bidirectional: true, using: &random)
    let found = try pooling(PackedSequence(outputs)).value
    let expected = Variable.concatenated([state[0].hidden, state[1].hidden], axis: -1).value
    #expect(found == expected)
  }

  /// Attention's weights are those of the equation, and gradients reach its parameters.
  @Test func attentionWeighsSteps() throws {
    var random = RandomSource(seed: 5)
    let pooling = AttentionPooling(features: 7, hidden: 4, using: &random)
      .perturbed(using: &random).converted(to: .double)
    let x = Tensor.normal(shape: [3, 7], using: &random).converted(to: .double)
    let packed = PackedSequence(rows: Variable(x), layout: SequenceLayout(lengths: [3]))
    let (pooled, weights) = try pooling(packed)
    let scores = try pooling.hidden(Variable(x)).tanh()
      .matmul(pooling.query.variable.reshaped(to: [4, 1])).reshaped(to: [1, 3])
    let expected = scores.softmax()
    let sum = try expected.matmul(Variable(x))
    for (found, expected) in [(weights, expected), (pooled, sum)] {
      for (a, b) in zip(found.value.doubles, expected.value.doubles) { #expect(abs(a - b) < 1e-12) }
    }
    let (_, gradients) = try valueWithGradient(of: pooling) { mixed(try $0(packed).pooled, seed: 1) }
    let (_, plain) = try valueWithGradient(of: pooling) { pooling in
      let scores = try pooling.hidden(Variable(x)).tanh()
        .matmul(pooling.query.variable.reshaped(to: [4, 1])).reshaped(to: [1, 3])
      return mixed(try scores.softmax().matmul(Variable(x)), seed: 1)
    }
    for (found, expected) in zip(gradients.tensors, plain.tensors) {
      for (a, b) in zip(found.doubles, expected.doubles) { #expect(abs(a - b) < 1e-12) }
    }
  }
}
