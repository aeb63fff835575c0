import UnrollCore
import UnrollTraining

extension Translator {
  public var description: ModelDescription {
    ModelDescription(
      title: "translation of \(settings.tokens.rawValue)", groups: [dataGroup, modelGroup, trainingGroup],
      parameters: network.parameters.map { ($0.name, "\($0.value.shape)", $0.value.shape.count) })
  }

  /// The number of numbers that training may change.
  public var parameterCount: Int { network.parameterCount }

  private var dataGroup: ModelDescription.Group {
    var rows = [
      ("source", summary.source),
      ("pairs", "\(summary.pairs), and \(summary.validationPairs) to judge by"),
      ("tokens", "\(summary.sourceTokens) and \(summary.targetTokens)"),
    ]
    if summary.empty + summary.long > 0 {
      rows.append(("left out", "\(summary.empty) with an empty side, \(summary.long) too long"))
    }
    return .init(heading: "Data", rows: rows.map { (name: $0.0, value: $0.1) })
  }

  private var modelGroup: ModelDescription.Group {
    let vocabulary =
      settings.isJoint
      ? "\(source.count) \(settings.tokens.rawValue) of both sides"
      : "\(source.count) and \(target.count) \(settings.tokens.rawValue)"
    let attention =
      settings.attention.rawValue + (settings.coverage ? " with coverage" : "")
      + (settings.inputFeeding ? ", fed to the next step" : "")
    let rows = [
      ("vocabulary", vocabulary), ("vectors", "\(settings.embeddingSize) features"),
      ("encoder", "\(settings.cell.rawValue), \(settings.encoderLayers) × 2 × \(settings.hiddenSize) units"),
      ("decoder", "\(settings.cell.rawValue), \(settings.decoderLayers) × \(settings.hiddenSize) units"),
      ("attention", attention), ("parameters", "\(parameterCount)"),
    ]
    return .init(heading: "Model", rows: rows.map { (name: $0.0, value: $0.1) })
  }

  private var trainingGroup: ModelDescription.Group {
    var rows = [
      ("ended", "\(summary.end) after \(summary.history.count) epochs"),
      ("time", "\((summary.seconds * 10).rounded() / 10) s"), ("seed", "\(settings.seed)"),
    ]
    if let best = summary.history.last(where: \.improved) {
      let score = best.validation.map { score in
        settings.selection == .bleu
          ? ", greedy BLEU \(NumberText.decimal(100 * (1 - score), places: 2)) on the validation part" : ""
      }
      rows.append(("best epoch", "\(best.epoch)" + (score ?? "")))
    }
    if let loss = summary.validationLoss {
      rows.append(("validation loss", "\(NumberText.compact(loss)) nats a token"))
    }
    return .init(heading: "Training", rows: rows.map { (name: $0.0, value: $0.1) })
  }

  /// The model card, `README.md` of the model's folder.
  var card: String {
    var lines = [
      "# Translation", "",
      "A recurrent network with attention that reads a text and writes another, token by token.", "",
    ]
    for group in description.groups {
      lines += ["## \(group.heading)", "", "| | |", "|---|---|"]
      lines += group.rows.map { "| \($0.name) | \($0.value.replacing("|", with: "\\|")) |" }
      lines.append("")
    }
    lines += [
      "## Use", "", "```", "unroll translate FOLDER \"a text\"", "unroll evaluate FOLDER SOURCE TARGET",
      "```",
      "", "## Limits", "",
      "The model knows what its training pairs show: other words, other subjects and longer texts come out worse, "
        + "and fluent text may say what the source does not.", "",
    ]
    if settings.tokens == .subwords {
      lines += ["`\(Self.sourceFile)` expects a space before the first word of a text.", ""]
    }
    return lines.joined(separator: "\n")
  }
}
