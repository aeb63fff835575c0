import ArgumentParser
import UnrollCore
import UnrollExchange
import UnrollTasks
import UnrollTraining

/// `unroll run`.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run an imported model on arrays from a file.",
    discussion: """
      Input and output are safetensors files. A network reads tokens [batch, time] or input [batch, time, features], \
      lengths [batch], and the states of its recurrent layers, such as lstm.h [layers, batch, units]; it gives output, \
      or an array for each of its heads, and the states, such as lstm.h_n. A graph reads and gives what it names.
      """)

  @Argument(help: "The folder of the model.") var model: String
  @Argument(help: "The safetensors file of the inputs.") var input: String
  @Option(name: .shortAndLong, help: ArgumentHelp("The safetensors file to write.", valueName: "file"))
  var output: String?
  @OptionGroup var compute: ComputeOptions

  func run() throws {
    try compute.run {
      guard let runnable = try ExchangeModels.load(model) as? any ArrayModel else {
        throw ModelFileError(
          .otherTask, file: model, expected: "an imported network or graph", found: "a model of another task")
      }
      let arrays = try Safetensors.read(input).tensors
      let results = try runnable.run(
        arrays: Dictionary(arrays.map { ($0.name, $0.tensor) }) { first, _ in first })
      if let output {
        try Safetensors.write(results.map { (name: $0.name, tensor: $0.tensor) }, to: output)
      } else {
        for (name, tensor) in results { print("\(name) \(tensor)") }
      }
    }
  }
}
