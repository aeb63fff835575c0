import UnrollCore
import UnrollNetworks
import UnrollTasks
import UnrollTraining

extension NetworkModel {
  /// A network from the weights that PyTorch saved and a description of its modules; see `docs/Exchange.md`.
  ///
  /// - Parameters:
  ///   - weights: a file of a state dictionary, in safetensors or as `torch.save` writes it.
  ///   - configuration: a JSON file of its modules.
  ///   - selection: which weights of the file are meant.
  /// - Throws: `ModelFileError` when a weight is missing, left over or of another shape, or an option is not known;
  ///   `ExchangeError` when the network gives other numbers than PyTorch's equations.
  public init(
    pytorch weights: String, configuration: String, selection: PyTorchSelection = PyTorchSelection()
  ) throws {
    let bytes = try FileSystem.contents(of: configuration, limit: ModelDirectory.maximumJSONSize)
    let described = try ModelDirectory.decode(PyTorchConfiguration.self, bytes, file: configuration)
    let tensors = try selection.selected(try PyTorchWeights.read(weights), file: weights)
    try self.init(described, tensors, file: weights, configuration: configuration)
  }

  package init(
    _ configuration: PyTorchConfiguration, _ tensors: [Safetensors.NamedTensor], file: String,
    configuration configurationFile: String
  ) throws {
    var reader = PyTorchReader(tensors, file: file, configuration: configurationFile)
    var layers: [NetworkLayer] = []
    for module in configuration.modules { if let layer = try reader.layer(module) { layers.append(layer) } }
    var heads: [NetworkLayer] = []
    for module in configuration.heads {
      guard module.kind == .linear, let layer = try reader.layer(module) else {
        throw reader.wrong(module, "heads of the type Linear", module.kind.rawValue)
      }
      heads.append(layer)
    }
    try reader.finish()
    let settings = NetworkSettings(layers: layers, heads: heads, source: "PyTorch weights \(file)")
    try self.init(settings, weights: reader.weights, file: file)
    try PyTorchReference(configuration, tensors, file: file).probe(self)
  }
}

/// Takes the weights of modules out of a state dictionary, under the names and in the forms of this library.
///
/// Gate orders agree: i, f, g, o and r, z, n. PyTorch keeps two biases for each gate where this library keeps one: they
/// are summed, but for the recurrent bias within the reset of a GRU.
struct PyTorchReader {
  private var left: [String: Tensor]
  private let order: [String]
  private let file: String
  private let configuration: String
  private(set) var weights: [Safetensors.NamedTensor] = []

  init(_ tensors: [Safetensors.NamedTensor], file: String, configuration: String) {
    left = Dictionary(tensors.map { ($0.name, $0.tensor) }) { first, _ in first }
    order = tensors.map(\.name)
    self.file = file
    self.configuration = configuration
  }

  func wrong(_ module: PyTorchModule, _ expected: String, _ found: String) -> ModelFileError {
    ModelFileError(
      .unsupported, file: configuration, place: "\(module.kind.rawValue) \"\(module.name)\"",
      expected: expected, found: found)
  }

  /// - Throws: when weights are left that no module took.
  func finish() throws(ModelFileError) {
    let others = order.filter { left[$0] != nil }
    if let first = others.first {
      throw ModelFileError(
        .unsupported, file: file, place: first, expected: "weights of the modules in \(configuration) alone",
        found: others.count == 1
          ? "one of none of them" : "\(others.count) of none of them: \(others.joined(separator: ", "))")
    }
  }

  /// The layer that a module is; `nil` for one that does nothing outside of training.
  mutating func layer(_ module: PyTorchModule) throws(ModelFileError) -> NetworkLayer? {
    switch module.kind {
    case .embedding: return try embedding(module)
    case .linear: return try linear(module)
    case .rnn, .lstm, .gru, .rnnCell, .lstmCell, .gruCell: return try recurrent(module)
    case .tanh: return NetworkLayer(.tanh)
    case .relu: return NetworkLayer(.relu)
    case .sigmoid: return NetworkLayer(.sigmoid)
    case .softmax: return NetworkLayer(.softmax)
    case .logSoftmax: return NetworkLayer(.logSoftmax)
    case .lastStep: return NetworkLayer(.lastStep)
    case .finalState: return NetworkLayer(.finalState)
    case .mean: return NetworkLayer(.mean)
    case .max: return NetworkLayer(.max)
    case .dropout: return nil
    }
  }

  private mutating func take(
    _ module: PyTorchModule, _ name: String, _ shape: [Int?]
  ) throws(ModelFileError) -> Tensor {
    let full = parameterName(module.name, name)
    let wanted = "[" + shape.map { $0.map { "\($0)" } ?? "…" }.joined(separator: ", ") + "]"
    guard let tensor = left.removeValue(forKey: full) else {
      throw ModelFileError(
        .damaged, file: file, place: full, expected: "a tensor of shape \(wanted)", found: "none of this name"
      )
    }
    guard tensor.shape.rank == shape.count,
      zip(tensor.shape.extents, shape).allSatisfy({ $1 == nil || $0 == $1 })
    else {
      throw ModelFileError(
        .damaged, file: file, place: full, expected: "shape \(wanted)", found: "shape \(tensor.shape)")
    }
    return tensor
  }

  private func agree(
    _ module: PyTorchModule, _ option: String, _ found: Int
  ) throws(ModelFileError) {
    if let wanted = module.integer(option), wanted != found {
      throw wrong(module, "\(option) of \(found), as the weights have it", "\(wanted)")
    }
  }

  private mutating func embedding(_ module: PyTorchModule) throws(ModelFileError) -> NetworkLayer {
    let table = try take(module, "weight", [nil, nil])
    try agree(module, "num_embeddings", table.shape[0])
    try agree(module, "embedding_dim", table.shape[1])
    weights.append((parameterName(module.name, "weight"), table))
    return NetworkLayer(.embedding, name: module.name, inputs: table.shape[0], outputs: table.shape[1])
  }

  private mutating func linear(_ module: PyTorchModule) throws(ModelFileError) -> NetworkLayer {
    let weight = try take(module, "weight", [nil, nil])
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    try agree(module, "in_features", inputs)
    try agree(module, "out_features", outputs)
    weights.append((parameterName(module.name, "weight"), weight))
    let hasBias = module.flag("bias") ?? true
    if hasBias { weights.append((parameterName(module.name, "bias"), try take(module, "bias", [outputs]))) }
    return NetworkLayer(.linear, name: module.name, inputs: inputs, outputs: outputs, bias: hasBias)
  }

  private mutating func recurrent(_ module: PyTorchModule) throws(ModelFileError) -> NetworkLayer {
    let cell: CellKind
    switch (module.kind.layer, module.nonlinearity ?? "tanh") {
    case (.lstm, _): cell = .lstm
    case (.gru, _): cell = .gru
    case (_, "tanh"): cell = .elman
    case (_, "relu"): cell = .elmanReLU
    case (_, let other): throw wrong(module, "a nonlinearity of tanh or relu", "\"\(other)\"")
    }
    let layers = module.integer("num_layers") ?? 1
    guard (1...256).contains(layers) else { throw wrong(module, "1 to 256 layers", "\(layers)") }
    let projection = module.integer("proj_size").flatMap { $0 == 0 ? nil : $0 }
    let directions = module.flag("bidirectional") == true ? 2 : 1
    let hasBias = module.flag("bias") ?? true
    let firstName = parameterName(module.name, "weight_ih" + module.suffix(layer: 0, isReversed: false))
    guard let first = left[firstName], first.shape.rank == 2, first.shape[0] % cell.gates == 0 else {
      throw ModelFileError(
        .damaged, file: file, place: firstName,
        expected: "a matrix of \(cell.gates) gates", found: "none")
    }
    let (inputs, units) = (first.shape[1], first.shape[0] / cell.gates)
    try agree(module, "input_size", inputs)
    try agree(module, "hidden_size", units)
    let outputs = projection ?? units
    for layer in 0..<layers {
      for direction in 0..<directions {
        try takeCell(
          module, cell, layer: layer, direction: direction, units: units, outputs: outputs,
          inputs: layer == 0 ? inputs : outputs * directions, projects: projection != nil, hasBias: hasBias)
      }
    }
    return NetworkLayer(
      .recurrent, name: module.name, inputs: inputs, outputs: units, bias: hasBias, cell: cell,
      layers: layers,
      bidirectional: directions == 2, projection: projection)
  }

  private mutating func takeCell(
    _ module: PyTorchModule, _ cell: CellKind, layer: Int, direction: Int, units: Int, outputs: Int,
    inputs: Int,
    projects: Bool, hasBias: Bool
  ) throws(ModelFileError) {
    let suffix = module.suffix(layer: layer, isReversed: direction == 1)
    let path = parameterName(module.name, "layers.\(layer).\(direction == 1 ? "backward" : "forward").cell")
    let rows = cell.gates * units
    weights.append((path + ".weightInput", try take(module, "weight_ih" + suffix, [rows, inputs])))
    weights.append((path + ".weightRecurrent", try take(module, "weight_hh" + suffix, [rows, outputs])))
    var (first, second) = (Tensor.zeros([rows]), Tensor.zeros([rows]))
    if hasBias {
      first = try take(module, "bias_ih" + suffix, [rows])
      second = try take(module, "bias_hh" + suffix, [rows])
    }
    if cell == .gru {
      let within = Array(second.elements[(2 * units)...])
      weights.append((path + ".recurrentBias", Tensor(within)))
      second = Tensor(second.elements[..<(2 * units)] + Array(repeating: 0, count: units))
    }
    weights.append((path + ".bias", (Variable(first) + Variable(second)).value))
    if projects {
      weights.append((path + ".projection", try take(module, "weight_hr" + suffix, [outputs, units])))
    }
  }
}
