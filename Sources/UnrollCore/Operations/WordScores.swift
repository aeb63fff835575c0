extension Variable {
  /// −ln softmax(x·Wᵀ + b)[label] of each row, in one operation: for large vocabularies.
  ///
  ///     s = W·xᵀ + b          scores [words, rows]
  ///     l = ln Σ eˢ − s[label]
  ///     ds = dl·(softmax s − one-hot label),  dx = dsᵀ·W,  dW = ds·x,  db = Σ ds over rows
  ///
  /// It does what `linear` and `crossEntropy` do one after the other, and differs in how: scores lie the other way
  /// round, so that W and ds are left sides of products as they are and need no packing; a block of words is made into
  /// exponentials while it is still near, and into gradients just before they are used; and there is one tensor of
  /// scores, which becomes its own gradient. Without a gradient to be found, only a block of it is ever there.
  ///
  /// - Parameters:
  ///   - weight: W `[words, inputs]`.
  ///   - bias: b `[words]`.
  ///   - labels: one word a row; negative: the row is left out, its loss is 0.
  /// - Returns: `[rows]` for x `[…, inputs]`.
  /// - Throws: `ShapeError` when the shapes do not fit or a label is no word.
  public func linearCrossEntropy(
    _ weight: Variable, bias: Variable? = nil, labels: [Int32]
  ) throws(ShapeError) -> Variable {
    guard value.precision == weight.value.precision else {
      let (x, weight) = Self.matched(self, weight)
      return try x.linearCrossEntropy(weight, bias: bias?.promoted(to: .double), labels: labels)
    }
    let (words, inputs) = (weight.shape.rows, weight.shape.columns)
    guard shape.rank > 0, shape.columns == inputs else {
      throw ShapeError(place: "linearCrossEntropy", expected: "[…, \(inputs)]", found: shape)
    }
    if let bias, bias.shape.count != words {
      throw ShapeError(place: "linearCrossEntropy.bias", expected: "[\(words)]", found: bias.shape)
    }
    guard labels.count == shape.rows else {
      throw ShapeError(
        place: "linearCrossEntropy.labels", expected: "[\(shape.rows)]", found: [labels.count])
    }
    if let wrong = labels.first(where: { $0 >= words }) {
      throw ShapeError(
        place: "linearCrossEntropy", expected: "more than \(wrong) words", found: weight.shape)
    }
    let keeps = ([self, weight] + (bias.map { [$0] } ?? [])).contains { $0.tape != nil }
    let scores = WordScores(x: value, weight: weight.value, bias: bias?.value, labels: labels)
    let (loss, kept, factors) = scores.forward(keeps: keeps)
    guard keeps else { return Variable(loss) }
    let exponentials = OnceTensor(kept)
    let (weightSlot, biasSlot) = (weight.slot, bias?.slot)
    return .record(loss, from: [self, weight] + (bias.map { [$0] } ?? [])) { [slot] dy, gradients in
      guard let kept = exponentials.take() else { return }
      var biasSum: Tensor?
      // Without rows there is nothing to add.
      guard kept.shape.count > 0 else { return }
      if weightSlot.isRecorded {
        gradients.accumulate(weightSlot) { sum, isNew in
          biasSum = scores.makeGradient(kept, factors, dy, weightSum: sum, accumulate: !isNew)
        }
      } else {
        biasSum = scores.makeGradient(kept, factors, dy, weightSum: nil, accumulate: false)
      }
      if let biasSlot, let biasSum { gradients.add(biasSum, to: biasSlot) }
      if slot.isRecorded { gradients.add(scores.inputGradient(kept), to: slot) }
    }
  }
}

/// Scores of the words of a vocabulary for the rows of a text, block of words by block of words.
///
/// A block is the same for any number of threads, and so are the bits of what it adds to.
private struct WordScores: Sendable {
  let x: Tensor
  let weight: Tensor
  let bias: Tensor?
  let labels: [Int32]
  let kernels: Kernels

  init(x: Tensor, weight: Tensor, bias: Tensor?, labels: [Int32]) {
    self.x = x
    self.weight = weight
    self.bias = bias
    self.labels = labels
    kernels = Kernels.serving(x.precision)
  }

  private var rows: Int { labels.count }
  private var words: Int { weight.shape.rows }
  private var inputs: Int { weight.shape.columns }
  /// Elements from a word's scores to those of the next: whole lines.
  private var pitch: Int { (rows + 15) / 16 * 16 }
  /// Words whose scores stay in a core's own cache while all is done with them.
  private var blockWords: Int { 32 * kernels.tileRows }
  private var blocks: Int { (words + blockWords - 1) / blockWords }

  private func range(_ block: Int) -> Range<Int> {
    block * blockWords..<min(words, (block + 1) * blockWords)
  }

  private func tiles(_ count: Int) -> Int { (count + kernels.tileRows - 1) / kernels.tileRows }

  /// Threads worth having.
  private var members: Int {
    min(WorkerPool.shared.available, max(1, min(blocks, words * rows * max(inputs, 1) / (1 << 17))))
  }

  /// Calls `body` with each block, shared among threads, and with the thread's number.
  private func forEachBlock(
    _ members: Int,
    _ body: (_ block: Int, _ range: Range<Int>, _ member: Int, _ labels: UnsafePointer<Int32>) -> Void
  ) {
    labels.withUnsafeBufferPointer { labels in
      guard let base = labels.baseAddress else { return }
      nonisolated(unsafe) let first = base
      WorkerPool.shared.run(members) { team in
        for block in team.share(of: blocks) { body(block, range(block), team.index, first) }
      }
    }
  }

  /// - Returns: the loss of each row; e^(score − the block's maximum) of all words, when kept; and what makes
  ///   probabilities of them, by block and row.
  func forward(keeps: Bool) -> (loss: Tensor, exponentials: Tensor, factors: Tensor) {
    let (stride, table, members) = (kernels.stride, kernels.table, members)
    let panels = kernels.pack(
      x.address, columns: rows, inner: inputs, innerStride: 1, columnStride: inputs,
      width: kernels.panelColumns)
    let scores = Tensor(
      uninitialized: [keeps ? words : members * blockWords, pitch], precision: x.precision)
    let most = Tensor(uninitialized: [blocks, rows], precision: x.precision)
    let sums = Tensor(uninitialized: [blocks, rows], precision: x.precision)
    let chosen = Tensor(repeating: 0, shape: [rows], precision: x.precision)
    forEachBlock(members) { block, range, member, labels in
      let (first, count) = (range.lowerBound, range.count)
      let place = scores.mutableAddress + (keeps ? first : member * blockWords) * pitch * stride
      table.pointee.product(
        0, tiles(count), 0, kernels.panels(of: rows), count, rows, inputs,
        weight.address + first * inputs * stride, kernels.tileRows * inputs, inputs, 1, panels.address, nil,
        place, pitch, false)
      table.pointee.score_block(
        place, pitch, count, rows, bias.map { $0.address + first * stride }, labels, first,
        most.mutableAddress + block * rows * stride, sums.mutableAddress + block * rows * stride,
        chosen.mutableAddress)
    }
    let loss = Tensor(uninitialized: [rows], precision: x.precision)
    labels.withUnsafeBufferPointer { labels in
      guard let base = labels.baseAddress else { return }
      table.pointee.score_losses(
        most.address, sums.address, blocks, rows, base, chosen.address, loss.mutableAddress,
        most.mutableAddress)
    }
    return (loss, scores, most)
  }

  /// Makes the gradient of the scores of their exponentials, in place, and adds that of W.
  ///
  /// - Parameter weightSum: memory with no other owner for dW, written or, when accumulating, added to.
  /// - Returns: db.
  func makeGradient(
    _ exponentials: Tensor, _ factors: Tensor, _ dy: Tensor, weightSum: Tensor?, accumulate: Bool
  ) -> Tensor {
    let (stride, table) = (kernels.stride, kernels.table)
    let counted = Tensor(doubles: labels.map { $0 < 0 ? 0 : 1 }, shape: dy.shape).converted(to: dy.precision)
    let weights = Kernels.binary(.multiply, dy, counted)
    let panels = weightSum.map { _ in
      kernels.right(x.address, columns: inputs, inner: rows, rowStride: inputs)
    }
    let biasSum = Tensor(uninitialized: [words], precision: x.precision)
    forEachBlock(members) { block, range, _, labels in
      let (first, count) = (range.lowerBound, range.count)
      let place = exponentials.mutableAddress + first * pitch * stride
      table.pointee.score_gradient(
        place, pitch, count, rows, factors.address + block * rows * stride, weights.address, labels, first,
        biasSum.mutableAddress + first * stride)
      guard let weightSum, let panels else { return }
      table.pointee.product(
        0, tiles(count), 0, kernels.panels(of: inputs), count, inputs, rows, place, kernels.tileRows * pitch,
        pitch, 1, panels.address, nil, weightSum.mutableAddress + first * inputs * stride, inputs, accumulate)
    }
    return biasSum
  }

  /// Words whose gradients are multiplied with their weights at a time: four of the blocks of a long sum.
  private static let chunk = 1536

  /// dx = dsᵀ·W.
  func inputGradient(_ gradient: Tensor) -> Tensor {
    let dx = Tensor(repeating: 0, shape: x.shape, precision: x.precision)
    for first in Swift.stride(from: 0, to: words, by: Self.chunk) {
      let count = min(Self.chunk, words - first)
      let panels = kernels.right(
        weight.address + first * inputs * kernels.stride, columns: inputs, inner: count, rowStride: inputs)
      let left = LeftOperand(
        base: gradient.address + first * pitch * kernels.stride, tileStride: kernels.tileRows, rowStride: 1,
        columnStride: pitch, owner: nil)
      kernels.product(
        left, rows: rows, inner: count, panels, columns: inputs, into: dx.mutableAddress, rowStride: inputs,
        accumulate: first > 0)
    }
    return dx
  }
}
