import UnrollData
import UnrollTraining

extension Forecaster {
  public var description: ModelDescription {
    ModelDescription(
      title: "forecast of \(Self.list(data.targetNames)), \(settings.horizon) steps ahead",
      groups: [dataGroup, modelGroup, trainingGroup],
      parameters: networks[0].parameters.map {
        (networks.count > 1 ? "members.0.\($0.name)" : $0.name, "\($0.value.shape)", $0.value.shape.count)
      })
  }

  private static func list(_ names: [String]) -> String {
    names.count <= 4
      ? names.joined(separator: ", ")
      : names.prefix(3).joined(separator: ", ") + " and \(names.count - 3) more"
  }

  private var dataGroup: ModelDescription.Group {
    let steps = data.series.reduce(0) { $0 + $1.count }
    var rows = [
      ("source", data.source), ("series", "\(data.series.count), \(steps) rows in all"),
      ("frequency", "\(data.frequency)"),
      ("season", data.season > 1 ? "\(data.season) steps" : "none"),
      ("targets", Self.list(data.targetNames)),
    ]
    if !data.knownNames.isEmpty { rows.append(("known ahead", Self.list(data.knownNames))) }
    return .init(heading: "Data", rows: rows.map { (name: $0.0, value: $0.1) })
  }

  private var modelGroup: ModelDescription.Group {
    let seasons =
      settings.longSeason > 0 ? "\(settings.season) and \(settings.longSeason)" : "\(settings.season)"
    var rows = [
      ("cell", "\(settings.cell.rawValue), \(settings.layers) × \(settings.hiddenSize) units"),
      ("looks back", "\(settings.lookBack) steps in \(settings.segments) segments of \(settings.segment)"),
      ("writes", "\(settings.horizon) steps in \(settings.horizonSegments) segments, all at once"),
      ("seasons", seasons),
      ("scaling", "\(settings.transform == .log ? "logarithm, " : "")\(scalingText)"),
      (
        "loss",
        settings.loss == .quantile ? "quantile loss of \(settings.levels.count) levels" : "squared error"
      ),
    ]
    if networks.count > 1 { rows.append(("members", "\(networks.count)")) }
    rows.append(("parameters", "\(parameterCount)"))
    return .init(heading: "Model", rows: rows.map { (name: $0.0, value: $0.1) })
  }

  private var scalingText: String {
    let centre = settings.centre == .last ? "last value" : "mean of the last \(settings.centreSteps) steps"
    return settings.scale == .window ? "\(centre) and deviation of the window" : "\(centre) of the window"
  }

  private var trainingGroup: ModelDescription.Group {
    var rows = [
      ("ended", "\(summary.end) after \(summary.history.count) epochs"),
      ("windows", "\(summary.windows)"),
      ("time", "\((summary.seconds * 10).rounded() / 10) s"),
      ("seed", "\(settings.seed)"),
    ]
    if let best = summary.history.last(where: \.improved) {
      rows.append(
        ("best epoch", "\(best.epoch)" + (best.validation.map { ", validation loss \(short($0))" } ?? "")))
    }
    if summary.isRefitted { rows.append(("final fit", "on all data, for that number of epochs")) }
    for score in summary.scores {
      rows.append(
        (
          "MASE, \(score.method)",
          "\(short(score.meanAbsoluteScaledError)) on the last \(summary.testSteps) steps"
        ))
    }
    return .init(heading: "Training", rows: rows.map { (name: $0.0, value: $0.1) })
  }

  private func short(_ value: Double) -> String { value.isFinite ? NumberText.compact(value) : "–" }

  /// The model card, `README.md` of the model's folder.
  func card(dataHash: String) -> String {
    var lines = [
      "# Forecast of \(Self.list(data.targetNames))", "",
      "A recurrent network that continues time series by \(settings.horizon) steps, with intervals.", "",
    ]
    for group in description.groups {
      lines += ["## \(group.heading)", "", "| | |", "|---|---|"]
      lines += group.rows.map { "| \($0.name) | \($0.value.replacing("|", with: "\\|")) |" }
      lines.append("")
    }
    if !summary.scores.isEmpty {
      lines += [
        "## Scores on the last \(summary.testSteps) steps", "",
        "Neither training nor the choice of epochs had seen these steps\(summary.isRefitted ? "; the final weights were then trained on them too" : "").",
        "", "| method | MAE | RMSE | sMAPE | MASE | in 80 % | in 95 % | CRPS |",
        "|---|---|---|---|---|---|---|---|",
      ]
      lines += summary.scores.map { score in
        let numbers = [
          score.meanAbsoluteError, score.rootMeanSquaredError, score.symmetricPercentageError,
          score.meanAbsoluteScaledError,
        ].map(short)
        let shares = score.coverage.map { abs($0) < 1e6 ? "\(Int(($0 * 100).rounded())) %" : "–" }
        return "| "
          + ([score.method] + numbers + shares + [short(score.continuousRankedProbabilityScore)])
          .joined(separator: " | ") + " |"
      }
      lines.append("")
    }
    lines += [
      "## Use", "", "```", "unroll forecast FOLDER --plot forecast.svg", "unroll evaluate FOLDER --windows 4",
      "```", "", "## Limits", "",
      "The model knows the past of its series and the calendar, nothing else: it does not foresee what never "
        + "happened before. Intervals tell how far the past was off, and assume that the future is like it.",
      "",
      "SHA-256 of `history.csv`: `\(dataHash)`", "",
    ]
    return lines.joined(separator: "\n")
  }
}
