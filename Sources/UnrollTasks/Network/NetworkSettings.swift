import UnrollCore
import UnrollNetworks
import UnrollTraining

/// What a general network is made of, layer by layer: as much as is needed to build it around its weights.
public struct NetworkSettings: Sendable, Codable, Equatable {
  /// The layers, the one that reads the input first.
  public var layers: [NetworkLayer]
  /// Linear layers that read the output of the last one side by side; empty: that output is the result.
  public var heads: [NetworkLayer]
  /// Where the network came from, in a line.
  public var source: String

  public init(layers: [NetworkLayer], heads: [NetworkLayer] = [], source: String = "") {
    self.layers = layers
    self.heads = heads
    self.source = source
  }
}

/// A layer of a general network.
public struct NetworkLayer: Sendable, Codable, Equatable {
  /// What a layer does.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// A vector for each symbol.
    case embedding
    /// A stack of recurrent layers.
    case recurrent
    case linear
    case tanh, relu, sigmoid
    /// Over the features.
    case softmax
    /// Over the features.
    case logSoftmax = "log-softmax"
    /// The outputs of each sequence's last step.
    case lastStep = "last-step"
    /// The outputs where each direction has read everything.
    case finalState = "final-state"
    /// The mean over the steps.
    case mean
    /// The largest of each feature over the steps.
    case max
  }

  /// What a layer's weights are called by; layers without weights have none.
  public var name: String
  public var kind: Kind
  /// Features that come in; of an embedding the number of symbols.
  public var inputs: Int?
  /// Features that go out of an embedding or a linear layer, and units of a recurrent one.
  public var outputs: Int?
  /// Whether a recurrent or linear layer has biases of its own; without them they are zeros.
  public var bias: Bool?
  public var cell: CellKind?
  /// Recurrent layers of the stack.
  public var layers: Int?
  public var bidirectional: Bool?
  /// Features of the projection of a long short-term memory.
  public var projection: Int?

  public init(
    _ kind: Kind, name: String = "", inputs: Int? = nil, outputs: Int? = nil, bias: Bool? = nil,
    cell: CellKind? = nil, layers: Int? = nil, bidirectional: Bool? = nil, projection: Int? = nil
  ) {
    self.kind = kind
    self.name = name
    self.inputs = inputs
    self.outputs = outputs
    self.bias = bias
    self.cell = cell
    self.layers = layers
    self.bidirectional = bidirectional
    self.projection = projection
  }

  /// Whether it makes one vector of a sequence.
  public var pools: Bool { [.lastStep, .finalState, .mean, .max].contains(kind) }
  /// 2 where the layer reads in both directions, else 1.
  var directions: Int { bidirectional == true ? 2 : 1 }
  /// Features that go out.
  package var features: Int? {
    kind == .recurrent ? (projection ?? outputs).map { $0 * directions } : outputs
  }
}

extension NetworkSettings {
  /// A parameter that the layers have, by name.
  package typealias Expected = (name: String, extents: [Int])

  /// Proves that the layers fit each other, and lists their parameters with their shapes.
  ///
  /// - Throws: `ModelFileError` that names the layer.
  package func check(file: String) throws(ModelFileError) -> [Expected] {
    func wrong(_ layer: NetworkLayer, _ index: Int, _ expected: String, _ found: String) -> ModelFileError {
      ModelFileError(
        .damaged, file: file, place: "layer \(layer.name.isEmpty ? "\(index)" : layer.name)",
        expected: expected, found: found)
    }
    var expected: [Expected] = []
    var names = Set<String>()
    var features: Int?
    var pooled = false
    var isBidirectional = false
    guard !layers.isEmpty else {
      throw ModelFileError(.damaged, file: file, place: "layers", expected: "at least one", found: "none")
    }
    for (index, layer) in layers.enumerated() {
      let own = try layer.parameters { wrong(layer, index, $0, $1) }
      if !own.isEmpty, !names.insert(layer.name).inserted {
        throw wrong(layer, index, "a name of its own", "\"\(layer.name)\"")
      }
      if layer.kind == .embedding, index > 0 {
        throw wrong(layer, index, "an embedding as the first layer only", "one further on")
      }
      if layer.kind == .recurrent || layer.pools, pooled {
        throw wrong(layer, index, "a layer that reads one vector", "\(layer.kind.rawValue)")
      }
      if layer.kind != .embedding, let inputs = layer.inputs, let features, inputs != features {
        throw wrong(layer, index, "\(features) inputs", "\(inputs)")
      }
      if layer.kind == .finalState, isBidirectional, let features, features % 2 != 0 {
        throw wrong(layer, index, "features of two directions", "\(features)")
      }
      features = layer.features ?? features
      if layer.kind == .recurrent { isBidirectional = layer.directions == 2 }
      if layer.pools { pooled = true }
      expected += own
    }
    guard let first = layers.first, first.inputs != nil else {
      throw wrong(layers[0], 0, "a first layer with a number of inputs", "\(layers[0].kind.rawValue)")
    }
    for (index, head) in heads.enumerated() {
      guard head.kind == .linear, head.inputs == features, !head.name.isEmpty,
        names.insert(head.name).inserted
      else {
        throw wrong(
          head, index, "a linear head of its own name that reads \(features ?? 0) features",
          "\(head.kind.rawValue) that reads \(head.inputs ?? 0)")
      }
      expected += try head.parameters { wrong(head, index, $0, $1) }
    }
    return expected
  }
}

extension NetworkLayer {
  /// The names and shapes of the layer's parameters.
  fileprivate func parameters(
    _ wrong: (String, String) -> ModelFileError
  ) throws(ModelFileError) -> [NetworkSettings.Expected] {
    func size(_ value: Int?, _ what: String) throws(ModelFileError) -> Int {
      guard let value, (1...1 << 30).contains(value) else {
        throw wrong("\(what) of 1 to \(1 << 30)", value.map { "\($0)" } ?? "none")
      }
      return value
    }
    switch kind {
    case .embedding:
      return [(parameterName(name, "weight"), [try size(inputs, "inputs"), try size(outputs, "outputs")])]
    case .linear:
      let (i, o) = (try size(inputs, "inputs"), try size(outputs, "outputs"))
      return [(parameterName(name, "weight"), [o, i])]
        + (bias == false ? [] : [(parameterName(name, "bias"), [o])])
    case .recurrent:
      let (i, h) = (try size(inputs, "inputs"), try size(outputs, "outputs"))
      guard let cell, cell != .layerNormLSTM else {
        throw wrong("a cell without layer normalisation", cell?.rawValue ?? "none")
      }
      let count = layers ?? 1
      guard (1...256).contains(count) else { throw wrong("1 to 256 layers", "\(count)") }
      if projection != nil, cell != .lstm { throw wrong("a projection of an lstm", "of \(cell.rawValue)") }
      let out = try projection.map { value throws(ModelFileError) in try size(value, "projection") } ?? h
      var result: [NetworkSettings.Expected] = []
      for layer in 0..<count {
        for direction in ["forward", "backward"].prefix(directions) {
          let path = parameterName(name, "layers.\(layer).\(direction).cell")
          let width = layer == 0 ? i : out * directions
          result += cellParameters(cell, path, inputs: width, units: h, outputs: out)
        }
      }
      return result
    default: return []
    }
  }

  private func cellParameters(
    _ cell: CellKind, _ path: String, inputs: Int, units: Int, outputs: Int
  ) -> [NetworkSettings.Expected] {
    let rows = cell.gates * units
    var result: [NetworkSettings.Expected] = [
      ("\(path).weightInput", [rows, inputs]), ("\(path).weightRecurrent", [rows, outputs]),
      ("\(path).bias", [rows]),
    ]
    if cell == .gru { result.append(("\(path).recurrentBias", [units])) }
    if cell == .peepholeLSTM { result.append(("\(path).peephole", [3, units])) }
    if projection != nil { result.append(("\(path).projection", [outputs, units])) }
    return result
  }
}
