import UnrollCore
import UnrollTraining

extension Classifier {
  public var description: ModelDescription {
    ModelDescription(
      title: "classifier of \(isNumeric ? "sequences" : "texts"): \(Self.list(labels))",
      groups: [dataGroup, modelGroup, trainingGroup],
      parameters: networks[0].parameters.map {
        (networks.count > 1 ? "members.0.\($0.name)" : $0.name, "\($0.value.shape)", $0.value.shape.count)
      })
  }

  var isNumeric: Bool { if case .sequences = encoder { true } else { false } }

  private static func list(_ names: [String]) -> String {
    names.count <= 6
      ? names.joined(separator: ", ")
      : names.prefix(5).joined(separator: ", ") + " and \(names.count - 5) more"
  }

  private var dataGroup: ModelDescription.Group {
    var rows = [("source", summary.source), ("examples", "\(summary.examples)")]
    rows += zip(labels, summary.counts).prefix(20).map { ("label \($0)", "\($1)") }
    if labels.count > 20 { rows.append(("labels", "\(labels.count) in all")) }
    switch encoder {
    case .texts(let encoder):
      rows.append(("tokens", "\(settings.tokens.rawValue), \(encoder.tokenizer.vocabularySize) of them"))
      if encoder.pieces > 0 { rows.append(("pieces of words", "\(encoder.pieces) rows that they share")) }
    case .sequences(let encoder):
      rows.append(("channels", "\(encoder.channels.count)"))
      rows.append(("frames", "\(encoder.frame) steps, \(encoder.hop) apart"))
    }
    return .init(heading: "Data", rows: rows.map { (name: $0.0, value: $0.1) })
  }

  private var modelGroup: ModelDescription.Group {
    let direction = settings.bidirectional ? "both directions" : "forward"
    var rows = [
      ("cell", "\(settings.cell.rawValue), \(settings.layers) × \(settings.hiddenSize) units, \(direction)"),
      ("pooling", settings.pooling.map(\.rawValue).joined(separator: ", ")),
      (
        "answers",
        settings.isMultiLabel ? "any number of labels, from \(settings.threshold) on" : "one label"
      ),
    ]
    if networks.count > 1 { rows.append(("members", "\(networks.count)")) }
    rows.append(("parameters", "\(parameterCount)"))
    return .init(heading: "Model", rows: rows.map { (name: $0.0, value: $0.1) })
  }

  private var trainingGroup: ModelDescription.Group {
    var rows = [
      ("ended", "\(summary.end) after \(summary.history.count) epochs"),
      ("time", "\(NumberText.decimal(summary.seconds, places: 1)) s"), ("seed", "\(settings.seed)"),
    ]
    if let best = summary.history.last(where: \.improved) { rows.append(("best epoch", "\(best.epoch)")) }
    if let accuracy = summary.validationAccuracy {
      rows.append(
        (
          settings.isMultiLabel ? "found exactly" : "accuracy",
          "\(NumberText.decimal(100 * accuracy, places: 1)) % of \(summary.validationCount) held-back examples"
        ))
    }
    return .init(heading: "Training", rows: rows.map { (name: $0.0, value: $0.1) })
  }

  /// The model card, `README.md` of the model's folder.
  var card: String {
    var lines = [
      "# Classifier: \(Self.list(labels))", "",
      "A recurrent network that says what \(isNumeric ? "sequences of numbers" : "texts") are.", "",
    ]
    for group in description.groups {
      lines += ["## \(group.heading)", "", "| | |", "|---|---|"]
      lines += group.rows.map {
        "| \($0.name.replacing("|", with: "\\|")) | \($0.value.replacing("|", with: "\\|")) |"
      }
      lines.append("")
    }
    lines += [
      "## Use", "", "```",
      isNumeric ? "unroll classify FOLDER sequences.ts" : "unroll classify FOLDER \"a text\"",
      "unroll evaluate FOLDER DATA", "```", "", "## Limits", "",
      "The model chooses among the labels that it was trained on, also where none of them fits. Its probabilities "
        + "are those of inputs like the ones that it was trained on.",
      "", "SHA-256 of the training data: `\(summary.dataHash)`", "",
    ]
    return lines.joined(separator: "\n")
  }
}
