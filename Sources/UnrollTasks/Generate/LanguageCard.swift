import UnrollData
import UnrollTraining

extension LanguageModel {
  public var description: ModelDescription {
    ModelDescription(
      title: "language model of \(settings.tokens.rawValue), learned from \(summary.source)",
      groups: [dataGroup, modelGroup, trainingGroup],
      parameters: network.parameters.map { ($0.name, "\($0.value.shape)", $0.value.shape.count) })
  }

  private var dataGroup: ModelDescription.Group {
    .init(
      heading: "Data",
      rows: [
        ("source", summary.source), ("tokens", settings.tokens.rawValue),
        ("vocabulary", "\(tokenizer.vocabularySize)"),
        ("learned from", "\(summary.trainingTokens) tokens"),
        ("judged by", "\(summary.validationTokens) tokens at its end"),
      ])
  }

  private var modelGroup: ModelDescription.Group {
    let sizes = settings.layerSizes.map(String.init).joined(separator: " + ")
    let output =
      settings.softmax == .adaptive
      ? "adaptive softmax" : settings.tiesWeights ? "softmax, tied to the token vectors" : "softmax"
    return .init(
      heading: "Model",
      rows: [
        ("cell", "\(settings.cell.rawValue), \(sizes) units"),
        ("token vectors", "\(settings.embeddingSize) features"), ("output", output),
        ("parameters", "\(network.parameterCount)"),
      ])
  }

  private var trainingGroup: ModelDescription.Group {
    var rows = [
      ("ended", "\(summary.end) after \(summary.history.count) epochs"),
      ("windows", "\(settings.steps) steps of \(settings.streams) streams, state carried over"),
      (
        "dropout",
        "\(settings.inputDropout) in, \(settings.layerDropout) between, \(settings.outputDropout) out, "
          + "\(settings.weightDropout) of recurrent weights"
      ),
      ("time", "\(NumberText.decimal(summary.seconds, places: 1)) s"), ("seed", "\(settings.seed)"),
    ]
    if let best = summary.history.last(where: \.improved), let loss = best.validation {
      let nats = NumberText.decimal(loss, places: 4)
      rows.append(("best epoch", "\(best.epoch), \(nats) nats per token on the part that judges"))
    }
    return .init(heading: "Training", rows: rows.map { (name: $0.0, value: $0.1) })
  }

  /// The model card, `README.md` of the model's folder.
  var card: String {
    var lines = [
      "# Language model of \(settings.tokens.rawValue)", "",
      "A recurrent network that says how likely each next token of a text is, and so writes text and scores it.",
      "",
    ]
    for group in description.groups {
      lines += ["## \(group.heading)", "", "| | |", "|---|---|"]
      lines += group.rows.map { "| \($0.name) | \($0.value.replacing("|", with: "\\|")) |" }
      lines.append("")
    }
    lines += [
      "## Use", "", "```", "unroll generate FOLDER --prompt \"Once\" --length 400 --temperature 0.8",
      "unroll evaluate FOLDER text.txt", "```", "", "## Limits", "",
      "The model imitates the text that it learned from, with all that it says, and knows nothing else. What it "
        + "writes is made up. Tokens that the text lacks are all the same to it.", "",
      "SHA-256 of the text: `\(summary.textHash)`", "",
    ]
    return lines.joined(separator: "\n")
  }
}
