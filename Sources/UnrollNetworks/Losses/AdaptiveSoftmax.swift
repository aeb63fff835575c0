import UnrollCore

/// A softmax over many classes that spends less on rare ones (Grave et al. 2017, "Efficient softmax approximation for
/// GPUs"). Classes are numbered from frequent to rare and cut into a head and tails; a tail is one entry of the head,
/// and what lies in it is told apart by a smaller projection:
///
///     p(y) = softmax(H x)[y]                                   for y in the head
///     p(y) = softmax(H x)[tail i] · softmax(Oᵢ Pᵢ x)[y]        for y in tail i
///
/// H `[cutoffs[0] + tails, I]`; Pᵢ `[I / divisor^(i+1), I]`; Oᵢ `[classes of tail i, I / divisor^(i+1)]`.
public struct AdaptiveSoftmax: Module {
  /// H.
  public var head: Linear
  /// Pᵢ and Oᵢ of each tail.
  public var tails: [(projection: Linear, output: Linear)]
  /// Where the head and all tails but the last end, and the number of classes.
  public let bounds: [Int]

  /// - Parameters:
  ///   - cutoffs: where the head ends, then each tail but the last; ascending, above 0 and below `classCount`.
  ///   - divisor: by how much the projections of successive tails shrink.
  public init(
    inputSize: Int, classCount: Int, cutoffs: [Int], divisor: Double = 4, headBias: Bool = false,
    using random: inout RandomSource
  ) {
    bounds = cutoffs + [classCount]
    require(
      zip([0] + bounds, bounds).allSatisfy { $0 < $1 },
      "AdaptiveSoftmax: cutoffs ascend between 0 and \(classCount), found \(cutoffs)")
    head = Linear(
      inputSize: inputSize, outputSize: bounds[0] + cutoffs.count, bias: headBias, using: &random)
    tails = []
    for index in cutoffs.indices {
      let hidden = max(1, Int(Double(inputSize) / power(divisor, Double(index + 1))))
      tails.append(
        (
          Linear(inputSize: inputSize, outputSize: hidden, bias: false, using: &random),
          Linear(
            inputSize: hidden, outputSize: bounds[index + 1] - bounds[index], bias: false, using: &random)
        ))
    }
  }

  /// V, the number of classes.
  public var classCount: Int { bounds[bounds.count - 1] }

  /// −ln p(label) of each row; work is done only in the tails that the labels fall into.
  ///
  /// - Parameters:
  ///   - x: `[N, I]`.
  ///   - labels: one class a row; negative: the row does not count, its loss is 0.
  /// - Returns: `[N]`.
  /// - Throws: `ShapeError` when x or the labels do not fit.
  public func losses(_ x: Variable, _ labels: [Int32]) throws(ShapeError) -> Variable {
    guard labels.count == x.shape.rows, labels.allSatisfy({ $0 < classCount }) else {
      throw ShapeError(
        place: "AdaptiveSoftmax.labels", expected: "\(x.shape.rows) labels below \(classCount)",
        found: [labels.count])
    }
    let tailOf = labels.map { label in label < bounds[0] ? -1 : bounds.lastIndex { $0 <= label } ?? -1 }
    let headLabels = zip(labels, tailOf).map { $1 < 0 ? $0 : Int32(bounds[0] + $1) }
    var losses = try head(x).crossEntropy(labels: headLabels)
    let flat = x.reshaped(to: [x.shape.rows, x.shape.columns])
    for (index, tail) in tails.enumerated() {
      let rows = tailOf.indices.filter { tailOf[$0] == index }
      guard !rows.isEmpty else { continue }
      let within = rows.map { labels[$0] - Int32(bounds[index]) }
      let logits = try tail.output(tail.projection(flat.gather(rows.map(Int32.init))))
      var places = Array(repeating: Int32(-1), count: labels.count)
      for (place, row) in rows.enumerated() { places[row] = Int32(place) }
      losses = losses + (try logits.crossEntropy(labels: within)).gather(places)
    }
    return losses
  }

  /// ln p of all classes.
  ///
  /// - Returns: `[…, V]` for x `[…, I]`.
  /// - Throws: `ShapeError` when x does not fit.
  public func logProbabilities(_ x: Variable) throws(ShapeError) -> Variable {
    let head = try head(x).logSoftmax()
    var parts = [head.columns(0..<bounds[0])]
    for (index, tail) in tails.enumerated() {
      let own = try tail.output(tail.projection(x)).logSoftmax()
      parts.append(own + head.columns(bounds[0] + index..<bounds[0] + index + 1))
    }
    return .concatenated(parts, axis: -1)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try head.forEachParameter(parameterName(path, "head"), body)
    for index in tails.indices {
      try tails[index].projection.forEachParameter(parameterName(path, "tail.\(index).0"), body)
      try tails[index].output.forEachParameter(parameterName(path, "tail.\(index).1"), body)
    }
  }
}
