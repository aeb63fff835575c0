import ArgumentParser
import UnrollExchange
import UnrollTasks
import UnrollTraining

/// `unroll export`.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a model for other programs.",
    subcommands: [ExportONNXCommand.self, ExportPyTorchCommand.self])
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

/// `unroll export onnx`.
struct ExportONNXCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "onnx", abstract: "Write a model as an ONNX file.",
    discussion: """
      Batch and time are free axes, and lengths are an input. The graph is held against the model's own network, at two \
      sizes, before it is written.
      """)

  @Argument(help: "The folder of the model.") var model: String
  @Argument(help: "The ONNX file to write.") var file: String
  @Flag(
    help: "Take the states before the first step as inputs, for streams that come in pieces.")
  var states = false
  @Option(
    help: ArgumentHelp(
      "Write what the graph was held against, in/NAME and out/NAME, as prefix-0.safetensors and prefix-1.safetensors.",
      valueName: "prefix"))
  var probes: String?
  @OptionGroup var compute: ComputeOptions

  func run() throws {
    try compute.run {
      let result = try ONNXExport.export(model, ONNXExport.Options(takesStates: states))
      try AtomicFile.write(result.bytes, to: file)
      for (index, probe) in result.probes.enumerated() {
        guard let probes else { break }
        let tensors =
          probe.inputs.map { (name: "in/\($0.name)", tensor: $0.value.tensor) }
          + probe.outputs.map { (name: "out/\($0.name)", tensor: $0.value) }
        try Safetensors.write(tensors, to: "\(probes)-\(index).safetensors")
      }
      TerminalStream.standardError.write("wrote \(file): \(result.bytes.count) bytes\n")
    }
  }
}
