import UnrollCore
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// Weights under the names and in the forms that PyTorch's modules keep them.
///
/// A stack of recurrent layers below some name becomes the state dictionary of an `nn.RNN`, `nn.LSTM` or `nn.GRU` of
/// that name; linear layers, embeddings and layer normalisations keep their names. Each gate's bias becomes the first
/// of PyTorch's two; the second is zeros, but for the bias within the reset of a GRU.
public enum PyTorchWeights {
  /// - Parameters:
  ///   - weights: the parameters of a network of this library by name.
  ///   - withoutBias: names of recurrent stacks that PyTorch made with `bias=False`.
  ///   - file: what an error calls the place that they came from.
  /// - Throws: `ModelFileError` when a cell has no counterpart: peepholes, layer normalisation within, a GRU that
  ///   resets before the product, a learned initial state.
  public static func exported(
    _ weights: [Safetensors.NamedTensor], withoutBias: Set<String> = [], file: String
  ) throws(ModelFileError) -> [Safetensors.NamedTensor] {
    var cells: [String: [String: Tensor]] = [:]
    for (name, tensor) in weights {
      if let place = CellPlace(name) { cells[place.path, default: [:]][place.parameter] = tensor }
    }
    var result: [Safetensors.NamedTensor] = []
    var written = Set<String>()
    for (name, tensor) in weights {
      guard let place = CellPlace(name) else {
        guard !name.contains("initialState.") else {
          throw refused(name, file, "states that start from zeros", "a learned initial state")
        }
        // What PyTorch calls the weight of a normalisation.
        result.append((name.hasSuffix(".gain") ? name.dropLast(4) + "weight" : name, tensor))
        continue
      }
      guard written.insert(place.path).inserted else { continue }
      result += try cell(
        place, cells[place.path] ?? [:], hasBias: !withoutBias.contains(place.stack), file: file)
    }
    return result
  }

  private static func refused(
    _ place: String, _ file: String, _ expected: String, _ found: String
  ) -> ModelFileError {
    ModelFileError(.unsupported, file: file, place: place, expected: expected, found: found)
  }

  private static func cell(
    _ place: CellPlace, _ parameters: [String: Tensor], hasBias: Bool, file: String
  ) throws(ModelFileError) -> [Safetensors.NamedTensor] {
    let known: Set = ["weightInput", "weightRecurrent", "bias", "recurrentBias", "projection"]
    if let other = parameters.keys.sorted().first(where: { !known.contains($0) }) {
      throw refused("\(place.path).\(other)", file, "a cell that PyTorch has", "one with \(other)")
    }
    guard let input = parameters["weightInput"], let recurrent = parameters["weightRecurrent"],
      let bias = parameters["bias"], recurrent.shape.rank == 2, recurrent.shape[1] > 0
    else { throw refused(place.path, file, "the weights and the bias of a cell", "not all of them") }
    let rows = recurrent.shape[0]
    let gates = parameters["projection"] == nil ? rows / recurrent.shape[1] : 4
    guard gates != 3 || parameters["recurrentBias"] != nil else {
      throw refused(place.path, file, "a GRU that resets after the product", "one that resets before it")
    }
    var second = [Float](repeating: 0, count: rows)
    if let within = parameters["recurrentBias"] {
      second.replaceSubrange((rows - within.shape.count)..., with: within.elements)
    }
    var result: [Safetensors.NamedTensor] = [
      (place.name("weight_ih"), input), (place.name("weight_hh"), recurrent),
    ]
    if hasBias {
      result += [(place.name("bias_ih"), bias), (place.name("bias_hh"), Tensor(second))]
    } else if bias.elements.contains(where: { $0 != 0 }) || second.contains(where: { $0 != 0 }) {
      throw refused(place.path, file, "biases of zero, as the module has none", "others")
    }
    if let projection = parameters["projection"] { result.append((place.name("weight_hr"), projection)) }
    return result
  }

  /// Where a parameter of a cell stands: `core.layers.1.backward.cell.bias`.
  private struct CellPlace {
    /// `core`.
    let stack: String
    let layer: Int
    let isReversed: Bool
    /// `core.layers.1.backward.cell`.
    let path: String
    let parameter: String

    init?(_ name: String) {
      let parts = name.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count >= 5, parts[parts.count - 2] == "cell", parts[parts.count - 5] == "layers",
        let layer = Int(parts[parts.count - 4]), ["forward", "backward"].contains(parts[parts.count - 3])
      else { return nil }
      stack = parts.dropLast(5).joined(separator: ".")
      self.layer = layer
      isReversed = parts[parts.count - 3] == "backward"
      path = parts.dropLast().joined(separator: ".")
      parameter = String(parts[parts.count - 1])
    }

    func name(_ weight: String) -> String {
      parameterName(stack, "\(weight)_l\(layer)" + (isReversed ? "_reverse" : ""))
    }
  }
}

extension NetworkModel {
  /// The weights as a state dictionary that `load_state_dict` takes as it is.
  ///
  /// - Throws: `ModelFileError` when a layer has no counterpart in PyTorch.
  public func pytorchWeights() throws(ModelFileError) -> [Safetensors.NamedTensor] {
    let without = settings.layers.filter { $0.kind == .recurrent && $0.bias == false }.map(\.name)
    return try PyTorchWeights.exported(weights, withoutBias: Set(without), file: "network")
  }

  /// The description of the modules that `init(pytorch:configuration:)` reads.
  ///
  /// - Throws: `ModelFileError` when a layer has no counterpart in PyTorch.
  public func pytorchConfiguration() throws(ModelFileError) -> String {
    func list(_ layers: [NetworkLayer]) throws(ModelFileError) -> String {
      var lines: [String] = []
      for layer in layers { lines.append("    " + (try Self.module(layer))) }
      return "[\n" + lines.joined(separator: ",\n") + "\n  ]"
    }
    var text = "{\n  \"modules\": \(try list(settings.layers))"
    if !settings.heads.isEmpty { text += ",\n  \"heads\": \(try list(settings.heads))" }
    return text + "\n}\n"
  }

  private static func module(_ layer: NetworkLayer) throws(ModelFileError) -> String {
    var members: [(String, String)] = []
    if !layer.name.isEmpty { members.append(("name", JSONWriter.quoted(layer.name))) }
    func add(_ key: String, _ value: Int?) { if let value { members.append((key, "\(value)")) } }
    let type: String
    switch layer.kind {
    case .embedding:
      type = "Embedding"
      add("num_embeddings", layer.inputs)
      add("embedding_dim", layer.outputs)
    case .linear:
      type = "Linear"
      add("in_features", layer.inputs)
      add("out_features", layer.outputs)
    case .recurrent:
      switch layer.cell {
      case .lstm?: type = "LSTM"
      case .gru?: type = "GRU"
      case .elman?: type = "RNN"
      case .elmanReLU?:
        type = "RNN"
        members.append(("nonlinearity", "\"relu\""))
      default:
        throw ModelFileError(
          .unsupported, file: "network", place: layer.name, expected: "a cell that PyTorch has",
          found: layer.cell?.rawValue ?? "none")
      }
      add("input_size", layer.inputs)
      add("hidden_size", layer.outputs)
      add("num_layers", layer.layers)
      add("proj_size", layer.projection)
      if layer.bidirectional == true { members.append(("bidirectional", "true")) }
    case .tanh: type = "Tanh"
    case .relu: type = "ReLU"
    case .sigmoid: type = "Sigmoid"
    case .softmax: type = "Softmax"
    case .logSoftmax: type = "LogSoftmax"
    case .lastStep: type = "LastStep"
    case .finalState: type = "FinalState"
    case .mean: type = "MeanOverTime"
    case .max: type = "MaxOverTime"
    }
    if layer.bias == false { members.append(("bias", "false")) }
    members.insert(("type", "\"\(type)\""), at: layer.name.isEmpty ? 0 : 1)
    return "{" + members.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
  }
}
