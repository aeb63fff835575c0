import UnrollCore
import UnrollData
import UnrollNetworks

extension TranslationNetwork {
  /// The sum over target tokens of the cross-entropy against softened labels.
  ///
  /// - Parameters:
  ///   - smoothing: ε.
  ///   - sampling: the share of tokens read that are the network's own.
  ///   - stepping: whether to go step by step although all steps could be run together.
  package func loss(
    _ batch: TranslationBatch, smoothing: Double, sampling: Float, random: inout RandomSource?,
    stepping: Bool = false
  ) throws(ShapeError) -> Variable {
    let encoded = try encode(batch.source, random: &random)
    guard stepping || settings.inputFeeding || settings.coverage || sampling > 0 else {
      return try entropy(
        try read(batch.target, encoded, random: &random), batch.labels, smoothing: smoothing)
    }
    let (said, coverage) = try stepped(batch, encoded, sampling: sampling, random: &random)
    let entropy = try entropy(said, batch.labels, smoothing: smoothing)
    return coverage.map { entropy + $0 } ?? entropy
  }

  /// oₜ for all tokens of the target, one step after the other, and what coverage costs.
  private func stepped(
    _ batch: TranslationBatch, _ encoded: Encoded, sampling: Float, random: inout RandomSource?
  ) throws(ShapeError) -> (said: Variable, coverage: Variable?) {
    let layout = batch.target.layout
    var state = initialState(encoded, order: layout.order)
    let memory = encoded.memory.selecting(layout.order)
    var all: [Variable] = []
    var cost: Variable?
    for (t, count) in layout.counts.enumerated() {
      var ids = Array(batch.target.ids[layout.offsets[t]..<layout.offsets[t + 1]])
      if sampling > 0, random != nil, let last = all.last {
        try replace(&ids, sampling, guessing: last.detached, &random!)
      }
      if state.layers[0][0].shape[0] > count { state = state.prefix(count) }
      let before = state.covered
      let vectors = try vectors(ids, random: &random)
      let (said, weights, next) = try step(vectors, state, memory, random: &random)
      all.append(said)
      // Paid for in training alone: validation compares cross-entropies.
      if let before, random != nil {
        let part = try Loss.coverage(weights, covered: before)
        cost = cost.map { $0 + part } ?? part
      }
      state = next
    }
    let width = settings.embeddingSize
    let said =
      all.isEmpty
      ? Variable(Tensor.zeros([0, width]).converted(to: encoded.start.value.precision))
      : Variable.concatenated(all, axis: 0)
    return (said, cost)
  }

  /// Puts the network's likeliest tokens in the place of some.
  private func replace(
    _ ids: inout [Int32], _ share: Float, guessing last: Variable, _ random: inout RandomSource
  ) throws(ShapeError) {
    let logits = try logits(last).value.converted(to: .single)
    let columns = logits.shape.columns
    logits.withUnsafeElements { elements in
      for row in ids.indices where random.uniform() < share {
        ids[row] = Int32(
          TokenSampler.best(
            UnsafeBufferPointer(rebasing: elements[row * columns..<(row + 1) * columns])))
      }
    }
  }

  /// Σ of −ln p[y] softened, without a tensor of probabilities: with logits z = W o + b,
  ///
  ///     (1 − ε)·(lse − z[y]) + ε·(lse − mean z) = (lse − z[y]) + ε·(z[y] − mean z)
  ///
  /// and the last term needs the rows of W that the labels name, and the mean of all rows.
  package func entropy(_ said: Variable, _ labels: [Int32], smoothing: Double) throws(ShapeError) -> Variable
  {
    let weight = table.weight.variable
    let hard = try Loss.crossEntropy(of: said, weight, bias: bias.variable, labels, reduction: .sum)
    guard smoothing > 0 else { return hard }
    let words = weight.shape[0]
    let share = Variable(
      Tensor(repeating: 1 / Double(words), shape: [1, words], precision: weight.value.precision))
    let column = bias.variable.reshaped(to: [words, 1])
    let (meanRow, meanBias) = (try share.matmul(weight), try share.matmul(column))
    let own = (said * (weight.gather(labels) - meanRow.reshaped(to: [weight.shape[1]]))).sum()
    let ownBias = (column.gather(labels) - meanBias.reshaped(to: [1])).sum()
    return hard + (own + ownBias).affine(times: smoothing, plus: 0)
  }
}
