import UnrollCore

extension ScoreReport {
  /// What one label for each of some cases is worth: accuracy, macro F₁, the share of the commonest label, cross-entropy,
  /// and who is taken for whom.
  ///
  /// - Parameters:
  ///   - names: of labels.
  ///   - actual: the true labels, by their places among the names.
  ///   - predicted: the labels that were found.
  ///   - loss: the mean −ln of the true labels' probabilities.
  ///   - unit: what a case is.
  static func labels(
    _ names: [String], actual: [Int], predicted: [Int], loss: Double, unit: String
  ) -> ScoreReport {
    let report = ClassificationReport(classes: names, actual: actual, predicted: predicted)
    let most = report.perClass.indices.max { report.perClass[$0].support < report.perClass[$1].support } ?? 0
    return ScoreReport(
      [
        .init("accuracy", report.accuracy, unit: "%"), .init("macro F1", report.macro.f1, unit: "%"),
        .init(
          "majority share", Double(report.perClass[most].support) / Double(max(1, report.count)), unit: "%",
          note: "always saying \(names[most])"),
        .init("cross-entropy", loss, unit: "nats per \(unit)"),
      ],
      tables: [
        .init("by label", names, report.perClass, ("mean of labels", report.macro)),
        confusions(names, report.confusion),
      ])
  }
}
