import ArgumentParser
import UnrollExchange
import UnrollTasks
import UnrollTraining

/// `unroll export`.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a model for other programs.",
    subcommands: [ExportPyTorchCommand.self])
}

/// `unroll export pytorch`.
struct ExportPyTorchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pytorch", abstract: "Write the weights of a model as a PyTorch state dictionary.",
    discussion: """
      Stacks of recurrent layers become the weights of an nn.RNN, nn.LSTM or nn.GRU of the same name, and linear \
      layers and embeddings keep theirs, so that load_state_dict takes them as they are:

        model.load_state_dict(safetensors.torch.load_file("out.safetensors"))
      """)

  @Argument(help: "The folder of the model.") var model: String
  @Argument(help: "The safetensors file to write.") var file: String
  @Option(
    help: ArgumentHelp(
      "Write the list of the modules too, as import reads it; of a network alone.", valueName: "json"))
  var config: String?
  @OptionGroup var compute: ComputeOptions

  func run() throws {
    try compute.run {
      let folder = try ModelDirectory.load(model)
      let weights: [Safetensors.NamedTensor]
      if folder.task == NetworkModel.task {
        let network = try NetworkModel(contentsOf: model)
        weights = try network.pytorchWeights()
        if let config { try AtomicFile.write(Array(try network.pytorchConfiguration().utf8), to: config) }
      } else {
        guard config == nil else {
          throw ValidationError("--config: expected a model of the task network, found one of \(folder.task)")
        }
        weights = try PyTorchWeights.exported(folder.tensors, file: model)
      }
      try Safetensors.write(weights, metadata: ["format": "pt"], to: file)
      TerminalStream.standardError.write("wrote \(file): \(weights.count) tensors\n")
    }
  }
}
