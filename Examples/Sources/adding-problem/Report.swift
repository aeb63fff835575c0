import Foundation
import Unroll

extension Lesson {
  /// The result of each network, a line each.
  static func summary(_ findings: [Finding]) -> String {
    let title = padded("", 14) + "      MSE    steps\n"
    return findings.reduce(title) { text, finding in
      let verdict = finding.error < solved ? "solved" : "not solved"
      return text + padded(finding.name, 14)
        + String(format: "%9.4f %8d   ", finding.error, finding.steps) + verdict + "\n"
    }
      + padded("the mean", 14) + String(format: "%9.4f", 1.0 / 6) + "\n"
  }

  /// The norm of ∂L/∂h at each tenth lag, before and after training.
  static func table(_ findings: [Finding]) -> String {
    var text = "‖∂L/∂h‖ by lag, before and after training\n     "
    for finding in findings { text += "  " + padded(finding.name, 18) }
    text += "\n lag " + findings.map { _ in "    before     after" }.joined() + "\n"
    for lag in Array(stride(from: 0, to: timeSteps - 1, by: 10)) + [timeSteps - 1] {
      text += String(format: "%4d ", lag)
      for finding in findings {
        text += String(format: "%10.1e%10.1e", finding.before[lag], finding.after[lag])
      }
      text += "\n"
    }
    return text
  }

  /// Each network after training, and dashed in its colour before.
  static func plot(_ findings: [Finding]) -> LinePlot {
    LinePlot(
      title: "How far back the error reaches, over the \(timeSteps) steps of the adding problem",
      horizontalLabel: "lag: steps before the end", verticalLabel: "norm of ∂L/∂h",
      verticalScale: .logarithmic,
      lines: findings.flatMap { finding in
        [
          LinePlot.Line(name: finding.name, y: finding.after),
          LinePlot.Line(name: "before training", y: finding.before, isCompanion: true),
        ]
      })
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
