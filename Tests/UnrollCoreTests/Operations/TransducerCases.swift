import UnrollCore

/// A transducer's lattice in plain loops over probabilities: every path where there are few, else sums.
struct TransducerReference {
  /// softmax of each node, `[t][u]`.
  let probabilities: [[[Double]]]
  let labels: [Int]
  let blank: Int

  init(logits: [[Double]], labels: [Int32], blank: Int32) {
    let width = labels.count + 1
    let rows = logits.map { row in
      let sum = ChainReference.logSumExp(row)
      return row.map { exponential($0 - sum) }
    }
    probabilities = stride(from: 0, to: rows.count, by: width).map { Array(rows[$0..<$0 + width]) }
    self.labels = labels.map(Int.init)
    self.blank = Int(blank)
  }

  var likelihood: Double {
    probabilities.count + labels.count <= 8 ? paths(0, 0) : sums
  }

  /// The sum over all paths from a node, each followed to its end.
  private func paths(_ t: Int, _ u: Int) -> Double {
    if t == probabilities.count { return u == labels.count ? 1 : 0 }
    let on = probabilities[t][u][blank] * paths(t + 1, u)
    return on + (u < labels.count ? probabilities[t][u][labels[u]] * paths(t, u + 1) : 0)
  }

  private var sums: Double {
    var below = [Double](repeating: 0, count: labels.count + 1)
    for (t, step) in probabilities.enumerated() {
      var own = [Double](repeating: 0, count: labels.count + 1)
      for u in own.indices {
        own[u] = t == 0 && u == 0 ? 1 : below[u]
        if u > 0 { own[u] += own[u - 1] * step[u - 1][labels[u - 1]] }
      }
      below = own.indices.map { own[$0] * step[$0][blank] }
    }
    return below[labels.count]
  }
}

extension OperationFamily {
  private struct TransducerShape {
    let lengths: [Int]
    let targets: [[Int32]]
    let classes: Int
    let blank: Int32
    var joint = 3

    var nodes: [Int] { zip(lengths, targets).map { $0 * ($1.count + 1) } }
  }

  private static let transducerShapes: [TransducerShape] = [
    TransducerShape(lengths: [1], targets: [[]], classes: 1, blank: 0, joint: 1),
    TransducerShape(lengths: [2], targets: [[1, 2]], classes: 5, blank: 0),
    TransducerShape(lengths: [0], targets: [[1]], classes: 3, blank: 0),
    TransducerShape(lengths: [1, 4], targets: [[0, 0, 1, 0], []], classes: 3, blank: 2),
    TransducerShape(
      lengths: [4, 0, 3, 5, 1], targets: [[0, 2, 3, 3], [2], [], [3, 0, 2], [2, 2]], classes: 4, blank: 1,
      joint: 7),
    TransducerShape(
      lengths: [9, 15, 17], targets: [[1, 2, 1, 1, 5, 6, 7], Array(repeating: 3, count: 16), [8]], classes: 9,
      blank: 0, joint: 8),
    TransducerShape(
      lengths: [33, 31], targets: [(0..<15).map { $0 * 7 % 30 }, (0..<17).map { $0 * 5 % 30 }], classes: 33,
      blank: 32,
      joint: 17),
  ]

  private static func losses(_ shape: TransducerShape, _ logits: [[Double]]) -> Grid {
    var first = 0
    let values = shape.nodes.indices.map { sequence -> Double in
      defer { first += shape.nodes[sequence] }
      guard shape.lengths[sequence] > 0 else { return 0 }
      let rows = Array(logits[first..<first + shape.nodes[sequence]])
      return -naturalLogarithm(
        TransducerReference(logits: rows, labels: shape.targets[sequence], blank: shape.blank).likelihood)
    }
    return Grid([values.count], values)
  }

  private static func plainTransducer(_ shape: TransducerShape) -> OperationCase {
    OperationCase(
      name: "transducer \(shape.lengths) of \(shape.classes) classes",
      operands: [.init([shape.nodes.reduce(0, +), shape.classes])],
      apply: { try $0[0].transducer(targets: shape.targets, blank: shape.blank, lengths: shape.lengths) },
      reference: { x in losses(shape, (0..<x[0].rows).map(x[0].row)) })
  }

  /// f and g padded where `padding` says so, else packed.
  private static func jointTransducer(_ shape: TransducerShape, padding: Int?) -> OperationCase {
    let readers = shape.targets.map { $0.count + 1 }
    func rows(_ lengths: [Int]) -> SequenceRows {
      guard let padding else { return .packed(SequenceLayout(lengths: lengths)) }
      return .padded(timeSteps: (lengths.max() ?? 0) + padding, lengths: lengths)
    }
    let (encoded, predicted) = (rows(shape.lengths), rows(readers))
    let (classes, joint) = (shape.classes, shape.joint)
    return OperationCase(
      name: "joint transducer \(shape.lengths) of \(classes) classes",
      operands: [
        .init([encoded.count, joint]), .init([predicted.count, joint]), .init([classes, joint]),
        .init([classes]),
      ],
      apply: { x in
        try Variable.transducer(
          encoded: x[0], steps: encoded, predicted: x[1], readers: predicted, weight: x[2], bias: x[3],
          targets: shape.targets, blank: shape.blank)
      },
      reference: { x in
        let logits = zip(encoded.bySequence, predicted.bySequence).flatMap { steps, readers in
          steps.flatMap { step in
            readers.map { reader -> [Double] in
              let h = zip(x[0].row(Int(step)), x[1].row(Int(reader))).map { hyperbolicTangent($0 + $1) }
              return (0..<classes).map { k in zip(x[2].row(k), h).reduce(x[3].values[k]) { $0 + $1.0 * $1.1 }
              }
            }
          }
        }
        return losses(shape, logits)
      })
  }

  static let transducers: [OperationFamily] = [
    OperationFamily("transducer", transducerShapes.map(plainTransducer)),
    OperationFamily("joint transducer, packed", transducerShapes.map { jointTransducer($0, padding: nil) }),
    OperationFamily("joint transducer, padded", transducerShapes.map { jointTransducer($0, padding: 1) }),
  ]
}
