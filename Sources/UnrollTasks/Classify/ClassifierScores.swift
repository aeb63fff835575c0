/// How well a classifier finds the labels of examples that it has not seen.
public struct ClassifierScores: Sendable {
  /// Of models that choose one label.
  public let report: ClassificationReport?
  /// Of models that choose any number of labels: the scores of each, and of all together.
  public let perLabel: [ClassificationReport.Score]
  public let micro: ClassificationReport.Score
  /// The share of examples whose label, or set of labels, was found.
  public let accuracy: Double
  /// The mean −ln p of what is true, in nats.
  public let crossEntropy: Double
  public let labels: [String]
  public let count: Int
}

extension Classifier {
  /// Scores the model on examples.
  ///
  /// - Throws: `ClassifierError` when examples are of another kind, or have labels that the model does not know.
  public func evaluate(on data: ClassifierData) throws -> ClassifierScores {
    try data.checkLabels(settings)
    let targets = try data.targets(labels)
    let chances = try probabilities(data.inputs, source: data.source)
    let judged = ClassifyPrediction.judge(chances, targets.ids, settings)
    guard settings.isMultiLabel else {
      let report = ClassificationReport(
        classes: labels, actual: targets.ids.map { $0[0] }, predicted: chances.map(ClassifyPrediction.best))
      return ClassifierScores(
        report: report, perLabel: report.perClass, micro: report.micro, accuracy: report.accuracy,
        crossEntropy: judged.loss, labels: labels, count: data.count)
    }
    let found = chances.map { own in Set(own.indices.filter { own[$0] >= settings.threshold }) }
    let truth = targets.ids.map { Set($0) }
    let scores = MultiLabelMetrics.scores(labelCount: labels.count, actual: truth, predicted: found)
    return ClassifierScores(
      report: nil, perLabel: scores.perLabel, micro: scores.micro,
      accuracy: MultiLabelMetrics.exactMatch(actual: truth, predicted: found), crossEntropy: judged.loss,
      labels: labels, count: data.count)
  }
}

extension ClassifierScores {
  /// The scores as tables of text.
  public var text: String {
    let percent = { (value: Double) in
      value.isFinite ? NumberText.decimal(100 * value, places: 2) + " %" : "–"
    }
    var text = "examples       \(count)\n"
    text += report == nil ? "found exactly  " : "accuracy       "
    text += "\(percent(accuracy))\ncross-entropy  \(NumberText.decimal(crossEntropy, places: 4)) nats\n\n"
    var rows = [["", "precision", "recall", "F1", "examples"]]
    func row(_ name: String, _ score: ClassificationReport.Score) -> [String] {
      [name, percent(score.precision), percent(score.recall), percent(score.f1), "\(score.support)"]
    }
    rows += zip(labels, perLabel).map(row)
    if let report {
      rows += [row("mean of labels", report.macro), row("weighted mean", report.weighted)]
    } else {
      rows.append(row("all labels", micro))
    }
    text += Self.table(rows)
    if let report {
      text += "\ntrue label (row) against predicted label (column)\n"
      text += Self.table(
        [[""] + labels] + zip(labels, report.confusion).map { [$0] + $1.map { "\($0)" } })
    }
    return text
  }

  private static func table(_ rows: [[String]]) -> String {
    let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.enumerated().map { column, cell in
        NumberText.padded(cell, to: widths[column], right: column > 0)
      }.joined(separator: "  ") + "\n"
    }.joined()
  }
}
