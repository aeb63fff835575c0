import UnrollExchange
import UnrollTasks
import UnrollTraining

/// `unroll export`, `unroll import` and `unroll run`.
enum ExchangeCommands {
  static let specs = [exportONNX, exportPyTorch, importONNX, importPyTorch, run]
  static let groups = [
    ("export", "Write a model for other programs."),
    ("import", "Make a model of a network that was trained elsewhere."),
  ]

  private static let model = TaskFile("MODEL", "The folder of the model.")

  private struct ONNXOptions: SettingSet {
    var states = false
    var probes: String?
    static let fields: [SettingField<ONNXOptions>] = [
      SettingField(
        \.states, "states", .output,
        "Take the states before the first step as inputs, for streams that come in pieces."),
      SettingField(
        \.probes, "probes", .output,
        "Write what the graph was held against, in/NAME and out/NAME, as prefix-0.safetensors and prefix-1.safetensors.",
        valueName: "prefix"),
    ]
  }

  private static let exportONNX = CommandSpec(
    path: ["export", "onnx"], summary: "Write a model as an ONNX file.",
    discussion: """
      Batch and time are free axes, and lengths are an input. The graph is held against the model's own network, at two \
      sizes, before it is written.
      """, files: [model, TaskFile("FILE", "The ONNX file to write.")], options: ONNXOptions.descriptions()
  ) { line, _ in
    var options = ONNXOptions()
    try options.take(line.values)
    let (path, file) = (line.words[0], line.words[1])
    let result = try ONNXExport.export(path, ONNXExport.Options(takesStates: options.states))
    try AtomicFile.write(result.bytes, to: file)
    for (index, probe) in result.probes.enumerated() {
      guard let prefix = options.probes else { break }
      let tensors =
        probe.inputs.map { (name: "in/\($0.name)", tensor: $0.value.tensor) }
        + probe.outputs.map { (name: "out/\($0.name)", tensor: $0.value) }
      try Safetensors.write(tensors, to: "\(prefix)-\(index).safetensors")
    }
    Screen.errors(line).write("wrote \(file): \(result.bytes.count) bytes\n")
  }

  private struct PyTorchOptions: SettingSet {
    var config: String?
    static let fields: [SettingField<PyTorchOptions>] = [
      SettingField(
        \.config, "config", .output,
        "Write the list of the modules too, as import reads it; of a network alone.",
        valueName: "json")
    ]
  }

  private static let exportPyTorch = CommandSpec(
    path: ["export", "pytorch"], summary: "Write the weights of a model as a PyTorch state dictionary.",
    discussion: """
      Stacks of recurrent layers become the weights of an nn.RNN, nn.LSTM or nn.GRU of the same name, and linear layers \
      and embeddings keep theirs, so that load_state_dict takes them as they are:

        model.load_state_dict(safetensors.torch.load_file("out.safetensors"))
      """, files: [model, TaskFile("FILE", "The safetensors file to write.")],
    options: PyTorchOptions.descriptions()
  ) { line, _ in
    var options = PyTorchOptions()
    try options.take(line.values)
    let (path, file) = (line.words[0], line.words[1])
    let folder = try ModelDirectory.load(path)
    let weights: [Safetensors.NamedTensor]
    if folder.task == NetworkModel.task {
      let network = try NetworkModel(folder)
      weights = try network.pytorchWeights()
      if let config = options.config {
        try AtomicFile.write(Array(try network.pytorchConfiguration().utf8), to: config)
      }
    } else {
      if let config = options.config {
        throw SettingError(
          "config", expected: "none beside a model of the task \(folder.task)", found: config)
      }
      weights = try PyTorchWeights.exported(folder.tensors, file: path)
    }
    try Safetensors.write(weights, metadata: ["format": "pt"], to: file)
    Screen.errors(line).write("wrote \(file): \(weights.count) tensors\n")
  }

  private struct ImportOptions: SettingSet {
    var output: String?
    var probe: [String] = []
    var config: String?
    var prefix: String?
    var ignore: [String] = []
    static let fields: [SettingField<ImportOptions>] = [
      SettingField(\.output, "output", .always, "The folder to save the model in.", valueName: "MODEL")
    ]
    static let probeField = SettingField<ImportOptions>(
      \.probe, "probe", .data, "The shape of an input of the probe, such as x=2x5; may be repeated.",
      valueName: "name=shape")
    static let configField = SettingField<ImportOptions>(
      \.config, "config", .data, "The description of the modules.", valueName: "json")
    static let selectionFields: [SettingField<ImportOptions>] = [
      SettingField(
        \.prefix, "prefix", .data,
        "What stands before the names of the weights, such as model.; it is taken off."),
      SettingField(
        \.ignore, "ignore", .data,
        "Names of weights to leave out; * stands for any characters; may be repeated.", valueName: "name,…"),
    ]
  }

  private static let importONNX = CommandSpec(
    path: ["import", "onnx"], summary: "Read a network from an ONNX file.",
    discussion: """
      What is not known is refused by name. Before it is saved, the network runs on a made-up input, on the fused cells \
      and by the equations of its nodes, and both must give the same numbers.
      """, files: [TaskFile("FILE", "The ONNX file.")],
    options: ImportOptions.descriptions() + [ImportOptions.probeField.description(default: nil)]
  ) { line, command in
    let output = try line.output(command)
    var shapes: [String: [Int]] = [:]
    for text in line.texts("probe") {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      let extents = parts.last?.split(separator: "x").map { Int($0) } ?? []
      guard parts.count == 2, !extents.contains(nil) else {
        throw SettingError("probe", expected: "a name and extents such as x=2x5", found: "\"\(text)\"")
      }
      shapes[parts[0]] = extents.compactMap { $0 }
    }
    try ModelDirectory.checkWritable(output)
    let model = try GraphModel(onnx: line.words[0], probe: shapes)
    try model.save(to: output)
    Screen.errors(line).write("saved \(output): \(model.description.title)\n")
  }

  private static let importPyTorch = CommandSpec(
    path: ["import", "pytorch"], summary: "Read the weights of a PyTorch network.",
    discussion: """
      The weights are a state dictionary in a safetensors file or in one of torch.save, of which nothing is executed. The configuration lists its modules in the order in which \
      they are called, with PyTorch's own names and options; sizes are taken from the weights:

        {"modules": [
          {"name": "embedding", "type": "Embedding"},
          {"name": "lstm", "type": "LSTM", "num_layers": 2, "bidirectional": true},
          {"type": "FinalState"}],
         "heads": [{"name": "fc", "type": "Linear"}]}

      Types: Embedding, RNN, LSTM, GRU, LSTMCell, GRUCell, Linear, Tanh, ReLU, Sigmoid, Softmax, LogSoftmax, Dropout; and between them \
      LastStep, FinalState, MeanOverTime, MaxOverTime. The result is held against PyTorch's equations before it is saved.
      """, files: [TaskFile("FILE", "The file of weights.")],
    options: ImportOptions.descriptions()
      + ([ImportOptions.configField] + ImportOptions.selectionFields).map { $0.description(default: nil) }
  ) { line, command in
    let output = try line.output(command)
    guard let config = line.texts("config").first else {
      throw UsageError("expected --config JSON, found nothing", command)
    }
    try ModelDirectory.checkWritable(output)
    let selection = PyTorchSelection(
      prefix: line.texts("prefix").first ?? "", ignored: line.texts("ignore"))
    let model = try NetworkModel(pytorch: line.words[0], configuration: config, selection: selection)
    try model.save(to: output)
    Screen.errors(line).write("saved \(output): \(model.description.title)\n")
  }

  private struct RunOptions: SettingSet {
    var output: String?
    static let fields: [SettingField<RunOptions>] = [
      SettingField(\.output, "output", .always, "The safetensors file to write.", valueName: "FILE")
    ]
  }

  private static let run = CommandSpec(
    path: ["run"], summary: "Run an imported model on arrays from a file.",
    discussion: """
      Input and output are safetensors files. A network reads tokens [batch, time] or input [batch, time, features], \
      lengths [batch], and the states of its recurrent layers, such as lstm.h [layers, batch, units]; it gives output, or \
      an array for each of its heads, and the states, such as lstm.h_n. A graph reads and gives what it names.
      """, files: [model, TaskFile("INPUT", "The safetensors file of the inputs.")],
    options: RunOptions.descriptions()
  ) { line, _ in
    guard let runnable = try ExchangeModels.load(line.words[0]) as? any ArrayModel else {
      throw ModelFileError(
        .otherTask, file: line.words[0], expected: "an imported network or graph",
        found: "a model of another task")
    }
    let arrays = try Safetensors.read(line.words[1]).tensors
    let results = try runnable.run(
      arrays: Dictionary(arrays.map { ($0.name, $0.tensor) }) { first, _ in first })
    if let output = line.texts("output").first {
      try Safetensors.write(results.map { (name: $0.name, tensor: $0.tensor) }, to: output)
    } else {
      for (name, tensor) in results { try TerminalStream.writeOutput("\(name) \(tensor)\n") }
    }
  }
}

extension ParsedLine {
  /// The texts of an option that takes one or several.
  fileprivate func texts(_ name: String) -> [String] {
    switch values[name] {
    case .text(let text): [text]
    case .list(let values): values.map(\.text)
    default: []
    }
  }
}
