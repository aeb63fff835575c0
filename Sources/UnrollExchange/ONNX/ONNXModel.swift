internal import SwiftProtobuf
import UnrollCore

/// A network from an ONNX file, ready to run.
///
///     let model = try ONNXModel(contentsOf: "tagger.onnx")
///     let result = try model.run(["tokens": tokens, "lengths": lengths])
///
/// RNN, GRU and LSTM nodes run on the library's own fused cells where the equations are theirs, and step by step
/// where they are not. What is not known is refused by name when the file is read: operators, attributes, fields.
/// Data in files beside the model's are read with it. Arithmetic is in single precision whatever width the graph asks for.
public struct ONNXModel: Sendable {
  /// An input or output of the graph.
  public struct Port: Sendable, Equatable {
    /// An extent of an axis.
    public enum Extent: Sendable, Equatable {
      case fixed(Int)
      /// Free; extents of one name are equal.
      case named(String)
      case free
    }
    public let name: String
    public let type: ONNXTensor.ElementType
    /// The extents of the axes; `nil`: not told.
    public let extents: [Extent]?
  }

  /// The file it came from, for errors.
  public let file: String
  public let inputs: [Port]
  public let outputs: [Port]
  /// The version of the operator set.
  public let version: Int
  /// Who wrote the file.
  public let producer: String
  let plan: GraphPlan

  /// Reads a file.
  ///
  /// - Throws: `ExchangeError`.
  public init(contentsOf path: String) throws(ExchangeError) {
    let source = try ONNXSource(contentsOf: path)
    try self.init(source.model, file: path, constants: source.constants, budget: source.size)
  }

  /// Reads the contents of a file. `file` is what an error calls it.
  ///
  /// - Throws: `ExchangeError`.
  public init(_ bytes: [UInt8], file: String) throws(ExchangeError) {
    let source = try ONNXSource(bytes, file: file)
    try self.init(source.model, file: file, constants: source.constants, budget: source.size)
  }

  /// - Parameters:
  ///   - constants: what initializers of the graph are, by name, where their data do not stand in the messages.
  ///   - budget: bytes that values known beforehand may take, beside 16 MiB.
  ///   - definition: whether recurrent nodes must run step by step although faster forms exist.
  package init(
    _ model: WireModel, file: String, constants known: [String: ONNXTensor] = [:], budget: Int,
    definition: Bool = false
  ) throws(ExchangeError) {
    try Operators.check(model.graph, file: file)
    version = try Self.version(model, file: file)
    var planner = GraphPlanner(file: file, version: version, definition: definition, constants: known)
    var plan = try planner.make(model.graph)
    plan.foldConstants(budget: budget + 16 << 20)
    self.plan = plan
    self.file = file
    producer = [model.producerName, model.producerVersion].filter { !$0.isEmpty }.joined(separator: " ")
    let constants = Set(model.graph.initializer.map(\.name))
    var inputs: [Port] = []
    for value in model.graph.input where !constants.contains(value.name) {
      inputs.append(try Self.port(value, file: file, "input"))
    }
    self.inputs = inputs
    var outputs: [Port] = []
    for value in model.graph.output { outputs.append(try Self.port(value, file: file, "output")) }
    self.outputs = outputs
  }

  private static func version(_ model: WireModel, file: String) throws(ExchangeError) -> Int {
    var version: Int?
    for set in model.opsetImport {
      guard set.domain.isEmpty || set.domain == "ai.onnx" else {
        // A set may be named and not used; its operators are refused where they stand.
        continue
      }
      guard version == nil || version == Int(clamping: set.version) else {
        throw ExchangeError(
          .damaged, file: file, expected: "one version of the operators",
          found: "\(version ?? 0) and \(set.version)")
      }
      version = Int(clamping: set.version)
    }
    guard let version, Operators.versions.contains(version) else {
      throw ExchangeError(
        .unsupported, file: file,
        expected:
          "version \(Operators.versions.lowerBound) to \(Operators.versions.upperBound) of the operators",
        found: version.map { "version \($0)" } ?? "none")
    }
    return version
  }

  private static func port(
    _ value: WireValueInfo, file: String, _ what: String
  ) throws(ExchangeError) -> Port {
    let wire = value.type.tensorType
    guard value.type.hasTensorType, let type = ONNXTensor.ElementType(rawValue: Int(wire.elemType)) else {
      throw ExchangeError(
        .unsupported, file: file, place: "\(what) \"\(value.name)\"",
        expected: "a tensor of numbers or booleans",
        found: value.type.hasTensorType ? "element type \(wire.elemType)" : "another type or none")
    }
    guard wire.hasShape else { return Port(name: value.name, type: type, extents: nil) }
    var extents: [Port.Extent] = []
    for dimension in wire.shape.dim {
      switch dimension.kind {
      case .dimValue(let value)? where value >= 0: extents.append(.fixed(Int(clamping: value)))
      case .dimParam(let name)? where !name.isEmpty: extents.append(.named(name))
      default: extents.append(.free)
      }
    }
    return Port(name: value.name, type: type, extents: extents)
  }

  /// Runs the graph.
  ///
  /// - Parameter values: a value for each input, by name.
  /// - Returns: the outputs, by name.
  /// - Throws: `ExchangeError` when an input is missing or unfit, or the shapes within the graph do not meet.
  public func run(_ values: [String: ONNXTensor]) throws(ExchangeError) -> [String: ONNXTensor] {
    try run(values, limits: RunLimits())
  }

  func run(
    _ values: [String: ONNXTensor], limits: RunLimits
  ) throws(ExchangeError) -> [String: ONNXTensor] {
    for name in values.keys.sorted() where !inputs.contains(where: { $0.name == name }) {
      throw refused(
        "inputs", "one of \(inputs.map(\.name).joined(separator: ", "))", "\"\(name)\"")
    }
    var ordered: [ONNXTensor] = []
    var named: [String: Int] = [:]
    for port in inputs {
      guard let value = values[port.name] else {
        throw refused("input \"\(port.name)\"", "a value", "none")
      }
      try check(value, port, &named)
      ordered.append(value)
    }
    let results = try plan.run(ordered, limits: limits)
    return Dictionary(zip(outputs.map(\.name), results)) { first, _ in first }
  }

  private func check(
    _ value: ONNXTensor, _ port: Port, _ named: inout [String: Int]
  ) throws(ExchangeError) {
    let place = "input \"\(port.name)\""
    guard value.type == port.type else {
      throw refused(place, "elements of type \(port.type)", "\(value.type)")
    }
    guard let extents = port.extents else { return }
    guard extents.count == value.shape.rank else {
      throw refused(place, "\(extents.count) axes", "shape \(value.shape)")
    }
    for (axis, extent) in extents.enumerated() {
      let found = value.shape[axis]
      switch extent {
      case .fixed(let size):
        guard size == found else { throw refused(place, "an extent of \(size) on axis \(axis)", "\(found)") }
      case .named(let name):
        let size = named[name, default: found]
        guard size == found else {
          throw refused(place, "an extent of \(size) on axis \(axis), as \(name) elsewhere", "\(found)")
        }
        named[name] = found
      case .free: break
      }
    }
  }

  private func refused(_ place: String, _ expected: String, _ found: String) -> ExchangeError {
    ExchangeError(.input, file: file, place: place, expected: expected, found: found)
  }
}
