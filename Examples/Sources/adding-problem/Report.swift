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

  /// The norm of ∂ℓ/∂h at each tenth lag, before and after training.
  static func table(_ findings: [Finding]) -> String {
    var text = "‖∂ℓ/∂h‖ by lag, before and after training\n     "
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

  static func plot(_ findings: [Finding]) -> LinePlot {
    LinePlot(
      title: "How far back the error reaches: the adding problem over \(timeSteps) steps",
      horizontalLabel: "lag, in steps before the end", verticalLabel: "norm of ∂ℓ/∂h",
      verticalScale: .logarithmic,
      lines: findings.flatMap {
        [
          LinePlot.Line(name: $0.name + ", before training", y: $0.before),
          LinePlot.Line(name: $0.name + ", after", y: $0.after),
        ]
      })
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
