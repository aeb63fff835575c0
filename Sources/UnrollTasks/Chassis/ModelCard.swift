import UnrollCore
import UnrollTraining

/// A model in words and numbers.
public struct ModelDescription: Sendable {
  /// Facts under a heading.
  public struct Group: Sendable {
    public let heading: String
    public let facts: [Fact]

    public init(_ heading: String, _ facts: [Fact]) {
      self.heading = heading
      self.facts = facts
    }
  }
  /// What the model is, in a line.
  public let title: String
  public let groups: [Group]
  /// The layers from input to output; empty where they cannot be told.
  public let layers: [LayerDescription]
  /// Each parameter, its shape and its number of elements.
  public let parameters: [(name: String, shape: String, count: Int)]

  package init(
    title: String, groups: [Group], layers: [LayerDescription] = [],
    parameters: [(name: String, shape: String, count: Int)]
  ) {
    self.title = title
    self.groups = groups
    self.layers = layers
    self.parameters = parameters
  }
}

extension Model {
  public var description: ModelDescription {
    ModelDescription(
      title: Task.title(self),
      groups: [
        .init("Data", [Fact("source", record.source.isEmpty ? "memory" : record.source)] + record.facts),
        .init("Network", settingFacts([.network]) + Task.facts(self) + [Fact("parameters", parameterCount)]),
        .init("Training", trainingFacts + settingFacts([.training, .regularization])),
        .init("Scores on what was held out", record.scores.map { Fact($0.name, $0.text) }),
      ].filter { !$0.facts.isEmpty },
      layers: Task.layers(self),
      parameters: networks[0].parameters.map {
        ("members.0.\($0.name)", "\($0.value.shape)", $0.value.shape.count)
      })
  }

  private func settingFacts(_ groups: Set<SettingGroup>) -> [Fact] {
    Task.Settings.fields.filter { groups.contains($0.group) && !$0.isKept }.compactMap { field in
      field.description(default: settings).defaultText.map { Fact(field.name, $0) }
    }
  }

  private var trainingFacts: [Fact] {
    var facts = [
      Fact("ended", "\(record.end) after \(record.history.count) epochs"),
      Fact("time", "\(NumberText.decimal(record.seconds, places: 1)) s"),
    ]
    if let best = record.history.last(where: \.improved) { facts.append(Fact("best epoch", best.epoch)) }
    if record.isRefit { facts.append(Fact("final fit", "on all data, for that number of epochs")) }
    if record.continuations > 0 {
      facts.append(Fact("went on from a model", "\(record.continuations) times"))
    }
    return facts
  }
}

/// The model card, `README.md` of a model's folder.
struct ModelCard {
  let text: String

  init<Task: TaskDefinition>(_ model: Model<Task>) {
    let (about, description) = (Task.about, model.description)
    func cell(_ text: String) -> String { text.replacing("|", with: "\\|").replacing("\n", with: " ") }
    var lines = ["# \(cell(description.title))", "", about.summary, ""]
    for group in description.groups {
      lines += ["## \(group.heading)", "", "| | |", "|---|---|"]
      lines += group.facts.map { "| \(cell($0.name)) | \(cell($0.value)) |" } + [""]
    }
    if !model.record.scores.isEmpty {
      let part =
        model.record.scoredOn == "test"
        ? "a part that nothing was chosen by" : "the part that chose the epoch"
      lines += [
        "Scores are of \(part)." + (model.record.isRefit ? " The weights were then trained on it, too." : ""),
        "",
      ]
    }
    lines += ["## Use", "", "```", "unroll \(about.name) FOLDER \(about.inputName)"]
    lines += ["unroll evaluate FOLDER \(about.files.map(\.name).joined(separator: " "))", "```", ""]
    lines += ["## Limits", "", about.limits, ""]
    if !model.record.dataHash.isEmpty {
      lines += ["SHA-256 of the training data: `\(model.record.dataHash)`", ""]
    }
    text = lines.joined(separator: "\n")
  }
}
