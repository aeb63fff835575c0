import UnrollCore

/// Many to many of equal length: a label for each step.
///
///     eₜ = W hₜ + b                                    the score of each label
///     p(y) = Π softmax(eₜ)[yₜ]                         each step by itself, or
///     p(y) by a conditional random field over e        all steps of a sequence together
///
/// h `[N, H]`, e `[N, L]`, packed.
public struct StepHead: Module {
  /// W and b.
  public var output: Linear
  /// Decides the labels of a sequence together; `nil`: each step is decided by itself.
  public var field: ConditionalRandomField?

  /// Each step by itself.
  ///
  /// - Parameters:
  ///   - features: H.
  ///   - labels: L.
  public init(features: Int, labels: Int, using random: inout RandomSource) {
    output = Linear(inputSize: features, outputSize: labels, using: &random)
  }

  /// All steps of a sequence together.
  ///
  /// - Parameter constraints: which label may follow which; `nil`: any.
  public init(features: Int, labels: Int, constraints: TagConstraints?, using random: inout RandomSource) {
    output = Linear(inputSize: features, outputSize: labels, using: &random)
    field = ConditionalRandomField(tagCount: labels, constraints: constraints, using: &random)
  }

  /// L, the number of labels.
  public var labelCount: Int { output.outputSize }

  /// e.
  ///
  /// - Throws: `ShapeError` when h does not fit.
  public func callAsFunction(_ encoded: PackedSequence) throws(ShapeError) -> PackedSequence {
    PackedSequence(rows: try output(encoded.rows), layout: encoded.layout)
  }

  /// Σ of −ln p over all sequences, the weight being the number of steps.
  ///
  /// - Parameters:
  ///   - scores: e.
  ///   - labels: for each sequence as given, a label a step.
  ///   - smoothing: ε of softened labels, where steps are decided by themselves.
  /// - Throws: `TagLabelError` or `ShapeError` when labels and scores do not fit.
  public func loss(_ scores: PackedSequence, _ labels: [[Int32]], smoothing: Double = 0) throws -> LossSum {
    let weight = Double(scores.layout.rows)
    if let field {
      return LossSum(sum: try field.negativeLogLikelihood(scores, labels).sum(), weight: weight)
    }
    guard labels.map(\.count) == scores.layout.lengths else {
      throw ShapeError(
        place: "StepHead.labels", expected: "\(scores.layout.rows) labels, one a step",
        found: [labels.reduce(0) { $0 + $1.count }])
    }
    let packed = scores.layout.packing(labels)
    return LossSum(
      sum: try Loss.crossEntropy(scores.rows, packed, labelSmoothing: smoothing, reduction: .sum),
      weight: weight)
  }

  /// The likeliest labels of each sequence as given: by Viterbi's algorithm, or step by step the label of the greatest
  /// score, the first of equals.
  ///
  /// - Throws: `ShapeError` when the scores are not those of L labels.
  public func decode(_ scores: PackedSequence) throws(ShapeError) -> [[Int32]] {
    scores.layout.unpacking(try decodeRows(scores))
  }

  /// The same, a label for each packed row.
  public func decodeRows(_ scores: PackedSequence) throws(ShapeError) -> [Int32] {
    try field?.decodeRows(scores) ?? scores.rows.argmax()
  }

  /// The probability of each label at each step, given the whole sequence: `[N, L]`.
  ///
  /// - Throws: `ShapeError` when the scores are not those of L labels.
  public func probabilities(_ scores: PackedSequence) throws(ShapeError) -> PackedSequence {
    if let field { return try field.marginals(scores) }
    return PackedSequence(rows: scores.rows.softmax(), layout: scores.layout)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try output.forEachParameter(parameterName(path, "output"), body)
    try field?.forEachParameter(parameterName(path, "field"), body)
  }
}

extension StepHead {
  /// The head that decides for several networks together: its field's scores are the means of theirs. The product of
  /// what each holds likely is a mean of scores, up to a constant.
  ///
  /// - Parameter heads: at least one, all of the same labels.
  public static func ensemble(_ heads: [StepHead]) -> StepHead {
    var head = heads[0]
    let fields = heads.compactMap(\.field)
    if heads.count > 1, fields.count == heads.count {
      func mean(_ parameters: [Parameter]) -> Parameter {
        let sum = parameters.dropFirst().reduce(Variable(parameters[0].value)) { $0 + Variable($1.value) }
        return Parameter(sum.affine(times: 1 / Double(parameters.count), plus: 0).value)
      }
      head.field?.transitions = mean(fields.map(\.transitions))
      head.field?.start = mean(fields.map(\.start))
      head.field?.end = mean(fields.map(\.end))
    }
    return head
  }

  /// The scores by which several networks decide together: the mean of their scores, where steps are decided by
  /// themselves of their log-probabilities.
  ///
  /// - Parameter scores: one of each network, of the same batch; at least one.
  public func mean(of scores: [PackedSequence]) -> PackedSequence {
    guard scores.count > 1 else { return scores[0] }
    let rows = scores.map { field == nil ? $0.rows.logSoftmax() : $0.rows }
    let sum = rows.dropFirst().reduce(rows[0], +)
    return PackedSequence(
      rows: sum.affine(times: 1 / Double(scores.count), plus: 0), layout: scores[0].layout)
  }
}
