import ArgumentParser
import UnrollExchange
import UnrollTasks

/// `unroll inspect`.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Tell what is inside a model: its data, layers and training.")

  @Argument(help: "The folder of the model.")
  var model: String

  @OptionGroup var compute: ComputeOptions

  func run() throws {
    try compute.run {
      let description = try ExchangeModels.load(model).description
      let style = TerminalStream.standardOutput.style
      print(style.bold(description.title))
      for group in description.groups {
        print("\n" + style.bold(group.heading))
        let width = group.rows.map(\.name.count).max() ?? 0
        for row in group.rows { print("  \(pad(row.name, width))  \(row.value)") }
      }
      print("\n" + style.bold("Parameters"))
      let names = description.parameters.map(\.name.count).max() ?? 0
      let shapes = description.parameters.map(\.shape.count).max() ?? 0
      for parameter in description.parameters {
        let count = String(parameter.count)
        print(
          "  \(pad(parameter.name, names))  \(pad(parameter.shape, shapes))  "
            + String(repeating: " ", count: max(0, 9 - count.count)) + count)
      }
    }
  }

  private func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
