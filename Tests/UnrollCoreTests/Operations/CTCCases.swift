import UnrollCore

/// CTC in plain loops: every path where there are few, else the sums over its states.
struct CTCReference {
  /// softmax of each step.
  let probabilities: [[Double]]
  let labels: [Int]
  let blank: Int

  init(_ x: Grid, rows: [Int32], labels: [Int32], blank: Int32) {
    probabilities = rows.map { row in
      let logits = x.row(Int(row))
      let sum = ChainReference.logSumExp(logits)
      return logits.map { exponential($0 - sum) }
    }
    self.labels = labels.map(Int.init)
    self.blank = Int(blank)
  }

  /// Without repeats, then without blanks.
  static func spelled(_ path: [Int], blank: Int) -> [Int] {
    path.indices.filter { path[$0] != blank && ($0 == 0 || path[$0] != path[$0 - 1]) }.map { path[$0] }
  }

  var likelihood: Double {
    let classes = probabilities.first?.count ?? 1
    let paths = power(Double(classes), Double(probabilities.count))
    return paths <= 20_000 ? allPaths(classes) : allStates
  }

  private func allPaths(_ classes: Int) -> Double {
    var sum = 0.0
    var path = [Int](repeating: 0, count: probabilities.count)
    while true {
      if Self.spelled(path, blank: blank) == labels {
        sum += path.enumerated().reduce(1) { $0 * probabilities[$1.offset][$1.element] }
      }
      guard let step = path.lastIndex(where: { $0 < classes - 1 }) else { return sum }
      path[step] += 1
      for later in path.indices where later > step { path[later] = 0 }
    }
  }

  private var allStates: Double {
    let states = [blank] + labels.flatMap { [$0, blank] }
    var sums = states.indices.map { $0 < 2 ? probabilities[0][states[$0]] : 0 }
    for step in probabilities.dropFirst() {
      sums = states.indices.map { s in
        let skips = s > 1 && states[s] != blank && states[s] != states[s - 2]
        return step[states[s]] * (sums[s] + (s > 0 ? sums[s - 1] : 0) + (skips ? sums[s - 2] : 0))
      }
    }
    return sums.suffix(2).reduce(0, +)
  }
}

extension OperationFamily {
  private struct CTCShape {
    let lengths: [Int]
    let classes: Int
    let blank: Int32
    let targets: [[Int32]]

    init(_ lengths: [Int], _ classes: Int, blank: Int32 = 0, _ targets: [[Int32]]) {
      self.lengths = lengths
      self.classes = classes
      self.blank = blank
      self.targets = targets
    }

    /// Targets of some lengths, with repeats here and there.
    init(_ lengths: [Int], _ classes: Int, blank: Int32, counts: [Int]) {
      self.init(
        lengths, classes, blank: blank,
        counts.enumerated().map { sequence, count in
          (0..<count).map { place in
            let label = Int32((place / 2 * 5 + place * sequence) % max(1, classes - 1))
            return label >= blank ? label + 1 : label
          }
        })
    }
  }

  private static let ctcShapes: [CTCShape] = [
    CTCShape([0], 3, [[]]), CTCShape([1], 1, [[]]), CTCShape([1], 2, [[1]]), CTCShape([6], 3, [[]]),
    CTCShape([2], 5, [[1, 2]]), CTCShape([3], 5, blank: 2, [[1, 1]]),
    CTCShape([6], 3, blank: 1, [[0, 2, 2]]),
    CTCShape([6], 4, blank: 3, [[0, 1, 2, 1]]), CTCShape([5], 3, [[1, 1, 2]]), CTCShape([6], 2, [[1, 1, 1]]),
    // Sequences of several lengths, too short ones among them, empty ones, and those that just fit.
    CTCShape(
      [6, 0, 4, 2, 3, 1, 5, 0], 4, blank: 1,
      [[0, 2, 3], [2], [2, 2], [0, 0], [3, 2, 0], [], [2, 2, 2], []]),
    CTCShape([9, 17, 8], 7, blank: 6, counts: [4, 7, 3]), CTCShape([31, 33], 9, blank: 4, counts: [8, 9]),
    CTCShape([40, 16, 33], 15, blank: 0, counts: [15, 8, 16]),
    CTCShape([64, 70], 17, blank: 16, counts: [17, 31]),
    CTCShape([100, 40, 90, 37, 75, 80], 33, blank: 0, counts: [33, 7, 31, 16, 15, 9]),
  ]

  private static func ctcCase(_ shape: CTCShape, padding: Int?) -> OperationCase {
    let layout = SequenceLayout(lengths: shape.lengths)
    let timeSteps = layout.timeSteps + (padding ?? 0)
    let rows =
      padding == nil
      ? SequenceRows.packed(layout) : .padded(timeSteps: timeSteps, lengths: shape.lengths)
    let operand: Shape =
      padding == nil ? [layout.rows, shape.classes] : [timeSteps, shape.lengths.count, shape.classes]
    return OperationCase(
      name:
        "ctc \(shape.lengths) of \(shape.classes) classes\(padding.map { ", \($0) steps of padding" } ?? "")",
      operands: [.init(operand)],
      apply: { try $0[0].ctc(targets: shape.targets, blank: shape.blank, rows: rows) },
      reference: { x in
        Grid(
          [shape.lengths.count],
          zip(rows.bySequence, shape.targets).map { rows, labels in
            if stepsNeeded(toSpell: labels) > rows.count { return 0 }
            return -naturalLogarithm(
              CTCReference(x[0], rows: rows, labels: labels, blank: shape.blank).likelihood)
          })
      })
  }

  static let ctc: [OperationFamily] = [
    OperationFamily("ctc, packed", ctcShapes.map { ctcCase($0, padding: nil) }),
    OperationFamily("ctc, padded", ctcShapes.map { ctcCase($0, padding: $0.classes % 3) }),
  ]
}
