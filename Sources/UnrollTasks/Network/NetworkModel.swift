import UnrollCore
import UnrollNetworks
import UnrollTraining

/// A network of described layers with its weights: what was trained elsewhere, ready to run here.
///
///     let model = try NetworkModel(contentsOf: "tagger")
///     let result = try model.run(tokens: [[4, 17, 2], [9]])
///     result.outputs["output"]                                   // [T, B, features], zeros in the padding
public struct NetworkModel: SavedModel {
  public static let task = "network"

  /// The layers.
  public var settings: NetworkSettings { network.settings }
  private(set) var network: GeneralNetwork

  /// The state of each recurrent layer of the chain: for each layer of the stack and each direction, h, and c where
  /// the cell has one; each `[B, …]`, in the order of the sequences.
  public typealias State = [[[Tensor]]]

  /// What a run gives.
  public struct Result: Sendable {
    /// `[T, B, features]`, or `[B, features]` after pooling; by the names of the heads, or `output` without heads.
    public let outputs: [String: Tensor]
    /// The states after the last step of each sequence.
    public let state: State
  }

  /// A network of the given layers and weights.
  ///
  /// - Parameters:
  ///   - weights: by names such as `lstm.layers.0.forward.cell.weightInput`; all are taken, none may be left.
  ///   - file: what an error calls the place that they came from.
  /// - Throws: `ModelFileError` when the layers do not fit each other or the weights.
  public init(
    _ settings: NetworkSettings, weights: [Safetensors.NamedTensor], file: String = "weights"
  ) throws(ModelFileError) {
    let expected = try settings.check(file: file)
    let shapes = Dictionary(weights.map { ($0.name, $0.tensor.shape.extents) }) { first, _ in first }
    // Before memory is made for what the settings ask for.
    for (name, extents) in expected where shapes[name] != extents {
      throw ModelFileError(
        .damaged, file: file, place: name, expected: "a tensor of shape \(extents)",
        found: shapes[name].map { "shape \($0)" } ?? "none of this name")
    }
    let known = Set(expected.map(\.name))
    if let extra = weights.first(where: { !known.contains($0.name) }) {
      throw ModelFileError(
        .unsupported, file: file, place: extra.name, expected: "weights that a layer has", found: "this one")
    }
    var network = GeneralNetwork(settings)
    try network.takeWeights(weights, file: file)
    self.network = network
  }

  public init(_ folder: LoadedModel) throws {
    try self.init(try folder.settings(), weights: folder.tensors, file: folder.path)
  }

  public func save(to path: String) throws {
    try ModelDirectory.write(
      to: path, task: Self.task, settings: settings, tensors: weights, card: card)
  }

  /// The weights by name.
  public var weights: [Safetensors.NamedTensor] { network.namedWeights() }

  /// Whether the network reads symbols; else it reads features.
  public var readsTokens: Bool { settings.layers.first?.kind == .embedding }

  /// Runs over sequences of symbols.
  ///
  /// - Parameter state: the states before the first step; `nil`: zeros.
  /// - Throws: `ShapeError` when the network reads features, or a symbol or a state does not fit.
  public func run(tokens: [[Int]], state: State? = nil) throws(ShapeError) -> Result {
    guard readsTokens else {
      throw ShapeError(place: "NetworkModel", expected: "features [T, B, F]", found: [tokens.count])
    }
    let layout = SequenceLayout(lengths: tokens.map(\.count))
    // What no table has room for is no symbol of this one.
    let symbols = layout.packing(tokens.map { $0.map { Int32(exactly: $0) ?? -1 } })
    return try result(.symbols(symbols, layout), steps: layout.timeSteps, state, batch: tokens.count)
  }

  /// Runs over features `[T, B, F]` with the length of each sequence.
  ///
  /// - Parameter state: the states before the first step; `nil`: zeros.
  /// - Throws: `ShapeError` when the network reads symbols, or the features, lengths or a state do not fit.
  public func run(
    features: Tensor, lengths: [Int]? = nil, state: State? = nil
  ) throws(ShapeError) -> Result {
    guard !readsTokens else {
      throw ShapeError(place: "NetworkModel", expected: "symbols", found: features.shape)
    }
    let batch = try SequenceBatch(features, lengths: lengths)
    return try result(
      .steps(PackedSequence(batch)), steps: batch.timeSteps, state, batch: batch.batch)
  }

  private func result(
    _ input: GeneralNetwork.Input, steps: Int, _ state: State?, batch: Int
  ) throws(ShapeError) -> Result {
    if let state { try check(state, batch: batch) }
    let (outputs, states) = try network.run(
      input, states: state?.map { $0.map { $0.map { Variable($0) } } })
    var results: [String: Tensor] = [:]
    for (name, value) in outputs {
      switch value {
      case .rows(let x): results[name] = x.value
      case .sequence(let x): results[name] = try x.padded(timeSteps: steps).values.value
      }
    }
    return Result(outputs: results, state: states.map { $0.map { $0.map(\.value) } })
  }

  private func check(_ state: State, batch: Int) throws(ShapeError) {
    let expected = zeroState(batch: batch)
    let (found, wanted) = (
      state.map { $0.map { $0.map(\.shape) } }, expected.map { $0.map { $0.map(\.shape) } }
    )
    guard found == wanted else {
      throw ShapeError(
        place: "NetworkModel.state", expected: "\(wanted)", found: found.first?.first?.first ?? [])
    }
  }

  /// The states before the first step when none are given.
  public func zeroState(batch: Int) -> State {
    settings.layers.filter { $0.kind == .recurrent }.map { layer in
      let units = layer.outputs ?? 0
      let hidden = Tensor.zeros([batch, layer.projection ?? units])
      let hasMemory = layer.cell == .lstm || layer.cell == .peepholeLSTM || layer.cell == .layerNormLSTM
      let parts = hasMemory ? [hidden, .zeros([batch, units])] : [hidden]
      return Array(repeating: parts, count: (layer.layers ?? 1) * layer.directions)
    }
  }

  public var description: ModelDescription {
    func fact(_ layer: NetworkLayer) -> Fact {
      Fact(layer.name.isEmpty ? layer.kind.rawValue : layer.name, layer.text)
    }
    var groups = [ModelDescription.Group("Layers", settings.layers.map(fact))]
    if !settings.heads.isEmpty { groups.append(.init("Heads", settings.heads.map(fact))) }
    if !settings.source.isEmpty { groups.append(.init("Data", [Fact("source", settings.source)])) }
    return ModelDescription(
      title: "network of \(settings.layers.count + settings.heads.count) layers, "
        + "\(network.parameterCount) parameters",
      groups: groups,
      parameters: network.parameters.map { ($0.name, "\($0.value.shape)", $0.value.shape.count) })
  }

  private var card: String {
    var text = "# A recurrent network\n\n"
    if !settings.source.isEmpty { text += "From \(settings.source).\n\n" }
    text += "| layer | what it is |\n|---|---|\n"
    for layer in settings.layers + settings.heads {
      text += "| \(layer.name.isEmpty ? layer.kind.rawValue : layer.name) | \(layer.text) |\n"
    }
    return text
      + "\n\(network.parameterCount) parameters. How well it does, and on what data, is not known here.\n"
  }
}

extension NetworkLayer {
  /// The layer in words.
  fileprivate var text: String {
    switch kind {
    case .embedding: return "embedding of \(inputs ?? 0) symbols, \(outputs ?? 0) features"
    case .linear: return "linear, \(inputs ?? 0) to \(outputs ?? 0) features"
    case .recurrent:
      var text = "\(cell?.rawValue ?? ""), \(inputs ?? 0) features to \(layers ?? 1) × \(outputs ?? 0) units"
      if let projection { text += " projected on \(projection)" }
      return text + (directions == 2 ? ", both directions" : "")
    default: return kind.rawValue
    }
  }
}
