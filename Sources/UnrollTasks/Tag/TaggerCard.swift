import UnrollCore
import UnrollData
import UnrollTraining

extension Tagger {
  public var description: ModelDescription {
    ModelDescription(
      title: tags.scheme == nil ? "tags for words" : "entities in sentences",
      groups: [dataGroup, modelGroup, trainingGroup],
      parameters: networks[0].parameters.map {
        ("members.0.\($0.name)", "\($0.value.shape)", $0.value.shape.count)
      })
  }

  /// The types of entities, or the tags.
  private var kinds: [String] {
    tags.scheme == nil ? tags.names : tags.names.filter { $0.hasPrefix("B-") }.map { String($0.dropFirst(2)) }
  }

  private var dataGroup: ModelDescription.Group {
    var rows = [
      ("source", source.name.isEmpty ? "memory" : source.name),
      ("sentences", "\(summary.sentences), \(summary.words) words in all"),
      ("different words", "\(lexicon.words.vocabularySize - SpecialToken.allCases.count)"),
    ]
    let shown = kinds.prefix(24).map { clipped($0) }.joined(separator: ", ")
    let more = kinds.count > 24 ? " and \(kinds.count - 24) more" : ""
    rows.append((tags.scheme == nil ? "tags" : "entities", "\(shown)\(more)"))
    if let scheme = tags.scheme { rows.append(("scheme", scheme.rawValue)) }
    return .init(heading: "Data", rows: rows.map { (name: $0.0, value: $0.1) })
  }

  private var modelGroup: ModelDescription.Group {
    var rows = [("words", "vectors of \(settings.wordSize)")]
    if settings.characterSize > 0 {
      rows.append(
        ("characters", "vectors of \(settings.characterSize), 2 × \(settings.characterHidden) units"))
    }
    if settings.featureSize > 0 {
      rows.append(
        (
          "affixes and shapes",
          "vectors of \(settings.featureSize) for prefixes of up to \(settings.prefixes) and suffixes of up to "
            + "\(settings.suffixes) characters"
        ))
    }
    rows += [
      ("sentences", "\(settings.cell.rawValue), \(settings.layers) × 2 × \(settings.hiddenSize) units"),
      (
        "decides",
        tags.decision(settings) == .crf
          ? "all tags of a sentence together (linear-chain conditional random field)" : "each tag by itself"
      ),
    ]
    if networks.count > 1 { rows.append(("members", "\(networks.count)")) }
    rows.append(("parameters", "\(networks.reduce(0) { $0 + $1.parameterCount })"))
    return .init(heading: "Model", rows: rows.map { (name: $0.0, value: $0.1) })
  }

  private var trainingGroup: ModelDescription.Group {
    var rows = [
      ("ended", "\(summary.end) after \(summary.history.count) epochs"),
      ("time", "\((summary.seconds * 10).rounded() / 10) s"), ("seed", "\(settings.seed)"),
    ]
    if let best = summary.history.last(where: \.improved) { rows.append(("best epoch", "\(best.epoch)")) }
    if let score = summary.score {
      rows.append(
        (
          tags.scheme == nil ? "accuracy" : "F1 of entities",
          "\(TaggerScore.percent(score)) % on \(summary.validationSentences) sentences that chose the epoch"
        ))
    }
    if summary.isRefitted { rows.append(("final fit", "on all sentences, those of the validation included")) }
    return .init(heading: "Training", rows: rows.map { (name: $0.0, value: $0.1) })
  }

  /// The model card, `README.md` of the model's folder.
  func card() -> String {
    var lines = [
      "# \(tags.scheme == nil ? "Tags for words" : "Entities in sentences")", "",
      tags.scheme == nil
        ? "A recurrent network that gives each word of a sentence a tag."
        : "A recurrent network that finds entities in sentences.", "",
    ]
    for group in description.groups {
      lines += ["## \(group.heading)", "", "| | |", "|---|---|"]
      lines += group.rows.map { "| \($0.name) | \($0.value.replacing("|", with: "\\|")) |" }
      lines.append("")
    }
    lines += [
      "## Use", "", "```", "unroll tag FOLDER \"words of a sentence\"", "unroll evaluate FOLDER FILE", "```",
      "",
      "## Limits", "",
      "The network learned from its training data alone. Of words that those sentences do not hold, it knows the "
        + "characters, the ends, the shape and the neighbours. Text of another kind than the training data is tagged "
        + "worse.", "",
    ]
    if let hash = summary.dataHash { lines += ["SHA-256 of the training data: `\(hash)`", ""] }
    return lines.joined(separator: "\n")
  }
}
