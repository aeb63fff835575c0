extension Variable {
  /// The loss of a transducer (Graves 2012): −ln of the probability of the labels of each sequence, summed over all
  /// paths through its lattice (see `TransducerLattice`).
  ///
  ///     dx(t, u)[k] = dy·(s·softmax(x(t, u))[k] − [k = blank]·s_b − [k = label u]·s_l)
  ///
  /// with s_b, s_l the probabilities that the path of the labels leaves node (t, u) by the blank or by the label, and s
  /// their sum. The gradient takes the place of the logits where nobody else has them.
  ///
  /// - Parameters:
  ///   - targets: for each sequence its labels, each below K and none the blank; may be empty.
  ///   - blank: the class that goes on to the next step.
  ///   - lengths: T of each sequence. Where it is 0, the loss is 0 and nothing is read.
  /// - Returns: `[B]` for x `[Σ T·(U + 1), K]`, sequence by sequence, in each step by step.
  /// - Throws: `ShapeError` when logits, targets and lengths do not fit.
  package func transducer(
    targets: [[Int32]], blank: Int32, lengths: [Int]
  ) throws(ShapeError) -> Variable {
    let lattices = try TransducerTargets(
      targets, blank: blank, lengths: lengths, classes: shape.columns, place: "transducer")
    guard shape.rank == 2, shape.rows == lattices.nodes else {
      throw ShapeError(place: "transducer", expected: "[\(lattices.nodes), classes]", found: shape)
    }
    let scores = TransducerScores(lattices, precision: value.precision)
    scores.read(value, firstNode: 0)
    let (losses, shares) = scores.finish(wantsShares: tape != nil)
    guard let shares else { return Variable(losses) }
    let logits = OnceTensor(value)
    return .record(losses, from: [self]) { [slot] dy, gradients in
      guard slot.isRecorded, var x = logits.take() else { return }
      let dx = x.isUnique() ? x : Tensor(uninitialized: x.shape, precision: x.precision)
      scores.gradient(x, into: dx, firstNode: 0, shares, weights: dy.doubles)
      gradients.add(dx, to: slot)
    }
  }
}

/// The lattices of a batch: their sizes and labels, and where the nodes of each begin.
struct TransducerTargets: Sendable {
  let targets: [[Int32]]
  let blank: Int32
  let lengths: [Int]
  /// The first node of each sequence, and the number of all at the end.
  let starts: [Int]
  /// The label of each node, −1 where none is left.
  let labels: [Int32]
  /// The sequence of each node.
  let sequences: [Int32]

  init(
    _ targets: [[Int32]], blank: Int32, lengths: [Int], classes: Int, place: String
  ) throws(ShapeError) {
    guard targets.count == lengths.count else {
      throw ShapeError(place: "\(place).targets", expected: "[\(lengths.count)]", found: [targets.count])
    }
    guard (0..<Int32(clamping: classes)).contains(blank),
      targets.allSatisfy({ $0.allSatisfy { $0 >= 0 && $0 < classes && $0 != blank } })
    else {
      throw ShapeError(
        place: place, expected: "more classes than any label, none the blank", found: [classes])
    }
    self.targets = targets
    self.blank = blank
    self.lengths = lengths
    starts = zip(lengths, targets).reduce(into: [0]) { $0.append($0.last! + $1.0 * ($1.1.count + 1)) }
    var (labels, sequences): ([Int32], [Int32]) = ([], [])
    labels.reserveCapacity(starts.last!)
    sequences.reserveCapacity(starts.last!)
    for (sequence, length) in lengths.enumerated() {
      for _ in 0..<length {
        labels += targets[sequence]
        labels.append(-1)
      }
      sequences += repeatElement(Int32(sequence), count: length * (targets[sequence].count + 1))
    }
    self.labels = labels
    self.sequences = sequences
  }

  var nodes: Int { starts.last! }
}

/// What the nodes of a batch's lattices are worth, read from logits that need not all be there at once.
final class TransducerScores: Sendable {
  /// The probabilities that the path of the labels leaves a node by the blank and by the label, `[nodes]` each; those
  /// of a sequence without a path are 0.
  struct Shares: Sendable {
    let blank: [Float]
    let label: [Float]
    /// In double precision, for the reference.
    let doubles: (blank: [Double], label: [Double])?
  }

  private let lattices: TransducerTargets
  private let kernels: Kernels
  private let precision: Precision
  /// ln p of the blank and of the next label, `[nodes]` each: written node by node while logits are read.
  private let scores: Tensor
  /// ln Σ eˣ of each node.
  private let logSums: Tensor

  init(_ lattices: TransducerTargets, precision: Precision) {
    self.lattices = lattices
    self.precision = precision
    kernels = Kernels.serving(precision)
    scores = Tensor(uninitialized: [2, lattices.nodes], precision: .double)
    logSums = Tensor(uninitialized: [lattices.nodes], precision: precision)
  }

  private func forEachRow(_ rows: Int, _ classes: Int, _ body: (Range<Int>) -> Void) {
    WorkerPool.shared.split(rows, grain: max(1, Kernels.grain / 4 / max(1, classes)), body)
  }

  /// Reads the logits `[rows, K]` of the nodes from `firstNode` on.
  func read(_ logits: Tensor, firstNode: Int) {
    let (rows, classes, stride) = (logits.shape.rows, logits.shape.columns, kernels.stride)
    let losses = Tensor(uninitialized: [rows], precision: precision)
    let blanks = [Int32](repeating: lattices.blank, count: rows)
    let (blankScores, labelScores) = (scores.storage.doubles, scores.storage.doubles + lattices.nodes)
    nonisolated(unsafe) let (toBlank, toLabel) = (blankScores, labelScores)
    blanks.withUnsafeBufferPointer { blanks in
      guard let base = blanks.baseAddress else { return }
      nonisolated(unsafe) let first = base
      forEachRow(rows, classes) { range in
        kernels.table.pointee.cross_entropy(
          logits.address + range.lowerBound * classes * stride, first, range.count, classes,
          losses.mutableAddress + range.lowerBound * stride,
          logSums.mutableAddress + (firstNode + range.lowerBound) * stride)
        for row in range {
          let node = firstNode + row
          let logSum = logSums.number(node)
          toBlank[node] = TransducerLattice.score(
            logits.number(row * classes + Int(lattices.blank)), logSum)
          let label = lattices.labels[node]
          if label >= 0 {
            toLabel[node] = TransducerLattice.score(logits.number(row * classes + Int(label)), logSum)
          }
        }
      }
    }
  }

  /// −ln p of each sequence, `[B]`, once all logits were read.
  func finish(wantsShares: Bool) -> (losses: Tensor, shares: Shares?) {
    let nodes = lattices.nodes
    var losses = [Double](repeating: 0, count: lattices.lengths.count)
    var blank = [Double](repeating: 0, count: wantsShares ? nodes : 0)
    var label = blank
    let doubles = scores.storage.doubles
    losses.withUnsafeMutableBufferPointer { losses in
      blank.withUnsafeMutableBufferPointer { blank in
        label.withUnsafeMutableBufferPointer { label in
          nonisolated(unsafe) let (losses, blank, label, doubles) = (losses, blank, label, doubles)
          WorkerPool.shared.shareOut(lattices.lengths.count) { sequence in
            let range = lattices.starts[sequence]..<lattices.starts[sequence + 1]
            guard !range.isEmpty else { return }
            let lattice = TransducerLattice(
              steps: lattices.lengths[sequence], width: lattices.targets[sequence].count + 1,
              blank: range.map { doubles[$0] }, label: range.map { doubles[nodes + $0] })
            let found = lattice.run(wantsShares: wantsShares)
            losses[sequence] = -found.logProbability
            for (offset, node) in range.enumerated() where !found.blank.isEmpty {
              blank[node] = found.blank[offset]
              label[node] = found.label[offset]
            }
          }
        }
      }
    }
    let tensor = Tensor(doubles: losses, shape: [losses.count]).converted(to: precision)
    guard wantsShares else { return (tensor, nil) }
    let exact = precision == .double
    return (
      tensor,
      Shares(
        blank: exact ? [] : blank.map(Float.init), label: exact ? [] : label.map(Float.init),
        doubles: exact ? (blank, label) : nil)
    )
  }

  /// Writes the gradient of Σ weights · losses at the logits of the nodes from `firstNode` on; `into` may be the
  /// logits.
  func gradient(_ logits: Tensor, into dx: Tensor, firstNode: Int, _ shares: Shares, weights: [Double]) {
    let (rows, classes, stride) = (logits.shape.rows, logits.shape.columns, kernels.stride)
    func share(_ node: Int) -> (blank: Double, label: Double) {
      shares.doubles.map { ($0.blank[node], $0.label[node]) }
        ?? (Double(shares.blank[node]), Double(shares.label[node]))
    }
    let scales = (firstNode..<firstNode + rows).map { node in
      let (blank, label) = share(node)
      // A loss that is infinite, or not wanted, moves nothing.
      return blank + label == 0 ? 0 : weights[Int(lattices.sequences[node])] * (blank + label)
    }
    let weight = Tensor(doubles: scales, shape: [rows]).converted(to: precision)
    let blanks = [Int32](repeating: lattices.blank, count: rows)
    blanks.withUnsafeBufferPointer { blanks in
      guard let base = blanks.baseAddress else { return }
      nonisolated(unsafe) let first = base
      forEachRow(rows, classes) { range in
        let row = range.lowerBound
        kernels.table.pointee.cross_entropy_gradient(
          logits.address + row * classes * stride, first, logSums.address + (firstNode + row) * stride,
          weight.address + row * stride, dx.mutableAddress + row * classes * stride, range.count, classes)
        // The kernel took the whole share from the blank: the label's belongs to the label.
        for row in range where lattices.labels[firstNode + row] >= 0 && scales[row] != 0 {
          let node = firstNode + row
          let moved = weights[Int(lattices.sequences[node])] * share(node).label
          dx.add(moved, at: row * classes + Int(lattices.blank))
          dx.add(-moved, at: row * classes + Int(lattices.labels[node]))
        }
      }
    }
  }
}

extension Tensor {
  /// The element at a place, unchecked by copies of the whole.
  @inline(__always) func number(_ index: Int) -> Double {
    precision == .single ? Double(storage.floats[index]) : storage.doubles[index]
  }

  /// Adds to an element of memory that has no other owner.
  @inline(__always) func add(_ amount: Double, at index: Int) {
    switch precision {
    case .single: storage.floats[index] += Float(amount)
    case .double: storage.doubles[index] += amount
    }
  }
}
