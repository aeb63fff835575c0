import UnrollCore
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// Models as ONNX files.
public enum ONNXExport {
  /// What an export takes beside the model.
  public struct Options: Sendable, Equatable {
    /// Whether the states before the first step are inputs, for streams that come in pieces; else they are zeros.
    public var takesStates = false

    public init(takesStates: Bool = false) { self.takesStates = takesStates }
  }

  /// What an export gave.
  public struct Result: Sendable {
    public let bytes: [UInt8]
    /// What the model's own network read and gave, of two sizes; the exported graph gave the same.
    public let probes: [NetworkProbe]
  }

  /// Makes an ONNX file of a model folder of any task.
  ///
  /// - Throws: `ModelFileError` when the folder cannot be read, `ExchangeError` when the network cannot be written or
  ///   the two forms differ.
  public static func export(_ path: String, _ options: Options = Options()) throws -> Result {
    let model = try ExchangeModels.load(path)
    guard let traced = model as? any TracedModel else {
      throw ModelFileError(
        .otherTask, file: path, expected: "a model whose network can be traced",
        found: type(of: model).task)
    }
    return try export(traced, name: type(of: model).task, file: path, options)
  }

  /// Makes an ONNX file of a model.
  ///
  /// Its network runs once and is written operation by operation. Then the graph runs on made-up inputs of two sizes,
  /// and must give what the network gives.
  ///
  /// - Parameters:
  ///   - name: the name of the graph.
  ///   - file: what errors call the model.
  /// - Throws: `ExchangeError` when the network cannot be written or the two forms differ.
  public static func export(
    _ model: any TracedModel, name: String, file: String, _ options: Options = Options()
  ) throws -> Result {
    let recorder = TraceRecorder()
    // Axes that are free have extents other than 1, which would look as if they were fixed.
    var trace = Trace(ProbeSize(batch: 3, steps: 5), takesStates: options.takesStates, recorder: recorder)
    try TraceRecorder.$current.withValue(recorder) { try model.trace(&trace) }
    guard trace.hasStates || !options.takesStates else {
      throw ExchangeError(
        .unsupported, file: file, expected: "a network that reads forwards, to take states from before",
        found: "a network \"\(name)\", which reads all at once")
    }
    var writer = TraceWriter(recorder.graph, name: name, file: file)
    let bytes = try writer.bytes(description: "a model of the task \(name)")
    let graph = try ONNXModel(bytes, file: file)
    try compare(graph, trace.probe)
    let other = try probe(model, ProbeSize(batch: 1, steps: 2, seed: 2), options)
    try compare(graph, other)
    return Result(bytes: bytes, probes: [trace.probe, other])
  }

  /// What a model's network reads and gives at some size.
  package static func probe(
    _ model: any TracedModel, _ size: ProbeSize, _ options: Options = Options()
  ) throws -> NetworkProbe {
    var trace = Trace(size, takesStates: options.takesStates)
    try model.trace(&trace)
    return trace.probe
  }

  /// Holds a graph against what a network gave.
  package static func compare(_ graph: ONNXModel, _ probe: NetworkProbe) throws(ExchangeError) {
    var values: [String: ONNXTensor] = [:]
    for (name, value) in probe.inputs {
      let type = graph.inputs.first { $0.name == name }?.type ?? .float
      values[name] = Operators.converted(ONNXTensor(value.tensor), to: type)
    }
    let found = try graph.run(values)
    for (name, expected) in probe.outputs {
      guard let value = found[name]?.tensor, value.shape == expected.shape else {
        throw ExchangeError(
          .mismatch, file: graph.file, place: "output \"\(name)\"", expected: "shape \(expected.shape)",
          found: found[name].map { "\($0.shape)" } ?? "none")
      }
      for (index, (a, b)) in zip(value.elements, expected.elements).enumerated() {
        // Single precision in another order of sums.
        guard a == b || abs(a - b) <= 1e-4 * max(1, abs(b)) else {
          throw ExchangeError(
            .mismatch, file: graph.file, place: "output \"\(name)\", element \(index)",
            expected: "\(b), as the network gives", found: "\(a)")
        }
      }
    }
  }
}

extension TracedModel where Self: SavedModel {
  /// The network as the bytes of an ONNX file; see `ONNXExport`.
  ///
  /// - Parameter takesStates: whether the states before the first step are inputs, else they are zeros.
  /// - Throws: `ExchangeError` when the network cannot be written or the graph gives other numbers.
  public func onnx(takesStates: Bool = false, file: String = "network") throws -> [UInt8] {
    let options = ONNXExport.Options(takesStates: takesStates)
    return try ONNXExport.export(self, name: Self.task, file: file, options).bytes
  }
}
