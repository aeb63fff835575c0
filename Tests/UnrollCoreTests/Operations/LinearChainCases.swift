import UnrollCore

/// A linear chain in plain loops: all sequences of tags one by one where they are few, else the forward sums.
struct ChainReference {
  let emissions: [[Double]]
  let transitions: Grid
  let start: [Double]
  let end: [Double]
  var tags: Int { start.count }

  /// The rows of a packed grid that belong to a sequence.
  init(_ x: [Grid], layout: SequenceLayout, sequence: Int) {
    let first = layout.lengths[..<sequence].reduce(0, +)
    let rows = layout.sequenceMajorRows[first..<first + layout.lengths[sequence]]
    emissions = rows.map { x[0].row(Int($0)) }
    transitions = x[1]
    start = x[2].values
    end = x[3].values
  }

  func score(_ path: [Int]) -> Double {
    guard let first = path.first, let last = path.last else { return 0 }
    var sum = start[first] + end[last]
    for (t, tag) in path.enumerated() {
      sum += emissions[t][tag]
      if t > 0 { sum += transitions[path[t - 1], tag] }
    }
    return sum
  }

  /// All sequences of tags, or `nil` when they are too many.
  var paths: [[Int]]? {
    var count = 1
    for _ in emissions {
      count *= tags
      if count > 5000 { return nil }
    }
    return emissions.reduce([[]]) { paths, _ in paths.flatMap { path in (0..<tags).map { path + [$0] } } }
  }

  static func logSumExp(_ x: [Double]) -> Double {
    let top = x.max() ?? 0
    return top + naturalLogarithm(x.reduce(0) { $0 + exponential($1 - top) })
  }

  var logPartition: Double {
    if emissions.isEmpty { return 0 }
    if let paths { return Self.logSumExp(paths.map(score)) }
    var sums = (0..<tags).map { start[$0] + emissions[0][$0] }
    for row in emissions.dropFirst() {
      sums = (0..<tags).map { j in
        row[j] + Self.logSumExp((0..<tags).map { sums[$0] + transitions[$0, j] })
      }
    }
    return Self.logSumExp(zip(sums, end).map { $0 + $1 })
  }
}

extension OperationFamily {
  /// Tags around the widths of vectors, sequences of one step and none; the last is worth two threads.
  private static let chains: [(lengths: [Int], tags: Int)] = [
    ([1], 1), ([0], 3), ([5], 1), ([4, 0, 1], 2), ([5, 3, 2, 1], 3), ([1, 6, 2], 4), ([2, 4], 7),
    ([3, 0, 4], 8),
    ([3, 1], 9), ([2, 7, 1, 3, 3, 5, 2, 1, 4, 2], 15), ([7, 9], 16), ([6, 1, 4], 17), ([3], 31),
    ([2, 5], 33),
    ([31, 9, 17, 8, 33, 1, 0, 16, 7, 15, 12], 17),
  ]

  static func chainLabels(_ lengths: [Int], _ tags: Int) -> [[Int32]] {
    lengths.enumerated().map { sequence, length in (0..<length).map { Int32((3 * sequence + 5 * $0) % tags) }
    }
  }

  static let linearChains: [OperationFamily] = [
    OperationFamily(
      "linear chain",
      chains.map { lengths, tags in
        let layout = SequenceLayout(lengths: lengths)
        let labels = chainLabels(lengths, tags)
        return OperationCase(
          name: "linear chain \(lengths) of \(tags) tags",
          operands: [.init([layout.rows, tags]), .init([tags, tags]), .init([tags]), .init([tags])],
          apply: { x in
            try LinearChain(emissions: x[0], transitions: x[1], start: x[2], end: x[3], layout: layout)
              .negativeLogLikelihood(labels)
          },
          reference: { x in
            Grid(
              [lengths.count],
              lengths.indices.map { sequence in
                let chain = ChainReference(x, layout: layout, sequence: sequence)
                return chain.logPartition - chain.score(labels[sequence].map(Int.init))
              })
          })
      })
  ]

  private static func softened(_ row: [Double], _ label: Int32, _ ε: Double, _ weights: [Double]) -> Double {
    guard label >= 0 else { return 0 }
    let rest = ChainReference.logSumExp(row)
    let all = zip(row, weights).reduce(0) { $0 - $1.1 * ($1.0 - rest) } / Double(row.count)
    return (1 - ε) * weights[Int(label)] * (rest - row[Int(label)]) + ε * all
  }

  static let smoothed: [OperationFamily] = [false, true].map { weighted in
    OperationFamily(
      "smoothed crossEntropy\(weighted ? " with weights" : "")",
      Awkward.matrices.map { rows, columns in
        let labels = (0..<rows).map { $0 % 5 == 2 ? Int32(-1) : Int32(($0 * 3 + 1) % columns) }
        let weights = (0..<columns).map { weighted ? 0.25 + Double($0 % 4) : 1 }
        return OperationCase(
          name: "smoothed crossEntropy [\(rows), \(columns)]\(weighted ? " with weights" : "")",
          operands: [.init([rows, columns])],
          apply: {
            try $0[0].crossEntropy(
              labels: labels, smoothing: 0.125, classWeights: weighted ? weights.map(Float.init) : nil)
          },
          reference: { x in
            Grid([rows], labels.enumerated().map { softened(x[0].row($0), $1, 0.125, weights) })
          })
      })
  }
}
