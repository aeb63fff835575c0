extension Variable {
  /// Connectionist temporal classification (Graves et al. 2006, "Connectionist Temporal Classification: Labelling
  /// Unsegmented Sequence Data with Recurrent Neural Networks"): −ln of the probability that the steps of a sequence
  /// spell its labels,
  ///
  ///     p(labels) = Σ over paths π of Π_t softmax(x_t)[π_t],   π without repeats, then without blanks = labels
  ///     dx_t[k] = dy·(softmax(x_t)[k] − Σ over states s of class k of p(π is at s at step t | labels))
  ///
  /// The forward and backward sums are kept as logarithms, in double precision, whatever the precision of x. A
  /// sequence is worked on by one thread, in a fixed order. The gradient takes the place of the logits where nobody
  /// else has them.
  ///
  /// - Parameters:
  ///   - targets: for each sequence as given its labels, each below K and none the blank; may be empty.
  ///   - blank: the class that spells nothing.
  ///   - rows: where the steps lie; the gradient of padding is exactly 0.
  /// - Returns: `[B]` for x `[rows, K]` or `[T, B, K]`. Where a sequence has fewer steps than its labels need the
  ///   loss is 0, and so is its gradient, exactly; +∞ with a gradient of 0 where logits of −∞ leave no path.
  /// - Throws: `ShapeError` when logits, targets and rows do not fit.
  package func ctc(targets: [[Int32]], blank: Int32, rows: SequenceRows) throws(ShapeError) -> Variable {
    let classes = shape.columns
    guard shape.rank >= 2, shape.rows == rows.count else {
      throw ShapeError(place: "ctc", expected: "[\(rows.count), classes]", found: shape)
    }
    guard targets.count == rows.lengths.count else {
      throw ShapeError(place: "ctc.targets", expected: "[\(rows.lengths.count)]", found: [targets.count])
    }
    guard (0..<Int32(clamping: classes)).contains(blank),
      targets.allSatisfy({ $0.allSatisfy { $0 >= 0 && $0 < classes && $0 != blank } })
    else {
      throw ShapeError(place: "ctc", expected: "more classes than any label, none the blank", found: shape)
    }
    let paths = LabelPaths(targets: targets, blank: blank, rows: rows, classes: classes)
    let (logProbabilities, kept) = paths.forward(value, keeps: tape != nil)
    // What has no path is left out when it had no chance to have one, and infinitely bad when it had.
    let losses = zip(logProbabilities, paths.fits).map { $1 ? -$0 : 0 }
    let loss = Tensor(doubles: losses, shape: [losses.count]).converted(to: value.precision)
    guard let kept else { return Variable(loss) }
    let counted = zip(logProbabilities, paths.fits).map { $1 && $0 > -.infinity || $0.isNaN }
    let logits = OnceTensor(value)
    return .record(loss, from: [self]) { [slot] dy, gradients in
      guard slot.isRecorded, var x = logits.take() else { return }
      let weights = zip(dy.doubles, counted).map { $1 ? $0 : nil }
      paths.gradient(replacing: &x, kept, weights: weights)
      gradients.add(x, to: slot)
    }
  }
}

/// The paths that spell the labels of some sequences.
private struct LabelPaths: Sendable {
  let targets: [[Int32]]
  let blank: Int32
  let padding: [Int]
  let classes: Int
  /// Of each sequence, the rows of its steps.
  let steps: [[Int32]]
  /// Whether a sequence has the steps that its labels need.
  let fits: [Bool]
  /// Where the steps of each sequence begin when they lie one after the other.
  let starts: [Int]

  /// What the gradient needs of the way forward: ln Σ eˣ of each step, sequence by sequence, and for each sequence
  /// the chance of the blank and of each label at each step, `[T, L + 1]`.
  struct Kept: Sendable {
    let logSums: Tensor
    let occupancy: [Tensor]
  }

  init(targets: [[Int32]], blank: Int32, rows: SequenceRows, classes: Int) {
    self.targets = targets
    self.blank = blank
    self.classes = classes
    padding = rows.padding
    steps = rows.bySequence
    fits = zip(targets, steps).map { $1.count >= stepsNeeded(toSpell: $0) }
    starts = steps.reduce(into: [0]) { $0.append($0.last! + $1.count) }
  }

  /// Doubles of memory that the kernel works in.
  private func scratch(_ sequence: Int, keeps: Bool) -> Int {
    let (steps, pitch) = (steps[sequence].count, (targets[sequence].count + 8) / 8 * 8 + 8)
    return steps + 6 * pitch + 2 * pitch * (keeps ? steps : 1)
  }

  /// ln p of the labels of each sequence, −∞ where it has too few steps.
  func forward(_ x: Tensor, keeps: Bool) -> (logProbabilities: [Double], kept: Kept?) {
    let kernels = Kernels.serving(x.precision)
    let logSums = Tensor(uninitialized: [keeps ? starts.last! : 0], precision: x.precision)
    let occupancy = steps.indices.map { sequence in
      Tensor(
        uninitialized: keeps && fits[sequence] ? [steps[sequence].count, targets[sequence].count + 1] : [0],
        precision: x.precision)
    }
    var results = [Double](repeating: -.infinity, count: steps.count)
    results.withUnsafeMutableBufferPointer { results in
      nonisolated(unsafe) let results = results
      // One share a sequence, taken by whoever is free: lengths differ.
      WorkerPool.shared.shareOut(steps.count) { sequence in
        guard fits[sequence] else { return }
        let scratch = Tensor(uninitialized: [scratch(sequence, keeps: keeps)], precision: .double)
        results[sequence] = kernels.table.pointee.ctc_forward(
          steps[sequence].count, targets[sequence].count, steps[sequence], classes, targets[sequence], blank,
          x.address, scratch.storage.doubles,
          keeps ? logSums.mutableAddress + starts[sequence] * kernels.stride : nil,
          keeps ? occupancy[sequence].mutableAddress : nil)
      }
    }
    return (results, keeps ? Kept(logSums: logSums, occupancy: occupancy) : nil)
  }

  /// Puts the gradient of Σ weights · losses in the place of the logits: in their memory, when nobody else has it.
  ///
  /// - Parameter weights: `nil`: a gradient of 0.
  func gradient(replacing x: inout Tensor, _ kept: Kept, weights: [Double?]) {
    let kernels = Kernels.serving(x.precision)
    let stride = kernels.stride
    let dx = x.isUnique() ? x : Tensor(uninitialized: x.shape, precision: x.precision)
    func clear(_ row: Int) {
      (dx.mutableAddress + row * classes * stride).initializeMemory(
        as: UInt8.self, repeating: 0, count: classes * stride)
    }
    let logits = x
    WorkerPool.shared.shareOut(steps.count) { sequence in
      guard let weight = weights[sequence] else {
        for row in steps[sequence] { clear(Int(row)) }
        return
      }
      kernels.table.pointee.ctc_gradient(
        steps[sequence].count, targets[sequence].count, steps[sequence], classes, targets[sequence], blank,
        logits.address, kept.logSums.address + starts[sequence] * stride, kept.occupancy[sequence].address,
        weight,
        dx.mutableAddress)
    }
    for row in padding { clear(row) }
    x = dx
  }
}

/// The fewest steps whose path spells some labels: one a label, and a blank between two that are equal.
package func stepsNeeded(toSpell labels: [Int32]) -> Int {
  labels.count + zip(labels, labels.dropFirst()).count { $0 == $1 }
}
