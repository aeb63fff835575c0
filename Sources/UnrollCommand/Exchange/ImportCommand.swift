import ArgumentParser
import UnrollExchange
import UnrollTasks
import UnrollTraining

/// `unroll import`.
struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Make a model of a network that was trained elsewhere.",
    discussion: """
      unroll import pytorch weights.safetensors --config net.json -o model
      unroll import onnx tagger.onnx -o model
      unroll run model input.safetensors -o output.safetensors
      """,
    subcommands: [ImportPyTorchCommand.self, ImportONNXCommand.self])
}

/// `unroll import pytorch`.
struct ImportPyTorchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pytorch", abstract: "Read the weights of a PyTorch network.",
    discussion: """
      The weights are a state dictionary in a safetensors file. The configuration lists its modules in the order in \
      which they are called, with PyTorch's own names and options; sizes are taken from the weights:

        {"modules": [
          {"name": "embedding", "type": "Embedding"},
          {"name": "lstm", "type": "LSTM", "num_layers": 2, "bidirectional": true},
          {"type": "FinalState"}],
         "heads": [{"name": "fc", "type": "Linear"}]}

      Types: Embedding, RNN, LSTM, GRU, Linear, Tanh, ReLU, Sigmoid, Softmax, LogSoftmax, Dropout; and between them \
      LastStep, FinalState, MeanOverTime, MaxOverTime. The result is held against PyTorch's equations before it is \
      saved.
      """)

  @Argument(help: "The file of weights.") var weights: String
  @Option(help: ArgumentHelp("The description of the modules.", valueName: "json")) var config: String
  @Option(name: .shortAndLong, help: ArgumentHelp("The folder to save the model in.", valueName: "model"))
  var output: String
  @OptionGroup var compute: ComputeOptions

  func run() throws {
    try compute.run {
      try ModelDirectory.checkWritable(output)
      let model = try NetworkModel(pytorch: weights, configuration: config)
      try model.save(to: output)
      TerminalStream.standardError.write("saved \(output): \(model.description.title)\n")
    }
  }
}

/// `unroll import onnx`.
struct ImportONNXCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "onnx", abstract: "Read a network from an ONNX file.",
    discussion: """
      What is not known is refused by name. Before it is saved, the network runs on a made-up input, on the fused \
      cells and by the equations of its nodes, and both must give the same numbers.
      """)

  @Argument(help: "The ONNX file.") var file: String
  @Option(name: .shortAndLong, help: ArgumentHelp("The folder to save the model in.", valueName: "model"))
  var output: String
  @Option(
    help: ArgumentHelp(
      "The shape of an input of the probe, such as x=2,5; may be repeated.", valueName: "name=shape"))
  var probe: [String] = []
  @OptionGroup var compute: ComputeOptions

  func run() throws {
    let shapes = try probe.reduce(into: [String: [Int]]()) { shapes, text in
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      let extents = parts.last?.split(separator: ",").map { Int($0) } ?? []
      guard parts.count == 2, !extents.contains(nil) else {
        throw ValidationError("--probe: expected a name and extents such as x=2,5, found \"\(text)\"")
      }
      shapes[parts[0]] = extents.compactMap { $0 }
    }
    try compute.run {
      try ModelDirectory.checkWritable(output)
      let model = try GraphModel(onnx: file, probe: shapes)
      try model.save(to: output)
      TerminalStream.standardError.write("saved \(output): \(model.description.title)\n")
    }
  }
}
