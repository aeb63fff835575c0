internal import SwiftProtobuf
import UnrollCore
import UnrollTasks
import UnrollTraining

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// A model folder that holds a graph from an ONNX file.
///
/// | file | holds |
/// |---|---|
/// | `model.safetensors` | the graph's arrays of `Float` |
/// | `graph.onnx` | the graph with its small arrays of other types, without those |
public struct GraphModel: SavedModel {
  public static let task = "graph"
  static let graphFile = "graph.onnx"

  /// What `config.json` holds.
  private struct Configuration: Codable {
    var source: String
    var operators: Int
    var inputs: [String]
    var outputs: [String]
  }

  /// The graph, ready to run.
  public let model: ONNXModel
  /// Where it came from.
  public let source: String
  private let graph: WireModel
  private let weights: [Safetensors.NamedTensor]

  /// A graph from an ONNX file, run on a made-up input in two forms: on the library's fused cells, and by the
  /// equations of its nodes.
  ///
  /// - Parameter probe: shapes for some inputs of the probe, by name; `nil`: they are made up from the graph.
  /// - Throws: `ExchangeError` when the file is not sound, holds what is not known, or the two forms differ.
  public init(onnx path: String, probe: [String: [Int]] = [:]) throws(ExchangeError) {
    try self.init(try ONNXSource(contentsOf: path), file: path, probe: probe)
  }

  package init(_ bytes: [UInt8], file: String, probe: [String: [Int]] = [:]) throws(ExchangeError) {
    try self.init(try ONNXSource(bytes, file: file), file: file, probe: probe)
  }

  private init(_ source: ONNXSource, file: String, probe: [String: [Int]]) throws(ExchangeError) {
    model = try ONNXModel(source.model, file: file, constants: source.constants, budget: source.size)
    let definition = try ONNXModel(
      source.model, file: file, constants: source.constants, budget: source.size, definition: true)
    try ONNXProbe(shapes: probe, size: source.size).compare(model, with: definition)
    self.source = file
    graph = source.model
    weights = source.model.graph.initializer.compactMap { tensor in
      guard tensor.hasNoData, let value = source.constants[tensor.name], value.type == .float,
        value.shape.count > 0
      else { return nil }
      return (tensor.name, value.tensor)
    }
  }

  public init(_ folder: LoadedModel) throws {
    let path = folder.path
    let configuration: Configuration = try folder.settings()
    let bytes = try folder.file(Self.graphFile)
    weights = folder.tensors
    graph = try WireModel(checking: bytes, file: "\(path)/\(Self.graphFile)")
    source = configuration.source
    let constants = Dictionary(weights.map { ($0.name, ONNXTensor($0.tensor)) }) { first, _ in first }
    let size = weights.reduce(bytes.count) { $0 + 4 * $1.tensor.shape.count }
    model = try ONNXModel(graph, file: path, constants: constants, budget: size)
  }

  public func save(to path: String) throws {
    let configuration = Configuration(
      source: source, operators: model.version, inputs: model.inputs.map(\.name),
      outputs: model.outputs.map(\.name))
    let bytes: [UInt8] = try graph.serializedBytes()
    try ModelDirectory.write(
      to: path, task: Self.task, settings: configuration, tensors: weights, card: card,
      otherFiles: [Self.graphFile: bytes])
  }

  public var description: ModelDescription {
    var counts: [String: Int] = [:]
    for node in graph.graph.node { counts[node.opType, default: 0] += 1 }
    let operators = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { "\($0.key)\($0.value > 1 ? " × \($0.value)" : "")" }
    let parameters = weights.reduce(0) { $0 + $1.tensor.shape.count }
    return ModelDescription(
      title: "graph of \(graph.graph.node.count) nodes, \(parameters) parameters",
      groups: [
        .init("Inputs", model.inputs.map { Fact($0.name, $0.text) }),
        .init("Outputs", model.outputs.map { Fact($0.name, $0.text) }),
        .init(
          "Graph",
          [
            Fact("source", source), Fact("producer", model.producer),
            Fact("operators", "version \(model.version)"),
            Fact("nodes", operators.joined(separator: ", ")),
          ]),
      ],
      parameters: weights.map { ($0.name, "\($0.tensor.shape)", $0.tensor.shape.count) })
  }

  private var card: String {
    var text = "# A graph from an ONNX file\n\nFrom \(source)"
    text += model.producer.isEmpty ? ".\n\n" : ", written by \(model.producer).\n\n"
    text += "| input or output | what it is |\n|---|---|\n"
    for port in model.inputs { text += "| `\(port.name)` | input, \(port.text) |\n" }
    for port in model.outputs { text += "| `\(port.name)` | output, \(port.text) |\n" }
    return text + "\nHow well it does, and on what data, is not known here.\n"
  }
}

extension ONNXModel.Port {
  /// The type and the axes in words.
  var text: String {
    guard let extents else { return "\(type)" }
    let axes = extents.map { extent in
      switch extent {
      case .fixed(let size): "\(size)"
      case .named(let name): name
      case .free: "?"
      }
    }
    return "\(type) [\(axes.joined(separator: ", "))]"
  }
}
