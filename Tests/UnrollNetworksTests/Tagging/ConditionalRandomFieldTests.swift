import Testing
import UnrollCore
import UnrollNetworks

@Suite struct ConditionalRandomFieldTests {
  private static let tags = ["O", "B-X", "I-X", "B-Y", "I-Y"]

  /// A field with strong scores, and emissions for it, in double precision.
  private static func drawn(
    tags: Int, lengths: [Int], constraints: TagConstraints? = nil, seed: UInt64
  ) -> (field: ConditionalRandomField, emissions: PackedSequence) {
    var random = RandomSource(seed: seed)
    var field = ConditionalRandomField(tagCount: tags, constraints: constraints, using: &random)
    field.forEachParameter("") { _, parameter in
      parameter.value = .normal(deviation: 2, shape: parameter.value.shape, using: &random)
    }
    let layout = SequenceLayout(lengths: lengths)
    let rows = Tensor.normal(deviation: 2, shape: [layout.rows, tags], using: &random)
    return (
      field.converted(to: .double),
      PackedSequence(rows: Variable(rows.converted(to: .double)), layout: layout)
    )
  }

  /// All sequences of tags of one sequence that the constraints allow, with their scores.
  private static func paths(
    _ field: ConditionalRandomField, _ emissions: PackedSequence, sequence: Int
  ) -> [(tags: [Int32], score: Double)] {
    let layout = emissions.layout
    let count = field.tagCount
    let first = layout.lengths[..<sequence].reduce(0, +)
    let rows = layout.sequenceMajorRows[first..<first + layout.lengths[sequence]]
    let (e, a) = (emissions.rows.value.doubles, field.transitions.value.doubles)
    let (s, z) = (field.start.value.doubles, field.end.value.doubles)
    let all = rows.reduce([[]]) { (paths: [[Int32]], _) in
      paths.flatMap { path in (0..<Int32(count)).map { path + [$0] } }
    }
    return all.filter { field.constraints?.firstBreak($0) == nil }.map { path in
      var sum = path.isEmpty ? 0 : s[Int(path[0])] + z[Int(path[path.count - 1])]
      for (t, row) in rows.enumerated() {
        sum += e[Int(row) * count + Int(path[t])]
        if t > 0 { sum += a[Int(path[t - 1]) * count + Int(path[t])] }
      }
      return (path, sum)
    }
  }

  private static let shapes: [(tags: Int, lengths: [Int], constrained: Bool)] = [
    (1, [1, 0, 3], false), (2, [7, 1, 0, 2], false), (3, [4, 5], false), (5, [1, 4, 0, 3, 2], false),
    (5, [1, 4, 0, 3, 2], true), (5, [5], true),
  ]

  /// Likelihoods, the best tags and the chances of tags, all against counting every sequence.
  @Test(arguments: shapes)
  func enumerationAgrees(_ tags: Int, _ lengths: [Int], _ constrained: Bool) throws {
    let constraints = constrained ? TagConstraints(tags: Self.tags, scheme: .bio) : nil
    let (field, emissions) = Self.drawn(tags: tags, lengths: lengths, constraints: constraints, seed: 8)
    let decoded = try field.decode(emissions)
    let marginals = try field.marginals(emissions)
    let chances = marginals.rows.value.doubles
    let rows = emissions.layout.sequenceMajorRows
    var first = 0
    for (sequence, length) in lengths.enumerated() {
      let paths = Self.paths(field, emissions, sequence: sequence)
      let best = try #require(paths.max { $0.score < $1.score })
      #expect(decoded[sequence].tags == best.tags)
      #expect(abs(decoded[sequence].score - best.score) < 1e-12 * max(1, abs(best.score)))
      let logPartition =
        best.score
        + naturalLogarithm(
          paths.reduce(0) { $0 + exponential($1.score - best.score) })
      for path in [best, paths[paths.count / 2]] {
        var labels = lengths.map { Array(repeating: Int32(0), count: $0) }
        labels[sequence] = path.tags
        let found = try field.negativeLogLikelihood(emissions, labels).value.doubles[sequence]
        #expect(abs(found - (logPartition - path.score)) < 1e-12 * max(1, abs(logPartition)))
      }
      for t in 0..<length {
        for tag in 0..<tags {
          let expected = paths.reduce(0) {
            $0 + ($1.tags[t] == Int32(tag) ? exponential($1.score - logPartition) : 0)
          }
          let found = chances[Int(rows[first + t]) * tags + tag]
          #expect(abs(found - expected) < 1e-12, "sequence \(sequence), step \(t), tag \(tag)")
        }
      }
      first += length
    }
  }

  /// Gradients of all scores by differences, in double precision, also where constraints forbid steps.
  @Test(arguments: shapes)
  func gradientsAreThoseOfDifferences(_ tags: Int, _ lengths: [Int], _ constrained: Bool) throws {
    let constraints = constrained ? TagConstraints(tags: Self.tags, scheme: .bio) : nil
    let (field, emissions) = Self.drawn(tags: tags, lengths: lengths, constraints: constraints, seed: 5)
    // B-X, I-X, O and so on: allowed by every scheme.
    let cycle = [1, 2, 0].map { Int32(min(tags - 1, $0)) }
    let labels = lengths.map { length in (0..<length).map { cycle[$0 % 3] } }
    func loss(_ field: ConditionalRandomField, _ rows: Variable) throws -> Variable {
      let packed = PackedSequence(rows: rows, layout: emissions.layout)
      return try field.negativeLogLikelihood(packed, labels).sum()
    }
    let (_, _, gradients, inputs) = try valueWithGradient(of: field, inputs: [emissions.rows.value]) {
      (try loss($0, $1[0]), ())
    }
    func check(_ found: Tensor, _ start: Tensor, _ name: String, _ moved: (Tensor) throws -> Variable) throws
    {
      for place in 0..<start.shape.count {
        let difference = try centralDifference(step: 1e-3) { step in
          var elements = start.doubles
          elements[place] += step
          return try moved(Tensor(doubles: elements, shape: start.shape)).value.doubles[0]
        }
        let found = found.doubles[place]
        #expect(
          abs(found - difference) <= 1e-6 * max(abs(found), abs(difference)) + 1e-9, "\(name)[\(place)]")
      }
    }
    try check(inputs[0], emissions.rows.value, "emissions") { try loss(field, Variable($0)) }
    for (index, (name, value)) in field.parameters.enumerated() {
      try check(gradients.tensors[index], value, name) { moved in
        var copy = field
        copy.forEachParameter("") { if $0 == name { $1.value = moved } }
        return try loss(copy, emissions.rows)
      }
    }
  }

  /// Long sequences and strong scores: nothing overflows, in single precision, on every target, and bits do not depend
  /// on threads.
  @Test(arguments: KernelTarget.available) func longSequencesAreFinite(_ target: KernelTarget) throws {
    try KernelTarget.$forced.withValue(target) {
      let lengths = [900, 1, 33, 0, 700, 31, 15, 16, 17, 8, 7, 9]
      let (field, emissions) = Self.drawn(
        tags: 5, lengths: lengths, constraints: TagConstraints(tags: Self.tags, scheme: .bio), seed: 2)
      let labels = try field.decode(emissions).map(\.tags)
      func run(_ precision: Precision) throws -> Outcome {
        let rows = emissions.rows.value.converted(to: precision)
        let (value, extra, gradients, inputs) = try valueWithGradient(
          of: field.converted(to: precision), inputs: [rows]
        ) { field, x in
          let losses = try field.negativeLogLikelihood(
            PackedSequence(rows: 30 * x[0], layout: emissions.layout), labels)
          return (losses.sum(), losses.value)
        }
        return [("loss", value), ("losses", extra)]
          + zip(gradients.names, gradients.tensors).map { ("∂\($0)", $1) }
          + [("∂emissions", inputs[0])]
      }
      let single = try run(.single)
      for (name, value) in single { #expect(Kernels.allFinite(value), "\(name)") }
      let why = "the emissions' gradients, up to 30, are differences of chances at scores of up to 200"
      expectClose(
        single, try run(.double), values: Tolerance(2e-4, because: why),
        gradients: Tolerance(2e-4, because: why),
        "\(target)")
      let alone = try WorkerPool.$forced.withValue(Teams.alone) { try run(.single) }
      let three = try WorkerPool.$forced.withValue(Teams.three) { try run(.single) }
      expectSameBits(three, alone, "threads")
    }
  }

  @Test func wrongLabelsAreNamed() {
    let (field, emissions) = Self.drawn(
      tags: 5, lengths: [2, 1], constraints: TagConstraints(tags: Self.tags, scheme: .bio), seed: 1)
    func error(_ labels: [[Int32]]) -> TagLabelError? {
      do {
        _ = try field.negativeLogLikelihood(emissions, labels)
        return nil
      } catch { return error }
    }
    #expect(error([[1, 2], [0]]) == nil)
    #expect(error([[1, 2]]) != nil)
    #expect(error([[1], [0]]) == .count(sequence: 0, expected: 2, found: 1))
    #expect(error([[1, 2], [5]]) == .unknown(sequence: 1, step: 0, label: 5, tagCount: 5))
    #expect(error([[1, -1], [0]]) == .unknown(sequence: 0, step: 1, label: -1, tagCount: 5))
    #expect(error([[1, 4], [0]]) == .forbidden(sequence: 0, step: 1, label: 4))
    #expect(error([[0, 0], [2]]) == .forbidden(sequence: 1, step: 0, label: 2))
    let narrow = PackedSequence(rows: Variable(Tensor.zeros([3, 4])), layout: emissions.layout)
    #expect(throws: TagLabelError.self) { try field.negativeLogLikelihood(narrow, [[0, 0], [0]]) }
    #expect(throws: ShapeError.self) { try field.decode(narrow) }
  }
}

@Suite struct TagConstraintsTests {
  @Test(arguments: [
    (TagConstraints.Scheme.bio, ["B-X", "I-X", "O"], true), (.bio, ["I-X"], false),
    (.bio, ["O", "I-X"], false),
    (.bio, ["B-X", "I-Y"], false), (.bio, ["B-X", "B-X", "I-X"], true), (.bio, ["I-Y", "I-Y"], false),
    (.iob1, ["I-X", "I-X", "B-X"], true), (.iob1, ["B-X"], false), (.iob1, ["I-Y", "B-X"], false),
    (.iob1, ["I-Y", "I-X"], true), (.bioes, ["S-X", "B-X", "I-X", "E-X", "O"], true),
    (.bioes, ["B-X"], false),
    (.bioes, ["B-X", "O"], false), (.bioes, ["B-X", "E-Y"], false), (.bioes, ["E-X"], false),
    (.bioes, ["S-X", "E-X"], false), (.bioes, ["B-X", "E-X", "B-Y", "E-Y"], true),
    (.bioes, ["B-X", "I-X"], false),
    (.bioes, [], true), (.bioes, ["I-X", "E-X"], false), (.bioes, ["O", "I-X", "E-X"], false),
    (.bioes, ["B-X", "S-X"], false), (.bioes, ["B-X", "I-X", "B-X"], false), (.bio, ["ODD", "O"], true),
  ])
  func schemesAllowWhatTheySay(_ scheme: TagConstraints.Scheme, _ path: [String], _ allowed: Bool) {
    let tags = ["O", "ODD", "B-X", "I-X", "E-X", "S-X", "B-Y", "I-Y", "E-Y", "S-Y"]
    let constraints = TagConstraints(tags: tags, scheme: scheme)
    let numbers = path.map { Int32(tags.firstIndex(of: $0) ?? 0) }
    #expect((constraints.firstBreak(numbers) == nil) == allowed)
  }
}
