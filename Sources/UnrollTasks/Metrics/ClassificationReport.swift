/// How well predicted classes fit the true ones.
///
/// A ratio without cases (no prediction of a class, no case of it) is 0.
public struct ClassificationReport: Sendable, Equatable {
  /// The names of the classes.
  public let classes: [String]
  /// `confusion[t][p]`: the cases of true class t that were predicted as p.
  public let confusion: [[Int]]

  /// How well one class, or several together, were found.
  public struct Score: Sendable, Equatable {
    /// tp / (tp + fp), from 0 to 1.
    public let precision: Double
    /// tp / (tp + fn), from 0 to 1.
    public let recall: Double
    /// 2·precision·recall / (precision + recall).
    public let f1: Double
    /// The number of true cases.
    public let support: Int

    package init(precision: Double, recall: Double, f1: Double, support: Int) {
      self.precision = precision
      self.recall = recall
      self.f1 = f1
      self.support = support
    }

    package init(correct: Int, predicted: Int, actual: Int) {
      precision = predicted == 0 ? 0 : Double(correct) / Double(predicted)
      recall = actual == 0 ? 0 : Double(correct) / Double(actual)
      f1 = predicted + actual == 0 ? 0 : 2 * Double(correct) / Double(predicted + actual)
      support = actual
    }
  }

  /// Counts cases. Arrays are read in parallel up to the shorter; a case whose class is not among `classes` on either
  /// side is left out.
  public init(classes: [String], actual: [Int], predicted: [Int]) {
    self.classes = classes
    var confusion = Array(repeating: Array(repeating: 0, count: classes.count), count: classes.count)
    for (t, p) in zip(actual, predicted) where classes.indices ~= t && classes.indices ~= p {
      confusion[t][p] += 1
    }
    self.confusion = confusion
  }

  /// Counts cases by name; the classes are those that occur, in the order of their names.
  public init(actual: [String], predicted: [String]) {
    let classes = Set(actual).union(predicted).sorted()
    let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    self.init(
      classes: classes, actual: actual.compactMap { places[$0] },
      predicted: predicted.compactMap { places[$0] })
  }

  /// The number of cases.
  public var count: Int { confusion.joined().reduce(0, +) }

  /// The share of cases whose class was predicted; NaN of none.
  public var accuracy: Double {
    let correct = classes.indices.reduce(0) { $0 + confusion[$1][$1] }
    return count == 0 ? .nan : Double(correct) / Double(count)
  }

  /// The scores of each class.
  public var perClass: [Score] {
    classes.indices.map { index in
      Score(
        correct: confusion[index][index], predicted: confusion.reduce(0) { $0 + $1[index] },
        actual: confusion[index].reduce(0, +))
    }
  }

  /// The plain mean over the classes that occur, as truth or as prediction.
  public var macro: Score {
    let occurring = zip(classes.indices, perClass).filter { index, score in
      score.support > 0 || confusion.contains { $0[index] > 0 }
    }.map(\.1)
    return Self.mean(occurring, weights: occurring.map { _ in 1 })
  }

  /// The mean over classes weighted by their true cases.
  public var weighted: Score { Self.mean(perClass, weights: perClass.map { Double($0.support) }) }

  /// All cases together: each of the three equals the accuracy.
  public var micro: Score {
    let correct = classes.indices.reduce(0) { $0 + confusion[$1][$1] }
    return Score(correct: correct, predicted: count, actual: count)
  }

  private static func mean(_ scores: [Score], weights: [Double]) -> Score {
    let total = weights.reduce(0, +)
    func mean(_ value: (Score) -> Double) -> Double {
      total == 0 ? 0 : zip(scores, weights).reduce(0) { $0 + value($1.0) * $1.1 } / total
    }
    return Score(
      precision: mean(\.precision), recall: mean(\.recall), f1: mean(\.f1),
      support: scores.reduce(0) { $0 + $1.support })
  }
}

/// How well predicted sets of labels fit the true ones, where a case may have several labels or none.
public enum MultiLabelMetrics {
  /// The scores of each label, and of all labels together (micro).
  public static func scores(
    labelCount: Int, actual: [Set<Int>], predicted: [Set<Int>]
  ) -> (perLabel: [ClassificationReport.Score], micro: ClassificationReport.Score) {
    func counts(_ label: Int) -> (correct: Int, predicted: Int, actual: Int) {
      zip(actual, predicted).reduce(into: (0, 0, 0)) { sum, sets in
        let (there, found) = (sets.0.contains(label), sets.1.contains(label))
        sum.0 += there && found ? 1 : 0
        sum.1 += found ? 1 : 0
        sum.2 += there ? 1 : 0
      }
    }
    let all = (0..<labelCount).map(counts)
    return (
      all.map { .init(correct: $0.correct, predicted: $0.predicted, actual: $0.actual) },
      .init(
        correct: all.reduce(0) { $0 + $1.correct }, predicted: all.reduce(0) { $0 + $1.predicted },
        actual: all.reduce(0) { $0 + $1.actual })
    )
  }

  /// The share of cases whose set of labels was predicted exactly; NaN of none.
  public static func exactMatch(actual: [Set<Int>], predicted: [Set<Int>]) -> Double {
    let pairs = zip(actual, predicted)
    let count = min(actual.count, predicted.count)
    return count == 0 ? .nan : Double(pairs.reduce(0) { $0 + ($1.0 == $1.1 ? 1 : 0) }) / Double(count)
  }
}

extension ScoreReport.Table {
  /// Precision, recall and F₁ of each of some names, and of all together.
  init(
    _ title: String, _ names: [String], _ scores: [ClassificationReport.Score],
    _ whole: (name: String, score: ClassificationReport.Score)
  ) {
    func row(_ name: String, _ score: ClassificationReport.Score) -> [String] {
      [name] + [score.precision, score.recall, score.f1].map { NumberText.decimal(100 * $0, places: 2) }
        + ["\(score.support)"]
    }
    self.init(
      title, columns: ["", "precision %", "recall %", "F1 %", "number"],
      rows: zip(names, scores).map(row) + [row(whole.name, whole.score)])
  }
}
