import UnrollCore

/// One to many: what comes next, as a distribution over V tokens.
///
///     p(yₜ₊₁) = softmax(W hₜ + b)
///
/// h `[N, H]`; W `[V, H]` of its own, or the table of the tokens' vectors (Press and Wolf 2017, "Using the output embedding
/// to improve language models"; Inan et al. 2017), or by an adaptive softmax that spends less on rare tokens. A head with
/// tied weights is given the table at each call.
public enum NextStepHead: Module {
  /// W is the table of token vectors; b `[V]`.
  case tied(bias: Parameter)
  /// W and b.
  case full(Linear)
  case adaptive(AdaptiveSoftmax)

  /// How a head is made.
  public enum Kind: String, Sendable, Codable, CaseIterable { case tied, full, adaptive }

  /// - Parameters:
  ///   - features: H.
  ///   - count: V; tokens are numbered from frequent to rare for an adaptive softmax.
  public init(_ kind: Kind, features: Int, count: Int, using random: inout RandomSource) {
    switch kind {
    case .tied: self = .tied(bias: .zeros([count]))
    case .full: self = .full(Linear(inputSize: features, outputSize: count, using: &random))
    case .adaptive:
      self = .adaptive(
        AdaptiveSoftmax(
          inputSize: features, classCount: count, cutoffs: Self.cutoffs(count), using: &random))
    }
  }

  /// The ends of the head and of all tails but the last of an adaptive softmax: shares of a vocabulary from frequent to
  /// rare.
  private static func cutoffs(_ count: Int) -> [Int] {
    let shares = [count / 10, count / 3]
    return shares[0] >= 1 && shares[1] > shares[0] ? shares : []
  }

  /// W and b of a head that has them.
  private func weights(_ table: Embedding?) throws(ShapeError) -> (weight: Variable, bias: Variable?)? {
    switch self {
    case .tied(let bias):
      guard let table, table.count == bias.count else {
        throw ShapeError(
          place: "NextStepHead", expected: "a table of \(bias.count) vectors",
          found: table?.weight.shape ?? [0])
      }
      return (table.weight.variable, bias.variable)
    case .full(let linear): return (linear.weight.variable, linear.bias?.variable)
    case .adaptive: return nil
    }
  }

  /// Σ over rows of −ln p(label), or of the cross-entropy against softened labels, the weight being the number of labels:
  ///
  ///     (1 − ε)·(lse − z[y]) + ε·(lse − mean z) = (lse − z[y]) + ε·(z[y] − mean z),   z = W h + b
  ///
  /// The last term needs the rows of W that the labels name and the mean of all rows, and no tensor of probabilities.
  ///
  /// - Parameters:
  ///   - features: h.
  ///   - labels: one token a row; negative: the row does not count.
  ///   - table: W, for tied weights.
  ///   - smoothing: ε; an adaptive softmax takes none.
  /// - Throws: `ShapeError` when h, the labels or the table do not fit.
  public func loss(
    _ features: Variable, _ labels: [Int32], table: Embedding? = nil, smoothing: Double = 0
  ) throws(ShapeError) -> LossSum {
    let weight = Double(labels.count { $0 >= 0 })
    let hard = try lossesOfRows(features, labels, table: table).sum()
    guard smoothing > 0 else { return LossSum(sum: hard, weight: weight) }
    let soft = try aboveMean(features, labels, table: table)
    return LossSum(sum: hard + soft.affine(times: smoothing, plus: 0), weight: weight)
  }

  /// −ln p(label) of each row, `[N]`, in the form that training differentiates; 0 where the label is negative.
  func lossesOfRows(
    _ features: Variable, _ labels: [Int32], table: Embedding?
  ) throws(ShapeError) -> Variable {
    if case .adaptive(let softmax) = self { return try softmax.losses(features, labels) }
    let (weight, bias) = try weights(table)!
    return try features.linearCrossEntropy(weight, bias: bias, labels: labels)
  }

  /// Σ over rows that count of z[y] − mean z.
  func aboveMean(
    _ features: Variable, _ labels: [Int32], table: Embedding?
  ) throws(ShapeError) -> Variable {
    guard let (weight, bias) = try weights(table) else {
      throw ShapeError(
        place: "NextStepHead.loss", expected: "no label smoothing with an adaptive softmax", found: [])
    }
    let count = weight.shape[0]
    let share = Variable(
      Tensor(repeating: 1 / Double(count), shape: [1, count], precision: weight.value.precision))
    let meanRow = try share.matmul(weight).reshaped(to: [weight.shape[1]])
    var (rows, own) = (features, labels)
    if labels.contains(where: { $0 < 0 }) {
      let counted = labels.indices.filter { labels[$0] >= 0 }
      (rows, own) = (features.gather(counted.map(Int32.init)), counted.map { labels[$0] })
    }
    let sum = (rows * (weight.gather(own) - meanRow)).sum()
    guard let bias else { return sum }
    let column = bias.reshaped(to: [count, 1])
    let meanBias = try share.matmul(column)
    return sum + (column.gather(own) - meanBias.reshaped(to: [1])).sum()
  }

  /// −ln p(label) of each row: the same bits for a row by itself and among others.
  ///
  /// - Throws: `ShapeError` when h, the labels or the table do not fit.
  public func losses(
    _ features: Variable, _ labels: [Int32], table: Embedding? = nil
  ) throws(ShapeError) -> [Float] {
    if case .adaptive(let softmax) = self { return try softmax.losses(features, labels).value.elements }
    return try logits(features, table: table).crossEntropy(labels: labels).value.elements
  }

  /// What a softmax makes probabilities of, `[N, V]`.
  ///
  /// - Throws: `ShapeError` when h or the table do not fit.
  public func logits(_ features: Variable, table: Embedding? = nil) throws(ShapeError) -> Variable {
    if case .adaptive(let softmax) = self { return try softmax.logProbabilities(features) }
    let (weight, bias) = try weights(table)!
    return try features.linear(weight, bias: bias)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    switch self {
    case .tied(var bias):
      try body(parameterName(path, "bias"), &bias)
      self = .tied(bias: bias)
    case .full(var linear):
      try linear.forEachParameter(path, body)
      self = .full(linear)
    case .adaptive(var softmax):
      try softmax.forEachParameter(path, body)
      self = .adaptive(softmax)
    }
  }
}
