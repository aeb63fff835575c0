import UnrollExchange
import UnrollTasks
import UnrollTraining

/// Options of `unroll inspect`.
struct InspectOptions: SettingSet {
  var plot: String?
  static let fields: [SettingField<InspectOptions>] = [
    SettingField(
      \.plot, "plot", .output, "Draw the network, unrolled over time, as SVG.", valueName: "out.svg")
  ]
}

/// `unroll inspect MODEL`.
enum InspectCommand {
  static let spec = CommandSpec(
    path: ["inspect"], summary: "Tell what is inside a model: its data, layers and training.",
    files: [TaskFile("MODEL", "The folder of the model.")], options: InspectOptions.descriptions()
  ) { line, _ in
    var options = InspectOptions()
    try options.take(line.values)
    let description = try ExchangeModels.load(line.words[0]).description
    let style = TerminalStream.standardOutput.style
    let output = OutputFile(nil)
    try output.write(style.bold(description.title) + "\n")
    for group in description.groups {
      let width = group.facts.map(\.name.count).max() ?? 0
      try output.write("\n" + style.bold(group.heading) + "\n")
      for fact in group.facts {
        try output.write("  \(NumberText.padded(fact.name, to: width))  \(fact.value)\n")
      }
    }
    let diagram = NetworkDiagram(description)
    if !description.layers.isEmpty {
      try output.write("\n" + style.bold("The network, unrolled over time") + "\n" + diagram.text)
    }
    try output.write("\n" + style.bold("Parameters") + "\n" + diagram.parameters)
    try output.finish()
    if let plot = options.plot { try AtomicFile.write(Array(diagram.svg().utf8), to: plot) }
  }
}
