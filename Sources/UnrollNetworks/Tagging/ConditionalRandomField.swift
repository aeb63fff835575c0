import UnrollCore

/// A linear-chain conditional random field over tags (Lafferty, McCallum and Pereira 2001; as the top of a network,
/// Collobert et al. 2011, section 3.2.2):
///
///     score(y) = s[y₁] + Σₜ E[t, yₜ] + Σₜ A[yₜ₋₁, yₜ] + e[y_T]      p(y) = e^score(y) / Σ e^score
///
/// Emissions E come from a network below, `[N, L]`, packed; A `[L, L]` from a tag to the next; s, e `[L]`. Where
/// constraints forbid a step, its score counts as −10³⁰, in training as in decoding: all chance is shared among what
/// is allowed.
public struct ConditionalRandomField: Module {
  /// A.
  public var transitions: Parameter
  /// s.
  public var start: Parameter
  /// e.
  public var end: Parameter
  /// What is allowed; `nil`: everything.
  public let constraints: TagConstraints?

  /// A field of L tags whose scores start as small random numbers.
  public init(tagCount: Int, constraints: TagConstraints? = nil, using random: inout RandomSource) {
    func small(_ shape: Shape) -> Parameter {
      Parameter(shape) { .uniform(-0.1...0.1, shape: shape, using: &random) }
    }
    transitions = small([tagCount, tagCount])
    start = small([tagCount])
    end = small([tagCount])
    require(
      constraints == nil || constraints?.tagCount == tagCount,
      "ConditionalRandomField: \(tagCount) tags, and constraints of \(constraints?.tagCount ?? 0)")
    self.constraints = constraints
  }

  /// L, the number of tags.
  public var tagCount: Int { transitions.shape[0] }

  /// −ln p(labels) of each sequence; 0 for an empty one.
  ///
  /// - Parameters:
  ///   - emissions: `[N, L]`, packed.
  ///   - labels: for each sequence as given, a tag a step.
  /// - Returns: `[B]`, in the order in which the sequences were given.
  /// - Throws: `TagLabelError` when shapes do not fit, a label is no tag, or the constraints forbid it.
  public func negativeLogLikelihood(
    _ emissions: PackedSequence, _ labels: [[Int32]]
  ) throws(TagLabelError) -> Variable {
    try check(labels, emissions.layout)
    do {
      return try chain(emissions).negativeLogLikelihood(labels)
    } catch {
      throw .shape(place: error.place, expected: error.expected, found: error.found.extents)
    }
  }

  /// The likeliest tags of each sequence and their score, in the order in which the sequences were given (Viterbi).
  ///
  /// - Throws: `ShapeError` when the emissions are not those of L tags.
  public func decode(_ emissions: PackedSequence) throws(ShapeError) -> [(tags: [Int32], score: Double)] {
    try chain(emissions).best()
  }

  /// The likeliest tag of each packed row; see `decode`.
  ///
  /// - Throws: `ShapeError` when the emissions are not those of L tags.
  package func decodeRows(_ emissions: PackedSequence) throws(ShapeError) -> [Int32] {
    try chain(emissions).bestRows()
  }

  /// The chance of each tag at each step, summed over all sequences of tags.
  ///
  /// - Returns: `[N, L]`, packed as the emissions are.
  /// - Throws: `ShapeError` when the emissions are not those of L tags.
  public func marginals(_ emissions: PackedSequence) throws(ShapeError) -> PackedSequence {
    PackedSequence(rows: Variable(try chain(emissions).marginals()), layout: emissions.layout)
  }

  private static let impossible = -1e30

  private func chain(_ emissions: PackedSequence) throws(ShapeError) -> LinearChain {
    func allowed(_ scores: Variable, _ mask: [Bool]?) -> Variable {
      guard let mask, mask.contains(false) else { return scores }
      func constant(_ numbers: [Double]) -> Variable {
        Variable(Tensor(doubles: numbers, shape: scores.shape).converted(to: scores.value.precision))
      }
      return scores * constant(mask.map { $0 ? 1 : 0 }) + constant(mask.map { $0 ? 0 : Self.impossible })
    }
    return try LinearChain(
      emissions: emissions.rows, transitions: allowed(transitions.variable, constraints?.follows),
      start: allowed(start.variable, constraints?.begins), end: allowed(end.variable, constraints?.ends),
      layout: emissions.layout)
  }

  private func check(_ labels: [[Int32]], _ layout: SequenceLayout) throws(TagLabelError) {
    guard labels.count == layout.batch else {
      throw .shape(
        place: "ConditionalRandomField.labels", expected: "[\(layout.batch)]", found: [labels.count])
    }
    for (sequence, tags) in labels.enumerated() {
      guard tags.count == layout.lengths[sequence] else {
        throw .count(sequence: sequence, expected: layout.lengths[sequence], found: tags.count)
      }
      if let step = tags.firstIndex(where: { $0 < 0 || $0 >= tagCount }) {
        throw .unknown(sequence: sequence, step: step, label: tags[step], tagCount: tagCount)
      }
      if let step = constraints?.firstBreak(tags) {
        throw .forbidden(sequence: sequence, step: step, label: tags[step])
      }
    }
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try body(parameterName(path, "transitions"), &transitions)
    try body(parameterName(path, "start"), &start)
    try body(parameterName(path, "end"), &end)
  }
}
